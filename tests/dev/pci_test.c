/* pci_test.c - configuration space, BARs that move, INTx, MSI and MSI-X; the i440FX, PIIX and ECAM bridges. */
#include "base/bits.h"
#include "hw/deadline.h"
#include "hw/pci/i440fx.h"
#include "hw/pci/pcie_host.h"
#include "hw/pci/piix.h"
#include "tests/dev/rig.h"

/* ---- a function with all kinds of BARs ---- */

struct fn_state {
    struct pci_state pci;
};
struct fn {
    struct dev      dev;
    struct fn_state s;
    struct pci_dev  pci;
    u64             last;  /* offset of the last access */
};
enum { MEM = 0, IO = 1, MEM64 = 2, MSIX = 4 };

static u64 fn_read(void *opaque, u64 off, u32 size)
{
    ((struct fn *)opaque)->last = off;
    return 0x1122334455667788 >> (64 - 8 * size);
}
static void fn_write(void *opaque, u64 off, u64 val, u32 size)
{
    (void)val, (void)size;
    ((struct fn *)opaque)->last = off;
}
static const struct mmio_ops fn_ops = { fn_read, fn_write };

static void fn_reset(struct dev *d)
{
    pci_reset(&CONTAINER_OF(d, struct fn, dev)->pci);
}
static void fn_resumed(struct dev *d)
{
    pci_resumed(&CONTAINER_OF(d, struct fn, dev)->pci);
}
static const struct state_field fn_fields[] = { PCI_ROWS(struct fn_state) };
static const struct state_desc fn_desc = { .name = "fn", STATE_DESC(struct fn_state, 1, fn_fields) };
static const struct dev_class fn_class = {
    .name = "fn", .state = &fn_desc, .state_offset = offsetof(struct fn, s), .size = sizeof(struct fn),
    .reset = fn_reset,
    .resumed = fn_resumed,
};

static void fn_new(struct fn *f, struct rig *r, struct pci_bus *bus, u32 slot, bool msi)
{
    static const struct pci_id id = { .vendor = 0xabcd, .device = 0x1234, .class = 0x020000, .revision = 7 };
    *f = (struct fn){ 0 };
    dev_attach(&f->dev, &fn_class, r->m, "fn");
    pci_init(&f->pci, &f->dev, &f->s.pci, &id);
    f->pci.config[PCI_INT_PIN] = 1;
    pci_bar(&f->pci, MEM, 0, 0x1000, &fn_ops, f, "mem");
    pci_bar(&f->pci, IO, PCI_BAR_IO, 0x40, &fn_ops, f, "io");
    pci_bar(&f->pci, MEM64, PCI_BAR_MEM64 | PCI_BAR_PREFETCH, 0x4000, &fn_ops, f, "mem64");
    if (msi)
        pci_msi(&f->pci, 4);
    else
        pci_msix(&f->pci, MSIX, 3, "msix");
    pci_plug(bus, &f->pci, slot, 0);
}

/* ---- the rig ---- */

struct fix {
    struct rig      r;
    struct i440fx   host;
    struct piix3    isa;
    struct piix4_pm pm;
    struct fn       a, b;         /* slots 3 and 4; MSI-X, MSI */
    struct fn       c;
    struct pcie_host ecam;
    struct { gpa addr; u32 data; } msg[16];
    u32             msgs;
    bool            isa_irq[16];
    u32             pm_base;
    bool            pm_on;
    u8              pam[I440FX_AREAS];
    bool            smram;
};

static bool take_msi(void *opaque, gpa addr, u32 data)
{
    struct fix *f = opaque;
    f->msg[f->msgs % 16].addr = addr;
    f->msg[f->msgs++ % 16].data = data;
    return true;
}
static void take_irq(void *opaque, u32 n, bool level)
{
    ((struct fix *)opaque)->isa_irq[n] = level;
}
static void take_pm(void *opaque, u32 base, bool on)
{
    ((struct fix *)opaque)->pm_base = base;
    ((struct fix *)opaque)->pm_on = on;
}
static void take_areas(void *opaque, const u8 bits[I440FX_AREAS])
{
    memcpy(((struct fix *)opaque)->pam, bits, I440FX_AREAS);
}

