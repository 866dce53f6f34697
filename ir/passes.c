/* passes.c - what every compiled block goes through, in place: forwards, state is forwarded and values are
 * simplified; backwards, dead sets and dead values go; then the rest moves together.
 *
 * Precision: at each instruction that may fault, each helper that may look, each exit, and behind an instruction
 * with a helper of IR_H_SYNC, the state in memory is what the block as lifted would have there. So a set dies only
 * when another set of its field follows with none of these between; engines sink the rest. Debug builds
 * (-DMYNAH_DEBUG) verify the result.
 *
 * Blocks are short and this runs for each: nothing here is cleared beyond what the block needs. */
#include "ir/vec.h"
#include <string.h>

#define FIELDS 2048u /* of a layout that the passes follow; fields beyond are left alone */

static void edit_begin(struct ir_edit *ed, const struct ir_block *b)
{
    for (u32 i = 0; i < b->count; i++)
        ed->to[i] = (ir_ref)i;
    memset(ed->dead, 0, b->count);
    memset(ed->look, 0, b->count);
}

static inline void edit_args(const struct ir_edit *ed, struct ir_ins *in)
{
    for (u32 k = 0; k < 4 && in->arg[k] != IR_NONE; k++)
        in->arg[k] = ed->to[in->arg[k]];
}

/* Removes the dead instructions and renames values. */
static void edit_end(struct ir_edit *ed, struct ir_block *b)
{
    u32 n = 0;
    for (u32 i = 0; i < b->count; i++) {
        if (ed->dead[i]) {
            ed->to[i] = ed->to[ed->to[i]]; /* its replacement is earlier: renamed already */
            continue;
        }
        if (n != i)
            b->ins[n] = b->ins[i];
        edit_args(ed, &b->ins[n]);
        ed->to[i] = (ir_ref)n++;
    }
    b->count = n;
}

#define UNKNOWN (~0u)

static u32 fp_fields(const struct ir_layout *l, u16 *list, u32 max)
{
    u32 n = 0;
    for (u32 f = 0; f < MIN(l->field_count, FIELDS) && n < max; f++)
        if (ir_field_is_fp(l, f))
            list[n++] = (u16)f;
    return n;
}

/* ---- forward state: a get becomes the value that the field is known to hold ---- */

#define LEARNT (2 * IR_BLOCK_MAX)
#define ALL 0xffffu /* in learnt[]: nothing is known from here on */

struct learnt {
    u16 field, at;
};

struct forward {
    struct ir_block   *b;
    struct ir_edit    *ed;
    struct ir_simplify s;
    ir_ref             known[FIELDS];
    struct learnt      learnt[LEARNT];        /* what changed in known[], in order; further ones are only counted */
    u32                learnt_count;
    u16                fp[8];
    u32                fp_count;              /* UNKNOWN until the first FP row */
    u16                skip_at[IR_BLOCK_MAX]; /* by label */
    bool               synced;
};

static void note(struct forward *w, u32 field, u32 at)
{
    if (w->learnt_count < LEARNT)
        w->learnt[w->learnt_count] = (struct learnt){ (u16)field, (u16)at };
    w->learnt_count++;
}

static void learn(struct forward *w, u64 field, ir_ref v, u32 at)
{
    if (field < FIELDS) {
        w->known[field] = v;
        note(w, (u32)field, at);
    }
}

/* getx and setx with a constant index are get and set. */
static void resolve_index(struct ir_block *b, struct ir_ins *in)
{
    if (b->ins[in->arg[0]].op != IR_const)
        return;
    const struct ir_range *r = &b->layout->ranges[in->imm];
    in->imm = r->first + b->ins[in->arg[0]].imm % r->count;
    in->op = in->op == IR_getx ? IR_get : IR_set;
    in->arg[0] = in->arg[1];
    in->arg[1] = IR_NONE;
    in->src = in->arg[0] == IR_NONE ? IR_VOID : b->ins[in->arg[0]].type;
}

static void forget_range(struct forward *w, const struct ir_range *r, u32 at)
{
    for (u32 f = r->first; f < (u32)r->first + r->count; f++)
        learn(w, f, IR_NONE, at);
}

static void forget_all(struct forward *w, u32 at)
{
    memset(w->known, 0xff, MIN(w->b->layout->field_count, FIELDS) * sizeof w->known[0]);
    note(w, ALL, at);
}

/* Behind a label only what was known before its skip and untouched since is known. */
static void forget_since(struct forward *w, u32 skip, u32 at)
{
    if (w->learnt_count > LEARNT) {
        forget_all(w, at);
        return;
    }
    for (u32 k = w->learnt_count; k-- && w->learnt[k].at > skip;) {
        if (w->learnt[k].field == ALL) {
            forget_all(w, at);
            return;
        }
        w->known[w->learnt[k].field] = IR_NONE;
    }
}

