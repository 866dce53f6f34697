/*
 * window.c - accesses off one base share a TLB check.
 *
 * An access that went the fast way leaves the host address of what it touched in a register, the *window*. A later
 * one off the same base, by a constant distance, is made through it if both lie in one page: no look at the TLB. This
 * only tests for what the TLB would say: it can change on slow paths alone, and behind each of them the windows are
 * shut, by an address in the page's last (or first) byte, from which nothing above (below) is in the same page.
 * So an access is above or below all others of its window. Marks, calls and other memory rows end windows.
 *
 * An access that finds its window shut, or in the next page, asks the TLB in cold code before it goes the slow way.
 *
 * A first access that reads asks for the right to write when a later one writes: what may be written may be read. If
 * the page cannot be written fast, it asks for the right to read in cold code, too. Then its window stays shut, for
 * the sake of the later one, which takes its slow path as it would anyway.
 */
#include "backend/jit/x64/mem.h"
#include "backend/jit/x64/plan.h"
#include "ir/vec.h"

#define CHAIN_MAX 16u   /* additions looked through for a base */
#define DISTANCE_MAX 1024
#define SHUT_UP (PAGE_SIZE - 1)
#define SHUT_DOWN 0u

/* ---- the look at the block ---- */

/* One addition of a constant: what it is added to. */
static bool one_step(const struct xe *x, ir_ref *v, u32 bits, i64 *disp)
{
    const struct ir_ins *in = &x->ir->ins[*v];
    if ((in->op != IR_add && in->op != IR_sub) || in->lane || in->type > IR_I64
        || ir_bits((enum ir_type)in->type) != bits)
        return false;
    const struct ir_ins *c = &x->ir->ins[in->arg[1]];
    if (c->op != IR_const)
        return false;
    i64 n = bits == 64 ? (i64)c->imm : (i64)(i32)c->imm;
    if (n > INT32_MAX / 2 || n < INT32_MIN / 2)
        return false;
    n = in->op == IR_sub ? -n : n;
    if (*disp + n > INT32_MAX / 2 || *disp + n < INT32_MIN / 2)
        return false;
    *disp += n;
    *v = in->arg[0];
    return true;
}

/* Addresses of 32-bit code are sums made there: 32 bits of them. */
static ir_ref sum_of(const struct xe *x, ir_ref va, u32 *bits)
{
    const struct ir_ins *in = &x->ir->ins[va];
    *bits = in->op == IR_zext && in->src == IR_I32 ? 32 : 64;
    return *bits == 32 ? in->arg[0] : va;
}

static struct xbase base_of(const struct xe *x, ir_ref va)
{
    struct xbase b = { 0 };
    u32 n = 0;
    b.v = sum_of(x, va, &b.bits);
    while (n++ < CHAIN_MAX && one_step(x, &b.v, b.bits, &b.disp))
        ;
    return b;
}

bool xe_folds(const struct xe *x, ir_ref va, struct xbase *b)
{
    *b = (struct xbase){ 0 };
    if (x->whole[va])
        return false;
    b->v = sum_of(x, va, &b->bits);
    return !x->whole[b->v] && one_step(x, &b->v, b->bits, &b->disp);
}

/* Is the access, by a distance from the window's first one, on its side? */
static bool reaches(const struct xwindow *w, i64 d, u32 len)
{
    if (d > DISTANCE_MAX || d < -DISTANCE_MAX)
        return false;
    if (d >= 0)
        return w->side != XW_DOWN;
    return w->side != XW_UP && d + len <= w->len;
}

static struct xwindow *find(struct xe *x, const struct xbase *b, u32 mmu)
{
    for (u32 k = 0; k < x->open_count; k++) {
        struct xwindow *w = &x->open[k];
        if (w->base.v == b->v && w->base.bits == b->bits && w->mmu == mmu)
            return w;
    }
    return NULL;
}

