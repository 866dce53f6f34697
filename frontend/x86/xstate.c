/*
 * xstate.c - MXCSR; the areas of FXSAVE and XSAVE in memory.
 *
 * Intel SDM volume 1, 10.5 (FXSAVE), chapter 13 (XSAVE). Components: x87, SSE, AVX, so that the compacted form has
 * AVX where the standard one has it. A component is in use when its registers differ from their initial values
 * (XINUSE). XSAVEOPT leaves out what is not in use; it does not track what was modified. Not there: XSAVES,
 * supervisor components, AMD's fast FXSAVE.
 */
#include "frontend/x86/xstate.h"
#include "frontend/x86/helpers.h"
#include "frontend/x86/x87.h"
#include <string.h>

enum { AT_MXCSR = 24, AT_ST = 32, AT_XMM = 160, AT_HEADER = 512, AT_AVX = 576, AREA = 832 };
#define MXCSR_INIT 0x1f80u

/* ---- MXCSR ---- */

u32 x86_mxcsr(const struct vcpu *v)
{
    const struct x86_state *s = v->state;
    u32 f = s->fp_flags;
    return s->mxcsr | (f & FP_IOC) | (f & FP_DE ? 2 : 0) | (f & (FP_DZC | FP_OFC | FP_UFC | FP_IXC)) << 1;
}

void x86_mxcsr_set(struct vcpu *v, u32 val)
{
    struct x86_state *s = v->state;
    s->mxcsr = val & 0xffc0;
    s->fp_ctl = x86_fp_ctl(val);
    s->fp_flags = (val & FP_IOC) | (val & 2 ? FP_DE : 0) | (val >> 1 & (FP_DZC | FP_OFC | FP_UFC | FP_IXC));
}

/* ---- memory ---- */

struct area {
    u8 b[AREA];
    gva at;
    u32 as;
};

static void put(struct area *m, u32 at, u64 val, u32 size) { memcpy(m->b + at, &val, size); }

static u64 get(const struct area *m, u32 at, u32 size)
{
    u64 val = 0;
    memcpy(&val, m->b + at, size);
    return val;
}

static bool read_part(struct vcpu *v, struct area *m, u32 at, u32 len)
{
    for (u32 k = at; k < at + len; k += 8) {
        u64 val;
        if (!x86_read(v, m->at + k, 8, (enum x86_as)m->as, &val))
            return false;
        put(m, k, val, 8);
    }
    return true;
}

static bool write_part(struct vcpu *v, const struct area *m, u32 at, u32 len)
{
    for (u32 k = at; k < at + len; k += 8)
        if (!x86_write(v, m->at + k, 8, (enum x86_as)m->as, get(m, k, 8)))
            return false;
    return true;
}

/* ---- registers to and from the area ---- */

/* 64-bit pointers with REX.W, else offset and selector. */
static void put_x87(const struct x86_state *s, struct area *m, u32 how)
{
    put(m, 0, s->fcw, 2);
    put(m, 2, s->fsw, 2);
    put(m, 4, s->ftw, 2);
    put(m, 6, s->fop, 2);
    put(m, 8, how & X86_XS_W ? s->fip : (u32)s->fip | (u64)s->fcs << 32, 8);
    put(m, 16, how & X86_XS_W ? s->fdp : (u32)s->fdp | (u64)s->fds << 32, 8);
    for (u32 k = 0; k < 8; k++) {
        u32 r = x87_phys(s, k);
        put(m, AT_ST + 16 * k, s->mm[r], 8);
        put(m, AT_ST + 16 * k + 8, s->fexp[r], 8);
    }
}

static void get_x87(struct x86_state *s, const struct area *m, u32 how)
{
    x87_load_control(s, (u16)get(m, 0, 2), (u16)get(m, 2, 2));
    s->ftw = (u8)get(m, 4, 1);
    s->fop = get(m, 6, 2) & 0x7ff;
    s->fip = get(m, 8, how & X86_XS_W ? 8 : 4);
    s->fdp = get(m, 16, how & X86_XS_W ? 8 : 4);
    s->fcs = how & X86_XS_W ? 0 : (u16)get(m, 12, 2);
    s->fds = how & X86_XS_W ? 0 : (u16)get(m, 20, 2);
    for (u32 k = 0; k < 8; k++) {
        u32 r = x87_phys(s, k);
        s->mm[r] = get(m, AT_ST + 16 * k, 8);
        s->fexp[r] = (u16)get(m, AT_ST + 16 * k + 8, 2);
    }
}

static void init_x87(struct x86_state *s)
{
    x87_init(s);
    memset(s->mm, 0, sizeof s->mm);
    memset(s->fexp, 0, sizeof s->fexp);
}

static u32 xmm_bytes(u32 how) { return how & X86_XS_LONG ? 256 : 128; }

static void put_mxcsr(const struct vcpu *v, struct area *m)
{
    put(m, AT_MXCSR, x86_mxcsr(v) | (u64)X86_MXCSR_MASK << 32, 8);
}

