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
    if (m.index == XNONE || m.scale > 2)
        return m;
    m.base = m.index;
    if (m.scale == 1)
        m.index = XNONE;
    m.scale = 1;
    return m;
}

static inline u32 high(i32 r) { return r >= R8; }

/* The bits X and B of REX; VEX has them inverted. */
static inline u32 high_bits(struct xmem m) { return high(m.index) << 1 | high(m.base); }

/* The bytes of one instruction are put together from p on; the room was looked at. */
static inline u8 *byte(u8 *p, u32 v)
{
    *p = (u8)v;
    return p + 1;
}

/* A byte that counts only if `is`: written anyway, which costs less than to jump. */
static inline u8 *byte_if(u8 *p, u32 v, bool is)
{
    *p = (u8)v;
    return p + is;
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
    CHECK(m.index != RSP);
    u32 base = m.base & 7, mod = m.disp == 0 && base != NO_BASE ? 0 : xenc_fits8(m.disp) ? 1 : 2;
    if (m.index == XNONE) {
        *p++ = (u8)(mod << 6 | reg << 3 | base);
        p = byte_if(p, 0x24, base == NEED_SIB);
    } else {
        *p++ = (u8)(mod << 6 | reg << 3 | NEED_SIB);
        *p++ = (u8)((u32)__builtin_ctz(m.scale) << 6 | (m.index & 7) << 3 | base);
    }
    memcpy(p, &m.disp, 4);
    return p + (mod == 2 ? 4 : mod);
}

/* ModRM of memory without a base, and what belongs to it: the end of a's instruction, which has got to p. */
static void modrm(struct xasm *a, u8 *p, u32 reg, struct xmem m, u32 tail)
{
    if (m.abs) {
        a->p = byte(p, reg << 3 | NO_BASE);
        a->p = word(a->p, xenc_distance(a, m.abs, 4 + tail));
    } else {
        a->p = word(sib(byte(p, reg << 3 | NEED_SIB), m), m.disp);
    }
}

/* Everything up to the opcode's last byte. */
static inline u8 *rare_opcode(u8 *p, u32 op, u32 rex, bool keep_rex)
{
    u32 prefix = op >> 16 & 0xff, map = op >> 8 & 0xff;
    p = byte_if(p, 0x66, op & XENC_O16);
    p = byte_if(p, 0xf0, op & XENC_LOCK);
    p = byte_if(p, prefix, prefix);
    p = byte_if(p, 0x40 | rex, rex || keep_rex);
    p = byte_if(p, 0x0f, map);
    p = byte_if(p, map == 2 ? 0x38 : 0x3a, map > 1);
    return byte(p, op & 0xff);
}

static inline u8 *opcode(u8 *p, u32 op, u32 rex, bool keep_rex)
{
    rex |= op >> 21 & 8; /* XV_W */
    if (UNLIKELY(op & (XENC_O16 | XENC_LOCK | 0xff0200)))
        return rare_opcode(p, op, rex, keep_rex);
    p = byte_if(p, 0x40 | rex, rex || keep_rex);
    p = byte_if(p, 0x0f, op & 0x100);
    return byte(p, op & 0xff);
}

_Static_assert(XV_W == 1u << 24, "becomes REX.W");

static inline bool needs_rex8(u32 r) { return r >= RSP && r <= RDI; }

void xenc_op_r(struct xasm *a, u32 op, u32 reg, u32 rm)
{
    if (!xenc_room(a))
        return;
    bool keep_rex = (op & XENC_REG8 && needs_rex8(reg)) || (op & XENC_RM8 && needs_rex8(rm));
    u8 *p = opcode(a->p, op, reg >> 3 << 2 | rm >> 3, keep_rex);
    a->p = byte(p, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

void xenc_op_m(struct xasm *a, u32 op, u32 reg, struct xmem m, u32 tail)
{
    if (!xenc_room(a))
        return;
    if (UNLIKELY(m.base == XNONE))
        m = canonical(m);
    bool keep_rex = op & XENC_REG8 && needs_rex8(reg);
    u8 *p = opcode(a->p, op, reg >> 3 << 2 | high_bits(m), keep_rex);
    if (LIKELY(m.base != XNONE))
        a->p = based(p, reg & 7, m);
    else
        modrm(a, p, reg & 7, m, tail);
}

void xenc_vex(struct xasm *a, u32 op, u32 reg, u32 reg2, struct xmem rm, u32 tail)
{
    if (!xenc_room(a))
        return;
    if (rm.base == XNONE)
        rm = canonical(rm);
    u32 prefix = op >> 16 & 0xff, map = op >> 8 & 0xff, w = op & XV_W ? 0x80 : 0;
    u32 rxb = high((i32)reg) << 2 | high_bits(rm);
    u32 pp = prefix == 0x66 ? 1 : prefix == 0xf3 ? 2 : prefix == 0xf2 ? 3 : 0;
    u32 last = (~reg2 & 15) << 3 | op >> 31 << 2 | pp;
    u8 *p = a->p;
    if (map == 1 && !w && !(rxb & 3))
        p = byte(byte(p, 0xc5), (rxb ? 0 : 0x80) | last);
    else
        p = byte(byte(byte(p, 0xc4), (~rxb & 7) << 5 | map), w | last);
    p = byte(p, op & 0xff);
    if (xenc_is_reg(rm))
        a->p = byte(p, 0xc0 | (reg & 7) << 3 | (rm.base & 7));
    else if (rm.base != XNONE)
        a->p = based(p, reg & 7, rm);
    else
        modrm(a, p, reg & 7, rm, tail);
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
