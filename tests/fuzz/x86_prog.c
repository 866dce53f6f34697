/*
 * x86_prog.c - random programs: what values mean something, the state they begin with, branches made to fit.
 */
#include "tests/fuzz/x86_gen.h"
#include <string.h>

/* ---- values ---- */

static u32 data_page(struct xf_gen *g)
{
    static const u16 good[XF_DATA_PAGES] = { [XF_RW0] = 30, [XF_RW1] = 12, [XF_RW2] = 8, [XF_RW3] = 4, [XF_ALIAS] = 5,
                                             [XF_BY_TABLE] = 5, [XF_GLOBAL] = 3 };
    static const u16 all[XF_DATA_PAGES] = {
        [XF_RW0] = 20, [XF_RW1] = 12, [XF_SUP] = 8, [XF_RW2] = 8, [XF_RW3] = 3, [XF_RO] = 4, [XF_SUP_RO] = 2,
        [XF_NONE] = 1, [XF_NO_A] = 4, [XF_UNCACHED] = 2, [XF_MMIO] = 3, [XF_ALIAS] = 5, [XF_BY_TABLE] = 5,
        [XF_NOTHING] = 1, [XF_TABLE] = 1, [XF_CODE_RW] = 2, [XF_NX] = 2, [XF_GLOBAL] = 3,
    };
    bool smap = !g->user && g->p->s.cr4 & X86_CR4_SMAP && g->paging;
    if (g->tame && smap && fuzz_pick(&g->r, 8))
        return XF_SUP;
    return fuzz_weighted(&g->r, g->tame && fuzz_pick(&g->r, 12) ? good : all, XF_DATA_PAGES);
}

u64 xf_pointer(struct xf_gen *g)
{
    u64 page = data_page(g), off = fuzz_pick(&g->r, PAGE_SIZE);
    bool low = g->bits == 16 || !g->paging;
    if (fuzz_one_in(&g->r, 4))
        off = fuzz_one_in(&g->r, 2) ? PAGE_SIZE - 1 - fuzz_pick(&g->r, 40) : fuzz_pick(&g->r, 40);
    if (fuzz_pick(&g->r, 4))
        off &= ~31ull;
    if (g->bits == 16)
        page %= 6;
    u64 at = low ? (XF_DATA_FRAME + page) * PAGE_SIZE : g->high + XF_DATA + page * PAGE_SIZE;
    if (!low && fuzz_one_in(&g->r, 10)) /* RAM by another view */
        at = xf_view((enum xf_view)fuzz_pick(&g->r, XF_VIEWS)) + (XF_DATA_FRAME + page) * PAGE_SIZE;
    if (fuzz_one_in(&g->r, 60)) /* the program itself */
        at = low ? XF_CODE : g->high + xf_view(g->view) + XF_CODE;
    if (g->bits == 64 && fuzz_one_in(&g->r, 60)) /* at the ends of the address space */
        return (fuzz_one_in(&g->r, 2) ? 1ull << 47 : XF_HIGH) - fuzz_pick(&g->r, 40);
    if (fuzz_one_in(&g->r, 60))
        return fuzz_one_in(&g->r, 2) ? fuzz_next(&g->r) : 0 - (u64)fuzz_pick(&g->r, 64);
    return at + off;
}

u32 xf_selector(struct xf_gen *g)
{
    static const u16 user[] = { XF_UDS, XF_UDS, XF_UDS, XF_UDS_BASED, XF_UDS_RO, XF_UDS_DOWN, XF_UCS32, XF_ABSENT,
                                XF_UDS16, XF_DS, 4, 12, 20, 28, 0 };
    static const u16 system[] = { XF_DS, XF_UDS, XF_DS, XF_UDS_BASED, XF_UDS_RO, XF_UDS_DOWN, XF_DS_BASED, XF_ABSENT,
                                  XF_DS16, XF_CS32, 4, 12, 0, XF_CONFORMING, XF_SEL_TSS32, XF_GATE, XF_TASK_GATE,
                                  XF_GATE64, XF_GATE16, XF_CS16, XF_CS32_BASED };
    if (!(g->mode & X86_M_PE) || g->mode & X86_M_VM)
        return fuzz_one_in(&g->r, 2) ? 0 : fuzz_pick(&g->r, 0x2000);
    if (fuzz_one_in(&g->r, 40))
        return fuzz_pick(&g->r, 0x10000);
    if (g->user)
        return user[fuzz_pick(&g->r, COUNT(user))] | 3;
    return system[fuzz_pick(&g->r, COUNT(system))];
}

