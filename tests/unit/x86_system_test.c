/*
 * x86_system_test.c - debug registers, single step, I/O, flags with privilege, system registers of the x86 frontend
 * (SDM volume 3, chapter 17; volume 1, 19.5; volume 2).
 */
#include "tests/unit/x86_system_rig.h"

/* ---- debug ---- */

static void test_single_step(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 0);
    r.s->eflags |= X86_FL_TF;
    RUN(&r, 1, 0x90, 0x90);
    assert_int_equal(r.v->s.pc, CODE + 1);
    step(&r, 1);
    expect_at(&r, X86_DB, CODE + 1);
    assert_int_equal(r.s->dr[6], 0xffff4ff0);
    assert_int_equal(stacked(&r, 2, 4), 0x102);
    RUN(&r, 1, 0xcf); /* IRET sets TF again: the trap comes behind the next instruction */
    assert_int_equal(r.v->s.pc, CODE + 1);
    assert_int_equal(r.s->db_hits, 0);
    step(&r, 2);
    expect_at(&r, X86_DB, CODE + 2);
    enter32(&r, 0); /* POPF that sets TF */
    r.s->gpr[X86_RSP] -= 4;
    put(&r, STACK0 - 4, 0x102, 4);
    RUN(&r, 2, 0x9d, 0x90, 0x90);
    assert_int_equal(r.v->s.pc, CODE + 2);
    step(&r, 1);
    expect_at(&r, X86_DB, CODE + 2);
    rig_free(&r);
}

/* A repeated string instruction traps after each iteration, with RIP on it but for the last. */
static void test_step_string(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 0);
    r.s->gpr[X86_RCX] = 2;
    r.s->gpr[X86_RDI] = DATA;
    r.s->eflags |= X86_FL_TF;
    RUN(&r, 2, 0xf3, 0xaa);
    expect_at(&r, X86_DB, CODE);
    assert_int_equal(r.s->gpr[X86_RCX], 1);
    RUN(&r, 3, 0xcf);
    expect_at(&r, X86_DB, CODE + 2);
    rig_free(&r);
}

static void test_mov_ss(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 0);
    r.s->dr[0] = DATA;
    r.s->dr[7] = 0x400 | 1 | 0xfu << 16; /* 4 bytes, reads and writes */
    r.s->gpr[X86_RAX] = S_DATA;
    put(&r, DATA, S_DATA, 4);
    RUN(&r, 1, 0x8e, 0x15, 0x00, 0x00, 0x05, 0x00, 0x90, 0x90); /* MOV SS, [DATA]; NOP */
    assert_int_equal(r.v->s.pc, CODE + 6);
    assert_int_equal(r.s->db_hits, 1);
    step(&r, 1);
    assert_int_equal(r.v->s.pc, CODE + 7);
    step(&r, 1);
    expect_at(&r, X86_DB, CODE + 7);
    assert_int_equal(r.s->dr[6], 0xffff0ff1);
    rig_free(&r);
}

struct watch_case {
    u32 rw_len, at;   /* DR7 bits of breakpoint 0, DR0 */
    u32 addr, size;
    bool write, hit;
};

static void test_watch(void **state)
{
    (void)state;
    static const struct watch_case cases[] = {
        { 1, DATA, DATA, 1, true, true },       { 1, DATA, DATA, 1, false, false },
        { 3, DATA, DATA, 1, false, true },      { 0xf, DATA + 1, DATA, 1, true, true },
        { 0xf, DATA, DATA + 3, 1, true, true }, { 0xf, DATA, DATA + 4, 1, true, false },
        { 0xf, DATA, DATA - 3, 4, true, true }, { 0xf, DATA, DATA - 4, 4, true, false },
        { 0xb, DATA, DATA + 7, 1, true, true }, { 7, DATA, DATA + 2, 2, true, false },
        { 3, DATA + 1, DATA, 4, false, true },  { 0, DATA, DATA, 4, true, false },
        { 2, DATA, DATA, 1, true, false },
    };
    struct rig r;
    rig32(&r, 0);
    for (u32 i = 0; i < COUNT(cases); i++) {
        const struct watch_case *c = &cases[i];
        r.s->dr[0] = c->at;
        r.s->dr[7] = 0x402 | c->rw_len << 16;
        r.s->db_hits = 0;
        x86_watch(r.v, c->addr, c->size, c->write);
        assert_int_equal(r.s->db_hits, c->hit);
    }
    r.s->db_hits = 0;
    r.s->dr[7] = 0x400 | 0xf0000; /* off */
    x86_watch(r.v, DATA, 4, true);
    assert_int_equal(r.s->db_hits, 0);
    rig_free(&r);
}

