/*
 * decode.c - one x86 instruction from its bytes, by the rows of the *.decode files.
 *
 * Manual: Intel SDM volume 2, chapter 2: prefixes 2.1.1, ModRM and SIB 2.1.3 to 2.1.5, REX and RIP-relative 2.2.1,
 * VEX 2.3, VSIB 2.3.12. Where vendors differ: near branches of 64-bit mode ignore 66 (Intel). F2 and F3 are REP or
 * nothing where the row does not say. Not there: 3DNow!, XOP, EVEX.
 */
#include "base/bits.h"
#include "frontend/x86/cpu.h"
#include "frontend/x86/insn.h"

enum { MAX_LEN = 15, NO_SEG = 0xff };
enum { PFX_NP, PFX_66, PFX_F3, PFX_F2 }; /* bits of x86_row.accept */

struct dec {
    const u8         *b;
    u32               pos, limit, seen;
    u64               mode;
    struct x86_insn  *i;
    enum x86_decoded  why;    /* of a function that returned false */
    bool              is64, opsize66, adsize67, lock;
    u8                rep;    /* the last F2 or F3, or 0 */
    u8                seg;    /* override or NO_SEG */
    u8                r, x, b_bit; /* REX or VEX bits, as 8 or 0 */
    u8                l, pfx, map;
};

static bool fail(struct dec *d, enum x86_decoded why)
{
    d->why = why;
    return false;
}

/* Are there n more bytes, and within the limit on an instruction's length? */
static bool need(struct dec *d, u32 n)
{
    if (LIKELY(d->pos + n <= d->limit)) {
        d->seen = MAX(d->seen, d->pos + n);
        return true;
    }
    return fail(d, d->limit == MAX_LEN ? X86_TOO_LONG : X86_MORE);
}

static u64 take(struct dec *d, u32 n)
{
    u64 v = 0;
    for (u32 k = 0; k < n; k++)
        v |= (u64)d->b[d->pos + k] << 8 * k;
    d->pos += n;
    return v;
}

/* ---- prefixes ---- */

/* In 64-bit mode only FS and GS override; a REX prefix counts directly before the opcode only. */
static bool legacy_prefix(struct dec *d, u8 c)
{
    switch (c) {
    case 0x26: case 0x2e: case 0x36: case 0x3e:
        if (!d->is64)
            d->seg = c >> 3 & 3;
        return true;
    case 0x64: case 0x65:
        d->seg = X86_FS + (c & 1);
        return true;
    case 0x66:
        return d->opsize66 = true;
    case 0x67:
        return d->adsize67 = true;
    case 0xf0:
        return d->lock = true;
    case 0xf2: case 0xf3:
        d->rep = c;
        return true;
    default:
        return false;
    }
}

static bool read_prefixes(struct dec *d)
{
    for (;; d->pos++) {
        if (!need(d, 1))
            return false;
        u8 c = d->b[d->pos];
        if (d->is64 && (c & 0xf0) == 0x40)
            d->i->rex = c;
        else if (legacy_prefix(d, c))
            d->i->rex = 0;
        else
            return true;
    }
}

/* ---- opcode ---- */

static void split_rex(struct dec *d)
{
    u8 rex = d->i->rex;
    d->r = (rex & 4) << 1;
    d->x = (rex & 2) << 2;
    d->b_bit = (rex & 1) << 3;
    d->i->w = rex >> 3 & 1;
    d->pfx = d->rep == 0xf3 ? PFX_F3 : d->rep ? PFX_F2 : d->opsize66 ? PFX_66 : PFX_NP;
}

/* C4 and C5 outside 64-bit mode are LES and LDS, whose ModRM byte names memory. */
static bool is_vex(const struct dec *d, u8 c, u8 next)
{
    if ((c & 0xfe) != 0xc4)
        return false;
    return d->is64 || ((next & 0xc0) == 0xc0 && (d->mode & (X86_M_PE | X86_M_VM)) == X86_M_PE);
}

