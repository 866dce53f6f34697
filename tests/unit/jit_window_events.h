/*
 * jit_window_events.h - for jit_window_test.c: groups of accesses off one base, and what may happen between them, as
 * instructions of the made-up guest.
 */
#pragma once
#include "tests/unit/jit_window_rig.h"

/* ---- groups of accesses off one base ---- */

enum { LD = 1, ST, PR /* probes: for reading, for writing */, PW };

struct acc {
    u8  op, type;
    i16 at;
    u8  how; /* JOINED: in one instruction with the access before it; ALIGNED(log2) */
};
#define JOINED 1
#define ALIGNED(n) ((n) << 4)
#define ACCS 6u
struct group {
    const char *name;
    struct acc  acc[ACCS];
};

static const struct group groups[] = {
    { "loads up", { { LD, IR_I64, 0, 0 }, { LD, IR_I64, 8, 0 }, { LD, IR_I32, 16, 0 }, { LD, IR_I8, 1000, 0 } } },
    { "loads down",
      { { LD, IR_I64, 0, 0 }, { LD, IR_I64, -8, 0 }, { LD, IR_I16, -16, 0 }, { LD, IR_I8, -1000, 0 } } },
    { "loads at one place",
      { { LD, IR_I8, 0, 0 }, { LD, IR_I8, 0, 0 }, { LD, IR_I64, 0, 0 }, { LD, IR_I8, 0, 0 } } },
    { "loads that overlap",
      { { LD, IR_I64, 0, 0 }, { LD, IR_I64, -4, 0 }, { LD, IR_I32, -1, 0 }, { LD, IR_V128, -9, 0 } } },
    { "longer ones below",
      { { LD, IR_I16, 0, 0 }, { LD, IR_I64, -4, 0 }, { LD, IR_V256, -30, 0 }, { LD, IR_I32, -3, 0 } } },
    { "both ways", { { LD, IR_I64, 0, 0 }, { LD, IR_I64, 8, 0 }, { LD, IR_I64, -8, 0 }, { LD, IR_I64, 16, 0 } } },
    { "stores up", { { ST, IR_I64, 0, 0 }, { ST, IR_I64, 8, 0 }, { ST, IR_I8, 3, 0 }, { ST, IR_I32, 40, 0 } } },
    { "stores down",
      { { ST, IR_I64, 0, 0 }, { ST, IR_I64, -8, 0 }, { ST, IR_V128, -24, 0 }, { ST, IR_I16, -1, 0 } } },
    { "stores, then loads",
      { { ST, IR_I32, 0, 0 }, { LD, IR_I32, 0, 0 }, { LD, IR_I64, 4, 0 }, { ST, IR_I8, 8, 0 } } },
    { "loads, then stores",
      { { LD, IR_I64, 0, 0 }, { ST, IR_I64, 8, 0 }, { LD, IR_I64, 16, 0 }, { ST, IR_I32, 24, 0 } } },
    { "a load, stores down",
      { { LD, IR_I64, 0, 0 }, { ST, IR_I64, -8, 0 }, { ST, IR_I64, -16, 0 }, { LD, IR_I8, -9, 0 } } },
    { "vectors",
      { { LD, IR_V128, 0, 0 }, { LD, IR_V256, 16, 0 }, { ST, IR_V128, 32, 0 }, { ST, IR_V256, 48, 0 } } },
    { "vectors down",
      { { ST, IR_V256, 0, 0 }, { ST, IR_V128, -16, 0 }, { LD, IR_V256, -48, 0 }, { LD, IR_F64, -8, 0 } } },
    { "pairs", { { LD, IR_I128, 0, 0 }, { ST, IR_I128, 16, 0 }, { LD, IR_F32, 32, 0 }, { ST, IR_F64, 36, 0 } } },
    { "longer probes below",
      { { LD, IR_I16, 0, 0 }, { PR, IR_V256, -8, 0 }, { PR, IR_I32, -3, 0 }, { PR, IR_I64, -6, 0 } } },
    { "modify",
      { { PW, IR_I64, 0, 0 }, { LD, IR_I64, 0, JOINED }, { ST, IR_I64, 0, JOINED }, { LD, IR_I64, 8, 0 } } },
    { "modify bytes",
      { { LD, IR_I8, 0, 0 }, { PW, IR_I8, 1, 0 }, { LD, IR_I8, 1, JOINED },
        { ST, IR_I8, 1, JOINED }, { ST, IR_I8, 2, 0 } } },
    { "modify below",
      { { LD, IR_I32, 0, 0 }, { PW, IR_I32, -4, 0 }, { LD, IR_I32, -4, JOINED },
        { ST, IR_I32, -4, JOINED }, { LD, IR_I32, -8, 0 } } },
    { "probes, a pair of stores",
      { { PW, IR_V128, 0, 0 }, { ST, IR_I64, 0, JOINED }, { ST, IR_I64, 8, JOINED }, { LD, IR_I64, 4, 0 } } },
    { "probes of both kinds",
      { { PR, IR_I64, 0, 0 }, { PW, IR_I64, 8, 0 }, { PR, IR_V256, 16, 0 }, { ST, IR_I64, 8, 0 } } },
    { "aligned loads",
      { { LD, IR_I64, 0, ALIGNED(3) }, { LD, IR_I64, 8, ALIGNED(3) },
        { LD, IR_I16, 18, ALIGNED(1) }, { LD, IR_I32, 21, ALIGNED(2) } } },
    { "aligned stores",
      { { ST, IR_I64, 0, 0 }, { ST, IR_I64, -8, ALIGNED(2) },
        { ST, IR_V128, -32, ALIGNED(4) }, { PW, IR_I64, -9, ALIGNED(2) } } },
    { "pairs in one instruction",
      { { LD, IR_I64, -16, 0 }, { LD, IR_I64, -8, JOINED }, { PW, IR_V128, -16, 0 },
        { ST, IR_I64, -16, JOINED }, { ST, IR_I64, -8, JOINED } } },
};

