/*
 * a64_shrink.c - a program that engines disagree about, made small: fewer steps, NOPs for instructions, zeros for
 * state; and printed.
 */
#include "tests/fuzz/a64_run.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NOP 0xd503201fu

static bool accept(struct af_fuzz *z)
{
    if (af_run(z, &z->tried, NULL))
        return false;
    z->prog = z->tried;
    return true;
}

static bool plan_differs(void *opaque, const struct fuzz_plan *p)
{
    struct af_fuzz *z = opaque;
    z->tried = z->prog;
    z->tried.plan = *p;
    return !af_run(z, &z->tried, NULL);
}

/* Runs of words become NOPs, long ones first. */
static bool shrink_words(struct af_fuzz *z)
{
    bool any = false;
    for (u32 len = MAX(z->prog.count / 2, 1u); len; len /= 2)
        for (u32 i = 0; i < z->prog.count; i += len) {
            bool work = false;
            z->tried = z->prog;
            for (u32 k = i; k < MIN(i + len, z->prog.count); k++) {
                work |= z->tried.word[k] != NOP;
                z->tried.word[k] = NOP;
            }
            any |= work && accept(z);
        }
    while (z->prog.count > 1 && z->prog.word[z->prog.count - 1] == NOP) { /* behind it are branches to the start */
        z->tried = z->prog;
        z->tried.count--;
        if (!accept(z))
            break;
        any = true;
    }
    return any;
}

/* Each of the elements of a field to what it is in `to`. */
static bool shrink_field(struct af_fuzz *z, const struct state_field *f, const struct a64_state *to)
{
    bool any = false;
    for (u32 i = 0; i < f->count; i++) {
        u32 at = f->offset + i * f->size;
        if (!memcmp((u8 *)&z->prog.s + at, (const u8 *)to + at, f->size))
            continue;
        z->tried = z->prog;
        memcpy((u8 *)&z->tried.s + at, (const u8 *)to + at, f->size);
        z->tried.s.fp_ctl = a64_fp_ctl(z->tried.s.fpcr);
        any |= accept(z);
    }
    return any;
}

/* Zeros, but for what makes the machine ordinary: translation, EL1, FP allowed. */
static bool shrink_state(struct af_fuzz *z)
{
    const struct a64_state *s = &z->prog.s;
    struct a64_state plain = { .el = s->el, .spsel = s->el, .daif = 15, .oslsr = 10, .cpacr_el1 = 3 << 20,
                               .tcr_el1 = AF_TCR, .mair_el1 = AF_MAIR, .ttbr0_el1 = s->ttbr0_el1,
                               .ttbr1_el1 = s->ttbr1_el1, .vbar_el1 = s->vbar_el1,
                               .sctlr_el1 = A64_SCTLR_ONES | A64_SCTLR_SPAN | (s->sctlr_el1 & 0x02000001) };
    bool any = false;
    for (u32 i = 0; i < a64_state_desc.field_count; i++) {
        const struct state_field *f = &a64_state_desc.fields[i];
        if (f->offset != offsetof(struct a64_state, fp_ctl))
            any |= shrink_field(z, f, &plain);
    }
    return any;
}

static u32 words_left(const struct af_prog *p)
{
    u32 n = 0;
    for (u32 i = 0; i < p->count; i++)
        n += p->word[i] != NOP;
    return n;
}

u32 af_shrink(struct af_fuzz *z)
{
    bool again = true;
    for (u32 round = 0; round < 8 && again; round++) {
        again = fuzz_shrink_plan(&z->prog.plan, plan_differs, z);
        again |= shrink_words(z);
        again |= shrink_state(z);
    }
    return words_left(&z->prog);
}

/* ---- report ---- */

static void print_word(const struct af_fuzz *z, u64 pc, u32 word, FILE *f)
{
    u32 row = a64_match(word, z->rows.features);
    fprintf(f, "  %#" PRIx64 ": %08x  %s", pc, word, row < A64_ROW_COUNT ? a64_rows[row].name : "(unallocated)");
    for (u32 k = 0; row < A64_ROW_COUNT && k < a64_rows[row].field_count; k++) {
        const struct decode_field *d = &a64_rows[row].fields[k];
        fprintf(f, " %s=%" PRIu64, d->name, bits_get(word, d->lo, d->width));
    }
    fprintf(f, "\n");
}

