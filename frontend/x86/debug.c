/*
 * debug.c - debug registers, breakpoints by instruction, data and I/O address.
 *
 * SDM volume 3, 17.2 (registers), 17.3.1 (debug exceptions). DR4 and DR5 are DR6 and DR7 without CR4.DE. A match is
 * told in DR6 for breakpoints that are enabled alone. Exact and inexact data breakpoints (LE, GE) are all exact.
 */
#include "frontend/x86/desc.h"

enum { DR6_BD = 1 << 13, DR7_GD = 1 << 13 };
enum { RW_EXEC, RW_WRITE, RW_IO, RW_ANY };
#define DR6_ONES 0xffff0ff0u
#define DR6_KEPT 0x0000e00fu
#define DR7_ONES 0x00000400u
#define DR7_KEPT 0xffff23ffu

/* ---- the registers ---- */

/* DR4 to DR7 as 6 and 7; general detect. False: #UD, #DB. */
static bool may_access(struct vcpu *v, u32 *n)
{
    struct x86_state *s = v->state;
    if (*n == 4 || *n == 5) {
        if (s->cr4 & X86_CR4_DE)
            return x86_fail(v, X86_UD, false, 0);
        *n += 2;
    }
    if (!(s->dr[7] & DR7_GD))
        return true;
    s->dr[6] |= DR6_BD;
    return x86_fail(v, X86_DB, false, 0);
}

bool x86_get_dr(struct vcpu *v, u32 n, u64 *val)
{
    if (!may_access(v, &n))
        return false;
    *val = x86_of(v)->dr[n];
    return true;
}

bool x86_set_dr(struct vcpu *v, u32 n, u64 val)
{
    struct x86_state *s = v->state;
    if (!may_access(v, &n))
        return false;
    if (n >= 6 && val >> 32)
        return x86_fail_gp(v, 0);
    if (n == 6)
        val = (val & DR6_KEPT) | DR6_ONES;
    else if (n == 7)
        val = (val & DR7_KEPT) | DR7_ONES;
    s->dr[n] = val;
    return true;
}

/* ---- breakpoints ---- */

static u32 rw_of(const struct x86_state *s, u32 n) { return s->dr[7] >> (16 + 4 * n) & 3; }
static bool is_on(const struct x86_state *s, u32 n) { return s->dr[7] >> 2 * n & 3; }

/* Bytes that breakpoint n covers; its address is aligned to them. */
static u32 len_of(const struct x86_state *s, u32 n)
{
    static const u8 len[4] = { 1, 2, 8, 4 };
    return len[s->dr[7] >> (18 + 4 * n) & 3];
}

static bool covers(const struct x86_state *s, u32 n, u64 addr, u32 size)
{
    u64 len = len_of(s, n), at = s->dr[n] & ~(len - 1);
    return at - addr < size || addr - at < len;
}

void x86_watch(struct vcpu *v, u64 addr, u32 size, bool write)
{
    struct x86_state *s = v->state;
    for (u32 n = 0; n < 4; n++) {
        u32 rw = rw_of(s, n);
        if (is_on(s, n) && (rw == RW_ANY || (rw == RW_WRITE && write)) && covers(s, n, addr, size))
            s->db_hits |= 1u << n;
    }
}

void x86_watch_io(struct vcpu *v, u32 port, u32 size)
{
    struct x86_state *s = v->state;
    for (u32 n = 0; s->cr4 & X86_CR4_DE && n < 4; n++)
        if (is_on(s, n) && rw_of(s, n) == RW_IO && covers(s, n, port, size))
            s->db_hits |= 1u << n;
}

bool x86_break_here(struct vcpu *v)
{
    struct x86_state *s = v->state;
    u32 hits = 0;
    if (s->eflags & X86_FL_RF || s->shadow & X86_SHADOW_SS)
        return false;
    for (u32 n = 0; n < 4; n++)
        if (is_on(s, n) && rw_of(s, n) == RW_EXEC && s->dr[n] == v->s.pc)
            hits |= 1u << n;
    if (!hits)
        return false;
    s->dr[6] |= hits;
    x86_run_event(v, (struct x86_event){ .vector = X86_DB, .next = v->s.pc }); /* RF as it is */
    return true;
}
