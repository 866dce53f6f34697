/*
 * lift_far.c - segment registers, far transfers, interrupts by instruction, system calls, checks of selectors.
 *
 * Intel SDM volume 2. The work is done in segment.c, control.c, ret.c, gate.c, through helpers_far.c. RF is theirs,
 * too: a far transfer clears it unless what it loads says otherwise.
 */
#include "frontend/x86/desc.h"
#include "frontend/x86/lift_int.h"

/* ---- exits ---- */

/* To a pc that a helper gave. Data breakpoints are not told of what microcode accessed. */
static bool far_exit(struct x86_lift *l, ir_ref pc, u64 ends)
{
    if (l->mode & ends)
        x86_call(l, X86_H_step_done, x86_imm(l, IR_I64, (l->mode & ends) | X86_STEP_BRANCH), IR_NONE, IR_NONE);
    ir_exit_mode(l->b, pc);
    l->ended = true;
    return true;
}

#define ENDS_FAR (X86_M_TF | X86_M_SHADOW)
#define ENDS_CALL X86_M_SHADOW /* the helper looks at TF */

static ir_ref imm64(struct x86_lift *l, u64 v) { return x86_imm(l, IR_I64, v); }
static u64 length(const struct x86_lift *l) { return (u64)(l->next - l->off); }
/* Operand size and length of the instruction, as helpers take them. */
static ir_ref how(struct x86_lift *l, const struct x86_insn *i) { return imm64(l, i->opsize | length(l) << 8); }

/* ---- segment registers ---- */

/* The mode word, or code that follows, may have changed if the helper says so. */
static void look_again(struct x86_lift *l, ir_ref changed)
{
    u16 same = x86_unless(l, x86_is_zero(l, changed));
    x86_exit_next(l);
    x86_end(l, same);
    l->ended = false;
}

/* Behind a load of SS other than LSS, debug traps and interrupts wait for an instruction. */
static void shadow(struct x86_lift *l)
{
    ir_set(l->b, X86_F_shadow, x86_imm(l, IR_I8, X86_SHADOW_SS));
    x86_exit_next(l);
}

static ir_ref load_seg(struct x86_lift *l, u32 seg, ir_ref sel)
{
    return x86_call(l, X86_H_load_seg, imm64(l, seg), sel, IR_NONE);
}

bool x86_mov_to_seg(struct x86_lift *l, const struct x86_insn *i)
{
    u32 seg = i->op[0].reg;
    if (seg == X86_CS)
        return false;
    ir_ref changed = load_seg(l, seg, x86_read_op(l, i, 1));
    if (seg == X86_SS)
        shadow(l);
    else
        look_again(l, changed);
    return true;
}

/* A register gets all of its size, memory 16 bits. */
static void store_sel(struct x86_lift *l, const struct x86_insn *i, ir_ref sel)
{
    struct x86_dst d = x86_dst(l, i, 0);
    x86_write_dst(l, &d, x86_zext(l, x86_ity(i->op[0].size), sel));
}

bool x86_mov_from_seg(struct x86_lift *l, const struct x86_insn *i)
{
    store_sel(l, i, ir_get(l->b, X86_F_es + i->op[1].reg));
    return true;
}

bool x86_push_seg(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref sp = x86_sp_add(l, x86_sp(l), -(i64)i->opsize);
    x86_push_at(l, sp, x86_zext(l, x86_ity(i->opsize), ir_get(l->b, X86_F_es + i->op[0].reg)));
    x86_set_sp(l, sp);
    return true;
}

/* The width of the stack pointer is that of the stack before. */
bool x86_pop_seg(struct x86_lift *l, const struct x86_insn *i)
{
    u32 seg = i->op[0].reg;
    ir_ref sp = x86_sp(l), val = x86_pop_at(l, sp, i->opsize);
    ir_ref changed = load_seg(l, seg, x86_zext(l, IR_I16, val));
    x86_set_sp(l, x86_sp_add(l, sp, i->opsize));
    if (seg == X86_SS)
        shadow(l);
    else
        look_again(l, changed);
    return true;
}

