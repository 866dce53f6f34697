/*
 * x86_cpu_test.c - reset, the state's description, control registers, MSRs, CPUID and the mode word.
 */
#include "tests/unit/x86_cpu_rig.h"

#define PG_PE (X86_CR0_PG | X86_CR0_PE)

/* ---- state ---- */

static void test_state(void **state)
{
    (void)state;
    struct rig r;
    struct err e;
    assert_true(state_is_complete(&x86_state_desc));
    for (const struct x86_model *m = x86_models; m->name; m++) {
        rig_init(&r, m->name);
        assert_true(x86_state_desc.valid(r.s, &e));
        assert_int_equal(r.v->s.pc, 0xfffffff0);
        assert_int_equal(x86_ip(r.v, r.v->s.pc), 0xfff0);
        assert_int_equal(r.s->gpr[X86_RDX], x86_signature(m));
        assert_int_equal(r.s->cr0, 0x60000010);
        assert_int_equal(x86_mode(r.v) & (X86_M_PE | X86_M_LONG | X86_M_CS32 | X86_M_FPSPECIAL | 63), X86_MMU_KERNEL);
        rig_free(&r);
    }
    assert_null(x86_model_find("none"));
    assert_int_equal(x86_signature(x86_model_find("Haswell")), 0x306c1);
    assert_int_equal(x86_signature(x86_model_find("qemu64")), 0x60fb1);
    assert_int_equal(x86_signature(x86_model_find("486")), 0x480);
}

/* One thing wrong at a time. */
static void test_invalid(void **state)
{
    (void)state;
    struct rig r;
    struct err e;
    rig_init(&r, "max");
    struct x86_state good = *r.s, *s = r.s;
#define BAD(change) do { *s = good; change; assert_false(x86_state_desc.valid(s, &e)); } while (0)
    BAD(s->cf = 2);
    BAD(s->df = 255);
    BAD(s->cpl = 4);
    BAD(s->cpl = 1); /* in real mode */
    BAD(s->shadow = 4);
    BAD(s->nmi_pending = 4);
    BAD(s->a20_off = 2);
    BAD(s->eflags = X86_FL_CF);
    BAD(s->eflags = X86_FL_ONE);
    BAD(s->eflags = X86_FL_VM);
    BAD(s->seg_attr[3] = 0x100);
    BAD(s->seg_base[X86_FS] = 1ull << 47);
    BAD(s->seg_base[X86_CS] = 1ull << 32);
    BAD(s->cr0 |= X86_CR0_PG);
    BAD(s->cr0 = X86_CR0_NW);
    BAD(s->cr0 |= 1ull << 32);
    BAD(s->cr3 = 1ull << 52);
    BAD(s->cr4 = X86_CR4_PCIDE);
    BAD(s->cr4 = 1 << 12);
    BAD(s->efer = X86_EFER_LMA);
    BAD(s->efer = 2);
    BAD((s->cr0 |= PG_PE, s->efer = X86_EFER_LME));
    BAD((s->cr0 |= PG_PE, s->efer = X86_EFER_LME | X86_EFER_LMA));
    BAD(s->mxcsr = 0x1f81);
    BAD(s->mxcsr = 0x3f80);
    BAD(s->fp_ctl ^= 1);
    BAD(s->fp_flags = 128);
    BAD(s->xcr0 = 0);
    BAD(s->xcr0 = 5);
    BAD(s->xcr0 = 8);
    BAD(s->lstar = 1ull << 63);
    BAD(s->gdt_limit = 0x10000);
    BAD(s->dr[7] = 1ull << 32);
    BAD(s->db_hits = 16);
#undef BAD
    *s = good;
    assert_true(x86_state_desc.valid(s, &e));
    rig_free(&r);
}