static void test_data_breakpoint(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 0);
    r.s->dr[1] = DATA;
    r.s->dr[7] = 0x400 | 4 | 0xdu << 20; /* writes, 4 bytes */
    r.s->gpr[X86_RBX] = DATA;
    RUN(&r, 3, 0x8b, 0x03, 0x88, 0x43, 0x03, 0x90); /* MOV EAX, [EBX]; MOV [EBX + 3], AL; NOP */
    expect_at(&r, X86_DB, CODE + 5);
    assert_int_equal(r.s->dr[6], 0xffff0ff2);
    assert_int_equal(stacked(&r, 2, 4), 2);
    rig_free(&r);
}

static void test_instruction_breakpoint(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 0);
    r.s->dr[2] = CODE + 1;
    r.s->dr[7] = 0x400 | 0x20;
    RUN(&r, 2, 0x90, 0x40, 0x90); /* NOP; INC EAX */
    expect_at(&r, X86_DB, CODE + 1);
    assert_int_equal(r.s->dr[6], 0xffff0ff4);
    assert_int_equal(stacked(&r, 2, 4), 2);
    assert_int_equal(r.s->gpr[X86_RAX], 0);
    put(&r, r.s->gpr[X86_RSP] + 8, 0x10002, 4); /* RF: go on */
    RUN(&r, 2, 0xcf);
    assert_int_equal(r.v->s.pc, CODE + 2);
    assert_int_equal(r.s->gpr[X86_RAX], 1);
    assert_int_equal(x86_flags(r.v) & X86_FL_RF, 0);
    r.v->s.pc = CODE + 1;
    step(&r, 1);
    expect_at(&r, X86_DB, CODE + 1);
    rig_free(&r);
}

static void test_debug_registers(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 0);
    r.s->gpr[X86_RAX] = 0xffffffff;
    /* MOV DR6, EAX; MOV ECX, DR6; MOV DR5, EAX; MOV EDX, DR7 */
    RUN(&r, 4, 0x0f, 0x23, 0xf0, 0x0f, 0x21, 0xf1, 0x0f, 0x23, 0xe8, 0x0f, 0x21, 0xfa);
    assert_int_equal(r.s->gpr[X86_RCX], 0xffffefff);
    expect_at(&r, X86_DB, CODE + 9); /* GD */
    assert_int_equal(r.s->dr[6], 0xffffefff);
    assert_int_equal(r.s->dr[7], 0xffff07ff);
    assert_int_equal(stacked(&r, 2, 4), 0x10002);
    r.s->dr[7] = 0x400;
    enter32(&r, 0);
    r.s->cr4 |= X86_CR4_DE;
    RUN(&r, 1, 0x0f, 0x21, 0xe0);
    expect_at(&r, X86_UD, CODE);
    enter32(&r, 3);
    RUN(&r, 1, 0x0f, 0x21, 0xc0);
    expect_at(&r, X86_GP, 0);
    rig_free(&r);
    rig64(&r, 0);
    r.s->gpr[X86_RAX] = 1ull << 32;
    RUN(&r, 1, 0x0f, 0x23, 0xf8);
    assert_int_equal(r.v->s.pc, HANDLER(X86_GP));
    rig_free(&r);
}

