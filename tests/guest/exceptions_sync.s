// exceptions_sync.s - synchronous exceptions that instructions and PSTATE raise (DDI 0487, D1.3, D17.2.37).
// qemu: differs at MSR DAIFSet and DAIFClr (it swaps Op1 and Op2 in the ISS) and has no SP alignment checks.
        .include "common.inc"

        .equ    EC_UNKNOWN, IL
        .equ    EC_WF, 0x01 << 26 | IL | 0x1e00000
        .equ    EC_FP, 0x07 << 26 | IL | 0x1e00000
        .equ    EC_ILLEGAL, 0x0e << 26 | IL
        .equ    EC_SVC, 0x15 << 26 | IL
        .equ    EC_SYS, 0x18 << 26 | IL
        .equ    EC_PCALIGN, 0x22 << 26 | IL
        .equ    EC_SPALIGN, 0x26 << 26 | IL
        .equ    EC_BRK, 0x3c << 26 | IL

main:
        mov     x29, x30
        bl      generated
        bl      undefined
        bl      fp_trap
        bl      system_trap
        bl      wf_trap
        bl      sp_align
        bl      pc_align
        bl      illegal
        ret     x29

generated:
        mov     x28, x30
        TRY     svc #0x1234
        EXC     SYNC1, EC_SVC | 0x1234, , 4, 0x3c5
        TRY     brk #0xf00d
        EXC     SYNC1, EC_BRK | 0xf00d, , 0, 0x3c5
        TRY0    svc #0xffff
        EXC     SYNC0, EC_SVC | 0xffff, , 4, 0x3c0
        TRY0    brk #1
        EXC     SYNC0, EC_BRK | 1, , 0, 0x3c0
        // PSTATE goes into SPSR_EL1 whole, and DAIF is masked after
        mov     x0, #0xa << 28
        msr     nzcv, x0
        msr     daifclr, #0xc
        TRY     svc #0
        EXC     SYNC1, EC_SVC, , 4, 0xa00000c5
        mrs     x0, daif
        CHECK   x0, 0x3c0
        // SP_EL0 in use: another vector; the exception selects SP_EL1
        mov     x1, sp
        msr     spsel, #0
        TRY     brk #2
        EXC     SYNC1T, EC_BRK | 2, , 0, 0xa00003c4
        mov     x2, sp
        cmp     x1, x2
        cset    x3, eq
        CHECK   x3, 1
        // HVC with an immediate is no firmware call, SMC is none here: both UNDEFINED
        TRY0    hvc #0
        EXC     SYNC0, EC_UNKNOWN, , 0, 0x3c0
        TRY0    smc #0
        EXC     SYNC0, EC_UNKNOWN, , 0, 0x3c0
        ret     x28

undefined:
        mov     x28, x30
        TRY     .inst 0
        EXC     SYNC1, EC_UNKNOWN, , 0
        TRY0    .inst 0
        EXC     SYNC0, EC_UNKNOWN, , 0
        TRY     hlt #5                  // halting debug is off
        EXC     SYNC1, EC_UNKNOWN, , 0
        TRY     dcps1
        EXC     SYNC1, EC_UNKNOWN, , 0
        TRY     .inst 0xd6bf03e0        // DRPS
        EXC     SYNC1, EC_UNKNOWN, , 0
        TRY0    eret
        EXC     SYNC0, EC_UNKNOWN, , 0
        TRY0    mrs x0, sctlr_el1
        EXC     SYNC0, EC_UNKNOWN, , 0
        TRY0    msr vbar_el1, x0
        EXC     SYNC0, EC_UNKNOWN, , 0
        TRY0    tlbi vmalle1
        EXC     SYNC0, EC_UNKNOWN, , 0
        TRY0    msr spsel, #0
        EXC     SYNC0, EC_UNKNOWN, , 0
        TRY     mrs x0, vbar_el2
        EXC     SYNC1, EC_UNKNOWN, , 0
        TRY     .inst 0xd5184240        // MSR CurrentEL, X0
        EXC     SYNC1, EC_UNKNOWN, , 0
        msr     spsel, #0               // SP_EL0 is not a register while it is SP
        TRY     mrs x0, sp_el0
        EXC     SYNC1T, EC_UNKNOWN, , 0
        // Unallocated in the middle of a block: what stands before is done
        mov     x0, #1
        adr     x17, 2f
        bl      try_begin
        mov     x0, #2
        .inst   0x00000000
        mov     x0, #3
2:      bl      try_end
        EXC     SYNC1, EC_UNKNOWN, , 4
        CHECK   x0, 2
        ret     x28

