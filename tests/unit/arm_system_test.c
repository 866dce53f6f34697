/*
 * arm_system_test.c - system registers, exceptions, return, maintenance and PSCI of the A64 frontend, by running
 * instructions on the interpreter (DDI 0487, D1, C5, D17).
 */
#include "tests/unit/arm_rig.h"

#define KEY A64_SR_KEY
#define MRS(rt, key) (0xd5200000u | (u32)(key) << 5 | (rt))
#define MSR(key, rt) (0xd5000000u | (u32)(key) << 5 | (rt))
#define SYS(op1, crn, crm, op2, rt) (0xd5080000u | (op1) << 16 | (crn) << 12 | (crm) << 8 | (op2) << 5 | (rt))
#define DAIFSET(n) (0xd50340dfu | (n) << 8)
#define DAIFCLR(n) (0xd50340ffu | (n) << 8)
#define SPSEL(n) (0xd50040bfu | (n) << 8)
#define PAN(n) (0xd500409fu | (n) << 8)
#define SVC(n) (0xd4000001u | (n) << 5)
#define HVC(n) (0xd4000002u | (n) << 5)
#define SMC(n) (0xd4000003u | (n) << 5)
#define BRK(n) (0xd4200000u | (n) << 5)
#define ERET 0xd69f03e0u
#define WFI 0xd503207fu
#define ISB 0xd5033fdfu
#define NOP 0xd503201fu
#define LDR(rt, rn) (0xf9400000u | (rn) << 5 | (rt))
#define STR(rt, rn) (0xf9000000u | (rn) << 5 | (rt))

enum {
    K_SCTLR = KEY(3, 0, 1, 0, 0), K_CPACR = KEY(3, 0, 1, 0, 2), K_SP_EL0 = KEY(3, 0, 4, 1, 0),
    K_NZCV = KEY(3, 3, 4, 2, 0), K_DAIF = KEY(3, 3, 4, 2, 1), K_FPCR = KEY(3, 3, 4, 4, 0),
    K_FPSR = KEY(3, 3, 4, 4, 1),
    K_CTR = KEY(3, 3, 0, 0, 1), K_CURRENTEL = KEY(3, 0, 4, 2, 2), K_SPSEL = KEY(3, 0, 4, 2, 0),
    K_PAN = KEY(3, 0, 4, 2, 3),
    K_TPIDRRO = KEY(3, 3, 13, 0, 3), K_CNTVCT = KEY(3, 3, 14, 0, 2), K_PAR = KEY(3, 0, 7, 4, 0)
};

static void to_el0(struct rig *r)
{
    a64_set_el(r->v, 0, 0);
}

/* An exception was taken to `vector` with this syndrome. */
static void expect_taken(struct rig *r, u64 vector, u64 ec, u64 iss, u64 elr)
{
    assert_int_equal(r->v->s.pc, VECTORS + vector);
    assert_int_equal(r->s->esr_el1, ec << 26 | 1 << 25 | iss);
    assert_int_equal(r->s->elr_el1, elr);
    assert_int_equal(r->s->el, 1);
    assert_int_equal(r->s->spsel, 1);
    assert_int_equal(r->s->daif, 15);
}

static void test_tables(void **state)
{
    (void)state;
    assert_true(state_is_complete(&a64_state_desc));
    for (u32 i = 0; i < a64_sysreg_count; i++)
        for (u32 k = i + 1; k < a64_sysreg_count; k++)
            if (a64_sysregs[i].key == a64_sysregs[k].key)
                fail_msg("%s and %s share an encoding", a64_sysregs[i].name, a64_sysregs[k].name);
    for (u32 i = 0; i < a64_sysreg_count; i++)
        assert_true(a64_sysregs[i].kind != A64_KIND_FIELD || a64_layout.fields[a64_sysregs[i].arg].type == IR_I64);
}

