/*
 * x87_mem.c - x87 operands in memory: numbers of all formats, BCD, environments.
 *
 * Intel SDM volume 1, 8.1.10 (environments), 8.3.3; volume 2 FLD, FST, FILD, FIST, FISTTP, FBLD, FBSTP, FNSTENV,
 * FNSAVE.
 */
#include "frontend/x86/helpers.h"
#include "frontend/x86/x87.h"
#include "base/bits.h"

#define BCD_MAX             999999999999999999ull
#define BCD_INDEFINITE_HIGH 0xffffu
#define BCD_INDEFINITE_LOW  0xc000000000000000ull

/* ---- loads: kind, and the value's low 64 bits; high: the rest of m80 ---- */

static u128 from_bcd(u64 low, u64 high)
{
    struct fp_env e = { FP_X86, 0 };
    u64 n = 0;
    for (u32 k = 18; k--;)
        n = n * 10 + ((k < 16 ? low >> 4 * k : high >> 4 * (k - 16)) & 15);
    return fp_from_int(FP_F80, n, 0, 64, false, &e) | (high & 0x8000 ? fp_sign_bit(FP_F80) : 0);
}

static u128 fetch(u32 kind, u64 low, u64 high, struct fp_env *e)
{
    switch (kind) {
    case X87_F32: return fp_cvt(FP_F32, FP_F80, low, e);
    case X87_F64: return fp_cvt(FP_F64, FP_F80, low, e);
    case X87_F80: return (u128)(high & 0xffff) << 64 | low;
    case X87_BCD: return from_bcd(low, high);
    default: return fp_from_int(FP_F80, low, 0, 16u << (kind - X87_I16), true, e);
    }
}

u64 x86_h_x87_load(struct vcpu *v, u64 low, u64 high, u64 kind)
{
    struct x86_state *s = v->state;
    struct fp_env e = x87_env(s);
    u128 val = fetch((u32)kind, low, high, &e);
    if (!x87_room(s))
        return 0;
    if (x87_raise(s, e.flags & ~(u32)FP_UP) || !(e.flags & FP_IOC)) /* an unmasked denormal is loaded all the same */
        x87_push_value(s, val);
    return 0;
}

/* A signalling NaN in memory reaches the operation as one: its flag is all that fetching adds. */
u64 x86_h_x87_arith(struct vcpu *v, u64 low, u64 kind, u64 op)
{
    struct x86_state *s = v->state;
    struct fp_env e = x87_env(s);
    u128 b = fetch((u32)kind, low, 0, &e);
    bool snan = e.flags & FP_IOC;
    if (snan) /* signalling again, so that a NaN in ST(0) is chosen against it rightly */
        b &= ~((u128)1 << 62);
    x87_arith(s, (u32)op, b, false, e.flags & FP_DE, 0, op == X87_COMP);
    return 0;
}

/* ---- stores ---- */

static u64 to_bcd(u128 a, bool high, struct fp_env *e)
{
    u64 n = fp_to_int_x86(FP_F80, a, 64, (enum fp_rm)(e->ctl & FP_RM_MASK), e), sign = a >> 79 & 1, out = 0;
    if (sign)
        n = 0 - n;
    if (n > BCD_MAX || e->flags & FP_IOC) {
        e->flags = FP_IOC;
        return high ? BCD_INDEFINITE_HIGH : BCD_INDEFINITE_LOW;
    }
    for (u32 k = 0; k < 18; k++, n /= 10)
        if ((k >= 16) == high)
            out |= n % 10 << 4 * (k & 15);
    return high ? out | sign << 15 : out;
}

static u64 convert(u32 kind, bool trunc, u128 a, bool high, struct fp_env *e)
{
    enum fp_rm rm = trunc ? FP_RZ : (enum fp_rm)(e->ctl & FP_RM_MASK);
    switch (kind) {
    case X87_F32: return (u64)fp_cvt(FP_F80, FP_F32, a, e);
    case X87_F64: return (u64)fp_cvt(FP_F80, FP_F64, a, e);
    case X87_F80: return (u64)(high ? a >> 64 : a);
    case X87_BCD: return to_bcd(a, high, e);
    default: return fp_to_int_x86(FP_F80, a, 16u << (kind - X87_I16), rm, e);
    }
}

u64 x86_h_x87_value(struct vcpu *v, u64 arg, u64 high, u64 c)
{
    const struct x86_state *s = v->state;
    struct fp_env e = x87_env(s);
    (void)c;
    return convert(arg & 15, arg & X87_ARG_TRUNC, x87_is_empty(s, 0) ? X87_NAN : x87_get(s, 0), high, &e);
}

/* The exceptions and the pop. Not 0: the value is to be stored. */
u64 x86_h_x87_store(struct vcpu *v, u64 arg, u64 b, u64 c)
{
    struct x86_state *s = v->state;
    struct fp_env e = x87_env(s);
    bool go;
    (void)b, (void)c;
    if (x87_is_empty(s, 0)) {
        go = x87_raise_stack(s, false);
    } else {
        convert(arg & 15, arg & X87_ARG_TRUNC, x87_get(s, 0), false, &e);
        u32 stop = (s->fcw & X87_OE ? 0 : e.flags & FP_OFC) | (s->fcw & X87_UE ? 0 : e.flags & FP_UFC);
        go = x87_raise(s, stop ? e.flags & ~(u32)(FP_UP | FP_IXC) : e.flags) && !stop;
    }
    if (go && arg & X87_ARG_POPS)
        x87_pop(s, 1);
    return go;
}

