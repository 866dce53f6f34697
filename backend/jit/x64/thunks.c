/*
 * thunks.c - the code pieces between C and compiled blocks: entry, exits, calls; see struct jit_thunks.
 *
 * System V AMD64 ABI: C keeps rbx, rbp, r12 to r15; arguments in rdi, rsi, rdx, rcx; the stack is a multiple of 16
 * at a call. Code runs with rsp a multiple of 16, XE_SLOTS slots of 16 bytes from there on.
 *
 * Kicks (jit.h): wherever one comes, the handler finds the budget in r12, or ctx.kick is tested behind that place.
 */
#define _GNU_SOURCE
#include "backend/jit/recover.h"
#include "backend/jit/x64/mem.h"
#include <stdlib.h>
#include <ucontext.h>

#define FRAME (XE_SLOTS * 16 + 8) /* behind the return address and six registers */

struct making {
    struct xasm     *a;
    struct jit_ctx  *c;
    const u8        *out;   /* leaves enter() with eax */
};
#define CTX(m, member) xm_abs(&(m)->c->member)

static const enum xreg c_keeps[] = { RBX, RBP, R12, R13, R14, R15 };
static const enum xreg saved_gprs[] = { RSI, RDI, R8, R9, R10, R11 };
#define SAVED_XMMS 13u

/* When there was a kick, JIT_KICK less in r12, which is not negative or had it taken off: then nothing changes. */
static void take_kick(struct making *m)
{
    struct xasm *a = m->a;
    xa_alu_mi(a, XA_CMP, 32, CTX(m, kick), 0);
    u8 *none = xa_jcc_fwd(a, CC_E, true);
    xa_mov_ri(a, RCX, 0 - JIT_KICK);
    xa_alu_rr(a, XA_OR, 64, R12, RCX);
    xa_here_is(a, none, true);
}

/* In front of t->counted: r12 is C's when it is done. */
static void make_out(struct making *m)
{
    struct xasm *a = m->a;
    m->out = xa_here(a);
    xa_mov_rm(a, 64, RSP, CTX(m, host_rsp));
    xa_alu_ri(a, XA_ADD, 64, RSP, FRAME);
    for (u32 i = COUNT(c_keeps); i--;)
        xa_pop(a, c_keeps[i]);
    xa_ret(a);
}

static void make_enter(struct making *m, struct jit_thunks *t)
{
    struct xasm *a = m->a;
    xa_align(a, 16);
    const u8 *at = xa_here(a);
    t->enter = (u32 (*)(struct jit_ctx *, const void *, void *, u64))(uintptr_t)at;
    for (u32 i = 0; i < COUNT(c_keeps); i++)
        xa_push(a, c_keeps[i]);
    xa_alu_ri(a, XA_SUB, 64, RSP, FRAME);
    xa_mov_mr(a, 64, CTX(m, host_rsp), RSP);
    xa_lea(a, 64, R13, xm(RDX, JIT_STATE_BIAS));
    xa_mov_rm(a, 64, R14, CTX(m, tlb));
    xa_mov_rm(a, 64, R15, CTX(m, pc));
    xa_mov_rr(a, 64, R12, RCX);
    t->counted = xa_here(a);
    take_kick(m);
    xa_jmp_r(a, RSI);
    xa_align(a, 16);
}

static const u8 *make_leave(struct making *m, enum jit_exit x)
{
    const u8 *at = xa_here(m->a);
    xa_mov_mr(m->a, 64, CTX(m, left), R12);
    xa_mov_mr(m->a, 64, CTX(m, pc), R15);
    xa_mov_ri(m->a, RAX, x);
    xa_jmp(m->a, m->out);
    return at;
}

static const u8 *make_link(struct making *m, const struct jit_thunks *t)
{
    const u8 *at = xa_here(m->a);
    xa_mov_mr(m->a, 64, CTX(m, link), RCX);
    xa_jmp(m->a, t->leave[JX_LINK]);
    return at;
}

