/*
 * x86_tune.h - what single instructions need to do something worth looking at: quotients that fit, branches that land
 * on INT3, frames, images for FXRSTOR.
 */
#pragma once
#include "tests/vectors/x86_gen.h"

static inline bool named(const struct xv_case *c, const char *start)
{
    return !strncmp(c->row->mnemonic, start, strlen(start));
}

static inline u64 tune_peek(const struct xv_case *c, u64 at)
{
    u64 v = 0;
    if (at - XV_DATA <= XV_LEN - 8)
        memcpy(&v, c->data + (at - XV_DATA), 8);
    return v;
}

/* ---- branches ---- */

/* Somewhere on the page of INT3, but not in the instruction. */
static inline u64 tune_pad(struct xv_case *c)
{
    u64 at = XV_CODE + 0x100 + below(c, 0xe00);
    if (at - (XV_INSN - 16) < 48)
        at = XV_INSN - 32;
    return at - (c->seg.bits == 16 ? XV_BASE : 0);
}

static inline void tune_relative(struct xv_case *c, u32 operand)
{
    struct x86_insn *i = &c->insn;
    u32 n = i->row->operand[operand].type == X86_T_b ? 1 : i->opsize == 2 ? 2 : 4;
    i64 rel = n == 1 ? (i8)draw(c) : (i64)below(c, 0xc00) - 0x600;
    if (rel < 0 && rel >= -(i64)i->len)
        rel = one_in(c, 2) ? 0 : 3;
    memcpy(c->code + i->len - n, &rel, n);
}

static inline void tune_indirect(struct xv_case *c)
{
    u64 pad = tune_pad(c);
    const struct x86_op *o = &c->insn.op[0];
    if (o->kind == X86_K_REG)
        gen_set_reg(c, o->reg, pad, o->size);
    else
        gen_poke(c, c->at, &pad, o->size);
}

static inline u64 tune_sp(const struct xv_case *c)
{
    return gen_cut(c->regs.gpr[X86_RSP], c->seg.bits == 16 ? 2 : c->seg.bits == 32 ? 4 : 8) + gen_seg_base(c, X86_SS);
}

static inline bool tune_branch(struct xv_case *c)
{
    u64 pad = tune_pad(c);
    x86_lifter *f = c->row->lift;
    if (f == x86_jcc || f == x86_jmp_rel || f == x86_call_rel || f == x86_loop || f == x86_jcxz)
        tune_relative(c, 0);
    else if (f == x86_jmp_ind || f == x86_call_ind)
        tune_indirect(c);
    else if (f == x86_ret)
        gen_poke(c, tune_sp(c), &pad, 8);
    else
        return false;
    if ((f == x86_loop || f == x86_jcxz) && !one_in(c, 4))
        gen_set_reg(c, X86_RCX, below(c, 3), c->insn.adsize);
    return true;
}

/* ---- strings ---- */

static inline void tune_string(struct xv_case *c)
{
    struct x86_insn *i = &c->insn;
    u32 size = MAX(i->op[0].size, i->op[1].size), at = gen_place(c, size);
    gen_set_reg(c, X86_RSI, gen_place(c, size) - gen_seg_base(c, i->seg), i->adsize);
    gen_set_reg(c, X86_RDI, at - gen_seg_base(c, X86_ES), i->adsize);
    u64 near = c->regs.gpr[X86_RSI] + gen_seg_base(c, i->seg) - gen_seg_base(c, X86_ES) + below(c, 32) - 16;
    if (one_in(c, 3))
        gen_set_reg(c, X86_RDI, near, i->adsize);
    bool io = c->row->lift == x86_ins || c->row->lift == x86_outs; /* no rights: no matter, unless nothing is done */
    gen_set_reg(c, X86_RCX, io + (one_in(c, 16) ? below(c, 1200) : below(c, 20)), i->adsize);
    if (named(c, "cmps")) /* which operand is read first is open, so whether it is #AC or #PF */
        c->regs.flags &= ~(u64)X86_FL_AC;
    if (one_in(c, 2)) { /* runs of equal elements for CMPS and SCAS */
        u64 a = tune_peek(c, c->regs.gpr[X86_RSI] + gen_seg_base(c, i->seg));
        u32 n = below(c, 16);
        c->regs.gpr[X86_RAX] = one_in(c, 2) ? a : c->regs.gpr[X86_RAX];
        for (u32 k = 0; k < n; k++)
            gen_poke(c, (u32)c->regs.gpr[X86_RDI] + gen_seg_base(c, X86_ES) + k * size, &a, size);
    }
    if (c->seg.bits == 32)
        for (u32 k = 0; k < 8; k++)
            c->regs.gpr[k] = (u32)c->regs.gpr[k];
}

