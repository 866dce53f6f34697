/*
 * x86_gen.c - one random instruction of a decode row: what is fixed, the rest random, registers and addresses chosen
 * so that programs do more than fault. What came of it is for the decoder to say.
 */
#include "tests/fuzz/x86_gen.h"
#include <fnmatch.h>
#include <string.h>

/* ---- rows by class ---- */

static bool one_of(const char *s, const char *list) /* names between blanks */
{
    size_t n = strlen(s);
    for (const char *at = strstr(list, s); at; at = strstr(at + 1, s))
        if ((at == list || at[-1] == ' ') && (at[n] == ' ' || !at[n]))
            return true;
    return false;
}

static enum xf_class simd_class(const struct x86_row *row)
{
    if (row->attr & (X86_X87 | X86_X87_NW))
        return XF_C_X87;
    if (row->attr & X86_MMX)
        return XF_C_MMX;
    if (row->attr & X86_FPX)
        return XF_C_FP;
    return row->attr & X86_SSE ? XF_C_VECTOR : XF_C_COUNT;
}

static enum xf_class class_of(const struct x86_row *row)
{
    const char *m = row->mnemonic;
    enum xf_class simd = simd_class(row);
    if (simd != XF_C_COUNT)
        return simd;
    if (row->attr & X86_STR)
        return XF_C_STRING;
    if (row->operand_count && row->operand[0].method == X86_A_J)
        return XF_C_BRANCH;
    if (one_of(m, "callf jmpf retf int int3 into int1 iret bound syscall sysret sysenter sysexit ud0 ud1 ud2 rsm"))
        return XF_C_FAR;
    if (one_of(m, "jmp call ret push pop pusha popa pushf popf enter leave"))
        return XF_C_STACK;
    if (row->attr & X86_CPL0 || one_of(m, "cpuid rdpmc rdtsc rdtscp monitor mwait xgetbv rdrand rdseed rdpid"))
        return XF_C_SYSTEM;
    if (one_of(m, "les lds lss lfs lgs arpl verr verw lar lsl sldt str sgdt sidt smsw rdfsbase rdgsbase wrfsbase "
                  "wrgsbase") || strstr(row->name, "Sw"))
        return XF_C_SEGMENT;
    return one_of(m, "in out cli sti") ? XF_C_IO : XF_C_INT;
}

void xf_rows_init(struct xf_rows *rows, const char *group)
{
    *rows = (struct xf_rows){ .features = x86_model_find("max")->features };
    for (u32 i = 0; i < X86_ROW_COUNT; i++) {
        enum xf_class c = class_of(&x86_rows[i]);
        rows->cls[i] = (u8)c;
        rows->row[c][rows->count[c]++] = (u16)i;
        if (group && !fnmatch(group, x86_rows[i].name, 0))
            rows->wanted[rows->wanted_count++] = (u16)i;
    }
}

/* ---- registers: RBX RBP RSI RDI R8 R9 point to data, R12 R13 are small, R14 R15 are labels ---- */

static u32 any_register(struct xf_gen *g) { return fuzz_pick(&g->r, g->bits == 64 ? 16 : 8); }

static u32 data_register(struct xf_gen *g)
{
    static const u8 data[] = { 0, 1, 2, 10, 11, 12, 13, 14, 15 };
    if (fuzz_one_in(&g->r, 12))
        return any_register(g);
    return data[fuzz_pick(&g->r, g->bits == 64 ? COUNT(data) : 3)];
}

static u32 vector_register(struct xf_gen *g) { return fuzz_one_in(&g->r, 5) ? any_register(g) : fuzz_pick(&g->r, 8); }

static u32 register_of(struct xf_gen *g, const struct x86_row *row, const char *methods)
{
    for (u32 n = 0; n < row->operand_count; n++)
        if (strchr(methods, row->operand[n].method))
            return data_register(g);
    return vector_register(g);
}
static const char by_reg[] = { X86_A_G, 0 }, by_rm[] = { X86_A_E, X86_A_R, X86_A_M, 0 }, by_v[] = { X86_A_B, 0 };

/* ---- bytes ---- */

struct maker {
    struct xf_gen       *g;
    const struct x86_row *row;
    u8  b[32];
    u32 n;
    u32 reg, rm, base, index; /* with REX bits */
    bool memory, adsize16;
};

