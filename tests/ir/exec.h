/* exec.h - a small executor of single blocks for the IR tests: ir_eval() on a flat, sparse memory.
 *
 * It follows ir/ir.h to the letter and nothing else: no TLB, no chaining, values kept as union ir_val. Addresses
 * that no file mentions read as zero and can be written; ranges can be made to fault.
 * run_block() is the only entry; run_block_interp() (exec_interp.h) is the same by the reference engine. */
#pragma once
#include "base/bits.h"
#include "vm/vm.h"
#include <stdlib.h>
#include <string.h>

#define WORLD_PAGES 32u
#define WORLD_FAULTS 8u

struct world_page {
    u64 base;
    u8  bytes[4096];
};

struct world_fault { /* whole pages, as translation has them */
    u64  addr, len;
    bool read, write;
};

enum left { LEFT_DIRECT, LEFT_INDIRECT, LEFT_MODE, LEFT_EXC, LEFT_FAULT, LEFT_RAISED };

struct outcome {
    enum left how;
    u64       pc;       /* where execution goes on, or the instruction that did not complete */
    u64       code;     /* exc, raised */
    u64       payload;  /* exc */
    u64       addr;     /* fault: first byte that faults */
    bool      write, misaligned;
};

struct world {
    const struct ir_layout *layout;
    u8                     *state;
    u64                     pc;
    struct world_page       pages[WORLD_PAGES];
    u32                     page_count;
    struct world_fault      faults[WORLD_FAULTS];
    u32                     fault_count;
    u64                     excl_addr;
    u32                     excl_size; /* 0: open */
    u64                     excl_val[2];
    struct vcpu             cpu;       /* what helpers get: its wiring is the world */
    u8                     *ram;       /* the pages' bytes are here while another engine runs; else NULL */
    u64                     resumes;   /* such a run ended early and goes on here */
    bool                    stopped;   /* such a run has gone where the block led */
    /* of the block that runs */
    const struct ir_block  *block;
    union ir_val            v[IR_BLOCK_MAX];
    u64                     insn_pc;
    struct outcome          out;
    bool                    left;
};

/* ---- memory ---- */

static inline u8 *world_byte(struct world *w, u64 a)
{
    for (u32 i = 0; i < w->page_count; i++)
        if (w->pages[i].base == (a & ~4095ull))
            return (w->ram ? w->ram + 4096 * i : w->pages[i].bytes) + (a & 4095);
    CHECK(w->page_count < WORLD_PAGES); /* a test file that spreads too far */
    struct world_page *p = &w->pages[w->page_count++];
    memset(p, 0, sizeof *p);
    p->base = a & ~4095ull;
    return (w->ram ? w->ram + 4096 * (p - w->pages) : p->bytes) + (a & 4095);
}

static inline bool world_fault(struct world *w, u64 a, bool write, bool misaligned)
{
    w->out = (struct outcome){ .how = LEFT_FAULT, .pc = w->insn_pc, .addr = a, .write = write,
                               .misaligned = misaligned };
    w->left = true;
    return false;
}

/* Bytes of an access wrap at 32 bits where its address does. */
static inline u64 world_at(u64 a, u32 i, struct ir_mem m)
{
    return m.addr32 ? (u32)(a + i) : a + i;
}

/* First byte of [a, a + len) that faults; false: none. */
static inline bool world_bad_byte(const struct world *w, u64 a, u64 len, struct ir_mem m, bool write, u64 *bad)
{
    for (u32 k = 0; k < len; k++)
        for (u32 i = 0; i < w->fault_count; i++) {
            const struct world_fault *f = &w->faults[i];
            if (world_at(a, k, m) - f->addr < f->len && (write ? f->write : f->read)) {
                *bad = world_at(a, k, m);
                return true;
            }
        }
    return false;
}

static inline bool world_check(struct world *w, u64 a, u64 len, struct ir_mem m, bool write)
{
    u64 bad;
    if (a & bits_mask(m.align))
        return world_fault(w, a, write, true);
    return world_bad_byte(w, a, len, m, write, &bad) ? world_fault(w, bad, write, false) : true;
}

static inline void swap_units(u8 *p, u32 size, u32 unit)
{
    u32 n = 1u << unit;
    for (u32 at = 0; at + n <= size; at += n)
        for (u32 i = 0; i < n / 2; i++) {
            u8 t = p[at + i];
            p[at + i] = p[at + n - 1 - i];
            p[at + n - 1 - i] = t;
        }
}

static inline void world_get(struct world *w, u64 a, u32 size, struct ir_mem m, union ir_val *v)
{
    *v = (union ir_val){ .q = { 0, 0 } };
    for (u32 i = 0; i < size; i++)
        v->b[i] = *world_byte(w, world_at(a, i, m));
    swap_units(v->b, size, m.bswap);
}

static inline void world_put(struct world *w, u64 a, u32 size, struct ir_mem m, const union ir_val *v)
{
    union ir_val t = *v;
    swap_units(t.b, size, m.bswap);
    for (u32 i = 0; i < size; i++)
        *world_byte(w, world_at(a, i, m)) = t.b[i];
}

