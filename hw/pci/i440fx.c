/*
 * i440fx.c - the 82441FX host bridge: configuration ports, programmable attribute areas; not modelled: see i440fx.h.
 *
 * Source: Intel 82441FX datasheet (290549); PCI Local Bus 3.0, 3.2.2.3.2 (configuration mechanism 1).
 */
#include "hw/pci/i440fx.h"
#include "hw/deadline.h"

enum { PAM0 = 0x59, SMRAM = 0x72 };
enum { SMRAM_BASE = 2, SMRAM_ON = 8, SMRAM_LOCK = 0x10, SMRAM_CLOSED = 0x20, SMRAM_OPEN = 0x40 };
enum { ADDRESS_ENABLE = 1 << 31 };

static struct i440fx *self(struct dev *d)
{
    return CONTAINER_OF(d, struct i440fx, dev);
}

/* ---- programmable attribute map: 0xf0000 in PAM0 bits 7:4; then 16 KiB each from 0xc0000, low nibble first ---- */

static void tell_areas(struct i440fx *f)
{
    const u8 *pam = f->s.pci.config + PAM0;
    u8 bits[I440FX_AREAS];
    for (u32 i = 0; i < I440FX_AREAS; i++)
        bits[i] = (i < 12 ? pam[1 + i / 2] >> (i % 2 ? 4 : 0) : pam[0] >> 4) & 3;
    if (f->areas)
        f->areas(f->opaque, bits);
}

/* ---- system management RAM, 3.2.20: locked, it is closed until a reset ---- */

static void tell_smram(struct i440fx *f)
{
    u8 *reg = &f->s.pci.config[SMRAM];
    bool locked = *reg & SMRAM_LOCK;
    f->pci.writable[SMRAM] = SMRAM_ON | SMRAM_CLOSED | (locked ? 0 : SMRAM_LOCK | SMRAM_OPEN);
    if (locked)
        *reg &= (u8)~SMRAM_OPEN;
    if (f->smram)
        f->smram(f->opaque, *reg & SMRAM_OPEN && *reg & SMRAM_ON);
}

static void tell_all(struct i440fx *f)
{
    tell_areas(f);
    tell_smram(f);
}

static void written(struct pci_dev *p, u32 off, u32 size)
{
    if (off < PAM0 + 7 && off + size > PAM0)
        tell_areas(self(p->dev));
    if (off <= SMRAM && SMRAM < off + size)
        tell_smram(self(p->dev));
}

/* ---- ports ---- */

static u64 ports_read(void *opaque, u64 off, u32 size)
{
    struct i440fx *f = self(opaque);
    u32 a = f->s.address, nothing = ~0u >> (32 - 8 * size);
    if (!off && size == 4)
        return a;
    if (off < 4)
        return off == 1 && size == 1 && f->reset_port ? dev_read(f->reset_port, 0, 1) : nothing;
    if (!(a & ADDRESS_ENABLE) || a >> 16 & 0xff)
        return nothing;
    return pci_config_read(&f->bus, a >> 8 & 0xff, (a & 0xfc) + ((u32)off & 3), size);
}

static void ports_write(void *opaque, u64 off, u64 val, u32 size)
{
    struct i440fx *f = self(opaque);
    u32 a = f->s.address;
    if (!off && size == 4)
        f->s.address = (u32)val & 0x80fffffc;
    else if (off == 1 && size == 1 && f->reset_port)
        dev_write(f->reset_port, 0, val, 1);
    else if (off >= 4 && a & ADDRESS_ENABLE && !(a >> 16 & 0xff))
        pci_config_write(&f->bus, a >> 8 & 0xff, (a & 0xfc) + ((u32)off & 3), (u32)val, size);
}

const struct mmio_ops i440fx_ports = { ports_read, ports_write };

/* ---- device ---- */

static void i440fx_reset(struct dev *d)
{
    struct i440fx *f = self(d);
    f->s.address = 0;
    pci_reset(&f->pci);
    tell_all(f);
}

static void i440fx_resumed(struct dev *d)
{
    pci_resumed(&self(d)->pci);
    tell_all(self(d));
}

static bool i440fx_valid(const void *state, struct err *e)
{
    const struct i440fx_state *s = state;
    return pci_valid(&s->pci, e)
           && (!(s->address & ~0x80fffffcu) || err_set(e, "address %#x out of range", s->address));
}

#define F(f) STATE(struct i440fx_state, f)
static const struct state_field i440fx_fields[] = { PCI_ROWS(struct i440fx_state), F(address), F(pad) };
static const struct state_desc i440fx_desc = {
    .name = "i440fx", STATE_DESC(struct i440fx_state, 1, i440fx_fields), .valid = i440fx_valid,
};

const struct dev_class i440fx_class = {
    .name = "i440fx", .state = &i440fx_desc, .state_offset = offsetof(struct i440fx, s),
    .size = sizeof(struct i440fx),
    .reset = i440fx_reset, .resumed = i440fx_resumed,
};

void i440fx_init(struct i440fx *f, struct machine *m, const char *path)
{
    static const struct pci_id id = { .vendor = 0x8086, .device = 0x1237, .subvendor = 0x1af4, .subdevice = 0x1100,
                                      .class = 0x060000, .revision = 2 };
    *f = (struct i440fx){ .bus = { .m = m, .swizzle = 3 } }; /* pin A of slot 1 is PIRQA */
    dev_attach(&f->dev, &i440fx_class, m, path);
    pci_init(&f->pci, &f->dev, &f->s.pci, &id);
    f->pci.written = written;
    for (u32 i = PAM0; i < PAM0 + 7; i++)
        f->pci.writable[i] = i == PAM0 ? 0x30 : 0x33;
    f->pci.config[SMRAM] = SMRAM_BASE;
    tell_smram(f);
    pci_plug(&f->bus, &f->pci, 0, 0);
}
