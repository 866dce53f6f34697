/*
 * engine.c - the run loop of the baseline engine: enters code, handles the ways it comes back.
 *
 * Between two entries v->s and the guest state are whole and MXCSR holds the guest's control bits without sticky
 * ones. The interpreter runs what code cannot: the rest of a budget that no block fits, and single instructions.
 */
#include "backend/common/common.h"
#include "backend/common/disasm.h"
#include "backend/jit/cache.h"
#include "backend/jit/region_grow.h"
#include "backend/jit/regions.h"
#include "backend/interp/interp.h"
#include <stdlib.h>
#include <string.h>

#define BUDGET_MAX (JIT_KICK / 2) /* code looks at the sign of what is left */
#define SLICE 65536u /* with regions: samples are taken where slices begin */
#define ALONE_MAX 16u
#define INTERP_INSNS 1u          /* a block of the one-instruction path */
#define INTERP_BYTES (32ull << 20)

/* ---- mode and keys ---- */

static void renew(struct jit *j)
{
    jit_forget_pages(j->ctx);
    j->ctx->key = jit_key(j);
    j->ctx->tlb = j->v->mmu.cur[j->ctx->mmu_mode]->e;
}

static void flush_now(struct jit *j)
{
    jit_cache_flush(j);
    j->mode_count = 0;
    j->flush_wanted = false;
}

/* The number of a mode word. Few are in use at a time. */
static u32 number_of(struct jit *j, u64 mode)
{
    for (u32 i = 0; i < j->mode_count; i++)
        if (j->modes[i] == mode)
            return i;
    if (j->mode_count == JIT_MODES)
        flush_now(j);
    j->modes[j->mode_count] = mode;
    return j->mode_count++;
}

static void select_mode(struct jit *j)
{
    u64 mode = j->v->guest->mode(j->v);
    if (mode != j->mode || !j->mode_count) {
        j->mode = mode;
        j->mode_nr = number_of(j, mode);
    }
    j->ctx->mmu_mode = mode & (MMU_MODES - 1);
    renew(j);
}

/* ---- finding code ---- */

static struct jit_jump *jump_slot(struct jit *j)
{
    return &j->ctx->jumps[jit_jump_slot(j->v->s.pc)];
}

static bool translate(struct jit *j, gva pc, struct memobj **o, u64 *off)
{
    struct vcpu *v = j->v;
    if (mmu_fetch(&v->mmu, pc, j->mode & 15, o, off) == MMU_OK) {
        renew(j);
        return true;
    }
    v->guest->fault(v, &v->mmu.fault);
    return false;
}

/* By translation of pc. NULL: an exception was taken instead. */
static struct jblock *fetch(struct jit *j)
{
    struct vcpu *v = j->v;
    struct jit_place at = { .mode = j->mode };
    if (!v->guest->fetch_ok(v) || !translate(j, v->s.pc, &at.obj, &at.off))
        return NULL;
    j->stats.lookups++;
    struct jblock *b = jit_cache_get(j, &at);
    if (!b && translate(j, (v->s.pc & PAGE_MASK) + PAGE_SIZE, &at.obj2, &at.off2))
        b = jit_cache_get(j, &at);
    if (!b)
        return NULL;
    if (!j->logs_exec)
        *jump_slot(j) = (struct jit_jump){ .pc = v->s.pc, .key = j->ctx->key, .code = b->entry, .block = b };
    return b;
}

/* Where a link leads, which then is aimed there. NULL: an exception was taken instead. */
static struct jblock *follow(struct jit *j, struct jit_link *l)
{
    const struct jblock *from = l->from;
    u64 at = (from->off & (PAGE_SIZE - 1)) + (u64)l->rel, gone = j->stats.evictions;
    bool in_page = !l->ic && at < engine_page_end(j->v->guest) && l->rel % j->v->guest->min_insn == 0;
    bool aims = !j->logs_exec && (in_page || l->ic);
    struct jit_place place = { .obj = from->obj, .off = (from->off & PAGE_MASK) + at, .mode = from->mode };
    struct jblock *to = in_page ? jit_cache_get(j, &place) : fetch(j);
    if (to && aims && gone == j->stats.evictions)
        jit_cache_link(j, l, to, j->v->s.pc);
    return to;
}

