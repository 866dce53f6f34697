/*
 * mem.c - guest memory: the TLB check inline, everything else by the slow paths.
 *
 * The check (softmmu.h; accesses off one base share it, window.c): slot by tlb_index(), tag against the page of the
 * last byte, so that an access which crosses a page misses. rax: offset of the entry, then its addend; rcx: page. The
 * value's registers are defined before the check; the cold path rejoins behind the access.
 */
#include "backend/jit/x64/mem.h"
#include "backend/jit/x64/emit_rows.h"
#include "backend/jit/x64/plan.h"
#include "ir/vec.h"
#include <string.h>

_Static_assert(sizeof(struct tlb_entry) == 32 && TLB_BITS == 11 && PAGE_BITS == 12,
               "the check below is made for these");

void x64_tlb_offset(struct xasm *a, enum xreg va)
{
    if (a->features & XF_BMI2) {
        xa_rorx(a, 64, RAX, va, 7);
        xa_rorx(a, 64, RCX, va, 17);
    } else {
        xa_mov_rr(a, 64, RAX, va);
        xa_shift_ri(a, XS_SHR, 64, RAX, 7);
        xa_mov_rr(a, 64, RCX, va);
        xa_shift_ri(a, XS_SHR, 64, RCX, 17);
    }
    xa_alu_ri(a, XA_AND, 32, RCX, (i32)((TLB_ENTRIES - 2) * sizeof(struct tlb_entry)));
    xa_alu_rr(a, XA_XOR, 32, RAX, RCX);
    xa_alu_ri(a, XA_AND, 32, RAX, (i32)((TLB_ENTRIES - 1) * sizeof(struct tlb_entry)));
}

/* The table of another MMU mode than the block's, in rdx; else r14 as it is. */
static enum xreg table_of(struct xe *x, u32 mode)
{
    if (mode == (x->b->mode & 15) % MMU_MODES)
        return R14;
    xa_mov_ri(&x->a, RDX, (u64)(uintptr_t)&x->j->v->mmu.cur[mode % MMU_MODES]);
    xa_mov_rm(&x->a, 64, RDX, xm(RDX, 0));
    return RDX;
}

void xe_align_check(struct xe *x, enum xreg va, u32 align, struct xmiss *miss)
{
    if (!align)
        return;
    xa_test_ri(&x->a, 32, va, (i32)(1u << align) - 1);
    miss->at[miss->n++] = xa_jcc_fwd(&x->a, CC_NE, false);
    xe_flags_lost(x);
}

static void emit_check(struct xe *x, enum xreg va, u32 len, enum xreg table, u32 access, struct xmiss *miss)
{
    struct xasm *a = &x->a;
    x64_tlb_offset(a, va);
    if (len > 1)
        xa_lea(a, 64, RCX, xm(va, (i32)len - 1));
    else
        xa_mov_rr(a, 64, RCX, va);
    xa_alu_ri(a, XA_AND, 64, RCX, -(i32)PAGE_SIZE);
    if (access & MMU_READ) {
        xa_alu_rm(a, XA_CMP, 64, RCX, xmi(table, RAX, 1, offsetof(struct tlb_entry, rtag)));
        miss->at[miss->n++] = xa_jcc_fwd(a, CC_NE, false);
    }
    if (access & MMU_WRITE) {
        xa_alu_rm(a, XA_CMP, 64, RCX, xmi(table, RAX, 1, offsetof(struct tlb_entry, wtag)));
        miss->at[miss->n++] = xa_jcc_fwd(a, CC_NE, false);
    }
    xa_mov_rm(a, 64, RAX, xmi(table, RAX, 1, offsetof(struct tlb_entry, addend)));
}

/* The check was made before for the same register, length and access: it is copied. */
static bool copy_check(struct xe *x, const struct xcheck *c, struct xmiss *miss)
{
    struct xasm *a = &x->a;
    if (!c->len || (u64)(a->end - a->p) < sizeof c->code)
        return false;
    memcpy(a->p, c->code, sizeof c->code);
    for (u32 k = 0; k < c->jumps; k++)
        miss->at[miss->n++] = a->p + c->jump[k];
    a->p += c->len;
    return true;
}

