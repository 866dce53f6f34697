/*
 * x86_corner_test.c - what few guests meet: limits of XSAVE's area, x87 errors by FERR#, single step on branches,
 * descriptors in the code that loads them, permissions that count for nothing.
 */
#include "tests/unit/x86_system_rig.h"

/* ---- the area of FXSAVE and XSAVE in a segment ---- */

struct area_case {
    u32 sel, at, mask;
    u8  code[3]; /* its ModRM names [EBX] */
    bool ok;
};

#define FXSAVE { 0x0f, 0xae, 0x03 }
#define XSAVE  { 0x0f, 0xae, 0x23 }
#define XRSTOR { 0x0f, 0xae, 0x2b }
#define RODOWN S_GATE16 /* made an expand-down segment that is not writable */

/* XSTATE_BV of the areas at 0xd80 and at 0xdc0. */
static void put_headers(struct rig *r)
{
    for (u32 i = 0; i < 0x80; i += 8)
        put(r, 0xf80 + i, 0, 8);
    put(r, 0xf80, 7, 8);
    put(r, 0xfc0, 3, 8);
    put(r, 0xd80 + 24, 0x1f80, 4);
    put(r, 0xdc0 + 24, 0x1f80, 4);
}

static void test_save_limits(void **state)
{
    (void)state;
    static const struct area_case cases[] = {
        { S_SMALL, 0xe00, 0, FXSAVE, true }, { S_SMALL, 0xe10, 0, FXSAVE, false },
        { S_SMALL, 0xdc0, 3, XSAVE, true }, { S_SMALL, 0xe00, 3, XSAVE, false },
        { S_SMALL, 0xd40, 7, XSAVE, true }, { S_SMALL, 0xd80, 7, XSAVE, false },
        { S_SMALL, 0xd80, 3, XRSTOR, true }, { S_SMALL, 0xd80, 7, XRSTOR, false },
        { S_SMALL, 0xdc0, 7, XRSTOR, true }, /* AVX is not in the header: not read */
        { S_DOWN, DATA, 0, FXSAVE, true }, { S_DOWN, 0xffffff00, 0, FXSAVE, false },
        { RODOWN, DATA, 3, XSAVE, false }, { S_DATA, DATA, 7, XSAVE, true },
    };
    for (u32 i = 0; i < COUNT(cases); i++) {
        const struct area_case *c = &cases[i];
        struct rig r;
        rig32(&r, 0);
        set_desc(&r, RODOWN, descriptor(0, 0xfff, 0x4094));
        put_headers(&r);
        r.s->cr4 |= X86_CR4_OSFXSR | X86_CR4_OSXSAVE;
        r.s->xcr0 = 7;
        r.s->gpr[X86_RAX] = c->mask;
        r.s->gpr[X86_RBX] = c->at;
        force_seg(&r, X86_DS, c->sel);
        run_bytes(&r, 1, c->code, 3);
        if (c->ok ? r.v->s.pc != CODE + 3 : r.v->s.pc != HANDLER(X86_GP))
            fail_msg("case %u: at %#llx", i, (unsigned long long)r.v->s.pc);
        rig_free(&r);
    }
}

/* ---- x87 errors without CR0.NE ---- */

struct pins {
    u64  ferr, rises;
    bool ignne;
};

struct ferr_rig {
    struct rig         rig;
    struct sysreg_port port;
    struct pins        pins;
};

static u64 pins_read(void *opaque, u32 id)
{
    return id == SYSREG_X86_INTACK ? 0x75 : ((struct pins *)opaque)->ignne;
}

static void pins_write(void *opaque, u32 id, u64 val)
{
    struct pins *p = opaque;
    assert_int_equal(id, SYSREG_X86_FERR);
    p->rises += val && !p->ferr;
    p->ferr = val;
    p->ignne &= val;
}

static int ferr_begin(void **state)
{
    struct ferr_rig *f = calloc(1, sizeof *f);
    assert_non_null(f);
    *state = f;
    f->port = (struct sysreg_port){ .opaque = &f->pins, .read = pins_read, .write = pins_write };
    rig32(&f->rig, 0);
    f->rig.v->ports[SYSREG_X86_FERR] = f->rig.v->ports[SYSREG_X86_INTACK] = &f->port;
    f->rig.s->cr0 &= ~(u64)X86_CR0_NE;
    f->rig.s->fcw = 0x37b; /* ZE is not masked */
    f->rig.s->ftw = 0;
    return 0;
}

static int ferr_end(void **state)
{
    struct ferr_rig *f = *state;
    rig_free(&f->rig);
    free(f);
    return 0;
}