static bool read_vex(struct dec *d, u8 c)
{
    if (d->lock || d->opsize66 || d->rep || d->i->rex)
        return fail(d, X86_UNDEFINED);
    if (!need(d, c == 0xc4 ? 2 : 1))
        return false;
    u8 p = d->b[d->pos++], last = p;
    d->map = 1;
    d->r = ~p >> 4 & 8;
    if (c == 0xc4) {
        last = d->b[d->pos++];
        d->map = p & 0x1f;
        d->x = ~p >> 3 & 8;
        d->b_bit = d->is64 ? ~p >> 2 & 8 : 0;
        d->i->w = last >> 7;
    }
    static const u8 pfx[] = { PFX_NP, PFX_66, PFX_F3, PFX_F2 };
    d->pfx = pfx[last & 3];
    d->l = last >> 2 & 1;
    d->i->vex = 1;
    d->i->vvvv = ~last >> 3 & 15;
    return d->map >= 1 && d->map <= 3 ? true : fail(d, X86_UNDEFINED);
}

static bool read_opcode(struct dec *d)
{
    u8 c = d->b[d->pos++];
    if ((c & 0xfe) == 0xc4) {
        if (!need(d, 1))
            return false;
        if (is_vex(d, c, d->b[d->pos])) {
            if (!read_vex(d, c) || !need(d, 1))
                return false;
            d->i->opcode = d->b[d->pos++];
            return true;
        }
    }
    split_rex(d);
    if (c == 0x0f) {
        if (!need(d, 1))
            return false;
        c = d->b[d->pos++];
        d->map = c == 0x38 ? 2 : c == 0x3a ? 3 : 1;
        if (d->map > 1) {
            if (!need(d, 1))
                return false;
            c = d->b[d->pos++];
        }
    }
    d->i->opcode = c;
    return true;
}

/* ---- row ---- */

static bool has_feature(const u64 features[2], i32 f)
{
    return f < 0 || features[f >> 6] >> (f & 63) & 1;
}

static bool find_row(struct dec *d, const u64 features[2])
{
    struct x86_insn *i = d->i;
    u32 entry = x86_op_slot[d->map + (i->vex ? 3 : 0)][i->opcode];
    u32 slot = entry & X86_SLOT_NUMBER;
    if (!entry)
        return fail(d, X86_UNDEFINED);
    if (entry & X86_SLOT_HAS_MODRM) {
        if (!need(d, 1))
            return false;
        i->modrm = d->b[d->pos++];
        if (entry & X86_SLOT_BY_MODRM)
            slot += (i->modrm >> 3 & 7) | (i->modrm >= 0xc0 ? 8 : 0);
    }
    u32 key = 1u << (X86_ACCEPT_PFX + d->pfx) | 1u << (X86_ACCEPT_W + i->w) | 1u << (X86_ACCEPT_L + d->l)
              | 1u << (X86_ACCEPT_MODE + d->is64) | 1u << (X86_ACCEPT_REXB + (d->b_bit >> 3));
    const u16 *c = x86_candidates + x86_slots[slot].first;
    for (u32 n = x86_slots[slot].count; n; n--, c++) {
        const struct x86_row *row = &x86_rows[*c];
        if (key & ~(u32)row->accept || (i->modrm & row->modrm_mask) != row->modrm_value
            || (row->modrm_not && i->modrm >= 0xc0) || !has_feature(features, row->feature))
            continue;
        i->row = row;
        return true;
    }
    return fail(d, X86_UNDEFINED);
}

static bool check_row(struct dec *d)
{
    const struct x86_row *row = d->i->row;
    if (row->attr & X86_PM && (d->mode & (X86_M_PE | X86_M_VM)) != X86_M_PE)
        return fail(d, X86_UNDEFINED);
    if (row->attr & X86_NOV && d->i->vvvv)
        return fail(d, X86_UNDEFINED);
    if (!d->is64)
        d->i->vvvv &= 7;
    return true;
}

