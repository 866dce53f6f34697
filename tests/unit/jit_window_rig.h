/*
 * jit_window_rig.h - short programs of the IR fuzzer's made-up guest, written by hand: run by the interpreter and by
 * an engine of the JIT (WIN_ENGINE), then everything is compared.
 *
 * Word k of the code page is instruction k of the program, whatever stands there at first; the last two are an
 * instruction that stores may put elsewhere, and a loop for where exceptions lead.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/interp/interp.h"
#include "backend/jit/jit.h"
#include "tests/fuzz/irf_rig.h"

#define PAGE(p) (IRF_DATA + (u64)IRF_P_##p * PAGE_SIZE)
#define TAG(n) ((u64)(n) << 56)
#define ALT 30u      /* fragments */
#define SPIN 31u
#define RESULTS 8u

/* i64 fields */
enum { F_BASE, F_ALSO /* the same address */, F_COUNT = 14 /* of ALT */, F_VALUE = 15, F_RESULT = 16 };

/* The rig's translation, but that neighbouring pages of data are no neighbours in memory. */
struct win_walk {
    mmu_walk_fn *walk;
    void        *opaque;
};

#define WIN_EVICT IRF_HELPERS /* one more helper */

struct win {
    struct irf_layout y;
    struct ir_helper  helpers[IRF_HELPERS + 1];
    struct irf_rig   *rig[2]; /* interpreter, WIN_ENGINE */
    struct win_walk   walk[2];
    struct irf_prog   p;
    struct ir_block   b;      /* the instruction under construction */
    ir_ref            loaded[RESULTS];
    u32               loaded_count, results;
    u32               n;      /* instructions so far */
    u8                image[IRF_RAM_PAGES * PAGE_SIZE];
};

static inline bool win_walk(void *opaque, gva va, enum mmu_access acc, u32 mode, struct xlat *x, struct mmu_fault *f)
{
    const struct win_walk *w = opaque;
    if (!w->walk(w->opaque, va, acc, mode, x, f))
        return false;
    if (x->pa >> PAGE_BITS == 3)
        x->pa ^= (3ull ^ 13) << PAGE_BITS;
    return true;
}

/* Accesses memory, and the block goes on: afterwards the page's entry is among the victims, or gone. */
static inline u64 win_evict(struct vcpu *v, u64 a, u64 b, u64 c)
{
    u64 x = 0, sum = 0;
    (void)b, (void)c;
    for (u64 k = 1; k < 12; k++)
        sum += mmu_read(&v->mmu, (a & ~15ull) + TAG(k), 8, 0, 0, 0, &x) == MMU_OK ? x : k;
    return sum;
}

static inline void win_close(struct win *w)
{
    for (u32 k = 0; k < 2; k++)
        irf_rig_free(w->rig[k]);
}

/* Machines as new: behind a difference they stay different. */
static inline void win_open(struct win *w)
{
    const struct engine *const engines[2] = { &interp_engine, &WIN_ENGINE };
    struct err e;
    for (u32 k = 0; k < 2; k++) {
        w->rig[k] = irf_rig_new(&w->y, engines[k], &e);
        CHECK(w->rig[k]);
        struct mmu *u = &w->rig[k]->v->mmu;
        w->rig[k]->w->verify = true;
        w->walk[k] = (struct win_walk){ u->walk, u->opaque };
        u->walk = win_walk;
        u->opaque = &w->walk[k];
        CHECK(physmap_write(&w->rig[k]->m->map, 0, w->image, sizeof w->image));
    }
}

static inline struct win *win_new(void)
{
    struct win *w = calloc(1, sizeof *w);
    CHECK(w);
    irf_layout_init(&w->y);
    memcpy(w->helpers, irf_helpers, sizeof irf_helpers);
    w->helpers[WIN_EVICT] = (struct ir_helper){ "evict", win_evict, IR_I64, 1, IR_H_MEM };
    w->y.l.helpers = w->helpers;
    w->y.l.helper_count = COUNT(w->helpers);
    irf_make_image(w->image);
    for (u32 k = 0; k < IRF_CODE_PAGES * PAGE_SIZE / 4; k++)
        store_le32(w->image + 4 * k, MIN(k, SPIN));
    win_open(w);
    return w;
}

static inline void win_free(struct win *w)
{
    win_close(w);
    free(w);
}

/* ---- instructions ---- */

static inline struct ir_block *win_begin(struct win *w)
{
    ir_begin(&w->b, &w->y.l);
    ir_insn(&w->b, 0, 4);
    w->loaded_count = 0;
    return &w->b;
}

static inline ir_ref win_get(struct win *w, enum ir_type t, u32 k) { return ir_get(&w->b, w->y.first[t] + k); }
static inline void win_set(struct win *w, enum ir_type t, u32 k, ir_ref v) { ir_set(&w->b, w->y.first[t] + k, v); }

