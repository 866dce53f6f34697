/* verify_types.c - what each row demands of its operands, result and immediates (ir/ops.def). */
#include "base/bits.h"
#include "ir/vec.h"
#include <stdarg.h>

struct look { /* the instruction looked at */
    const struct ir_block *b;
    u32                    i;
    const struct ir_ins   *in;
    const struct ir_row   *row;
    enum ir_type           type, src, lane;
    struct err            *e;
};

bool ir_verify_fail(const struct ir_block *b, u32 i, struct err *e, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
    u32 op = b->ins[i].op;
    return err_prefix(e, "instruction %u (%s)", i, op < IR_OP_COUNT ? ir_rows[op].name : "?");
}

#define FAIL(...) ir_verify_fail(w->b, w->i, w->e, __VA_ARGS__)

static enum ir_type arg_type(const struct look *w, u32 k)
{
    return w->in->arg[k] == IR_NONE ? IR_VOID : ir_type_of(w->b, w->in->arg[k]);
}

static bool want_arg(const struct look *w, u32 k, enum ir_type t)
{
    if (arg_type(w, k) == t)
        return true;
    return FAIL("operand %u is %s, not %s", k, ir_type_name(arg_type(w, k)), ir_type_name(t));
}

static bool want_result(const struct look *w, enum ir_type t)
{
    return w->type == t || FAIL("the result is %s, not %s", ir_type_name(w->type), ir_type_name(t));
}

static bool want_imm(const struct look *w, u64 max)
{
    return w->in->imm <= max || FAIL("imm is out of range");
}

/* ---- OP rows ---- */

static u32 kind_of(enum ir_type t, enum ir_type lane)
{
    if (ir_is_vec(t))
        return lane == IR_VOID                         ? K_V
               : lane >= IR_I8 && lane <= IR_I64       ? K_VI
               : lane >= IR_F16 && lane <= IR_F64      ? K_VF
                                                       : 0;
    if (lane != IR_VOID)
        return 0;
    return t == IR_I1 ? K_1 : t == IR_I128 ? K_Q : t == IR_F80 ? K_X : ir_is_float(t) ? K_F : ir_is_int(t) ? K_I : 0;
}

/* Type of operand k of an OP row. */
static enum ir_type op_operand(const struct look *w, u32 k)
{
    switch (w->in->op) {
    case IR_select: return k == 0 ? IR_I1 : arg_type(w, 1);
    case IR_carry: case IR_borrow: case IR_ovadd: case IR_ovsub: return k == 2 ? IR_I1 : w->src;
    case IR_crc32: case IR_crc32c: return k == 0 ? IR_I32 : IR_I64;
    case IR_pair: case IR_clmul: return IR_I64;
    case IR_urecpe: case IR_ursqrte: return ir_is_vec(w->src) ? w->src : IR_I32;
    default: return w->src;
    }
}

static bool check_lane_conversion(const struct look *w)
{
    if (!want_result(w, w->src))
        return false;
    bool narrow = ir_bits(w->lane) < 16 || (w->in->op == IR_ftosx && ir_bits(w->lane) < 16);
    return !narrow || FAIL("no such conversion of %s lanes", ir_type_name(w->lane));
}

static bool conversion_exists(const struct look *w)
{
    switch (w->in->op) {
    case IR_zext: case IR_sext: return ir_is_int(w->type) && ir_bits(w->type) > ir_bits(w->src);
    case IR_trunc: return ir_is_int(w->type) && ir_bits(w->type) < ir_bits(w->src);
    case IR_bitcast: return w->type > IR_I1 && ir_bytes(w->type) == ir_bytes(w->src);
    case IR_fcvt: return ir_is_float(w->type);
    case IR_ftos: case IR_ftou: return w->type >= IR_I8 && w->type <= IR_I64;
    case IR_ftosx: return w->type >= IR_I16 && w->type <= IR_I64;
    case IR_stof: case IR_utof: return ir_is_float(w->type);
    default: return true;
    }
}

