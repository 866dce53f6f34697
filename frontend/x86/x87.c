/*
 * x87.c - the x87 unit: register stack, exceptions, arithmetic, comparison.
 *
 * Intel SDM volume 1, chapter 8; volume 2 by instruction. Exceptions wait in FSW (ES, B) for the next waiting
 * instruction. Without CR0.NE that one tells the board (FERR#, SYSREG_X86_FERR) and waits for an interrupt, unless
 * the board says IGNNE# (appendix D.2): every exception is one of those that are reported late. The board hears that
 * an error is gone when the next one comes, which is soon enough: nobody looks at IGNNE# in between.
 */
#include "frontend/x86/x87.h"
#include "frontend/x86/helpers.h"

/* ---- control and status ---- */

static void update_summary(struct x86_state *s)
{
    bool es = s->fsw & ~s->fcw & X87_EXC;
    s->fsw = (u16)((s->fsw & ~(X87_ES | X87_B)) | (es ? X87_ES | X87_B : 0));
    s->ferr &= es;
}

void x87_set_fcw(struct x86_state *s, u16 fcw)
{
    s->fcw = (fcw & 0x1f3f) | 0x40;
    update_summary(s);
}

void x87_load_control(struct x86_state *s, u16 fcw, u16 fsw)
{
    s->fsw = (u16)((fsw & ~(X87_ES | X87_B)) | (s->fsw & (X87_ES | X87_B)));
    x87_set_fcw(s, fcw);
}

void x87_init(struct x86_state *s)
{
    s->fcw = 0x37f;
    s->fsw = s->fop = s->fcs = s->fds = 0;
    s->ftw = s->ferr = 0;
    s->fip = s->fdp = 0;
}

struct fp_env x87_env(const struct x86_state *s)
{
    static const u8 rounding[4] = { FP_RNE, FP_RM, FP_RP, FP_RZ };
    static const u16 precision[4] = { FP_PC24, 0, FP_PC53, 0 };
    u32 ctl = FP_X86 | rounding[s->fcw >> 10 & 3] | precision[s->fcw >> 8 & 3];
    return (struct fp_env){ ctl | (s->fcw & X87_UE ? 0 : FP_UF_EXACT) | (s->fcw & X87_OE ? 0 : FP_OF_EXACT), 0 };
}

static u32 fsw_bits(u32 flags)
{
    return (flags & FP_IOC) | (flags & FP_DE ? X87_DE : 0) | (flags & (FP_DZC | FP_OFC | FP_UFC | FP_IXC)) << 1;
}

bool x87_raise(struct x86_state *s, u32 flags)
{
    u32 bits = fsw_bits(flags), stopped = bits & ~(u32)s->fcw & X87_PRE;
    if (stopped)
        bits &= X87_PRE;
    s->fsw = (u16)((s->fsw & ~X87_C1) | bits | (flags & FP_UP && !stopped ? X87_C1 : 0));
    update_summary(s);
    return !stopped;
}

bool x87_raise_stack(struct x86_state *s, bool overflow)
{
    bool go = x87_raise(s, FP_IOC);
    s->fsw |= X87_SF | (overflow ? X87_C1 : 0);
    return go;
}

/* The instruction is as one that has not begun: it comes again behind the interrupt. */
static void stop_for_error(struct vcpu *v, const struct sysreg_port *p)
{
    struct x86_state *s = v->state;
    if (!s->ferr) {
        s->ferr = 1;
        p->write(p->opaque, SYSREG_X86_FERR, 0); /* the error before is gone */
        p->write(p->opaque, SYSREG_X86_FERR, 1);
    }
    s->shadow = 0;
    v->s.halted = 1;
    v->raised = true;
}

/* Without NE and a board that listens the error is passed over. */
u64 x86_h_fpu_wait(struct vcpu *v, u64 a, u64 b, u64 c)
{
    const struct x86_state *s = v->state;
    const struct sysreg_port *p = v->ports[SYSREG_X86_FERR];
    (void)a, (void)b, (void)c;
    if (s->cr0 & X86_CR0_NE)
        x86_raise(v, X86_MF, false, 0);
    else if (p && !(s->ferr && p->read(p->opaque, SYSREG_X86_FERR)))
        stop_for_error(v, p);
    return 0;
}

u64 x86_h_x87_ldcw(struct vcpu *v, u64 fcw, u64 b, u64 c)
{
    (void)b, (void)c;
    x87_set_fcw(v->state, (u16)fcw);
    return 0;
}

/* ---- the stack ---- */

static void set_top(struct x86_state *s, u32 top) { s->fsw = (u16)((s->fsw & ~X87_TOP) | (top & 7) << 11); }

void x87_put(struct x86_state *s, u32 n, u128 v)
{
    u32 r = x87_phys(s, n);
    s->mm[r] = (u64)v;
    s->fexp[r] = (u16)(v >> 64);
    s->ftw |= (u8)(1u << r);
}