/* How addresses are made. */
enum form { SUM64, DIFFERENCE64, CHAIN64, SUM32, CHAIN32, FORMS };

static inline ir_ref address(struct win *w, enum form form, i64 at)
{
    struct ir_block *b = &w->b;
    enum ir_type t = form >= SUM32 ? IR_I32 : IR_I64;
    ir_ref base = win_get(w, t, F_BASE);
    if (form == CHAIN64 || form == CHAIN32) {
        base = ir_op2(b, IR_sub, base, ir_const(b, t, 0x7ff0));
        base = ir_op2(b, IR_add, base, ir_const(b, t, 0x7ff0 + (u64)at));
    } else if (at && form == DIFFERENCE64) {
        base = ir_op2(b, IR_sub, base, ir_const(b, t, 0 - (u64)at));
    } else if (at) {
        base = ir_op2(b, IR_add, base, ir_const(b, t, (u64)at));
    }
    return t == IR_I32 ? ir_conv(b, IR_zext, IR_I64, base) : base;
}

static inline void emit_access(struct win *w, const struct acc *a, enum form form, u32 mode)
{
    enum ir_type t = (enum ir_type)a->type;
    struct ir_mem m = win_mem(t);
    ir_ref va = address(w, form, a->at);
    m.mmu = mode & 15;
    m.write = a->op == PW;
    m.align = a->how >> 4 & 7;
    if (a->op == LD)
        win_load(w, t, va, m);
    else if (a->op == ST)
        win_store(w, t, va, m);
    else
        win_probe(w, 1u << m.size, va, m);
}

/* ---- events between accesses ---- */

