/*
 * cond.c - comparisons, what a condition is to the host's flags, select and skip.
 *
 * A condition is told as (a - b, a + b or a & b; condition code). Guest flags are conditions of the same difference:
 * then one host instruction makes them all, and orders that the guest tells by two or three of its flags (less than:
 * N is not V; higher: C and not Z) are one host condition.
 */
#include "backend/jit/x64/alloc.h"
#include "backend/jit/x64/emit_rows.h"

static const struct ir_ins *def_of(const struct xe *x, ir_ref r) { return &x->ir->ins[r]; }

static bool is_scalar_int(u8 t) { return t >= IR_I1 && t <= IR_I64; }

static bool is_zero(const struct xe *x, ir_ref r)
{
    u64 v;
    return xe_is_const(x, r, &v) && !v;
}

static bool make(struct xcmp *c, u32 kind, u32 type, u32 cc, ir_ref a, ir_ref b)
{
    *c = (struct xcmp){ .kind = (u8)kind, .bits = (u8)MAX(ir_bits((enum ir_type)type), 8u), .cc = (u8)cc, .a = a,
                        .b = b };
    return true;
}

/* a against zero: through the operation that made a, since that is what the host's flags still hold. Signed order
 * would also see overflow, so only equality and sign go through. */
static bool against_zero(const struct xe *x, u32 cc, ir_ref a, ir_ref zero, struct xcmp *c)
{
    const struct ir_ins *d = def_of(x, a);
    switch (d->lane ? IR_OP_COUNT : d->op) {
    case IR_sub: return make(c, XFL_CMP, d->src, cc, d->arg[0], d->arg[1]);
    case IR_add: return make(c, XFL_ADD, d->src, cc, d->arg[0], d->arg[1]);
    case IR_and: return make(c, XFL_TST, d->src, cc, d->arg[0], d->arg[1]);
    default: return make(c, XFL_CMP, d->type, cc, a, zero);
    }
}

static bool classify_order(const struct xe *x, const struct ir_ins *in, struct xcmp *c)
{
    ir_ref a = in->arg[0], b = in->arg[1];
    switch (in->op) {
    case IR_eq: return is_zero(x, b) ? against_zero(x, CC_E, a, b, c) : make(c, XFL_CMP, in->src, CC_E, a, b);
    case IR_ne: return is_zero(x, b) ? against_zero(x, CC_NE, a, b, c) : make(c, XFL_CMP, in->src, CC_NE, a, b);
    case IR_slt: return is_zero(x, b) ? against_zero(x, CC_S, a, b, c) : make(c, XFL_CMP, in->src, CC_L, a, b);
    case IR_sle: return make(c, XFL_CMP, in->src, CC_LE, a, b);
    case IR_ult: return make(c, XFL_CMP, in->src, CC_B, a, b);
    case IR_ule: return make(c, XFL_CMP, in->src, CC_BE, a, b);
    case IR_tst: return make(c, XFL_TST, in->src, CC_NE, a, b);
    default: return false;
    }
}

static bool classify_flag(const struct xe *x, const struct ir_ins *in, struct xcmp *c)
{
    static const struct { u8 kind, cc; } t[IR_OP_COUNT] = {
        [IR_carry] = { XFL_ADD, CC_B }, [IR_borrow] = { XFL_CMP, CC_B },
        [IR_ovadd] = { XFL_ADD, CC_O }, [IR_ovsub] = { XFL_CMP, CC_O },
    };
    return t[in->op].kind && is_zero(x, in->arg[2])
           && make(c, t[in->op].kind, in->src, t[in->op].cc, in->arg[0], in->arg[1]);
}

static bool same_operands(const struct xcmp *p, const struct xcmp *q)
{
    return p->kind == q->kind && p->bits == q->bits && p->a == q->a && p->b == q->b;
}

/* q told in p's order of operands, where a difference taken the other way round says the same. */
static void align(const struct xcmp *p, struct xcmp *q)
{
    static const u8 mirrored[16] = { [CC_B] = CC_A, [CC_A] = CC_B, [CC_AE] = CC_BE, [CC_BE] = CC_AE, [CC_L] = CC_G,
                                     [CC_G] = CC_L, [CC_LE] = CC_GE, [CC_GE] = CC_LE };
    if (p->kind != XFL_CMP || q->kind != XFL_CMP || p->bits != q->bits || p->a != q->b || p->b != q->a
        || p->a == p->b)
        return;
    if (q->cc != CC_E && q->cc != CC_NE && !mirrored[q->cc])
        return;
    q->cc = q->cc == CC_E || q->cc == CC_NE ? q->cc : mirrored[q->cc];
    q->a = p->a;
    q->b = p->b;
}