/* jit_jump_slot(), pc and key compared. */
static const u8 *make_lookup(struct making *m, const struct jit_thunks *t)
{
    struct xasm *a = m->a;
    const u8 *at = xa_here(a);
    _Static_assert(sizeof(struct jit_jump) == 32, "shifted by 5");
    xa_mov_rr(a, 64, RAX, R15);
    xa_mov_rr(a, 64, RCX, R15);
    xa_shift_ri(a, XS_SHR, 64, RAX, 2);
    xa_shift_ri(a, XS_SHR, 64, RCX, 14);
    xa_alu_rr(a, XA_XOR, 32, RAX, RCX);
    xa_alu_ri(a, XA_AND, 32, RAX, (1 << JIT_JUMP_BITS) - 1);
    xa_shift_ri(a, XS_SHL, 32, RAX, 5);
    xa_lea(a, 64, RCX, CTX(m, jumps));
    xa_mov_rm(a, 64, RDX, CTX(m, key));
    xa_alu_rm(a, XA_CMP, 64, R15, xmi(RCX, RAX, 1, offsetof(struct jit_jump, pc)));
    xa_jcc(a, CC_NE, t->leave[JX_LOOKUP]);
    xa_alu_rm(a, XA_CMP, 64, RDX, xmi(RCX, RAX, 1, offsetof(struct jit_jump, key)));
    xa_jcc(a, CC_NE, t->leave[JX_LOOKUP]);
    xa_jmp_m(a, xmi(RCX, RAX, 1, offsetof(struct jit_jump, code)));
    return at;
}

/* As mem.c does in line. */
static const u8 *make_check(struct making *m, size_t tag)
{
    struct xasm *a = m->a;
    xa_align(a, 16);
    const u8 *at = xa_here(a);
    xa_push(a, RCX);
    x64_tlb_offset(a, RDX);
    xa_pop(a, RCX);
    xa_alu_rr(a, XA_ADD, 64, RCX, RDX);
    xa_alu_ri(a, XA_AND, 64, RCX, -(i32)PAGE_SIZE);
    xa_alu_rm(a, XA_CMP, 64, RCX, xmi(R14, RAX, 1, (i32)tag));
    xa_mov_rm(a, 64, RAX, xmi(R14, RAX, 1, offsetof(struct tlb_entry, addend)));
    xa_ret(a);
    return at;
}

static void save(struct making *m, bool store)
{
    for (u32 i = 0; i < COUNT(saved_gprs); i++) {
        enum xreg r = saved_gprs[i];
        if (store)
            xa_mov_mr(m->a, 64, xm_abs(&m->c->saved[r]), r);
        else
            xa_mov_rm(m->a, 64, r, xm_abs(&m->c->saved[r]));
    }
    for (u32 n = 0; n < SAVED_XMMS; n++) {
        enum xreg v = (enum xreg)n;
        if (store)
            xa_vstore(m->a, 16, xm_abs(&m->c->saved_v[n]), v);
        else
            xa_vload(m->a, 16, v, xm_abs(&m->c->saved_v[n]));
    }
}

/* With ctx.leave. */
static void leave_as_told(struct making *m)
{
    xa_mov_rm(m->a, 64, RAX, CTX(m, leave));
    xa_mov_mi(m->a, 64, CTX(m, leave), 0);
    xa_alu_ri(m->a, XA_SUB, 64, RAX, 1);
    xa_jmp(m->a, m->out);
}

