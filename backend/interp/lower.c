/*
 * lower.c - an IR block as threaded code: slots for values, pointers for operands.
 *
 * Two liberties, both invisible: a value that only renames other bytes (get, const, trunc, extract, bitcast of
 * equal size) has no op of its own as long as those bytes keep their value until its last use; and a value
 * whose one `set` follows with nothing in between that could fault, leave, or read the field is made in
 * the state field directly.
 */
#include "backend/interp/interp.h"
#include "ir/vec.h"
#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 2048 }; /* no value is made in place in fields beyond */

struct low {
    struct interp         *t;
    const struct ir_block *ir;
    u8                    *state;
    u8                    *values;
    u32                    values_len, values_cap;
    struct iop            *ops;
    u32                    op_count;
    u8                    *at[IR_BLOCK_MAX];       /* where a value's bytes are (NULL: not placed) */
    u16                    last_use[IR_BLOCK_MAX]; /* aliases of a value count */
    u16                    home[IR_BLOCK_MAX];     /* field it is made in + 1, or 0 */
    bool                   set_done[IR_BLOCK_MAX]; /* `set` that costs nothing since its value is made in place */
    u32                    label_at[IR_BLOCK_MAX]; /* op index of a label */
    u16                    latest[FIELDS_MAX];     /* latest value so far that lives in a field, + 1 */
    u16                    before[IR_BLOCK_MAX];   /* the one of the same field before it, + 1 */
};

static u32 arg_count(const struct ir_ins *in)
{
    u32 n = 0;
    while (n < 4 && in->arg[n] != IR_NONE)
        n++;
    return n;
}

/* Value bytes: naturally aligned, in a pool sized beforehand so that pointers stay good. */
static u8 *slot(struct low *w, u32 bytes)
{
    u32 align = bytes >= 16 ? 16 : 8;
    w->values_len = (w->values_len + align - 1) & ~(align - 1);
    u8 *p = w->values + w->values_len;
    w->values_len += bytes < 8 ? 8 : bytes;
    CHECK(w->values_len <= w->values_cap);
    return p;
}

/* What the slots can come to at most. */
static u32 values_room(const struct ir_block *ir)
{
    u32 n = 64;
    for (u32 i = 0; i < ir->count; i++)
        if (ir->ins[i].type != IR_VOID)
            n += (MAX(ir_bytes((enum ir_type)ir->ins[i].type), 8u) + 15) & ~15u;
    return n;
}

static bool is_alias(const struct low *w, u32 i)
{
    const struct ir_ins *in = &w->ir->ins[i];
    switch (in->op) {
    case IR_trunc: return in->type != IR_I1;
    case IR_bitcast: return in->type != IR_F80 || in->src == IR_F80; /* an i128 loses its upper bytes */
    case IR_extract: return true;
    case IR_hi: return true;
    default: return false;
    }
}

static u32 alias_offset(const struct ir_ins *in)
{
    return in->op == IR_extract ? (u32)in->imm * ir_bytes((enum ir_type)in->lane) : in->op == IR_hi ? 8 : 0;
}

static void find_last_uses(struct low *w)
{
    for (u32 i = w->ir->count; i--;) {
        const struct ir_ins *in = &w->ir->ins[i];
        u16 at = is_alias(w, i) && w->last_use[i] > i ? w->last_use[i] : (u16)i;
        for (u32 k = 0; k < arg_count(in); k++)
            if (w->last_use[in->arg[k]] < at)
                w->last_use[in->arg[k]] = at;
    }
}

/* Does the instruction read and write the field without naming it: an FP row its environment? */
static bool touches(const struct low *w, const struct ir_ins *in, u32 field)
{
    return ir_rows[in->op].effects & IR_FP && ir_field_is_fp(w->ir->layout, field);
}

/* Could anything between value i and its set see or need the old field, or leave before the set? */
static bool in_the_way(const struct low *w, u32 i, u32 set)
{
    u32 field = (u32)w->ir->ins[set].imm;
    if (touches(w, &w->ir->ins[i], field))
        return true;
    for (u32 k = i + 1; k < set; k++) {
        const struct ir_ins *in = &w->ir->ins[k];
        u32 fx = ir_rows[in->op].effects;
        if (fx & (IR_MEM | IR_EXIT | IR_MARK) || in->op == IR_setx || in->op == IR_getx || in->op == IR_call)
            return true;
        if (((in->op == IR_get || in->op == IR_set) && in->imm == field) || touches(w, in, field))
            return true;
    }
    return false;
}

