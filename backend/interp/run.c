/*
 * run.c - the interpreter's loop: threaded code by computed goto, one handler per row and type.
 *
 * The handlers of OP rows are expanded from ir/ops.def: the row's expression is the semantics here too.
 */
#include "backend/interp/interp.h"
#include "ir/eval_int.h"
#include <stdlib.h>
#include <string.h>

static void eval(const struct iblock *b, const struct iop *op, struct fp_env *env)
{
    union ir_val v[4], out;
    const union ir_val *arg[4] = { &v[0], &v[1], &v[2], &v[3] };
    const void *from[4] = { op->a, op->b, op->c, (const void *)(uintptr_t)op->imm };
    for (u32 k = 0; k < 4 && op->in->arg[k] != IR_NONE; k++) {
        u32 n = ir_bytes((enum ir_type)b->ins[op->in->arg[k]].type);
        v[k].q[0] = v[k].q[1] = 0;
        if (n == 16)
            memcpy(&v[k], from[k], 16);
        else
            memcpy(&v[k], from[k], n);
    }
    ir_eval(op->in, arg, env, &out);
    memcpy(op->d, &out, ir_bytes((enum ir_type)op->in->type));
}

static u64 call(struct vcpu *v, const struct iblock *b, const struct iop *op)
{
    const struct ir_helper *h = &v->guest->layout->helpers[op->in->imm];
    const void *from[3] = { op->a, op->b, op->c };
    u64 arg[3] = { 0, 0, 0 };
    for (u32 k = 0; k < h->args; k++)
        memcpy(&arg[k], from[k], ir_bytes((enum ir_type)b->ins[op->in->arg[k]].type));
    return h->fn(v, arg[0], arg[1], arg[2]);
}

static u8 *indexed(struct vcpu *v, const struct iop *op)
{
    const struct ir_layout *l = v->guest->layout;
    const struct ir_range *r = &l->ranges[op->in->imm];
    u32 i;
    memcpy(&i, op->a, 4);
    return (u8 *)v->state + l->fields[r->first + i % r->count].offset;
}

/* Links an in-page direct exit to its successor; NULL when it leaves the page. */
static struct iblock *successor(struct interp *t, struct iblock *b, i64 rel)
{
    u64 at = (b->off & (PAGE_SIZE - 1)) + (u64)rel;
    if (at >= engine_page_end(t->v->guest) || rel % t->v->guest->min_insn)
        return NULL;
    struct iblock *n = interp_find(t, b->obj, (b->off & PAGE_MASK) + at, b->mode);
    u32 k = b->next[0] != NULL;
    b->next[k] = n;
    b->next_rel[k] = rel;
    return n;
}