static const u8 *known(struct jit *j)
{
    const struct jit_jump *s = jump_slot(j);
    return s->pc == j->v->s.pc && s->key == j->ctx->key ? s->code : NULL;
}

/* ---- ways back ---- */

static bool is_kicked(struct jit *j)
{
    return UNLIKELY(atomic_load_explicit(&j->ctx->kick, memory_order_relaxed));
}

/* The interpreter runs at most `budget` instructions; the engine is left behind them. */
static enum run_exit interpret(struct jit *j, u64 budget, u64 end)
{
    u64 before = j->v->s.icount;
    enum run_exit r = interp_run_on(j->interp, budget);
    j->stats.interp_insns += j->v->s.icount - before;
    return j->v->s.icount == end ? r : RUN_SYNC;
}

struct way {
    bool            leave;
    enum run_exit   exit;     /* ... with this */
    bool            fresh;    /* the jump cache is not to be asked */
    struct jit_link *link;    /* to be followed */
};

static const struct way leave_sync = { .leave = true, .exit = RUN_SYNC };
static const struct way go_on = { 0 };

/* Behind an instruction that may have changed interrupts or deadlines: does the run loop have anything to do? If not,
 * going there and back would change nothing (machine.c, loop()). */
static bool is_quiet(const struct jit *j)
{
    const struct vcpu *v = j->v;
    return !v->irq && !v->s.halted && !v->s.stopped && v->m->next_deadline == j->deadline
           && !atomic_load_explicit(&v->m->request, memory_order_relaxed);
}

/* The way on at v->s.pc behind an exception or such an instruction. */
static struct way settled(struct jit *j)
{
    if (!is_quiet(j))
        return leave_sync;
    select_mode(j);
    return go_on;
}

static struct way leave_with(enum run_exit r)
{
    return (struct way){ .leave = true, .exit = r };
}

/* What is left fits no block. In real time nobody counts, and a part of the budget may end anywhere: the run ends
 * here unless that would be no progress. */
static struct way out_of_budget(struct jit *j, u64 start, u64 end)
{
    struct vcpu *v = j->v;
    if (v->s.icount == end)
        return leave_with(RUN_BUDGET);
    if ((j->part || v->m->clock == CLOCK_REALTIME) && v->s.icount != start)
        return leave_sync;
    return leave_with(interpret(j, end - v->s.icount, end));
}

/* One instruction by the interpreter: it may change FP control, too. In real time a guest of many of these would use
 * up its budget late: the clock is read every few. */
static struct way alone(struct jit *j, u64 end)
{
    enum run_exit r = interpret(j, 1, end);
    bool late = ++j->stats.one_insns % ALONE_MAX == 0 && j->v->m->clock == CLOCK_REALTIME;
    x64_fp_load(j);
    return r == RUN_BUDGET ? leave_with(r) : late ? leave_sync : settled(j);
}

static struct way handle(struct jit *j, enum jit_exit x, u64 start, u64 end)
{
    struct vcpu *v = j->v;
    struct jit_ctx *c = j->ctx;
    switch (x) {
    case JX_LINK:   return (struct way){ .link = c->link };
    case JX_LOOKUP:
    case JX_DEAD:   return (struct way){ .fresh = true };
    case JX_BUDGET: return is_kicked(j) ? go_on : out_of_budget(j, start, end);
    case JX_INTERP: return leave_with(interpret(j, MIN(c->arg0, end - v->s.icount), end));
    case JX_ONE:    return alone(j, end);
    case JX_MODE:   select_mode(j);
                    return go_on;
    case JX_SYNC:   return v->s.icount == end ? leave_with(RUN_BUDGET) : settled(j);
    case JX_EXC:    v->guest->exception(v, (u32)c->arg0, c->arg1);
                    return settled(j);
    case JX_FAULT:  v->guest->fault(v, &v->mmu.fault);
                    return settled(j);
    case JX_REGION: jit_regions_stale(j, (u32)c->arg0);
                    return go_on;
    case JX_RAISED: return settled(j);
    }
    CHECK(!"code left in a way that does not exist");
    return leave_sync;
}