static void keep_check(struct xcheck *c, const struct xasm *a, const u8 *from, const struct xmiss *miss, u32 first)
{
    if (a->full || a->p - from > (i64)sizeof c->code)
        return;
    c->len = (u8)(a->p - from);
    memcpy(c->code, from, c->len);
    c->jumps = (u8)(miss->n - first);
    for (u32 k = 0; k < c->jumps; k++)
        c->jump[k] = (u8)(miss->at[first + k] - from);
}

void xe_tlb_check(struct xe *x, enum xreg va, u32 len, u32 mode, u32 access, struct xmiss *miss)
{
    enum xreg table = table_of(x, mode);
    u32 size = (u32)__builtin_ctz(len), first = miss->n;
    bool known = table == R14 && len == 1u << size && size < COUNT(x->checks[0]);
    struct xcheck *c = &x->checks[va][known ? size : 0][access & 3];
    xe_flags_lost(x);
    if (known && copy_check(x, c, miss))
        return;
    const u8 *from = x->a.p;
    emit_check(x, va, len, table, access, miss);
    if (known)
        keep_check(c, &x->a, from, miss, first);
}

_Static_assert(((MMU_READ | MMU_WRITE) & ~3) == 0, "index of checks[]");

void xe_access_begin(struct xe *x, u32 i, struct xaccess *c)
{
    ir_ref va = xe_ins(x, i)->arg[0];
    struct xbase b;
    *c = (struct xaccess){ .bits = 64 };
    xe_window_begin(x, i, c);
    if (xe_ins(x, i)->op != IR_probe && xe_folds(x, va, &b)) {
        va = b.v;
        c->disp = (i32)b.disp;
        c->bits = b.bits;
    }
    c->base = xe_use(x, va);
}

/* With its address in a register. */
static void make_address(struct xe *x, struct xaccess *c)
{
    c->va = c->base;
    if (!c->disp && c->bits == 64)
        return;
    c->va = RDX;
    xa_lea(&x->a, c->bits, RDX, xm(c->base, c->disp));
    c->base = RDX;
    c->disp = 0;
    c->bits = 64;
}

void xe_access_check(struct xe *x, u32 i, struct xaccess *c, u32 len, u32 access)
{
    struct ir_mem m = ir_mem_unpack(xe_ins(x, i)->aux);
    if (c->window != XNONE && !c->first) {
        xe_align_check(x, c->base, m.align, &c->miss);
        xe_window_check(x, i, c, len);
        return;
    }
    make_address(x, c);
    xe_align_check(x, c->va, m.align, &c->miss);
    xe_tlb_check(x, c->va, len, m.mmu, x->window_write[i] ? MMU_WRITE : access, &c->miss);
    c->at = xmi(c->va, RAX, 1, 0);
    if (c->first)
        xe_window_open(x, c);
}

void xe_misses(struct xcold *c, const struct xmiss *miss)
{
    c->jumps = 0;
    for (u32 n = 0; n < miss->n; n++)
        c->from[c->jumps++] = miss->at[n];
}

/* The window may lie in the page next to the access's; a first access may have asked for more than it needs. Another
 * MMU mode's TLB is not at hand there. */
static bool asks_again(const struct xe *x, u32 i, const struct xaccess *at)
{
    return at->window != XNONE && (!at->first || x->window_write[i])
           && ir_mem_unpack(xe_ins(x, i)->aux).mmu == (x->b->mode & 15) % MMU_MODES;
}

void xe_access_cold(struct xe *x, struct xcold *c, const struct xaccess *at)
{
    xe_misses(c, &at->miss);
    c->va = (i8)at->base;
    c->disp = at->disp;
    c->bits = (u8)at->bits;
    c->again = asks_again(x, c->i, at);
    c->opens = at->first ? xe_window_bit(x, x->window[c->i]) : 0;
}

static struct xcold *cold(struct xe *x, enum xcold_kind k, const struct xaccess *at)
{
    struct xcold *c = xe_new_cold(x, k, NULL);
    xe_access_cold(x, c, at);
    return c;
}