static u32 operand_size(const struct dec *d)
{
    const struct x86_row *row = d->i->row;
    bool small = d->opsize66 && row->prefix != X86_PFX_66;
    if (!d->is64)
        return !(d->mode & X86_M_CS32) == small ? 4 : 2;
    if (row->attr & X86_F64 || d->i->w)
        return 8;
    return small ? 2 : row->attr & X86_D64 ? 8 : 4;
}

static u32 address_size(const struct dec *d)
{
    if (d->is64)
        return d->adsize67 ? 4 : 8;
    return !(d->mode & X86_M_CS32) == d->adsize67 ? 4 : 2;
}

/* ---- memory operands ---- */

static bool read_disp(struct dec *d, u32 n)
{
    if (!need(d, n))
        return false;
    if (n)
        d->i->disp = bits_sext(take(d, n), 8 * n);
    return true;
}

/* Table 2-1. */
static bool read_mem16(struct dec *d)
{
    static const u8 base[] = { X86_RBX, X86_RBX, X86_RBP, X86_RBP, X86_RSI, X86_RDI, X86_RBP, X86_RBX };
    struct x86_insn *i = d->i;
    u32 rm = i->modrm & 7;
    if (i->row->attr & X86_VSIB)
        return fail(d, X86_UNDEFINED);
    if (!i->mod && rm == 6)
        return read_disp(d, 2);
    i->base = base[rm];
    if (rm < 4)
        i->index = rm & 1 ? X86_RDI : X86_RSI;
    if (i->base == X86_RBP)
        i->seg = X86_SS;
    return read_disp(d, i->mod);
}

static bool read_sib(struct dec *d)
{
    struct x86_insn *i = d->i;
    if (!need(d, 1))
        return false;
    u8 sib = d->b[d->pos++];
    i->scale = sib >> 6;
    i->index = (sib >> 3 & 7) | d->x;
    if (i->index == 4 && !(i->row->attr & X86_VSIB))
        i->index = X86_BASE_NONE;
    if ((sib & 7) == 5 && !i->mod)
        return read_disp(d, 4);
    i->base = (sib & 7) | d->b_bit;
    return true;
}

/* Tables 2-2 and 2-3; mod 0, rm 5: relative to the next instruction in 64-bit mode. */
static bool read_mem32(struct dec *d)
{
    static const u8 disp[] = { 0, 1, 4 };
    struct x86_insn *i = d->i;
    u32 rm = i->modrm & 7;
    if (rm == 4) {
        if (!read_sib(d))
            return false;
    } else if (i->row->attr & X86_VSIB) {
        return fail(d, X86_UNDEFINED);
    } else if (rm == 5 && !i->mod) {
        i->base = d->is64 ? X86_BASE_IP : X86_BASE_NONE;
        return read_disp(d, 4);
    } else {
        i->base = rm | d->b_bit;
    }
    if (i->base == X86_RSP || i->base == X86_RBP)
        i->seg = X86_SS;
    return read_disp(d, disp[i->mod]);
}

static bool read_modrm(struct dec *d)
{
    struct x86_insn *i = d->i;
    i->mod = i->row->attr & X86_MODREG ? 3 : i->modrm >> 6;
    i->reg = (i->modrm >> 3 & 7) | d->r;
    i->rm = (i->modrm & 7) | d->b_bit;
    if (i->mod == 3)
        return i->row->attr & X86_VSIB ? fail(d, X86_UNDEFINED) : true;
    i->has_mem = 1;
    return i->adsize == 2 ? read_mem16(d) : read_mem32(d);
}

/* ---- operands ---- */

