/*
 * x86_gen.h - random instructions of one decode row, and registers and memory that give them something to do.
 *
 * Encodings are made from the row and count only if the decoder maps them back to it. Memory operands are aimed at
 * the data pages: mostly inside, some across the border of the two, some over the end. Numbers at the edges of their
 * type are as frequent as others. Everything follows from the seed.
 */
#pragma once
#include "base/bits.h"
#include "frontend/x86/insn.h"
#include "frontend/x86/lift.h"
#include "tests/vectors/x86_native.h"

struct xv_case {
    u64                 rng;
    const struct x86_row *row;
    struct xv_segments  seg;
    u8                  code[32];
    u32                 len;
    u32                 disp_at, disp_size; /* of the displacement in code; size 0: none */
    bool                fs;                 /* FS and GS may be used */
    struct x86_insn     insn;
    struct xv_regs      regs;
    u32                 at;                 /* linear address and size of the memory operand, size 0: none */
    u32                 size;
    u8                  data[XV_LEN];
};

static inline u64 draw(struct xv_case *c)
{
    c->rng ^= c->rng << 13;
    c->rng ^= c->rng >> 7;
    return c->rng ^= c->rng << 17;
}
static inline u32 below(struct xv_case *c, u32 n) { return (u32)((draw(c) >> 32) * n >> 32); }
static inline bool one_in(struct xv_case *c, u32 n) { return !below(c, n); }

/* ---- numbers ---- */

static inline u64 gen_int(struct xv_case *c)
{
    static const u64 edge[] = { 0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
                                0x7fffffffffffffff, 0x8000000000000000, ~0ull, 2, 3 };
    u64 v = draw(c), n = draw(c);
    return n & 1 ? v >> (n >> 8 & 63) : n & 2 ? edge[n >> 8 & 15] + (n >> 16 & 3) - 1 : v;
}

static inline u32 gen_f32(struct xv_case *c)
{
    static const u32 edge[] = { 0, 1, 0x7fffff, 0x800000, 0x3f800000, 0x3f800001, 0x7f7fffff, 0x7f800000, 0x7fc00000,
                                0x7f800001, 0x7fbfffff, 0x4f000000, 0x4effffff, 0x5f000000, 0x3f000000, 0x3fc00000 };
    u32 v = (u32)draw(c), n = below(c, 8);
    if (n < 3)
        return edge[below(c, 16)] | (v & 0x80000000);
    if (n < 6) /* magnitudes that meet */
        return (v & 0x80000000) | (127 - 12 + below(c, 24)) << 23 | (n == 5 ? (v & 0x700000) : (v & 0x7fffff));
    return n == 6 ? v & 0x807fffff : v;
}

static inline u64 gen_f64(struct xv_case *c)
{
    static const u64 edge[] = { 0, 1, 0xfffffffffffff, 0x10000000000000, 0x3ff0000000000000, 0x3ff0000000000001,
                                0x7fefffffffffffff, 0x7ff0000000000000, 0x7ff8000000000000, 0x7ff0000000000001,
                                0x41e0000000000000, 0x41dfffffffc00000, 0x43e0000000000000, 0x3fe0000000000000,
                                0x47efffffffffffff, 0x3810000000000000 };
    u64 v = draw(c), sign = v & 1ull << 63;
    u32 n = below(c, 8);
    if (n < 3)
        return edge[below(c, 16)] | sign;
    if (n < 6)
        return sign | (u64)(1023 - 20 + below(c, 60)) << 52 | (n == 5 ? v & 0xe000000000000 : v & 0xfffffffffffff);
    return n == 6 ? v & 0x800fffffffffffff : v;
}

static inline void gen_f80(struct xv_case *c, u8 *p)
{
    static const u16 exps[] = { 0, 0, 1, 0x7fff, 0x7fff, 0x3fff, 0x3ffe, 0x4000,
                                0x401d, 0x403d, 0x403e, 0x43fe, 0x3c01, 0x7ffe };
    static const u64 sigs[] = { 0, 1, 1ull << 63, ~0ull, 3ull << 62, 1ull << 63 | 1,
                                1ull << 62, ~0ull >> 1, 0xffffff0000000000 };
    u64 v = draw(c), sig = one_in(c, 3) ? sigs[below(c, COUNT(sigs))] : v;
    u32 n = below(c, 8);
    u16 se = n < 3 ? exps[below(c, COUNT(exps))] : n < 7 ? 0x3fff - 30 + below(c, 70) : (u16)draw(c) & 0x7fff;
    if (n >= 3 || !one_in(c, 4)) /* a normal number; else whatever comes out */
        sig = se && n >= 3 ? sig | 1ull << 63 : se && se != 0x7fff ? sig | 1ull << 63 : sig;
    se |= draw(c) & 0x8000;
    memcpy(p, &sig, 8);
    memcpy(p + 8, &se, 2);
}