/* Whole-access byte reversal can be done in registers; others go the long way. */
static bool is_simple(struct ir_mem m)
{
    return !m.addr32 && !m.mmu_val && (!m.bswap || (m.bswap == m.size && m.size <= 3)) && m.size <= 5;
}

bool xe_is_inline(const struct xe *x, const struct ir_ins *in)
{
    struct ir_mem m = ir_mem_unpack(in->aux);
    u8 t = in->op == IR_store ? x->ir->ins[in->arg[1]].type : in->type;
    bool whole = 1u << m.size == ir_bytes((enum ir_type)t);
    switch (in->op) {
    case IR_load: return is_simple(m) && (t <= IR_I64 || (whole && !m.bswap)) && t != IR_I1;
    case IR_store: return is_simple(m) && whole && (t <= IR_I64 || !m.bswap);
    case IR_probe: return !m.addr32 && !m.mmu_val && in->imm - 1 < PAGE_SIZE;
    default: return false;
    }
}

void xe_by_reference(struct xe *x, u32 i)
{
    xe_flush(x);
    xe_put_operands(x, i);
    xe_keep(x, i);
    xa_mov_ri(&x->a, RCX, xe_site(x));
    xa_call(&x->a, x->j->t.mem);
    xe_flags_lost(x);
    if (xe_ins(x, i)->type != IR_VOID)
        xe_take_result(x, i);
}

static void swap(struct xe *x, u32 size, enum xreg r)
{
    if (size == 1)
        xa_shift_ri(&x->a, XS_ROL, 16, r, 8);
    else if (size)
        xa_bswap(&x->a, size == 3 ? 64 : 32, r);
}

/* The bytes in register r, zero-extended, as the value of the load. */
static void extend(struct xe *x, u32 i, struct ir_mem m, enum xreg r)
{
    u32 from = 8u << m.size, to = ir_bits((enum ir_type)xe_ins(x, i)->type);
    if (m.sign && from < to && from < 64)
        xa_movsx(&x->a, from, to < 32 ? 32 : to, r, r);
}

static void load_bytes(struct xe *x, u32 i, struct ir_mem m, struct xmem at, enum xreg d)
{
    u32 from = 8u << m.size, to = ir_bits((enum ir_type)xe_ins(x, i)->type);
    if (m.sign && from < to && from < 64 && !m.bswap) {
        xa_movsx_rm(&x->a, from, to < 32 ? 32 : to, d, at);
        return;
    }
    xa_mov_rm(&x->a, from, d, at);
    if (m.bswap) {
        swap(x, m.size, d);
        extend(x, i, m, d);
    }
}

/* A vector, or two registers. */
static void load_halves(struct xe *x, u32 bytes, struct xmem at, enum xreg d, enum xreg d2, bool v)
{
    struct xmem hi = at;
    hi.disp += v ? 16 : 8;
    if (v)
        xa_vload(&x->a, MIN(bytes, 16u), d, at);
    else
        xa_mov_rm(&x->a, 64, d, at);
    if (d2 != XNONE && v)
        xa_vload(&x->a, 16, d2, hi);
    else if (d2 != XNONE)
        xa_mov_rm(&x->a, 64, d2, hi);
}

static void load_gpr(struct xe *x, u32 i, struct ir_mem m)
{
    u32 from = 8u << m.size, to = ir_bits((enum ir_type)xe_ins(x, i)->type);
    struct xaccess at;
    xe_access_begin(x, i, &at);
    enum xreg d = xe_def(x, i);
    xe_access_check(x, i, &at, 1u << m.size, MMU_READ);
    struct xcold *c = cold(x, XK_LOAD, &at);
    bool sign = m.sign && from < to && from < 64;
    load_bytes(x, i, m, at.at, d);
    c->back = x->a.p;
    c->res[0] = (i8)d;
    c->res[1] = -1;
    if (!sign)
        xe_clean(x, i);
}

