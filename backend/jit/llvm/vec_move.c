/*
 * vec_move.c - lanes and permutations: extract, insert, splat, zip, uzp, trn, vext, tbx and relatives.
 *
 * Vectors are worked on by 128-bit halves (ir/vec.c), but for extract, insert and splat, which see all lanes.
 */
#include "backend/jit/llvm/vec.h"

/* ---- lanes and scalars ---- */

static LLVMValueRef number(struct lb *l, u64 n) { return LLVMConstInt(l->type[IR_I32], n, false); }

LLVMValueRef llvm_row_extract(struct lb *l, u32 i)
{
    const struct ir_ins *in = lb_ins(l, i);
    u32 n = ir_bits((enum ir_type)in->src) / ir_bits((enum ir_type)in->lane);
    return LLVMBuildExtractElement(l->b, lb_arg_lanes(l, i, 0), number(l, in->imm % n), "");
}

LLVMValueRef llvm_row_insert(struct lb *l, u32 i)
{
    const struct ir_ins *in = lb_ins(l, i);
    u32 n = ir_bits((enum ir_type)in->src) / ir_bits((enum ir_type)in->lane);
    LLVMValueRef r = LLVMBuildInsertElement(l->b, lb_arg_lanes(l, i, 0), lb_arg(l, i, 1), number(l, in->imm % n), "");
    return lb_from_lanes(l, i, r);
}

/* `rest` with the scalar in lane 0, as lanes. */
static LLVMValueRef in_lane_0(struct lb *l, u32 i, LLVMValueRef rest)
{
    return LLVMBuildInsertElement(l->b, rest, lb_arg(l, i, 0), number(l, 0), "");
}

static LLVMTypeRef result_lanes(struct lb *l, u32 i)
{
    const struct ir_ins *in = lb_ins(l, i);
    return lb_lanes(l, (enum ir_type)in->type, (enum ir_type)in->lane);
}

LLVMValueRef llvm_row_splat(struct lb *l, u32 i)
{
    LLVMTypeRef t = result_lanes(l, i);
    LLVMValueRef one = in_lane_0(l, i, LLVMGetPoison(t)); /* all lanes are taken from lane 0 */
    LLVMValueRef zeros = LLVMConstNull(LLVMVectorType(l->type[IR_I32], LLVMGetVectorSize(t)));
    return lb_from_lanes(l, i, LLVMBuildShuffleVector(l->b, one, one, zeros, ""));
}

LLVMValueRef llvm_row_vzext(struct lb *l, u32 i)
{
    return lb_from_lanes(l, i, in_lane_0(l, i, LLVMConstNull(result_lanes(l, i))));
}

/* ---- permutations: lane k of a half is lane from(op, k, n) of its b:a, n lanes to a half ---- */

static LLVMValueRef permute(struct lb *l, u32 i, u32 (*from)(enum ir_op op, u32 k, u32 n))
{
    struct lv v = lv_begin(l, i, 0);
    u32 n = 128 / v.bits, lane[32];
    for (u32 k = 0; k < v.n; k++) {
        u32 f = from((enum ir_op)lb_ins(l, i)->op, k % n, n);
        lane[k] = f / n * v.n + k / n * n + f % n;
    }
    return lv_end(&v, lv_shuffle(&v, v.s[0], v.s[1], lane, v.n));
}

static u32 zip_from(enum ir_op op, u32 k, u32 n) { return k / 2 + (op == IR_zip2 ? n / 2 : 0) + (k & 1 ? n : 0); }
static u32 trn_from(enum ir_op op, u32 k, u32 n) { return (k & ~1u) + (op == IR_trn2) + (k & 1 ? n : 0); }

static u32 uzp_from(enum ir_op op, u32 k, u32 n)
{
    (void)n;
    return 2 * k + (op == IR_uzp2);
}

LLVMValueRef llvm_row_zip1(struct lb *l, u32 i) { return permute(l, i, zip_from); }
LLVMValueRef llvm_row_zip2(struct lb *l, u32 i) { return permute(l, i, zip_from); }
LLVMValueRef llvm_row_uzp1(struct lb *l, u32 i) { return permute(l, i, uzp_from); }
LLVMValueRef llvm_row_uzp2(struct lb *l, u32 i) { return permute(l, i, uzp_from); }
LLVMValueRef llvm_row_trn1(struct lb *l, u32 i) { return permute(l, i, trn_from); }
LLVMValueRef llvm_row_trn2(struct lb *l, u32 i) { return permute(l, i, trn_from); }

/* Past the second operand come zeros. */
LLVMValueRef llvm_row_vext(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 8);
    u32 imm = (u32)MIN(lb_ins(l, i)->imm, 32u), lane[32];
    bool past = imm > 16;
    for (u32 k = 0; k < v.n; k++) {
        u32 f = k % 16 + imm - (past ? 16 : 0);
        lane[k] = f / 16 * v.n + k / 16 * 16 + f % 16;
        if (f == 32) /* imm is 32, and all is zeros */
            return LLVMConstNull(lb_type(l, i));
    }
    return lv_end(&v, lv_shuffle(&v, v.s[past], past ? lv_splat(&v, 0) : v.s[1], lane, v.n));
}

