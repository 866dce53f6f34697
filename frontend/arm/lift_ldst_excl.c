/*
 * lift_ldst_excl.c - A64 exclusives, ordered accesses, compare-and-swap, atomic memory operations (Arm ARM DDI 0487,
 * C4.1.96; B2.3 for the orders).
 *
 * All of these fault unless aligned to their whole size (FEAT_LSE2 is not modelled). Acquire and release of this
 * instruction set are ordered among themselves, hence sequential in the IR; LDAPR alone is a plain acquire.
 */
#include "base/bits.h"
#include "frontend/arm/lift.h"
#include "frontend/arm/lift_ldst.h"

/* Descriptor of an access of 2^size bytes made of elements of 2^elem bytes. */
static struct ir_mem ordered(const struct a64_lift *l, u32 size, u32 elem, enum ir_order order)
{
    struct ir_mem m = a64_mem(l, elem);
    m.size = size & 7;
    m.atomic = size & 7;
    m.align = size & 7;
    m.order = order & 3;
    return m;
}

static ir_ref emit(struct a64_lift *l, enum ir_op op, enum ir_type t, u32 flag, struct ir_mem m, ir_ref addr,
                   ir_ref x, ir_ref y)
{
    return ir_emit(l->b, (struct ir_ins){ .op = (u16)op, .type = (u8)t, .src = IR_I64, .flag = (u8)flag,
                                          .aux = ir_mem_pack(m), .arg = { addr, x, y, IR_NONE } });
}

static enum ir_order seq_if(u32 on)
{
    return on ? IR_SEQ : IR_PLAIN;
}

/* ---- exclusives ---- */

bool a64_ldxr(struct a64_lift *l, const struct a64_ldxr *in)
{
    ir_ref at = a64_base(l, in->rn);
    struct ir_mem m = ordered(l, in->size, in->size, seq_if(in->acquire));
    a64_set_x(l, in->rt, emit(l, IR_ldex, a64_int_type(in->size), 0, m, at, IR_NONE, IR_NONE));
    return true;
}

bool a64_ldxp(struct a64_lift *l, const struct a64_ldxp *in)
{
    struct ir_block *b = l->b;
    u32 elem = 2 + in->sz;
    ir_ref at = a64_base(l, in->rn);
    struct ir_mem m = ordered(l, elem + 1, elem, seq_if(in->acquire));
    ir_ref v = emit(l, IR_ldex, a64_int_type(elem + 1), 0, m, at, IR_NONE, IR_NONE);
    ir_ref lo = ir_conv(b, IR_trunc, a64_int_type(elem), v);
    ir_ref hi = in->sz ? ir_conv(b, IR_hi, IR_I64, v) : a64_shift(l, 1, v, 32);
    a64_set_x(l, in->rt, lo);
    a64_set_x(l, in->rt2, hi);
    return true;
}

bool a64_stxr(struct a64_lift *l, const struct a64_stxr *in)
{
    ir_ref at = a64_base(l, in->rn), v = a64_store_value(l, in->size, in->rt);
    struct ir_mem m = ordered(l, in->size, in->size, seq_if(in->release));
    a64_set_x(l, in->rs, emit(l, IR_stex, IR_I32, 0, m, at, v, IR_NONE));
    return true;
}

bool a64_stxp(struct a64_lift *l, const struct a64_stxp *in)
{
    u32 elem = 2 + in->sz;
    ir_ref at = a64_base(l, in->rn), v = a64_pair(l, elem, in->rt, in->rt2);
    struct ir_mem m = ordered(l, elem + 1, elem, seq_if(in->release));
    a64_set_x(l, in->rs, emit(l, IR_stex, IR_I32, 0, m, at, v, IR_NONE));
    return true;
}

/* ---- ordered loads and stores ---- */

static bool load_ordered(struct a64_lift *l, u32 size, u32 rn, u32 rt, enum ir_order order)
{
    ir_ref at = a64_base(l, rn);
    a64_set_x(l, rt, ir_load(l->b, IR_I64, at, ordered(l, size, size, order)));
    return true;
}

bool a64_ldar(struct a64_lift *l, const struct a64_ldar *in)
{
    return load_ordered(l, in->size, in->rn, in->rt, IR_SEQ);
}

bool a64_ldapr(struct a64_lift *l, const struct a64_ldapr *in)
{
    return load_ordered(l, in->size, in->rn, in->rt, IR_ACQUIRE);
}

bool a64_stlr(struct a64_lift *l, const struct a64_stlr *in)
{
    ir_ref at = a64_base(l, in->rn), v = a64_store_value(l, in->size, in->rt);
    ir_store(l->b, at, v, ordered(l, in->size, in->size, IR_SEQ));
    return true;
}

/* ---- compare and swap ---- */

bool a64_cas(struct a64_lift *l, const struct a64_cas *in)
{
    ir_ref at = a64_base(l, in->rn);
    ir_ref want = a64_store_value(l, in->size, in->rs), now = a64_store_value(l, in->size, in->rt);
    struct ir_mem m = ordered(l, in->size, in->size, seq_if(in->a | in->r));
    a64_set_x(l, in->rs, emit(l, IR_cas, a64_int_type(in->size), 0, m, at, want, now));
    return true;
}

/* Rs and Rt are even: the second of X30 is XZR. */
bool a64_casp(struct a64_lift *l, const struct a64_casp *in)
{
    struct ir_block *b = l->b;
    u32 elem = 2 + in->sz;
    ir_ref at = a64_base(l, in->rn);
    ir_ref want = a64_pair(l, elem, in->rs, in->rs + 1), now = a64_pair(l, elem, in->rt, in->rt + 1);
    struct ir_mem m = ordered(l, elem + 1, elem, seq_if(in->a | in->r));
    ir_ref old = emit(l, IR_cas, a64_int_type(elem + 1), 0, m, at, want, now);
    ir_ref lo = ir_conv(b, IR_trunc, a64_int_type(elem), old);
    ir_ref hi = in->sz ? ir_conv(b, IR_hi, IR_I64, old) : a64_shift(l, 1, old, 32);
    a64_set_x(l, in->rs, lo);
    a64_set_x(l, in->rs + 1, hi);
    return true;
}

/* ---- atomic memory operations ---- */

bool a64_atomic(struct a64_lift *l, const struct a64_atomic *in)
{
    ir_ref at = a64_base(l, in->rn), v = a64_store_value(l, in->size, in->rs);
    struct ir_mem m = ordered(l, in->size, in->size, seq_if(in->a | in->r));
    a64_set_x(l, in->rt, emit(l, IR_rmw, a64_int_type(in->size), in->op, m, at, v, IR_NONE));
    return true;
}
