/*
 * x86_far_test.c - segment loads, far transfers, call gates, tasks and system calls of the x86 frontend (SDM volume
 * 3, chapters 5 and 7; volume 2, MOV, JMP, CALL, RET, SYSCALL).
 */
#include "tests/unit/x86_system_rig.h"

#define OK ~0u

/* ---- segment registers ---- */

struct load_case {
    u32 cpl, seg, sel, expect, code;
};

static void test_loads(void **state)
{
    (void)state;
    static const struct load_case cases[] = {
        { 0, X86_DS, S_DATA, OK, 0 },
        { 0, X86_DS, 0, OK, 0 },
        { 0, X86_DS, 3, OK, 0 },
        { 0, X86_DS, S_UDATA, OK, 0 },
        { 3, X86_DS, S_DATA, X86_GP, S_DATA },
        { 3, X86_ES, S_CONFORM, OK, 0 },
        { 0, X86_DS, S_DATA | 3, X86_GP, S_DATA },
        { 0, X86_FS, S_CODE, OK, 0 },
        { 0, X86_FS, S_XONLY, X86_GP, S_XONLY },
        { 0, X86_GS, S_RODATA, OK, 0 },
        { 0, X86_GS, S_TSS, X86_GP, S_TSS },
        { 0, X86_ES, S_ABSENT, X86_NP, S_ABSENT },
        { 0, X86_ES, 0x7f8, X86_GP, 0x7f8 },
        { 0, X86_ES, 4, X86_GP, 4 },
        { 0, X86_ES, 0xf4, X86_GP, 0xf4 },
        { 0, X86_SS, S_DATA, OK, 0 },
        { 0, X86_SS, 0, X86_GP, 0 },
        { 0, X86_SS, S_DATA | 3, X86_GP, S_DATA },
        { 0, X86_SS, S_UDATA, X86_GP, 0x20 },
        { 3, X86_SS, S_UDATA, OK, 0 },
        { 0, X86_SS, S_RODATA, X86_GP, S_RODATA },
        { 0, X86_SS, S_CODE, X86_GP, S_CODE },
        { 0, X86_SS, S_ABSENT, X86_SS_FAULT, S_ABSENT },
        { 0, X86_SS, S_DOWN, OK, 0 },
    };
    for (u32 i = 0; i < COUNT(cases); i++) {
        const struct load_case *c = &cases[i];
        struct rig r;
        rig32(&r, c->cpl);
        r.s->gpr[X86_RAX] = c->sel;
        RUN(&r, 1, 0x8e, (u8)(0xc0 | c->seg << 3)); /* MOV Sreg, AX */
        if (c->expect != OK) {
            expect_at(&r, c->expect, c->code);
        } else {
            assert_int_equal(r.v->s.pc, CODE + 2);
            assert_int_equal(r.s->seg_sel[c->seg], c->sel);
            assert_int_equal(r.s->shadow, c->seg == X86_SS ? X86_SHADOW_SS : 0);
            if (c->sel & ~3u)
                assert_int_equal(peek(&r, GDT + (c->sel & ~7u) + 5, 1) & 1, 1);
        }
        rig_free(&r);
    }
}

static void test_ldt(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 0);
    put(&r, LDT + 8, descriptor(0x1234500, 0x10, 0x92), 8);
    r.s->gpr[X86_RAX] = S_LDT;
    r.s->gpr[X86_RCX] = 8 | 4;
    RUN(&r, 3, 0x0f, 0x00, 0xd0, 0x8e, 0xd9, 0x0f, 0x00, 0xc2); /* LLDT AX; MOV DS, CX; SLDT EDX */
    assert_int_equal(r.s->seg_base[X86_LDTR], LDT);
    assert_int_equal(r.s->seg_base[X86_DS], 0x1234500);
    assert_int_equal(r.s->seg_limit[X86_DS], 0x10);
    assert_int_equal(r.s->gpr[X86_RDX], S_LDT);
    r.s->gpr[X86_RAX] = S_DATA;
    RUN(&r, 1, 0x0f, 0x00, 0xd0);
    expect_at(&r, X86_GP, S_DATA);
    enter32(&r, 0);
    r.s->gpr[X86_RAX] = S_TSS_B;
    RUN(&r, 1, 0x0f, 0x00, 0xd8); /* LTR AX */
    assert_int_equal(peek(&r, GDT + S_TSS_B + 5, 1), 0x8b);
    enter32(&r, 0);
    RUN(&r, 1, 0x0f, 0x00, 0xd8); /* busy */
    expect_at(&r, X86_GP, S_TSS_B);
    rig_free(&r);
}

