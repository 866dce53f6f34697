/*
 * lift_system.c - control, debug and model-specific registers, descriptor tables, translation, CPUID, time, HLT.
 *
 * Intel SDM volume 2. Privilege level 0 is asked for by the rows (cpl0) where it is #GP(0); the rest is here. MWAIT
 * does not look at the address monitored: it is HLT, or nothing where interrupts that are masked must end it.
 */
#include "frontend/x86/lift_int.h"

static ir_ref imm64(struct x86_lift *l, u64 v) { return x86_imm(l, IR_I64, v); }
static ir_ref low(struct x86_lift *l, u32 r) { return x86_zext(l, IR_I64, x86_reg(l, r, 4)); }

static ir_ref edx_eax(struct x86_lift *l)
{
    return ir_op2(l->b, IR_or, x86_op2i(l, IR_shl, low(l, X86_RDX), 32), low(l, X86_RAX));
}

static void set_edx_eax(struct x86_lift *l, ir_ref v)
{
    ir_set(l->b, X86_F_rax, x86_zext(l, IR_I64, x86_zext(l, IR_I32, v)));
    ir_set(l->b, X86_F_rdx, x86_op2i(l, IR_shr, v, 32));
}

static bool refuse(struct x86_lift *l)
{
    x86_exc(l, X86_GP | X86_EXC_CODE, 0);
    return true;
}

static u32 cpl(const struct x86_lift *l) { return X86_M_CPL(l->mode); }
static bool umip_refuses(const struct x86_lift *l) { return l->mode & X86_M_UMIP && cpl(l); }

/* ---- control and debug registers ---- */

bool x86_mov_from_cr(struct x86_lift *l, const struct x86_insn *i)
{
    u32 n = i->op[1].reg;
    ir_ref val = n == 8 ? x86_call(l, X86_H_get_cr8, IR_NONE, IR_NONE, IR_NONE)
                        : x86_call(l, X86_H_get_cr, imm64(l, n), IR_NONE, IR_NONE);
    x86_set_reg(l, i->op[0].reg, x86_zext(l, x86_ity(i->op[0].size), val));
    return true;
}

bool x86_mov_to_cr(struct x86_lift *l, const struct x86_insn *i)
{
    x86_call(l, X86_H_set_cr, imm64(l, i->op[0].reg), x86_reg(l, i->op[1].reg, i->op[1].size), IR_NONE);
    x86_exit_next(l);
    return true;
}

bool x86_mov_from_dr(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref val = x86_call(l, X86_H_get_dr, imm64(l, i->op[1].reg), IR_NONE, IR_NONE);
    x86_set_reg(l, i->op[0].reg, x86_zext(l, x86_ity(i->op[0].size), val));
    return true;
}

bool x86_mov_to_dr(struct x86_lift *l, const struct x86_insn *i)
{
    x86_call(l, X86_H_set_dr, imm64(l, i->op[0].reg), x86_reg(l, i->op[1].reg, i->op[1].size), IR_NONE);
    x86_exit_next(l);
    return true;
}

bool x86_smsw(struct x86_lift *l, const struct x86_insn *i)
{
    if (umip_refuses(l))
        return refuse(l);
    ir_ref val = x86_call(l, X86_H_get_cr, imm64(l, 0), IR_NONE, IR_NONE);
    struct x86_dst d = x86_dst(l, i, 0);
    x86_write_dst(l, &d, x86_zext(l, x86_ity(i->op[0].size), val));
    return true;
}

bool x86_lmsw(struct x86_lift *l, const struct x86_insn *i)
{
    x86_call(l, X86_H_lmsw, x86_read_op(l, i, 0), IR_NONE, IR_NONE);
    x86_exit_next(l);
    return true;
}

bool x86_clts(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    x86_call(l, X86_H_clts, IR_NONE, IR_NONE, IR_NONE);
    x86_exit_next(l);
    return true;
}

/* ---- descriptor tables ---- */

static u32 base_size(const struct x86_lift *l) { return x86_long(l) ? 8 : 4; }