static bool check_conversion(const struct look *w)
{
    if (ir_is_vec(w->src) && w->in->op != IR_bitcast && w->in->op != IR_select)
        return check_lane_conversion(w);
    enum ir_type t = ir_row_result((enum ir_op)w->in->op, w->src, arg_type(w, 1), w->lane);
    if (t != IR_VOID)
        return want_result(w, t);
    return conversion_exists(w) || FAIL("no conversion from %s to %s", ir_type_name(w->src), ir_type_name(w->type));
}

static bool check_op_imm(const struct look *w)
{
    u64 imm = w->in->imm;
    switch (w->in->op) {
    case IR_crc32: case IR_crc32c:
        return (imm <= 8 && is_pow2(imm)) || FAIL("imm is not 1, 2, 4 or 8 bytes");
    case IR_frint: case IR_ftosx:
        return want_imm(w, 7) && ((imm & 7) != 6 || FAIL("no such rounding mode"));
    case IR_ftos: case IR_ftou:
        return want_imm(w, 64 << 3 | 7) && ((imm & 7) != 6 || FAIL("no such rounding mode"));
    case IR_stof: case IR_utof:
        return want_imm(w, 64 << 3 | 7) && ((imm & 7) == 7 || FAIL("rounds by the environment only"));
    case IR_vshl_sat: return want_imm(w, 0) && (w->in->flag < 8 || FAIL("flag is out of range"));
    default: return want_imm(w, 0);
    }
}

static bool check_op(const struct look *w)
{
    if (!(kind_of(w->src, w->lane) & w->row->kinds))
        return FAIL("is not defined for %s%s%s", ir_type_name(w->src), w->lane ? "." : "",
                    w->lane ? ir_type_name(w->lane) : "");
    for (u32 k = 0; k < w->row->args; k++)
        if (!want_arg(w, k, op_operand(w, k)))
            return false;
    switch (w->row->result) {
    case RES_T: if (!want_result(w, w->src)) return false; break;
    case RES_B: if (!want_result(w, ir_is_vec(w->src) ? w->src : IR_I1)) return false; break;
    default: if (!check_conversion(w)) return false;
    }
    return check_op_imm(w);
}

/* ---- VOP rows ---- */

static bool check_vop_imm(const struct look *w)
{
    switch (w->in->op) {
    case IR_extract: case IR_insert: return want_imm(w, ir_bits(w->src) / ir_bits(w->lane) - 1);
    case IR_vext: return want_imm(w, 32);
    case IR_tbx: return want_imm(w, 255);
    case IR_vuxtl: case IR_vsxtl: case IR_vpmull: case IR_vhalf: case IR_vfcvtl: return want_imm(w, 1);
    default: return want_imm(w, 0);
    }
}

static bool check_vop(const struct look *w)
{
    const char *types = w->row->types;
    bool from_scalar = types[4] == 's';
    if (!ir_vop_lane(w->row, w->lane))
        return FAIL("is not defined for %s lanes", ir_type_name(w->lane));
    if (!from_scalar && !ir_is_vec(w->src))
        return FAIL("operand 0 is %s, not a vector", ir_type_name(w->src));
    for (u32 k = 0; k < w->row->args; k++)
        if (!want_arg(w, k, ir_vop_operand(w->row, k, w->src, w->lane)))
            return false;
    if (from_scalar && !ir_is_vec(w->type))
        return FAIL("the result is %s, not a vector", ir_type_name(w->type));
    if (!from_scalar && !want_result(w, ir_row_result((enum ir_op)w->in->op, w->src, IR_VOID, w->lane)))
        return false;
    return check_vop_imm(w);
}

/* ---- memory ---- */

static bool check_mem_operands(const struct look *w, struct ir_mem m)
{
    u32 n = w->row->args;
    if (m.mmu_val && n == 4)
        return FAIL("has no room for an MMU mode operand");
    return want_arg(w, 0, IR_I64) && (!m.mmu_val || want_arg(w, n, IR_I32));
}

