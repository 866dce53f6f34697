/* eval.c - the value of a PURE or FP row: the one copy of the semantics, from the expressions of ops.def.
 *
 * Each row becomes one function that chooses the operand type first, so that the expression is compiled for
 * every width with `bits` a constant. FP rows take lanes in rising order, since flags are sticky. */
#include "ir/eval_int.h"
#include "base/bits.h"
#include "ir/vec.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* What an expression sees of the types. */
struct shape {
    u32         bits, dbits;
    enum fp_fmt fmt, dfmt;
};

#define NAMES                                                                              \
    const u32 bits = s.bits, dbits = s.dbits, flag = in->flag;                             \
    const u64 imm = in->imm;                                                               \
    const enum fp_fmt fmt = s.fmt, dfmt = s.dfmt;                                          \
    (void)a, (void)b, (void)c, (void)bits, (void)dbits, (void)flag, (void)imm, (void)fmt, (void)dfmt, (void)env;

#define VOP(...)
#define XOP(...)
#define S(x) bits_sext((u64)(x), bits)
#define OP(name, result, args, kinds, effects, value)                                      \
    static inline u128 narrow_##name(u64 a, u64 b, u64 c, struct shape s, const struct ir_ins *in, \
                                     struct fp_env *env)                                   \
    {                                                                                      \
        NAMES                                                                              \
        return (u128)(value);                                                              \
    }
#include "ir/ops.def"

/* i128 and f80, and vectors without lanes as two i128. */
#undef S
#define VOP(...)
#define XOP(...)
#define S(x) ((i128)(x))
#define OP(name, result, args, kinds, effects, value)                                      \
    static inline u128 wide_##name(u128 a, u128 b, u128 c, struct shape s, const struct ir_ins *in, \
                                   struct fp_env *env)                                     \
    {                                                                                      \
        NAMES                                                                              \
        return (u128)(value);                                                              \
    }
#include "ir/ops.def"
#undef S

static enum fp_fmt fmt_of_width(u32 bits)
{
    return bits == 16 ? FP_F16 : bits == 32 ? FP_F32 : FP_F64;
}

static void put(union ir_val *out, u32 bits, u128 v)
{
    out->q[0] = bits < 128 ? v & (((u128)1 << bits) - 1) : v;
    out->q[1] = 0;
}

ALWAYS_INLINE struct shape scalar_shape(u32 bits, enum fp_fmt fmt, u32 result, const struct ir_ins *in)
{
    struct shape s = { bits, bits, fmt, fmt };
    if (result == RES_B)
        s.dbits = 1;
    if (result == RES_X) {
        s.dbits = ir_bits((enum ir_type)in->type);
        if (ir_is_float((enum ir_type)in->type))
            s.dfmt = ir_fp_fmt((enum ir_type)in->type);
    }
    return s;
}

typedef u128 narrow_fn(u64, u64, u64, struct shape, const struct ir_ins *, struct fp_env *);
typedef u128 wide_fn(u128, u128, u128, struct shape, const struct ir_ins *, struct fp_env *);

#define ROW_ARGS const struct ir_ins *in, const union ir_val *const *arg, struct fp_env *env, union ir_val *out

ALWAYS_INLINE void scalar(narrow_fn *f, u32 args, u32 bits, enum fp_fmt fmt, u32 result, ROW_ARGS)
{
    struct shape s = scalar_shape(bits, fmt, result, in);
    put(out, s.dbits, f(arg[0]->d[0], args > 1 ? arg[1]->d[0] : 0, args > 2 ? arg[2]->d[0] : 0, s, in, env));
}

ALWAYS_INLINE void wide(wide_fn *f, u32 args, u32 bits, u32 result, ROW_ARGS)
{
    struct shape s = scalar_shape(bits, FP_F80, result, in);
    put(out, s.dbits, f(arg[0]->q[0], args > 1 ? arg[1]->q[0] : 0, args > 2 ? arg[2]->q[0] : 0, s, in, env));
}

ALWAYS_INLINE void whole(wide_fn *f, u32 args, ROW_ARGS)
{
    struct shape s = { 128, 128, FP_F64, FP_F64 };
    union ir_val r;
    for (u32 i = 0; i < 2; i++)
        r.q[i] = f(arg[0]->q[i], args > 1 ? arg[1]->q[i] : 0, args > 2 ? arg[2]->q[i] : 0, s, in, env);
    if (in->type == IR_V256) {
        *out = r;
        return;
    }
    put(out, ir_bits((enum ir_type)in->type), r.q[0]);
}

