/*
 * state.c - the state of an A64 vCPU: its field table, the layout that IR sees, reset, the ISA's contract.
 *
 * Reset values: Arm ARM DDI 0487, D1.3.3 and the registers' own sections; what they leave UNKNOWN is zero, so that
 * two machines start alike.
 */
#include "frontend/arm/cpu.h"
#include "frontend/arm/sysregs.h"
#include <stdlib.h>
#include <string.h>

/* ---- description ---- */

#define F(f) STATE(struct a64_state, f)
static const struct state_field state_fields[] = {
    F(n), F(z), F(c), F(vf), F(qc), F(el), F(spsel), F(daif), F(pan), F(uao), F(ss), F(il), F(stepped), F(pad),
    F(x), F(sp), F(v), F(sp_el0), F(sp_el1), F(elr_el1), F(spsr_el1), F(esr_el1), F(far_el1), F(par_el1),
    F(vbar_el1), F(mair_el1), F(sctlr_el1), F(cpacr_el1), F(tcr_el1), F(ttbr0_el1), F(ttbr1_el1),
    F(contextidr_el1), F(tpidr_el0), F(tpidrro_el0), F(tpidr_el1), F(cntkctl_el1), F(csselr_el1), F(mdscr_el1),
    F(dbgbvr), F(dbgbcr), F(dbgwvr), F(dbgwcr), F(fp_ctl), F(fp_flags), F(fpcr), F(oslsr), F(osdlr), F(dbgclaim),
};
#undef F

/* What engines and the frontend take for granted; everything else may hold any value. */
static bool state_valid(const void *state, struct err *e)
{
    const struct a64_state *s = state;
    const u8 flags[] = { s->n, s->z, s->c, s->vf, s->qc, s->el, s->spsel, s->pan, s->uao, s->ss, s->il };
    for (u32 i = 0; i < COUNT(flags); i++)
        if (flags[i] > 1)
            return err_set(e, "PSTATE bit %u is %u", i, flags[i]);
    if (s->spsel && !s->el)
        return err_set(e, "PSTATE.SP is set at EL0");
    if (s->stepped > 3)
        return err_set(e, "the state of software step is %u", s->stepped);
    if (s->daif > 15)
        return err_set(e, "PSTATE.DAIF is %#x", s->daif);
    if (s->fpcr & ~A64_FPCR_MASK || s->fp_ctl != a64_fp_ctl(s->fpcr) || s->fp_flags & ~(u32)FP_ARM_FLAGS)
        return err_set(e, "FPCR %#x, control %#x and flags %#x do not go together", s->fpcr, s->fp_ctl, s->fp_flags);
    return true;
}

const struct state_desc a64_state_desc = {
    .name = "a64", STATE_DESC(struct a64_state, 1, state_fields), .valid = state_valid,
};

static const struct ir_field ir_fields[A64_F_COUNT] = {
#define FIELD(name_, type_, member) { #name_, IR_##type_, offsetof(struct a64_state, member) },
#include "frontend/arm/fields.def"
};

static const struct ir_range ir_ranges[A64_R_COUNT] = {
    [A64_R_x] = { "x", A64_F_x0, 31 },
    [A64_R_v] = { "v", A64_F_v0, 32 },
};

_Static_assert(offsetof(struct a64_state, fp_flags) == offsetof(struct a64_state, fp_ctl) + 4, "struct fp_env");
const struct ir_layout a64_layout = {
    .name = "a64", .fields = ir_fields, .ranges = ir_ranges, .helpers = a64_helpers,
    .field_count = A64_F_COUNT, .range_count = A64_R_COUNT, .helper_count = A64_H_COUNT,
    .state_size = sizeof(struct a64_state), .fp_env = offsetof(struct a64_state, fp_ctl),
};

/* ---- life ---- */

/* FPCR in terms of ir/fp.h; RMode counts as enum fp_rm does. */
u32 a64_fp_ctl(u32 fpcr)
{
    return (fpcr >> 22 & 3) | (fpcr >> 24 & 1 ? FP_ARM_FZ : 0) | (fpcr >> 19 & 1 ? FP_FZ16 : 0)
           | (fpcr >> 25 & 1 ? FP_DN : 0) | (fpcr >> 26 & 1 ? FP_AHP : 0);
}

