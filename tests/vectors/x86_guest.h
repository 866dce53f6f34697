/*
 * x86_guest.h - one user instruction on a vCPU: the other side of x86_native.h.
 *
 * A machine with one processor of model `max`, paging on and one to one, user pages where the host has pages. Code
 * runs at level 3; what ends it goes through the IDT to a handler of level 0 that halts, and the frame there has the
 * rest of the registers. Selectors are those of the host.
 */
#pragma once
#include "backend/interp/interp.h"
#include "backend/jit/jit.h"
#include "tests/vectors/x86_native.h"

#define XG_SIZE    0x80000u
#define XG_SYSTEM  (XV_BASE + 0x40000u)
#define XG_GDT     XG_SYSTEM
#define XG_IDT     (XG_SYSTEM + 0x1000u)
#define XG_TSS     (XG_SYSTEM + 0x2000u)
#define XG_PML4    (XG_SYSTEM + 0x3000u) /* and three tables behind it */
#define XG_PD      (XG_SYSTEM + 0x7000u) /* of 32-bit paging; its table behind it */
#define XG_STACK   (XG_SYSTEM + 0xa000u) /* top */
#define XG_HANDLER (XG_SYSTEM + 0x10000u)

struct xv_guest {
    struct machine   *m;
    struct vcpu      *v;
    struct x86_state *s;
    const char       *name;
    u32               bits;  /* mode it was set up for: 32 or 64 */
};

static inline u64 guest_host_ns(void) { return 0; }

static inline bool guest_put(struct xv_guest *g, u32 at, u64 val, u32 size)
{
    return physmap_write(&g->m->map, at, &val, size);
}
static inline u64 guest_peek(struct xv_guest *g, u32 at, u32 size)
{
    u64 val = 0;
    return physmap_read(&g->m->map, at, &val, size) ? val : 0;
}

/* ---- tables ---- */

static inline bool guest_is_user(u32 at) { return at == XV_CODE || at == XV_DATA || at == XV_DATA + PAGE_SIZE; }

static inline void guest_put_paging(struct xv_guest *g)
{
    guest_put(g, XG_PML4, (XG_PML4 + 0x1000) | 7, 8);
    guest_put(g, XG_PML4 + 0x1000, (XG_PML4 + 0x2000) | 7, 8);
    guest_put(g, XG_PML4 + 0x2000 + 8 * (XV_BASE >> 21), (XG_PML4 + 0x3000) | 7, 8);
    guest_put(g, XG_PD + 4 * (XV_BASE >> 22), (XG_PD + 0x1000) | 7, 4);
    for (u32 at = XV_BASE; at < XV_BASE + XG_SIZE; at += PAGE_SIZE) {
        u32 rights = guest_is_user(at) ? 7 : at >= XG_SYSTEM ? 3 : 0;
        guest_put(g, XG_PML4 + 0x3000 + 8 * (at >> 12 & 511), rights ? at | rights : 0, 8);
        guest_put(g, XG_PD + 0x1000 + 4 * (at >> 12 & 1023), rights ? at | rights : 0, 4);
    }
}

/* A gate of 8 bytes, or of 16 in 64-bit mode; user code may name what Linux lets it name. */
static inline void guest_put_idt(struct xv_guest *g, u32 bits)
{
    u32 sel = bits == 64 ? 0x10 : 0x08;
    for (u32 n = 0; n < 256; n++) {
        u32 off = XG_HANDLER + 16 * n, dpl = n == 3 || n == 4 ? 3 : 0;
        u64 low = (off & 0xffff) | (u64)sel << 16 | (u64)(0x8e | dpl << 5) << 40 | (u64)(off >> 16) << 48;
        guest_put(g, XG_IDT + (bits == 64 ? 16 : 8) * n, low, 8);
        if (bits == 64)
            guest_put(g, XG_IDT + 16 * n + 8, 0, 8);
    }
}

static inline void guest_put_system(struct xv_guest *g, u32 bits)
{
    static const u8 hlt = 0xf4;
    guest_put(g, XG_GDT + 0x08, 0x00cf9b000000ffffull, 8);
    guest_put(g, XG_GDT + 0x10, 0x00af9b000000ffffull, 8);
    guest_put(g, XG_GDT + 0x18, 0x00cf93000000ffffull, 8);
    guest_put(g, XG_GDT + 0x20, 0x00cffb000000ffffull, 8);
    guest_put(g, XG_GDT + 0x28, 0x00cff3000000ffffull, 8);
    guest_put(g, XG_GDT + 0x30, 0x00affb000000ffffull, 8);
    guest_put(g, XG_TSS + 4, XG_STACK, bits == 64 ? 8 : 4);
    if (bits == 32)
        guest_put(g, XG_TSS + 8, 0x18, 4);
    guest_put(g, XG_TSS + 0x66, 0xffff, 2); /* no I/O for users */
    guest_put_idt(g, bits);
    for (u32 n = 0; n < 256; n++)
        guest_put(g, XG_HANDLER + 16 * n, hlt, 1);
}

