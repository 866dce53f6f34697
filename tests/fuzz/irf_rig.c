/*
 * irf_rig.c - a machine of the made-up guest: walks, exceptions, a device, lifting.
 */
#include "tests/fuzz/irf_rig.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- what happens at faults, exceptions, interrupts ---- */

void irf_note(struct irf_guest *w, u64 what, bool fp)
{
    struct irf_seen *s = &w->seen;
    const struct vcpu_state *c = &w->v->s;
    s->trace = fuzz_mix(fuzz_hash(s->trace, w->v->state, fp ? w->y->l.state_size : w->y->l.fp_env), what);
    s->trace = fuzz_mix(s->trace, c->pc);
    s->trace = fuzz_mix(s->trace, c->excl_size ? c->excl_addr + c->excl_size : 0);
    s->events++;
}

/* Where an exception leads follows from where and how often, not from all of the state: a program that is made
 * smaller shall still do the same. */
static u64 dice(struct vcpu *v)
{
    struct irf_guest *w = v->wiring;
    return fuzz_mix(v->s.pc & 0xffff, w->seen.events);
}

static u64 somewhere(struct vcpu *v)
{
    return IRF_CODE + dice(v) % IRF_SLOTS * 4;
}

/* Mostly behind the instruction, sometimes elsewhere and with another meaning of words. */
static void go_on(struct vcpu *v)
{
    struct irf_guest *w = v->wiring;
    u64 t = dice(v) >> 20;
    v->s.pc = t & 7 ? (v->s.pc & ~3ull) + 4 : somewhere(v);
    if (!(t & 24))
        w->seen.flip ^= 1;
    v->s.excl_size = t & 32 ? 0 : v->s.excl_size;
}

static void on_fault(struct vcpu *v, const struct mmu_fault *f)
{
    struct irf_guest *w = v->wiring;
    u64 what = fuzz_mix(f->va, (u64)f->kind << 8 | (u64)f->access << 4 | f->mode);
    what = fuzz_mix(what, (u64)f->mem << 8 | (f->kind == FAULT_WALK ? f->info[0] : 0));
    irf_note(w, what, true);
    if (f->access == MMU_FETCH)
        v->s.pc = somewhere(v);
    else
        go_on(v);
}

static void on_exception(struct vcpu *v, u32 code, u64 payload)
{
    irf_note(v->wiring, fuzz_mix(payload, code), true);
    go_on(v);
}

static bool on_interrupt(struct vcpu *v)
{
    if (!(v->irq & VCPU_IRQ))
        return false;
    v->irq &= ~(u32)VCPU_IRQ;
    irf_note(v->wiring, 0x1a9, true);
    v->s.pc = somewhere(v);
    return true;
}

static bool wakes(struct vcpu *v)
{
    return v->irq;
}

static bool fetch_ok(struct vcpu *v)
{
    if (!(v->s.pc & 3))
        return true;
    irf_note(v->wiring, 0xba0, true);
    v->s.pc = somewhere(v);
    return false;
}

/* ---- translation ---- */

static u64 mode(struct vcpu *v)
{
    const struct irf_guest *w = v->wiring;
    u32 ctl = load_le32((const u8 *)v->state + w->y->l.fp_env);
    u32 usual = v->guest->fp_x86 ? FP_X86 | FP_RM_MASK | FP_DAZ | FP_FTZ : FP_RM_MASK | FP_DN;
    return w->generation * IRF_M_GENERATION + (w->seen.flip ? IRF_M_FLIP : 0) + (ctl & ~usual ? IRF_M_SPECIAL : 0);
}

static bool deny(struct mmu_fault *f, u64 why)
{
    f->info[0] = why;
    return false;
}

