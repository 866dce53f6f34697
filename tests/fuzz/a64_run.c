/*
 * a64_run.c - the instruction fuzzer: a program of each seed on two machines, compared after every step of its plan.
 */
#include "tests/fuzz/a64_run.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- comparison ---- */

static bool same_seen(const struct af_fuzz *z, FILE *f)
{
    const struct af_seen *a = &z->rig[0]->seen, *b = &z->rig[1]->seen;
    if (!memcmp(a, b, sizeof *a))
        return true;
    if (f)
        fprintf(f, "  exceptions: %" PRIu64 " (%016" PRIx64 "), %" PRIu64 " (%016" PRIx64 "); devices: %016" PRIx64
                   ", %016" PRIx64 "\n", a->events, a->trace, b->events, b->trace, a->io, b->io);
    return false;
}

static bool same_marks(const struct af_fuzz *z, FILE *f)
{
    u32 a = fuzz_unmarked(z->rig[0]->ram, z->image), b = fuzz_unmarked(z->rig[1]->ram, z->image);
    if (f && (a || b))
        fprintf(f, "  pages changed but not marked dirty: %u, %u\n", a, b);
    return !a && !b;
}

static bool same_tlb(const struct af_fuzz *z, FILE *f)
{
    bool ok = fuzz_same_tlb(&z->rig[0]->v->mmu, &z->rig[1]->v->mmu);
    if (f && !ok)
        fprintf(f, "  the TLBs differ\n");
    return ok;
}

static bool same(const struct af_fuzz *z, const struct af_prog *p, bool last, FILE *f)
{
    const struct vcpu *a = z->rig[0]->v, *b = z->rig[1]->v;
    bool ok = !memcmp(a->state, b->state, sizeof(struct a64_state)) && !memcmp(&a->s, &b->s, sizeof a->s)
              && a->irq == b->irq;
    if (f)
        ok &= fuzz_same_fields(&a64_state_desc, a->state, b->state, f)
              & fuzz_same_fields(&vcpu_state_desc, &a->s, &b->s, f);
    ok &= same_seen(z, f) & fuzz_same_ram(z->rig[0]->ram, z->rig[1]->ram, f);
    if (last && (f || z->o->only || p->seed % 16 == 0))
        ok &= same_marks(z, f) & same_tlb(z, f);
    return ok;
}

/* ---- coverage: instructions that ran alone on the first engine, and raised nothing but what is all they do ---- */

static void before_one(void *opaque)
{
    struct af_fuzz *z = opaque;
    z->events = z->rig[0]->seen.events;
    z->known = af_fetch(z->rig[0], z->rig[0]->v->s.pc, &z->word);
}

static void after_one(void *opaque)
{
    struct af_fuzz *z = opaque;
    u32 row = z->known ? a64_match(z->word, z->rows.features) : A64_ROW_COUNT;
    if (row == A64_ROW_COUNT)
        return;
    bool raises = z->rows.cls[row] == AF_C_EXC || row == A64_ROW_sysl;
    if (raises || z->events == z->rig[0]->seen.events)
        z->covered[row] = 1;
}

/* ---- a program ---- */

static bool run_steps(struct af_fuzz *z, const struct af_prog *p, FILE *f)
{
    const struct fuzz_single single = { before_one, after_one, z };
    for (u32 k = 0; k < 2; k++)
        af_rig_load(z->rig[k], p, z->image);
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
    struct af_fuzz *z;
    const struct af_prog *p;
    FILE *f;
    bool ok;
};

static void do_job(void *opaque)
{
    struct job *j = opaque;
    j->ok = run_steps(j->z, j->p, j->f);
}

/* A difference that others led to: they run before, on new machines. */
static void warm_up(struct af_fuzz *z)
{
    struct err e;
    CHECK(af_fresh(z, &e));
    for (u64 k = z->history; k && !z->broken; k--) {
        struct job j = { z, &z->warm, NULL, false };
        af_generate(&z->warm, &z->rows, z->prog.seed - k);
        z->broken = !fuzz_guarded(do_job, &j, &e);
    }
}

bool af_run(struct af_fuzz *z, const struct af_prog *p, FILE *f)
{
    struct job j = { z, p, f, false };
    struct err e;
    if (z->history)
        warm_up(z);
    else if (z->broken)
        CHECK(af_fresh(z, &e));
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
    struct af_fuzz *z = fuzzer;
    af_generate(&z->prog, &z->rows, seed);
    return af_run(z, &z->prog, NULL);
}

/* ---- life ---- */

bool af_fresh(struct af_fuzz *z, struct err *e)
{
    for (u32 k = 0; k < 2; k++) {
        if (!z->broken)
            af_rig_free(z->rig[k]);
        z->rig[k] = af_rig_new(z->o->engine[k], e);
        if (!z->rig[k])
            return false;
    }
    z->broken = false;
    return true;
}

static void close_fuzzer(void *fuzzer)
{
    struct af_fuzz *z = fuzzer;
    for (u32 k = 0; z && !z->broken && k < 2; k++)
        af_rig_free(z->rig[k]);
    free(z);
}

static void *open_fuzzer(const struct fuzz_options *o, struct err *e)
{
    struct af_fuzz *z = calloc(1, sizeof *z);
    CHECK(z);
    z->o = o;
    af_rows_init(&z->rows, o->group);
    af_make_image(z->image);
    if (o->group && !z->rows.wanted_count)
        err_set(e, "no decode row matches '%s'", o->group);
    else if (af_fresh(z, e))
        return z;
    close_fuzzer(z);
    return NULL;
}

static void coverage(const void *fuzzer, u32 *seen, u32 *all, FILE *missing)
{
    const struct af_fuzz *z = fuzzer;
    *all = A64_ROW_COUNT;
    *seen = 0;
    for (u32 k = 0; k < *all; k++) {
        *seen += z->covered[k];
        if (missing && !z->covered[k])
            fprintf(missing, "%s: %s\n", a64_rows[k].name, a64_rows[k].entry);
    }
}

static bool agrees(void *fuzzer)
{
    struct af_fuzz *z = fuzzer;
    return af_run(z, &z->prog, NULL);
}

static u32 shrink(void *fuzzer) { return af_shrink(fuzzer); }
static void print(void *fuzzer, FILE *f) { af_print(fuzzer, f); }

static u32 report(void *fuzzer, u64 seed)
{
    struct af_fuzz *z = fuzzer;
    struct err e;
    CHECK(af_fresh(z, &e));
    return fuzz_report(&(struct fuzz_found){ z, seed, z->o->seed, &z->history, agrees, shrink, print });
}

const struct fuzz_kind fuzz_a64 = { "a64", "decode rows", open_fuzzer, close_fuzzer, run_seed, report, coverage };
