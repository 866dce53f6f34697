/*
 * fuzz.c - what both fuzzers do alike: plans, steps, restoring memory, comparing processors and TLBs.
 */
#include "tests/fuzz/fuzz.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- plans ---- */

static u32 random_slice(struct fuzz_rng *r, u32 insns)
{
    switch (fuzz_pick(r, 5)) {
    case 0: return 1;
    case 1: return 1 + fuzz_pick(r, 4);
    case 2: return 1 + fuzz_pick(r, MAX(insns, 1u));
    default: return 0;
    }
}

void fuzz_random_plan(struct fuzz_rng *r, struct fuzz_plan *p, u32 insns)
{
    u32 left = insns;
    p->count = 0;
    while (left && p->count < FUZZ_STEPS) {
        u32 n = p->count + 1 == FUZZ_STEPS || fuzz_one_in(r, 3) ? left : 1 + fuzz_pick(r, left);
        u32 which = fuzz_pick(r, 2);
        struct fuzz_step *s = &p->step[p->count++];
        *s = (struct fuzz_step){ .insns = n };
        s->slice[which] = random_slice(r, n);
        if (p->count > 1 && fuzz_one_in(r, 3))
            s->irq = (u8)(1 + fuzz_pick(r, 3));
        left -= n;
    }
}

void fuzz_print_plan(const struct fuzz_plan *p, FILE *f)
{
    for (u32 i = 0; i < p->count; i++) {
        const struct fuzz_step *s = &p->step[i];
        fprintf(f, "step %u: %u instructions", i + 1, s->insns);
        if (s->slice[0] || s->slice[1])
            fprintf(f, ", in slices of at most %u and %u (0: all at once)", s->slice[0], s->slice[1]);
        fprintf(f, s->irq ? ", interrupt levels %u\n" : "\n", s->irq);
    }
}

/* The whole as one short step. */
static bool one_step(struct fuzz_plan *p, fuzz_differs_fn *differs, void *opaque)
{
    u32 sum = 0;
    for (u32 i = 0; i < p->count; i++)
        sum += p->step[i].insns;
    for (u32 n = 1; p->count > 1 && n <= sum && n < 64; n++) {
        struct fuzz_plan q = { 1, { { .insns = n } } };
        if (differs(opaque, &q)) {
            *p = q;
            return true;
        }
    }
    return false;
}

static bool try(struct fuzz_plan *p, const struct fuzz_plan *q, fuzz_differs_fn *differs, void *opaque)
{
    if (!memcmp(p, q, sizeof *p) || !differs(opaque, q))
        return false;
    *p = *q;
    return true;
}

static bool shrink_step(struct fuzz_plan *p, u32 i, fuzz_differs_fn *differs, void *opaque)
{
    struct fuzz_plan q = *p;
    bool any = false;
    q.step[i].irq = 0;
    any |= try(p, &q, differs, opaque);
    for (u32 k = 0; k < 2; k++) {
        q = *p;
        q.step[i].slice[k] = 0;
        any |= try(p, &q, differs, opaque);
    }
    for (u32 cut = p->step[i].insns / 2; cut; cut /= 2)
        while (q = *p, q.step[i].insns > cut) {
            q.step[i].insns -= cut;
            if (!try(p, &q, differs, opaque))
                break;
            any = true;
        }
    return any;
}

bool fuzz_shrink_plan(struct fuzz_plan *p, fuzz_differs_fn *differs, void *opaque)
{
    if (one_step(p, differs, opaque))
        return true;
    bool any = false;
    while (p->count > 1) { /* steps that are not needed */
        struct fuzz_plan q = *p;
        q.step[--q.count] = (struct fuzz_step){ 0 };
        if (!try(p, &q, differs, opaque))
            break;
        any = true;
    }
    for (u32 i = 0; i < p->count; i++)
        any |= shrink_step(p, i, differs, opaque);
    return any;
}

/* ---- running ---- */

/* Interrupts are sampled as vm/machine.c does it; their levels only change between steps. */
static void sample(struct vcpu *v)
{
    if (v->irq)
        v->guest->interrupt(v);
    v->s.halted = 0; /* WFI may end for any reason */
}

/* Where the guest has such a pin, the second level is an edge of the non-maskable interrupt. */
static void set_lines(struct vcpu *v, u8 irq)
{
    v->irq = v->guest->line ? irq & VCPU_IRQ : irq;
    if (v->guest->line)
        v->guest->line(v, VCPU_LINE_NMI, irq & VCPU_FIQ);
}

/* After a triple fault nothing is left to run. */
static bool is_over(const struct vcpu *v) { return v->guest->line && atomic_load(&v->m->request) & REQ_RESET; }