u64 xf_cr4(struct xf_gen *g)
{
    u64 r = fuzz_next(&g->r), v = X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE | X86_CR4_PGE | X86_CR4_PCE
                                  | X86_CR4_UMIP | X86_CR4_FSGSBASE;
    v &= r;
    v |= X86_CR4_PSE | X86_CR4_MCE | X86_CR4_OSFXSR | X86_CR4_OSXSAVE;
    if (g->paging == XF_PG_PAE || g->paging == XF_PG_LONG)
        v |= X86_CR4_PAE;
    if (g->paging == XF_PG_LONG && r >> 40 & 1)
        v |= X86_CR4_PCIDE;
    if (r >> 41 & 3)
        v |= X86_CR4_OSXMMEXCPT;
    if (!(r >> 43 & 3))
        v |= r >> 45 & 1 ? X86_CR4_SMEP : X86_CR4_SMAP;
    if (!(r >> 46 & 31))
        v &= ~(u64)(X86_CR4_OSFXSR | X86_CR4_OSXSAVE);
    return v;
}

u32 xf_mxcsr(struct fuzz_rng *r)
{
    u32 v = (fuzz_pick(r, 4) << 13) | 0x1f80;
    if (fuzz_one_in(r, 4))
        v |= fuzz_pick(r, 2) ? 1 << 15 : fuzz_pick(r, 2) ? 1 << 6 : 0x8040;
    if (fuzz_one_in(r, 4))
        v &= ~(fuzz_pick(r, 64) << 7);
    return v | (fuzz_one_in(r, 3) ? fuzz_pick(r, 64) : 0);
}

u64 xf_flags(struct xf_gen *g)
{
    u64 r = fuzz_next(&g->r), v = X86_FL_ONE | (r & (X86_FL_ARITH | X86_FL_IF | X86_FL_ID));
    v |= r >> 32 & 1 ? X86_FL_IOPL : 0;
    v |= r >> 33 & 15 ? 0 : X86_FL_DF;
    v |= r >> 37 & 3 ? 0 : X86_FL_AC;
    v |= r >> 39 & 15 ? 0 : X86_FL_TF;
    v |= r >> 43 & 31 ? 0 : X86_FL_NT;
    v |= r >> 48 & 31 ? 0 : X86_FL_RF;
    return v;
}

/* ---- the beginning ---- */

static void random_registers(struct xf_gen *g, struct x86_state *s)
{
    static const u8 pointers[] = { X86_RBX, X86_RBP, X86_RSI, X86_RDI, 8, 9 };
    struct fuzz_rng *r = &g->r;
    for (u32 i = 0; i < 16; i++)
        s->gpr[i] = fuzz_int(r, 64);
    for (u32 i = 0; i < 16; i++) {
        fuzz_vector(r, s->xmm + 2 * i);
        fuzz_vector(r, s->ymmh + 2 * i);
    }
    u64 mask = fuzz_one_in(r, 2) ? 0x3f0000003full : 0x3f;
    for (u32 i = 12; i < 16 && fuzz_pick(r, 4); i++) /* XMM6, XMM7: indices */
        s->xmm[i] = s->ymmh[i] = fuzz_next(r) & mask;
    for (u32 i = 0; i < COUNT(pointers); i++)
        s->gpr[pointers[i]] = xf_pointer(g);
    s->gpr[12] = fuzz_pick(r, 64);
    s->gpr[13] = (u64)(i64)(i8)fuzz_next(r);
    if (fuzz_one_in(r, 2))
        s->gpr[X86_RCX] = fuzz_pick(r, 64);
    for (u32 i = 0; i < 8; i++) {
        s->mm[i] = fuzz_one_in(r, 2) ? fuzz_next(r) | 1ull << 63 : fuzz_int(r, 64);
        s->fexp[i] = (u16)(fuzz_one_in(r, 4) ? fuzz_int(r, 16) : 0x3fff - 70 + fuzz_pick(r, 140));
        s->fexp[i] |= fuzz_one_in(r, 8) ? 0x7fff : 0;
    }
    u64 x = fuzz_next(r);
    s->ftw = x & 1 ? 0xff : (u8)(x >> 8);
    s->fsw = (u16)(x >> 16) & 0x7f00;
    s->fcw = (u16)(0x40 | (x >> 32 & 0xf00) | (x >> 44 & 3 ? 0x3f : x >> 46 & 0x3f));
    s->cf = fuzz_one_in(r, 2);
    s->zf = fuzz_one_in(r, 2);
    s->sf = fuzz_one_in(r, 2);
    s->of = fuzz_one_in(r, 2);
    s->pb = (u8)fuzz_next(r);
    s->ab = (u8)fuzz_next(r);
    u32 mxcsr = xf_mxcsr(r);
    s->mxcsr = mxcsr & ~63u;
    s->fp_ctl = x86_fp_ctl(mxcsr);
}

