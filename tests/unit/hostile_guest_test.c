/*
 * hostile_guest_test.c - guests that mean harm, on a whole virt board: nothing they do may crash, hang or grow the
 * emulator. There is nothing to compare with: coming back is passing, and the sanitizers see the rest.
 *
 * Each round puts small A64 programs and garbage of a seed into RAM and runs them under icount. Their exception
 * handler skips the instruction that failed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "backend/interp/interp.h"
#include "base/bits.h"
#include "frontend/arm/cpu.h"
#include "hw/boards/virt.h"

#define RAM_SIZE (16ull << 20)
#define AT(mib)  (VIRT_RAM + ((u64)(mib) << 20))
#define CODE     AT(1)
#define VECTORS  AT(2)
#define PLACES   AT(3)          /* 256 addresses that the programs choose from */
#define VALUES   (PLACES + 2048) /* 256 values that they store */
#define TABLES   AT(4)          /* translation tables */
#define GARBAGE  AT(5)          /* to the end of RAM: queues, descriptors, anything */
#define DISK     (1u << 20)

struct world {
    struct machine   *m;
    struct vcpu      *v;
    struct a64_state *s, first;  /* state now, and right after reset */
    u64               seed;
    gpa               at;        /* where the next word goes */
    u64               seen;      /* icount at the last poll */
    u32               stuck;     /* polls since it grew */
};

