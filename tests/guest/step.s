// step.s - software step: EL0 stepped from EL1, EL1 stepping itself (DDI 0487, D2.11).
// qemu: differs under the OS lock (it steps), and behind a stepped instruction that sets PSTATE.D (it raises).
        .include "common.inc"

        .equ    SS, 1 << 21
        .equ    STEP0, 0x32 << 26 | IL | 0x22   // of a lower EL
        .equ    STEP1, 0x33 << 26 | IL | 0x22
        .equ    ISV, 1 << 24
        .equ    EX, 1 << 6
        .equ    EC_UNKNOWN, IL
        .equ    EC_SVC, 0x15 << 26 | IL
        .equ    EC_BRK, 0x3c << 26 | IL
        .equ    EC_PCALIGN, 0x22 << 26 | IL
        .equ    EC_DABORT0, 0x24 << 26 | IL

        .macro  PSTATE0 value
        ldr     x16, =exc
        ldr     x17, =(\value)
        str     x17, [x16, #EXC_SPSR0]
        .endm

        .macro  MDSCR value
        ldr     x16, =(\value)
        msr     mdscr_el1, x16
        isb
        .endm

        // As TRY, but entered by ERET with this PSTATE
        .macro  TRY1 pstate, insn:vararg
        adr     x17, .Lafter\@
        bl      try_begin
        ldr     x16, =(\pstate)
        msr     spsr_el1, x16
        adr     x16, .Linsn\@
        msr     elr_el1, x16
        ldr     x17, =exc
        str     x16, [x17, #EXC_INSN]
        eret
.Linsn\@:
        \insn
        nop
.Lafter\@:
        bl      try_end
        .endm

main:
        mov     x29, x30
        msr     oslar_el1, xzr
        isb
        MDSCR   1
        bl      user
        bl      user_pending
        bl      user_exceptions
        bl      off
        bl      kernel
        bl      with_mmu
        MDSCR   0
        ret     x29

        // Active-not-pending: one instruction
user:
        mov     x28, x30
        PSTATE0 0x3c0 | SS
        mov     x1, #5
        TRY0    add x1, x1, #1
        EXC     SYNC0, STEP0 | ISV, , 4, 0x3c0
        CHECK   x1, 6
        TRY0    nop
        EXC     SYNC0, STEP0 | ISV, , 4, 0x3c0
        TRY0    isb
        FIELD   EXC_SPSR, 0x3c0
        TRY0    b .+64
        EXC     SYNC0, STEP0 | ISV, , 64, 0x3c0
        TRY0    cbz xzr, .-32
        EXC     SYNC0, STEP0 | ISV, , -32
        TRY0    cbnz xzr, .-32
        EXC     SYNC0, STEP0 | ISV, , 4
        ldr     x2, =user
        TRY0    br x2
        EXC     SYNC0, STEP0 | ISV
        FIELD   EXC_ELR, user
        TRY0    blr x2
        EXC     SYNC0, STEP0 | ISV
        FIELD   EXC_ELR, user
        TRY0    bl .+8
        EXC     SYNC0, STEP0 | ISV, , 8
        // the flags that the instruction sets are in SPSR_EL1
        TRY0    cmp xzr, xzr
        EXC     SYNC0, STEP0 | ISV, , 4, 0x600003c0
        ldr     x2, =l3_test
        mov     x3, #77
        TRY0    str x3, [x2], #8
        EXC     SYNC0, STEP0 | ISV, , 4
        TRY0    ldr x4, [x2, #-8]!
        EXC     SYNC0, STEP0 | ISV, , 4
        CHECK   x4, 77
        TRY0    ldxr x4, [x2]
        EXC     SYNC0, STEP0 | ISV | EX, , 4
        TRY0    ldaxp w4, w5, [x2]
        EXC     SYNC0, STEP0 | ISV | EX, , 4
        TRY0    stxr w4, x3, [x2]       // an exception return clears the monitor
        EXC     SYNC0, STEP0 | ISV, , 4
        CHECK   x4, 1
        TRY0    casa x4, x3, [x2]
        EXC     SYNC0, STEP0 | ISV, , 4
        TRY0    caspa x4, x5, x6, x7, [x2]
        EXC     SYNC0, STEP0 | ISV, , 4
        ldr     x2, =0x09000018         // PL011 flags: a device
        TRY0    ldr w4, [x2]
        EXC     SYNC0, STEP0 | ISV, , 4
        TRY0    mrs x4, tpidr_el0
        EXC     SYNC0, STEP0 | ISV, , 4
        TRY0    fadd d0, d0, d0
        EXC     SYNC0, STEP0 | ISV, , 4
        // D does not matter to EL0
        PSTATE0 SS
        TRY0    nop
        EXC     SYNC0, STEP0 | ISV, , 4, 0
        ret     x28

        // Active-pending: the step exception comes first, whatever waits there
user_pending:
        mov     x28, x30
        PSTATE0 0x3c0
        mov     x1, #5
        TRY0    mov x1, #6
        EXC     SYNC0, STEP0, , 0, 0x3c0
        CHECK   x1, 5
        TRY0    .inst 0
        EXC     SYNC0, STEP0, , 0, 0x3c0
        TRY0    svc #1
        EXC     SYNC0, STEP0, , 0, 0x3c0
        PSTATE0 0x1003c0                // illegal state is looked at later
        TRY0    nop
        EXC     SYNC0, STEP0, , 0, 0x1003c0
        PSTATE0 0x3c0
        ret     x28

        // The stepped instruction raises: SS goes into SPSR_EL1, cleared where the instruction counts as done
user_exceptions:
        mov     x28, x30
        PSTATE0 0x3c0 | SS
        TRY0    svc #0x1234
        EXC     SYNC0, EC_SVC | 0x1234, , 4, 0x3c0
        TRY0    brk #3
        EXC     SYNC0, EC_BRK | 3, , 0, 0x3c0 | SS
        TRY0    .inst 0
        EXC     SYNC0, EC_UNKNOWN, , 0, 0x3c0 | SS
        TRY0    mrs x0, sctlr_el1
        EXC     SYNC0, EC_UNKNOWN, , 0, 0x3c0 | SS
        mov     x0, #0x2001
        ldr     x1, =l3_test + 1
        TRY0    ldar x0, [x1]
        EXC     SYNC0, EC_DABORT0 | 0x21, l3_test + 1, 0, 0x3c0 | SS
        PSTATE0 0x1003c0 | SS
        TRY0    nop
        EXC     SYNC0, 0x0e << 26 | IL, , 0, 0x1003c0 | SS
        PSTATE0 0x3c0 | SS
        ldr     x2, =user + 2           // the branch is stepped; the bad address is for the next
        TRY0    br x2
        EXC     SYNC0, STEP0 | ISV
        FIELD   EXC_ELR, user + 2
        ret     x28

        // MDSCR_EL1.SS clear, OS lock set: nothing steps, and SS is not restored
off:
        mov     x28, x30
        PSTATE0 0x3c0 | SS
        MDSCR   0
        TRY0    nop
        EXC     SYNC0, ESR_OK0, , 8, 0x3c0
        MDSCR   1
        mov     x0, #1
        msr     oslar_el1, x0
        isb
        TRY0    nop
        EXC     SYNC0, ESR_OK0, , 8, 0x3c0
        msr     oslar_el1, xzr
        isb
        TRY1    0x1c5 | SS, nop         // KDE clear: EL1 does not step itself
        NOEXC
        msr     daifset, #15
        ret     x28

        // MDSCR_EL1.KDE: EL1 steps EL1 where D is clear
kernel:
        mov     x28, x30
        MDSCR   0x2001
        mov     x1, #1
        TRY1    0x1c5 | SS, add x1, x1, #1
        EXC     SYNC1, STEP1 | ISV, , 4, 0x1c5
        CHECK   x1, 2
        TRY1    0x1c5, add x1, x1, #1
        EXC     SYNC1, STEP1, , 0, 0x1c5
        CHECK   x1, 2
        TRY1    0x3c5 | SS, add x1, x1, #1 // D set: no
        NOEXC
        CHECK   x1, 3
        TRY1    0x1c5 | SS, svc #9
        EXC     SYNC1, EC_SVC | 9, , 4, 0x1c5
        TRY1    0x1c5 | SS, brk #9
        EXC     SYNC1, EC_BRK | 9, , 0, 0x1c5 | SS
        TRY1    0x1c5 | SS, msr daifset, #8 // is stepped, and ends it
        NOEXC
        TRY1    0x1c5 | SS, msr daifset, #2
        EXC     SYNC1, STEP1 | ISV, , 4, 0x1c5
        TRY1    0x1c5 | SS, msr daifclr, #3
        EXC     SYNC1, STEP1 | ISV, , 4, 0x105
        TRY1    0x1c5 | SS, mrs x2, daif
        EXC     SYNC1, STEP1 | ISV, , 4, 0x1c5
        CHECK   x2, 0x1c0
        TRY1    0x1c4 | SS, msr spsel, #1
        EXC     SYNC1, STEP1 | ISV, , 4, 0x1c5
        // Clearing D by hand enters active-pending state
        adr     x17, 2f
        bl      try_begin
        msr     daifclr, #8
1:      mov     x1, #9
        nop
2:      bl      try_end
        EXC     SYNC1, STEP1, , 4, 0x1c5
        CHECK   x1, 3
        // EL0 is stepped all the same
        PSTATE0 0x3c0 | SS
        TRY0    nop
        EXC     SYNC0, STEP0 | ISV, , 4, 0x3c0
        MDSCR   1
        ret     x28

        // Faults of the access and of the next fetch
with_mmu:
        mov     x28, x30
        bl      mmu_on
        PSTATE0 0x3c0 | SS
        ldr     x1, =TEST_VA
        mov     x2, x1
        TRY0    ldr x3, [x1], #8
        EXC     SYNC0, EC_DABORT0 | 0x07, TEST_VA, 0, 0x3c0 | SS
        CHECK   x1, TEST_VA
        TRY0    br x2
        EXC     SYNC0, STEP0 | ISV
        FIELD   EXC_ELR, TEST_VA
        ldr     x0, =exc                // from there: active-not-pending, the fetch faults
        adr     x17, 2f
        bl      try_begin
        msr     elr_el1, x2
        ldr     x3, =0x3c0 | SS
        msr     spsr_el1, x3
        eret
2:      bl      try_end
        EXC     SYNC0, 0x20 << 26 | IL | 7, TEST_VA, , 0x3c0 | SS
        ret     x28
