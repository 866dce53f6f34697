/*
 * lift_system.c - system instructions: registers, PSTATE, maintenance, hints, barriers, exception generation.
 *
 * Arm ARM DDI 0487, C4.1.94 and C5; access rules: D1.3 (traps), D17 by register.
 * Caches are not modelled: maintenance checks permissions and translation, and does nothing, since stores to code
 * are seen at once. WFE finds its event register set (docs/arm.md).
 */
#include "frontend/arm/lift.h"
#include "frontend/arm/sysregs.h"

/* ISS of EC 0x18, D17.2.37. */
static u32 iss_of(u32 op0, u32 op1, u32 crn, u32 crm, u32 op2, u32 rt, bool read)
{
    return op0 << 20 | op2 << 17 | op1 << 14 | crn << 10 | rt << 5 | crm << 1 | read;
}

static bool at_el0(const struct a64_lift *l)
{
    return !(l->mode & A64_M_EL1);
}

static ir_ref imm64(struct a64_lift *l, u64 v)
{
    return a64_imm(l, IR_I64, v);
}

/* Ends the block behind this instruction and has the mode word looked at again. */
static void end_block(struct a64_lift *l)
{
    a64_exit_mode(l);
}

/* ---- system registers ---- */

static bool gate_traps(struct a64_lift *l, u32 gate, u32 iss)
{
    u64 need = gate == A64_GATE_UCT ? A64_M_UCT : gate == A64_GATE_UMA ? A64_M_UMA : 0;
    if (gate == A64_GATE_FP)
        return !a64_fp_ok(l);
    if ((l->mode & need) == need)
        return false;
    a64_exc(l, A64_EXC_SYSTRAP, iss);
    return true;
}

static ir_ref row_number(struct a64_lift *l, const struct a64_sysreg *r)
{
    return imm64(l, (u64)(r - a64_sysregs));
}

static ir_ref flag_at(struct a64_lift *l, u32 field, u32 pos)
{
    ir_ref v = ir_conv(l->b, IR_zext, IR_I64, ir_get(l->b, field));
    return ir_op2(l->b, IR_shl, v, imm64(l, pos));
}

static ir_ref read_nzcv(struct a64_lift *l)
{
    ir_ref nz = ir_op2(l->b, IR_or, flag_at(l, A64_F_n, 31), flag_at(l, A64_F_z, 30));
    ir_ref cv = ir_op2(l->b, IR_or, flag_at(l, A64_F_c, 29), flag_at(l, A64_F_v, 28));
    return ir_op2(l->b, IR_or, nz, cv);
}

static ir_ref bit_of(struct a64_lift *l, ir_ref v, u32 pos)
{
    return ir_op2(l->b, IR_tst, v, imm64(l, 1ull << pos));
}

static void write_nzcv(struct a64_lift *l, ir_ref v)
{
    ir_ref n = bit_of(l, v, 31), z = bit_of(l, v, 30), c = bit_of(l, v, 29), o = bit_of(l, v, 28);
    a64_set_nzcv(l, n, z, c, o);
}

/* SP_EL0 is the stack pointer in use when PSTATE.SP is 0, and then has no register access (D17.2.121). */
static bool sp_el0_is_sp(const struct a64_lift *l)
{
    return !(l->mode & A64_M_SPSEL);
}

static ir_ref read_inline(struct a64_lift *l, const struct a64_sysreg *r)
{
    switch ((enum a64_special)r->arg) {
    case A64_SR_NZCV:      return read_nzcv(l);
    case A64_SR_DAIF:      return flag_at(l, A64_F_daif, 6);
    case A64_SR_CURRENTEL: return imm64(l, 1 << 2);
    case A64_SR_SPSEL:     return imm64(l, l->mode & A64_M_SPSEL ? 1 : 0);
    case A64_SR_PAN:       return flag_at(l, A64_F_pan, 22);
    case A64_SR_UAO:       return flag_at(l, A64_F_uao, 23);
    case A64_SR_FPCR:      return ir_conv(l->b, IR_zext, IR_I64, ir_get(l->b, A64_F_fpcr));
    case A64_SR_FPSR:      return ir_call(l->b, A64_H_fpsr_read, IR_NONE, IR_NONE, IR_NONE);
    case A64_SR_SP_EL0:    return sp_el0_is_sp(l) ? IR_NONE : ir_get(l->b, A64_F_sp_el0);
    case A64_SR_DCZID:     return imm64(l, 4 | (l->mode & A64_M_DZE ? 0 : 1 << 4)); /* 64 bytes; DZP */
    default:               return IR_NONE;
    }
}

