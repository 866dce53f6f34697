/*
 * block.c - one block: entry, the pass over its instructions, exits, cold paths, and what lies behind the code.
 *
 *   entry:  sub r12, instructions; js cold       the budget
 *           ...
 *   exits:  lea r15, [r15 + rel]; jmp next       linked by the cache; leaving a page: an inline cache before it
 *   cold:   slow paths, unlinked exits           by falling probability nothing: in order
 *   data:   { key, pc } of inline caches
 */
#include "backend/common/common.h"
#include "backend/common/disasm.h"
#include "backend/jit/cache.h"
#include "backend/jit/x64/emit_rows.h"
#include "backend/jit/x64/plan.h"
#include "ir/vec.h"
#include <string.h>

typedef void emit_fn(struct xe *x, u32 i);

static emit_fn *const emitters[IR_OP_COUNT] = {
#define SCALAR (K_1 | K_I | K_Q | K_F | K_X)
#define OP(name, result, args, kinds, ...) [IR_##name] = (kinds) & SCALAR ? x64_emit_##name : NULL,
#define VOP(name, ...) [IR_##name] = x64_emit_##name,
#define XOP(name, ...) [IR_##name] = x64_emit_##name,
#include "ir/ops.def"
};
/* OP rows on vectors; bitcast and select do not care. */
#define x64_vemit_bitcast x64_emit_bitcast
#define x64_vemit_select x64_emit_select
static emit_fn *const vector_emitters[IR_OP_COUNT] = {
#define OP(name, result, args, kinds, ...) [IR_##name] = (kinds) & (K_VI | K_VF | K_V) ? x64_vemit_##name : NULL,
#define VOP(...)
#define XOP(...)
#include "ir/ops.def"
};

/* ---- cold paths ---- */

struct xcold *xe_new_cold(struct xe *x, enum xcold_kind k, u8 *from)
{
    if (x->cold_count == XE_COLD) {
        x->unfit = true;
        x->cold_count = 0;
    }
    struct xcold *c = &x->cold[x->cold_count++];
    *c = (struct xcold){ .kind = (u8)k, .jumps = 1, .from = { from }, .i = x->i, .site = xe_site(x),
                         .windows = k == XK_EVAL || k == XK_BUDGET ? 0 : xe_windows_open(x) };
    xe_save_dirty(x, c);
    return c;
}

/* Operand of an evaluation from its registers to ctx.arg[k]. */
static void put_arg(struct xe *x, u32 k, u8 type, i8 reg, i8 reg2)
{
    u32 bits = ir_bits((enum ir_type)type);
    if (type == IR_V128 || type == IR_V256) {
        xa_vstore(&x->a, 16, xe_arg(x, k, 0), (enum xreg)reg);
        if (type == IR_V256)
            xa_vstore(&x->a, 16, xe_arg(x, k, 16), (enum xreg)reg2);
        return;
    }
    if (type == IR_F16 || type == IR_F32 || type == IR_F64) {
        xa_vto(&x->a, type == IR_F64 ? 64 : 32, RAX, (enum xreg)reg);
        if (type == IR_F16)
            xa_movzx(&x->a, 16, RAX, RAX);
        xa_mov_mr(&x->a, 64, xe_arg(x, k, 0), RAX);
        return;
    }
    if (bits < 64) {
        xa_movzx(&x->a, MAX(bits, 8u), RAX, (enum xreg)reg);
        reg = RAX;
    }
    xa_mov_mr(&x->a, 64, xe_arg(x, k, 0), (enum xreg)reg);
    if (type == IR_I128)
        xa_mov_mr(&x->a, 64, xe_arg(x, k, 8), (enum xreg)reg2);
}

static void get_result(struct xe *x, u8 type, i8 reg, i8 reg2)
{
    struct xmem lo = XE_CTX(x, res), hi = xe_ctx(x, offsetof(struct jit_ctx, res) + (type == IR_V256 ? 16 : 8));
    if (type >= IR_F16 && type != IR_F80) {
        xa_vload(&x->a, 16, (enum xreg)reg, lo);
        if (type == IR_V256)
            xa_vload(&x->a, 16, (enum xreg)reg2, hi);
        return;
    }
    xa_mov_rm(&x->a, MAX(MIN(ir_bits((enum ir_type)type), 64u), 8u), (enum xreg)reg, lo);
    if (type == IR_I128)
        xa_mov_rm(&x->a, 64, (enum xreg)reg2, hi);
}

