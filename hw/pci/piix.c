/*
 * piix.c - PIIX3 ISA bridge with its interrupt routes, PIIX4 power management function; not modelled: see piix.h.
 *
 * Sources: Intel 82371FB/82371SB datasheet (290550), 2.2; Intel 82371AB datasheet (290562), chapter 7.
 */
#include "hw/pci/piix.h"
#include "base/bits.h"
#include "hw/deadline.h"

/* ---- PIIX3: routes ---- */

enum { PIRQRC = 0x60, ROUTE_OFF = 0x80 };

static struct piix3 *isa(struct dev *d)
{
    return CONTAINER_OF(d, struct piix3, dev);
}

static u32 levels(const struct piix3 *p)
{
    u32 out = 0;
    for (u32 n = 0; n < 4; n++) {
        u8 route = p->s.pci.config[PIRQRC + n];
        if (p->s.pirq >> n & 1 && !(route & ROUTE_OFF))
            out |= 1u << (route & 15);
    }
    return out;
}

/* Only lines that change are touched: the others may be an ISA device's. */
static void update(struct piix3 *p)
{
    u32 now = levels(p), changed = now ^ p->s.out;
    p->s.out = now;
    for (u32 i = 0; i < 16; i++)
        if (changed >> i & 1)
            irq_set(&p->irq[i], now >> i & 1);
}

static void set_pirq(void *opaque, u32 n, bool level)
{
    struct piix3 *p = opaque;
    p->s.pirq = level ? p->s.pirq | 1u << n : p->s.pirq & ~(1u << n);
    update(p);
}

struct irq_line piix3_pirq(struct piix3 *p, u32 n)
{
    CHECK(n < 4);
    return (struct irq_line){ set_pirq, p, n };
}

static void isa_written(struct pci_dev *pci, u32 off, u32 size)
{
    if (off < PIRQRC + 4 && off + size > PIRQRC)
        update(isa(pci->dev));
}

/* ---- PIIX3: device ---- */

static void piix3_reset(struct dev *d)
{
    struct piix3 *p = isa(d);
    pci_reset(&p->pci);
    update(p);
}

static void piix3_resumed(struct dev *d)
{
    struct piix3 *p = isa(d);
    pci_resumed(&p->pci);
    for (u32 i = 0; i < 16; i++)
        if (p->s.out >> i & 1)
            irq_set(&p->irq[i], true);
    update(p);
}

static bool piix3_valid(const void *state, struct err *e)
{
    const struct piix3_state *s = state;
    return pci_valid(&s->pci, e)
           && ((s->pirq <= 15 && s->out <= 0xffff)
               || err_set(e, "inputs %#x or outputs %#x out of range", s->pirq, s->out));
}

#define F(f) STATE(struct piix3_state, f)
static const struct state_field piix3_fields[] = { PCI_ROWS(struct piix3_state), F(pirq), F(out) };
#undef F
static const struct state_desc piix3_desc = {
    .name = "piix3", STATE_DESC(struct piix3_state, 1, piix3_fields), .valid = piix3_valid,
};

const struct dev_class piix3_class = {
    .name = "piix3", .state = &piix3_desc, .state_offset = offsetof(struct piix3, s), .size = sizeof(struct piix3),
    .reset = piix3_reset, .resumed = piix3_resumed,
};

/* Registers that are storage, as after reset (2.2). */
static const struct { u8 off, val, writable; } isa_regs[] = {
    { 0x4c, 0x4d, 0x7f }, { 0x4e, 0x03, 0xff }, { 0x4f, 0x00, 0x01 }, { 0x60, 0x80, 0x8f }, { 0x61, 0x80, 0x8f },
    { 0x62, 0x80, 0x8f }, { 0x63, 0x80, 0x8f }, { 0x69, 0x02, 0xfe }, { 0x6a, 0x00, 0x81 }, { 0x70, 0x80, 0xef },
    { 0x71, 0x80, 0xef }, { 0x76, 0x0c, 0x8f }, { 0x77, 0x0c, 0x8f }, { 0x78, 0x02, 0xff }, { 0x79, 0x00, 0xff },
    { 0x82, 0x00, 0x0f }, { 0xa0, 0x08, 0x1f }, { 0xa2, 0x00, 0xff }, { 0xa3, 0x00, 0xff }, { 0xa4, 0x00, 0xff },
    { 0xa5, 0x00, 0xff }, { 0xa6, 0x00, 0xff }, { 0xa7, 0x00, 0xff }, { 0xa8, 0x0f, 0xff }, { 0xaa, 0x00, 0xff },
    { 0xab, 0x00, 0xff }, { 0xac, 0x00, 0xff }, { 0xae, 0x00, 0xff },
};