/* Every field of the state that has rules, out of range; whatever else is in it is accepted. */
static void test_hostile_state(void **state)
{
    (void)state;
    struct rig r;
    struct err e;
    rig_init(&r, "max", A64_PSCI_NONE);
    assert_true(a64_state_desc.valid(r.s, &e));
    u32 refused = 0;
    for (u32 at = 0; at < sizeof *r.s; at++) {
        u8 *p = (u8 *)r.s + at, old = *p;
        *p = 0xff;
        refused += !a64_state_desc.valid(r.s, &e);
        *p = old;
    }
    assert_int_equal(refused, 13 + 3 * 4); /* PSTATE, QC, stepped; fp_ctl, fp_flags and fpcr */
    rig_free(&r);
}

static void test_identification(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a53", A64_PSCI_NONE);
    RUN(&r, 4, MRS(0, KEY(3, 0, 0, 0, 0)), MRS(1, KEY(3, 0, 0, 0, 5)), MRS(2, KEY(3, 0, 0, 4, 0)),
        MRS(3, KEY(3, 0, 0, 3, 7)));
    assert_int_equal(r.s->x[0], 0x410fd034);
    assert_int_equal(r.s->x[1], 0x80000000);
    assert_int_equal(r.s->x[2], 0x11);
    assert_int_equal(r.s->x[3], 0);
    RUN(&r, 1, MRS(0, KEY(3, 0, 0, 0, 1)));
    expect_taken(&r, 0x200, 0, 0, CODE);
    RUN(&r, 1, MSR(KEY(3, 0, 0, 0, 0), 0)); /* read only */
    expect_taken(&r, 0x200, 0, 0, CODE);
    RUN(&r, 2, MSR(KEY(3, 2, 0, 0, 0), 31), MRS(0, KEY(3, 1, 0, 0, 0)));
    assert_int_equal(r.s->x[0], 0x700fe01a);
    to_el0(&r);
    RUN(&r, 1, MRS(0, KEY(3, 0, 0, 0, 0)));
    expect_taken(&r, 0x400, 0, 0, CODE);
    rig_free(&r);
}

static void test_pstate(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "max", A64_PSCI_NONE);
    r.s->x[1] = 0xa0000000;
    RUN(&r, 4, MSR(K_NZCV, 1), MRS(2, K_NZCV), MRS(3, K_CURRENTEL), MRS(4, K_SPSEL));
    assert_true(r.s->n && !r.s->z && r.s->c && !r.s->vf);
    assert_int_equal(r.s->x[2], 0xa0000000);
    assert_int_equal(r.s->x[3], 4);
    assert_int_equal(r.s->x[4], 1);
    RUN(&r, 5, DAIFCLR(15), MRS(0, K_DAIF), DAIFSET(3), MRS(1, K_DAIF), DAIFCLR(1));
    assert_int_equal(r.s->x[0], 0);
    assert_int_equal(r.s->x[1], 3 << 6);
    assert_int_equal(r.s->daif, 2);
    r.s->x[1] = 0x3c0;
    RUN(&r, 4, MSR(K_DAIF, 1), PAN(1), MRS(2, K_PAN), MSR(K_PAN, 31));
    assert_int_equal(r.s->daif, 15);
    assert_int_equal(r.s->x[2], 1 << 22);
    assert_int_equal(r.s->pan, 0);
    rig_free(&r);
    rig_init(&r, "cortex-a57", A64_PSCI_NONE);
    RUN(&r, 1, PAN(1));
    expect_taken(&r, 0x200, 0, 0, CODE);
    rig_free(&r);
}

static void test_stack_pointers(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a57", A64_PSCI_NONE);
    r.s->sp = 0x1111;
    r.s->x[0] = 0x2222;
    RUN(&r, 3, MSR(K_SP_EL0, 0), MRS(1, K_SP_EL0), SPSEL(0));
    assert_int_equal(r.s->x[1], 0x2222);
    assert_int_equal(r.s->sp, 0x2222);
    RUN(&r, 1, MRS(1, K_SP_EL0)); /* UNDEFINED with SPSel 0 */
    expect_taken(&r, 0, 0, 0, CODE);
    assert_int_equal(r.s->sp, 0x1111);
    assert_int_equal(r.s->sp_el0, 0x2222);
    assert_int_equal(r.s->spsr_el1 & 0xf, 4);
    rig_free(&r);
}