void xe_keep(struct xe *x, u32 i)
{
    if (x->kept_count == XE_KEPT) {
        x->unfit = true;
        return;
    }
    xa_mov_ri(&x->a, RAX, 0x7fffffffffffffff); /* the long form */
    x->kept[x->kept_count].at = x->a.p - 8;
    x->kept[x->kept_count++].ins = i;
}

static void operand_registers(struct xe *x, u32 i, i8 arg[4][2])
{
    const struct ir_ins *in = xe_ins(x, i);
    for (u32 k = 0; k < ir_args(in); k++) {
        u8 t = x->ir->ins[in->arg[k]].type;
        arg[k][0] = (i8)xe_use(x, in->arg[k]);
        arg[k][1] = t == IR_I128 || t == IR_V256 ? (i8)xe_root_use(x, x->root2[in->arg[k]]) : -1;
    }
}

static void put_args(struct xe *x, u32 i, i8 arg[4][2])
{
    const struct ir_ins *in = xe_ins(x, i);
    for (u32 k = 0; k < ir_args(in); k++)
        put_arg(x, k, x->ir->ins[in->arg[k]].type, arg[k][0], arg[k][1]);
}

static void define(struct xe *x, u32 i, i8 res[2])
{
    u8 t = xe_ins(x, i)->type;
    res[0] = (i8)(x->r[x->root[i]].cls == XC_XMM ? xe_def_v(x, i) : xe_def(x, i));
    res[1] = t == IR_I128 ? (i8)xe_def_hi(x, i) : t == IR_V256 ? (i8)xe_def_v2(x, i) : -1;
    xe_clean(x, i);
}

void xe_put_operands(struct xe *x, u32 i)
{
    i8 arg[4][2];
    operand_registers(x, i, arg);
    put_args(x, i, arg);
}

void xe_take_result(struct xe *x, u32 i)
{
    i8 res[2];
    define(x, i, res);
    get_result(x, xe_ins(x, i)->type, res[0], res[1]);
}

void xe_eval(struct xe *x, u32 i)
{
    xe_put_operands(x, i);
    xe_keep(x, i);
    xa_call(&x->a, x->j->t.eval);
    xe_take_result(x, i);
    xe_flags_lost(x);
}

struct xcold *xe_cold_row(struct xe *x, u32 i, enum xcold_kind k, u8 *from)
{
    struct xcold *c = xe_new_cold(x, k, from);
    const struct ir_ins *in = xe_ins(x, i);
    for (u32 n = 0; n < ir_args(in); n++) {
        ir_ref a = in->arg[n];
        c->arg[n][0] = xe_root(x, a)->reg;
        c->arg[n][1] = x->root2[a] != XE_NO_ROOT ? x->r[x->root2[a]].reg : -1;
        if (c->arg[n][0] < 0 && xe_root(x, a)->konst == IR_NONE)
            x->unfit = true;
    }
    c->res[0] = in->type != IR_VOID ? x->r[x->root[i]].reg : -1;
    c->res[1] = x->root2[i] != XE_NO_ROOT ? x->r[x->root2[i]].reg : -1;
    return c;
}

void xe_cold_eval(struct xe *x, u32 i, u8 *from)
{
    xe_cold_row(x, i, XK_EVAL, from);
}

void xe_cold_eval_back(struct xe *x)
{
    for (u32 k = x->cold_open; k < x->cold_count; k++)
        if (x->cold[k].kind == XK_EVAL && !x->cold[k].back)
            x->cold[k].back = x->a.p;
    x->cold_open = x->cold_count;
}

/* A constant operand that no register held. */
static void put_const_arg(struct xe *x, u32 k, ir_ref c)
{
    const struct ir_ins *in = &x->ir->ins[c];
    for (u32 n = 0; n < 2; n++) {
        xa_mov_ri(&x->a, RAX, n ? in->imm2 : in->imm);
        xa_mov_mr(&x->a, 64, xe_arg(x, k, 8 * n), RAX);
    }
}

static void cold_row(struct xe *x, const struct xcold *c)
{
    const struct ir_ins *in = xe_ins(x, c->i);
    for (u32 k = 0; k < ir_args(in); k++) {
        if (c->arg[k][0] < 0)
            put_const_arg(x, k, x->r[x->root[in->arg[k]]].konst);
        else
            put_arg(x, k, x->ir->ins[in->arg[k]].type, c->arg[k][0], c->arg[k][1]);
    }
    xe_keep(x, c->i);
    if (c->kind == XK_MEM)
        xa_mov_ri(&x->a, RCX, c->site);
    xa_call(&x->a, c->kind == XK_MEM ? x->j->t.mem : x->j->t.eval);
    if (c->res[0] >= 0)
        get_result(x, in->type, c->res[0], c->res[1]);
}

