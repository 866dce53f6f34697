/*
 * alloc.c - registers, slots and homes of the roots of a block.
 *
 * A register is free when its root is not needed any more. Where none is, the one whose turn it is goes to memory: a
 * constant or a value with a home costs nothing, one that waits for its field is stored there, others to a slot.
 */
#include "backend/jit/x64/alloc.h"
#include <string.h>

struct xasm *xe_asm(struct xe *x) { return &x->a; }
const struct ir_block *xe_ir(const struct xe *x) { return x->ir; }
void xe_flags_lost(struct xe *x) { x->flags.kind = XFL_NONE; }

bool xe_root_live(const struct xe *x, u16 root)
{
    return x->r[root].last_use >= x->i || x->r[root].dirty || x->r[root].held;
}

static u32 type_bytes(const struct xroot *r)
{
    return r->cls == XC_XMM ? 16 : 8;
}

/* ---- places in memory ---- */

static void log_undo(struct xe *x, u16 root)
{
    if (!x->snap_count)
        return;
    if (x->undo_count == XE_UNDO) {
        x->unfit = true;
        return;
    }
    x->undo[x->undo_count++] = (struct xundo){ root, x->r[root].slot, x->r[root].home };
}

/* A comparison became a value on the way under a skip: the other way does not have it. */
void xe_log_made(struct xe *x, ir_ref r)
{
    if (!x->snap_count)
        return;
    if (x->undo_count == XE_UNDO)
        x->unfit = true;
    else
        x->undo[x->undo_count++] = (struct xundo){ XE_NO_ROOT, (i16)r, -1 };
}

void xe_set_home(struct xe *x, u16 root, u32 field)
{
    struct xroot *r = &x->r[root];
    log_undo(x, root);
    if (r->home >= 0)
        x->home_of[r->home] = XE_NO_ROOT;
    if (x->home_of[field] != XE_NO_ROOT) {
        log_undo(x, x->home_of[field]);
        x->r[x->home_of[field]].home = -1;
    }
    r->home = (i16)field;
    x->home_of[field] = root;
}

static void clear_home(struct xe *x, u16 root)
{
    struct xroot *r = &x->r[root];
    log_undo(x, root);
    if (r->home >= 0 && x->home_of[r->home] == root)
        x->home_of[r->home] = XE_NO_ROOT;
    r->home = -1;
}

static i16 new_slot(struct xe *x, u16 root)
{
    for (u32 s = 0; s < x->slot_top; s++) {
        u16 old = x->slot_root[s];
        if (!xe_root_live(x, old) && !x->snap_count) {
            x->r[old].slot = -1;
            x->slot_root[s] = root;
            return (i16)s;
        }
    }
    if (x->slot_top == XE_SLOTS - XE_FRAME_CONSTS) { /* the last ones are xe_const128()'s */
        x->unfit = true;
        return 0;
    }
    x->slot_root[x->slot_top] = root;
    return (i16)x->slot_top++;
}

static struct xmem slot_mem(i16 slot) { return xm(RSP, slot * 16); }

bool xe_root_mem(struct xe *x, u16 root, struct xmem *m)
{
    const struct xroot *r = &x->r[root];
    if (r->slot >= 0)
        *m = slot_mem(r->slot);
    else if (r->home >= 0)
        *m = xe_field(x, (u32)r->home);
    else
        return false;
    return true;
}

void xe_load_const(struct xe *x, ir_ref c, u8 cls, enum xreg to)
{
    const struct ir_ins *in = &x->ir->ins[c];
    if (cls == XC_GPR) {
        xa_mov_ri(&x->a, to, in->imm);
        return;
    }
    u64 hi = in->type == IR_V128 ? in->imm2 : 0;
    if (!in->imm && !hi)
        xa_v3(&x->a, XV_PXOR, to, to, to);
    else if (in->imm == ~0ull && hi == ~0ull)
        xa_v3(&x->a, XV_PCMPEQD, to, to, to);
    else
        xa_vload(&x->a, 16, to, xe_const128(x, in->imm, hi));
}

void xe_root_load(struct xe *x, u16 root, enum xreg to)
{
    const struct xroot *r = &x->r[root];
    struct xmem m;
    if (r->konst != IR_NONE) {
        xe_load_const(x, r->konst, r->cls, to);
        return;
    }
    if (!xe_root_mem(x, root, &m)) {
        x->unfit = true; /* a value without a place: nothing right can be made of it */
        return;
    }
    u32 bytes = r->slot >= 0 ? type_bytes(r) : ir_bytes((enum ir_type)x->ir->layout->fields[r->home].type);
    if (r->cls == XC_XMM)
        xa_vload(&x->a, bytes, to, m);
    else
        xa_mov_rm(&x->a, bytes * 8, to, m);
}

