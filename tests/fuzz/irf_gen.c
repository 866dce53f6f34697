/*
 * irf_gen.c - random fragments: rows of all forms, sets, forward skips, exits, in the order that the verifier wants.
 */
#include "tests/fuzz/irf_gen.h"
#include <string.h>

/* ---- values ---- */

ir_ref irf_constant(struct irf_gen *g, enum ir_type t)
{
    struct ir_ins in = { .op = IR_const, .type = (u8)t, .arg = { IR_NONE, IR_NONE, IR_NONE, IR_NONE } };
    u64 v[2];
    if (t == IR_V256) {
        ir_ref lo = irf_constant(g, IR_V128), hi = irf_constant(g, IR_V128);
        return ir_op2(g->b, IR_vpair, lo, hi);
    }
    if (t == IR_V128)
        fuzz_vector(&g->r, v);
    else
        v[0] = ir_is_float(t) && t != IR_F80 ? fuzz_float(&g->r, ir_bits(t)) : fuzz_int(&g->r, MIN(ir_bits(t), 64u));
    in.imm = v[0];
    if (t == IR_V128)
        in.imm2 = v[1];
    else if (ir_bits(t) > 64)
        in.imm2 = fuzz_int(&g->r, ir_bits(t) - 64);
    return ir_emit(g->b, in);
}

static ir_ref at_hand(struct irf_gen *g, enum ir_type t)
{
    for (u32 k = 0; k < 10 && g->visible_count; k++) {
        u32 n = g->visible_count, near = MIN(n, 6u);
        ir_ref v = g->visible[fuzz_one_in(&g->r, 2) ? n - 1 - fuzz_pick(&g->r, near) : fuzz_pick(&g->r, n)];
        if (ir_type_of(g->b, v) == t)
            return v;
    }
    return IR_NONE;
}

static ir_ref read_field(struct irf_gen *g, enum ir_type t)
{
    u32 field = g->y->first[t] + fuzz_pick(&g->r, g->y->count[t]);
    if (g->set[field] || g->indexed[t])
        return IR_NONE;
    return irf_keep(g, ir_get(g->b, field));
}

static u32 range_of(enum ir_type t) /* IRF_RANGES: none */
{
    switch (t) {
    case IR_I64: return IRF_RANGE_i64;
    case IR_I32: return IRF_RANGE_i32;
    case IR_V128: return IRF_RANGE_v128;
    case IR_F80: return IRF_RANGE_f80;
    default: return IRF_RANGES;
    }
}

static ir_ref read_range(struct irf_gen *g, enum ir_type t)
{
    u32 range = range_of(t);
    if (range == IRF_RANGES || g->indexed[t] || memchr(g->set + g->y->first[t], 1, g->y->count[t]))
        return IR_NONE;
    ir_ref i = fuzz_one_in(&g->r, 2) ? ir_const(g->b, IR_I32, fuzz_pick(&g->r, 64)) : at_hand(g, IR_I32);
    return i == IR_NONE ? i : irf_keep(g, ir_getx(g->b, range, i));
}

ir_ref irf_want(struct irf_gen *g, enum ir_type t)
{
    ir_ref v = IR_NONE;
    if (fuzz_pick(&g->r, 8))
        v = at_hand(g, t);
    if (v == IR_NONE && fuzz_pick(&g->r, 4))
        v = read_field(g, t);
    if (v == IR_NONE && fuzz_one_in(&g->r, 12))
        v = read_range(g, t);
    if (v == IR_NONE && t == IR_I64 && fuzz_one_in(&g->r, 8))
        v = irf_keep(g, ir_pc(g->b, 4 * fuzz_pick(&g->r, 64)));
    return v == IR_NONE ? irf_keep(g, irf_constant(g, t)) : v;
}

/* ---- rows ---- */

/* The operand that counts, of shifts and the like. */
static bool is_count(u32 op, u32 k)
{
    switch (op) {
    case IR_shl: case IR_shr: case IR_sar: case IR_rotr: case IR_rotl: case IR_urshr: case IR_srshr: case IR_vushl:
    case IR_vsshl: case IR_vurshl: case IR_vsrshl: case IR_vuqshl: case IR_vsqshl: case IR_vuqrshl: case IR_vsqrshl:
    case IR_vsqshlu: case IR_vshl_sat:
        return k == 1;
    case IR_fshr: return k == 2;
    default: return false;
    }
}

