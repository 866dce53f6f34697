/* virtio_pci_test.c - the PCI transport: ids, capabilities, modern and legacy drivers, hostile accesses. */
#include "hw/virtio/virtio_blk.h"
#include "hw/virtio/virtio_console.h"
#include "hw/virtio/virtio_gpu.h"
#include "hw/virtio/virtio_input.h"
#include "hw/virtio/virtio_pci.h"
#include "hw/virtio/virtio_rng.h"
#include "snapshot/section.h"
#include "tests/dev/virtio_driver.h"

#define MODERN 0xe0000000ull /* BAR 4 */
#define TABLE  0xe0010000ull /* BAR 1 */
#define PORTS  0xc000u       /* BAR 0 */
enum { COMMON = 0, ISR = 0x1000, DEVICE = 0x2000, NOTIFY = 0x3000 };
enum { C_DSEL = 0, C_DFEAT = 4, C_GSEL = 8, C_GFEAT = 0xc, C_CVEC = 0x10, C_NUMQ = 0x12, C_STATUS = 0x14,
       C_GEN = 0x15, C_QSEL = 0x16, C_QSIZE = 0x18, C_QVEC = 0x1a, C_QEN = 0x1c, C_QOFF = 0x1e, C_DESC = 0x20,
       C_AVAIL = 0x28, C_USED = 0x30 };
enum { L_DFEAT = 0, L_GFEAT = 4, L_PFN = 8, L_QNUM = 0xc, L_QSEL = 0xe, L_NOTIFY = 0x10, L_STATUS = 0x12,
       L_ISR = 0x13, L_CVEC = 0x14, L_QVEC = 0x16 };

struct fix {
    struct rig            r;
    struct pci_bus        bus;
    struct virtio_pci     t;
    struct virtio_rng     rng;
    struct virtio_console con;
    struct virtio_blk     blk;
    struct virtio_gpu     gpu;
    struct virtio_input   input[3];
    u32                   msgs, data;
};

static bool take_msi(void *opaque, gpa addr, u32 data)
{
    struct fix *f = opaque;
    f->msgs++;
    f->data = data;
    return addr == 0xfee00000;
}

static u32 cfg(struct fix *f, u32 off, u32 size)
{
    return pci_config_read(&f->bus, PCI_DEVFN(4, 0), off, size);
}
static void set(struct fix *f, u32 off, u32 val, u32 size)
{
    pci_config_write(&f->bus, PCI_DEVFN(4, 0), off, val, size);
}
static u64 rd(struct fix *f, u32 off, u32 size)
{
    u64 val = 0;
    assert_true(physmap_bus_read(&f->r.m->map, MODERN + off, size, &val));
    return val;
}
static void wr(struct fix *f, u32 off, u64 val, u32 size)
{
    assert_true(physmap_bus_write(&f->r.m->map, MODERN + off, size, val));
}
static u32 in(struct fix *f, u32 off, u32 size)
{
    return iobus_read(&f->r.m->io, PORTS + off, size);
}
static void out(struct fix *f, u32 off, u32 val, u32 size)
{
    iobus_write(&f->r.m->io, PORTS + off, val, size);
}

static void plug(struct fix *f, struct virtio *v, bool transitional)
{
    virtio_pci_init(&f->t, f->r.m, "virtio0", v, transitional);
    v->dev.cls->reset(&v->dev);
    pci_plug(&f->bus, &f->t.pci, 4, 0);
    set(f, PCI_BAR0, PORTS, 4);
    set(f, PCI_BAR0 + 4, TABLE, 4);
    set(f, PCI_BAR0 + 16, MODERN, 4);
    set(f, PCI_COMMAND, 7, 2);
}

