/*
 * x64_fp_rig.h - runs the emitter of one FP row and compares with ir_eval(): result, sticky flags, registers kept.
 *
 * Instead of the register allocator stands a fake one. Operands lie in registers of their own, with signalling NaNs
 * above scalars and garbage above integers; cold code sets a flag and leaves. A row that calls xe_eval() is not run.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "backend/jit/x64/emit_rows.h"

/* ---- the fake allocator ---- */

/* What generated code loads its registers from and stores them to; r13 points to it. */
struct frame {
    u128 v[16], v_out[16];
    u64  r[16], r_out[16];
    u32  mxcsr, mxcsr_out, mxcsr_host;
    u32  cold;
};

#define CONSTS 64u
#define CODE_SIZE 8192u
struct pages { /* executable but for the first part */
    u128 consts[CONSTS];
    u8   pad[4096 - CONSTS * 16];
    u8   code[CODE_SIZE];
};

struct xe {
    struct xasm      a;
    struct ir_block *ir;
    struct pages    *mem;
    bool             plain, x86, over, evaluated;
    u32              consts;
    u32              first_v, first_r;     /* registers are handed out from here on, in turn */
    u32              next_v, next_r;
    i8               reg[8][2];            /* of values by number and half; -1: none yet */
    u32              changes_v, changes_r; /* registers that may change: results and temporaries */
    u8              *cold[4];
    u32              colds, open;
};

struct xasm *xe_asm(struct xe *x) { return &x->a; }
const struct ir_block *xe_ir(const struct xe *x) { return x->ir; }
void xe_flags_lost(struct xe *x) { (void)x; }
void xe_clean(struct xe *x, u32 i) { (void)x, (void)i; }
bool xe_fp_plain(const struct xe *x) { return x->plain; }
bool xe_fp_x86(const struct xe *x) { return x->x86; }
void xe_eval(struct xe *x, u32 i) { (void)i, x->evaluated = true; }

static enum xreg new_v(struct xe *x)
{
    u32 r = x->first_v + x->next_v++;
    assert_true(x->next_v <= 13);
    return (enum xreg)(r % 13);
}

static enum xreg new_r(struct xe *x)
{
    static const u8 order[] = { RBX, RBP, RSI, RDI, R8, R9, R10, R11 };
    u32 r = x->first_r + x->next_r++;
    assert_true(x->next_r <= COUNT(order));
    return (enum xreg)order[r % COUNT(order)];
}

static enum xreg value_reg(struct xe *x, ir_ref r, u32 half, enum xreg fresh(struct xe *))
{
    if (x->reg[r][half] < 0)
        x->reg[r][half] = (i8)fresh(x);
    return (enum xreg)x->reg[r][half];
}

enum xreg xe_use(struct xe *x, ir_ref r) { return value_reg(x, r, 0, new_r); }
enum xreg xe_use_v(struct xe *x, ir_ref r) { return value_reg(x, r, 0, new_v); }
enum xreg xe_use_v2(struct xe *x, ir_ref r) { return value_reg(x, r, 1, new_v); }

enum xreg xe_tmp(struct xe *x)
{
    enum xreg r = new_r(x);
    x->changes_r |= 1u << r;
    return r;
}

enum xreg xe_tmp_v(struct xe *x)
{
    enum xreg r = new_v(x);
    x->changes_v |= 1u << r;
    return r;
}

enum xreg xe_use_zx(struct xe *x, ir_ref r)
{
    enum xreg s = xe_use(x, r);
    u32 bits = ir_bits((enum ir_type)x->ir->ins[r].type);
    if (bits == 64)
        return s;
    enum xreg t = xe_tmp(x);
    xa_movzx(&x->a, bits, t, s);
    return t;
}

enum xreg xe_def(struct xe *x, u32 i)
{
    x->reg[i][0] = (i8)xe_tmp(x);
    return (enum xreg)x->reg[i][0];
}

enum xreg xe_def_v(struct xe *x, u32 i)
{
    x->reg[i][0] = (i8)xe_tmp_v(x);
    return (enum xreg)x->reg[i][0];
}

