/*
 * gicv2.h - Arm Generic Interrupt Controller v2 (IHI 0048B), as on QEMU's virt board without secure=on.
 *
 * One security state, both interrupt groups. Group 0 goes to IRQ, or to FIQ with GICC_CTLR.FIQEn; Group 1 to IRQ.
 * 8 priority bits, 7 of them for preemption (BPR 0..7). SGIs are always enabled; PPI triggers are programmable.
 * GICD_TYPER: ITLinesNumber num_irq / 32 - 1, CPUNumber, SecurityExtn 0, LSPI 0.
 *
 * The board embeds the struct, calls gicv2_init after the vCPUs exist, and maps either the whole window with
 * dev_mmio (distributor at 0, CPU interface at GICV2_CPU_AT) or each frame with its own mmio_ops (opaque: &dev).
 * With more than one vCPU, registers are banked by machine.cur. Inputs: irq lines made by gicv2_line; their levels
 * are the GIC's own state and outlive its reset.
 *
 * Not modelled: Security Extensions (TYPER.SecurityExtn 0), virtualisation (GICH, GICV), the bypass signals,
 * LSPIs, one active state per source CPU of an SGI (the bit is shared, as in most designs).
 */
#pragma once
#include "hw/intc/gic.h"
#include "softmmu/softmmu.h"

#define GICV2_CPU_AT 0x10000u /* of the CPU interface in the window */
#define GICV2_WINDOW 0x20000u
#define GICV2_APRS   4u       /* words of active priorities: 128 levels */

struct vcpu;

struct gicv2_state {
    struct gic_lines lines;                 /* pending of an SGI: some source is set */
    u32 target[GIC_MAX_CPUS * GIC_WORDS];   /* ITARGETSR as a bitmap for each CPU; word 0 unused */
    u32 dist_ctlr;
    u32 cpu_ctlr[GIC_MAX_CPUS];
    u32 apr[GIC_MAX_CPUS * GICV2_APRS];     /* active priorities, Group 0 */
    u32 nsapr[GIC_MAX_CPUS * GICV2_APRS];   /* the same, Group 1 */
    u8  sgi_source[GIC_MAX_CPUS * 16];      /* CPUs that made SGI n pending on this one */
    u8  pmr[GIC_MAX_CPUS];
    u8  bpr[GIC_MAX_CPUS];
    u8  abpr[GIC_MAX_CPUS];                 /* 0 acts as 1, the lowest there is */
};

struct gicv2 {
    struct dev         dev;
    struct gicv2_state s;
    struct vcpu       *cpu[GIC_MAX_CPUS];   /* NULL: nothing is driven */
    u32                cpu_count;
    u32                num_irq;             /* SGIs and PPIs included; a multiple of 32, at most GIC_MAX_IRQS */
};

extern const struct dev_class gicv2_class;
extern const struct mmio_ops gicv2_dist_mmio, gicv2_cpu_mmio;

/* Takes all vCPUs of m; without a machine (register tests) there is one CPU interface that drives nothing. */
void gicv2_init(struct gicv2 *g, struct machine *m, const char *path, u32 num_irq);
/* irq_line.set: opaque is the struct gicv2, n a gic_irq_n(): for SPIs the plain INTID, 32 and up. */
void gicv2_set_irq(void *opaque, u32 n, bool level);
/* A wire to INTID 16..num_irq-1; cpu counts for PPIs only. */
struct irq_line gicv2_line(struct gicv2 *g, u32 cpu, u32 intid);

/* ---- between gicv2.c and gicv2_cpuif.c ---- */

/* Drives the outputs of all CPU interfaces. */
void gicv2_update(struct gicv2 *g);
u32  gicv2_cpuif_read(struct gicv2 *g, u32 cpu, u32 off);
void gicv2_cpuif_write(struct gicv2 *g, u32 cpu, u32 off, u32 val, u32 lanes);
/* The output of one CPU interface now: VCPU_IRQ, VCPU_FIQ or 0. */
u32  gicv2_cpuif_output(const struct gicv2 *g, u32 cpu);
void gicv2_cpuif_reset(struct gicv2 *g);