static void take_smram(void *opaque, bool open) { ((struct fix *)opaque)->smram = open; }

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    rig_start(&f->r);
    i440fx_init(&f->host, f->r.m, "host");
    piix3_init(&f->isa, f->r.m, "isa");
    piix4_pm_init(&f->pm, f->r.m, "pm");
    pci_plug(&f->host.bus, &f->isa.pci, 1, 0);
    pci_plug(&f->host.bus, &f->pm.pci, 1, 3);
    fn_new(&f->b, &f->r, &f->host.bus, 4, true);
    fn_new(&f->a, &f->r, &f->host.bus, 3, false);
    f->host.bus.msi = take_msi;
    f->host.bus.msi_opaque = f;
    f->host.areas = take_areas;
    f->host.smram = take_smram;
    f->host.opaque = f;
    f->pm.pm_io = take_pm;
    f->pm.opaque = f;
    for (u32 i = 0; i < 4; i++)
        f->host.bus.intx[i] = piix3_pirq(&f->isa, i);
    for (u32 i = 0; i < 16; i++)
        f->isa.irq[i] = (struct irq_line){ take_irq, f, i };
    assert_true(iobus_map(&f->r.m->io, 0xcf8, 8, &i440fx_ports, &f->host, "pci"));
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

static u32 in(struct fix *f, u32 port, u32 size)
{
    return iobus_read(&f->r.m->io, port, size);
}
static void out(struct fix *f, u32 port, u32 val, u32 size)
{
    iobus_write(&f->r.m->io, port, val, size);
}
static void pick(struct fix *f, u32 slot, u32 fn, u32 off)
{
    out(f, 0xcf8, 1u << 31 | slot << 11 | fn << 8 | (off & ~3u), 4);
}
static u32 cfg(struct fix *f, u32 slot, u32 off, u32 size)
{
    pick(f, slot, 0, off);
    return in(f, 0xcfc + (off & 3), size);
}
static void set(struct fix *f, u32 slot, u32 off, u32 val, u32 size)
{
    pick(f, slot, 0, off);
    out(f, 0xcfc + (off & 3), val, size);
}
static bool mapped(struct fix *f, gpa a, const struct fn *fn)
{
    const struct region *r = physmap_find(&f->r.m->map, a);
    return r && r->opaque == fn;
}

/* ---- configuration ---- */

static void test_ids(void **state)
{
    struct fix *f = *state;
    assert_int_equal(cfg(f, 0, 0, 4), 0x12378086);
    assert_int_equal(cfg(f, 0, 8, 4), 0x06000002);
    assert_int_equal(cfg(f, 1, 0, 4), 0x70008086);
    assert_int_equal(cfg(f, 1, PCI_HEADER_TYPE, 1), 0x80);
    pick(f, 1, 3, 0);
    assert_int_equal(in(f, 0xcfc, 4), 0x71138086);
    pick(f, 1, 1, 0);
    assert_int_equal(in(f, 0xcfc, 4), 0xffffffff);
    assert_int_equal(cfg(f, 3, 0, 2), 0xabcd);
    assert_int_equal(cfg(f, 3, 2, 2), 0x1234);
    assert_int_equal(cfg(f, 3, 9, 1), 0);
    assert_int_equal(cfg(f, 3, 11, 1), 2);
    assert_int_equal(cfg(f, 31, 0, 4), 0xffffffff);
    out(f, 0xcf8, 1u << 31 | 1 << 16, 4); /* another bus */
    assert_int_equal(in(f, 0xcfc, 4), 0xffffffff);
    out(f, 0xcf8, 0, 4); /* disabled */
    assert_int_equal(in(f, 0xcfc, 4), 0xffffffff);
    out(f, 0xcf8, 0xffffffff, 4);
    assert_int_equal(in(f, 0xcf8, 4), 0x80fffffc);
    out(f, 0xcf8, 0x12, 1); /* not the bridge's */
    assert_int_equal(in(f, 0xcf8, 4), 0x80fffffc);
    assert_int_equal(in(f, 0xcf9, 1), 0xff);
}