void xe_store_slot(struct xe *x, u16 root)
{
    struct xroot *r = &x->r[root];
    log_undo(x, root);
    r->slot = new_slot(x, root);
    if (r->cls == XC_XMM)
        xa_vstore(&x->a, 16, slot_mem(r->slot), (enum xreg)r->reg);
    else
        xa_mov_mr(&x->a, 64, slot_mem(r->slot), (enum xreg)r->reg);
}

/* ---- registers ---- */

static u16 *holder(struct xe *x, u8 cls, i32 reg) { return cls == XC_XMM ? &x->xmm[reg] : &x->gpr[reg]; }

static void pin(struct xe *x, u8 cls, i32 reg)
{
    if (cls == XC_XMM)
        x->xmm_pinned |= (u16)(1u << reg);
    else
        x->gpr_pinned |= (u16)(1u << reg);
}

void xe_root_away(struct xe *x, u16 root)
{
    struct xroot *r = &x->r[root];
    if (r->reg < 0)
        return;
    if (r->dirty)
        xe_flush_root(x, root);
    if (r->konst == IR_NONE && r->slot < 0 && r->home < 0 && xe_root_live(x, root) && !r->window)
        xe_store_slot(x, root);
    *holder(x, r->cls, r->reg) = XE_NO_ROOT;
    r->reg = -1;
}

static i32 take_register(struct xe *x, u8 cls)
{
    u32 all = cls == XC_XMM ? XE_XMMS : XE_GPRS, open = all & ~(cls == XC_XMM ? x->xmm_pinned : x->gpr_pinned);
    for (u32 m = open; m; m &= m - 1) {
        i32 reg = __builtin_ctz(m);
        u16 old = *holder(x, cls, reg);
        if (old == XE_NO_ROOT)
            return reg;
        if (!xe_root_live(x, old)) {
            x->r[old].reg = -1;
            *holder(x, cls, reg) = XE_NO_ROOT;
            return reg;
        }
    }
    if (!open) {
        x->unfit = true;
        return cls == XC_XMM ? 0 : RBX;
    }
    /* constants and those with a place in memory first */
    i32 best = -1;
    for (u32 n = 0; n < 16 && best < 0; n++) {
        i32 reg = (i32)((x->turn + n) & 15);
        const struct xroot *r = open >> reg & 1 ? &x->r[*holder(x, cls, reg)] : NULL;
        if (r && (r->konst != IR_NONE || r->slot >= 0 || r->home >= 0))
            best = reg;
    }
    for (u32 n = 0; n < 32 && best < 0; n++) { /* windows last */
        i32 reg = (i32)((x->turn + n) & 15);
        if (open >> reg & 1 && (n >= 16 || !x->r[*holder(x, cls, reg)].window))
            best = reg;
    }
    x->turn = (u32)best + 1;
    xe_root_away(x, *holder(x, cls, best));
    return best;
}

static void put(struct xe *x, u16 root, i32 reg)
{
    struct xroot *r = &x->r[root];
    r->reg = (i8)reg;
    *holder(x, r->cls, reg) = root;
    pin(x, r->cls, reg);
}

enum xreg xe_root_use(struct xe *x, u16 root)
{
    struct xroot *r = &x->r[root];
    if (r->reg < 0) {
        i32 reg = take_register(x, r->cls);
        xe_root_load(x, root, (enum xreg)reg);
        put(x, root, reg);
    }
    pin(x, r->cls, r->reg);
    return (enum xreg)r->reg;
}

enum xreg xe_root_def(struct xe *x, u16 root)
{
    put(x, root, take_register(x, x->r[root].cls));
    return (enum xreg)x->r[root].reg;
}

void xe_end_ins(struct xe *x)
{
    x->gpr_pinned = x->xmm_pinned = 0;
}

/* ---- operands and results ---- */

bool xe_is_const(const struct xe *x, ir_ref r, u64 *v)
{
    const struct ir_ins *in = &x->ir->ins[r];
    if (in->op != IR_const || ir_bits((enum ir_type)in->type) > 64)
        return false;
    *v = in->imm;
    return true;
}

bool xe_is_imm32(const struct xe *x, ir_ref r, i32 *imm)
{
    const struct ir_ins *in = &x->ir->ins[r];
    u64 v;
    if (!ir_is_int((enum ir_type)in->type) || !xe_is_const(x, r, &v))
        return false;
    u32 bits = MAX(ir_bits((enum ir_type)in->type), 8u);
    i64 s = (i64)(v << (64 - bits)) >> (64 - bits);
    *imm = (i32)s;
    return s == (i32)s;
}