static bool write_inline(struct a64_lift *l, const struct a64_sysreg *r, ir_ref v)
{
    struct ir_block *b = l->b;
    switch ((enum a64_special)r->arg) {
    case A64_SR_NZCV:
        write_nzcv(l, v);
        break;
    case A64_SR_DAIF:
        ir_call(b, A64_H_daif_write, ir_op2(b, IR_shr, v, imm64(l, 6)), IR_NONE, IR_NONE);
        break;
    case A64_SR_SPSEL:
        ir_call(b, A64_H_spsel_write, v, IR_NONE, IR_NONE);
        break;
    case A64_SR_PAN:
        ir_set(b, A64_F_pan, bit_of(l, v, 22));
        break;
    case A64_SR_UAO:
        ir_set(b, A64_F_uao, bit_of(l, v, 23));
        break;
    case A64_SR_FPCR:
        ir_call(b, A64_H_fpcr_write, v, IR_NONE, IR_NONE);
        break;
    case A64_SR_FPSR:
        ir_call(b, A64_H_fpsr_write, v, IR_NONE, IR_NONE);
        break;
    case A64_SR_SP_EL0:
        if (sp_el0_is_sp(l))
            return false;
        ir_set(b, A64_F_sp_el0, v);
        break;
    default:
        return false;
    }
    return true;
}

static ir_ref read_reg(struct a64_lift *l, const struct a64_sysreg *r, u32 iss)
{
    switch ((enum a64_sr_kind)r->kind) {
    case A64_KIND_FIELD:
        return ir_get(l->b, r->arg);
    case A64_KIND_CONST:
        return imm64(l, a64_const_value(a64_wiring_of(l->v), (enum a64_const)r->arg));
    case A64_KIND_PORT:
    case A64_KIND_HELPER: {
        u32 h = r->effect == A64_EFF_SYNC ? A64_H_sync_read : A64_H_reg_read;
        return ir_call(l->b, h, row_number(l, r), imm64(l, iss), IR_NONE);
    }
    case A64_KIND_INLINE:
        return read_inline(l, r);
    case A64_KIND_RAZ:
    case A64_KIND_CORTEX:
        break;
    }
    return imm64(l, 0);
}

static bool write_reg(struct a64_lift *l, const struct a64_sysreg *r, ir_ref v, u32 iss)
{
    struct ir_block *b = l->b;
    bool sync = r->effect == A64_EFF_SYNC;
    switch ((enum a64_sr_kind)r->kind) {
    case A64_KIND_FIELD:
        if (sync) {
            ir_call(b, A64_H_sync_write, row_number(l, r), imm64(l, iss), v);
            return true;
        }
        ir_set(b, r->arg, r->mask == ~0ull ? v : ir_op2(b, IR_and, v, imm64(l, r->mask)));
        return true;
    case A64_KIND_PORT:
    case A64_KIND_HELPER:
        ir_call(b, sync ? A64_H_sync_write : A64_H_reg_write, row_number(l, r), imm64(l, iss), v);
        return true;
    case A64_KIND_INLINE:
        return write_inline(l, r, v);
    case A64_KIND_CONST:
    case A64_KIND_RAZ:
    case A64_KIND_CORTEX:
        break;
    }
    return true;
}

/* The row if this EL may make this access. */
static const struct a64_sysreg *find(struct a64_lift *l, u32 op0, u32 op1, u32 crn, u32 crm, u32 op2, u32 access)
{
    const struct a64_sysreg *r = a64_sysreg_find(l->v, A64_SR_KEY(op0, op1, crn, crm, op2));
    if (!r)
        log_line(&l->v->m->log, LOG_unimp, "no system register S%u_%u_C%u_C%u_%u", op0, op1, crn, crm, op2);
    return r && (at_el0(l) ? r->el0 : r->el1) & access ? r : NULL;
}