static void put(struct maker *m, u32 byte) { m->b[m->n++] = (u8)byte; }

static void choose_memory(struct maker *m)
{
    static const u8 bases[] = { 3, 5, 6, 7, 8, 9, 3, 6 };
    struct fuzz_rng *r = &m->g->r;
    bool wide = m->g->bits == 64;
    m->base = fuzz_one_in(r, 20) ? any_register(m->g) : fuzz_one_in(r, 10) ? 4 : bases[fuzz_pick(r, wide ? 8 : 4)];
    m->index = fuzz_one_in(r, 12) ? any_register(m->g) : wide ? 12 + fuzz_pick(r, 2) : 4;
    if (m->row->attr & X86_VSIB)
        m->index = fuzz_pick(r, 8) ? 6 + fuzz_pick(r, 2) : any_register(m->g);
}

static void choose(struct maker *m)
{
    struct fuzz_rng *r = &m->g->r;
    m->reg = register_of(m->g, m->row, by_reg);
    m->rm = register_of(m->g, m->row, by_rm);
    m->memory = fuzz_pick(r, 9) < 5 || m->row->modrm_not;
    if (m->row->modrm_mask >= 0xc0 && (m->row->modrm_value >> 6) == 3)
        m->memory = false;
    choose_memory(m);
}

static void put_legacy_prefixes(struct maker *m)
{
    static const u8 segs[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65 };
    struct fuzz_rng *r = &m->g->r;
    const struct x86_row *row = m->row;
    bool big = m->g->bits != 16;
    if (fuzz_one_in(r, m->g->bits == 16 ? 4 : 24)) {
        put(m, 0x67);
        big = !big;
    }
    m->adsize16 = m->g->bits != 64 && !big;
    if (fuzz_one_in(r, 12))
        put(m, segs[fuzz_pick(r, 6)]);
    if (row->vex)
        return;
    if ((row->attr & X86_LOCK && m->memory && fuzz_one_in(r, 4)) || fuzz_one_in(r, 400))
        put(m, 0xf0);
    if ((row->prefix == X86_PFX_ANY || row->prefix == X86_PFX_NOREP) && fuzz_one_in(r, 5))
        put(m, 0x66);
    if (row->attr & X86_STR && fuzz_pick(r, 3))
        put(m, 0xf2 + fuzz_pick(r, 2));
    if (row->prefix == X86_PFX_66)
        put(m, 0x66);
    if (row->prefix == X86_PFX_F3 || row->prefix == X86_PFX_F2)
        put(m, row->prefix == X86_PFX_F3 ? 0xf3 : 0xf2);
}

/* REX or VEX bits: R X B. */
static u32 extension(const struct maker *m)
{
    bool sib = m->memory && !m->adsize16;
    u32 b = m->memory ? m->base : m->rm;
    return (m->reg >> 3 & 1) << 2 | (sib ? (m->index >> 3 & 1) << 1 : 0) | (b >> 3 & 1);
}

static void put_rex(struct maker *m)
{
    struct fuzz_rng *r = &m->g->r;
    u32 rex = extension(m) | (m->row->w == 1 || (m->row->w < 0 && fuzz_one_in(r, 2)) ? 8 : 0);
    if (!m->row->modrm && m->row->opcode_mask == 0xf8)
        rex = (rex & 8) | fuzz_one_in(r, 3);
    if (m->g->bits == 64 && (rex || fuzz_one_in(r, 6)))
        put(m, 0x40 | rex);
}

static void put_vex(struct maker *m)
{
    static const u8 pp[] = { [X86_PFX_66] = 1, [X86_PFX_F3] = 2, [X86_PFX_F2] = 3 };
    struct fuzz_rng *r = &m->g->r;
    const struct x86_row *row = m->row;
    u32 v = row->attr & X86_NOV ? 0 : register_of(m->g, row, by_v), l = row->l < 0 ? fuzz_pick(r, 2) : (u32)row->l;
    u32 w = row->w < 0 ? fuzz_pick(r, 2) : (u32)row->w, x = m->g->bits == 64 ? extension(m) : 0;
    u32 last = (~v & 15) << 3 | l << 2 | pp[row->prefix];
    if (row->map == 1 && !(x & 3) && !w && fuzz_one_in(r, 2)) {
        put(m, 0xc5);
        put(m, (~x & 4) << 5 | last);
    } else {
        put(m, 0xc4);
        put(m, (~x & 7) << 5 | row->map);
        put(m, w << 7 | last);
    }
}

