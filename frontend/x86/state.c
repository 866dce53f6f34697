/*
 * state.c - the state of an x86 vCPU: its field table, the layout that IR sees, reset, INIT, the ISA's contract.
 *
 * Reset values: Intel SDM volume 3, table 9-1 (processor state after power-up, RESET, INIT). The TSC is the
 * exception: it counts virtual time since power-on through resets.
 */
#include "frontend/x86/cpu.h"
#include <stdlib.h>
#include <string.h>

/* ---- description ---- */

#define F(f) STATE(struct x86_state, f)
static const struct state_field state_fields[] = {
    F(gpr), F(ftw), F(cf), F(zf), F(sf), F(of), F(df), F(pb), F(ab), F(cpl), F(shadow), F(nmi_blocked),
    F(nmi_pending), F(a20_off), F(ferr), F(pad0),
    F(xmm), F(ymmh), F(mm), F(seg_base), F(gdt_base), F(idt_base), F(cr0), F(cr2), F(cr3), F(cr4), F(xcr0),
    F(dr), F(efer), F(star), F(lstar), F(cstar), F(fmask), F(kernel_gs_base), F(tsc_aux),
    F(sysenter_cs), F(sysenter_esp), F(sysenter_eip), F(pat), F(misc_enable), F(tsc_offset), F(spec_ctrl), F(xss),
    F(tsc_adjust), F(debugctl), F(mtrr_base), F(mtrr_mask), F(mtrr_fixed), F(mtrr_deftype), F(pdpte), F(fip), F(fdp),
    F(seg_limit), F(seg_attr), F(gdt_limit), F(idt_limit), F(eflags), F(fp_ctl), F(fp_flags), F(mxcsr), F(db_hits),
    F(seg_sel), F(fexp), F(fcw), F(fsw), F(fop), F(fcs), F(fds), F(pad),
};
#undef F

#define CR0_ALL (X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | X86_CR0_ET | X86_CR0_NE | X86_CR0_WP \
                 | X86_CR0_AM | X86_CR0_NW | X86_CR0_CD | X86_CR0_PG)
#define CR4_ALL 0x370fffull
#define EFLAGS_ALL (X86_FL_TF | X86_FL_IF | X86_FL_IOPL | X86_FL_NT | X86_FL_RF | X86_FL_VM | X86_FL_AC | X86_FL_VIF \
                    | X86_FL_VIP | X86_FL_ID)
#define EFER_ALL (X86_EFER_SCE | X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE)
#define DR6_HITS 0xe00fu
#define FP_SSE_FLAGS (FP_IOC | FP_DZC | FP_OFC | FP_UFC | FP_IXC | FP_DE | FP_UP)

static bool bits_valid(const struct x86_state *s, struct err *e)
{
    const u8 flags[] = { s->cf, s->zf, s->sf, s->of, s->df, s->nmi_blocked, s->a20_off, s->ferr };
    for (u32 i = 0; i < COUNT(flags); i++)
        if (flags[i] > 1)
            return err_set(e, "flag %u is %u", i, flags[i]);
    if (s->cpl > 3 || s->shadow & ~(X86_SHADOW_STI | X86_SHADOW_SS) || s->nmi_pending > 3)
        return err_set(e, "the privilege level is %u, the interrupt shadow %#x, pending %#x", s->cpl, s->shadow,
                       s->nmi_pending);
    if (s->eflags & ~(u32)EFLAGS_ALL || s->db_hits & ~DR6_HITS)
        return err_set(e, "EFLAGS is %#x, DR6 bits due %#x", s->eflags, s->db_hits);
    for (u32 i = 0; i < X86_SEG_COUNT; i++)
        if (s->seg_attr[i] & ~0xf0ffu)
            return err_set(e, "attributes of segment %u are %#x", i, s->seg_attr[i]);
    return true;
}

