/*
 * join.c - skips: both ways meet at the label, with registers and places as they were at the skip.
 *
 * What the way under the skip changed of them is undone at the label: values made there are not needed behind it, and
 * those it moved go back, through memory where they stand in each other's way.
 */
#include "backend/jit/x64/alloc.h"
#include <string.h>

void xe_skip_snapshot(struct xe *x, u16 label, u8 *jump)
{
    if (x->snap_count == XE_NEST) {
        x->unfit = true;
        return;
    }
    struct xsnap *s = &x->snap[x->snap_count++];
    s->label = label;
    s->jump = jump;
    s->undo = (u16)x->undo_count;
    memcpy(s->gpr, x->gpr, sizeof s->gpr);
    memcpy(s->xmm, x->xmm, sizeof s->xmm);
}

static void undo_to(struct xe *x, u32 mark)
{
    while (x->undo_count > mark) {
        const struct xundo *u = &x->undo[--x->undo_count];
        if (u->root == XE_NO_ROOT) {
            x->put_off[u->slot] = true;
            continue;
        }
        struct xroot *r = &x->r[u->root];
        if (r->home >= 0 && x->home_of[r->home] == u->root)
            x->home_of[r->home] = XE_NO_ROOT;
        r->slot = u->slot;
        r->home = u->home;
        if (r->home >= 0)
            x->home_of[r->home] = u->root;
    }
}

/* On the way that falls into the label: back into the registers where the other way has them. Two rounds: first out
 * of what others need, through memory, then in. */
static void settle(struct xe *x, const u16 *want, const u16 *have, u32 regs)
{
    if (!memcmp(want, have, 16 * sizeof *want))
        return;
    for (u32 m = regs; m; m &= m - 1) {
        u32 reg = (u32)__builtin_ctz(m);
        u16 root = want[reg];
        if (root == XE_NO_ROOT || have[reg] == root || !xe_root_live(x, root))
            continue;
        struct xroot *r = &x->r[root];
        if (r->reg >= 0 && r->slot < 0 && r->konst == IR_NONE && r->home < 0)
            xe_store_slot(x, root);
    }
    for (u32 m = regs; m; m &= m - 1) {
        u32 reg = (u32)__builtin_ctz(m);
        u16 root = want[reg];
        if (root != XE_NO_ROOT && have[reg] != root && xe_root_live(x, root))
            xe_root_load(x, root, (enum xreg)reg);
    }
}

static bool is_empty(const u16 *regs)
{
    u64 v[4];
    memcpy(v, regs, sizeof v);
    return (v[0] & v[1] & v[2] & v[3]) == ~0ull;
}

static void adopt(struct xe *x, const u16 *want, u16 *have, u32 regs)
{
    if (is_empty(want) && is_empty(have))
        return;
    for (u32 m = regs; m; m &= m - 1) {
        u32 reg = (u32)__builtin_ctz(m);
        if (have[reg] != XE_NO_ROOT)
            x->r[have[reg]].reg = -1;
    }
    for (u32 m = regs; m; m &= m - 1) {
        u32 reg = (u32)__builtin_ctz(m);
        have[reg] = want[reg];
        if (have[reg] == XE_NO_ROOT)
            continue;
        if (xe_root_live(x, have[reg]))
            x->r[have[reg]].reg = (i8)reg;
        else
            have[reg] = XE_NO_ROOT;
    }
}

void xe_label_restore(struct xe *x, u16 label)
{
    if (!x->snap_count || x->snap[x->snap_count - 1].label != label) {
        x->unfit |= !x->unreachable; /* crossing skips; else the skip was not emitted either */
        return;
    }
    struct xsnap *s = &x->snap[--x->snap_count];
    if (!x->unreachable) {
        xe_flush(x);
        x->snap_count++; /* what is spilled here is undone, too */
        settle(x, s->gpr, x->gpr, XE_GPRS);
        settle(x, s->xmm, x->xmm, XE_XMMS);
        x->snap_count--;
    }
    undo_to(x, s->undo);
    adopt(x, s->gpr, x->gpr, XE_GPRS);
    adopt(x, s->xmm, x->xmm, XE_XMMS);
    xa_here_is(&x->a, s->jump, false);
    x->unreachable = false;
    xe_flags_lost(x);
}