/* Physical page of the data page, and its rights in MMU mode 0. */
static bool data_page(const struct irf_guest *w, u64 page, struct xlat *x)
{
    static const struct { u8 frame, prot; } pages[IRF_PAGES] = {
        [IRF_P_RW0] = { 2, 7 }, [IRF_P_RW1] = { 3, 7 },   [IRF_P_RO] = { 4, 5 },     [IRF_P_RW2] = { 5, 3 },
        [IRF_P_IO] = { 0, 3 },  [IRF_P_ALIAS] = { 2, 3 }, [IRF_P_CODE] = { 0, 7 },   [IRF_P_BUS] = { 0, 7 },
        [IRF_P_DEVICE] = { 6, 3 }, [IRF_P_SPACE] = { 8, 3 },
    };
    u64 frame = pages[page].frame;
    if (page == IRF_P_SPACE)
        frame += (w->seen.space + w->seen.remap) % 4;
    x->pa = page == IRF_P_IO ? IRF_IO_GPA : page == IRF_P_BUS ? 2 * IRF_IO_GPA : frame << PAGE_BITS;
    x->prot = pages[page].prot;
    x->device = page == IRF_P_IO || page == IRF_P_DEVICE;
    x->global = page == IRF_P_RO;
    return x->prot;
}

static bool locate(const struct irf_guest *w, gva at, struct xlat *x)
{
    u64 page = at >> PAGE_BITS, code = page - (IRF_CODE >> PAGE_BITS), code2 = page - (IRF_CODE2 >> PAGE_BITS);
    x->prot = 7;
    if (code < IRF_CODE_PAGES || code2 < IRF_CODE_PAGES) {
        x->pa = (code < IRF_CODE_PAGES ? code : code2 ^ (w->seen.space & 1)) << PAGE_BITS;
        x->page_bits = code < IRF_CODE_PAGES ? PAGE_BITS + 1 : PAGE_BITS;
        return true;
    }
    if (page == IRF_TOP >> PAGE_BITS || page == 0) {
        x->pa = page ? 7 << PAGE_BITS : 12 << PAGE_BITS;
        return true;
    }
    page -= IRF_DATA >> PAGE_BITS;
    return page < IRF_PAGES && data_page(w, page, x);
}

/* Modes 1 to 3 have fewer rights. */
static bool walk(void *opaque, gva va, enum mmu_access acc, u32 mmu_mode, struct xlat *x, struct mmu_fault *f)
{
    struct vcpu *v = opaque;
    static const u8 rights[MMU_MODES] = { 7, MMU_READ | MMU_FETCH, MMU_READ | MMU_WRITE, MMU_WRITE };
    *x = (struct xlat){ .page_bits = PAGE_BITS };
    if (!locate(v->wiring, va & bits_mask(56), x))
        return deny(f, 1);
    x->pa |= va & (PAGE_SIZE - 1);
    if (mmu_mode && va & 0x1000)
        x->prot &= rights[mmu_mode];
    return x->prot & acc ? true : deny(f, 2 + mmu_mode);
}

/* ---- the device: sees every access with its time ---- */

static u64 io_read(void *opaque, u64 off, u32 size)
{
    struct irf_guest *w = opaque;
    w->seen.io = fuzz_mix(w->seen.io, off << 8 | size);
    w->seen.io = fuzz_mix(w->seen.io, w->v->s.icount);
    w->seen.io_count++;
    return w->seen.io & bits_mask(8 * size);
}

static void io_write(void *opaque, u64 off, u64 val, u32 size)
{
    struct irf_guest *w = opaque;
    w->seen.io = fuzz_mix(w->seen.io, off << 8 | size | 128);
    w->seen.io = fuzz_mix(w->seen.io, val);
    w->seen.io = fuzz_mix(w->seen.io, w->v->s.icount);
    w->seen.io_count++;
}

static const struct mmio_ops io_ops = { io_read, io_write };

/* ---- lifting ---- */

static void lift_one(const struct irf_frag *f, u32 off, struct ir_block *out)
{
    u32 base = out->count;
    ir_insn(out, off, 4);
    for (u32 i = 0; i < f->count; i++) {
        struct ir_ins in = f->ins[i];
        for (u32 k = 0; k < 4; k++)
            if (in.arg[k] != IR_NONE)
                in.arg[k] = (ir_ref)(in.arg[k] + base);
        if (in.op == IR_skip || in.op == IR_label)
            in.imm += out->labels;
        if (in.op == IR_pc || in.op == IR_exit_direct)
            in.imm += off;
        if (in.flag == IR_HINT_call && (in.op == IR_exit_direct || in.op == IR_exit_indirect))
            in.imm2 += off;
        ir_emit(out, in);
    }
    out->labels = (u16)(out->labels + f->labels);
}

