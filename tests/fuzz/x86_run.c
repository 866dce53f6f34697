/*
 * x86_run.c - the x86 fuzzer: a program of each seed on two machines, compared after every step of its plan.
 */
#include "tests/fuzz/x86_run.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- comparison ---- */

static bool same_seen(const struct xf_fuzz *z, FILE *f)
{
    const struct xf_seen *a = &z->rig[0]->seen, *b = &z->rig[1]->seen;
    if (!memcmp(a, b, sizeof *a))
        return true;
    if (f)
        fprintf(f, "  exceptions: %" PRIu64 " (%016" PRIx64 "), %" PRIu64 " (%016" PRIx64 "); devices: %016" PRIx64
                   ", %016" PRIx64 "\n", a->events, a->trace, b->events, b->trace, a->io, b->io);
    return false;
}

static bool same_marks(const struct xf_fuzz *z, FILE *f)
{
    u32 a = fuzz_unmarked(z->rig[0]->ram, z->image), b = fuzz_unmarked(z->rig[1]->ram, z->image);
    if (f && (a || b))
        fprintf(f, "  pages changed but not marked dirty: %u, %u\n", a, b);
    return !a && !b;
}

static bool same_tlb(const struct xf_fuzz *z, FILE *f)
{
    bool ok = fuzz_same_tlb(&z->rig[0]->v->mmu, &z->rig[1]->v->mmu);
    if (f && !ok)
        fprintf(f, "  the TLBs differ\n");
    return ok;
}

static bool same(const struct xf_fuzz *z, const struct xf_prog *p, bool last, FILE *f)
{
    const struct vcpu *a = z->rig[0]->v, *b = z->rig[1]->v;
    bool ok = !memcmp(a->state, b->state, sizeof(struct x86_state)) && !memcmp(&a->s, &b->s, sizeof a->s)
              && a->irq == b->irq;
    if (f)
        ok &= fuzz_same_fields(&x86_state_desc, a->state, b->state, f)
              & fuzz_same_fields(&vcpu_state_desc, &a->s, &b->s, f);
    ok &= same_seen(z, f) & fuzz_same_ram(z->rig[0]->ram, z->rig[1]->ram, f);
    if (last && (f || z->o->only || p->seed % 16 == 0))
        ok &= same_marks(z, f) & same_tlb(z, f);
    return ok;
}

/* ---- coverage: instructions that ran alone on the first engine, and raised nothing but what is all they do ---- */

bool xf_decode(const struct xf_rig *g, gva pc, struct x86_insn *i, u8 bytes[16])
{
    u32 n = xf_fetch(g, pc, bytes);
    return n && x86_decode(bytes, n, x86_mode(g->v), x86_wiring_of(g->v)->model->features, i) == X86_OK;
}

static void before_one(void *opaque)
{
    struct xf_fuzz *z = opaque;
    struct x86_insn i;
    u8 bytes[16];
    z->events = z->rig[0]->seen.events;
    z->row = xf_decode(z->rig[0], z->rig[0]->v->s.pc, &i, bytes) ? (u32)(i.row - x86_rows) : X86_ROW_COUNT;
}

static void after_one(void *opaque)
{
    struct xf_fuzz *z = opaque;
    if (z->row != X86_ROW_COUNT && (z->rows.cls[z->row] == XF_C_FAR || z->events == z->rig[0]->seen.events))
        z->covered[z->row] = 1;
}

/* ---- a program ---- */

static bool run_steps(struct xf_fuzz *z, const struct xf_prog *p, FILE *f)
{
    const struct fuzz_single single = { before_one, after_one, z };
    for (u32 k = 0; k < 2; k++)
        xf_rig_load(z->rig[k], p, z->image);
    for (u32 i = 0; i < p->plan.count; i++) {
        struct err e;
        for (u32 k = 0; k < 2; k++)
            if (!fuzz_run_step(z->rig[k]->v, &p->plan, i, k, p->seed, k ? NULL : &single, &e)) {
                if (f)
                    fprintf(f, "  %s\n", e.msg);
                return false;
            }
        if (!same(z, p, i + 1 == p->plan.count, f)) {
            if (f)
                fprintf(f, "  behind step %u of %u, at instruction %" PRIu64 "\n", i + 1, p->plan.count,
                        z->rig[0]->v->s.icount);
            return false;
        }
    }
    return true;
}