/* The combinations that MOV CR, WRMSR and far transfers let come about. */
static bool mode_valid(const struct x86_state *s, struct err *e)
{
    bool pe = s->cr0 & X86_CR0_PE, pg = s->cr0 & X86_CR0_PG, lma = s->efer & X86_EFER_LMA, vm = s->eflags & X86_FL_VM;
    bool l = s->seg_attr[X86_CS] & X86_AT_L, db = s->seg_attr[X86_CS] & X86_AT_DB;
    if (s->cr0 & ~CR0_ALL || s->cr4 & ~CR4_ALL || s->efer & ~(u64)EFER_ALL || s->cr3 >> 52)
        return err_set(e, "CR0 %#llx, CR3 %#llx, CR4 %#llx and EFER %#llx have reserved bits",
                       (unsigned long long)s->cr0, (unsigned long long)s->cr3, (unsigned long long)s->cr4,
                       (unsigned long long)s->efer);
    if ((pg && !pe) || (s->cr0 & X86_CR0_NW && !(s->cr0 & X86_CR0_CD)) || lma != (pg && s->efer & X86_EFER_LME)
        || (lma && !(s->cr4 & X86_CR4_PAE)) || (!lma && s->cr4 & X86_CR4_PCIDE))
        return err_set(e, "CR0 %#llx, CR4 %#llx and EFER %#llx do not go together", (unsigned long long)s->cr0,
                       (unsigned long long)s->cr4, (unsigned long long)s->efer);
    if ((!pe && s->cpl) || (vm && (!pe || lma || s->cpl != 3)) || (lma && l && db))
        return err_set(e, "privilege level %u, EFLAGS %#x and CS %#x do not go together", s->cpl, s->eflags,
                       s->seg_attr[X86_CS]);
    return true;
}

static bool fp_valid(const struct x86_state *s, struct err *e)
{
    if (s->mxcsr & ~0xffc0u || s->fp_ctl != x86_fp_ctl(s->mxcsr) || s->fp_flags & ~(u32)FP_SSE_FLAGS)
        return err_set(e, "MXCSR %#x, control %#x and flags %#x do not go together", s->mxcsr, s->fp_ctl,
                       s->fp_flags);
    if (!(s->xcr0 & X86_XCR0_X87) || s->xcr0 >> 3 || (s->xcr0 & (X86_XCR0_SSE | X86_XCR0_AVX)) == X86_XCR0_AVX)
        return err_set(e, "XCR0 is %#llx", (unsigned long long)s->xcr0);
    return true;
}

static bool registers_valid(const struct x86_state *s, struct err *e)
{
    const u64 bases[] = { s->lstar, s->cstar, s->kernel_gs_base, s->sysenter_esp, s->sysenter_eip,
                          s->gdt_base, s->idt_base };
    for (u32 i = 0; i < COUNT(bases); i++)
        if (!x86_canonical(bases[i]))
            return err_set(e, "address register %u is %#llx", i, (unsigned long long)bases[i]);
    for (u32 i = 0; i < X86_SEG_COUNT; i++)
        if (!x86_canonical(s->seg_base[i]) || (i <= X86_DS && s->seg_base[i] >> 32)) /* as descriptors have them */
            return err_set(e, "the base of segment %u is %#llx", i, (unsigned long long)s->seg_base[i]);
    if (s->gdt_limit >> 16 || s->idt_limit >> 16 || s->dr[6] >> 32 || s->dr[7] >> 32 || s->tsc_aux >> 32)
        return err_set(e, "table limits, DR6, DR7 or TSC_AUX have reserved bits");
    return true;
}

/* What engines and the frontend take for granted; everything else may hold any value. What a model has is not known
 * here: a snapshot names the model, and a bit of CR4 that it lacks does no more than the bit does elsewhere. */
static bool state_valid(const void *state, struct err *e)
{
    return bits_valid(state, e) && mode_valid(state, e) && fp_valid(state, e) && registers_valid(state, e);
}

const struct state_desc x86_state_desc = {
    .name = "x86", STATE_DESC(struct x86_state, 1, state_fields), .valid = state_valid,
};

static const struct ir_field ir_fields[X86_F_COUNT] = {
#define FIELD(name_, type_, member) { #name_, IR_##type_, offsetof(struct x86_state, member) },
#include "frontend/x86/fields.def"
};

static const struct ir_range ir_ranges[X86_R_COUNT] = {
    [X86_R_gpr] = { "gpr", X86_F_rax, 16 },
};

_Static_assert(offsetof(struct x86_state, fp_flags) == offsetof(struct x86_state, fp_ctl) + 4, "struct fp_env");
const struct ir_layout x86_layout = {
    .name = "x86", .fields = ir_fields, .ranges = ir_ranges, .helpers = x86_helpers,
    .field_count = X86_F_COUNT, .range_count = X86_R_COUNT, .helper_count = X86_H_COUNT,
    .state_size = sizeof(struct x86_state), .fp_env = offsetof(struct x86_state, fp_ctl),
};

/* ---- reset and INIT ---- */

/* SDM volume 1, 10.2.3. An underflow that is not masked is found without a loss of accuracy (4.9.1.5), and FTZ counts
 * for nothing then. */