enum kind { NOTHING, LOAD, STORE, TAGS /* `arg` pages of the same slot */, AND_BACK /* ..., then the page itself */,
            CALL /* helper `arg` */, RMW, CAS, LDEX, MLOAD, MSTORE, GATHER, SKIP /* taken or not: arg */, SKIP_FIRST,
            SET_BASE, PATCH /* the instruction behind it */, PROBE /* `arg` bytes */, BARRIER, WRAP32,
            MODE_OPERAND, OWN_LOAD, OWN_STORE /* off the window's base, in MMU mode `arg` */,
            EVICT /* by a helper */ };
struct between {
    const char *name;
    u8          kind, type;
    i64         at;        /* small ones, and those with a tag, are off the base */
    u32         arg;       /* LOAD, STORE: MMU mode | alignment << 4 */
};

#define BOTH(what, type, at, how) { "a load " what, LOAD, type, at, how }, { "a store " what, STORE, type, at, how }
static const struct between events[] = {
    { "nothing", NOTHING, 0, 0, 0 },
    BOTH("that fills another entry", IR_I64, PAGE(RW2) + 0x10, 0), BOTH("elsewhere", IR_I32, 64, 0),
    { "a fill of the same slot", TAGS, IR_I64, 0, 1 },
    { "a fill of the same slot, and back", AND_BACK, IR_I64, 0, 1 },
    { "so many fills that the victims are gone", TAGS, IR_I8, 0, 6 },
    { "the victims are gone, and back", AND_BACK, IR_I8, 0, 6 },
    BOTH("that faults", IR_I64, PAGE(NONE) + 0x10, 0), BOTH("with a bus fault", IR_I32, PAGE(BUS) + 8, 0),
    BOTH("at a read-only page", IR_I32, PAGE(RO) + 0x20, 0), BOTH("at a device", IR_I32, PAGE(IO) + 8, 0),
    BOTH("at a page of a device", IR_I32, PAGE(DEVICE) + 8, 0), BOTH("across it", IR_I32, PAGE(DEVICE) + 9, 0),
    BOTH("to the page of code", IR_I32, PAGE(CODE) + 0xc00, 0), BOTH("by an alias", IR_I64, PAGE(ALIAS) + 0x408, 0),
    { "code that changes", PATCH, IR_I32, 0, 0 },
    BOTH("across pages", IR_I64, PAGE(RW0) + 0xffc, 0), BOTH("of a vector there", IR_V128, PAGE(RW0) + 0xff7, 0),
    BOTH("across a read-only page's end", IR_V128, PAGE(RO) + 0xff1, 0), BOTH("to it", IR_I64, PAGE(RW1) + 0xffd, 0),
    BOTH("that is not aligned", IR_I64, 1, 3 << 4), BOTH("that is aligned", IR_I8, 24, 3 << 4),
    { "MMU mode 1, a load", OWN_LOAD, IR_I32, 4, 1 }, { "MMU mode 1, a load below", OWN_LOAD, IR_I32, -4, 1 },
    { "MMU mode 1, a store", OWN_STORE, IR_I32, 32, 1 }, { "MMU mode 2, a store", OWN_STORE, IR_I32, 32, 2 },
    { "MMU mode 3, a load", OWN_LOAD, IR_I32, 16, 3 },
    { "a helper", CALL, 0, 0, IRF_H_mix }, { "a helper that writes state", CALL, 0, 0, IRF_H_bump },
    { "a helper that may fault", CALL, 0, 0, IRF_H_peek }, { "one that accesses memory", CALL, 0, 0, IRF_H_poke },
    { "a helper that accesses pages of the same slot", EVICT, 0, 0, 0 },
    { "another address space", CALL, 0, 0, IRF_H_space }, { "a flush", CALL, 0, 0, IRF_H_remap },
    { "a read-modify-write", RMW, IR_I64, 32, 0 },
    { "a read-modify-write in a page of the same slot", RMW, IR_I64, (i64)TAG(1) + 32, 0 },
    { "a compare-and-swap in a page of the same slot", CAS, IR_I32, (i64)TAG(1), 0 },
    { "a load-exclusive in a page of the same slot", LDEX, IR_I32, (i64)TAG(1) + 16, 0 },
    { "a masked load in a page of the same slot", MLOAD, IR_V128, (i64)TAG(1) + 16, 0 },
    { "a masked store in a page of the same slot", MSTORE, IR_V128, (i64)TAG(1) + 16, 0 },
    { "a gather in a page of the same slot", GATHER, IR_V128, (i64)TAG(1) + 16, 0 },
    { "a skip that is taken", SKIP, IR_I32, PAGE(RW2) + 0x10, 1 },
    { "a skip that is not taken", SKIP, IR_I32, PAGE(RW2) + 0x10, 0 },
    { "the way under a skip, taken", SKIP_FIRST, IR_I32, 0, 1 },
    { "the way under a skip, not taken", SKIP_FIRST, IR_I32, 0, 0 },
    { "another base", SET_BASE, IR_I64, 24, 0 },
    { "a probe of a page", PROBE, 0, 0x100, 4096 },
    { "a probe elsewhere", PROBE, 0, PAGE(RW2), 64 },
    { "a barrier", BARRIER, 0, 0, 0 },
    { "an address of 32 bits", WRAP32, IR_I32, 8, 0 },
    { "the MMU mode as an operand", MODE_OPERAND, IR_I32, 8, 0 },
};

