/* engines.c - the interpreter with a mistake. */
#include "tests/fuzz/engines.h"
#include "backend/interp/interp.h"

/* ---- mistakes: the interpreter sees another guest than the one there is ---- */

struct twisted {
    struct guest             g;
    const struct guest      *real;
    const struct fuzz_wrong *how;
};

static struct twisted *twisted_of(struct vcpu *v)
{
    return (struct twisted *)(uintptr_t)v->guest;
}

static void twisted_lift(struct vcpu *v, u64 mode, const struct guest_code *code, struct ir_block *out)
{
    struct twisted *t = twisted_of(v);
    t->real->lift(v, mode, code, out);
    for (u32 i = 0; i < out->count && t->how->mistake == WRONG_OP; i++)
        if (out->ins[i].op == t->how->from)
            out->ins[i].op = t->how->to;
}

static void twisted_fault(struct vcpu *v, const struct mmu_fault *f)
{
    struct twisted *t = twisted_of(v);
    struct mmu_fault other = *f;
    if (t->how->mistake == WRONG_FAULT && !(f->va & (PAGE_SIZE - 1)))
        other.va -= 1;
    t->real->fault(v, &other);
}

static enum run_exit wrong_run(struct vcpu *v, u64 budget)
{
    const struct fuzz_wrong *w = (const struct fuzz_wrong *)(const void *)v->engine;
    struct twisted t = { .g = *v->guest, .real = v->guest, .how = w };
    t.g.lift = twisted_lift;
    t.g.fault = twisted_fault;
    v->guest = &t.g;
    enum run_exit x = interp_run(v, budget + (w->mistake == WRONG_BUDGET && budget % 16 == 5));
    v->guest = t.real;
    if (w->mistake == WRONG_COUNT && x == RUN_SYNC && v->s.pc & 4)
        v->s.icount--;
    return x;
}

static bool attach(struct vcpu *v, struct err *e)
{
    return interp_engine.attach(v, e);
}

static void detach(struct vcpu *v)
{
    interp_engine.detach(v);
}

static void code_written(struct vcpu *v, struct memobj *o, u64 off, u64 len)
{
    bool blind = ((const struct fuzz_wrong *)(const void *)v->engine)->mistake == WRONG_STALE && len <= 64;
    interp_code_written(v, o, off, blind ? 0 : len); /* 0: the page is still known to have code */
}

static void flush(struct vcpu *v)
{
    interp_engine.flush(v);
}

#define WRONG(what, ...) \
    { .e = { .name = what, .attach = attach, .detach = detach, .run = wrong_run, .code_written = code_written, \
             .flush = flush }, __VA_ARGS__ }
static const struct fuzz_wrong wrong[] = {
    WRONG("signed for unsigned comparison", .mistake = WRONG_OP, .from = IR_ult, .to = IR_slt),
    WRONG("rotation to the left for the right", .mistake = WRONG_OP, .from = IR_rotr, .to = IR_rotl),
    WRONG("a minimum that ignores quiet NaNs", .mistake = WRONG_OP, .from = IR_fmin, .to = IR_fminnm),
    WRONG("lanes without saturation", .mistake = WRONG_OP, .from = IR_sqadd, .to = IR_add),
    WRONG("fault addresses", .mistake = WRONG_FAULT),
    WRONG("code that changes unseen", .mistake = WRONG_STALE),
    WRONG("instructions not counted", .mistake = WRONG_COUNT),
    WRONG("budgets not kept", .mistake = WRONG_BUDGET),
};

const struct fuzz_wrong *fuzz_wrong_engine(u32 i)
{
    return i < COUNT(wrong) ? &wrong[i] : NULL;
}