static void test_masks(void **state)
{
    struct fix *f = *state;
    set(f, 3, 0, 0, 4);
    assert_int_equal(cfg(f, 3, 0, 4), 0x1234abcd);
    set(f, 3, PCI_COMMAND, 0xffff, 2);
    assert_int_equal(cfg(f, 3, PCI_COMMAND, 2), 0x547);
    set(f, 3, PCI_COMMAND + 1, 0, 1);
    assert_int_equal(cfg(f, 3, PCI_COMMAND, 2), 0x47);
    set(f, 3, PCI_COMMAND, 0, 2);
    set(f, 3, PCI_INT_LINE, 0xff0b, 2);
    assert_int_equal(cfg(f, 3, PCI_INT_LINE, 2), 0x010b);
    assert_int_equal(cfg(f, 3, PCI_STATUS, 2), PCI_STATUS_CAPS);
    u32 cap = cfg(f, 3, PCI_CAPS, 1);
    assert_int_equal(cfg(f, 3, cap, 2), PCI_CAP_MSIX);
    assert_int_equal(cfg(f, 3, cap + 2, 2), 2);
    assert_int_equal(cfg(f, 3, cap + 4, 4), MSIX);
    assert_int_equal(cfg(f, 3, cap + 8, 4), PCI_MSIX_PBA | MSIX);
    static const u32 sizes[] = { 0xfffff000, 0xffffffc1, 0xffffc00c, 0xffffffff, 0xfffff000, 0 };
    for (u32 i = 0; i < COUNT(sizes); i++) {
        set(f, 3, PCI_BAR0 + 4 * i, 0xffffffff, 4);
        assert_int_equal(cfg(f, 3, PCI_BAR0 + 4 * i, 4), sizes[i]);
    }
    fn_reset(&f->a.dev);
    assert_int_equal(cfg(f, 3, PCI_BAR0 + 8, 4), 0xc);
    assert_int_equal(cfg(f, 3, PCI_INT_LINE, 1), 0);
}

/* ---- mapping ---- */

static void test_bars(void **state)
{
    struct fix *f = *state;
    u64 val;
    set(f, 3, PCI_BAR0, 0xe0001000, 4);
    assert_false(mapped(f, 0xe0001000, &f->a));
    set(f, 3, PCI_COMMAND, PCI_CMD_MEM, 2);
    assert_true(mapped(f, 0xe0001fff, &f->a));
    assert_true(physmap_bus_read(&f->r.m->map, 0xe0001234, 4, &val) && val == 0x11223344 && f->a.last == 0x234);
    set(f, 3, PCI_BAR0 + 2, 0xe123, 2); /* half of the address moves it too */
    assert_true(mapped(f, 0xe1231000, &f->a) && !mapped(f, 0xe0001000, &f->a));
    set(f, 3, PCI_BAR0 + 8, 0x40000000, 4); /* 64 bits: the low half is over RAM ... */
    assert_true(!mapped(f, 0x40000000, &f->a) && rig_mem(&f->r, RIG_RAM));
    set(f, 3, PCI_BAR0 + 12, 0x80, 4);
    assert_true(mapped(f, 0x8040003fff, &f->a));
    set(f, 3, PCI_BAR0 + 4, 0xc041, 4);
    assert_int_equal(in(f, 0xc048, 2), 0xffff);
    set(f, 3, PCI_COMMAND, PCI_CMD_IO, 2);
    assert_false(mapped(f, 0xe1231000, &f->a) || mapped(f, 0x8040000000, &f->a));
    assert_int_equal(in(f, 0xc048, 2), 0x1122);
    assert_int_equal(f->a.last, 8);
    set(f, 3, PCI_BAR0 + 4, 0x1c041, 4); /* above 64 Ki ports */
    assert_int_equal(in(f, 0xc048, 2), 0xffff);
    set(f, 3, PCI_BAR0 + 4, 0xcc1, 4); /* over the host bridge's ports */
    pick(f, 3, 0, 0);
    assert_int_equal(in(f, 0xcfc, 4), 0x1234abcd);
    set(f, 3, PCI_BAR0 + 4, 1, 4);
    f->a.last = 99;
    in(f, 8, 1);
    assert_int_equal(f->a.last, 99); /* address 0 is none */
}

