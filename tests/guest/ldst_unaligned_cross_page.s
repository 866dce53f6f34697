// ldst_unaligned_cross_page.s - accesses that go over the end of a page, the second one being the worse.
// Nothing is written and no base changes unless all of it can be done. DDI 0487, B2.2.1, allows more than we check.
// qemu: differs at pairs (it has stored or loaded the first when the second faults).
        .include "common.inc"
        .equ    PAGE, TEST_VA + 0x3000
        .equ    NEXT, TEST_VA + 0x4000
        .equ    DABORT1, 0x25 << 26 | IL
        .equ    DABORT0, 0x24 << 26 | IL
        .equ    WNR, 1 << 6

        // A store with this address that faults on the second page
        .macro  STORE_FAULTS off, insn:vararg
        ldr     x1, =PAGE + 0x1000 - (\off)
        mov     x9, x1
        TRY     \insn
        EXC     SYNC1, DABORT1 | WNR | FSC, , 0
        ldr     x16, =exc
        ldr     x17, [x16, #EXC_FAR]
        ldr     x16, =NEXT
        bl      check
        cmp     x1, x9
        cset    x10, eq
        CHECK   x10, 1
        ldr     x10, =page_a + 0x1000 - 32
        ldp     x11, x12, [x10]
        ldp     x13, x14, [x10, #16]
        CHECK   x11, 0x1111111111111111
        CHECK   x12, 0x1111111111111111
        CHECK   x13, 0x1111111111111111
        CHECK   x14, 0x1111111111111111
        .endm
        .macro  LOAD_FAULTS off, insn:vararg
        ldr     x1, =PAGE + 0x1000 - (\off)
        mov     x9, x1
        mov     x2, #0x22
        mov     x3, #0x33
        TRY     \insn
        EXC     SYNC1, DABORT1 | 7, NEXT, 0
        cmp     x1, x9
        cset    x10, eq
        CHECK   x10, 1
        CHECK   x2, 0x22
        CHECK   x3, 0x33
        .endm

        .macro  STORES
        STORE_FAULTS 1, strh w2, [x1]
        STORE_FAULTS 2, str w2, [x1], #4
        STORE_FAULTS 4, str x2, [x1]
        STORE_FAULTS 7, str x2, [x1], #1
        STORE_FAULTS -9 & 15, str x2, [x1, #0]!
        STORE_FAULTS 8, str q2, [x1]
        STORE_FAULTS 15, stur q2, [x1]
        STORE_FAULTS 8, stp x2, x3, [x1]
        STORE_FAULTS 4, stp w2, w3, [x1], #16
        STORE_FAULTS 12, stp x2, x3, [x1], #16
        STORE_FAULTS 16, stp q2, q3, [x1]
        STORE_FAULTS 16, st1 {v2.16b, v3.16b}, [x1]
        STORE_FAULTS 16, st4 {v0.8b-v3.8b}, [x1], #32
        .endm

main:
        mov     x29, x30
        bl      mmu_on
        PTE     PAGE, page_a + D_PAGE
        ldr     x0, =page_a + 0x1000 - 32
        ldr     x2, =0x1111111111111111
        stp     x2, x2, [x0]
        stp     x2, x2, [x0, #16]
        mov     x2, #-1
        mov     x3, #-1
        dup     v2.2d, x2
        dup     v3.2d, x2
        bl      unmapped
        bl      read_only
        bl      loads
        bl      both
        ret     x29

unmapped:
        mov     x28, x30
        .set    FSC, 7
        STORES
        ret     x28
read_only:
        mov     x28, x30
        PTE     NEXT, page_b + D_PAGE + D_RO
        .set    FSC, 0xf
        STORES
        PTE     NEXT, 0
        ret     x28

loads:
        mov     x28, x30
        LOAD_FAULTS 1, ldrh w2, [x1]
        LOAD_FAULTS 2, ldr w2, [x1], #4
        LOAD_FAULTS 7, ldr x2, [x1], #1
        LOAD_FAULTS 8, ldp x2, x3, [x1]
        LOAD_FAULTS 12, ldp x2, x3, [x1], #16
        LOAD_FAULTS 4, ldpsw x2, x3, [x1]
        LOAD_FAULTS 8, ldr q2, [x1], #16
        mov     x2, v2.d[0]
        CHECK   x2, -1
        LOAD_FAULTS 16, ld1 {v2.16b, v3.16b}, [x1], #32
        mov     x2, v2.d[0]
        CHECK   x2, -1
        // the first page missing: its first byte is reported
        PTE     PAGE, 0
        PTE     NEXT, page_b + D_PAGE
        ldr     x1, =PAGE + 0xffd
        TRY     ldr x2, [x1]
        EXC     SYNC1, DABORT1 | 7, PAGE + 0xffd, 0
        TRY     str x2, [x1]
        EXC     SYNC1, DABORT1 | WNR | 7, PAGE + 0xffd, 0
        ldr     x10, =page_b
        ldr     x11, [x10]
        CHECK   x11, 0
        ret     x28

        // Pages that follow one another nowhere but in the table
both:
        mov     x28, x30
        PTE     PAGE, page_b + D_PAGE
        PTE     NEXT, page_a + D_PAGE
        ldr     x1, =PAGE + 0xffb
        ldr     x2, =0x8877665544332211
        str     x2, [x1]
        ldr     x3, [x1]
        CHECK   x3, 0x8877665544332211
        ldr     x10, =page_b
        ldr     x4, [x10, #0xff8]
        CHECK   x4, 0x5544332211000000
        ldr     x10, =page_a
        ldr     x4, [x10]
        CHECK   x4, 0x0000000000887766
        sub     x1, x1, #3
        ldp     x4, x5, [x1]
        CHECK   x4, 0x5544332211000000
        CHECK   x5, 0x0000000000887766
        ldr     q0, [x1, #-4]!
        mov     x4, v0.d[1]
        CHECK   x4, 0x0088776655443322
        ldrsw   x4, [x1, #10]
        CHECK   x4, 0x0000000077665544
        ret     x28

        .bss
        .balign 4096
page_a: .skip   4096
        .skip   4096
page_b: .skip   4096