static void random_system(struct xf_gen *g, struct x86_state *s)
{
    u64 r = fuzz_next(&g->r);
    s->cr0 = X86_CR0_ET | (r & 3 ? X86_CR0_NE : 0) | (r & X86_CR0_WP) | (r & X86_CR0_AM);
    s->cr0 |= r >> 20 & 1 ? X86_CR0_MP : 0;
    s->cr0 |= r >> 21 & 31 ? 0 : X86_CR0_TS;
    s->cr0 |= r >> 26 & 31 ? 0 : X86_CR0_EM;
    s->cr0 |= g->paging ? X86_CR0_PG | X86_CR0_PE : 0;
    s->cr0 |= g->p->kind == XF_REAL_MODE ? 0 : X86_CR0_PE;
    s->cr3 = xf_cr3(g->paging, r >> 31 & 1);
    if (g->paging == XF_PG_PAE)
        s->pdpte[0] = xf_pdpte(r >> 31 & 1);
    s->efer = (g->paging == XF_PG_LONG ? X86_EFER_LME | X86_EFER_LMA : 0) | (r >> 32 & 3 ? X86_EFER_NXE : 0)
              | (r >> 34 & 7 ? X86_EFER_SCE : 0);
    s->xcr0 = r >> 37 & 15 ? 7 : r >> 41 & 1 ? 3 : 1;
    s->gdt_base = XF_GDT;
    s->gdt_limit = XF_SEL_END + 7;
    s->idt_base = g->p->kind == XF_REAL_MODE ? 0 : g->paging == XF_PG_LONG ? XF_IDT64 : XF_IDT32;
    s->idt_limit = g->p->kind == XF_REAL_MODE ? 0x3ff : XF_GATES * (g->paging == XF_PG_LONG ? 16 : 8) - 1;
    s->star = (u64)(XF_UCS32 | 3) << 48 | (u64)XF_CS64 << 32;
    s->fmask = r >> 42 & 0x47700;
    s->sysenter_cs = XF_CS64;
    s->sysenter_esp = XF_KERNEL_SP;
    s->kernel_gs_base = xf_pointer(g);
    s->pat = 0x0007040600070406ull;
    s->dr[6] = 0xffff0ff0;
    s->dr[7] = 0x400;
    s->misc_enable = 1;
    s->mtrr_deftype = 0xc06;
    s->nmi_blocked = !(r >> 60);
    s->eflags = (u32)xf_flags(g) & ~(u32)(X86_FL_OWN | X86_FL_ONE);
    xf_segment(s, X86_LDTR, XF_SEL_LDT);
    xf_segment(s, X86_TR, g->paging == XF_PG_LONG ? XF_SEL_TSS64 : XF_SEL_TSS32);
}

/* CS, SS, the others. */
static const u16 selectors[XF_KINDS][3] = {
    [XF_LONG0] = { XF_CS64, XF_DS, XF_UDS }, [XF_LONG3] = { XF_UCS64 | 3, XF_UDS | 3, XF_UDS | 3 },
    [XF_COMPAT3] = { XF_UCS32 | 3, XF_UDS | 3, XF_UDS | 3 }, [XF_PM0] = { XF_CS32, XF_DS, XF_DS },
    [XF_PM3] = { XF_UCS32 | 3, XF_UDS | 3, XF_UDS | 3 }, [XF_PM16] = { XF_CS16, XF_DS16, XF_DS16 },
    [XF_PM16_3] = { XF_UCS16 | 3, XF_UDS16 | 3, XF_UDS16 | 3 },
};

