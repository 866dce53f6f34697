/*
 * irf_layout.c - the state of the made-up guest: fields of every type, more of those that engines keep in registers.
 * Its helpers are of every kind that ir.h knows; they live in irf_help.c.
 */
#include "tests/fuzz/irf_rig.h"
#include <stdio.h>
#include <string.h>

static const u8 per_type[IR_TYPE_COUNT] = {
    [IR_I1] = 6,  [IR_I8] = 4,  [IR_I16] = 3, [IR_I32] = 6, [IR_I64] = 24,  [IR_I128] = 3,
    [IR_F16] = 3, [IR_F32] = 5, [IR_F64] = 5, [IR_F80] = 3, [IR_V128] = 20, [IR_V256] = 5,
};

static void add_range(struct irf_layout *y, u32 which, const char *name, enum ir_type t)
{
    y->ranges[which] = (struct ir_range){ name, y->first[t], y->count[t] };
}

void irf_layout_init(struct irf_layout *y)
{
    u32 at = 0, n = 0;
    *y = (struct irf_layout){ 0 };
    for (enum ir_type t = IR_TYPE_COUNT - 1; t >= IR_I1; t--) {
        y->first[t] = (u16)n;
        y->count[t] = per_type[t];
        for (u32 k = 0; k < per_type[t]; k++, n++) {
            at = (u32)align_up(at, MIN(ir_bytes(t), 16u));
            snprintf(y->names[n], sizeof y->names[n], "%s_%u", ir_type_name(t), k);
            y->fields[n] = (struct ir_field){ y->names[n], (u8)t, at };
            at += ir_bytes(t);
        }
    }
    u32 env = (u32)align_up(at, 4);
    CHECK(n <= IRF_FIELDS && env + 8 <= IRF_STATE);
    add_range(y, IRF_RANGE_i64, "i64s", IR_I64);
    add_range(y, IRF_RANGE_i32, "i32s", IR_I32);
    add_range(y, IRF_RANGE_v128, "v128s", IR_V128);
    add_range(y, IRF_RANGE_f80, "f80s", IR_F80);
    y->l = (struct ir_layout){ .name = "random", .fields = y->fields, .ranges = y->ranges, .helpers = irf_helpers,
                               .field_count = (u16)n, .range_count = IRF_RANGES, .helper_count = IRF_HELPERS,
                               .state_size = env + 8, .fp_env = env };
}

/* A value that a field of type t can hold. */
static void random_value(struct fuzz_rng *r, enum ir_type t, u8 *to)
{
    u64 v[4] = { 0, 0, 0, 0 };
    u32 bits = ir_bits(t);
    if (ir_is_vec(t)) {
        fuzz_vector(r, v);
        fuzz_vector(r, v + 2);
    } else if (t == IR_F80) {
        v[0] = fuzz_float(r, 64) << 11 | 1ull << 63;
        v[1] = fuzz_float(r, 16);
    } else {
        v[0] = ir_is_float(t) ? fuzz_float(r, bits) : fuzz_int(r, MIN(bits, 64u));
        v[1] = bits > 64 ? fuzz_int(r, 64) : 0;
    }
    memcpy(to, v, ir_bytes(t));
}

/* The first few i64 fields are addresses that hold something. */
static u64 random_pointer(struct fuzz_rng *r)
{
    static const u16 weights[IRF_PAGES] = { [IRF_P_RW0] = 8, [IRF_P_RW1] = 8, [IRF_P_RO] = 2, [IRF_P_RW2] = 3,
                                            [IRF_P_IO] = 2, [IRF_P_ALIAS] = 3, [IRF_P_CODE] = 1, [IRF_P_DEVICE] = 1,
                                            [IRF_P_SPACE] = 1, [IRF_P_NONE] = 1, [IRF_P_BUS] = 1 };
    u64 page = IRF_DATA + fuzz_weighted(r, weights, IRF_PAGES) * PAGE_SIZE, off = fuzz_pick(r, PAGE_SIZE);
    if (fuzz_one_in(r, 3))
        off = PAGE_SIZE - 1 - fuzz_pick(r, 40);
    if (fuzz_one_in(r, 2))
        off &= ~15ull;
    return page + off;
}

void irf_random_state(const struct irf_layout *y, struct fuzz_rng *r, u8 *state, u32 ctl)
{
    memset(state, 0, IRF_STATE);
    for (u32 i = 0; i < y->l.field_count; i++)
        random_value(r, (enum ir_type)y->fields[i].type, state + y->fields[i].offset);
    for (u32 i = 0; i < IRF_POINTERS; i++)
        store_le64(state + y->fields[y->first[IR_I64] + i].offset, random_pointer(r));
    store_le32(state + y->l.fp_env, ctl);
}