/* rax becomes C's second argument; of `more` operands, rcx its third and rdx its fourth. */
static const u8 *make_call(struct making *m, const void *fn, u32 more)
{
    struct xasm *a = m->a;
    xa_align(a, 16);
    const u8 *at = xa_here(a);
    save(m, true);
    xa_mov_mr(a, 64, xm_abs(&m->c->saved[R12]), R12);
    xa_mov_mr(a, 64, xm_abs(&m->c->saved[R15]), R15);
    xa_mov_rr(a, 64, RSI, RAX);
    if (more == 2) {
        xa_mov_rr(a, 64, RDI, RDX);
        xa_mov_rr(a, 64, RDX, RCX);
        xa_mov_rr(a, 64, RCX, RDI);
    } else if (more == 1) {
        xa_mov_rr(a, 64, RDX, RCX);
    }
    xa_lea(a, 64, RDI, xm_abs(m->c));
    xa_alu_ri(a, XA_SUB, 64, RSP, 8);
    xa_mov_ri(a, RAX, (u64)(uintptr_t)fn);
    xa_call_r(a, RAX);
    xa_alu_ri(a, XA_ADD, 64, RSP, 8);
    xa_mov_rm(a, 64, R12, xm_abs(&m->c->saved[R12])); /* helpers may count */
    xa_alu_mi(a, XA_CMP, 64, CTX(m, leave), 0);
    u8 *leaves = xa_jcc_fwd(a, CC_NE, false);
    take_kick(m);
    save(m, false);
    xa_mov_rm(a, 64, R14, CTX(m, tlb));
    xa_ret(a);
    xa_here_is(a, leaves, false);
    leave_as_told(m);
    return at;
}

/* ---- for regions (region.h) ---- */

/* By DWARF's numbers. */
static const enum xreg dwarf[16] = { RAX, RDX, RCX, RBX, RSI, RDI, RBP, RSP, R8, R9, R10, R11, R12, R13, R14, R15 };

static void region_regs(struct making *m, bool store)
{
    u32 bytes = m->a->features & XF_AVX ? 32 : 16;
    for (u32 k = 0; k < 16; k++) {
        struct xmem at = xm_abs(&m->c->regs.general[k]);
        if (store)
            xa_mov_mr(m->a, 64, at, dwarf[k]);
        else if (dwarf[k] != RSP)
            xa_mov_rm(m->a, 64, dwarf[k], at);
    }
    for (u32 k = 0; k < 16; k++) {
        struct xmem at = xm_abs(&m->c->regs.vector[k]);
        if (store)
            xa_vstore(m->a, bytes, at, (enum xreg)k);
        else
            xa_vload(m->a, bytes, (enum xreg)k, at);
    }
}

/* Called by a patch point: nothing but the flags changes. r12 is not the budget here: kicks only set their flag,
 * which regions look at. */
static const u8 *make_region_out(struct making *m)
{
    struct xasm *a = m->a;
    xa_align(a, 16);
    const u8 *at = xa_here(a);
    region_regs(m, true);
    xa_vzeroupper(a);
    xa_mov_rm(a, 64, RSI, xm(RSP, 0));
    xa_alu_mi(a, XA_ADD, 64, xm_abs(&m->c->regs.general[7]), 8); /* rsp behind the return */
    xa_lea(a, 64, RDI, xm_abs(m->c));
    xa_mov_rr(a, 64, RBX, RSP);
    xa_alu_ri(a, XA_AND, 64, RSP, -16);
    xa_mov_ri(a, RAX, (u64)(uintptr_t)jit_region_out);
    xa_call_r(a, RAX);
    xa_mov_rr(a, 64, RSP, RBX);
    xa_alu_mi(a, XA_CMP, 64, CTX(m, leave), 0);
    u8 *leaves = xa_jcc_fwd(a, CC_NE, false);
    region_regs(m, false);
    xa_ret(a);
    xa_here_is(a, leaves, false);
    leave_as_told(m);
    return at;
}