/* What was loaded goes to state behind all accesses of the instruction. */
static inline void win_keep(struct win *w, ir_ref v)
{
    CHECK(w->loaded_count < RESULTS);
    w->loaded[w->loaded_count++] = v;
}

static inline void win_frag(struct win *w, u32 n, bool ends)
{
    struct irf_frag *f = &w->p.frag[n];
    CHECK(w->b.count <= IRF_OPS);
    *f = (struct irf_frag){ .count = w->b.count - 1, .labels = w->b.labels, .ends = ends };
    memcpy(f->ins, w->b.ins + 1, f->count * sizeof f->ins[0]);
}

static inline void win_end(struct win *w)
{
    for (u32 k = 0; k < w->loaded_count; k++) {
        enum ir_type t = ir_type_of(&w->b, w->loaded[k]);
        u32 n = w->y.count[t], some = MIN(n - 1, RESULTS);
        win_set(w, t, n - 1 - w->results++ % some, w->loaded[k]);
    }
    CHECK(w->n < ALT);
    win_frag(w, w->n++, false);
}

static inline void win_end_exit(struct win *w, i64 offset)
{
    ir_exit_direct(&w->b, offset, IR_HINT_none, 0);
    CHECK(w->n < ALT);
    win_frag(w, w->n++, true);
}

static inline struct ir_mem win_mem(enum ir_type t)
{
    return (struct ir_mem){ .size = (u32)__builtin_ctz(ir_bytes(t)) & 7 };
}

static inline void win_load(struct win *w, enum ir_type t, ir_ref va, struct ir_mem m)
{
    win_keep(w, ir_load(&w->b, t, va, m));
}

/* A value of the type from state. */
static inline ir_ref win_value(struct win *w, enum ir_type t)
{
    return win_get(w, t, t == IR_I64 ? F_VALUE : t == IR_I32 ? 1 : 0);
}

static inline void win_store(struct win *w, enum ir_type t, ir_ref va, struct ir_mem m)
{
    ir_store(&w->b, va, win_value(w, t), m);
}

static inline void win_probe(struct win *w, u32 bytes, ir_ref va, struct ir_mem m)
{
    ir_emit(&w->b, (struct ir_ins){ .op = IR_probe, .src = IR_I64, .arg = { va, IR_NONE, IR_NONE, IR_NONE },
                                    .aux = ir_mem_pack(m), .imm = bytes });
}

static inline ir_ref win_i64(struct win *w, u64 v) { return ir_const(&w->b, IR_I64, v); }

/* ---- programs ---- */

/* What is cached and dirty before the loop. */
enum win_warmth { WIN_COLD, WIN_READ, WIN_WRITTEN };

static inline void win_program(struct win *w, enum win_warmth warmth)
{
    static const u64 pages[] = { PAGE(RW0), PAGE(RW1), PAGE(ALIAS), PAGE(SPACE), IRF_TOP, 0 };
    w->n = w->results = 0;
    w->p.frag_count = IRF_FRAGS;
    struct ir_block *b = win_begin(w);
    ir_exit_direct(b, 0, IR_HINT_none, 0);
    for (u32 k = 0; k < IRF_FRAGS; k++)
        win_frag(w, k, true);
    b = win_begin(w);
    win_set(w, IR_I64, F_COUNT, ir_op2(b, IR_add, win_get(w, IR_I64, F_COUNT), win_i64(w, 1)));
    win_frag(w, ALT, false);
    b = win_begin(w);
    win_probe(w, 1, win_i64(w, pages[0]), (struct ir_mem){ 0 }); /* for the verifier: stores behind a store */
    for (u32 k = 0; k < COUNT(pages) && warmth; k++) {
        if (warmth == WIN_WRITTEN)
            win_store(w, IR_I8, win_i64(w, pages[k] + 0x7f0), win_mem(IR_I8));
        else
            ir_load(b, IR_I8, win_i64(w, pages[k] + 0x7f0), win_mem(IR_I8));
    }
    win_end_exit(w, 4);
}

/* Values in state, the base among them. */
static inline void win_state(struct win *w, u64 base)
{
    struct fuzz_rng r = fuzz_seeded(20240611, 1);
    irf_random_state(&w->y, &r, w->p.state, 0);
    store_le64(w->p.state + w->y.fields[w->y.first[IR_I64] + F_BASE].offset, base);
    store_le64(w->p.state + w->y.fields[w->y.first[IR_I64] + F_ALSO].offset, base);
    store_le32(w->p.state + w->y.fields[w->y.first[IR_I32]].offset, (u32)base);
}

/* ---- comparison ---- */

