/* exec_interp.h - the engines behind the IR tests: a machine of one vCPU whose guest is the parsed block.
 *
 * The world's pages lie in the machine's RAM while a block runs, and a walk maps them where the file put them. A
 * fault of the world is a page without the right. Wherever the block leads, an instruction that stops the run waits.
 * Beyond what the tree walker shows, the count of instructions is checked. */
#pragma once
#include "backend/interp/interp.h"
#include "backend/jit/jit.h"
#include "tests/ir/exec.h"

#define INTERP_STOP 0xfeedu /* exception code of everything that is not the block */

static inline u64 interp_mode(struct vcpu *v)
{
    (void)v;
    return 0;
}

/* The instruction of the block that begins at `pc`, or 0: none but perhaps the first. */
static inline u32 interp_inside(const struct world *w, u64 pc)
{
    for (u32 i = 1; i < w->block->count; i++)
        if (w->block->ins[i].op == IR_insn && w->pc + w->block->ins[i].imm == pc)
            return i;
    return 0;
}

/* The block from its instruction at index `from` on, which a run that ended early goes on with. No value may be
 * used across the gap. */
static inline void interp_tail(const struct world *w, u32 from, struct ir_block *out)
{
    u64 skipped = w->block->ins[from].imm;
    ir_begin(out, w->layout);
    for (u32 i = from; i < w->block->count; i++) {
        struct ir_ins in = w->block->ins[i];
        for (u32 k = 0; k < 4; k++)
            if (in.arg[k] != IR_NONE) {
                CHECK(in.arg[k] >= from);
                in.arg[k] = (ir_ref)(in.arg[k] - from);
            }
        if (in.op == IR_insn || in.op == IR_pc || in.op == IR_exit_direct)
            in.imm -= skipped;
        ir_emit(out, in);
    }
    out->labels = w->block->labels;
    out->guest_len = w->block->guest_len - (u32)skipped;
    for (u32 i = 0; i < out->count; i++)
        out->insns += out->ins[i].op == IR_insn;
}

static inline void interp_lift(struct vcpu *v, u64 mode, const struct guest_code *code, struct ir_block *out)
{
    struct world *w = v->wiring;
    (void)mode;
    i64 at = code->bytes - world_byte(w, w->pc);
    if (at == 0) {
        *out = *w->block;
        return;
    }
    u32 from = w->resumes == w->pc + (u64)at ? interp_inside(w, w->resumes) : 0;
    if (from) {
        interp_tail(w, from, out);
        return;
    }
    ir_begin(out, w->layout);
    ir_insn(out, 0, 1);
    ir_exit_exc(out, INTERP_STOP, ir_const(out, IR_I64, 0));
}

static inline bool interp_fetch_ok(struct vcpu *v)
{
    (void)v;
    return true;
}

static inline void interp_fault(struct vcpu *v, const struct mmu_fault *f)
{
    struct world *w = v->wiring;
    w->left = true;
    w->out = (struct outcome){ .how = LEFT_FAULT, .pc = v->s.pc, .addr = f->va, .write = f->access == MMU_WRITE,
                               .misaligned = f->kind == FAULT_ALIGN };
}

static inline void interp_exception(struct vcpu *v, u32 code, u64 payload)
{
    struct world *w = v->wiring;
    if (code == INTERP_STOP) {
        v->s.icount--; /* not an instruction of the block */
        w->stopped = true;
        return;
    }
    w->left = true;
    w->out = (struct outcome){ .how = LEFT_EXC, .pc = v->s.pc, .code = code, .payload = payload };
}

static inline bool interp_walk(void *opaque, gva va, enum mmu_access acc, u32 mode, struct xlat *x,
                               struct mmu_fault *f)
{
    struct world *w = ((struct vcpu *)opaque)->wiring;
    (void)mode, (void)f;
    u8 *at = world_byte(w, va);
    *x = (struct xlat){ .pa = (gpa)(at - w->ram), .page_bits = PAGE_BITS, .prot = MMU_READ | MMU_WRITE | MMU_FETCH };
    for (u32 i = 0; i < w->fault_count; i++)
        if (va - w->faults[i].addr < w->faults[i].len)
            x->prot &= (u8)~((w->faults[i].read ? MMU_READ : 0) | (w->faults[i].write ? MMU_WRITE : 0));
    return x->prot & acc;
}

static inline u64 interp_no_time(void)
{
    return 0;
}