fp_trap:
        mov     x28, x30
        fmov    d0, #1.0
        mov     x0, #1 << 20            // FPEN 1: EL0 alone is trapped
        msr     cpacr_el1, x0
        isb
        TRY     fmov x1, d0
        NOEXC
        TRY0    fmov x1, d0
        EXC     SYNC0, EC_FP, , 0, 0x3c0
        TRY0    ldr q0, [x2]
        EXC     SYNC0, EC_FP, , 0
        msr     cpacr_el1, xzr          // FPEN 0: both
        isb
        TRY     fmov x1, d0
        EXC     SYNC1, EC_FP, , 0
        TRY     mrs x1, fpcr
        EXC     SYNC1, EC_FP, , 0
        TRY0    mrs x1, fpsr
        EXC     SYNC0, EC_FP, , 0
        TRY     .inst 0x1e3f0000        // not allocated: that comes first
        EXC     SYNC1, EC_UNKNOWN, , 0
        mov     x0, #2 << 20            // FPEN 2 is as 0
        msr     cpacr_el1, x0
        isb
        TRY     add v0.4s, v0.4s, v0.4s
        EXC     SYNC1, EC_FP, , 0
        mov     x0, #3 << 20
        msr     cpacr_el1, x0
        isb
        TRY0    fmov x1, d0
        NOEXC0
        CHECK   x1, 0x3ff0000000000000
        ret     x28

        // ISS: Op0 21:20, Op2 19:17, Op1 16:14, CRn 13:10, Rt 9:5, CRm 4:1, read 0
system_trap:
        mov     x28, x30
        TRY0    mrs x3, ctr_el0
        EXC     SYNC0, EC_SYS | 3 << 20 | 1 << 17 | 3 << 14 | 3 << 5 | 1, , 0, 0x3c0
        TRY0    mrs x5, daif
        EXC     SYNC0, EC_SYS | 3 << 20 | 1 << 17 | 3 << 14 | 4 << 10 | 5 << 5 | 2 << 1 | 1, , 0
        TRY0    msr daif, x5
        EXC     SYNC0, EC_SYS | 3 << 20 | 1 << 17 | 3 << 14 | 4 << 10 | 5 << 5 | 2 << 1, , 0
        TRY0    msr daifset, #2
        EXC     SYNC0, EC_SYS | 6 << 17 | 3 << 14 | 4 << 10 | 31 << 5 | 2 << 1, , 0
        TRY0    msr daifclr, #3
        EXC     SYNC0, EC_SYS | 7 << 17 | 3 << 14 | 4 << 10 | 31 << 5 | 3 << 1, , 0
        TRY0    dc zva, x7
        EXC     SYNC0, EC_SYS | 1 << 20 | 1 << 17 | 3 << 14 | 7 << 10 | 7 << 5 | 4 << 1, , 0
        TRY0    dc cvau, x7
        EXC     SYNC0, EC_SYS | 1 << 20 | 1 << 17 | 3 << 14 | 7 << 10 | 7 << 5 | 11 << 1, , 0
        TRY0    ic ivau, x30
        EXC     SYNC0, EC_SYS | 1 << 20 | 1 << 17 | 3 << 14 | 7 << 10 | 30 << 5 | 5 << 1, , 0
        msr     cntkctl_el1, xzr
        isb
        TRY0    mrs x1, cntvct_el0
        EXC     SYNC0, EC_SYS | 3 << 20 | 2 << 17 | 3 << 14 | 14 << 10 | 1 << 5 | 0 << 1 | 1, , 0
        TRY0    mrs x1, cntpct_el0
        EXC     SYNC0, EC_SYS | 3 << 20 | 1 << 17 | 3 << 14 | 14 << 10 | 1 << 5 | 0 << 1 | 1, , 0
        TRY0    mrs x1, cntfrq_el0
        EXC     SYNC0, EC_SYS | 3 << 20 | 0 << 17 | 3 << 14 | 14 << 10 | 1 << 5 | 0 << 1 | 1, , 0
        TRY0    msr cntv_ctl_el0, x1
        EXC     SYNC0, EC_SYS | 3 << 20 | 1 << 17 | 3 << 14 | 14 << 10 | 1 << 5 | 3 << 1, , 0
        mov     x0, #3
        msr     cntkctl_el1, x0
        isb
        TRY0    mrs x1, cntvct_el0
        NOEXC0
        TRY0    mrs x1, cntpct_el0
        NOEXC0
        TRY0    mrs x1, cntv_cval_el0
        EXC     SYNC0, EC_SYS | 3 << 20 | 2 << 17 | 3 << 14 | 14 << 10 | 1 << 5 | 3 << 1 | 1, , 0
        // With SCTLR_EL1.UCT, DZE, UMA, UCI nothing of it traps
        ldr     x0, =SCTLR_OFF | 1 << 15 | 1 << 14 | 1 << 9 | 1 << 26
        msr     sctlr_el1, x0
        isb
        TRY0    mrs x3, ctr_el0
        NOEXC0
        TRY0    mrs x3, daif
        NOEXC0
        CHECK   x3, 0x3c0
        TRY0    msr daifclr, #8
        EXC     SYNC0, ESR_OK0, , 8, 0x1c0
        ldr     x7, =l3_test
        TRY0    dc cvau, x7
        NOEXC0
        TRY0    ic ivau, x7
        NOEXC0
        ldr     x0, =SCTLR_OFF
        msr     sctlr_el1, x0
        isb
        ret     x28