static int start_with(void **state, u32 type, bool transitional)
{
    struct fix *f = calloc(1, sizeof *f);
    rig_start(&f->r);
    f->bus = (struct pci_bus){ .m = f->r.m, .msi = take_msi, .msi_opaque = f };
    for (u32 i = 0; i < 4; i++)
        f->bus.intx[i] = rig_line(&f->r, i);
    virtio_rng_init(&f->rng, f->r.m, "rng", NULL, NULL);
    virtio_console_init(&f->con, f->r.m, "console", NULL);
    virtio_blk_init(&f->blk, f->r.m, "blk", NULL, NULL);
    plug(f, type == 4 ? &f->rng.v : type == 3 ? &f->con.v : &f->blk.v, transitional);
    *state = f;
    return 0;
}
static int start(void **state)
{
    return start_with(state, 4, true);
}
static int start_modern(void **state)
{
    return start_with(state, 4, false);
}
static int start_blk(void **state)
{
    return start_with(state, 2, true);
}
static int start_console(void **state)
{
    return start_with(state, 3, true);
}
static int stop(void **state)
{
    struct fix *f = *state;
    rig_end(&f->r);
    free(f);
    return 0;
}

/* ---- a driver ---- */

static void modern_negotiate(struct fix *f)
{
    wr(f, C_STATUS, 0, 1);
    wr(f, C_STATUS, 3, 1);
    wr(f, C_GSEL, 1, 4);
    wr(f, C_GFEAT, 1, 4); /* VERSION_1 */
    wr(f, C_STATUS, 0xb, 1);
    assert_int_equal(rd(f, C_STATUS, 1), 0xb);
}
static void modern_queue(struct fix *f, u32 q, bool halves)
{
    const u64 at[3] = { Q_AT(q) + Q_DESC, Q_AT(q) + Q_AVAIL, Q_AT(q) + Q_USED };
    wr(f, C_QSEL, q, 2);
    wr(f, C_QSIZE, Q_NUM, 2);
    for (u32 i = 0; i < 3; i++) {
        if (halves) {
            wr(f, C_DESC + 8 * i, (u32)at[i], 4);
            wr(f, C_DESC + 8 * i + 4, at[i] >> 32, 4);
        } else {
            wr(f, C_DESC + 8 * i, at[i], 8);
        }
    }
    wr(f, C_QEN, 1, 2);
    memset(rig_mem(&f->r, Q_AT(q)), 0, 0x3000);
}
/* One writable buffer of n bytes in queue 0, as entry i. */
static void offer(struct fix *f, u32 i, u32 n)
{
    u8 *d = rig_mem(&f->r, Q_AT(0)), *a = rig_mem(&f->r, Q_AT(0) + Q_AVAIL);
    store_le64(d, DATA);
    store_le32(d + 8, n);
    store_le16(d + 12, D_WRITE);
    store_le16(a + 4 + 2 * (i % Q_NUM), 0);
    store_le16(a + 2, (u16)(i + 1));
}
static u32 used(struct fix *f)
{
    return load_le16(rig_mem(&f->r, Q_AT(0) + Q_USED + 2));
}

/* ---- identity ---- */

static u32 find_cap(struct fix *f, u8 id, u8 type)
{
    for (u32 at = cfg(f, PCI_CAPS, 1); at; at = cfg(f, at + 1, 1))
        if (cfg(f, at, 1) == id && (id != PCI_CAP_VENDOR || cfg(f, at + 3, 1) == type))
            return at;
    return 0;
}

static void test_transitional(void **state)
{
    struct fix *f = *state;
    assert_int_equal(cfg(f, 0, 4), 0x10051af4);
    assert_int_equal(cfg(f, 8, 4), 0x00ff0000);
    assert_int_equal(cfg(f, PCI_SUBVENDOR, 4), 0x00041af4);
    assert_int_equal(cfg(f, PCI_INT_PIN, 1), 1);
    assert_int_equal(cfg(f, PCI_BAR0, 4), PORTS | 1);
    assert_int_equal(cfg(f, PCI_BAR0 + 16, 4), MODERN | 0xc);
}

