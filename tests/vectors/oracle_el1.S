/*
 * oracle_el1.S - entry, exception vectors and the way to a vector's words and back; see oracle_el1.c.
 */
.arch armv8.2-a

.macro all_q op
    \op q0, q1, [x0]
    \op q2, q3, [x0, #32]
    \op q4, q5, [x0, #64]
    \op q6, q7, [x0, #96]
    \op q8, q9, [x0, #128]
    \op q10, q11, [x0, #160]
    \op q12, q13, [x0, #192]
    \op q14, q15, [x0, #224]
    \op q16, q17, [x0, #256]
    \op q18, q19, [x0, #288]
    \op q20, q21, [x0, #320]
    \op q22, q23, [x0, #352]
    \op q24, q25, [x0, #384]
    \op q26, q27, [x0, #416]
    \op q28, q29, [x0, #448]
    \op q30, q31, [x0, #480]
.endm

.macro x2_to_x29 op
    \op x2, x3, [x0, #16]
    \op x4, x5, [x0, #32]
    \op x6, x7, [x0, #48]
    \op x8, x9, [x0, #64]
    \op x10, x11, [x0, #80]
    \op x12, x13, [x0, #96]
    \op x14, x15, [x0, #112]
    \op x16, x17, [x0, #128]
    \op x18, x19, [x0, #144]
    \op x20, x21, [x0, #160]
    \op x22, x23, [x0, #176]
    \op x24, x25, [x0, #192]
    \op x26, x27, [x0, #208]
    \op x28, x29, [x0, #224]
.endm

.macro own_registers op
    \op x19, x20, [sp]
    \op x21, x22, [sp, #16]
    \op x23, x24, [sp, #32]
    \op x25, x26, [sp, #48]
    \op x27, x28, [sp, #64]
    \op x29, x30, [sp, #80]
.endm

.text
.global _start
_start:
    ldr x0, =stack_top
    mov sp, x0
    mov x0, #(3 << 20)
    msr cpacr_el1, x0
    isb
    bl main

.global semihost /* u64 semihost(u64 op, const void *args) */
semihost:
    hlt #0xf000
    ret

/* void enter(struct vec_state *st, u64 sp_el1): all else but V and X registers is set already */
.global enter
enter:
    sub sp, sp, #96
    own_registers stp
    mov x2, sp
    ldr x3, =home
    str x2, [x3]
    mov sp, x1
    all_q ldp
    add x0, x0, #512
    x2_to_x29 ldp
    ldr x30, [x0, #240]
    ldr x1, [x0, #8]
    ldr x0, [x0]
    eret
.ltorg

/* X0 and X1 are in TPIDR_EL1 and TPIDRRO_EL0, X1 is the vector's offset. */
caught:
    ldr x0, =after_v + 512
    x2_to_x29 stp
    str x30, [x0, #240]
    mrs x2, tpidr_el1
    mrs x3, tpidrro_el0
    stp x2, x3, [x0]
    sub x0, x0, #512
    all_q stp
    ldr x0, =after_sys
    mrs x2, nzcv
    stp x1, x2, [x0]
    mrs x2, daif
    mrs x3, pan
    stp x2, x3, [x0, #16]
    mrs x2, uao
    mrs x3, elr_el1
    stp x2, x3, [x0, #32]
    mrs x2, spsr_el1
    mrs x3, esr_el1
    stp x2, x3, [x0, #48]
    mrs x2, far_el1
    mrs x3, sp_el0
    stp x2, x3, [x0, #64]
    mov x2, sp
    mrs x3, fpcr
    stp x2, x3, [x0, #80]
    mrs x2, fpsr
    str x2, [x0, #96]
    msr fpcr, xzr
    msr pan, #0
    ldr x0, =home
    ldr x0, [x0]
    mov sp, x0
    own_registers ldp
    add sp, sp, #96
    ret
.ltorg

.macro slot offset
    .balign 128
    msr tpidr_el1, x0
    msr tpidrro_el0, x1
    mov x1, #\offset
    ldr x0, =caught /* in the slot: it runs from a copy */
    br x0
    .ltorg
.endm
.balign 2048
.global slots, slots_end
slots:
.irp offset, 0x000, 0x080, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380, 0x400, 0x480, 0x500, 0x580, 0x600, 0x680, 0x700, 0x780
    slot \offset
.endr
slots_end:

.bss
.balign 16
    .skip 65536
stack_top:
.global home, after_v, after_sys
home:
    .skip 8
.balign 16
after_v:
    .skip 512 + 256
after_sys:
    .skip 128