/* Overlapping BARs: the lower function's wins, whatever came first; the other comes back. */
static void test_overlaps(void **state)
{
    struct fix *f = *state;
    set(f, 4, PCI_BAR0, 0xe0000000, 4);
    set(f, 4, PCI_COMMAND, PCI_CMD_MEM, 2);
    assert_true(mapped(f, 0xe0000000, &f->b));
    set(f, 3, PCI_BAR0, 0xe0000000, 4);
    set(f, 3, PCI_COMMAND, PCI_CMD_MEM, 2);
    assert_true(mapped(f, 0xe0000000, &f->a));
    set(f, 3, PCI_BAR0, 0xe0004000, 4);
    assert_true(mapped(f, 0xe0000000, &f->b) && mapped(f, 0xe0004000, &f->a));
    set(f, 3, PCI_BAR0, RIG_RAM + 0x1000, 4);
    assert_int_equal(physmap_find(&f->r.m->map, RIG_RAM + 0x1000)->kind, REGION_RAM);
    f->host.bus.mem[0] = (struct pci_window){ 0xe0000000, 0x1000 };
    set(f, 3, PCI_BAR0, 0xf0000000, 4);
    assert_false(mapped(f, 0xf0000000, &f->a));
    set(f, 4, PCI_BAR0, 0, 4);
    set(f, 3, PCI_BAR0, 0xe0000000, 4);
    assert_true(mapped(f, 0xe0000000, &f->a));
    fn_reset(&f->a.dev);
    assert_false(mapped(f, 0xe0000000, &f->a));
}

static void test_rom(void **state)
{
    struct fix *f = *state;
    struct err e;
    struct memobj *o = physmap_new_obj(&f->r.m->map, "rom", 0x2000, &e);
    assert_non_null(o);
    o->host[0x1001] = 0x5a;
    fn_new(&f->c, &f->r, &f->host.bus, 5, false);
    pci_bar_obj(&f->c.pci, PCI_ROM, 0, 0x2000, o, REGION_ROM, "rom");
    fn_reset(&f->c.dev);
    set(f, 5, PCI_ROM_BASE, 0xffffffff, 4);
    assert_int_equal(cfg(f, 5, PCI_ROM_BASE, 4), 0xffffe001);
    set(f, 5, PCI_ROM_BASE, 0xe0002000, 4);
    set(f, 5, PCI_COMMAND, PCI_CMD_MEM, 2);
    u8 got = 0;
    assert_false(physmap_read(&f->r.m->map, 0xe0003001, &got, 1));
    set(f, 5, PCI_ROM_BASE, 0xe0002001, 4);
    assert_true(physmap_read(&f->r.m->map, 0xe0003001, &got, 1) && got == 0x5a);
}

/* ---- interrupts ---- */

static void route(struct fix *f, u32 pirq, u32 irq)
{
    set(f, 1, 0x60 + pirq, irq, 1);
}

static void test_intx(void **state)
{
    struct fix *f = *state;
    assert_int_equal(cfg(f, 1, 0x60, 4), 0x80808080);
    pci_set_intx(&f->a.pci, true); /* slot 3, pin A: PIRQC; not routed */
    for (u32 i = 0; i < 16; i++)
        assert_false(f->isa_irq[i]);
    assert_int_equal(cfg(f, 3, PCI_STATUS, 2), PCI_STATUS_CAPS | PCI_STATUS_INTX);
    assert_int_equal(cfg(f, 3, PCI_COMMAND, 4) >> 16, PCI_STATUS_CAPS | PCI_STATUS_INTX);
    route(f, 2, 11);
    assert_true(f->isa_irq[11]);
    route(f, 2, 10);
    assert_true(f->isa_irq[10] && !f->isa_irq[11]);
    set(f, 3, PCI_COMMAND, PCI_CMD_NO_INTX, 2);
    assert_false(f->isa_irq[10]);
    set(f, 3, PCI_COMMAND, 0, 2);
    route(f, 3, 10); /* slot 4 shares it */
    pci_set_intx(&f->b.pci, true);
    pci_set_intx(&f->a.pci, false);
    assert_true(f->isa_irq[10]);
    pci_set_intx(&f->b.pci, false);
    assert_false(f->isa_irq[10]);
}

