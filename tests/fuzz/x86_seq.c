/*
 * x86_seq.c - sequences of instructions for random programs: those that change how the machine works, and those that
 * chance would not make.
 */
#include "tests/fuzz/x86_gen.h"
#include <string.h>

/* ---- pieces ---- */

void xf_bytes(struct xf_gen *g, const u8 *bytes, u32 n)
{
    struct xf_prog *p = g->p;
    if (p->count == XF_INSNS || p->start[p->count] + n > XF_BYTES)
        return;
    memcpy(p->byte + p->start[p->count], bytes, n);
    p->count++;
    p->start[p->count] = (u16)(p->start[p->count - 1] + n);
}

/* With an operand size of 32 bits in 16-bit code. */
static void bytes32(struct xf_gen *g, const u8 *bytes, u32 n)
{
    u8 b[17] = { 0x66 };
    memcpy(b + 1, bytes, n);
    xf_bytes(g, g->bits == 16 ? b : bytes, g->bits == 16 ? n + 1 : n);
}
#define INSN32(g, ...) bytes32(g, (const u8[]){ __VA_ARGS__ }, sizeof((const u8[]){ __VA_ARGS__ }))
/* With an operand size of 64 bits in 64-bit code, else of 32 bits. */
#define INSN64(g, ...) \
    ((g)->bits == 64 ? XF_INSN(g, 0x48, __VA_ARGS__) : INSN32(g, __VA_ARGS__))

static u32 mov_bytes(struct xf_gen *g, u32 reg, u64 val, bool wide, u8 *b)
{
    u32 n = 0;
    if (g->bits == 64 && (wide || reg > 7))
        b[n++] = (u8)(0x40 | (wide ? 8 : 0) | reg >> 3);
    if (g->bits == 16)
        b[n++] = 0x66;
    b[n++] = (u8)(0xb8 | (reg & 7));
    store_le64(b + n, val);
    return n;
}

void xf_mov(struct xf_gen *g, u32 reg, u64 val)
{
    u8 b[16];
    bool wide = g->bits == 64 && val >> 32;
    u32 n = mov_bytes(g, reg, val, wide, b);
    xf_bytes(g, b, n + (wide ? 8 : 4));
}

static void add_fix(struct xf_gen *g, u32 insn, u32 at, u32 base)
{
    if (g->fixes < XF_FIXES)
        g->fix[g->fixes++] = (struct xf_fix){ (u16)g->p->count, (u16)insn, 4, (u8)at, base };
}

void xf_mov_label(struct xf_gen *g, u32 reg, u32 insn, u64 base)
{
    u8 b[16];
    u32 n = mov_bytes(g, reg, g->high, g->bits == 64, b);
    add_fix(g, insn, n, (u32)base);
    xf_bytes(g, b, n + (g->bits == 64 ? 8 : 4));
}

static void push(struct xf_gen *g, u32 val)
{
    INSN32(g, 0x68, (u8)val, (u8)(val >> 8), (u8)(val >> 16), (u8)(val >> 24));
}

static void push_label(struct xf_gen *g, u32 insn, u64 base)
{
    if (g->bits == 64) {
        xf_mov_label(g, 14, insn, base);
        XF_INSN(g, 0x41, 0x56);
        return;
    }
    add_fix(g, insn, g->bits == 16 ? 2 : 1, (u32)base);
    push(g, 0);
}

u32 xf_later(struct xf_gen *g)
{
    if (fuzz_one_in(&g->r, 5))
        return fuzz_pick(&g->r, g->want);
    return g->p->count + 1 + fuzz_pick(&g->r, 12);
}

/* ---- system registers ---- */

static void to_cr(struct xf_gen *g, u32 n, u64 val)
{
    xf_mov(g, X86_RAX, val);
    XF_INSN(g, 0x0f, 0x22, (u8)(0xc0 | n << 3));
}

