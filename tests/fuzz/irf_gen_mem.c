/*
 * irf_gen_mem.c - random memory operations and calls of helpers.
 */
#include "tests/fuzz/irf_gen.h"

/* ---- addresses ---- */

static ir_ref masked(struct irf_gen *g, ir_ref v, u64 mask, u64 base)
{
    ir_ref m = irf_i64(g, mask), b = irf_i64(g, base);
    v = ir_op2(g->b, IR_and, v, m);
    return ir_op2(g->b, IR_add, v, b);
}

static ir_ref pointer(struct irf_gen *g)
{
    u32 field = g->y->first[IR_I64] + fuzz_pick(&g->r, IRF_POINTERS);
    if (g->set[field] || g->indexed[IR_I64])
        return irf_i64(g, IRF_DATA + fuzz_pick(&g->r, 2 * PAGE_SIZE));
    return ir_get(g->b, field);
}

static ir_ref scaled(struct irf_gen *g)
{
    ir_ref i = irf_want(g, fuzz_one_in(&g->r, 2) ? IR_I64 : IR_I32), m, n = irf_i64(g, fuzz_pick(&g->r, 5)), base;
    if (ir_type_of(g->b, i) == IR_I32)
        i = ir_conv(g->b, fuzz_one_in(&g->r, 2) ? IR_zext : IR_sext, IR_I64, i);
    m = irf_i64(g, 0xff);
    i = ir_op2(g->b, IR_and, i, m);
    i = ir_op2(g->b, IR_shl, i, n);
    base = pointer(g);
    return ir_op2(g->b, IR_add, base, i);
}

static u64 some_page(struct irf_gen *g)
{
    static const u16 weights[IRF_PAGES] = { 30, 30, 3, 2, 4, 6, 8, 4, 1, 3, 3 };
    return IRF_DATA + fuzz_weighted(&g->r, weights, IRF_PAGES) * PAGE_SIZE;
}

/* Where 32-bit addresses wrap; perhaps with something above. */
static u64 near_top(struct irf_gen *g)
{
    u64 high = (u64)fuzz_pick(&g->r, 2) << 32;
    return high + IRF_TOP + PAGE_SIZE - fuzz_pick(&g->r, 36);
}

static ir_ref address(struct irf_gen *g)
{
    u64 step = (u64)(i64)(i8)fuzz_next(&g->r), page = some_page(g), tag = (u64)fuzz_pick(&g->r, 2) << 56;
    switch (fuzz_pick(&g->r, 12)) {
    case 0: case 1: case 2: return pointer(g);
    case 3: case 4: {
        ir_ref by = irf_i64(g, step);
        return ir_op2(g->b, IR_add, pointer(g), by);
    }
    case 5: case 6: return scaled(g);
    case 7: return irf_i64(g, page + fuzz_pick(&g->r, PAGE_SIZE));
    case 8: return irf_i64(g, page + PAGE_SIZE - fuzz_pick(&g->r, 36));
    case 9: return masked(g, irf_want(g, IR_I64), 0xfff | tag, page);
    case 10: return masked(g, irf_want(g, IR_I64), 0x1ff0, IRF_DATA);
    default: return fuzz_one_in(&g->r, 3) ? irf_want(g, IR_I64) : irf_i64(g, near_top(g));
    }
}

/* ---- descriptors ---- */

static struct ir_mem descriptor(struct irf_gen *g, u32 size)
{
    struct ir_mem m = { .size = size & 7 };
    if (fuzz_one_in(&g->r, 4))
        m.bswap = fuzz_pick(&g->r, size + 1) & 7;
    if (fuzz_one_in(&g->r, 4))
        m.order = fuzz_pick(&g->r, 4) & 3;
    if (fuzz_one_in(&g->r, 3))
        m.atomic = fuzz_pick(&g->r, size + 1) & 7;
    if (fuzz_one_in(&g->r, 6))
        m.align = fuzz_pick(&g->r, size + 1) & 7;
    m.addr32 = fuzz_one_in(&g->r, 12) & 1;
    if (fuzz_one_in(&g->r, 12))
        m.mmu = fuzz_pick(&g->r, MMU_MODES) & 15;
    else
        m.mmu_val = fuzz_one_in(&g->r, 16) & 1;
    if (fuzz_one_in(&g->r, 8))
        m.user0 = fuzz_pick(&g->r, 32) & 31;
    return m;
}