/* Two conditions of one difference that are one of it. */
static bool combine(u32 op, struct xcmp p, struct xcmp q, struct xcmp *c)
{
    static const struct { u8 op, p, q, cc; } t[] = {
        { IR_eq, CC_S, CC_O, CC_GE },  { IR_ne, CC_S, CC_O, CC_L },   { IR_andn, CC_AE, CC_E, CC_A },
        { IR_andn, CC_GE, CC_E, CC_G }, { IR_orn, CC_E, CC_AE, CC_BE }, { IR_or, CC_L, CC_E, CC_LE },
        { IR_or, CC_E, CC_L, CC_LE },   { IR_or, CC_E, CC_B, CC_BE },   { IR_andn, CC_BE, CC_E, CC_B },
        { IR_orn, CC_E, CC_BE, CC_AE },
    };
    if (q.cc == CC_O || q.cc == CC_S || p.cc == CC_E)
        align(&q, &p);
    align(&p, &q);
    if (!same_operands(&p, &q) || (p.kind != XFL_CMP && op != IR_eq && op != IR_ne))
        return false;
    for (u32 k = 0; k < COUNT(t); k++)
        if (t[k].op == op && t[k].p == p.cc && t[k].q == q.cc) {
            *c = p;
            c->cc = t[k].cc;
            return true;
        }
    return false;
}

static bool classify_logic(const struct xe *x, const struct ir_ins *in, struct xcmp *c)
{
    struct xcmp p, q;
    if (in->op == IR_not) {
        if (!xe_classify(x, in->arg[0], c))
            return false;
        c->cc ^= 1;
        return true;
    }
    if ((in->op == IR_eq || in->op == IR_ne) && is_zero(x, in->arg[1])) {
        if (!xe_classify(x, in->arg[0], c))
            return false;
        c->cc ^= in->op == IR_eq;
        return true;
    }
    switch (in->op) {
    case IR_eq: case IR_ne: case IR_andn: case IR_orn: case IR_or:
        return xe_classify(x, in->arg[0], &p) && xe_classify(x, in->arg[1], &q) && combine(in->op, p, q, c);
    default: return false;
    }
}

bool xe_classify(const struct xe *x, ir_ref r, struct xcmp *c)
{
    const struct ir_ins *in = def_of(x, r);
    if (in->type != IR_I1 || !is_scalar_int(in->src) || in->op >= IR_insn)
        return false;
    if (in->src == IR_I1)
        return classify_logic(x, in, c);
    return classify_flag(x, in, c) || classify_order(x, in, c);
}

/* ---- emission ---- */

/* False: only ZF is that of the whole width. */
static bool emit_tst(struct xe *x, const struct xcmp *c)
{
    i32 imm;
    u64 v;
    if (xe_is_imm32(x, c->b, &imm)) {
        xa_test_ri(&x->a, c->bits, xe_use(x, c->a), imm);
        return true;
    }
    if (c->bits == 64 && (c->cc & ~1) == CC_E && xe_is_const(x, c->b, &v) && v == (u32)v) {
        xa_test_ri(&x->a, 32, xe_use(x, c->a), (i32)v);
        return false;
    }
    enum xreg a = xe_use(x, c->a);
    xa_test_rr(&x->a, c->bits, a, xe_use(x, c->b));
    return true;
}

static void emit_cmp(struct xe *x, const struct xcmp *c)
{
    struct xmem m;
    enum xreg a = XNONE;
    i32 imm;
    bool in_mem = !x->put_off[c->a] && c->bits >= 32 && xe_use_rm(x, c->a, &a, &m);
    if (a == XNONE && !in_mem)
        a = xe_use(x, c->a);
    if (xe_is_imm32(x, c->b, &imm)) {
        if (in_mem)
            xa_alu_mi(&x->a, XA_CMP, c->bits, m, imm);
        else if (imm)
            xa_alu_ri(&x->a, XA_CMP, c->bits, a, imm);
        else
            xa_test_rr(&x->a, c->bits, a, a);
        return;
    }
    enum xreg b = xe_use(x, c->b);
    if (in_mem)
        xa_alu_mr(&x->a, XA_CMP, c->bits, m, b);
    else
        xa_alu_rr(&x->a, XA_CMP, c->bits, a, b);
}

static void emit_add(struct xe *x, const struct xcmp *c)
{
    i32 imm;
    enum xreg a = xe_use(x, c->a);
    bool is_imm = xe_is_imm32(x, c->b, &imm);
    enum xreg b = is_imm ? XNONE : xe_use(x, c->b);
    xa_mov_rr(&x->a, c->bits == 64 ? 64 : 32, RAX, a);
    if (is_imm)
        xa_alu_ri(&x->a, XA_ADD, c->bits, RAX, imm);
    else
        xa_alu_rr(&x->a, XA_ADD, c->bits, RAX, b);
}

enum xcc xe_compare(struct xe *x, const struct xcmp *c)
{
    struct xcmp now = x->flags;
    if (same_operands(c, &now))
        return (enum xcc)c->cc;
    struct xcmp turned = *c;
    align(&now, &turned);
    if (same_operands(&turned, &now))
        return (enum xcc)turned.cc;
    bool whole = true;
    switch (c->kind) { /* operands may be conditions themselves, which are made values here */
    case XFL_CMP: emit_cmp(x, c); break;
    case XFL_ADD: emit_add(x, c); break;
    default: whole = emit_tst(x, c); break;
    }
    if (whole)
        x->flags = *c;
    else
        xe_flags_lost(x);
    return (enum xcc)c->cc;
}

