/*
 * mem.c - memory operations of the interpreter off the fast path: every size, order, byte order, alignment
 * rule and kind, one at a time. One thread runs all vCPUs, so plain accesses are atomic and ordered.
 */
#include "backend/interp/interp.h"
#include "base/bits.h"
#include <string.h>

static u32 mode_of(const struct ir_ins *in, struct ir_mem m, const void *last)
{
    (void)in;
    if (!m.mmu_val)
        return m.mmu;
    u32 v;
    memcpy(&v, last, 4);
    return v % MMU_MODES;
}

static gva addr_of(struct ir_mem m, const void *a)
{
    u64 v = load_le64(a);
    return m.addr32 ? (u32)v : v;
}

/* Reverses the bytes of each unit of 2^unit bytes. */
static void swap_units(u8 *p, u32 size, u32 unit)
{
    u32 n = 1u << unit;
    for (u32 at = 0; unit && at + n <= size; at += n)
        for (u32 i = 0; i < n / 2; i++) {
            u8 t = p[at + i];
            p[at + i] = p[at + n - 1 - i];
            p[at + n - 1 - i] = t;
        }
}

/* Raw bytes of `size` to the bytes of result type `type`. */
static void extend(u8 *p, u32 size, bool sign, u32 bytes)
{
    u8 fill = sign && p[size - 1] & 0x80 ? 0xff : 0;
    if (bytes > size)
        memset(p + size, fill, bytes - size);
}

static enum mmu_result load(struct vcpu *v, const struct ir_ins *in, struct ir_mem m, gva a, u32 mode, void *out)
{
    u8 buf[32] = { 0 };
    u32 size = 1u << m.size, bytes = ir_bytes((enum ir_type)in->type);
    enum mmu_result r = mmu_read(&v->mmu, a, size, mode, m.align, in->aux, buf);
    if (r == MMU_FAULTED)
        return r;
    swap_units(buf, size, m.bswap);
    if (in->op == IR_ldex) {
        v->s.excl_addr = a;
        v->s.excl_size = size;
        memcpy(v->s.excl_val, buf, 16);
    }
    extend(buf, size, m.sign, bytes);
    memcpy(out, buf, bytes);
    return r;
}