static void to_msr(struct xf_gen *g, u32 n, u64 val)
{
    xf_mov(g, X86_RCX, n);
    xf_mov(g, X86_RAX, val & 0xffffffff);
    xf_mov(g, X86_RDX, val >> 32);
    XF_INSN(g, 0x0f, 0x30);
}

static void control_register(struct xf_gen *g)
{
    u64 r = fuzz_next(&g->r), cr0 = g->p->s.cr0;
    switch (fuzz_pick(&g->r, 6)) {
    case 0: to_cr(g, 0, (cr0 & ~0x5000aull) | (r & 0x50002) | (r >> 32 & 15 ? 0 : 8)); break; /* WP AM MP, TS */
    case 1: case 2: to_cr(g, 4, xf_cr4(g)); break;
    case 3: XF_INSN(g, 0x0f, 0x06); break; /* CLTS */
    default:
        if (g->paging)
            to_cr(g, 3, xf_cr3(g->paging, r & 1) | (r >> 8 & 3 ? 0 : r >> 16 & 7));
    }
}

static void some_msr(struct xf_gen *g)
{
    static const u32 msrs[] = { 0xc0000100, 0xc0000101, 0xc0000102, 0xc0000084, 0xc0000103,
                                0x174, 0x175, 0x10, 0x277 };
    u64 r = fuzz_next(&g->r), val = fuzz_one_in(&g->r, 2) ? xf_pointer(g) : r & 0x3f7fd5;
    if (fuzz_one_in(&g->r, 4))
        to_msr(g, 0xc0000080, g->p->s.efer ^ (r & 1) ^ (r & 0x800));
    else if (fuzz_one_in(&g->r, 8))
        to_msr(g, 0x1d9, r & 3); /* DEBUGCTL: LBR, BTF */
    else
        to_msr(g, msrs[fuzz_pick(&g->r, COUNT(msrs))], val);
}

/* A breakpoint on data or code. */
static void debug_register(struct xf_gen *g)
{
    u32 n = fuzz_pick(&g->r, 4), x = fuzz_pick(&g->r, 16);
    if (fuzz_one_in(&g->r, 2))
        xf_mov_label(g, X86_RAX, xf_later(g), 0);
    else
        xf_mov(g, X86_RAX, xf_pointer(g));
    XF_INSN(g, 0x0f, 0x23, (u8)(0xc0 | n << 3));
    xf_mov(g, X86_RAX, 0x400 | 1u << 2 * n | x << (16 + 4 * n));
    XF_INSN(g, 0x0f, 0x23, 0xf8);
}

static void extended_control(struct xf_gen *g)
{
    static const u8 vals[] = { 7, 7, 7, 3, 1 };
    xf_mov(g, X86_RCX, 0);
    xf_mov(g, X86_RAX, vals[fuzz_pick(&g->r, COUNT(vals))]);
    xf_mov(g, X86_RDX, 0);
    XF_INSN(g, 0x0f, 0x01, 0xd1);
}

static void flags(struct xf_gen *g)
{
    push(g, (u32)xf_flags(g));
    INSN32(g, 0x9d);
}

static void mxcsr(struct xf_gen *g)
{
    push(g, xf_mxcsr(&g->r));
    if (g->bits == 16)
        XF_INSN(g, 0x67, 0x0f, 0xae, 0x14, 0x24);
    else
        XF_INSN(g, 0x0f, 0xae, 0x14, 0x24);
    INSN32(g, 0x58);
}

/* ---- segments, transfers ---- */

static void load_segment(struct xf_gen *g)
{
    static const u8 segs[] = { 0, 3, 4, 5, 0, 3, 2 };
    u32 seg = segs[fuzz_pick(&g->r, COUNT(segs))];
    xf_mov(g, X86_RAX, xf_selector(g));
    XF_INSN(g, 0x8e, (u8)(0xc0 | seg << 3));
}

