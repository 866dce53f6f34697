/*
 * x64_vec_test.c - the emitters of integer rows on vectors, one row at a time, against ir_eval(): all lanes, both
 * vector types, constants, operands that are the same or die, with more and fewer host features.
 *
 * Instead of the register allocator stands a fake one: it hands out registers at random and lets results take
 * those of dying operands; all other operands must be what they were afterwards.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/types.h"
#ifdef __x86_64__
#include "backend/jit/x64/emit_rows.h"
#include "ir/vec.h"

/* ---- the fake allocator ---- */

enum { SPLAT_OF = 4, ROW = 5, VALUES = 6 }; /* the block: operands, the constant that is splat, the row */
#define CODE_SIZE 4096u
#define CONSTS 64u
struct pages {
    u128 consts[CONSTS];
    u8   code[CODE_SIZE];
};

/* What the code reads and writes; rdi points to it. */
struct frame {
    union ir_val v[VALUES], after[VALUES]; /* after: operands that are still in registers */
};

struct xe {
    struct xasm     a;
    struct ir_block ir;
    struct pages   *mem;
    struct frame    f;
    u64             random;
    u32             consts, taken;      /* taken: registers */
    i8              reg[VALUES][2];     /* by half; -1: none */
    bool            dies[VALUES], evaluated;
};

static u64 draw(struct xe *x)
{
    x->random ^= x->random << 13;
    x->random ^= x->random >> 7;
    x->random ^= x->random << 17;
    return x->random * 0x2545f4914f6cdd1dull >> 8;
}

static bool one_in(struct xe *x, u32 n) { return draw(x) % n == 0; }

struct xasm *xe_asm(struct xe *x) { return &x->a; }
const struct ir_block *xe_ir(const struct xe *x) { return &x->ir; }
void xe_eval(struct xe *x, u32 i) { x->evaluated = i == ROW; }
bool xe_dies(const struct xe *x, ir_ref r, u32 i) { return i == ROW && x->dies[r]; }

bool xe_is_const(const struct xe *x, ir_ref r, u64 *v)
{
    *v = x->ir.ins[r].imm;
    return x->ir.ins[r].op == IR_const && x->ir.ins[r].type <= IR_I64;
}

bool xe_is_vconst(const struct xe *x, ir_ref r, u64 v[2])
{
    v[0] = x->ir.ins[r].imm;
    v[1] = x->ir.ins[r].imm2;
    return x->ir.ins[r].op == IR_const && x->ir.ins[r].type == IR_V128;
}

static i8 take(struct xe *x)
{
    assert_true(x->taken != XE_XMMS);
    for (;;) {
        u32 r = (u32)draw(x) % 13;
        if (x->taken >> r & 1)
            continue;
        x->taken |= 1u << r;
        return (i8)r;
    }
}

static struct xmem in_frame(size_t base, u32 r, u32 half) { return xm(RDI, (i32)(base + r * 32 + half * 16)); }

static enum xreg use(struct xe *x, ir_ref r, u32 half)
{
    if (x->reg[r][half] < 0) {
        x->reg[r][half] = take(x);
        xa_vload(&x->a, 16, (enum xreg)x->reg[r][half], in_frame(offsetof(struct frame, v), r, half));
    }
    return (enum xreg)x->reg[r][half];
}

enum xreg xe_use_v(struct xe *x, ir_ref r) { return use(x, r, 0); }
enum xreg xe_use_v2(struct xe *x, ir_ref r) { return use(x, r, 1); }
enum xreg xe_tmp_v(struct xe *x) { return (enum xreg)take(x); }
enum xreg xe_def_v(struct xe *x, u32 i) { return (enum xreg)(x->reg[i][0] = take(x)); }
enum xreg xe_def_v2(struct xe *x, u32 i) { return (enum xreg)(x->reg[i][1] = take(x)); }

enum xreg xe_def_v_over(struct xe *x, u32 i, ir_ref r)
{
    u32 times = 0;
    for (u32 k = 0; k < ir_args(&x->ir.ins[i]); k++)
        times += x->ir.ins[i].arg[k] == r;
    if (x->reg[r][0] < 0 || !x->dies[r] || times != 1)
        return xe_def_v(x, i);
    x->reg[i][0] = x->reg[r][0];
    x->reg[r][0] = -1;
    return (enum xreg)x->reg[i][0];
}

void xe_same(struct xe *x, u32 i, ir_ref r)
{
    enum xreg s = xe_use_v(x, r);
    xa_vmov(&x->a, xe_def_v_over(x, i, r), s);
}

struct xmem xe_const128(struct xe *x, u64 lo, u64 hi)
{
    u128 v = (u128)hi << 64 | lo, *c = x->mem->consts;
    while (c < x->mem->consts + x->consts && *c != v)
        c++;
    if (c == x->mem->consts + x->consts)
        x->consts++;
    assert_true(x->consts <= CONSTS);
    *c = v;
    return xm_abs(c);
}