/* ---- state ---- */

static inline void field_get(const struct world *w, u64 field, union ir_val *v)
{
    const struct ir_field *f = &w->layout->fields[field];
    *v = (union ir_val){ .q = { 0, 0 } };
    memcpy(v, w->state + f->offset, ir_bytes((enum ir_type)f->type));
}

static inline void field_set(struct world *w, u64 field, const union ir_val *v)
{
    const struct ir_field *f = &w->layout->fields[field];
    memcpy(w->state + f->offset, v, ir_bytes((enum ir_type)f->type));
}

/* ---- memory operations ---- */

static inline u64 exec_addr(const struct ir_ins *in, struct world *w)
{
    u64 a = w->v[in->arg[0]].d[0];
    return ir_mem_unpack(in->aux).addr32 ? (u32)a : a;
}

static inline void exec_load(const struct ir_ins *in, struct world *w, union ir_val *out)
{
    struct ir_mem m = ir_mem_unpack(in->aux);
    u64 a = exec_addr(in, w);
    u32 bits = 8u << m.size, wide = ir_bits((enum ir_type)in->type);
    if (!world_check(w, a, 1u << m.size, m, false))
        return;
    world_get(w, a, 1u << m.size, m, out);
    if (in->op == IR_ldex) {
        w->excl_addr = a;
        w->excl_size = 1u << m.size;
    }
    if (m.sign && bits < wide) {
        i128 s = bits_sext(out->d[0], MIN(bits, 64u));
        out->q[0] = wide < 128 ? (u128)s & (((u128)1 << wide) - 1) : (u128)s;
    }
}

static inline void exec_store(const struct ir_ins *in, struct world *w)
{
    struct ir_mem m = ir_mem_unpack(in->aux);
    u64 a = exec_addr(in, w);
    if (world_check(w, a, 1u << m.size, m, true))
        world_put(w, a, 1u << m.size, m, &w->v[in->arg[1]]);
}

