/*
 * x86_hostile_test.c - x86 system instructions on damaged descriptor tables, TSS and stacks: whatever comes of it,
 * the state is one that a processor can have; the sanitizers see the rest.
 */
#include "tests/unit/x86_system_rig.h"

#define ROUNDS 1500u

static const u8 code[][4] = {
    { 0xcd, 0x40 },       { 0xcd, 0x80 },       { 0xcf },             { 0x48, 0xcf },       { 0x66, 0xcf },
    { 0xcb },             { 0xca, 8, 0 },       { 0x8e, 0xd8 },       { 0x8e, 0xd0 },       { 0x8e, 0xe0 },
    { 0x0f, 0x00, 0xd0 }, { 0x0f, 0x00, 0xd8 }, { 0x0f, 0x02, 0xd8 }, { 0x0f, 0x03, 0xd8 }, { 0xff, 0x1b },
    { 0xff, 0x2b },       { 0x48, 0xff, 0x1b }, { 0x9d },             { 0x9c },             { 0x17 },
    { 0x1f },             { 0xfb },             { 0xfa },             { 0x0f, 0x0b },       { 0xcc },
    { 0xf1 },             { 0x0f, 0x05 },       { 0x0f, 0x07 },       { 0x48, 0x0f, 0x07 }, { 0x0f, 0x34 },
    { 0x0f, 0x35 },       { 0x0f, 0x22, 0xc0 }, { 0xf4 },             { 0x0f, 0x23, 0xf8 }, { 0x0f, 0x30 },
    { 0x0f, 0x01, 0xf8 }, { 0xe4, 0x60 },       { 0xf3, 0x6c },       { 0x6e },             { 0xc4, 0x0b },
    { 0x0f, 0xb2, 0x0b }, { 0x63, 0x03 },       { 0x0f, 0x01, 0x1b }, { 0x0f, 0x01, 0x03 },
};

static u64 seed = 88172645463325252ull;

static u32 rnd(u32 n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (u32)(seed >> 20) % n;
}

static u32 any_selector(void) { return 8 * rnd(40) | rnd(4); }

static void damage(struct rig *r, gpa at, u32 len, u32 count)
{
    for (u32 i = 0; i < count; i++)
        put(r, at + rnd(len), rnd(256), 1);
}

static void set_registers(struct rig *r)
{
    static const u8 regs[] = { X86_RAX, X86_RCX, X86_RDX, X86_RDI };
    for (u32 i = 0; i < COUNT(regs); i++)
        r->s->gpr[regs[i]] = rnd(4) ? any_selector() : rnd(~0u);
    r->s->gpr[X86_RBX] = DATA;
    r->s->gpr[X86_RSP] -= 128;
    for (u32 i = 0; i < 16; i++) {
        put(r, DATA + 2 * i, any_selector(), 2);
        put(r, r->s->gpr[X86_RSP] + 4 * i, rnd(2) ? any_selector() : rnd(0x237fff), 4);
    }
    r->s->eflags |= rnd(0x8000) & (rnd(4) ? X86_FL_IOPL : X86_FL_NT | X86_FL_TF | X86_FL_IF | X86_FL_IOPL);
}

static void enter_v86(struct rig *r)
{
    r->s->eflags = X86_FL_VM | rnd(4) << 12;
    r->s->cpl = 3;
    r->s->cr4 |= rnd(2) ? X86_CR4_VME : 0;
    for (u32 seg = X86_ES; seg <= X86_GS; seg++)
        x86_load_seg_real(r->v, seg, seg == X86_CS ? CODE >> 4 : rnd(0x2000));
}

static void make(struct rig *r, bool wide)
{
    (wide ? rig64 : rig32)(r, rnd(2) ? 3 : 0);
    damage(r, GDT + 8, GDT_END - 8, rnd(60));
    damage(r, IDT, 0x800, rnd(30));
    damage(r, TSS, 0x68, rnd(10));
    for (u32 at = 0; at < 0x68; at += 2)
        put(r, TSS_B + at, rnd(2) ? any_selector() : rnd(0x10000), 2);
    r->s->idt_limit = rnd(8) ? r->s->idt_limit : rnd(0x400);
    r->s->gdt_limit = rnd(8) ? r->s->gdt_limit : rnd(0x200);
    r->s->efer |= rnd(2) ? X86_EFER_SCE : 0;
    r->s->star = (u64)any_selector() << 48 | (u64)any_selector() << 32;
    r->s->sysenter_cs = any_selector();
    set_registers(r);
    if (!wide && !rnd(4))
        enter_v86(r);
}

static void put_any(struct rig *r)
{
    if (r->v->s.pc < RAM_SIZE - 4)
        put_code(r, r->v->s.pc, code[rnd(COUNT(code))], 4);
}

static void test_hostile(void **state)
{
    (void)state;
    u32 shut_down = 0;
    for (u32 i = 0; i < ROUNDS; i++) {
        struct rig r;
        struct err e;
        make(&r, i & 1);
        for (u32 k = 0; k < 4 && !atomic_load(&r.m->request); k++) {
            put_any(&r);
            step(&r, 1);
            if (!x86_state_desc.valid(r.s, &e))
                fail_msg("round %u: %s", i, e.msg);
        }
        shut_down += atomic_load(&r.m->request) == REQ_RESET;
        rig_free(&r);
    }
    assert_in_range(shut_down, ROUNDS / 20, ROUNDS / 2); /* most go on, but the damage is felt */
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_hostile) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
