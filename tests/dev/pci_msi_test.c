/*
 * pci_msi_test.c - MSI and MSI-X under random accesses of every kind, beside a model of PCI 3.0, 6.8, that is written
 * another way: as registers in memory images. Functions are saved, reset and loaded in between.
 */
#include "base/bits.h"
#include "hw/deadline.h"
#include "hw/pci/pci.h"
#include "snapshot/section.h"
#include "tests/dev/rig.h"

#define TABLE 0xe0000000ull
enum { VECTORS = 3, MSI_VECTORS = 4, MSIX_FN = PCI_DEVFN(1, 0), MSI_FN = PCI_DEVFN(2, 0) };
enum { MSIX_ON = 0x8000, MSIX_MASK = 0x4000 };

struct fn_state {
    struct pci_state pci;
};
struct fn {
    struct dev      dev;
    struct fn_state s;
    struct pci_dev  pci;
};

static void fn_reset(struct dev *d) { pci_reset(&CONTAINER_OF(d, struct fn, dev)->pci); }
static void fn_resumed(struct dev *d) { pci_resumed(&CONTAINER_OF(d, struct fn, dev)->pci); }
static bool fn_valid(const void *s, struct err *e) { return pci_valid(&((const struct fn_state *)s)->pci, e); }
static const struct state_field fn_fields[] = { PCI_ROWS(struct fn_state) };
static const struct state_desc fn_desc = {
    .name = "fn", STATE_DESC(struct fn_state, 1, fn_fields), .valid = fn_valid,
};
static const struct dev_class fn_class = {
    .name = "fn", .state = &fn_desc, .state_offset = offsetof(struct fn, s), .size = sizeof(struct fn),
    .reset = fn_reset, .resumed = fn_resumed,
};

struct messages {
    u32 n;
    struct { gpa addr; u32 data; } at[64];
};

struct fix {
    struct rig      r;
    struct pci_bus  bus;
    struct fn       x, m;               /* with MSI-X, with MSI */
    u32             cap;                /* the same place in both */
    struct messages got, want;
    u32             sent;               /* in all */
    bool            master;             /* of both */
    /* the model */
    u8              bar[PCI_MSIX_BAR];  /* the table, and pending bits in bytes 0x800 and on */
    u32             msix;               /* control word */
    u8              msi[24];            /* the capability */
    u64             seed;
};

static void put(struct messages *m, gpa addr, u32 data)
{
    assert_true(m->n < COUNT(m->at));
    m->at[m->n].addr = addr;
    m->at[m->n++].data = data;
}
static bool take(void *opaque, gpa addr, u32 data)
{
    struct fix *f = opaque;
    put(&f->got, addr, data);
    f->sent++;
    return addr & 0x1000; /* others find nobody */
}

static void fn_new(struct fix *f, struct fn *fn, u32 slot)
{
    static const struct pci_id id = { .vendor = 0xabcd, .device = 0x1234, .class = 0x020000 };
    dev_attach(&fn->dev, &fn_class, f->r.m, "fn");
    pci_init(&fn->pci, &fn->dev, &fn->s.pci, &id);
    if (fn == &f->x)
        pci_msix(&fn->pci, 0, VECTORS, "msix");
    else
        pci_msi(&fn->pci, MSI_VECTORS);
    pci_plug(&f->bus, &fn->pci, slot, 0);
}

static u32 cfg(struct fix *f, u32 fn, u32 off, u32 size) { return pci_config_read(&f->bus, fn, off, size); }
static void set(struct fix *f, u32 fn, u32 off, u32 val, u32 size)
{
    pci_config_write(&f->bus, fn, off, val, size);
}