/* ---- modes ---- */

/* bits: 64, else 32-bit protected mode, in which 16-bit code runs too. */
static inline void guest_set_mode(struct xv_guest *g, u32 bits)
{
    struct x86_state *s = g->s;
    g->bits = bits;
    guest_put_system(g, bits);
    s->gdt_base = XG_GDT;
    s->gdt_limit = 0x3f;
    s->idt_base = XG_IDT;
    s->idt_limit = 0xfff;
    s->seg_sel[X86_TR] = 0x40;
    s->seg_base[X86_TR] = XG_TSS;
    s->seg_limit[X86_TR] = 0x67;
    s->seg_attr[X86_TR] = X86_AT_P | 11;
    s->cr0 = X86_CR0_PE | X86_CR0_MP | X86_CR0_ET | X86_CR0_NE | X86_CR0_WP | X86_CR0_AM | X86_CR0_PG;
    s->cr3 = bits == 64 ? XG_PML4 : XG_PD;
    s->cr4 = (bits == 64 ? X86_CR4_PAE : 0) | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT | X86_CR4_OSXSAVE
             | (NATIVE.has_fsgsbase ? X86_CR4_FSGSBASE : 0);
    s->efer = bits == 64 ? X86_EFER_SCE | X86_EFER_LME | X86_EFER_LMA : 0;
    s->xcr0 = X86_XCR0_X87 | X86_XCR0_SSE | X86_XCR0_AVX;
    x86_mmu_flush(g->v);
    x86_mmu_select(g->v);
}

static inline bool guest_init(struct xv_guest *g, const struct engine *en)
{
    struct err e;
    *g = (struct xv_guest){ .m = machine_new("test", &e), .name = en->name };
    if (!g->m)
        return false;
    g->m->host_ns = guest_host_ns;
    g->m->clock = CLOCK_ICOUNT;
    struct memobj *ram = physmap_new_obj(&g->m->map, "ram", XG_SIZE, &e);
    if (!ram)
        return false;
    physmap_map_obj(&g->m->map, REGION_RAM, XV_BASE, XG_SIZE, ram, 0, NULL, NULL, "ram");
    if (!x86_cpu_new(g->m, x86_model_find("max"), en, &e))
        return false;
    g->v = g->m->cpus[0];
    g->s = g->v->state;
    guest_put_paging(g);
    memset(ram->host + (XV_CODE - XV_BASE), 0xcc, PAGE_SIZE);
    return true;
}

/* ---- registers ---- */

static inline void guest_set_seg(struct x86_state *s, u32 seg, u32 sel, u64 base, u32 limit, u32 attr)
{
    s->seg_sel[seg] = (u16)sel;
    s->seg_base[seg] = base;
    s->seg_limit[seg] = limit;
    s->seg_attr[seg] = attr;
}

static inline void guest_load_segs(struct xv_guest *g, const struct xv_segments *seg)
{
    struct x86_state *s = g->s;
    u32 both = X86_AT_P | X86_AT_S | X86_AT_RW | X86_AT_ACCESSED | 0x60, big = X86_AT_DB | X86_AT_G;
    u64 base = seg->based ? XV_BASE : 0;
    u32 sel = seg->based ? XV_SELECTOR_BASED : XV_SELECTOR_DATA;
    if (seg->bits == 16)
        guest_set_seg(s, X86_CS, XV_SELECTOR_CODE16, XV_BASE, 0xffff, both | X86_AT_CODE);
    else
        guest_set_seg(s, X86_CS, seg->bits == 64 ? XV_SELECTOR_CODE64 : XV_SELECTOR_CODE32, 0, ~0u,
                      both | X86_AT_CODE | X86_AT_G | (seg->bits == 64 ? X86_AT_L : X86_AT_DB));
    guest_set_seg(s, X86_DS, sel, base, ~0u, both | big);
    guest_set_seg(s, X86_ES, sel, base, ~0u, both | big);
    if (seg->bits == 16)
        guest_set_seg(s, X86_SS, XV_SELECTOR_STACK16, base, 0xffff, both);
    else
        guest_set_seg(s, X86_SS, sel, base, ~0u, both | big);
    guest_set_seg(s, X86_FS, 0, seg->bits == 64 ? XV_FS : 0, 0, 0);
    guest_set_seg(s, X86_GS, 0, seg->bits == 64 ? XV_GS : 0, 0, 0);
}