/* n bytes (a multiple of 8) of one kind of numbers. */
enum gen_kind { GEN_INT, GEN_F32, GEN_F64, GEN_SMALL, GEN_KINDS };
static inline void gen_fill(struct xv_case *c, enum gen_kind kind, void *p, u32 n)
{
    for (u32 k = 0; k < n; k += 8) {
        u64 v = kind == GEN_F32   ? gen_f32(c) | (u64)gen_f32(c) << 32
                : kind == GEN_F64 ? gen_f64(c)
                : kind == GEN_SMALL ? (draw(c) & 0x0f0f0f0f0f0f0f0f) * (draw(c) & 1 ? 0x11 : 1)
                                    : gen_int(c);
        memcpy((u8 *)p + k, &v, 8);
    }
}

static inline enum gen_kind gen_kind_of(struct xv_case *c)
{
    const struct x86_row *row = c->row;
    u32 n = below(c, 8);
    bool f32 = row->lane == IR_F32;
    if (row->attr & (X86_FPX | X86_SSE) && (f32 || row->lane == IR_F64)) /* conversions have both */
        return n == 7 ? GEN_INT : f32 == (n < 5) ? GEN_F32 : GEN_F64;
    return n < 5 ? GEN_INT : n == 5 ? GEN_F32 : n == 6 ? GEN_F64 : GEN_SMALL;
}

/* ---- encodings ---- */

static inline void gen_byte(struct xv_case *c, u64 v) { c->code[c->len++] = (u8)v; }

static inline void gen_legacy(struct xv_case *c, bool mem)
{
    static const u8 must[] = { [X86_PFX_66] = 0x66, [X86_PFX_F3] = 0xf3, [X86_PFX_F2] = 0xf2 };
    static const u8 segs[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65 };
    const struct x86_row *row = c->row;
    bool is64 = c->seg.bits == 64, near = is64 && row->attr & X86_F64; /* vendors differ in what 66 does there */
    if (row->attr & X86_LOCK && mem && one_in(c, 4))
        gen_byte(c, 0xf0);
    if (row->attr & X86_STR && one_in(c, 2))
        gen_byte(c, one_in(c, 2) ? 0xf2 : 0xf3);
    if ((row->prefix == X86_PFX_ANY || row->prefix == X86_PFX_NOREP) && !near && one_in(c, 4))
        gen_byte(c, 0x66);
    if (row->prefix >= X86_PFX_F3 && row->prefix <= X86_PFX_F2 && one_in(c, row->attr & X86_SSE ? 16 : 4))
        gen_byte(c, 0x66);
    if (one_in(c, 8))
        gen_byte(c, 0x67);
    if (one_in(c, 8))
        gen_byte(c, segs[below(c, is64 && c->fs ? 6 : 4)]);
    if (row->prefix < sizeof must && must[row->prefix])
        gen_byte(c, must[row->prefix]);
    if (is64 && (row->w == 1 || one_in(c, 2)))
        gen_byte(c, 0x40 | (draw(c) & 7) | (row->w == 1 || (row->w && one_in(c, 2)) ? 8 : 0));
    if (row->map)
        gen_byte(c, 0x0f);
    if (row->map > 1)
        gen_byte(c, row->map == 2 ? 0x38 : 0x3a);
}

static inline void gen_vex(struct xv_case *c)
{
    static const u8 pp[] = { [X86_PFX_66] = 1, [X86_PFX_F3] = 2, [X86_PFX_F2] = 3 };
    const struct x86_row *row = c->row;
    bool is64 = c->seg.bits == 64;
    u32 l = row->l >= 0 ? (u32)row->l : below(c, 2), w = row->w >= 0 ? (u32)row->w : below(c, 2);
    u32 v = row->attr & X86_NOV ? 15 : below(c, 16), rxb = is64 ? below(c, 8) << 5 : 0xe0;
    if (!is64)
        v |= 8;
    if (one_in(c, 8))
        gen_byte(c, 0x67);
    if (row->map == 1 && w == 0 && (rxb & 0x60) == 0x60 && one_in(c, 2)) {
        gen_byte(c, 0xc5);
        gen_byte(c, (rxb & 0x80) | v << 3 | l << 2 | pp[row->prefix]);
        return;
    }
    gen_byte(c, 0xc4);
    gen_byte(c, rxb | row->map);
    gen_byte(c, w << 7 | v << 3 | l << 2 | pp[row->prefix]);
}