static ir_ref table_base_at(struct x86_lift *l, ir_ref at)
{
    ir_ref next = x86_op2i(l, IR_add, at, 2);
    return x86_long(l) ? next : x86_zext(l, IR_I64, x86_zext(l, IR_I32, next));
}

static ir_ref table_part(struct x86_lift *l, u32 which)
{
    return x86_call(l, X86_H_get_table, imm64(l, which), IR_NONE, IR_NONE);
}

bool x86_store_table(struct x86_lift *l, const struct x86_insn *i)
{
    u32 size = base_size(l), which = (u32)i->row->a;
    struct ir_mem ml = x86_mem(l, i->seg, 2), mb = x86_mem(l, i->seg, size);
    if (umip_refuses(l))
        return refuse(l);
    ir_ref limit = x86_zext(l, IR_I16, table_part(l, which)),
           base = x86_zext(l, x86_ity(size), table_part(l, which + 2));
    ml.align = mb.align = 0; /* never #AC */
    ir_ref at = x86_ea(l, i, 2 + size, true), at_base = table_base_at(l, at);
    x86_probe(l, at, ml, true);
    x86_probe(l, at_base, mb, true);
    x86_store_at(l, at, limit, ml);
    x86_store_at(l, at_base, base, mb);
    return true;
}

/* With 16-bit operands the base has 24 bits. */
bool x86_load_table(struct x86_lift *l, const struct x86_insn *i)
{
    u32 size = base_size(l);
    ir_ref at = x86_ea(l, i, 2 + size, false), limit = x86_load_at(l, IR_I16, at, x86_mem(l, i->seg, 2));
    ir_ref base = x86_load_at(l, x86_ity(size), table_base_at(l, at), x86_mem(l, i->seg, size));
    if (size == 4 && i->opsize == 2)
        base = x86_op2i(l, IR_and, base, 0xffffff);
    x86_call(l, X86_H_set_table, imm64(l, (u32)i->row->a), limit, base);
    return true;
}

/* ---- translation and caches ---- */

/* The segment's limit does not count. */
static ir_ref unchecked(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref off = x86_offset(l, i);
    if (x86_long(l) && i->seg < X86_FS)
        return off;
    ir_ref at = ir_op2(l->b, IR_add, off, ir_get(l->b, X86_F_es_base + i->seg));
    return x86_long(l) ? at : x86_zext(l, IR_I64, x86_zext(l, IR_I32, at));
}

bool x86_inv_page(struct x86_lift *l, const struct x86_insn *i)
{
    x86_call(l, X86_H_inv_page, unchecked(l, i), IR_NONE, IR_NONE);
    x86_exit_next(l);
    return true;
}

bool x86_inv_pcid(struct x86_lift *l, const struct x86_insn *i)
{
    ir_ref type = x86_zext(l, IR_I64, x86_reg(l, i->op[0].reg, i->op[0].size)), at = x86_ea(l, i, 16, false);
    ir_ref d = x86_load_at(l, IR_V128, at, x86_mem(l, i->seg, 16));
    ir_ref lo = ir_opx(l->b, IR_extract, IR_I64, IR_I64, 0, 0, d, IR_NONE, IR_NONE);
    ir_ref hi = ir_opx(l->b, IR_extract, IR_I64, IR_I64, 0, 1, d, IR_NONE, IR_NONE);
    x86_call(l, X86_H_inv_pcid, type, lo, hi);
    x86_exit_next(l);
    return true;
}

/* INVD, WBINVD: there are no caches to see. */
bool x86_cache(struct x86_lift *l, const struct x86_insn *i)
{
    (void)l, (void)i;
    return true;
}

bool x86_setac(struct x86_lift *l, const struct x86_insn *i)
{
    if (cpl(l))
        return false;
    ir_ref f = ir_get(l->b, X86_F_eflags);
    ir_set(l->b, X86_F_eflags, x86_op2i(l, i->row->a ? IR_or : IR_and, f, i->row->a ? X86_FL_AC : ~(u32)X86_FL_AC));
    x86_exit_next(l);
    return true;
}