static void test_calls(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a57", A64_PSCI_NONE);
    r.s->daif = 0;
    RUN(&r, 1, SVC(0x1234));
    expect_taken(&r, 0x200, 0x15, 0x1234, CODE + 4);
    assert_int_equal(r.s->spsr_el1, 5);
    to_el0(&r);
    r.s->z = 1;
    RUN(&r, 1, SVC(7));
    expect_taken(&r, 0x400, 0x15, 7, CODE + 4);
    assert_int_equal(r.s->spsr_el1, 1 << 30 | 0x3c0);
    RUN(&r, 1, BRK(0xf000));
    expect_taken(&r, 0x200, 0x3c, 0xf000, CODE);
    RUN(&r, 1, HVC(0));
    expect_taken(&r, 0x200, 0, 0, CODE);
    RUN(&r, 1, 0xd4400000); /* HLT */
    expect_taken(&r, 0x200, 0, 0, CODE);
    RUN(&r, 1, 0x00000000);
    expect_taken(&r, 0x200, 0, 0, CODE);
    r.v->s.pc = CODE + 2;
    interp_engine.run(r.v, 1);
    expect_taken(&r, 0x200, 0x22, 0, CODE + 2);
    assert_int_equal(r.s->far_el1, CODE + 2);
    rig_free(&r);
}

/* What EL0 may not: by EC 0x18 with the operands, or UNDEFINED. */
static void test_traps(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a57", A64_PSCI_NONE);
    static const struct {
        u32 insn;
        u64 ec, iss;
    } cases[] = {
        { MRS(3, K_CTR), 0x18, 3u << 20 | 1 << 17 | 3 << 14 | 3 << 5 | 1 },
        { MSR(K_DAIF, 9), 0x18, 3u << 20 | 1 << 17 | 3 << 14 | 4 << 10 | 9 << 5 | 2 << 1 },
        { DAIFSET(2), 0x18, 6 << 17 | 3 << 14 | 4 << 10 | 31 << 5 | 2 << 1 },
        { SYS(3, 7, 4, 1, 5), 0x18, 1u << 20 | 1 << 17 | 3 << 14 | 7 << 10 | 5 << 5 | 4 << 1 }, /* DC ZVA */
        { SYS(3, 7, 5, 1, 31), 0x18, 1u << 20 | 1 << 17 | 3 << 14 | 7 << 10 | 31 << 5 | 5 << 1 }, /* IC IVAU */
        { MRS(1, K_FPCR), 0x07, 0x1e00000 },
        { WFI, 0x01, 0x1e00000 },
        { SYS(0, 7, 6, 1, 0), 0, 0 }, /* DC IVAC */
        { SYS(0, 8, 7, 0, 31), 0, 0 }, /* TLBI VMALLE1 */
        { MSR(K_TPIDRRO, 0), 0, 0 },
        { MRS(0, K_SP_EL0), 0, 0 },
        { MRS(0, K_CNTVCT), 0, 0 }, /* there is no timer */
        { SPSEL(0), 0, 0 },
        { ERET, 0, 0 },
    };
    r.s->sctlr_el1 &= ~(1ull << 16);
    for (u32 i = 0; i < COUNT(cases); i++) {
        to_el0(&r);
        RUN(&r, 1, cases[i].insn);
        expect_taken(&r, 0x400, cases[i].ec, cases[i].iss, CODE);
    }
    r.s->sctlr_el1 |= 1 << 9 | 1 << 14 | 1 << 15 | 1 << 26; /* UMA DZE UCT UCI */
    to_el0(&r);
    r.s->x[5] = r.s->x[31 - 1] = RAM;
    RUN(&r, 5, MRS(3, K_CTR), DAIFSET(2), SYS(3, 7, 4, 1, 5), SYS(3, 7, 5, 1, 5), NOP);
    assert_int_equal(r.v->s.pc, CODE + 20);
    assert_int_equal(r.s->x[3], 0x8444c004);
    rig_free(&r);
}

