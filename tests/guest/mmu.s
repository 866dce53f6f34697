// mmu.s - translation: maintenance, ASIDs, global entries, AT, block sizes, tables' attributes, tags (DDI 0487, D8).
// qemu: differs in PAR_EL1.SH of Device memory (D17.2.108 has it outer shareable).
        .include "common.inc"

        .equ    PAGE, TEST_VA + 0x3000
        .equ    PAGE2, TEST_VA + 0x4000
        .equ    ASID1, 1 << 48
        .equ    ASID2, 2 << 48
        .equ    DABORT1, 0x25 << 26 | IL

        .macro  BLOCK table, index, value
        ldr     x1, =\table + \index * 8
        ldr     x2, =(\value)
        str     x2, [x1]
        dsb     ish
        tlbi    vmalle1
        dsb     ish
        isb
        .endm

        // Changes a descriptor without maintenance
        .macro  QUIET va, value
        ldr     x16, =l3_test + ((\va) >> 12 & 511) * 8
        ldr     x17, =(\value)
        str     x17, [x16]
        dsb     ish
        isb
        .endm

        .macro  SYNC
        dsb     ish
        isb
        .endm

        .macro  TTBR0 value
        ldr     x16, =(\value)
        msr     ttbr0_el1, x16
        isb
        .endm

        .macro  READS va, want
        ldr     x1, =(\va)
        TRY     ldr x2, [x1]
        NOEXC
        CHECK   x2, \want
        .endm

        .macro  PAR op, va, want
        ldr     x1, =(\va)
        at      \op, x1
        isb
        mrs     x2, par_el1
        and     x2, x2, #~(1 << 9)      // NS: UNKNOWN
        CHECK   x2, \want
        .endm

main:
        mov     x29, x30
        ldr     x1, =page_a
        mov     x2, #0xaa
        str     x2, [x1]
        ldr     x1, =page_b
        mov     x2, #0xbb
        str     x2, [x1]
        bl      mmu_on
        bl      maintenance
        bl      asids
        bl      blocks
        bl      tables
        bl      at_ops
        bl      tags
        bl      halves
        ret     x29

        // Each TLBI that covers the page makes the new descriptor seen
        .macro  OBSERVES first:vararg
        PTE     PAGE, page_a + D_PAGE
        READS   PAGE, 0xaa
        QUIET   PAGE, page_b + D_PAGE
        \first
        SYNC
        READS   PAGE, 0xbb
        .endm

maintenance:
        mov     x28, x30
        ldr     x5, =PAGE >> 12
        OBSERVES tlbi vmalle1
        OBSERVES tlbi vmalle1is
        OBSERVES tlbi vae1, x5
        OBSERVES tlbi vae1is, x5
        OBSERVES tlbi vale1, x5
        OBSERVES tlbi vaae1, x5
        OBSERVES tlbi vaae1is, x5
        OBSERVES tlbi vaale1is, x5
        // Valid to invalid, and back without maintenance: faults are never cached
        PTE     PAGE, 0
        ldr     x1, =PAGE
        TRY     ldr x2, [x1]
        EXC     SYNC1, DABORT1 | 7, PAGE, 0
        QUIET   PAGE, page_a + D_PAGE
        READS   PAGE, 0xaa
        // More rights without maintenance, the same
        PTE     PAGE, page_a + D_PAGE + D_RO
        READS   PAGE, 0xaa
        ldr     x1, =PAGE + 8
        TRY     str x1, [x1]
        EXC     SYNC1, DABORT1 | 1 << 6 | 0xf, PAGE + 8, 0
        ret     x28

        // nG pages belong to an ASID