/* As lifters have it: a constant in range, the same in all lanes. */
static ir_ref count_operand(struct irf_gen *g, enum ir_type t, enum ir_type lane)
{
    u32 bits = ir_bits(ir_is_vec(t) ? lane : t);
    u64 n = 1 + fuzz_pick(&g->r, bits), v = 0;
    if (t == IR_V256 || t == IR_I128 || fuzz_one_in(&g->r, 4))
        return irf_want(g, t);
    if (!ir_is_vec(t))
        return irf_keep(g, ir_const(g->b, t, n - fuzz_pick(&g->r, 2)));
    for (u32 at = 0; at < 64; at += bits)
        v |= n << at;
    return irf_keep(g, ir_vconst(g->b, v, v));
}

static void emit_form(struct irf_gen *g, u32 k)
{
    const struct irf_form *f = &g->f->form[k];
    struct ir_ins in = { .op = f->op, .type = f->type, .src = f->operand[0], .lane = f->lane,
                         .arg = { IR_NONE, IR_NONE, IR_NONE, IR_NONE } };
    for (u32 i = 0; i < 4 && f->operand[i]; i++) {
        enum ir_type t = (enum ir_type)f->operand[i];
        in.arg[i] = is_count(f->op, i) ? count_operand(g, t, (enum ir_type)f->lane) : irf_want(g, t);
    }
    irf_random_imm(&g->r, &in);
    g->form[g->b->count] = (u16)(k + 1);
    irf_keep(g, ir_emit(g->b, in));
    g->effect |= !(ir_rows[f->op].effects & IR_PURE);
}

static void random_op(struct irf_gen *g, bool fp)
{
    u32 k;
    if (fp)
        k = g->f->pure + fuzz_pick(&g->r, g->f->count - g->f->pure);
    else
        k = fuzz_pick(&g->r, g->f->pure);
    const struct irf_form *f = &g->f->form[k];
    bool rare = ir_bits((enum ir_type)f->type) > 128 || f->src == IR_V256 || f->src == IR_F80 || f->type == IR_F80;
    if (rare && fuzz_pick(&g->r, 4))
        return; /* there are many of them, and engines do most in halves or in C */
    emit_form(g, k);
}

/* What compilers and lifters make most of. */
static void common_op(struct irf_gen *g)
{
    static const u8 ops[] = {
        IR_add, IR_sub, IR_and, IR_or, IR_xor, IR_andn, IR_shl, IR_shr, IR_sar, IR_rotr, IR_mul, IR_eq, IR_ne,
        IR_ult, IR_ule, IR_slt, IR_sle, IR_tst, IR_select, IR_zext, IR_sext, IR_trunc, IR_carry, IR_borrow,
        IR_ovadd, IR_ovsub, IR_not, IR_neg, IR_clz, IR_fshr
    };
    enum ir_op op = (enum ir_op)ops[fuzz_pick(&g->r, COUNT(ops))];
    for (u32 tries = 0; tries < 60; tries++) {
        u32 k = g->f->first[op] + fuzz_pick(&g->r, g->f->of_op[op]);
        const struct irf_form *f = &g->f->form[k];
        if (ir_is_vec((enum ir_type)f->src) || ir_bits((enum ir_type)f->type) > 64 || f->type == IR_I16)
            continue;
        emit_form(g, k);
        return;
    }
}

static ir_ref condition(struct irf_gen *g)
{
    static const u16 ops[] = { IR_eq, IR_ne, IR_ult, IR_ule, IR_slt, IR_sle, IR_tst, IR_carry, IR_borrow, IR_ovadd,
                               IR_ovsub, IR_parity, IR_vany };
    if (fuzz_one_in(&g->r, 3) || irf_full(g))
        return irf_want(g, IR_I1);
    u32 op = ops[fuzz_pick(&g->r, COUNT(ops))], k;
    do
        k = g->f->first[op] + fuzz_pick(&g->r, g->f->of_op[op]);
    while (g->f->form[k].type != IR_I1);
    emit_form(g, k);
    ir_ref c = g->visible[g->visible_count - 1];
    return fuzz_one_in(&g->r, 4) ? irf_keep(g, ir_op1(g->b, IR_not, c)) : c;
}