static inline u32 gen_adsize(const struct xv_case *c)
{
    bool small = false;
    for (u32 k = 0; k < c->len; k++)
        small |= c->code[k] == 0x67 && k < 4;
    return c->seg.bits == 64 ? (small ? 4 : 8) : (c->seg.bits == 16) == small ? 4 : 2;
}

static inline void gen_modrm(struct xv_case *c, u8 modrm, u32 adsize)
{
    u32 mod = modrm >> 6, rm = modrm & 7;
    gen_byte(c, modrm);
    c->disp_size = 0;
    if (mod == 3)
        return;
    if (adsize == 2) {
        c->disp_size = mod == 1 ? 1 : mod == 2 || rm == 6 ? 2 : 0;
    } else {
        u32 sib = rm == 4 ? (u32)draw(c) & 0xff : 0;
        if (rm == 4)
            gen_byte(c, sib);
        c->disp_size = mod == 1 ? 1 : mod == 2 || (rm == 4 ? sib & 7 : rm) == 5 ? 4 : 0;
    }
    c->disp_at = c->len;
    for (u32 k = 0; k < c->disp_size; k++)
        gen_byte(c, draw(c));
}

static inline u8 gen_modrm_byte(struct xv_case *c)
{
    const struct x86_row *row = c->row;
    u8 m = (u8)((row->modrm_value & row->modrm_mask) | (draw(c) & 0xff & ~row->modrm_mask));
    if (row->modrm_mask & 0xc0)
        return m;
    u32 mod = row->modrm_not || row->attr & X86_VSIB ? below(c, 3) : one_in(c, 2) ? 3 : below(c, 3);
    m = (u8)((m & 0x3f) | mod << 6);
    if (row->attr & X86_VSIB && !(row->modrm_mask & 7))
        m = (m & 0xf8) | 4;
    return m;
}

/* False: this one is of another row, or of none. */
static inline bool gen_code(struct xv_case *c, u64 mode, const u64 features[2])
{
    const struct x86_row *row = c->row;
    u8 modrm = gen_modrm_byte(c);
    c->len = c->disp_at = c->disp_size = 0;
    if (row->vex)
        gen_vex(c);
    else
        gen_legacy(c, modrm < 0xc0);
    u32 adsize = gen_adsize(c);
    gen_byte(c, (row->opcode & row->opcode_mask) | (draw(c) & 0xff & ~row->opcode_mask));
    if (row->modrm)
        gen_modrm(c, row->attr & X86_MODREG ? modrm | 0xc0 : modrm, adsize);
    while (c->len < 24)
        gen_byte(c, c->len & 1 ? gen_int(c) : draw(c));
    return x86_decode(c->code, 15, mode, features, &c->insn) == X86_OK && c->insn.row == row;
}

/* ---- where memory operands lie ---- */

static inline u32 gen_seg_base(const struct xv_case *c, u32 seg)
{
    if (c->seg.bits == 64)
        return seg == X86_FS ? XV_FS : seg == X86_GS ? XV_GS : 0;
    if (seg == X86_CS)
        return c->seg.bits == 16 ? XV_BASE : 0;
    return c->seg.based ? XV_BASE : 0;
}

/* The bytes that are accessed, as far as operands tell; structures of unknown size: as much as is ever accessed. */
static inline u32 gen_mem_size(const struct x86_insn *i)
{
    u32 n = 0;
    for (u32 k = 0; k < i->row->operand_count; k++)
        if (i->op[k].kind == X86_K_MEM)
            n = MAX(n, i->op[k].size ? i->op[k].size : 832u);
    return n ? n : 16;
}

/* Not across a cache line: bus locks may be refused by the host's kernel. */
static inline bool gen_is_locked(const struct x86_insn *i)
{
    return i->lock || (i->row->lift == x86_xchg && i->has_mem);
}