static void test_far_pointers(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 0);
    put(&r, DATA, 0x11223344, 4);
    put(&r, DATA + 4, S_SMALL, 2);
    r.s->gpr[X86_RBX] = DATA;
    RUN(&r, 1, 0xc4, 0x0b); /* LES ECX, [EBX] */
    assert_int_equal(r.s->gpr[X86_RCX], 0x11223344);
    assert_int_equal(r.s->seg_sel[X86_ES], S_SMALL);
    r.s->gpr[X86_RDI] = 0x1000; /* beyond its limit */
    RUN(&r, 1, 0xaa);           /* STOSB */
    expect_at(&r, X86_GP, 0);
    enter32(&r, 0);
    RUN(&r, 2, 0x16, 0x1f); /* PUSH SS; POP DS */
    assert_int_equal(r.s->gpr[X86_RSP], STACK0);
    assert_int_equal(r.s->seg_sel[X86_DS], S_DATA);
    rig_free(&r);
}

static void test_expand_down(void **state)
{
    (void)state;
    static const struct { u32 off, size; bool ok; } cases[] = {
        { 0xfff, 1, false }, { 0x1000, 1, true }, { 0xfff, 4, false }, { 0x1000, 4, true }, { 0xfffffffc, 4, true },
        { 0xfffffffd, 4, false },
    };
    struct rig r;
    rig32(&r, 0);
    force_seg(&r, X86_DS, S_DOWN);
    for (u32 i = 0; i < COUNT(cases); i++)
        assert_int_equal(x86_seg_check(r.v, X86_DS, cases[i].off, cases[i].size, true), cases[i].ok);
    force_seg(&r, X86_DS, S_RODATA);
    assert_true(x86_seg_check(r.v, X86_DS, 0, 4, false));
    assert_false(x86_seg_check(r.v, X86_DS, 0, 4, true));
    force_seg(&r, X86_DS, 0);
    assert_false(x86_seg_check(r.v, X86_DS, 0, 1, false));
    rig_free(&r);
}

/* LAR, LSL, VERR, VERW: ZF, and what LAR and LSL load. */
static void test_selectors(void **state)
{
    (void)state;
    static const struct { u32 cpl, sel; u32 zf; u32 lar, lsl; } cases[] = { /* zf: LAR 1, LSL 2, VERR 4, VERW 8 */
        { 0, S_DATA, 15, 0xc09300, ~0u },     { 3, S_DATA, 0, 0, 0 },          { 3, S_CONFORM, 7, 0xc09e00, ~0u },
        { 0, S_RODATA, 7, 0xc09000, ~0u },    { 0, S_XONLY, 3, 0xc09800, ~0u }, { 0, S_TSS, 3, 0x8b00, 0x2067 },
        { 0, S_GATE, 1, 0xec00, 0 },          { 0, 0, 0, 0, 0 },               { 0, 0x7f8, 0, 0, 0 },
        { 0, S_ABSENT, 15, 0xc01200, ~0u },   { 0, S_TASKGATE, 1, 0xe500, 0 }, { 0, S_DATA | 3, 0, 0, 0 },
        { 0, S_SMALL, 15, 0x409200, 0xfff },
    };
    for (u32 i = 0; i < COUNT(cases); i++) {
        struct rig r;
        u32 zf = 0;
        rig32(&r, cases[i].cpl);
        put(&r, GDT + S_DATA + 5, 0x93, 1);
        r.s->gpr[X86_RAX] = cases[i].sel;
        r.s->gpr[X86_RBX] = r.s->gpr[X86_RCX] = 0x12345678;
        static const u8 code[][3] = {
            { 0x0f, 0x02, 0xd8 }, { 0x0f, 0x03, 0xc8 }, { 0x0f, 0x00, 0xe0 }, { 0x0f, 0x00, 0xe8 }
        };
        for (u32 k = 0; k < 4; k++) {
            run_bytes(&r, 1, code[k], 3);
            zf |= (u32)r.s->zf << k;
        }
        assert_int_equal(zf, cases[i].zf);
        assert_int_equal(r.s->gpr[X86_RBX], zf & 1 ? cases[i].lar : 0x12345678);
        assert_int_equal(r.s->gpr[X86_RCX], zf & 2 ? cases[i].lsl : 0x12345678);
        rig_free(&r);
    }
}