static void set_empty(struct x86_state *s, u32 n) { s->ftw &= (u8)~(1u << x87_phys(s, n)); }

void x87_pop(struct x86_state *s, u32 n)
{
    for (; n; n--) {
        set_empty(s, 0);
        set_top(s, x87_phys(s, 1));
    }
}

void x87_push_value(struct x86_state *s, u128 v)
{
    set_top(s, x87_phys(s, 7));
    x87_put(s, 0, v);
}

bool x87_room(struct x86_state *s)
{
    return x87_is_empty(s, 7) || (x87_raise_stack(s, true) && (x87_push_value(s, X87_NAN), false));
}

void x87_push(struct x86_state *s, u128 v, u32 flags)
{
    if (x87_room(s) && x87_raise(s, flags))
        x87_push_value(s, v);
}

/* ---- two operands ---- */

static bool is_inf(u128 v) { return (v >> 64 & 0x7fff) == 0x7fff && (u64)v == 1ull << 63; }
static bool is_zero(u128 v) { return !(v >> 64 & 0x7fff) && !(u64)v; }
/* A NaN, or an encoding that is not supported. */
static bool is_nan(u128 v)
{
    u32 be = (u32)(v >> 64) & 0x7fff;
    return be && (!((u64)v >> 63) || (be == 0x7fff && (u64)v << 1));
}

static u128 compute(u32 op, u128 a, u128 b, struct fp_env *e)
{
    switch (op) {
    case X87_ADD: return fp_add(FP_F80, a, b, e);
    case X87_MUL: return fp_mul(FP_F80, a, b, e);
    case X87_SUB: return fp_sub(FP_F80, a, b, e);
    case X87_SUBR: return fp_sub(FP_F80, b, a, e);
    case X87_DIV: return fp_div(FP_F80, a, b, e);
    default: return fp_div(FP_F80, b, a, e);
    }
}

static void set_relation(struct x86_state *s, enum fp_rel rel)
{
    static const u16 codes[] = {
        [FP_LT] = X87_C0, [FP_EQ] = X87_C3, [FP_GT] = 0, [FP_UN] = X87_C0 | X87_C2 | X87_C3
    };
    s->fsw = (u16)((s->fsw & ~X87_CC) | codes[rel]);
}

/* FCOM, FUCOM. flags: of fetching b. The relation is told even where an unmasked exception holds back the pop. */
static void compare(struct x86_state *s, u128 b, bool empty, u32 flags, bool quiet, u32 pops)
{
    struct fp_env e = x87_env(s);
    enum fp_rel rel = FP_UN;
    bool go;
    if (empty || x87_is_empty(s, 0)) {
        go = x87_raise_stack(s, false);
    } else {
        rel = fp_cmp(FP_F80, x87_get(s, 0), b, !quiet, &e);
        go = x87_raise(s, e.flags | (rel == FP_UN ? 0 : flags));
    }
    set_relation(s, rel);
    if (go)
        x87_pop(s, pops);
}

void x87_arith(struct x86_state *s, u32 op, u128 b, bool b_empty, u32 flags, u32 dest, u32 pops)
{
    struct fp_env e = x87_env(s);
    u128 r = X87_NAN;
    bool go;
    if (op == X87_COM || op == X87_COMP) {
        compare(s, b, b_empty, flags, false, pops);
        return;
    }
    if (b_empty || x87_is_empty(s, 0)) {
        go = x87_raise_stack(s, false);
    } else {
        r = compute(op, x87_get(s, 0), b, &e);
        go = x87_raise(s, e.flags | (e.flags & (FP_IOC | FP_DZC) || is_nan(r) ? 0 : flags));
    }
    if (!go)
        return;
    x87_put(s, dest, r);
    x87_pop(s, pops);
}

/* ---- FCOMI: ZF PF CF in bits 6 2 0, whatever is unmasked ---- */

static u64 compare_flags(struct x86_state *s, u32 i, bool quiet, u32 pops)
{
    static const u8 flags[] = { [FP_LT] = 1, [FP_EQ] = 0x40, [FP_GT] = 0, [FP_UN] = 0x45 };
    struct fp_env e = x87_env(s);
    enum fp_rel rel = FP_UN;
    u16 c1 = s->fsw & X87_C1;
    bool go;
    if (x87_is_empty(s, 0) || x87_is_empty(s, i)) {
        go = x87_raise_stack(s, false);
    } else {
        rel = fp_cmp(FP_F80, x87_get(s, 0), x87_get(s, i), !quiet, &e);
        go = x87_raise(s, e.flags);
        s->fsw |= c1; /* AMD's processors leave it */
    }
    if (go)
        x87_pop(s, pops);
    return flags[rel];
}