static void put_opcode(struct maker *m)
{
    const struct x86_row *row = m->row;
    if (!row->vex && row->map)
        put(m, 0x0f);
    if (!row->vex && row->map > 1)
        put(m, row->map == 2 ? 0x38 : 0x3a);
    u32 low = fuzz_pick(&m->g->r, 16);
    if (row->opcode_mask == 0xf8)
        low = data_register(m->g);
    put(m, row->opcode | (low & ~row->opcode_mask & 0xff));
}

static void put_address16(struct maker *m, u32 reg)
{
    static const u8 regs[] = { 4, 5, 7, 6 };
    struct fuzz_rng *r = &m->g->r;
    u32 rm = fuzz_one_in(r, 12) ? fuzz_pick(r, 8) : regs[fuzz_pick(r, 4)], mod = fuzz_pick(r, 3);
    put(m, mod << 6 | reg << 3 | rm);
    if (!mod && rm == 6) {
        u64 at = xf_pointer(m->g);
        put(m, (u32)at & 0xff);
        put(m, (u32)(at >> 8) & 0xff);
    } else if (mod == 2) {
        put(m, fuzz_pick(r, 256));
        put(m, fuzz_one_in(r, 4) ? 0xff : 0);
    } else {
        put(m, fuzz_pick(r, 256));
    }
}

static void put_disp32(struct maker *m)
{
    struct fuzz_rng *r = &m->g->r;
    u64 x = fuzz_next(r);
    i32 d = fuzz_one_in(r, 10) ? (i32)x : (i32)(x % 512) - 256;
    for (u32 i = 0; i < 4; i++)
        put(m, (u32)d >> 8 * i & 0xff);
}

/* RIP-relative: the pages of code, or data far away; outside 64-bit mode an address. */
static void put_absolute(struct maker *m, u32 reg)
{
    struct fuzz_rng *r = &m->g->r;
    u64 at = xf_pointer(m->g);
    if (m->g->bits == 64)
        at = fuzz_one_in(r, 2) ? fuzz_pick(r, 600) : at - xf_view(m->g->view) - XF_CODE;
    put(m, reg << 3 | 5);
    for (u32 i = 0; i < 4; i++)
        put(m, (u32)(at >> 8 * i) & 0xff);
}

static void put_address(struct maker *m, u32 reg)
{
    struct fuzz_rng *r = &m->g->r;
    u32 mod = fuzz_pick(r, 5) / 2, rm = m->base & 7;
    bool sib = rm == 4 || m->row->attr & X86_VSIB || fuzz_one_in(r, 5);
    if (!sib && fuzz_one_in(r, 12)) {
        put_absolute(m, reg);
        return;
    }
    if (rm == 5 && !mod)
        mod = 1;
    put(m, mod << 6 | reg << 3 | (sib ? 4 : rm));
    if (sib)
        put(m, fuzz_pick(r, 4) << 6 | (m->index & 7) << 3 | rm);
    if (mod == 1)
        put(m, fuzz_pick(r, 3) ? fuzz_pick(r, 256) & 0xf0 : fuzz_pick(r, 256));
    else if (mod == 2)
        put_disp32(m);
}

static void put_modrm(struct maker *m)
{
    const struct x86_row *row = m->row;
    u32 reg = m->reg & 7;
    if (row->modrm_mask & 0x38)
        reg = row->modrm_value >> 3 & 7;
    if (!m->memory)
        put(m, ((0xc0 | reg << 3 | (m->rm & 7)) & ~(u32)row->modrm_mask) | row->modrm_value);
    else if (m->adsize16)
        put_address16(m, reg);
    else
        put_address(m, reg);
}