static void test_modern_ids(void **state)
{
    struct fix *f = *state;
    static const u32 at[] = { 0, COMMON, NOTIFY, ISR, DEVICE };
    assert_int_equal(cfg(f, 0, 4), 0x10441af4);
    assert_int_equal(cfg(f, 8, 1), 1);
    assert_int_equal(cfg(f, PCI_BAR0, 4), 0);
    for (u8 type = 1; type <= 4; type++) {
        u32 c = find_cap(f, PCI_CAP_VENDOR, type);
        assert_true(c && cfg(f, c + 4, 1) == 4 && cfg(f, c + 8, 4) == at[type] && cfg(f, c + 12, 4) == 0x1000);
        assert_int_equal(cfg(f, c + 2, 1), type == 2 ? 20 : 16);
    }
    assert_int_equal(cfg(f, find_cap(f, PCI_CAP_VENDOR, 2) + 16, 4), 4);
    assert_int_equal(cfg(f, find_cap(f, PCI_CAP_MSIX, 0) + 2, 2), 1); /* two vectors */
}

static void test_others(void **state)
{
    struct fix *f = *state;
    u32 type = cfg(f, PCI_SUBDEVICE, 2);
    assert_int_equal(cfg(f, 2, 2), type == 2 ? 0x1001 : 0x1003);
    assert_int_equal(cfg(f, 8, 4) >> 8, type == 2 ? 0x010000 : 0x078000);
    assert_int_equal(rd(f, C_NUMQ, 2), type == 2 ? 1 : 2);
    assert_int_equal(cfg(f, PCI_BAR0, 4), PORTS | 1);
    set(f, PCI_BAR0, ~0u, 4);
    assert_int_equal(cfg(f, PCI_BAR0, 4), type == 2 ? 0xffffff81 : 0xffffffc1);
    if (type != 3)
        return;
    set(f, PCI_BAR0, PORTS, 4);
    assert_int_equal(rd(f, DEVICE + 4, 4), 1); /* max_nr_ports */
    assert_int_equal(in(f, 0x14 + 4, 4), 1);
    set(f, find_cap(f, PCI_CAP_MSIX, 0) + 2, 0x8000, 2);
    assert_int_equal(in(f, 0x18 + 4, 4), 1); /* two more registers before it */
}

/* Kinds without a legacy id are modern, whatever the board asks for; classes as those of QEMU's devices. */
static void test_new_kinds(void **state)
{
    struct fix *f = *state;
    struct err e;
    struct virtio *const all[] = { &f->gpu.v, &f->input[0].v, &f->input[1].v, &f->input[2].v };
    static const u32 classes[] = { 0x038000, 0x090000, 0x090200, 0x098000 };
    assert_true(virtio_gpu_init(&f->gpu, f->r.m, "gpu", 640, 480, 1 << 20, &e));
    for (u32 i = 0; i < 3; i++)
        virtio_input_init(&f->input[i], f->r.m, "in", (enum virtio_input_kind)i, NULL);
    for (u32 i = 0; i < COUNT(all); i++) {
        static struct virtio_pci t[COUNT(all)];
        virtio_pci_init(&t[i], f->r.m, "new", all[i], true);
        pci_plug(&f->bus, &t[i].pci, 5 + i, 0);
        const u32 at = PCI_DEVFN(5 + i, 0);
        assert_int_equal(pci_config_read(&f->bus, at, 0, 4), i ? 0x10521af4 : 0x10501af4);
        assert_int_equal(pci_config_read(&f->bus, at, 8, 4), classes[i] << 8 | 1);
        assert_int_equal(pci_config_read(&f->bus, at, PCI_SUBVENDOR, 4), 0x11001af4);
        pci_config_write(&f->bus, at, PCI_BAR0, ~0u, 4);
        assert_int_equal(pci_config_read(&f->bus, at, PCI_BAR0, 4), 0);
    }
}

/* ---- drivers ---- */