/* ---- rows ---- */

typedef void emit_fn(struct xe *x, u32 i);

static emit_fn *const emitters[IR_OP_COUNT] = {
#define OP(name, result, args, kinds, effects, value) \
    [IR_##name] = (kinds) & (K_VI | K_V) && (effects) & IR_PURE && IR_##name != IR_bitcast && IR_##name != IR_select \
                      ? x64_vemit_##name : NULL,
#define VOP(...)
#define XOP(...)
#include "ir/ops.def"
};

/* Counts that matter, in these rows' operand 1. */
static bool shifts(u32 op)
{
    return (op >= IR_shl && op <= IR_srshr && op != IR_fshr) || (op >= IR_vushl && op <= IR_vshl_sat);
}

/* Rows that have no host sequence even with all features; lanes as a set of 1 << log2 of bytes. */
static u32 lanes_by_eval(u32 op)
{
    switch (op) {
    case IR_pmul: return 2 | 4;
    case IR_sqdmulh: case IR_sqrdmulh: case IR_sqrdmlah: case IR_sqrdmlsh: return 1 | 8;
    case IR_urecpe: case IR_ursqrte: return 4;
    default: return 0;
    }
}

/* ---- operands ---- */

static u64 random_lane(struct xe *x, u32 bits, bool count)
{
    u64 top = 1ull << (bits - 1), any = draw(x) ^ draw(x) << 32;
    switch (draw(x) % (count ? 12 : 8)) {
    case 0: return draw(x) % 3 - 1;
    case 1: return top + draw(x) % 3 - 1;
    case 2: return 1ull << draw(x) % bits;
    case 3: return 0 - (1ull << draw(x) % bits);
    case 4: return any >> draw(x) % 64;
    case 5: return 0 - (any >> draw(x) % 64);
    case 6: case 7: return any;
    default: return draw(x) % 280 - 140;
    }
}

static void random_operand(struct xe *x, u32 k, u32 bits, bool count)
{
    bool splat = one_in(x, 3);
    u64 same = random_lane(x, bits, count);
    for (u32 i = 0; i < 256 / bits; i++)
        ir_lane_set(&x->f.v[k], bits, i, splat ? same : random_lane(x, bits, count));
    if (one_in(x, 20))
        memset(&x->f.v[k], one_in(x, 2) ? 0xff : 0, 32);
}

/* Operand 0 of bsel as a comparison makes it. */
static void make_mask(struct xe *x)
{
    for (u32 i = 0; i < 32; i++)
        x->f.v[0].b[i] = one_in(x, 2) ? 0xff : 0;
    x->ir.ins[0].op = IR_eq;
    x->ir.ins[0].lane = IR_I8;
}

/* Operand k is a value, a constant, or the splat of one. */
static void make_operand(struct xe *x, u32 k, enum ir_type t, enum ir_type lane)
{
    u32 bits = lane ? ir_bits(lane) : 64, kind = (u32)draw(x) % 4;
    union ir_val *v = &x->f.v[k];
    struct ir_ins *in = &x->ir.ins[k];
    random_operand(x, k, bits, k == 1 && shifts(x->ir.ins[ROW].op));
    *in = (struct ir_ins){ .op = IR_get, .type = (u8)t };
    if (kind == 0 && t == IR_V128) {
        *in = (struct ir_ins){ .op = IR_const, .type = (u8)t, .imm = v->d[0], .imm2 = v->d[1] };
    } else if (kind == 1 && k == 1 && lane) {
        u64 c = ir_lane_get(v, bits, 0);
        for (u32 i = 0; i < 256 / bits; i++)
            ir_lane_set(v, bits, i, c);
        x->ir.ins[SPLAT_OF] = (struct ir_ins){ .op = IR_const, .type = (u8)lane, .imm = c };
        *in = (struct ir_ins){ .op = IR_splat, .type = (u8)t, .src = (u8)lane, .lane = (u8)lane,
                               .arg = { SPLAT_OF, IR_NONE, IR_NONE, IR_NONE } };
    } else if (kind == 2 && k == 0 && x->ir.ins[ROW].op == IR_bsel) {
        make_mask(x);
    }
}

static void make_row(struct xe *x, u32 op, enum ir_type t, enum ir_type lane)
{
    struct ir_ins *in = &x->ir.ins[ROW];
    *in = (struct ir_ins){ .op = (u16)op, .type = (u8)t, .src = (u8)t, .lane = (u8)lane,
                           .arg = { IR_NONE, IR_NONE, IR_NONE, IR_NONE } };
    if (op == IR_vshl_sat)
        in->flag = draw(x) % 8;
    memset(x->reg, 0xff, sizeof x->reg);
    for (u32 k = 0; k < ir_rows[op].args; k++) {
        in->arg[k] = k && one_in(x, 8) ? 0 : (ir_ref)k;
        x->dies[k] = one_in(x, 2);
        make_operand(x, k, t, lane);
    }
}

/* ---- running it ---- */

static void store_registers(struct xe *x, u32 halves)
{
    for (u32 h = 0; h < halves; h++) {
        xa_vstore(&x->a, 16, in_frame(offsetof(struct frame, v), ROW, h), (enum xreg)x->reg[ROW][h]);
        for (u32 k = 0; k < 3; k++)
            if (x->reg[k][h] >= 0)
                xa_vstore(&x->a, 16, in_frame(offsetof(struct frame, after), k, h), (enum xreg)x->reg[k][h]);
    }
    xa_ret(&x->a);
}

static void print(const char *what, const union ir_val *v)
{
    print_message("%-8s %016lx %016lx %016lx %016lx\n", what, v->d[3], v->d[2], v->d[1], v->d[0]);
}

static void check(const struct xe *x, u32 halves)
{
    const struct ir_ins *in = &x->ir.ins[ROW];
    const union ir_val *arg[4] = { 0 };
    union ir_val want;
    for (u32 k = 0; k < ir_rows[in->op].args; k++)
        arg[k] = &x->f.v[in->arg[k]];
    ir_eval(in, arg, NULL, &want);
    bool same = !memcmp(&want, &x->f.v[ROW], 16 * halves), kept = true;
    for (u32 k = 0; k < 3; k++)
        for (u32 h = 0; h < halves; h++)
            kept &= x->reg[k][h] < 0 || x->f.v[k].q[h] == x->f.after[k].q[h];
    if (same && kept)
        return;
    print_message("%s of %s lanes, host features %x\n", ir_rows[in->op].name, ir_type_name(in->lane), x->a.features);
    for (u32 k = 0; k < ir_rows[in->op].args; k++)
        print(ir_rows[x->ir.ins[in->arg[k]].op].name, arg[k]);
    print("wanted", &want);
    print("got", &x->f.v[ROW]);
    fail_msg("%s", same ? "an operand changed" : "another result");
}

static void try_row(struct xe *x, u32 op, enum ir_type t, enum ir_type lane, u32 features)
{
    x->a = (struct xasm){ .p = x->mem->code, .end = x->mem->code + CODE_SIZE, .features = features };
    x->consts = x->taken = 0;
    x->evaluated = false;
    make_row(x, op, t, lane);
    emitters[op](x, ROW);
    if (x->evaluated)
        return;
    u32 halves = t == IR_V256 ? 2 : 1;
    store_registers(x, halves);
    assert_false(x->a.full);
    ((void (*)(struct frame *))(uintptr_t)x->mem->code)(&x->f);
    check(x, halves);
}

static void try_lane(struct xe *x, u32 op, enum ir_type lane, u32 all)
{
    const u32 features[] = { all, all & ~(u32)XF_GFNI, all & (XF_BASE | XF_AVX),
                             all & (XF_BASE | XF_GFNI | XF_CLMUL), XF_BASE };
    for (u32 f = 0; f < COUNT(features); f++)
        for (u32 n = 0; n < 300; n++) {
            try_row(x, op, one_in(x, 4) ? IR_V256 : IR_V128, lane, features[f]);
            bool may = lane && lanes_by_eval(op) >> (lane - IR_I8) & 1;
            if (x->evaluated && !may && (features[f] & (XF_AVX2 | XF_CLMUL)) == (XF_AVX2 | XF_CLMUL))
                fail_msg("%s of %s lanes is evaluated", ir_rows[op].name, ir_type_name(lane));
        }
}

static void rows(void **state)
{
    (void)state;
    static struct xe x;
    u32 all = xa_host_features(), tried = 0;
    if (!(all & XF_BASE))
        skip();
    x.random = 1;
    x.mem = mmap(NULL, sizeof *x.mem, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(x.mem != MAP_FAILED);
    for (u32 op = 0; op < IR_OP_COUNT; op++) {
        if (!emitters[op])
            continue;
        bool lanes = ir_rows[op].kinds & K_VI, only32 = op == IR_urecpe || op == IR_ursqrte;
        for (enum ir_type l = lanes ? IR_I8 : IR_VOID; l <= (lanes ? IR_I64 : IR_VOID); l++, tried++)
            if (!only32 || l == IR_I32)
                try_lane(&x, op, l, all);
    }
    assert_true(tried > 200);
    munmap(x.mem, sizeof *x.mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(rows) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void)
{
    puts("no x86-64 host: nothing to test");
    return 0;
}
#endif
