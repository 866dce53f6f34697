/* passes.c - what every compiled block goes through, in place: forwards, state is forwarded and values are simplified;
 * backwards, dead sets and dead values go; then the rest moves together.
 *
 * Precision: at each instruction that may fault, each helper that may look, each exit, and behind an instruction
 * with a helper of IR_H_SYNC, the state in memory is what the block as lifted would have there. So a set dies only
 * when another set of its field follows with none of these between; engines sink the rest. Debug builds (-DMYNAH_DEBUG) verify the result.
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

struct forward {
    struct ir_block *b;
    struct ir_edit  *ed;
    ir_ref           known[FIELDS];
    u16              changed[FIELDS];        /* instruction that made it known or unknown */
    u16              fp[8];
    u32              fp_count;               /* UNKNOWN until the first FP row */
    u16              skip_at[IR_BLOCK_MAX];  /* by label */
    bool             synced;
};

static void learn(struct forward *w, u64 field, ir_ref v, u32 at)
{
    if (field < FIELDS) {
        w->known[field] = v;
        w->changed[field] = (u16)at;
    }
}

/* getx and setx with a constant index are get and set. */
static void resolve_index(struct ir_block *b, struct ir_ins *in)
{
    if ((in->op != IR_getx && in->op != IR_setx) || b->ins[in->arg[0]].op != IR_const)
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
    for (u32 f = 0; f < MIN(w->b->layout->field_count, FIELDS); f++)
        learn(w, f, IR_NONE, at);
}

/* Behind a label only what was known before its skip and untouched since is known. */
static void forget_since(struct forward *w, u32 skip, u32 at)
{
    for (u32 f = 0; f < MIN(w->b->layout->field_count, FIELDS); f++)
        if (w->changed[f] > skip)
            learn(w, f, IR_NONE, at);
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
    if (in->imm < FIELDS && w->known[in->imm] == in->arg[0])
        w->ed->dead[i] = true;
    else
        learn(w, in->imm, in->arg[0], i);
}

static void forget_fp(struct forward *w, u32 at)
{
    if (w->fp_count == UNKNOWN)
        w->fp_count = fp_fields(w->b->layout, w->fp, COUNT(w->fp));
    for (u32 k = 0; k < w->fp_count; k++)
        learn(w, w->fp[k], IR_NONE, at);
}

static void forward_ins(struct forward *w, u32 i)
{
    struct ir_ins *in = &w->b->ins[i];
    const struct ir_layout *l = w->b->layout;
    edit_args(w->ed, in);
    resolve_index(w->b, in);
    switch (in->op) {
    case IR_get: forward_get(w, i); break;
    case IR_set: forward_set(w, i); break;
    case IR_setx: forget_range(w, &l->ranges[in->imm], i); break;
    case IR_skip: w->skip_at[in->imm] = (u16)i; break;
    case IR_label: forget_since(w, w->skip_at[in->imm], i); break;
    case IR_call:
        if (l->helpers[in->imm].flags & (IR_H_WRITES | IR_H_SYNC))
            forget_all(w, i);
        break;
    default:
        if (ir_rows[in->op].effects & IR_FP)
            forget_fp(w, i);
    }
}

static void note_sync(struct forward *w, u32 i)
{
    const struct ir_ins *in = &w->b->ins[i];
    if (in->op == IR_call && w->b->layout->helpers[in->imm].flags & IR_H_SYNC) {
        w->synced = true;
    } else if (in->op == IR_insn) {
        w->ed->look[i] = w->synced;
        w->synced = false;
    }
}

static void forwards(struct ir_block *b, struct ir_edit *ed)
{
    struct forward w;
    struct ir_simplify s;
    u32 fields = MIN(b->layout->field_count, FIELDS);
    w.b = b;
    w.ed = ed;
    w.fp_count = UNKNOWN;
    memset(w.known, 0xff, fields * sizeof w.known[0]);
    memset(w.changed, 0, fields * sizeof w.changed[0]);
    w.synced = false;
    ir_simplify_begin(&s, b, ed);
    for (u32 i = 0; i < b->count; i++) {
        note_sync(&w, i);
        forward_ins(&w, i);
        if (!ed->dead[i])
            ir_simplify_ins(&s, i);
    }
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

static void kill_ins(struct kill *w, u32 i)
{
    const struct ir_ins *in = &w->b->ins[i];
    const struct ir_layout *l = w->b->layout;
    u16 fx = ir_rows[in->op].effects;
    if (in->op == IR_set)
        kill_set(w, i);
    else if (in->op == IR_get)
        see(w, in->imm);
    else if (in->op == IR_label)
        kill_label(w, in->imm);
    else if (in->op == IR_skip)
        kill_skip(w, in->imm);
    else if (in->op == IR_getx)
        for (u32 f = l->ranges[in->imm].first, n = 0; n < l->ranges[in->imm].count; n++)
            see(w, f + n);
    else if (fx & IR_FP)
        see_fp(w);
    else if (fx & IR_EXIT || w->ed->look[i] || ir_may_fault(l, in)
             || (in->op == IR_call && l->helpers[in->imm].flags & IR_H_READS))
        see_all(w);
}

static bool is_droppable(const struct ir_ins *in)
{
    return ir_rows[in->op].effects & IR_PURE || in->op == IR_get || in->op == IR_getx;
}

/* A skip over nothing, and its label. */
static bool drop_skip(struct kill *w, u32 i)
{
    const struct ir_ins *in = &w->b->ins[i];
    u32 n = w->next;
    if (in->op != IR_skip || n == w->b->count || w->b->ins[n].op != IR_label || w->b->ins[n].imm != in->imm)
        return false;
    w->ed->dead[i] = w->ed->dead[n] = true;
    while (++n < w->b->count && w->ed->dead[n])
        ;
    w->next = n;
    return true;
}

/* Before what the instruction does to the fields is looked at: one that goes does nothing. */
static bool drop_value(struct kill *w, u32 i)
{
    if (!is_droppable(&w->b->ins[i]) || w->used[i])
        return false;
    return w->ed->dead[i] = true;
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
    for (u32 i = b->count; i--;) {
        if (ed->dead[i] || drop_value(&w, i))
            continue;
        kill_ins(&w, i);
        if (ed->dead[i] || drop_skip(&w, i))
            continue;
        for (u32 k = 0; k < 4 && b->ins[i].arg[k] != IR_NONE; k++)
            w.used[b->ins[i].arg[k]] = true;
        w.next = i;
    }
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