u32 x86_fp_ctl(u32 mxcsr)
{
    static const u8 rounding[4] = { FP_RNE, FP_RM, FP_RP, FP_RZ };
    return FP_X86 | rounding[mxcsr >> 13 & 3] | (mxcsr >> 6 & 1 ? FP_DAZ : 0)
           | ((mxcsr & 0x8800) == 0x8800 ? FP_FTZ : 0)
           | (mxcsr >> 11 & 1 ? 0 : FP_UF_EXACT) | (mxcsr >> 10 & 1 ? 0 : FP_OF_EXACT);
}

u32 x86_signature(const struct x86_model *m)
{
    u32 family = MIN(m->family, 15u), extended = m->family - family;
    return m->stepping | (m->model & 15) << 4 | family << 8 | (m->model >> 4) << 16 | extended << 20;
}

static void set_seg(struct x86_state *s, u32 seg, u32 sel, u64 base, u32 limit, u32 attr)
{
    s->seg_sel[seg] = (u16)sel;
    s->seg_base[seg] = base;
    s->seg_limit[seg] = limit;
    s->seg_attr[seg] = attr;
}

/* What RESET and INIT do alike; from power-on zeros or whatever was. */
static void restart(struct vcpu *v)
{
    struct x86_state *s = v->state;
    memset(s->gpr, 0, sizeof s->gpr);
    s->gpr[X86_RDX] = x86_signature(x86_wiring_of(v)->model);
    for (u32 i = 0; i < X86_SEG_COUNT; i++)
        set_seg(s, i, 0, 0, 0xffff, X86_AT_P | X86_AT_S | X86_AT_RW | X86_AT_ACCESSED);
    set_seg(s, X86_CS, 0xf000, 0xffff0000, 0xffff, X86_AT_P | X86_AT_S | X86_AT_RW | X86_AT_ACCESSED);
    set_seg(s, X86_LDTR, 0, 0, 0xffff, X86_AT_P | 2);
    set_seg(s, X86_TR, 0, 0, 0xffff, X86_AT_P | 11);
    s->gdt_base = s->idt_base = 0;
    s->gdt_limit = s->idt_limit = 0xffff;
    s->cr0 = X86_CR0_ET | (s->cr0 & (X86_CR0_CD | X86_CR0_NW));
    s->cr2 = s->cr3 = s->cr4 = s->efer = 0;
    memset(s->dr, 0, sizeof s->dr);
    s->dr[6] = 0xffff0ff0;
    s->dr[7] = 0x400;
    s->eflags = s->db_hits = 0;
    s->cf = s->zf = s->sf = s->of = s->df = s->ab = s->cpl = s->shadow = 0;
    s->pb = 1; /* PF 0 */
    s->nmi_blocked = s->nmi_pending = 0;
    v->s.pc = 0xfffffff0;
    v->s.halted = v->s.stopped = 0;
    mmu_flush(&v->mmu, 0, 0);
    x86_mmu_select(v);
}

void x86_init(struct vcpu *v)
{
    restart(v);
}

void x86_reset(struct vcpu *v)
{
    struct x86_state *s = v->state;
    u8 a20_off = s->a20_off; /* the pin is the board's */
    *s = (struct x86_state){ .cr0 = X86_CR0_CD | X86_CR0_NW, .xcr0 = X86_XCR0_X87, .pat = 0x0007040600070406ull,
                             .misc_enable = 1, .mxcsr = 0x1f80, .fcw = 0x40, .ftw = 0xff, .a20_off = a20_off };
    s->fp_ctl = x86_fp_ctl(s->mxcsr);
    v->s.excl_size = 0;
    restart(v);
    x86_pins(v);
}

/* ---- the contract ---- */

static void resumed(struct vcpu *v)
{
    x86_mmu_select(v);
    x86_pins(v);
}

static void dump_segments(const struct x86_state *s, FILE *f)
{
    static const char *const names[X86_SEG_COUNT] = { "ES", "CS", "SS", "DS", "FS", "GS", "LDT", "TR" };
    for (u32 i = 0; i < X86_SEG_COUNT; i++)
        fprintf(f, "%-3s=%04x %016llx %08x %04x\n", names[i], s->seg_sel[i], (unsigned long long)s->seg_base[i],
                s->seg_limit[i], s->seg_attr[i]);
    fprintf(f, "GDT=%016llx %04x IDT=%016llx %04x\n", (unsigned long long)s->gdt_base, s->gdt_limit,
            (unsigned long long)s->idt_base, s->idt_limit);
}

