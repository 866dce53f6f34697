/*
 * x86_shrink.c - a program that engines disagree about, made small: fewer steps, NOPs for instructions, zeros for
 * state; and printed.
 */
#include "tests/fuzz/x86_run.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* An instruction of the same length that does nothing: NOP behind operand size prefixes. */
static void put_nop(u8 *at, u32 len)
{
    memset(at, 0x66, len - 1);
    at[len - 1] = 0x90;
}

static bool is_nop(const u8 *at, u32 len)
{
    u8 nop[XF_INSN_BYTES];
    put_nop(nop, len);
    return !memcmp(at, nop, len);
}

static bool accept(struct xf_fuzz *z)
{
    if (xf_run(z, &z->tried, NULL))
        return false;
    z->prog = z->tried;
    return true;
}

static bool plan_differs(void *opaque, const struct fuzz_plan *p)
{
    struct xf_fuzz *z = opaque;
    z->tried = z->prog;
    z->tried.plan = *p;
    return !xf_run(z, &z->tried, NULL);
}

/* Runs of instructions become NOPs, long ones first. */
static bool shrink_insns(struct xf_fuzz *z)
{
    bool any = false;
    for (u32 len = MAX(z->prog.count / 2, 1u); len; len /= 2)
        for (u32 i = 0; i < z->prog.count; i += len) {
            bool work = false;
            z->tried = z->prog;
            for (u32 k = i; k < MIN(i + len, z->prog.count); k++) {
                u32 at = z->prog.start[k], n = z->prog.start[k + 1] - at;
                work |= !is_nop(z->prog.byte + at, n);
                put_nop(z->tried.byte + at, n);
            }
            any |= work && accept(z);
        }
    return any;
}

static bool shrink_gates(struct xf_fuzz *z)
{
    bool any = false;
    for (u32 n = 0; n < XF_GATES; n++) {
        z->tried = z->prog;
        z->tried.gate[n] = 0;
        z->tried.ist[n] = 0;
        any |= (z->prog.gate[n] || z->prog.ist[n]) && accept(z);
    }
    return any;
}

/* Each of the elements of a field to what it is in `to`. */
static bool shrink_field(struct xf_fuzz *z, const struct state_field *f, const struct x86_state *to)
{
    bool any = false;
    for (u32 i = 0; i < f->count; i++) {
        u32 at = f->offset + i * f->size;
        if (!memcmp((u8 *)&z->prog.s + at, (const u8 *)to + at, f->size))
            continue;
        z->tried = z->prog;
        memcpy((u8 *)&z->tried.s + at, (const u8 *)to + at, f->size);
        z->tried.s.fp_ctl = x86_fp_ctl(z->tried.s.mxcsr);
        any |= accept(z);
    }
    return any;
}

/* Zeros, but for what makes the machine ordinary. */
static bool shrink_state(struct xf_fuzz *z)
{
    const struct x86_state *s = &z->prog.s;
    struct x86_state plain = *s;
    bool any = false;
    memset(plain.xmm, 0, sizeof plain.xmm);
    memset(plain.ymmh, 0, sizeof plain.ymmh);
    memset(plain.gpr, 0, sizeof plain.gpr);
    memset(plain.mm, 0, sizeof plain.mm);
    memset(plain.fexp, 0, sizeof plain.fexp);
    plain.gpr[X86_RSP] = s->gpr[X86_RSP];
    plain.cr4 &= X86_CR4_PAE | X86_CR4_PSE | X86_CR4_OSFXSR | X86_CR4_OSXSAVE;
    plain.cr0 &= ~0ull ^ (X86_CR0_AM | X86_CR0_TS | X86_CR0_EM | X86_CR0_WP);
    plain.eflags &= X86_FL_VM;
    plain.cf = plain.zf = plain.sf = plain.of = plain.df = plain.ab = plain.nmi_blocked = 0;
    plain.pb = 1;
    plain.mxcsr = 0x1f80;
    plain.fcw = 0x37f;
    plain.fsw = 0;
    plain.ftw = 0xff;
    plain.lstar = plain.cstar = plain.sysenter_eip = plain.fmask = plain.kernel_gs_base = 0;
    plain.seg_base[X86_FS] = plain.seg_base[X86_GS] = 0;
    for (u32 i = 0; i < x86_state_desc.field_count; i++) {
        const struct state_field *f = &x86_state_desc.fields[i];
        if (f->offset != offsetof(struct x86_state, fp_ctl))
            any |= shrink_field(z, f, &plain);
    }
    return any;
}

static u32 insns_left(const struct xf_prog *p)
{
    u32 n = 0;
    for (u32 i = 0; i < p->count; i++)
        n += !is_nop(p->byte + p->start[i], p->start[i + 1] - p->start[i]);
    return n;
}