static void load_wide(struct xe *x, u32 i, struct ir_mem m)
{
    u8 t = xe_ins(x, i)->type;
    bool v = x->r[x->root[i]].cls == XC_XMM, two = t == IR_I128 || t == IR_V256;
    u32 bytes = 1u << m.size;
    struct xaccess at;
    xe_access_begin(x, i, &at);
    enum xreg d = v ? xe_def_v(x, i) : xe_def(x, i), d2 = !two ? XNONE : v ? xe_def_v2(x, i) : xe_def_hi(x, i);
    xe_access_check(x, i, &at, bytes, MMU_READ);
    struct xcold *c = cold(x, XK_LOAD, &at);
    load_halves(x, bytes, at.at, d, d2, v);
    c->back = x->a.p;
    c->res[0] = (i8)d;
    c->res[1] = (i8)d2;
}

void x64_emit_load(struct xe *x, u32 i)
{
    struct ir_mem m = ir_mem_unpack(xe_ins(x, i)->aux);
    if (!xe_is_inline(x, xe_ins(x, i)))
        xe_by_reference(x, i);
    else if (xe_ins(x, i)->type <= IR_I64)
        load_gpr(x, i, m);
    else
        load_wide(x, i, m);
}

/* ---- stores ---- */

static void store_bytes(struct xe *x, struct ir_mem m, struct xmem at, enum xreg s, enum xreg s2, bool v)
{
    struct xmem hi = at;
    u32 bytes = 1u << m.size;
    hi.disp += v ? 16 : 8;
    if (v) {
        xa_vstore(&x->a, MIN(bytes, 16u), at, s);
        if (bytes == 32)
            xa_vstore(&x->a, 16, hi, s2);
        return;
    }
    if (m.bswap) { /* rcx is free behind the check */
        xa_mov_rr(&x->a, 64, RCX, s);
        swap(x, m.size, RCX);
        s = RCX;
    }
    xa_mov_mr(&x->a, MIN(bytes, 8u) * 8, at, s);
    if (bytes == 16)
        xa_mov_mr(&x->a, 64, hi, s2);
}

static void store(struct xe *x, u32 i, struct ir_mem m)
{
    const struct ir_ins *in = xe_ins(x, i);
    u8 t = x->ir->ins[in->arg[1]].type;
    bool v = xe_root(x, in->arg[1])->cls == XC_XMM, two = t == IR_I128 || t == IR_V256;
    struct xaccess at;
    xe_access_begin(x, i, &at);
    enum xreg s = xe_use(x, in->arg[1]), s2 = two ? xe_root_use(x, x->root2[in->arg[1]]) : XNONE;
    xe_access_check(x, i, &at, 1u << m.size, MMU_WRITE);
    struct xcold *c = cold(x, XK_STORE, &at);
    c->val[0] = (i8)s;
    c->val[1] = (i8)s2;
    store_bytes(x, m, at.at, s, s2, v);
    c->back = x->a.p;
}

void x64_emit_store(struct xe *x, u32 i)
{
    if (!xe_is_inline(x, xe_ins(x, i)))
        xe_by_reference(x, i);
    else
        store(x, i, ir_mem_unpack(xe_ins(x, i)->aux));
}

/* ---- cold paths ---- */

static void cold_load(struct xe *x, const struct xcold *c)
{
    struct ir_mem m = ir_mem_unpack(xe_ins(x, c->i)->aux);
    bool v = x->r[x->root[c->i]].cls == XC_XMM;
    xa_call(&x->a, m.size > 3 ? x->j->t.load_v : x->j->t.load);
    if (m.size > 3) {
        struct xmem lo = XE_CTX(x, res), hi = xe_ctx(x, offsetof(struct jit_ctx, res) + (v ? 16 : 8));
        if (v) {
            xa_vload(&x->a, 16, (enum xreg)c->res[0], lo);
            if (c->res[1] >= 0)
                xa_vload(&x->a, 16, (enum xreg)c->res[1], hi);
        } else {
            xa_mov_rm(&x->a, 64, (enum xreg)c->res[0], lo);
            xa_mov_rm(&x->a, 64, (enum xreg)c->res[1], hi);
        }
    } else if (v) {
        xa_vfrom(&x->a, 64, (enum xreg)c->res[0], RAX);
    } else {
        xa_mov_rr(&x->a, 64, (enum xreg)c->res[0], RAX);
        extend(x, c->i, m, (enum xreg)c->res[0]);
    }
}