static void test_msix(void **state)
{
    struct fix *f = *state;
    struct physmap *map = &f->r.m->map;
    u64 val;
    u32 cap = cfg(f, 3, PCI_CAPS, 1);
    pci_notify(&f->a.pci, 0); /* off */
    set(f, 3, PCI_BAR0 + 4 * MSIX, 0xe0000000, 4);
    set(f, 3, PCI_COMMAND, PCI_CMD_MEM | PCI_CMD_MASTER, 2);
    set(f, 3, cap + 2, 0x8000, 2);
    assert_true(physmap_bus_read(map, 0xe000001c, 4, &val) && val == 1); /* masked at reset */
    physmap_bus_write(map, 0xe0000010, 8, 0x1fee00003);
    physmap_bus_write(map, 0xe0000018, 4, 0x4041);
    assert_true(physmap_bus_read(map, 0xe0000010, 8, &val) && val == 0x1fee00000);
    pci_notify(&f->a.pci, 1);
    assert_int_equal(f->msgs, 0);
    assert_true(physmap_bus_read(map, 0xe0000000 + PCI_MSIX_PBA, 4, &val) && val == 2);
    physmap_bus_write(map, 0xe000001c, 4, 0);
    assert_int_equal(f->msgs, 1);
    assert_true(f->msg[0].addr == 0x1fee00000 && f->msg[0].data == 0x4041);
    assert_true(physmap_bus_read(map, 0xe0000000 + PCI_MSIX_PBA, 8, &val) && val == 0);
    set(f, 3, cap + 2, 0xc000, 2); /* all masked */
    pci_notify(&f->a.pci, 1);
    assert_int_equal(f->msgs, 1);
    set(f, 3, cap + 2, 0x8000, 2);
    assert_int_equal(f->msgs, 2);
    set(f, 3, PCI_COMMAND, PCI_CMD_MEM, 2); /* not bus master */
    pci_notify(&f->a.pci, 1);
    pci_notify(&f->a.pci, 31);
    assert_int_equal(f->msgs, 2);
    assert_int_equal(cfg(f, 3, cap + 2, 2), 0x8002);
}

static void test_msi(void **state)
{
    struct fix *f = *state;
    u32 cap = cfg(f, 4, PCI_CAPS, 1);
    assert_int_equal(cfg(f, 4, cap, 4), 0x01840005); /* 4 vectors, 64 bits, masks */
    set(f, 4, PCI_COMMAND, PCI_CMD_MASTER, 2);
    set(f, 4, cap + 4, 0xfee01003, 4);
    set(f, 4, cap + 8, 1, 4);
    set(f, 4, cap + 12, 0x4153, 2);
    set(f, 4, cap + 2, 1 << 4 | 1, 2); /* two of the four */
    pci_notify(&f->b.pci, 1);
    assert_true(f->msgs == 1 && f->msg[0].addr == 0x1fee01000 && f->msg[0].data == 0x4153);
    pci_notify(&f->b.pci, 3); /* shares the first */
    assert_true(f->msgs == 2 && f->msg[1].data == 0x4152);
    set(f, 4, cap + 16, 0xffffffff, 4);
    assert_int_equal(cfg(f, 4, cap + 16, 4), 0xf);
    pci_notify(&f->b.pci, 1);
    pci_notify(&f->b.pci, 1);
    assert_int_equal(f->msgs, 2);
    assert_int_equal(cfg(f, 4, cap + 20, 4), 2);
    set(f, 4, cap + 20, 0, 4); /* read-only */
    set(f, 4, cap + 16, 1, 4);
    assert_int_equal(f->msgs, 3);
    assert_int_equal(cfg(f, 4, cap + 20, 4), 0);
}

