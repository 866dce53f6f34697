/* monitor_tree.c - `info mtree`, `info qtree` and `info pci`: what is where, in the form that QEMU's monitor has. */
#include "app/monitor_cmd.h"
#include "hw/pci/pci.h"
#include <string.h>

typedef unsigned long long ull;

/* ---- memory map ---- */

static const char *kind_name(enum region_kind k)
{
    return k == REGION_RAM ? "ram" : k == REGION_ROM ? "rom" : k == REGION_ROMD ? "romd" : "i/o";
}

static void show_memory(const struct physmap *m, FILE *f)
{
    fprintf(f, "address-space: memory\n");
    for (u32 i = 0; i < m->region_count; i++) {
        const struct region *r = &m->regions[i];
        fprintf(f, "  %016llx-%016llx (prio 0, %s): %s", (ull)r->base, (ull)(r->base + r->size - 1),
                kind_name(r->kind), r->name);
        if (r->obj)
            fprintf(f, " @%s+%#llx", r->obj->name, (ull)r->off);
        putc('\n', f);
    }
}

/* By rising base; of those that begin at one place the later one, which wins, first. */
static const struct iorange *next_ports(const struct iobus *b, const struct iorange *after)
{
    const struct iorange *best = NULL;
    for (const struct iorange *r = b->ranges; r < b->ranges + b->count; r++) {
        bool behind = !after || r->base > after->base || (r->base == after->base && r < after);
        if (behind && (!best || r->base < best->base || (r->base == best->base && r > best)))
            best = r;
    }
    return best;
}

static void show_ports(const struct iobus *b, FILE *f)
{
    const struct iorange *r = NULL;
    fprintf(f, "\naddress-space: I/O\n");
    while ((r = next_ports(b, r)))
        fprintf(f, "  %016x-%016x (prio %u, i/o): %s\n", r->base, r->base + r->len - 1, (u32)(r - b->ranges),
                r->name);
}

void monitor_info_mtree(struct monitor *mon, const struct monitor_args *a)
{
    struct machine *m = monitor_machine(mon);
    struct monitor_page p;
    (void)a;
    if (!monitor_page_open(mon, &p))
        return;
    show_memory(&m->map, p.f);
    if (m->io.count)
        show_ports(&m->io, p.f);
    monitor_page_close(mon, &p);
}

/* ---- devices ---- */

static const struct pci_bus *pci_of(struct monitor *mon)
{
    const struct app_board *b = mon->on->setup->board;
    return b->pci ? b->pci(monitor_machine(mon)) : NULL;
}

static const struct pci_dev *function_of(const struct pci_bus *bus, const struct dev *d)
{
    for (u32 i = 0; bus && i < bus->count; i++)
        if (bus->fn[i]->dev == d)
            return bus->fn[i];
    return NULL;
}

/* Parts of a device carry its path and a dot before their own. */
static bool is_part(const struct dev *d, const struct dev *of)
{
    u32 n = (u32)strlen(of->path);
    return !strncmp(d->path, of->path, n) && d->path[n] == '.';
}

static bool has_whole(const struct machine *m, const struct dev *d)
{
    for (u32 i = 0; i < m->dev_count; i++)
        if (is_part(d, m->devs[i]))
            return true;
    return false;
}

static void show_places(const struct machine *m, const struct dev *d, u32 indent, FILE *f)
{
    for (u32 i = 0; i < m->map.region_count; i++) {
        const struct region *r = &m->map.regions[i];
        if (r->opaque == d)
            fprintf(f, "%*smmio %016llx/%016llx\n", (int)indent, "", (ull)r->base, (ull)r->size);
    }
    for (u32 i = 0; i < m->io.count; i++)
        if (m->io.ranges[i].opaque == d)
            fprintf(f, "%*sports %#x/%#x\n", (int)indent, "", m->io.ranges[i].base, m->io.ranges[i].len);
}