asids:
        mov     x28, x30
        PTE     PAGE, page_a + D_PAGE + D_NG
        PTE     PAGE2, page_a + D_PAGE
        TTBR0   l0 + ASID1
        READS   PAGE, 0xaa
        READS   PAGE2, 0xaa
        QUIET   PAGE, page_b + D_PAGE + D_NG
        TTBR0   l0 + ASID2
        READS   PAGE, 0xbb              // never seen in this ASID
        QUIET   PAGE, page_a + D_PAGE + D_NG
        ldr     x5, =ASID2
        tlbi    aside1is, x5
        SYNC
        READS   PAGE, 0xaa
        QUIET   PAGE, page_b + D_PAGE + D_NG
        ldr     x5, =ASID2 | PAGE >> 12
        tlbi    vae1is, x5
        SYNC
        READS   PAGE, 0xbb
        ldr     x5, =ASID1 | PAGE >> 12 // a by-address operation of another ASID does reach global entries
        QUIET   PAGE2, page_b + D_PAGE
        ldr     x5, =ASID1 | PAGE2 >> 12
        tlbi    vae1is, x5
        SYNC
        READS   PAGE2, 0xbb
        TTBR0   l0 + ASID1
        READS   PAGE2, 0xbb
        ldr     x5, =PAGE >> 12         // by address in all ASIDs
        QUIET   PAGE, page_a + D_PAGE + D_NG
        tlbi    vaae1is, x5
        SYNC
        READS   PAGE, 0xaa
        TTBR0   l0 + ASID2
        READS   PAGE, 0xaa
        TTBR0   l0
        tlbi    vmalle1
        SYNC
        ret     x28

blocks:
        mov     x28, x30
        BLOCK   l1, 5, 0x40000000 | D_BLOCK
        READS   0x140000000 + page_a - 0x40000000, 0xaa
        READS   0x140000000 + page_b - 0x40000000, 0xbb
        BLOCK   l2_test, 2, 0x40200000 | D_BLOCK
        READS   TEST_VA + 0x400000 + page_b - 0x40200000, 0xbb
        // invalidating one address of a block drops what was cached of it
        ldr     x1, =l2_test + 16
        ldr     x2, =0x40400000 | D_BLOCK
        str     x2, [x1]
        ldr     x5, =(TEST_VA + 0x5ff000) >> 12
        dsb     ish
        tlbi    vaae1is, x5
        SYNC
        PAR     s1e1r, TEST_VA + 0x400000, 0x40400000 | 0xff << 56 | 1 << 11 | 3 << 7
        // A loop over 300 pages: more than small TLBs hold
        mov     x3, #0
        ldr     x1, =0x140000000 + page_a - 0x40000000
        mov     x4, #300
1:      ldr     x2, [x1]
        add     x3, x3, x2
        sub     x4, x4, #1
        cbnz    x4, 1b
        CHECK   x3, 0xaa * 300
        ret     x28

        // APTable, UXNTable, PXNTable
tables:
        mov     x28, x30
        PTE     PAGE, page_a + D_PAGE + D_USER
        BLOCK   l2_test, 0, l3_test + D_TABLE + (1 << 62) // APTable[1]: read only
        ldr     x1, =PAGE + 8
        TRY     str x1, [x1]
        EXC     SYNC1, DABORT1 | 1 << 6 | 0xf, PAGE + 8, 0
        TRY0    ldr x2, [x1]
        NOEXC0
        BLOCK   l2_test, 0, l3_test + D_TABLE + (1 << 61) // APTable[0]: not for EL0
        ldr     x1, =PAGE + 8
        TRY0    ldr x2, [x1]
        EXC     SYNC0, 0x24 << 26 | IL | 0xf, PAGE + 8, 0
        TRY     str x1, [x1]
        NOEXC
        PTE     PAGE, page_a + D_PAGE
        BLOCK   l2_test, 0, l3_test + D_TABLE + (1 << 59) // PXNTable
        ldr     x1, =PAGE
        TRY     br x1
        EXC     SYNC1, 0x21 << 26 | IL | 0xf, PAGE
        BLOCK   l2_test, 0, l3_test + D_TABLE + (1 << 60) // UXNTable
        ldr     x1, =PAGE
        TRY0    br x1
        EXC     SYNC0, 0x20 << 26 | IL | 0xf, PAGE
        BLOCK   l2_test, 0, l3_test + D_TABLE
        ret     x28

        // PAR_EL1: attributes 63:56, address, bit 11 one, shareability 8:7; faults: FST 6:1