static u32 code_selector(struct xf_gen *g)
{
    static const u8 sels[] = { XF_CS64, XF_CS32, XF_CS16, XF_UCS32, XF_UCS64, XF_UCS16, XF_CONFORMING,
                               XF_CS32_BASED };
    u32 now = g->p->s.seg_sel[X86_CS], sel = sels[fuzz_pick(&g->r, COUNT(sels))];
    if (!(g->mode & X86_M_PE) || g->mode & X86_M_VM)
        return fuzz_one_in(&g->r, 2) ? 0 : fuzz_pick(&g->r, 0x801);
    if (fuzz_pick(&g->r, 3))
        return now;
    return sel == XF_UCS32 || sel == XF_UCS64 || sel == XF_UCS16 || g->user ? sel | 3 : sel;
}

static u64 base_of(struct xf_gen *g, u32 sel)
{
    return g->mode & X86_M_PE && !(g->mode & X86_M_VM) ? xf_sel_base(sel) : sel << 4;
}

static void far_return(struct xf_gen *g)
{
    u32 sel = code_selector(g);
    push(g, sel);
    push_label(g, xf_later(g), base_of(g, sel));
    INSN64(g, 0xcb);
}

static void interrupt_return(struct xf_gen *g)
{
    u32 sel = code_selector(g), sp = XF_STACK + 0x400 + fuzz_pick(&g->r, 0x200) * 8;
    bool narrow = sel == XF_CS16 || (sel & 0xfffc) == XF_UCS16;
    push(g, narrow ? (sel & 3 ? XF_UDS16 | 3 : XF_DS16) : sel & 3 ? XF_UDS | 3 : XF_DS);
    push(g, sp + (sel & 3 && !narrow ? XF_USER * XF_STEP : 0));
    push(g, (u32)xf_flags(g) & ~(u32)X86_FL_NT);
    push(g, sel);
    push_label(g, xf_later(g), base_of(g, sel));
    INSN64(g, 0xcf);
}

static void system_call(struct xf_gen *g)
{
    if (g->bits == 64 && fuzz_one_in(&g->r, 2)) {
        xf_mov_label(g, X86_RCX, xf_later(g), 0);
        xf_mov(g, 11, xf_flags(g));
        if (fuzz_pick(&g->r, 4))
            XF_INSN(g, 0x48, 0x0f, 0x07); /* SYSRET */
        else
            XF_INSN(g, 0x0f, 0x07);
    } else if (fuzz_one_in(&g->r, 3)) {
        xf_mov_label(g, X86_RDX, xf_later(g), 0);
        xf_mov(g, X86_RCX, XF_USER * XF_STEP + XF_STACK + 0x800);
        INSN64(g, 0x0f, 0x35);
    } else {
        XF_INSN(g, 0x0f, (u8)(fuzz_one_in(&g->r, 3) ? 0x34 : 0x05));
    }
}

static void indirect_branch(struct xf_gen *g)
{
    xf_mov_label(g, X86_RAX, xf_later(g), g->p->s.seg_base[X86_CS]);
    switch (fuzz_pick(&g->r, 3)) {
    case 0: XF_INSN(g, 0xff, 0xe0); break;
    case 1: XF_INSN(g, 0xff, 0xd0); break;
    default:
        XF_INSN(g, 0x50);
        XF_INSN(g, 0xc3);
    }
}

/* ---- interrupts held off ---- */

static void shadow(struct xf_gen *g)
{
    if (fuzz_one_in(&g->r, 2)) {
        XF_INSN(g, 0xfb);
    } else if (g->bits == 64) {
        XF_INSN(g, 0x8c, 0xd0);
        XF_INSN(g, 0x8e, 0xd0);
    } else {
        XF_INSN(g, 0x16);
        XF_INSN(g, 0x17);
    }
    for (u32 n = fuzz_pick(&g->r, 3); n; n--)
        xf_any(g);
}

/* ---- memory ---- */

static void new_pointer(struct xf_gen *g)
{
    static const u8 regs[] = { X86_RBX, X86_RSI, X86_RDI, X86_RBP, 8, 9 };
    u32 reg = regs[fuzz_pick(&g->r, g->bits == 64 ? 6 : 4)];
    xf_mov(g, reg, xf_pointer(g));
}