/* Instructions that name memory by registers of their own. */
static inline void tune_implicit(struct xv_case *c)
{
    const struct x86_insn *i = &c->insn;
    if (c->row->attr & X86_STR)
        tune_string(c);
    if (c->row->lift == x86_xlat) {
        u64 at = gen_place(c, 1) - gen_seg_base(c, i->seg) - (u8)c->regs.gpr[X86_RAX];
        gen_set_reg(c, X86_RBX, at, i->adsize);
    }
    if (named(c, "maskmov") || named(c, "vmaskmovdq"))
        gen_set_reg(c, X86_RDI, gen_place(c, 16) - gen_seg_base(c, i->seg), i->adsize);
    u32 frame = c->seg.bits == 16 ? 2 : one_in(c, 4) ? 4 : 8;
    if (c->row->lift == x86_leave || c->row->lift == x86_enter)
        gen_set_reg(c, X86_RBP, c->regs.gpr[X86_RSP] + (u64)below(c, 16) * 8, frame);
    if (c->row->lift == x86_enter) {
        u16 n = (u16)below(c, 0x100);
        memcpy(c->code + i->len - 3, &n, 2);
        c->code[i->len - 1] &= one_in(c, 2) ? 0x23 : 0xff;
    }
}

/* ---- values ---- */

/* Not part of the address. */
static inline bool tune_free(const struct xv_case *c, u32 reg)
{
    return !c->insn.has_mem || (c->insn.base != reg && c->insn.index != reg);
}

static inline void tune_divide(struct xv_case *c)
{
    u32 n = below(c, 4);
    if (!tune_free(c, X86_RDX) || !tune_free(c, X86_RAX))
        return;
    if (n < 3 && c->insn.op[0].size > 1)
        gen_set_reg(c, X86_RDX, n == 1 && named(c, "idiv") ? ~0ull : n == 2 ? below(c, 64) : 0, c->insn.op[0].size);
    else if (n < 3)
        gen_set_reg(c, X86_RAX, gen_int(c) & (n ? 0xff : 0x3ff), 2);
}

static inline u64 tune_operand(struct xv_case *c)
{
    const struct x86_op *o = &c->insn.op[0];
    return o->kind == X86_K_MEM ? tune_peek(c, c->at) : c->regs.gpr[o->reg] >> (o->high ? 8 : 0);
}

static inline void tune_compare(struct xv_case *c)
{
    u32 size = c->insn.op[0].size;
    if (one_in(c, 2) || !tune_free(c, X86_RDX) || !tune_free(c, X86_RAX))
        return;
    gen_set_reg(c, X86_RAX, tune_operand(c), size > 8 ? 8 : size);
    if (size == 8 && c->row->lift == x86_cmpxchg8b) {
        gen_set_reg(c, X86_RAX, tune_peek(c, c->at), 4);
        gen_set_reg(c, X86_RDX, tune_peek(c, c->at) >> 32, 4);
    } else if (c->row->lift == x86_cmpxchg16b) {
        c->regs.gpr[X86_RDX] = tune_peek(c, c->at + 8);
    }
}

static inline void tune_bound(struct xv_case *c)
{
    u32 size = c->insn.op[0].size;
    u64 v = c->regs.gpr[c->insn.op[0].reg], low = v - below(c, 4), high = v + below(c, 4);
    if (one_in(c, 4))
        return;
    gen_poke(c, c->at, &low, size);
    gen_poke(c, c->at + size, &high, size);
}

/* TF would end in the trap of the next instruction, NT and what the kernel does with it are not the subject. */
static inline void tune_popf(struct xv_case *c)
{
    u64 v = draw(c) & ~(u64)(X86_FL_TF | X86_FL_NT);
    gen_poke(c, tune_sp(c), &v, 8);
}

static inline void tune_int(struct xv_case *c)
{
    u8 *imm = c->code + c->insn.len - 1;
    if (*imm == 0x80 || one_in(c, 3))
        *imm = (u8)below(c, 8);
}

/* Digits, mostly. */
static inline void tune_bcd(struct xv_case *c)
{
    u8 b[10];
    for (u32 k = 0; k < 10; k++)
        b[k] = (u8)(below(c, 10) << 4 | below(c, 10));
    b[9] = (u8)(draw(c) & 0x80);
    gen_poke(c, c->at, b, 10);
}

/* ---- images ---- */