static void test_modern(void **state)
{
    struct fix *f = *state;
    assert_int_equal(rd(f, C_DFEAT, 4), 3u << 28);
    wr(f, C_DSEL, 1, 4);
    assert_int_equal(rd(f, C_DFEAT, 4), 1);
    wr(f, C_DSEL, 2, 4);
    assert_int_equal(rd(f, C_DFEAT, 4), 0);
    wr(f, C_STATUS, 3, 1);
    wr(f, C_STATUS, 0xb, 1); /* without VERSION_1 */
    assert_int_equal(rd(f, C_STATUS, 1), 3);
    modern_negotiate(f);
    assert_int_equal(rd(f, C_GFEAT, 4), 1);
    assert_int_equal(rd(f, C_QSIZE, 2), VIRTQ_SIZE);
    assert_int_equal(rd(f, C_QEN, 2), 0);
    modern_queue(f, 0, true);
    assert_int_equal(rd(f, C_DESC, 8), Q_AT(0));
    assert_int_equal(rd(f, C_QEN, 2), 1);
    assert_int_equal(rd(f, C_QSIZE, 2), Q_NUM);
    wr(f, C_QSIZE, 4, 2); /* runs */
    assert_int_equal(rd(f, C_QSIZE, 2), Q_NUM);
    wr(f, C_QSEL, 1, 2);
    assert_int_equal(rd(f, C_QSIZE, 2), 0);
    offer(f, 0, 8);
    wr(f, NOTIFY, 0, 2); /* before DRIVER_OK */
    assert_int_equal(used(f), 0);
    wr(f, C_STATUS, 0xf, 1);
    assert_int_equal(used(f), 1);
    assert_true(f->r.irq[0]); /* slot 4, pin A */
    assert_int_equal(cfg(f, PCI_STATUS, 2) & PCI_STATUS_INTX, PCI_STATUS_INTX);
    assert_int_equal(rd(f, ISR, 1), 1);
    assert_false(f->r.irq[0]);
    assert_int_equal(rd(f, ISR, 1), 0);
    offer(f, 1, 8);
    wr(f, NOTIFY + 4, 0, 2); /* queue 1: there is none */
    assert_int_equal(used(f), 1);
    wr(f, NOTIFY, 0, 4);
    assert_int_equal(used(f), 2);
    wr(f, C_STATUS, 0, 1);
    assert_false(f->r.irq[0]);
    wr(f, C_QSEL, 0, 2);
    assert_int_equal(rd(f, C_QEN, 2), 0);
    wr(f, C_STATUS, 0x0f, 4); /* of a wrong width */
    assert_int_equal(rd(f, C_STATUS, 1), 0);
    modern_negotiate(f);
    wr(f, C_DESC, 8, 8);
    wr(f, C_QEN, 1, 2); /* rings misplaced: refused */
    assert_int_equal(rd(f, C_QEN, 2), 0);
    assert_int_equal(rd(f, C_STATUS, 1), 0x4b);
}

static void enable_msix(struct fix *f)
{
    struct physmap *map = &f->r.m->map;
    set(f, find_cap(f, PCI_CAP_MSIX, 0) + 2, 0x8000, 2);
    for (u32 i = 0; i < 2; i++) {
        physmap_bus_write(map, TABLE + 16 * i, 8, 0xfee00000);
        physmap_bus_write(map, TABLE + 16 * i + 8, 8, 0x4040 + i); /* not masked */
    }
}

static void test_msix(void **state)
{
    struct fix *f = *state;
    enable_msix(f);
    modern_negotiate(f);
    modern_queue(f, 0, false);
    assert_int_equal(rd(f, C_QVEC, 2), 0xffff);
    wr(f, C_QVEC, 2, 2); /* there are two: 0 and 1 */
    assert_int_equal(rd(f, C_QVEC, 2), 0xffff);
    wr(f, C_STATUS, 0xf, 1);
    offer(f, 0, 8);
    wr(f, NOTIFY, 0, 2);
    assert_true(used(f) == 1 && f->msgs == 0 && !f->r.irq[0]);
    wr(f, C_QVEC, 1, 2);
    wr(f, C_CVEC, 0, 2);
    assert_true(rd(f, C_QVEC, 2) == 1 && rd(f, C_CVEC, 2) == 0);
    offer(f, 1, 8);
    wr(f, NOTIFY, 0, 2);
    assert_true(f->msgs == 1 && f->data == 0x4041 && !f->r.irq[0]);
    physmap_bus_write(&f->r.m->map, TABLE + 16 + 12, 4, 1);
    offer(f, 2, 8);
    wr(f, NOTIFY, 0, 2);
    assert_int_equal(f->msgs, 1);
    physmap_bus_write(&f->r.m->map, TABLE + 16 + 12, 4, 0);
    assert_int_equal(f->msgs, 2);
    store_le16(rig_mem(&f->r, Q_AT(0) + Q_AVAIL + 2), 1000); /* breaks the device: configuration changes */
    wr(f, NOTIFY, 0, 2);
    assert_true(f->msgs == 3 && f->data == 0x4040);
    assert_int_equal(rd(f, C_STATUS, 1), 0x4f);
    wr(f, C_STATUS, 0, 1);
    assert_int_equal(rd(f, C_CVEC, 2), 0xffff);
}