static bool check_mem_word(const struct look *w, struct ir_mem m)
{
    if (m.size > 5)
        return FAIL("size is out of range");
    if (m.bswap > m.size)
        return FAIL("the swapped unit is larger than the access");
    if (m.sign && w->in->op != IR_load)
        return FAIL("only a load can sign-extend");
    if (m.write && w->in->op != IR_probe)
        return FAIL("only a probe says write");
    return m.pad == 0 || FAIL("padding is not zero");
}

/* A load may widen. */
static bool check_load(const struct look *w, struct ir_mem m)
{
    u32 bytes = 1u << m.size;
    if (w->type <= IR_I1 || w->type == IR_F80)
        return FAIL("cannot load %s", ir_type_name(w->type));
    if (m.sign && !ir_is_int(w->type))
        return FAIL("only integers are sign-extended");
    if (ir_is_float(w->type) ? bytes != ir_bytes(w->type) : bytes > ir_bytes(w->type))
        return FAIL("%u bytes do not fit %s", bytes, ir_type_name(w->type));
    return true;
}

/* A store may narrow. */
static bool check_store(const struct look *w, struct ir_mem m)
{
    enum ir_type t = arg_type(w, 1);
    u32 bytes = 1u << m.size;
    if (t <= IR_I1 || t == IR_F80)
        return FAIL("cannot store %s", ir_type_name(t));
    return bytes <= ir_bytes(t) || FAIL("%s has no %u bytes", ir_type_name(t), bytes);
}

static bool check_atomic(const struct look *w, struct ir_mem m, enum ir_type t, enum ir_type max)
{
    if (t < IR_I8 || t > max || 1u << m.size != ir_bytes(t))
        return FAIL("%u bytes of %s", 1u << m.size, ir_type_name(t));
    return true;
}

static bool check_vector_access(const struct look *w, struct ir_mem m, enum ir_type t)
{
    if (!ir_is_vec(t) || w->lane < IR_I8 || w->lane > IR_F64 || w->lane == IR_I128)
        return FAIL("needs a vector and its lanes");
    u32 bytes = w->in->op == IR_gather ? ir_bytes(w->lane) : ir_bytes(t);
    return 1u << m.size == bytes || FAIL("size is not %u bytes", bytes);
}

static bool check_gather(const struct look *w, struct ir_mem m)
{
    const struct ir_layout *l = w->b->layout;
    u64 result = w->in->imm2 & 0xffff, mask = w->in->imm2 >> 16;
    if (!check_vector_access(w, m, w->type) || ir_bytes(w->lane) < 4)
        return ir_bytes(w->lane) < 4 ? FAIL("lanes of 32 or 64 bits only") : false;
    if (result >= l->field_count || mask >= l->field_count || l->fields[result].type != w->type
        || l->fields[mask].type != w->type)
        return FAIL("the fields for a half-done gather are not %s", ir_type_name(w->type));
    if (w->in->imm > 8 || !is_pow2(w->in->imm))
        return FAIL("scale is not 1, 2, 4 or 8");
    return want_arg(w, 1, w->type) && want_arg(w, 2, w->type) && want_arg(w, 3, w->type);
}

static bool check_memory(const struct look *w)
{
    struct ir_mem m = ir_mem_unpack(w->in->aux);
    if (!check_mem_operands(w, m) || !check_mem_word(w, m))
        return false;
    switch (w->in->op) {
    case IR_load: return check_load(w, m);
    case IR_store: return check_store(w, m);
    case IR_probe: return (w->in->imm >= 1 && w->in->imm <= 4096) || FAIL("bytes is out of range");
    case IR_rmw:
        return want_result(w, arg_type(w, 1)) && check_atomic(w, m, w->type, IR_I64)
               && (w->in->flag < IR_RMW_COUNT || FAIL("no such operation"));
    case IR_cas:
        return want_result(w, arg_type(w, 1)) && want_arg(w, 2, w->type) && check_atomic(w, m, w->type, IR_I128);
    case IR_ldex: return check_atomic(w, m, w->type, IR_I128);
    case IR_stex: return want_result(w, IR_I32) && check_atomic(w, m, arg_type(w, 1), IR_I128);
    case IR_mload:
        return want_arg(w, 1, w->type) && want_arg(w, 2, w->type) && check_vector_access(w, m, w->type);
    case IR_mstore: return want_arg(w, 1, arg_type(w, 2)) && check_vector_access(w, m, arg_type(w, 2));
    default: return check_gather(w, m);
    }
}