/* Value k, a get or one made in place, lives in the field. They come in the order of the block. */
static void lives_in(struct low *w, u32 k, u32 field)
{
    if (field >= FIELDS_MAX)
        return;
    w->before[k] = w->latest[field];
    w->latest[field] = (u16)(k + 1);
}

/* Is one of the values that live in the field used after position i? */
static bool old_value_needed(const struct low *w, u32 field, u32 i)
{
    if (field >= FIELDS_MAX)
        return true;
    for (u32 k = w->latest[field]; k; k = w->before[k - 1])
        if (w->last_use[k - 1] > i)
            return true;
    return false;
}

/* Is the field written again before the value's last use? */
static bool overwritten(const struct low *w, u32 field, u32 from, u32 to)
{
    for (u32 k = from + 1; k <= to && k < w->ir->count; k++) {
        const struct ir_ins *in = &w->ir->ins[k];
        if (in->op == IR_setx || in->op == IR_call || in->op == IR_gather || in->op == IR_label)
            return true;
        if ((in->op == IR_set && in->imm == field) || touches(w, in, field))
            return true;
        if (w->home[k] == field + 1 && k < to)
            return true; /* made in place there: written at k */
    }
    return false;
}

static bool makes_in_place(enum ir_op op)
{
    switch (op) {
    case IR_get: case IR_const: case IR_trunc: case IR_bitcast: case IR_extract: case IR_hi: case IR_insn:
    case IR_getx: case IR_call: case IR_gather:
        return false;
    default:
        return true;
    }
}

static void choose_homes(struct low *w)
{
    const struct ir_layout *l = w->ir->layout;
    for (u32 s = 0; s < w->ir->count; s++) {
        const struct ir_ins *set = &w->ir->ins[s];
        if (set->op == IR_get)
            lives_in(w, s, (u32)set->imm);
        if (set->op != IR_set)
            continue;
        u32 i = set->arg[0], field = (u32)set->imm;
        const struct ir_ins *def = &w->ir->ins[i];
        if (s - i > 24 || w->home[i] || !makes_in_place((enum ir_op)def->op) || def->type != l->fields[field].type)
            continue;
        if (in_the_way(w, i, s) || old_value_needed(w, field, i)
            || (w->last_use[i] > s && overwritten(w, field, s, w->last_use[i])))
            continue;
        w->home[i] = (u16)(field + 1);
        w->set_done[s] = true;
        lives_in(w, i, field);
    }
}

/* Where value i is found: aliases and stable gets point elsewhere, others get a slot or a field. */
static bool place(struct low *w, u32 i)
{
    const struct ir_ins *in = &w->ir->ins[i];
    const struct ir_layout *l = w->ir->layout;
    if (in->op == IR_const) {
        w->at[i] = slot(w, ir_bytes((enum ir_type)in->type));
        u64 v[2] = { in->imm, in->imm2 };
        memcpy(w->at[i], v, MIN(ir_bytes((enum ir_type)in->type), 16u));
        return true;
    }
    if (in->op == IR_get && !overwritten(w, (u32)in->imm, i, w->last_use[i])) {
        w->at[i] = w->state + l->fields[in->imm].offset;
        return true;
    }
    if (is_alias(w, i)) {
        w->at[i] = w->at[in->arg[0]] + alias_offset(in);
        return true;
    }
    w->at[i] = w->home[i] ? w->state + l->fields[w->home[i] - 1].offset : slot(w, ir_bytes((enum ir_type)in->type));
    return false;
}

/* ---- choice of handler ---- */

static u32 mov_handler(u32 base8, u32 bytes)
{
    return base8 + (u32)__builtin_ctz(bytes); /* mov8, 16, 32, 64, 128, 256 in this order */
}

static u32 conv_handler(enum ir_op op, u32 from, u32 to)
{
    static const struct { u8 from, to; u16 z, s; } t[] = {
        { 8, 16, IH_zx8_16, IH_sx8_16 },   { 8, 32, IH_zx8_32, IH_sx8_32 },   { 8, 64, IH_zx8_64, IH_sx8_64 },
        { 16, 32, IH_zx16_32, IH_sx16_32 }, { 16, 64, IH_zx16_64, IH_sx16_64 }, { 32, 64, IH_zx32_64, IH_sx32_64 },
        { 1, 8, IH_mov8, IH_sxb_8 },       { 1, 16, IH_zx8_16, IH_sxb_16 },   { 1, 32, IH_zx8_32, IH_sxb_32 },
        { 1, 64, IH_zx8_64, IH_sxb_64 },
    };
    for (u32 i = 0; i < COUNT(t); i++)
        if (t[i].from == from && t[i].to == to)
            return op == IR_zext ? t[i].z : t[i].s;
    return IH_eval;
}