/* ---- jumps and calls ---- */

struct far_case {
    u32 cpl, sel, expect, code;
};

static void test_jumps(void **state)
{
    (void)state;
    static const struct far_case cases[] = {
        { 0, S_CODE, OK, S_CODE },     { 0, S_CODE | 3, X86_GP, S_CODE }, { 0, 0, X86_GP, 0 },
        { 0, 0xf00, X86_GP, 0xf00 },   { 0, S_UCODE, X86_GP, 0x18 },      { 3, S_CODE, X86_GP, S_CODE },
        { 3, S_UCODE, OK, S_UCODE },   { 3, S_UCODE & ~3u, OK, S_UCODE }, { 3, S_CONFORM, OK, S_CONFORM | 3 },
        { 0, S_DATA, X86_GP, S_DATA }, { 0, S_LDT, X86_GP, S_LDT },       { 3, S_TSS_B, X86_GP, S_TSS_B },
        { 0, S_TSS, X86_GP, S_TSS },   { 3, S_GATE, X86_GP, S_CODE },     { 0, S_GATE_ABSENT, X86_NP, S_GATE_ABSENT },
        { 0, S_CODE16, X86_GP, 0 },
    };
    for (u32 i = 0; i < COUNT(cases); i++) {
        struct rig r;
        rig32(&r, cases[i].cpl);
        RUN(&r, 1, 0xea, 0x00, 0x00, 0x05, 0x00, (u8)cases[i].sel, (u8)(cases[i].sel >> 8)); /* JMP sel:50000 */
        if (cases[i].expect == OK) {
            assert_int_equal(r.v->s.pc, DATA);
            assert_int_equal(r.s->seg_sel[X86_CS], cases[i].code);
            assert_int_equal(r.s->cpl, cases[i].cpl);
        } else {
            expect_at(&r, cases[i].expect, cases[i].code);
        }
        rig_free(&r);
    }
}

static void test_call_gate(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 3);
    put(&r, STACK3 - 8, 0x1111, 4);
    put(&r, STACK3 - 4, 0x2222, 4);
    r.s->gpr[X86_RSP] = STACK3 - 8;
    RUN(&r, 1, 0x9a, 0, 0, 0, 0, S_GATE | 3, 0);
    expect_at(&r, 0x100, CODE + 7);
    assert_int_equal(r.s->cpl, 0);
    assert_int_equal(r.s->gpr[X86_RSP], STACK0 - 24);
    assert_int_equal(stacked(&r, 1, 4), S_UCODE);
    assert_int_equal(stacked(&r, 2, 4), 0x1111);
    assert_int_equal(stacked(&r, 3, 4), 0x2222);
    assert_int_equal(stacked(&r, 4, 4), STACK3 - 8);
    assert_int_equal(stacked(&r, 5, 4), S_UDATA);
    RUN(&r, 1, 0xca, 8, 0); /* RETF 8 */
    assert_int_equal(r.v->s.pc, CODE + 7);
    assert_int_equal(r.s->cpl, 3);
    assert_int_equal(r.s->gpr[X86_RSP], STACK3);
    assert_int_equal(r.s->seg_sel[X86_SS], S_UDATA);
    RUN(&r, 1, 0x9a, 0, 0, 0, 0, S_GATE1 | 3, 0); /* to level 1 */
    expect_at(&r, 0x101, CODE + 14);
    assert_int_equal(r.s->cpl, 1);
    assert_int_equal(r.s->seg_sel[X86_CS], S_CODE1);
    assert_int_equal(r.s->gpr[X86_RSP], STACK1 - 16);
    rig_free(&r);
}