static void cold_value(struct xe *x, const struct xcold *c)
{
    bool v = xe_root(x, xe_ins(x, c->i)->arg[1])->cls == XC_XMM;
    if (v) {
        xa_vstore(&x->a, 16, xe_arg(x, 0, 0), (enum xreg)c->val[0]);
        if (c->val[1] >= 0)
            xa_vstore(&x->a, 16, xe_arg(x, 0, 16), (enum xreg)c->val[1]);
        return;
    }
    xa_mov_mr(&x->a, 64, xe_arg(x, 0, 0), (enum xreg)c->val[0]);
    if (c->val[1] >= 0)
        xa_mov_mr(&x->a, 64, xe_arg(x, 0, 8), (enum xreg)c->val[1]);
}

static bool is_vector(struct xe *x, ir_ref v) { return xe_root(x, v)->cls == XC_XMM; }

static void access_again(struct xe *x, const struct xcold *c, struct ir_mem m)
{
    const struct ir_ins *in = xe_ins(x, c->i);
    struct xmem at = xmi(RDX, RAX, 1, 0);
    if (in->op == IR_store)
        store_bytes(x, m, at, (enum xreg)c->val[0], (enum xreg)c->val[1], is_vector(x, in->arg[1]));
    else if (in->op == IR_load && in->type <= IR_I64)
        load_bytes(x, c->i, m, at, (enum xreg)c->res[0]);
    else if (in->op == IR_load)
        load_halves(x, 1u << m.size, at, (enum xreg)c->res[0], (enum xreg)c->res[1], is_vector(x, (ir_ref)c->i));
}

/* The TLB has not changed: windows stay open, but for the one that was not opened. */
void xe_cold_again(struct xe *x, const struct xcold *c)
{
    const struct ir_ins *in = xe_ins(x, c->i);
    struct ir_mem m = ir_mem_unpack(in->aux);
    struct xmiss miss = { .n = 0 };
    bool write = in->op == IR_store || (in->op == IR_probe && m.write);
    xa_lea(&x->a, c->bits, RDX, xm((enum xreg)c->va, c->disp));
    xe_align_check(x, RDX, m.align, &miss);
    xa_mov_ri(&x->a, RCX, in->op == IR_probe ? in->imm - 1 : (1u << m.size) - 1);
    xa_call(&x->a, write ? x->j->t.check_write : x->j->t.check_read);
    miss.at[miss.n++] = xa_jcc_fwd(&x->a, CC_NE, false);
    access_again(x, c, m);
    xe_windows_shut(x, c->opens);
    xa_jmp(&x->a, c->back + x->a.delta);
    while (miss.n)
        xa_here_is(&x->a, miss.at[--miss.n], false);
}

void xe_cold_mem(struct xe *x, const struct xcold *c)
{
    u32 mem = xe_ins(x, c->i)->aux, size = ir_mem_unpack(mem).size;
    if (c->kind == XK_STORE)
        cold_value(x, c);
    if (c->disp || c->bits == 32)
        xa_lea(&x->a, c->bits, RAX, xm((enum xreg)c->va, c->disp));
    else
        xa_mov_rr(&x->a, 64, RAX, (enum xreg)c->va);
    xa_mov_ri(&x->a, RCX, c->site);
    xa_mov_ri(&x->a, RDX, mem);
    if (c->kind == XK_LOAD)
        cold_load(x, c);
    else
        xa_call(&x->a, size > 3 ? x->j->t.store_v : x->j->t.store);
}

/* ---- the others ---- */

void x64_emit_mload(struct xe *x, u32 i) { xe_by_reference(x, i); }
void x64_emit_mstore(struct xe *x, u32 i) { xe_by_reference(x, i); }
void x64_emit_gather(struct xe *x, u32 i)
{
    xe_forget_home(x, (u32)(xe_ins(x, i)->imm2 & 0xffff));
    xe_forget_home(x, (u32)(xe_ins(x, i)->imm2 >> 16 & 0xffff));
    xe_by_reference(x, i);
}

/* One thread runs all vCPUs: program order is the strongest order. */
void x64_emit_barrier(struct xe *x, u32 i) { (void)x, (void)i; }