static void emit_cold(struct xe *x, u32 n)
{
    const struct xcold *c = &x->cold[n];
    for (u32 k = 0; k < c->jumps; k++)
        xa_here_is(&x->a, c->from[k], false);
    if (c->kind == XK_BUDGET) {
        xa_alu_ri(&x->a, XA_ADD, 64, R12, (i32)x->b->insns);
        xa_jmp(&x->a, x->j->t.leave[JX_BUDGET]);
        return;
    }
    if (c->again)
        xe_cold_again(x, c);
    if (c->kind != XK_EVAL)
        xe_cold_dirty(x, c);
    if (c->kind == XK_EVAL || c->kind == XK_MEM)
        cold_row(x, c);
    else
        xe_cold_mem(x, c);
    xe_windows_shut(x, c->windows);
    xa_jmp(&x->a, c->back + x->a.delta);
}

/* ---- exits ---- */

void xe_give_back(struct xe *x)
{
    if (x->behind)
        xa_alu_ri(&x->a, XA_ADD, 64, R12, (i32)x->behind);
}

static void add_pc(struct xe *x, i64 rel)
{
    if (rel == (i32)rel) {
        if (rel)
            xa_lea(&x->a, 64, R15, xm(R15, (i32)rel));
        return;
    }
    xa_mov_ri(&x->a, RAX, (u64)rel);
    xa_alu_rr(&x->a, XA_ADD, 64, R15, RAX);
}

static void ic_compare(struct xe *x, u32 link, u32 word, enum xreg r)
{
    xa_alu_rm(&x->a, XA_CMP, 64, r, xm_abs(xa_here(&x->a))); /* filled in when the data's place is known */
    if (x->a.full)
        return;
    x->ic_at[x->ic_count].at = x->a.p - 4;
    x->ic_at[x->ic_count].link = link;
    x->ic_at[x->ic_count++].word = word;
    x->ic_miss[x->ic_miss_count].at = xa_jcc_fwd(&x->a, CC_NE, false);
    x->ic_miss[x->ic_miss_count++].link = link;
}

/* Goes on at the block's pc + rel, through a link that the cache fills. */
static void link_exit(struct xe *x, i64 rel)
{
    u64 at = (x->b->off & (PAGE_SIZE - 1)) + (u64)rel;
    bool in_page = at < engine_page_end(x->j->v->guest) && rel % x->j->v->guest->min_insn == 0;
    if (x->link_count == XE_LINKS) {
        x->unfit = true;
        return;
    }
    u32 n = x->link_count++;
    add_pc(x, rel);
    if (!in_page) {
        xa_mov_rm(&x->a, 64, RAX, XE_CTX(x, key));
        ic_compare(x, n, 0, RAX);
        ic_compare(x, n, 1, R15);
    }
    xa_jmp(&x->a, xa_here(&x->a));
    x->links[n] = (struct jit_link){ .rel = rel, .jump = x->a.p - 4, .ic = in_page ? NULL : (u64 *)1 };
}

static void emit_stub(struct xe *x, u32 n)
{
    struct jit_link *l = &x->links[n];
    for (u32 k = 0; k < x->ic_miss_count; k++)
        if (x->ic_miss[k].link == n)
            xa_here_is(&x->a, x->ic_miss[k].at, false);
    l->stub = xa_here(&x->a);
    xa_mov_ri(&x->a, RCX, 0x7fffffffffffffff);
    x->link_stub_at[n] = x->a.p - 8;
    xa_jmp(&x->a, x->j->t.link);
}

static void leave(struct xe *x, enum jit_exit e) { xa_jmp(&x->a, x->j->t.leave[e]); }

void x64_emit_exit_direct(struct xe *x, u32 i)
{
    xe_give_back(x);
    if (xe_loop_back(x, i)) {
        x->unreachable = true;
        return;
    }
    if (x->synced) {
        add_pc(x, (i64)xe_ins(x, i)->imm);
        leave(x, JX_SYNC);
    } else {
        link_exit(x, (i64)xe_ins(x, i)->imm);
    }
    x->unreachable = true;
}

