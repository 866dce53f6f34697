// selfmod.s - code that is written and run, with the maintenance that the architecture asks for (DDI 0487, B2.4.4).
        .include "common.inc"
        .equ    MOV0, 0xd2800000                // MOVZ X0, #0

        .macro  PUBLISH reg
        dc      cvau, \reg
        dsb     ish
        ic      ivau, \reg
        dsb     ish
        isb
        .endm

main:
        mov     x29, x30
        bl      same_block
        bl      next_block
        bl      loop
        bl      pages
        bl      without
        bl      mmu_on
        bl      alias
        bl      straddle
        ret     x29

same_block:
        mov     x28, x30
        adr     x1, 1f
        ldr     w2, =MOV0 | 7 << 5
        mov     x3, #0
        str     w2, [x1]
        PUBLISH x1
        add     x3, x3, #1
1:      mov     x0, #1
        add     x3, x3, #1
        CHECK   x0, 7
        CHECK   x3, 2
        ret     x28

next_block:
        mov     x28, x30
        mov     x5, #0
        adr     x1, 1f
        ldr     w2, =MOV0 | 1 << 5
2:      str     w2, [x1]
        PUBLISH x1
        b       1f
        nop
1:      mov     x0, #0
        add     x5, x5, x0
        add     w2, w2, #1 << 5
        cmp     x0, #20
        b.ne    2b
        CHECK   x5, 210
        ret     x28

        // A function that is rewritten each time it was run; and the one behind it in the line, untouched
loop:
        mov     x28, x30
        ldr     x6, =code_a
        ldr     w3, =0xd65f03c0                 // RET
        ldr     w2, =MOV0
        mov     x4, #0
        mov     x5, #0
        str     w3, [x6, #4]
        ldr     w7, =MOV0 | 3 << 5
        stp     w7, w3, [x6, #8]
        add     x7, x6, #8
1:      orr     w8, w2, w4, lsl #5
        str     w8, [x6]
        PUBLISH x6
        blr     x6
        add     x5, x5, x0
        blr     x7
        add     x5, x5, x0
        add     x4, x4, #1
        cmp     x4, #500
        b.ne    1b
        CHECK   x5, 500 * 499 / 2 + 1500
        ret     x28

        // Copied from page to page, called there
pages:
        mov     x28, x30
        ldr     x6, =code_a
        ldr     x9, =code_b
        mov     x4, #50
        mov     x5, #0
1:      ldr     w8, =MOV0
        orr     w8, w8, w4, lsl #5
        ldr     w3, =0xd65f03c0
        stp     w8, w3, [x6]
        ldr     x2, [x6]
        str     x2, [x9]
        PUBLISH x9
        blr     x9
        add     x5, x5, x0
        add     x9, x9, #64
        sub     x4, x4, #1
        cbnz    x4, 1b
        CHECK   x5, 50 * 51 / 2
        ret     x28

        // CTR_EL0.IDC and DIC: an ISB is enough
without:
        mov     x28, x30
        mrs     x0, ctr_el0
        ubfx    x0, x0, #28, #2
        cmp     x0, #3
        b.ne    9f
        adr     x1, 1f
        ldr     w2, =MOV0 | 9 << 5
        str     w2, [x1]
        dsb     ish
        isb
1:      mov     x0, #1
        CHECK   x0, 9
9:      ret     x28

        // Written through another address, of which the code knows nothing
alias:
        mov     x28, x30
        PTE     TEST_VA, code_a + D_PAGE
        ldr     x1, =TEST_VA
        ldr     x6, =code_a
        ldr     w3, =0xd65f03c0
        str     w3, [x6, #4]
        mov     x4, #20
        mov     x5, #0
1:      ldr     w8, =MOV0
        orr     w8, w8, w4, lsl #5
        str     w8, [x6]
        PUBLISH x6
        blr     x1
        add     x5, x5, x0
        orr     w8, w8, #1 << 12
        str     w8, [x1]
        PUBLISH x1
        blr     x6
        add     x5, x5, x0
        sub     x4, x4, #1
        cbnz    x4, 1b
        CHECK   x5, 20 * 21 + 20 * 128
        ret     x28

        // The page behind the address changes: TLB maintenance alone makes other code run
straddle:
        mov     x28, x30
        ldr     x6, =code_a
        ldr     x9, =code_b
        ldr     x2, =0xd65f03c0d2800000 | 0xa << 5
        str     x2, [x6]
        ldr     x2, =0xd65f03c0d2800000 | 0xb << 5
        str     x2, [x9]
        PUBLISH x6
        PUBLISH x9
        ldr     x1, =TEST_VA
        mov     x4, #3
1:      PTE     TEST_VA, code_a + D_PAGE
        blr     x1
        CHECK   x0, 0xa
        PTE     TEST_VA, code_b + D_PAGE
        blr     x1
        CHECK   x0, 0xb
        sub     x4, x4, #1
        cbnz    x4, 1b
        // A function that goes over the end of the page, the second one changing
        PTE     TEST_VA + 0x1000, code_a + D_PAGE
        ldr     w2, =MOV0 | 5 << 5
        str     w2, [x9, #0xffc]
        ldr     w2, =0x9100c000                 // ADD X0, X0, #0x30
        str     w2, [x6]
        add     x7, x9, #0xffc
        PUBLISH x7
        PUBLISH x6
        add     x1, x1, #0xffc
        blr     x1
        CHECK   x0, 0x35
        ldr     w2, =0x91010000                 // ADD X0, X0, #0x40
        str     w2, [x6]
        PUBLISH x6
        blr     x1
        CHECK   x0, 0x45
        ret     x28

        .bss
        .balign 4096
code_a: .skip   4096
code_b: .skip   8192
