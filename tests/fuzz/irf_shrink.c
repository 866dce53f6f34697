/*
 * irf_shrink.c - a program that engines disagree about, made small: fewer steps, fragments, instructions, zeros for
 * state; and printed.
 */
#include "tests/fuzz/irf_run.h"
#include <inttypes.h>
#include <string.h>

/* z->tried becomes the program if it differs, too. */
static bool accept(struct irf_fuzz *z)
{
    if (irf_run(z, &z->tried, NULL))
        return false;
    z->prog = z->tried;
    return true;
}

/* ---- the plan ---- */

static bool plan_differs(void *opaque, const struct fuzz_plan *p)
{
    struct irf_fuzz *z = opaque;
    z->tried = z->prog;
    z->tried.plan = *p;
    return !irf_run(z, &z->tried, NULL);
}

/* ---- fragments ---- */

/* What changes the meaning of code is followed by an exit that says so: no engine need look sooner. */
static bool modes_are_told(const struct irf_frag *f)
{
    for (u32 i = 0; i < f->count; i++) {
        if (f->ins[i].op != IR_call || (f->ins[i].imm != IRF_H_ctl && f->ins[i].imm != IRF_H_flip))
            continue;
        u32 k = i + 1;
        while (k < f->count && ir_rows[f->ins[k].op].effects & IR_PURE)
            k++;
        if (k == f->count || f->ins[k].op != IR_exit_mode)
            return false;
    }
    return true;
}

static bool verifies(struct irf_fuzz *z, const struct irf_frag *f)
{
    struct ir_block *b = &z->scratch;
    struct err e;
    ir_begin(b, &z->layout.l);
    ir_insn(b, 0, 4);
    for (u32 i = 0; i < f->count; i++)
        ir_emit(b, f->ins[i]);
    b->labels = f->labels;
    if (!f->ends)
        ir_exit_direct(b, 4, IR_HINT_none, 0);
    return modes_are_told(f) && ir_verify(b, &e);
}

static bool uses(const struct ir_ins *in, u32 v)
{
    return in->arg[0] == v || in->arg[1] == v || in->arg[2] == v || in->arg[3] == v;
}

/* Drops the instructions that `drop` names; none of the others may use them. */
static void remove_ins(struct irf_frag *f, const bool *drop)
{
    u16 to[IRF_OPS + 1] = { 0 };
    u32 n = 0;
    for (u32 i = 0; i < f->count; i++) {
        to[i + 1] = (u16)(n + 1);
        if (drop[i])
            continue;
        struct ir_ins in = f->ins[i];
        for (u32 k = 0; k < 4; k++)
            if (in.arg[k] != IR_NONE)
                in.arg[k] = to[in.arg[k]];
        f->form[n] = f->form[i];
        f->ins[n++] = in;
    }
    f->count = n;
    f->ends = n && ir_rows[f->ins[n - 1].op].effects & IR_EXIT;
}

static bool try_drop(struct irf_fuzz *z, u32 n, const bool *drop)
{
    z->tried = z->prog;
    remove_ins(&z->tried.frag[n], drop);
    return verifies(z, &z->tried.frag[n]) && accept(z);
}

/* Instruction i, with its label if it is a skip; false: others need it. */
static bool mark(const struct irf_frag *f, u32 i, bool *drop)
{
    memset(drop, 0, IRF_OPS);
    drop[i] = true;
    for (u32 k = i + 1; k < f->count; k++) {
        if (uses(&f->ins[k], i + 1))
            return false;
        if (f->ins[i].op == IR_skip && f->ins[k].op == IR_label && f->ins[k].imm == f->ins[i].imm)
            drop[k] = true;
    }
    return f->ins[i].op != IR_label;
}

/* Dead values go all at once. */
static bool drop_dead(struct irf_fuzz *z, u32 n)
{
    const struct irf_frag *f = &z->prog.frag[n];
    bool drop[IRF_OPS] = { 0 }, any = false;
    for (u32 i = f->count; i--;) {
        u32 fx = ir_rows[f->ins[i].op].effects;
        bool used = !(fx & (IR_PURE | IR_READS)) || fx & (IR_MEM | IR_WRITES);
        for (u32 k = i + 1; k < f->count && !used; k++)
            used = !drop[k] && uses(&f->ins[k], i + 1);
        drop[i] = !used;
        any |= !used;
    }
    return any && try_drop(z, n, drop);
}

static bool has_probe(const struct irf_frag *f)
{
    for (u32 i = 0; i < f->count; i++)
        if (f->ins[i].op == IR_probe)
            return true;
    return false;
}