static u32 type_size(const struct x86_insn *i, bool is64, u32 type)
{
    static const u8 fixed[X86_T_COUNT] = { [X86_T_b] = 1, [X86_T_w] = 2, [X86_T_d] = 4, [X86_T_q] = 8, [X86_T_t] = 10,
                                           [X86_T_dq] = 16, [X86_T_qq] = 32 };
    switch (type) {
    case X86_T_x:  return i->vl;
    case X86_T_hx: return i->vl / 2;
    case X86_T_fx: return i->vl / 4;
    case X86_T_ex: return i->vl / 8;
    case X86_T_v:  return i->opsize;
    case X86_T_z:  return i->opsize == 2 ? 2 : 4;
    case X86_T_y:  return is64 && i->w ? 8 : 4;
    case X86_T_m:  return is64 ? 8 : 4;
    case X86_T_p:  return 2 + i->opsize;
    case X86_T_s:  return is64 ? 10 : 6;
    case X86_T_a:  return 2 * i->opsize;
    default:       return fixed[type];
    }
}

/* Without REX, byte registers 4 to 7 are AH, CH, DH, BH. */
static void set_gpr(const struct dec *d, struct x86_op *o, u32 reg)
{
    bool high = o->size == 1 && !d->i->rex && (reg & ~3u) == 4;
    o->kind = X86_K_REG;
    o->reg = high ? reg - 4 : reg;
    o->high = high;
}

static void set_reg(struct x86_op *o, u32 kind, u32 reg)
{
    o->kind = kind;
    o->reg = reg;
}

/* Control and debug registers that are not there, segment registers 6 and 7: #UD. */
static bool set_special(struct dec *d, struct x86_op *o, u32 method)
{
    u32 reg = d->i->reg;
    if (method == X86_A_S) {
        set_reg(o, X86_K_SREG, reg & 7);
        return (reg & 7) <= X86_GS ? true : fail(d, X86_UNDEFINED);
    }
    set_reg(o, method == X86_A_C ? X86_K_CR : X86_K_DR, reg);
    if (method == X86_A_D ? reg > 7 : reg > 8 || !(1u << reg & 0x11d))
        return fail(d, X86_UNDEFINED);
    return true;
}

static bool read_imm(struct dec *d, struct x86_op *o, const struct x86_operand_desc *desc, bool second)
{
    u32 n = desc->method == X86_A_J || !desc->sx || desc->type != X86_T_b ? type_size(d->i, d->is64, desc->type) : 1;
    bool sx = desc->sx || desc->type == X86_T_z;
    if (!need(d, n))
        return false;
    u64 v = take(d, n);
    if (sx)
        v = (u64)bits_sext(v, 8 * n);
    if (second)
        d->i->imm2 = v;
    else
        d->i->imm = v;
    o->kind = X86_K_IMM;
    o->size = sx ? d->i->opsize : n;
    return true;
}

static bool read_far(struct dec *d, struct x86_op *o)
{
    u32 n = d->i->opsize;
    if (!need(d, n + 2))
        return false;
    d->i->imm = take(d, n);
    d->i->imm2 = take(d, 2);
    o->kind = X86_K_IMM;
    return true;
}

static bool read_moffs(struct dec *d, struct x86_op *o)
{
    if (!need(d, d->i->adsize))
        return false;
    d->i->disp = (i64)take(d, d->i->adsize);
    d->i->has_mem = 1;
    o->kind = X86_K_MEM;
    return true;
}

static bool read_is4(struct dec *d, struct x86_op *o)
{
    if (!need(d, 1))
        return false;
    d->i->imm = take(d, 1);
    set_reg(o, X86_K_XMM, d->i->imm >> 4 & (d->is64 ? 15 : 7));
    return true;
}

/* An operand in ModRM.rm. */
static void set_rm(const struct dec *d, struct x86_op *o, const struct x86_operand_desc *desc)
{
    if (d->i->mod != 3) {
        o->kind = X86_K_MEM;
        if (desc->mem)
            o->size = type_size(d->i, d->is64, desc->mem);
    } else if (desc->method == X86_A_E || desc->method == X86_A_R) {
        set_gpr(d, o, d->i->rm);
    } else if (desc->method == X86_A_W || desc->method == X86_A_U) {
        set_reg(o, X86_K_XMM, d->i->rm);
    } else {
        set_reg(o, X86_K_MMX, d->i->rm & 7);
    }
}