static enum mmu_result store(struct vcpu *v, const struct ir_ins *in, struct ir_mem m, gva a, u32 mode, const void *b)
{
    u8 buf[32];
    u32 size = 1u << m.size;
    memcpy(buf, b, size);
    swap_units(buf, size, m.bswap);
    return mmu_write(&v->mmu, a, size, mode, m.align, in->aux, buf);
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

static enum mmu_result read_for_write(struct vcpu *v, const struct ir_ins *in, struct ir_mem m, gva a, u32 mode, u128 *old)
{
    u32 size = 1u << m.size;
    u8 buf[16] = { 0 };
    /* Which fault counts where neither right is there: struct mmu. A store-exclusive writes only. */
    if (in->op != IR_stex && !v->mmu.rmw_write
        && mmu_probe(&v->mmu, a, size, MMU_READ, mode, m.align, in->aux) == MMU_FAULTED)
        return MMU_FAULTED;
    if (mmu_probe(&v->mmu, a, size, MMU_WRITE, mode, m.align, in->aux) == MMU_FAULTED)
        return MMU_FAULTED;
    enum mmu_result r = mmu_read(&v->mmu, a, size, mode, m.align, in->aux, buf);
    swap_units(buf, size, m.bswap);
    *old = load_int(buf, size);
    return r;
}

static enum mmu_result put(struct vcpu *v, const struct ir_ins *in, struct ir_mem m, gva a, u32 mode, u128 val,
                           enum mmu_result before)
{
    enum mmu_result r = store(v, in, m, a, mode, &val);
    return r == MMU_OK ? before : r;
}

static enum mmu_result rmw(struct vcpu *v, const struct ir_ins *in, struct ir_mem m, gva a, u32 mode, const void *b, void *out)
{
    u32 size = 1u << m.size;
    u128 old, arg = load_int(b, size);
    enum mmu_result r = read_for_write(v, in, m, a, mode, &old);
    if (r != MMU_FAULTED)
        r = put(v, in, m, a, mode, combine((enum ir_rmw)in->flag, old, arg, size), r);
    if (r != MMU_FAULTED) {
        u8 wide[32] = { 0 };
        memcpy(wide, &old, size);
        memcpy(out, wide, ir_bytes((enum ir_type)in->type));
    }
    return r;
}

static enum mmu_result cas(struct vcpu *v, const struct ir_ins *in, struct ir_mem m, gva a, u32 mode, const void *b,
                           const void *c, void *out)
{
    u32 size = 1u << m.size;
    u128 old, want = load_int(b, size), now = load_int(c, size);
    enum mmu_result r = read_for_write(v, in, m, a, mode, &old);
    if (r != MMU_FAULTED && old == want)
        r = put(v, in, m, a, mode, now, r);
    if (r != MMU_FAULTED) {
        u8 wide[32] = { 0 };
        memcpy(wide, &old, size);
        memcpy(out, wide, ir_bytes((enum ir_type)in->type));
    }
    return r;
}

/* The monitor holds while the address, size and bytes are those that the load saw. */
static enum mmu_result stex(struct vcpu *v, const struct ir_ins *in, struct ir_mem m, gva a, u32 mode, const void *b, void *out)
{
    u32 size = 1u << m.size, status = 1;
    u128 old, seen = load_int(v->s.excl_val, MIN(size, 16u));
    enum mmu_result r = MMU_OK;
    /* alignment is checked whether or not the store takes place */
    if (m.align && a & ((1u << m.align) - 1))
        return mmu_write(&v->mmu, a, size, mode, m.align, in->aux, b);
    if (v->s.excl_size == size && v->s.excl_addr == a) {
        r = read_for_write(v, in, m, a, mode, &old);
        if (r == MMU_FAULTED)
            return r;
        if (old == seen) {
            r = put(v, in, m, a, mode, load_int(b, size), r);
            if (r == MMU_FAULTED)
                return r;
            status = 0;
        }
    }
    v->s.excl_size = 0;
    memcpy(out, &status, 4);
    return r;
}

/* ---- masked and gathering vector accesses: lane by lane ---- */

static bool lane_on(const u8 *mask, u32 lane, u32 bytes)
{
    return mask[lane * bytes + bytes - 1] & 0x80;
}

/* Of lane i of a masked access at a. */
static gva lane_addr(struct ir_mem m, gva a, u32 at)
{
    return m.addr32 ? (u32)(a + at) : a + at;
}

static enum mmu_result masked(struct vcpu *v, const struct ir_ins *in, struct ir_mem m, gva a, u32 mode, const u8 *mask,
                              const u8 *val, u8 *out)
{
    u32 lb = ir_bytes((enum ir_type)in->lane), total = 1u << m.size;
    bool write = in->op == IR_mstore;
    enum mmu_result worst = MMU_OK, r;
    u8 buf[32];
    memcpy(buf, val, total);
    for (u32 at = 0; at < total; at += lb)
        if (lane_on(mask, at / lb, lb)
            && mmu_probe(&v->mmu, lane_addr(m, a, at), lb, write ? MMU_WRITE : MMU_READ, mode, m.align, in->aux) == MMU_FAULTED)
            return MMU_FAULTED;
    for (u32 at = 0; at < total; at += lb) {
        if (!lane_on(mask, at / lb, lb))
            continue;
        if (write)
            swap_units(buf + at, lb, m.bswap);
        r = write ? mmu_write(&v->mmu, lane_addr(m, a, at), lb, mode, m.align, in->aux, buf + at)
                  : mmu_read(&v->mmu, lane_addr(m, a, at), lb, mode, m.align, in->aux, buf + at);
        if (!write)
            swap_units(buf + at, lb, m.bswap);
        worst = r > worst ? r : worst;
    }
    if (!write)
        memcpy(out, buf, total);
    return worst;
}

/* A lane that faults leaves the lanes before it in the destination field and drops them from the mask field. */
static enum mmu_result gather(struct vcpu *v, const struct ir_ins *in, struct ir_mem m, gva base, u32 mode, const u8 *index,
                              const u8 *mask, const u8 *old, u8 *out)
{
    u32 lb = ir_bytes((enum ir_type)in->lane), bytes = ir_bytes((enum ir_type)in->type);
    enum mmu_result worst = MMU_OK;
    u8 res[32], left[32];
    memcpy(res, old, bytes);
    memcpy(left, mask, bytes);
    for (u32 i = 0; i < bytes / lb; i++) {
        i64 at = lb == 8 ? (i64)load_le64(index + 8 * i) : (i32)load_le32(index + 4 * i);
        gva a = base + (u64)at * in->imm;
        if (lane_on(mask, i, lb)) {
            enum mmu_result r = mmu_read(&v->mmu, lane_addr(m, a, 0), lb, mode, m.align, in->aux, res + i * lb);
            if (r == MMU_FAULTED) {
                const struct ir_field *f = v->guest->layout->fields;
                memcpy((u8 *)v->state + f[in->imm2 & 0xffff].offset, res, bytes);
                memcpy((u8 *)v->state + f[in->imm2 >> 16 & 0xffff].offset, left, bytes);
                return MMU_FAULTED;
            }
            swap_units(res + i * lb, lb, m.bswap);
            worst = r > worst ? r : worst;
        }
        memset(left + i * lb, 0, lb);
    }
    memcpy(out, res, bytes);
    return worst;
}

enum mmu_result interp_mem(struct vcpu *v, const struct ir_ins *in, const void *a, const void *b, const void *c,
                           const void *d, void *out)
{
    struct ir_mem m = ir_mem_unpack(in->aux);
    gva addr = addr_of(m, a);
    switch (in->op) {
    case IR_load: case IR_ldex: return load(v, in, m, addr, mode_of(in, m, b), out);
    case IR_store: return store(v, in, m, addr, mode_of(in, m, c), b);
    case IR_probe: return mmu_probe(&v->mmu, addr, (u32)in->imm, m.write ? MMU_WRITE : MMU_READ, mode_of(in, m, b), m.align, in->aux);
    case IR_rmw: return rmw(v, in, m, addr, mode_of(in, m, c), b, out);
    case IR_cas: return cas(v, in, m, addr, mode_of(in, m, d), b, c, out);
    case IR_stex: return stex(v, in, m, addr, mode_of(in, m, c), b, out);
    case IR_mload: case IR_mstore: return masked(v, in, m, addr, mode_of(in, m, d), b, c, out);
    case IR_gather: return gather(v, in, m, addr, m.mmu, b, c, d, out);
    default: CHECK(!"not a memory operation");
    }
    return MMU_FAULTED;
}
