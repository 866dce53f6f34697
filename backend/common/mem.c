/*
 * mem.c - memory operations off the engines' fast paths: every size, order, byte order, alignment rule and kind, one
 * at a time. One thread runs all vCPUs, so plain accesses are atomic and ordered.
 *
 * Not exact, an operation does nothing before it is sure that all of it can be done: reads stop at the first
 * byte that is not plain memory, writes are tried as a whole.
 */
#include "backend/common/common.h"
#include "base/bits.h"
#include <string.h>

struct access {
    struct vcpu         *v;
    const struct ir_ins *in;
    struct ir_mem        m;
    gva                  a;
    u32                  size, mode;
    bool                 exact;
};

static u32 mode_of(struct ir_mem m, const void *last)
{
    u32 v;
    if (!m.mmu_val)
        return m.mmu;
    memcpy(&v, last, 4);
    return v % MMU_MODES;
}

static gva wrap(struct ir_mem m, gva a)
{
    return m.addr32 ? (u32)a : a;
}

void engine_swap_units(u8 *p, u32 size, u32 unit)
{
    u32 n = 1u << unit;
    for (u32 at = 0; unit && at + n <= size; at += n)
        for (u32 i = 0; i < n / 2; i++) {
            u8 t = p[at + i];
            p[at + i] = p[at + n - 1 - i];
            p[at + n - 1 - i] = t;
        }
}

static enum mmu_result get(const struct access *x, gva a, u32 size, void *out)
{
    return (x->exact ? mmu_read : mmu_try_read)(&x->v->mmu, a, size, x->mode, x->m.align, x->in->aux, out);
}

static enum mmu_result put(const struct access *x, gva a, u32 size, const void *in)
{
    return (x->exact ? mmu_write : mmu_try_write)(&x->v->mmu, a, size, x->mode, x->m.align, x->in->aux, in);
}

static enum mmu_result probe(const struct access *x, gva a, u32 size, enum mmu_access acc)
{
    return (x->exact ? mmu_probe : mmu_try_probe)(&x->v->mmu, a, size, acc, x->mode, x->m.align, x->in->aux);
}

/* Is the operation over with this result? */
static bool ends(const struct access *x, enum mmu_result r)
{
    return r == MMU_FAULTED || (r == MMU_SYNC && !x->exact);
}

/* Raw bytes of `size` to the bytes of the result's type. */
static void extend(u8 *p, u32 size, bool sign, u32 bytes)
{
    u8 fill = sign && p[size - 1] & 0x80 ? 0xff : 0;
    if (bytes > size)
        memset(p + size, fill, bytes - size);
}

static enum mmu_result load(const struct access *x, void *out)
{
    u8 buf[32] = { 0 };
    u32 bytes = ir_bytes((enum ir_type)x->in->type);
    enum mmu_result r = get(x, x->a, x->size, buf);
    if (ends(x, r))
        return r;
    engine_swap_units(buf, x->size, x->m.bswap);
    if (x->in->op == IR_ldex) {
        x->v->s.excl_addr = x->a;
        x->v->s.excl_size = x->size;
        memcpy(x->v->s.excl_val, buf, 16);
    }
    extend(buf, x->size, x->m.sign, bytes);
    memcpy(out, buf, bytes);
    return r;
}

static enum mmu_result store(const struct access *x, const void *b)
{
    u8 buf[32];
    memcpy(buf, b, x->size);
    engine_swap_units(buf, x->size, x->m.bswap);
    return put(x, x->a, x->size, buf);
}

/* ---- read-modify-write: on raw bytes of one access, read with write permission checked first ---- */

static u128 combine(enum ir_rmw op, u128 old, u128 arg, u32 size)
{
    u32 up = 128 - 8 * size;
    i128 so = (i128)(old << up) >> up, sa = (i128)(arg << up) >> up;
    switch (op) {
    case IR_RMW_add: return old + arg;
    case IR_RMW_sub: return old - arg;
    case IR_RMW_and: return old & arg;
    case IR_RMW_andn: return old & ~arg;
    case IR_RMW_or: return old | arg;
    case IR_RMW_xor: return old ^ arg;
    case IR_RMW_smax: return so > sa ? old : arg;
    case IR_RMW_smin: return so < sa ? old : arg;
    case IR_RMW_umax: return old > arg ? old : arg;
    case IR_RMW_umin: return old < arg ? old : arg;
    default: return arg;
    }
}