static void test_reset_init(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "max");
    r.s->xmm[5] = 77;
    r.s->mm[1] = 9;
    r.s->gpr[X86_RSI] = 3;
    r.s->star = 5;
    r.s->efer = X86_EFER_SCE;
    r.s->cr4 = X86_CR4_PSE;
    r.s->cr0 = X86_CR0_PE | X86_CR0_ET;
    r.v->s.halted = 1;
    x86_init(r.v);
    assert_int_equal(r.s->xmm[5], 77);
    assert_int_equal(r.s->mm[1], 9);
    assert_int_equal(r.s->star, 5);
    assert_int_equal(r.s->gpr[X86_RSI] | r.s->efer | r.s->cr4 | r.v->s.halted, 0);
    assert_int_equal(r.s->cr0, 0x10); /* CD and NW as they were */
    x86_reset(r.v);
    assert_int_equal(r.s->xmm[5] | r.s->mm[1] | r.s->star, 0);
    assert_int_equal(r.s->cr0, 0x60000010);
    rig_free(&r);
}

static void test_entry(void **state)
{
    (void)state;
    struct rig r;
    struct err e;
    struct x86_state before;
    rig_init(&r, "Haswell");
    before = *r.s;
    x86_guest.set_entry(r.v, &(struct guest_entry){ .pc = 0x100000 });
    assert_memory_equal(&before, r.s, sizeof before);
    x86_guest.set_entry(r.v, &(struct guest_entry){ .pc = 0x100000, .arg = 0x9000, .bits = 32, .gdt = 0x8000 });
    assert_true(x86_state_desc.valid(r.s, &e));
    u64 mode = x86_mode(r.v);
    assert_int_equal(mode & (X86_M_PE | X86_M_CS32 | X86_M_SS32 | X86_M_LONG), X86_M_PE | X86_M_CS32 | X86_M_SS32);
    assert_int_equal(mode & (X86_M_ADDSEG | X86_M_CSBASE | X86_M_CSLIM), 0);
    assert_int_equal(X86_M_SEG(mode, X86_DS), X86_CHECK_NONE);
    assert_int_equal(X86_M_SEG(mode, X86_CS), X86_CHECK_READ);
    assert_int_equal(r.s->gpr[X86_RSI], 0x9000);
    assert_int_equal(r.s->gdt_base, 0x8000);
    x86_reset(r.v);
    put(&r, 0x20000, 0x21003, 8);
    put(&r, 0x21000, 0x83, 8); /* no 1-GByte pages: only to see that it is walked */
    struct guest_entry long_entry = { .pc = 0x100200, .arg = 1, .bits = 64, .table = 0x20000, .gdt = 0x8000 };
    x86_guest.set_entry(r.v, &long_entry);
    assert_true(x86_state_desc.valid(r.s, &e));
    assert_true(x86_mode(r.v) & X86_M_LONG && x86_mode(r.v) & X86_M_LMA);
    assert_int_equal(x86_mode(r.v) & (X86_M_CS32 | X86_M_SS32 | 0xfffull << 12), 0);
    u64 val;
    assert_int_equal(mmu_read(&r.v->mmu, 0x1000, 8, X86_MMU_KERNEL, 0, 0, &val), MMU_FAULTED);
    assert_int_equal(r.v->mmu.fault.info[0], 9);
    rig_free(&r);
}

/* ---- mode word ---- */

static void test_classes(void **state)
{
    (void)state;
    static const struct { u32 attr, limit, class; } rows[] = {
        { 0x93, ~0u, X86_CHECK_NONE }, { 0x92, ~0u, X86_CHECK_NONE }, { 0xc0f3, ~0u, X86_CHECK_NONE },
        { 0x93, 0xffff, X86_CHECK_LIMIT }, { 0x93, 0xfffffffe, X86_CHECK_LIMIT }, { 0x91, ~0u, X86_CHECK_READ },
        { 0x97, ~0u, X86_CHECK_CALL }, { 0x95, 5, X86_CHECK_CALL }, { 0x9b, ~0u, X86_CHECK_READ },
        { 0x99, ~0u, X86_CHECK_CALL }, { 0x9e, 5, X86_CHECK_READ }, { 0x9c, 5, X86_CHECK_CALL },
        { 0x13, ~0u, X86_CHECK_CALL }, { 0x82, ~0u, X86_CHECK_CALL }, { 0, 0, X86_CHECK_CALL },
    };
    struct rig r;
    rig_init(&r, "max");
    for (u32 seg = X86_ES; seg <= X86_GS; seg++)
        for (u32 i = 0; i < COUNT(rows); i++) {
            r.s->seg_attr[seg] = rows[i].attr;
            r.s->seg_limit[seg] = rows[i].limit;
            assert_int_equal(X86_M_SEG(x86_mode(r.v), seg), rows[i].class);
        }
    rig_free(&r);
}