bool a64_mrs(struct a64_lift *l, const struct a64_mrs *in)
{
    u32 op0 = 2 + in->o0, iss = iss_of(op0, in->op1, in->crn, in->crm, in->op2, in->rt, true);
    const struct a64_sysreg *r = find(l, op0, in->op1, in->crn, in->crm, in->op2, A64_RO);
    if (!r)
        return false;
    if (gate_traps(l, r->gate, iss))
        return true;
    ir_ref v = read_reg(l, r, iss);
    if (v == IR_NONE)
        return false;
    a64_set_x(l, in->rt, v);
    if (r->effect == A64_EFF_SYNC && (r->kind == A64_KIND_PORT || r->kind == A64_KIND_HELPER))
        end_block(l);
    return true;
}

bool a64_msr_reg(struct a64_lift *l, const struct a64_msr_reg *in)
{
    u32 op0 = 2 + in->o0, iss = iss_of(op0, in->op1, in->crn, in->crm, in->op2, in->rt, false);
    const struct a64_sysreg *r = find(l, op0, in->op1, in->crn, in->crm, in->op2, A64_WO);
    if (!r)
        return false;
    if (gate_traps(l, r->gate, iss))
        return true;
    if (!write_reg(l, r, a64_x(l, 1, in->rt), iss))
        return false;
    if (r->effect != A64_EFF_NONE)
        end_block(l);
    return true;
}

/* Masking more cannot let an interrupt in, nor can D and A: only the rest needs the exact count. */
static bool daif_imm(struct a64_lift *l, u32 mask, bool set)
{
    ir_ref now = ir_get(l->b, A64_F_daif), m = a64_imm(l, IR_I8, mask);
    ir_ref v = ir_op2(l->b, set ? IR_or : IR_andn, now, m);
    if (set || !(mask & 3)) {
        ir_set(l->b, A64_F_daif, v);
        if (mask & 8 && l->mode & A64_M_SSD)
            end_block(l);
        return true;
    }
    ir_call(l->b, A64_H_daif_write, ir_conv(l->b, IR_zext, IR_I64, v), IR_NONE, IR_NONE);
    end_block(l);
    return true;
}

bool a64_msr_imm(struct a64_lift *l, const struct a64_msr_imm *in)
{
    if (in->op1 == 3) { /* DAIFSet, DAIFClr */
        if (gate_traps(l, A64_GATE_UMA, iss_of(0, 3, 4, in->crm, in->op2, 31, false)))
            return true;
        return daif_imm(l, in->crm, in->op2 == 6);
    }
    if (at_el0(l))
        return false;
    if (in->op2 == 5)
        ir_call(l->b, A64_H_spsel_write, imm64(l, in->crm & 1), IR_NONE, IR_NONE);
    else
        ir_set(l->b, in->op2 == 4 ? A64_F_pan : A64_F_uao, a64_imm(l, IR_I1, in->crm & 1));
    end_block(l);
    return true;
}

bool a64_cfinv(struct a64_lift *l, const struct a64_cfinv *in)
{
    (void)in;
    ir_set(l->b, A64_F_c, ir_op1(l->b, IR_not, ir_get(l->b, A64_F_c)));
    return true;
}

/* ---- SYS: caches, address translation, TLB ---- */

/* EL0 is trapped unless the mode word has `need`. */
static bool el0_traps(struct a64_lift *l, const struct a64_sys *in, u64 need)
{
    if (l->mode & need)
        return false;
    a64_exc(l, A64_EXC_SYSTRAP, iss_of(1, in->op1, in->crn, in->crm, in->op2, in->rt, false));
    return true;
}

/* Maintenance by address: translation faults always; at EL1 no lack of permission counts but for DC IVAC, which
 * must be able to write (D8.4, "Data cache maintenance instructions"), and PAN does not either. */