/* The jump cache, inline. */
static void lookup(struct xe *x)
{
    struct xasm *a = &x->a;
    if (xe_has(x, XF_BMI2)) {
        xa_rorx(a, 64, RAX, R15, 61);
        xa_rorx(a, 64, RCX, R15, 9);
    } else {
        xa_lea(a, 64, RAX, xmi(XNONE, R15, 8, 0));
        xa_mov_rr(a, 64, RCX, R15);
        xa_shift_ri(a, XS_SHR, 64, RCX, 9);
    }
    xa_alu_rr(a, XA_XOR, 32, RAX, RCX);
    xa_alu_ri(a, XA_AND, 32, RAX, (i32)((1u << JIT_JUMP_BITS) - 1) << 5);
    xa_lea(a, 64, RCX, XE_CTX(x, jumps));
    xa_mov_rm(a, 64, RDX, XE_CTX(x, key));
    xa_alu_rm(a, XA_CMP, 64, R15, xmi(RCX, RAX, 1, offsetof(struct jit_jump, pc)));
    u8 *miss = xa_jcc_fwd(a, CC_NE, true);
    xa_alu_rm(a, XA_CMP, 64, RDX, xmi(RCX, RAX, 1, offsetof(struct jit_jump, key)));
    u8 *miss2 = xa_jcc_fwd(a, CC_NE, true);
    xa_jmp_m(a, xmi(RCX, RAX, 1, offsetof(struct jit_jump, code)));
    xa_here_is(a, miss, true);
    xa_here_is(a, miss2, true);
    leave(x, JX_LOOKUP);
}

void x64_emit_exit_indirect(struct xe *x, u32 i)
{
    enum xreg r = xe_use(x, xe_ins(x, i)->arg[0]);
    xa_mov_rr(&x->a, 64, R15, r);
    xe_give_back(x);
    if (x->synced)
        leave(x, JX_SYNC);
    else
        lookup(x);
    x->unreachable = true;
}

void x64_emit_exit_mode(struct xe *x, u32 i)
{
    enum xreg r = xe_use(x, xe_ins(x, i)->arg[0]);
    xa_mov_rr(&x->a, 64, R15, r);
    xe_give_back(x);
    leave(x, x->synced ? JX_SYNC : JX_MODE);
    x->unreachable = true;
}

void x64_emit_exit_exc(struct xe *x, u32 i)
{
    enum xreg r = xe_use(x, xe_ins(x, i)->arg[0]);
    xa_mov_mr(&x->a, 64, XE_CTX(x, arg1), r);
    xa_mov_mi(&x->a, 64, XE_CTX(x, arg0), (i32)xe_ins(x, i)->imm);
    add_pc(x, x->insn_off);
    xe_give_back(x);
    leave(x, JX_EXC);
    x->unreachable = true;
}

/* ---- the pass ---- */

static void note_flags(struct xe *x, const struct ir_ins *in)
{
    u32 kind = in->op == IR_sub ? XFL_CMP : in->op == IR_add ? XFL_ADD : in->op == IR_and ? XFL_TST : XFL_NONE;
    if (kind && !in->lane && (in->src == IR_I32 || in->src == IR_I64))
        x->flags = (struct xcmp){ .kind = (u8)kind, .bits = (u8)ir_bits((enum ir_type)in->src), .a = in->arg[0],
                                  .b = in->arg[1] };
}

static void emit_ins(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    x->i = i;
    if (in->op == IR_insn || in->op == IR_label) {
        emitters[in->op](x, i);
        return;
    }
    if (x->unreachable)
        return;
    if (plan_ops[in->op] & PLAN_FLUSH && in->op != IR_skip)
        xe_flush(x);
    note_flags(x, in);
    (ir_is_vec((enum ir_type)in->src) && vector_emitters[in->op] ? vector_emitters : emitters)[in->op](x, i);
    xe_end_ins(x);
}

void x64_emit_insn(struct xe *x, u32 i)
{
    if (x->synced && !x->unreachable) { /* the helper's instruction is done: leave before the next one */
        xe_flush(x);
        add_pc(x, (i64)xe_ins(x, i)->imm);
        xe_give_back(x);
        leave(x, JX_SYNC);
        x->unreachable = true;
    }
    x->synced = false;
    x->insn_off = (u32)xe_ins(x, i)->imm;
    x->behind--;
}