static void test_ferr(void **state)
{
    struct ferr_rig *f = *state;
    struct rig *r = &f->rig;
    /* FLD1; FLDZ; FDIVP; NOP; FLD1 */
    RUN(r, 5, 0xd9, 0xe8, 0xd9, 0xee, 0xde, 0xf9, 0x90, 0xd9, 0xe8, 0x90);
    assert_true(r->v->s.halted);
    assert_int_equal(r->v->s.pc, CODE + 7);
    assert_int_equal(f->pins.rises, 1);
    assert_false(x86_wakes(r->v));
    r->v->irq |= VCPU_IRQ;
    r->s->eflags |= X86_FL_IF;
    assert_true(x86_interrupt(r->v));
    assert_int_equal(r->v->s.pc, HANDLER(0x75));
    assert_int_equal(stacked(r, 0, 4), CODE + 7);
    r->v->irq = 0;
    RUN(r, 2, 0xcf); /* nobody saw to the error: again, without another edge */
    assert_true(r->v->s.halted);
    assert_int_equal(f->pins.rises, 1);
    r->v->s.halted = 0;
    f->pins.ignne = true;
    step(r, 1);
    assert_int_equal(r->v->s.pc, CODE + 9);
    assert_false(r->v->s.halted);
    /* FNCLEX; FLD1; FLDZ; FDIVP; FWAIT: IGNNE# went with the first error */
    RUN(r, 5, 0xdb, 0xe2, 0xd9, 0xe8, 0xd9, 0xee, 0xde, 0xf9, 0x9b, 0x90);
    assert_true(r->v->s.halted);
    assert_int_equal(r->v->s.pc, CODE + 17);
    assert_int_equal(f->pins.rises, 2);
}

/* An environment brings an error with it; one that is pending stays the same error. */
static void test_ferr_loaded(void **state)
{
    struct ferr_rig *f = *state;
    struct rig *r = &f->rig;
    r->s->fsw = 0x8084;
    r->s->gpr[X86_RBX] = DATA;
    RUN(r, 1, 0x9b);
    assert_int_equal(f->pins.rises, 1);
    r->v->s.halted = 0;
    r->v->s.pc++;
    RUN(r, 2, 0xd9, 0x33, 0x90); /* FNSTENV [EBX] masks all; NOP */
    assert_int_equal(r->s->fsw & 0x80, 0);
    RUN(r, 2, 0xd9, 0x23, 0x9b); /* FLDENV [EBX]; FWAIT */
    assert_true(r->v->s.halted);
    assert_int_equal(f->pins.rises, 2);
    r->v->s.halted = 0;
    f->pins.ignne = true;
    RUN(r, 1, 0x9b);
    r->v->s.pc = CODE;
    RUN(r, 2, 0xd9, 0x23, 0x9b);
    assert_false(r->v->s.halted);
    assert_int_equal(f->pins.rises, 2);
}

/* Interrupts are not held off while the processor waits; without a board the error is passed over. */
static void test_ferr_shadow(void **state)
{
    struct ferr_rig *f = *state;
    struct rig *r = &f->rig;
    r->s->fsw = 0x8084;
    r->v->irq |= VCPU_IRQ;
    RUN(r, 2, 0xfb, 0x9b, 0x90); /* STI; FWAIT */
    assert_true(r->v->s.halted);
    assert_true(x86_interrupt(r->v));
    assert_int_equal(stacked(r, 0, 4), CODE + 1);
    enter32(r, 0);
    r->v->ports[SYSREG_X86_FERR] = NULL;
    r->v->irq = 0;
    RUN(r, 2, 0x9b, 0x90);
    assert_int_equal(r->v->s.pc, CODE + 2);
}

/* ---- DEBUGCTL.BTF ---- */

static void test_step_branches(void **state)
{
    (void)state;
    static const struct { u8 code[4]; u8 len, insns, to; } cases[] = {
        { { 0x90, 0x90, 0xeb, 0x00 }, 4, 3, 4 },  /* NOP; NOP; JMP */
        { { 0x90, 0x75, 0x00, 0x90 }, 4, 2, 3 },  /* JNE, taken */
        { { 0x74, 0x01, 0xe2, 0x00 }, 4, 2, 4 },  /* JE, not taken; LOOP */
        { { 0x90, 0xff, 0xe0, 0x90 }, 4, 2, 16 }, /* JMP EAX */
        { { 0xf3, 0xaa, 0xeb, 0x00 }, 4, 4, 4 },  /* REP STOSB, three times; JMP */
    };
    for (u32 i = 0; i < COUNT(cases); i++) {
        struct rig r;
        rig32(&r, 0);
        assert_true(x86_wrmsr(r.v, 0x1d9, 2));
        r.s->eflags |= X86_FL_TF;
        r.s->gpr[X86_RAX] = CODE + 16;
        r.s->gpr[X86_RCX] = 3;
        r.s->gpr[X86_RDI] = DATA;
        run_bytes(&r, cases[i].insns, cases[i].code, cases[i].len);
        assert_int_equal(r.v->s.pc, CODE + cases[i].to);
        step(&r, 1);
        expect_at(&r, X86_DB, CODE + cases[i].to);
        assert_int_equal(r.s->dr[6], 0xffff4ff0);
        assert_int_equal(r.s->debugctl, 0); /* one branch each time that it is set */
        rig_free(&r);
    }
}