/* One function: the state of the threaded machine lives in its locals. t == NULL asks for the labels. */
static enum run_exit run(struct interp *t, u64 budget, const void *const **labels_out)
{
    static const void *const labels[IH_COUNT] = {
#define H(name) [IH_##name] = &&L_##name,
        INTERP_HANDLERS(H)
#undef H
#define OP(name, ...) [IH_##name##_i1] = &&L_##name##_i1, [IH_##name##_i8] = &&L_##name##_i8, \
                      [IH_##name##_i16] = &&L_##name##_i16, [IH_##name##_i32] = &&L_##name##_i32, \
                      [IH_##name##_i64] = &&L_##name##_i64, [IH_##name##_f32] = &&L_##name##_f32, \
                      [IH_##name##_f64] = &&L_##name##_f64,
#define VOP(...)
#define XOP(...)
#include "ir/ops.def"
    };
    if (!t) {
        *labels_out = labels;
        return RUN_SYNC;
    }

    struct vcpu *v = t->v;
    struct fp_env none = { 0, 0 }, *env = &none;
    if (v->guest->layout->fp_env != ~0u)
        env = (struct fp_env *)(void *)((u8 *)v->state + v->guest->layout->fp_env);
    struct mmu *u = &v->mmu;
    u64 count = v->s.icount, end = count + budget, mode = v->guest->mode(v), pc0 = v->s.pc;
    i64 at = 0;         /* offset of the current instruction */
    struct iblock *b;
    const struct iop *op;

#define NEXT do { op++; goto *op->run; } while (0)
#define SYNC_IF(r) do { if (UNLIKELY((r) != MMU_OK)) { if ((r) == MMU_FAULTED) goto fault; end = count; } } while (0)

dispatch: /* at pc0 in `mode` */
    v->s.pc = pc0;
    v->s.icount = count;
    if (count == end)
        return RUN_BUDGET;
    if (UNLIKELY(t->bytes > t->max_bytes)) {
        t->full = true; /* a guest may not take more, however large the budget; interp_run() goes on */
        return RUN_BUDGET;
    }
    b = interp_lookup(t, pc0, mode);
    if (!b) {
        v->s.icount = count + 1; /* a fetch that faults counts, so that it cannot spin for free */
        return RUN_SYNC;
    }
enter:
    if (log_on(&v->m->log, LOG_exec)) {
        v->s.pc = pc0;
        engine_log_exec(v, b->obj, b->off, b->mode, count);
    }
    op = b->ops;
    goto *op->run;

fault:
    v->s.pc = pc0 + (u64)at;
    v->guest->fault(v, &u->fault);
    return RUN_SYNC;

L_insn:
    if (UNLIKELY(count == end)) {
        v->s.pc = pc0 + op->imm;
        v->s.icount = count;
        return RUN_BUDGET;
    }
    count++;
    at = (i64)op->imm;
    NEXT;
L_skip:
    op = *(const u8 *)op->a ? (const struct iop *)op->d : op + 1;
    goto *op->run;
L_nop:
    NEXT;

    /* ---- exits ---- */
L_exit_direct: {
    i64 rel = (i64)op->imm;
    struct iblock *n = b->next[0] && b->next_rel[0] == rel ? b->next[0]
                       : b->next[1] && b->next_rel[1] == rel ? b->next[1] : NULL;
    u64 base = pc0;
    pc0 = base + (u64)rel;
    if (LIKELY(n && !n->dead && count != end)) {
        b = n;
        goto enter;
    }
    if (count == end || b->dead)
        goto dispatch;
    if (n || b->next[1]) { /* a stale link, or more exits than links */
        b->next[0] = b->next[1] = NULL;
    }
    n = t->bytes > t->max_bytes ? NULL : successor(t, b, rel);
    if (!n)
        goto dispatch;
    b = n;
    goto enter;
}
L_exit_indirect:
    pc0 = *(const u64 *)op->a;
    goto dispatch;
L_exit_mode:
    pc0 = *(const u64 *)op->a;
    mode = v->guest->mode(v);
    goto dispatch;
L_exit_exc:
    v->s.pc = pc0 + (u64)at;
    v->s.icount = count;
    v->guest->exception(v, (u32)op->imm, *(const u64 *)op->a);
    return RUN_SYNC;

    /* ---- moves and conversions ---- */
#define MOV(n, T) L_mov##n: *(T *)op->d = *(const T *)op->a; NEXT;
    MOV(8, u8) MOV(16, u16) MOV(32, u32) MOV(64, u64)
L_mov128: memmove(op->d, op->a, 16); NEXT;
L_mov256: memmove(op->d, op->a, 32); NEXT;
#define CONV(name, T, S) L_##name: *(T *)op->d = (T)*(const S *)op->a; NEXT;
    CONV(zx8_16, u16, u8) CONV(zx8_32, u32, u8) CONV(zx8_64, u64, u8) CONV(zx16_32, u32, u16) CONV(zx16_64, u64, u16)
    CONV(zx32_64, u64, u32)
    CONV(sx8_16, i16, i8) CONV(sx8_32, i32, i8) CONV(sx8_64, i64, i8) CONV(sx16_32, i32, i16) CONV(sx16_64, i64, i16)
    CONV(sx32_64, i64, i32)
#define BOOL(n, T) L_sxb_##n: *(T *)op->d = (T)(0 - (T)*(const u8 *)op->a); NEXT;
    BOOL(8, u8) BOOL(16, u16) BOOL(32, u32) BOOL(64, u64)
#define SEL(n, T) L_sel##n: *(T *)op->d = *(const T *)(*(const u8 *)op->a ? op->b : op->c); NEXT;
    SEL(8, u8) SEL(16, u16) SEL(32, u32) SEL(64, u64)
L_sel128: memmove(op->d, *(const u8 *)op->a ? op->b : op->c, 16); NEXT;
L_sel256: memmove(op->d, *(const u8 *)op->a ? op->b : op->c, 32); NEXT;
L_pc: *(u64 *)op->d = pc0 + op->imm; NEXT;
L_pair: {
    u64 lo = *(const u64 *)op->a, hi = *(const u64 *)op->b;
    ((u64 *)op->d)[0] = lo;
    ((u64 *)op->d)[1] = hi;
    NEXT;
}
L_vzext32: { u64 x = *(const u32 *)op->a; ((u64 *)op->d)[0] = x; ((u64 *)op->d)[1] = 0; NEXT; }
L_vzext64: { u64 x = *(const u64 *)op->a; ((u64 *)op->d)[0] = x; ((u64 *)op->d)[1] = 0; NEXT; }

    /* ---- memory: imm is the MMU mode ---- */
#define LOAD(name, D, M, S)                                                       \
    L_##name : {                                                                  \
        gva va = *(const u64 *)op->a;                                             \
        const M *p = mmu_fast_read(u, (u32)op->imm, va, sizeof(M));               \
        M x;                                                                      \
        if (UNLIKELY(!p))                                                         \
            goto slow_load;                                                       \
        memcpy(&x, p, sizeof x);                                                  \
        *(D *)op->d = (D)(S)x;                                                    \
        NEXT;                                                                     \
    }
    LOAD(ld8, u8, u8, u8) LOAD(ld16, u16, u16, u16) LOAD(ld32, u32, u32, u32) LOAD(ld64, u64, u64, u64)
    LOAD(ldz8_32, u32, u8, u8) LOAD(ldz16_32, u32, u16, u16)
    LOAD(ldz8_64, u64, u8, u8) LOAD(ldz16_64, u64, u16, u16) LOAD(ldz32_64, u64, u32, u32)
    LOAD(lds8_32, i32, u8, i8) LOAD(lds16_32, i32, u16, i16)
    LOAD(lds8_64, i64, u8, i8) LOAD(lds16_64, i64, u16, i16) LOAD(lds32_64, i64, u32, i32)
L_ld128: {
    const void *p = mmu_fast_read(u, (u32)op->imm, *(const u64 *)op->a, 16);
    if (UNLIKELY(!p))
        goto slow_load;
    memcpy(op->d, p, 16);
    NEXT;
}
#define STORE(n, T)                                                               \
    L_st##n : {                                                                   \
        gva va = *(const u64 *)op->a;                                             \
        void *p = mmu_fast_write(u, (u32)op->imm, va, sizeof(T));                 \
        if (UNLIKELY(!p))                                                         \
            goto slow_load;                                                       \
        memcpy(p, op->b, sizeof(T));                                              \
        NEXT;                                                                     \
    }
    STORE(8, u8) STORE(16, u16) STORE(32, u32) STORE(64, u64) STORE(128, u128)
slow_load: { /* and stores */
    v->s.pc = pc0 + (u64)at;
    v->s.icount = count;
    enum mmu_result r = engine_mem(v, true, op->in, op->a, op->b, op->c, NULL, op->d);
    SYNC_IF(r);
    NEXT;
}
L_mem: {
    v->s.pc = pc0 + (u64)at;
    v->s.icount = count;
    enum mmu_result r = engine_mem(v, true, op->in, op->a, op->b, op->c, (const void *)(uintptr_t)op->imm, op->d);
    SYNC_IF(r);
    NEXT;
}
L_clrex:
    v->s.excl_size = 0;
    NEXT;

    /* ---- the rest ---- */
L_getx: memcpy(op->d, indexed(v, op), ir_bytes((enum ir_type)op->in->type)); NEXT;
L_setx: {
    const struct ir_layout *l = v->guest->layout;
    memcpy(indexed(v, op), op->b, ir_bytes((enum ir_type)l->fields[l->ranges[op->in->imm].first].type));
    NEXT;
}
L_call: {
    const struct ir_helper *h = &v->guest->layout->helpers[op->in->imm];
    v->s.pc = pc0 + (u64)at;
    v->s.icount = count;
    v->bulk = end - count;
    u64 x = call(v, b, op);
    count = end - v->bulk;
    if (UNLIKELY(v->raised)) {
        v->raised = false;
        return RUN_SYNC;
    }
    if (h->result)
        memcpy(op->d, &x, ir_bytes((enum ir_type)h->result));
    if (h->flags & IR_H_SYNC)
        end = count;
    NEXT;
}
L_eval:
    eval(b, op, env);
    NEXT;

    /* ---- rows of ops.def ---- */
#define HAS_CARRY(op) ((op) == IR_carry || (op) == IR_borrow || (op) == IR_ovadd || (op) == IR_ovsub)
#define C_OF(name, T) (HAS_CARRY(IR_##name) ? *(const u8 *)op->c : *(const T *)op->c)
#define S(x) ((i64)((u64)(x) << (64 - bits)) >> (64 - bits))
#define INT(name, suffix, T, width, result, kinds, value)                         \
    L_##name##_##suffix : {                                                       \
        if ((kinds) & (width == 1 ? K_1 : K_I)) {                                 \
            /* rows that an i1 can have do not look at bits */                       \
            const u32 bits = width == 1 ? 8 : width, dbits = bits, flag = op->in->flag; \
            const u64 a = *(const T *)op->a, b_ = *(const T *)op->b, c = C_OF(name, T), imm = op->imm; \
            const enum fp_fmt fmt = FP_F32, dfmt = FP_F32;                        \
            (void)bits, (void)dbits, (void)flag, (void)a, (void)b_, (void)c, (void)imm, (void)fmt, (void)dfmt; \
            ROW_B(b_)                                                             \
            if (result == RES_B || width == 1)                                    \
                *(u8 *)op->d = (u8)((value) & (width == 1 ? 1 : 0xff));           \
            else                                                                  \
                *(T *)op->d = (T)(value);                                         \
        }                                                                         \
        NEXT;                                                                     \
    }
#define FLT(name, suffix, T, F, result, kinds, value)                             \
    L_##name##_##suffix : {                                                       \
        if ((kinds) & K_F) {                                                      \
            const u32 bits = 8 * sizeof(T), dbits = bits, flag = op->in->flag;    \
            const u64 a = *(const T *)op->a, b_ = *(const T *)op->b, c = *(const T *)op->c, imm = op->imm; \
            const enum fp_fmt fmt = F, dfmt = F;                                  \
            (void)bits, (void)dbits, (void)flag, (void)a, (void)b_, (void)c, (void)imm, (void)fmt, (void)dfmt; \
            ROW_B(b_)                                                             \
            if (result == RES_B)                                                  \
                *(u8 *)op->d = (u8)(value);                                       \
            else                                                                  \
                *(T *)op->d = (T)(value);                                         \
        }                                                                         \
        NEXT;                                                                     \
    }
