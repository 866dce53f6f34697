/*
 * vec_test.c - rows on vectors whose operands are constants, splats of one, or masked, against ir_eval(): the LLVM
 * tier makes other code of these than of a row by itself (tests/llvm/rows_test.c).
 */
#include "ir/vec.h"
#include "tests/llvm/rows_rig.h"

enum { LOADED, CONSTANT, SPLAT, MASKED /* tbx's indices, by an AND */, WAYS };
enum { BEHIND = 3, MASK = 6, ROW = 7, INS = 8 }; /* of the block: 0 to 2 are operands, made of what is at BEHIND */
#define FNS 200u /* a module */
#define RUNS 100u
#define VARIANTS 10u

struct frame {
    union ir_val arg[3], out;
};

struct fn { /* a function under test */
    struct ir_ins row;
    u8            way[3];
    union ir_val  konst[3], mask;
    void        (*code)(struct frame *);
};

static struct {
    struct rig      rig; /* memory and linker */
    struct lb       l;
    struct ir_block ir;
    struct fn       fn[FNS];
    u32             count, made, evals;
    struct fuzz_rng rng;
} t;

/* ---- building ---- */

static LLVMValueRef frame_at(struct lb *l, size_t offset)
{
    LLVMValueRef by = LLVMConstInt(l->type[IR_I64], offset, false);
    return LLVMBuildGEP2(l->b, l->type[IR_I8], LLVMGetParam(l->fn, 0), &by, 1, "");
}

static LLVMValueRef loaded(struct lb *l, u32 k)
{
    LLVMValueRef at = frame_at(l, offsetof(struct frame, arg) + k * sizeof(union ir_val));
    return LLVMBuildLoad2(l->b, l->type[IR_V128], at, "");
}

static void put(u32 i, u32 op, enum ir_type type, enum ir_type lane, ir_ref a, ir_ref b)
{
    enum ir_type src = a == IR_NONE ? IR_VOID : ir_type_of(&t.ir, a);
    t.ir.ins[i] = (struct ir_ins){ .op = (u16)op, .type = (u8)type, .src = (u8)src, .lane = (u8)lane,
                                   .arg = { a, b, IR_NONE, IR_NONE } };
}

static void put_const(u32 i, enum ir_type type, const union ir_val *v)
{
    put(i, IR_const, type, IR_VOID, IR_NONE, IR_NONE);
    t.ir.ins[i].imm = v->d[0];
    t.ir.ins[i].imm2 = type == IR_V128 ? v->d[1] : 0;
    lb_row(&t.l, i);
}

static void make_operand(const struct fn *f, u32 k)
{
    enum ir_type lane = (enum ir_type)f->row.lane;
    u32 from = BEHIND + k;
    put(k, IR_get, IR_V128, IR_VOID, IR_NONE, IR_NONE);
    t.l.v[k] = loaded(&t.l, k);
    if (f->way[k] == CONSTANT) {
        put_const(k, IR_V128, &f->konst[k]);
    } else if (f->way[k] == SPLAT) {
        put_const(from, lane, &(union ir_val){ .d = { ir_lane_get(&f->konst[k], ir_bits(lane), 0) } });
        put(k, IR_splat, IR_V128, lane, (ir_ref)from, IR_NONE);
        lb_row(&t.l, k);
    } else if (f->way[k] == MASKED) {
        put(from, IR_get, IR_V128, IR_VOID, IR_NONE, IR_NONE);
        t.l.v[from] = t.l.v[k];
        put_const(MASK, IR_V128, &f->mask);
        put(k, IR_and, IR_V128, IR_VOID, (ir_ref)from, MASK);
        lb_row(&t.l, k);
    }
}

static LLVMValueRef eval(struct lb *l, u32 i)
{
    t.evals++;
    return LLVMConstNull(lb_type(l, i));
}