/* ---- I/O ---- */

struct device {
    u32 count, last;
};

static u64 device_read(void *opaque, u64 off, u32 size)
{
    struct device *d = opaque;
    return off << 8 | size << 4 | d->count++;
}

static void device_write(void *opaque, u64 off, u64 val, u32 size)
{
    struct device *d = opaque;
    d->last = (u32)(val | off << 24 | (u64)size << 28);
}

static const struct mmio_ops device_ops = { .read = device_read, .write = device_write };

static void test_ports(void **state)
{
    (void)state;
    struct rig r;
    struct device d = { 0 };
    rig32(&r, 0);
    assert_true(iobus_map(&r.m->io, 0x60, 8, &device_ops, &d, "device"));
    r.s->gpr[X86_RAX] = 0xaabbccdd;
    r.s->gpr[X86_RDX] = 0x12340061;
    RUN(&r, 1, 0xe6, 0x64); /* OUT 64, AL */
    assert_int_equal(d.last, 0x140000dd);
    RUN(&r, 1, 0xec); /* IN AL, DX */
    assert_int_equal(r.s->gpr[X86_RAX], 0xaabbcc10);
    d.count = 5;
    RUN(&r, 1, 0x66, 0xed); /* IN AX, DX */
    assert_int_equal(r.s->gpr[X86_RAX], 0xaabb0125);
    r.s->gpr[X86_RDX] = 0x70;
    RUN(&r, 1, 0xed); /* nobody */
    assert_int_equal(r.s->gpr[X86_RAX], 0xffffffff);
    rig_free(&r);
}

static void test_port_strings(void **state)
{
    (void)state;
    struct rig r;
    struct device d = { 0 };
    rig32(&r, 0);
    assert_true(iobus_map(&r.m->io, 0x60, 8, &device_ops, &d, "device"));
    r.s->gpr[X86_RDX] = 0x62;
    r.s->gpr[X86_RDI] = DATA;
    r.s->gpr[X86_RCX] = 3;
    RUN(&r, 3, 0xf3, 0x66, 0x6d); /* REP INSW */
    assert_int_equal(r.v->s.pc, CODE + 3);
    assert_int_equal(peek(&r, DATA, 8), 0x022202210220);
    assert_int_equal(r.s->gpr[X86_RDI], DATA + 6);
    assert_int_equal(r.s->gpr[X86_RCX], 0);
    r.s->gpr[X86_RSI] = DATA + 2;
    r.s->df = 1;
    RUN(&r, 1, 0x6e); /* OUTSB */
    assert_int_equal(d.last, 0x12000021);
    assert_int_equal(r.s->gpr[X86_RSI], DATA + 1);
    r.s->df = 0;
    r.s->seg_limit[X86_ES] = 0x100; /* the port is not read when memory refuses */
    d.count = 0;
    RUN(&r, 1, 0x6c);
    expect_at(&r, X86_GP, 0);
    assert_int_equal(d.count, 0);
    rig_free(&r);
}

static void test_port_permission(void **state)
{
    (void)state;
    static const struct { u32 bits, port, size, iopl; bool ok;
    } cases[] = {
        /* bits: of ports 0x60 to 0x7f */
        { 0, 0x60, 4, 0, true },           { 1, 0x60, 1, 0, false },    { 2, 0x60, 1, 0, true },
        { 2, 0x60, 2, 0, false },          { 0x100, 0x67, 1, 0, true }, { 0x100, 0x67, 2, 0, false },
        { 0x80000000, 0x7e, 2, 0, false }, { ~0u, 0x60, 4, 3, true },   { 0, 0xffff, 1, 0, false },
    };
    struct rig r;
    rig32(&r, 3);
    for (u32 i = 0; i < COUNT(cases); i++) {
        put(&r, TSS + 0x88 + 0xc, cases[i].bits, 4);
        r.s->eflags = cases[i].iopl << 12;
        assert_int_equal(x86_io_allowed(r.v, cases[i].port, cases[i].size), cases[i].ok);
    }
    r.s->seg_limit[X86_TR] = 0x88 + 0xc; /* the second byte that is read lies beyond */
    assert_false(x86_io_allowed(r.v, 0x60, 1));
    assert_true(x86_io_allowed(r.v, 0x58, 1));
    r.s->eflags = 0;
    RUN(&r, 1, 0xe4, 0x60);
    expect_at(&r, X86_GP, 0);
    rig_free(&r);
}

