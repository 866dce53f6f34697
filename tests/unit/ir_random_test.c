/*
 * ir_random_test.c - random blocks: the passes and the reference engine change nothing that can be seen, at exits and
 * at faults; text round-trips; what the builder made verifies.
 */
#include "ir/vec.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/ir/exec_interp.h"

/* ---- a layout with three fields of each type, and helpers of each kind ---- */

#define PER_TYPE 3u
#define NAMES(t) t "a", t "b", t "c"
static const char *const names[] = {
    NAMES("i1"),  NAMES("i8"),  NAMES("i16"), NAMES("i32"), NAMES("i64"),  NAMES("i128"),
    NAMES("f16"), NAMES("f32"), NAMES("f64"), NAMES("f80"), NAMES("v128"), NAMES("v256"),
};

static struct world *world_of(struct vcpu *c)
{
    return c->wiring;
}

static u32 first_field(enum ir_type t)
{
    return (t - IR_I1) * PER_TYPE;
}

static u64 help_mix(struct vcpu *c, u64 x, u64 y, u64 z)
{
    (void)c;
    return x * 3 + y * 5 + z * 7;
}

static u64 help_bump(struct vcpu *c, u64 x, u64 y, u64 z)
{
    (void)y, (void)z;
    struct world *w = world_of(c);
    u8 *p = w->state + w->layout->fields[first_field(IR_I64)].offset;
    store_le64(p, load_le64(p) + x);
    return load_le64(p);
}

static u64 help_look(struct vcpu *c, u64 x, u64 y, u64 z)
{
    (void)y, (void)z;
    struct world *w = world_of(c);
    return load_le64(w->state + w->layout->fields[first_field(IR_I64) + 1].offset) ^ x;
}

static u64 help_trap(struct vcpu *c, u64 x, u64 y, u64 z)
{
    (void)y, (void)z;
    struct world *w = world_of(c);
    if ((x & 3) == 0) {
        c->raised = w->left = true;
        w->out = (struct outcome){ .how = LEFT_RAISED, .pc = c->s.pc, .code = x };
    }
    return 0;
}

enum { H_mix, H_bump, H_look, H_trap };
static const struct ir_helper helpers[] = {
    { "mix", help_mix, IR_I64, 3, 0 },
    { "bump", help_bump, IR_I64, 1, IR_H_READS | IR_H_WRITES },
    { "look", help_look, IR_I64, 1, IR_H_READS },
    { "trap", help_trap, IR_VOID, 1, IR_H_FAULT },
};

struct rig {
    struct ir_field  fields[COUNT(names) + 2];
    struct ir_range  ranges[2];
    struct ir_layout layout;
    struct ir_block  lifted, passed, read;
    struct world     one, two;
    _Alignas(64) u8  state[2][2048];
    u8               begin[2048];
    u64              seed;
    ir_ref           visible[IR_BLOCK_MAX];
    u32              visible_count;
    bool             setting; /* no more gets in this instruction */
    u64              removed, instructions; /* by the passes; as lifted */
};

static u64 rnd(struct rig *r)
{
    u64 *s = &r->seed;
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s * 0x2545f4914f6cdd1dull >> 8;
}

static u32 pick(struct rig *r, u32 n)
{
    return (u32)(rnd(r) % n);
}

static void make_layout(struct rig *r)
{
    u32 at = 0, n = 0;
    for (; n < COUNT(names); n++) {
        enum ir_type t = (enum ir_type)(IR_I1 + n / PER_TYPE);
        at = (u32)align_up(at, MIN(ir_bytes(t), 16u));
        r->fields[n] = (struct ir_field){ names[n], (u8)t, at };
        at += ir_bytes(t);
    }
    r->layout.fp_env = (u32)align_up(at, 4);
    r->fields[n] = (struct ir_field){ "fpctl", IR_I32, r->layout.fp_env };
    r->fields[n + 1] = (struct ir_field){ "fpflags", IR_I32, r->layout.fp_env + 4 };
    r->ranges[0] = (struct ir_range){ "i64s", (u16)first_field(IR_I64), PER_TYPE };
    r->ranges[1] = (struct ir_range){ "f80s", (u16)first_field(IR_F80), PER_TYPE };
    r->layout.name = "random";
    r->layout.fields = r->fields;
    r->layout.field_count = COUNT(r->fields);
    r->layout.ranges = r->ranges;
    r->layout.range_count = COUNT(r->ranges);
    r->layout.helpers = helpers;
    r->layout.helper_count = COUNT(helpers);
    r->layout.state_size = r->layout.fp_env + 8;
}

