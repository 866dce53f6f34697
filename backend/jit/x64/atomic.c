/*
 * atomic.c - probes, exclusives, compare-and-swap, read-modify-write.
 *
 * One thread runs all vCPUs and nothing else touches guest memory meanwhile: plain loads and stores are atomic. What
 * is written must be readable, too, so both tags are compared. Misses are done by the reference in cold code, other
 * byte orders, addresses of 32 bits and MMU modes by value always. backend/common/mem.c says what each row does.
 */
#include "backend/jit/x64/mem.h"
#include "backend/jit/x64/emit_rows.h"

#define EXCL(member) ((i32)offsetof(struct vcpu_state, member))

/* A value in registers. */
struct wide {
    enum xreg lo, hi; /* hi: XNONE up to 64 bits */
};
/* What all these rows have. */
struct access {
    struct ir_mem m;
    u32           bits;   /* of the access; of one half where it is 128 */
    enum xreg     va;
    struct xmem   at, at2; /* behind the check */
    struct xmiss  miss;
};

/* Values of type t as they lie in memory? */
static bool is_plain(struct ir_mem m, u32 t)
{
    return !m.addr32 && !m.mmu_val && !m.bswap && !m.sign && t >= IR_I8 && t <= IR_I128
           && 1u << m.size == ir_bytes((enum ir_type)t);
}

static struct access begin(struct xe *x, u32 i)
{
    struct access c = { .m = ir_mem_unpack(xe_ins(x, i)->aux), .va = xe_use(x, xe_ins(x, i)->arg[0]) };
    c.bits = 8u << MIN(c.m.size, 3u);
    c.at = xmi(c.va, RAX, 1, 0);
    c.at2 = xmi(c.va, RAX, 1, 8);
    return c;
}

static struct wide use(struct xe *x, ir_ref r)
{
    struct wide w = { xe_use(x, r), XNONE };
    if (x->ir->ins[r].type == IR_I128)
        w.hi = xe_use_hi(x, r);
    return w;
}

static struct wide define(struct xe *x, u32 i)
{
    struct wide w = { xe_def(x, i), XNONE };
    if (xe_ins(x, i)->type == IR_I128)
        w.hi = xe_def_hi(x, i);
    xe_clean(x, i);
    return w;
}

static void load(struct xe *x, const struct access *c, struct wide d)
{
    xa_mov_rm(&x->a, c->bits, d.lo, c->at);
    if (d.hi != XNONE)
        xa_mov_rm(&x->a, 64, d.hi, c->at2);
}

static void store(struct xe *x, const struct access *c, struct wide s)
{
    xa_mov_mr(&x->a, c->bits, c->at, s.lo);
    if (s.hi != XNONE)
        xa_mov_mr(&x->a, 64, c->at2, s.hi);
}

/* All registers are defined. Misses, those of the alignment too, go to the cold path returned. */
static struct xcold *check(struct xe *x, u32 i, struct access *c, u32 access)
{
    xe_tlb_check(x, c->va, 1u << c->m.size, c->m.mmu, access, &c->miss);
    struct xcold *cold = xe_cold_row(x, i, XK_MEM, NULL);
    xe_misses(cold, &c->miss);
    return cold;
}

/* ---- probe ---- */

void x64_emit_probe(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    if (!xe_is_inline(x, in)) {
        xe_by_reference(x, i);
        return;
    }
    struct xaccess c;
    xe_access_begin(x, i, &c);
    xe_access_check(x, i, &c, (u32)in->imm, ir_mem_unpack(in->aux).write ? MMU_WRITE : MMU_READ);
    struct xcold *cold = xe_cold_row(x, i, XK_MEM, NULL);
    xe_access_cold(x, cold, &c);
    cold->back = x->a.p;
}

/* ---- exclusives ---- */

static void monitor(struct xe *x, enum xreg to)
{
    xa_mov_ri(&x->a, to, (u64)(uintptr_t)&x->j->v->s);
}

