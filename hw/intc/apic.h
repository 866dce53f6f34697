/*
 * apic.h - the local APICs of a PC's vCPUs (Intel SDM volume 3, chapter 11): xAPIC and x2APIC, version 0x14.
 *
 * The board embeds a struct apic_bus and one struct apic for each vCPU, fills in the bus' callbacks, then calls
 * apic_init with index 0 (the boot CPU) first, after the vCPUs exist. The registers are mapped where the boot CPU's
 * IA32_APIC_BASE says. Inputs: LINT0 (the 8259's INTR) and LINT1 (NMI) by apic_lint. Messages come from the I/O APIC
 * and from devices by apic_msi. Outputs: VCPU_IRQ, and VCPU_LINE_NMI and VCPU_LINE_INIT as pulses.
 *
 * System register ports of a vCPU: X86_INTACK (reading acknowledges: the APIC's highest vector, else the 8259's,
 * else the spurious one), X86_TPR (as CR8 has it: 0 to 15), X86_APIC_BASE, X86_TSC_DEADLINE (TSC value as the MSR
 * has it), X86_X2APIC (id: the MSR's number, 0x800 on). Ports cannot fail: the frontend checks modes, reserved bits
 * and absent registers, of which apic_x2_msr() knows the list; writes that are no legal mode change are ignored
 * here.
 *
 * The timer counts at 1 GHz of virtual time, divided as the guest says. Reset leaves LINT0 of the boot CPU as
 * ExtINT, unmasked (virtual wire mode, MP specification 3.6.2.2), as firmware would.
 *
 * Not modelled: a base of its own for each CPU (the boot CPU's decides), a base that something else is mapped at
 * (the registers are then not seen), SMIs (dropped), the arbitration priority (reads as the processor priority),
 * focus processors, CMCI, thermal and performance events (their LVT entries are storage), suppression of EOI
 * broadcasts, pin polarity. INIT and start-up IPIs for other CPUs are kept (init, sipi) for a machine that runs more
 * than one.
 */
#pragma once
#include "vm/vm.h"

#define APIC_CPUS         8u
#define APIC_BASE_DEFAULT 0xfee00000ull
#define APIC_WINDOW       0x1000ull
enum { APIC_BASE_BSP = 1 << 8, APIC_BASE_X2 = 1 << 10, APIC_BASE_ENABLE = 1 << 11 };
enum { APIC_FIXED, APIC_LOWEST, APIC_SMI, APIC_NMI = 4, APIC_INIT, APIC_SIPI, APIC_EXTINT }; /* delivery modes */
enum { APIC_LVT_TIMER, APIC_LVT_THERMAL, APIC_LVT_PERF, APIC_LVT_LINT0, APIC_LVT_LINT1, APIC_LVT_ERROR, APIC_LVTS };

struct apic_state {
    u64 base;                         /* IA32_APIC_BASE */
    u64 deadline;                     /* IA32_TSC_DEADLINE, 0: none */
    u64 timer_at;                     /* virtual ns at which the count is 0, or DEADLINE_NONE */
    u64 icr;
    u32 irr[8], isr[8], tmr[8];       /* a bit per vector */
    u32 lvt[APIC_LVTS];
    u32 id;                           /* without the shift of the xAPIC register */
    u32 tpr, ldr, dfr, svr;           /* ldr, dfr: xAPIC's; ldr in bits 31:24 */
    u32 esr, esr_next;                /* as latched by the last write; since then */
    u32 count, divide;                /* initial count, divide configuration */
    u32 pins;                         /* input levels: bit 0 LINT0, bit 1 LINT1 */
    u32 ext;                          /* 1: an ExtINT message waits for its acknowledgement */
    u32 init, sipi;                   /* 1: waits for start-up; 0x100 | vector of the last start-up IPI, 0: none */
    u32 pad;
};

struct apic;
struct apic_bus {
    struct machine *m;
    struct apic    *apic[APIC_CPUS];
    u32             count;
    gpa             at;                             /* where the window is mapped, 0: nowhere */
    u32           (*pic_ack)(void *opaque);         /* the 8259's vector; NULL: there is none */
    void           *pic_opaque;
    void          (*eoi)(void *opaque, u32 vector); /* end of a level-triggered interrupt: the I/O APIC's */
    void           *eoi_opaque;
    void          (*taken)(void *opaque, u32 vector); /* a CPU acknowledged a vector of its APIC's; NULL: nobody
                                                         asks */
    void           *taken_opaque;
    u64           (*tsc)(struct vcpu *v);           /* NULL: the time stamp counter is virtual ns */
};

struct apic {
    struct dev         dev;
    struct apic_state  s;
    struct apic_bus   *bus;
    struct vcpu       *cpu;                         /* NULL in register tests: drives nothing */
    u32                index;
    struct event       timer;
    struct sysreg_port port;
};

/* An interrupt message. dest: 8 bits, or 32 as x2APIC has it (wide). */
struct apic_message {
    u32  dest;
    u8   vector, mode;
    bool logical, wide, level;
};

extern const struct dev_class apic_class;

/* bus: zeroed by the caller before the first one, callbacks included (they may be set later). */
void apic_init(struct apic *a, struct apic_bus *bus, struct machine *m, const char *path, u32 index);
bool apic_send(struct apic_bus *bus, const struct apic_message *msg); /* false: nobody took it */
/* A device's write of data to addr, 0xfee00000 to 0xfeefffff (11.11); false: not such an address. */
bool apic_msi(struct apic_bus *bus, gpa addr, u32 data);
/* LINT0 or LINT1 (pin 0, 1) of one CPU; its level is the APIC's own state and outlives its reset. */
struct irq_line apic_lint(struct apic *a, u32 pin);
/* irq_line.set of the same */
void apic_set_lint(void *opaque, u32 pin, bool level);
/* Is MSR n (0x800..0x8ff) an x2APIC register that can be read (or written)? Table 11-6. */
bool apic_x2_msr(u32 n, bool write);