/* ---- values ---- */

static ir_ref keep(struct rig *r, ir_ref v)
{
    r->visible[r->visible_count++] = v;
    return v;
}

static u64 special(struct rig *r)
{
    static const u64 v[] = { 0, 1, 2, 7, 0x80, 0x7f, 0xff, ~0ull, 1ull << 63, ~0ull >> 1, 31, 32, 63, 64 };
    return pick(r, 3) ? v[pick(r, COUNT(v))] : rnd(r);
}

static ir_ref make_wide(struct rig *r, enum ir_type t)
{
    struct ir_block *b = &r->lifted;
    ir_ref v = ir_vconst(b, special(r), special(r));
    if (t == IR_V256)
        return ir_op2(b, IR_vpair, v, v);
    return ir_conv(b, IR_bitcast, t, v);
}

/* A value of type t: one at hand, a field, or a constant. */
static ir_ref want(struct rig *r, enum ir_type t)
{
    struct ir_block *b = &r->lifted;
    for (u32 k = 0; k < 12 && r->visible_count; k++) {
        ir_ref v = r->visible[pick(r, r->visible_count)];
        if (ir_type_of(b, v) == t)
            return v;
    }
    if (t == IR_V128 && pick(r, 3) == 0)
        return keep(r, ir_vconst(b, special(r), special(r)));
    if (r->setting && (t == IR_I128 || t == IR_F80 || t == IR_V256)) /* no constants of these: one from before, or
                                                                        make one */
        return keep(r, make_wide(r, t));
    if (t == IR_V128 && r->setting)
        return keep(r, ir_vconst(b, special(r), special(r)));
    if (t != IR_I128 && t <= IR_F64 && (r->setting || pick(r, 2)))
        return keep(r, ir_const(b, t, special(r)));
    if (t == IR_I64 && pick(r, 6) == 0)
        return keep(r, ir_pc(b, pick(r, 64)));
    if (t == IR_I64 && pick(r, 4) == 0)
        return keep(r, ir_getx(b, 0, want(r, IR_I32)));
    return keep(r, ir_get(b, first_field(t) + pick(r, PER_TYPE)));
}

static enum ir_type operand_type(enum ir_op op, u32 k, enum ir_type src, enum ir_type any)
{
    switch (op) {
    case IR_select: return k == 0 ? IR_I1 : any;
    case IR_carry: case IR_borrow: case IR_ovadd: case IR_ovsub: return k == 2 ? IR_I1 : src;
    case IR_crc32: case IR_crc32c: return k == 0 ? IR_I32 : IR_I64;
    default: return src;
    }
}

/* A random row on random types; kept if the types are right, which often they are not. */
static void random_op(struct rig *r, u16 effects)
{
    struct ir_block *b = &r->lifted;
    enum ir_op op = (enum ir_op)pick(r, IR_OP_COUNT);
    const struct ir_row *row = &ir_rows[op];
    enum ir_type src = (enum ir_type)(IR_I1 + pick(r, 12)), any = (enum ir_type)(IR_I1 + pick(r, 12)), lane = IR_VOID;
    struct ir_ins in = { .op = (u16)op, .arg = { IR_NONE, IR_NONE, IR_NONE, IR_NONE } };
    struct err e;
    u32 count = b->count, visible = r->visible_count;
    if (!(row->effects & effects) || (!row->kinds && !row->types))
        return;
    if (ir_is_vec(src) || row->types)
        lane = (enum ir_type[]){ IR_VOID, IR_I8, IR_I16, IR_I32, IR_I64, IR_F16, IR_F32, IR_F64 }[pick(r, 8)];
    if (row->types && row->types[4] == 's')
        src = lane;
    if (src == IR_VOID)
        return;
    for (u32 k = 0; k < row->args; k++) {
        enum ir_type t = row->types ? ir_vop_operand(row, k, src, lane) : operand_type(op, k, src, any);
        if (t == IR_VOID)
            return;
        in.arg[k] = want(r, t);
    }
    in.src = (u8)ir_type_of(b, in.arg[0]);
    in.lane = (u8)lane;
    in.type = (u8)ir_row_result(op, src, any, lane);
    if (in.type == IR_VOID)
        in.type = (u8)(IR_I1 + pick(r, 12));
    in.imm = pick(r, 2) ? 0 : op == IR_stof || op == IR_utof ? 7 : pick(r, 9);
    in.flag = op == IR_vshl_sat ? (u8)pick(r, 8) : (u8)pick(r, 2);
    ir_ref v = ir_emit(b, in);
    if (ir_verify_types(b, v, &e)) {
        keep(r, v);
        return;
    }
    b->count = count;
    r->visible_count = visible;
}