/* How a run that took no exception left the block, from where it led to. */
static inline struct outcome interp_exit(const struct world *w, u64 pc)
{
    struct outcome o = { .how = LEFT_INDIRECT, .pc = pc };
    for (u32 i = 0; i < w->block->count; i++) {
        const struct ir_ins *in = &w->block->ins[i];
        if (in->op == IR_exit_direct && w->pc + in->imm == pc)
            return (struct outcome){ .how = LEFT_DIRECT, .pc = pc };
        if (in->op == IR_exit_mode)
            o.how = LEFT_MODE;
    }
    return o;
}

/* Instructions begin in order, none is skipped: so many had begun when the one at `pc` did not complete. */
static inline u64 interp_begun(const struct world *w, u64 pc)
{
    u64 n = 0;
    for (u32 i = 0; i < w->block->count; i++)
        if (w->block->ins[i].op == IR_insn) {
            n++;
            if (w->pc + w->block->ins[i].imm == pc)
                return n;
        }
    return ~0ull;
}

static inline void interp_load_world(struct world *w, struct vcpu *v, u8 *ram)
{
    for (u32 i = 0; i < w->page_count; i++)
        memcpy(ram + 4096 * i, w->pages[i].bytes, 4096);
    w->ram = ram;
    v->s = (struct vcpu_state){ .pc = w->pc, .excl_addr = w->excl_addr, .excl_size = w->excl_size };
    memcpy(v->s.excl_val, w->excl_val, sizeof v->s.excl_val);
}

static inline void interp_save_world(struct world *w, const struct vcpu *v)
{
    for (u32 i = 0; i < w->page_count; i++)
        memcpy(w->pages[i].bytes, w->ram + 4096 * i, 4096);
    w->ram = NULL;
    w->excl_addr = v->s.excl_addr;
    w->excl_size = v->s.excl_size;
    memcpy(w->excl_val, v->s.excl_val, sizeof w->excl_val);
}

static inline bool interp_run_world(struct world *w, struct vcpu *v, struct err *e)
{
    u64 insns = 0;
    for (u32 i = 0; i < w->block->count; i++)
        insns += w->block->ins[i].op == IR_insn;
    w->resumes = 0;
    w->stopped = false;
    machine_request(v->m, REQ_STOP); /* so that an engine comes back wherever it may */
    for (;;) {
        v->engine->run(v, insns - v->s.icount);
        if (w->left || w->stopped || v->s.icount == insns || !interp_inside(w, v->s.pc))
            break;
        w->resumes = v->s.pc; /* the run ended behind an instruction, as it may anywhere */
    }
    if (!w->left) {
        w->out = interp_exit(w, v->s.pc);
        return true;
    }
    u64 want = interp_begun(w, w->out.pc);
    return v->s.icount == want || err_set(e, "%llu instructions were counted, not %llu",
                                          (unsigned long long)v->s.icount, (unsigned long long)want);
}

/* run_block() by an engine. */
static inline bool run_block_engine(const struct engine *en, const struct ir_block *b, struct world *w, struct err *e)
{
    const struct guest g = { .name = "test", .layout = w->layout, .min_insn = 1, .mode = interp_mode,
                             .lift = interp_lift, .fetch_ok = interp_fetch_ok, .fault = interp_fault,
                             .exception = interp_exception };
    struct machine *m = machine_new("test", e);
    bool ok = false;
    if (!m)
        return false;
    m->host_ns = interp_no_time;
    struct memobj *ram = physmap_new_obj(&m->map, "ram", WORLD_PAGES * 4096, e);
    if (!ram)
        goto out;
    physmap_map_obj(&m->map, REGION_RAM, 0, WORLD_PAGES * 4096, ram, 0, NULL, NULL, "ram");
    w->block = b;
    w->left = false;
    if (!machine_add_cpu(m, &g, en, w->state, w, interp_walk, e))
        goto out;
    struct vcpu *v = m->cpus[0];
    interp_load_world(w, v, ram->host);
    ok = interp_run_world(w, v, e);
    interp_save_world(w, v);
    v->state = v->wiring = NULL; /* the world's, not the machine's */
out:
    machine_free(m);
    return ok;
}

static inline bool run_block_interp(const struct ir_block *b, struct world *w, struct err *e)
{
    return run_block_engine(&interp_engine, b, w, e);
}

static inline bool run_block_baseline(const struct ir_block *b, struct world *w, struct err *e)
{
    return run_block_engine(&baseline_engine, b, w, e);
}