/* Offset and selector of a far pointer in memory. */
static void load_pointer(struct x86_lift *l, const struct x86_insn *i, ir_ref *off, ir_ref *sel)
{
    u32 size = i->opsize;
    ir_ref at = x86_ea(l, i, size + 2, false), next = x86_op2i(l, IR_add, at, size);
    if (!x86_long(l))
        next = x86_zext(l, IR_I64, x86_zext(l, IR_I32, next));
    *off = x86_load_at(l, x86_ity(size), at, x86_mem(l, i->seg, size));
    *sel = x86_load_at(l, IR_I16, next, x86_mem(l, i->seg, 2));
}

bool x86_load_far(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref off, sel;
    load_pointer(l, i, &off, &sel);
    ir_ref changed = load_seg(l, (u32)i->row->a, sel);
    x86_set_reg(l, i->op[0].reg, off);
    look_again(l, changed);
    return true;
}

bool x86_swapgs(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    ir_ref user = ir_get(l->b, X86_F_gs_base), kernel = ir_get(l->b, X86_F_kernel_gs_base);
    ir_set(l->b, X86_F_gs_base, kernel);
    ir_set(l->b, X86_F_kernel_gs_base, user);
    return true;
}

bool x86_rdsegbase(struct x86_lift *l, const struct x86_insn *i)
{
    if (!(l->mode & X86_M_FSGSBASE))
        return false;
    ir_ref base = ir_get(l->b, X86_F_es_base + (u32)i->row->a);
    x86_set_reg(l, i->op[0].reg, x86_zext(l, x86_ity(i->op[0].size), base));
    return true;
}

bool x86_wrsegbase(struct x86_lift *l, const struct x86_insn *i)
{
    if (!(l->mode & X86_M_FSGSBASE))
        return false;
    ir_ref base = x86_zext(l, IR_I64, x86_reg(l, i->op[0].reg, i->op[0].size));
    if (i->op[0].size == 8) {
        ir_ref canonical = x86_op2i(l, IR_sar, x86_op2i(l, IR_shl, base, 16), 16);
        x86_exc_if(l, ir_op2(l->b, IR_ne, canonical, base), X86_GP | X86_EXC_CODE, 0);
    }
    ir_set(l->b, X86_F_es_base + (u32)i->row->a, base);
    return true;
}

/* ---- LDTR, TR ---- */

/* UMIP: what tells of the system is the system's. */
static bool umip_refuses(struct x86_lift *l)
{
    if (!(l->mode & X86_M_UMIP && X86_M_CPL(l->mode)))
        return false;
    x86_exc(l, X86_GP | X86_EXC_CODE, 0);
    return true;
}

bool x86_store_sel(struct x86_lift *l, const struct x86_insn *i)
{
    if (!umip_refuses(l))
        store_sel(l, i, ir_get(l->b, X86_F_es + (u32)i->row->a));
    return true;
}

bool x86_lldt(struct x86_lift *l, const struct x86_insn *i)
{
    x86_call(l, X86_H_load_ldt, x86_read_op(l, i, 0), IR_NONE, IR_NONE);
    return true;
}

bool x86_ltr(struct x86_lift *l, const struct x86_insn *i)
{
    x86_call(l, X86_H_load_tr, x86_read_op(l, i, 0), IR_NONE, IR_NONE);
    x86_exit_next(l); /* the busy bit may have gone into code */
    return true;
}

/* ---- checks of selectors ---- */

static ir_ref check(struct x86_lift *l, u32 kind, ir_ref sel)
{
    return x86_call(l, X86_H_check_sel, imm64(l, kind), sel, IR_NONE);
}

bool x86_verx(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref r = check(l, i->row->a ? X86_CHECK_VERW : X86_CHECK_VERR, x86_read_op(l, i, 0));
    x86_set_flag(l, X86_F_zf, x86_is_neg(l, r));
    return true;
}

bool x86_lar(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref sel = i->op[1].kind == X86_K_REG ? x86_reg(l, i->op[1].reg, 2) : x86_read_op(l, i, 1);
    ir_ref r = check(l, i->row->a ? X86_CHECK_LSL : X86_CHECK_LAR, sel), ok = x86_is_neg(l, r);
    ir_ref old = ir_get(l->b, X86_F_rax + i->op[0].reg),
           val = x86_zext(l, IR_I64, x86_zext(l, x86_ity(MIN(i->opsize, 4u)), r));
    if (i->opsize == 2)
        val = ir_op2(l->b, IR_or, x86_op2i(l, IR_and, old, ~0xffffull), val);
    ir_set(l->b, X86_F_rax + i->op[0].reg, x86_select(l, ok, val, old));
    x86_set_flag(l, X86_F_zf, ok);
    return true;
}