static void print_words(const struct af_fuzz *z, FILE *f)
{
    const struct af_prog *p = &z->prog;
    u64 base = (p->pc & ~(u64)(AF_CODE_BYTES - 1)) + p->at;
    for (u32 i = 0; i < p->count; i++)
        if (p->word[i] != NOP)
            print_word(z, base + 4 * i, p->word[i], f);
    fprintf(f, "  other words from %#" PRIx64 " to %#" PRIx64 " are NOP; others of the two pages lead to the start\n",
            base, base + 4 * p->count);
}

static void print_field(const struct state_field *f, const void *state, FILE *out)
{
    static const u8 zero[8];
    for (u32 i = 0; i < f->count; i++) {
        const u8 *p = (const u8 *)state + f->offset + i * f->size;
        u64 v = 0;
        memcpy(&v, p, f->size);
        if (!memcmp(p, zero, f->size))
            continue;
        if (f->count == 64) /* the halves of vector registers */
            fprintf(out, "  v%u.d[%u] = %#" PRIx64 "\n", i / 2, i % 2, v);
        else
            fprintf(out, f->count > 1 ? "  %s%u = %#" PRIx64 "\n" : "  %s%.0u = %#" PRIx64 "\n", f->name, i, v);
    }
}

/* The instruction that the first engine runs last, with its IR. */
static void print_culprit(struct af_fuzz *z, FILE *f)
{
    struct af_prog *p = &z->tried;
    struct ir_block *b = malloc(sizeof *b);
    struct err e;
    u32 word;
    CHECK(b);
    if (z->broken)
        CHECK(af_fresh(z, &e));
    *p = z->prog;
    p->plan.step[p->plan.count - 1].insns--;
    af_rig_load(z->rig[0], p, z->image);
    for (u32 i = 0; i < p->plan.count; i++)
        if (!fuzz_run_step(z->rig[0]->v, &p->plan, i, 0, p->seed, NULL, &e))
            fprintf(f, "  %s\n", e.msg);
    struct vcpu *v = z->rig[0]->v;
    fprintf(f, "%s last runs, at EL%u:\n", v->engine->name, a64_of(v)->el);
    if (af_fetch(z->rig[0], v->s.pc, &word)) {
        const struct guest_code code = { .bytes = (const u8 *)&word, .avail = 4, .max_insns = 1 };
        print_word(z, v->s.pc, word, f);
        a64_lift_block(v, a64_mode(v), &code, b);
        ir_print(b, f);
    } else {
        fprintf(f, "  %#" PRIx64 ", where nothing can be fetched\n", v->s.pc);
    }
    free(b);
}

void af_print(struct af_fuzz *z, FILE *f)
{
    struct err e;
    const char *one = z->o->engine[0]->name, *two = z->o->engine[1]->name;
    fprintf(f, "program %" PRIu64 ": %s and %s differ\n", z->prog.seed, one, two);
    fuzz_print_plan(&z->prog.plan, f);
    fprintf(f, "state before, where it is not zero, pc %#" PRIx64 ":\n", z->prog.pc);
    for (u32 i = 0; i < a64_state_desc.field_count; i++)
        print_field(&a64_state_desc.fields[i], &z->prog.s, f);
    fprintf(f, "program:\n");
    print_words(z, f);
    print_culprit(z, f);
    if (z->broken)
        CHECK(af_fresh(z, &e));
    for (u32 k = 0; k < 2 && z->o->verbose; k++) {
        z->rig[k]->m->log.mask = 1u << LOG_exec | 1u << LOG_int | 1u << LOG_mmu;
        z->rig[k]->m->log.out = f;
    }
    fprintf(f, "%s, %s:\n", one, two);
    af_run(z, &z->prog, f);
}