static void test_mode_bits(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "max");
    struct x86_state good = *r.s, *s = r.s;
#define SETS(change, bits) do { *s = good; u64 was_ = x86_mode(r.v); change; \
                                assert_int_equal(x86_mode(r.v) & ~was_, (bits)); } while (0)
    SETS(s->eflags = X86_FL_TF, X86_M_TF);
    SETS(s->eflags = X86_FL_RF, X86_M_RF);
    SETS(s->eflags = X86_FL_IOPL, 3ull << 46);
    SETS(s->shadow = X86_SHADOW_SS, X86_M_SHADOW);
    SETS(s->dr[7] = 1, X86_M_IBP);
    SETS(s->dr[7] = 0x80 | 1u << 28, X86_M_WATCH);
    SETS(s->dr[7] = 1u << 16, 0);
    SETS(s->dr[7] = 0x4 | 2u << 20, 0);
    SETS((s->dr[7] = 0x4 | 2u << 20, s->cr4 = X86_CR4_DE), X86_M_WATCH);
    SETS(s->db_hits = 1, X86_M_DBPEND);
    SETS((s->cr0 |= X86_CR0_AM, s->eflags = X86_FL_AC), 0);
    SETS((s->cr0 |= X86_CR0_AM | 1, s->eflags = X86_FL_AC, s->cpl = 3), X86_M_AC | X86_M_PE | 3 << 4);
    SETS(s->cr4 = X86_CR4_SMAP, X86_MMU_KERNEL_SMAP & ~X86_MMU_KERNEL);
    SETS((s->cr4 = X86_CR4_SMAP, s->eflags = X86_FL_AC), 0);
    SETS(s->mxcsr = 0x1f00, X86_M_FPSPECIAL);
    SETS(s->mxcsr = 0x9fc0, 0); /* denormals flushed */
    SETS(s->mxcsr = 0x7f80, 0); /* rounding */
    SETS((s->cr4 = X86_CR4_OSXSAVE, s->xcr0 = 3), X86_M_OSXSAVE);
    SETS((s->cr4 = X86_CR4_OSXSAVE, s->xcr0 = 7), X86_M_OSXSAVE | X86_M_AVX);
    SETS(s->xcr0 = 7, 0);
    SETS(s->seg_base[X86_SS] = 16, X86_M_ADDSEG);
    SETS(s->seg_base[X86_FS] = 16, 0);
#undef SETS
    rig_free(&r);
}

/* ---- control registers ---- */

static void test_cr0(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "max");
    GP(&r, x86_set_cr(r.v, 0, X86_CR0_PG));
    GP(&r, x86_set_cr(r.v, 0, X86_CR0_NW));
    GP(&r, x86_set_cr(r.v, 0, 1ull << 32 | 1));
    assert_true(x86_set_cr(r.v, 0, 0x1ffeffd1)); /* reserved bits do not stick; ET does */
    assert_int_equal(x86_get_cr(r.v, 0), 0x00040011);
    GP(&r, x86_wrmsr(r.v, 0xc0000080, X86_EFER_LME | 2));
    assert_true(x86_wrmsr(r.v, 0xc0000080, X86_EFER_LME));
    GP(&r, x86_set_cr(r.v, 0, PG_PE)); /* no PAE */
    assert_true(x86_set_cr(r.v, 4, X86_CR4_PAE));
    r.s->seg_attr[X86_CS] |= X86_AT_L;
    GP(&r, x86_set_cr(r.v, 0, PG_PE));
    r.s->seg_attr[X86_CS] &= ~(u32)X86_AT_L;
    r.s->seg_attr[X86_TR] = 0x83;
    GP(&r, x86_set_cr(r.v, 0, PG_PE));
    r.s->seg_attr[X86_TR] = 0x8b;
    assert_false(r.s->efer & X86_EFER_LMA);
    assert_true(x86_set_cr(r.v, 0, PG_PE));
    assert_true(r.s->efer & X86_EFER_LMA);
    GP(&r, x86_wrmsr(r.v, 0xc0000080, 0)); /* LME under paging */
    assert_true(x86_wrmsr(r.v, 0xc0000080, X86_EFER_LME | X86_EFER_SCE)); /* LMA is not written */
    assert_int_equal(r.s->efer, X86_EFER_LME | X86_EFER_LMA | X86_EFER_SCE);
    r.s->seg_attr[X86_CS] |= X86_AT_L;
    GP(&r, x86_set_cr(r.v, 0, X86_CR0_PE)); /* in 64-bit mode */
    r.s->seg_attr[X86_CS] &= ~(u32)X86_AT_L;
    assert_true(x86_set_cr(r.v, 0, X86_CR0_PE));
    assert_false(r.s->efer & X86_EFER_LMA);
    rig_free(&r);
}