/* False: a row by the reference. */
static bool build(struct fn *f, u32 n)
{
    char name[16];
    struct lb *l = &t.l;
    LLVMTypeRef pointer = LLVMPointerTypeInContext(l->c, 0);
    snprintf(name, sizeof name, "f%u", n);
    l->fn = LLVMAddFunction(l->m, name, LLVMFunctionType(l->type[IR_VOID], &pointer, 1, false));
    LLVMPositionBuilderAtEnd(l->b, LLVMAppendBasicBlockInContext(l->c, l->fn, ""));
    t.evals = 0;
    for (u32 k = 0; k < ir_rows[f->row.op].args; k++)
        make_operand(f, k);
    t.ir.ins[ROW] = f->row;
    LLVMValueRef r = lb_row(l, ROW), out = frame_at(l, offsetof(struct frame, out));
    LLVMBuildStore(l->b, f->row.type == IR_I1 ? LLVMBuildZExt(l->b, r, l->type[IR_I8], "") : r, out);
    LLVMBuildRetVoid(l->b);
    return t.evals == 0;
}

static u8 *take_code(void *ctx, u64 size)
{
    (void)ctx;
    assert_true(size <= RIG_CODE);
    return t.rig.code;
}

static void compile(LLVMModuleRef m)
{
    struct err e = { "" };
    struct llvm_object o;
    struct llvm_piece piece;
    struct llvm_arena arena = { take_code, NULL, t.rig.delta, RIG_CODE, NULL };
    char names[FNS][16];
    const char *name[FNS];
    u8 *entry[FNS];
    for (u32 n = 0; n < t.count; n++) {
        snprintf(names[n], sizeof names[n], "f%u", n);
        name[n] = names[n];
    }
    struct llvm_compiler *k = llvm_compiler_new(&e); /* the features may be others than last time */
    if (!k || !llvm_compile(k, m, &o, &e)
        || !llvm_link(t.rig.linker, &o, &arena, NULL, 0, name, t.count, entry, &piece, &e))
        fail_msg("%s", e.msg);
    llvm_object_free(&o);
    llvm_compiler_free(k);
    for (u32 n = 0; n < t.count; n++)
        t.fn[n].code = (void (*)(struct frame *))(void *)(entry[n] + t.rig.delta);
}

/* ---- running ---- */

static void check(const struct fn *f)
{
    struct frame fr = { .out = { .q = { 0, 0 } } };
    union ir_val v[3], want;
    const union ir_val *arg[4] = { &v[0], &v[1], &v[2], NULL };
    for (u32 k = 0; k < 3; k++) {
        fuzz_vector(&t.rng, fr.arg[k].d);
        v[k] = f->way[k] == LOADED || f->way[k] == MASKED ? fr.arg[k] : f->konst[k];
        v[k].q[0] &= f->way[k] == MASKED ? f->mask.q[0] : ~(u128)0;
        v[k].q[1] = 0;
    }
    f->code(&fr);
    ir_eval(&f->row, arg, NULL, &want);
    if (!memcmp(&fr.out, &want, sizeof want))
        return;
    for (u32 k = 0; k < ir_rows[f->row.op].args; k++)
        print_message("operand %u, way %u: %016lx %016lx\n", k, f->way[k], v[k].d[1], v[k].d[0]);
    print_message("got %016lx %016lx\nnot %016lx %016lx\n", fr.out.d[1], fr.out.d[0], want.d[1], want.d[0]);
    fail_msg("%s of %s lanes, imm %lu, flag %u", ir_rows[f->row.op].name, ir_type_name((enum ir_type)f->row.lane),
             f->row.imm, f->row.flag);
}

static void run_module(void)
{
    bool by_code[FNS];
    LLVMContextRef c = LLVMContextCreate();
    memset(&t.l, 0, sizeof t.l);
    lb_init(&t.l, c);
    t.l.m = LLVMModuleCreateWithNameInContext("vectors", c);
    t.l.ir = &t.ir;
    t.l.eval = eval;
    t.l.features = xa_host_features();
    for (u32 n = 0; n < t.count; n++)
        by_code[n] = build(&t.fn[n], n);
    compile(t.l.m);
    LLVMDisposeModule(t.l.m);
    lb_done(&t.l);
    LLVMContextDispose(c);
    for (u32 n = 0; n < t.count; n++)
        for (u32 k = 0; k < RUNS && by_code[n]; k++)
            check(&t.fn[n]);
    t.made += t.count;
    t.count = 0;
}

