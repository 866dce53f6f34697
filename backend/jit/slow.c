/*
 * slow.c - C functions that code calls: memory off the fast path, helpers, operations by reference.
 *
 * An access that meets MMIO or hits code does nothing here: the instruction starts again alone, in the interpreter
 * (JX_ONE).
 * Nothing here or below does host floating point: MXCSR is the guest's.
 */
#include "backend/jit/jit.h"
#include "backend/common/common.h"
#include <string.h>

#define R12 12u /* what is left of the budget */
#define R15 15u /* pc of the block */

/* Of the budget, at the end of the instruction at site. */
static u64 left_at(const struct jit_ctx *c, u32 site)
{
    return jit_left(c->saved[R12]) + JIT_SITE_BEHIND(site);
}

static void leave(struct jit_ctx *c, enum jit_exit x, u32 site)
{
    c->leave = (u64)x + 1;
    c->left = left_at(c, site) + (x == JX_ONE);
    c->pc = c->saved[R15] + JIT_SITE_OFF(site);
}

void jit_leave(struct jit_ctx *c, enum jit_exit x)
{
    c->leave = (u64)x + 1;
    c->left = jit_left(c->saved[R12]);
    c->pc = c->saved[R15];
}

void jit_leave_alone(struct jit_ctx *c, u32 site) { leave(c, JX_ONE, site); }

/* What code keeps of the machine may have changed. */
static void renew(struct jit_ctx *c)
{
    jit_forget_pages(c);
    c->tlb = c->v->mmu.cur[c->mmu_mode]->e;
    c->key = jit_key(c->jit);
}

static void settle(struct jit_ctx *c, enum mmu_result r, u32 site)
{
    renew(c);
    if (UNLIKELY(r != MMU_OK))
        leave(c, r == MMU_FAULTED ? JX_FAULT : JX_ONE, site);
}

static u32 mode_of(const struct jit_ctx *c, struct ir_mem m)
{
    return m.mmu_val ? c->arg[1].w[0] % MMU_MODES : m.mmu;
}

static bool is_split(struct ir_mem m, u64 va)
{
    u32 size = 1u << m.size;
    bool wraps = m.addr32 && (u32)va + (u64)size > 1ull << 32;
    return (va & ~PAGE_MASK) > PAGE_SIZE - size && !(va & ((1u << m.align) - 1)) && !wraps;
}

bool jit_split_load(struct jit_ctx *c, u64 va, u32 mem, void *to)
{
    struct ir_mem m = ir_mem_unpack(mem);
    va = m.addr32 ? (u32)va : va;
    if (!is_split(m, va) || !mmu_peek_read(&c->v->mmu, mode_of(c, m), va, 1u << m.size, to))
        return false;
    engine_swap_units(to, 1u << m.size, m.bswap);
    c->jit->stats.split++;
    return true;
}

bool jit_split_store(struct jit_ctx *c, u64 va, u32 mem)
{
    struct ir_mem m = ir_mem_unpack(mem);
    union ir_val x = c->arg[0];
    engine_swap_units(x.b, 1u << m.size, m.bswap);
    va = m.addr32 ? (u32)va : va;
    if (!is_split(m, va) || !mmu_peek_write(&c->v->mmu, mode_of(c, m), va, 1u << m.size, x.b))
        return false;
    c->jit->stats.split++;
    return true;
}

static void load(struct jit_ctx *c, u64 va, u32 site, u32 mem, void *buf)
{
    struct ir_mem m = ir_mem_unpack(mem);
    if (jit_split_load(c, va, mem, buf))
        return;
    c->jit->stats.slow_loads++;
    va = m.addr32 ? (u32)va : va;
    settle(c, mmu_try_read(&c->v->mmu, va, 1u << m.size, mode_of(c, m), m.align, mem, buf), site);
    engine_swap_units(buf, 1u << m.size, m.bswap);
}

static void store(struct jit_ctx *c, u64 va, u32 site, u32 mem)
{
    struct ir_mem m = ir_mem_unpack(mem);
    if (jit_split_store(c, va, mem))
        return;
    c->jit->stats.slow_stores++;
    engine_swap_units(c->arg[0].b, 1u << m.size, m.bswap);
    va = m.addr32 ? (u32)va : va;
    settle(c, mmu_try_write(&c->v->mmu, va, 1u << m.size, mode_of(c, m), m.align, mem, c->arg[0].b), site);
}

u64 jit_load(struct jit_ctx *c, u64 va, u32 site, u32 mem)
{
    u64 x[4] = { 0 };
    load(c, va, site, mem, x);
    return x[0];
}

void jit_load_v(struct jit_ctx *c, u64 va, u32 site, u32 mem) { load(c, va, site, mem, c->res.b); }
void jit_store(struct jit_ctx *c, u64 va, u32 site, u32 mem) { store(c, va, site, mem); }
void jit_store_v(struct jit_ctx *c, u64 va, u32 site, u32 mem) { store(c, va, site, mem); }

void jit_mem(struct jit_ctx *c, const struct ir_ins *in, u32 site)
{
    c->jit->stats.slow_mem++;
    memset(&c->res, 0, sizeof c->res);
    settle(c, engine_mem(c->v, false, in, &c->arg[0], &c->arg[1], &c->arg[2], &c->arg[3], &c->res), site);
}

static u64 call(struct jit_ctx *c, const struct ir_helper *h)
{
    bool fp = h->flags & IR_H_FP;
    if (fp)
        x64_fp_merge(c->jit);
    u64 x = h->fn(c->v, c->arg[0].d[0], c->arg[1].d[0], c->arg[2].d[0]);
    if (fp)
        x64_fp_load(c->jit);
    return x & (h->result ? ~0ull >> (64 - 8 * MIN(ir_bytes((enum ir_type)h->result), 8u)) : 0);
}

u64 jit_call(struct jit_ctx *c, const struct ir_helper *h, u32 site)
{
    struct vcpu *v = c->v;
    u64 number = (u64)(h - v->guest->layout->helpers);
    if (number < COUNT(c->jit->stats.helper_calls))
        c->jit->stats.helper_calls[number]++;
    for (u32 k = h->args; k < 3; k++)
        c->arg[k].d[0] = 0;
    v->s.pc = c->saved[R15] + JIT_SITE_OFF(site);
    v->s.icount = c->end - left_at(c, site);
    u64 bulk = v->bulk = jit_left(c->saved[R12]);
    u64 x = call(c, h);
    c->saved[R12] -= bulk - v->bulk;
    renew(c);
    if (UNLIKELY(v->raised)) {
        v->raised = false;
        leave(c, JX_RAISED, site);
    }
    return x;
}

/* Of a region, which knows no address. */
u64 jit_call_number(struct jit_ctx *c, u64 helper, u32 site)
{
    return jit_call(c, &c->v->guest->layout->helpers[helper], site);
}

void jit_eval(struct jit_ctx *c, const struct ir_ins *in)
{
    const union ir_val *const arg[4] = { &c->arg[0], &c->arg[1], &c->arg[2], &c->arg[3] };
    c->jit->stats.evals[in->op]++;
    ir_eval(in, arg, c->jit->env, &c->res);
}
