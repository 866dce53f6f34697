/*
 * x86_gate_test.c - exceptions and interrupts of the x86 frontend: gates, stacks, error codes, double faults,
 * virtual-8086 mode, IRET (SDM volume 3, chapters 6 and 20; volume 2, INT n and IRET).
 */
#include "tests/unit/x86_system_rig.h"

static void test_flags(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 0);
    for (u32 i = 0; i < 0x400000; i += 37) {
        u32 all = 0x3f7fd5, was = i * 2654435761u & all, mask = i * 40503u;
        x86_flags_set(r.v, was, ~0u);
        assert_int_equal(x86_flags(r.v), was | 2);
        x86_flags_set(r.v, i, mask);
        assert_int_equal(x86_flags(r.v), (((was & ~mask) | (i & mask)) & all) | 2);
    }
    rig_free(&r);
}

/* ---- one level ---- */

static void test_same_level(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 0);
    x86_flags_set(r.v, 0x4302, ~0u & ~(u32)X86_FL_VM); /* NT TF IF */
    RUN(&r, 1, 0xcd, 0x40);
    expect_at(&r, 0x40, CODE + 2);
    assert_int_equal(r.s->gpr[X86_RSP], STACK0 - 12);
    assert_int_equal(stacked(&r, 1, 4), S_CODE);
    assert_int_equal(stacked(&r, 2, 4), 0x4302);
    assert_int_equal(x86_flags(r.v), 2);
    enter32(&r, 0);
    set_idt(&r, 0x41, gate(S_CODE, HANDLER(0x41), 15, 0, 0)); /* trap gate */
    x86_flags_set(r.v, 0x302, 0x302);
    RUN(&r, 1, 0xcd, 0x41);
    assert_int_equal(x86_flags(r.v), 0x202);
    enter32(&r, 0);
    set_idt(&r, 0x42, gate(S_CODE, 0x1230, 6, 0, 0)); /* 16 bits */
    RUN(&r, 1, 0xcd, 0x42);
    assert_int_equal(r.v->s.pc, 0x1230);
    assert_int_equal(r.s->gpr[X86_RSP], STACK0 - 6);
    assert_int_equal(stacked(&r, 0, 2), (u16)(CODE + 2));
    assert_int_equal(stacked(&r, 1, 2), S_CODE);
    rig_free(&r);
}

static void test_faults(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 0);
    RUN(&r, 1, 0x0f, 0x0b); /* UD2 */
    expect_at(&r, X86_UD, CODE);
    assert_int_equal(stacked(&r, 2, 4), 0x10002); /* RF */
    enter32(&r, 0);
    RUN(&r, 1, 0xcc);
    expect_at(&r, X86_BP, CODE + 1);
    assert_int_equal(stacked(&r, 2, 4), 2);
    enter32(&r, 0);
    RUN(&r, 1, 0xf1);
    expect_at(&r, X86_DB, CODE + 1);
    enter32(&r, 0);
    RUN(&r, 1, 0xce); /* INTO without OF */
    assert_int_equal(r.v->s.pc, CODE + 1);
    enter32(&r, 0);
    r.s->of = 1;
    RUN(&r, 1, 0xce);
    expect_at(&r, X86_OF, CODE + 1);
    enter32(&r, 3);
    RUN(&r, 1, 0xf4); /* HLT */
    expect_at(&r, X86_GP, 0);
    assert_int_equal(stacked(&r, 1, 4), CODE);
    rig_free(&r);
}

/* ---- levels ---- */