static void test_io_breakpoint(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 0);
    r.s->cr4 |= X86_CR4_DE;
    r.s->dr[0] = 0x80;
    r.s->dr[7] = 0x400 | 1 | 2u << 16;
    RUN(&r, 2, 0xe6, 0x81, 0xe6, 0x80, 0x90);
    assert_int_equal(r.v->s.pc, CODE + 4);
    step(&r, 1);
    expect_at(&r, X86_DB, CODE + 4);
    assert_int_equal(r.s->dr[6], 0xffff0ff1);
    rig_free(&r);
}

/* ---- flags ---- */

static void test_popf(void **state)
{
    (void)state;
    static const struct { u32 cpl, iopl, size, was, val, now; } cases[] = {
        { 0, 0, 4, 0, 0x3f7fd5 & ~0x100u, 0x247ed7 },
        { 0, 3, 4, 0x3000, 0, 2 },
        { 3, 0, 4, 0x200, 0x7000, 0x4202 },
        { 3, 3, 4, 0x3000, 0x200, 0x3202 },
        { 3, 0, 2, 0x40000, 0xffff & ~0x100u, 0x44cd7 | 0x0002 },
    };
    for (u32 i = 0; i < COUNT(cases); i++) {
        struct rig r;
        rig32(&r, cases[i].cpl);
        x86_flags_set(r.v, cases[i].was, ~0u);
        u32 sp = (u32)r.s->gpr[X86_RSP] - cases[i].size;
        r.s->gpr[X86_RSP] = sp;
        put(&r, sp, cases[i].val, cases[i].size);
        if (cases[i].size == 4)
            RUN(&r, 1, 0x9d);
        else
            RUN(&r, 1, 0x66, 0x9d);
        assert_int_equal(x86_flags(r.v), cases[i].now);
        assert_int_equal(r.s->gpr[X86_RSP], sp + cases[i].size);
        r.s->gpr[X86_RSP] = sp;
        rig_free(&r);
    }
}

static void test_pushf(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 0);
    x86_flags_set(r.v, 0x254ed7, ~0u);
    RUN(&r, 1, 0x9c);
    assert_int_equal(stacked(&r, 0, 4), 0x244ed7); /* no RF */
    assert_int_equal(x86_flags(r.v), 0x244ed7);
    rig_free(&r);
}

static void test_cli(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 3);
    r.s->eflags = X86_FL_IF;
    RUN(&r, 1, 0xfa);
    expect_at(&r, X86_GP, 0);
    enter32(&r, 3);
    r.s->eflags = X86_FL_IF | X86_FL_IOPL;
    RUN(&r, 1, 0xfa);
    assert_int_equal(x86_flags(r.v), 0x3002);
    RUN(&r, 1, 0xfb);
    assert_int_equal(x86_flags(r.v), 0x3202);
    r.s->eflags = X86_FL_IF;
    r.s->cr4 |= X86_CR4_PVI;
    RUN(&r, 2, 0x90, 0xfb);
    assert_int_equal(x86_flags(r.v), 0x80202);
    RUN(&r, 1, 0xfa);
    assert_int_equal(x86_flags(r.v), 0x202);
    rig_free(&r);
}

/* ---- system registers ---- */