static void probe_va(struct a64_lift *l, u32 rt, bool write)
{
    struct ir_mem m = { .mmu = at_el0(l) ? A64_MMU_EL0 : A64_MMU_EL1, .write = write, .user0 = A64_MEM_CM };
    ir_emit(l->b, (struct ir_ins){ .op = IR_probe, .type = IR_VOID, .src = IR_I64, .imm = 1, .aux = ir_mem_pack(m),
                                   .arg = { a64_x(l, 1, rt), IR_NONE, IR_NONE, IR_NONE } });
}

/* DC ZVA: the fault reports the address as given, so that is what is probed; the block lies in its page. */
static void zero_block(struct a64_lift *l, u32 rt)
{
    ir_ref addr = a64_x(l, 1, rt), zero = ir_vconst(l->b, 0, 0);
    ir_ref base = ir_op2(l->b, IR_and, addr, imm64(l, ~63ull));
    struct ir_mem probe = { .mmu = l->mode & A64_M_MMU };
    a64_probe_write(l, addr, 1, probe);
    for (u32 i = 0; i < 4; i++) {
        ir_ref at = i ? ir_op2(l->b, IR_add, base, imm64(l, 16 * i)) : base;
        ir_store(l->b, at, zero, a64_mem(l, 4));
    }
}

/* CRn 7, op1 3: what EL0 may have. */
static bool cache_user(struct a64_lift *l, const struct a64_sys *in)
{
    if (in->op2 != 1)
        return false;
    switch (in->crm) {
    case 4: /* DC ZVA */
        if (!el0_traps(l, in, A64_M_DZE))
            zero_block(l, in->rt);
        return true;
    case 12: /* DC CVAP */
        if (!(l->feat >> A64_FEAT_dpb & 1))
            return false;
        break;
    case 5: case 10: case 11: case 14: /* IC IVAU, DC CVAC, CVAU, CIVAC */
        break;
    default:
        return false;
    }
    if (!el0_traps(l, in, A64_M_UCI))
        probe_va(l, in->rt, false);
    return true;
}

static void translate(struct a64_lift *l, u32 rt, bool write, u32 mode)
{
    ir_call(l->b, A64_H_at, a64_x(l, 1, rt), imm64(l, write), imm64(l, mode));
}

/* CRn 7, op1 0, at EL1. */
static bool cache_system(struct a64_lift *l, const struct a64_sys *in)
{
    u32 op2 = in->op2;
    switch (in->crm) {
    case 1: case 5: /* IC IALLUIS, IALLU */
        return op2 == 0;
    case 6: /* DC IVAC, ISW */
        if (op2 == 1)
            probe_va(l, in->rt, true);
        return op2 == 1 || op2 == 2;
    case 10: case 14: /* DC CSW, CISW */
        return op2 == 2;
    case 8: /* AT S1E1R, S1E1W, S1E0R, S1E0W */
        if (op2 > 3)
            return false;
        translate(l, in->rt, op2 & 1, op2 < 2 ? A64_MMU_EL1 : A64_MMU_EL0);
        return true;
    case 9: /* AT S1E1RP, S1E1WP: with PSTATE.PAN, which is in the MMU mode */
        if (op2 > 1 || !(l->feat >> A64_FEAT_pan & 1))
            return false;
        translate(l, in->rt, op2 & 1, l->mode & A64_M_MMU);
        return true;
    }
    return false;
}

static bool tlb_maintenance(struct a64_lift *l, const struct a64_sys *in)
{
    static const i8 ops[8] = { A64_TLBI_ALL, A64_TLBI_VA, A64_TLBI_ASID, A64_TLBI_VAA, -1, A64_TLBI_VA, -1,
                               A64_TLBI_VAA };
    if (in->op1 || (in->crm != 3 && in->crm != 7) || ops[in->op2] < 0)
        return false;
    ir_call(l->b, A64_H_tlbi, imm64(l, (u64)ops[in->op2]), a64_x(l, 1, in->rt), imm64(l, in->crm == 3));
    end_block(l);
    return true;
}

bool a64_sys(struct a64_lift *l, const struct a64_sys *in)
{
    if (in->crn == 7 && in->op1 == 3)
        return cache_user(l, in);
    if (at_el0(l))
        return false;
    if (in->crn == 7 && !in->op1)
        return cache_system(l, in);
    return in->crn == 8 && tlb_maintenance(l, in);
}