static u32 log_bytes(enum ir_type t)
{
    return (u32)__builtin_ctz(ir_bytes(t));
}

/* Emits a memory operation with its operands, and the MMU mode behind them if there is one. */
static ir_ref emit_lanes(struct irf_gen *g, enum ir_op op, enum ir_type type, enum ir_type lane, struct ir_mem m,
                         ir_ref a, ir_ref b, ir_ref c)
{
    struct ir_ins in = { .op = (u16)op, .type = (u8)type, .src = IR_I64, .lane = (u8)lane,
                         .arg = { a, b, c, IR_NONE } };
    if (m.mmu_val) {
        u32 n = 0;
        while (in.arg[n] != IR_NONE)
            n++;
        in.arg[n] = irf_want(g, IR_I32);
    }
    in.aux = ir_mem_pack(m);
    if (op == IR_rmw)
        in.flag = (u8)fuzz_pick(&g->r, IR_RMW_COUNT);
    if (op == IR_probe)
        in.imm = 1u << m.size;
    if (ir_rows[op].effects & IR_STORES)
        g->effect = true;
    return ir_emit(g->b, in);
}

static ir_ref emit(struct irf_gen *g, enum ir_op op, enum ir_type type, struct ir_mem m, ir_ref a, ir_ref b, ir_ref c)
{
    return emit_lanes(g, op, type, IR_VOID, m, a, b, c);
}

/* ---- operations ---- */

static enum ir_type loadable(struct irf_gen *g)
{
    static const u8 types[] = { IR_I8, IR_I16, IR_I32, IR_I32, IR_I64, IR_I64, IR_I64, IR_I128, IR_F16, IR_F32,
                                IR_F64, IR_V128, IR_V128, IR_V256 };
    return (enum ir_type)types[fuzz_pick(&g->r, COUNT(types))];
}

static void load(struct irf_gen *g)
{
    enum ir_type t = loadable(g);
    u32 size = log_bytes(t);
    if (!ir_is_float(t) && fuzz_one_in(&g->r, 2))
        size = fuzz_pick(&g->r, size + 1);
    struct ir_mem m = descriptor(g, size);
    m.sign = ir_is_int(t) && size < log_bytes(t) && fuzz_one_in(&g->r, 2);
    irf_keep(g, emit(g, IR_load, t, m, address(g), IR_NONE, IR_NONE));
}

static void store(struct irf_gen *g)
{
    enum ir_type t = loadable(g);
    u32 size = log_bytes(t);
    if (fuzz_one_in(&g->r, 3))
        size = fuzz_pick(&g->r, size + 1);
    struct ir_mem m = descriptor(g, size);
    ir_ref a = address(g);
    emit(g, IR_store, IR_VOID, m, a, irf_want(g, t), IR_NONE);
}

static enum ir_type atomic_type(struct irf_gen *g, enum ir_type max)
{
    return (enum ir_type)(IR_I8 + fuzz_pick(&g->r, max - IR_I8 + 1));
}

static void atomic(struct irf_gen *g)
{
    bool cas = fuzz_one_in(&g->r, 2);
    enum ir_type t = atomic_type(g, cas ? IR_I128 : IR_I64);
    struct ir_mem m = descriptor(g, log_bytes(t));
    ir_ref a = address(g), x = irf_want(g, t), y = IR_NONE;
    if (cas && fuzz_one_in(&g->r, 2)) /* what is there: the swap takes place */
        x = emit(g, IR_load, t, (struct ir_mem){ .size = m.size, .bswap = m.bswap, .addr32 = m.addr32 }, a, IR_NONE,
                 IR_NONE);
    if (cas)
        y = irf_want(g, t);
    irf_keep(g, emit(g, cas ? IR_cas : IR_rmw, t, m, a, x, y));
}

/* Load-exclusive, something in between, store-exclusive. */
static void exclusive_lost(struct irf_gen *g)
{
    enum ir_type t = atomic_type(g, IR_I128);
    struct ir_mem m = descriptor(g, log_bytes(t)), p, byte;
    m.mmu_val = 0; /* three times the same: what was probed does not fault */
    p = byte = m;
    p.write = 1;
    p.bswap = byte.size = byte.bswap = byte.align = byte.atomic = 0;
    ir_ref a = address(g), x = irf_want(g, t), y = irf_want(g, IR_I8);
    emit(g, IR_probe, IR_VOID, p, a, IR_NONE, IR_NONE);
    irf_keep(g, emit(g, IR_ldex, t, m, a, IR_NONE, IR_NONE));
    emit(g, IR_store, IR_VOID, byte, a, y, IR_NONE);
    irf_keep(g, emit(g, IR_stex, IR_I32, m, a, x, IR_NONE));
}