enum xreg xe_def_v2(struct xe *x, u32 i)
{
    x->reg[i][1] = (i8)xe_tmp_v(x);
    return (enum xreg)x->reg[i][1];
}

enum xreg xe_def_v_over(struct xe *x, u32 i, ir_ref r)
{
    if (!x->over)
        return xe_def_v(x, i);
    x->reg[i][0] = x->reg[r][0];
    x->changes_v |= 1u << x->reg[r][0];
    return (enum xreg)x->reg[i][0];
}

struct xmem xe_const128(struct xe *x, u64 lo, u64 hi)
{
    assert_true(x->consts < CONSTS);
    x->mem->consts[x->consts] = (u128)hi << 64 | lo;
    return xm_abs(&x->mem->consts[x->consts++]);
}

/* One jump an instruction, its result and temporaries known before. */
void xe_cold_eval(struct xe *x, u32 i, u8 *from)
{
    assert_true(x->reg[i][0] >= 0 && x->colds == 0);
    x->cold[x->colds++] = from;
    x->open++;
}

void xe_cold_eval_back(struct xe *x)
{
    assert_int_equal(x->open, 1);
    x->open = 0;
}

/* ---- code around a row ---- */

static const u8 pushed[] = { RBX, RBP, R12, R13, R14, R15 };

#define AT(member) xm(R13, (i32)offsetof(struct frame, member))

static struct xmem at_v(size_t base, u32 r) { return xm(R13, (i32)(base + 16 * r)); }
static struct xmem at_r(size_t base, u32 r) { return xm(R13, (i32)(base + 8 * r)); }

static void prologue(struct xasm *a)
{
    for (u32 k = 0; k < COUNT(pushed); k++)
        xa_push(a, (enum xreg)pushed[k]);
    xa_mov_rr(a, 64, R13, RDI);
    xa_stmxcsr(a, AT(mxcsr_host));
    xa_ldmxcsr(a, AT(mxcsr));
    for (u32 r = 0; r < 16; r++) {
        xa_vload(a, 16, (enum xreg)r, at_v(offsetof(struct frame, v), r));
        if (r != RSP && r != R13)
            xa_mov_rm(a, 64, (enum xreg)r, at_r(offsetof(struct frame, r), r));
    }
}

static void epilogue(struct xe *x)
{
    struct xasm *a = &x->a;
    const u8 *out = xa_here(a);
    for (u32 r = 0; r < 16; r++) {
        xa_vstore(a, 16, at_v(offsetof(struct frame, v_out), r), (enum xreg)r);
        if (r != RSP)
            xa_mov_mr(a, 64, at_r(offsetof(struct frame, r_out), r), (enum xreg)r);
    }
    xa_stmxcsr(a, AT(mxcsr_out));
    xa_ldmxcsr(a, AT(mxcsr_host));
    for (u32 k = COUNT(pushed); k--;)
        xa_pop(a, (enum xreg)pushed[k]);
    xa_ret(a);
    for (u32 k = 0; k < x->colds; k++)
        xa_here_is(a, x->cold[k], false);
    xa_mov_mi(a, 32, AT(cold), 1);
    xa_jmp(a, out);
}

typedef void emit_fn(struct xe *, u32);
static emit_fn *emitter(const struct ir_ins *in)
{
    switch (in->op) {
#define ROW(name) case IR_##name: return in->lane == IR_VOID ? x64_emit_##name : x64_vemit_##name;
        ROW(fadd) ROW(fsub) ROW(fmul) ROW(fdiv) ROW(fsqrt) ROW(fma) ROW(fmin) ROW(fmax) ROW(fminnm) ROW(fmaxnm)
        ROW(fmulx) ROW(frecps) ROW(frsqrts) ROW(frecpe) ROW(frsqrte) ROW(frecpx) ROW(fabs) ROW(fneg) ROW(fcmeq)
        ROW(fcmge) ROW(fcmgt) ROW(facge) ROW(facgt) ROW(frint) ROW(ftos) ROW(ftou) ROW(ftosx) ROW(stof) ROW(utof)
#undef ROW
    case IR_fcmp: return x64_emit_fcmp;
    case IR_fcvt: return x64_emit_fcvt;
    case IR_fprem: return x64_emit_fprem;
    case IR_fpremq: return x64_emit_fpremq;
    case IR_vfcvtl: return x64_emit_vfcvtl;
    case IR_vfcvtn: return x64_emit_vfcvtn;
    default: fail(); return NULL;
    }
}

