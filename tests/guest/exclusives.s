// exclusives.s - the exclusive monitor, compare and swap, atomics on one processor (DDI 0487, B2.9).
        .include "common.inc"

main:
        mov     x29, x30
        ldr     x1, =cell
        mov     x2, #0x11
        stp     x2, x2, [x1]
        // Success: 0, and the store is done
        mov     x3, #0x22
        ldxr    x2, [x1]
        stxr    w4, x3, [x1]
        CHECK   x2, 0x11
        CHECK   x4, 0
        ldr     x2, [x1]
        CHECK   x2, 0x22
        // Only once for one load
        mov     x3, #0x33
        stxr    w4, x3, [x1]
        CHECK   x4, 1
        ldr     x2, [x1]
        CHECK   x2, 0x22
        // CLREX
        ldxr    x2, [x1]
        clrex
        stxr    w4, x3, [x1]
        CHECK   x4, 1
        // An exception return, through an exception at EL1 or to EL0 and back
        ldxr    x2, [x1]
        TRY     svc #1
        stxr    w4, x3, [x1]
        CHECK   x4, 1
        ldr     x2, [x1]
        CHECK   x2, 0x22
        TRY0    ldxr x2, [x1]
        stxr    w4, x3, [x1]
        CHECK   x4, 1
        // Plain loads and the status of 32 bits
        mov     x4, #-1
        ldaxr   w2, [x1]
        ldr     x5, [x1, #8]
        stlxr   w4, w3, [x1]
        CHECK   x4, 0
        ldr     x2, [x1]
        CHECK   x2, 0x33
        // Bytes and halfwords
        mov     x3, #0x1fe
        ldxrb   w2, [x1, #0]
        stxrb   w4, w3, [x1]
        CHECK   x4, 0
        ldr     x2, [x1]
        CHECK   x2, 0xfe
        add     x6, x1, #2
        mov     x3, #0x7fff
        ldaxrh  w2, [x6]
        stlxrh  w4, w3, [x6]
        CHECK   x4, 0
        ldr     x2, [x1]
        CHECK   x2, 0x7fff00fe
        // Pairs
        mov     x7, #0x77
        mov     x8, #0x88
        ldxp    x2, x3, [x1]
        stxp    w4, x7, x8, [x1]
        CHECK   x3, 0x11
        CHECK   x4, 0
        ldp     x2, x3, [x1]
        CHECK   x2, 0x77
        CHECK   x3, 0x88
        ldaxp   w2, w3, [x1]
        CHECK   x2, 0x77
        CHECK   x3, 0
        stlxp   w4, w8, w7, [x1]
        CHECK   x4, 0
        ldr     x2, [x1]
        CHECK   x2, 0x0000007700000088
        // Bytes that are not those seen: the store fails, also when only the second half has changed
        ldxp    x2, x3, [x1]
        str     x7, [x1, #8]
        stxp    w4, x8, x8, [x1]
        CHECK   x4, 1
        ldp     x2, x3, [x1]
        CHECK   x2, 0x0000007700000088
        CHECK   x3, 0x77
        // A store that fails to a read-only page keeps the memory; with the monitor set it faults
        bl      mmu_on
        PTE     TEST_VA, cell_page + D_PAGE + D_RO
        ldr     x1, =TEST_VA
        TRY     ldxr x2, [x1]
        NOEXC
        ldxr    x2, [x1]
        TRY     stxr w4, x3, [x1]
        EXC     SYNC1, 0x25 << 26 | IL | 1 << 6 | 0xf, TEST_VA, 0
        // The same memory at another address: other instructions of one processor see one another
        PTE     TEST_VA, cell_page + D_PAGE
        ldr     x1, =TEST_VA
        ldr     x5, =cell
        mov     x2, #5
        str     x2, [x5]
        mov     x3, #7
        cas     x2, x3, [x1]
        CHECK   x2, 5
        ldr     x4, [x5]
        CHECK   x4, 7
        cas     x2, x3, [x1]            // 5 is not there any more
        CHECK   x2, 7
        ldaddal x3, x4, [x1]
        CHECK   x4, 7
        swp     xzr, x4, [x1]
        CHECK   x4, 14
        stp     x7, x8, [x5]
        mov     x2, x7
        mov     x3, x8
        mov     x10, #1
        mov     x11, #2
        caspal  x2, x3, x10, x11, [x1]
        ldp     x2, x3, [x5]
        CHECK   x2, 1
        CHECK   x3, 2
        mov     x12, #3
        mov     x13, #4
        mov     x2, #9
        caspal  x2, x3, x12, x13, [x1]
        CHECK   x2, 1
        CHECK   x3, 2
        mov     x3, #9                  // the first half agrees, the second does not
        caspal  x2, x3, x12, x13, [x1]
        CHECK   x2, 1
        CHECK   x3, 2
        ldp     x2, x3, [x5]
        CHECK   x2, 1
        CHECK   x3, 2
        // A loop, as everyone has it
        mov     x5, #1000
        str     xzr, [x1]
1:      ldaxr   x2, [x1]
        add     x2, x2, #3
        stlxr   w4, x2, [x1]
        cbnz    w4, 1b
        sub     x5, x5, #1
        cbnz    x5, 1b
        ldr     x2, [x1]
        CHECK   x2, 3000
        ret     x29

        .bss
        .balign 4096
cell_page:
cell:   .skip   4096