static bool mxcsr_valid(const struct area *m) { return !(get(m, AT_MXCSR, 4) & ~(u64)X86_MXCSR_MASK); }

static void get_mxcsr(struct vcpu *v, const struct area *m) { x86_mxcsr_set(v, (u32)get(m, AT_MXCSR, 4)); }

/* ---- FXSAVE, FXRSTOR ---- */

static u64 raise(struct vcpu *v)
{
    x86_take(v);
    return 0;
}

static struct area area_at(u64 at, u64 how)
{
    struct area m = { .at = at, .as = X86_AS_CPL | (how & X86_XS_STACK ? X86_AS_STACK : 0) };
    return m;
}

u64 x86_h_fxsave(struct vcpu *v, u64 at, u64 how, u64 c)
{
    (void)c;
    struct x86_state *s = v->state;
    struct area m = area_at(at, how);
    u32 len = AT_XMM + xmm_bytes((u32)how);
    if ((at & 15 && !x86_fail_gp(v, 0)) || !x86_probe_write(v, at, 512, (enum x86_as)m.as))
        return raise(v);
    put_x87(s, &m, (u32)how);
    put_mxcsr(v, &m);
    memcpy(m.b + AT_XMM, s->xmm, xmm_bytes((u32)how));
    return write_part(v, &m, 0, len) ? 0 : raise(v);
}

u64 x86_h_fxrstor(struct vcpu *v, u64 at, u64 how, u64 c)
{
    (void)c;
    struct x86_state *s = v->state;
    struct area m = area_at(at, how);
    if (at & 15 || !read_part(v, &m, 0, 512) || !mxcsr_valid(&m)) {
        if (at & 15 || !mxcsr_valid(&m))
            x86_fail_gp(v, 0);
        return raise(v);
    }
    get_x87(s, &m, (u32)how);
    get_mxcsr(v, &m);
    memcpy(s->xmm, m.b + AT_XMM, xmm_bytes((u32)how));
    return 0;
}

/* ---- XSAVE ---- */

static bool all_zero(const void *p, u32 n)
{
    const u8 *b = p;
    u8 any = 0;
    for (u32 k = 0; k < n; k++)
        any |= b[k];
    return !any;
}

static bool x87_in_use(const struct x86_state *s)
{
    return s->fcw != 0x37f || s->fsw || s->ftw || s->fop || s->fip || s->fdp || s->fcs || s->fds
           || !all_zero(s->mm, sizeof s->mm) || !all_zero(s->fexp, sizeof s->fexp);
}

u64 x86_xinuse(const struct vcpu *v)
{
    const struct x86_state *s = v->state;
    return (x87_in_use(s) ? X86_XCR0_X87 : 0) | (all_zero(s->xmm, sizeof s->xmm) ? 0 : X86_XCR0_SSE)
           | (all_zero(s->ymmh, sizeof s->ymmh) ? 0u : X86_XCR0_AVX);
}

static u64 requested(const struct x86_state *s) { return s->xcr0 & ((u32)s->gpr[X86_RAX] | s->gpr[X86_RDX] << 32); }

static bool write_components(struct vcpu *v, struct area *m, u64 which, u32 how)
{
    const struct x86_state *s = v->state;
    bool ok = true;
    if (which & X86_XCR0_X87) {
        put_x87(s, m, how);
        ok = write_part(v, m, 0, 24) && write_part(v, m, AT_ST, 128);
    }
    if (ok && which & X86_XCR0_SSE) {
        memcpy(m->b + AT_XMM, s->xmm, xmm_bytes(how));
        ok = write_part(v, m, AT_XMM, xmm_bytes(how));
    }
    if (ok && which & X86_XCR0_AVX) {
        memcpy(m->b + AT_AVX, s->ymmh, xmm_bytes(how));
        ok = write_part(v, m, AT_AVX, xmm_bytes(how));
    }
    return ok;
}

static bool write_header(struct vcpu *v, struct area *m, u64 rfbm, u64 in_use, u32 how)
{
    u64 old;
    if (how & X86_XS_COMPACT) {
        put(m, AT_HEADER, rfbm & in_use, 8);
        put(m, AT_HEADER + 8, rfbm | 1ull << 63, 8);
        return write_part(v, m, AT_HEADER, 16);
    }
    if (!x86_read(v, m->at + AT_HEADER, 8, (enum x86_as)m->as, &old))
        return false;
    put(m, AT_HEADER, (old & ~rfbm) | (rfbm & in_use), 8);
    return write_part(v, m, AT_HEADER, 8);
}

/* Outside 64-bit mode: whether the area goes on behind its header, where its segment was not looked at, is up to
 * XCR0 and EDX:EAX. */
static bool segment_ok(struct vcpu *v, const struct area *m, u64 which, u64 how, bool write)
{
    const struct x86_state *s = v->state;
    u32 seg = how >> X86_XS_SEG & 7;
    return how & X86_XS_LONG || !(which & X86_XCR0_AVX)
           || x86_seg_check(v, seg, (u32)(m->at - s->seg_base[seg]), AT_AVX + xmm_bytes((u32)how), write);
}