static inline u32 gen_place(struct xv_case *c, u32 size)
{
    u32 n = below(c, 16), room = XV_LEN - MIN(size, 0x1000u);
    u32 align = size > 64 ? 64 : 32, at = XV_DATA + below(c, room);
    if (gen_is_locked(&c->insn))
        return (at & ~63u) + (one_in(c, 2) ? below(c, 64 / size) * size : below(c, 65 - size));
    if (n < 9)
        return at & ~(align - 1);
    if (n < 13)
        return at;
    if (n < 15)
        return XV_DATA + PAGE_SIZE - below(c, MIN(size, 512u) + 1);
    return XV_DATA + (one_in(c, 3) ? 0u - below(c, size + 8) : XV_LEN - below(c, MIN(size, 512u) + 1));
}

static inline u64 gen_cut(u64 v, u32 size) { return size == 8 ? v : v & ((1ull << 8 * size) - 1); }

static inline void gen_set_reg(struct xv_case *c, u32 reg, u64 v, u32 size)
{
    u64 mask = size == 8 ? ~0ull : (1ull << 8 * size) - 1;
    c->regs.gpr[reg] = (c->regs.gpr[reg] & ~mask) | (v & mask);
}

static inline bool gen_set_disp(struct xv_case *c, u64 v)
{
    if (c->disp_size < 2)
        return false;
    memcpy(c->code + c->disp_at, &v, c->disp_size);
    c->insn.disp = bits_sext(gen_cut(v, c->disp_size), 8 * c->disp_size);
    return c->insn.adsize < 8 || (u64)c->insn.disp == v;
}

static inline bool is_bit_string(const struct x86_insn *i)
{
    return i->row->lift == x86_bt && i->op[1].kind == X86_K_REG;
}

/* The index: small, so that a base makes up for it; vector indices the same. */
static inline u64 gen_index(struct xv_case *c)
{
    const struct x86_insn *i = &c->insn;
    if (i->row->attr & X86_VSIB) {
        bool wide = strstr(i->row->mnemonic, "gatherq");
        for (u32 k = 0; k < 32; k += wide ? 8 : 4) {
            i64 v = (i64)below(c, 256) - 128;
            memcpy(c->regs.vec[i->index] + k, &v, wide ? 8 : 4);
        }
        return 0;
    }
    gen_set_reg(c, i->index, one_in(c, 2) ? below(c, 256) : gen_int(c), i->adsize);
    return c->regs.gpr[i->index] << i->scale;
}

/* False: this encoding cannot reach the data. */
static inline bool gen_aim(struct xv_case *c)
{
    struct x86_insn *i = &c->insn;
    c->size = gen_mem_size(i);
    c->at = gen_place(c, c->size);
    if (c->size >= 16) /* whether these have #AC is left to processors */
        c->regs.flags &= ~(u64)X86_FL_AC;
    if (is_bit_string(i)) {
        if (i->op[1].reg == i->base || i->op[1].reg == i->index)
            return false;
        gen_set_reg(c, i->op[1].reg, (u64)(i64)((i32)below(c, 0x800) - 0x400), i->op[1].size);
    }
    u64 want = c->at - gen_seg_base(c, i->seg), rest = want - (u64)i->disp;
    if (!i->row->modrm) { /* an absolute offset */
        i->disp = (i64)gen_cut(want, i->adsize);
        memcpy(c->code + i->len - i->adsize, &want, i->adsize);
        return gen_cut(want, i->adsize) == want;
    }
    if (i->base == X86_BASE_IP)
        return gen_set_disp(c, gen_cut(want - (XV_INSN + i->len), 4)) || i->adsize == 8;
    bool vsib = i->row->attr & X86_VSIB, same = i->index == i->base && !vsib && i->base != X86_BASE_NONE;
    if (i->index != X86_BASE_NONE && !same)
        rest -= gen_index(c);
    if (same)
        gen_set_reg(c, i->base, below(c, 512), i->adsize);
    if (i->base == X86_BASE_NONE || same) {
        u64 have = same ? c->regs.gpr[i->base & 15] * (1 + (1ull << i->scale)) : 0;
        if (!same && i->index != X86_BASE_NONE && !vsib) {
            gen_set_reg(c, i->index, below(c, 256), 8);
            have = c->regs.gpr[i->index] << i->scale;
        }
        return gen_set_disp(c, gen_cut(want - have, i->adsize));
    }
    gen_set_reg(c, i->base, rest, i->adsize);
    return true;
}