static void test_fp_control(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a57", A64_PSCI_NONE);
    RUN(&r, 1, MRS(0, K_FPSR));
    expect_taken(&r, 0x200, 7, 0x1e00000, CODE);
    r.s->x[0] = 3 << 20;
    r.s->x[1] = ~0ull;
    RUN(&r, 5, MSR(K_CPACR, 0), MSR(K_FPCR, 1), MRS(2, K_FPCR), MSR(K_FPSR, 1), MRS(3, K_FPSR));
    assert_int_equal(r.s->x[2], A64_FPCR_MASK);
    assert_int_equal(r.s->fp_ctl, FP_RZ | FP_ARM_FZ | FP_DN | FP_AHP);
    assert_true(a64_mode(r.v) & A64_M_FPSPECIAL);
    assert_int_equal(r.s->x[3], 1 << 27 | 0x9f);
    assert_int_equal(r.s->qc, 1);
    r.s->x[1] = 1 << 25 | 3 << 22; /* DN, RZ */
    RUN(&r, 1, MSR(K_FPCR, 1));
    assert_int_equal(a64_mode(r.v) & A64_M_FPSPECIAL, 0);
    rig_free(&r);
}

static void test_return(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "max", A64_PSCI_NONE);
    r.s->sp = 0x1000;
    r.s->sp_el0 = 0x2000;
    r.s->elr_el1 = CODE + 0x100;
    r.s->spsr_el1 = 9ull << 28 | 1 << 22 | 2 << 6;
    r.v->s.excl_size = 4;
    RUN(&r, 1, ERET);
    assert_int_equal(r.v->s.pc, CODE + 0x100);
    assert_int_equal(r.s->el, 0);
    assert_int_equal(r.s->sp, 0x2000);
    assert_int_equal(r.v->s.excl_size, 0);
    assert_int_equal(a64_spsr_pack(r.v), 9ull << 28 | 1 << 22 | 2 << 6);
    static const u8 illegal[] = { 1, 2, 6, 8, 9, 12, 13, 0x10, 0x13 };
    for (u32 i = 0; i < sizeof illegal; i++) {
        a64_set_el(r.v, 1, 1);
        r.s->il = 0;
        r.s->elr_el1 = CODE + 4;
        r.s->spsr_el1 = illegal[i] | 1 << 30;
        RUN(&r, 2, ERET, NOP);
        expect_taken(&r, 0x200, 0x0e, 0, CODE + 4);
        assert_int_equal(r.s->spsr_el1, 5 | 1 << 30 | 1 << 20);
        assert_int_equal(r.s->il, 0);
    }
    r.s->tcr_el1 = 1ull << 37;
    r.s->elr_el1 = 0xab00000000000000 | (CODE + 0x80);
    r.s->spsr_el1 = 5;
    RUN(&r, 1, ERET);
    assert_int_equal(r.v->s.pc, CODE + 0x80);
    rig_free(&r);
}