struct job {
    struct xf_fuzz *z;
    const struct xf_prog *p;
    FILE *f;
    bool ok;
};

static void do_job(void *opaque)
{
    struct job *j = opaque;
    j->ok = run_steps(j->z, j->p, j->f);
}

/* A difference that others led to: they run before, on new machines. */
static void warm_up(struct xf_fuzz *z)
{
    struct err e;
    CHECK(xf_fresh(z, &e));
    for (u64 k = z->history; k && !z->broken; k--) {
        struct job j = { z, &z->warm, NULL, false };
        xf_generate(&z->warm, &z->rows, z->prog.seed - k);
        z->broken = !fuzz_guarded(do_job, &j, &e);
    }
}

bool xf_run(struct xf_fuzz *z, const struct xf_prog *p, FILE *f)
{
    struct job j = { z, p, f, false };
    struct err e;
    if (z->history)
        warm_up(z);
    else if (z->broken)
        CHECK(xf_fresh(z, &e));
    if (z->o->raw)
        do_job(&j);
    if (z->o->raw || fuzz_guarded(do_job, &j, &e))
        return j.ok;
    if (f)
        fprintf(f, "  %s\n", e.msg);
    z->broken = true;
    return false;
}

static bool run_seed(void *fuzzer, u64 seed)
{
    struct xf_fuzz *z = fuzzer;
    xf_generate(&z->prog, &z->rows, seed);
    return xf_run(z, &z->prog, NULL);
}

/* ---- life ---- */

bool xf_fresh(struct xf_fuzz *z, struct err *e)
{
    for (u32 k = 0; k < 2; k++) {
        if (!z->broken)
            xf_rig_free(z->rig[k]);
        z->rig[k] = xf_rig_new(z->o->engine[k], e);
        if (!z->rig[k])
            return false;
    }
    z->broken = false;
    return true;
}

static void close_fuzzer(void *fuzzer)
{
    struct xf_fuzz *z = fuzzer;
    for (u32 k = 0; z && !z->broken && k < 2; k++)
        xf_rig_free(z->rig[k]);
    free(z);
}

static void *open_fuzzer(const struct fuzz_options *o, struct err *e)
{
    struct xf_fuzz *z = calloc(1, sizeof *z);
    CHECK(z);
    z->o = o;
    xf_rows_init(&z->rows, o->group);
    xf_make_image(z->image);
    if (o->group && !z->rows.wanted_count)
        err_set(e, "no decode row matches '%s'", o->group);
    else if (xf_fresh(z, e))
        return z;
    close_fuzzer(z);
    return NULL;
}

static void coverage(const void *fuzzer, u32 *seen, u32 *all, FILE *missing)
{
    const struct xf_fuzz *z = fuzzer;
    *all = X86_ROW_COUNT;
    *seen = 0;
    for (u32 k = 0; k < *all; k++) {
        *seen += z->covered[k];
        if (missing && !z->covered[k])
            fprintf(missing, "%s: %s\n", x86_rows[k].name, x86_rows[k].entry);
    }
}

static bool agrees(void *fuzzer)
{
    struct xf_fuzz *z = fuzzer;
    return xf_run(z, &z->prog, NULL);
}

static u32 shrink(void *fuzzer) { return xf_shrink(fuzzer); }
static void print(void *fuzzer, FILE *f) { xf_print(fuzzer, f); }

static u32 report(void *fuzzer, u64 seed)
{
    struct xf_fuzz *z = fuzzer;
    struct err e;
    CHECK(xf_fresh(z, &e));
    return fuzz_report(&(struct fuzz_found){ z, seed, z->o->seed, &z->history, agrees, shrink, print });
}

const struct fuzz_kind fuzz_x86 = { "x86", "decode rows", open_fuzzer, close_fuzzer, run_seed, report, coverage };