/* ---- registers ---- */

static inline void gen_x87(struct xv_case *c)
{
    struct xv_regs *r = &c->regs;
    u32 top = below(c, 8), n = below(c, 8);
    for (u32 k = 0; k < 8; k++) {
        gen_f80(c, r->st[k]);
        if (one_in(c, 16))
            memset(r->st[k] + 8, 0xff, 2); /* as MMX leaves it */
    }
    r->fcw = 0x40 | 0x3f | (n < 4 ? 0x300 : below(c, 4) << 8) | (one_in(c, 2) ? 0 : below(c, 4) << 10);
    if (one_in(c, 8))
        r->fcw &= (u16)~below(c, 64);
    r->ftw = one_in(c, 2) ? 0xff : (u8)draw(c);
    r->fsw = (u16)((draw(c) & 0x4700) | top << 11);
    if (one_in(c, 4))
        r->fsw |= (u16)(draw(c) & 0x7f & (one_in(c, 4) ? 0x7f : r->fcw | 0x40));
    if (r->fsw & ~r->fcw & 0x3f)
        r->fsw |= 0x8080;
}

static inline void gen_mxcsr(struct xv_case *c)
{
    struct xv_regs *r = &c->regs;
    u32 n = below(c, 8);
    r->mxcsr = 0x1f80;
    if (n >= 3)
        r->mxcsr |= (u32)draw(c) & 0x603f;
    if (n >= 6)
        r->mxcsr |= (u32)draw(c) & 0x8040;
    if (n == 7 && one_in(c, 2))
        r->mxcsr &= ~((u32)draw(c) & 0x1f80);
}

static inline void gen_regs(struct xv_case *c)
{
    struct xv_regs *r = &c->regs;
    for (u32 k = 0; k < 16; k++)
        r->gpr[k] = c->seg.bits == 64 ? gen_int(c) : k < 8 ? (u32)gen_int(c) : 0;
    for (u32 k = 0; k < 16; k++)
        gen_fill(c, gen_kind_of(c), r->vec[k], 32);
    r->gpr[X86_RSP] = gen_cut(gen_place(c, 32) - gen_seg_base(c, X86_SS), c->seg.bits == 64 ? 8 : 4);
    if (!one_in(c, 8))
        r->gpr[X86_RSP] &= ~7ull;
    r->flags = 0x202 | (draw(c) & X86_FL_ARITH) | (one_in(c, 4) ? X86_FL_DF : 0) | (one_in(c, 32) ? X86_FL_AC : 0);
    r->fs = c->fs && c->seg.bits == 64 ? XV_FS : 0;
    r->gs = c->fs && c->seg.bits == 64 ? XV_GS : 0;
    gen_x87(c);
    gen_mxcsr(c);
}

/* ---- memory ---- */

static inline void gen_data(struct xv_case *c)
{
    gen_fill(c, gen_kind_of(c), c->data, 256);
    for (u32 k = 256; k < XV_LEN; k += 256) /* cheap: the same numbers turned round */
        for (u32 n = 0; n < 256; n += 8) {
            u64 v = draw(c);
            memcpy(c->data + k + n, v & 3 ? c->data + (v >> 8 & 31) * 8 : (u8 *)&v, 8);
        }
}

/* Bytes at a linear address, as far as the data pages have them. */
static inline void gen_poke(struct xv_case *c, u64 at, const void *p, u32 n)
{
    for (u32 k = 0; k < n; k++)
        if (at + k - XV_DATA < XV_LEN)
            c->data[at + k - XV_DATA] = ((const u8 *)p)[k];
}

/* The memory operand: numbers of its kind. */
static inline void gen_operand(struct xv_case *c)
{
    u8 b[32];
    bool x87 = c->row->attr & (X86_X87 | X86_X87_NW);
    if (x87 && c->size == 4 && one_in(c, 2))
        gen_fill(c, GEN_F32, b, 8);
    else if (x87 && c->size == 8 && one_in(c, 2))
        gen_fill(c, GEN_F64, b, 8);
    else if (x87 && c->size == 10)
        gen_f80(c, b);
    else
        gen_fill(c, gen_kind_of(c), b, 32);
    if (c->size <= 32)
        gen_poke(c, c->at, b, c->size);
}
