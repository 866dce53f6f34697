/* simplify.c - folding, identities and merging of equal values, an instruction at a time.
 *
 * Only PURE rows are touched; FP rows set flags even when their result is known. Folding is ir_eval(), so it
 * cannot disagree with the engines. Equal values are found through a direct-mapped table: a collision
 * loses an opportunity, nothing more. */
#include "base/bits.h"
#include "ir/vec.h"
#include <string.h>

static bool is_const(const struct ir_block *b, ir_ref r)
{
    return r != IR_NONE && b->ins[r].op == IR_const;
}

/* Scalar integer constants. */
static bool int_const(const struct ir_block *b, ir_ref r, u64 *v)
{
    if (!is_const(b, r) || b->ins[r].type > IR_I64)
        return false;
    *v = b->ins[r].imm;
    return true;
}

static void become_const(struct ir_ins *in, u64 lo, u64 hi)
{
    u8 type = in->type;
    *in = (struct ir_ins){ .op = IR_const, .type = type, .imm = lo, .imm2 = hi,
                           .arg = { IR_NONE, IR_NONE, IR_NONE, IR_NONE } };
}

static bool all_const(const struct ir_block *b, const struct ir_ins *in)
{
    if (!is_const(b, in->arg[0]))
        return false;
    for (u32 k = 1; k < 4 && in->arg[k] != IR_NONE; k++)
        if (!is_const(b, in->arg[k]))
            return false;
    return in->type != IR_V256;
}

static void fold(struct ir_block *b, struct ir_ins *in)
{
    union ir_val v[4] = { 0 }, out;
    const union ir_val *arg[4] = { &v[0], &v[1], &v[2], &v[3] };
    struct fp_env env = { 0, 0 };
    for (u32 k = 0; k < ir_args(in); k++) {
        v[k].d[0] = b->ins[in->arg[k]].imm;
        v[k].d[1] = b->ins[in->arg[k]].imm2;
    }
    ir_eval(in, arg, &env, &out);
    become_const(in, out.d[0], out.d[1]);
}

/* ---- identities: the value that in equals, or IR_NONE (in may have been rewritten) ---- */

static ir_ref same_operands(struct ir_ins *in)
{
    switch (in->op) {
    case IR_and: case IR_or: case IR_umin: case IR_umax: case IR_smin: case IR_smax: return in->arg[0];
    case IR_xor: case IR_sub: case IR_andn: case IR_ne: case IR_ult: case IR_slt: become_const(in, 0, 0); break;
    case IR_eq: case IR_ule: case IR_sle: become_const(in, 1, 0); break;
    default: break;
    }
    return IR_NONE;
}

/* Right operand constant. */
static ir_ref with_const(const struct ir_ins *in, u64 c)
{
    bool zero = c == 0, ones = c == bits_mask(ir_bits((enum ir_type)in->src));
    switch (in->op) {
    case IR_add: case IR_sub: case IR_xor: case IR_shl: case IR_shr: case IR_sar: case IR_rotr: case IR_rotl:
    case IR_andn:
        return zero ? in->arg[0] : IR_NONE;
    case IR_or: return zero ? in->arg[0] : ones ? in->arg[1] : IR_NONE;
    case IR_and: return zero ? in->arg[1] : ones ? in->arg[0] : IR_NONE;
    case IR_mul: return zero ? in->arg[1] : c == 1 ? in->arg[0] : IR_NONE;
    case IR_ne: return zero && in->src == IR_I1 ? in->arg[0] : IR_NONE;
    case IR_eq: return ones && in->src == IR_I1 ? in->arg[0] : IR_NONE;
    default: return IR_NONE;
    }
}

/* Less, or equal: one comparison. */
static void join_orders(const struct ir_block *b, struct ir_ins *in)
{
    const struct ir_ins *x = &b->ins[in->arg[0]], *y = &b->ins[in->arg[1]];
    const struct ir_ins *lt = x->op == IR_eq ? y : x, *eq = x->op == IR_eq ? x : y;
    if (eq->op != IR_eq || (lt->op != IR_slt && lt->op != IR_ult) || lt->src != eq->src || lt->arg[0] != eq->arg[0]
        || lt->arg[1] != eq->arg[1])
        return;
    in->op = lt->op == IR_slt ? IR_sle : IR_ule;
    in->src = lt->src;
    in->arg[0] = lt->arg[0];
    in->arg[1] = lt->arg[1];
}

static ir_ref binary_identity(const struct ir_block *b, struct ir_ins *in)
{
    u64 c;
    if (in->src > IR_I64)
        return IR_NONE;
    if (in->arg[0] == in->arg[1])
        return same_operands(in);
    if (in->op == IR_or && in->src == IR_I1)
        join_orders(b, in);
    return int_const(b, in->arg[1], &c) ? with_const(in, c) : IR_NONE;
}

static ir_ref select_identity(const struct ir_block *b, const struct ir_ins *in)
{
    u64 c;
    if (in->arg[1] == in->arg[2])
        return in->arg[1];
    return int_const(b, in->arg[0], &c) ? in->arg[c ? 1 : 2] : IR_NONE;
}