static void test_inner_level(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 3);
    r.s->eflags |= X86_FL_IF;
    RUN(&r, 1, 0xcd, 0x80);
    expect_at(&r, 0x80, CODE + 2);
    assert_int_equal(r.s->gpr[X86_RSP], STACK0 - 20);
    assert_int_equal(stacked(&r, 1, 4), S_UCODE);
    assert_int_equal(stacked(&r, 2, 4), 0x202);
    assert_int_equal(stacked(&r, 3, 4), STACK3);
    assert_int_equal(stacked(&r, 4, 4), S_UDATA);
    assert_int_equal(r.s->cpl, 0);
    assert_int_equal(r.s->seg_sel[X86_SS], S_DATA);
    assert_int_equal(r.s->seg_sel[X86_DS], S_UDATA);
    assert_int_equal(peek(&r, GDT + S_DATA + 5, 1), 0x93); /* accessed */
    r.s->gpr[X86_RAX] = S_DATA;
    RUN(&r, 2, 0x8e, 0xd8, 0xcf); /* MOV DS, AX; IRET */
    assert_int_equal(r.v->s.pc, CODE + 2);
    assert_int_equal(r.s->cpl, 3);
    assert_int_equal(r.s->gpr[X86_RSP], STACK3);
    assert_int_equal(r.s->seg_sel[X86_SS], S_UDATA);
    assert_int_equal(r.s->seg_sel[X86_DS], 0); /* level 0's */
    assert_int_equal(r.s->seg_attr[X86_DS], 0);
    assert_int_equal(r.s->seg_sel[X86_ES], S_UDATA);
    assert_int_equal(x86_flags(r.v), 0x202);
    rig_free(&r);
}

struct gate_case {
    u32 cpl, vector; /* INT n */
    u64 gate;
    u32 expect, code; /* exception; ~0: none */
};

static void test_gate_checks(void **state)
{
    (void)state;
    const struct gate_case cases[] = {
        { 3, 0x41, gate(S_CODE, 0, 14, 0, 0), X86_GP, 0x41 * 8 + 2 },
        { 3, 0x41, gate(S_CODE, 0, 14, 2, 0), X86_GP, 0x41 * 8 + 2 },
        { 0, 0x41, gate(S_CODE, 0, 14, 0, 0) & ~(0x80ull << 40), X86_NP, 0x41 * 8 + 2 },
        { 3, 0x41, gate(S_CODE, 0, 14, 0, 0) & ~(0x80ull << 40), X86_GP, 0x41 * 8 + 2 }, /* DPL first */
        { 0, 0x41, gate(S_CODE, 0, 12, 0, 0), X86_GP, 0x41 * 8 + 2 },
        { 0, 0x41, 0, X86_GP, 0x41 * 8 + 2 },
        { 0, 0x41, gate(3, 0, 14, 0, 0), X86_GP, 0 },
        { 0, 0x41, gate(0xfff8, 0, 14, 0, 0), X86_GP, 0xfff8 },
        { 0, 0x41, gate(S_DATA, 0, 14, 0, 0), X86_GP, S_DATA },
        { 0, 0x41, gate(S_UCODE, 0, 14, 0, 0), X86_GP, S_UCODE & ~3 },
        { 3, 0x41, gate(S_CONFORM, HANDLER(0x41), 14, 3, 0), ~0u, 0 },
        { 3, 0x41, gate(S_CODE16, 0x10000, 14, 3, 0), X86_GP, 0 },
        { 3, 0x41, gate(S_CODE1, HANDLER(0x41), 14, 3, 0), ~0u, 0 },
    };
    for (u32 i = 0; i < COUNT(cases); i++) {
        const struct gate_case *c = &cases[i];
        struct rig r;
        rig32(&r, c->cpl);
        set_idt(&r, c->vector, c->gate);
        RUN(&r, 1, 0xcd, (u8)c->vector);
        if (c->expect == ~0u) {
            assert_int_equal(r.v->s.pc, HANDLER(c->vector));
        } else {
            expect_at(&r, c->expect, c->code);
            assert_int_equal(stacked(&r, 1, 4), CODE);
        }
        rig_free(&r);
    }
}

