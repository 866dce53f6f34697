/*
 * irf_run.c - the IR fuzzer: a program of each seed on two machines, compared after every step of its plan.
 */
#include "tests/fuzz/irf_run.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- comparison ---- */

static void print_bytes(FILE *f, const u8 *p, u32 n)
{
    while (n--)
        fprintf(f, "%02x", p[n]);
}

static bool same_state(const struct irf_fuzz *z, FILE *f)
{
    const u8 *a = z->rig[0]->v->state, *b = z->rig[1]->v->state;
    const struct ir_layout *l = &z->layout.l;
    if (!memcmp(a, b, l->state_size))
        return true;
    for (u32 i = 0; f && i < l->field_count; i++) {
        const struct ir_field *k = &l->fields[i];
        if (!memcmp(a + k->offset, b + k->offset, ir_bytes((enum ir_type)k->type)))
            continue;
        fprintf(f, "  %s: ", k->name);
        print_bytes(f, a + k->offset, ir_bytes((enum ir_type)k->type));
        fprintf(f, ", ");
        print_bytes(f, b + k->offset, ir_bytes((enum ir_type)k->type));
        fprintf(f, "\n");
    }
    const struct fp_env *p = (const void *)(a + l->fp_env), *q = (const void *)(b + l->fp_env);
    if (f && memcmp(p, q, sizeof *p))
        fprintf(f, "  FP control and flags: %#x %#x, %#x %#x\n", p->ctl, p->flags, q->ctl, q->flags);
    return false;
}

static void print_seen(const struct irf_seen *s, FILE *f)
{
    fprintf(f, "  exceptions %" PRIu64 " (%016" PRIx64 "), device accesses %" PRIu64 " (%016" PRIx64 ")", s->events,
            s->trace, s->io_count, s->io);
    fprintf(f, ", flip %" PRIu64 ", space %" PRIu64 ", remap %" PRIu64 "\n", s->flip, s->space, s->remap);
}

static bool same_seen(const struct irf_fuzz *z, FILE *f)
{
    const struct irf_seen *a = &z->rig[0]->w->seen, *b = &z->rig[1]->w->seen;
    bool ok = !memcmp(a, b, sizeof *a);
    if (f && !ok) {
        print_seen(a, f);
        print_seen(b, f);
    }
    return ok;
}

static bool same_marks(const struct irf_fuzz *z, FILE *f)
{
    u32 a = fuzz_unmarked(z->rig[0]->ram, z->image), b = fuzz_unmarked(z->rig[1]->ram, z->image);
    if (f && (a || b))
        fprintf(f, "  pages changed but not marked dirty: %u, %u\n", a, b);
    return !a && !b;
}

static bool same(const struct irf_fuzz *z, bool last, FILE *f)
{
    const struct vcpu *a = z->rig[0]->v, *b = z->rig[1]->v;
    bool ok = same_state(z, f) & fuzz_same_fields(&vcpu_state_desc, &a->s, &b->s, f) & same_seen(z, f)
              & fuzz_same_ram(z->rig[0]->ram, z->rig[1]->ram, f);
    if (last && (f || z->o->only || z->prog.seed % 16 == 0)) {
        ok &= same_marks(z, f);
        if (!fuzz_same_tlb(&a->mmu, &b->mmu)) {
            ok = false;
            if (f)
                fprintf(f, "  the TLBs differ\n");
        }
    }
    return ok;
}

/* ---- a program ---- */

static bool run_steps(struct irf_fuzz *z, const struct irf_prog *p, FILE *f)
{
    for (u32 k = 0; k < 2; k++)
        irf_rig_load(z->rig[k], p, z->image);
    for (u32 i = 0; i < p->plan.count; i++) {
        for (u32 k = 0; k < 2; k++) {
            struct err e;
            if (!fuzz_run_step(z->rig[k]->v, &p->plan, i, k, p->seed, NULL, &e)) {
                if (f)
                    fprintf(f, "  %s\n", e.msg);
                return false;
            }
        }
        if (!same(z, i + 1 == p->plan.count, f)) {
            if (f)
                fprintf(f, "  behind step %u of %u, at instruction %" PRIu64 "\n", i + 1, p->plan.count,
                        z->rig[0]->v->s.icount);
            return false;
        }
    }
    return true;
}

struct job {
    struct irf_fuzz *z;
    const struct irf_prog *p;
    FILE *f;
    bool ok;
};

static void do_job(void *opaque)
{
    struct job *j = opaque;
    j->ok = run_steps(j->z, j->p, j->f);
}