at_ops:
        mov     x28, x30
        PTE     PAGE, page_a + D_PAGE + D_USER + D_RO
        PAR     s1e1r, PAGE + 0x123, page_a + (0xff << 56 | 1 << 11 | 3 << 7)
        PAR     s1e0r, PAGE + 0x123, page_a + (0xff << 56 | 1 << 11 | 3 << 7)
        PAR     s1e1w, PAGE, 1 | 0xf << 1 | 1 << 11
        PAR     s1e0w, PAGE, 1 | 0xf << 1 | 1 << 11
        PTE     PAGE, page_a + D_PAGE
        PAR     s1e1w, PAGE, page_a + (0xff << 56 | 1 << 11 | 3 << 7)
        PAR     s1e0r, PAGE, 1 | 0xf << 1 | 1 << 11
        PTE     PAGE, page_a + 0x703            // Device: outer shareable
        PAR     s1e1r, PAGE, page_a + (1 << 11 | 2 << 7)
        PTE     PAGE, page_a + (D_PAGE - 0x300)    // not shareable
        PAR     s1e1r, PAGE, page_a + (0xff << 56 | 1 << 11)
        PAR     s1e1r, TEST_VA + 0x8000, 1 | 7 << 1 | 1 << 11
        PAR     s1e1r, TEST_VA + 0x200000, 1 | 6 << 1 | 1 << 11
        PAR     s1e1r, 0x100000000, 1 | 5 << 1 | 1 << 11
        PAR     s1e1r, 1 << 39, 1 | 4 << 1 | 1 << 11
        PTE     PAGE, page_a + D_PAGE - D_AF
        PAR     s1e1r, PAGE, 1 | 0xb << 1 | 1 << 11
        // PAN counts for the P forms alone
        PTE     PAGE, page_a + D_PAGE + D_USER
        msr     pan, #1
        PAR     s1e1r, PAGE, page_a + (0xff << 56 | 1 << 11 | 3 << 7)
        PAR     s1e1rp, PAGE, 1 | 0xf << 1 | 1 << 11
        PAR     s1e1wp, PAGE, 1 | 0xf << 1 | 1 << 11
        msr     pan, #0
        PAR     s1e1wp, PAGE, page_a + (0xff << 56 | 1 << 11 | 3 << 7)
        ret     x28

tags:
        mov     x28, x30
        PTE     PAGE, page_a + D_PAGE
        ldr     x1, =PAGE | 0x5a << 56
        TRY     ldr x2, [x1]
        EXC     SYNC1, DABORT1 | 4, PAGE | 0x5a << 56, 0
        ldr     x0, =TCR_INIT | 1 << 37         // TBI0
        msr     tcr_el1, x0
        isb
        tlbi    vmalle1
        SYNC
        READS   PAGE | 0x5a << 56, 0xaa
        READS   PAGE | 0x01 << 56, 0xaa
        PTE     PAGE, page_b + D_PAGE           // maintenance does without the tag
        READS   PAGE | 0x5a << 56, 0xbb
        ldr     x1, =TEST_VA + 0x8000 | 0x77 << 56 // FAR_EL1 keeps it
        TRY     ldr x2, [x1]
        EXC     SYNC1, DABORT1 | 7, TEST_VA + 0x8000 | 0x77 << 56, 0
        // A branch takes the tag off
        ldr     x1, =TEST_VA + 0x8000 | 0x77 << 56
        TRY     br x1
        EXC     SYNC1, 0x21 << 26 | IL | 7, TEST_VA + 0x8000
        FIELD   EXC_ELR, TEST_VA + 0x8000
        ldr     x1, =0xff7f000000000010         // TBI1 is off
        TRY     ldr x2, [x1]
        EXC     SYNC1, DABORT1 | 4, 0xff7f000000000010, 0
        ldr     x0, =TCR_INIT
        msr     tcr_el1, x0
        isb
        tlbi    vmalle1
        SYNC
        ret     x28

        // TTBR1, and TCR_EL1.EPD1
halves:
        mov     x28, x30
        BLOCK   l0_high, 511, l1 + D_TABLE
        READS   0xffffff8000000000 + page_a, 0xaa
        ldr     x0, =TCR_INIT | 1 << 23
        msr     tcr_el1, x0
        isb
        tlbi    vmalle1
        SYNC
        ldr     x1, =0xffffff8000000000 + page_a
        TRY     ldr x2, [x1]
        EXC     SYNC1, DABORT1 | 4, 0xffffff8000000000 + page_a, 0
        ldr     x0, =TCR_INIT & ~(63 << 16) | 25 << 16 // T1SZ 25: the walk starts at level 1
        msr     tcr_el1, x0
        ldr     x0, =l1
        msr     ttbr1_el1, x0
        isb
        tlbi    vmalle1
        SYNC
        READS   0xffffff8000000000 + page_b, 0xbb
        ldr     x1, =0xffffff7fffffff00         // below: outside
        TRY     ldr x2, [x1]
        FIELD   EXC_ESR, DABORT1 | 4
        ret     x28

        .bss
        .balign 4096
page_a: .skip   4096
page_b: .skip   4096