static void string(struct xf_gen *g)
{
    static const u8 ops[] = { 0xa4, 0xa5, 0xaa, 0xab, 0xa4, 0xa5, 0xaa, 0xab, 0xa6, 0xa7, 0xac, 0xad, 0xae, 0xaf,
                              0x6c, 0x6e };
    u8 op = ops[fuzz_pick(&g->r, COUNT(ops))], b[4];
    u32 n = 0;
    u64 to = xf_pointer(g), from = fuzz_one_in(&g->r, 3) ? to + fuzz_pick(&g->r, 40) - 20 : xf_pointer(g);
    xf_mov(g, X86_RCX, fuzz_one_in(&g->r, 6) ? fuzz_pick(&g->r, 3000) : fuzz_pick(&g->r, 70));
    xf_mov(g, X86_RDI, to);
    xf_mov(g, X86_RSI, from);
    bool back = fuzz_one_in(&g->r, 4);
    if (back)
        XF_INSN(g, 0xfd);
    b[n++] = (u8)(fuzz_one_in(&g->r, 5) ? 0xf2 : 0xf3);
    if (fuzz_one_in(&g->r, 4))
        b[n++] = 0x66;
    if (g->bits == 64 && fuzz_one_in(&g->r, 2))
        b[n++] = 0x48;
    b[n++] = op;
    xf_bytes(g, b, n);
    if (back && fuzz_pick(&g->r, 8))
        XF_INSN(g, 0xfc);
}

/* MOV [rBX], imm32, imm16 or imm8. */
static void store(struct xf_gen *g, u32 size, u32 val)
{
    u8 b[16];
    u32 n = 0;
    if (g->bits == 16)
        b[n++] = 0x67;
    if (size != 1 && (size == 2) == (g->bits != 16))
        b[n++] = 0x66;
    b[n++] = size == 1 ? 0xc6 : 0xc7;
    b[n++] = 0x03;
    store_le32(b + n, val);
    xf_bytes(g, b, n + size);
}

/* A store into the program: the bytes of another instruction, or a bit of this one's. */
static void change_code(struct xf_gen *g)
{
    u8 bytes[16] = { 0x90 };
    u32 cls = fuzz_weighted(&g->r, g->weight, XF_C_COUNT);
    u32 n = g->rows->count[cls], target = fuzz_pick(&g->r, 3) ? g->p->count + 2 + fuzz_pick(&g->r, 12) : xf_later(g);
    u32 len = n ? xf_insn(g, g->rows->row[cls][fuzz_pick(&g->r, n)], bytes) : 1, size = 1u << fuzz_pick(&g->r, 3);
    u64 base = g->ds_base;
    if (g->paging && !g->user && g->bits != 16 && fuzz_one_in(&g->r, 3)) /* by another view */
        base += xf_view(g->view) - xf_view(fuzz_one_in(&g->r, 2) ? XF_LARGE : XF_FLAT);
    if (g->user && g->bits != 16 && fuzz_one_in(&g->r, 4)) /* the page that is mapped as data */
        base -= XF_DATA + XF_CODE_RW * PAGE_SIZE - xf_view(g->view) - XF_CODE;
    xf_mov_label(g, X86_RBX, target, base - (fuzz_one_in(&g->r, 4) ? fuzz_pick(&g->r, 6) : 0));
    store(g, len ? size : 1, load_le32(bytes));
}