/* A 16-bit gate at the same level, and its return. */
static void test_call_gate16(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 0);
    RUN(&r, 1, 0x9a, 0, 0, 0, 0, S_GATE16, 0);
    assert_int_equal(r.v->s.pc, 0x1234);
    assert_int_equal(r.s->gpr[X86_RSP], STACK0 - 4);
    assert_int_equal(stacked(&r, 0, 2), (u16)(CODE + 7));
    assert_int_equal(stacked(&r, 1, 2), S_CODE);
    rig_free(&r);
}

static void test_returns(void **state)
{
    (void)state;
    static const struct { u32 cpl, cs, ss, expect, code;
    } cases[] = {
        { 0, S_CODE, 0, OK, 0 },
        { 0, 0, 0, X86_GP, 0 },
        { 3, S_CODE, 0, X86_GP, S_CODE },
        { 0, S_UCODE, S_UDATA, OK, 0 },
        { 0, S_UCODE, S_DATA, X86_GP, S_DATA },
        { 0, S_UCODE, 0, X86_GP, 0 },
        { 0, S_UCODE & ~3u, S_UDATA, X86_GP, 0x18 },
        { 0, S_DATA, 0, X86_GP, S_DATA },
        { 0, S_CODE | 3, S_UDATA, X86_GP, S_CODE },
        { 0, S_CONFORM | 3, S_UDATA, OK, 0 },
        { 0, S_UCODE, S_ABSENT | 3, X86_GP, S_ABSENT },
    };
    for (u32 i = 0; i < COUNT(cases); i++) {
        struct rig r;
        rig32(&r, cases[i].cpl);
        u32 sp = cases[i].cpl ? STACK3 - 64 : STACK0 - 64;
        const u32 frame[] = { DATA, cases[i].cs, STACK3, cases[i].ss };
        r.s->gpr[X86_RSP] = sp;
        assert_true(physmap_write(&r.m->map, sp, frame, sizeof frame));
        RUN(&r, 1, 0xcb);
        if (cases[i].expect == OK) {
            assert_int_equal(r.v->s.pc, DATA);
            assert_int_equal(r.s->cpl, cases[i].cs & 3);
            assert_int_equal(r.s->gpr[X86_RSP], cases[i].cs & 3 ? STACK3 : sp + 8);
        } else {
            expect_at(&r, cases[i].expect, cases[i].code);
        }
        rig_free(&r);
    }
}

/* ---- tasks ---- */

static void make_task(struct rig *r)
{
    static const u16 segs[] = { S_UDATA, S_CODE, S_DATA, S_UDATA, S_UDATA, S_UDATA, 0 };
    put(r, TSS_B + 0x1c, 0, 4);
    put(r, TSS_B + 0x20, DATA, 4);
    put(r, TSS_B + 0x24, 0x202, 4);
    for (u32 i = 0; i < 8; i++)
        put(r, TSS_B + 0x28 + 4 * i, i == X86_RSP ? STACK1 : 0x100 + i, 4);
    for (u32 i = 0; i < COUNT(segs); i++)
        put(r, TSS_B + 0x48 + 4 * i, segs[i], 4);
    put(r, TSS_B + 0x64, 0, 4);
}