static u32 load_handler(const struct ir_ins *in, struct ir_mem m)
{
    u32 to = ir_bytes((enum ir_type)in->type), from = 1u << m.size;
    if (m.bswap || m.align || m.addr32 || m.mmu_val)
        return IH_mem;
    if (from == to)
        return from == 32 ? IH_mem : (u32)IH_ld8 + m.size;
    if (to != 4 && to != 8)
        return IH_mem;
    static const u16 z[2][3] = { { IH_ldz8_32, IH_ldz16_32, 0 }, { IH_ldz8_64, IH_ldz16_64, IH_ldz32_64 } };
    static const u16 s[2][3] = { { IH_lds8_32, IH_lds16_32, 0 }, { IH_lds8_64, IH_lds16_64, IH_lds32_64 } };
    return (m.sign ? s : z)[to == 8][m.size];
}

static u32 store_handler(struct ir_mem m)
{
    return m.bswap || m.align || m.addr32 || m.mmu_val || m.size > 4 ? IH_mem : (u32)IH_st8 + m.size;
}

/* First handler of each OP row, to which the type is added. */
static u32 row_handler(const struct ir_ins *in)
{
    static const u16 first[IR_OP_COUNT] = {
#define OP(name, ...) [IR_##name] = IH_##name##_i1,
#define VOP(...)
#define XOP(...)
#include "ir/ops.def"
    };
    const struct ir_row *r = &ir_rows[in->op];
    if (!first[in->op] || r->result == RES_X || in->lane || in->op == IR_crc32 || in->op == IR_crc32c)
        return IH_eval;
    if ((in->src == IR_I1 && r->kinds & K_1) || (in->src >= IR_I8 && in->src <= IR_I64 && r->kinds & K_I))
        return first[in->op] + (in->src - IR_I1);
    if ((in->src == IR_F32 || in->src == IR_F64) && r->kinds & K_F)
        return first[in->op] + 5u + (in->src - IR_F32);
    return IH_eval;
}

/* The handler of each XOP row; a row without one does not compile. Those chosen by type are BY_TYPE. */
enum { BY_TYPE = 0xffff };
enum {
    XH_insn = IH_insn, XH_skip = IH_skip, XH_label = IH_nop, XH_pc = IH_pc, XH_getx = IH_getx, XH_setx = IH_setx,
    XH_probe = IH_mem, XH_rmw = IH_mem, XH_cas = IH_mem, XH_ldex = IH_mem, XH_stex = IH_mem, XH_mload = IH_mem,
    XH_mstore = IH_mem, XH_gather = IH_mem, XH_clrex = IH_clrex, XH_call = IH_call,
    XH_barrier = IH_nop, /* one thread: program order is the strongest order */
    XH_exit_direct = IH_exit_direct, XH_exit_indirect = IH_exit_indirect, XH_exit_mode = IH_exit_mode,
    XH_exit_exc = IH_exit_exc,
    XH_const = IH_nop, XH_set = IH_nop, /* never asked for: placed, and made by lower_ins */
    XH_get = BY_TYPE, XH_load = BY_TYPE, XH_store = BY_TYPE
};

static u32 handler(const struct ir_ins *in)
{
    static const u16 fixed[IR_OP_COUNT] = {
#define OP(name, ...) [IR_##name] = BY_TYPE,
#define VOP(name, ...) [IR_##name] = BY_TYPE,
#define XOP(name, ...) [IR_##name] = XH_##name,
#include "ir/ops.def"
    };
    u32 bytes = ir_bytes((enum ir_type)in->type);
    if (fixed[in->op] != BY_TYPE)
        return fixed[in->op];
    switch (in->op) {
    case IR_pair: return IH_pair;
    case IR_get: return mov_handler(IH_mov8, bytes);
    case IR_zext: case IR_sext: return conv_handler((enum ir_op)in->op, ir_bits((enum ir_type)in->src),
                                                    ir_bits((enum ir_type)in->type));
    case IR_select: return mov_handler(IH_sel8, bytes);
    case IR_vzext: return in->type != IR_V128 ? IH_eval : ir_bytes((enum ir_type)in->src) == 4 ? IH_vzext32
                          : ir_bytes((enum ir_type)in->src) == 8 ? IH_vzext64 : IH_eval;
    case IR_load: return load_handler(in, ir_mem_unpack(in->aux));
    case IR_store: return store_handler(ir_mem_unpack(in->aux));
    default: return row_handler(in);
    }
}