static void real_segments(struct x86_state *s, bool v86)
{
    for (u32 i = X86_ES; i <= X86_GS; i++) {
        s->seg_attr[i] = v86 ? 0xf3 : 0x93;
        s->seg_limit[i] = 0xffff;
    }
}

static void random_segments(struct xf_gen *g, struct x86_state *s)
{
    const u16 *sel = selectors[g->p->kind];
    bool v86 = g->p->kind == XF_V86;
    if (v86 || g->p->kind == XF_REAL_MODE) {
        real_segments(s, v86);
        s->eflags |= v86 ? X86_FL_VM : 0;
    } else {
        for (u32 i = X86_ES; i <= X86_GS; i++)
            xf_segment(s, i, i == X86_CS ? sel[0] : i == X86_SS ? sel[1] : sel[2]);
        if (g->p->kind == XF_PM3 && fuzz_one_in(&g->r, 5))
            xf_segment(s, X86_CS, XF_UCS32_LOW | 3);
        if (g->p->kind == XF_PM0 && fuzz_one_in(&g->r, 5))
            xf_segment(s, X86_CS, XF_CS32_BASED);
    }
    if (g->bits == 64) {
        s->seg_base[X86_FS] = fuzz_one_in(&g->r, 3) ? xf_pointer(g) : fuzz_pick(&g->r, 64);
        s->seg_base[X86_GS] = fuzz_one_in(&g->r, 2) ? 0 : 0 - (u64)fuzz_pick(&g->r, 64);
    }
    s->cpl = g->user ? 3 : 0;
    u64 sp = XF_STACK + 0x400 + fuzz_pick(&g->r, 0x380) * 4;
    if (fuzz_pick(&g->r, 6))
        sp &= ~15ull;
    s->gpr[X86_RSP] = sp - s->seg_base[X86_SS] + (v86 || g->p->kind == XF_REAL_MODE ? 0 : g->high + xf_view(g->view));
}

static const u8 bits_of[XF_KINDS] = { 64, 64, 32, 32, 32, 16, 16, 16, 16 };

static void choose_kind(struct xf_gen *g)
{
    static const u16 weights[XF_KINDS] = { 34, 30, 6, 12, 10, 5, 4, 8, 4 };
    static const u8 view0[] = { XF_FLAT, XF_FLAT, XF_LARGE };
    enum xf_kind k = g->p->kind = (enum xf_kind)fuzz_weighted(&g->r, weights, XF_KINDS);
    g->bits = bits_of[k];
    g->user = k == XF_LONG3 || k == XF_COMPAT3 || k == XF_PM3 || k == XF_PM16_3 || k == XF_V86;
    if (k <= XF_COMPAT3)
        g->paging = XF_PG_LONG;
    else if (k != XF_REAL_MODE && k != XF_V86)
        g->paging = g->user || fuzz_pick(&g->r, 4) ? (fuzz_one_in(&g->r, 2) ? XF_PG_32 : XF_PG_PAE) : XF_PG_NONE;
    if (g->paging && g->user)
        g->view = XF_USER;
    else if (g->paging && g->bits != 16)
        g->view = (enum xf_view)view0[fuzz_pick(&g->r, 3)];
    if (k == XF_LONG0 && fuzz_one_in(&g->r, 4))
        g->high = XF_HIGH;
    if (k == XF_PM16_3)
        g->ds_base = XF_USER * XF_STEP;
    g->mode = (k == XF_REAL_MODE ? 0 : X86_M_PE) | (k == XF_V86 ? X86_M_VM : 0)
              | (g->bits == 64 ? X86_M_LONG | X86_M_LMA : g->bits == 32 ? X86_M_CS32 : 0);
}

static void choose_weights(struct xf_gen *g)
{
    static const u16 mixed[XF_C_COUNT] = { 40, 10, 8, 2, 8, 3, 3, 3, 8, 4, 12, 18 };
    u32 one = fuzz_pick(&g->r, 2 * XF_C_COUNT); /* half of the programs have a favourite */
    for (u32 c = 0; c < XF_C_COUNT; c++)
        g->weight[c] = mixed[c];
    if (one < XF_C_COUNT)
        g->weight[one] = (u16)(g->weight[one] + 60);
    if (one == XF_C_FAR || one == XF_C_SYSTEM)
        g->weight[one] = 12;
}