static void test_task_call(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 0);
    make_task(&r);
    r.s->gpr[X86_RBX] = 0xabcdef;
    RUN(&r, 1, 0x9a, 0, 0, 0, 0, S_TSS_B, 0);
    assert_int_equal(r.v->s.pc, DATA);
    assert_int_equal(r.s->gpr[X86_RDI], 0x107);
    assert_int_equal(r.s->gpr[X86_RSP], STACK1);
    assert_int_equal(x86_flags(r.v), 0x4202);
    assert_int_equal(r.s->seg_sel[X86_TR], S_TSS_B);
    assert_true(r.s->cr0 & X86_CR0_TS);
    assert_int_equal(peek(&r, TSS_B, 2), S_TSS);
    assert_int_equal(peek(&r, TSS + 0x20, 4), CODE + 7);
    assert_int_equal(peek(&r, TSS + 0x34, 4), 0xabcdef);
    assert_int_equal(peek(&r, GDT + S_TSS_B + 5, 1), 0x8b);
    assert_int_equal(peek(&r, GDT + S_TSS + 5, 1), 0x8b);
    RUN(&r, 1, 0xcf); /* back */
    assert_int_equal(r.v->s.pc, CODE + 7);
    assert_int_equal(r.s->gpr[X86_RBX], 0xabcdef);
    assert_int_equal(x86_flags(r.v), 2);
    assert_int_equal(peek(&r, GDT + S_TSS_B + 5, 1), 0x89);
    assert_int_equal(peek(&r, TSS_B + 0x20, 4), DATA + 1);
    assert_int_equal(peek(&r, TSS_B + 0x24, 4), 0x202);
    rig_free(&r);
}

static void test_task_jump(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 3);
    make_task(&r);
    put(&r, TSS_B + 0x64, 1, 2); /* T */
    RUN(&r, 1, 0xea, 0, 0, 0, 0, S_TASKGATE | 3, 0);
    assert_int_equal(r.s->cpl, 0);
    assert_int_equal(x86_flags(r.v), 0x202);
    assert_int_equal(peek(&r, GDT + S_TSS + 5, 1), 0x89);
    assert_int_equal(r.s->db_hits, 1 << 15);
    step(&r, 1);
    expect_at(&r, X86_DB, DATA);
    assert_int_equal(r.s->dr[6], 0xffff8ff0);
    rig_free(&r);
}

/* Through the IDT, with an error code; errors of the new task's state are its own. */
static void test_task_fault(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 0);
    make_task(&r);
    set_idt(&r, X86_GP, gate(S_TSS_B, 0, 5, 0, 0));
    r.s->gpr[X86_RAX] = S_CODE | 3;
    RUN(&r, 1, 0x8e, 0xd0); /* MOV SS, AX */
    assert_int_equal(r.v->s.pc, DATA);
    assert_int_equal(stacked(&r, 0, 4), S_CODE);
    assert_int_equal(peek(&r, TSS + 0x20, 4), CODE);
    assert_int_equal(peek(&r, TSS + 0x24, 4), 0x10002); /* RF */
    rig_free(&r);
    rig32(&r, 0);
    make_task(&r);
    put(&r, TSS_B + 0x54, S_TSS, 2); /* DS */
    RUN(&r, 1, 0x9a, 0, 0, 0, 0, S_TSS_B, 0);
    expect_at(&r, X86_TS, S_TSS);
    assert_int_equal(stacked(&r, 1, 4), DATA);
    assert_int_equal(r.s->seg_sel[X86_TR], S_TSS_B);
    rig_free(&r);
    rig32(&r, 0);
    set_desc(&r, S_TSS_B, descriptor(TSS_B, 0x66, 0x89));
    RUN(&r, 1, 0x9a, 0, 0, 0, 0, S_TSS_B, 0);
    expect_at(&r, X86_TS, S_TSS_B);
    assert_int_equal(r.s->seg_sel[X86_TR], S_TSS);
    rig_free(&r);
}

