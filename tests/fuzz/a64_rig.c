/*
 * a64_rig.c - the machine for random programs: translation tables, vectors, a device that sees time, loading.
 */
#include "tests/fuzz/a64_rig.h"
#include <stdlib.h>
#include <string.h>

/* ---- translation tables: frames of one set, by table number ---- */

enum { L1_A, L2_A, DATA_A, L1_B, L2_B, DATA_B, FLAT, VIEW1, VIEW0, L1_HIGH, L2_HIGH, L3_HIGH, TABLES };
enum { DESC_PAGE = 3, DESC_BLOCK = 1, DESC_USER = 1 << 6, DESC_RO = 1 << 7, DESC_AF = 1 << 10, DESC_NG = 1 << 11 };
#define DESC_ATTR(n) ((u64)(n) << 2)
#define DESC_PXN (1ull << 53)
#define DESC_UXN (1ull << 54)

static u64 frame(u32 page)
{
    return AF_RAM + (u64)page * PAGE_SIZE;
}

u64 af_ttbr0(u32 table, bool big_endian)
{
    return frame((big_endian ? TABLES : 0u) + (table ? L1_B : L1_A));
}

u64 af_ttbr1(bool big_endian)
{
    return frame((big_endian ? TABLES : 0u) + L1_HIGH);
}

u64 af_view(enum af_view w)
{
    static const u64 at[AF_VIEWS] = {
        AF_RAM, AF_RAM + 2 * AF_STEP, AF_RAM + 3 * AF_STEP, AF_RAM + 4 * AF_STEP, AF_HIGH
    };
    return at[w];
}

/* Rights of both levels: writable by all, no code. */
#define PLAIN (DESC_PAGE | DESC_AF | DESC_NG | DESC_USER | DESC_PXN | DESC_UXN)

u64 af_data_desc(enum af_page p, u32 table)
{
    u64 own = frame(AF_DATA_PAGE + p);
    switch (p) {
    case AF_EL1:     return (own | PLAIN) & ~(u64)DESC_USER;
    case AF_RO:      return own | PLAIN | DESC_RO;
    case AF_EL1_RO:  return (own | PLAIN | DESC_RO) & ~(u64)(DESC_USER | DESC_NG);
    case AF_NONE:    return 0;
    case AF_NO_AF:   return (own | PLAIN) & ~(u64)DESC_AF;
    case AF_DEVICE:  return own | PLAIN | DESC_ATTR(1);
    case AF_MMIO:    return AF_IO | PLAIN | DESC_ATTR(3);
    case AF_ALIAS:   return frame(AF_DATA_PAGE + AF_RW0) | PLAIN | DESC_ATTR(2);
    case AF_BY_TABLE: return frame(AF_DATA_PAGE + AF_BY_TABLE + table) | PLAIN; /* the frame of AF_NOTHING is free */
    case AF_NOTHING: return 0x30000000 | PLAIN;
    case AF_TABLE:   return (frame(table ? DATA_B : DATA_A) | PLAIN) & ~(u64)DESC_USER;
    case AF_CODE_RW: return frame(AF_CODE_PAGE) | PLAIN;
    case AF_EXEC:    return (own | PLAIN) & ~(u64)(DESC_USER | DESC_PXN);
    default:         return own | PLAIN;
    }
}

struct set {
    u8  *image;
    u32  first;
    bool big;
};

static void put(struct set *s, u32 table, u32 index, u64 desc)
{
    store_le64(s->image + (s->first + table) * PAGE_SIZE + 8 * index, s->big ? __builtin_bswap64(desc) : desc);
}

static u64 next(const struct set *s, u32 table)
{
    return frame(s->first + table) | 3;
}

static void put_low(struct set *s, u32 l1, u32 l2, u32 data)
{
    put(s, l1, 1, next(s, l2));
    put(s, l2, 0, next(s, FLAT));
    put(s, l2, 1, next(s, data));
    put(s, l2, 2, next(s, VIEW1));
    put(s, l2, 3, next(s, VIEW0));
    put(s, l2, 4, AF_RAM | DESC_BLOCK | DESC_AF | DESC_UXN);
    for (u32 p = 0; p < AF_DATA_PAGES; p++)
        put(s, data, p, af_data_desc((enum af_page)p, data == DATA_B));
}

static void put_set(u8 *image, u32 first, bool big)
{
    struct set s = { image, first, big };
    put_low(&s, L1_A, L2_A, DATA_A);
    put_low(&s, L1_B, L2_B, DATA_B);
    put(&s, L1_HIGH, 1, next(&s, L2_HIGH));
    put(&s, L2_HIGH, 0, next(&s, L3_HIGH));
    for (u32 p = 0; p < AF_PAGES; p++) {
        bool vectors = p == AF_VEC_PAGE;
        u64 at = frame(p) | DESC_PAGE | DESC_AF;
        put(&s, FLAT, p, at | DESC_RO | (vectors ? DESC_UXN : DESC_USER));
        put(&s, VIEW1, p, at | DESC_NG | DESC_UXN | (vectors ? DESC_RO : 0));
        put(&s, VIEW0, p, at | DESC_NG | DESC_USER | DESC_PXN);
        put(&s, L3_HIGH, p + 64, at | DESC_UXN | (p & 1 || vectors ? DESC_RO : 0));
    }
}

