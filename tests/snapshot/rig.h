/*
 * rig.h - what the tests of snapshot/ stand on: machines with a fake CPU, two devices, RAM and a flash.
 */
#pragma once
#include "snapshot/format.h"
#include "base/hash.h"
#include "snapshot/section.h"
#include "tests/snapshot/fake_cpu.h"

#define RAM_SIZE (3u << 20 | 8 * PAGE_SIZE) /* three chunks and a piece */
#define FLASH_BASE 0x10000000u

/* ---- devices ---- */

struct fake_state {
    u64 deadline;
    u32 regs[5];
    u16 fifo[6];
    u8  level, pad[7];
};
#define F(f) STATE(struct fake_state, f)
static const struct state_field fake_fields[] = { F(deadline), F(regs), F(fifo), F(level), F(pad) };
#undef F
static bool fake_valid(const void *state, struct err *e)
{
    return ((const struct fake_state *)state)->level <= 6 || err_set(e, "level out of range");
}
static const struct state_desc fake_desc = {
    .name = "fake", STATE_DESC(struct fake_state, 1, fake_fields), .valid = fake_valid,
};

struct fake_dev {
    struct dev        dev;
    struct fake_state s;
    struct event      event;
    char              letter;
};
static void fake_resumed(struct dev *d)
{
    struct fake_dev *f = CONTAINER_OF(d, struct fake_dev, dev);
    event_set(&f->event, f->s.deadline);
    note(f->letter);
}
static const struct dev_class fake_class = {
    .name = "fake", .state = &fake_desc, .state_offset = offsetof(struct fake_dev, s),
    .size = sizeof(struct fake_dev), .resumed = fake_resumed,
};
static const struct dev_class other_class = {
    .name = "other", .state = &fake_desc, .state_offset = offsetof(struct fake_dev, s),
    .size = sizeof(struct fake_dev), .resumed = fake_resumed,
};

/* ---- machine ---- */

static u64 host_now = 5000;
static u64 fake_host_ns(void)
{
    return host_now;
}
static void no_event(void *opaque)
{
    (void)opaque;
}

struct rig {
    struct machine *m;
    struct fake_dev a, b;
    struct memobj  *ram, *flash;
    struct err      e;
};

struct rig_shape { /* zeros: as usual */
    const char             *name, *model;
    u64                     ram;
    bool                    no_b;
    const struct dev_class *class_b;
    enum clock_kind         clock;
};

static void rig_add_dev(struct rig *r, struct fake_dev *f, const struct dev_class *cls, const char *path, char letter)
{
    *f = (struct fake_dev){ .dev = { .cls = cls, .path = path }, .letter = letter };
    machine_add_dev(r->m, &f->dev);
    event_init(&f->event, r->m, path, no_event, f);
}

static void rig_open(struct rig *r, struct rig_shape shape)
{
    *r = (struct rig){ 0 };
    struct err *e = &r->e;
    struct machine *m = r->m = machine_new(shape.name ? shape.name : "test", e);
    assert_non_null(m);
    m->host_ns = fake_host_ns;
    m->clock = shape.clock;
    r->ram = physmap_new_obj(&m->map, "ram", shape.ram ? shape.ram : RAM_SIZE, e);
    r->flash = physmap_new_obj(&m->map, "flash", 2 * PAGE_SIZE, e);
    physmap_map_obj(&m->map, REGION_RAM, 0, r->ram->size, r->ram, 0, NULL, NULL, "ram");
    physmap_map_obj(&m->map, REGION_ROM, FLASH_BASE, r->flash->size, r->flash, 0, NULL, NULL, "flash");
    assert_true(add_fake_cpu(m, NULL, e));
    m->cpus[0]->model = shape.model ? shape.model : "plain";
    rig_add_dev(r, &r->a, &fake_class, "one", 'a');
    if (!shape.no_b)
        rig_add_dev(r, &r->b, shape.class_b ? shape.class_b : &fake_class, "two", 'b');
}

static void rig_close(struct rig *r)
{
    machine_free(r->m);
}

static void rig_randomize_dev(u64 *seed, struct fake_dev *f)
{
    fill_random(seed, &f->s, sizeof f->s);
    f->s.level %= 7;
}

/* A machine in the middle of something. */
static void rig_randomize(struct rig *r, u64 seed)
{
    struct machine *m = r->m;
    struct vcpu *v = m->cpus[0];
    struct fake_cpu *cpu = v->state;
    fill_random(&seed, cpu, sizeof *cpu);
    cpu->flags[0] &= 3;
    v->s = (struct vcpu_state){ .pc = next_random(&seed), .icount = next_random(&seed) >> 20, .excl_size = 8,
                                .excl_addr = 0x1000, .halted = 1 };
    m->s.idle_ns = next_random(&seed) >> 30;
    machine_seed(m, seed);
    rig_randomize_dev(&seed, &r->a);
    rig_randomize_dev(&seed, &r->b);
    u8 bytes[3 * PAGE_SIZE];
    for (u32 i = 0; i < 4; i++) { /* one chunk stays zero */
        fill_random(&seed, bytes, i == 1 ? 100 : sizeof bytes);
        u64 at = (i % 2) * (1u << 20) + next_random(&seed) % (1 << 19);
        assert_true(physmap_write(&m->map, at, bytes, sizeof bytes));
    }
    assert_true(physmap_write(&m->map, r->ram->size - 4, "last", 4));
    assert_true(physmap_load(&m->map, FLASH_BASE + 77, "flash", 5));
    for (u32 i = 0; i < 40; i++) { /* the TLB in use */
        u64 val = 0;
        mmu_select(&v->mmu, next_random(&seed) % 3);
        mmu_read(&v->mmu, next_random(&seed) % 2 << 32 | next_random(&seed) % (r->ram->size - 8), 8, 0, 0, 0, &val);
        mmu_write(&v->mmu, next_random(&seed) % (r->ram->size - 8), 8, 1, 0, 0, &val);
    }
}

static struct hash128 rig_hash(struct rig *r)
{
    struct hash_state h = { 0 };
    u8 out[16];
    snapshot_hash(r->m, &h, out);
    hash_state_free(&h);
    return (struct hash128){ load_le64(out), load_le64(out + 8) };
}

static bool same_hash(struct hash128 a, struct hash128 b)
{
    return a.lo == b.lo && a.hi == b.hi;
}