static void exclusive(struct irf_gen *g)
{
    enum ir_type t = atomic_type(g, IR_I128);
    struct ir_mem m = descriptor(g, log_bytes(t));
    ir_ref a = address(g), x = irf_want(g, t);
    u32 how = fuzz_pick(&g->r, 3);
    if (how < 2)
        irf_keep(g, emit(g, IR_ldex, t, m, a, IR_NONE, IR_NONE));
    if (how)
        irf_keep(g, emit(g, IR_stex, IR_I32, m, a, x, IR_NONE));
}

static ir_ref lane_masks(struct irf_gen *g, enum ir_type t)
{
    if (t == IR_V128 && fuzz_one_in(&g->r, 2)) {
        u64 v = fuzz_next(&g->r) & 0x8080808080808080;
        return ir_vconst(g->b, v * 2 - (v >> 7), fuzz_one_in(&g->r, 2) ? ~0ull : v);
    }
    return irf_want(g, t);
}

static enum ir_type some_lane(struct irf_gen *g, bool wide)
{
    static const u8 lanes[] = { IR_I32, IR_I64, IR_F32, IR_F64, IR_I8, IR_I16, IR_F16 };
    return (enum ir_type)lanes[fuzz_pick(&g->r, wide ? 4 : COUNT(lanes))];
}

static void vector_access(struct irf_gen *g)
{
    enum ir_type t = fuzz_one_in(&g->r, 2) ? IR_V128 : IR_V256;
    struct ir_mem m = descriptor(g, log_bytes(t));
    enum ir_type lane = some_lane(g, false);
    m.bswap = m.bswap > log_bytes(lane) ? 0 : m.bswap;
    ir_ref a = address(g), mask = lane_masks(g, t), v = irf_want(g, t);
    if (fuzz_one_in(&g->r, 2))
        irf_keep(g, emit_lanes(g, IR_mload, t, lane, m, a, mask, v));
    else
        emit_lanes(g, IR_mstore, IR_VOID, lane, m, a, mask, v);
}

static void gather(struct irf_gen *g)
{
    enum ir_type t = fuzz_one_in(&g->r, 2) ? IR_V128 : IR_V256, lane = some_lane(g, true);
    struct ir_mem m = descriptor(g, log_bytes(lane));
    m.mmu_val = 0;
    u64 few = lane == IR_I32 || lane == IR_F32 ? 0x000001ff000001ff : 0x1ff;
    ir_ref a = address(g), index = irf_want(g, t), mask = lane_masks(g, t), old = irf_want(g, t);
    ir_ref only = ir_vconst(g->b, few, few);
    if (t == IR_V256)
        only = ir_op2(g->b, IR_vpair, only, only);
    if (fuzz_pick(&g->r, 6))
        index = ir_op2(g->b, IR_and, index, only);
    struct ir_ins in = { .op = IR_gather, .type = (u8)t, .src = IR_I64, .lane = (u8)lane, .aux = ir_mem_pack(m),
                         .arg = { a, index, mask, old }, .imm = 1u << fuzz_pick(&g->r, 4) };
    u32 first = g->y->first[t], n = g->y->count[t], k = fuzz_pick(&g->r, n);
    in.imm2 = (first + k) | (u64)(first + (k + 1) % n) << 16;
    irf_keep(g, ir_emit(g->b, in));
}