/* Immediates: what follows. */
static void put_rest(struct maker *m)
{
    u64 x = fuzz_int(&m->g->r, 64);
    const struct x86_operand_desc *o = m->row->operand;
    if (m->row->operand_count > 1 && (o[0].method == X86_A_O || o[1].method == X86_A_O))
        x = xf_pointer(m->g);
    for (u32 i = 0; i < 8; i++)
        put(m, (u32)(x >> 8 * i) & 0xff);
    put(m, fuzz_pick(&m->g->r, 4));
    put(m, 0);
}

u32 xf_insn(struct xf_gen *g, u32 row, u8 bytes[16])
{
    for (u32 tries = 0; tries < 40; tries++) {
        struct maker m = { .g = g, .row = &x86_rows[row] };
        struct x86_insn i;
        choose(&m);
        put_legacy_prefixes(&m);
        if (m.row->vex)
            put_vex(&m);
        else
            put_rex(&m);
        put_opcode(&m);
        if (m.row->modrm)
            put_modrm(&m);
        put_rest(&m);
        if (x86_decode(m.b, 15, g->mode, g->rows->features, &i) == X86_OK && i.row == m.row) {
            memcpy(bytes, m.b, 16);
            return i.len;
        }
    }
    return 0;
}

/* ---- one of any row ---- */

/* Those that end most programs at once. */
static bool is_rare(u32 row)
{
    switch (row) {
    case X86_ROW_lgdt: case X86_ROW_lidt: case X86_ROW_lldt: case X86_ROW_ltr: case X86_ROW_lmsw: case X86_ROW_wrmsr:
    case X86_ROW_xsetbv: case X86_ROW_mov_CmRm: case X86_ROW_mov_DmRm: case X86_ROW_hlt: case X86_ROW_swapgs:
        return true;
    default: return false;
    }
}

static u32 pick_row(struct xf_gen *g)
{
    if (g->rows->wanted_count && fuzz_pick(&g->r, 5))
        return g->rows->wanted[fuzz_pick(&g->r, g->rows->wanted_count)];
    for (;;) {
        u32 c = fuzz_weighted(&g->r, g->weight, XF_C_COUNT);
        if (!g->rows->count[c])
            continue;
        u32 row = g->rows->row[c][fuzz_pick(&g->r, g->rows->count[c])];
        if (!is_rare(row) || fuzz_one_in(&g->r, 12))
            return row;
    }
}

static void add_fix(struct xf_gen *g, u32 size, u32 at, u32 base)
{
    if (g->fixes < XF_FIXES)
        g->fix[g->fixes++] = (struct xf_fix){ (u16)g->p->count, (u16)xf_later(g), (u8)size, (u8)at, base };
}

/* Immediates that mean something; bytes[len - 1] is the last one. */
static void make_sense(struct xf_gen *g, u32 row, u8 *bytes, u32 len)
{
    struct x86_insn i;
    u32 method = x86_rows[row].operand_count ? x86_rows[row].operand[0].method : X86_A_NONE, sel;
    x86_decode(bytes, 15, g->mode, g->rows->features, &i);
    u32 wide = g->bits != 64 && i.opsize == 2 ? 2 : 4;
    switch (method) {
    case X86_A_J:
        add_fix(g, x86_rows[row].operand[0].type == X86_T_b ? 1 : wide, 0, 0);
        break;
    case X86_A_A:
        sel = xf_selector(g);
        store_le16(bytes + len - 2, (u16)sel);
        add_fix(g, wide, len - 2 - wide, (u32)(g->mode & X86_M_PE ? xf_sel_base(sel) : sel << 4));
        break;
    default:
        if (row == X86_ROW_int_Ib)
            bytes[len - 1] = (u8)(fuzz_one_in(&g->r, 8) ? fuzz_pick(&g->r, XF_GATES) : 32 + fuzz_pick(&g->r, 16));
        if (row == X86_ROW_enter)
            bytes[len - 1] &= fuzz_one_in(&g->r, 8) ? 31 : 3;
    }
}

void xf_any(struct xf_gen *g)
{
    u8 bytes[16];
    for (u32 tries = 0; tries < 20; tries++) {
        u32 row = pick_row(g), len = xf_insn(g, row, bytes);
        if (!len)
            continue;
        make_sense(g, row, bytes, len);
        xf_bytes(g, bytes, len);
        return;
    }
    XF_INSN(g, 0x90);
}