/* Values become reads of state or constants; but addresses, where a probe vouches for other accesses. */
static bool simplify(struct irf_fuzz *z, u32 n, u32 i)
{
    const struct ir_ins *in = &z->prog.frag[n].ins[i];
    if (in->type == IR_VOID || in->op == IR_const || (in->type == IR_I64 && has_probe(&z->prog.frag[n])))
        return false;
    for (u32 k = in->op == IR_get; k < 2; k++) {
        struct ir_ins to = { .op = k ? IR_const : IR_get, .type = in->type,
                             .arg = { IR_NONE, IR_NONE, IR_NONE, IR_NONE } };
        if (k && in->type == IR_V256)
            continue;
        to.imm = k ? 0 : z->layout.first[in->type];
        z->tried = z->prog;
        z->tried.frag[n].ins[i] = to;
        z->tried.frag[n].form[i] = 0;
        if (verifies(z, &z->tried.frag[n]) && accept(z))
            return true;
    }
    return false;
}

static bool shrink_frag(struct irf_fuzz *z, u32 n)
{
    bool any = false, drop[IRF_OPS];
    if (!z->prog.frag[n].count)
        return false;
    z->tried = z->prog;
    z->tried.frag[n] = (struct irf_frag){ 0 };
    if (accept(z))
        return true;
    any |= drop_dead(z, n);
    for (u32 i = z->prog.frag[n].count; i-- > 0;) {
        if (i >= z->prog.frag[n].count)
            continue;
        if (mark(&z->prog.frag[n], i, drop) && try_drop(z, n, drop))
            any = true;
        else
            any |= simplify(z, n, i);
    }
    return any | drop_dead(z, n);
}

/* ---- state ---- */

static bool shrink_state(struct irf_fuzz *z)
{
    bool any = false;
    for (u32 i = 0; i < z->layout.l.field_count; i++) {
        const struct ir_field *k = &z->layout.fields[i];
        static const u8 zero[32];
        u32 n = ir_bytes((enum ir_type)k->type);
        if (!memcmp(z->prog.state + k->offset, zero, n))
            continue;
        z->tried = z->prog;
        memset(z->tried.state + k->offset, 0, n);
        any |= accept(z);
    }
    if (load_le32(z->prog.state + z->layout.l.fp_env)) {
        z->tried = z->prog;
        store_le32(z->tried.state + z->layout.l.fp_env, 0);
        any |= accept(z);
    }
    return any;
}

u32 irf_shrink(struct irf_fuzz *z)
{
    u32 left = 0;
    bool again = true;
    for (u32 round = 0; round < 12 && again; round++) {
        again = fuzz_shrink_plan(&z->prog.plan, plan_differs, z);
        for (u32 n = 0; n < z->prog.frag_count; n++)
            again |= shrink_frag(z, n);
        again |= shrink_state(z);
    }
    for (u32 n = 0; n < z->prog.frag_count; n++)
        left += z->prog.frag[n].count != 0;
    return left;
}

/* ---- report ---- */

static void print_state(const struct irf_fuzz *z, FILE *f)
{
    static const u8 zero[32];
    for (u32 i = 0; i < z->layout.l.field_count; i++) {
        const struct ir_field *k = &z->layout.fields[i];
        u32 n = ir_bytes((enum ir_type)k->type);
        const u8 *p = z->prog.state + k->offset;
        if (!memcmp(p, zero, n))
            continue;
        fprintf(f, "  %s = ", k->name);
        while (n--)
            fprintf(f, "%02x", p[n]);
        fprintf(f, "\n");
    }
    fprintf(f, "  FP control %#x, pc %#" PRIx64 "; all else is zero\n", load_le32(z->prog.state + z->layout.l.fp_env),
            z->prog.pc);
}

static void print_frag(struct irf_fuzz *z, u32 n, FILE *f)
{
    const struct irf_frag *g = &z->prog.frag[n];
    struct ir_block *b = &z->scratch;
    ir_begin(b, &z->layout.l);
    ir_insn(b, 0, 4);
    for (u32 i = 0; i < g->count; i++)
        ir_emit(b, g->ins[i]);
    b->labels = g->labels;
    fprintf(f, "fragment %u%s\n", n, g->ends ? "" : " (goes on with the next word)");
    ir_print(b, f);
}

void irf_print(struct irf_fuzz *z, FILE *f)
{
    struct err e;
    const char *one = z->o->engine[0]->name, *two = z->o->engine[1]->name;
    fprintf(f, "program %" PRIu64 ": %s and %s differ\n", z->prog.seed, one, two);
    fuzz_print_plan(&z->prog.plan, f);
    fprintf(f, "state before:\n");
    print_state(z, f);
    u32 empty = 0;
    for (u32 n = 0; n < z->prog.frag_count; n++)
        if (z->prog.frag[n].count)
            print_frag(z, n, f);
        else
            empty++;
    fprintf(f, "%u of %u fragments do nothing\n%s, %s:\n", empty, z->prog.frag_count, one, two);
    if (z->broken)
        CHECK(irf_fresh(z, &e));
    for (u32 k = 0; k < 2 && z->o->verbose; k++) {
        z->rig[k]->m->log.mask = 1u << LOG_exec | 1u << LOG_mmu;
        z->rig[k]->m->log.out = f;
    }
    irf_run(z, &z->prog, f);
}
