/*
 * asm_enc.c - prefixes, ModRM, SIB, REX and VEX. Intel SDM volume 2, 2.1 (ModRM, SIB), 2.2.1 (REX), 2.3 (VEX).
 *
 * Not here: 16- and 32-bit addressing, segments, 256-bit vectors, EVEX.
 */
#include "backend/jit/x64/asm_enc.h"

#include <string.h>

#include "base/err.h"

enum { INSN_MAX = 15, NO_BASE = 5, NEED_SIB = 4, NO_INDEX = 4 };

bool xenc_room(struct xasm *a)
{
    if (a->end - a->p < INSN_MAX)
        a->full = true;
    return !a->full;
}

void xenc_put(struct xasm *a, u32 n, u64 v)
{
    if (a->full)
        return;
    memcpy(a->p, &v, n);
    a->p += n;
}

i32 xenc_distance(const struct xasm *a, const void *to, u32 n)
{
    i64 d = (i64)((u64)to - (u64)xa_here(a) - n);
    CHECK(d == (i32)d || a->full);
    return (i32)d;
}

/* Without a base the displacement always takes four bytes: give the index's place to the base if that is the same. */
static struct xmem canonical(struct xmem m)
{
    CHECK(m.index != RSP);
    if (xenc_is_reg(m) || m.base != XNONE || m.index == XNONE || m.scale > 2)
        return m;
    m.base = m.index;
    if (m.scale == 1)
        m.index = XNONE;
    m.scale = 1;
    return m;
}

static u32 high(i32 r) { return r >= R8; }

/* The bits X and B of REX; VEX has them inverted. */
static u32 high_bits(struct xmem m) { return high(m.index) << 1 | high(m.base); }

static void put_sib(struct xasm *a, struct xmem m)
{
    u32 index = m.index == XNONE ? NO_INDEX : m.index & 7, base = m.base == XNONE ? NO_BASE : m.base & 7;
    xenc_put(a, 1, (u32)__builtin_ctz(m.scale) << 6 | index << 3 | base);
}

static void put_based(struct xasm *a, u32 reg, struct xmem m)
{
    u32 base = m.base & 7, mod = m.disp == 0 && base != NO_BASE ? 0 : xenc_fits8(m.disp) ? 1 : 2;
    bool sib = m.index != XNONE || base == NEED_SIB;
    xenc_put(a, 1, mod << 6 | reg << 3 | (sib ? NEED_SIB : base));
    if (sib)
        put_sib(a, m);
    if (mod)
        xenc_put(a, mod == 1 ? 1 : 4, (u32)m.disp);
}

static void put_modrm(struct xasm *a, u32 reg, struct xmem m, u32 tail)
{
    reg &= 7;
    if (xenc_is_reg(m)) {
        xenc_put(a, 1, 0xc0 | reg << 3 | (m.base & 7));
    } else if (m.abs) {
        xenc_put(a, 1, reg << 3 | NO_BASE);
        xenc_put(a, 4, (u32)xenc_distance(a, m.abs, 4 + tail));
    } else if (m.base == XNONE) {
        xenc_put(a, 1, reg << 3 | NEED_SIB);
        put_sib(a, m);
        xenc_put(a, 4, (u32)m.disp);
    } else {
        put_based(a, reg, m);
    }
}

/* Everything up to the opcode's last byte. */
static void put_opcode(struct xasm *a, u32 op, u32 rex, bool keep_rex)
{
    static const u8 escape[] = { 0, 0, 0x38, 0x3a };
    u32 prefix = op >> 16 & 0xff, map = op >> 8 & 0xff;
    rex |= op & XV_W ? 8 : 0;
    if (op & XENC_O16)
        xenc_put(a, 1, 0x66);
    if (op & XENC_LOCK)
        xenc_put(a, 1, 0xf0);
    if (prefix)
        xenc_put(a, 1, prefix);
    if (rex || keep_rex)
        xenc_put(a, 1, 0x40 | rex);
    if (map)
        xenc_put(a, 1, 0x0f);
    if (map > 1)
        xenc_put(a, 1, escape[map]);
    xenc_put(a, 1, op & 0xff);
}

static bool needs_rex8(i32 r) { return r >= RSP && r <= RDI; }

void xenc_op(struct xasm *a, u32 op, u32 reg, struct xmem rm, u32 tail)
{
    if (!xenc_room(a))
        return;
    rm = canonical(rm);
    bool byte_rm = op & XENC_RM8 && xenc_is_reg(rm);
    bool keep_rex = (op & XENC_REG8 && needs_rex8((i32)reg)) || (byte_rm && needs_rex8(rm.base));
    put_opcode(a, op, high((i32)reg) << 2 | high_bits(rm), keep_rex);
    put_modrm(a, reg, rm, tail);
}

void xenc_vex(struct xasm *a, u32 op, u32 reg, u32 reg2, struct xmem rm, u32 tail)
{
    if (!xenc_room(a))
        return;
    rm = canonical(rm);
    u32 prefix = op >> 16 & 0xff, map = op >> 8 & 0xff, w = op & XV_W ? 0x80 : 0;
    u32 rxb = high((i32)reg) << 2 | high_bits(rm);
    u32 pp = prefix == 0x66 ? 1 : prefix == 0xf3 ? 2 : prefix == 0xf2 ? 3 : 0;
    u32 last = (~reg2 & 15) << 3 | pp;
    if (map == 1 && !w && !(rxb & 3)) {
        xenc_put(a, 2, 0xc5 | ((rxb ? 0 : 0x80) | last) << 8);
    } else {
        xenc_put(a, 2, 0xc4 | ((~rxb & 7) << 5 | map) << 8);
        xenc_put(a, 1, w | last);
    }
    xenc_put(a, 1, op & 0xff);
    put_modrm(a, reg, rm, tail);
}

void xenc_op_bare(struct xasm *a, u32 op)
{
    if (xenc_room(a))
        put_opcode(a, op, 0, false);
}

void xenc_op_plus(struct xasm *a, u32 op, enum xreg r)
{
    if (xenc_room(a))
        put_opcode(a, op | ((u32)r & 7), high(r), false);
}