/* ---- sets ---- */

static void set_field(struct irf_gen *g, enum ir_type t, ir_ref v)
{
    u32 k = fuzz_pick(&g->r, g->y->count[t]);
    if (t == IR_I64 && k < IRF_POINTERS && fuzz_pick(&g->r, 8))
        k = IRF_POINTERS; /* addresses stay good for a while */
    ir_set(g->b, g->y->first[t] + k, v);
    g->set[g->y->first[t] + k] = 1;
    g->effect = true;
}

static void random_set(struct irf_gen *g)
{
    bool any = !g->visible_count || fuzz_one_in(&g->r, 8);
    ir_ref v = any ? irf_want(g, (enum ir_type)(IR_I1 + fuzz_pick(&g->r, 12)))
                   : g->visible[fuzz_pick(&g->r, g->visible_count)];
    enum ir_type t = ir_type_of(g->b, v);
    if (fuzz_one_in(&g->r, 24) && range_of(t) != IRF_RANGES) {
        ir_setx(g->b, range_of(t), irf_want(g, IR_I32), v);
        g->indexed[t] = 1;
        g->effect = true;
        return;
    }
    set_field(g, t, v);
}

static ir_ref flag_value(struct irf_gen *g, enum ir_op op, ir_ref x, ir_ref y)
{
    if (op == IR_slt || op == IR_eq)
        return ir_op2(g->b, op, x, y);
    ir_ref zero = ir_const(g->b, IR_I1, 0);
    return ir_op3(g->b, op, x, y, zero);
}

/* An operation that sets flags from its result, as most guests have them; the result may be dead. */
static void flags_op(struct irf_gen *g)
{
    static const u8 ops[] = { IR_and, IR_and, IR_add, IR_sub, IR_andn, IR_or, IR_xor };
    enum ir_op op = (enum ir_op)ops[fuzz_pick(&g->r, COUNT(ops))];
    enum ir_type t = fuzz_one_in(&g->r, 3) ? (enum ir_type)(IR_I8 + fuzz_pick(&g->r, 4)) : IR_I64;
    ir_ref x = irf_want(g, t), y = fuzz_one_in(&g->r, 2) ? irf_constant(g, t) : irf_want(g, t);
    ir_ref v = ir_op2(g->b, op, x, y), zero = ir_const(g->b, t, 0), flag[4];
    u32 n = 2;
    flag[0] = flag_value(g, IR_slt, v, zero);
    flag[1] = flag_value(g, IR_eq, v, zero);
    if (op == IR_add || op == IR_sub) {
        flag[n++] = flag_value(g, op == IR_add ? IR_carry : IR_borrow, x, y);
        flag[n++] = flag_value(g, op == IR_add ? IR_ovadd : IR_ovsub, x, y);
    }
    for (u32 k = 0; k < n; k++) {
        ir_set(g->b, g->y->first[IR_I1] + k, flag[k]);
        g->set[g->y->first[IR_I1] + k] = 1;
    }
    g->effect = true;
    if (fuzz_one_in(&g->r, 2))
        set_field(g, t, v);
}

/* Base register write-back: a pointer moves a little. */
static void move_pointer(struct irf_gen *g)
{
    u32 field = g->y->first[IR_I64] + fuzz_pick(&g->r, IRF_POINTERS);
    if (g->set[field] || g->indexed[IR_I64])
        return;
    ir_ref old = ir_get(g->b, field), by = irf_i64(g, (u64)(i64)(i8)fuzz_next(&g->r));
    ir_set(g->b, field, ir_op2(g->b, IR_add, old, by));
    g->set[field] = 1;
    g->effect = true;
}

/* ---- exits ---- */

static i64 near(struct irf_gen *g)
{
    static const i16 words[] = { 0, 1, 1, 1, 2, 3, 5, -1, -2, -4, -9, 16, 40, -40, 1000 };
    return 4 * words[fuzz_pick(&g->r, COUNT(words))];
}

