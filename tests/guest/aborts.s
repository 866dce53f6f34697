// aborts.s - data and instruction aborts: status, level, WnR, FAR, from EL1 and EL0 (DDI 0487, D8.15, D17.2.37).
// qemu: differs where a Device page is accessed unaligned (it does not fault), at blocks of level 0 (it takes them),
// and at an unaligned STLXR that the monitor would fail (B2.9.2: alignment is looked at first).
        .include "common.inc"

        .equ    DABORT0, 0x24 << 26 | IL
        .equ    DABORT1, 0x25 << 26 | IL
        .equ    IABORT0, 0x20 << 26 | IL
        .equ    IABORT1, 0x21 << 26 | IL
        .equ    WNR, 1 << 6
        .equ    L1_BLOCK, 0x140000000           // l1[5]
        .equ    L2_BLOCK, TEST_VA + 0x400000    // l2_test[2]
        .equ    PAGE, TEST_VA + 0x3000
        .equ    HOLE, 0x0a010000                // nothing answers there

        // Data read and write at EL1 and EL0, each with this status
        .macro  FAULTS va, fsc
        ldr     x1, =(\va)
        TRY     ldr x2, [x1]
        EXC     SYNC1, DABORT1 | \fsc, \va, 0
        TRY     str x2, [x1]
        EXC     SYNC1, DABORT1 | WNR | \fsc, \va, 0
        TRY0    ldrb w2, [x1]
        EXC     SYNC0, DABORT0 | \fsc, \va, 0
        TRY0    stp x2, x3, [x1]
        EXC     SYNC0, DABORT0 | WNR | \fsc, \va, 0
        .endm

        // Fetches at EL1 and EL0
        .macro  FETCH_FAULTS va, fsc
        ldr     x1, =(\va)
        TRY     br x1
        EXC     SYNC1, IABORT1 | \fsc, \va
        FIELD   EXC_ELR, \va
        TRY0    br x1
        EXC     SYNC0, IABORT0 | \fsc, \va
        FIELD   EXC_ELR, \va
        .endm

        .macro  BLOCK table, index, value
        ldr     x1, =\table + \index * 8
        ldr     x2, =(\value)
        str     x2, [x1]
        dsb     ish
        tlbi    vmalle1
        dsb     ish
        isb
        .endm

main:
        mov     x29, x30
        bl      mmu_on
        bl      translation
        bl      access_flag
        bl      permission
        bl      execute
        bl      pan
        bl      size
        bl      external
        bl      alignment
        ret     x29

translation:
        mov     x28, x30
        FAULTS  1 << 39, 0x04
        FETCH_FAULTS 1 << 39, 0x04
        FAULTS  0x100000000, 0x05
        FETCH_FAULTS 0x100000000, 0x05
        FAULTS  TEST_VA + 0x200000, 0x06
        FETCH_FAULTS TEST_VA + 0x200000, 0x06
        FAULTS  TEST_VA + 0x8010, 0x07
        FETCH_FAULTS TEST_VA + 0x8010, 0x07
        FAULTS  1 << 50, 0x04                   // in neither half
        FAULTS  0xffff000000000010, 0x04
        FETCH_FAULTS 0xffff000000000010, 0x04
        FAULTS  0xff7f000000000010, 0x04
        // A descriptor of level 3 with bit 1 clear is none
        PTE     PAGE, page_a + D_PAGE - 2
        FAULTS  PAGE, 0x07
        BLOCK   l0, 2, 0x40000000 | D_BLOCK     // nor are blocks of level 0
        FAULTS  2 << 39, 0x04
        ret     x28

access_flag:
        mov     x28, x30
        PTE     PAGE, page_a + D_PAGE + D_USER - D_AF
        FAULTS  PAGE + 0x123, 0x0b
        FETCH_FAULTS PAGE + 0x20, 0x0b
        BLOCK   l2_test, 2, 0x40000000 | D_BLOCK + D_USER - D_AF
        FAULTS  L2_BLOCK + 0x1234, 0x0a
        BLOCK   l1, 5, 0x40000000 | D_BLOCK + D_USER - D_AF
        FAULTS  L1_BLOCK + 0x123450, 0x09
        FETCH_FAULTS L1_BLOCK + 0x123450, 0x09
        ret     x28