/* ---- moves ---- */

static bool underflow(struct x86_state *s, u32 n) { return x87_is_empty(s, n); }

static void load_register(struct x86_state *s, u32 i)
{
    if (!underflow(s, i))
        x87_push(s, x87_get(s, i), 0);
    else if (x87_raise_stack(s, false))
        x87_push_value(s, X87_NAN);
}

static void store_register(struct x86_state *s, u32 i, u32 pops)
{
    bool go = underflow(s, 0) ? x87_raise_stack(s, false) : x87_raise(s, 0);
    if (!go)
        return;
    x87_put(s, i, underflow(s, 0) ? X87_NAN : x87_get(s, 0));
    x87_pop(s, pops);
}

/* D9 D8+i: without an exception; nothing is moved from an empty register. */
static void store_quietly(struct x86_state *s, u32 i)
{
    s->fsw &= (u16)~X87_C1;
    if (!underflow(s, 0))
        x87_put(s, i, x87_get(s, 0));
    x87_pop(s, 1);
}

static void exchange(struct x86_state *s, u32 i)
{
    bool empty = underflow(s, 0) || underflow(s, i);
    if (!(empty ? x87_raise_stack(s, false) : x87_raise(s, 0)))
        return;
    u128 a = underflow(s, 0) ? X87_NAN : x87_get(s, 0), b = underflow(s, i) ? X87_NAN : x87_get(s, i);
    x87_put(s, 0, b);
    x87_put(s, i, a);
}

static void move_if(struct x86_state *s, u32 i, bool condition)
{
    if (underflow(s, 0) || underflow(s, i)) {
        if (x87_raise_stack(s, false))
            x87_put(s, 0, X87_NAN);
        return;
    }
    if (condition)
        x87_put(s, 0, x87_get(s, i));
}

static void load_constant(struct x86_state *s, u32 op)
{
    /* Rounded down; to nearest is `near` more. */
    static const struct {
        u16 exp;
        u8 near;
        u64 sig;
    } table[] = {
        { 0x3fff, 0, 1ull << 63 },
        { 0x4000, 0, 0xd49a784bcd1b8afe },
        { 0x3fff, 1, 0xb8aa3b295c17f0bb },
        { 0x4000, 1, 0xc90fdaa22168c234 },
        { 0x3ffd, 1, 0x9a209a84fbcff798 },
        { 0x3ffe, 1, 0xb17217f7d1cf79ab },
        { 0, 0, 0 },
    };
    u32 k = op - X87_LD1, rc = s->fcw >> 10 & 3, exact = k == 0 || k == 6;
    u64 more = exact ? 0 : rc == 0 ? table[k].near : rc == 2;
    x87_push(s, (u128)table[k].exp << 64 | (table[k].sig + more), 0);
}

/* ---- one operand ---- */

static void examine(struct x86_state *s)
{
    u128 v = x87_get(s, 0);
    u32 be = (u32)(v >> 64) & 0x7fff, c;
    u64 sig = (u64)v;
    if (x87_is_empty(s, 0))
        c = X87_C3 | X87_C0;
    else if (be == 0)
        c = sig ? X87_C3 | X87_C2 : X87_C3;
    else if (!(sig >> 63))
        c = 0;
    else
        c = be < 0x7fff ? X87_C2 : sig << 1 ? X87_C0 : X87_C2 | X87_C0;
    s->fsw = (u16)((s->fsw & ~X87_CC) | c | (v >> 79 ? X87_C1 : 0));
}

static u128 scale_by_inf(u128 a, u128 b, struct fp_env *e)
{
    bool up = !(b >> 79);
    if (up ? is_zero(a) : is_inf(a)) {
        e->flags |= FP_IOC;
        return X87_NAN;
    }
    fp_cmp(FP_F80, a, a, false, e); /* a denormal is told */
    return (a & (u128)1 << 79) | (up ? (u128)0x7fff << 64 | 1ull << 63 : 0);
}

static u128 scale(u128 a, u128 b, struct fp_env *e)
{
    struct fp_env quiet = { 0, 0 };
    if (is_nan(a) || is_nan(b))
        return fp_add(FP_F80, a, b, e);
    if (is_inf(b))
        return scale_by_inf(a, b, e);
    fp_cmp(FP_F80, b, b, false, e);
    i64 n = (i64)fp_to_int(FP_F80, b, 0, 64, true, FP_RZ, &quiet);
    u32 told = e->flags;
    u128 r = fp_scale(FP_F80, a, (i32)MAX(-(1 << 20), MIN(n, 1 << 20)), e);
    e->flags |= told;
    return r;
}