/* ---- vectors ---- */

struct cursor {
    u8 *to;
};

static void word(struct cursor *a, u32 insn)
{
    store_le32(a->to, insn);
    a->to += 4;
}

#define MRS(rt, key) (0xd5300000u | (rt) | ((u32)(key) & 0x7fff) << 5)
#define MSR(rt, key) (0xd5100000u | (rt) | ((u32)(key) & 0x7fff) << 5)
#define ELR   A64_SR_KEY(3, 0, 4, 0, 1)
#define SPSR  A64_SR_KEY(3, 0, 4, 0, 0)
#define ESR   A64_SR_KEY(3, 0, 5, 2, 0)
#define FAR   A64_SR_KEY(3, 0, 6, 0, 0)
#define TPIDR A64_SR_KEY(3, 0, 13, 0, 4)
#define PAR   A64_SR_KEY(3, 0, 7, 4, 0)

/* Goes on behind the instruction; where that is nowhere in RAM, or cannot be fetched, somewhere in the code. */
static void put_sync(struct cursor a)
{
    word(&a, MSR(16, TPIDR));
    word(&a, MSR(17, PAR));
    word(&a, MRS(17, ESR));
    word(&a, MRS(16, ELR));
    word(&a, 0xd35bfe31);            /* LSR x17, x17, #27 */
    word(&a, 0xd1004231);            /* SUB x17, x17, #16: 0 fetch aborts, 1 PC alignment */
    word(&a, 0xd341fe31);            /* LSR x17, x17, #1 */
    word(&a, 0xb4000000 | 5 << 5 | 17); /* CBZ x17, over the next four */
    word(&a, 0x91001210);            /* ADD x16, x16, #4 */
    word(&a, 0xd34d4611);            /* UBFX x17, x16, #13, #5 */
    word(&a, 0xd1000231 | (AF_CODE_PAGE / 2) << 10); /* SUB x17, x17, #... */
    word(&a, 0xb4000000 | 6 << 5 | 17); /* CBZ x17, over the next five: in code */
    word(&a, MRS(16, FAR));
    word(&a, 0x927d1610);            /* AND x16, x16, #0x1f8 */
    word(&a, 0xd2800000 | (u32)(AF_CODE(AF_RAM) & 0xffff) << 5 | 17);       /* MOVZ */
    word(&a, 0xf2a00000 | (u32)(AF_CODE(AF_RAM) >> 16 & 0xffff) << 5 | 17); /* MOVK */
    word(&a, 0x8b110210);            /* ADD x16, x16, x17 */
    word(&a, MSR(16, ELR));
    word(&a, MRS(17, PAR));
    word(&a, MRS(16, TPIDR));
    word(&a, 0xd69f03e0);            /* ERET */
}

/* Interrupts stay pending: the rest of the program goes on with them masked. */
static void put_interrupt(struct cursor a)
{
    word(&a, MSR(16, TPIDR));
    word(&a, MRS(16, SPSR));
    word(&a, 0xb27a0610);            /* ORR x16, x16, #0xc0 */
    word(&a, MSR(16, SPSR));
    word(&a, MRS(16, TPIDR));
    word(&a, 0xd69f03e0);
}

void af_make_image(u8 *image)
{
    struct fuzz_rng r = { 20240608 };
    u8 *vectors = image + AF_VEC_PAGE * PAGE_SIZE, *code = image + AF_CODE_PAGE * PAGE_SIZE;
    memset(image, 0, AF_PAGES * PAGE_SIZE);
    put_set(image, 0, false);
    put_set(image, TABLES, true);
    for (u32 i = 0; i < 16; i++) {
        struct cursor a = { vectors + 0x80 * i };
        i % 4 ? put_interrupt(a) : put_sync(a);
    }
    for (u32 at = 0; at < AF_CODE_BYTES; at += 4) /* B to the first word */
        store_le32(code + at, 0x14000000 | (-(at / 4) & 0x3ffffff));
    for (u32 at = AF_DATA_PAGE * PAGE_SIZE; at < AF_PAGES * PAGE_SIZE; at += 16) {
        u64 v[2];
        fuzz_vector(&r, v);
        memcpy(image + at, v, 16);
    }
}

/* ---- exceptions leave a trace ---- */

static struct af_rig *rig_of(struct vcpu *v)
{
    return CONTAINER_OF(v->ports[SYSREG_CNTVCT], struct af_rig, port);
}

static void note(struct vcpu *v, u64 what)
{
    struct af_seen *s = &rig_of(v)->seen;
    s->trace = fuzz_mix(fuzz_hash(s->trace, v->state, sizeof(struct a64_state)), what);
    s->trace = fuzz_mix(s->trace, v->s.pc);
    s->events++;
}