static void show_bars(const struct pci_dev *p, u32 indent, FILE *f)
{
    for (u32 i = 0; i < PCI_BARS; i++) {
        const struct pci_bar *b = &p->bar[i];
        if (!b->size)
            continue;
        fprintf(f, "%*sbar %u: %s ", (int)indent, "", i, b->flags & PCI_BAR_IO ? "i/o" : "mem");
        if (b->mapped)
            fprintf(f, "at %#llx [%#llx]\n", (ull)b->at, (ull)(b->at + b->size - 1));
        else
            fprintf(f, "of %#llx bytes, not mapped\n", (ull)b->size);
    }
}

static u32 config(const struct pci_dev *p, u32 off, u32 bytes)
{
    u32 val = 0;
    for (u32 i = bytes; i--;)
        val = val << 8 | p->s->config[off + i];
    return val;
}

static void show_ids(const struct pci_dev *p, u32 indent, FILE *f)
{
    fprintf(f, "%*saddr 00:%02x.%u, class %06x, pci id %04x:%04x (sub %04x:%04x)\n", (int)indent, "", p->devfn >> 3,
            p->devfn & 7, config(p, PCI_CLASS, 3), config(p, PCI_VENDOR, 2), config(p, PCI_DEVICE, 2),
            config(p, PCI_SUBVENDOR, 2), config(p, PCI_SUBDEVICE, 2));
}

static void show_dev(const struct machine *m, const struct dev *d, u32 indent, FILE *f)
{
    fprintf(f, "%*sdev: %s, id \"%s\"\n", (int)indent, "", d->cls->name, d->path);
    show_places(m, d, indent + 2, f);
    for (u32 i = 0; i < m->dev_count; i++)
        if (is_part(m->devs[i], d)) {
            fprintf(f, "%*sdev: %s, id \"%s\"\n", (int)indent + 2, "", m->devs[i]->cls->name, m->devs[i]->path);
            show_places(m, m->devs[i], indent + 4, f);
        }
}

static void show_bus(const struct machine *m, const struct pci_bus *bus, FILE *f)
{
    fprintf(f, "  bus: pci.0\n    type PCI\n");
    for (u32 i = 0; i < bus->count; i++) {
        show_dev(m, bus->fn[i]->dev, 4, f);
        show_ids(bus->fn[i], 6, f);
        show_bars(bus->fn[i], 6, f);
    }
}

void monitor_info_qtree(struct monitor *mon, const struct monitor_args *a)
{
    const struct machine *m = monitor_machine(mon);
    const struct pci_bus *bus = pci_of(mon);
    struct monitor_page p;
    (void)a;
    if (!monitor_page_open(mon, &p))
        return;
    fprintf(p.f, "bus: main-system-bus\n  type System\n");
    for (u32 i = 0; i < m->dev_count; i++)
        if (!function_of(bus, m->devs[i]) && !has_whole(m, m->devs[i]))
            show_dev(m, m->devs[i], 2, p.f);
    if (bus)
        show_bus(m, bus, p.f);
    monitor_page_close(mon, &p);
}

void monitor_info_pci(struct monitor *mon, const struct monitor_args *a)
{
    const struct pci_bus *bus = pci_of(mon);
    struct monitor_page p;
    (void)a;
    if (!bus) {
        monitor_say(mon, "the machine has no PCI bus\n");
        return;
    }
    if (!monitor_page_open(mon, &p))
        return;
    for (u32 i = 0; i < bus->count; i++) {
        const struct pci_dev *d = bus->fn[i];
        fprintf(p.f, "  Bus  0, device %3u, function %u:\n    %s, id \"%s\"\n", d->devfn >> 3, d->devfn & 7,
                d->dev->cls->name, d->dev->path);
        show_ids(d, 6, p.f);
        if (d->s->config[PCI_INT_PIN])
            fprintf(p.f, "      IRQ %u, pin %c\n", d->s->config[PCI_INT_LINE],
                    'A' + (d->s->config[PCI_INT_PIN] - 1) % 4);
        show_bars(d, 6, p.f);
    }
    monitor_page_close(mon, &p);
}
