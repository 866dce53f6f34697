// timer_irq_gicv3.s - the generic timer through GICv3 by its system registers (DDI 0487, D11; IHI 0069).
// args: -M virt,gic-version=3
        .include "common.inc"
        .equ    GICD, 0x08000000
        .equ    GICR, 0x080a0000
        .equ    GICR_SGI, GICR + 0x10000

        .macro  ACK reg
        mrs     \reg, icc_iar1_el1
        dsb     sy
        .endm
        .macro  PENDING reg
        mrs     \reg, icc_hppir1_el1
        .endm
        .macro  EOI reg
        msr     icc_eoir1_el1, \reg
        isb
        .endm
        .macro  PMR value
        mov     x16, #\value
        msr     icc_pmr_el1, x16
        isb
        .endm
        .macro  PRIO intid, value
        mov     w16, #\value
        ldr     x17, =GICR_SGI + 0x400 + \intid
        strb    w16, [x17]
        .endm
        .macro  ENABLE intid
        mov     w16, #1 << \intid
        ldr     x17, =GICR_SGI + 0x100
        str     w16, [x17]
        .endm

        .include "timer.inc"

gic_init:
        ldr     x1, =GICD
        mov     w0, #0x12               // ARE, group 1
        str     w0, [x1]
        ldr     x1, =GICR
        ldr     w0, [x1, #0x14]         // WAKER: ProcessorSleep off, then wait for ChildrenAsleep
        and     w0, w0, #~2
        str     w0, [x1, #0x14]
1:      ldr     w0, [x1, #0x14]
        tbnz    w0, #2, 1b
        ldr     x1, =GICR_SGI
        mov     w0, #-1
        str     w0, [x1, #0x80]         // all in group 1
        mrs     x0, icc_sre_el1
        orr     x0, x0, #1
        msr     icc_sre_el1, x0
        isb
        mov     x0, #1
        msr     icc_igrpen1_el1, x0
        msr     icc_bpr1_el1, xzr
        isb
        ret