/* ---- model-specific registers, CPUID, time ---- */

bool x86_msr_read(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    set_edx_eax(l, x86_call(l, X86_H_rdmsr, low(l, X86_RCX), IR_NONE, IR_NONE));
    return true;
}

bool x86_msr_write(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    x86_call(l, X86_H_wrmsr, low(l, X86_RCX), edx_eax(l), IR_NONE);
    x86_exit_next(l);
    return true;
}

static bool tsc_refused(const struct x86_lift *l) { return l->mode & X86_M_TSD && cpl(l); }
static ir_ref read_tsc(struct x86_lift *l) { return x86_call(l, X86_H_tsc, IR_NONE, IR_NONE, IR_NONE); }

bool x86_rdtsc(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    if (tsc_refused(l))
        return refuse(l);
    set_edx_eax(l, read_tsc(l));
    return true;
}

bool x86_rdtscp(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    if (tsc_refused(l))
        return refuse(l);
    set_edx_eax(l, read_tsc(l));
    ir_set(l->b, X86_F_rcx, x86_zext(l, IR_I64, x86_zext(l, IR_I32, ir_get(l->b, X86_F_tsc_aux))));
    return true;
}

bool x86_rdpid(struct x86_lift *l, const struct x86_insn *i)
{
    x86_set_reg(l, i->op[0].reg, x86_zext(l, x86_ity(i->op[0].size), ir_get(l->b, X86_F_tsc_aux)));
    return true;
}

/* There are no performance counters: no value of ECX names one. */
bool x86_rdpmc(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    return refuse(l);
}

bool x86_cpu_id(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    x86_call(l, X86_H_cpuid, IR_NONE, IR_NONE, IR_NONE);
    return true;
}

bool x86_xgetbv(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    if (!(l->mode & X86_M_OSXSAVE))
        return false;
    set_edx_eax(l, x86_call(l, X86_H_xgetbv, low(l, X86_RCX), IR_NONE, IR_NONE));
    return true;
}

bool x86_xsetbv(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    if (!(l->mode & X86_M_OSXSAVE))
        return false;
    x86_call(l, X86_H_xsetbv, low(l, X86_RCX), edx_eax(l), IR_NONE);
    x86_exit_next(l);
    return true;
}

/* ---- waiting ---- */

bool x86_hlt(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    x86_call(l, X86_H_hlt, IR_NONE, IR_NONE, IR_NONE);
    x86_exit_next(l);
    return true;
}

/* The address is checked as a load of a byte would be; no extensions or hints exist. */
bool x86_monitor(struct x86_lift *l, const struct x86_insn *i)
{
    if (cpl(l))
        return false;
    x86_exc_if(l, x86_inv(l, x86_is_zero(l, x86_reg(l, X86_RCX, 4))), X86_GP | X86_EXC_CODE, 0);
    ir_ref at = x86_linear(l, i->seg, x86_reg(l, X86_RAX, i->adsize), 1, false);
    x86_load_at(l, IR_I8, at, x86_mem(l, i->seg, 1));
    return true;
}

bool x86_mwait(struct x86_lift *l, const struct x86_insn *i)
{
    (void)i;
    if (cpl(l))
        return false;
    ir_ref c = x86_reg(l, X86_RCX, 4);
    x86_exc_if(l, x86_inv(l, x86_is_zero(l, x86_op2i(l, IR_and, c, ~1u))), X86_GP | X86_EXC_CODE, 0);
    ir_ref masked = x86_is_zero(l, x86_op2i(l, IR_and, ir_get(l->b, X86_F_eflags), X86_FL_IF));
    u16 over = x86_unless(l, ir_op2(l->b, IR_and, masked, x86_inv(l, x86_is_zero(l, c))));
    x86_call(l, X86_H_hlt, IR_NONE, IR_NONE, IR_NONE);
    x86_end(l, over);
    x86_exit_next(l);
    return true;
}