static bool read_operand(struct dec *d, u32 n)
{
    struct x86_insn *i = d->i;
    const struct x86_operand_desc *desc = &i->row->operand[n];
    struct x86_op *o = &i->op[n];
    o->size = type_size(i, d->is64, desc->type);
    switch (desc->method) {
    case X86_A_E: case X86_A_R: case X86_A_W: case X86_A_U: case X86_A_Q: case X86_A_N: case X86_A_M:
        set_rm(d, o, desc);
        return true;
    case X86_A_G:    set_gpr(d, o, i->reg); return true;
    case X86_A_B:    set_gpr(d, o, i->vvvv); return true;
    case X86_A_Z:    set_gpr(d, o, (i->opcode & 7) | d->b_bit); return true;
    case X86_A_FIX:  set_reg(o, X86_K_REG, desc->reg); return true;
    case X86_A_FIXS: set_reg(o, X86_K_SREG, desc->reg); return true;
    case X86_A_V:    set_reg(o, X86_K_XMM, i->reg); return true;
    case X86_A_H:    set_reg(o, X86_K_XMM, i->vvvv); return true;
    case X86_A_P:    set_reg(o, X86_K_MMX, i->reg & 7); return true;
    case X86_A_ST:   set_reg(o, X86_K_ST, desc->sx ? 0 : i->modrm & 7); return true;
    case X86_A_S: case X86_A_C: case X86_A_D:
        return set_special(d, o, desc->method);
    case X86_A_I: case X86_A_J:
        return read_imm(d, o, desc, n && i->op[n - 1].kind == X86_K_IMM);
    case X86_A_A:    return read_far(d, o);
    case X86_A_O:    return read_moffs(d, o);
    case X86_A_L:    return read_is4(d, o);
    case X86_A_ONE:
        o->kind = X86_K_IMM;
        i->imm = 1;
        return true;
    default: /* X86_A_X, X86_A_Y */
        o->kind = X86_K_MEM;
        return true;
    }
}

static bool read_operands(struct dec *d)
{
    struct x86_insn *i = d->i;
    i->opsize = operand_size(d);
    i->adsize = address_size(d);
    i->vl = d->l && i->row->l != -2 ? 32 : 16;
    i->seg = X86_DS;
    i->base = i->index = X86_BASE_NONE;
    if (i->row->modrm && !read_modrm(d))
        return false;
    if (d->seg != NO_SEG)
        i->seg = d->seg;
    for (u32 n = 0; n < i->row->operand_count; n++)
        if (!read_operand(d, n))
            return false;
    if (d->lock && !(i->row->attr & X86_LOCK && i->op[0].kind == X86_K_MEM))
        return fail(d, X86_UNDEFINED);
    i->lock = d->lock;
    if (i->row->attr & X86_STR && d->rep)
        i->rep = d->rep == 0xf3 ? X86_REP_E : X86_REP_NE;
    return true;
}

enum x86_decoded x86_decode(const u8 *bytes, u32 avail, u64 mode, const u64 features[2], struct x86_insn *out)
{
    struct dec d = { .b = bytes, .limit = MIN(avail, (u32)MAX_LEN), .mode = mode, .i = out, .is64 = mode & X86_M_LONG,
                     .seg = NO_SEG };
    *out = (struct x86_insn){ 0 };
    bool ok = read_prefixes(&d) && read_opcode(&d) && find_row(&d, features) && check_row(&d) && read_operands(&d);
    if (ok)
        out->len = d.pos;
    else
        out->len = d.why == X86_TOO_LONG ? MAX_LEN : MAX(d.seen, 1u); /* all that was looked at */
    return ok ? X86_OK : d.why;
}