/* ---- the rest ---- */

static bool check_const(const struct look *w)
{
    u32 bits = ir_bits(w->type);
    if (w->type == IR_VOID || w->type == IR_V256)
        return FAIL("no constants of type %s", ir_type_name(w->type));
    u64 hi = bits > 64 ? bits_mask(bits - 64) : 0;
    return ((w->in->imm & ~bits_mask(MIN(bits, 64u))) == 0 && (w->in->imm2 & ~hi) == 0)
           || FAIL("does not fit %s", ir_type_name(w->type));
}

static bool check_state(const struct look *w)
{
    const struct ir_layout *l = w->b->layout;
    bool indexed = w->in->op == IR_getx || w->in->op == IR_setx, reads = w->in->op == IR_get || w->in->op == IR_getx;
    if (w->in->imm >= (indexed ? l->range_count : l->field_count))
        return FAIL("no such %s", indexed ? "range" : "field");
    enum ir_type t = (enum ir_type)l->fields[indexed ? l->ranges[w->in->imm].first : w->in->imm].type;
    if (indexed && !want_arg(w, 0, IR_I32))
        return false;
    return reads ? want_result(w, t) : want_arg(w, indexed, t);
}

static bool is_word(enum ir_type t)
{
    return t != IR_VOID && ir_bits(t) <= 64;
}

static bool check_call(const struct look *w)
{
    const struct ir_layout *l = w->b->layout;
    if (w->in->imm >= l->helper_count)
        return FAIL("no such helper");
    const struct ir_helper *h = &l->helpers[w->in->imm];
    if (ir_args(w->in) != h->args)
        return FAIL("%s has %u operands, not %u", h->name, h->args, ir_args(w->in));
    for (u32 k = 0; k < h->args; k++)
        if (!is_word(arg_type(w, k)))
            return FAIL("operand %u is wider than 64 bits", k);
    return want_result(w, (enum ir_type)h->result);
}

static bool check_rest(const struct look *w)
{
    switch (w->in->op) {
    case IR_insn: case IR_label: case IR_clrex: return true;
    case IR_barrier: return w->in->flag <= IR_BAR_fetch || FAIL("no such barrier");
    case IR_skip: return want_arg(w, 0, IR_I1);
    case IR_const: return check_const(w);
    case IR_pc: return want_result(w, IR_I64);
    case IR_get: case IR_set: case IR_getx: case IR_setx: return check_state(w);
    case IR_call: return check_call(w);
    case IR_exit_direct: return w->in->flag <= IR_HINT_ret || FAIL("no such hint");
    case IR_exit_indirect: return want_arg(w, 0, IR_I64) && (w->in->flag <= IR_HINT_ret || FAIL("no such hint"));
    case IR_exit_mode: case IR_exit_exc: return want_arg(w, 0, IR_I64);
    default: return check_memory(w);
    }
}

bool ir_verify_types(const struct ir_block *b, u32 i, struct err *e)
{
    const struct ir_ins *in = &b->ins[i];
    struct look look = { b, i, in, &ir_rows[in->op], (enum ir_type)in->type, (enum ir_type)in->src,
                         (enum ir_type)in->lane, e };
    const struct look *w = &look;
    u32 want = w->row->args + ((w->row->effects & IR_MEM) && in->op != IR_barrier && in->op != IR_call
                               && ir_mem_unpack(in->aux).mmu_val);
    if (in->op != IR_call && ir_args(in) != want)
        return FAIL("has %u operands, not %u", ir_args(in), want);
    if (w->src != arg_type(w, 0))
        return FAIL("src is %s, operand 0 %s", ir_type_name(w->src), ir_type_name(arg_type(w, 0)));
    if (w->row->kinds)
        return check_op(w);
    if (w->row->types)
        return check_vop(w);
    if (w->row->result == RES_V && w->type != IR_VOID)
        return FAIL("has no result");
    return check_rest(w);
}