static void test_cr34(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "Haswell");
    GP(&r, x86_set_cr(r.v, 4, X86_CR4_SMAP)); /* not this model's */
    GP(&r, x86_set_cr(r.v, 4, 1 << 13));
    GP(&r, x86_set_cr(r.v, 4, 1ull << 32));
    GP(&r, x86_set_cr(r.v, 4, X86_CR4_PCIDE));
    assert_true(x86_set_cr(r.v, 4, X86_CR4_PAE | X86_CR4_SMEP));
    assert_true(x86_wrmsr(r.v, 0xc0000080, X86_EFER_LME));
    assert_true(x86_set_cr(r.v, 0, PG_PE));
    GP(&r, x86_set_cr(r.v, 4, 0));
    GP(&r, x86_set_cr(r.v, 3, 1ull << 63)); /* no PCIDE */
    GP(&r, x86_set_cr(r.v, 3, 1ull << 40));
    assert_true(x86_set_cr(r.v, 3, 0xff00001018));
    GP(&r, x86_set_cr(r.v, 4, X86_CR4_PAE | X86_CR4_PCIDE)); /* CR3 bits 11:0 */
    assert_true(x86_set_cr(r.v, 3, 0xff00001000));
    assert_true(x86_set_cr(r.v, 4, X86_CR4_PAE | X86_CR4_PCIDE));
    assert_true(x86_set_cr(r.v, 3, 1ull << 63 | 0x1001));
    assert_int_equal(x86_get_cr(r.v, 3), 0x1001);
    assert_true(x86_set_cr(r.v, 2, ~0ull));
    assert_int_equal(x86_get_cr(r.v, 2), ~0ull);
    GP(&r, x86_set_cr(r.v, 8, 16));
    assert_true(x86_set_cr(r.v, 8, 15));
    expect_exc(&r, x86_set_cr(r.v, 5, 0), X86_UD);
    rig_free(&r);
    rig_init(&r, "486");
    expect_exc(&r, x86_set_cr(r.v, 4, 0), X86_UD);
    rig_free(&r);
}

/* ---- MSRs ---- */

static u64 msr(struct rig *r, u32 n)
{
    u64 val = 0;
    if (!x86_rdmsr(r->v, n, &val))
        fail_msg("MSR %#x", n);
    return val;
}