permission:
        mov     x28, x30
        PTE     PAGE, page_a + D_PAGE           // EL1 only
        ldr     x1, =PAGE + 8
        TRY     str x1, [x1]
        NOEXC
        TRY     ldr x2, [x1]
        NOEXC
        CHECK   x2, PAGE + 8
        TRY0    ldr x2, [x1]
        EXC     SYNC0, DABORT0 | 0x0f, PAGE + 8, 0
        TRY0    str x2, [x1]
        EXC     SYNC0, DABORT0 | WNR | 0x0f, PAGE + 8, 0
        PTE     PAGE, page_a + D_PAGE + D_USER + D_RO
        TRY0    ldr x2, [x1]
        NOEXC0
        TRY0    str x2, [x1], #8
        EXC     SYNC0, DABORT0 | WNR | 0x0f, PAGE + 8, 0
        CHECK   x1, PAGE + 8
        TRY     str x2, [x1]
        EXC     SYNC1, DABORT1 | WNR | 0x0f, PAGE + 8, 0
        // Atomics and exclusives: WnR says whether it is the write that is missing
        TRY0    ldadd x2, x3, [x1]
        EXC     SYNC0, DABORT0 | WNR | 0x0f, PAGE + 8, 0
        TRY0    cas x2, x3, [x1]
        EXC     SYNC0, DABORT0 | WNR | 0x0f, PAGE + 8, 0
        PTE     PAGE, page_a + D_PAGE + D_RO    // EL1 only, read only
        TRY     ldr x2, [x1]
        NOEXC
        TRY     str x2, [x1]
        EXC     SYNC1, DABORT1 | WNR | 0x0f, PAGE + 8, 0
        TRY     dc cvac, x1
        NOEXC
        TRY     sttr x2, [x1]
        EXC     SYNC1, DABORT1 | WNR | 0x0f, PAGE + 8, 0
        TRY     ldtr x2, [x1]
        EXC     SYNC1, DABORT1 | 0x0f, PAGE + 8, 0
        BLOCK   l2_test, 2, 0x40000000 | D_BLOCK + D_RO
        ldr     x1, =L2_BLOCK + 0x100
        TRY     str x2, [x1]
        EXC     SYNC1, DABORT1 | WNR | 0x0e, L2_BLOCK + 0x100, 0
        BLOCK   l1, 5, 0x40000000 | D_BLOCK + D_RO
        ldr     x1, =L1_BLOCK + 0x100
        TRY     str x2, [x1]
        EXC     SYNC1, DABORT1 | WNR | 0x0d, L1_BLOCK + 0x100, 0
        TRY0    ldr x2, [x1]
        EXC     SYNC0, DABORT0 | 0x0d, L1_BLOCK + 0x100, 0
        ret     x28

execute:
        mov     x28, x30
        ldr     x1, =page_a
        ldr     x2, =0xd65f03c0d4000001 | 0x1111 << 5 // SVC #0x1111; RET
        str     x2, [x1]
        dsb     ish
        ic      iallu
        dsb     ish
        isb
        ldr     x1, =PAGE
        PTE     PAGE, page_a + D_PAGE           // EL0 may not read, but may execute
        TRY0    br x1
        EXC     SYNC0, 0x15 << 26 | IL | 0x1111
        TRY     br x1
        EXC     SYNC1, 0x15 << 26 | IL | 0x1111
        PTE     PAGE, page_a + D_PAGE + D_UXN
        TRY0    br x1
        EXC     SYNC0, IABORT0 | 0x0f, PAGE
        TRY     br x1
        EXC     SYNC1, 0x15 << 26 | IL | 0x1111
        PTE     PAGE, page_a + D_PAGE + D_PXN
        TRY     br x1
        EXC     SYNC1, IABORT1 | 0x0f, PAGE
        TRY0    br x1
        EXC     SYNC0, 0x15 << 26 | IL | 0x1111
        PTE     PAGE, page_a + D_PAGE + D_USER  // writable for EL0: never executed at EL1
        TRY     br x1
        EXC     SYNC1, IABORT1 | 0x0f, PAGE
        TRY0    br x1
        EXC     SYNC0, 0x15 << 26 | IL | 0x1111
        PTE     PAGE, page_a + D_PAGE + D_USER + D_RO
        TRY     br x1
        EXC     SYNC1, 0x15 << 26 | IL | 0x1111
        ret     x28