static void emit_entry(struct xe *x)
{
    if (x->keep_count)
        xe_loop_entry(x);
    xa_alu_ri(&x->a, XA_SUB, 64, R12, (i32)x->b->insns);
    xe_new_cold(x, XK_BUDGET, xa_jcc_fwd(&x->a, CC_S, false));
}

/* ---- behind the code ---- */

static void emit_data(struct xe *x)
{
    xa_align(&x->a, 8);
    for (u32 n = 0; n < x->link_count; n++) {
        struct jit_link *l = &x->links[n];
        if (!l->ic)
            continue;
        l->ic = (u64 *)(void *)x->a.p;
        if (x->a.p + 16 > x->a.end) {
            x->a.full = true;
            return;
        }
        memset(x->a.p, 0xff, 16); /* no epoch is all ones */
        x->a.p += 16;
    }
    for (u32 k = 0; k < x->ic_count; k++)
        xa_patch_rel32(x->ic_at[k].at, x->a.delta,
                       (const u8 *)x->links[x->ic_at[k].link].ic + 8 * x->ic_at[k].word + x->a.delta);
}

static void put64(u8 *at, const void *p)
{
    u64 v = (u64)(uintptr_t)p;
    memcpy(at, &v, 8);
}

static void settle_links(struct xe *x)
{
    struct jblock *b = x->b;
    b->link_count = x->link_count;
    b->links = jit_cache_alloc(x->j, x->link_count * sizeof *b->links);
    for (u32 n = 0; n < x->link_count; n++) {
        b->links[n] = x->links[n];
        b->links[n].from = b;
        put64(x->link_stub_at[n], &b->links[n]);
        x64_link_jump(x->j, &b->links[n], b->links[n].stub);
    }
}

static void settle_kept(struct xe *x)
{
    struct jblock *b = x->b;
    b->kept_count = x->kept_count;
    b->kept = jit_cache_alloc(x->j, x->kept_count * sizeof *b->kept);
    for (u32 k = 0; k < x->kept_count; k++) {
        b->kept[k] = x->ir->ins[x->kept[k].ins];
        put64(x->kept[k].at, &b->kept[k]);
    }
}

enum x64_result x64_compile(struct jit *j, struct jblock *b, const struct ir_block *ir, u8 *at, u8 *end)
{
    struct xe *x = j->emitter;
    x->j = j;
    x->b = b;
    x->ir = ir;
    x->a = (struct xasm){ .p = at, .end = end, .delta = j->delta, .features = j->features };
    xe_begin(x);
    plan_block(x);
    b->entry = at + j->delta;
    if (x->unfit)
        return X64_UNFIT;
    b->insns = x->behind = x->insns;
    x->i = 0;
    x->insn_off = 0;
    emit_entry(x);
    for (u32 n = x->order_count; n-- && !x->unfit && !x->a.full;)
        emit_ins(x, x->order[n]);
    for (u32 n = 0; n < x->cold_count && !x->unfit && !x->a.full; n++)
        emit_cold(x, n);
    for (u32 n = 0; n < x->link_count && !x->unfit && !x->a.full; n++)
        emit_stub(x, n);
    if (!x->unfit && !x->a.full)
        emit_data(x);
    if (x->unfit)
        return X64_UNFIT;
    if (x->a.full)
        return X64_FULL;
    b->code_len = (u32)(x->a.p - at);
    settle_links(x);
    settle_kept(x);
    return X64_OK;
}

void x64_link_jump(struct jit *j, struct jit_link *l, const u8 *to)
{
    xa_patch_rel32(l->jump, j->delta, to);
}

void x64_entry_jump(struct jit *j, struct jblock *b, const u8 *to)
{
    u8 *at = (u8 *)(uintptr_t)b->entry - j->delta;
    memcpy(b->was, at, sizeof b->was);
    *at = 0xe9; /* jmp rel32, by hand: the encoder writes beyond its instructions */
    xa_patch_rel32(at + 1, j->delta, to);
}

void x64_entry_restore(struct jit *j, struct jblock *b)
{
    memcpy((u8 *)(uintptr_t)b->entry - j->delta, b->was, sizeof b->was);
}

struct disasm *x64_disasm(struct err *e) { return disasm_new("x86_64", "X86", e); }

/* Intel SDM volume 3, 8.1.3: cross-modifying code. */
void x64_serialize(void)
{
    u32 a = 0, b, c = 0, d;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d) : : "memory");
}