/* Errors of the inner stack, met by #UD at level 3: EXT is set, and the exception goes to level 3's own handler. */
static void test_inner_stack_checks(void **state)
{
    (void)state;
    static const struct { u32 sel, expect, code;
    } cases[] = {
        { 0, X86_TS, 1 },
        { S_DATA | 1, X86_TS, S_DATA | 1 },
        { S_RODATA, X86_TS, S_RODATA | 1 },
        { S_UDATA & ~3, X86_TS, 0x21 },
        { S_CODE, X86_TS, S_CODE | 1 },
        { S_ABSENT, X86_SS_FAULT, S_ABSENT | 1 },
        { 0x7f8, X86_TS, 0x7f9 },
        { S_SMALL, X86_SS_FAULT, S_SMALL | 1 },
    };
    for (u32 i = 0; i < COUNT(cases); i++) {
        struct rig r;
        rig32(&r, 3);
        for (u32 n = X86_TS; n <= X86_GP; n++)
            set_idt(&r, n, gate(S_UCODE, HANDLER(n), 14, 0, 0));
        put(&r, TSS + 8, cases[i].sel, 2);
        RUN(&r, 1, 0x0f, 0x0b);
        expect_at(&r, cases[i].expect, cases[i].code);
        assert_int_equal(r.s->cpl, 3);
        assert_int_equal(stacked(&r, 3, 4), 0x10002);
        rig_free(&r);
    }
    struct rig r;
    rig32(&r, 3);
    set_idt(&r, X86_TS, gate(S_UCODE, HANDLER(X86_TS), 14, 0, 0));
    r.s->seg_limit[X86_TR] = 8; /* SS0 ends at 9 */
    RUN(&r, 1, 0x0f, 0x0b);
    expect_at(&r, X86_TS, S_TSS | 1);
    rig_free(&r);
}

/* ---- double and triple faults ---- */

static void test_double(void **state)
{
    (void)state;
    static const struct { u8 first, absent; u32 expect, code; } cases[] = {
        { X86_UD, 1, X86_NP, X86_UD * 8 + 3 },  /* benign, then contributory: one after the other */
        { X86_GP, 1, X86_DF, 0 },
        { X86_DE, 1, X86_DF, 0 },
    };
    for (u32 i = 0; i < COUNT(cases); i++) {
        struct rig r;
        rig32(&r, 0);
        set_idt(&r, cases[i].first, gate(S_CODE, 0, 14, 0, 0) & ~(0x80ull << 40));
        (void)x86_fail(r.v, cases[i].first, cases[i].first == X86_GP, 0);
        x86_take(r.v);
        r.v->raised = false;
        expect_at(&r, cases[i].expect, cases[i].code);
        rig_free(&r);
    }
}

static void test_triple(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 0);
    r.s->idt_limit = 7;
    RUN(&r, 1, 0x0f, 0x0b);
    assert_int_equal(atomic_load(&r.m->request), REQ_RESET);
    assert_true(r.v->s.halted);
    rig_free(&r);
    rig32(&r, 0);
    r.m->no_reboot = true;
    r.s->idt_limit = 7;
    put(&r, CODE, 0x0b0f, 2);
    assert_int_equal(machine_run(r.m), END_RESET);
    rig_free(&r);
}

/* ---- virtual-8086 mode ---- */

static void enter_v86(struct rig *r, u32 iopl)
{
    r->s->eflags = X86_FL_VM | iopl << 12;
    r->s->cpl = 3;
    x86_load_seg_real(r->v, X86_CS, CODE >> 4);
    x86_load_seg_real(r->v, X86_SS, 0x2000);
    x86_load_seg_real(r->v, X86_DS, 0x1111);
    x86_load_seg_real(r->v, X86_ES, 0x2222);
    x86_load_seg_real(r->v, X86_FS, 0x3333);
    x86_load_seg_real(r->v, X86_GS, 0x4444);
    r->s->gpr[X86_RSP] = 0x8000;
    r->v->s.pc = CODE;
}