/* preserve_all: rdi gva, esi REGION_ASK(); changes rax and r11 alone. */
static const u8 *make_region_ask(struct making *m, size_t tag)
{
    struct xasm *a = m->a;
    xa_align(a, 16);
    const u8 *at = xa_here(a);
    xa_push(a, RCX);
    xa_mov_rr(a, 64, RAX, RDI);
    xa_shift_ri(a, XS_SHR, 64, RAX, 7);
    xa_mov_rr(a, 64, RCX, RDI);
    xa_shift_ri(a, XS_SHR, 64, RCX, 17);
    xa_alu_ri(a, XA_AND, 32, RCX, (i32)((TLB_ENTRIES - 2) * sizeof(struct tlb_entry)));
    xa_alu_rr(a, XA_XOR, 32, RAX, RCX);
    xa_alu_ri(a, XA_AND, 32, RAX, (i32)((TLB_ENTRIES - 1) * sizeof(struct tlb_entry)));
    xa_alu_rm(a, XA_ADD, 64, RAX, CTX(m, tlb));
    xa_mov_rr(a, 32, R11, RSI);
    xa_shift_ri(a, XS_SHR, 32, R11, 16);
    xa_alu_rr(a, XA_ADD, 64, R11, RDI);
    xa_alu_ri(a, XA_AND, 64, R11, -(i32)PAGE_SIZE);
    xa_alu_rm(a, XA_CMP, 64, R11, xm(RAX, (i32)tag));
    u8 *none = xa_jcc_fwd(a, CC_NE, true);
    xa_mov_rm(a, 64, RAX, xm(RAX, offsetof(struct tlb_entry, addend)));
    xa_movzx(a, 16, RCX, RSI);
    xa_shift_ri(a, XS_SHL, 32, RCX, 3);
    xa_push(a, RDX);
    xa_lea(a, 64, RDX, CTX(m, page));
    xa_mov_mr(a, 64, xmi(RDX, RCX, 1, 0), R11);
    xa_mov_mr(a, 64, xmi(RDX, RCX, 1, offsetof(struct jit_ctx, addend) - offsetof(struct jit_ctx, page)), RAX);
    xa_pop(a, RDX);
    xa_pop(a, RCX);
    xa_ret(a);
    xa_here_is(a, none, true);
    xa_alu_rr(a, XA_XOR, 32, RAX, RAX);
    xa_pop(a, RCX);
    xa_ret(a);
    return at;
}

/* Behind t->counted: the budget is in r12 again. */
static const u8 *make_region_exit(struct making *m, const u8 *to)
{
    const u8 *at = xa_here(m->a);
    xa_alu_ri(m->a, XA_ADD, 64, RSP, 8);
    xa_alu_mr(m->a, XA_SUB, 64, CTX(m, region_insns), R12);
    take_kick(m);
    xa_jmp(m->a, to);
    return at;
}

static void make_region_exits(struct making *m, struct jit_thunks *t)
{
    t->region[REGION_exit] = make_region_exit(m, t->lookup);
    t->region[REGION_exit_budget] = make_region_exit(m, t->leave[JX_BUDGET]);
    t->region[REGION_exit_mode] = make_region_exit(m, t->leave[JX_MODE]);
    t->region[REGION_exit_sync] = make_region_exit(m, t->leave[JX_SYNC]);
}

const u8 *x64_region_entry(struct jit *j, u8 *at, const u8 *fn, u32 slot, bool guarded)
{
    struct xasm a = { .p = at, .end = at + X64_STUB, .delta = j->delta, .features = j->features };
    struct jit_ctx *c = j->ctx;
    u8 *stale[2] = { NULL, NULL };
    if (guarded) {
        xa_mov_rm(&a, 64, RAX, xm_abs(&c->key));
        xa_alu_rm(&a, XA_CMP, 64, RAX, xm_abs(&c->guard[slot].key));
        stale[0] = xa_jcc_fwd(&a, CC_NE, true);
        xa_alu_rm(&a, XA_CMP, 64, R15, xm_abs(&c->guard[slot].pc));
        stale[1] = xa_jcc_fwd(&a, CC_NE, true);
    }
    xa_alu_ri(&a, XA_SUB, 64, RSP, 8);
    xa_alu_mr(&a, XA_ADD, 64, xm_abs(&c->region_insns), R12);
    xa_mov_mi(&a, 32, xm_abs(&c->region_slot), (i32)slot);
    xa_alu_mi(&a, XA_ADD, 32, xm_abs(&c->region_entries[slot]), 1);
    xa_jmp(&a, fn);
    if (guarded) {
        xa_here_is(&a, stale[0], true);
        xa_here_is(&a, stale[1], true);
        xa_mov_mi(&a, 64, xm_abs(&c->arg0), (i32)slot);
        xa_jmp(&a, j->t.leave[JX_REGION]);
    }
    CHECK(!a.full);
    return at + j->delta;
}