static void test_task16(void **state)
{
    (void)state;
    static const u16 words[] = { 0, 0, 0,      0, 0, 0, 0,      0x9000,   0x202,    1,      2,
                                 3, 4, 0x5000, 6, 7, 8, S_DATA, S_CODE16, S_DATA16, S_DATA, 0 };
    struct rig r;
    rig32(&r, 0);
    assert_true(physmap_write(&r.m->map, TSS16, words, sizeof words));
    RUN(&r, 1, 0xea, 0, 0, 0, 0, S_TSS16, 0);
    assert_int_equal(r.v->s.pc, 0x9000);
    assert_int_equal(r.s->gpr[X86_RDI] & 0xffff, 8);
    assert_int_equal(r.s->gpr[X86_RSP] & 0xffff, 0x5000);
    assert_int_equal(r.s->seg_sel[X86_SS], S_DATA16);
    assert_int_equal(r.s->seg_sel[X86_FS], 0);
    rig_free(&r);
}

/* ---- 64-bit mode ---- */

static void test_long_gate(void **state)
{
    (void)state;
    struct rig r;
    rig64(&r, 3);
    put(&r, DATA, 0, 4);
    put(&r, DATA + 4, S_LGATE | 3, 2);
    r.s->gpr[X86_RAX] = DATA;
    RUN(&r, 1, 0xff, 0x18); /* CALL FAR [RAX] */
    assert_int_equal(r.v->s.pc, HANDLER(0x102));
    assert_int_equal(r.s->cpl, 0);
    assert_int_equal(r.s->gpr[X86_RSP], STACK0 - 32);
    assert_int_equal(stacked(&r, 0, 8), CODE + 2);
    assert_int_equal(stacked(&r, 1, 8), S_UCODE64);
    assert_int_equal(stacked(&r, 2, 8), STACK3);
    assert_int_equal(stacked(&r, 3, 8), S_UDATA);
    RUN(&r, 1, 0x48, 0xcb); /* RETFQ */
    assert_int_equal(r.v->s.pc, CODE + 2);
    assert_int_equal(r.s->cpl, 3);
    assert_int_equal(r.s->gpr[X86_RSP], STACK3);
    put(&r, DATA + 4, S_TASKGATE | 3, 2);
    RUN(&r, 1, 0xff, 0x18);
    assert_int_equal(r.v->s.pc, HANDLER(X86_GP));
    assert_int_equal(stacked(&r, 0, 8), S_TASKGATE);
    rig_free(&r);
}

/* Down to a compatibility segment by RETF, where the stack pointer stays whole. */
static void test_to_compat(void **state)
{
    (void)state;
    struct rig r;
    rig64(&r, 0);
    r.s->gpr[X86_RSP] = STACK0 - 8;
    put(&r, STACK0 - 8, DATA, 4);
    put(&r, STACK0 - 4, S_CODE, 4);
    x86_seg_put_null(r.v, X86_SS, 0);
    RUN(&r, 1, 0xcb);
    assert_int_equal(r.v->s.pc, DATA);
    assert_false(x86_is_long(r.s));
    assert_int_equal(r.s->gpr[X86_RSP], STACK0);
    rig_free(&r);
}

static void test_null_ss(void **state)
{
    (void)state;
    struct rig r;
    rig64(&r, 0);
    r.s->gpr[X86_RAX] = 0;
    RUN(&r, 1, 0x8e, 0xd0); /* MOV SS, AX */
    assert_int_equal(r.v->s.pc, CODE + 2);
    enter64(&r, 0);
    r.s->gpr[X86_RAX] = 3;
    RUN(&r, 1, 0x8e, 0xd0);
    assert_int_equal(r.v->s.pc, HANDLER(X86_GP));
    enter64(&r, 3);
    RUN(&r, 1, 0x8e, 0xd0);
    assert_int_equal(r.v->s.pc, HANDLER(X86_GP));
    rig_free(&r);
}

