/*
 * x86_system_rig.h - descriptor tables, TSS, stacks and modes for the tests of the x86 system instructions, which run
 * on the interpreter one by one.
 */
#pragma once
#include "backend/jit/jit.h"
#include "frontend/x86/desc.h"
#include "tests/unit/x86_cpu_rig.h"

#define GDT     0x1000u
#define IDT     0x2000u
#define TSS     0x3000u
#define LDT     0x4000u
#define TSS_B   0x5000u   /* of another task */
#define TSS16   0x6000u
#define CODE    0x10000u
#define STACK0  0x20000u  /* tops of stacks */
#define STACK1  0x24000u
#define STACK3  0x28000u
#define IST1    0x2c000u
#define HANDLER(n) (0x40000u + 16 * (n))
#define DATA    0x50000u
#define PML4    0x8000u

/* Selectors of the GDT. */
enum {
    S_CODE = 0x08,
    S_DATA = 0x10,
    S_UCODE = 0x18 | 3,
    S_UDATA = 0x20 | 3,
    S_TSS = 0x28,
    S_CODE16 = 0x30,
    S_DATA16 = 0x38,
    S_CODE64 = 0x40,
    S_CONFORM = 0x48,
    S_LDT = 0x50,
    S_TSS_B = 0x58,
    S_GATE = 0x60,
    S_TASKGATE = 0x68,
    S_ABSENT = 0x70,
    S_UCODE64 = 0x78 | 3,
    S_TSS16 = 0x80,
    S_DOWN = 0x88,
    S_CODE1 = 0x90 | 1,
    S_DATA1 = 0x98 | 1,
    S_RODATA = 0xa0,
    S_XONLY = 0xa8,
    S_SMALL = 0xb0,
    S_GATE_ABSENT = 0xb8,
    S_GATE16 = 0xc0,
    S_GATE1 = 0xc8,
    S_SYSCODE = 0xd0,
    S_SYSDATA = 0xd8,
    S_SYSUCODE = 0xe0,
    S_SYSUDATA = 0xe8,
    S_SYSUCODE64 = 0xf0,
    S_LTSS = 0x100,
    S_LGATE = 0x110,
    GDT_END = 0x120
};

static inline u64 descriptor(u32 base, u32 limit, u32 attr) /* attr as in seg_attr, limit in units of G */
{
    return (limit & 0xffff) | (u64)(base & 0xffffff) << 16 | (u64)(attr & 0xf0ff) << 40
           | (u64)(limit >> 16 & 15) << 48 | (u64)(base >> 24) << 56;
}
static inline u64 gate(u32 sel, u32 off, u32 type, u32 dpl, u32 params)
{
    return (off & 0xffff) | (u64)sel << 16 | (u64)params << 32 | (u64)(0x80 | dpl << 5 | type) << 40
           | (u64)(off >> 16) << 48;
}

#define FLAT(type) 0, 0xfffff, 0xc090 | (type)
#define DPL(n) ((n) << 5)

static inline void set_desc(struct rig *r, u32 sel, u64 d) { put(r, GDT + (sel & ~7u), d, 8); }
static inline void set_idt(struct rig *r, u32 n, u64 d) { put(r, IDT + 8 * n, d, 8); }