static u64 rnd(struct world *w)
{
    u64 z = w->seed += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* ---- the board ---- */

static u64 no_time(void)
{
    return 0;
}

/* A processor that sleeps for ever, or an event that never lets it run, ends the round. */
static void on_poll(void *opaque)
{
    struct world *w = opaque;
    w->stuck = w->v->s.icount == w->seen ? w->stuck + 1 : 0;
    w->seen = w->v->s.icount;
    if (w->stuck > 20000)
        machine_request(w->m, REQ_STOP);
}
static void on_wait(void *opaque, u64 ns)
{
    (void)ns;
    machine_request(((struct world *)opaque)->m, REQ_STOP);
}

static bool disk_read(struct block *b, u64 off, void *p, u64 n, struct err *e)
{
    if (off > b->size || n > b->size - off)
        fail_msg("a read of %llu bytes at %llu reaches the disk", (unsigned long long)n, (unsigned long long)off);
    memset(p, (int)off, n);
    return off % 4096 != 512 || err_set(e, "a bad sector");
}
static bool disk_write(struct block *b, u64 off, const void *p, u64 n, struct err *e)
{
    (void)p;
    if (off > b->size || n > b->size - off || b->read_only)
        fail_msg("a write of %llu bytes at %llu reaches the disk", (unsigned long long)n, (unsigned long long)off);
    return off % 4096 != 1024 || err_set(e, "a bad sector");
}
static bool disk_flush(struct block *b, struct err *e)
{
    (void)b, (void)e;
    return true;
}
static void disk_close(struct block *b)
{
    free(b);
}
static struct block *new_disk(bool read_only)
{
    struct block *b = malloc(sizeof *b);
    assert_non_null(b);
    *b = (struct block){ .size = DISK, .read_only = read_only, .name = "disk", .read = disk_read, .write = disk_write,
                         .flush = disk_flush, .close = disk_close };
    return b;
}

struct shape {
    const char *cpu;
    u32         gic;
    bool        legacy;
};
static const struct shape shapes[] = { { "cortex-a72", 2, false }, { "max", 3, true }, { "max", 3, false } };

static bool add_cpu(struct machine *m, void *opaque, struct err *e)
{
    const struct shape *sh = opaque;
    struct a64_wiring w = { .gic_sysregs = sh->gic == 3, .psci = A64_PSCI_HVC };
    return a64_cpu_new(m, a64_model_find(sh->cpu), &interp_engine, &w, e);
}

static void open_world(struct world *w, const struct shape *sh, u64 seed)
{
    struct err e;
    struct virt_config c = {
        .cpu = sh->cpu, .add_cpu = add_cpu, .cpu_opaque = (void *)(uintptr_t)sh, .ram_size = RAM_SIZE,
        .gic_version = sh->gic, .deterministic = true, .virtio_legacy = sh->legacy, .slot_count = 4,
        .slots = { { .kind = SLOT_BLK }, { .kind = SLOT_CONSOLE }, { .kind = SLOT_RNG }, { .kind = SLOT_BLK } },
    };
    *w = (struct world){ .seed = seed, .m = machine_new("virt", &e) };
    assert_non_null(w->m);
    c.slots[0].block = new_disk(false);
    c.slots[3].block = new_disk(true);
    w->m->clock = CLOCK_ICOUNT;
    w->m->host_ns = no_time;
    w->m->poll = on_poll;
    w->m->wait = on_wait;
    w->m->poll_opaque = w;
    if (!virt_build(w->m, &c, &e))
        fail_msg("%s", e.msg);
    w->v = w->m->cpus[0];
    w->s = w->v->state;
    w->first = *w->s;
}

static void close_world(struct world *w)
{
    machine_free(w->m);
}

/* ---- programs ---- */

static void word(struct world *w, u32 insn)
{
    u8 bytes[4];
    store_le32(bytes, insn);
    assert_true(physmap_write(&w->m->map, w->at, bytes, 4));
    w->at += 4;
}

static void load_const(struct world *w, u32 rd, u64 val)
{
    for (u32 i = 0; i < 4; i++) /* MOVZ, then MOVK */
        word(w, (i ? 0xf2800000 : 0xd2800000) | i << 21 | (u32)(val >> 16 * i & 0xffff) << 5 | rd);
}

static void put64(struct world *w, gpa at, u64 val)
{
    u8 bytes[8];
    store_le64(bytes, val);
    assert_true(physmap_write(&w->m->map, at, bytes, 8));
}

#define BRANCH(w, to) word(w, 0x14000000 | ((u32)((i64)((to) - (w)->at) >> 2) & 0x3ffffff))
#define ERET 0xd69f03e0u
#define ISB  0xd5033fdfu

/* Every vector skips the instruction; from outside the 64 KiB of code it goes back somewhere into them. Clobbers
 * x9 to x11. */
static void put_vectors(struct world *w)
{
    for (u32 i = 0; i < 16; i++) {
        w->at = VECTORS + 0x80 * i;
        word(w, 0xd5384029);          /* MRS x9, ELR_EL1 */
        word(w, 0x91001129);          /* ADD x9, x9, #4 */
        load_const(w, 11, CODE >> 16);
        word(w, 0xeb49417f);          /* CMP x11, x9, LSR #16 */
        word(w, 0x54000000 | 10 << 5); /* B.EQ over the next nine */
        word(w, 0xd53be04a);          /* MRS x10, CNTVCT_EL0 */
        word(w, 0xd3402d4a);          /* UBFX x10, x10, #0, #12 */
        load_const(w, 9, CODE);
        word(w, 0x8b0a0929);          /* ADD x9, x9, x10, LSL #2 */
        word(w, 0xd503201f);          /* NOP */
        word(w, 0xd503201f);
        word(w, 0xd5184029);          /* MSR ELR_EL1, x9 */
        word(w, ERET);
    }
    w->at = CODE;
}

/* x20: generator; x1: an address; x5, x6: values. Clobbers x2, x3. x21, x22, x24, x25: constants of setup(). */
static void choose(struct world *w, u32 mask)
{
    word(w, 0x9b155a94);                            /* MADD x20, x20, x21, x22 */
    word(w, 0xd3400000 | 40 << 16 | 47 << 10 | 20 << 5 | 2); /* UBFX x2, x20, #40, #8 */
    word(w, 0xf8627b01);                            /* LDR x1, [x24, x2, LSL #3] */
    word(w, 0xd34cfe83);                            /* LSR x3, x20, #12 */
    load_const(w, 2, mask);
    word(w, 0x8a020063);                            /* AND x3, x3, x2 */
    word(w, 0x8b030021);                            /* ADD x1, x1, x3 */
    word(w, 0xd3400000 | 32 << 16 | 39 << 10 | 20 << 5 | 2); /* UBFX x2, x20, #32, #8 */
    word(w, 0xf8627b25);                            /* LDR x5, [x25, x2, LSL #3] */
    word(w, 0xaa1403e6);                            /* MOV x6, x20 */
}

static void setup(struct world *w)
{
    load_const(w, 20, rnd(w));
    load_const(w, 21, 6364136223846793005);
    load_const(w, 22, 1442695040888963407);
    load_const(w, 24, PLACES);
    load_const(w, 25, VALUES);
}

/* Base x1, data x5 and x6, status w7. */
static const u32 accesses[] = {
    0x39000025, 0x39400025, 0x79000025, 0x79400025, 0xb9000025, 0xb9400025, 0xf9000025, 0xf9400025, /* STRB to LDR */
    0xb9000025, 0xb9400025, 0xb9000025, 0xb9400025, 0xb9000025, /* what devices take */
    0xb9800025, 0xa9001825, 0xa9401825, 0x29001825, 0x29401825, /* LDRSW, pairs */
    0x3d800025, 0x3dc00025, 0xad001825, 0xad401825, /* Q and pairs of it */
    0xc85f7c25, 0xc8077c25, 0xc89ffc25, 0xc8dffc25, 0xc87f1825, 0xc8271825, /* exclusives, ordered */
    0xf8250026, 0xb8258026, 0xc8a57c26, 0x48247c26, /* LDADD, SWP, CAS, CASP */
    0xf8000825, 0xf8400825, 0xf9800020, /* STTR, LDTR, PRFM */
    0xd50b7421, 0xd50b7a21, 0xd50b7521, 0xd5087801, 0xd5088721, /* ZVA, CVAC, IVAU, AT, TLBI */
    0x4c402025, 0x4c002025, 0x4c400025, 0x4d40c025, /* LD1, ST1, LD4, LD1R */
    0xf85fd025, 0xf81fd025, 0xf8008425, 0xb8404425, /* at -3, post-indexed */
};

/* A loop that touches places for ever. */
static void put_scribbler(struct world *w)
{
    static const u32 masks[] = { 0x1fc, 0xffc, 0xfff, 0x1f, 0xfffc, 0, 0x7 };
    gpa top = w->at;
    for (u32 i = 0; i < COUNT(accesses); i++) {
        choose(w, masks[rnd(w) % COUNT(masks)]);
        word(w, accesses[i]);
    }
    BRANCH(w, top);
}

/* ---- a round ---- */

static u64 odd_value(struct world *w)
{
    u64 r = rnd(w), ram = VIRT_RAM + r % RAM_SIZE, queue = GARBAGE + (r % 64) * 4096;
    switch (rnd(w) % 12) {
    case 0: return r;
    case 1: return r % 16;
    case 2: return 1ull << r % 64;
    case 3: return ram;
    case 4: return queue;
    case 5: return queue >> 12;
    case 6: return (u32)-(u32)(r % 64);
    case 7: return __builtin_bswap64(queue);
    case 8: return __builtin_bswap32((u32)queue) | (u64)__builtin_bswap32((u32)(queue >> 32)) << 32;
    case 9: return VIRT_RAM + RAM_SIZE - r % 64;
    case 10: { /* commands of the flash */
        static const u8 commands[] = { 0xff, 0x90, 0x98, 0x70, 0x50, 0x40, 0x10, 0x20, 0xd0, 0x60, 0x01, 0xe8, 0xc0 };
        return commands[r % sizeof commands] * 0x0001000100010001ull;
    }
    default: return r % 0x10000;
    }
}

static u64 device_place(struct world *w)
{
    const struct region *r = &w->m->map.regions[rnd(w) % w->m->map.region_count];
    u64 off = rnd(w) % 3 ? 0 : rnd(w) % r->size & ~0xfull;
    return r->base + (r->kind == REGION_RAM ? GARBAGE - VIRT_RAM + off % (RAM_SIZE - (6u << 20)) : off);
}

static u64 nowhere(struct world *w)
{
    static const u64 odd[] = {
        0x10000000, 0x3ffffffc, VIRT_RAM + RAM_SIZE, VIRT_RAM + RAM_SIZE - 4, VIRT_RAM - 8, 0xfffffffc, 1ull << 40,
        1ull << 47, (1ull << 48) - 4, 1ull << 48, 1ull << 52, 1ull << 55, 1ull << 63, ~0ull, ~7ull,
        0xffff000000000000, VIRT_GICC + 0xfffe, VIRT_FLASH1 + VIRT_FLASH_SIZE - 2, 0x0a003ffc, 0x0a004000, 0x08020000,
    };
    return rnd(w) % 4 ? odd[rnd(w) % COUNT(odd)] : rnd(w);
}

/* Descriptors, rings and DMA structures that are nearly right. */
static void put_garbage(struct world *w)
{
    u8 page[4096];
    for (u32 i = 0; i < 64; i++) {
        for (u32 k = 0; k < sizeof page; k += 16) {
            store_le64(page + k, odd_value(w));
            u64 len = rnd(w) % 4 ? rnd(w) % 4096 : rnd(w), flags = rnd(w) % 8, next = rnd(w) % 64;
            store_le64(page + k + 8, rnd(w) % 8 ? (u32)len | flags << 32 | next << 48 : rnd(w));
        }
        if (rnd(w) % 2) /* a ring: flags, index, entries */
            for (u32 k = 2; k < 1024; k += 2)
                store_le16(page + k, (u16)(rnd(w) % 64));
        assert_true(physmap_write(&w->m->map, GARBAGE + 4096 * i, page, sizeof page));
    }
}

enum { HURT_NOWHERE = 1, HURT_DEVICES = 2, HURT_TABLES = 4 };

static void start(struct world *w, u32 hurt)
{
    if (rnd(w) % 4 == 0)
        machine_reset(w->m);
    *w->s = w->first;
    w->v->s.halted = w->v->s.stopped = 0;
    w->v->s.pc = CODE;
    w->s->vbar_el1 = VECTORS;
    w->s->cpacr_el1 = 3u << 20;
    w->v->guest->resumed(w->v);
    atomic_store(&w->m->request, 0);
    for (u32 i = 0; i < 256; i++) {
        u64 place = hurt & HURT_TABLES && rnd(w) % 2 ? TABLES + rnd(w) % 4096
                    : hurt & HURT_NOWHERE && rnd(w) % 2 ? nowhere(w) : device_place(w);
        put64(w, PLACES + 8 * i, place);
        put64(w, VALUES + 8 * i, odd_value(w));
    }
    put_vectors(w);
}

static void go(struct world *w, u64 count)
{
    enum machine_end end;
    w->m->stop_at = w->v->s.icount + count;
    w->stuck = 0;
    do
        end = machine_run(w->m);
    while (end == END_RESET);
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    if (use.ru_maxrss > 3 << 20) /* KiB */
        fail_msg("the emulator has grown to %ld MiB", use.ru_maxrss >> 10);
}

/* For each shape and seed a world, and in it some rounds. */
static void each(u32 seeds, u32 rounds, void (*round)(struct world *, u32))
{
    for (u32 i = 0; i < COUNT(shapes); i++)
        for (u64 seed = 0; seed < seeds; seed++) {
            struct world w;
            open_world(&w, &shapes[i], seed * 1000 + i);
            for (u32 k = 0; k < rounds; k++)
                round(&w, k);
            close_world(&w);
        }
}

/* ---- the tests ---- */

static void jump(struct world *w, u32 k)
{
    start(w, 0);
    u64 to = k % 2 ? nowhere(w) : device_place(w) + rnd(w) % 4;
    if (k % 3)
        w->s->vbar_el1 = k % 3 == 1 ? nowhere(w) & ~0x7ffull : device_place(w) & ~0x7ffull;
    load_const(w, 1, to);
    word(w, 0xd61f0020); /* BR x1 */
    go(w, 20000);
}
static void test_jump_into_nothing(void **state)
{
    (void)state;
    each(1, 60, jump);
}

static void touch(struct world *w, u32 k)
{
    (void)k;
    start(w, HURT_NOWHERE);
    setup(w);
    put_scribbler(w);
    go(w, 100000);
}
static void test_touch_everything(void **state)
{
    (void)state;
    each(2, 8, touch);
}

static void bus_write(struct world *w, gpa at, u32 val)
{
    physmap_bus_write(&w->m->map, at, 4, val);
}

#define QUEUE_NUM 64u

/* Descriptors and a ring (VIRTIO 1.2, 2.7) of requests; one field in `wild` is wrong (a queue stops at its first
 * broken chain). */
static void put_queue(struct world *w, gpa at, u32 wild)
{
    static const u32 lens[] = { 16, 16, 512, 512, 4096, 1, 15, 0, 0x7fffffff, 0xffffffff };
    u8 page[4096] = { 0 };
    for (u32 i = 0; i < QUEUE_NUM; i++) {
        u8 *d = page + 16 * i;
        bool last = i % 4 == 3 || rnd(w) % wild == 0;
        u32 len = rnd(w) % wild ? i % 4 == 0 ? 16 : last ? 1 : 512 : lens[rnd(w) % COUNT(lens)];
        store_le64(d, rnd(w) % wild ? GARBAGE + (rnd(w) % 0x40000 / 48 * 48) : odd_value(w));
        store_le32(d + 8, len);
        store_le16(d + 12, (u16)((last ? 0 : 1) | (i % 4 >= 1 + rnd(w) % 2 * 2 ? 2 : 0) | (rnd(w) % wild ? 0 : 4)));
        store_le16(d + 14, (u16)(rnd(w) % wild ? i + 1 : rnd(w) % 128));
    }
    u8 *avail = page + 16 * QUEUE_NUM;
    store_le16(avail + 2, (u16)(rnd(w) % 8 ? rnd(w) % (QUEUE_NUM + 1) : rnd(w)));
    for (u32 i = 0; i < QUEUE_NUM; i++)
        store_le16(avail + 4 + 2 * i, (u16)(rnd(w) % wild ? 4 * i % QUEUE_NUM : rnd(w)));
    assert_true(physmap_write(&w->m->map, at, page, sizeof page));
}

/* Headers of block requests (5.2.6): type, sector. */
static void put_headers(struct world *w)
{
    static const u32 types[] = { 0, 0, 1, 1, 4, 8, 11, 13 };
    for (u32 i = 0; i < 0x40000 / 16; i += 3) {
        put64(w, GARBAGE + 16 * i, types[rnd(w) % COUNT(types)]);
        put64(w, GARBAGE + 16 * i + 8, rnd(w) % 4 ? rnd(w) % (DISK / 512) : odd_value(w));
    }
}

static void take_features(struct world *w, gpa at)
{
    for (u32 i = 0; i < 2; i++) {
        u64 offered = 0;
        bus_write(w, at + 0x14, i);
        physmap_bus_read(&w->m->map, at + 0x10, 4, &offered);
        bus_write(w, at + 0x24, i);
        bus_write(w, at + 0x20, (u32)offered & (rnd(w) % 4 || i ? ~0u : (u32)rnd(w)));
    }
}

/* 3.1.1 and 4.2.3.2. */
static void set_up_queues(struct world *w, u32 slot)
{
    gpa at = VIRT_VIRTIO + slot * VIRT_VIRTIO_STEP;
    bus_write(w, at + 0x70, 0);
    bus_write(w, at + 0x70, 3);
    take_features(w, at);
    bus_write(w, at + 0x70, 11);
    bus_write(w, at + 0x28, 4096);
    for (u32 q = 0; q < 3; q++) {
        gpa page = AT(8) + (slot * 3 + q) * 8192, avail = page + 16 * QUEUE_NUM, used = page + 4096;
        if (rnd(w) % 16 == 0)
            used = odd_value(w);
        put_queue(w, page, rnd(w) % 2 ? 16 : 400);
        bus_write(w, at + 0x30, q);
        bus_write(w, at + 0x38, rnd(w) % 16 ? QUEUE_NUM : (u32)rnd(w));
        const u64 where[] = { page, avail, used };
        for (u32 i = 0; i < 3; i++) {
            bus_write(w, at + 0x80 + 0x10 * i, (u32)where[i]);
            bus_write(w, at + 0x84 + 0x10 * i, (u32)(where[i] >> 32));
        }
        bus_write(w, at + 0x3c, rnd(w) % 16 ? 4096 : (u32)rnd(w));
        bus_write(w, at + 0x40, (u32)(page >> 12));
        bus_write(w, at + 0x44, 1);
    }
    bus_write(w, at + 0x70, 15);
    for (u32 q = 0; q < 3; q++)
        bus_write(w, at + 0x50, q);
}

static void scribble(struct world *w, u32 k)
{
    start(w, HURT_DEVICES);
    put_garbage(w);
    put_headers(w);
    for (u32 slot = 28; slot < 32; slot++)
        set_up_queues(w, slot);
    if (k % 2) /* fw_cfg, by DMA: its structure is in the garbage (QEMU's docs/specs/fw_cfg: big endian) */
        physmap_bus_write(&w->m->map, VIRT_FW_CFG + 16, 8, __builtin_bswap64(GARBAGE + rnd(w) % (60 << 12)));
    for (u32 i = 0; i < 256 && k % 3 == 0; i++) /* these rounds spoil the queues alone, while they are at work */
        put64(w, PLACES + 8 * i, i % 8 == 0 ? VIRT_FW_CFG + 8 : AT(8) + 28 * 3 * 8192 + rnd(w) % (12 * 8192) / 8 * 8);
    setup(w);
    gpa top = w->at;
    for (u32 i = 0; i < 64; i++) { /* notifications between the accesses */
        load_const(w, 1, VIRT_VIRTIO + (28 + rnd(w) % 4) * VIRT_VIRTIO_STEP + 0x50);
        load_const(w, 5, rnd(w) % 3);
        word(w, 0xb9000025);
        choose(w, k % 3 == 0 ? 8 : rnd(w) % 2 ? 0x1fc : 0xfff);
        word(w, accesses[rnd(w) % COUNT(accesses)]);
    }
    BRANCH(w, top);
    go(w, 100000);
}
static void test_scribble_over_devices(void **state)
{
    (void)state;
    each(4, 12, scribble);
}

/* Descriptors of level 1 and below (DDI 0487, D8.3) that lead in circles, out of RAM, into devices and flash. */
static u64 hostile_descriptor(struct world *w)
{
    static const u64 targets[] = {
        TABLES, TABLES + 4096, VIRT_UART, VIRT_FLASH0, VIRT_FLASH1, VIRT_RAM + RAM_SIZE, 0x10000000,
        VIRT_RAM + RAM_SIZE - 4096, 1ull << 40, (1ull << 48) - 4096, VIRT_VIRTIO, VIRT_GICD, GARBAGE, CODE,
    };
    u64 attr = rnd(w) & 0x0070000000000ffc, kind = rnd(w) % 8 ? 3 : rnd(w) % 4;
    if (rnd(w) % 2)
        attr |= 1 << 10; /* the access flag */
    return (targets[rnd(w) % COUNT(targets)] & ~0xfffull) | attr | kind;
}

static void tables(struct world *w, u32 k)
{
    static const u64 bases[] = { TABLES, TABLES, TABLES, VIRT_UART, VIRT_FLASH0, 0x10000000,
                                 VIRT_RAM + RAM_SIZE - 4096, 1ull << 47 };
    start(w, HURT_TABLES | HURT_NOWHERE);
    for (u32 i = 0; i < 4 * 512; i++)
        put64(w, TABLES + 8 * i, rnd(w) % 16 ? hostile_descriptor(w) : rnd(w));
    put64(w, TABLES + 8, 0x40000000 | 1 << 10 | 3 << 8 | 1); /* the second gigabyte is RAM as it is */
    u64 tcr = 25 | 25 << 16 | 2ull << 32 | (k % 4 == 3 ? rnd(w) & 0x7fffffffffull & ~0x3full : 0);
    load_const(w, 0, k % 8 < 4 ? TABLES : bases[rnd(w) % COUNT(bases)]);
    word(w, 0xd5182000); /* TTBR0_EL1 */
    load_const(w, 0, bases[rnd(w) % COUNT(bases)] | rnd(w) << 48);
    word(w, 0xd5182020); /* TTBR1_EL1 */
    load_const(w, 0, k % 16 == 15 ? rnd(w) : tcr);
    word(w, 0xd5182040); /* TCR_EL1 */
    load_const(w, 0, rnd(w));
    word(w, 0xd518a200); /* MAIR_EL1 */
    load_const(w, 0, (w->first.sctlr_el1 | 1) ^ (rnd(w) % 4 ? 0 : rnd(w) & 0x0300400e));
    word(w, 0xd5181000); /* SCTLR_EL1 */
    word(w, ISB);
    setup(w);
    put_scribbler(w);
    go(w, 60000);
}
static void test_hostile_tables(void **state)
{
    (void)state;
    each(2, 24, tables);
}

static u32 random_insn(struct world *w)
{
    u32 r = (u32)rnd(w);
    switch (rnd(w) % 8) {
    case 0: return r;
    case 1: return (r & 0x001fffff) | 0xd5000000;               /* system */
    case 2: return (r & 0xf7ffffff) | 0x08000000;               /* loads and stores: op0 x1x0 */
    case 3: return (r & 0xe3ffffff) | 0x08000000 | (u32)(rnd(w) % 2) << 28;
    case 4: return (r & 0xf1ffffff) | 0x0e000000;               /* SIMD and FP: op0 x111 */
    case 5: return (r & 0xe3ffffff) | 0x10000000;               /* immediates */
    case 6: return (r & 0xf1ffffff) | 0x0a000000;               /* registers */
    default: return (r & 0xe3ffffff) | 0x14000000;              /* branches, exceptions, system */
    }
}

static void random_code(struct world *w, u32 k)
{
    start(w, HURT_NOWHERE);
    put_garbage(w);
    for (u32 i = 0; i < 31; i++)
        w->s->x[i] = i % 3 ? odd_value(w) : CODE + rnd(w) % 16384;
    for (u32 i = 0; i < 64; i++)
        w->s->v[i] = rnd(w);
    if (k % 2) { /* at EL0 */
        w->s->spsr_el1 = 0;
        w->s->elr_el1 = CODE + 4;
        word(w, ERET);
    }
    for (u32 i = 0; i < 4096; i++)
        word(w, i % 64 == 63 ? 0x14000000 | (rnd(w) % 2 ? 1 : -(u32)(rnd(w) % 512) & 0x3ffffff) : random_insn(w));
    go(w, 10000);
}
static void test_random_instructions(void **state)
{
    (void)state;
    each(4, 150, random_code);
}

/* Writes over itself: random words and jumps into them, with and without cache maintenance. */
static void self_modifying(struct world *w, u32 k)
{
    start(w, HURT_NOWHERE);
    setup(w);
    for (u32 i = 0; i < 256; i++) {
        put64(w, PLACES + 8 * i, CODE + rnd(w) % 4096);
        put64(w, VALUES + 8 * i, random_insn(w) | (u64)random_insn(w) << 32);
    }
    gpa top = w->at;
    for (u32 i = 0; i < 40; i++) {
        choose(w, k % 2 ? 0x3c : 0);
        word(w, 0xb9000025);                /* STR w5, [x1] */
        if (rnd(w) % 2)
            word(w, 0xd50b7521);            /* IC IVAU, x1 */
        if (rnd(w) % 4 == 0)
            word(w, 0xf81fc025 & ~0x1000u); /* an unaligned STUR */
        if (rnd(w) % 4 == 0)
            word(w, 0xd61f0020);            /* BR x1 */
    }
    while (w->at < CODE + 0x1000)
        word(w, random_insn(w));
    BRANCH(w, top);
    go(w, 50000);
}
static void test_self_modifying(void **state)
{
    (void)state;
    each(2, 20, self_modifying);
}

/* Every encoding of MRS, MSR, SYS and SYSL, at both exception levels, each from a fresh state. */
static void test_every_sysreg(void **state)
{
    (void)state;
    for (u32 i = 0; i < COUNT(shapes); i++) {
        struct world w;
        open_world(&w, &shapes[i], i);
        for (u32 at = 0; at < 0x20000; at++) {
            if (at % 0x1000 == 0)
                start(&w, HURT_NOWHERE);
            *w.s = w.first;
            w.s->el = at % 3 != 0;
            w.s->x[5] = odd_value(&w);
            w.s->vbar_el1 = VECTORS;
            w.v->guest->resumed(w.v);
            w.v->s.halted = w.v->s.stopped = 0;
            w.at = w.v->s.pc = CODE + at % 0x1000 * 4;
            word(&w, 0xd5000005 | at << 5);
            go(&w, 1);
            if (at % 16 == 0)
                go(&w, 8);
        }
        close_world(&w);
    }
}

/* PSCI and other calls with every function number near those that exist (Arm DEN 0022). */
static void test_calls(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, &shapes[0], 3);
    for (u32 i = 0; i < 4000; i++) {
        start(&w, 0);
        for (u32 k = 0; k < 18; k++)
            w.s->x[k] = odd_value(&w);
        w.s->x[0] = (i % 2 ? 0x84000000 : 0xc4000000) + i / 2 % 64;
        word(&w, rnd(&w) % 8 ? 0xd4000002 : 0xd4000003); /* HVC, SMC */
        BRANCH(&w, CODE);
        go(&w, 100);
    }
    close_world(&w);
}

/* As many blocks of code as can be: jumps to every instruction of a MiB of straight code. */
static void test_much_code(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, &shapes[0], 4);
    for (u32 k = 0; k < 2; k++) {
        start(&w, 0);
        for (u32 i = 0; i < (1u << 20) / 4; i++) /* FMLA v0.4s, v1.4s, v2.4s; every sixteenth leaves */
            word(&w, i % 16 == 15 ? 0xd61f0020 : 0x4e22cc20);
        gpa top = w.at = AT(5);
        word(&w, 0x91001042);                   /* ADD x2, x2, #4 */
        word(&w, 0xd61f0040);                   /* BR x2 */
        w.s->x[1] = top;
        w.s->x[2] = CODE;
        w.v->s.pc = top;
        go(&w, 700000);
    }
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jump_into_nothing), cmocka_unit_test(test_touch_everything),
        cmocka_unit_test(test_scribble_over_devices), cmocka_unit_test(test_hostile_tables),
        cmocka_unit_test(test_random_instructions), cmocka_unit_test(test_self_modifying),
        cmocka_unit_test(test_calls), cmocka_unit_test(test_every_sysreg), cmocka_unit_test(test_much_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