/* ---- the loop ---- */

static enum jit_exit enter(struct jit *j, const u8 *code, u64 end)
{
    struct vcpu *v = j->v;
    struct jit_ctx *c = j->ctx;
    c->end = end;
    c->pc = v->s.pc;
    j->stats.entries++;
    enum jit_exit x = (enum jit_exit)j->t.enter(c, code, v->state, end - v->s.icount);
    v->s.icount = c->end - jit_left(c->left);
    if (x != JX_RAISED)
        v->s.pc = c->pc;
    x64_fp_merge(j);
    return x;
}

static void log_entry(struct jit *j, const struct jblock *b)
{
    engine_log_exec(j->v, b->obj, b->off, b->mode, j->v->s.icount);
}

/* Code to go on with at pc; NULL: an exception was taken instead. */
static const u8 *find(struct jit *j, struct way w)
{
    const u8 *code = w.link || w.fresh || j->logs_exec ? NULL : known(j);
    if (code)
        return code;
    struct jblock *b = w.link ? follow(j, w.link) : fetch(j);
    if (b && UNLIKELY(j->regions))
        jit_regions_met(j, b);
    if (b && j->logs_exec)
        log_entry(j, b);
    return b ? b->entry : NULL;
}

/* Where the run stands at the beginning of a slice is where time goes. */
static bool sample(struct jit *j)
{
    const struct jit_jump *s = jump_slot(j);
    return s->pc == j->v->s.pc && s->key == j->ctx->key && jit_regions_sample(j, s->block);
}

/* The interpreter runs the blocks from here on, for a while, and the tier above hears through which it came. */
static struct way trace(struct jit *j, struct region_trace *t, u64 end)
{
    struct vcpu *v = j->v;
    const struct jblock *b = NULL;
    u64 start = v->s.icount, stop = MIN(end, start + t->left);
    enum run_exit r = RUN_BUDGET;
    while (r == RUN_BUDGET && v->s.icount < stop && is_quiet(j) && (b = region_trace_step(j, t)))
        r = interp_run_on(j->interp, MIN(b->insns, stop - v->s.icount));
    j->stats.interp_insns += v->s.icount - start;
    t->left = b ? t->left - (v->s.icount - start) : 0;
    if (!t->left)
        jit_regions_traced(j);
    x64_fp_load(j);
    return v->s.icount == end ? leave_with(r) : settled(j);
}

static enum run_exit loop(struct jit *j, u64 end)
{
    struct vcpu *v = j->v;
    u64 start = v->s.icount;
    struct way w = { 0 };
    struct region_trace *t = j->regions ? jit_regions_slice(j) : NULL;
    while (!w.leave) {
        if (v->s.icount == end)
            return RUN_BUDGET;
        if (is_kicked(j))
            return RUN_SYNC;
        if (UNLIKELY(j->flush_wanted)) {
            flush_now(j);
            select_mode(j);
            w.link = NULL;
        }
        const u8 *code = find(j, w);
        if (!code) {
            v->s.icount++; /* a fetch that faults counts, so that it cannot spin for free */
            return RUN_SYNC;
        }
        if (j->regions && v->s.icount == start && (t || sample(j)) && (t = jit_regions_trace(j))) {
            w = trace(j, t, end);
            t = NULL;
            continue;
        }
        w = handle(j, enter(j, code, end), start, end);
    }
    return w.exit;
}

static enum run_exit run(struct vcpu *v, u64 budget)
{
    struct jit *j = v->engine_data;
    u64 end = v->s.icount + budget, stop = v->s.icount + MIN(budget, j->regions ? SLICE : BUDGET_MAX);
    j->part = stop != end;
    u32 host = x64_fp_host();
    bool logs = log_on(&v->m->log, LOG_exec);
    j->flush_wanted |= j->logs_exec != logs;
    j->logs_exec = logs;
    j->deadline = v->m->next_deadline;
    select_mode(j);
    x64_fp_load(j);
    enum run_exit r = loop(j, stop);
    x64_fp_host_restore(host);
    atomic_store_explicit(&j->ctx->kick, 0, memory_order_relaxed); /* the request came first: now it is looked at */
    return r == RUN_BUDGET && v->s.icount != end ? RUN_SYNC : r;
}