/* Memory is written only when it changes, and its page asked for that right then only. */
bool x86_arpl(struct x86_lift *l, const struct x86_insn *i)
{
    struct x86_dst d = x86_dst(l, i, 0);
    bool mem = d.op->kind == X86_K_MEM;
    ir_ref old = mem ? x86_load_at(l, IR_I16, d.addr, d.mem) : x86_read_dst(l, &d);
    ir_ref rpl = x86_op2i(l, IR_and, x86_read_op(l, i, 1), 3);
    ir_ref less = ir_op2(l->b, IR_ult, x86_op2i(l, IR_and, old, 3), rpl);
    ir_ref val = ir_op2(l->b, IR_or, x86_op2i(l, IR_and, old, 0xfffc), rpl);
    u16 no = x86_when(l, less);
    x86_write_dst(l, &d, val);
    x86_end(l, no);
    x86_set_flag(l, X86_F_zf, less);
    return true;
}

/* ---- far jumps, calls, returns ---- */

static void far_pointer(struct x86_lift *l, const struct x86_insn *i, ir_ref *off, ir_ref *sel)
{
    if (i->op[0].kind == X86_K_MEM) {
        load_pointer(l, i, off, sel);
        return;
    }
    *off = imm64(l, i->imm);
    *sel = imm64(l, i->imm2);
}

bool x86_jmpf(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref off, sel;
    far_pointer(l, i, &off, &sel);
    return far_exit(l, x86_call(l, X86_H_jump_far, sel, off, how(l, i)), ENDS_FAR);
}


bool x86_callf(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref off, sel;
    far_pointer(l, i, &off, &sel);
    return far_exit(l, x86_call(l, X86_H_call_far, sel, off, how(l, i)), ENDS_FAR);
}

bool x86_retf(struct x86_lift *l, const struct x86_insn *i)
{
    return far_exit(l, x86_call(l, X86_H_ret_far, imm64(l, i->opsize), imm64(l, i->imm), IR_NONE), ENDS_FAR);
}

bool x86_int_ret(struct x86_lift *l, const struct x86_insn *i)
{
    return far_exit(l, x86_call(l, X86_H_iret, how(l, i), IR_NONE, IR_NONE), ENDS_FAR);
}

/* ---- interrupts ---- */

bool x86_int3(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    x86_exc(l, X86_BP | X86_EXC_SOFT, length(l) << 32);
    return true;
}

bool x86_into(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    x86_exc_if(l, x86_get_flag(l, X86_F_of), X86_OF | X86_EXC_SOFT, length(l) << 32);
    return true;
}

bool x86_int1(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    x86_exc(l, X86_DB | X86_EXC_ICEBP, length(l) << 32);
    return true;
}

/* Virtual-8086 mode asks IOPL, and CR4.VME where to. */
bool x86_int_n(struct x86_lift *l, const struct x86_insn *i)
{
    u32 vector = i->imm & 0xff;
    if (!(l->mode & X86_M_VM)) {
        x86_exc(l, vector | X86_EXC_SOFT, length(l) << 32);
        return true;
    }
    x86_call(l, X86_H_int_v86, imm64(l, vector), imm64(l, length(l)), IR_NONE);
    return far_exit(l, ir_pc(l->b, l->next), 0);
}

/* ---- fast system calls ---- */

bool x86_syscall(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    return far_exit(l, x86_call(l, X86_H_syscall, imm64(l, length(l)), IR_NONE, IR_NONE), ENDS_CALL);
}

bool x86_sysret(struct x86_lift *l, const struct x86_insn *i)
{
    return far_exit(l, x86_call(l, X86_H_sysret, imm64(l, i->opsize), IR_NONE, IR_NONE), ENDS_CALL);
}

bool x86_sysenter(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    return far_exit(l, x86_call(l, X86_H_sysenter, IR_NONE, IR_NONE, IR_NONE), ENDS_CALL);
}

bool x86_sysexit(struct x86_lift *l, const struct x86_insn *i)
{
    return far_exit(l, x86_call(l, X86_H_sysexit, imm64(l, i->opsize), IR_NONE, IR_NONE), ENDS_CALL);
}