bool xe_is_vconst(const struct xe *x, ir_ref r, u64 v[2])
{
    const struct ir_ins *in = &x->ir->ins[r];
    v[0] = in->imm;
    v[1] = in->imm2;
    return in->op == IR_const && in->type == IR_V128;
}

bool xe_dies(const struct xe *x, ir_ref r, u32 i)
{
    const struct xroot *t = &x->r[x->root[r]];
    return t->last_use <= i && !t->dirty && !t->held;
}

enum xreg xe_use(struct xe *x, ir_ref r)
{
    if (x->put_off[r])
        xe_materialise(x, r);
    return xe_root_use(x, x->root[r]);
}

enum xreg xe_use_zx(struct xe *x, ir_ref r)
{
    enum xreg reg = xe_use(x, r);
    u32 bits = MAX(ir_bits((enum ir_type)x->ir->ins[r].type), 8u);
    if (bits >= 64 || xe_root(x, r)->zbits <= bits)
        return reg;
    enum xreg t = xe_tmp(x);
    xa_movzx(&x->a, bits, t, reg);
    return t;
}

enum xreg xe_use_hi(struct xe *x, ir_ref r) { return xe_root_use(x, x->root2[r]); }
enum xreg xe_use_v(struct xe *x, ir_ref r) { return xe_root_use(x, x->root[r]); }
enum xreg xe_use_v2(struct xe *x, ir_ref r) { return xe_root_use(x, x->root2[r]); }

bool xe_use_rm(struct xe *x, ir_ref r, enum xreg *reg, struct xmem *m)
{
    const struct xroot *t = xe_root(x, r);
    u32 bits = ir_bits((enum ir_type)x->ir->ins[r].type);
    if (!x->put_off[r] && t->reg < 0 && t->konst == IR_NONE && (bits == 32 || bits == 64) && t->last_use <= x->i
        && (t->slot >= 0 || (t->home >= 0 && ir_bytes((enum ir_type)x->ir->layout->fields[t->home].type) * 8 >= bits))
        && xe_root_mem(x, x->root[r], m))
        return true;
    *reg = xe_use(x, r);
    return false;
}

static u8 def_zbits(enum ir_type t)
{
    return t == IR_I1 ? 1 : ir_bits(t) <= 32 ? 32 : 64;
}

enum xreg xe_def(struct xe *x, u32 i)
{
    x->r[x->root[i]].zbits = def_zbits((enum ir_type)x->ir->ins[i].type);
    return xe_root_def(x, x->root[i]);
}
enum xreg xe_def_hi(struct xe *x, u32 i)
{
    x->r[x->root2[i]].zbits = 64;
    return xe_root_def(x, x->root2[i]);
}
enum xreg xe_def_v(struct xe *x, u32 i) { return xe_root_def(x, x->root[i]); }
enum xreg xe_def_v2(struct xe *x, u32 i) { return xe_root_def(x, x->root2[i]); }

void xe_clean(struct xe *x, u32 i)
{
    x->r[x->root[i]].zbits = (u8)MIN(ir_bits((enum ir_type)x->ir->ins[i].type), 64u);
}

/* May the register of r be given to the result of i? */
static bool can_take_over(struct xe *x, u32 i, ir_ref r)
{
    u16 root = x->root[r];
    const struct xroot *t = &x->r[root];
    if (t->reg < 0 || t->last_use > i || t->dirty || t->held || x->put_off[r])
        return false;
    u32 times = 0;
    for (u32 k = 0; k < 4 && x->ir->ins[i].arg[k] != IR_NONE; k++) {
        ir_ref a = x->ir->ins[i].arg[k];
        times += (x->root[a] == root) + (x->root2[a] == root);
    }
    return times == 1;
}

static enum xreg take_over(struct xe *x, u32 i, ir_ref r)
{
    struct xroot *from = xe_root(x, r);
    i8 reg = from->reg;
    from->reg = -1;
    put(x, x->root[i], reg);
    return (enum xreg)reg;
}

enum xreg xe_def_over(struct xe *x, u32 i, ir_ref r)
{
    u64 v;
    x->r[x->root[i]].zbits = def_zbits((enum ir_type)x->ir->ins[i].type);
    if (can_take_over(x, i, r))
        return take_over(x, i, r);
    if (xe_is_const(x, r, &v) && xe_root(x, r)->reg < 0) {
        enum xreg d = xe_root_def(x, x->root[i]);
        xa_mov_ri(&x->a, d, v);
        return d;
    }
    enum xreg s = xe_use(x, r);
    if (can_take_over(x, i, r))
        return take_over(x, i, r);
    enum xreg d = xe_root_def(x, x->root[i]);
    xa_mov_rr(&x->a, 64, d, s);
    return d;
}