/* ---- a row under test ---- */

struct rig {
    struct xe       x;
    struct ir_block ir; /* operands 0 to args - 1, then the row */
    struct frame    f;
    struct ir_ins  *in;
    u32             args;
    bool            x86;  /* the guest's FP is x86's */
    u32             executed, went_cold;
};

static struct rig rig;

/* Signalling NaNs. */
static const u64 junk_f16 = 0x7d017d017d017d01, junk_f32 = 0x7fa000017f812345, junk_f64 = 0x7ff0dead00000001;

/* False: no memory. */
static bool rig_init(struct rig *g)
{
    g->x.mem = mmap(NULL, sizeof(struct pages), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (u32 r = 0; r < 16; r++) {
        g->f.v[r] = (u128)junk_f64 << 64 | junk_f32;
        g->f.r[r] = 0xabad1deaull << 32 | r;
    }
    return g->x.mem != MAP_FAILED;
}

/* The row's operands are values 0, 1, 2; `same`: all are value 0. */
static void set_row(struct rig *g, struct ir_ins row, bool same)
{
    g->args = ir_rows[row.op].args;
    for (u32 k = 0; k < g->args; k++) {
        g->ir.ins[k] = (struct ir_ins){ .op = IR_get, .type = row.src };
        row.arg[k] = (ir_ref)(same ? 0 : k);
    }
    for (u32 k = g->args; k < 4; k++)
        row.arg[k] = IR_NONE;
    g->in = &g->ir.ins[g->args];
    *g->in = row;
    g->ir.count = g->args + 1;
}

/* False: the emitter left it to xe_eval(). turn: which registers come first. */
static bool compile(struct rig *g, u32 features, bool plain, u32 turn)
{
    struct xe *x = &g->x;
    struct pages *mem = x->mem;
    assert_int_equal(mprotect(mem->code, CODE_SIZE, PROT_READ | PROT_WRITE), 0);
    *x = (struct xe){ .a = { .p = mem->code, .end = mem->code + CODE_SIZE, .features = features }, .ir = &g->ir,
                      .mem = mem, .plain = plain, .x86 = g->x86, .over = !(turn & 1), .first_v = turn * 5,
                      .first_r = turn * 3 };
    memset(x->reg, -1, sizeof x->reg);
    prologue(&x->a);
    emitter(g->in)(x, g->args);
    epilogue(x);
    assert_false(x->a.full);
    assert_int_equal(x->open, 0);
    assert_int_equal(mprotect(mem->code, CODE_SIZE, PROT_READ | PROT_EXEC), 0);
    return !x->evaluated;
}

static bool in_xmm(u32 type) { return ir_is_float((enum ir_type)type) || ir_is_vec((enum ir_type)type); }

/* Operand k to its registers, the rest of which raises flags wherever it is computed with. */
static void load_operand(struct rig *g, u32 k, const union ir_val *v)
{
    u32 type = g->ir.ins[k].type, bits = ir_bits((enum ir_type)type);
    i8 *reg = g->x.reg[k];
    u64 junk = bits == 64 ? junk_f64 : bits == 32 ? junk_f32 : junk_f16;
    u64 mask = bits >= 64 ? ~0ull : (1ull << bits) - 1;
    if (reg[0] < 0)
        return;
    if (ir_is_vec((enum ir_type)type)) {
        g->f.v[reg[0]] = v->q[0];
        if (reg[1] >= 0)
            g->f.v[reg[1]] = v->q[1];
    } else if (in_xmm(type)) {
        g->f.v[reg[0]] = (u128)junk << 64 | (junk & ~mask) | v->d[0];
    } else {
        g->f.r[reg[0]] = v->d[0] | (0x8080808080808080 & ~mask);
    }
}

static u32 host_flags(const struct rig *g)
{
    u32 m = g->f.mxcsr_out;
    return (m & 1 ? FP_IOC : 0) | (m & 2 && g->x86 ? FP_DE : 0) | (m & 4 ? FP_DZC : 0) | (m & 8 ? FP_OFC : 0)
           | (m & 16 ? FP_UFC : 0) | (m & 32 ? FP_IXC : 0);
}

static u32 mxcsr_of(u32 ctl)
{
    static const u8 rc[4] = { [FP_RNE] = 0, [FP_RP] = 2, [FP_RM] = 1, [FP_RZ] = 3 };
    u32 flush = ctl & FP_NAN_X86 ? (ctl & FP_DAZ ? 0x40 : 0) | (ctl & FP_FTZ ? 0x8000 : 0) : 0;
    return 0x1f80 | flush | (u32)rc[ctl & 3] << 13;
}

static union ir_val result(const struct rig *g)
{
    union ir_val v = { .q = { 0, 0 } };
    u32 type = g->in->type, bits = ir_bits((enum ir_type)type);
    const i8 *reg = g->x.reg[g->args];
    if (!in_xmm(type)) {
        v.d[0] = g->f.r_out[reg[0]];
        return v;
    }
    v.q[0] = g->f.v_out[reg[0]];
    if (type == IR_V256)
        v.q[1] = g->f.v_out[reg[1]];
    if (bits < 128)
        v.q[0] &= ((u128)1 << bits) - 1;
    return v;
}

static void complain(const struct rig *g, const union ir_val *v, u32 ctl, const char *what)
{
    union ir_val r = result(g);
    fprintf(stderr, "%s %s lane %s -> %s imm %llu flag %u ctl %#x features %#x: %s%s\n", ir_rows[g->in->op].name,
            ir_type_name((enum ir_type)g->in->src), ir_type_name((enum ir_type)g->in->lane),
            ir_type_name((enum ir_type)g->in->type), (unsigned long long)g->in->imm, g->in->flag, ctl,
            g->x.a.features, what, g->f.cold ? " (cold)" : "");
    for (u32 k = 0; k < g->args; k++)
        fprintf(stderr, "  operand %016llx %016llx\n", (unsigned long long)v[k].d[1], (unsigned long long)v[k].d[0]);
    fprintf(stderr, "  result  %016llx %016llx flags %#x\n", (unsigned long long)r.d[1], (unsigned long long)r.d[0],
            host_flags(g));
    fail();
}

static bool kept(const struct rig *g)
{
    for (u32 r = 0; r < 16; r++) {
        bool scratch_v = r >= 13, scratch_r = r == RAX || r == RCX || r == RDX || r == RSP || r == R13;
        if (!scratch_v && !(g->x.changes_v >> r & 1) && g->f.v[r] != g->f.v_out[r])
            return false;
        if (!scratch_r && !(g->x.changes_r >> r & 1) && g->f.r[r] != g->f.r_out[r])
            return false;
    }
    return true;
}

/* Runs the compiled row on v (zero above the types' widths). */
static void run(struct rig *g, const union ir_val *v, u32 ctl)
{
    struct fp_env env = { ctl, 0 };
    const union ir_val *arg[4];
    union ir_val want, got;
    for (u32 k = 0; k < g->args; k++) {
        load_operand(g, k, &v[k]);
        arg[k] = &v[g->in->arg[k]];
    }
    g->f.mxcsr = mxcsr_of(ctl);
    g->f.cold = 0;
    ((void (*)(struct frame *))(void *)g->x.mem->code)(&g->f);
    ir_eval(g->in, arg, &env, &want);
    got = result(g);
    g->executed++;
    g->went_cold += g->f.cold;
    u32 host = host_flags(g);
    if (!kept(g))
        complain(g, v, ctl, "a register changed");
    if (g->f.cold ? host & ~env.flags : host != env.flags)
        complain(g, v, ctl, "wrong flags");
    if (!g->f.cold && memcmp(&got, &want, sizeof got))
        complain(g, v, ctl, "wrong result");
}