/* ---- environments ---- */

static u32 tag(const struct x86_state *s, u32 r)
{
    u32 be = s->fexp[r] & 0x7fff;
    if (!(s->ftw >> r & 1))
        return 3;
    if (be == 0 && s->mm[r] == 0)
        return 1;
    return be == 0 || be == 0x7fff || !(s->mm[r] >> 63) ? 2 : 0;
}

static u32 tag_word(const struct x86_state *s)
{
    u32 w = 0;
    for (u32 r = 0; r < 8; r++)
        w |= tag(s, r) << 2 * r;
    return w;
}

/* FCW FSW FTW and four words of pointers, of 2 or 4 bytes. */
static void env_words(const struct x86_state *s, u32 how, u32 w[7])
{
    u32 ip = (u32)s->fip, dp = (u32)s->fdp;
    w[0] = s->fcw, w[1] = s->fsw, w[2] = tag_word(s);
    if (how & X87_ENV_REAL) {
        ip += (u32)s->fcs << 4;
        dp += (u32)s->fds << 4;
        u32 mask = how & X87_ENV_32 ? 0xffff : 15;
        w[3] = ip & 0xffff, w[4] = (ip >> 16 & mask) << 12 | s->fop;
        w[5] = dp & 0xffff, w[6] = (dp >> 16 & mask) << 12;
    } else {
        w[3] = ip, w[4] = s->fcs | (how & X87_ENV_32 ? (u32)s->fop << 16 : 0);
        w[5] = dp, w[6] = s->fds;
    }
}

static void set_env(struct x86_state *s, u32 how, const u32 w[7])
{
    x87_load_control(s, (u16)w[0], (u16)w[1]);
    s->ftw = 0;
    for (u32 r = 0; r < 8; r++)
        s->ftw |= (u8)((w[2] >> 2 * r & 3) != 3) << r;
    s->fop = (how & X87_ENV_REAL ? w[4] : how & X87_ENV_32 ? w[4] >> 16 : s->fop) & 0x7ff;
    if (how & X87_ENV_REAL) {
        s->fip = (w[3] & 0xffff) | (w[4] >> 12 & 0xffff) << 16;
        s->fdp = (w[5] & 0xffff) | (w[6] >> 12 & 0xffff) << 16;
        s->fcs = s->fds = 0;
    } else {
        s->fip = w[3], s->fdp = w[5];
        s->fcs = (u16)w[4], s->fds = (u16)w[6];
    }
}

static u32 word_size(u64 how) { return how & X87_ENV_32 ? 4 : 2; }
static enum x86_as access(u64 how) { return (enum x86_as)(X86_AS_CPL | (how & X87_ENV_STACK ? X86_AS_STACK : 0)); }

static bool write_env(struct vcpu *v, gva at, u64 how)
{
    const struct x86_state *s = v->state;
    u32 w[7], size = word_size(how);
    env_words(s, (u32)how, w);
    for (u32 k = 0; k < 7; k++) {
        u32 ones = size == 4 && (k < 3 || (k == 6 && !(how & X87_ENV_REAL))) ? 0xffff0000 : 0;
        if (!x86_write(v, at + k * size, size, access(how), (w[k] | ones) & bits_mask(8 * size)))
            return false;
    }
    for (u32 k = 0; k < 8 && how & X87_ENV_REGS; k++) {
        gva r = at + 7 * size + 10 * k;
        if (!x86_write(v, r, 8, access(how), s->mm[x87_phys(s, k)])
            || !x86_write(v, r + 8, 2, access(how), s->fexp[x87_phys(s, k)]))
            return false;
    }
    return true;
}

u64 x86_h_x87_stenv(struct vcpu *v, u64 at, u64 how, u64 c)
{
    struct x86_state *s = v->state;
    u32 len = 7 * word_size(how) + (how & X87_ENV_REGS ? 80 : 0);
    (void)c;
    if (!x86_probe_write(v, at, len, access(how)) || !write_env(v, at, how)) {
        x86_take(v);
        return 0;
    }
    if (how & X87_ENV_REGS)
        x87_init(s);
    else
        x87_set_fcw(s, s->fcw | X87_EXC);
    return 0;
}

u64 x86_h_x87_ldenv(struct vcpu *v, u64 at, u64 how, u64 c)
{
    struct x86_state *s = v->state;
    u64 val, sig[8], exp[8];
    u32 w[7], size = word_size(how);
    bool ok = true;
    (void)c;
    for (u32 k = 0; k < 7 && ok; k++) {
        ok = x86_read(v, at + k * size, size, access(how), &val);
        w[k] = (u32)val;
    }
    for (u32 k = 0; k < 8 && ok && how & X87_ENV_REGS; k++) {
        gva r = at + 7 * size + 10 * k;
        ok = x86_read(v, r, 8, access(how), &sig[k]) && x86_read(v, r + 8, 2, access(how), &exp[k]);
    }
    if (!ok) {
        x86_take(v);
        return 0;
    }
    set_env(s, (u32)how, w);
    for (u32 k = 0; k < 8 && how & X87_ENV_REGS; k++) {
        s->mm[x87_phys(s, k)] = sig[k];
        s->fexp[x87_phys(s, k)] = (u16)exp[k];
    }
    return 0;
}