void piix3_init(struct piix3 *p, struct machine *m, const char *path)
{
    static const struct pci_id id = { .vendor = 0x8086, .device = 0x7000, .subvendor = 0x1af4, .subdevice = 0x1100,
                                      .class = 0x060100 };
    *p = (struct piix3){ 0 };
    dev_attach(&p->dev, &piix3_class, m, path);
    pci_init(&p->pci, &p->dev, &p->s.pci, &id);
    p->pci.written = isa_written;
    p->pci.config[PCI_HEADER_TYPE] = 0x80; /* more functions follow */
    pci_put16(&p->pci, PCI_COMMAND, PCI_CMD_IO | PCI_CMD_MEM | PCI_CMD_MASTER, 0x100); /* fixed but for SERR# */
    pci_put16(&p->pci, PCI_STATUS, 0x200, 0);
    for (u32 i = 0; i < COUNT(isa_regs); i++) {
        p->pci.config[isa_regs[i].off] = isa_regs[i].val;
        p->pci.writable[isa_regs[i].off] = isa_regs[i].writable;
    }
    pci_reset(&p->pci);
}

/* ---- PIIX4: power management ---- */

enum { PMBASE = 0x40, DEVACTB = 0x58, APMC_EN = 1 << 25, PMREGMISC = 0x80, SMBBASE = 0x90, SMBHSTCFG = 0xd2 };

static struct piix4_pm *pm(struct dev *d)
{
    return CONTAINER_OF(d, struct piix4_pm, dev);
}

static void tell(struct piix4_pm *p)
{
    const u8 *c = p->s.pci.config;
    if (p->pm_io)
        p->pm_io(p->opaque, load_le32(c + PMBASE) & 0xffc0, c[PMREGMISC] & 1);
    if (p->smbus_io)
        p->smbus_io(p->opaque, load_le32(c + SMBBASE) & 0xfff0, c[SMBHSTCFG] & 1);
}

static void pm_written(struct pci_dev *pci, u32 off, u32 size)
{
    (void)size;
    if (off >= PMBASE)
        tell(pm(pci->dev));
}

static void pm_reset(struct dev *d)
{
    pci_reset(&pm(d)->pci);
    tell(pm(d));
}
static void pm_resumed(struct dev *d)
{
    pci_resumed(&pm(d)->pci);
    tell(pm(d));
}
static bool pm_valid(const void *state, struct err *e)
{
    return pci_valid(&((const struct piix4_pm_state *)state)->pci, e);
}

static const struct state_field pm_fields[] = { PCI_ROWS(struct piix4_pm_state) };
static const struct state_desc pm_desc = {
    .name = "piix4-pm", STATE_DESC(struct piix4_pm_state, 1, pm_fields), .valid = pm_valid,
};

const struct dev_class piix4_pm_class = {
    .name = "piix4-pm", .state = &pm_desc, .state_offset = offsetof(struct piix4_pm, s),
    .size = sizeof(struct piix4_pm),
    .reset = pm_reset, .resumed = pm_resumed,
};

void piix4_pm_init(struct piix4_pm *p, struct machine *m, const char *path)
{
    static const struct pci_id id = { .vendor = 0x8086, .device = 0x7113, .subvendor = 0x1af4, .subdevice = 0x1100,
                                      .class = 0x068000, .revision = 3 };
    *p = (struct piix4_pm){ 0 };
    dev_attach(&p->dev, &piix4_pm_class, m, path);
    pci_init(&p->pci, &p->dev, &p->s.pci, &id);
    p->pci.written = pm_written;
    p->pci.config[PCI_INT_PIN] = 1;
    pci_put16(&p->pci, PCI_STATUS, 0x280, 0);
    pci_put32(&p->pci, PMBASE, 1, 0xffc0);
    for (u32 i = 0x44; i < PMREGMISC; i++) /* counters, device resources and monitors: storage */
        p->pci.writable[i] = 0xff;
    p->pci.config[DEVACTB + 3] = APMC_EN >> 24; /* firmware takes system management mode for set up */
    p->pci.writable[PMREGMISC] = 1;
    pci_put32(&p->pci, SMBBASE, 1, 0xfff0);
    p->pci.writable[SMBHSTCFG] = 0x0f;
    pci_reset(&p->pci);
}
