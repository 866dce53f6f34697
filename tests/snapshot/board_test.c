/*
 * board_test.c - all devices of a real board: a loaded machine goes on as the saved one would have, whatever the
 * guest does to the devices; sections of any contents are refused or harmless.
 *
 * The guest is a source of random accesses: its CPU is a fake.
 */
#include "hw/boards/virt.h"
#include "snapshot/section.h"
#include "snapshot/snapshot.h"
#include "tests/snapshot/fake_cpu.h"
#include <stdio.h>
#include <unistd.h>

#define RAM (4u << 20)

struct shape {
    u32  gic;
    bool legacy;
};
static const struct shape shapes[] = { { 2, false }, { 3, true } };

static u64 no_time(void)
{
    return 0;
}

static struct machine *board(struct shape shape)
{
    struct err e;
    struct virt_config c = {
        .cpu = "cortex-a72", .add_cpu = add_fake_cpu, .ram_size = RAM, .gic_version = shape.gic,
        .deterministic = true, .virtio_legacy = shape.legacy, .slot_count = 10, .ramfb = true,
        .slots = { { .kind = SLOT_BLK }, { .kind = SLOT_CONSOLE }, { .kind = SLOT_RNG },
                   { .kind = SLOT_RNG, .pci = true }, { .kind = SLOT_BLK, .pci = true },
                   { .kind = SLOT_CONSOLE, .pci = true }, { .kind = SLOT_GPU, .memory = 1 << 20 },
                       { .kind = SLOT_TABLET },
                   { .kind = SLOT_KEYBOARD, .pci = true }, { .kind = SLOT_GPU, .pci = true, .memory = 1 << 20 } },
    };
    struct machine *m = machine_new("virt", &e);
    assert_non_null(m);
    m->clock = CLOCK_ICOUNT;
    m->host_ns = no_time;
    if (!virt_build(m, &c, &e))
        fail_msg("%s", e.msg);
    return m;
}

/* ---- a guest that scribbles over everything ---- */

static u64 random_value(u64 *seed)
{
    u64 r = next_random(seed), kind = next_random(seed) % 5;
    u64 in_ram = VIRT_RAM + r % RAM;
    return kind == 0 ? r : kind == 1 ? r % 16 : kind == 2 ? 1ull << r % 64 : kind == 3 ? in_ram : in_ram >> 12;
}

static u64 scribble_mmio(struct machine *m, u64 *seed)
{
    const struct region *r = &m->map.regions[next_random(seed) % m->map.region_count];
    u64 size = 1ull << next_random(seed) % 4, val = 0;
    u64 reach = next_random(seed) % 2 ? MIN(r->size, 0x200) : MIN(r->size, 0x20000);
    u64 at = r->base + (next_random(seed) % reach & ~(size - 1)), to = random_value(seed);
    if (next_random(seed) % 3)
        physmap_bus_write(&m->map, at, (u32)size, to);
    else
        physmap_bus_read(&m->map, at, (u32)size, &val);
    return val;
}

/* Switches PCI functions on and off and moves their BARs, which scribble_mmio() finds then. */
static void scribble_pci(struct machine *m, u64 *seed)
{
    static const u32 regs[] = { 0x04, 0x04, 0x10, 0x14, 0x20, 0x24, 0x42 };
    u64 r = next_random(seed);
    u32 reg = regs[r % COUNT(regs)], slot = r >> 8 & 3;
    u32 val = reg == 4 ? r >> 16 & 0x407 : (r & 1 ? VIRT_PCIE_MMIO : 0x80) + (u32)(r >> 20 & 7) * 0x1000;
    physmap_bus_write(&m->map, VIRT_PCIE_ECAM + (slot << 15) + reg, 4, val);
}

static u64 scribble_port(struct machine *m, u64 *seed)
{
    u32 id = (u32)(next_random(seed) % SYSREG_COUNT);
    const struct sysreg_port *p = m->cpus[0]->ports[id];
    u64 val = random_value(seed);
    if (!p)
        return 0;
    if (next_random(seed) % 2 && p->write) {
        p->write(p->opaque, id, val);
        return 0;
    }
    return p->read ? p->read(p->opaque, id) : 0;
}

void machine_run_events(struct machine *m);

