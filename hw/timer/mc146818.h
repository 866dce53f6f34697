/*
 * mc146818.h - the PC's real-time clock and CMOS memory (MC146818A).
 *
 * Time is virtual time from a base that the board gives at power-on; the board also fills the CMOS bytes that
 * firmware and kernels look at (memory sizes, boot order) with mc146818_put. A reset leaves time and memory alone,
 * as a battery does. The board maps dev_mmio over the two ports.
 */
#pragma once
#include "vm/vm.h"

#define MC146818_BYTES 128u

struct mc146818_state {
    u64 due;                  /* deadline of the next interrupt that is enabled */
    u64 seen;                 /* virtual ns up to which register C knows what happened */
    u64 base;                 /* seconds since 1970 at virtual second 0 of the divider chain; signed */
    u64 phase;                /* ns by which the chain is ahead of virtual time */
    u32 weekday;              /* to be added to that of the date (registers may disagree) */
    u8  index;                /* port 0: register number, NMI mask in bit 7 */
    u8  flags;                /* register C, bits 6:4 */
    u8  bytes[MC146818_BYTES]; /* time and date: only while the clock is stopped */
    u8  pad[2];
};

struct mc146818 {
    struct dev            dev;
    struct mc146818_state s;
    struct irq_line       irq; /* high while an enabled interrupt is flagged */
    struct event          event;
};

extern const struct dev_class mc146818_class;
/* base_seconds: since 1970, UTC or local time as the guest expects it. The registers begin in BCD, 24 hours. */
void mc146818_init(struct mc146818 *r, struct machine *m, const char *path, u64 base_seconds);
/* A byte of CMOS memory (14 to 127) at power-on. */
void mc146818_put(struct mc146818 *r, u32 reg, u8 val);
/* Bit 7 of port 0: non-maskable interrupts are shut out. */
bool mc146818_nmi_masked(const struct mc146818 *r);