/* Aff0 counts: there are at most eight processors, one cluster on every board. */
u64 a64_mpidr(const struct vcpu *v)
{
    return 1ull << 31 | v->index;
}

void a64_reset(struct vcpu *v)
{
    struct a64_state *s = v->state;
    *s = (struct a64_state){ .el = 1, .spsel = 1, .daif = 15, .oslsr = 0xa };
    s->sctlr_el1 = A64_SCTLR_ONES | A64_SCTLR_SPAN | 1 << 18 | 1 << 16 | 1 << 4 | 1 << 3; /* nTWE nTWI SA0 SA */
    v->s.pc = 0;
    v->s.excl_size = 0;
    v->s.stopped = v->index && a64_wiring_of(v)->psci != A64_PSCI_NONE; /* the others wait for CPU_ON */
    mmu_flush(&v->mmu, 0, 0);
    a64_mmu_select(v);
}

static void resumed(struct vcpu *v)
{
    a64_mmu_select(v);
}

static void dump(struct vcpu *v, FILE *f)
{
    const struct a64_state *s = v->state;
    for (u32 i = 0; i < 31; i++)
        fprintf(f, "X%02u=%016llx%c", i, (unsigned long long)s->x[i], i % 4 == 3 ? '\n' : ' ');
    fprintf(f, "SP=%016llx\nPC=%016llx %c%c%c%c EL%u%c DAIF=%x%s\n", (unsigned long long)s->sp,
            (unsigned long long)v->s.pc, s->n ? 'N' : '-', s->z ? 'Z' : '-', s->c ? 'C' : '-', s->vf ? 'V' : '-',
            s->el, s->spsel ? 'h' : 't', s->daif, v->s.halted ? " halted" : "");
    fprintf(f, "SCTLR=%llx TCR=%llx TTBR0=%llx TTBR1=%llx VBAR=%llx ESR=%llx FAR=%llx ELR=%llx SPSR=%llx\n",
            (unsigned long long)s->sctlr_el1, (unsigned long long)s->tcr_el1, (unsigned long long)s->ttbr0_el1,
            (unsigned long long)s->ttbr1_el1, (unsigned long long)s->vbar_el1, (unsigned long long)s->esr_el1,
            (unsigned long long)s->far_el1, (unsigned long long)s->elr_el1, (unsigned long long)s->spsr_el1);
}

/* Linux' boot protocol and firmware alike: the device tree's address in X0. */
static void set_entry(struct vcpu *v, const struct guest_entry *e)
{
    v->s.pc = e->pc;
    a64_of(v)->x[0] = e->arg;
}

const struct guest a64_guest = {
    .name = "a64", .layout = &a64_layout, .desc = &a64_state_desc, .min_insn = 4,
    .fp_special = A64_M_FPSPECIAL, .mode = a64_mode,
    .lift = a64_lift_block, .fetch_ok = a64_fetch_ok, .fault = a64_fault, .exception = a64_exception,
    .interrupt = a64_interrupt, .wakes = a64_wakes, .reset = a64_reset, .resumed = resumed, .dump = dump,
    .set_entry = set_entry,
};

bool a64_cpu_new(struct machine *m, const struct a64_model *model, const struct engine *en,
                 const struct a64_wiring *w, struct err *e)
{
    struct a64_state *s = aligned_alloc(64, (sizeof *s + 63) & ~63ull);
    struct a64_wiring *mine = malloc(sizeof *mine);
    if (!s || !mine) {
        err_set(e, "out of memory for a processor");
        goto fail;
    }
    memset(s, 0, sizeof *s);
    *mine = *w;
    mine->model = model;
    if (!machine_add_cpu(m, &a64_guest, en, s, mine, a64_walk, e))
        goto fail;
    m->cpus[m->cpu_count - 1]->model = model->name;
    a64_reset(m->cpus[m->cpu_count - 1]);
    return true;
fail:
    free(s);
    free(mine);
    return false;
}