static void test_interrupts(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "max", A64_PSCI_NONE);
    r.s->sctlr_el1 &= ~A64_SCTLR_SPAN;
    r.v->s.pc = CODE;
    vcpu_irq_set(r.v, VCPU_IRQ, true);
    assert_false(a64_interrupt(r.v));
    assert_true(a64_wakes(r.v));
    r.s->daif = 0xd;
    assert_true(a64_interrupt(r.v));
    assert_int_equal(r.v->s.pc, VECTORS + 0x280);
    assert_int_equal(r.s->elr_el1, CODE);
    assert_int_equal(r.s->pan, 1);
    to_el0(&r);
    r.s->daif = 0;
    vcpu_irq_set(r.v, VCPU_FIQ, true);
    assert_true(a64_interrupt(r.v));
    assert_int_equal(r.v->s.pc, VECTORS + 0x500);
    RUN(&r, 1, MRS(0, KEY(3, 0, 12, 1, 0)));
    assert_int_equal(r.s->x[0], 3 << 6);
    RUN(&r, 1, WFI);
    assert_int_equal(r.v->s.halted, 1);
    assert_int_equal(r.v->s.pc, CODE + 4);
    rig_free(&r);
}

/* The code's page mapped one to one, so that the MMU can be on. */
static void mapped_code(struct rig *r)
{
    mmu_on(r, 12);
    map_at(r, r->s->ttbr0_el1, 12, 3, CODE, CODE | D_PAGE | D_AF);
    map_at(r, r->s->ttbr0_el1, 12, 3, CODE + 0x1000, (CODE + 0x1000) | D_PAGE | D_AF | D_AP(1));
    map_at(r, r->s->ttbr0_el1, 12, 3, 0x1000, (CODE + 0x3000) | D_PAGE | D_AF | D_AP(3)); /* read only */
    map_at(r, r->s->ttbr0_el1, 12, 3, 0x2000, (CODE + 0x4000) | D_PAGE | D_AF | D_AP(1));
}

static void test_aborts(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a57", A64_PSCI_NONE);
    mapped_code(&r);
    r.s->x[1] = 0x1008;
    RUN(&r, 1, STR(0, 1));
    expect_taken(&r, 0x200, 0x25, 0x4f, CODE);
    assert_int_equal(r.s->far_el1, 0x1008);
    r.s->x[1] = 0x5008;
    RUN(&r, 2, NOP, LDR(0, 1));
    expect_taken(&r, 0x200, 0x25, 0x07, CODE + 4);
    r.s->x[1] = 0x2ffc; /* into a page that is not there: the first byte of it */
    RUN(&r, 1, STR(0, 1));
    expect_taken(&r, 0x200, 0x25, 0x47, CODE);
    assert_int_equal(r.s->far_el1, 0x3000);
    r.s->sctlr_el1 |= 2;
    r.s->x[1] = 0x2004;
    RUN(&r, 1, LDR(0, 1));
    expect_taken(&r, 0x200, 0x25, 0x21, CODE);
    r.s->x[1] = 0x5010;
    RUN(&r, 1, SYS(3, 7, 10, 1, 1)); /* DC CVAC */
    expect_taken(&r, 0x200, 0x25, 0x147, CODE);
    r.s->x[1] = 0x1010;
    RUN(&r, 1, SYS(0, 7, 6, 1, 1)); /* DC IVAC without write permission */
    expect_taken(&r, 0x200, 0x25, 0x14f, CODE);
    RUN(&r, 1, SYS(3, 7, 4, 1, 1)); /* DC ZVA */
    expect_taken(&r, 0x200, 0x25, 0x4f, CODE);
    assert_int_equal(r.s->far_el1, 0x1010);
    RUN(&r, 2, SYS(3, 7, 14, 1, 1), NOP); /* DC CIVAC needs no right at EL1 */
    assert_int_equal(r.v->s.pc, CODE + 8);
    to_el0(&r);
    RUN(&r, 1, NOP); /* EL0 may fetch here, as UXN is clear */
    assert_int_equal(r.v->s.pc, CODE + 4);
    r.v->s.pc = 0x5000;
    interp_engine.run(r.v, 1);
    expect_taken(&r, 0x400, 0x20, 0x07, 0x5000);
    assert_int_equal(r.s->far_el1, 0x5000);
    rig_free(&r);
}

