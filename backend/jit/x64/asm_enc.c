/*
 * asm_enc.c - prefixes, ModRM, SIB, REX and VEX. Intel SDM volume 2, 2.1 (ModRM, SIB), 2.2.1 (REX), 2.3 (VEX).
 *
 * Not here: 16- and 32-bit addressing, segments, 256-bit vectors, EVEX.
 */
#include "backend/jit/x64/asm_enc.h"

#include "base/err.h"

enum { NO_BASE = 5, NEED_SIB = 4, NO_INDEX = 4 };

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

/* The bytes of one instruction are put together from p on; the room was looked at. */
static inline u8 *byte(u8 *p, u32 v)
{
    *p = (u8)v;
    return p + 1;
}

static inline u8 *word(u8 *p, i32 v)
{
    memcpy(p, &v, 4);
    return p + 4;
}

static inline u8 *sib(u8 *p, struct xmem m)
{
    u32 index = m.index == XNONE ? NO_INDEX : m.index & 7, base = m.base == XNONE ? NO_BASE : m.base & 7;
    return byte(p, (u32)__builtin_ctz(m.scale) << 6 | index << 3 | base);
}

static inline u8 *based(u8 *p, u32 reg, struct xmem m)
{
    u32 base = m.base & 7, mod = m.disp == 0 && base != NO_BASE ? 0 : xenc_fits8(m.disp) ? 1 : 2;
    bool has_sib = m.index != XNONE || base == NEED_SIB;
    p = byte(p, mod << 6 | reg << 3 | (has_sib ? NEED_SIB : base));
    if (has_sib)
        p = sib(p, m);
    return mod == 2 ? word(p, m.disp) : mod ? byte(p, (u32)m.disp) : p;
}

/* ModRM and what belongs to it; p is where a's instruction has got to. */
static inline u8 *modrm(struct xasm *a, u8 *p, u32 reg, struct xmem m, u32 tail)
{
    reg &= 7;
    if (xenc_is_reg(m))
        return byte(p, 0xc0 | reg << 3 | (m.base & 7));
    if (m.abs) {
        a->p = byte(p, reg << 3 | NO_BASE);
        return word(a->p, xenc_distance(a, m.abs, 4 + tail));
    }
    if (m.base != XNONE)
        return based(p, reg, m);
    return word(sib(byte(p, reg << 3 | NEED_SIB), m), m.disp);
}

/* Everything up to the opcode's last byte. */
static inline u8 *opcode(u8 *p, u32 op, u32 rex, bool keep_rex)
{
    u32 prefix = op >> 16 & 0xff, map = op >> 8 & 0xff;
    rex |= op & XV_W ? 8 : 0;
    if (UNLIKELY(op & (XENC_O16 | XENC_LOCK))) {
        p = op & XENC_O16 ? byte(p, 0x66) : p;
        p = op & XENC_LOCK ? byte(p, 0xf0) : p;
    }
    if (prefix)
        p = byte(p, prefix);
    if (rex || keep_rex)
        p = byte(p, 0x40 | rex);
    if (map)
        p = byte(p, 0x0f);
    if (map > 1)
        p = byte(p, map == 2 ? 0x38 : 0x3a);
    return byte(p, op & 0xff);
}

static bool needs_rex8(i32 r) { return r >= RSP && r <= RDI; }

void xenc_op(struct xasm *a, u32 op, u32 reg, struct xmem rm, u32 tail)
{
    if (!xenc_room(a))
        return;
    rm = canonical(rm);
    bool byte_rm = op & XENC_RM8 && xenc_is_reg(rm);
    bool keep_rex = (op & XENC_REG8 && needs_rex8((i32)reg)) || (byte_rm && needs_rex8(rm.base));
    u8 *p = opcode(a->p, op, high((i32)reg) << 2 | high_bits(rm), keep_rex);
    a->p = modrm(a, p, reg, rm, tail);
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
    u8 *p = a->p;
    if (map == 1 && !w && !(rxb & 3))
        p = byte(byte(p, 0xc5), (rxb ? 0 : 0x80) | last);
    else
        p = byte(byte(byte(p, 0xc4), (~rxb & 7) << 5 | map), w | last);
    a->p = modrm(a, byte(p, op & 0xff), reg, rm, tail);
}

void xenc_op_bare(struct xasm *a, u32 op)
{
    if (xenc_room(a))
        a->p = opcode(a->p, op, 0, false);
}

void xenc_op_plus(struct xasm *a, u32 op, enum xreg r)
{
    if (xenc_room(a))
        a->p = opcode(a->p, op | ((u32)r & 7), high(r), false);
}