/* From the first access that follows on it costs a register. */
static bool follow(struct xe *x, u32 i, struct xwindow *w, i64 d)
{
    if (!w->root) {
        if (x->root_count == XE_ROOTS)
            return false;
        w->side = d < 0 ? XW_DOWN : XW_UP;
        w->root = plan_window_root(x, w->first);
        x->r[w->root].window = w->side;
        x->window[w->first] = w->root;
        x->window_at[w->first] = XE_WINDOW_FIRST;
    }
    x->r[w->root].last_use = (u16)i;
    x->window[i] = w->root;
    x->window_at[i] = (i16)d;
    return true;
}

void plan_window(struct xe *x, u32 i)
{
    const struct ir_ins *in = &x->ir->ins[i];
    struct ir_mem m = ir_mem_unpack(in->aux);
    if (!xe_is_inline(x, in)) {
        x->open_count = 0;
        return;
    }
    x->window[i] = XE_NO_ROOT;
    x->window_write[i] = false;
    struct xbase b = base_of(x, in->arg[0]);
    struct xwindow *w = find(x, &b, m.mmu);
    bool write = in->op == IR_store || (in->op == IR_probe && m.write);
    u32 len = in->op == IR_probe ? (u32)in->imm : 1u << m.size;
    i64 d = w ? b.disp - w->base.disp : 0;
    if (w && reaches(w, d, len) && follow(x, i, w, d)) {
        if (write && !w->write)
            x->window_write[w->first] = w->write = true;
        return;
    }
    if (!w)
        w = x->open_count < XE_OPEN ? &x->open[x->open_count++] : &x->open[x->open_turn++ % XE_OPEN];
    *w = (struct xwindow){ .base = b, .len = len, .mmu = (u8)m.mmu, .write = write, .first = (u16)i };
}

/* ---- emission ---- */

/* A free place for the window, before the other registers of the access are asked for. */
void xe_window_begin(struct xe *x, u32 i, struct xaccess *c)
{
    u16 root = x->window[i];
    c->window = XNONE;
    c->first = false;
    if (root == XE_NO_ROOT)
        return;
    c->first = x->window_at[i] == XE_WINDOW_FIRST;
    if (c->first)
        c->window = xe_root_def(x, root);
    else if (x->r[root].reg >= 0) /* else its register was needed for something else */
        c->window = xe_root_use(x, root);
}

/* The check of an access that follows. */
void xe_window_check(struct xe *x, u32 i, struct xaccess *c, u32 len)
{
    struct xasm *a = &x->a;
    i32 d = x->window_at[i], up = d + (i32)len - 1;
    bool down = x->r[x->window[i]].window == XW_DOWN;
    xa_lea(a, 32, RAX, xm(c->window, down ? d : MAX(up, 1)));
    xa_alu_rr(a, XA_XOR, 32, RAX, c->window);
    xa_shift_ri(a, XS_SHR, 32, RAX, PAGE_BITS);
    c->miss.at[c->miss.n++] = xa_jcc_fwd(a, CC_NE, false);
    xe_flags_lost(x);
    c->at = xm(c->window, d);
}

/* Behind the check of a first access. */
void xe_window_open(struct xe *x, struct xaccess *c)
{
    xa_lea(&x->a, 64, c->window, xmi(c->va, RAX, 1, 0));
    c->at = xm(c->window, 0);
}

u32 xe_window_bit(const struct xe *x, u16 root)
{
    return 1u << (x->r[root].reg + (x->r[root].window == XW_DOWN ? 16 : 0));
}

u32 xe_windows_open(const struct xe *x)
{
    u32 open = 0;
    for (u32 m = XE_GPRS; m; m &= m - 1) {
        u16 root = x->gpr[__builtin_ctz(m)];
        if (root != XE_NO_ROOT && x->r[root].window && x->r[root].last_use > x->i)
            open |= xe_window_bit(x, root);
    }
    return open;
}

void xe_windows_shut(struct xe *x, u32 open)
{
    for (; open; open &= open - 1) {
        u32 n = (u32)__builtin_ctz(open);
        xa_mov_ri(&x->a, (enum xreg)(n & 15), n < 16 ? SHUT_UP : SHUT_DOWN);
    }
}
