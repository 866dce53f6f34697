/*
 * a64_rig.h - a small A64 machine for random programs: where things are, and how it is loaded. Private to a64_*.c.
 *
 * RAM is 64 pages: translation tables (twice: little and big endian), vectors, two pages of code, data. Virtual
 * addresses in 2 MB steps from RAM on: [0] RAM itself; [1] data, a page of each kind; [2] and [3] RAM again, for EL1
 * and for EL0, writable and executable; [4] the same as one block. TTBR1 maps RAM once more at AF_HIGH. Two tables
 * for TTBR0 differ in one page.
 */
#pragma once
#include "frontend/arm/a64_decode.h"
#include "frontend/arm/sysregs.h"
#include "tests/fuzz/fuzz.h"

#define AF_RAM       0x40000000ull
#define AF_PAGES     64u
#define AF_VEC_PAGE  24u
#define AF_CODE_PAGE 26u   /* and the next */
#define AF_DATA_PAGE 28u   /* first frame of data */
#define AF_STEP      0x200000ull
#define AF_HIGH      0xffffff8040040000ull /* RAM; an offset that collides with nothing in the TLB */
#define AF_IO        0x09000000ull
#define AF_VECTORS(base) ((base) + AF_VEC_PAGE * PAGE_SIZE)
#define AF_CODE(base)    ((base) + AF_CODE_PAGE * PAGE_SIZE)
#define AF_CODE_BYTES    (2 * PAGE_SIZE)
#define AF_DATA      (AF_RAM + AF_STEP)

/* Pages from AF_DATA on. */
enum af_page {
    AF_RW0, AF_RW1, AF_EL1, AF_RO, AF_EL1_RO, AF_RW2, AF_NONE, AF_NO_AF, AF_DEVICE, AF_MMIO, AF_ALIAS, AF_BY_TABLE,
    AF_NOTHING, AF_TABLE, AF_CODE_RW, AF_EXEC, AF_DATA_PAGES
};
/* Where RAM is seen. */
enum af_view { AF_FLAT, AF_VIEW_EL1, AF_VIEW_EL0, AF_VIEW_BLOCK, AF_VIEW_HIGH, AF_VIEWS };
u64 af_view(enum af_view w);
u64 af_ttbr0(u32 table, bool big_endian); /* table 0 or 1; without ASID */
u64 af_ttbr1(bool big_endian);
u64 af_data_desc(enum af_page p, u32 table); /* level 3 descriptor */
#define AF_TCR (25ull | 25ull << 16 | 2ull << 30 | 5ull << 32) /* 39 bits both, 4 KB, 48-bit output */
#define AF_MAIR 0x044400ffull /* normal, device nGnRnE, non-cacheable, device nGnRE */

#define AF_WORDS 256u
struct af_prog {
    u64               seed;
    u32               count;    /* words */
    u32               at;       /* of the first in the two pages of code, in bytes */
    u32               word[AF_WORDS];
    struct a64_state  s;
    u64               pc;
    struct fuzz_plan  plan;
};

/* What can be seen of a run besides state, memory and struct vcpu_state. */
struct af_seen {
    u64 trace, events; /* exceptions and interrupts taken: a hash of the state then; number */
    u64 io;            /* accesses of the device and of system register ports */
};

struct af_rig {
    struct machine    *m;
    struct vcpu       *v;
    struct memobj     *ram;
    struct guest       guest;  /* A64 whose exceptions leave a trace */
    struct sysreg_port port;
    struct af_seen     seen;
};
struct af_rig *af_rig_new(const struct engine *en, struct err *e);
void af_rig_free(struct af_rig *g); /* NULL is fine */
void af_make_image(u8 *image);      /* AF_PAGES pages of RAM without a program */
void af_rig_load(struct af_rig *g, const struct af_prog *p, const u8 *image);
/* The word at a virtual address, as a fetch would find it now; false: a fetch would fail. */
bool af_fetch(struct af_rig *g, gva pc, u32 *word);