/* A difference that others led to: they run before, on new machines. */
static void warm_up(struct irf_fuzz *z)
{
    struct err e;
    CHECK(irf_fresh(z, &e));
    for (u64 k = z->history; k && !z->broken; k--) {
        struct job j = { z, &z->warm, NULL, false };
        irf_generate(&z->warm, &z->layout, &z->forms, &z->scratch, z->prog.seed - k, z->o->arm_fp);
        z->broken = !fuzz_guarded(do_job, &j, &e);
    }
}

bool irf_run(struct irf_fuzz *z, const struct irf_prog *p, FILE *f)
{
    struct job j = { z, p, f, false };
    struct err e;
    if (z->history)
        warm_up(z);
    else if (z->broken)
        CHECK(irf_fresh(z, &e));
    if (z->o->raw)
        do_job(&j);
    if (z->o->raw || fuzz_guarded(do_job, &j, &e))
        return j.ok;
    if (f)
        fprintf(f, "  %s\n", e.msg);
    z->broken = true;
    return false;
}

static void cover(struct irf_fuzz *z)
{
    for (u32 n = 0; n < z->prog.frag_count; n++)
        for (u32 i = 0; z->lifted[n] && i < z->prog.frag[n].count; i++)
            if (z->prog.frag[n].form[i])
                z->covered[z->prog.frag[n].form[i] - 1] = 1;
}

static bool run_seed(void *fuzzer, u64 seed)
{
    struct irf_fuzz *z = fuzzer;
    memset(z->lifted, 0, sizeof z->lifted);
    irf_generate(&z->prog, &z->layout, &z->forms, &z->scratch, seed, z->o->arm_fp);
    bool ok = irf_run(z, &z->prog, NULL);
    cover(z);
    return ok;
}

/* ---- life ---- */

bool irf_fresh(struct irf_fuzz *z, struct err *e)
{
    for (u32 k = 0; k < 2; k++) {
        if (!z->broken)
            irf_rig_free(z->rig[k]);
        z->rig[k] = irf_rig_new(&z->layout, z->o->engine[k], e);
        if (!z->rig[k])
            return false;
        memset(z->rig[k]->ram->dirty, 1, IRF_RAM_PAGES); /* nothing is there yet */
    }
    z->rig[0]->w->verify = true;
    z->rig[0]->w->lifted = z->lifted;
    z->broken = false;
    return true;
}

static void close_fuzzer(void *fuzzer)
{
    struct irf_fuzz *z = fuzzer;
    for (u32 k = 0; z && !z->broken && k < 2; k++)
        irf_rig_free(z->rig[k]);
    free(z);
}

static void *open_fuzzer(const struct fuzz_options *o, struct err *e)
{
    struct irf_fuzz *z = aligned_alloc(64, align_up(sizeof *z, 64));
    CHECK(z);
    memset(z, 0, sizeof *z);
    z->o = o;
    irf_layout_init(&z->layout);
    irf_forms_init(&z->forms, &z->layout);
    irf_make_image(z->image);
    if (irf_fresh(z, e))
        return z;
    close_fuzzer(z);
    return NULL;
}

static void form_name(const struct irf_form *k, FILE *f)
{
    fprintf(f, "%s", ir_rows[k->op].name);
    if (k->lane)
        fprintf(f, ".%s", ir_type_name((enum ir_type)k->lane));
    for (u32 i = 0; i < 4 && k->operand[i]; i++)
        fprintf(f, " %s", ir_type_name((enum ir_type)k->operand[i]));
    fprintf(f, " -> %s\n", ir_type_name((enum ir_type)k->type));
}

static void coverage(const void *fuzzer, u32 *seen, u32 *all, FILE *missing)
{
    const struct irf_fuzz *z = fuzzer;
    *all = z->forms.count;
    *seen = 0;
    for (u32 k = 0; k < *all; k++) {
        *seen += z->covered[k];
        if (missing && !z->covered[k])
            form_name(&z->forms.form[k], missing);
    }
}

static bool agrees(void *fuzzer)
{
    struct irf_fuzz *z = fuzzer;
    return irf_run(z, &z->prog, NULL);
}

static u32 shrink(void *fuzzer) { return irf_shrink(fuzzer); }
static void print(void *fuzzer, FILE *f) { irf_print(fuzzer, f); }

static u32 report(void *fuzzer, u64 seed)
{
    struct irf_fuzz *z = fuzzer;
    struct err e;
    CHECK(irf_fresh(z, &e));
    return fuzz_report(&(struct fuzz_found){ z, seed, z->o->seed, &z->history, agrees, shrink, print });
}

const struct fuzz_kind fuzz_ir = { "ir", "forms of IR rows", open_fuzzer, close_fuzzer, run_seed, report, coverage };