static void test_v86(void **state)
{
    (void)state;
    static const u32 frame[] = {
        CODE + 2 - CODE, CODE >> 4, 0x23202, 0x8000, 0x2000, 0x2222, 0x1111, 0x3333, 0x4444
    };
    struct rig r;
    rig32(&r, 0);
    enter_v86(&r, 3);
    r.s->eflags |= X86_FL_IF;
    RUN(&r, 1, 0xcd, 0x80);
    assert_int_equal(r.v->s.pc, HANDLER(0x80));
    for (u32 i = 0; i < COUNT(frame); i++)
        assert_int_equal(stacked(&r, i, 4), frame[i]);
    assert_int_equal(r.s->gpr[X86_RSP], STACK0 - 36);
    assert_int_equal(r.s->cpl, 0);
    assert_int_equal(x86_flags(r.v), 0x3002);
    assert_int_equal(r.s->seg_attr[X86_DS] | r.s->seg_sel[X86_GS], 0);
    RUN(&r, 1, 0xcf);
    assert_int_equal(r.v->s.pc, CODE + 2);
    assert_int_equal(x86_flags(r.v), 0x23202);
    assert_int_equal(r.s->seg_base[X86_DS], 0x11110);
    assert_int_equal(r.s->seg_limit[X86_GS], 0xffff);
    assert_int_equal(r.s->gpr[X86_RSP], 0x8000);
    assert_int_equal(r.s->cpl, 3);
    rig_free(&r);
}

/* What IOPL below 3 refuses there; and what VME gives instead. */
static void test_v86_iopl(void **state)
{
    (void)state;
    static const u8 code[][2] = { { 0xcd, 0x20 }, { 0xfa, 0x90 }, { 0xfb, 0x90 },
                                  { 0x9c, 0x90 }, { 0x9d, 0x90 }, { 0xcf, 0x90 } };
    for (u32 i = 0; i < COUNT(code); i++) {
        struct rig r;
        rig32(&r, 0);
        enter_v86(&r, 2);
        RUN(&r, 1, code[i][0], code[i][1]);
        expect_at(&r, X86_GP, 0);
        assert_int_equal(stacked(&r, 1, 4), 0);
        rig_free(&r);
    }
}

static void test_vme(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 0);
    r.s->cr4 = X86_CR4_VME;
    put(&r, 0x20 * 4, 0x1234 << 16 | 0x10, 4);
    enter_v86(&r, 0);
    r.s->eflags |= X86_FL_VIF | X86_FL_IF;
    RUN(&r, 1, 0xcd, 0x20);
    assert_int_equal(r.v->s.pc, 0x12350);
    assert_int_equal(peek(&r, 0x27ffa, 2), 2);
    assert_int_equal(peek(&r, 0x27ffe, 2), 0x3202); /* VIF as IF, IOPL 3 */
    assert_int_equal(x86_flags(r.v), 0x20202);      /* VIF is clear, IF is not its business */
    RUN(&r, 1, 0xcf);
    assert_int_equal(r.v->s.pc, CODE + 2);
    assert_int_equal(x86_flags(r.v), 0xa0202);
    RUN(&r, 2, 0xfa, 0x9c); /* CLI; PUSHF */
    assert_int_equal(peek(&r, 0x27ffe, 2), 0x3002);
    r.s->eflags |= X86_FL_VIP;
    RUN(&r, 1, 0xfb);
    expect_at(&r, X86_GP, 0);
    set_idt(&r, 0x20, gate(S_CODE, HANDLER(0x20), 14, 3, 0));
    put(&r, TSS + 0x88 - 32 + 4, 1, 1); /* vector 0x20 goes to the monitor */
    enter_v86(&r, 3);
    RUN(&r, 1, 0xcd, 0x20);
    assert_int_equal(r.v->s.pc, HANDLER(0x20));
    enter_v86(&r, 0);
    RUN(&r, 1, 0xcd, 0x20);
    expect_at(&r, X86_GP, 0);
    rig_free(&r);
}

/* ---- real mode ---- */