static void forward_get(struct forward *w, u32 i)
{
    u64 f = w->b->ins[i].imm;
    if (f < FIELDS && w->known[f] != IR_NONE) {
        w->ed->to[i] = w->known[f];
        w->ed->dead[i] = true;
    } else {
        learn(w, f, (ir_ref)i, i);
    }
}

static void forward_set(struct forward *w, u32 i)
{
    const struct ir_ins *in = &w->b->ins[i];
    if (in->imm < FIELDS && w->known[in->imm] == in->arg[0]) {
        w->ed->dead[i] = true;
        return;
    }
    w->s.last_set = i;
    learn(w, in->imm, in->arg[0], i);
}

static void forget_fp(struct forward *w, u32 at)
{
    if (w->fp_count == UNKNOWN)
        w->fp_count = fp_fields(w->b->layout, w->fp, COUNT(w->fp));
    for (u32 k = 0; k < w->fp_count; k++)
        learn(w, w->fp[k], IR_NONE, at);
}

static void forward_call(struct forward *w, u32 i)
{
    u32 flags = w->b->layout->helpers[w->b->ins[i].imm].flags;
    w->synced |= (flags & IR_H_SYNC) != 0;
    if (flags & (IR_H_WRITES | IR_H_SYNC))
        forget_all(w, i);
}

static void forward_indexed(struct forward *w, u32 i)
{
    struct ir_ins *in = &w->b->ins[i];
    resolve_index(w->b, in);
    if (in->op == IR_get) {
        forward_get(w, i);
    } else if (in->op == IR_set) {
        forward_set(w, i);
    } else if (in->op == IR_setx) {
        w->s.last_set = i;
        forget_range(w, &w->b->layout->ranges[in->imm], i);
    }
}

static void forward_label(struct forward *w, u32 i)
{
    u32 skip = w->skip_at[w->b->ins[i].imm];
    forget_since(w, skip, i);
    ir_simplify_label(&w->s, skip, i);
}

static void forward_ins(struct forward *w, u32 i)
{
    struct ir_ins *in = &w->b->ins[i];
    edit_args(w->ed, in);
    switch (in->op) {
    case IR_insn:
        w->ed->look[i] = w->synced;
        w->synced = false;
        return;
    case IR_get: forward_get(w, i); return;
    case IR_set: forward_set(w, i); return;
    case IR_getx: case IR_setx: forward_indexed(w, i); return;
    case IR_skip: w->skip_at[in->imm] = (u16)i; return;
    case IR_label: forward_label(w, i); return;
    case IR_call: forward_call(w, i); return;
    default: break;
    }
    u32 fx = ir_rows[in->op].effects;
    if (fx & IR_PURE)
        ir_simplify_value(&w->s, i);
    else if (fx & IR_FP)
        forget_fp(w, i);
}

static void forwards(struct ir_block *b, struct ir_edit *ed)
{
    struct forward w;
    w.b = b;
    w.ed = ed;
    w.fp_count = UNKNOWN;
    w.learnt_count = 0;
    memset(w.known, 0xff, MIN(b->layout->field_count, FIELDS) * sizeof w.known[0]);
    w.synced = false;
    ir_simplify_begin(&w.s, b, ed);
    for (u32 i = 0; i < b->count; i++)
        forward_ins(&w, i);
}

/* ---- backwards: is the field overwritten before anything could see it, is the value used at all? ---- */

#define OPEN 16u /* labels waited for at once; more are treated as a look at everything */

struct field_set {
    u64 w[FIELDS / 64];
};

struct kill {
    struct ir_block *b;
    struct ir_edit  *ed;
    struct field_set over;        /* overwritten from here on, unseen */
    u32              words;       /* of a set in use */
    struct field_set at_label[OPEN];
    u64              label[OPEN];
    u32              open;
    u16              fp[8];
    u32              fp_count;    /* UNKNOWN until the first FP row */
    u32              next;        /* live instruction that follows */
    bool             used[IR_BLOCK_MAX];
};

static void see_all(struct kill *w)
{
    memset(w->over.w, 0, w->words * 8);
}

static void see(struct kill *w, u64 f)
{
    if (f < FIELDS)
        w->over.w[f / 64] &= ~(1ull << f % 64);
}

static void kill_set(struct kill *w, u32 i)
{
    u64 f = w->b->ins[i].imm;
    if (f >= FIELDS)
        return;
    if (w->over.w[f / 64] >> f % 64 & 1)
        w->ed->dead[i] = true;
    w->over.w[f / 64] |= 1ull << f % 64;
}