wf_trap:
        mov     x28, x30
        ldr     x0, =SCTLR_OFF & ~(1 << 16) & ~(1 << 18)
        msr     sctlr_el1, x0
        isb
        TRY0    wfi
        EXC     SYNC0, EC_WF, , 0, 0x3c0
        ldr     x0, =SCTLR_OFF
        msr     sctlr_el1, x0
        isb
        TRY0    wfe                     // may wait for nothing that comes: the event register is set first
        FIELD   EXC_VEC, SYNC0
        ret     x28

sp_align:
        mov     x28, x30
        msr     nzcv, xzr
        mov     x27, sp
        add     x0, x27, #-56
        mov     sp, x0
        TRY     ldr x1, [sp]
        EXC     SYNC1, EC_SPALIGN, , 0, 0x3c5
        TRY     stp x1, x2, [sp, #-16]!
        EXC     SYNC1, EC_SPALIGN, , 0
        mov     x1, sp
        sub     x1, x1, x0
        CHECK   x1, 0
        TRY     prfm pldl1keep, [sp]    // prefetches do not check
        NOEXC
        TRY     add x1, sp, #1          // nor does arithmetic
        NOEXC
        mov     sp, x27
        TRY     ldr x1, [sp, #-8]
        NOEXC
        ldr     x0, =SCTLR_OFF & ~(1 << 3)
        msr     sctlr_el1, x0
        isb
        add     x0, x27, #-56
        mov     sp, x0
        TRY     ldr x1, [sp]
        NOEXC
        mov     sp, x27
        // EL0: SA0
        mrs     x26, sp_el0
        sub     x0, x26, #24
        msr     sp_el0, x0
        TRY0    ldr x1, [sp]
        EXC     SYNC0, EC_SPALIGN, , 0
        ldr     x0, =SCTLR_OFF & ~(1 << 4)
        msr     sctlr_el1, x0
        isb
        TRY0    ldr x1, [sp]
        NOEXC0
        msr     sp_el0, x26
        ldr     x0, =SCTLR_OFF
        msr     sctlr_el1, x0
        isb
        ret     x28

pc_align:
        mov     x28, x30
        ldr     x0, =pc_align + 2
        TRY     br x0
        EXC     SYNC1, EC_PCALIGN, pc_align + 2
        FIELD   EXC_ELR, pc_align + 2
        TRY     blr x0
        EXC     SYNC1, EC_PCALIGN, pc_align + 2
        FIELD   EXC_ELR, pc_align + 2
        ldr     x0, =pc_align + 1
        TRY0    ret x0
        EXC     SYNC0, EC_PCALIGN, pc_align + 1
        FIELD   EXC_ELR, pc_align + 1
        // by ERET
        ldr     x0, =pc_align + 3
        adr     x17, 2f
        bl      try_begin
        msr     elr_el1, x0
        mov     x1, #0x3c5
        msr     spsr_el1, x1
        isb
        eret
2:      bl      try_end
        EXC     SYNC1, EC_PCALIGN, pc_align + 3
        FIELD   EXC_ELR, pc_align + 3
        ret     x28

        // ERET with this in SPSR_EL1: it goes on at 2f in illegal execution state, and nothing there runs
        .macro  ILLEGAL spsr, want
        adr     x17, .Lback\@
        bl      try_begin
        ldr     x1, =(\spsr)
        msr     spsr_el1, x1
        adr     x1, .Lthere\@
        msr     elr_el1, x1
        mov     x2, #1
        eret
.Lthere\@:
        mov     x2, #2
.Lback\@:
        bl      try_end
        FIELD   EXC_COUNT, 1
        FIELD   EXC_VEC, SYNC1
        FIELD   EXC_ESR, EC_ILLEGAL
        FIELD   EXC_ELR, .Lthere\@
        FIELD   EXC_SPSR, \want
        CHECK   x2, 1
        .endm

illegal:
        mov     x28, x30
        ILLEGAL 0x3c9, 0x1003c5         // EL2h
        ILLEGAL 0x3cd, 0x1003c5         // EL3h
        ILLEGAL 0x3c1, 0x1003c5         // M[0] at EL0
        ILLEGAL 0x3c7, 0x1003c5         // M[1]
        ILLEGAL 0x60000309, 0x60100305  // flags and DAIF are restored all the same
        ILLEGAL 0x1003c5, 0x1003c5      // legal, with IL set
        // IL set for EL0
        ldr     x0, =exc
        mov     x1, #0x1003c0 & 0xffff
        movk    x1, #0x10, lsl #16
        str     x1, [x0, #EXC_SPSR0]
        TRY0    nop
        EXC     SYNC0, EC_ILLEGAL, , 0, 0x1003c0
        mov     x1, #0x3c0
        str     x1, [x0, #EXC_SPSR0]
        ret     x28