enum xreg xe_def_v_over(struct xe *x, u32 i, ir_ref r)
{
    return can_take_over(x, i, r) ? take_over(x, i, r) : xe_def_v(x, i);
}

void xe_same(struct xe *x, u32 i, ir_ref r)
{
    bool unclean = xe_root(x, r)->zbits > 32 && ir_bits((enum ir_type)x->ir->ins[i].type) <= 32;
    if (x->r[x->root[i]].cls == XC_XMM) {
        enum xreg s = xe_use_v(x, r);
        xa_vmov(&x->a, xe_def_v_over(x, i, r), s);
        return;
    }
    enum xreg d = xe_def_over(x, i, r);
    if (unclean)
        xa_mov_rr(&x->a, 32, d, d);
}

/* A register that holds no root, until the end of the instruction. */
static enum xreg scratch(struct xe *x, u8 cls)
{
    i32 reg = take_register(x, cls);
    *holder(x, cls, reg) = XE_NO_ROOT;
    pin(x, cls, reg);
    return (enum xreg)reg;
}
enum xreg xe_tmp(struct xe *x) { return scratch(x, XC_GPR); }
enum xreg xe_tmp_v(struct xe *x) { return scratch(x, XC_XMM); }

struct xmem xe_const128(struct xe *x, u64 lo, u64 hi)
{
    struct jit_ctx *c = x->j->ctx;
    u128 v = (u128)hi << 64 | lo;
    u32 h = (u32)((lo * 0x9e3779b97f4a7c15ull ^ hi * 0xc2b2ae3d27d4eb4full) >> 51) & (COUNT(x->const_hash) - 1);
    while (x->const_hash[h]) {
        if (c->consts[x->const_hash[h] - 1] == v)
            return xm_abs(&c->consts[x->const_hash[h] - 1]);
        h = (h + 1) & (COUNT(x->const_hash) - 1);
    }
    if (c->const_count < COUNT(c->consts)) {
        c->consts[c->const_count] = v;
        x->const_hash[h] = (u16)++c->const_count;
        return xm_abs(&c->consts[c->const_count - 1]);
    }
    /* the table is full: through the frame */
    struct xmem m = xm(RSP, (i32)((XE_SLOTS - 1 - x->const_turn++ % XE_FRAME_CONSTS) * 16));
    xa_mov_ri(&x->a, RAX, lo);
    xa_mov_mr(&x->a, 64, m, RAX);
    xa_mov_ri(&x->a, RAX, hi);
    m.disp += 8;
    xa_mov_mr(&x->a, 64, m, RAX);
    m.disp -= 8;
    return m;
}

/* ---- homes ---- */

void xe_forget_home(struct xe *x, u32 field)
{
    u16 root = x->home_of[field];
    if (root == XE_NO_ROOT)
        return;
    struct xroot *r = &x->r[root];
    if (r->reg < 0 && r->slot < 0 && r->konst == IR_NONE && (r->last_use >= x->i || r->held)) {
        u16 gpr = x->gpr_pinned, xmm = x->xmm_pinned;
        xe_root_use(x, root);
        x->gpr_pinned = gpr;
        x->xmm_pinned = xmm;
    }
    clear_home(x, root);
}

void xe_forget_all_homes(struct xe *x)
{
    for (u32 f = 0; f < x->ir->layout->field_count; f++)
        if (x->home_of[f] != XE_NO_ROOT)
            xe_forget_home(x, f);
}

void xe_begin(struct xe *x)
{
    memset(x->gpr, 0xff, sizeof x->gpr);
    memset(x->xmm, 0xff, sizeof x->xmm);
    memset(x->home_of, 0xff, MIN(x->ir->layout->field_count, XE_FIELDS) * sizeof x->home_of[0]);
    x->gpr_pinned = x->xmm_pinned = 0;
    x->dirty_count = x->slot_top = x->snap_count = x->undo_count = 0;
    x->cold_count = x->cold_open = x->saved_dirty_count = x->saved_cond_count = x->link_count = x->kept_count = 0;
    x->ic_count = x->ic_miss_count = 0;
    x->turn = RBX;
    x->flags.kind = XFL_NONE;
    x->synced = x->unreachable = x->unfit = false;
}
