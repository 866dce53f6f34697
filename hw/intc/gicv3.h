/*
 * gicv3.h - Arm Generic Interrupt Controller v3 (IHI 0069), as on QEMU's virt board without secure=on.
 *
 * One security state (GICD_CTLR.DS 1), affinity routing always on (ARE 1), system registers always on (ICC_SRE).
 * Group 0 goes to FIQ, Group 1 to IRQ. The CPU interface has 5 priority bits, all for preemption (ICC_CTLR.PRIbits
 * 4, one ICC_APxR register a group, BPR0 from 2, BPR1 from 3); the distributor keeps all 8 bits written, as QEMU's
 * does for Cortex-A72. 16 bits of interrupt id; Aff3 valid; no 1-of-N routing (TYPER.No1N, IROUTER.IRM RAZ/WI).
 *
 * The board embeds the struct, calls gicv3_init after the vCPUs exist (it offers the ICC_ registers to them), and
 * maps gicv3_dist_mmio (64 KiB) and gicv3_redist_mmio (128 KiB for each vCPU), opaque &dev; or the whole window
 * with dev_mmio. The affinity of vCPU i is i; a board with clusters changes `affinity` (Aff3 in bits 31:24).
 * Inputs: irq lines made by gicv3_line; their levels are the GIC's own state and outlive its reset.
 * The frontend maps encodings to the ports; ids without a port (ICC_APxR1..3) are undefined.
 *
 * Not modelled: LPIs and ITS (TYPER.LPIS 0; PROPBASER and PENDBASER RAZ/WI), the second security state (IGRPMODR,
 * NSACR RAZ/WI), virtual CPU interface, extended SPI and PPI ranges, range selectors above 0, NMI, STATUSR (RAZ/WI),
 * legacy operation. GICR_WAKER answers but holds nothing back: a sleeping redistributor forwards, as QEMU's does,
 * and firmware relies on it. Register writes complete at once (RWP always 0).
 */
#pragma once
#include "hw/intc/gic.h"
#include "vm/vm.h"

#define GICV3_DIST_SIZE   0x10000u
#define GICV3_REDIST_SIZE 0x20000u /* RD_base and SGI_base of one vCPU */

struct gicv3_state {
    u64 irouter[GIC_MAX_IRQS];     /* of SPIs; the first 32 unused */
    struct gic_lines lines;
    u32 dist_ctlr;                 /* EnableGrp0, EnableGrp1 */
    u32 waker[GIC_MAX_CPUS];       /* ProcessorSleep */
    u32 ctlr[GIC_MAX_CPUS];        /* ICC_CTLR: CBPR, EOImode */
    u32 grpen[GIC_MAX_CPUS];       /* bit 0 ICC_IGRPEN0, bit 1 ICC_IGRPEN1 */
    u32 apr[GIC_MAX_CPUS * 2];     /* ICC_AP0R0, ICC_AP1R0 */
    u8  pmr[GIC_MAX_CPUS];
    u8  bpr[GIC_MAX_CPUS * 2];     /* ICC_BPR0, ICC_BPR1; less than the lowest acts as the lowest */
    u8  pad[4];
};

struct gicv3;
struct gicv3_cpuif {               /* what a vCPU's ports point to */
    struct gicv3      *g;
    u32                cpu;
    struct sysreg_port port;
};

struct gicv3 {
    struct dev         dev;
    struct gicv3_state s;
    struct vcpu       *cpu[GIC_MAX_CPUS];      /* NULL: nothing is driven */
    u32                affinity[GIC_MAX_CPUS]; /* Aff3.Aff2.Aff1.Aff0, a byte each */
    struct gicv3_cpuif cpuif[GIC_MAX_CPUS];
    u32                cpu_count;
    u32                num_irq;                /* a multiple of 32, at most GIC_MAX_IRQS */
    bool               mbi;                    /* message-based SPIs: TYPER.MBIS, SETSPI_NSR. QEMU's virt: no */
    u32                route[GIC_MAX_CPUS * GIC_WORDS]; /* SPIs routed to a vCPU; from irouter */
};

extern const struct dev_class gicv3_class;
extern const struct mmio_ops gicv3_dist_mmio, gicv3_redist_mmio;

/* Takes all vCPUs of m; without a machine (register tests) there is one CPU interface that drives nothing and is
 * reached through cpuif[0].port. */
void gicv3_init(struct gicv3 *g, struct machine *m, const char *path, u32 num_irq);
/* irq_line.set: opaque is the struct gicv3, n a gic_irq_n(): for SPIs the plain INTID, 32 and up. */
void gicv3_set_irq(void *opaque, u32 n, bool level);
/* A wire to INTID 16..num_irq-1; cpu counts for PPIs only. */
struct irq_line gicv3_line(struct gicv3 *g, u32 cpu, u32 intid);

/* ---- between the gicv3_*.c files ---- */

void gicv3_update(struct gicv3 *g);                  /* drives all outputs */
void gicv3_route(struct gicv3 *g, u32 intid);        /* route[] from irouter[intid] */
u32  gicv3_id(u32 off, u32 part);                    /* ID registers 0xffd0..0xfffc of a frame; part: PIDR0 */
u32  gicv3_dist_read(struct gicv3 *g, u32 off);
void gicv3_dist_write(struct gicv3 *g, u32 off, u32 val, u32 lanes);
u32  gicv3_redist_read(struct gicv3 *g, u32 cpu, u32 off);
void gicv3_redist_write(struct gicv3 *g, u32 cpu, u32 off, u32 val, u32 lanes);
u32  gicv3_cpuif_output(const struct gicv3 *g, u32 cpu); /* VCPU_IRQ, VCPU_FIQ or 0 */
void gicv3_cpuif_reset(struct gicv3 *g);
void gicv3_cpuif_attach(struct gicv3 *g, u32 cpu);
bool gicv3_cpuif_valid(const struct gicv3_state *s, struct err *e);
#define GICV3_IIDR 0x43bu /* implementer Arm, product 0, as QEMU's */
#define GICV3_ROUTE_MASK 0xff00ffffffull /* IROUTER: Aff3..Aff0 */
