/*
 * rows_rig.c - see rows_rig.h.
 */
#define _GNU_SOURCE /* memfd_create */
#include "tests/llvm/rows_rig.h"

/* ---- memory ---- */

/* Called by the code under test. */
static void rows_eval(struct rig_frame *f)
{
    const union ir_val *arg[4] = { &f->eval_arg[0], &f->eval_arg[1], &f->eval_arg[2], &f->eval_arg[3] };
    f->evals++;
    ir_eval(&f->fn->in, arg, &f->env, &f->eval_out);
}

/* The second mapping must be near the program: code refers to rows_eval(). */
bool rig_init(struct rig *g)
{
    struct err e;
    u8 *near = (u8 *)(void *)((uintptr_t)(void (*)(void))rows_eval & ~0xfffffull) - (256u << 20);
    int fd = memfd_create("rows", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, RIG_CODE))
        return false;
    g->code = mmap(NULL, RIG_CODE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    u8 *runs = mmap(near, RIG_CODE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    close(fd);
    if (g->code == MAP_FAILED || runs == MAP_FAILED)
        return false;
    g->delta = runs - g->code;
    g->linker = llvm_linker_new(&e);
    if (!g->linker)
        fprintf(stderr, "%s\n", e.msg);
    return g->linker;
}

void rig_done(struct rig *g)
{
    llvm_linker_free(g->linker);
    munmap(g->code + g->delta, RIG_CODE);
    munmap(g->code, RIG_CODE);
}

static u8 *take_code(void *ctx, u64 size)
{
    struct rig *g = ctx;
    u8 *at = g->code + g->used;
    if (g->used + size > RIG_CODE)
        return NULL;
    g->used += (size + 63) & ~63ull;
    return at;
}

/* ---- building ---- */

static LLVMValueRef at_frame(struct lb *l, struct rig *g, size_t offset)
{
    LLVMValueRef by = LLVMConstInt(l->type[IR_I64], offset, false);
    return LLVMBuildGEP2(l->b, l->type[IR_I8], g->frame_arg, &by, 1, "");
}

static LLVMValueRef load_value(struct lb *l, struct rig *g, enum ir_type t, size_t offset)
{
    LLVMTypeRef in_memory = l->type[t == IR_I1 ? IR_I8 : t];
    LLVMValueRef v = LLVMBuildLoad2(l->b, in_memory, at_frame(l, g, offset), "");
    LLVMSetAlignment(v, 16);
    return t == IR_I1 ? LLVMBuildTrunc(l->b, v, l->type[IR_I1], "") : v;
}

static void store_value(struct lb *l, struct rig *g, enum ir_type t, size_t offset, LLVMValueRef v)
{
    if (t == IR_I1)
        v = LLVMBuildZExt(l->b, v, l->type[IR_I8], "");
    LLVMSetAlignment(LLVMBuildStore(l->b, v, at_frame(l, g, offset)), 16);
}

/* The row by the reference: rig and builder belong together. */
static struct rig *rig_of(struct lb *l);

static LLVMValueRef eval(struct lb *l, u32 i)
{
    struct rig *g = rig_of(l);
    const struct ir_ins *in = &l->ir->ins[i];
    for (u32 k = 0; k < 4 && in->arg[k] != IR_NONE; k++)
        store_value(l, g, (enum ir_type)l->ir->ins[in->arg[k]].type,
                    offsetof(struct rig_frame, eval_arg) + k * sizeof(union ir_val), lb_arg(l, i, k));
    LLVMTypeRef pointer = LLVMPointerTypeInContext(l->c, 0);
    LLVMTypeRef type = LLVMFunctionType(l->type[IR_VOID], &pointer, 1, false);
    lb_strict(l, LLVMBuildCall2(l->b, type, g->eval_fn, &g->frame_arg, 1, ""));
    return load_value(l, g, (enum ir_type)in->type, offsetof(struct rig_frame, eval_out));
}

struct build { /* lb first: rig_of() */
    struct lb   l;
    struct rig *g;
};

static struct rig *rig_of(struct lb *l) { return CONTAINER_OF(l, struct build, l)->g; }

/* Operand k as an instruction, and its value. */
static void make_operand(struct build *b, const struct rig_fn *f, u32 k)
{
    struct ir_ins *in = &b->g->ir.ins[k];
    *in = (struct ir_ins){ .op = IR_get, .type = f->operand[k], .arg = { IR_NONE, IR_NONE, IR_NONE, IR_NONE } };
    if (f->way == RIG_CONST && k == f->args - 1u) {
        in->op = IR_const;
        in->imm = f->konst.d[0];
        in->imm2 = f->konst.d[1];
        b->l.v[k] = lb_row(&b->l, k);
        return;
    }
    b->l.v[k] = load_value(&b->l, b->g, (enum ir_type)in->type,
                           offsetof(struct rig_frame, arg) + k * sizeof(union ir_val));
}

static void build_fn(struct build *b, u32 n)
{
    char name[16];
    struct rig *g = b->g;
    const struct rig_fn *f = &g->fn[n];
    LLVMTypeRef pointer = LLVMPointerTypeInContext(b->l.c, 0);
    snprintf(name, sizeof name, "r%u", n);
    b->l.fn = LLVMAddFunction(b->l.m, name, LLVMFunctionType(b->l.type[IR_VOID], &pointer, 1, false));
    b->l.fp_x86 = f->x86;
    LLVMPositionBuilderAtEnd(b->l.b, LLVMAppendBasicBlockInContext(b->l.c, b->l.fn, ""));
    g->frame_arg = LLVMGetParam(b->l.fn, 0);
    for (u32 k = 0; k < f->args; k++)
        make_operand(b, f, k);
    g->ir.ins[4] = f->in;
    g->ir.count = 5;
    store_value(&b->l, g, (enum ir_type)f->in.type, offsetof(struct rig_frame, out), lb_row(&b->l, 4));
    LLVMBuildRetVoid(b->l.b);
}

static void declare_eval(struct build *b)
{
    LLVMTypeRef pointer = LLVMPointerTypeInContext(b->l.c, 0);
    b->g->eval_fn = LLVMAddFunction(b->l.m, "rows_eval", LLVMFunctionType(b->l.type[IR_VOID], &pointer, 1, false));
    LLVMSetVisibility(b->g->eval_fn, LLVMHiddenVisibility);
}

static void compile_and_link(struct rig *g, LLVMModuleRef m)
{
    struct err e = { "" };
    struct llvm_object o;
    struct llvm_piece piece;
    struct llvm_arena arena = { take_code, g, g->delta, RIG_CODE, NULL };
    struct llvm_symbol symbol = { "rows_eval", (u64)(uintptr_t)(void (*)(struct rig_frame *))rows_eval };
    char names[RIG_FNS][16];
    const char *name[RIG_FNS];
    u8 *entry[RIG_FNS];
    for (u32 n = 0; n < g->count; n++) {
        snprintf(names[n], sizeof names[n], "r%u", n);
        name[n] = names[n];
    }
    g->used = 0;
    if (getenv("MYNAH_ROWS_IR"))
        LLVMDumpModule(m);
    struct llvm_compiler *k = llvm_compiler_new(&e); /* the features may be others than last time */
    if (!k || !llvm_compile(k, m, &o, &e))
        fail_msg("%s", e.msg);
    if (getenv("MYNAH_ROWS_OBJECT")) {
        FILE *out = fopen(getenv("MYNAH_ROWS_OBJECT"), "wb");
        assert_true(out && fwrite(o.bytes, o.size, 1, out) == 1 && !fclose(out));
    }
    if (!llvm_link(g->linker, &o, &arena, &symbol, 1, name, g->count, entry, &piece, &e))
        fail_msg("%s", e.msg);
    llvm_object_free(&o);
    llvm_compiler_free(k);
    g->code_bytes += piece.size;
    for (u32 n = 0; n < g->count; n++)
        g->fn[n].code = (void (*)(struct rig_frame *))(void *)(entry[n] + g->delta);
}

void rig_compile(struct rig *g)
{
    static struct build b;
    LLVMContextRef c = LLVMContextCreate();
    memset(&b, 0, sizeof b);
    b.g = g;
    lb_init(&b.l, c);
    b.l.m = LLVMModuleCreateWithNameInContext("rows", c);
    b.l.ir = &g->ir;
    b.l.eval = eval;
    b.l.features = g->features;
    b.l.fp_plain = true;
    declare_eval(&b);
    for (u32 n = 0; n < g->count; n++)
        build_fn(&b, n);
    compile_and_link(g, b.l.m);
    g->functions += g->count;
    LLVMDisposeModule(b.l.m);
    lb_done(&b.l);
    LLVMContextDispose(c);
}

/* ---- running ---- */

static u32 mxcsr_of(u32 ctl)
{
    static const u8 rc[4] = { [FP_RNE] = 0, [FP_RP] = 2, [FP_RM] = 1, [FP_RZ] = 3 };
    u32 flush = ctl & FP_NAN_X86 ? (ctl & FP_DAZ ? 0x40 : 0) | (ctl & FP_FTZ ? 0x8000 : 0) : 0;
    return 0x1f80 | flush | (u32)rc[ctl & 3] << 13;
}

static u32 flags_of(u32 mxcsr, bool x86)
{
    return (mxcsr & 1 ? FP_IOC : 0) | (mxcsr & 2 && x86 ? FP_DE : 0) | (mxcsr & 4 ? FP_DZC : 0)
           | (mxcsr & 8 ? FP_OFC : 0) | (mxcsr & 16 ? FP_UFC : 0) | (mxcsr & 32 ? FP_IXC : 0);
}

static void print_value(const char *what, const union ir_val *v)
{
    fprintf(stderr, "  %-8s %016llx %016llx %016llx %016llx\n", what, (unsigned long long)v->d[3],
            (unsigned long long)v->d[2], (unsigned long long)v->d[1], (unsigned long long)v->d[0]);
}

static void complain(struct rig *g, const struct rig_fn *f, const union ir_val *const arg[4],
                     const union ir_val *want, u32 ctl, u32 flags, u32 want_flags)
{
    static const char *const ways[] = { "", ", last operand constant", ", one operand" };
    g->failures++;
    fprintf(stderr, "%s %s lane %s -> %s imm %llu flag %u ctl %#x%s%s%s: flags %#x, not %#x\n",
            ir_rows[f->in.op].name, ir_type_name((enum ir_type)f->in.src), ir_type_name((enum ir_type)f->in.lane),
            ir_type_name((enum ir_type)f->in.type), (unsigned long long)f->in.imm, f->in.flag, ctl,
            f->x86 ? " (x86)" : "", ways[f->way], g->frame.evals ? " (by reference)" : "", flags, want_flags);
    for (u32 k = 0; k < f->args; k++)
        print_value("operand", arg[k]);
    print_value("result", &g->frame.out);
    print_value("not", want);
}

/* The code in the guest's FP environment; the sticky flags. */
static u32 execute(struct rig *g, const struct rig_fn *f, u32 ctl)
{
    u32 host = _mm_getcsr();
    _mm_setcsr(mxcsr_of(ctl));
    f->code(&g->frame);
    u32 after = _mm_getcsr();
    _mm_setcsr(host);
    assert_int_equal(after & ~0x3fu, mxcsr_of(ctl));
    return flags_of(after, f->x86) | g->frame.env.flags;
}

bool rig_run(struct rig *g, const struct rig_fn *f, const union ir_val v[4], u32 ctl)
{
    struct fp_env env = { ctl, 0 };
    struct rig_frame *to = &g->frame;
    const union ir_val *arg[4];
    union ir_val want;
    for (u32 k = 0; k < 4; k++) {
        to->arg[k] = v[k];
        arg[k] = f->way == RIG_SAME ? &v[0] : f->way == RIG_CONST && k == f->args - 1u ? &f->konst : &v[k];
    }
    memset(&to->out, 0, sizeof to->out);
    memset(to->eval_arg, 0, sizeof to->eval_arg);
    to->env = env;
    to->fn = f;
    to->evals = 0;
    u32 flags = execute(g, f, ctl);
    ir_eval(&f->in, arg, &env, &want);
    g->executed++;
    g->ran[f->in.op]++;
    g->by_reference[f->in.op] += to->evals != 0;
    u32 known = f->in.src == IR_F80 || f->in.type == IR_F80 ? ~0u : ~(u32)FP_UP; /* the host does not say it */
    if (!memcmp(&to->out, &want, sizeof want) && !((flags ^ env.flags) & known))
        return true;
    complain(g, f, arg, &want, ctl, flags, env.flags);
    return false;
}
