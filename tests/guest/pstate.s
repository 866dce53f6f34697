// pstate.s - PSTATE by its registers and immediates: NZCV, DAIF, SPSel, CurrentEL, PAN, UAO (DDI 0487, C5.2).
        .include "common.inc"

main:
        mov     x29, x30
        mov     x0, #-1
        msr     nzcv, x0
        mrs     x1, nzcv
        CHECK   x1, 0xf0000000
        msr     nzcv, xzr
        mrs     x1, nzcv
        CHECK   x1, 0
        mov     x0, #1 << 29
        msr     nzcv, x0
        cset    x1, cs
        CHECK   x1, 1
        cfinv
        cset    x1, cs
        CHECK   x1, 0
        mov     x0, #5 << 28                    // Z, V
        msr     nzcv, x0
        cset    x1, eq
        cset    x2, vs
        cset    x3, lt
        cset    x4, mi
        add     x1, x1, x2, lsl #4
        add     x3, x3, x4, lsl #4
        CHECK   x1, 0x11
        CHECK   x3, 1
        msr     nzcv, xzr

        mrs     x1, daif
        CHECK   x1, 0x3c0
        msr     daifclr, #0xd
        mrs     x1, daif
        CHECK   x1, 0x080
        msr     daifset, #5
        mrs     x1, daif
        CHECK   x1, 0x1c0
        mov     x0, #-1
        msr     daif, x0
        mrs     x1, daif
        CHECK   x1, 0x3c0
        msr     daif, xzr
        mrs     x1, daif
        CHECK   x1, 0
        msr     daifset, #15
        mrs     x1, currentel
        CHECK   x1, 4

        // Two stack pointers
        mov     x20, sp
        mrs     x21, sp_el0
        mrs     x1, spsel
        CHECK   x1, 1
        msr     spsel, #0
        mrs     x1, spsel
        CHECK   x1, 0
        mov     x1, sp
        sub     x1, x1, x21
        CHECK   x1, 0
        mov     x1, #0x1230
        mov     sp, x1
        mov     x1, #1
        msr     spsel, x1
        mov     x1, sp
        sub     x1, x1, x20
        CHECK   x1, 0
        mrs     x1, sp_el0
        CHECK   x1, 0x1230
        TRY0    mov x1, sp
        NOEXC0
        CHECK   x1, 0x1230
        msr     sp_el0, x21
        mov     x0, #2                          // bit 0 alone
        msr     spsel, x0
        mrs     x1, spsel
        CHECK   x1, 0
        msr     spsel, #1

        // PAN, UAO: taken and returned with the rest
        mov     x0, #-1
        msr     pan, x0
        mrs     x1, pan
        CHECK   x1, 1 << 22
        msr     uao, x0
        mrs     x1, uao
        CHECK   x1, 1 << 23
        ldr     x0, =exc
        ldr     x1, =hook
        str     x1, [x0, #EXC_HOOK]
        TRY     svc #7
        str     xzr, [x0, #EXC_HOOK]
        EXC     SYNC1, 0x15 << 26 | IL | 7, , 4, 0xc003c5
        CHECK   x22, 1 << 22                    // SPAN is one: PAN stays
        CHECK   x23, 0                          // UAO is cleared
        mrs     x1, pan
        CHECK   x1, 1 << 22
        msr     pan, #0
        msr     uao, #0
        mrs     x1, pan
        CHECK   x1, 0
        mrs     x1, uao
        CHECK   x1, 0
        // ERET takes all of it from SPSR_EL1; registers read back what they are given
        ldr     x1, =0xf0c003c5
        msr     spsr_el1, x1
        adr     x1, 1f
        msr     elr_el1, x1
        eret
1:      mrs     x1, nzcv
        CHECK   x1, 0xf0000000
        mrs     x1, pan
        CHECK   x1, 1 << 22
        mrs     x1, uao
        CHECK   x1, 1 << 23
        msr     pan, #0
        msr     uao, #0
        msr     nzcv, xzr
        // EL0 has its flags in common with nobody
        ldr     x0, =exc
        ldr     x1, =0x500003c0
        str     x1, [x0, #EXC_SPSR0]
        TRY0    adds x1, xzr, xzr
        EXC     SYNC0, ESR_OK0, , 8, 0x400003c0
        mrs     x1, nzcv
        CHECK   x1, 0x40000000
        ret     x29

hook:
        mrs     x22, pan
        mrs     x23, uao
        b       handler_record