/* ---- memory, calls, sets ---- */

#define MEMORY 0x2e00ull /* accesses lie in 0x400 bytes, a page boundary in their middle */

static ir_ref address(struct rig *r)
{
    struct ir_block *b = &r->lifted;
    ir_ref m = ir_const(b, IR_I64, 0x3ff), base = ir_const(b, IR_I64, MEMORY);
    return ir_op2(b, IR_add, ir_op2(b, IR_and, want(r, IR_I64), m), base);
}

static void random_access(struct rig *r)
{
    struct ir_block *b = &r->lifted;
    ir_ref a = address(r);
    struct ir_mem m = { .size = pick(r, 4) & 7, .align = (pick(r, 4) ? 0 : 1) & 7 };
    enum ir_type t = (enum ir_type)(IR_I8 + m.size);
    m.bswap = pick(r, m.size + 1) & 7;
    switch (pick(r, 6)) {
    case 0: case 1: keep(r, ir_load(b, t, a, m)); break;
    case 2: ir_store(b, a, want(r, t), m); break;
    case 3: m.sign = 1; keep(r, ir_load(b, IR_I64, a, m)); break;
    case 4:
        m.size = 4;
        m.bswap = 0;
        keep(r, ir_load(b, IR_V128, a, m));
        break;
    default: {
        struct ir_ins in = { .op = IR_rmw, .type = (u8)t, .src = IR_I64, .flag = (u8)pick(r, IR_RMW_COUNT),
                             .arg = { a, want(r, t), IR_NONE, IR_NONE }, .aux = ir_mem_pack(m) };
        keep(r, ir_emit(b, in));
    }
    }
}

static void random_call(struct rig *r)
{
    struct ir_block *b = &r->lifted;
    ir_ref x = want(r, IR_I64);
    switch (pick(r, 3)) {
    case 0: keep(r, ir_call(b, H_mix, x, want(r, IR_I64), want(r, IR_I64))); break;
    case 1: keep(r, ir_call(b, H_look, x, IR_NONE, IR_NONE)); break;
    default: ir_call(b, H_trap, x, IR_NONE, IR_NONE); break;
    }
}

static void random_set(struct rig *r)
{
    struct ir_block *b = &r->lifted;
    enum ir_type t = (enum ir_type)(IR_I1 + pick(r, 12));
    u32 how = pick(r, 12);
    if (how == 0)
        ir_setx(b, 0, want(r, IR_I32), want(r, IR_I64));
    else if (how == 1)
        ir_setx(b, 1, ir_const(b, IR_I32, rnd(r)), want(r, IR_F80));
    else if (how == 2)
        keep(r, ir_call(b, H_bump, want(r, IR_I64), IR_NONE, IR_NONE));
    else if (how == 3)
        ir_set(b, COUNT(names) + 1, want(r, IR_I32)); /* sticky flags */
    else if (how == 4)
        ir_set(b, COUNT(names), ir_const(b, IR_I32, pick(r, 4))); /* rounding mode */
    else
        ir_set(b, first_field(t) + pick(r, PER_TYPE), want(r, t));
}

/* ---- blocks ---- */