/* ---- the contract ---- */

static void kick(struct vcpu *v, void *host) { x64_kick(v->engine_data, host); }

static void code_written(struct vcpu *v, struct memobj *o, u64 off, u64 len)
{
    struct jit *j = v->engine_data;
    jit_cache_drop(j, o, off, len);
    interp_drop(j->interp, o, off, len);
}

/* From inside a helper or between runs. */
static void flush(struct vcpu *v)
{
    struct jit *j = v->engine_data;
    j->flush_wanted = true;
    interp_flush(j->interp);
}

static void dump_code(struct vcpu *v, gva pc, FILE *f)
{
    struct jit *j = v->engine_data;
    u64 mode = v->guest->mode(v);
    struct mmu_fault fault;
    struct xlat x;
    const struct region *r = NULL;
    if (mmu_translate(&v->mmu, pc, MMU_FETCH, mode & (MMU_MODES - 1), &x, &fault))
        r = physmap_find(v->mmu.map, x.pa);
    const struct jblock *b = r && r->obj ? jit_cache_covering(j, r->obj, r->off + (x.pa - r->base), mode) : NULL;
    if (b)
        jit_print_code(j, b, f);
    else
        fprintf(f, "no compiled code\n");
}

static void detach(struct vcpu *v)
{
    struct jit *j = v->engine_data;
    if (j->interp)
        interp_free(j->interp);
    jit_regions_free(j);
    jit_cache_free(j);
    disasm_free(j->disasm);
    free(j);
    v->engine_data = NULL;
}

/* MYNAH_CODE_CACHE=KiB: another size, for tests of what happens when it is full. */
static u64 cache_size(void)
{
    const char *s = getenv("MYNAH_CODE_CACHE");
    u64 kib = s ? strtoull(s, NULL, 10) : 0;
    return kib && kib <= JIT_CACHE_SIZE >> 10 ? MAX(kib << 10, JIT_CACHE_MIN) : JIT_CACHE_SIZE;
}

static bool attach(struct vcpu *v, struct err *e)
{
    u32 fp_env = v->guest->layout->fp_env;
    struct jit *j = calloc(1, sizeof *j);
    if (!j)
        return err_set(e, "out of memory for the baseline engine");
    v->engine_data = j;
    j->v = v;
    j->env = fp_env == ~0u ? &j->own_env : (struct fp_env *)(void *)((u8 *)v->state + fp_env);
    j->interp = interp_new(v, INTERP_INSNS, INTERP_BYTES, e);
    if (j->interp && jit_cache_new(j, cache_size(), e))
        return true;
    detach(v);
    return false;
}

const struct engine baseline_engine = {
    .name = "baseline", .attach = attach, .detach = detach, .run = run, .kick = kick, .code_written = code_written,
    .flush = flush, .dump_code = dump_code, .stats = jit_print_stats,
};

static bool attach_with(struct vcpu *v, const struct jit_policy *p, struct err *e)
{
    if (!attach(v, e))
        return false;
    if (jit_regions_new(v->engine_data, p, e))
        return true;
    detach(v);
    return err_prefix(e, "engine %s", v->engine->name);
}

static bool attach_auto(struct vcpu *v, struct err *e) { return attach_with(v, &jit_policy_auto, e); }
static bool attach_llvm(struct vcpu *v, struct err *e) { return attach_with(v, &jit_policy_llvm, e); }

const struct engine auto_engine = {
    .name = "auto", .keeps_code = true, .attach = attach_auto, .detach = detach, .run = run, .kick = kick,
    .code_written = code_written, .flush = flush, .dump_code = dump_code, .stats = jit_print_stats,
};

const struct engine llvm_engine = {
    .name = "llvm", .keeps_code = true, .attach = attach_llvm, .detach = detach, .run = run, .kick = kick,
    .code_written = code_written, .flush = flush, .dump_code = dump_code, .stats = jit_print_stats,
};