/* What waits behind a mask when the device is reset is not told afterwards (2.4.1), to legacy drivers neither. */
static void test_msix_reset(void **state)
{
    struct fix *f = *state;
    for (u32 legacy = 0; legacy < 2; legacy++) {
        u64 pending = 0;
        enable_msix(f);
        modern_negotiate(f);
        modern_queue(f, 0, false);
        wr(f, C_QVEC, 1, 2);
        wr(f, C_STATUS, 0xf, 1);
        physmap_bus_write(&f->r.m->map, TABLE + 16 + 12, 4, 1);
        offer(f, 0, 8);
        wr(f, NOTIFY, 0, 2);
        assert_true(physmap_bus_read(&f->r.m->map, TABLE + PCI_MSIX_PBA, 8, &pending) && pending == 2);
        if (legacy)
            out(f, L_STATUS, 0, 1);
        else
            wr(f, C_STATUS, 0, 1);
        assert_true(physmap_bus_read(&f->r.m->map, TABLE + PCI_MSIX_PBA, 8, &pending) && pending == 0);
        physmap_bus_write(&f->r.m->map, TABLE + 16 + 12, 4, 0);
        assert_int_equal(f->msgs, 0);
    }
}

/* Two registers more, once MSI-X is on (4.1.4.10): the device's own move behind them, and back. */
static void test_legacy_shift(void **state)
{
    struct fix *f = *state;
    u32 cap = find_cap(f, PCI_CAP_MSIX, 0);
    assert_true(f->blk.v.ops->config_size >= 0x18);
    for (u32 at = 0; at < 0x18; at += 4) {
        u32 val = in(f, 0x14 + at, 4);
        assert_int_equal(val, rd(f, DEVICE + at, 4));
        set(f, cap + 2, 0x8000, 2);
        assert_int_equal(in(f, 0x18 + at, 4), val);
        assert_int_equal(in(f, L_CVEC, 4), ~0u); /* no vectors */
        set(f, cap + 2, 0x4000, 2); /* off; masked or not does not matter */
        assert_int_equal(in(f, 0x14 + at, 4), val);
    }
}

static void test_legacy(void **state)
{
    struct fix *f = *state;
    u8 *ring = rig_mem(&f->r, Q_AT(0));
    assert_int_equal(in(f, L_DFEAT, 4), VIRTIO_F_ANY_LAYOUT | 3u << 28);
    out(f, L_STATUS, 3, 1);
    out(f, L_GFEAT, ~0u, 4); /* what was not offered goes */
    assert_int_equal(in(f, L_GFEAT, 4), VIRTIO_F_ANY_LAYOUT | 3u << 28);
    out(f, L_GFEAT, 0, 4);
    out(f, L_QSEL, 5, 2);
    assert_int_equal(in(f, L_QNUM, 2), 0);
    out(f, L_QSEL, 0, 2);
    assert_int_equal(in(f, L_QNUM, 2), VIRTQ_SIZE);
    assert_int_equal(in(f, L_PFN, 4), 0);
    out(f, L_PFN, (u32)(Q_AT(0) >> 12), 4);
    assert_int_equal(in(f, L_PFN, 4), Q_AT(0) >> 12);
    store_le64(ring, DATA);
    store_le32(ring + 8, 4);
    store_le16(ring + 12, D_WRITE);
    store_le16(ring + 16 * VIRTQ_SIZE + 2, 1);
    out(f, L_NOTIFY, 0, 2); /* before DRIVER_OK, as old drivers do */
    assert_int_equal(load_le16(ring + 0x2000 + 2), 1);
    assert_true(f->r.irq[0]);
    assert_int_equal(in(f, L_ISR, 1), 1);
    assert_false(f->r.irq[0]);
    out(f, L_STATUS, 7, 1);
    assert_int_equal(in(f, L_STATUS, 1), 7);
    enable_msix(f);
    out(f, L_QVEC, 1, 2);
    out(f, L_CVEC, 9, 2);
    assert_true(in(f, L_QVEC, 2) == 1 && in(f, L_CVEC, 2) == 0xffff);
    store_le16(ring + 16 * VIRTQ_SIZE + 2, 2);
    out(f, L_NOTIFY, 0, 2);
    assert_true(f->msgs == 1 && f->data == 0x4041);
    out(f, L_PFN, 0, 4);
    store_le16(ring + 16 * VIRTQ_SIZE + 2, 3);
    out(f, L_NOTIFY, 0, 2);
    assert_int_equal(f->msgs, 1);
    out(f, L_STATUS, 0, 1);
    assert_int_equal(in(f, L_STATUS, 1), 0);
}