static void test_msr_rules(void **state)
{
    (void)state;
    struct rig r;
    u64 val;
    rig_init(&r, "Haswell");
    static const u32 addresses[] = { 0x175, 0x176, 0xc0000082, 0xc0000083, 0xc0000100, 0xc0000101, 0xc0000102 };
    for (u32 i = 0; i < COUNT(addresses); i++) {
        GP(&r, x86_wrmsr(r.v, addresses[i], 1ull << 47));
        assert_true(x86_wrmsr(r.v, addresses[i], 0xffff800000000000 + i));
        assert_int_equal(msr(&r, addresses[i]), 0xffff800000000000 + i);
    }
    assert_int_equal(r.s->seg_base[X86_GS], 0xffff800000000005);
    GP(&r, x86_wrmsr(r.v, 0xc0000103, 1ull << 32));
    GP(&r, x86_wrmsr(r.v, 0x277, 0x0007040600070402));
    assert_true(x86_wrmsr(r.v, 0x277, 0x0407050600070106));
    GP(&r, x86_wrmsr(r.v, 0x2ff, 0x802));
    GP(&r, x86_wrmsr(r.v, 0x2ff, 0x106));
    assert_true(x86_wrmsr(r.v, 0x2ff, 0xc06));
    GP(&r, x86_wrmsr(r.v, 0x26f, 7));
    assert_true(x86_wrmsr(r.v, 0x26f, 0x0606060606060606));
    assert_int_equal(r.s->mtrr_fixed[10], 0x0606060606060606);
    assert_true(x86_wrmsr(r.v, 0x20e, 0xc0000006));
    assert_true(x86_wrmsr(r.v, 0x20f, 0xffc0000800));
    GP(&r, x86_wrmsr(r.v, 0x20f, 1ull << 40));
    assert_int_equal(r.s->mtrr_base[7], 0xc0000006);
    GP(&r, x86_wrmsr(r.v, 0x210, 0));
    assert_int_equal(msr(&r, 0xfe) & 0xff, 8);
    GP(&r, x86_wrmsr(r.v, 0xfe, 0));
    assert_int_equal(msr(&r, 0x8b), 1ull << 32);
    GP(&r, x86_rdmsr(r.v, 0xc0010015, &val)); /* AMD's */
    GP(&r, x86_rdmsr(r.v, 0x1b, &val));       /* no APIC on this machine */
    GP(&r, x86_rdmsr(r.v, 0x802, &val));
    GP(&r, x86_rdmsr(r.v, 0x40000000, &val));
    GP(&r, x86_rdmsr(r.v, 0x3b, &val));       /* not this model's */
    rig_free(&r);
    rig_init(&r, "qemu32");
    GP(&r, x86_rdmsr(r.v, 0xc0000080, &val));
    GP(&r, x86_wrmsr(r.v, 0xc0000080, 0));
    GP(&r, x86_wrmsr(r.v, 0xc0000081, 0));
    GP(&r, x86_rdmsr(r.v, 0x200, &val));
    assert_true(x86_wrmsr(r.v, 0x174, 0x10));
    rig_free(&r);
}

static void test_tsc(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "max");
    r.v->s.icount = 1000;
    assert_int_equal(machine_now(r.m), 1000);
    assert_int_equal(msr(&r, 0x10), 1000);
    assert_true(x86_wrmsr(r.v, 0x10, 5000));
    assert_int_equal(msr(&r, 0x3b), 4000);
    r.v->s.icount = 1010;
    assert_int_equal(x86_tsc(r.v), 5010);
    assert_true(x86_wrmsr(r.v, 0x3b, 100));
    assert_int_equal(x86_tsc(r.v), 1110);
    x86_init(r.v);
    assert_int_equal(x86_tsc(r.v), 1110);
    rig_free(&r);
}

/* An APIC of which only the mode is looked at. */
struct fake_apic {
    u64 base, last, deadline;
    u32 last_id, deadlines;
};
static u64 apic_read(void *opaque, u32 id)
{
    struct fake_apic *a = opaque;
    return id == SYSREG_X86_APIC_BASE ? a->base : id == SYSREG_X86_TSC_DEADLINE ? a->deadline : id;
}
static void apic_write(void *opaque, u32 id, u64 val)
{
    struct fake_apic *a = opaque;
    *(id == SYSREG_X86_APIC_BASE ? &a->base : id == SYSREG_X86_TSC_DEADLINE ? &a->deadline : &a->last) = val;
    a->deadlines += id == SYSREG_X86_TSC_DEADLINE;
    a->last_id = id;
}

