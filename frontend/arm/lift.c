/*
 * lift.c - the driver of the A64 lifters: one block of IR from the bytes at a pc.
 *
 * A block ends at a branch, an exception, the end of its page, the limit on instructions, or when the IR grows large.
 * In software step's active-not-pending state it is one instruction; the step exception itself is taken before the
 * next fetch (D2.11; a64_fetch_ok()), before all else that could be wrong there. In illegal execution state no
 * instruction is decoded (D1.5.1 "Illegal return events").
 */
#include "base/bits.h"
#include "frontend/arm/lift.h"

static void log_insn(const struct a64_lift *l, u32 row)
{
    log_line(&l->v->m->log, LOG_in_asm, "in_asm: %#llx+%#llx: %08x %s", (unsigned long long)l->v->s.pc,
             (unsigned long long)l->off, l->insn, row < A64_ROW_COUNT ? a64_rows[row].name : "(unallocated)");
}

/* One instruction; what is unallocated leaves nothing but the exception. */
static void lift_insn(struct a64_lift *l)
{
    u32 row;
    ir_insn(l->b, (u32)l->off, 4);
    u32 count = l->b->count;
    u16 labels = l->b->labels;
    bool aligned = l->sp_aligned;
    if (!a64_decode(l, l->insn, l->feat, &row)) {
        l->b->count = count;
        l->b->labels = labels;
        l->sp_aligned = aligned;
        a64_exc(l, A64_EXC_UNDEF, 0);
    }
    if (log_on(&l->v->m->log, LOG_in_asm))
        log_insn(l, row);
}

/* The engine fetches at aligned addresses only, so that less than one word is no case that guests can make. */
static void lift_nothing(struct a64_lift *l, enum a64_exc why)
{
    ir_insn(l->b, 0, 4);
    a64_exc(l, why, 0);
    l->b->guest_len = 4;
}

void a64_lift_block(struct vcpu *v, u64 mode, const struct guest_code *code, struct ir_block *out)
{
    struct a64_lift l = { .b = out, .v = v, .mode = mode, .feat = a64_wiring_of(v)->model->features };
    u32 max = mode & A64_M_SS ? 1 : MAX(code->max_insns, 1u), n = 0;
    l.page_off = (PAGE_SIZE - code->avail) & (PAGE_SIZE - 1);
    ir_begin(out, &a64_layout);
    if (mode & A64_M_SSPEND) {
        lift_nothing(&l, A64_EXC_STEP);
        return;
    }
    if (mode & A64_M_IL) {
        lift_nothing(&l, A64_EXC_ILLEGAL);
        return;
    }
    if (code->avail < 4) {
        lift_nothing(&l, A64_EXC_PCALIGN);
        return;
    }
    while (!l.ended && n < max && (u64)l.off + 4 <= code->avail && out->count < IR_BLOCK_SOFT) {
        l.insn = load_le32(code->bytes + l.off);
        lift_insn(&l);
        l.off += 4;
        n++;
    }
    if (!l.ended)
        a64_exit_to(&l, 0, IR_HINT_none);
    out->guest_len = (u32)l.off;
}