/* The window in configuration space reaches what the BARs show. */
static void test_config_window(void **state)
{
    struct fix *f = *state;
    u32 c = find_cap(f, PCI_CAP_VENDOR, 5);
    set(f, PCI_COMMAND, 0, 2);
    set(f, c + 4, 4, 1);
    set(f, c + 8, C_STATUS, 4);
    set(f, c + 12, 1, 4);
    set(f, c + 16, 3, 1);
    assert_int_equal(f->rng.s.v.status, 3);
    assert_int_equal(cfg(f, c + 16, 4), 3);
    set(f, c + 8, C_NUMQ, 4);
    set(f, c + 12, 2, 4);
    assert_int_equal(cfg(f, c + 16, 2), 1);
    set(f, c + 12, 3, 4); /* no such length: nothing happens */
    set(f, c + 16, 0xffffffff, 4);
    set(f, c + 12, 4, 4);
    set(f, c + 8, 0x7ffffffc, 4); /* outside */
    set(f, c + 16, 0, 4);
    assert_int_equal(cfg(f, c + 16, 4), 0);
    set(f, c + 4, 0xff, 1);
    cfg(f, c + 16, 4);
    assert_int_equal(f->rng.s.v.status, 3);
}

static void test_reset_and_resume(void **state)
{
    struct fix *f = *state;
    modern_negotiate(f);
    modern_queue(f, 0, false);
    wr(f, C_STATUS, 0xf, 1);
    offer(f, 0, 4);
    wr(f, NOTIFY, 0, 2);
    f->r.irq[0] = false;
    f->t.dev.cls->resumed(&f->t.dev);
    assert_true(f->r.irq[0]);
    rig_check_class(&f->t.dev); /* resets */
    assert_null(physmap_find(&f->r.m->map, MODERN));
    assert_int_equal(in(f, L_STATUS, 1), 0xff);
}

/* Vectors, table and what waits in it are part of a saved state. */
static void test_saved(void **state)
{
    struct fix *f = *state;
    const struct state_desc *d = f->t.dev.cls->state;
    struct buf b = { 0 };
    struct err e;
    enable_msix(f);
    modern_negotiate(f);
    modern_queue(f, 0, false);
    wr(f, C_QVEC, 1, 2);
    wr(f, C_STATUS, 0xf, 1);
    set(f, find_cap(f, PCI_CAP_MSIX, 0) + 2, 0xc000, 2); /* all masked */
    offer(f, 0, 8);
    wr(f, NOTIFY, 0, 2);
    section_save(&b, d, dev_state(&f->t.dev));
    f->t.dev.cls->reset(&f->t.dev);
    if (!section_load(&b, d, dev_state(&f->t.dev), &e))
        fail_msg("%s", e.msg);
    buf_free(&b);
    f->t.dev.cls->resumed(&f->t.dev);
    assert_int_equal(f->msgs, 0);
    set(f, find_cap(f, PCI_CAP_MSIX, 0) + 2, 0x8000, 2);
    assert_true(f->msgs == 1 && f->data == 0x4041);
}