/* ---- branches ---- */

static void resolve(struct xf_gen *g)
{
    struct xf_prog *p = g->p;
    u32 first = (u32)xf_view(g->view) + XF_CODE + p->at;
    for (u32 i = 0; i < g->fixes; i++) {
        const struct xf_fix *f = &g->fix[i];
        if (f->insn >= p->count)
            continue;
        u32 target = MIN((u32)f->target, p->count - 1u), end = p->start[f->insn + 1];
        u8 *at = f->at ? p->byte + p->start[f->insn] + f->at : p->byte + end - f->size;
        i32 val = (i32)(f->at ? first + p->start[target] - f->base : p->start[target] - end);
        if (f->size == 1 && val != (i32)(i8)val)
            val = 0;
        for (u32 k = 0; k < f->size; k++)
            at[k] = (u8)(val >> 8 * k);
    }
}

static void end_program(struct xf_gen *g)
{
    struct xf_prog *p = g->p;
    u32 back = 0 - (u32)p->start[p->count] - (g->bits == 16 ? 3 : 5);
    if (p->count == XF_INSNS || p->start[p->count] + 5u > XF_BYTES)
        back = 0;
    if (g->bits == 16)
        XF_INSN(g, 0xe9, (u8)back, (u8)(back >> 8));
    else
        XF_INSN(g, 0xe9, (u8)back, (u8)(back >> 8), (u8)(back >> 16), (u8)(back >> 24));
}

static void random_gates(struct xf_gen *g)
{
    struct xf_prog *p = g->p;
    for (u32 n = 0; n < XF_GATES; n++) {
        p->ist[n] = fuzz_one_in(&g->r, 2) ? (u8)fuzz_pick(&g->r, 4) : 0;
        if (n == X86_DF || n == X86_PF || n == X86_SS_FAULT)
            p->ist[n] = 1;
        if (fuzz_one_in(&g->r, n >= 32 ? 4 : 20))
            p->gate[n] = p->start[fuzz_pick(&g->r, p->count)];
    }
}

void xf_generate(struct xf_prog *p, const struct xf_rows *rows, u64 seed)
{
    struct xf_gen g = { .r = fuzz_seeded(seed, 3), .rows = rows, .p = p };
    memset(p, 0, sizeof *p);
    p->seed = seed;
    g.want = fuzz_one_in(&g.r, 3) ? 80 + fuzz_pick(&g.r, 100) : 8 + fuzz_pick(&g.r, 60);
    g.tame = fuzz_pick(&g.r, 4);
    choose_kind(&g);
    random_system(&g, &p->s);
    p->s.cr4 = xf_cr4(&g);
    random_segments(&g, &p->s);
    u64 sp = p->s.gpr[X86_RSP];
    p->at = fuzz_one_in(&g.r, 2) ? 0 : 64;
    if (fuzz_one_in(&g.r, 3)) /* across the pages */
        p->at = PAGE_SIZE - fuzz_pick(&g.r, 4 * g.want);
    choose_weights(&g);
    u32 rate = 4 + fuzz_pick(&g.r, 24); /* of sequences */
    while (p->count + 1 < g.want && p->start[p->count] + 64u < XF_BYTES)
        if (!g.rows->wanted_count && fuzz_one_in(&g.r, rate))
            xf_sequence(&g);
        else
            xf_any(&g);
    end_program(&g);
    resolve(&g);
    random_gates(&g);
    random_registers(&g, &p->s);
    p->s.gpr[X86_RSP] = sp;
    u64 first = g.high + xf_view(g.view) + XF_CODE + p->at;
    p->s.lstar = p->s.cstar = p->s.sysenter_eip = xf_view(XF_FLAT) + XF_CODE + p->at + p->start[p->count / 2];
    p->s.gpr[14] = p->s.gpr[15] = first + p->start[fuzz_pick(&g.r, p->count)];
    p->pc = first;
    u32 insns = g.want / 2 + fuzz_pick(&g.r, fuzz_one_in(&g.r, 10) ? 800 : 2 * g.want);
    fuzz_random_plan(&g.r, &p->plan, insns);
}