void x64_emit_ldex(struct xe *x, u32 i)
{
    struct xasm *a = &x->a;
    if (!is_plain(ir_mem_unpack(xe_ins(x, i)->aux), xe_ins(x, i)->type)) {
        xe_by_reference(x, i);
        return;
    }
    struct access c = begin(x, i);
    struct wide d = define(x, i);
    xe_align_check(x, c.va, c.m.align, &c.miss);
    struct xcold *cold = check(x, i, &c, MMU_READ);
    load(x, &c, d);
    monitor(x, RCX);
    xa_mov_mr(a, 64, xm(RCX, EXCL(excl_addr)), c.va);
    xa_mov_mi(a, 32, xm(RCX, EXCL(excl_size)), 1 << c.m.size);
    xa_mov_mr(a, 64, xm(RCX, EXCL(excl_val[0])), d.lo);
    if (d.hi != XNONE)
        xa_mov_mr(a, 64, xm(RCX, EXCL(excl_val[1])), d.hi);
    else
        xa_mov_mi(a, 64, xm(RCX, EXCL(excl_val[1])), 0);
    cold->back = a->p;
}

/* Does memory hold what the load saw? Jumps if not. */
static u32 compare_seen(struct xe *x, const struct access *c, enum xreg s, u8 *lost[2])
{
    struct xasm *a = &x->a;
    u32 n = 0;
    xa_mov_rm(a, 64, RCX, xm(s, EXCL(excl_val[0])));
    xa_alu_rm(a, XA_CMP, c->bits, RCX, c->at);
    lost[n++] = xa_jcc_fwd(a, CC_NE, false);
    if (c->m.size == 4) {
        xa_mov_rm(a, 64, RCX, xm(s, EXCL(excl_val[1])));
        xa_alu_rm(a, XA_CMP, 64, RCX, c->at2);
        lost[n++] = xa_jcc_fwd(a, CC_NE, false);
    }
    return n;
}

void x64_emit_stex(struct xe *x, u32 i)
{
    struct xasm *a = &x->a;
    ir_ref v = xe_ins(x, i)->arg[1];
    if (!is_plain(ir_mem_unpack(xe_ins(x, i)->aux), x->ir->ins[v].type)) {
        xe_by_reference(x, i);
        return;
    }
    struct access c = begin(x, i);
    struct wide val = use(x, v);
    enum xreg status = xe_def(x, i), s = xe_tmp(x);
    u8 *lost[4];
    monitor(x, s);
    xe_align_check(x, c.va, c.m.align, &c.miss);
    xa_mov_ri(a, status, 1);
    xa_alu_mi(a, XA_CMP, 32, xm(s, EXCL(excl_size)), 1 << c.m.size);
    lost[0] = xa_jcc_fwd(a, CC_NE, false);
    xa_alu_rm(a, XA_CMP, 64, c.va, xm(s, EXCL(excl_addr)));
    lost[1] = xa_jcc_fwd(a, CC_NE, false);
    struct xcold *cold = check(x, i, &c, MMU_READ | MMU_WRITE);
    u32 n = 2 + compare_seen(x, &c, s, lost + 2);
    store(x, &c, val);
    xa_mov_ri(a, status, 0);
    while (n)
        xa_here_is(a, lost[--n], false);
    xa_mov_mi(a, 32, xm(s, EXCL(excl_size)), 0);
    cold->back = a->p;
}

void x64_emit_clrex(struct xe *x, u32 i)
{
    (void)i;
    monitor(x, RAX);
    xa_mov_mi(&x->a, 32, xm(RAX, EXCL(excl_size)), 0);
}

/* ---- compare and swap ---- */

void x64_emit_cas(struct xe *x, u32 i)
{
    struct xasm *a = &x->a;
    const struct ir_ins *in = xe_ins(x, i);
    if (!is_plain(ir_mem_unpack(in->aux), in->type)) {
        xe_by_reference(x, i);
        return;
    }
    struct access c = begin(x, i);
    struct wide want = use(x, in->arg[1]), now = use(x, in->arg[2]), d = define(x, i);
    u8 *differs[2] = { NULL, NULL };
    xe_align_check(x, c.va, c.m.align, &c.miss);
    struct xcold *cold = check(x, i, &c, MMU_READ | MMU_WRITE);
    load(x, &c, d);
    xa_alu_rr(a, XA_CMP, c.bits, d.lo, want.lo);
    differs[0] = xa_jcc_fwd(a, CC_NE, false);
    if (d.hi != XNONE) {
        xa_alu_rr(a, XA_CMP, 64, d.hi, want.hi);
        differs[1] = xa_jcc_fwd(a, CC_NE, false);
    }
    store(x, &c, now);
    for (u32 n = 0; n < 2 && differs[n]; n++)
        xa_here_is(a, differs[n], false);
    cold->back = a->p;
}

