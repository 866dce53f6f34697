/*
 * x86_gen.h - random instructions from the decode rows, random programs of them. Private to x86_*.c.
 */
#pragma once
#include "tests/fuzz/x86_rig.h"

enum xf_class {
    XF_C_INT, XF_C_BRANCH, XF_C_STACK, XF_C_FAR, XF_C_STRING, XF_C_IO, XF_C_SEGMENT, XF_C_SYSTEM, XF_C_X87, XF_C_MMX,
    XF_C_FP, XF_C_VECTOR, XF_C_COUNT
};

/* What the generator knows of the rows; made once. */
struct xf_rows {
    const u64 *features;
    u16 row[XF_C_COUNT][X86_ROW_COUNT], count[XF_C_COUNT]; /* rows of a class */
    u16 wanted[X86_ROW_COUNT], wanted_count;               /* of --group */
    u8  cls[X86_ROW_COUNT];
};
void xf_rows_init(struct xf_rows *rows, const char *group);

/* Branches whose targets are known when the program is whole. */
struct xf_fix {
    u16 insn, target;  /* instructions */
    u8  size;          /* of the offset, the instruction's last bytes */
    u8  at;            /* absolute: the position of 4 bytes in it that get the address; else 0 */
    u32 base;
};
#define XF_FIXES 256u

struct xf_gen {
    struct fuzz_rng       r;
    const struct xf_rows *rows;
    struct xf_prog       *p;
    u64                   mode;     /* X86_M_ bits for the decoder */
    u32                   bits;     /* of code: 16, 32, 64 */
    u32                   want;     /* instructions the program shall have */
    u16                   weight[XF_C_COUNT];
    bool                  user, tame; /* tame: few accesses fault */
    enum xf_paging        paging;
    enum xf_view          view;     /* where the program runs */
    u64                   high;     /* XF_HIGH or 0 */
    u32                   ds_base;
    u32                   fixes;
    struct xf_fix         fix[XF_FIXES];
};

/* Appends one instruction. */
void xf_bytes(struct xf_gen *g, const u8 *bytes, u32 n);
#define XF_INSN(g, ...) xf_bytes(g, (const u8[]){ __VA_ARGS__ }, sizeof((const u8[]){ __VA_ARGS__ }))
void xf_mov(struct xf_gen *g, u32 reg, u64 val);    /* outside 64-bit programs: of 32 bits; registers up to 7 */
void xf_mov_label(struct xf_gen *g, u32 reg, u32 insn, u64 base); /* base: of the segment it is meant for */
/* Bytes of an instruction of the row; 0: none was found. */
u32  xf_insn(struct xf_gen *g, u32 row, u8 bytes[16]);
void xf_any(struct xf_gen *g);                       /* appends one of any row, by the program's weights */
/* An address of data that is good, or bad in an interesting way: an offset in the segments of data. */
u64  xf_pointer(struct xf_gen *g);
u32  xf_selector(struct xf_gen *g);
u32  xf_later(struct xf_gen *g);                     /* an instruction, mostly further on */
u64  xf_cr4(struct xf_gen *g);
u32  xf_mxcsr(struct fuzz_rng *r);
u64  xf_flags(struct xf_gen *g);
/* Sequences that random single instructions would hardly make. */
void xf_sequence(struct xf_gen *g);

void xf_generate(struct xf_prog *p, const struct xf_rows *rows, u64 seed);