static void test_apic_msrs(void **state)
{
    (void)state;
    struct rig r;
    struct fake_apic a = { .base = 0xfee00900 };
    struct sysreg_port p = { &a, apic_read, apic_write };
    u32 out[4];
    u64 val;
    rig_init(&r, "max");
    r.v->ports[SYSREG_X86_APIC_BASE] = r.v->ports[SYSREG_X86_X2APIC] = r.v->ports[SYSREG_X86_TSC_DEADLINE] = &p;
    x86_cpuid(r.v, 1, 0, out);
    assert_int_equal(out[3] >> 9 & 1, 1);
    assert_int_equal(out[2] >> 21 & 9, 9);
    GP(&r, x86_rdmsr(r.v, 0x802, &val)); /* not in x2APIC mode */
    GP(&r, x86_wrmsr(r.v, 0x1b, 0xfee00900 | 1ull << 40));
    GP(&r, x86_wrmsr(r.v, 0x1b, 0xfee00901));
    GP(&r, x86_wrmsr(r.v, 0x1b, 0xfee00500));
    assert_true(x86_wrmsr(r.v, 0x1b, 0xfee00d00));
    GP(&r, x86_wrmsr(r.v, 0x1b, 0xfee00900)); /* back only through off */
    assert_int_equal(msr(&r, 0x802), 0x802);
    GP(&r, x86_wrmsr(r.v, 0x802, 0));
    GP(&r, x86_wrmsr(r.v, 0x80b, 1));
    GP(&r, x86_rdmsr(r.v, 0x80b, &val));
    GP(&r, x86_rdmsr(r.v, 0x831, &val));
    GP(&r, x86_wrmsr(r.v, 0x80f, 1ull << 32));
    assert_true(x86_wrmsr(r.v, 0x830, 3ull << 32 | 0x40));
    assert_int_equal(a.last, 3ull << 32 | 0x40);
    assert_int_equal(a.last_id, 0x830);
    assert_true(x86_wrmsr(r.v, 0x6e0, 9999));
    assert_int_equal(msr(&r, 0x6e0), 9999);
    assert_true(x86_wrmsr(r.v, 0x10, 77)); /* the deadline is armed anew */
    assert_int_equal(a.deadlines, 2);
    assert_int_equal(a.deadline, 9999);
    assert_true(x86_wrmsr(r.v, 0x1b, 0xfee00100));
    x86_cpuid(r.v, 1, 0, out);
    assert_int_equal(out[3] >> 9 & 1, 0); /* the bit follows the enable */
    rig_free(&r);
}

/* ---- CPUID ---- */

static u32 cpuid(struct rig *r, u32 leaf, u32 sub, u32 reg)
{
    u32 out[4];
    x86_cpuid(r->v, leaf, sub, out);
    return out[reg];
}

static void test_cpuid(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "Haswell");
    assert_int_equal(cpuid(&r, 0, 0, 0), 13);
    assert_int_equal(cpuid(&r, 0, 0, 1), 0x756e6547); /* Genu */
    assert_int_equal(cpuid(&r, 0, 0, 3), 0x49656e69); /* ineI */
    assert_int_equal(cpuid(&r, 0, 0, 2), 0x6c65746e); /* ntel */
    assert_int_equal(cpuid(&r, 1, 0, 0), 0x306c1);
    assert_int_equal(cpuid(&r, 1, 0, 3), 0x078bf9ff & ~(1u << 9)); /* no APIC on this machine */
    assert_int_equal(cpuid(&r, 1, 0, 2), 0xf6da3203);
    r.s->cr4 |= X86_CR4_OSXSAVE;
    assert_int_equal(cpuid(&r, 1, 0, 2), 0xfeda3203);
    assert_int_equal(cpuid(&r, 7, 0, 1), 0x7a9);
    assert_int_equal(cpuid(&r, 7, 1, 1), 0);
    assert_int_equal(cpuid(&r, 13, 0, 0), 7);
    assert_int_equal(cpuid(&r, 13, 0, 1), 576);
    assert_int_equal(cpuid(&r, 13, 0, 2), 832);
    r.s->xcr0 = 7;
    assert_int_equal(cpuid(&r, 13, 0, 1), 832);
    assert_int_equal(cpuid(&r, 13, 1, 0), 1);
    assert_int_equal(cpuid(&r, 13, 2, 1), 576);
    assert_int_equal(cpuid(&r, 0x80000000, 0, 0), 0x80000008);
    assert_int_equal(cpuid(&r, 0x80000001, 0, 3), 1 << 29 | 1 << 27 | 1 << 20); /* SYSCALL in 64-bit mode alone */
    assert_int_equal(cpuid(&r, 0x80000001, 0, 2), 1 << 5 | 1);
    assert_int_equal(cpuid(&r, 0x80000008, 0, 0), 40 | 48 << 8);
    assert_int_equal(cpuid(&r, 0x20, 1, 0), 1); /* too high: leaf 13 */
    assert_int_equal(cpuid(&r, 0x40000010, 0, 0), 1000000);
    assert_true(x86_wrmsr(r.v, 0x1a0, 1 | 1 << 22 | 1ull << 34));
    assert_int_equal(cpuid(&r, 0, 0, 0), 2);
    assert_int_equal(cpuid(&r, 0x80000001, 0, 3), 1 << 29 | 1 << 27);
    GP(&r, x86_wrmsr(r.v, 0xc0000080, X86_EFER_NXE));
    rig_free(&r);
    rig_init(&r, "qemu64");
    assert_int_equal(cpuid(&r, 0x80000000, 0, 1), 0x68747541);
    assert_int_equal(cpuid(&r, 0x80000001, 0, 0), 0x60fb1);
    assert_int_equal(cpuid(&r, 0x80000001, 0, 3) >> 11 & 1, 1);
    assert_int_equal(cpuid(&r, 0x20, 0, 0), 0);
    rig_free(&r);
    rig_init(&r, "pentium");
    assert_int_equal(cpuid(&r, 0, 0, 0), 1);
    assert_int_equal(cpuid(&r, 1, 0, 0), 0x543);
    assert_int_equal(cpuid(&r, 0x40000000, 0, 0), 0x543); /* no hypervisor then: leaf 1 */
    rig_free(&r);
}