/* ops.def calls operand 1 `b`, which is the block out here. */
#define ROW_B(x) const u64 b = x; (void)b;
#define OP(name, result, args, kinds, effects, value)                             \
    INT(name, i1, u8, 1, result, kinds, value)                                    \
    INT(name, i8, u8, 8, result, kinds, value)                                    \
    INT(name, i16, u16, 16, result, kinds, value)                                 \
    INT(name, i32, u32, 32, result, kinds, value)                                 \
    INT(name, i64, u64, 64, result, kinds, value)                                 \
    FLT(name, f32, u32, FP_F32, result, kinds, value)                             \
    FLT(name, f64, u64, FP_F64, result, kinds, value)
#define VOP(...)
#define XOP(...)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include "ir/ops.def"
#pragma GCC diagnostic pop
}

const void *const *interp_labels(void)
{
    const void *const *l = NULL;
    run(NULL, 0, &l);
    return l;
}

enum run_exit interp_run_on(struct interp *t, u64 budget)
{
    struct vcpu *v = t->v;
    u64 end = v->s.icount + budget;
    enum run_exit r;
    do {
        if (t->flush_wanted || t->bytes > t->max_bytes)
            interp_free_all(t);
        t->full = false;
        r = run(t, end - v->s.icount, NULL);
    } while (t->full); /* the bound on memory stopped it: nobody may see that */
    return r == RUN_BUDGET && v->s.icount != end ? RUN_SYNC : r;
}

/* ---- as an engine ---- */

enum run_exit interp_run(struct vcpu *v, u64 budget)
{
    return interp_run_on(v->engine_data, budget);
}

static bool attach(struct vcpu *v, struct err *e)
{
    v->engine_data = interp_new(v, INTERP_MAX_INSNS, INTERP_MAX_BYTES, e);
    return v->engine_data;
}

static void detach(struct vcpu *v)
{
    interp_free(v->engine_data);
}

void interp_code_written(struct vcpu *v, struct memobj *o, u64 off, u64 len)
{
    interp_drop(v->engine_data, o, off, len);
}

static void flush(struct vcpu *v)
{
    interp_flush(v->engine_data);
}

const struct engine interp_engine = {
    .name = "interp", .attach = attach, .detach = detach, .run = interp_run,
    .code_written = interp_code_written, .flush = flush,
};