/* ---- forms ---- */

/* Are all operands vectors, and is the row one of integers? */
static bool wanted(u32 op)
{
    const struct ir_row *r = &ir_rows[op];
    if (!(r->effects & IR_PURE) || op == IR_bitcast)
        return false;
    if (!r->types)
        return r->kinds & (K_VI | K_V);
    return r->types[4] == 'v' && !strchr(r->types + 4, 's') && strncmp(r->name, "aes_", 4) != 0;
}

static bool lane_fits(u32 op, enum ir_type lane)
{
    const struct ir_row *r = &ir_rows[op];
    if (op == IR_urecpe || op == IR_ursqrte)
        return lane == IR_I32;
    if (r->types)
        return ir_vop_lane(r, lane);
    return lane == IR_VOID ? r->kinds & K_V : lane >= IR_I8 && lane <= IR_I64 && r->kinds & K_VI;
}

static void draw_operand(struct fn *f, u32 k)
{
    enum ir_type lane = (enum ir_type)f->row.lane;
    bool integers = lane >= IR_I8 && lane <= IR_I64;
    static const u8 masks[] = { 0x8f, 0x8f, 0x87, 0x0f, 0x9f, 0xff };
    u8 mask = masks[fuzz_pick(&t.rng, COUNT(masks))];
    fuzz_vector(&t.rng, f->konst[k].d);
    f->way[k] = (u8)fuzz_pick(&t.rng, integers ? CONSTANT + 2 : CONSTANT + 1);
    if (f->way[k] == SPLAT) {
        u64 one = fuzz_one_in(&t.rng, 2) ? fuzz_int(&t.rng, ir_bits(lane)) : fuzz_pick(&t.rng, 2 * ir_bits(lane));
        for (u32 i = 0; i < 128 / ir_bits(lane); i++)
            ir_lane_set(&f->konst[k], ir_bits(lane), i, one);
    }
    if (f->row.op != IR_tbx || k != 1 || fuzz_one_in(&t.rng, 3))
        return;
    f->way[k] = MASKED;
    memset(&f->mask, mask, sizeof f->mask);
    f->mask.b[fuzz_pick(&t.rng, 16)] = masks[fuzz_pick(&t.rng, COUNT(masks))];
}

static void add(u32 op, enum ir_type lane)
{
    struct fn *f = &t.fn[t.count];
    memset(f, 0, sizeof *f);
    f->row = (struct ir_ins){ .op = (u16)op, .src = IR_V128, .lane = (u8)lane, .arg = { 0, 1, 2, IR_NONE } };
    irf_random_imm(&t.rng, &f->row);
    f->row.type = (u8)ir_row_result((enum ir_op)op, IR_V128, IR_V128, lane);
    for (u32 k = ir_rows[op].args; k < 4; k++)
        f->row.arg[k] = IR_NONE;
    for (u32 k = 0; k < ir_rows[op].args; k++)
        draw_operand(f, k);
    if (op == IR_tbx && fuzz_one_in(&t.rng, 2))
        f->row.imm = 0;
    if (++t.count == FNS)
        run_module();
}

static void constants(void **state)
{
    (void)state;
    t.rng = fuzz_seeded(1, 2);
    t.count = t.made = 0;
    for (u32 op = 0; op < IR_OP_COUNT; op++)
        for (enum ir_type lane = IR_VOID; wanted(op) && lane <= IR_F64; lane++)
            for (u32 n = 0; lane_fits(op, lane) && n < (op == IR_tbx ? 20 * VARIANTS : VARIANTS); n++)
                add(op, lane);
    run_module();
    assert_true(t.made > 3000);
}

static int set_up(void **state)
{
    (void)state;
    return rig_init(&t.rig) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    rig_done(&t.rig);
    return 0;
}

static int no_avx2(void **state)
{
    (void)state;
    return setenv("MYNAH_HOST", "-avx2", 1);
}

static int all_features(void **state)
{
    (void)state;
    return unsetenv("MYNAH_HOST");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constants),
        { "constants, no AVX2", constants, no_avx2, all_features, NULL },
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