bool fuzz_run_step(struct vcpu *v, const struct fuzz_plan *p, u32 i, u32 which, u64 seed,
                   const struct fuzz_single *single, struct err *e)
{
    const struct fuzz_step *s = &p->step[i];
    struct fuzz_rng r = fuzz_seeded(seed, 16 + i);
    u64 end = v->s.icount + s->insns;
    u32 max = s->slice[which], idle = 0;
    set_lines(v, s->irq);
    sample(v);
    while (v->s.icount < end && !is_over(v)) {
        u64 left = end - v->s.icount, before = v->s.icount;
        u64 slice = max ? 1 + fuzz_pick(&r, max) : left, budget = MIN(left, slice);
        bool one = single && budget == 1;
        if (one)
            single->before(single->opaque);
        v->engine->run(v, budget);
        if (one)
            single->after(single->opaque);
        if (v->s.icount < before || v->s.icount - before > budget)
            return err_set(e, "%s: %" PRId64 " instructions of a budget of %" PRIu64, v->engine->name,
                           (i64)(v->s.icount - before), budget);
        idle = v->s.icount == before ? idle + 1 : 0;
        if (idle > 1000)
            return err_set(e, "%s: runs and runs, but no instruction is counted", v->engine->name);
        sample(v);
    }
    return true;
}

/* ---- memory ---- */

void fuzz_restore(struct vcpu *v, struct memobj *o, const u8 *image)
{
    mmu_flush(&v->mmu, 0, 0);
    for (u64 p = 0; p < o->size >> PAGE_BITS; p++)
        if (o->dirty[p]) {
            memobj_written(v->mmu.map, o, p << PAGE_BITS, PAGE_SIZE);
            memcpy(o->host + (p << PAGE_BITS), image + (p << PAGE_BITS), PAGE_SIZE);
        }
    memset(o->fast, 0, o->size >> PAGE_BITS); /* no TLB has an entry */
    memobj_dirty_clear(v->mmu.map, o);
}

u32 fuzz_unmarked(const struct memobj *o, const u8 *image)
{
    u32 n = 0;
    for (u64 p = 0; p < o->size >> PAGE_BITS; p++)
        n += !o->dirty[p] && memcmp(o->host + (p << PAGE_BITS), image + (p << PAGE_BITS), PAGE_SIZE);
    return n;
}

bool fuzz_same_ram(const struct memobj *a, const struct memobj *b, FILE *f)
{
    bool same = true;
    for (u64 p = 0; p < a->size >> PAGE_BITS; p++) {
        const u8 *x = a->host + (p << PAGE_BITS), *y = b->host + (p << PAGE_BITS);
        if ((!a->dirty[p] && !b->dirty[p]) || !memcmp(x, y, PAGE_SIZE))
            continue;
        same = false;
        for (u32 i = 0, shown = 0; f && i < PAGE_SIZE && shown < 32; i++)
            if (x[i] != y[i] && ++shown)
                fprintf(f, "  %s+%#" PRIx64 ": %02x, %02x\n", a->name, (p << PAGE_BITS) + i, x[i], y[i]);
    }
    return same;
}

/* ---- processors ---- */

bool fuzz_same_tlb(const struct mmu *a, const struct mmu *b)
{
    u64 n = mmu_export(a, NULL, 0), m = mmu_export(b, NULL, 0);
    u64 *x = malloc(8 * (n + 1)), *y = malloc(8 * (m + 1));
    CHECK(x && y);
    mmu_export(a, x, n);
    mmu_export(b, y, m);
    bool same = n == m && !memcmp(x, y, 8 * n);
    free(x);
    free(y);
    return same;
}

bool fuzz_same_fields(const struct state_desc *d, const void *a, const void *b, FILE *f)
{
    bool same = true;
    for (u32 i = 0; i < d->field_count; i++) {
        const struct state_field *k = &d->fields[i];
        for (u32 n = 0; n < k->count; n++) {
            const u8 *x = (const u8 *)a + k->offset + n * k->size, *y = (const u8 *)b + k->offset + n * k->size;
            if (!memcmp(x, y, k->size))
                continue;
            same = false;
            if (!f)
                return false;
            u64 p = 0, q = 0;
            memcpy(&p, x, MIN(k->size, 8u));
            memcpy(&q, y, MIN(k->size, 8u));
            fprintf(f, k->count > 1 ? "  %s[%u]: " : "  %s: ", k->name, n);
            fprintf(f, "%#" PRIx64 ", %#" PRIx64 "\n", p, q);
        }
    }
    return same;
}

/* ---- reports ---- */

/* How many programs before this one it takes; false: more than fit here. */
static bool find_history(const struct fuzz_found *d)
{
    u64 most = MIN(d->seed - d->first, 2048ull), n = 1;
    while (*d->history = n, d->agrees(d->fuzzer)) {
        if (n >= most)
            return false;
        n = MIN(2 * n, most);
    }
    for (u64 step = n / 2; step; step /= 2)
        if (*d->history > step) {
            *d->history -= step;
            if (d->agrees(d->fuzzer))
                *d->history += step;
        }
    return true;
}

u32 fuzz_report(const struct fuzz_found *d)
{
    if (d->agrees(d->fuzzer) && !find_history(d)) {
        printf("program %" PRIu64 " differs behind others only, and behind more than a few\n", d->seed);
        return 0;
    }
    if (*d->history)
        printf("program %" PRIu64 " differs behind others only: --seed %" PRIu64 " --count %" PRIu64 "\n", d->seed,
               d->seed - *d->history, *d->history + 1);
    if (*d->history > FUZZ_FEW) /* each try would take too long */
        return 0;
    fflush(stdout);
    u32 left = d->shrink(d->fuzzer);
    d->print(d->fuzzer, stdout);
    return left;
}