static void test_zva(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a57", A64_PSCI_NONE);
    for (u32 i = 0; i < 16; i++)
        put64(&r, CODE + 0x4000 + 8 * i, ~0ull);
    mapped_code(&r);
    r.s->x[1] = 0x2047;
    RUN(&r, 1, SYS(3, 7, 4, 1, 1));
    assert_int_equal(r.v->s.pc, CODE + 4);
    for (u32 i = 0; i < 16; i++)
        assert_int_equal(table_entry(&r, CODE + 0x4000 + 8 * i), i < 8 ? ~0ull : 0);
    rig_free(&r);
}

static void test_translation_instructions(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a57", A64_PSCI_NONE);
    mapped_code(&r);
    r.s->x[1] = 0x1234;
    RUN(&r, 4, SYS(0, 7, 8, 1, 1), MRS(2, K_PAR), SYS(0, 7, 8, 2, 1), MRS(3, K_PAR)); /* AT S1E1W, S1E0R */
    assert_int_equal(r.s->x[2], 1 | 0xf << 1 | 1 << 11);
    assert_int_equal(r.s->x[3], 0xffull << 56 | (CODE + 0x3000) | 1 << 11);
    /* A load through a stale entry, then TLBI VAE1IS, DSB, ISB, and the new mapping. */
    put64(&r, CODE + 0x3000, 3);
    put64(&r, CODE + 0x4000, 4);
    r.s->x[1] = 0x1000;
    r.s->x[4] = map_at(&r, r.s->ttbr0_el1, 12, 3, 0x1000, (CODE + 0x3000) | D_PAGE | D_AF);
    map_at(&r, r.s->ttbr0_el1, 12, 3, r.s->x[4] & ~0xfffull, (r.s->x[4] & ~0xfffull) | D_PAGE | D_AF);
    r.s->x[5] = (CODE + 0x4000) | D_PAGE | D_AF;
    r.s->x[6] = 1;
    RUN(&r, 7, LDR(10, 1), STR(5, 4), LDR(11, 1), SYS(0, 8, 3, 1, 6), 0xd5033f9f, ISB, LDR(12, 1));
    assert_int_equal(r.s->x[10], 3);
    assert_int_equal(r.s->x[11], 3);
    assert_int_equal(r.s->x[12], 4);
    /* Off: the ASID's context is left, and its addresses are physical. */
    r.s->x[0] = r.s->sctlr_el1 & ~1ull;
    RUN(&r, 2, MSR(K_SCTLR, 0), LDR(12, 1));
    expect_taken(&r, 0x200, 0x25, 0x10, CODE + 4); /* nothing at 0x1000 */
    rig_free(&r);
}

static void test_sctlr(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a57", A64_PSCI_NONE);
    r.s->x[0] = 0;
    RUN(&r, 2, MSR(K_SCTLR, 0), MRS(1, K_SCTLR));
    assert_int_equal(r.s->x[1], A64_SCTLR_ONES | A64_SCTLR_SPAN);
    assert_int_equal(a64_mode(r.v) & A64_M_SPALIGN, 0);
    assert_true(a64_mode(r.v) & A64_M_ALIGN);
    rig_free(&r);
}

static void firmware(struct rig *r, u64 id, u64 a, u64 result)
{
    r->s->x[0] = id;
    r->s->x[1] = a;
    RUN(r, 1, HVC(0));
    assert_int_equal(r->v->s.pc, CODE + 4);
    assert_int_equal(r->s->x[0], result);
}

static void test_psci(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "cortex-a57", A64_PSCI_HVC);
    firmware(&r, 0x84000000, 0, 0x10000);
    firmware(&r, 0xc4000000, 0, ~0ull); /* VERSION has no 64-bit form */
    firmware(&r, 0x8400000a, 0xc4000003, 0);
    firmware(&r, 0x8400000a, 0x84000005, ~0ull);
    firmware(&r, 0xc4000003, 0, (u64)-4);
    firmware(&r, 0xc4000003, 1, (u64)-2);
    firmware(&r, 0xc4000004, 0, 0);
    firmware(&r, 0x80000000, 0, ~0ull);
    firmware(&r, 0x84000008, 0, 0);
    assert_int_equal(atomic_load(&r.m->request), REQ_POWEROFF);
    RUN(&r, 1, SMC(0));
    expect_taken(&r, 0x200, 0, 0, CODE);
    RUN(&r, 1, HVC(1));
    expect_taken(&r, 0x200, 0, 0, CODE);
    rig_free(&r);
}