/* ---- bridges ---- */

static void test_pam(void **state)
{
    struct fix *f = *state;
    f->host.dev.cls->reset(&f->host.dev);
    set(f, 0, 0x59, 0xff, 1);
    set(f, 0, 0x5a, 0x12, 1);
    set(f, 0, 0x5e, 0x3300, 2);
    assert_int_equal(cfg(f, 0, 0x59, 1), 0x30);
    static const u32 want[16] = { 2, 1, [10] = 3, [11] = 3, [12] = 3, [13] = 3, [14] = 3, [15] = 3 };
    u32 expect[16];
    memcpy(expect, want, sizeof expect);
    expect[10] = expect[11] = 3; /* 0xe8000 and up, by 0x5f */
    for (u32 i = 0; i < 16; i++)
        if (f->pam[i] != expect[i])
            fail_msg("area %u: %u, not %u", i, f->pam[i], expect[i]);
}

/* Open with two bits only; the lock closes it and holds until a reset, across a saved state too. */
static void test_smram(void **state)
{
    struct fix *f = *state;
    static const struct { u8 val, reads; bool open; } steps[] = {
        { 0x4a, 0x4a, true }, { 0x42, 0x42, false }, { 0x0a, 0x0a, false }, { 0x4f, 0x4a, true },
        { 0x5a, 0x1a, false }, { 0x4a, 0x1a, false }, { 0x62, 0x32, false }, { 0x0a, 0x1a, false },
    };
    f->host.dev.cls->reset(&f->host.dev);
    assert_int_equal(cfg(f, 0, 0x72, 1), 2);
    for (u32 i = 0; i < COUNT(steps); i++) {
        set(f, 0, 0x72, steps[i].val, 1);
        if (cfg(f, 0, 0x72, 1) != steps[i].reads || f->smram != steps[i].open)
            fail_msg("step %u: %#x, open %d", i, cfg(f, 0, 0x72, 1), f->smram);
    }
    f->host.dev.cls->reset(&f->host.dev);
    set(f, 0, 0x72, 0x4a, 1);
    assert_true(f->smram);
    f->host.s.pci.config[0x72] = 0x1a;
    f->host.dev.cls->resumed(&f->host.dev);
    assert_false(f->smram);
    set(f, 0, 0x72, 0x4a, 1);
    assert_false(f->smram);
}

static void test_pm(void **state)
{
    struct fix *f = *state;
    pick(f, 1, 3, 0x40);
    assert_int_equal(in(f, 0xcfc, 4), 1);
    out(f, 0xcfc, 0xffff0641, 4);
    assert_int_equal(in(f, 0xcfc, 4), 0x641);
    assert_true(f->pm_base == 0x640 && !f->pm_on);
    pick(f, 1, 3, 0x80);
    out(f, 0xcfc, 1, 1);
    assert_true(f->pm_base == 0x640 && f->pm_on);
    f->pm.dev.cls->reset(&f->pm.dev);
    assert_false(f->pm_on);
    f->pm.s.pci.config[0x80] = 1;
    f->pm.dev.cls->resumed(&f->pm.dev);
    assert_true(f->pm_on);
}

static void test_resumed(void **state)
{
    struct fix *f = *state;
    void *other;
    route(f, 2, 5);
    set(f, 3, PCI_BAR0, 0xe0000000, 4);
    set(f, 3, PCI_BAR0 + 4, 0xc000, 4);
    set(f, 3, PCI_COMMAND, 7, 2);
    pci_set_intx(&f->a.pci, true);
    start(&other);
    struct fix *c = other;
    c->host.s = f->host.s;
    c->isa.s = f->isa.s;
    c->a.s = f->a.s;
    fn_resumed(&c->a.dev);
    c->isa.dev.cls->resumed(&c->isa.dev);
    c->host.dev.cls->resumed(&c->host.dev);
    assert_true(c->isa_irq[5] && mapped(c, 0xe0000000, &c->a));
    assert_int_equal(in(c, 0xc000, 1), 0x11);
    assert_memory_equal(&c->isa.s, &f->isa.s, sizeof f->isa.s);
    assert_memory_equal(&c->a.s, &f->a.s, sizeof f->a.s);
    pci_set_intx(&c->a.pci, false);
    assert_false(c->isa_irq[5]);
    stop(&other);
}

