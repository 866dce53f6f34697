/*
 * lift_mmx.c - MMX registers: they are the significands of the x87 registers (Intel SDM volume 1, chapter 9,
 * volume 3, 12.2).
 */
#include "frontend/x86/lift_vec.h"

#define TOP 0x3800u

ir_ref x86_mm(struct x86_lift *l, u32 r) { return ir_get(l->b, X86_F_mm0 + r); }

void x86_set_mm(struct x86_lift *l, u32 r, ir_ref v)
{
    ir_set(l->b, X86_F_mm0 + r, v);
    ir_set(l->b, X86_F_fexp0 + r, x86_imm(l, IR_I16, 0xffff));
}

static void set_tags(struct x86_lift *l, u32 tags)
{
    ir_ref fsw = ir_get(l->b, X86_F_fsw);
    ir_set(l->b, X86_F_fsw, x86_op2i(l, IR_and, fsw, (u16)~TOP));
    ir_set(l->b, X86_F_ftw, x86_imm(l, IR_I8, tags));
}

void x86_mmx_enter(struct x86_lift *l) { set_tags(l, 0xff); }

bool x86_emms(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    set_tags(l, 0);
    return true;
}

bool x86_movq2dq(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref v = x86_vzext(l, x86_mm(l, i->op[1].reg));
    x86_mmx_enter(l);
    x86_set_xmm(l, i, i->op[0].reg, v);
    return true;
}

bool x86_movdq2q(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref v = x86_xmm_s(l, IR_I64, i->op[1].reg);
    x86_mmx_enter(l);
    x86_set_mm(l, i->op[0].reg, v);
    return true;
}