static inline void tune_fxsave_image(struct xv_case *c, u32 at)
{
    u8 b[512];
    u32 mxcsr = (u32)draw(c) & (one_in(c, 16) ? 0x10ffff : 0xffff);
    u16 fcw = (u16)((draw(c) & 0xf3f) | 0x40), fsw = (u16)(draw(c) & 0x7f7f);
    if (!one_in(c, 4))
        fcw |= 0x3f;
    fsw |= fsw & ~fcw & 0x3f ? 0x8080 : 0;
    gen_fill(c, GEN_INT, b, sizeof b);
    memcpy(b, &fcw, 2);
    memcpy(b + 2, &fsw, 2);
    memcpy(b + 24, &mxcsr, 4);
    for (u32 k = 0; k < 8; k++)
        gen_f80(c, b + 32 + 16 * k);
    gen_poke(c, at, b, sizeof b);
}

/* False: the components asked for are in a register of the address. */
static inline bool tune_image(struct xv_case *c)
{
    u64 header[8] = { draw(c) & 7 };
    if (one_in(c, 8))
        header[below(c, 3)] |= draw(c) & 0xf;
    if (named(c, "fxrstor") || named(c, "xrstor"))
        tune_fxsave_image(c, c->at);
    if (named(c, "xrstor") || named(c, "xsave"))
        gen_poke(c, c->at + 512, header, sizeof header);
    if (named(c, "xrstor") || named(c, "xsave")) {
        if (!tune_free(c, X86_RAX) || !tune_free(c, X86_RDX))
            return false;
        gen_set_reg(c, X86_RAX, one_in(c, 4) ? 7 : draw(c) & 7, 4);
        gen_set_reg(c, X86_RDX, 0, 4);
    }
    if (named(c, "ldmxcsr") || named(c, "vldmxcsr")) {
        u32 v = (u32)draw(c) & (one_in(c, 8) ? 0x10ffff : 0xffff);
        gen_poke(c, c->at, &v, 4);
    }
    return true;
}

static inline void tune_x87_image(struct xv_case *c)
{
    u32 n = c->insn.opsize == 2 ? 2 : 4;
    u16 fcw = (u16)(draw(c) & 0xf3f) | 0x40 | (one_in(c, 4) ? 0 : 0x3f);
    if (named(c, "fldcw") || named(c, "fldenv") || named(c, "frstor"))
        gen_poke(c, c->at, &fcw, 2);
    if (named(c, "frstor"))
        for (u32 k = 0; k < 8; k++) {
            u8 b[10];
            gen_f80(c, b);
            gen_poke(c, c->at + 7 * n + 10 * k, b, 10);
        }
    if (named(c, "fbld") && one_in(c, 2))
        tune_bcd(c);
}

/* FYL2XP1 is defined from sqrt(1/2) - 1 to sqrt(2) - 1. */
static inline void tune_domain(struct xv_case *c)
{
    u16 se;
    memcpy(&se, c->regs.st[0] + 8, 2);
    if (named(c, "fyl2xp1") && (se & 0x7fff) > 0x3ffc && (se & 0x7fff) < 0x7fff)
        se = (se & 0x8000) | (u16)(0x3ffc - below(c, 70));
    memcpy(c->regs.st[0] + 8, &se, 2);
}

/* False: not this encoding. */
static inline bool tune(struct xv_case *c)
{
    x86_lifter *f = c->row->lift;
    if (tune_branch(c))
        return true;
    tune_implicit(c);
    if (f == x86_div || f == x86_idiv)
        tune_divide(c);
    else if ((f == x86_shift || f == x86_shiftd) && tune_free(c, X86_RCX))
        gen_set_reg(c, X86_RCX, one_in(c, 3) ? draw(c) : below(c, 40), 1);
    else if (f == x86_cmpxchg || f == x86_cmpxchg8b || f == x86_cmpxchg16b)
        tune_compare(c);
    else if (f == x86_bound)
        tune_bound(c);
    else if (f == x86_popf)
        tune_popf(c);
    else if (f == x86_int_n)
        tune_int(c);
    else if (f == x86_wrsegbase)
        c->regs.gpr[c->insn.rm] = one_in(c, 4) ? draw(c) : (u64)((i64)(draw(c) << 17) >> 17);
    else if ((named(c, "pcmpestr") || named(c, "vpcmpestr")) && tune_free(c, X86_RAX) && tune_free(c, X86_RDX)) {
        c->regs.gpr[X86_RAX] = one_in(c, 4) ? draw(c) : below(c, 40) - 20;
        c->regs.gpr[X86_RDX] = one_in(c, 4) ? draw(c) : below(c, 40) - 20;
    }
    else if (f == x86_arpl && c->insn.seg == X86_CS) /* whether a write that is not done faults */
        return false;
    tune_x87_image(c);
    tune_domain(c);
    return tune_image(c);
}
