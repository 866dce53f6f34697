// timer_irq.s - the generic timer through GICv2: masks, WFI, priorities (DDI 0487, D11; IHI 0048).
        .include "common.inc"
        .equ    GICD, 0x08000000
        .equ    GICC, 0x08010000

        .macro  GICC_READ reg, off
        ldr     x17, =GICC
        ldr     w17, [x17, #\off]
        mov     \reg, x17
        .endm
        .macro  ACK reg
        GICC_READ \reg, 0xc
        .endm
        .macro  PENDING reg
        GICC_READ \reg, 0x18
        .endm
        .macro  EOI reg
        mov     x16, \reg
        ldr     x17, =GICC
        str     w16, [x17, #0x10]
        .endm
        .macro  PMR value
        mov     w16, #\value
        ldr     x17, =GICC
        str     w16, [x17, #4]
        .endm
        .macro  PRIO intid, value
        mov     w16, #\value
        ldr     x17, =GICD + 0x400 + \intid
        strb    w16, [x17]
        .endm
        .macro  ENABLE intid
        mov     w16, #1 << \intid
        ldr     x17, =GICD + 0x100
        str     w16, [x17]
        .endm

        .include "timer.inc"

gic_init:
        mov     w0, #1
        ldr     x1, =GICD
        str     w0, [x1]
        ldr     x1, =GICC
        str     w0, [x1]
        ret