static void dump(struct vcpu *v, FILE *f)
{
    static const char *const names[16] = { "RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", "R8", "R9", "R10",
                                           "R11", "R12", "R13", "R14", "R15" };
    const struct x86_state *s = v->state;
    for (u32 i = 0; i < 16; i++)
        fprintf(f, "%-3s=%016llx%c", names[i], (unsigned long long)s->gpr[i], i % 4 == 3 ? '\n' : ' ');
    fprintf(f, "IP =%016llx linear %016llx EFLAGS=%08x CPL=%u%s%s%s%s\n", (unsigned long long)x86_ip(v, v->s.pc),
            (unsigned long long)v->s.pc, x86_flags(v), s->cpl, s->shadow ? " shadow" : "",
            s->nmi_blocked ? " in NMI" : "", s->a20_off ? " A20 off" : "", v->s.halted ? " halted" : "");
    dump_segments(s, f);
    fprintf(f, "CR0=%08llx CR2=%016llx CR3=%016llx CR4=%08llx EFER=%04llx DR6=%08llx DR7=%08llx\n",
            (unsigned long long)s->cr0, (unsigned long long)s->cr2, (unsigned long long)s->cr3,
            (unsigned long long)s->cr4, (unsigned long long)s->efer, (unsigned long long)s->dr[6],
            (unsigned long long)s->dr[7]);
}

/* Flat segments with the selectors of Linux' boot protocol (Documentation/arch/x86/boot.rst, 32-bit and 64-bit): the
 * board has put these descriptors at e->gdt; EBX, EBP and EDI are zero since reset. */
static void set_entry(struct vcpu *v, const struct guest_entry *e)
{
    struct x86_state *s = v->state;
    u32 data = X86_AT_P | X86_AT_S | X86_AT_RW | X86_AT_ACCESSED | X86_AT_DB | X86_AT_G;
    u32 code = X86_AT_P | X86_AT_S | X86_AT_CODE | X86_AT_RW | X86_AT_ACCESSED | X86_AT_G;
    if (!e->bits)
        return;
    for (u32 i = X86_ES; i <= X86_GS; i++)
        set_seg(s, i, 0x18, 0, ~0u, data);
    set_seg(s, X86_CS, 0x10, 0, ~0u, code | (e->bits == 64 ? X86_AT_L : X86_AT_DB));
    s->gdt_base = e->gdt;
    s->gdt_limit = 0x1f;
    s->cr0 = X86_CR0_ET | X86_CR0_PE;
    if (e->bits == 64) {
        s->cr0 |= X86_CR0_PG;
        s->cr3 = e->table;
        s->cr4 = X86_CR4_PAE;
        s->efer = X86_EFER_LME | X86_EFER_LMA;
    }
    if (x86_has(v, X86_FEAT_mtrr))
        s->mtrr_deftype = 1 << 11 | 6; /* enabled, write-back: as firmware leaves it */
    s->gpr[X86_RSI] = e->arg;
    v->s.pc = e->pc;
    mmu_flush(&v->mmu, 0, 0);
    x86_mmu_select(v);
}

const struct guest x86_guest = {
    .name = "x86", .layout = &x86_layout, .desc = &x86_state_desc, .min_insn = 1, .mode = x86_mode,
    .lift = x86_lift_block, .fetch_ok = x86_fetch_ok, .fault = x86_fault, .exception = x86_exception,
    .interrupt = x86_interrupt, .wakes = x86_wakes, .reset = x86_reset, .resumed = resumed, .dump = dump,
    .set_entry = set_entry, .line = x86_line, .fp_special = X86_M_FPSPECIAL, .fp_x86 = true,
};

bool x86_cpu_new(struct machine *m, const struct x86_model *model, const struct engine *en, struct err *e)
{
    struct x86_state *s = aligned_alloc(64, (sizeof *s + 63) & ~63ull);
    struct x86_wiring *w = calloc(1, sizeof *w);
    if (!s || !w) {
        err_set(e, "out of memory for a processor");
        goto fail;
    }
    memset(s, 0, sizeof *s);
    w->model = model;
    if (!machine_add_cpu(m, &x86_guest, en, s, w, x86_walk, e))
        goto fail;
    struct vcpu *v = m->cpus[m->cpu_count - 1];
    v->model = model->name;
    v->mmu.rmw_write = true;
    x86_reset(v);
    return true;
fail:
    free(s);
    free(w);
    return false;
}