static void make(struct making *m, struct jit_thunks *t)
{
    make_out(m);
    t->region[REGION_ctx] = (const u8 *)m->c;
    t->region[REGION_out] = make_region_out(m);
    t->region[REGION_ask_read] = make_region_ask(m, offsetof(struct tlb_entry, rtag));
    t->region[REGION_ask_write] = make_region_ask(m, offsetof(struct tlb_entry, wtag));
    make_enter(m, t);
    for (u32 x = JX_LINK; x <= JX_RAISED; x++)
        t->leave[x] = make_leave(m, (enum jit_exit)x);
    t->link = make_link(m, t);
    t->lookup = make_lookup(m, t);
    t->load = make_call(m, jit_load, 2);
    t->store = make_call(m, jit_store, 2);
    t->load_v = make_call(m, jit_load_v, 2);
    t->store_v = make_call(m, jit_store_v, 2);
    t->mem = make_call(m, jit_mem, 1);
    t->call = make_call(m, jit_call, 1);
    t->eval = make_call(m, jit_eval, 0);
    t->check_read = make_check(m, offsetof(struct tlb_entry, rtag));
    t->check_write = make_check(m, offsetof(struct tlb_entry, wtag));
    make_region_exits(m, t);
}

bool x64_attach(struct jit *j, u8 **at, const u8 *end, struct err *e)
{
    j->features = xa_host_features();
    if (!(j->features & XF_BASE))
        return err_set(e, "the host CPU lacks SSE4.2 or POPCNT, which the baseline engine needs");
    struct xasm a = { .p = *at, .end = *at + (end - *at), .delta = j->delta, .features = j->features };
    struct making m = { .a = &a, .c = j->ctx };
    j->emitter = calloc(1, sizeof(struct xe));
    if (!j->emitter)
        return err_set(e, "out of memory for the emitter");
    make(&m, &j->t);
    CHECK(!a.full);
    *at = a.p;
    return true;
}

void x64_detach(struct jit *j)
{
    free(j->emitter);
    j->emitter = NULL;
}

bool x64_interp_block(struct jit *j, struct jblock *b, u8 *at, u8 *end)
{
    struct xasm a = { .p = at, .end = end, .delta = j->delta, .features = j->features };
    b->entry = xa_here(&a);
    xa_mov_mi(&a, 64, xm_abs(&j->ctx->arg0), (i32)b->insns);
    xa_jmp(&a, j->t.leave[JX_INTERP]);
    b->code_len = (u32)(a.p - at);
    return !a.full;
}

void x64_kick(struct jit *j, void *host)
{
    greg_t *r = ((ucontext_t *)host)->uc_mcontext.gregs;
    u64 from = (u64)(uintptr_t)j->t.counted, end = (u64)(uintptr_t)(j->base + j->delta + j->size);
    atomic_store_explicit(&j->ctx->kick, 1, memory_order_relaxed);
    if ((u64)r[REG_RIP] - from < end - from && r[REG_R12] >= 0) /* negative: taken, or on the way out already */
        r[REG_R12] -= (greg_t)JIT_KICK;
}

bool baseline_works(void) { return xa_host_features() & XF_BASE; }