/* Of constant indices it is a shuffle. */
static LLVMValueRef table_shuffle(const struct lv *v, u64 imm, const u8 index[32])
{
    u32 lane[32];
    for (u32 k = 0; k < v->n; k++)
        lane[k] = index[k] - imm < 16 ? k / 16 * 16 + (u32)(index[k] - imm) : v->n + k;
    return lv_end(v, lv_shuffle(v, v->s[2], v->s[0], lane, v->n));
}

/* PSHUFB does not look at bits 6:4 of an index whose top bit is clear. They are 0 already in x86's indices, which an
 * AND has brought to the row's form: without it, where it did nothing but that. NULL: they may be set. */
static LLVMValueRef clean_index(const struct lv *v, u64 imm)
{
    LLVMValueRef x = lb_arg(v->l, v->i, 1);
    u8 mask[32], some = 0, all = 0xff;
    bool is_and = LLVMIsAInstruction(x) && LLVMGetInstructionOpcode(x) == LLVMAnd;
    if (imm || !is_and || !lv_constant(LLVMGetOperand(x, 1), mask))
        return NULL;
    for (u32 k = 0; k < v->n; k++) {
        some |= mask[k];
        all &= mask[k];
    }
    if (some & 0x70)
        return NULL;
    return all == 0x8f ? lv_cast(v, LLVMGetOperand(x, 0), 8, v->n) : v->s[1];
}

/* An index less imm, with saturation 0x70 added, keeps its top bit clear only when it is below 16: what PSHUFB wants.
 * For imm above 240 the difference can wrap into that range. */
static LLVMValueRef table_index(const struct lv *v, u64 imm)
{
    LLVMValueRef from = lv_splat(v, imm), index = imm ? lv_sub(v, v->s[1], from) : v->s[1];
    if (imm > 240)
        index = lv_pick(v, lv_cmp(v, LLVMIntUGE, v->s[1], from), index, lv_splat(v, 0xff));
    return lv_fn2(v, "llvm.uadd.sat", index, lv_splat(v, 0x70));
}

LLVMValueRef llvm_row_tbx(struct lb *l, u32 i)
{
    struct lv v = lv_begin(l, i, 8);
    u64 imm = lb_ins(l, i)->imm;
    u8 index[32];
    if (lv_constant(v.s[1], index))
        return table_shuffle(&v, imm, index);
    if (!lv_x86(&v))
        return lb_eval(l, i);
    LLVMValueRef at = clean_index(&v, imm);
    if (!at)
        at = table_index(&v, imm);
    LLVMValueRef found = lv_host(&v, "llvm.x86.ssse3.pshuf.b.128", "llvm.x86.avx2.pshuf.b",
                                 (LLVMValueRef[]){ v.s[2], at }, 2, -1);
    if (LLVMIsConstant(v.s[0]) && LLVMIsNull(v.s[0]))
        return lv_end(&v, found);
    return lv_end(&v, lv_pick(&v, lv_negative(&v, at), v.s[0], found));
}

/* ---- halves ---- */

static LLVMValueRef quads(struct lb *l, u32 i, LLVMValueRef a, LLVMValueRef b, const u32 *from)
{
    struct lv v = { .l = l };
    return lv_shuffle(&v, a, b, from, ir_bits((enum ir_type)lb_ins(l, i)->type) / 64);
}

/* Low 64 bits of a, then of b, in each half. */
static LLVMValueRef lows(struct lb *l, u32 i, LLVMValueRef a, LLVMValueRef b)
{
    static const u32 two[2] = { 0, 2 }, four[4] = { 0, 4, 2, 6 };
    return quads(l, i, a, b, lb_ins(l, i)->src == IR_V128 ? two : four);
}

LLVMValueRef llvm_row_vlow(struct lb *l, u32 i) { return lows(l, i, lb_arg(l, i, 0), LLVMConstNull(lb_type(l, i))); }
LLVMValueRef llvm_row_vcat(struct lb *l, u32 i) { return lows(l, i, lb_arg(l, i, 0), lb_arg(l, i, 1)); }

LLVMValueRef llvm_row_vpair(struct lb *l, u32 i)
{
    return quads(l, i, lb_arg(l, i, 0), lb_arg(l, i, 1), (const u32[]){ 0, 1, 2, 3 });
}

LLVMValueRef llvm_row_vhalf(struct lb *l, u32 i)
{
    u32 first = lb_ins(l, i)->imm & 1 ? 2 : 0;
    return quads(l, i, lb_arg(l, i, 0), lb_arg(l, i, 0), (const u32[]){ first, first + 1 });
}