static void test_syscall(void **state)
{
    (void)state;
    struct rig r;
    rig64(&r, 3);
    RUN(&r, 1, 0x0f, 0x05);
    assert_int_equal(r.v->s.pc, HANDLER(X86_UD)); /* EFER.SCE is clear */
    enter64(&r, 3);
    r.s->efer |= X86_EFER_SCE;
    r.s->star = (u64)S_SYSUCODE << 48 | (u64)S_SYSCODE << 32;
    r.s->lstar = DATA;
    r.s->fmask = 0x700;
    x86_flags_set(r.v, 0x643, 0x6d5);
    RUN(&r, 1, 0x0f, 0x05);
    assert_int_equal(r.v->s.pc, DATA);
    assert_int_equal(r.s->gpr[X86_RCX], CODE + 2);
    assert_int_equal(r.s->gpr[11], 0x643 | 2);
    assert_int_equal(x86_flags(r.v), 0x43);
    assert_int_equal(r.s->seg_sel[X86_CS], S_SYSCODE);
    assert_int_equal(r.s->seg_sel[X86_SS], S_SYSDATA);
    assert_int_equal(r.s->cpl, 0);
    RUN(&r, 1, 0x48, 0x0f, 0x07); /* SYSRETQ */
    assert_int_equal(r.v->s.pc, CODE + 2);
    assert_int_equal(r.s->seg_sel[X86_CS], S_SYSUCODE64 | 3);
    assert_int_equal(r.s->seg_sel[X86_SS], S_SYSUDATA | 3);
    assert_int_equal(x86_flags(r.v), 0x643);
    assert_int_equal(r.s->cpl, 3);
    RUN(&r, 1, 0x0f, 0x07); /* not at level 3 */
    assert_int_equal(r.v->s.pc, HANDLER(X86_GP));
    enter64(&r, 0);
    r.s->gpr[X86_RCX] = 1ull << 47;
    RUN(&r, 1, 0x48, 0x0f, 0x07); /* AMD's go there, Intel's do not */
    assert_int_equal(r.v->s.pc, 1ull << 47);
    assert_int_equal(r.s->cpl, 3);
    x86_wiring_of(r.v)->model = x86_model_find("Haswell");
    enter64(&r, 0);
    step(&r, 1);
    assert_int_equal(r.v->s.pc, HANDLER(X86_GP));
    assert_int_equal(r.s->cpl, 0);
    rig_free(&r);
}

static void test_sysenter(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 3);
    RUN(&r, 1, 0x0f, 0x34);
    expect_at(&r, X86_GP, 0);
    enter32(&r, 3);
    r.s->sysenter_cs = S_SYSCODE;
    r.s->sysenter_esp = STACK1;
    r.s->sysenter_eip = DATA;
    r.s->eflags |= X86_FL_IF;
    RUN(&r, 1, 0x0f, 0x34);
    assert_int_equal(r.v->s.pc, DATA);
    assert_int_equal(r.s->gpr[X86_RSP], STACK1);
    assert_int_equal(r.s->seg_sel[X86_SS], S_SYSDATA);
    assert_int_equal(x86_flags(r.v), 2);
    r.s->gpr[X86_RCX] = STACK3;
    r.s->gpr[X86_RDX] = CODE;
    RUN(&r, 1, 0x0f, 0x35);
    assert_int_equal(r.v->s.pc, CODE);
    assert_int_equal(r.s->seg_sel[X86_CS], S_SYSUCODE | 3);
    assert_int_equal(r.s->seg_sel[X86_SS], S_SYSUDATA | 3);
    assert_int_equal(r.s->cpl, 3);
    rig_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loads),     cmocka_unit_test(test_ldt),         cmocka_unit_test(test_far_pointers),
        cmocka_unit_test(test_expand_down), cmocka_unit_test(test_selectors), cmocka_unit_test(test_jumps),
        cmocka_unit_test(test_call_gate), cmocka_unit_test(test_call_gate16), cmocka_unit_test(test_returns),
        cmocka_unit_test(test_task_call), cmocka_unit_test(test_task_jump),   cmocka_unit_test(test_task_fault),
        cmocka_unit_test(test_task16),    cmocka_unit_test(test_long_gate),   cmocka_unit_test(test_to_compat),
        cmocka_unit_test(test_null_ss),   cmocka_unit_test(test_syscall),     cmocka_unit_test(test_sysenter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