static void on_fault(struct vcpu *v, const struct mmu_fault *f)
{
    u64 what = fuzz_mix(f->va, (u64)f->kind << 8 | (u64)f->access << 4 | f->mode);
    note(v, fuzz_mix(what, f->kind == FAULT_WALK ? f->info[0] : 0));
    a64_fault(v, f);
}

static void on_exception(struct vcpu *v, u32 code, u64 payload)
{
    note(v, fuzz_mix(payload, code));
    a64_exception(v, code, payload);
}

static bool on_fetch(struct vcpu *v)
{
    u64 before = v->s.pc;
    bool ok = a64_fetch_ok(v);
    if (!ok)
        note(v, before);
    return ok;
}

static bool on_interrupt(struct vcpu *v)
{
    u64 before = v->s.pc;
    bool taken = a64_interrupt(v);
    if (taken)
        note(v, before);
    return taken;
}

/* ---- the device, and system registers of devices: they see every access with its time ---- */

static u64 see(struct af_rig *g, u64 what)
{
    g->seen.io = fuzz_mix(fuzz_mix(g->seen.io, what), g->v->s.icount);
    return g->seen.io;
}

static u64 io_read(void *opaque, u64 off, u32 size)
{
    return see(opaque, off << 8 | size) & bits_mask(8 * size);
}

static void io_write(void *opaque, u64 off, u64 val, u32 size)
{
    see(opaque, off << 8 | size | 128);
    see(opaque, val);
}

static u64 port_read(void *opaque, u32 id)
{
    struct af_rig *g = opaque;
    return id == SYSREG_CNTVCT || id == SYSREG_CNTPCT ? g->v->s.icount : see(g, id << 16) >> 40;
}

static void port_write(void *opaque, u32 id, u64 val)
{
    see(opaque, id << 16 | 1);
    see(opaque, val);
}

static const struct mmio_ops io_ops = { io_read, io_write };

/* ---- life ---- */

static u64 no_time(void)
{
    return 0;
}

static bool build(struct af_rig *g, const struct engine *en, struct err *e)
{
    struct a64_wiring w = { .psci = A64_PSCI_HVC, .gic_sysregs = true };
    g->m->host_ns = no_time;
    g->m->clock = CLOCK_ICOUNT;
    g->ram = physmap_new_obj(&g->m->map, "ram", AF_PAGES * PAGE_SIZE, e);
    if (!g->ram)
        return false;
    physmap_map_obj(&g->m->map, REGION_RAM, AF_RAM, g->ram->size, g->ram, 0, NULL, NULL, "ram");
    physmap_map_mmio(&g->m->map, AF_IO, 0xf00, &io_ops, g, "io");
    if (!a64_cpu_new(g->m, a64_model_find("max"), en, &w, e))
        return false;
    g->v = g->m->cpus[0];
    g->port = (struct sysreg_port){ g, port_read, port_write };
    for (u32 i = 0; i < SYSREG_COUNT; i++)
        g->v->ports[i] = &g->port;
    g->guest = a64_guest;
    g->guest.fault = on_fault;
    g->guest.exception = on_exception;
    g->guest.interrupt = on_interrupt;
    g->guest.fetch_ok = on_fetch;
    g->v->guest = &g->guest;
    memset(g->ram->dirty, 1, AF_PAGES); /* nothing is there yet */
    return true;
}

struct af_rig *af_rig_new(const struct engine *en, struct err *e)
{
    struct af_rig *g = calloc(1, sizeof *g);
    CHECK(g);
    g->m = machine_new("fuzz", e);
    if (g->m && build(g, en, e))
        return g;
    machine_free(g->m);
    free(g);
    return NULL;
}

void af_rig_free(struct af_rig *g)
{
    if (g)
        machine_free(g->m);
    free(g);
}

static void load_words(struct af_rig *g, u32 at, const u32 *words, u32 count)
{
    u64 off = AF_CODE_PAGE * PAGE_SIZE + at;
    memobj_written(&g->m->map, g->ram, off, 4 * count);
    memcpy(g->ram->host + off, words, 4 * count);
}

void af_rig_load(struct af_rig *g, const struct af_prog *p, const u8 *image)
{
    u32 start = 0x14000000 | p->at / 4; /* B from the first word to the program */
    if (p->seed % 128 == 0)
        g->v->engine->flush(g->v);
    fuzz_restore(g->v, g->ram, image);
    load_words(g, p->at, p->word, p->count);
    if (p->at)
        load_words(g, 0, &start, 1);
    *a64_of(g->v) = p->s;
    g->v->s = (struct vcpu_state){ .pc = p->pc };
    g->v->irq = 0;
    g->v->raised = false;
    g->seen = (struct af_seen){ 0 };
    atomic_store(&g->m->request, 0);
    g->v->guest->resumed(g->v);
}

bool af_fetch(struct af_rig *g, gva pc, u32 *insn)
{
    struct xlat x;
    struct mmu_fault f;
    if (!mmu_translate(&g->v->mmu, pc, MMU_FETCH, a64_mode(g->v) & A64_M_MMU, &x, &f))
        return false;
    return physmap_read(&g->m->map, x.pa, insn, 4);
}