/* ---- bits of descriptors that are code ---- */

/* A load at CODE of the descriptor behind it, whose bytes run next: `count` instructions. */
static void run_descriptor(struct rig *r, bool jit, u32 len, const u8 *load, const u8 desc[8], u32 count)
{
    put_code(r, CODE, load, len);
    put_code(r, CODE + len, desc, 8);
    put(r, CODE + len + 8, LOOP, 2);
    r->s->gdt_base = CODE + len - 8;
    r->s->gdt_limit = 0xf;
    r->s->gpr[X86_RAX] = 8;
    r->s->gpr[X86_RBX] = 0xb;
    r->s->gpr[X86_RDX] = 0xd;
    if (jit)
        use_baseline(r);
    run_on(r, 1 + count + MORE);
    assert_int_equal(r->v->s.pc, CODE + len + 8);
    if (jit)
        expect_compiled(r);
}

static void test_load_over_code(void **state)
{
    (void)state;
    static const u8 mov_ds[] = { 0x8e, 0xd8 }, ltr[] = { 0x0f, 0x00, 0xd8 };
    /* XCHG EAX, EDX, with the accessed bit XCHG EAX, EBX */
    static const u8 data[8] = { 0x90, 0x90, 0x90, 0x90, 0x90, 0x92, 0x90, 0x90 };
    /* MOV EBX, EAX, with the busy bit MOV EAX, EBX */
    static const u8 tss[8] = { 0x90, 0x90, 0x90, 0x90, 0x90, 0x89, 0xc3, 0x90 };
    for (u32 n = 0; n < 4; n++) {
        struct rig r;
        bool jit = n & 1;
        if (n & 2)
            rig64(&r, 0);
        else
            rig32(&r, 0);
        run_descriptor(&r, jit, sizeof mov_ds, mov_ds, data, 8);
        assert_int_equal(r.s->gpr[X86_RAX], 0xb);
        assert_int_equal(r.s->gpr[X86_RDX], 0xd);
        rig_free(&r);
        rig32(&r, 0);
        run_descriptor(&r, jit, sizeof ltr, ltr, tss, 7);
        assert_int_equal(r.s->gpr[X86_RAX], 0xb);
        assert_int_equal(r.s->gpr[X86_RBX], 0xb);
        rig_free(&r);
    }
}

/* ---- what is not written needs no right, what is not done no permission ---- */

static void test_arpl_rights(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 0);
    put(&r, PML4, 0x83, 4);              /* 4 MBytes one to one, */
    put(&r, PML4 + 4, 0x400000 | 0x81, 4); /* and another four that may not be written */
    put(&r, 0x400000, 3, 2);
    r.s->cr3 = PML4;
    r.s->cr4 = X86_CR4_PSE;
    assert_true(x86_set_cr(r.v, 0, r.s->cr0 | X86_CR0_PG | X86_CR0_WP));
    r.s->gpr[X86_RBX] = 0x400000;
    r.s->gpr[X86_RAX] = 2;
    RUN(&r, 1, 0x63, 0x03);
    assert_int_equal(r.v->s.pc, CODE + 2);
    put(&r, 0x400000, 1, 2);
    RUN(&r, 1, 0x63, 0x03);
    expect_at(&r, X86_PF, 3);
    enter32(&r, 0); /* a segment that is not writable: whatever there is */
    force_seg(&r, X86_DS, S_RODATA);
    put(&r, 0x400000, 3, 2);
    RUN(&r, 1, 0x63, 0x03);
    expect_at(&r, X86_GP, 0);
    rig_free(&r);
}

static void test_no_ports(void **state)
{
    (void)state;
    for (u32 n = 0; n < 4; n++) {
        struct rig r;
        rig32(&r, 3);
        for (u32 i = 0; i < 0x2000; i += 8)
            put(&r, TSS + 0x88 + i, ~0ull, 8);
        r.s->gpr[X86_RCX] = n & 1;
        r.s->gpr[X86_RDI] = r.s->gpr[X86_RSI] = DATA;
        RUN(&r, 1, 0xf3, n & 2 ? 0x6e : 0x6c);
        if (n & 1)
            expect_at(&r, X86_GP, 0);
        else
            assert_int_equal(r.v->s.pc, CODE + 2);
        rig_free(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_save_limits),
        cmocka_unit_test_setup_teardown(test_ferr, ferr_begin, ferr_end),
        cmocka_unit_test_setup_teardown(test_ferr_loaded, ferr_begin, ferr_end),
        cmocka_unit_test_setup_teardown(test_ferr_shadow, ferr_begin, ferr_end),
        cmocka_unit_test(test_step_branches),
        cmocka_unit_test(test_load_over_code),
        cmocka_unit_test(test_arpl_rights),
        cmocka_unit_test(test_no_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