/* Several stores that go together: all are probed first, and then what changes state may stand between them. */
static void group(struct irf_gen *g)
{
    bool fixed = fuzz_one_in(&g->r, 2); /* in RAM for certain: then other effects may come before the stores */
    ir_ref a = fixed ? masked(g, irf_want(g, IR_I64), 0x1fff - 64, IRF_DATA) : address(g);
    struct ir_mem m = { .size = (2 + fuzz_pick(&g->r, 3)) & 7 };
    u32 n = 2 + fuzz_pick(&g->r, 3), bytes = n << m.size;
    struct ir_mem p = m;
    p.write = 1;
    ir_ref at = emit(g, IR_probe, IR_VOID, p, a, IR_NONE, IR_NONE);
    g->b->ins[at].imm = bytes;
    enum ir_type t = m.size == 4 ? IR_V128 : m.size == 3 ? IR_I64 : IR_I32;
    for (u32 k = 0; k < n; k++) {
        ir_ref v = irf_want(g, t), where = ir_op2(g->b, IR_add, a, irf_i64(g, (u64)k << m.size));
        if (fixed && fuzz_one_in(&g->r, 4))
            ir_set(g->b, g->y->first[t] + g->y->count[t] - 1, v), g->set[g->y->first[t] + g->y->count[t] - 1] = 1;
        emit(g, IR_store, IR_VOID, m, where, v, IR_NONE);
    }
    g->effect = true;
}

static void odds(struct irf_gen *g)
{
    struct ir_ins in = { .op = IR_barrier, .flag = (u8)fuzz_pick(&g->r, 4),
                         .arg = { IR_NONE, IR_NONE, IR_NONE, IR_NONE } };
    if (fuzz_one_in(&g->r, 3)) {
        in.op = IR_clrex;
        in.flag = 0;
        g->effect = true;
    } else if (fuzz_one_in(&g->r, 2)) {
        struct ir_mem m = descriptor(g, fuzz_pick(&g->r, 5));
        m.bswap = 0;
        m.write = fuzz_one_in(&g->r, 2) & 1;
        ir_ref at = emit(g, IR_probe, IR_VOID, m, address(g), IR_NONE, IR_NONE);
        g->b->ins[at].imm = 1 + fuzz_pick(&g->r, fuzz_one_in(&g->r, 4) ? 4096 : 64);
        return;
    }
    ir_emit(g->b, in);
}

void irf_access(struct irf_gen *g)
{
    static const u16 weights[] = { 40, 25, 8, 8, 5, 3, 6, 3 };
    if (g->effect)
        return;
    switch (fuzz_weighted(&g->r, weights, COUNT(weights))) {
    case 0: load(g); break;
    case 1: store(g); break;
    case 2: atomic(g); break;
    case 3: fuzz_one_in(&g->r, 4) ? exclusive_lost(g) : exclusive(g); break;
    case 4: vector_access(g); break;
    case 5: gather(g); break;
    case 6: group(g); break;
    default: odds(g);
    }
}

/* ---- helpers ---- */

static const u8 word_types[] = { IR_I1, IR_I8, IR_I16, IR_I32, IR_I64, IR_F16, IR_F32, IR_F64 };

static ir_ref any_word(struct irf_gen *g)
{
    bool odd = fuzz_one_in(&g->r, 2);
    return irf_want(g, odd ? (enum ir_type)word_types[fuzz_pick(&g->r, COUNT(word_types))] : IR_I64);
}

void irf_helper(struct irf_gen *g)
{
    static const u16 weights[IRF_HELPERS] = {
        [IRF_H_mix] = 10, [IRF_H_narrow] = 4, [IRF_H_odd] = 4, [IRF_H_float] = 4, [IRF_H_bump] = 10,
        [IRF_H_look] = 10, [IRF_H_trap] = 10, [IRF_H_now] = 5, [IRF_H_peek] = 6, [IRF_H_poke] = 6,
        [IRF_H_flags_read] = 6, [IRF_H_flags_write] = 4, [IRF_H_halt] = 2, [IRF_H_space] = 3, [IRF_H_remap] = 3,
    };
    u32 h = fuzz_weighted(&g->r, weights, IRF_HELPERS);
    const struct ir_helper *row = &irf_helpers[h];
    ir_ref arg[3] = { IR_NONE, IR_NONE, IR_NONE };
    if (g->effect && row->flags & (IR_H_FAULT | IR_H_MEM | IR_H_SYNC))
        return;
    for (u32 k = 0; k < row->args; k++)
        arg[k] = (h == IRF_H_peek || h == IRF_H_poke) && k == 0 ? address(g) : any_word(g);
    ir_ref v = ir_call(g->b, h, arg[0], arg[1], arg[2]);
    if (row->result)
        irf_keep(g, v);
    /* What an IR_H_SYNC helper does to the machine cannot be done twice: nothing that may fault follows. */
    g->effect |= row->flags & (IR_H_WRITES | IR_H_MEM | IR_H_SYNC) ? true : false;
}