static inline void guest_load(struct xv_guest *g, const struct xv_regs *r)
{
    struct x86_state *s = g->s;
    memcpy(s->gpr, r->gpr, sizeof s->gpr);
    s->eflags = 0;
    x86_flags_set(g->v, (u32)r->flags, X86_FL_OWN | X86_FL_AC | X86_FL_ID | X86_FL_IF);
    for (u32 k = 0; k < 16; k++) {
        memcpy(&s->xmm[2 * k], r->vec[k], 16);
        memcpy(&s->ymmh[2 * k], r->vec[k] + 16, 16);
    }
    for (u32 k = 0; k < 8; k++) {
        u32 n = ((r->fsw >> 11) + k) & 7;
        memcpy(&s->mm[n], r->st[k], 8);
        memcpy(&s->fexp[n], r->st[k] + 8, 2);
    }
    s->fcw = r->fcw;
    s->fsw = r->fsw;
    s->ftw = r->ftw;
    x86_mxcsr_set(g->v, r->mxcsr);
    s->cr2 = 0;
    s->cpl = 3;
    s->shadow = 0;
    s->db_hits = 0;
    s->dr[6] = 0xffff0ff0;
    g->v->s.halted = 0;
    g->v->raised = false;
    g->v->s.pc = XV_INSN;
}

static inline void guest_store_fp(struct xv_guest *g, struct xv_regs *r)
{
    const struct x86_state *s = g->s;
    for (u32 k = 0; k < 16; k++) {
        memcpy(r->vec[k], &s->xmm[2 * k], 16);
        memcpy(r->vec[k] + 16, &s->ymmh[2 * k], 16);
    }
    for (u32 k = 0; k < 8; k++) {
        u32 n = ((s->fsw >> 11) + k) & 7;
        memcpy(r->st[k], &s->mm[n], 8);
        memcpy(r->st[k] + 8, &s->fexp[n], 2);
    }
    r->fcw = s->fcw;
    r->fsw = s->fsw;
    r->ftw = s->ftw;
    r->mxcsr = x86_mxcsr(g->v);
}

/* The frame of the exception that ended it. */
static inline u32 guest_frame(struct xv_guest *g, struct xv_regs *r, u64 *code)
{
    u32 vector = (u32)(g->v->s.pc - XG_HANDLER) / 16, size = g->bits == 64 ? 8 : 4;
    u32 at = (u32)g->s->gpr[X86_RSP];
    *code = 0;
    if (vector == X86_DF || (vector >= X86_TS && vector <= X86_PF) || vector == X86_AC_FAULT) {
        *code = guest_peek(g, at, size);
        at += size;
    }
    r->ip = guest_peek(g, at, size);
    r->flags = guest_peek(g, at + 2 * size, size);
    r->gpr[X86_RSP] = guest_peek(g, at + 3 * size, size);
    return vector;
}

/* False: it came to no end. */
static inline bool guest_run(struct xv_guest *g, struct xv_regs *r, const struct xv_segments *seg, const u8 *code,
                             u32 len, bool own_bp)
{
    u8 pad[16];
    u64 error;
    memset(pad, 0xcc, sizeof pad);
    memcpy(pad, code, len);
    guest_load_segs(g, seg);
    guest_load(g, r);
    if (!physmap_write(&g->m->map, XV_INSN, pad, sizeof pad))
        return false;
    for (u32 k = 0; k < 2000 && !g->v->s.halted; k++)
        g->v->engine->run(g->v, 64);
    if (!g->v->s.halted || g->v->s.pc < XG_HANDLER || g->v->s.pc >= XG_HANDLER + 0x1000)
        return false;
    memcpy(r->gpr, g->s->gpr, sizeof r->gpr);
    u32 vector = guest_frame(g, r, &error);
    r->fs = NATIVE.has_fsgsbase && seg->bits == 64 ? g->s->seg_base[X86_FS] : 0;
    r->gs = NATIVE.has_fsgsbase && seg->bits == 64 ? g->s->seg_base[X86_GS] : 0;
    guest_store_fp(g, r);
    xv_classify(r, vector, XV_INSN - (seg->bits == 16 ? XV_BASE : 0), len, error, g->s->cr2, own_bp);
    return true;
}