static void test_tables(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 0);
    r.s->gpr[X86_RBX] = DATA;
    RUN(&r, 1, 0x0f, 0x01, 0x03); /* SGDT [EBX] */
    assert_int_equal(peek(&r, DATA, 6), (u64)GDT << 16 | (GDT_END - 1));
    put(&r, DATA, 0x99887766554433, 8);
    RUN(&r, 1, 0x0f, 0x01, 0x1b); /* LIDT [EBX] */
    assert_int_equal(r.s->idt_limit, 0x4433);
    assert_int_equal(r.s->idt_base, 0x88776655);
    RUN(&r, 1, 0x66, 0x0f, 0x01, 0x1b);
    assert_int_equal(r.s->idt_base, 0x776655);
    rig_free(&r);
    rig64(&r, 0);
    r.s->gpr[X86_RBX] = DATA;
    put(&r, DATA + 2, 1ull << 47, 8);
    RUN(&r, 1, 0x0f, 0x01, 0x13);
    assert_int_equal(r.v->s.pc, HANDLER(X86_GP));
    rig_free(&r);
}

static void test_umip(void **state)
{
    (void)state;
    static const u8 code[][3] = {
        { 0x0f, 0x01, 0x03 }, { 0x0f, 0x01, 0x0b }, { 0x0f, 0x00, 0xc0 }, { 0x0f, 0x00, 0xc8 }, { 0x0f, 0x01, 0xe0 }
    };
    for (u32 i = 0; i < 2 * COUNT(code); i++) {
        struct rig r;
        bool umip = i & 1;
        rig32(&r, 3);
        r.s->gpr[X86_RBX] = DATA;
        r.s->cr4 |= umip ? X86_CR4_UMIP : 0;
        run_bytes(&r, 1, code[i / 2], 3);
        assert_int_equal(r.v->s.pc, umip ? HANDLER(X86_GP) : CODE + 3);
        rig_free(&r);
    }
}

static void test_control_registers(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 0);
    r.s->gpr[X86_RAX] = 0xe;
    RUN(&r, 3, 0x0f, 0x01, 0xf0, 0x0f, 0x20, 0xc3, 0x0f, 0x06); /* LMSW AX; MOV EBX, CR0; CLTS */
    assert_int_equal(r.s->gpr[X86_RBX], 0x3f);
    assert_int_equal(r.s->cr0, 0x37);
    r.s->gpr[X86_RAX] = 0x20000001;
    RUN(&r, 1, 0x0f, 0x22, 0xc0); /* NW without CD */
    expect_at(&r, X86_GP, 0);
    enter32(&r, 3);
    RUN(&r, 1, 0x0f, 0x20, 0xc0);
    expect_at(&r, X86_GP, 0);
    enter32(&r, 3);
    r.s->cr4 |= X86_CR4_TSD;
    RUN(&r, 1, 0x0f, 0x31);
    expect_at(&r, X86_GP, 0);
    enter32(&r, 0);
    RUN(&r, 1, 0x0f, 0x31);
    assert_int_equal(r.v->s.pc, CODE + 2);
    rig_free(&r);
}

/* Into protected mode and back, with the segments of both. */
static void test_mode_switch(void **state)
{
    (void)state;
    struct rig r;
    rig32(&r, 0);
    r.s->cr0 &= ~(u64)X86_CR0_PE;
    x86_load_seg_real(r.v, X86_CS, CODE >> 4);
    r.s->seg_attr[X86_CS] &= ~(u32)X86_AT_DB;
    r.s->gpr[X86_RAX] = 0x31;
    RUN(&r, 2, 0x0f, 0x22, 0xc0, 0x66, 0xea, 0, 0, 5, 0, S_CODE, 0); /* MOV CR0, EAX; JMP dword CODE:DATA */
    assert_int_equal(r.v->s.pc, DATA);
    assert_true(r.s->seg_attr[X86_CS] & X86_AT_DB);
    r.s->gpr[X86_RAX] = S_DATA;
    RUN(&r, 1, 0x8e, 0xd8);
    r.s->gpr[X86_RAX] = 0x30;
    RUN(&r, 1, 0x0f, 0x22, 0xc0);
    RUN(&r, 1, 0x8e, 0xd8); /* DS in real mode: the limit stays */
    assert_int_equal(r.s->seg_limit[X86_DS], ~0u);
    assert_int_equal(r.s->seg_base[X86_DS], 0x300);
    rig_free(&r);
}

