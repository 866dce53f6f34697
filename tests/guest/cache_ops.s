// cache_ops.s - cache maintenance: faults, permissions, what EL0 may, identification (DDI 0487, D7.5, D8.16.10).
// qemu: differs at every maintenance that must fault by translation or permission: it does nothing there.
        .include "common.inc"
        .equ    PAGE, TEST_VA + 0x3000
        .equ    NOWHERE, TEST_VA + 0x8000
        .equ    CM_FAULT, IL | 1 << 8 | 1 << 6
        .equ    DABORT1, 0x25 << 26
        .equ    DABORT0, 0x24 << 26
        .equ    SCTLR_ON, SCTLR_OFF | 0x1005

main:
        mov     x29, x30
        bl      ident
        bl      mmu_on
        ldr     x0, =SCTLR_ON | 1 << 26         // UCI
        msr     sctlr_el1, x0
        isb
        bl      faults
        bl      rights
        bl      whole
        ret     x29

ident:
        mov     x28, x30
        mrs     x0, ctr_el0
        ubfx    x1, x0, #31, #1
        CHECK   x1, 1
        ubfx    x1, x0, #16, #4                 // DminLine: 64 bytes, as DC ZVA's block
        CHECK   x1, 4
        mrs     x0, clidr_el1
        and     x1, x0, #7
        CHECK   x1, 3
        mov     x0, #1
        msr     csselr_el1, x0
        isb
        mrs     x1, csselr_el1
        CHECK   x1, 1
        mrs     x0, ccsidr_el1
        msr     csselr_el1, xzr
        isb
        mrs     x0, ccsidr_el1
        and     x1, x0, #7
        CHECK   x1, 2
        ret     x28

        .macro  FAULTS op:vararg
        TRY     \op, x1
        EXC     SYNC1, DABORT1 | CM_FAULT | 7, NOWHERE + 0x123, 0
        .endm
        .macro  FAULTS0 op:vararg
        TRY0    \op, x1
        EXC     SYNC0, DABORT0 | CM_FAULT | 7, NOWHERE + 0x123, 0
        .endm

faults:
        mov     x28, x30
        ldr     x1, =NOWHERE + 0x123
        FAULTS  dc cvac
        FAULTS  dc cvau
        FAULTS  dc civac
        FAULTS  dc ivac
        FAULTS  dc cvap
        FAULTS  ic ivau
        FAULTS0 dc cvac
        FAULTS0 dc cvau
        FAULTS0 dc civac
        FAULTS0 ic ivau
        TRY0    dc ivac, x1                     // not for EL0
        EXC     SYNC0, IL, , 0
        ret     x28

rights:
        mov     x28, x30
        PTE     PAGE, page_a + D_PAGE + D_RO + D_USER
        ldr     x1, =PAGE
        TRY     dc cvac, x1
        NOEXC
        TRY     dc civac, x1
        NOEXC
        TRY     ic ivau, x1
        NOEXC
        TRY     dc ivac, x1                     // must be able to write
        EXC     SYNC1, DABORT1 | CM_FAULT | 0xf, PAGE, 0
        TRY0    dc cvac, x1
        NOEXC0
        TRY0    ic ivau, x1
        NOEXC0
        PTE     PAGE, page_a + D_PAGE           // EL0 must be able to read
        TRY0    dc cvau, x1
        EXC     SYNC0, DABORT0 | CM_FAULT | 0xf, PAGE, 0
        TRY0    dc civac, x1
        EXC     SYNC0, DABORT0 | CM_FAULT | 0xf, PAGE, 0
        // Prefetches never fault
        ldr     x1, =NOWHERE
        TRY     prfm pldl1keep, [x1]
        NOEXC
        TRY0    prfm pstl2strm, [x1, #8]
        NOEXC0
        ret     x28

whole:
        mov     x28, x30
        ldr     x1, =page_a
        mov     x2, #0x55
        str     x2, [x1]
        TRY     dc csw, xzr
        NOEXC
        TRY     dc cisw, xzr
        NOEXC
        TRY     ic iallu
        NOEXC
        TRY     ic ialluis
        NOEXC
        dc      civac, x1
        dsb     sy
        ldr     x2, [x1]
        CHECK   x2, 0x55
        ret     x28

        .bss
        .balign 4096
page_a: .skip   4096