/* ---- read-modify-write ---- */

/* The host's operation on memory; -1: none. */
static i32 alu_of(u32 op)
{
    static const i8 ops[IR_RMW_COUNT] = {
        [IR_RMW_add] = XA_ADD, [IR_RMW_sub] = XA_SUB, [IR_RMW_and] = XA_AND, [IR_RMW_andn] = XA_AND,
        [IR_RMW_or] = XA_OR, [IR_RMW_xor] = XA_XOR, [IR_RMW_smax] = -1, [IR_RMW_smin] = -1, [IR_RMW_umax] = -1,
        [IR_RMW_umin] = -1, [IR_RMW_swap] = -1 };
    return ops[op];
}

/* memory := memory op s; s is XNONE: op the constant. */
static void change(struct xe *x, const struct access *c, u32 op, enum xreg s, i32 imm)
{
    i32 alu = alu_of(op);
    if (op == IR_RMW_andn && s != XNONE) {
        xa_mov_rr(&x->a, 64, RCX, s);
        xa_grp3(&x->a, XG_NOT, 64, RCX);
        s = RCX;
    }
    if (s == XNONE && alu < 0)
        xa_mov_mi(&x->a, c->bits, c->at, imm);
    else if (s == XNONE)
        xa_alu_mi(&x->a, (enum xalu)alu, c->bits, c->at, op == IR_RMW_andn ? ~imm : imm);
    else if (alu < 0)
        xa_mov_mr(&x->a, c->bits, c->at, s);
    else
        xa_alu_mr(&x->a, (enum xalu)alu, c->bits, c->at, s);
}

/* memory := the lesser or greater of old and s. */
static void choose(struct xe *x, const struct access *c, u32 op, enum xreg old, enum xreg s)
{
    struct xasm *a = &x->a;
    bool sign = op == IR_RMW_smax || op == IR_RMW_smin;
    enum xcc other = op == IR_RMW_smax ? CC_L : op == IR_RMW_smin ? CC_G : op == IR_RMW_umax ? CC_B : CC_A;
    u32 w = MAX(c->bits, 32u);
    if (c->bits >= 32) {
        xa_mov_rr(a, w, RCX, old);
    } else if (sign) {
        xa_movsx(a, c->bits, 32, RCX, old);
        xa_movsx(a, c->bits, 32, RDX, s);
        s = RDX;
    } else {
        xa_mov_rr(a, 32, RCX, old); /* loaded with zeros above */
        xa_movzx(a, c->bits, RDX, s);
        s = RDX;
    }
    xa_alu_rr(a, XA_CMP, w, RCX, s);
    xa_cmov(a, other, w, RCX, s);
    xa_mov_mr(a, c->bits, c->at, RCX);
}

void x64_emit_rmw(struct xe *x, u32 i)
{
    const struct ir_ins *in = xe_ins(x, i);
    bool chooses = in->flag >= IR_RMW_smax && in->flag <= IR_RMW_umin;
    i32 imm = 0;
    if (!is_plain(ir_mem_unpack(in->aux), in->type) || in->type == IR_I128 || in->flag >= IR_RMW_COUNT) {
        xe_by_reference(x, i);
        return;
    }
    struct access c = begin(x, i);
    enum xreg s = !chooses && xe_is_imm32(x, in->arg[1], &imm) ? XNONE : xe_use(x, in->arg[1]);
    struct wide d = { XNONE, XNONE };
    if (chooses || x->uses[i])
        d = define(x, i);
    xe_align_check(x, c.va, c.m.align, &c.miss);
    struct xcold *cold = check(x, i, &c, MMU_READ | MMU_WRITE);
    if (d.lo != XNONE)
        load(x, &c, d);
    if (chooses)
        choose(x, &c, in->flag, d.lo, s);
    else
        change(x, &c, in->flag, s, imm);
    cold->back = x->a.p;
}