static u32 frag_of(const struct irf_prog *p, u32 word, bool flip)
{
    return (flip ? word ^ 0x5555 : word) % p->frag_count;
}

static void lift(struct vcpu *v, u64 mode_word, const struct guest_code *code, struct ir_block *out)
{
    struct irf_guest *w = v->wiring;
    u32 off = 0;
    bool ended = false;
    ir_begin(out, &w->y->l);
    while (!ended && out->insns < MAX(code->max_insns, 1u) && off + 4 <= code->avail && out->count < IR_BLOCK_SOFT) {
        u32 n = frag_of(w->p, load_le32(code->bytes + off), mode_word & IRF_M_FLIP);
        lift_one(&w->p->frag[n], off, out);
        if (w->lifted)
            w->lifted[n] = 1;
        ended = w->p->frag[n].ends;
        off += 4;
    }
    if (!ended)
        ir_exit_direct(out, off, IR_HINT_none, 0);
    struct err e;
    if (w->verify && !ir_verify(out, &e)) {
        fprintf(stderr, "program %" PRIu64 ": %s\n", w->p->seed, e.msg);
        ir_print(out, stderr);
        CHECK(!"the fuzzer made bad IR");
    }
}

/* ---- life ---- */

static u64 no_time(void)
{
    return 0;
}

static bool build(struct irf_rig *g, const struct irf_layout *y, const struct engine *en, struct err *e)
{
    void *state = aligned_alloc(64, IRF_STATE);
    g->w = calloc(1, sizeof *g->w);
    CHECK(state && g->w);
    g->guest = (struct guest){ .name = "made-up", .layout = &y->l, .min_insn = 4, .fp_special = IRF_M_SPECIAL,
                               .mode = mode, .lift = lift, .fetch_ok = fetch_ok, .fault = on_fault,
                               .exception = on_exception,
                               .interrupt = on_interrupt, .wakes = wakes };
    g->m->host_ns = no_time;
    g->m->clock = CLOCK_ICOUNT;
    g->ram = physmap_new_obj(&g->m->map, "ram", IRF_RAM_PAGES * PAGE_SIZE, e);
    if (!g->ram)
        return false;
    physmap_map_obj(&g->m->map, REGION_RAM, 0, g->ram->size, g->ram, 0, NULL, NULL, "ram");
    physmap_map_mmio(&g->m->map, IRF_IO_GPA, 0xf00, &io_ops, g->w, "io");
    if (!machine_add_cpu(g->m, &g->guest, en, state, g->w, walk, e))
        return false;
    g->v = g->w->v = g->m->cpus[0];
    g->w->y = y;
    return true;
}

struct irf_rig *irf_rig_new(const struct irf_layout *y, const struct engine *en, struct err *e)
{
    struct irf_rig *g = calloc(1, sizeof *g);
    CHECK(g);
    g->m = machine_new("fuzz", e);
    if (g->m && build(g, y, en, e))
        return g;
    machine_free(g->m);
    free(g);
    return NULL;
}

void irf_rig_free(struct irf_rig *g)
{
    if (g)
        machine_free(g->m);
    free(g);
}

/* Words of code are random too: any of them names a fragment. */
void irf_make_image(u8 *image)
{
    struct fuzz_rng r = { 20240607 };
    for (u32 at = 0; at < IRF_RAM_PAGES * PAGE_SIZE; at += 16)
        if (at < IRF_CODE_PAGES * PAGE_SIZE) {
            store_le64(image + at, fuzz_next(&r));
            store_le64(image + at + 8, fuzz_next(&r));
        } else {
            u64 v[2];
            fuzz_vector(&r, v);
            memcpy(image + at, v, 16);
        }
}

void irf_rig_load(struct irf_rig *g, const struct irf_prog *p, const u8 *image)
{
    if (++g->w->generation % 64 == 0)
        g->v->engine->flush(g->v);
    fuzz_restore(g->v, g->ram, image);
    g->w->p = p;
    g->guest.fp_x86 = load_le32(p->state + g->w->y->l.fp_env) & FP_NAN_X86;
    g->w->seen = (struct irf_seen){ 0 };
    mmu_select(&g->v->mmu, 0);
    memcpy(g->v->state, p->state, g->w->y->l.state_size);
    g->v->s = (struct vcpu_state){ .pc = p->pc };
    g->v->irq = 0;
}