/* An entry of the page tables: another page for data, a bit of one for code or stacks; with INVLPG or without. */
static void change_table(struct xf_gen *g)
{
    static const u8 bits[] = { 0, 1, 2, 5, 6, 5, 6, 8 };
    u32 t = fuzz_pick(&g->r, 2), page, k;
    enum xf_area area = fuzz_one_in(&g->r, 2) ? XF_AREA_DATA : fuzz_one_in(&g->r, 2) ? XF_AREA_FLAT : XF_AREA_USER;
    u64 step = area == XF_AREA_DATA ? XF_DATA : area == XF_AREA_USER ? XF_STEP : 0;
    page = area == XF_AREA_DATA ? fuzz_pick(&g->r, XF_DATA_PAGES) : 6 + fuzz_pick(&g->r, 14);
    xf_mov(g, X86_RBX, xf_entry_at(g->paging, area, page, t) - g->ds_base);
    if (area == XF_AREA_DATA && fuzz_pick(&g->r, 3)) {
        k = fuzz_pick(&g->r, XF_DATA_PAGES);
        store(g, 4, (u32)xf_data_entry((enum xf_page)k, t));
    } else if (g->bits == 16) {
        XF_INSN(g, 0x67, 0x0f, 0xba, 0x3b, bits[fuzz_pick(&g->r, COUNT(bits))]); /* BTC word */
    } else if (g->paging != XF_PG_32 && fuzz_one_in(&g->r, 5)) {
        XF_INSN(g, 0x0f, 0xba, 0x7b, 0x04, 31); /* NX */
    } else {
        XF_INSN(g, 0x0f, 0xba, 0x3b, bits[fuzz_pick(&g->r, COUNT(bits))]);
    }
    if (fuzz_one_in(&g->r, 3))
        return;
    xf_mov(g, X86_RBX, g->high + step + page * PAGE_SIZE - g->ds_base);
    if (g->bits == 16)
        XF_INSN(g, 0x67, 0x0f, 0x01, 0x3b);
    else
        XF_INSN(g, 0x0f, 0x01, 0x3b);
}

/* Counts down and back: code that runs more than once. */
static void loop(struct xf_gen *g)
{
    u32 top;
    xf_mov(g, g->bits == 64 ? 12 : X86_RCX, 2 + fuzz_pick(&g->r, 12));
    top = g->p->count;
    for (u32 n = 1 + fuzz_pick(&g->r, 10); n; n--)
        xf_any(g);
    if (g->bits == 64)
        XF_INSN(g, 0x41, 0xff, 0xcc); /* DEC r12d */
    else
        XF_INSN(g, 0x49);
    if (g->fixes < XF_FIXES)
        g->fix[g->fixes++] = (struct xf_fix){ (u16)g->p->count, (u16)top, (u8)(g->bits == 16 ? 2 : 4), 0, 0 };
    if (g->bits == 16)
        XF_INSN(g, 0x0f, 0x85, 0, 0);
    else
        XF_INSN(g, 0x0f, 0x85, 0, 0, 0, 0);
}

static void port(struct xf_gen *g)
{
    xf_mov(g, X86_RDX, fuzz_pick(&g->r, fuzz_one_in(&g->r, 4) ? 65536 : 256));
    XF_INSN(g, (u8)(0xec + fuzz_pick(&g->r, 4)));
}

void xf_sequence(struct xf_gen *g)
{
    static const u16 weights[2][17] = {
        { 10, 5, 3, 1, 8, 8, 6, 5, 8, 4, 8, 6, 12, 14, 14, 14, 3 },
        { 0, 0, 0, 0, 8, 8, 6, 4, 3, 4, 8, 4, 12, 14, 0, 14, 3 },
    };
    switch (fuzz_weighted(&g->r, weights[g->user], 17)) {
    case 0: control_register(g); break;
    case 1: some_msr(g); break;
    case 2: debug_register(g); break;
    case 3: extended_control(g); break;
    case 4: flags(g); break;
    case 5: mxcsr(g); break;
    case 6: load_segment(g); break;
    case 7: far_return(g); break;
    case 8: interrupt_return(g); break;
    case 9: system_call(g); break;
    case 10: indirect_branch(g); break;
    case 11: shadow(g); break;
    case 12: new_pointer(g); break;
    case 13: string(g); break;
    case 14:
        if (g->paging)
            change_table(g);
        break;
    case 15: fuzz_one_in(&g->r, 2) ? loop(g) : change_code(g); break;
    default: port(g);
    }
}