/* What the guest saw, as one number. */
static u64 scribble(struct machine *m, u32 count, u64 seed)
{
    u64 seen = 0;
    for (u32 i = 0; i < count; i++) {
        u64 val = next_random(&seed) % 4 ? scribble_mmio(m, &seed) : scribble_port(m, &seed);
        if (next_random(&seed) % 8 == 0)
            scribble_pci(m, &seed);
        m->cpus[0]->s.icount += next_random(&seed) % (i % 64 ? 50 : 100000);
        machine_run_events(m);
        seen = (seen ^ val ^ (u64)m->cpus[0]->irq << 60) * 0x9e3779b97f4a7c15;
    }
    m->request = 0; /* power-off by the guest */
    return seen;
}

static void hash(struct machine *m, u8 out[16])
{
    struct hash_state h = { 0 };
    snapshot_hash(m, &h, out);
    hash_state_free(&h);
}

/* ---- the tests ---- */

static void same_machines(struct machine *a, struct machine *b)
{
    u8 ha[16], hb[16];
    for (u32 i = 0; i < a->dev_count; i++) {
        struct dev *da = a->devs[i], *db = b->devs[i];
        if (da->cls->state && memcmp(dev_state(da), dev_state(db), da->cls->state->size))
            fail_msg("%s (%s) differs", da->path, da->cls->name);
    }
    hash(a, ha);
    hash(b, hb);
    assert_memory_equal(ha, hb, 16);
    assert_int_equal(a->cpus[0]->irq, b->cpus[0]->irq);
    assert_int_equal(a->next_deadline, b->next_deadline);
}

static void test_goes_on(void **state)
{
    char path[64];
    (void)state;
    snprintf(path, sizeof path, "/tmp/mynah-board-%ld", (long)getpid());
    for (u32 i = 0; i < COUNT(shapes); i++) {
        struct machine *a = board(shapes[i]);
        for (u64 seed = 0; seed < 25; seed++) {
            struct machine *b = board(shapes[i]);
            struct err e;
            scribble(a, 1000, seed);
            bool ok = snapshot_save(a, path, &e) && snapshot_load(b, path, &e);
            if (!ok)
                fail_msg("%s", e.msg);
            same_machines(a, b);
            assert_int_equal(scribble(a, 1000, seed + 1000), scribble(b, 1000, seed + 1000));
            same_machines(a, b);
            machine_free(b);
            if (seed % 8 == 7)
                machine_reset(a);
        }
        machine_free(a);
    }
    unlink(path);
}

/* A section with some bytes changed goes into the device; if it takes them, it is used. */
static bool damage(struct dev *d, u64 *seed)
{
    struct buf b = { 0 };
    struct err e;
    section_save(&b, d->cls->state, dev_state(d));
    for (u64 n = 1 + next_random(seed) % 3; n; n--) {
        u64 bits = next_random(seed);
        b.p[next_random(seed) % b.len] ^= (u8)(bits % 2 ? bits >> 8 : 1u << (bits >> 8) % 8);
    }
    bool ok = section_load(&b, d->cls->state, dev_state(d), &e);
    if (ok && d->cls->resumed)
        d->cls->resumed(d);
    buf_free(&b);
    return ok;
}

static void test_damage(void **state)
{
    (void)state;
    u64 seed = 5;
    for (u32 i = 0; i < COUNT(shapes); i++) {
        struct machine *m = board(shapes[i]);
        u32 taken = 0;
        for (u32 round = 0; round < 6000; round++) {
            struct dev *d = m->devs[next_random(&seed) % m->dev_count];
            if (!d->cls->state)
                continue;
            taken += damage(d, &seed);
            scribble(m, 20, seed);
            if (round % 500 == 499)
                machine_reset(m);
        }
        assert_true(taken > 100);
        machine_free(m);
    }
}

/* Loading the state that a device already has changes nothing. */
static void test_resumed(void **state)
{
    (void)state;
    struct machine *m = board(shapes[0]), *same = board(shapes[0]);
    for (u64 seed = 0; seed < 50; seed++) {
        assert_int_equal(scribble(m, 300, seed), scribble(same, 300, seed));
        for (u32 i = 0; i < m->dev_count; i++)
            if (m->devs[i]->cls->resumed)
                m->devs[i]->cls->resumed(m->devs[i]);
        same_machines(m, same);
    }
    machine_free(m);
    machine_free(same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goes_on), cmocka_unit_test(test_damage), cmocka_unit_test(test_resumed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