ALWAYS_INLINE void lanes(narrow_fn *f, u32 args, u32 bits, u32 result, ROW_ARGS)
{
    enum fp_fmt fmt = fmt_of_width(bits);
    struct shape s = { bits, bits, fmt, fmt };
    u32 n = ir_bits((enum ir_type)in->src) / bits;
    union ir_val r = { .q = { 0, 0 } };
    for (u32 i = 0; i < n; i++) {
        u64 a = ir_lane_get(arg[0], bits, i);
        u64 b = args > 1 ? ir_lane_get(arg[1], bits, i) : 0, c = args > 2 ? ir_lane_get(arg[2], bits, i) : 0;
        u64 v = (u64)f(a, b, c, s, in, env);
        ir_lane_set(&r, bits, i, result == RES_B ? (v ? ~0ull : 0) : v);
    }
    *out = r;
}

/* select takes values of any type. */
static void pick(const union ir_val *const *arg, union ir_val *out)
{
    *out = arg[0]->d[0] ? *arg[1] : *arg[2];
}

#define VOP(...)
#define XOP(...)
#define OP(name, result, args, kinds, effects, value)                                                  \
    static void row_##name(ROW_ARGS)                                                                   \
    {                                                                                                  \
        if (IR_##name == IR_select) {                                                                  \
            pick(arg, out);                                                                            \
            return;                                                                                    \
        }                                                                                              \
        if ((kinds) & K_1 && in->src == IR_I1)                                                         \
            scalar(narrow_##name, args, 1, FP_F64, result, in, arg, env, out);                         \
        else if ((kinds) & K_I && in->src == IR_I8)                                                    \
            scalar(narrow_##name, args, 8, FP_F64, result, in, arg, env, out);                         \
        else if ((kinds) & K_I && in->src == IR_I16)                                                   \
            scalar(narrow_##name, args, 16, FP_F64, result, in, arg, env, out);                        \
        else if ((kinds) & K_I && in->src == IR_I32)                                                   \
            scalar(narrow_##name, args, 32, FP_F64, result, in, arg, env, out);                        \
        else if ((kinds) & K_I && in->src == IR_I64)                                                   \
            scalar(narrow_##name, args, 64, FP_F64, result, in, arg, env, out);                        \
        else if ((kinds) & K_F && in->src == IR_F16)                                                   \
            scalar(narrow_##name, args, 16, FP_F16, result, in, arg, env, out);                        \
        else if ((kinds) & K_F && in->src == IR_F32)                                                   \
            scalar(narrow_##name, args, 32, FP_F32, result, in, arg, env, out);                        \
        else if ((kinds) & K_F && in->src == IR_F64)                                                   \
            scalar(narrow_##name, args, 64, FP_F64, result, in, arg, env, out);                        \
        else if ((kinds) & K_Q && in->src == IR_I128)                                                  \
            wide(wide_##name, args, 128, result, in, arg, env, out);                                   \
        else if ((kinds) & K_X && in->src == IR_F80)                                                   \
            wide(wide_##name, args, 80, result, in, arg, env, out);                                    \
        else if ((kinds) & K_V && in->lane == IR_VOID)                                                 \
            whole(wide_##name, args, in, arg, env, out);                                               \
        else if ((kinds) & K_VI && in->lane == IR_I8)                                                  \
            lanes(narrow_##name, args, 8, result, in, arg, env, out);                                  \
        else if (((kinds) & K_VI && in->lane == IR_I16) || ((kinds) & K_VF && in->lane == IR_F16))     \
            lanes(narrow_##name, args, 16, result, in, arg, env, out);                                 \
        else if (((kinds) & K_VI && in->lane == IR_I32) || ((kinds) & K_VF && in->lane == IR_F32))     \
            lanes(narrow_##name, args, 32, result, in, arg, env, out);                                 \
        else if (((kinds) & K_VI && in->lane == IR_I64) || ((kinds) & K_VF && in->lane == IR_F64))     \
            lanes(narrow_##name, args, 64, result, in, arg, env, out);                                 \
        else                                                                                           \
            put(out, 1, 0);                                                                            \
    }
#include "ir/ops.def"

typedef void row_fn(const struct ir_ins *, const union ir_val *const *, struct fp_env *, union ir_val *);

static void row_const(const struct ir_ins *in, const union ir_val *const *arg, struct fp_env *env, union ir_val *out)
{
    (void)arg, (void)env;
    put(out, ir_bits((enum ir_type)in->type), (u128)in->imm2 << 64 | in->imm);
}

/* A block that passed the verifier never gets here. */
static void row_none(const struct ir_ins *in, const union ir_val *const *arg, struct fp_env *env, union ir_val *out)
{
    (void)in, (void)arg, (void)env;
    put(out, 1, 0);
}

void ir_eval(const struct ir_ins *in, const union ir_val *const arg[4], struct fp_env *env, union ir_val *out)
{
    static row_fn *const rows[IR_OP_COUNT] = {
#define OP(name, ...) [IR_##name] = row_##name,
#define VOP(name, args, effects, types, function) [IR_##name] = function,
#define XOP(name, ...) [IR_##name] = IR_##name == IR_const ? row_const : row_none,
#include "ir/ops.def"
    };
    rows[in->op](in, arg, env, out);
}