/* Any vector that a damaged section holds; messages to anywhere: none but the interrupt controller gets them. */
static void test_hostile(void **state)
{
    struct fix *f = *state;
    static const u32 vectors[] = { 0, 1, 2, 31, 32, 63, 64, 0x7fff, 0xfffe, 0xffff };
    static const u64 places[] = { TABLE, TABLE + PCI_MSIX_PBA, MODERN, RIG_RAM, 0, ~3ull, 0xfee00000, Q_AT(0) };
    u32 sent = 0;
    enable_msix(f);
    modern_negotiate(f);
    modern_queue(f, 0, false);
    wr(f, C_STATUS, 0xf, 1);
    for (u32 i = 0; i < COUNT(vectors) * COUNT(places); i++) {
        u64 at = places[i / COUNT(vectors)], before[2];
        f->t.s.queue_vector[0] = (u16)vectors[i % COUNT(vectors)];
        physmap_bus_write(&f->r.m->map, TABLE, 8, at);
        physmap_bus_write(&f->r.m->map, TABLE + 16, 8, at);
        memcpy(before, rig_mem(&f->r, RIG_RAM), sizeof before);
        offer(f, i, 8);
        wr(f, NOTIFY, 0, 2);
        sent += vectors[i % COUNT(vectors)] < 2;
        assert_int_equal(f->msgs, sent);
        assert_memory_equal(rig_mem(&f->r, RIG_RAM), before, sizeof before);
        assert_int_equal(used(f), i + 1);
    }
}

static void test_scribble(void **state)
{
    struct fix *f = *state;
    struct err e;
    u64 x = 77, seen;
    for (u32 i = 0; i < 60000; i++) {
        u64 n = rig_random(&x);
        u32 off = (u32)(n & 0xff), size = 1u << (n >> 8) % 3, val = (u32)(rig_random(&x) >> (n >> 40) % 32);
        gpa table = TABLE + (n >> 20 & (n >> 36 & 1 ? 0x3c : 0xfff));
        switch (n >> 16 & 15) {
        case 8: physmap_bus_write(&f->r.m->map, table, 1u << (n >> 37 & 3), val); break;
        case 9: physmap_bus_read(&f->r.m->map, table, 1u << (n >> 37 & 3), &seen); break;
        case 10: set(f, PCI_BAR0 + 4, TABLE, 4); set(f, PCI_COMMAND, 7, 2); break;
        case 11: set(f, find_cap(f, PCI_CAP_MSIX, 0) + 2, val, 2); break;
        case 0: set(f, off & ~(size - 1), val, size); break;
        case 1: cfg(f, off & ~(size - 1), size); break;
        case 2: out(f, off & 0x7f, val, size); break;
        case 3: in(f, off & 0x7f, size); break;
        case 4: dev_write(&f->t.dev, (n >> 20 & 0x3000) | (off & 0x3f), val, size); break;
        case 5: dev_read(&f->t.dev, (n >> 20 & 0x3fff), size); break;
        case 6: dev_write(&f->t.dev, C_STATUS, n >> 20 & 1 ? 0xf : 0, 1); break;
        default: rig_run(&f->r, val % 1000);
        }
        if (!pci_valid(&f->t.s.pci, &e) || !virtio_valid(virtio_state(f->t.v), &e))
            fail_msg("%s", e.msg);
    }
}

int main(void)
{
#define T(f, s) cmocka_unit_test_setup_teardown(f, s, stop)
    const struct CMUnitTest tests[] = {
        T(test_new_kinds, start), T(test_transitional, start), T(test_modern_ids, start_modern), T(test_others,
                                                                                                   start_blk),
                                                                                                       T(test_others,
        start_console),
        T(test_modern, start), T(test_modern, start_modern), T(test_msix, start), T(test_legacy, start),
        T(test_msix_reset, start), T(test_legacy_shift, start_blk), T(test_saved, start), T(test_hostile, start),
        T(test_config_window, start), T(test_reset_and_resume, start), T(test_scribble, start), T(test_scribble,
        start_modern),
        T(test_scribble, start_console), T(test_scribble, start_blk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