static ir_ref code_address(struct irf_gen *g)
{
    u32 how = fuzz_pick(&g->r, 8);
    if (how == 0) /* into data, unaligned, or nowhere */
        return irf_want(g, IR_I64);
    if (how < 4)
        return ir_pc(g->b, near(g));
    ir_ref v = irf_want(g, IR_I64), mask = irf_i64(g, IRF_CODE_PAGES * PAGE_SIZE - 4);
    ir_ref base = irf_i64(g, how < 7 ? IRF_CODE : IRF_CODE2);
    v = ir_op2(g->b, IR_and, v, mask);
    return ir_op2(g->b, IR_add, v, base);
}

static void random_exit(struct irf_gen *g)
{
    enum ir_hint h = (enum ir_hint)(fuzz_one_in(&g->r, 2) ? 0 : fuzz_pick(&g->r, 3));
    switch (fuzz_pick(&g->r, 16)) {
    case 0: ir_exit_mode(g->b, code_address(g)); break;
    case 1: {
        ir_ref v = irf_want(g, IR_I64);
        ir_exit_exc(g->b, fuzz_pick(&g->r, 9), v);
        break;
    }
    case 2: {
        bool flip = fuzz_one_in(&g->r, 2);
        ir_ref v = irf_want(g, IR_I64);
        ir_call(g->b, flip ? IRF_H_flip : IRF_H_ctl, flip ? IR_NONE : v, IR_NONE, IR_NONE);
        ir_exit_mode(g->b, ir_pc(g->b, 4));
        break;
    }
    case 3: case 4: case 5: case 6: ir_exit_indirect(g->b, code_address(g), h, 4); break;
    default: ir_exit_direct(g->b, near(g), h == IR_HINT_ret ? IR_HINT_none : h, 4);
    }
}

/* ---- shapes ---- */

static void forget_since(struct irf_gen *g, u32 at)
{
    u32 n = 0;
    for (u32 k = 0; k < g->visible_count; k++)
        if (g->visible[k] < at)
            g->visible[n++] = g->visible[k];
    g->visible_count = n;
    memset(g->set, 0, sizeof g->set);
    memset(g->indexed, 0, sizeof g->indexed);
}

/* Everything an instruction does, in the order that the rules demand; `size` is roughly how much. */
static void body(struct irf_gen *g, u32 size)
{
    for (u32 k = fuzz_pick(&g->r, size); k && !irf_full(g); k--)
        fuzz_one_in(&g->r, 2) ? common_op(g) : random_op(g, false);
    for (u32 k = fuzz_pick(&g->r, 3); k && !g->effect && !irf_full(g); k--)
        fuzz_one_in(&g->r, 8) ? irf_helper(g) : irf_access(g);
    for (u32 k = fuzz_pick(&g->r, size); k && !irf_full(g); k--)
        fuzz_one_in(&g->r, 2) ? common_op(g) : random_op(g, fuzz_one_in(&g->r, 2));
    for (u32 k = fuzz_pick(&g->r, 5); k && !irf_full(g); k--)
        fuzz_one_in(&g->r, 6) ? move_pointer(g) : random_set(g);
}

static void skipped(struct irf_gen *g, u32 size)
{
    ir_ref c = condition(g);
    u32 at = g->b->count;
    u16 label = ir_skip(g->b, c);
    if (fuzz_one_in(&g->r, 3)) {
        random_exit(g);
    } else {
        body(g, size);
        if (fuzz_one_in(&g->r, 4) && !irf_full(g))
            skipped(g, size / 2 + 1);
        if (fuzz_one_in(&g->r, 4) && !irf_full(g))
            random_exit(g);
    }
    ir_label(g->b, label);
    forget_since(g, at);
}

/* More values alive than any host has registers: all are made, then all are used, in another order. */
static void pressure(struct irf_gen *g)
{
    static const u8 types[] = { IR_I64, IR_I64, IR_I64, IR_V128, IR_V128, IR_I32, IR_F64, IR_F32, IR_I1, IR_V256,
                                IR_I128 };
    enum ir_type t = (enum ir_type)types[fuzz_pick(&g->r, COUNT(types))];
    ir_ref all[48];
    u32 n = 20 + fuzz_pick(&g->r, 28);
    for (u32 k = 0; k < n; k++)
        all[k] = fuzz_pick(&g->r, 6) ? ir_get(g->b, g->y->first[t] + k % g->y->count[t]) : irf_constant(g, t);
    for (u32 k = 0; k < n; k += 2) { /* mix pairs, so that not all are reads of state */
        ir_ref other = all[fuzz_pick(&g->r, n)];
        if (!ir_is_float(t))
            all[k] = ir_op2(g->b, fuzz_one_in(&g->r, 2) ? IR_xor : IR_or, all[k], other);
        irf_keep(g, all[k]);
    }
    if (fuzz_one_in(&g->r, 2))
        irf_access(g);
    body(g, 6);
    ir_ref sum = all[0];
    for (u32 k = n - 1; k && g->b->count + 8 < IRF_OPS; k--)
        sum = ir_op2(g->b, ir_is_float(t) ? IR_fadd : IR_xor, sum, all[k]);
    set_field(g, t, sum);
}

