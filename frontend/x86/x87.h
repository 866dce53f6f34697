/*
 * x87.h - shared by the files of the x87 unit: lift_x87.c, x87.c (stack and arithmetic), x87_mem.c (operands in
 * memory, environments), x87_math.c (transcendental functions), xstate.c.
 */
#pragma once
#include "frontend/x86/cpu.h"

enum { X87_IE = 1, X87_DE = 2, X87_ZE = 4, X87_OE = 8, X87_UE = 16, X87_PE = 32, X87_SF = 64, X87_ES = 128,
       X87_C0 = 0x100,
       X87_C1 = 0x200, X87_C2 = 0x400, X87_TOP = 0x3800, X87_C3 = 0x4000, X87_B = 0x8000,
       X87_CC = X87_C0 | X87_C1 | X87_C2 | X87_C3,
       X87_EXC = 63, X87_PRE = X87_IE | X87_DE | X87_ZE };

/* Key a of rows with a memory operand: what it holds. */
enum { X87_F32, X87_F64, X87_F80, X87_I16, X87_I32, X87_I64, X87_BCD };
/* Key op. The first eight by ModRM.reg of D8: ST(0) with ST(i) or memory. */
enum {
    X87_ADD, X87_MUL, X87_COM, X87_COMP, X87_SUB, X87_SUBR, X87_DIV, X87_DIVR,
    X87_UCOM, X87_COMI, X87_UCOMI, X87_LD, X87_ST, X87_STNCE, X87_XCH, X87_FREE, X87_CMOV,
    X87_LD1, X87_LDL2T, X87_LDL2E, X87_LDPI, X87_LDLG2, X87_LDLN2, X87_LDZ,
    X87_CHS, X87_ABS, X87_TST, X87_XAM, X87_DECSTP, X87_INCSTP, X87_SQRT, X87_RNDINT, X87_SCALE, X87_XTRACT,
    X87_PREM, X87_PREM1,
    X87_2XM1, X87_YL2X, X87_YL2XP1, X87_PTAN, X87_PATAN, X87_SIN, X87_COS, X87_SINCOS,
    X87_NOP, X87_CLEX, X87_INIT
};
/* Second argument of helper x87_op: i, whether ST(i) is the destination, registers to pop; of CMOV its condition. */
enum { X87_ARG_TO_I = 1 << 4, X87_ARG_POP = 8 /* shift */, X87_ARG_TRUE = 1 << 12 };
/* First argument of x87_store: a kind, and */
enum { X87_ARG_POPS = 1 << 4, X87_ARG_TRUNC = 1 << 5 };
/* Second argument of the environments' helpers. */
enum { X87_ENV_32 = 1, X87_ENV_REAL = 2, X87_ENV_STACK = 4, X87_ENV_REGS = 8 /* FNSAVE, FRSTOR */ };

#define X87_NAN ((u128)0xffff << 64 | 0xc000000000000000)

/* Physical register of ST(n). */
static inline u32 x87_phys(const struct x86_state *s, u32 n) { return ((s->fsw >> 11 & 7) + n) & 7; }
static inline bool x87_is_empty(const struct x86_state *s, u32 n) { return !(s->ftw >> x87_phys(s, n) & 1); }
static inline u128 x87_get(const struct x86_state *s, u32 n)
{
    u32 r = x87_phys(s, n);
    return (u128)s->fexp[r] << 64 | s->mm[r];
}
void x87_put(struct x86_state *s, u32 n, u128 v);    /* the register is valid then */
void x87_pop(struct x86_state *s, u32 n);
/* ST(0) := v behind a push. Stack overflow instead when there is no room. flags: of struct fp_env, from making v. */
void x87_push(struct x86_state *s, u128 v, u32 flags);
void x87_push_value(struct x86_state *s, u128 v);     /* there is room */
bool x87_room(struct x86_state *s);                  /* for a push; false: stack overflow, which has been raised */
/* FNINIT: registers keep their contents. */
void x87_init(struct x86_state *s);
/* FCW with its fixed bits; ES and B follow. */
void x87_set_fcw(struct x86_state *s, u16 fcw);
void x87_load_control(struct x86_state *s, u16 fcw, u16 fsw); /* both from memory */
struct fp_env x87_env(const struct x86_state *s);
/* Exceptions of an instruction into FSW, by FP_ flags; C1 is what FP_UP says. False: one is unmasked that leaves the
 * operands as they were. */
bool x87_raise(struct x86_state *s, u32 flags);
bool x87_raise_stack(struct x86_state *s, bool overflow);
/* ST(0) (op < 8) with another operand, of memory or a register. */
void x87_arith(struct x86_state *s, u32 op, u128 b, bool b_empty, u32 flags, u32 dest, u32 pops);
void x87_math(struct x86_state *s, u32 op);          /* x87_math.c: X87_2XM1 .. X87_SINCOS */