u32 xf_shrink(struct xf_fuzz *z)
{
    bool again = true;
    for (u32 round = 0; round < 8 && again; round++) {
        again = fuzz_shrink_plan(&z->prog.plan, plan_differs, z);
        again |= shrink_insns(z);
        again |= shrink_gates(z);
        again |= shrink_state(z);
    }
    return insns_left(&z->prog);
}

/* ---- report ---- */

static void print_insn(u64 mode, u64 pc, const u8 *at, u32 avail, FILE *f)
{
    struct x86_insn i;
    char text[96] = "(undefined)";
    u32 n = avail;
    if (x86_decode(at, avail, mode, x86_model_find("max")->features, &i) == X86_OK) {
        x86_insn_text(&i, text, sizeof text);
        n = i.len;
    }
    fprintf(f, "  %#" PRIx64 ":", pc);
    for (u32 k = 0; k < n; k++)
        fprintf(f, " %02x", at[k]);
    fprintf(f, "  %s\n", text);
}

static u64 mode_of(const struct x86_state *s)
{
    return (s->cr0 & X86_CR0_PE ? X86_M_PE : 0) | (s->eflags & X86_FL_VM ? X86_M_VM : 0)
           | (x86_is_long(s) ? X86_M_LONG | X86_M_LMA : s->seg_attr[X86_CS] & X86_AT_DB ? X86_M_CS32 : 0);
}

static void print_insns(const struct xf_fuzz *z, FILE *f)
{
    const struct xf_prog *p = &z->prog;
    for (u32 i = 0; i < p->count; i++) {
        u32 at = p->start[i], len = p->start[i + 1] - at;
        if (!is_nop(p->byte + at, len))
            print_insn(mode_of(&p->s), p->pc + at, p->byte + at, len, f);
    }
    fprintf(f, "  other bytes from %#" PRIx64 " to %#" PRIx64 " are NOP; others of the two pages lead there\n", p->pc,
            p->pc + p->start[p->count]);
    for (u32 n = 0; n < XF_GATES; n++)
        if (p->gate[n] || p->ist[n])
            fprintf(f, "  vector %u: %s%#x, IST %u\n", n, p->gate[n] ? "program + " : "handler ", p->gate[n],
                    p->ist[n]);
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
        fprintf(out, f->count > 1 ? "  %s%u = %#" PRIx64 "\n" : "  %s%.0u = %#" PRIx64 "\n", f->name, i, v);
    }
}

/* The instruction that the first engine runs last, with its IR. */
static void print_culprit(struct xf_fuzz *z, FILE *f)
{
    struct xf_prog *p = &z->tried;
    struct ir_block *b = malloc(sizeof *b);
    struct err e;
    struct x86_insn i;
    u8 bytes[16];
    CHECK(b);
    if (z->broken)
        CHECK(xf_fresh(z, &e));
    *p = z->prog;
    p->plan.step[p->plan.count - 1].insns--;
    xf_rig_load(z->rig[0], p, z->image);
    for (u32 n = 0; n < p->plan.count; n++)
        if (!fuzz_run_step(z->rig[0]->v, &p->plan, n, 0, p->seed, NULL, &e))
            fprintf(f, "  %s\n", e.msg);
    struct vcpu *v = z->rig[0]->v;
    fprintf(f, "%s last runs, at CPL %u:\n", v->engine->name, x86_of(v)->cpl);
    if (xf_decode(z->rig[0], v->s.pc, &i, bytes)) {
        const struct guest_code code = { .bytes = bytes, .avail = i.len, .max_insns = 1 };
        print_insn(x86_mode(v), v->s.pc, bytes, i.len, f);
        x86_lift_block(v, x86_mode(v), &code, b);
        ir_print(b, f);
    } else {
        fprintf(f, "  %#" PRIx64 ", which is not in the program\n", v->s.pc);
    }
    free(b);
}

void xf_print(struct xf_fuzz *z, FILE *f)
{
    struct err e;
    const char *one = z->o->engine[0]->name, *two = z->o->engine[1]->name;
    fprintf(f, "program %" PRIu64 ": %s and %s differ\n", z->prog.seed, one, two);
    fuzz_print_plan(&z->prog.plan, f);
    fprintf(f, "state before, where it is not zero, pc %#" PRIx64 ":\n", z->prog.pc);
    for (u32 i = 0; i < x86_state_desc.field_count; i++)
        print_field(&x86_state_desc.fields[i], &z->prog.s, f);
    fprintf(f, "program:\n");
    print_insns(z, f);
    print_culprit(z, f);
    if (z->broken)
        CHECK(xf_fresh(z, &e));
    for (u32 k = 0; k < 2 && z->o->verbose; k++) {
        z->rig[k]->m->log.mask = 1u << LOG_exec | 1u << LOG_int | 1u << LOG_mmu;
        z->rig[k]->m->log.out = f;
    }
    fprintf(f, "%s, %s:\n", one, two);
    xf_run(z, &z->prog, f);
}