static void test_real(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "486");
    x86_load_seg_real(r.v, X86_CS, CODE >> 4);
    x86_load_seg_real(r.v, X86_SS, 0x2000);
    r.s->gpr[X86_RSP] = 0xabcd0100;
    r.v->s.pc = CODE + 4;
    put(&r, 0x21 * 4, 0x4000 << 16 | 8, 4);
    x86_flags_set(r.v, 0x301, ~0u);
    r.s->eflags &= ~(u32)X86_FL_TF;
    RUN(&r, 1, 0xcd, 0x21);
    assert_int_equal(r.v->s.pc, 0x40008);
    assert_int_equal(r.s->gpr[X86_RSP], 0xabcd00fa);
    assert_int_equal(peek(&r, 0x200fa, 2), 6);
    assert_int_equal(peek(&r, 0x200fc, 2), CODE >> 4);
    assert_int_equal(peek(&r, 0x200fe, 2), 0x203);
    assert_int_equal(x86_flags(r.v), 3);
    RUN(&r, 1, 0xcf);
    assert_int_equal(r.v->s.pc, CODE + 6);
    assert_int_equal(x86_flags(r.v), 0x203);
    RUN(&r, 1, 0x9a, 0x10, 0, 0, 0x30); /* CALL 3000:0010 */
    assert_int_equal(r.v->s.pc, 0x30010);
    RUN(&r, 1, 0xca, 2, 0); /* RETF 2 */
    assert_int_equal(r.v->s.pc, CODE + 11);
    assert_int_equal(r.s->gpr[X86_RSP], 0xabcd0102);
    rig_free(&r);
}

/* ---- 64-bit mode ---- */

static void test_long(void **state)
{
    (void)state;
    struct rig r;
    rig64(&r, 3);
    r.s->gpr[X86_RSP] = STACK3 - 5;
    r.s->eflags = X86_FL_IF;
    RUN(&r, 1, 0xcd, 0x20);
    assert_int_equal(r.v->s.pc, HANDLER(0x20));
    assert_int_equal(r.s->gpr[X86_RSP], STACK0 - 40);
    assert_int_equal(stacked(&r, 0, 8), CODE + 2);
    assert_int_equal(stacked(&r, 1, 8), S_UCODE64);
    assert_int_equal(stacked(&r, 2, 8), 0x202);
    assert_int_equal(stacked(&r, 3, 8), STACK3 - 5);
    assert_int_equal(stacked(&r, 4, 8), S_UDATA);
    assert_int_equal(r.s->seg_sel[X86_SS] | r.s->seg_attr[X86_SS], 0);
    r.s->gpr[X86_RSP] -= 3; /* an exception at the same level aligns */
    RUN(&r, 1, 0x0f, 0x0b);
    assert_int_equal(r.v->s.pc, HANDLER(X86_UD));
    assert_int_equal(r.s->gpr[X86_RSP], ((STACK0 - 43) & ~15u) - 40);
    assert_int_equal(stacked(&r, 3, 8), STACK0 - 43);
    RUN(&r, 1, 0x48, 0xcf);
    assert_int_equal(r.s->gpr[X86_RSP], STACK0 - 43);
    assert_int_equal(r.v->s.pc, HANDLER(0x20));
    r.s->gpr[X86_RSP] += 3;
    RUN(&r, 1, 0x48, 0xcf);
    assert_int_equal(r.v->s.pc, CODE + 2);
    assert_int_equal(r.s->gpr[X86_RSP], STACK3 - 5);
    assert_int_equal(r.s->seg_sel[X86_SS], S_UDATA);
    assert_int_equal(x86_flags(r.v), 0x202);
    RUN(&r, 1, 0xcd, 0x21); /* DPL 0: #GP with the vector's code */
    assert_int_equal(r.v->s.pc, HANDLER(X86_GP));
    assert_int_equal(stacked(&r, 0, 8), 0x21 * 8 + 2);
    assert_int_equal(r.s->gpr[X86_RSP], STACK0 - 48);
    rig_free(&r);
}