static inline ir_ref event_address(struct win *w, i64 at)
{
    if (at >= (i64)IRF_CODE && at < (i64)TAG(1))
        return win_i64(w, (u64)at);
    return ir_op2(&w->b, IR_add, win_get(w, IR_I64, F_ALSO), win_i64(w, (u64)at));
}

/* Pages of one slot differ in the tag. */
static inline void emit_tags(struct win *w, const struct between *v)
{
    enum ir_type t = (enum ir_type)v->type;
    for (u32 k = 1; k <= v->arg; k++)
        win_load(w, t, ir_op2(&w->b, IR_add, win_get(w, IR_I64, F_ALSO), win_i64(w, TAG(k))), win_mem(t));
    if (v->kind == AND_BACK)
        win_load(w, t, win_get(w, IR_I64, F_ALSO), win_mem(t));
}

static inline void emit_call(struct win *w, u32 helper)
{
    const struct ir_helper *h = &irf_helpers[helper];
    ir_ref arg[3] = { win_i64(w, helper == IRF_H_poke ? PAGE(RW2) + 0x200 : helper == IRF_H_space ? 1 : 8),
                      win_i64(w, helper == IRF_H_peek ? 0 : F_BASE), win_i64(w, 7) };
    if (helper == IRF_H_peek)
        arg[0] = win_get(w, IR_I64, F_ALSO);
    for (u32 k = h->args; k < 3; k++)
        arg[k] = IR_NONE;
    ir_ref x = ir_call(&w->b, helper, arg[0], arg[1], arg[2]);
    if (h->result)
        win_keep(w, x);
}

static inline u16 op_of(u8 kind)
{
    switch (kind) {
    case RMW: return IR_rmw;
    case CAS: return IR_cas;
    case LDEX: return IR_ldex;
    case MLOAD: return IR_mload;
    case MSTORE: return IR_mstore;
    case GATHER: return IR_gather;
    default: return IR_load;
    }
}

