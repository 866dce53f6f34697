/*
 * lift.c - the driver of the x86 lifters: one block of IR from the bytes at a pc.
 *
 * A block ends at a branch, an exception, before an instruction that goes on in the next page, at the limit on
 * instructions, or when the IR grows large. Around each lifter stand the checks that rows ask for by attributes, in
 * the order of Intel SDM volume 3, table 6-2: debug trap of the instruction before, instruction breakpoint, code
 * segment limit, length, #UD, #NM, #GP of privilege, pending #MF. Where an instruction goes on in a page that faults,
 * the page fault comes before a limit that ends there too.
 */
#include "base/bits.h"
#include "frontend/x86/lift.h"

static void log_insn(const struct x86_lift *l, const struct x86_insn *i, const u8 *bytes, bool ok)
{
    char hex[3 * 15 + 1] = "", text[96] = "(undefined)";
    for (u32 k = 0; k < i->len; k++)
        snprintf(hex + 3 * k, 4, "%02x ", bytes[k]);
    if (ok)
        x86_insn_text(i, text, sizeof text);
    log_line(&l->v->m->log, LOG_in_asm, "in_asm: %#llx+%#llx: %s%s", (unsigned long long)l->v->s.pc,
             (unsigned long long)l->off, hex, text);
}

/* ---- before an instruction ---- */

/* #GP(0) where the last byte lies beyond CS.limit; the first one, or the end of the instruction before, does not. */
static void check_fetch(struct x86_lift *l, u32 len)
{
    ir_ref last = x86_ip_ref(l, l->off + len - 1, 4);
    x86_exc_if(l, ir_op2(l->b, IR_ult, ir_get(l->b, X86_F_cs_limit), last), X86_GP | X86_EXC_CODE, 0);
}

static void begin_insn(struct x86_lift *l, u32 len)
{
    ir_insn(l->b, (u32)l->off, len);
    l->next = l->off + len;
    l->watched = 0;
    if (UNLIKELY(l->mode & X86_M_DBPEND))
        x86_call(l, X86_H_db_pending, IR_NONE, IR_NONE, IR_NONE);
    if (UNLIKELY(l->mode & X86_M_SHADOW))
        x86_call(l, X86_H_sample, IR_NONE, IR_NONE, IR_NONE);
    if (UNLIKELY((l->mode & (X86_M_IBP | X86_M_RF)) == X86_M_IBP))
        x86_call(l, X86_H_ibp_check, IR_NONE, IR_NONE, IR_NONE);
    if (l->mode & X86_M_CSLIM)
        check_fetch(l, len);
}

/* ---- what the row's attributes ask for: the exception to raise instead, or -1 ---- */

static i32 check_simd(const struct x86_lift *l, const struct x86_insn *i)
{
    u32 attr = i->row->attr;
    if (attr & X86_SSE && !(i->vex ? l->mode & X86_M_AVX : (l->mode & (X86_M_EM | X86_M_OSFXSR)) == X86_M_OSFXSR))
        return X86_UD;
    if (attr & X86_MMX && l->mode & X86_M_EM)
        return X86_UD;
    return attr & (X86_SSE | X86_MMX) && l->mode & X86_M_TS ? X86_NM : -1;
}

static i32 check_attr(const struct x86_lift *l, const struct x86_insn *i)
{
    u32 attr = i->row->attr;
    i32 simd = check_simd(l, i);
    if (simd >= 0)
        return simd;
    if (attr & (X86_X87 | X86_X87_NW) && l->mode & (X86_M_EM | X86_M_TS))
        return X86_NM;
    return attr & X86_CPL0 && X86_M_CPL(l->mode) ? X86_GP | X86_EXC_CODE : -1;
}

/* An unmasked x87 exception waits for the next waiting instruction: FSW.ES. */
static void check_pending(struct x86_lift *l)
{
    ir_ref es = ir_op2(l->b, IR_tst, ir_get(l->b, X86_F_fsw), x86_imm(l, IR_I16, 0x80));
    u16 none = ir_skip(l->b, ir_op1(l->b, IR_not, es));
    x86_call(l, X86_H_fpu_wait, IR_NONE, IR_NONE, IR_NONE);
    ir_label(l->b, none);
}

/* ---- one instruction ---- */

static void lift_row(struct x86_lift *l, const struct x86_insn *i)
{
    i32 exc = check_attr(l, i);
    if (UNLIKELY(exc >= 0)) {
        x86_exc(l, (u32)exc, 0);
        return;
    }
    u32 count = l->b->count;
    u16 labels = l->b->labels;
    if (i->row->attr & (X86_X87 | X86_MMX))
        check_pending(l);
    if (!i->row->lift(l, i)) {
        l->b->count = count;
        l->b->labels = labels;
        l->watched = 0;
        x86_exc(l, X86_UD, 0);
        return;
    }
    if (!l->ended && !(l->mode & X86_M_UNMASKED)) {
        x86_watch_done(l);
        l->watched = 0;
    }
}

/* False: the bytes do not hold the instruction, nothing was emitted. */
static bool lift_insn(struct x86_lift *l, const struct guest_code *code, const u64 features[2])
{
    struct x86_insn i;
    const u8 *bytes = code->bytes + l->off;
    enum x86_decoded d = x86_decode(bytes, code->avail - (u32)l->off, l->mode, features, &i);
    if (d == X86_MORE)
        return false;
    begin_insn(l, i.len);
    if (d == X86_OK)
        lift_row(l, &i);
    else
        x86_exc(l, d == X86_TOO_LONG ? X86_GP | X86_EXC_CODE : X86_UD, 0);
    if (UNLIKELY(log_on(&l->v->m->log, LOG_in_asm)))
        log_insn(l, &i, bytes, d == X86_OK);
    l->off += i.len;
    return true;
}

/* ---- the block ---- */

/* The trap is due before whatever the bytes are. */
static void lift_trap(struct x86_lift *l)
{
    ir_insn(l->b, 0, 1);
    x86_call(l, X86_H_db_pending, IR_NONE, IR_NONE, IR_NONE);
    ir_exit_mode(l->b, ir_pc(l->b, 0));
    l->b->guest_len = 1;
}

void x86_lift_block(struct vcpu *v, u64 mode, const struct guest_code *code, struct ir_block *out)
{
    struct x86_lift l = { .b = out, .v = v, .mode = mode };
    u32 max = mode & X86_M_UNMASKED ? 1 : MAX(code->max_insns, 1u), n = 0;
    ir_begin(out, &x86_layout);
    if (UNLIKELY((mode & (X86_M_DBPEND | X86_M_SHADOW)) == X86_M_DBPEND)) {
        lift_trap(&l);
        return;
    }
    const u64 *features = x86_wiring_of(v)->model->features;
    while (!l.ended && n < max && out->count < IR_BLOCK_SOFT && lift_insn(&l, code, features))
        n++;
    out->guest_len = (u32)l.off;
    if (n && !l.ended)
        x86_exit_fall(&l);
}