static void emit(struct low *w, u32 i, u32 h, void *d)
{
    const struct ir_ins *in = &w->ir->ins[i];
    struct iop *op = &w->ops[w->op_count++];
    static const u64 none[4];
    *op = (struct iop){ .run = w->t->labels[h], .d = d, .a = none, .b = none, .c = none, .imm = in->imm, .in = in };
    if (in->arg[0] != IR_NONE)
        op->a = w->at[in->arg[0]];
    if (in->op == IR_get)
        op->a = w->state + w->ir->layout->fields[in->imm].offset;
    if (in->arg[1] != IR_NONE)
        op->b = w->at[in->arg[1]];
    if (in->arg[2] != IR_NONE)
        op->c = w->at[in->arg[2]];
    if (h == IH_eval) /* generic handlers find the fourth operand's place here */
        op->imm = in->arg[3] != IR_NONE ? (u64)(uintptr_t)w->at[in->arg[3]] : 0;
    if (h >= IH_ld8 && h <= IH_st128)
        op->imm = ir_mem_unpack(in->aux).mmu;
    if (h == IH_mem)
        op->imm = in->arg[3] != IR_NONE ? (u64)(uintptr_t)w->at[in->arg[3]] : 0;
}

static void lower_ins(struct low *w, u32 i)
{
    const struct ir_ins *in = &w->ir->ins[i];
    if (in->op == IR_label)
        w->label_at[in->imm] = w->op_count;
    if (in->op == IR_label || w->set_done[i])
        return;
    if (in->op == IR_set) {
        const struct ir_field *f = &w->ir->layout->fields[in->imm];
        emit(w, i, mov_handler(IH_mov8, ir_bytes((enum ir_type)f->type)), w->state + f->offset);
        return;
    }
    if (in->type == IR_VOID) {
        emit(w, i, handler(in), NULL);
        return;
    }
    bool fp = ir_rows[in->op].effects & IR_FP;
    if (w->last_use[i] <= i && !fp && ir_rows[in->op].effects & (IR_PURE | IR_READS)
        && !(ir_rows[in->op].effects & IR_MEM)) {
        w->at[i] = w->values; /* never looked at */
        return;
    }
    if (!place(w, i))
        emit(w, i, handler(in), w->at[i]);
}

static void resolve_skips(struct low *w)
{
    for (u32 i = 0; i < w->op_count; i++)
        if (w->ops[i].in->op == IR_skip)
            w->ops[i].d = w->ops + w->label_at[w->ops[i].in->imm];
}

struct low *interp_low_new(void)
{
    return calloc(1, sizeof(struct low));
}

/* What lowering reads before it writes it; nothing beyond the block was written. */
static void begin(struct low *w, struct interp *t, const struct ir_block *ir)
{
    memset(w->last_use, 0, ir->count * sizeof *w->last_use);
    memset(w->home, 0, ir->count * sizeof *w->home);
    memset(w->set_done, 0, ir->count * sizeof *w->set_done);
    memset(w->latest, 0, MIN((u32)ir->layout->field_count, (u32)FIELDS_MAX) * sizeof *w->latest);
    w->t = t;
    w->ir = ir;
    w->state = t->v->state;
    w->values_len = w->op_count = 0;
}

struct iblock *interp_lower(struct interp *t, const struct ir_block *ir, u64 *bytes)
{
    struct iblock *b = calloc(1, sizeof *b);
    struct low *w = t->low;
    CHECK(b);
    b->ins = malloc(ir->count * sizeof *b->ins);
    CHECK(b->ins);
    memcpy(b->ins, ir->ins, ir->count * sizeof *b->ins);
    begin(w, t, ir);
    w->values_cap = values_room(ir);
    w->values = aligned_alloc(64, (w->values_cap + 63) & ~63u);
    w->ops = malloc((ir->count + 1) * sizeof *w->ops);
    CHECK(w->values && w->ops);
    find_last_uses(w);
    choose_homes(w);
    for (u32 i = 0; i < ir->count; i++)
        lower_ins(w, i);
    w->ops = realloc(w->ops, (w->op_count + 1) * sizeof *w->ops); /* before anything points into it */
    CHECK(w->ops);
    resolve_skips(w);
    for (u32 i = 0; i < w->op_count; i++)
        w->ops[i].in = b->ins + (w->ops[i].in - ir->ins);
    b->ops = w->ops;
    b->op_count = w->op_count;
    b->values = w->values;
    b->insns = ir->insns;
    b->len = ir->guest_len ? ir->guest_len : 1;
    *bytes = sizeof *b + ir->count * sizeof *b->ins + (w->op_count + 1) * sizeof *w->ops + w->values_cap;
    return b;
}