/* No instruction of this kind exists at EL0 and EL1. */
bool a64_sysl(struct a64_lift *l, const struct a64_sysl *in)
{
    (void)l, (void)in;
    return false;
}

/* ---- hints, barriers ---- */

/* WFE does not wait, so it never traps; SEV and SEVL have nothing to set; YIELD and the rest are NOPs. A WFI that is
 * stepped is done at once, as any may be: the step exception would not wake it (D1.6.2). */
bool a64_hint(struct a64_lift *l, const struct a64_hint *in)
{
    if (in->crm != 0 || in->op2 != 3) /* WFI */
        return true;
    if (!(l->mode & A64_M_NTWI)) {
        a64_exc(l, A64_EXC_WFTRAP, 0x1e00000); /* CV, COND always, TI 0 */
        return true;
    }
    if (!(l->mode & A64_M_SS))
        ir_call(l->b, A64_H_wfi, IR_NONE, IR_NONE, IR_NONE);
    end_block(l);
    return true;
}

static void barrier(struct a64_lift *l, enum ir_barrier kind)
{
    ir_opx(l->b, IR_barrier, IR_VOID, IR_VOID, kind, 0, IR_NONE, IR_NONE, IR_NONE);
}

bool a64_clrex(struct a64_lift *l, const struct a64_clrex *in)
{
    (void)in;
    ir_opx(l->b, IR_clrex, IR_VOID, IR_VOID, 0, 0, IR_NONE, IR_NONE, IR_NONE);
    return true;
}

/* CRm[1:0]: 1 loads, 2 stores, 3 and the reserved 0 everything. DSB waits for more, of which there is nothing. */
bool a64_barrier(struct a64_lift *l, const struct a64_barrier *in)
{
    static const u8 kind[4] = { IR_BAR_full, IR_BAR_load, IR_BAR_store, IR_BAR_full };
    barrier(l, (enum ir_barrier)(in->opc ? kind[in->crm & 3] : IR_BAR_full));
    return true;
}

bool a64_isb(struct a64_lift *l, const struct a64_isb *in)
{
    (void)in;
    barrier(l, IR_BAR_fetch);
    end_block(l);
    return true;
}

bool a64_sb(struct a64_lift *l, const struct a64_sb *in)
{
    (void)l, (void)in;
    return true;
}

/* ---- exceptions ---- */

bool a64_svc(struct a64_lift *l, const struct a64_svc *in)
{
    a64_exc(l, A64_EXC_SVC, in->imm16);
    return true;
}

bool a64_hvc(struct a64_lift *l, const struct a64_hvc *in)
{
    a64_exc(l, at_el0(l) ? A64_EXC_UNDEF : A64_EXC_HVC, in->imm16);
    return true;
}

bool a64_smc(struct a64_lift *l, const struct a64_smc *in)
{
    a64_exc(l, at_el0(l) ? A64_EXC_UNDEF : A64_EXC_SMC, in->imm16);
    return true;
}

bool a64_brk(struct a64_lift *l, const struct a64_brk *in)
{
    a64_exc(l, A64_EXC_BRK, in->imm16);
    return true;
}

/* Halting debug is never enabled: UNDEFINED (H2.4). */
bool a64_hlt(struct a64_lift *l, const struct a64_hlt *in)
{
    (void)l, (void)in;
    return false;
}

/* UNDEFINED outside Debug state. */
bool a64_dcps(struct a64_lift *l, const struct a64_dcps *in)
{
    (void)l, (void)in;
    return false;
}

bool a64_drps(struct a64_lift *l, const struct a64_drps *in)
{
    (void)l, (void)in;
    return false;
}

bool a64_eret(struct a64_lift *l, const struct a64_eret *in)
{
    (void)in;
    if (at_el0(l))
        return false;
    ir_exit_mode(l->b, ir_call(l->b, A64_H_eret, IR_NONE, IR_NONE, IR_NONE));
    l->ended = true;
    return true;
}
