/*
 * irf_gen.h - the state of the IR generator, shared by irf_gen.c (values, shapes) and irf_gen_mem.c (memory,
 * helpers).
 */
#pragma once
#include "tests/fuzz/irf_rig.h"

struct irf_gen {
    struct fuzz_rng          r;
    const struct irf_layout *y;
    const struct irf_forms  *f;
    struct ir_block         *b;       /* the fragment under construction */
    struct irf_frag         *to;
    u16                      form[IRF_OPS + 64]; /* by instruction, as irf_frag.form */
    ir_ref                   visible[IRF_OPS + 64];
    u32                      visible_count;
    u8                       set[IRF_FIELDS];    /* fields set since the last insn or label */
    u8                       indexed[IR_TYPE_COUNT]; /* ... by setx */
    bool                     effect;  /* nothing may fault any more */
};

/* A value of type t: one at hand, a field, or a constant. */
ir_ref irf_want(struct irf_gen *g, enum ir_type t);
ir_ref irf_constant(struct irf_gen *g, enum ir_type t);
static inline ir_ref irf_keep(struct irf_gen *g, ir_ref v)
{
    g->visible[g->visible_count++] = v;
    return v;
}
static inline ir_ref irf_i64(struct irf_gen *g, u64 v) { return ir_const(g->b, IR_I64, v); }
/* No more room in the fragment. */
static inline bool irf_full(const struct irf_gen *g) { return g->b->count + 40 > IRF_OPS; }
/* One access, or a few that belong together. May set g->effect. */
void irf_access(struct irf_gen *g);
void irf_helper(struct irf_gen *g);