pan:
        mov     x28, x30
        PTE     PAGE, page_a + D_PAGE + D_USER
        ldr     x1, =PAGE + 16
        TRY     str x1, [x1]
        NOEXC
        msr     pan, #1
        TRY     ldr x2, [x1]
        EXC     SYNC1, DABORT1 | 0x0f, PAGE + 16, 0, 0x4003c5
        TRY     str x2, [x1]
        EXC     SYNC1, DABORT1 | WNR | 0x0f, PAGE + 16, 0
        TRY     ldtr x2, [x1]
        NOEXC
        CHECK   x2, PAGE + 16
        TRY     sttr x2, [x1]
        NOEXC
        TRY     dc cvac, x1             // PAN is not for maintenance
        NOEXC
        msr     uao, #1                 // LDTR as LDR
        TRY     ldtr x2, [x1]
        EXC     SYNC1, DABORT1 | 0x0f, PAGE + 16, 0, 0xc003c5
        mrs     x2, uao
        CHECK   x2, 1 << 23             // the harness restores it
        msr     uao, #0
        // SPAN 0: an exception sets PAN, an ERET restores what SPSR_EL1 says
        msr     pan, #0
        ldr     x0, =SCTLR_OFF & ~(1 << 23) | 0x1005
        msr     sctlr_el1, x0
        isb
        ldr     x0, =exc
        ldr     x2, =pan_hook
        str     x2, [x0, #EXC_HOOK]
        TRY     svc #3
        str     xzr, [x0, #EXC_HOOK]
        EXC     SYNC1, 0x15 << 26 | IL | 3
        CHECK   x20, 1 << 22
        mrs     x2, pan
        CHECK   x2, 0
        ldr     x0, =SCTLR_OFF | 0x1005
        msr     sctlr_el1, x0
        isb
        ret     x28
pan_hook:
        mrs     x20, pan
        b       handler_record

size:
        mov     x28, x30
        PTE     PAGE, 1 << 44 | D_PAGE          // TCR_EL1.IPS: 40 bits
        FAULTS  PAGE, 0x03
        FETCH_FAULTS PAGE, 0x03
        BLOCK   l2_test, 2, 1 << 40 | D_BLOCK
        FAULTS  L2_BLOCK, 0x02
        BLOCK   l1, 5, 1 << 42 | D_TABLE
        FAULTS  L1_BLOCK, 0x01
        ret     x28

external:
        mov     x28, x30
        PTE     PAGE, HOLE | D_PAGE + D_USER + D_RO - (1 << 2)
        ldr     x1, =PAGE + 4
        TRY     ldr w2, [x1]
        EXC     SYNC1, DABORT1 | 0x10, PAGE + 4, 0
        TRY0    ldr w2, [x1]
        EXC     SYNC0, DABORT0 | 0x10, PAGE + 4, 0
        PTE     PAGE, HOLE | D_PAGE - (1 << 2)
        TRY     str w2, [x1]
        EXC     SYNC1, DABORT1 | WNR | 0x10, PAGE + 4, 0
        PTE     PAGE, HOLE | D_PAGE
        TRY     br x1
        EXC     SYNC1, IABORT1 | 0x10, PAGE + 4
        // on the walk
        BLOCK   l2_test, 2, HOLE | D_TABLE
        FAULTS  L2_BLOCK, 0x17
        FETCH_FAULTS L2_BLOCK, 0x17
        BLOCK   l1, 5, HOLE | D_TABLE
        FAULTS  L1_BLOCK, 0x16
        ret     x28

alignment:
        mov     x28, x30
        PTE     PAGE, page_a + D_PAGE + D_USER
        ldr     x1, =PAGE + 1
        TRY     ldr x2, [x1]
        NOEXC
        // Exclusives, acquire and release, atomics: always
        TRY     ldxr w2, [x1]
        EXC     SYNC1, DABORT1 | 0x21, PAGE + 1, 0
        TRY0    ldxp x2, x3, [x1]
        EXC     SYNC0, DABORT0 | 0x21, PAGE + 1, 0
        TRY0    stlxr w4, x2, [x1]
        FIELD   EXC_ESR, DABORT0 | WNR | 0x21
        ldr     x0, =SCTLR_OFF | 0x1005 | 2     // A
        msr     sctlr_el1, x0
        isb
        TRY     ldr x2, [x1]
        EXC     SYNC1, DABORT1 | 0x21, PAGE + 1, 0
        TRY     strh w2, [x1]
        EXC     SYNC1, DABORT1 | WNR | 0x21, PAGE + 1, 0
        TRY0    ldrh w2, [x1]
        EXC     SYNC0, DABORT0 | 0x21, PAGE + 1, 0
        TRY0    ldp w2, w3, [x1, #4]
        EXC     SYNC0, DABORT0 | 0x21, PAGE + 5, 0
        TRY0    ldr q2, [x1]
        EXC     SYNC0, DABORT0 | 0x21, PAGE + 1, 0
        TRY0    ldrb w2, [x1]
        NOEXC0
        ldr     x1, =PAGE + 4                   // the element counts in pairs
        TRY0    ldp w2, w3, [x1]
        NOEXC0
        TRY0    ldp x2, x3, [x1]
        EXC     SYNC0, DABORT0 | 0x21, PAGE + 4, 0
        ldr     x1, =TEST_VA + 0x8001           // before translation
        TRY     ldr x2, [x1]
        EXC     SYNC1, DABORT1 | 0x21, TEST_VA + 0x8001, 0
        ldr     x0, =SCTLR_OFF | 0x1005
        msr     sctlr_el1, x0
        isb
        PTE     PAGE, page_a + D_PAGE - (1 << 2) // Device
        ldr     x1, =PAGE + 1
        TRY     ldr x2, [x1]
        EXC     SYNC1, DABORT1 | 0x21, PAGE + 1, 0
        ret     x28

        .bss
        .balign 4096
page_a: .skip   4096