static u128 load_int(const void *p, u32 size)
{
    u128 v = 0;
    memcpy(&v, p, size);
    return v;
}

/* All of it, when the TLB lets reads and writes through: then the steps below would change nothing but memory. */
static u8 *plain(const struct access *x)
{
    const struct mmu *u = &x->v->mmu;
    u32 mode = x->mode % MMU_MODES;
    if (x->a & bits_mask(x->m.align) || !mmu_fast_read(u, mode, x->a, x->size))
        return NULL;
    return mmu_fast_write(u, mode, x->a, x->size);
}

static enum mmu_result read_for_write(const struct access *x, u128 *old)
{
    u8 buf[16] = { 0 };
    u8 *p = plain(x);
    if (p) {
        memcpy(buf, p, x->size);
        engine_swap_units(buf, x->size, x->m.bswap);
        *old = load_int(buf, x->size);
        return MMU_OK;
    }
    /* Which fault counts where neither right is there: struct mmu. A store-exclusive writes only. */
    enum mmu_result r = MMU_OK;
    enum mmu_result first = MMU_OK;
    if (x->in->op != IR_stex && !x->v->mmu.rmw_write)
        first = r = probe(x, x->a, x->size, MMU_READ);
    if (!ends(x, r))
        r = probe(x, x->a, x->size, MMU_WRITE);
    if (ends(x, r))
        return r;
    first = r == MMU_SYNC ? r : first;
    r = get(x, x->a, x->size, buf);
    engine_swap_units(buf, x->size, x->m.bswap);
    *old = load_int(buf, x->size);
    return r == MMU_OK ? first : r;
}

static enum mmu_result write_back(const struct access *x, u128 val, enum mmu_result before)
{
    u8 *p = plain(x);
    if (p) {
        engine_swap_units((u8 *)&val, x->size, x->m.bswap);
        memcpy(p, &val, x->size);
        return before;
    }
    enum mmu_result r = store(x, &val);
    return r == MMU_OK ? before : r;
}

static void give_old(const struct access *x, u128 old, void *out)
{
    u8 wide[32] = { 0 };
    memcpy(wide, &old, x->size);
    memcpy(out, wide, ir_bytes((enum ir_type)x->in->type));
}

static enum mmu_result rmw(const struct access *x, const void *b, void *out)
{
    u128 old, arg = load_int(b, x->size);
    enum mmu_result r = read_for_write(x, &old);
    if (!ends(x, r))
        r = write_back(x, combine((enum ir_rmw)x->in->flag, old, arg, x->size), r);
    if (!ends(x, r))
        give_old(x, old, out);
    return r;
}

static enum mmu_result cas(const struct access *x, const void *b, const void *c, void *out)
{
    u128 old, want = load_int(b, x->size), now = load_int(c, x->size);
    enum mmu_result r = read_for_write(x, &old);
    if (!ends(x, r) && old == want)
        r = write_back(x, now, r);
    if (!ends(x, r))
        give_old(x, old, out);
    return r;
}

/* The monitor holds while the address, size and bytes are those that the load saw. */
static enum mmu_result stex(const struct access *x, const void *b, void *out)
{
    struct vcpu_state *s = &x->v->s;
    u32 status = 1;
    u128 old, seen = load_int(s->excl_val, MIN(x->size, 16u));
    enum mmu_result r = MMU_OK;
    /* alignment is checked whether or not the store takes place */
    if (x->a & bits_mask(x->m.align))
        return put(x, x->a, x->size, b);
    if (s->excl_size == x->size && s->excl_addr == x->a) {
        r = read_for_write(x, &old);
        if (!ends(x, r) && old == seen) {
            r = write_back(x, load_int(b, x->size), r);
            status = 0;
        }
        if (ends(x, r))
            return r;
    }
    s->excl_size = 0;
    memcpy(out, &status, 4);
    return r;
}

/* ---- masked and gathering vector accesses: lane by lane ---- */

static bool lane_on(const u8 *mask, u32 lane, u32 bytes)
{
    return mask[lane * bytes + bytes - 1] & 0x80;
}