static void set_master(struct fix *f, bool on)
{
    f->master = on;
    set(f, MSIX_FN, PCI_COMMAND, PCI_CMD_MEM | (on ? PCI_CMD_MASTER : 0), 2);
    set(f, MSI_FN, PCI_COMMAND, on ? PCI_CMD_MASTER : 0, 2);
}

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    assert_non_null(f);
    rig_start(&f->r);
    f->bus = (struct pci_bus){ .m = f->r.m, .msi = take, .msi_opaque = f };
    fn_new(f, &f->x, 1);
    fn_new(f, &f->m, 2);
    f->cap = cfg(f, MSIX_FN, PCI_CAPS, 1);
    assert_int_equal(cfg(f, MSI_FN, PCI_CAPS, 1), f->cap);
    for (u32 i = 0; i < VECTORS; i++)
        f->bar[16 * i + 12] = 1;
    store_le32(f->msi, cfg(f, MSI_FN, f->cap, 4));
    set(f, MSIX_FN, PCI_BAR0, TABLE, 4);
    set_master(f, true);
    f->seed = 2026;
    *state = f;
    return 0;
}
static int stop(void **state)
{
    struct fix *f = *state;
    rig_end(&f->r);
    free(f);
    return 0;
}

/* ---- the model ---- */

static void expect(struct fix *f, gpa addr, u32 data)
{
    if (f->master)
        put(&f->want, addr, data);
}

/* The event of a vector happened: it is told, or waits. */
static void model_msix(struct fix *f, u32 n)
{
    const u8 *e = f->bar + 16 * n;
    u8 *pending = f->bar + PCI_MSIX_PBA, bit = (u8)(1u << n);
    *pending &= (u8)~bit;
    if (f->msix & MSIX_MASK || e[12] & 1)
        *pending |= bit;
    else
        expect(f, load_le64(e), load_le32(e + 8));
}
static void model_msi(struct fix *f, u32 n)
{
    u32 log = MIN(f->msi[2] >> 4 & 7u, 2u), bit;
    n = n >> log ? 0 : n;
    bit = 1u << n;
    if (load_le32(f->msi + 16) & bit)
        store_le32(f->msi + 20, load_le32(f->msi + 20) | bit);
    else
        expect(f, load_le64(f->msi + 4), (load_le16(f->msi + 12) >> log << log) + n);
}

/* What waits and is not masked goes. */
static void model_look(struct fix *f)
{
    for (u32 n = 0; n < VECTORS; n++)
        if (f->msix & MSIX_ON && f->bar[PCI_MSIX_PBA] >> n & 1)
            model_msix(f, n);
    u32 due = load_le32(f->msi + 20) & ~load_le32(f->msi + 16);
    for (u32 n = 0; n < 32; n++)
        if (f->msi[2] & 1 && due >> n & 1) {
            store_le32(f->msi + 20, load_le32(f->msi + 20) & ~(1u << n));
            model_msi(f, n);
        }
}

static void model_table_word(struct fix *f, u32 off, u32 val)
{
    static const u32 keeps[4] = { 0xfffffffc, 0xffffffff, 0xffffffff, 1 };
    if (off % 4 || off >= 16 * VECTORS)
        return;
    store_le32(f->bar + off, val & keeps[off / 4 % 4]);
    model_look(f);
}

/* ---- what happens ---- */

static u64 any(struct fix *f, u64 n) { return rig_random(&f->seed) % n; }

static void table_write(struct fix *f)
{
    u32 size = any(f, 4) ? 4 : 1u << any(f, 4);
    u32 off = (u32)any(f, any(f, 8) ? 16 * VECTORS : PCI_MSIX_BAR) & ~(size - 1);
    u64 val = rig_random(&f->seed) >> any(f, 64);
    assert_true(physmap_bus_write(&f->r.m->map, TABLE + off, size, val));
    if (size >= 4)
        model_table_word(f, off, (u32)val);
    if (size == 8)
        model_table_word(f, off + 4, (u32)(val >> 32));
}

static void msix_control(struct fix *f)
{
    u32 val = (any(f, 4) ? MSIX_ON : 0) | (any(f, 3) ? 0 : MSIX_MASK) | (u32)any(f, 0x4000);
    set(f, MSIX_FN, f->cap + 2, val, 2);
    f->msix = val & (MSIX_ON | MSIX_MASK);
    model_look(f);
}