static void partial_remainder(struct x86_state *s, bool nearest)
{
    struct fp_env e = x87_env(s);
    u64 q = 0;
    bool partial = false, empty = x87_is_empty(s, 0) || x87_is_empty(s, 1);
    u128 r = X87_NAN;
    if (!empty)
        r = fp_prem(FP_F80, x87_get(s, 0), x87_get(s, 1), nearest, &q, &partial, &e);
    s->fsw &= (u16)~X87_C2;
    if (!(empty ? x87_raise_stack(s, false) : x87_raise(s, e.flags)))
        return;
    x87_put(s, 0, r);
    if (is_nan(r))
        return;
    u32 cc = partial ? X87_C2 : (q & 1 ? X87_C1 : 0) | (q & 2 ? X87_C3 : 0) | (q & 4 ? X87_C0 : 0);
    s->fsw = (u16)((s->fsw & ~X87_CC) | cc);
}

static void one_operand(struct x86_state *s, u32 op)
{
    struct fp_env e = x87_env(s);
    if (x87_is_empty(s, 0) || (op == X87_SCALE && x87_is_empty(s, 1))) {
        if (x87_raise_stack(s, false))
            x87_put(s, 0, X87_NAN);
        return;
    }
    u128 a = x87_get(s, 0), r;
    switch (op) {
    case X87_CHS: r = fp_neg(FP_F80, a); break;
    case X87_ABS: r = fp_abs(FP_F80, a); break;
    case X87_SQRT: r = fp_sqrt(FP_F80, a, &e); break;
    case X87_RNDINT: r = fp_rint(FP_F80, a, (enum fp_rm)(e.ctl & FP_RM_MASK), true, &e); break;
    default: r = scale(a, x87_get(s, 1), &e);
    }
    if (x87_raise(s, e.flags))
        x87_put(s, 0, r);
}

static void extract(struct x86_state *s)
{
    struct fp_env e = x87_env(s);
    if (x87_is_empty(s, 0) || !x87_is_empty(s, 7)) {
        if (x87_raise_stack(s, !x87_is_empty(s, 0))) {
            x87_put(s, 0, X87_NAN);
            x87_push_value(s, X87_NAN);
        }
        return;
    }
    u128 a = x87_get(s, 0), exponent = fp_getexp(FP_F80, a, &e), significand = fp_getman(FP_F80, a, &e);
    if (!x87_raise(s, e.flags & ~(u32)FP_UP))
        return;
    x87_put(s, 0, exponent);
    x87_push_value(s, significand);
}

/* ---- the helpers ---- */

static void control(struct x86_state *s, u32 op)
{
    if (op == X87_INIT)
        x87_init(s);
    else if (op == X87_CLEX)
        s->fsw &= X87_TOP | X87_CC, s->ferr = 0;
    else if (op == X87_DECSTP || op == X87_INCSTP) {
        set_top(s, x87_phys(s, op == X87_INCSTP ? 1 : 7));
        s->fsw &= (u16)~X87_C1;
    }
}

static void free_register(struct x86_state *s, u32 i, u32 pops)
{
    s->fsw &= (u16)~X87_C1;
    set_empty(s, i);
    x87_pop(s, pops);
}

u64 x86_h_x87_op(struct vcpu *v, u64 op, u64 arg, u64 c)
{
    struct x86_state *s = v->state;
    u32 i = arg & 7, pops = arg >> X87_ARG_POP & 3;
    (void)c;
    if (op <= X87_DIVR) {
        x87_arith(s, (u32)op, x87_get(s, i), x87_is_empty(s, i), 0, arg & X87_ARG_TO_I ? i : 0, pops);
        return 0;
    }
    switch (op) {
    case X87_UCOM: compare(s, x87_get(s, i), x87_is_empty(s, i), 0, true, pops); break;
    case X87_COMI:
    case X87_UCOMI: return compare_flags(s, i, op == X87_UCOMI, pops);
    case X87_LD: load_register(s, i); break;
    case X87_ST: store_register(s, i, pops); break;
    case X87_STNCE: store_quietly(s, i); break;
    case X87_XCH: exchange(s, i); break;
    case X87_FREE: free_register(s, i, pops); break;
    case X87_CMOV: move_if(s, i, arg & X87_ARG_TRUE); break;
    case X87_TST: compare(s, 0, false, 0, false, 0); break;
    case X87_XAM: examine(s); break;
    case X87_XTRACT: extract(s); break;
    case X87_PREM:
    case X87_PREM1: partial_remainder(s, op == X87_PREM1); break;
    case X87_NOP:
    case X87_CLEX:
    case X87_INIT:
    case X87_DECSTP:
    case X87_INCSTP: control(s, (u32)op); break;
    default:
        if (op >= X87_LD1 && op <= X87_LDZ)
            load_constant(s, (u32)op);
        else if (op >= X87_2XM1)
            x87_math(s, (u32)op);
        else
            one_operand(s, (u32)op);
    }
    return 0;
}