static enum mmu_result probe_lanes(const struct access *x, const u8 *mask, u32 lb, enum mmu_access acc)
{
    enum mmu_result worst = MMU_OK;
    for (u32 at = 0; at < x->size; at += lb) {
        enum mmu_result r = lane_on(mask, at / lb, lb) ? probe(x, wrap(x->m, x->a + at), lb, acc) : MMU_OK;
        if (ends(x, r))
            return r;
        worst = r == MMU_SYNC ? r : worst;
    }
    return worst;
}

static enum mmu_result masked(const struct access *x, const u8 *mask, const u8 *val, u8 *out)
{
    u32 lb = ir_bytes((enum ir_type)x->in->lane);
    bool write = x->in->op == IR_mstore;
    enum mmu_result worst = probe_lanes(x, mask, lb, write ? MMU_WRITE : MMU_READ), r;
    u8 buf[32];
    if (ends(x, worst))
        return worst;
    memcpy(buf, val, x->size);
    for (u32 at = 0; at < x->size; at += lb) {
        gva a = wrap(x->m, x->a + at);
        if (!lane_on(mask, at / lb, lb))
            continue;
        if (write)
            engine_swap_units(buf + at, lb, x->m.bswap);
        r = write ? put(x, a, lb, buf + at) : get(x, a, lb, buf + at);
        if (!write)
            engine_swap_units(buf + at, lb, x->m.bswap);
        worst = r > worst ? r : worst;
    }
    if (!write)
        memcpy(out, buf, x->size);
    return worst;
}

static void *field(const struct access *x, u64 number)
{
    return (u8 *)x->v->state + x->v->guest->layout->fields[number & 0xffff].offset;
}

/* A lane that faults leaves the lanes before it in the destination field and drops them from the mask field. */
static enum mmu_result gather(const struct access *x, const u8 *index, const u8 *mask, const u8 *old, u8 *out)
{
    u32 lb = ir_bytes((enum ir_type)x->in->lane), bytes = ir_bytes((enum ir_type)x->in->type);
    enum mmu_result worst = MMU_OK;
    u8 res[32], left[32];
    memcpy(res, old, bytes);
    memcpy(left, mask, bytes);
    for (u32 i = 0; i < bytes / lb; i++) {
        i64 at = lb == 8 ? (i64)load_le64(index + 8 * i) : (i32)load_le32(index + 4 * i);
        if (lane_on(mask, i, lb)) {
            enum mmu_result r = get(x, wrap(x->m, x->a + (u64)at * x->in->imm), lb, res + i * lb);
            if (r == MMU_FAULTED) {
                memcpy(field(x, x->in->imm2), res, bytes);
                memcpy(field(x, x->in->imm2 >> 16), left, bytes);
            }
            if (ends(x, r))
                return r;
            engine_swap_units(res + i * lb, lb, x->m.bswap);
            worst = r > worst ? r : worst;
        }
        memset(left + i * lb, 0, lb);
    }
    memcpy(out, res, bytes);
    return worst;
}

static enum mmu_result probe_range(const struct access *x)
{
    enum mmu_access acc = x->m.write ? MMU_WRITE : MMU_READ;
    return (x->exact ? mmu_probe : mmu_try_probe_range)(&x->v->mmu, x->a, (u32)x->in->imm, acc, x->mode, x->m.align,
                                                        x->in->aux);
}

enum mmu_result engine_mem(struct vcpu *v, bool exact, const struct ir_ins *in, const void *a, const void *b,
                           const void *c, const void *d, void *out)
{
    struct ir_mem m = ir_mem_unpack(in->aux);
    bool two = in->op == IR_load || in->op == IR_ldex || in->op == IR_probe;
    bool four = in->op == IR_cas || in->op == IR_mload || in->op == IR_mstore;
    struct access x = { .v = v, .in = in, .m = m, .a = wrap(m, load_le64(a)), .size = 1u << m.size, .exact = exact,
                        .mode = in->op == IR_gather ? m.mmu : mode_of(m, two ? b : four ? d : c) };
    switch (in->op) {
    case IR_load: case IR_ldex: return load(&x, out);
    case IR_store: return store(&x, b);
    case IR_probe: return probe_range(&x);
    case IR_rmw: return rmw(&x, b, out);
    case IR_cas: return cas(&x, b, c, out);
    case IR_stex: return stex(&x, b, out);
    case IR_mload: case IR_mstore: return masked(&x, b, c, out);
    case IR_gather: return gather(&x, b, c, d, out);
    default: CHECK(!"not a memory operation");
    }
    return MMU_FAULTED;
}