static void test_extended(void **state)
{
    (void)state;
    struct rig r;
    rig64(&r, 0);
    RUN(&r, 1, 0x0f, 0x01, 0xd0); /* XGETBV */
    assert_int_equal(r.v->s.pc, HANDLER(X86_UD));
    enter64(&r, 0);
    assert_true(x86_set_cr(r.v, 4, X86_CR4_PAE | X86_CR4_OSXSAVE | X86_CR4_FSGSBASE));
    r.s->gpr[X86_RAX] = 7;
    r.s->gpr[X86_RDX] = 0;
    RUN(&r, 2, 0x0f, 0x01, 0xd1, 0x0f, 0x01, 0xd0);
    assert_int_equal(r.s->xcr0, 7);
    assert_int_equal(r.s->gpr[X86_RAX], 7);
    r.s->gpr[X86_RAX] = 5;
    RUN(&r, 1, 0x0f, 0x01, 0xd1);
    assert_int_equal(r.v->s.pc, HANDLER(X86_GP));
    enter64(&r, 3);
    r.s->gpr[X86_RAX] = 0x1234567890;
    RUN(&r, 2, 0xf3, 0x48, 0x0f, 0xae, 0xd8, 0xf3, 0x48, 0x0f, 0xae, 0xcb); /* WRGSBASE RAX; RDGSBASE RBX */
    assert_int_equal(r.s->gpr[X86_RBX], 0x1234567890);
    RUN(&r, 1, 0x0f, 0x01, 0xf8); /* SWAPGS */
    assert_int_equal(r.v->s.pc, HANDLER(X86_GP));
    enter64(&r, 0);
    r.s->kernel_gs_base = 0x77;
    r.s->seg_base[X86_GS] = 0x88;
    RUN(&r, 1, 0x0f, 0x01, 0xf8);
    assert_int_equal(r.s->seg_base[X86_GS], 0x77);
    assert_int_equal(r.s->kernel_gs_base, 0x88);
    RUN(&r, 1, 0x0f, 0x01, 0xcb); /* STAC */
    assert_int_equal(x86_flags(r.v), 0x40002);
    RUN(&r, 1, 0x0f, 0x01, 0xca);
    assert_int_equal(x86_flags(r.v), 2);
    rig_free(&r);
}

/* FXSAVE over what follows it: INC EAX, which was NOP, is the low byte of FCW. */
static void test_save_over_code(void **state)
{
    (void)state;
    struct rig r;
    u8 code[32] = { 0x0f, 0xae, 0x03 };
    memset(code + 3, 0x90, sizeof code - 3);
    rig32(&r, 0);
    r.s->gpr[X86_RBX] = CODE + 16;
    r.s->gpr[X86_RAX] = 7;
    r.s->fcw = 0x340;
    run_bytes(&r, 15, code, sizeof code);
    assert_int_equal(r.v->s.pc, CODE + 17);
    assert_int_equal(r.s->gpr[X86_RAX], 8);
    rig_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_save_over_code),
        cmocka_unit_test(test_single_step),
        cmocka_unit_test(test_step_string),
        cmocka_unit_test(test_mov_ss),
        cmocka_unit_test(test_watch),
        cmocka_unit_test(test_data_breakpoint),
        cmocka_unit_test(test_instruction_breakpoint),
        cmocka_unit_test(test_debug_registers),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_port_strings),
        cmocka_unit_test(test_port_permission),
        cmocka_unit_test(test_io_breakpoint),
        cmocka_unit_test(test_popf),
        cmocka_unit_test(test_pushf),
        cmocka_unit_test(test_cli),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_umip),
        cmocka_unit_test(test_control_registers),
        cmocka_unit_test(test_mode_switch),
        cmocka_unit_test(test_extended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