/* What may not be claimed alone (SDM volume 1, 13 to 14; 4.1.4). */
static void test_models(void **state)
{
    (void)state;
    static const struct { u8 feature, needs; } rows[] = {
#define NEEDS(f, g) { X86_FEAT_##f, X86_FEAT_##g }
        NEEDS(sse, fxsr), NEEDS(sse2, sse), NEEDS(sse3, sse2), NEEDS(ssse3, sse3), NEEDS(sse41, ssse3),
        NEEDS(sse42, sse41), NEEDS(avx, xsave), NEEDS(avx, sse42), NEEDS(avx2, avx), NEEDS(fma, avx),
        NEEDS(f16c, avx), NEEDS(vaes, avx2), NEEDS(vpclmulqdq, avx2), NEEDS(xsaveopt, xsave), NEEDS(xsavec, xsave),
        NEEDS(xgetbv1, xsave), NEEDS(lm, pae), NEEDS(lm, nx), NEEDS(lm, syscall), NEEDS(lm, cx8), NEEDS(pcid, lm),
        NEEDS(pdpe1gb, lm), NEEDS(cx16, lm), NEEDS(pse36, pse), NEEDS(invpcid, pcid), NEEDS(mmx, fpu),
        NEEDS(cpuid, i586),
        NEEDS(i586, i486), NEEDS(i686, i586), NEEDS(cmov, i686), NEEDS(x2apic, apic), NEEDS(mca, mce),
#undef NEEDS
    };
    for (const struct x86_model *m = x86_models; m->name; m++) {
        struct rig r;
        rig_init(&r, m->name);
        for (u32 i = 0; i < COUNT(rows); i++)
            assert_true(!x86_has(r.v, rows[i].feature) || x86_has(r.v, rows[i].needs));
        assert_int_equal(strlen(m->vendor), 12);
        assert_true(strlen(m->brand) < 48);
        assert_int_equal(!m->level, !x86_has(r.v, X86_FEAT_cpuid));
        rig_free(&r);
    }
    struct rig r;
    rig_init(&r, "max");
    for (u32 f = 0; f < X86_FEAT_COUNT; f++)
        assert_true(x86_has(r.v, f)); /* all that is modelled */
    rig_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_state), cmocka_unit_test(test_invalid), cmocka_unit_test(test_reset_init),
        cmocka_unit_test(test_entry), cmocka_unit_test(test_classes), cmocka_unit_test(test_mode_bits),
        cmocka_unit_test(test_cr0), cmocka_unit_test(test_cr34), cmocka_unit_test(test_msr_rules),
        cmocka_unit_test(test_tsc), cmocka_unit_test(test_apic_msrs), cmocka_unit_test(test_cpuid),
        cmocka_unit_test(test_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