enum xcc xe_cond(struct xe *x, ir_ref r)
{
    if (x->put_off[r])
        return xe_compare(x, &x->cmp[r]);
    enum xreg reg = xe_use(x, r);
    xa_test_rr(&x->a, 32, reg, reg);
    xe_flags_lost(x);
    return CC_NE;
}

void xe_materialise(struct xe *x, ir_ref r)
{
    enum xcc cc = xe_cond(x, r);
    xe_log_made(x, r);
    x->put_off[r] = false;
    x->r[x->root[r]].zbits = 1;
    enum xreg d = xe_root_def(x, x->root[r]);
    xa_setcc(&x->a, cc, d);
    xa_movzx(&x->a, 8, d, d);
}

/* A comparison that is wanted as a value. */
static void compare(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    if (!xe_classify(x, (ir_ref)i, &x->cmp[i])) { /* of two i1 */
        make(&x->cmp[i], XFL_CMP, IR_I8, in->op == IR_eq ? CC_E : CC_NE, in->arg[0], in->arg[1]);
    }
    x->put_off[i] = true;
    xe_materialise(x, (ir_ref)i);
}

/* eq and ne of i128 */
static void compare_128(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    enum xreg a = xe_use(x, in->arg[0]), a2 = xe_use_hi(x, in->arg[0]);
    enum xreg b = xe_use(x, in->arg[1]), b2 = xe_use_hi(x, in->arg[1]);
    enum xreg d = xe_def(x, i);
    xa_mov_rr(&x->a, 64, RAX, a);
    xa_alu_rr(&x->a, XA_XOR, 64, RAX, b);
    xa_mov_rr(&x->a, 64, RCX, a2);
    xa_alu_rr(&x->a, XA_XOR, 64, RCX, b2);
    xa_alu_rr(&x->a, XA_OR, 64, RAX, RCX);
    xa_setcc(&x->a, in->op == IR_eq ? CC_E : CC_NE, d);
    xa_movzx(&x->a, 8, d, d);
    xe_flags_lost(x);
}

void x64_emit_eq(struct xe *x, u32 i)
{
    if (xe_ins(x, i)->src == IR_I128)
        compare_128(x, i);
    else
        compare(x, i);
}
void x64_emit_ne(struct xe *x, u32 i) { x64_emit_eq(x, i); }
void x64_emit_ult(struct xe *x, u32 i) { compare(x, i); }
void x64_emit_ule(struct xe *x, u32 i) { compare(x, i); }
void x64_emit_slt(struct xe *x, u32 i) { compare(x, i); }
void x64_emit_sle(struct xe *x, u32 i) { compare(x, i); }
void x64_emit_tst(struct xe *x, u32 i) { compare(x, i); }

/* ---- select ---- */

static void select_gpr(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    bool wide = in->type == IR_I128;
    enum xreg b = xe_use(x, in->arg[1]), c = xe_use(x, in->arg[2]);
    enum xreg b2 = wide ? xe_use_hi(x, in->arg[1]) : XNONE, c2 = wide ? xe_use_hi(x, in->arg[2]) : XNONE;
    u32 zbits = MAX(xe_root(x, in->arg[1])->zbits, xe_root(x, in->arg[2])->zbits);
    u32 width = ir_bits((enum ir_type)in->type) <= 32 ? 32 : 64;
    enum xcc cc = xe_cond(x, in->arg[0]);
    enum xreg d = wide ? xe_def(x, i) : xe_def_over(x, i, in->arg[2]);
    if (wide)
        xa_mov_rr(&x->a, 64, d, c);
    xa_cmov(&x->a, cc, width, d, b);
    x->r[x->root[i]].zbits = (u8)(in->type == IR_I1 ? 1 : MIN(zbits, width));
    if (!wide)
        return;
    enum xreg d2 = xe_def_hi(x, i);
    xa_mov_rr(&x->a, 64, d2, c2);
    xa_cmov(&x->a, cc, 64, d2, b2);
}

static void select_xmm(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    bool wide = in->type == IR_V256;
    enum xreg b = xe_use_v(x, in->arg[1]), c = xe_use_v(x, in->arg[2]);
    enum xreg b2 = wide ? xe_use_v2(x, in->arg[1]) : XNONE, c2 = wide ? xe_use_v2(x, in->arg[2]) : XNONE;
    enum xcc cc = xe_cond(x, in->arg[0]);
    enum xreg d = xe_def_v(x, i), d2 = wide ? xe_def_v2(x, i) : XNONE;
    xa_vmov(&x->a, d, b);
    if (wide)
        xa_vmov(&x->a, d2, b2);
    u8 *over = xa_jcc_fwd(&x->a, cc, true);
    xa_vmov(&x->a, d, c);
    if (wide)
        xa_vmov(&x->a, d2, c2);
    xa_here_is(&x->a, over, true);
}

void x64_emit_select(struct xe *x, u32 i)
{
    if (x->r[x->root[i]].cls == XC_XMM)
        select_xmm(x, i);
    else
        select_gpr(x, i);
}