/* The whole space of system instructions (bits 31:22 fixed), at both levels: sound IR, whatever is in it. */
static void test_every_encoding(void **state)
{
    (void)state;
    static const u64 modes[] = { A64_MMU_EL0, A64_MMU_EL1 | A64_M_EL1 | A64_M_SPSEL | A64_M_UCI | A64_M_DZE };
    struct rig r;
    struct err e;
    struct ir_block *b = malloc(sizeof *b);
    rig_init(&r, "max", A64_PSCI_NONE);
    assert_non_null(b);
    for (u32 n = 0; n < 1u << 19; n++) {
        u32 word = 0xd5000000 | n >> 2 << 5 | ((n & 1) * 31);
        struct guest_code code = { (const u8 *)&word, 4, 1 };
        a64_lift_block(r.v, modes[n >> 1 & 1], &code, b);
        if (!ir_verify(b, &e))
            fail_msg("%08x: %s", word, e.msg);
    }
    free(b);
    rig_free(&r);
}

/* A device's registers, and who may reach them from EL0. */
static u64 port_read(void *opaque, u32 id)
{
    (void)opaque;
    return 0x100 + id;
}
static void port_write(void *opaque, u32 id, u64 val)
{
    *(u64 *)opaque = val + id;
}

static void test_ports(void **state)
{
    (void)state;
    struct rig r;
    u64 written = 0;
    const struct sysreg_port p = { &written, port_read, port_write };
    rig_init(&r, "cortex-a57", A64_PSCI_NONE);
    r.v->ports[SYSREG_CNTVCT] = r.v->ports[SYSREG_CNTV_CVAL] = &p;
    RUN(&r, 2, MRS(1, K_CNTVCT), MSR(KEY(3, 3, 14, 3, 2), 1));
    assert_int_equal(r.s->x[1], 0x100 + SYSREG_CNTVCT);
    assert_int_equal(written, 0x100 + SYSREG_CNTVCT + SYSREG_CNTV_CVAL);
    to_el0(&r);
    RUN(&r, 1, MRS(2, K_CNTVCT));
    expect_taken(&r, 0x400, 0x18, 3u << 20 | 2 << 17 | 3 << 14 | 14 << 10 | 2 << 5 | 1, CODE);
    to_el0(&r);
    r.s->cntkctl_el1 = 2;
    RUN(&r, 1, MRS(2, K_CNTVCT));
    assert_int_equal(r.s->x[2], 0x100 + SYSREG_CNTVCT);
    RUN(&r, 1, MSR(KEY(3, 3, 14, 3, 2), 1));
    expect_taken(&r, 0x400, 0x18, 3u << 20 | 2 << 17 | 3 << 14 | 14 << 10 | 1 << 5 | 3 << 1, CODE);
    rig_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables), cmocka_unit_test(test_hostile_state),
        cmocka_unit_test(test_identification), cmocka_unit_test(test_pstate),
        cmocka_unit_test(test_stack_pointers), cmocka_unit_test(test_calls), cmocka_unit_test(test_traps),
        cmocka_unit_test(test_fp_control), cmocka_unit_test(test_return), cmocka_unit_test(test_interrupts),
        cmocka_unit_test(test_aborts), cmocka_unit_test(test_zva),
        cmocka_unit_test(test_translation_instructions), cmocka_unit_test(test_sctlr),
        cmocka_unit_test(test_psci), cmocka_unit_test(test_ports), cmocka_unit_test(test_every_encoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