static void test_ecam(void **state)
{
    struct fix *f = *state;
    struct pcie_host *h = &f->ecam;
    pcie_host_init(h, f->r.m, "ecam");
    h->bus.intx[3] = rig_line(&f->r, 3);
    fn_new(&f->c, &f->r, &h->bus, 3, false);
    u64 at = PCI_DEVFN(3, 0) << 12;
    assert_int_equal(dev_read(&h->dev, 0, 4), 0x00081b36);
    assert_int_equal(dev_read(&h->dev, at, 8), 0x001000001234abcd);
    assert_int_equal(dev_read(&h->dev, at + 0x100, 4), 0xffffffff); /* no extended space */
    assert_int_equal(dev_read(&h->dev, at + 0x100000, 4), 0xffffffff);
    dev_write(&h->dev, at + PCI_BAR0 + 8, 0x8000000000, 8);
    dev_write(&h->dev, at + PCI_COMMAND, 2, 2);
    assert_true(mapped(f, 0x8000000000, &f->c));
    pci_set_intx(&f->c.pci, true);
    assert_true(f->r.irq[3]); /* slot 3, pin A */
    dev_write(&h->dev, at + PCI_COMMAND, 0, 2);
    pcie_host_pio.write(f->r.m, 0xcf8, 0x80000000, 4);
    assert_int_equal(pcie_host_pio.read(f->r.m, 0xcf8, 8), 0x1237808680000000);
    rig_check_class(&h->dev);
    rig_scribble(&h->dev, 0x20000, 20000);
}

static void scribble(struct fix *f, u64 *x)
{
    static const u32 regs[] = { PCI_COMMAND, PCI_BAR0, PCI_BAR0 + 4, PCI_BAR0 + 8, PCI_BAR0 + 12, PCI_BAR0 + 16,
        0x60, 0x40, 0x80 };
    u64 n = rig_random(x);
    u32 off = n & 1 ? regs[n / 2 % COUNT(regs)] : (u32)(n / 2) & 0xff, size = 1u << (n >> 10) % 3;
    pick(f, (n >> 12) % 6, n >> 16 & 1 ? 3 : 0, off);
    out(f, 0xcfc + (off & (4 - size)), (u32)rig_random(x), size);
    in(f, 0xcfc + (off & (4 - size)), size);
    if (n >> 20 & 1)
        pci_notify(n & 2 ? &f->a.pci : &f->b.pci, n >> 21 & 31);
    if (n >> 26 & 1)
        pci_set_intx(n & 2 ? &f->a.pci : &f->b.pci, n >> 27 & 1);
    if (f->a.pci.bar[MSIX].mapped)
        physmap_bus_write(&f->r.m->map, f->a.pci.bar[MSIX].at + (n >> 28 & 0xff8), 1u << (n >> 40) % 4,
            rig_random(x));
}

static void test_scribble(void **state)
{
    struct fix *f = *state;
    struct err e;
    u64 x = 11;
    for (u32 i = 0; i < 40000; i++) {
        scribble(f, &x);
        assert_true(f->host.dev.cls->state->valid(&f->host.s, &e) && f->isa.dev.cls->state->valid(&f->isa.s, &e));
        assert_true(pci_valid(&f->a.s.pci, &e) && pci_valid(&f->b.s.pci, &e));
    }
    assert_int_equal(physmap_find(&f->r.m->map, RIG_RAM)->kind, REGION_RAM);
    rig_check_class(&f->host.dev);
    rig_check_class(&f->isa.dev);
    rig_check_class(&f->pm.dev);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_ids), T(test_masks), T(test_bars), T(test_overlaps), T(test_rom), T(test_intx), T(test_msix),
        T(test_msi),
        T(test_pam), T(test_smram), T(test_pm), T(test_resumed), T(test_ecam), T(test_scribble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