static inline void make_gdt(struct rig *r)
{
    set_desc(r, S_CODE, descriptor(FLAT(0xa)));
    set_desc(r, S_DATA, descriptor(FLAT(2)));
    set_desc(r, S_UCODE, descriptor(FLAT(0xa | DPL(3))));
    set_desc(r, S_UDATA, descriptor(FLAT(2 | DPL(3))));
    set_desc(r, S_TSS, descriptor(TSS, 0x2067, 0x89));
    set_desc(r, S_CODE16, descriptor(0, 0xffff, 0x9a));
    set_desc(r, S_DATA16, descriptor(0, 0xffff, 0x92));
    set_desc(r, S_CODE64, descriptor(0, 0xfffff, 0xa09a));
    set_desc(r, S_CONFORM, descriptor(FLAT(0xe)));
    set_desc(r, S_LDT, descriptor(LDT, 0x17, 0x82));
    set_desc(r, S_TSS_B, descriptor(TSS_B, 0x67, 0x89));
    set_desc(r, S_GATE, gate(S_CODE, HANDLER(0x100), 0xc, 3, 2));
    set_desc(r, S_TASKGATE, gate(S_TSS_B, 0, 5, 3, 0));
    set_desc(r, S_ABSENT, descriptor(0, 0xfffff, 0xc012));
    set_desc(r, S_UCODE64, descriptor(0, 0xfffff, 0xa0fa));
    set_desc(r, S_TSS16, descriptor(TSS16, 0x2b, 0x81));
    set_desc(r, S_DOWN, descriptor(0, 0xfff, 0x4096));
    set_desc(r, S_CODE1, descriptor(FLAT(0xa | DPL(1))));
    set_desc(r, S_DATA1, descriptor(FLAT(2 | DPL(1))));
    set_desc(r, S_RODATA, descriptor(FLAT(0)));
    set_desc(r, S_XONLY, descriptor(FLAT(8)));
    set_desc(r, S_SMALL, descriptor(0, 0xfff, 0x4092));
    set_desc(r, S_GATE_ABSENT, gate(S_CODE, HANDLER(0x100), 0xc, 3, 2) & ~(0x80ull << 40));
    set_desc(r, S_GATE16, gate(S_CODE, 0x1234, 4, 3, 1));
    set_desc(r, S_GATE1, gate(S_CODE1, HANDLER(0x101), 0xc, 3, 0));
    set_desc(r, S_LTSS, descriptor(TSS, 0x67, 0x89));
    set_desc(r, S_LGATE, gate(S_CODE64, HANDLER(0x102), 0xc, 3, 0));
}

/* Every vector has a 32-bit interrupt gate that only level 0 may name, but 0x80: level 3. */
static inline void make_idt(struct rig *r)
{
    for (u32 n = 0; n < 256; n++)
        set_idt(r, n, gate(S_CODE, HANDLER(n), 14, n == 0x80 ? 3 : 0, 0));
}

static inline void make_tss(struct rig *r)
{
    put(r, TSS + 4, STACK0, 4);
    put(r, TSS + 8, S_DATA, 4);
    put(r, TSS + 0xc, STACK1, 4);
    put(r, TSS + 0x10, S_DATA1, 4);
    put(r, TSS + 0x66, 0x88, 2); /* I/O bitmap, 32 bytes of redirection in front */
    for (u32 i = 0; i < 0x2000; i += 8)
        put(r, TSS + 0x88 + i, 0, 8);
}

/* A segment register without any checks. */
static inline void force_seg(struct rig *r, u32 seg, u32 sel)
{
    struct x86_desc d;
    if (!(sel & ~3u)) {
        x86_seg_put_null(r->v, seg, sel);
        return;
    }
    assert_true(x86_desc_get(r->v, sel, X86_GP, &d));
    x86_seg_put(r->v, seg, sel, &d);
}

static inline void set_stack(struct rig *r, u32 sel, u64 sp)
{
    force_seg(r, X86_SS, sel);
    r->s->gpr[X86_RSP] = sp;
}

/* Flat 32-bit protected mode at level 0 or 3. */
static inline void enter32(struct rig *r, u32 cpl)
{
    u32 data = cpl ? S_UDATA : S_DATA;
    force_seg(r, X86_CS, cpl ? S_UCODE : S_CODE);
    for (u32 seg = X86_ES; seg <= X86_GS; seg++)
        if (seg != X86_CS)
            force_seg(r, seg, data);
    r->s->gpr[X86_RSP] = cpl ? STACK3 : STACK0;
    r->s->cpl = (u8)cpl;
    r->s->eflags = 0;
    r->v->s.pc = CODE;
}

static inline void rig32(struct rig *r, u32 cpl)
{
    rig_init(r, "max");
    make_gdt(r);
    make_idt(r);
    make_tss(r);
    r->s->gdt_base = GDT;
    r->s->gdt_limit = GDT_END - 1;
    r->s->idt_base = IDT;
    r->s->idt_limit = 0x7ff;
    r->s->cr0 = X86_CR0_PE | X86_CR0_ET | X86_CR0_NE;
    force_seg(r, X86_TR, S_TSS);
    r->s->seg_attr[X86_TR] |= 2;
    put(r, GDT + S_TSS + 5, 0x8b, 1);
    x86_mmu_select(r->v);
    enter32(r, cpl);
}