static void msi_write(struct fix *f)
{
    static const u8 keeps[24] = { [2] = 0x71, [4] = 0xfc, 255, 255, 255, 255, 255, 255, 255, 255, 255, [16] = 0xf };
    u32 size = 1u << any(f, 3), off = (u32)any(f, 24) & ~(size - 1), val = (u32)rig_random(&f->seed);
    if (off == 2 && any(f, 4))
        val |= 1; /* on */
    set(f, MSI_FN, f->cap + off, val, size);
    for (u32 i = off; i < off + size; i++, val >>= 8)
        f->msi[i] = (u8)((f->msi[i] & ~keeps[i]) | (val & keeps[i]));
    model_look(f);
}

static void notify(struct fix *f)
{
    u32 n = (u32)any(f, 6);
    pci_notify(&f->x.pci, n);
    if (n < VECTORS && f->msix & MSIX_ON)
        model_msix(f, n);
    pci_notify(&f->m.pci, n);
    if (f->msi[2] & 1)
        model_msi(f, n);
}

static void save_and_load(struct fix *f, struct dev *d)
{
    struct buf b = { 0 };
    struct err e;
    section_save(&b, d->cls->state, dev_state(d));
    d->cls->reset(d);
    if (!section_load(&b, d->cls->state, dev_state(d), &e))
        fail_msg("%s", e.msg);
    d->cls->resumed(d);
    buf_free(&b);
    assert_non_null(physmap_find(&f->r.m->map, TABLE));
}

static void act(struct fix *f)
{
    switch (any(f, 12)) {
    case 0: case 1: case 2: table_write(f); break;
    case 3: msix_control(f); break;
    case 4: case 5: msi_write(f); break;
    case 6: set_master(f, any(f, 4)); model_look(f); break;
    case 7: save_and_load(f, any(f, 2) ? &f->x.dev : &f->m.dev); break;
    default: notify(f); break;
    }
}

static void compare(struct fix *f, u32 round)
{
    u64 val;
    if (f->got.n != f->want.n || memcmp(&f->got, &f->want, sizeof f->got))
        fail_msg("round %u: %u messages, not %u, or others", round, f->got.n, f->want.n);
    memset(&f->got, 0, sizeof f->got);
    memset(&f->want, 0, sizeof f->want);
    u32 size = 1u << any(f, 4);
    u32 off = (u32)any(f, 2) * PCI_MSIX_PBA + ((u32)any(f, 64) & ~(size - 1));
    assert_true(physmap_bus_read(&f->r.m->map, TABLE + off, size, &val));
    if (memcmp(&val, f->bar + off, size))
        fail_msg("round %u: %u bytes at %#x of the table are %#llx", round, size, off, (unsigned long long)val);
    for (u32 i = 2; i < sizeof f->msi; i++)
        assert_int_equal(cfg(f, MSI_FN, f->cap + i, 1), f->msi[i]);
    assert_int_equal(cfg(f, MSIX_FN, f->cap + 2, 2), f->msix | (VECTORS - 1));
}

static void test_random(void **state)
{
    struct fix *f = *state;
    for (u32 i = 0; i < 200000; i++) {
        act(f);
        compare(f, i);
    }
    assert_true(f->sent > 20000);
}

/* A damaged section: the pending bit of a vector that no table has. */
static void test_damage(void **state)
{
    struct fix *f = *state;
    struct err e;
    struct fn_state bad = f->x.s;
    assert_true(fn_valid(&bad, &e));
    bad.pci.msix_pending = 1ull << PCI_MSIX_MAX;
    assert_false(fn_valid(&bad, &e));
    f->x.s.pci.msix_pending = 1u << VECTORS; /* within what any function may have: nobody asks for it */
    set(f, MSIX_FN, f->cap + 2, MSIX_ON, 2);
    assert_int_equal(f->got.n, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = { T(test_random), T(test_damage) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