/* in takes apart, widens or reverses what `of` made. */
static ir_ref unary_identity(const struct ir_block *b, struct ir_ins *in)
{
    const struct ir_ins *of = &b->ins[in->arg[0]];
    switch (in->op) {
    case IR_not: return of->op == IR_not ? of->arg[0] : IR_NONE;
    case IR_zext:
        if (of->op == IR_zext) {
            in->arg[0] = of->arg[0];
            in->src = of->src;
        }
        return IR_NONE;
    case IR_trunc:
        if ((of->op == IR_zext || of->op == IR_sext) && of->src == in->type)
            return of->arg[0];
        return of->op == IR_pair && in->type == IR_I64 ? of->arg[0] : IR_NONE;
    case IR_clz:
        if (of->op == IR_rbit && !in->lane) {
            in->op = IR_ctz;
            in->arg[0] = of->arg[0];
        }
        return IR_NONE;
    case IR_hi: return of->op == IR_pair ? of->arg[1] : IR_NONE;
    case IR_bitcast:
        if (in->type == in->src)
            return in->arg[0];
        return of->op == IR_bitcast && of->src == in->type && in->src != IR_F80 ? of->arg[0] : IR_NONE;
    case IR_extract:
        return of->op == IR_vzext && of->lane == in->lane && in->imm == 0 ? of->arg[0] : IR_NONE;
    case IR_vhalf: return of->op == IR_vpair ? of->arg[in->imm] : IR_NONE;
    default: return IR_NONE;
    }
}

static ir_ref identity(struct ir_block *b, struct ir_ins *in)
{
    const struct ir_row *r = &ir_rows[in->op];
    if (in->op == IR_select)
        return select_identity(b, in);
    if (r->args == 1)
        return unary_identity(b, in);
    if (r->args == 2 && r->kinds) {
        if (r->effects & IR_COMMUTES && is_const(b, in->arg[0]) && !is_const(b, in->arg[1])) {
            ir_ref x = in->arg[0];
            in->arg[0] = in->arg[1];
            in->arg[1] = x;
        }
        return binary_identity(b, in);
    }
    return IR_NONE;
}

/* ---- equal values ---- */

static bool equal(const struct ir_ins *x, const struct ir_ins *y)
{
    return x->op == y->op && x->type == y->type && x->src == y->src && x->lane == y->lane && x->flag == y->flag
           && !memcmp(x->arg, y->arg, sizeof x->arg) && x->aux == y->aux && x->imm == y->imm && x->imm2 == y->imm2;
}

static u32 hash(const struct ir_ins *in)
{
    u64 arg;
    memcpy(&arg, in->arg, sizeof arg);
    u64 h = (in->imm ^ in->imm2 << 1 ^ (u64)in->op << 32 ^ (u64)in->type << 48) * 0x9e3779b97f4a7c15ull;
    h = (h ^ h >> 32 ^ arg) * 0x9e3779b97f4a7c15ull;
    return (u32)(h >> 40) % IR_SIMPLIFY_SLOTS;
}

_Static_assert(sizeof((struct ir_ins){ 0 }.arg) == sizeof(u64), "hashed as one");

static void merge(struct ir_simplify *w, u32 i)
{
    const struct ir_ins *in = &w->b->ins[i];
    ir_ref *slot = &w->slot[hash(in)];
    if (*slot != IR_NONE && !w->hidden[*slot] && equal(in, &w->b->ins[*slot])) {
        w->ed->to[i] = *slot;
        w->ed->dead[i] = true;
        return;
    }
    *slot = (ir_ref)i;
}

void ir_simplify_value(struct ir_simplify *w, u32 i)
{
    struct ir_ins *in = &w->b->ins[i];
    if (all_const(w->b, in)) {
        fold(w->b, in);
    } else if (in->arg[0] != IR_NONE) {
        ir_ref r = identity(w->b, in);
        if (r != IR_NONE) {
            w->ed->to[i] = r;
            w->ed->dead[i] = true;
            return;
        }
    }
    merge(w, i);
}

/* A skip never taken goes with its label, unless the region sets fields (the label still parts those sets from gets
 * behind it, which the verifier demands) or ends in an exit. */
void ir_simplify_label(struct ir_simplify *w, u32 s, u32 i)
{
    bool exits = ir_rows[w->b->ins[i - 1].op].effects & IR_EXIT;
    u64 c;
    if (int_const(w->b, w->b->ins[s].arg[0], &c) && c == 0 && w->last_set < s && !exits)
        w->ed->dead[s] = w->ed->dead[i] = true;
    else
        memset(w->hidden + s, 1, i - s);
}

void ir_simplify_begin(struct ir_simplify *w, struct ir_block *b, struct ir_edit *ed)
{
    w->b = b;
    w->ed = ed;
    w->last_set = 0;
    memset(w->slot, 0xff, sizeof w->slot);
    memset(w->hidden, 0, b->count);
}