#define INSNS 8u /* at most, of 4 bytes each */

static void hide_since(struct rig *r, u32 skip)
{
    u32 n = 0;
    for (u32 k = 0; k < r->visible_count; k++)
        if (r->visible[k] < skip)
            r->visible[n++] = r->visible[k];
    r->visible_count = n;
}

/* A pc that is no instruction's of the block: an engine would go on there, the tree walker does not. */
static ir_ref odd(struct rig *r)
{
    struct ir_block *b = &r->lifted;
    ir_ref one = ir_const(b, IR_I64, 1);
    return ir_op2(b, IR_or, want(r, IR_I64), one);
}

static void random_exit(struct rig *r)
{
    struct ir_block *b = &r->lifted;
    r->setting = true;
    switch (pick(r, 4)) {
    case 0: ir_exit_direct(b, 4 * INSNS + pick(r, 100), IR_HINT_none, 0); break;
    case 1: ir_exit_indirect(b, odd(r), IR_HINT_call, 8); break;
    case 2: ir_exit_mode(b, odd(r)); break;
    default: ir_exit_exc(b, pick(r, 9), want(r, IR_I64)); break;
    }
    r->setting = false;
}

/* Everything an instruction does, in the order that the rules demand. */
static void random_body(struct rig *r)
{
    for (u32 k = pick(r, 20); k; k--)
        random_op(r, IR_PURE);
    if (pick(r, 5) == 0)
        random_call(r);
    if (pick(r, 3) == 0)
        random_access(r);
    for (u32 k = pick(r, 25); k; k--)
        random_op(r, IR_PURE | IR_FP);
    r->setting = true;
    for (u32 k = pick(r, 5); k; k--)
        random_set(r);
    r->setting = false;
}

static void random_insn(struct rig *r, u32 offset)
{
    struct ir_block *b = &r->lifted;
    ir_insn(b, offset, 4);
    u32 shape = pick(r, 5);
    if (shape < 3) {
        random_body(r);
        return;
    }
    for (u32 k = pick(r, 20); k; k--)
        random_op(r, IR_PURE);
    ir_ref c = want(r, IR_I1);
    u32 at = b->count;
    u16 label = ir_skip(b, c);
    random_body(r);
    if (shape == 4 && pick(r, 2))
        random_exit(r);
    ir_label(b, label);
    hide_since(r, at);
    r->setting = true;
    for (u32 k = pick(r, 4); k; k--)
        random_set(r);
    r->setting = false;
}

static void random_block(struct rig *r)
{
    ir_begin(&r->lifted, &r->layout);
    r->visible_count = 0;
    u32 n = 1 + pick(r, INSNS);
    for (u32 k = 0; k < n; k++)
        random_insn(r, 4 * k);
    random_exit(r);
}

/* ---- running ---- */

static void random_world(struct rig *r)
{
    for (u32 i = 0; i < r->layout.state_size; i += 8) {
        u64 v = special(r);
        memcpy(r->begin + i, &v, 8);
    }
    for (u32 i = 0; i < PER_TYPE; i++) { /* fields hold what their type can */
        r->begin[r->fields[first_field(IR_I1) + i].offset] &= 1;
        memset(r->begin + r->fields[first_field(IR_F80) + i].offset + 10, 0, 6);
    }
    store_le32(r->begin + r->layout.fp_env, (u32)(pick(r, 4) | (pick(r, 2) ? FP_X86 : 0) | (pick(r, 4) ? 0 : FP_DN)));
    store_le32(r->begin + r->layout.fp_env + 4, pick(r, 2) ? 0 : FP_IXC);
}

typedef bool engine_fn(const struct ir_block *b, struct world *w, struct err *e);

static void run(struct rig *r, struct world *w, u8 *state, const struct ir_block *b, u64 seed, engine_fn *engine)
{
    struct err e;
    memcpy(state, r->begin, sizeof r->begin);
    w->layout = &r->layout;
    w->state = state;
    w->pc = 0x1000;
    w->page_count = 0;
    w->excl_size = 0;
    w->fault_count = seed % 3 == 0;
    w->faults[0] = (struct world_fault){ seed & 16 ? 0x3000 : 0x2000, 0x1000, seed & 8, true };
    for (u32 i = 0; i < 0x400; i++)
        *world_byte(w, MEMORY + i) = (u8)(seed >> i % 56);
    if (!engine(b, w, &e))
        fail_msg("%s", e.msg);
}

