/*
 * interp.h - the reference engine: runs the IR as lifted, before any pass.
 *
 * Each IR block is lowered once into threaded code: an op holds the address of its handler and pointers to
 * its operands. Values that are plain reads of guest state, constants, truncations or lane extractions cost
 * nothing: their pointer aims at the state, the constant pool, or into the other value. Exact to the
 * instruction: the count and pc are right at every helper call, slow memory access and exception.
 */
#pragma once
#include "backend/common/common.h"

extern const struct engine interp_engine;

/* ---- as the one-instruction path of another engine, whose engine_data holds the struct ---- */
struct interp;
/* Blocks of at most max_insns instructions, of at most max_bytes of threaded code. Fails without host memory. */
struct interp *interp_new(struct vcpu *v, u32 max_insns, u64 max_bytes, struct err *e) MUST_CHECK;
void           interp_free(struct interp *t);
enum run_exit  interp_run_on(struct interp *t, u64 budget);                              /* struct engine, run */
void           interp_drop(struct interp *t, struct memobj *o, u64 off, u64 len);        /* ... code_written */
void           interp_flush(struct interp *t);                                           /* ... flush */

/* ---- private to backend/interp ---- */

struct iblock;
struct low;

struct iop {
    const void *run;     /* handler label */
    void       *d;       /* result */
    const void *a, *b, *c;
    u64         imm;
    const struct ir_ins *in; /* for the generic handlers: full description */
};

/* Handlers that need more than a row's expression; the rest are named after rows and types. */
#define INTERP_HANDLERS(H)                                                                          \
    H(insn) H(skip) H(exit_direct) H(exit_indirect) H(exit_mode) H(exit_exc)                        \
    H(mov8) H(mov16) H(mov32) H(mov64) H(mov128) H(mov256)                                          \
    H(zx8_16) H(zx8_32) H(zx8_64) H(zx16_32) H(zx16_64) H(zx32_64)                                  \
    H(sx8_16) H(sx8_32) H(sx8_64) H(sx16_32) H(sx16_64) H(sx32_64)                                  \
    H(sxb_8) H(sxb_16) H(sxb_32) H(sxb_64)                                                          \
    H(sel8) H(sel16) H(sel32) H(sel64) H(sel128) H(sel256)                                          \
    H(pc) H(pair) H(vzext32) H(vzext64)                                                                     \
    H(ld8) H(ld16) H(ld32) H(ld64) H(ld128)                                                         \
    H(ldz8_32) H(ldz16_32) H(ldz8_64) H(ldz16_64) H(ldz32_64)                                       \
    H(lds8_32) H(lds16_32) H(lds8_64) H(lds16_64) H(lds32_64)                                       \
    H(st8) H(st16) H(st32) H(st64) H(st128)                                                         \
    H(mem) H(call) H(eval) H(getx) H(setx) H(clrex) H(nop)

enum interp_handler {
#define H(name) IH_##name,
    INTERP_HANDLERS(H)
#undef H
#define OP(name, ...) IH_##name##_i1, IH_##name##_i8, IH_##name##_i16, IH_##name##_i32, IH_##name##_i64, \
                      IH_##name##_f32, IH_##name##_f64,
#define VOP(...)
#define XOP(...)
#include "ir/ops.def"
    IH_COUNT
};

struct iblock {
    struct iblock *hash_next, *page_next, *page2_next;
    struct memobj *obj;
    u64            off;       /* of the first byte in obj */
    struct memobj *obj2;      /* an instruction that crosses into another page: where that begins; else NULL */
    u64            off2;
    u64            mode;
    u32            len;       /* bytes of guest code */
    u32            insns;
    bool           dead;      /* its bytes changed: never entered again */
    struct iblock *next[2];   /* where exit_direct leads within the page; NULL: not known yet */
    i64            next_rel[2];
    struct iop    *ops;
    struct ir_ins *ins;       /* kept for generic handlers and logs */
    u8            *values;    /* slots and constants */
    u32            op_count;
};

/* Jump cache: from virtual pc to block, valid for one fetch epoch. */
#define INTERP_JUMPS 4096u
struct interp_jump {
    u64            pc, mode, epoch;
    struct iblock *b;
};

#define INTERP_HASH 65536u
#define INTERP_MAX_INSNS 64u
#define INTERP_MAX_BYTES (512u << 20) /* of threaded code: then everything is dropped */

struct interp {
    struct vcpu       *v;
    const void *const *labels;
    struct interp_jump jumps[INTERP_JUMPS];
    struct iblock     *hash[INTERP_HASH];
    struct iblock     *pages[INTERP_HASH];
    struct iblock     *pages2[INTERP_HASH]; /* of blocks that cross, by their second page */
    struct iblock     *all;       /* chained by hash_next once dead */
    u64                bytes, max_bytes;
    u32                max_insns;
    bool               full;      /* a run ended because `bytes` is at its bound */
    bool               flush_wanted;
    struct ir_block    ir;        /* scratch of the lifter */
    struct low        *low;       /* scratch of lower.c */
};

/* lower.c: IR to threaded code; *bytes is what it took. Never fails (CHECKs host memory). */
struct low *interp_low_new(void); /* its scratch, freed with free(); NULL: out of memory */
struct iblock *interp_lower(struct interp *t, const struct ir_block *ir, u64 *bytes);
/* cache.c */
struct iblock *interp_lookup(struct interp *t, gva pc, u64 mode); /* NULL: exception taken (fetch fault) */
/* Lifts when missing. NULL: the instruction goes on in the next page. */
struct iblock *interp_find(struct interp *t, struct memobj *o, u64 off, u64 mode);
void interp_free_all(struct interp *t);
/* run.c */
enum run_exit interp_run(struct vcpu *v, u64 budget);
void interp_code_written(struct vcpu *v, struct memobj *o, u64 off, u64 len);
const void *const *interp_labels(void);