static inline bool same_entry(const struct tlb_entry *a, const struct tlb_info *i, const struct memobj *oa,
                              const struct tlb_entry *b, const struct memobj *ob)
{
    bool code = i->page >> PAGE_BITS < IRF_CODE_PAGES; /* each engine has its own blocks */
    u64 host = (u64)(uintptr_t)oa->host - (u64)(uintptr_t)ob->host;
    bool memory = a->rtag != TLB_EMPTY && !((a->rtag & a->wtag & a->xtag) & TLB_SLOW);
    return a->rtag == b->rtag && (code || a->wtag == b->wtag) && a->xtag == b->xtag
           && (!memory || a->addend - b->addend == host);
}

/* The tags, too: which pages are fast. */
static inline bool same_tags(const struct win *w)
{
    const struct memobj *oa = w->rig[0]->ram, *ob = w->rig[1]->ram;
    bool same = true;
    for (u32 m = 0; m < MMU_MODES; m++) {
        const struct tlb *a = w->rig[0]->v->mmu.cur[m], *b = w->rig[1]->v->mmu.cur[m];
        same &= a->used_count == b->used_count && !memcmp(a->used, b->used, a->used_count * sizeof a->used[0]);
        for (u32 k = 0; same && k < a->used_count; k++)
            same &= same_entry(&a->e[a->used[k]], &a->i[a->used[k]], oa, &b->e[a->used[k]], ob);
        for (u32 k = 0; k < TLB_VICTIMS; k++)
            same &= same_entry(&a->ve[k], &a->vi[k], oa, &b->ve[k], ob);
    }
    return same;
}

static inline bool same_fault(const struct mmu_fault *a, const struct mmu_fault *b)
{
    return a->kind == b->kind && a->access == b->access && a->va == b->va && a->mode == b->mode && a->mem == b->mem
           && (a->kind != FAULT_WALK || a->info[0] == b->info[0]);
}

/* What is not the same, or NULL. */
static inline const char *win_difference(const struct win *w)
{
    const struct irf_rig *a = w->rig[0], *b = w->rig[1];
    if (a->v->s.icount != b->v->s.icount)
        return "the number of instructions";
    if (!fuzz_same_fields(&vcpu_state_desc, &a->v->s, &b->v->s, NULL))
        return "pc or exclusives";
    if (memcmp(a->v->state, b->v->state, w->y.l.state_size))
        return "the state";
    if (memcmp(&a->w->seen, &b->w->seen, sizeof a->w->seen))
        return "exceptions or device accesses";
    if (!same_fault(&a->v->mmu.fault, &b->v->mmu.fault))
        return "the last fault";
    if (!fuzz_same_ram(a->ram, b->ram, NULL))
        return "memory";
    if (memcmp(a->ram->dirty, b->ram->dirty, IRF_RAM_PAGES) || fuzz_unmarked(b->ram, w->image))
        return "the dirty pages";
    if (!fuzz_same_tlb(&a->v->mmu, &b->v->mmu))
        return "the TLB";
    return same_tags(w) ? NULL : "the TLB's tags";
}

static inline struct jit *win_jit(const struct win *w) { return w->rig[1]->v->engine_data; }

/* Leads back behind the first instruction, runs three rounds; what differs, or NULL. */
static inline const char *win_run(struct win *w)
{
    win_begin(w);
    win_end_exit(w, 4 - 4 * (i64)w->n);
    w->p.pc = IRF_CODE;
    w->p.plan = (struct fuzz_plan){ 1, { { .insns = 1 + 3 * (w->n - 1) } } };
    for (u32 k = 0; k < 2; k++) {
        struct err e;
        irf_rig_load(w->rig[k], &w->p, w->image);
        if (!fuzz_run_step(w->rig[k]->v, &w->p.plan, 0, k, 0, NULL, &e))
            return "the budget";
    }
    return win_difference(w);
}

static inline void win_print(struct win *w)
{
    for (u32 k = 1; k < w->n; k++) {
        ir_begin(&w->b, &w->y.l);
        ir_insn(&w->b, 0, 4);
        for (u32 i = 0; i < w->p.frag[k].count; i++)
            ir_emit(&w->b, w->p.frag[k].ins[i]);
        ir_print(&w->b, stderr);
    }
    fuzz_same_fields(&vcpu_state_desc, &w->rig[0]->v->s, &w->rig[1]->v->s, stderr);
    fuzz_same_ram(w->rig[0]->ram, w->rig[1]->ram, stderr);
    for (u32 f = 0; f < w->y.l.field_count; f++) {
        const struct ir_field *d = &w->y.fields[f];
        const u8 *a = (const u8 *)w->rig[0]->v->state + d->offset, *b = (const u8 *)w->rig[1]->v->state + d->offset;
        if (memcmp(a, b, ir_bytes((enum ir_type)d->type)))
            fprintf(stderr, "  %s differs\n", d->name);
    }
}