static void test_ist(void **state)
{
    (void)state;
    struct rig r;
    rig64(&r, 0);
    idt64(&r, X86_UD, S_CODE64, 15, 0, 1);
    RUN(&r, 1, 0x0f, 0x0b);
    assert_int_equal(r.s->gpr[X86_RSP], IST1 - 40);
    assert_int_equal(stacked(&r, 4, 8), S_DATA);
    assert_int_equal(r.s->seg_sel[X86_SS], S_DATA); /* no change of level */
    enter64(&r, 0);
    idt64(&r, X86_UD, S_CODE, 15, 0, 0); /* not a 64-bit code segment */
    RUN(&r, 1, 0x0f, 0x0b);
    assert_int_equal(r.v->s.pc, HANDLER(X86_GP));
    assert_int_equal(stacked(&r, 0, 8), S_CODE | 1);
    enter64(&r, 0);
    idt64(&r, X86_UD, S_CODE64, 7, 0, 0); /* a 16-bit gate */
    RUN(&r, 1, 0x0f, 0x0b);
    assert_int_equal(stacked(&r, 0, 8), X86_UD * 8 + 3);
    enter64(&r, 0);
    put(&r, TSS + 0x24, 0x0000900000000000, 8);
    idt64(&r, X86_UD, S_CODE64, 15, 0, 1);
    RUN(&r, 1, 0x0f, 0x0b);
    assert_int_equal(r.v->s.pc, HANDLER(X86_SS_FAULT));
    assert_int_equal(stacked(&r, 0, 8), 1);
    rig_free(&r);
}

static void test_compat(void **state)
{
    (void)state;
    struct rig r;
    rig64(&r, 0);
    enter32(&r, 3);
    r.s->gpr[X86_RSP] = STACK3;
    RUN(&r, 1, 0xcd, 0x20);
    assert_int_equal(r.v->s.pc, HANDLER(0x20));
    assert_true(x86_is_long(r.s));
    assert_int_equal(stacked(&r, 1, 8), S_UCODE);
    RUN(&r, 1, 0x48, 0xcf);
    assert_int_equal(r.v->s.pc, CODE + 2);
    assert_false(x86_is_long(r.s));
    assert_int_equal(r.s->cpl, 3);
    rig_free(&r);
}

/* Page faults tell where, and their code. */
static void test_page_fault(void **state)
{
    (void)state;
    struct rig r;
    rig64(&r, 3);
    r.s->gpr[X86_RAX] = 0x1000010;
    RUN(&r, 1, 0x89, 0x00); /* MOV [RAX], EAX */
    assert_int_equal(r.v->s.pc, HANDLER(X86_PF));
    assert_int_equal(stacked(&r, 0, 8), 6);
    assert_int_equal(stacked(&r, 3, 8), 0x10002);
    assert_int_equal(r.s->cr2, 0x1000010);
    enter64(&r, 0);
    r.s->gpr[X86_RAX] = 0x800000000000;
    RUN(&r, 1, 0x8b, 0x00);
    assert_int_equal(r.v->s.pc, HANDLER(X86_GP));
    enter64(&r, 0);
    r.s->gpr[X86_RBP] = 0x800000000000;
    RUN(&r, 1, 0x8b, 0x45, 0x00); /* MOV EAX, [RBP] */
    assert_int_equal(r.v->s.pc, HANDLER(X86_SS_FAULT));
    enter64(&r, 0);
    r.v->s.pc = 0x1000000;
    step(&r, 1);
    assert_int_equal(r.v->s.pc, HANDLER(X86_PF));
    assert_int_equal(stacked(&r, 0, 8), 0); /* neither NX nor SMEP */
    enter64(&r, 0);
    r.s->efer |= X86_EFER_NXE;
    r.v->s.pc = 0x1000000;
    step(&r, 1);
    assert_int_equal(stacked(&r, 0, 8), 16);
    enter64(&r, 0);
    r.v->s.pc = 0x800000000000;
    step(&r, 1);
    assert_int_equal(r.v->s.pc, HANDLER(X86_GP));
    assert_int_equal(stacked(&r, 1, 8), 0x800000000000);
    enter64(&r, 3);
    put(&r, PML4 + 0x2000, 0x83, 8); /* the IDT, TSS and level 0's stack are the system's */
    put(&r, PML4 + 0x2000 + 8, 1ull << 21 | 0x87, 8);
    mmu_flush(&r.v->mmu, 0, 0);
    r.v->s.pc = 0x200000;
    r.s->gpr[X86_RSP] = 0x300000;
    RUN(&r, 1, 0xcd, 0x20);
    assert_int_equal(r.v->s.pc, HANDLER(0x20));
    rig_free(&r);
}