static inline u128 rmw_value(enum ir_rmw op, u128 old, u128 arg, u32 bits)
{
    i64 so = bits_sext((u64)old, bits), sa = bits_sext((u64)arg, bits);
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

static inline void exec_atomic(const struct ir_ins *in, struct world *w, union ir_val *out)
{
    struct ir_mem m = ir_mem_unpack(in->aux);
    u64 a = exec_addr(in, w);
    union ir_val old, to = { .q = { 0, 0 } };
    if (!world_check(w, a, 1u << m.size, m, true))
        return;
    world_get(w, a, 1u << m.size, m, &old);
    if (in->op == IR_rmw)
        to.q[0] = rmw_value((enum ir_rmw)in->flag, old.q[0], w->v[in->arg[1]].q[0], 8u << m.size);
    else
        to = old.q[0] == w->v[in->arg[1]].q[0] ? w->v[in->arg[2]] : old;
    world_put(w, a, 1u << m.size, m, &to);
    *out = old;
}

static inline void exec_stex(const struct ir_ins *in, struct world *w, union ir_val *out)
{
    u32 size = 1u << ir_mem_unpack(in->aux).size;
    bool armed = w->excl_size == size && w->excl_addr == exec_addr(in, w);
    w->excl_size = 0;
    *out = (union ir_val){ .d = { !armed } };
    if (armed)
        exec_store(in, w);
}

/* mload, mstore: all lanes are checked before the first is touched. */
static inline void exec_masked(const struct ir_ins *in, struct world *w, union ir_val *out)
{
    struct ir_mem m = ir_mem_unpack(in->aux);
    bool write = in->op == IR_mstore;
    u64 a = exec_addr(in, w);
    u32 lane = ir_bytes((enum ir_type)in->lane), total = 1u << m.size;
    union ir_val mask = w->v[in->arg[1]], val = w->v[in->arg[2]], t;
    for (u32 at = 0; at < total; at += lane)
        if (mask.b[at + lane - 1] & 0x80 && !world_check(w, a + at, lane, m, write))
            return;
    for (u32 at = 0; at < total; at += lane) {
        if (!(mask.b[at + lane - 1] & 0x80))
            continue;
        memcpy(t.b, val.b + at, lane);
        if (write) {
            world_put(w, a + at, lane, m, &t);
        } else {
            world_get(w, a + at, lane, m, &t);
            memcpy(val.b + at, t.b, lane);
        }
    }
    if (!write)
        *out = val;
}

static inline void exec_gather(const struct ir_ins *in, struct world *w, union ir_val *out)
{
    struct ir_mem m = ir_mem_unpack(in->aux);
    u32 lane = ir_bytes((enum ir_type)in->lane), total = ir_bytes((enum ir_type)in->type);
    union ir_val index = w->v[in->arg[1]], mask = w->v[in->arg[2]], val = w->v[in->arg[3]], t;
    for (u32 at = 0; at < total; at += lane) {
        i64 n = lane == 8 ? (i64)index.d[at / 8] : (i32)index.w[at / 4];
        u64 a = w->v[in->arg[0]].d[0] + (u64)n * in->imm;
        a = m.addr32 ? (u32)a : a;
        if (mask.b[at + lane - 1] & 0x80) {
            if (!world_check(w, a, lane, m, false)) {
                field_set(w, in->imm2 & 0xffff, &val);
                field_set(w, in->imm2 >> 16, &mask);
                return;
            }
            world_get(w, a, lane, m, &t);
            memcpy(val.b + at, t.b, lane);
        }
        memset(mask.b + at, 0, lane);
    }
    *out = val;
}

static inline void exec_memory(const struct ir_ins *in, struct world *w, union ir_val *out)
{
    struct ir_mem m = ir_mem_unpack(in->aux);
    switch (in->op) {
    case IR_load: case IR_ldex: exec_load(in, w, out); break;
    case IR_store: exec_store(in, w); break;
    case IR_probe: world_check(w, exec_addr(in, w), in->imm, m, m.write); break;
    case IR_rmw: case IR_cas: exec_atomic(in, w, out); break;
    case IR_stex: exec_stex(in, w, out); break;
    case IR_mload: case IR_mstore: exec_masked(in, w, out); break;
    case IR_gather: exec_gather(in, w, out); break;
    default: break; /* barrier */
    }
}

/* ---- the rest ---- */

static inline void exec_call(const struct ir_ins *in, struct world *w, union ir_val *out)
{
    const struct ir_helper *h = &w->layout->helpers[in->imm];
    u64 arg[3] = { 0 };
    for (u32 k = 0; k < h->args; k++)
        arg[k] = w->v[in->arg[k]].d[0];
    w->cpu.wiring = w;
    w->cpu.s.pc = w->insn_pc;
    u64 r = h->fn(&w->cpu, arg[0], arg[1], arg[2]);
    *out = (union ir_val){ .d = { r & bits_mask(ir_bits((enum ir_type)h->result)) } };
}

static inline void exec_exit(const struct ir_ins *in, struct world *w)
{
    u64 v = in->arg[0] == IR_NONE ? 0 : w->v[in->arg[0]].d[0];
    w->left = true;
    w->out = (struct outcome){ .pc = v };
    switch (in->op) {
    case IR_exit_direct: w->out.how = LEFT_DIRECT; w->out.pc = w->pc + in->imm; break;
    case IR_exit_indirect: w->out.how = LEFT_INDIRECT; break;
    case IR_exit_mode: w->out.how = LEFT_MODE; break;
    default: w->out = (struct outcome){ .how = LEFT_EXC, .pc = w->insn_pc, .code = in->imm, .payload = v };
    }
}

static inline u64 exec_indexed(const struct ir_ins *in, const struct world *w)
{
    const struct ir_range *r = &w->layout->ranges[in->imm];
    return r->first + w->v[in->arg[0]].w[0] % r->count;
}

static inline void exec_value(const struct ir_ins *in, struct world *w, union ir_val *out)
{
    static const union ir_val none;
    const union ir_val *arg[4];
    struct fp_env own = { 0, 0 }, *env = &own;
    if (w->layout->fp_env != ~0u)
        env = (struct fp_env *)(void *)(w->state + w->layout->fp_env);
    for (u32 k = 0; k < 4; k++)
        arg[k] = in->arg[k] == IR_NONE ? &none : &w->v[in->arg[k]];
    ir_eval(in, arg, env, out);
}

static inline u32 find_label(const struct ir_block *b, u32 i)
{
    u64 label = b->ins[i].imm;
    while (b->ins[i].op != IR_label || b->ins[i].imm != label)
        i++;
    return i;
}

static inline u32 exec_ins(const struct ir_block *b, u32 i, struct world *w)
{
    const struct ir_ins *in = &b->ins[i];
    union ir_val *out = &w->v[i];
    switch (in->op) {
    case IR_insn: w->insn_pc = w->pc + in->imm; break;
    case IR_skip: if (w->v[in->arg[0]].b[0]) return find_label(b, i); break;
    case IR_label: break;
    case IR_pc: *out = (union ir_val){ .d = { w->pc + in->imm } }; break;
    case IR_get: field_get(w, in->imm, out); break;
    case IR_set: field_set(w, in->imm, &w->v[in->arg[0]]); break;
    case IR_getx: field_get(w, exec_indexed(in, w), out); break;
    case IR_setx: field_set(w, exec_indexed(in, w), &w->v[in->arg[1]]); break;
    case IR_clrex: w->excl_size = 0; break;
    case IR_call: exec_call(in, w, out); break;
    default:
        if (ir_rows[in->op].effects & IR_EXIT)
            exec_exit(in, w);
        else if (ir_rows[in->op].effects & IR_MEM)
            exec_memory(in, w, out);
        else
            exec_value(in, w, out);
    }
    return i + 1;
}

/* Runs a verified block once from w->pc; w->out says how it was left. False: an engine's limitation, in e. */
static inline bool run_block(const struct ir_block *b, struct world *w, struct err *e)
{
    w->left = false;
    w->insn_pc = w->pc;
    for (u32 i = 0; !w->left;) {
        if (i >= b->count)
            return err_set(e, "ran past the end of the block");
        i = exec_ins(b, i, w);
    }
    return true;
}