static void kill_label(struct kill *w, u64 label)
{
    if (w->open == OPEN)
        return;
    memcpy(w->at_label[w->open].w, w->over.w, w->words * 8);
    w->label[w->open++] = label;
}

/* From a skip two ways go on: a field must be overwritten on both. */
static void kill_skip(struct kill *w, u64 label)
{
    for (u32 k = w->open; k--;) {
        if (w->label[k] != label)
            continue;
        for (u32 n = 0; n < w->words; n++)
            w->over.w[n] &= w->at_label[k].w[n];
        w->open--;
        w->label[k] = w->label[w->open];
        memcpy(w->at_label[k].w, w->at_label[w->open].w, w->words * 8);
        return;
    }
    see_all(w);
}

static void see_fp(struct kill *w)
{
    if (w->fp_count == UNKNOWN)
        w->fp_count = fp_fields(w->b->layout, w->fp, COUNT(w->fp));
    for (u32 k = 0; k < w->fp_count; k++)
        see(w, w->fp[k]);
}

/* A skip over nothing, and its label. */
static bool drop_skip(struct kill *w, u32 i)
{
    const struct ir_ins *in = &w->b->ins[i];
    u32 n = w->next;
    if (n == w->b->count || w->b->ins[n].op != IR_label || w->b->ins[n].imm != in->imm)
        return false;
    w->ed->dead[i] = w->ed->dead[n] = true;
    while (++n < w->b->count && w->ed->dead[n])
        ;
    w->next = n;
    return true;
}

/* What the instruction, which has effects, does to the fields. False: it went away. */
static bool kill_ins(struct kill *w, u32 i, u32 fx)
{
    const struct ir_ins *in = &w->b->ins[i];
    const struct ir_layout *l = w->b->layout;
    switch (in->op) {
    case IR_set: kill_set(w, i); return !w->ed->dead[i];
    case IR_get: see(w, in->imm); return true;
    case IR_label: kill_label(w, in->imm); return true;
    case IR_skip: kill_skip(w, in->imm); return !drop_skip(w, i);
    case IR_getx:
        for (u32 f = l->ranges[in->imm].first, n = 0; n < l->ranges[in->imm].count; n++)
            see(w, f + n);
        return true;
    case IR_call:
        if (l->helpers[in->imm].flags & (IR_H_READS | IR_H_FAULT | IR_H_MEM | IR_H_SYNC))
            see_all(w);
        return true;
    case IR_insn:
        if (w->ed->look[i])
            see_all(w);
        return true;
    case IR_barrier: return true;
    default: break;
    }
    if (fx & IR_FP)
        see_fp(w);
    else if (fx & (IR_EXIT | IR_MEM))
        see_all(w);
    return true;
}

/* Before what the instruction does to the fields is looked at: one that goes does nothing. */
static bool is_unused(const struct kill *w, u32 i, u32 fx)
{
    u32 op = w->b->ins[i].op;
    return !w->used[i] && (fx & IR_PURE || op == IR_get || op == IR_getx);
}

static void kill_one(struct kill *w, u32 i)
{
    const struct ir_ins *in = &w->b->ins[i];
    u32 fx = ir_rows[in->op].effects;
    if (is_unused(w, i, fx)) {
        w->ed->dead[i] = true;
        return;
    }
    if (!(fx & IR_PURE) && !kill_ins(w, i, fx))
        return;
    for (u32 k = 0; k < 4 && in->arg[k] != IR_NONE; k++)
        w->used[in->arg[k]] = true;
    w->next = i;
}

static void backwards(struct ir_block *b, struct ir_edit *ed)
{
    struct kill w;
    w.b = b;
    w.ed = ed;
    w.words = (MIN(b->layout->field_count, FIELDS) + 63) / 64;
    w.open = 0;
    w.fp_count = UNKNOWN;
    w.next = b->count;
    memset(w.over.w, 0, w.words * 8);
    memset(w.used, 0, b->count);
    for (u32 i = b->count; i--;)
        if (!ed->dead[i])
            kill_one(&w, i);
}

void ir_passes(struct ir_block *b)
{
    struct ir_edit ed;
    edit_begin(&ed, b);
    forwards(b, &ed);
    backwards(b, &ed);
    edit_end(&ed, b);
#ifdef MYNAH_DEBUG
    struct err e;
    if (!ir_verify(b, &e))
        fprintf(stderr, "after the passes: %s\n", e.msg);
    CHECK(ir_verify(b, &e));
#endif
}