/* ---- interrupts ---- */

static u64 ack(void *opaque, u32 id)
{
    (void)id;
    ++*(u32 *)opaque;
    return 0x30;
}

static void test_interrupts(void **state)
{
    (void)state;
    struct rig r;
    u32 acks = 0;
    struct sysreg_port port = { .opaque = &acks, .read = ack };
    rig32(&r, 0);
    r.v->ports[SYSREG_X86_INTACK] = &port;
    vcpu_irq_set(r.v, VCPU_IRQ, true);
    assert_false(x86_interrupt(r.v));
    RUN(&r, 1, 0xfb, 0x90, 0x90); /* STI; NOP */
    assert_false(x86_interrupt(r.v));
    assert_int_equal(r.s->shadow, X86_SHADOW_STI);
    step(&r, 1);
    assert_true(x86_interrupt(r.v));
    assert_int_equal(acks, 1);
    expect_at(&r, 0x30, CODE + 2);
    assert_int_equal(stacked(&r, 2, 4), 0x202);
    enter32(&r, 0);
    RUN(&r, 2, 0xfb, 0xf4); /* STI; HLT */
    assert_true(r.v->s.halted);
    assert_true(x86_wakes(r.v));
    assert_true(x86_interrupt(r.v));
    assert_false(r.v->s.halted);
    expect_at(&r, 0x30, CODE + 2);
    rig_free(&r);
}

static void test_nmi(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 0);
    vcpu_irq_set(r.v, VCPU_LINE_NMI, true);
    assert_int_not_equal(r.v->irq, 0);
    assert_true(x86_interrupt(r.v));
    expect_at(&r, X86_NMI, CODE);
    vcpu_irq_set(r.v, VCPU_LINE_NMI, true);
    assert_false(x86_interrupt(r.v));
    assert_int_equal(r.v->irq, 0);
    RUN(&r, 1, 0xcf);
    assert_int_not_equal(r.v->irq, 0);
    assert_true(x86_interrupt(r.v));
    expect_at(&r, X86_NMI, CODE);
    vcpu_irq_set(r.v, VCPU_LINE_INIT, true);
    assert_true(x86_interrupt(r.v));
    assert_int_equal(r.v->s.pc, 0xfffffff0);
    assert_int_equal(r.v->irq, 0);
    rig_free(&r);
}

static u64 acknowledge_33(void *opaque, u32 id)
{
    (void)opaque, (void)id;
    return 33;
}

/* The gate of the NMI leaves IF set: an interrupt that waits comes on top, at once. */
static void test_nmi_and_interrupt(void **state)
{
    (void)state;
    struct sysreg_port port = { NULL, acknowledge_33, NULL };
    struct rig r;
    rig32(&r, 0);
    set_idt(&r, X86_NMI, gate(S_CODE, HANDLER(X86_NMI), 15, 0, 0));
    r.v->ports[SYSREG_X86_INTACK] = &port;
    r.s->eflags |= X86_FL_IF;
    vcpu_irq_set(r.v, VCPU_IRQ, true);
    vcpu_irq_set(r.v, VCPU_LINE_NMI, true);
    assert_true(x86_interrupt(r.v));
    expect_at(&r, 33, HANDLER(X86_NMI));
    rig_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flags),        cmocka_unit_test(test_same_level), cmocka_unit_test(test_faults),
        cmocka_unit_test(test_inner_level),  cmocka_unit_test(test_gate_checks),
        cmocka_unit_test(test_inner_stack_checks),
        cmocka_unit_test(test_double),       cmocka_unit_test(test_triple),     cmocka_unit_test(test_v86),
        cmocka_unit_test(test_v86_iopl),     cmocka_unit_test(test_vme),        cmocka_unit_test(test_real),
        cmocka_unit_test(test_long),         cmocka_unit_test(test_ist),        cmocka_unit_test(test_compat),
        cmocka_unit_test(test_page_fault),   cmocka_unit_test(test_interrupts), cmocka_unit_test(test_nmi),
        cmocka_unit_test(test_nmi_and_interrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