static void fragment(struct irf_gen *g, bool ends)
{
    static const u16 shapes[] = { 40, 25, 8, 8, 12, 3, 10 };
    static const u8 sizes[] = { 2, 3, 5, 8, 12, 20 };
    u32 size = sizes[fuzz_pick(&g->r, COUNT(sizes))];
    switch (fuzz_weighted(&g->r, shapes, COUNT(shapes))) {
    case 0: body(g, size); break;
    case 1: skipped(g, size); break;
    case 2: skipped(g, size); skipped(g, size); break;
    case 3: pressure(g); break;
    case 4: irf_access(g); random_set(g); break; /* as most guests' loads and stores */
    case 5: irf_helper(g); random_set(g); break;
    default: flags_op(g);
    }
    if (ends)
        random_exit(g);
}

static void build(struct irf_gen *g, struct irf_frag *to, bool ends)
{
    g->to = to;
    g->visible_count = 0;
    g->effect = false;
    memset(g->form, 0, sizeof g->form);
    forget_since(g, 0);
    ir_begin(g->b, &g->y->l);
    ir_insn(g->b, 0, 4);
    fragment(g, ends);
    u32 n = g->b->count - 1;
    CHECK(n <= IRF_OPS);
    *to = (struct irf_frag){ .count = n, .labels = g->b->labels, .ends = ends };
    memcpy(to->ins, g->b->ins + 1, n * sizeof to->ins[0]);
    memcpy(to->form, g->form + 1, n * sizeof to->form[0]);
}

static u32 random_ctl(struct fuzz_rng *r, bool arm_fp)
{
    static const u32 arm[] = { 0, 0, 0, FP_DN, FP_ARM_FZ, FP_ARM_FZ | FP_DN, FP_RM, FP_RP, FP_RZ,
                               FP_RZ | FP_DN | FP_AHP, FP_FZ16 };
    static const u32 x86[] = { 0, FP_RP, FP_RM, FP_RZ, FP_DAZ, FP_FTZ, FP_DAZ | FP_FTZ, FP_UF_EXACT, FP_PC24,
                               FP_PC53 | FP_RM };
    if (!arm_fp && fuzz_one_in(r, 5))
        return FP_X86 | x86[fuzz_pick(r, COUNT(x86))];
    return arm[fuzz_pick(r, COUNT(arm))];
}

void irf_generate(struct irf_prog *p, const struct irf_layout *y, const struct irf_forms *f, struct ir_block *scratch,
                  u64 seed, bool arm_fp)
{
    struct irf_gen g = { .r = fuzz_seeded(seed, 2), .y = y, .f = f, .b = scratch };
    u32 ctl = random_ctl(&g.r, arm_fp);
    p->seed = seed;
    p->frag_count = 2 + fuzz_pick(&g.r, IRF_FRAGS - 1);
    if (fuzz_one_in(&g.r, 2))
        p->frag_count = MIN(p->frag_count, 6u);
    u32 rate = 2 + fuzz_pick(&g.r, 4); /* of the ends of blocks */
    for (u32 k = 0; k < p->frag_count; k++)
        build(&g, &p->frag[k], fuzz_one_in(&g.r, rate));
    p->pc = IRF_CODE + 4 * fuzz_pick(&g.r, IRF_SLOTS);
    irf_random_state(y, &g.r, p->state, ctl);
    fuzz_random_plan(&g.r, &p->plan, 1 + fuzz_pick(&g.r, fuzz_one_in(&g.r, 4) ? 400 : 60));
}