static void show(struct rig *r)
{
    ir_print(&r->lifted, stderr);
    ir_print(&r->passed, stderr);
}

static bool same_outcome(const struct outcome *a, const struct outcome *b)
{
    bool exits = a->how <= LEFT_MODE && b->how <= LEFT_MODE; /* the engine does not tell these apart where they
                                                                meet */
    return (a->how == b->how || exits) && a->pc == b->pc && a->code == b->code && a->payload == b->payload
           && a->addr == b->addr;
}

/* Two runs from the same beginning: a block as lifted, and another one or another engine. */
static void compare(struct rig *r, const struct ir_block *b, engine_fn *engine, u64 seed)
{
    run(r, &r->one, r->state[0], &r->lifted, seed, run_block);
    run(r, &r->two, r->state[1], b, seed, engine);
    bool same = !memcmp(r->state[0], r->state[1], r->layout.state_size) && same_outcome(&r->one.out, &r->two.out);
    for (u32 i = 0; i < 0x420; i++)
        same &= *world_byte(&r->one, MEMORY + i) == *world_byte(&r->two, MEMORY + i);
    if (!same) {
        show(r);
        for (u32 i = 0; i < r->layout.field_count; i++)
            if (memcmp(r->state[0] + r->fields[i].offset, r->state[1] + r->fields[i].offset,
                       ir_bytes((enum ir_type)r->fields[i].type)))
                print_error("%s differs\n", r->fields[i].name);
        fail_msg("a block runs differently %s", engine == run_block ? "after the passes" : "in the interpreter");
    }
}

static void check_text(struct rig *r)
{
    char *text[2];
    size_t len;
    struct err e;
    for (u32 k = 0; k < 2; k++) {
        FILE *f = open_memstream(&text[k], &len);
        ir_print(k ? &r->read : &r->lifted, f);
        fclose(f);
        if (k == 0 && !ir_parse(&r->read, &r->layout, text[0], &e))
            fail_msg("%s", e.msg);
    }
    assert_string_equal(text[0], text[1]);
    free(text[0]);
    free(text[1]);
}

static void test_random_blocks(void **state)
{
    struct rig *r = *state;
    struct err e;
    for (u32 n = 0; n < 3000; n++) {
        random_block(r);
        if (!ir_verify(&r->lifted, &e)) {
            ir_print(&r->lifted, stderr);
            fail_msg("%s", e.msg);
        }
        if (n % 8 == 0)
            check_text(r);
        r->passed = r->lifted;
        ir_passes(&r->passed);
        if (!ir_verify(&r->passed, &e)) {
            show(r);
            fail_msg("after passes: %s", e.msg);
        }
        r->instructions += r->lifted.count;
        r->removed += r->lifted.count - r->passed.count;
        for (u32 k = 0; k < 6; k++) {
            random_world(r);
            compare(r, &r->passed, run_block, rnd(r));
        }
        for (u32 k = 0; k < 2; k++) {
            random_world(r);
            compare(r, k ? &r->passed : &r->lifted, run_block_interp, rnd(r));
        }
    }
    assert_true(r->removed > r->instructions / 5);
    assert_true(r->instructions > 100000);
}

/* Passes reach a fixed point soon: a second time they may find more, but the result still verifies. */
static void test_twice(void **state)
{
    struct rig *r = *state;
    struct err e;
    for (u32 n = 0; n < 300; n++) {
        random_block(r);
        r->passed = r->lifted;
        ir_passes(&r->passed);
        ir_passes(&r->passed);
        assert_true(ir_verify(&r->passed, &e));
        random_world(r);
        compare(r, &r->passed, run_block, rnd(r));
    }
}

static int set_up(void **state)
{
    struct rig *r = calloc(1, sizeof *r);
    r->seed = 20240229;
    make_layout(r);
    *state = r;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_random_blocks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_twice, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
