// dc_zva.s - DC ZVA: what it zeroes, from EL1 and EL0, its faults (DDI 0487, C5.3.12: no cache maintenance, CM is 0).
        .include "common.inc"
        .equ    PAGE, TEST_VA + 0x3000
        .equ    ONES, 0x1111111111111111

main:
        mov     x29, x30
        mrs     x0, dczid_el0
        CHECK   x0, 4                           // 64 bytes, allowed
        bl      mmu_on
        PTE     PAGE, page_a + D_PAGE + D_USER
        ldr     x0, =SCTLR_OFF | 0x1005 | 1 << 14
        msr     sctlr_el1, x0
        isb
        // Any address of the block will do; its neighbours stay
        bl      fill
        ldr     x1, =PAGE + 0x40 + 29
        TRY     dc zva, x1
        NOEXC
        bl      sum
        CHECK   x3, 512 - 8
        ldr     x2, =page_a
        ldr     x4, [x2, #0x38]
        CHECK   x4, ONES
        ldr     x4, [x2, #0x40]
        CHECK   x4, 0
        ldr     x4, [x2, #0x78]
        CHECK   x4, 0
        ldr     x4, [x2, #0x80]
        CHECK   x4, ONES
        CHECK   x1, PAGE + 0x40 + 29
        // The last of a page
        bl      fill
        ldr     x1, =PAGE + 0xfff
        TRY0    dc zva, x1
        NOEXC0
        bl      sum
        CHECK   x3, 512 - 8
        TRY0    mrs x3, dczid_el0
        NOEXC0
        CHECK   x3, 4
        // Faults: a write, at the address as given
        ldr     x1, =PAGE + 0x1000 + 77
        TRY     dc zva, x1
        EXC     SYNC1, 0x25 << 26 | IL | 1 << 6 | 7, PAGE + 0x1000 + 77, 0
        TRY0    dc zva, x1
        EXC     SYNC0, 0x24 << 26 | IL | 1 << 6 | 7, PAGE + 0x1000 + 77, 0
        bl      fill
        PTE     PAGE, page_a + D_PAGE + D_RO
        ldr     x1, =PAGE + 0x81
        TRY     dc zva, x1
        EXC     SYNC1, 0x25 << 26 | IL | 1 << 6 | 0xf, PAGE + 0x81, 0
        TRY0    dc zva, x1
        EXC     SYNC0, 0x24 << 26 | IL | 1 << 6 | 0xf, PAGE + 0x81, 0
        PTE     PAGE, page_a + D_PAGE
        TRY0    dc zva, x1
        EXC     SYNC0, 0x24 << 26 | IL | 1 << 6 | 0xf, PAGE + 0x81, 0
        bl      sum
        CHECK   x3, 512
        // Not allowed at EL0: DCZID_EL0.DZP there, and a trap before any fault
        ldr     x0, =SCTLR_OFF | 0x1005
        msr     sctlr_el1, x0
        isb
        TRY0    mrs x3, dczid_el0
        NOEXC0
        CHECK   x3, 0x14
        TRY0    dc zva, x1
        EXC     SYNC0, 0x18 << 26 | IL | 1 << 20 | 1 << 17 | 3 << 14 | 7 << 10 | 1 << 5 | 4 << 1, , 0
        TRY     dc zva, x1
        NOEXC
        // Over code: it is gone at once
        ldr     x1, =page_a
        ldr     x2, =0xd65f03c0d2800000 | 3 << 5 // MOVZ X0, #3; RET
        str     x2, [x1]
        dc      cvau, x1
        dsb     ish
        ic      ivau, x1
        dsb     ish
        isb
        blr     x1
        CHECK   x0, 3
        dc      zva, x1
        dsb     ish
        ic      ivau, x1
        dsb     ish
        isb
        TRY     br x1
        EXC     SYNC1, IL
        FIELD   EXC_ELR, page_a
        ret     x29

fill:
        ldr     x2, =page_a
        ldr     x3, =ONES
        mov     x4, #512
1:      str     x3, [x2], #8
        sub     x4, x4, #1
        cbnz    x4, 1b
        ret
sum:                                            // x3: words that are ONES
        ldr     x2, =page_a
        ldr     x5, =ONES
        mov     x3, #0
        mov     x4, #512
1:      ldr     x6, [x2], #8
        cmp     x6, x5
        cinc    x3, x3, eq
        sub     x4, x4, #1
        cbnz    x4, 1b
        ret

        .bss
        .balign 4096
page_a: .skip   4096