/* ---- 64-bit mode: everything mapped one to one, for users too ---- */

static inline void idt64(struct rig *r, u32 n, u32 sel, u32 type, u32 dpl, u32 ist)
{
    put(r, IDT + 16 * n, gate(sel, HANDLER(n), type, dpl, ist), 8);
    put(r, IDT + 16 * n + 8, 0, 8);
}

static inline void enter64(struct rig *r, u32 cpl)
{
    enter32(r, cpl);
    force_seg(r, X86_CS, cpl ? S_UCODE64 : S_CODE64);
}

static inline void rig64(struct rig *r, u32 cpl)
{
    rig32(r, 0);
    put(r, PML4, (PML4 + 0x1000) | 7, 8);
    put(r, PML4 + 0x1000, (PML4 + 0x2000) | 7, 8);
    for (u32 i = 0; i < 8; i++)
        put(r, PML4 + 0x2000 + 8 * i, i << 21 | 0x87, 8);
    for (u32 n = 0; n < 64; n++)
        idt64(r, n, S_CODE64, 14, n == 32 ? 3 : 0, 0);
    r->s->idt_limit = 64 * 16 - 1;
    r->s->cr4 = X86_CR4_PAE;
    r->s->cr3 = PML4;
    r->s->efer = X86_EFER_LME;
    assert_true(x86_set_cr(r->v, 0, r->s->cr0 | X86_CR0_PG));
    put(r, TSS + 4, STACK0, 8);
    put(r, TSS + 0xc, STACK1, 8);
    put(r, TSS + 0x24, IST1, 8);
    set_desc(r, S_LTSS, descriptor(TSS, 0x67, 0x8b));
    put(r, GDT + S_LTSS + 8, 0, 8);
    force_seg(r, X86_TR, S_LTSS);
    enter64(r, cpl);
}

/* ---- running ---- */

static inline void put_code(struct rig *r, gpa at, const u8 *bytes, u32 count)
{
    assert_true(physmap_write(&r->m->map, at, bytes, count));
}

static inline void step(struct rig *r, u32 count)
{
    u64 end = r->v->s.icount + count;
    while (r->v->s.icount < end && !r->v->s.halted)
        interp_engine.run(r->v, end - r->v->s.icount);
}

/* From here on the baseline engine. */
static inline void use_baseline(struct rig *r)
{
    struct err e;
    r->v->engine->detach(r->v);
    r->v->engine = &baseline_engine;
    assert_true(baseline_engine.attach(r->v, &e));
}

/* On whichever engine it is, halted or not. */
static inline void run_on(struct rig *r, u32 count)
{
    u64 end = r->v->s.icount + count;
    while (r->v->s.icount < end)
        r->v->engine->run(r->v, end - r->v->s.icount);
}

/* Code that is to be compiled ends in a loop and has MORE instructions to run than it needs: a block longer than what
 * is left is not entered. */
#define LOOP 0xfeeb /* JMP to itself */
#define MORE 12
static inline void expect_compiled(struct rig *r)
{
    const struct jit *j = r->v->engine_data;
    assert_in_range(j->stats.interp_insns, 0, r->v->s.icount - MORE / 2);
}

/* Puts the bytes at the pc and runs `count` instructions there. */
static inline void run_bytes(struct rig *r, u32 count, const u8 *bytes, u32 n)
{
    put_code(r, r->v->s.pc, bytes, n);
    step(r, count);
}
#define RUN(r, count, ...) \
    run_bytes(r, count, (const u8[]){ __VA_ARGS__ }, (u32)sizeof((const u8[]){ __VA_ARGS__ }))

/* The n-th value of `size` bytes from the stack's top on. */
static inline u64 stacked(struct rig *r, u32 n, u32 size) { return peek(r, r->s->gpr[X86_RSP] + n * size, size); }

/* At the handler of a vector, whose frame of 32-bit values begins with `code` if it is not ~0. */
static inline void expect_at(struct rig *r, u32 vector, u32 code)
{
    assert_int_equal(r->v->s.pc, HANDLER(vector));
    if (code != ~0u)
        assert_int_equal(stacked(r, 0, 4), code);
}