/* Memory rows that are not made in line with the others. */
static inline void emit_row(struct win *w, const struct between *v)
{
    enum ir_type t = (enum ir_type)v->type;
    struct ir_mem m = win_mem(t);
    ir_ref va = event_address(w, v->at);
    struct ir_ins in = { .src = IR_I64, .type = (u8)t, .arg = { va, IR_NONE, IR_NONE, IR_NONE } };
    in.op = op_of(v->kind);
    m.addr32 = v->kind == WRAP32;
    m.mmu_val = v->kind == MODE_OPERAND;
    if (m.mmu_val)
        in.arg[1] = ir_const(&w->b, IR_I32, 1);
    else if (in.op != IR_ldex && in.op != IR_load)
        in.arg[1] = ir_is_vec(t) ? ir_vconst(&w->b, v->kind == GATHER ? 4 : ~0ull, 8) : win_value(w, t);
    if (v->kind == CAS || v->kind == MLOAD || v->kind == MSTORE)
        in.arg[2] = win_value(w, t);
    if (v->kind == GATHER) {
        in.arg[2] = ir_vconst(&w->b, ~0ull, ~0ull);
        in.arg[3] = win_value(w, t);
        in.imm = 1;
        in.imm2 = w->y.first[t] + 1u + ((w->y.first[t] + 2ull) << 16);
        m.size = 3;
    }
    in.lane = ir_is_vec(t) ? IR_I64 : IR_VOID;
    in.type = v->kind == MSTORE ? IR_VOID : in.type;
    in.aux = ir_mem_pack(m);
    ir_ref x = ir_emit(&w->b, in);
    if (in.type != IR_VOID)
        win_keep(w, x);
}

/* An access that is jumped over, or not: of another page, or of the base itself. */
static inline void emit_skip(struct win *w, const struct between *v)
{
    struct ir_block *b = &w->b;
    ir_ref a = win_get(w, IR_I64, F_ALSO);
    ir_ref at = v->kind == SKIP ? event_address(w, v->at) : win_get(w, IR_I64, F_BASE);
    ir_ref cond = ir_op2(b, v->arg ? IR_eq : IR_ne, a, a);
    u16 label = ir_skip(b, cond);
    ir_ref x = ir_load(b, (enum ir_type)v->type, at, win_mem((enum ir_type)v->type));
    win_set(w, IR_I32, 2, x);
    ir_label(b, label);
}

static inline void emit_event_ins(struct win *w, const struct between *v)
{
    enum ir_type t = (enum ir_type)v->type;
    struct ir_mem m = { 0 };
    ir_ref base;
    switch (v->kind) {
    case LOAD: case STORE: case OWN_LOAD: case OWN_STORE:
        m = win_mem(t);
        m.mmu = v->arg & 3;
        m.align = v->arg >> 4 & 7;
        base = v->kind >= OWN_LOAD ? address(w, SUM64, v->at) : event_address(w, v->at);
        (v->kind == LOAD || v->kind == OWN_LOAD ? win_load : win_store)(w, t, base, m);
        break;
    case EVICT: win_keep(w, ir_call(&w->b, WIN_EVICT, win_get(w, IR_I64, F_ALSO), IR_NONE, IR_NONE)); break;
    case TAGS: case AND_BACK: emit_tags(w, v); break;
    case CALL: emit_call(w, v->arg); break;
    case SKIP: case SKIP_FIRST: emit_skip(w, v); break;
    case SET_BASE:
        base = win_get(w, t, F_BASE);
        win_set(w, t, F_BASE, ir_op2(&w->b, IR_add, base, ir_const(&w->b, t, (u64)v->at)));
        break;
    case PATCH:
        ir_store(&w->b, win_i64(w, PAGE(CODE) + 4 * (w->n + 1)), ir_const(&w->b, IR_I32, ALT), win_mem(t));
        break;
    case PROBE: win_probe(w, v->arg, event_address(w, v->at), m); break;
    case BARRIER:
        ir_emit(&w->b, (struct ir_ins){ .op = IR_barrier, .arg = { IR_NONE, IR_NONE, IR_NONE, IR_NONE } });
        break;
    default: emit_row(w, v); break;
    }
}

static inline void emit_event(struct win *w, const struct between *v)
{
    if (v->kind == NOTHING)
        return;
    win_begin(w);
    emit_event_ins(w, v);
    win_end(w);
}