/* XSAVE, XSAVEOPT, XSAVEC. */
u64 x86_h_xsave(struct vcpu *v, u64 at, u64 how, u64 c)
{
    (void)c;
    struct x86_state *s = v->state;
    struct area m = area_at(at, how);
    u64 rfbm = requested(s), in_use = x86_xinuse(v), which = how & X86_XS_OPT ? rfbm & in_use : rfbm;
    u32 len = rfbm & X86_XCR0_AVX ? AT_AVX + xmm_bytes((u32)how) : AT_AVX;
    bool mxcsr = rfbm & (X86_XCR0_SSE | X86_XCR0_AVX);
    if (how & X86_XS_COMPACT) {
        mxcsr = rfbm & X86_XCR0_SSE && (in_use & X86_XCR0_SSE || x86_mxcsr(v) != MXCSR_INIT);
        in_use |= mxcsr ? X86_XCR0_SSE : 0;
        which = rfbm & in_use;
    }
    if (!segment_ok(v, &m, rfbm, how, true) || (at & 63 && !x86_fail_gp(v, 0))
        || !x86_probe_write(v, at, len, (enum x86_as)m.as) || !write_components(v, &m, which, (u32)how))
        return raise(v);
    put_mxcsr(v, &m);
    return (!mxcsr || write_part(v, &m, AT_MXCSR, 8)) && write_header(v, &m, rfbm, in_use, (u32)how) ? 0 : raise(v);
}

/* ---- XRSTOR ---- */

static bool header_valid(const struct vcpu *v, const struct area *m)
{
    const struct x86_state *s = v->state;
    u64 bv = get(m, AT_HEADER, 8), comp = get(m, AT_HEADER + 8, 8);
    if (!(comp >> 63))
        return !(bv & ~s->xcr0) && !comp && !get(m, AT_HEADER + 16, 8);
    return x86_has(v, X86_FEAT_xsavec) && !(comp << 1 >> 1 & ~s->xcr0) && !(bv & ~comp)
           && all_zero(m->b + AT_HEADER + 16, 48);
}

static void load_components(struct vcpu *v, const struct area *m, u64 rfbm, u64 bv, u32 how)
{
    struct x86_state *s = v->state;
    u32 n = xmm_bytes(how);
    if (rfbm & X86_XCR0_X87) {
        if (bv & X86_XCR0_X87)
            get_x87(s, m, how);
        else
            init_x87(s);
    }
    if (rfbm & X86_XCR0_SSE)
        bv &X86_XCR0_SSE ? memcpy(s->xmm, m->b + AT_XMM, n) : memset(s->xmm, 0, n);
    if (rfbm & X86_XCR0_AVX)
        bv &X86_XCR0_AVX ? memcpy(s->ymmh, m->b + AT_AVX, n) : memset(s->ymmh, 0, n);
}

static bool read_components(struct vcpu *v, struct area *m, u64 which, u32 how)
{
    return (!(which & X86_XCR0_X87) || (read_part(v, m, 0, 24) && read_part(v, m, AT_ST, 128)))
           && (!(which & X86_XCR0_SSE) || read_part(v, m, AT_XMM, xmm_bytes(how)))
           && (!(which & X86_XCR0_AVX) || read_part(v, m, AT_AVX, xmm_bytes(how)));
}

/* The standard form loads MXCSR with SSE or AVX whatever the header says, the compacted one as part of SSE. */
u64 x86_h_xrstor(struct vcpu *v, u64 at, u64 how, u64 c)
{
    (void)c;
    struct area m = area_at(at, how);
    u64 rfbm = requested(v->state);
    if (at & 63 ? !x86_fail_gp(v, 0) : !read_part(v, &m, AT_HEADER, 64))
        return raise(v);
    u64 bv = get(&m, AT_HEADER, 8);
    bool compact = m.b[AT_HEADER + 15] >> 7, sse = rfbm & X86_XCR0_SSE;
    bool mxcsr = compact ? sse && bv & X86_XCR0_SSE : (rfbm & (X86_XCR0_SSE | X86_XCR0_AVX)) != 0;
    if (!header_valid(v, &m)) {
        x86_fail_gp(v, 0);
        return raise(v);
    }
    if (!segment_ok(v, &m, rfbm & bv, how, false) || !read_components(v, &m, rfbm & bv, (u32)how)
        || (mxcsr && !read_part(v, &m, AT_MXCSR, 8)) || (mxcsr && !mxcsr_valid(&m) && !x86_fail_gp(v, 0)))
        return raise(v);
    load_components(v, &m, rfbm, bv, (u32)how);
    if (mxcsr)
        get_mxcsr(v, &m);
    else if (compact && sse)
        x86_mxcsr_set(v, MXCSR_INIT);
    return 0;
}
