/*
 * asm_enc.h - what the encoder's files share: the byte layout of one instruction (Intel SDM volume 2, chapter 2).
 *
 * An opcode is packed as in XV(): prefix, map (0: one byte) and byte, with XV_W for REX.W or VEX.W and the flags
 * below. Its ModRM.rm operand is a struct xmem throughout; xenc_reg() makes one that means the register itself.
 */
#pragma once
#include <string.h>

#include "backend/jit/x64/asm.h"

enum {
    XENC_O16 = 1 << 27,  /* operand-size prefix, besides a mandatory one */
    XENC_REG8 = 1 << 28, /* ModRM.reg is a byte register: 4 to 7 (spl to dil) want a REX prefix */
    XENC_RM8 = 1 << 29,  /* ModRM.rm is, if it is a register */
    XENC_LOCK = 1 << 30,
};

static inline struct xmem xenc_reg(enum xreg r) { return (struct xmem){ (i8)r, XNONE, 0, 0, NULL }; }
static inline bool xenc_is_reg(struct xmem m) { return m.scale == 0; }
static inline bool xenc_fits8(i64 v) { return v == (i8)v; }

/* False, and full from then on, if the longest instruction and the slack of xenc_put() might not fit any more. */
enum { XENC_ROOM = 15 + 9 };
static inline bool xenc_room(struct xasm *a)
{
    if (LIKELY(a->end - a->p >= XENC_ROOM)) /* when it is full, p stays */
        return true;
    a->full = true;
    return false;
}
/* n little-endian bytes of the instruction just begun: an immediate, a displacement. Eight are written whatever n. */
static inline void xenc_put(struct xasm *a, u32 n, u64 v)
{
    if (UNLIKELY(a->full))
        return;
    memcpy(a->p, &v, 8);
    a->p += n;
}
/* Distance from the end of an instruction, n bytes after here. Fails a CHECK beyond 2 GiB. */
i32 xenc_distance(const struct xasm *a, const void *to, u32 n);
/* Prefixes, opcode and ModRM; `tail` immediate bytes are about to follow. */
void xenc_op_r(struct xasm *a, u32 op, u32 reg, u32 rm);
void xenc_op_m(struct xasm *a, u32 op, u32 reg, struct xmem m, u32 tail);
static inline void xenc_op(struct xasm *a, u32 op, u32 reg, struct xmem rm, u32 tail)
{
    if (xenc_is_reg(rm))
        xenc_op_r(a, op, reg, (u32)rm.base);
    else
        xenc_op_m(a, op, reg, rm, tail);
}
/* The same with a VEX prefix; reg2 is VEX.vvvv, 0 where the instruction has none. */
void xenc_vex(struct xasm *a, u32 op, u32 reg, u32 reg2, struct xmem rm, u32 tail);
/* Opcodes without ModRM. */
void xenc_op_bare(struct xasm *a, u32 op);
/* The same with a register in the low three bits. */
void xenc_op_plus(struct xasm *a, u32 op, enum xreg r);
