/*
 * arm_gtimer.h - the Arm generic timer of one vCPU (DDI 0487, D11): counter, EL1 physical and virtual timers.
 *
 * The counter is virtual time at 62.5 MHz (16 ns a tick), the frequency of QEMU's virt board. There is no EL2, so
 * CNTVOFF is 0 and both counters are equal. Not modelled: the secure physical timer, event streams (WFE never waits
 * for them), CNTFRQ writes (no EL3).
 */
#pragma once
#include "vm/vm.h"

#define GTIMER_HZ 62500000u
#define GTIMER_NS 16u /* per tick */

enum { GTIMER_PHYS, GTIMER_VIRT, GTIMER_COUNT };

struct arm_gtimer_state {
    u64 cval[GTIMER_COUNT];
    u32 ctl[GTIMER_COUNT]; /* CNTx_CTL: ENABLE, IMASK (ISTATUS is computed) */
};

struct arm_gtimer {
    struct dev              dev;
    struct arm_gtimer_state s;
    struct irq_line         irq[GTIMER_COUNT]; /* PPIs, set by the board */
    struct event            event[GTIMER_COUNT];
    struct sysreg_port      port;
};

extern const struct dev_class arm_gtimer_class;
/* Offers the CNT* registers to vCPU v; m NULL (then v too) in register tests. */
void arm_gtimer_init(struct arm_gtimer *t, struct machine *m, const char *path, struct vcpu *v);
