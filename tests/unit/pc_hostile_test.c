/*
 * pc_hostile_test.c - a guest that means harm, on a whole PC: random accesses to every port, register and
 * configuration byte, and random programs of port and memory accesses with interrupts on. Nothing may crash, hang or
 * grow the emulator, and the state of every device stays one that it can have; the sanitizers see the rest.
 */
#include "tests/unit/pc_rig.h"
#include "hw/pci/pci.h"
#include "host/display.h"
#include <sys/resource.h>

#define RAM_SIZE (16ull << 20)
#define DISK     (1u << 20)
#define GARBAGE  0x800000u  /* 64 pages: rings and descriptors that are nearly right */

void machine_run_events(struct machine *m);

struct world {
    struct board b;
    u64          seed;
    u64          seen;   /* icount at the last poll */
    u32          stuck;  /* polls since it grew */
    u32          resets;
};

static u64 rnd(struct world *w)
{
    u64 z = w->seed += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}
static u32 any(struct world *w, u32 n) { return (u32)(rnd(w) % n); }

/* ---- the board ---- */

static bool disk_read(struct block *b, u64 off, void *p, u64 n, struct err *e)
{
    (void)e;
    if (off > b->size || n > b->size - off)
        fail_msg("a read of %llu bytes at %llu reaches the disk", (unsigned long long)n, (unsigned long long)off);
    memset(p, (int)off, n);
    return true;
}
static bool disk_write(struct block *b, u64 off, const void *p, u64 n, struct err *e)
{
    (void)p, (void)e;
    if (off > b->size || n > b->size - off || b->read_only)
        fail_msg("a write of %llu bytes at %llu reaches the disk", (unsigned long long)n, (unsigned long long)off);
    return true;
}
static bool disk_flush(struct block *b, struct err *e)
{
    (void)b, (void)e;
    return true;
}
static void disk_close(struct block *b) { free(b); }

static struct block *new_disk(bool read_only)
{
    struct block *b = malloc(sizeof *b);
    assert_non_null(b);
    *b = (struct block){ .size = DISK, .read_only = read_only, .name = "disk", .read = disk_read, .write = disk_write,
                         .flush = disk_flush, .close = disk_close };
    return b;
}

/* A processor that sleeps for ever, or events that never let it run, end the round. */
static void on_poll(void *opaque)
{
    struct world *w = opaque;
    u64 now = machine_icount(w->b.m);
    w->stuck = now == w->seen ? w->stuck + 1 : 0;
    w->seen = now;
    if (w->stuck > 20000)
        machine_request(w->b.m, REQ_STOP);
}
static void on_wait(void *opaque, u64 ns)
{
    (void)ns;
    machine_request(((struct world *)opaque)->b.m, REQ_STOP);
}

static struct chr nowhere; /* bytes vanish */

static void open_world(struct world *w, const struct kernel *k, const char *cpu, const struct engine *en)
{
    struct pc_config c = {
        .slot_count = 4, .debug_exit = true, .serial2 = &nowhere, .parallel = &nowhere, .vga = true,
        .slots = { { .kind = SLOT_BLK }, { .kind = SLOT_CONSOLE }, { .kind = SLOT_RNG }, { .kind = SLOT_BLK } },
    };
    c.slots[0].block = new_disk(false);
    c.slots[3].block = new_disk(true);
    board_open_as(&w->b, k, cpu, en, c, RAM_SIZE);
    w->b.m->poll = on_poll;
    w->b.m->wait = on_wait;
    w->b.m->poll_opaque = w;
}

static void check_devices(struct world *w)
{
    struct machine *m = w->b.m;
    struct err e;
    for (u32 i = 0; i < m->dev_count; i++) {
        const struct state_desc *d = m->devs[i]->cls->state;
        if (d && d->valid && !d->valid(dev_state(m->devs[i]), &e))
            fail_msg("%s: %s", m->devs[i]->path, e.msg);
    }
    display_update(pc_display(m));
    assert_true(m->io.count <= IOBUS_RANGES && m->map.region_count <= PHYSMAP_REGIONS);
    for (u32 i = 1; i < m->map.region_count; i++)
        assert_true(m->map.regions[i - 1].base + (m->map.regions[i - 1].size - 1) < m->map.regions[i].base);
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    if (use.ru_maxrss > 1 << 20) /* KiB */
        fail_msg("the emulator has grown to %ld MiB", use.ru_maxrss >> 10);
}

/* ---- values and places ---- */

static u64 odd_value(struct world *w)
{
    static const u64 places[] = {
        0, 0x1000, PCB_KERNEL, GARBAGE, RAM_SIZE, RAM_SIZE - 1, PC_VGA_HOLE, PC_PCI_MEM, PC_IOAPIC, PC_APIC,
        0xfffff000, 0xffffffff, PC_HIGH, PC_HIGH + (1ull << 30), 1ull << 36, ~0ull,
    };
    u64 r = rnd(w);
    switch (any(w, 8)) {
    case 0: return r;
    case 1: return r % 16;
    case 2: return 1ull << r % 64;
    case 3: return places[r % COUNT(places)];
    case 4: return places[r % COUNT(places)] >> 12;
    case 5: return -(r % 64);
    case 6: return places[r % COUNT(places)] | (rnd(w) & 0xff);
    default: return r % 0x10000;
    }
}

static u32 any_size(struct world *w) { return 1u << any(w, 3); }

/* Mostly one of somebody's. */
static u32 any_port(struct world *w)
{
    const struct iobus *io = &w->b.m->io;
    const struct iorange *r = &io->ranges[any(w, io->count)];
    return any(w, 16) ? r->base + any(w, r->len) : any(w, 8) ? any(w, 0x10000) : r->base + r->len - 1 - any(w, 4);
}

static void port_access(struct world *w)
{
    u32 port = any_port(w), size = any_size(w);
    if (any(w, 2))
        iobus_read(&w->b.m->io, port, size);
    else
        iobus_write(&w->b.m->io, port, (u32)odd_value(w) & (~0u >> (32 - 8 * size)), size);
}

static void memory_access(struct world *w)
{
    struct physmap *map = &w->b.m->map;
    const struct region *r = &map->regions[any(w, map->region_count)];
    u32 size = 1u << any(w, 4);
    u64 off = (any(w, 4) ? rnd(w) % MIN(r->size, 0x1000) : rnd(w) % r->size) & ~(u64)(size - 1), val = 0;
    gpa at = any(w, 32) ? r->base + off : odd_value(w) & ~(u64)(size - 1);
    if (r->kind == REGION_RAM && any(w, 8)) /* devices are what this is about */
        return;
    if (any(w, 2))
        physmap_bus_read(map, at, size, &val);
    else
        physmap_bus_write(map, at, size, odd_value(w) & bits_mask(8 * size));
}

static void bus_write(struct world *w, gpa at, u32 val) { physmap_bus_write(&w->b.m->map, at, 4, val); }

/* Registers of the APICs that exist, values that they take; a timer that runs and counts little. */
static void apic_access(struct world *w)
{
    u64 val;
    switch (any(w, 4)) {
    case 0:
        bus_write(w, PC_IOAPIC, any(w, 0x42));
        bus_write(w, PC_IOAPIC + 0x10, (u32)odd_value(w));
        break;
    case 1:
        bus_write(w, PC_APIC + 0xf0, 0x100 | any(w, 256));
        bus_write(w, PC_APIC + 0x3e0, any(w, 16));
        bus_write(w, PC_APIC + 0x320, any(w, 4) << 17 | any(w, 256));
        bus_write(w, PC_APIC + 0x380, any(w, 4) ? 50000 + any(w, 100000) : (u32)odd_value(w));
        break;
    case 2: bus_write(w, PC_APIC + 16 * any(w, 64), (u32)odd_value(w)); break;
    default: physmap_bus_read(&w->b.m->map, PC_APIC + 16 * any(w, 64), 4, &val);
    }
}

/* Initialization words and commands of the 8259 in any order, counts of the 8254 in halves. */
static void pic_and_pit(struct world *w)
{
    static const u16 ports[] = { 0x20, 0x21, 0xa0, 0xa1, 0x40, 0x42, 0x43, 0x43, 0x61 };
    for (u32 n = any(w, 8); n; n--)
        iobus_write(&w->b.m->io, ports[any(w, COUNT(ports))], any(w, 2) ? any(w, 256) : any(w, 4) | 0x10, 1);
    for (u32 n = any(w, 4); n; n--)
        iobus_read(&w->b.m->io, ports[any(w, COUNT(ports))], 1);
}

/* ---- PCI ---- */

static u32 config(struct world *w, u32 devfn, u32 off, u32 size)
{
    iobus_write(&w->b.m->io, PC_PORT_PCI, 0x80000000 | devfn << 8 | (off & 0xfc), 4);
    return iobus_read(&w->b.m->io, PC_PORT_PCI + 4 + (off & 3), size);
}
static void set_config(struct world *w, u32 devfn, u32 off, u32 val, u32 size)
{
    iobus_write(&w->b.m->io, PC_PORT_PCI, 0x80000000 | devfn << 8 | (off & 0xfc), 4);
    iobus_write(&w->b.m->io, PC_PORT_PCI + 4 + (off & 3), val, size);
}

static u32 any_function(struct world *w)
{
    static const u8 there[] = { PCI_DEVFN(0, 0), PCI_DEVFN(1, 0), PCI_DEVFN(1, 3), PCI_DEVFN(2, 0),
                                PCI_DEVFN(3, 0), PCI_DEVFN(4, 0), PCI_DEVFN(5, 0), PCI_DEVFN(6, 0) };
    return any(w, 16) ? there[any(w, sizeof there)] : any(w, 256);
}

static void config_access(struct world *w)
{
    u32 size = any_size(w), off = any(w, 256) & ~(size - 1), fn = any_function(w);
    if (any(w, 3))
        set_config(w, fn, off, (u32)odd_value(w), size);
    else
        config(w, fn, off, size);
}

/* A base address register over something, its high half too, decoding on. */
static void move_bar(struct world *w)
{
    u32 fn = any_function(w), n = any(w, 6);
    u64 to = any(w, 4) ? odd_value(w) : PC_PCI_MEM + (u64)any(w, 16) * 0x1000;
    set_config(w, fn, 4, any(w, 8), 2);
    set_config(w, fn, 0x10 + 4 * n, (u32)to, 4);
    if (any(w, 2))
        set_config(w, fn, 0x14 + 4 * n, (u32)(to >> 32), 4);
    set_config(w, fn, 4, any(w, 4) ? 7 : any(w, 0x10000), 2);
}

/* VIRTIO 1.2, 4.1.4.9: the capability by which configuration accesses reach into a BAR. */
static u32 find_window(struct world *w, u32 fn)
{
    u32 at = config(w, fn, 0x34, 1);
    for (u32 n = 0; n < 48 && at >= 0x40; n++, at = config(w, fn, at + 1, 1))
        if (config(w, fn, at, 1) == 9 && config(w, fn, at + 3, 1) == 5)
            return at;
    return 0;
}

static void use_window(struct world *w)
{
    u32 fn = PCI_DEVFN(3 + any(w, 4), 0), at = find_window(w, fn);
    u32 len = any(w, 4) ? 1u << any(w, 3) : (u32)odd_value(w);
    assert_true(at >= 0x40);
    set_config(w, fn, at + 4, any(w, 4) ? any(w, 3) * 2 : any(w, 256), 1);
    set_config(w, fn, at + 12, len, 4);
    for (u32 i = 0; i < 8; i++) {
        u32 off = any(w, 4) ? any(w, 0x4000) & ~3u : (u32)odd_value(w), size = any_size(w);
        u32 byte = any(w, 4) & ~(size - 1);
        set_config(w, fn, at + 8, off, 4);
        if (any(w, 2))
            set_config(w, fn, at + 16 + byte, (u32)odd_value(w), size);
        else
            config(w, fn, at + 16 + byte, size);
    }
}

/* A legacy driver (4.1.4.10) with its rings in the garbage. */
static void start_queues(struct world *w)
{
    struct iobus *io = &w->b.m->io;
    u32 fn = PCI_DEVFN(3 + any(w, 4), 0), base = 0xc000 + (fn >> 3) * 0x100;
    set_config(w, fn, 0x10, base, 4);
    set_config(w, fn, 4, 7, 2);
    iobus_write(io, base + 0x12, 0, 1);
    iobus_write(io, base + 0x12, 3, 1);
    for (u32 q = 0; q < 2; q++) {
        iobus_write(io, base + 0x0e, q, 2);
        iobus_write(io, base + 0x08, any(w, 16) ? (GARBAGE >> 12) + any(w, 60) : (u32)odd_value(w), 4);
    }
    iobus_write(io, base + 0x12, 7, 1);
    for (u32 q = 0; q < 2; q++)
        iobus_write(io, base + 0x10, q, 2);
}

static void put_garbage(struct world *w)
{
    u8 page[4096];
    for (u32 i = 0; i < 64; i++) {
        for (u32 n = 0; n < sizeof page; n += 16) {
            store_le64(page + n, any(w, 8) ? GARBAGE + any(w, 64 << 12) : odd_value(w));
            u64 len = any(w, 4) ? any(w, 4096) : (u32)rnd(w), flags = any(w, 8), next = any(w, 64);
            store_le64(page + n + 8, len | flags << 32 | next << 48);
        }
        if (any(w, 2)) /* a ring: flags, index, entries */
            for (u32 n = 2; n < 1024; n += 2)
                store_le16(page + n, (u16)any(w, 64));
        assert_true(physmap_write(&w->b.m->map, GARBAGE + 4096 * i, page, sizeof page));
    }
}

/* ---- the processor's side ---- */

static void system_register(struct world *w)
{
    static const u8 ids[] = { SYSREG_X86_INTACK, SYSREG_X86_TPR, SYSREG_X86_APIC_BASE, SYSREG_X86_TSC_DEADLINE };
    u32 id = ids[any(w, sizeof ids)];
    const struct sysreg_port *p = w->b.m->cpus[0]->ports[id];
    if (!p)
        return;
    if (any(w, 2) && p->read)
        p->read(p->opaque, id);
    else if (p->write && id == SYSREG_X86_APIC_BASE) /* the frontend refuses what the processor has no bits for */
        p->write(p->opaque, id, (odd_value(w) & 0xffffff000) | any(w, 16) << 8);
    else if (p->write)
        p->write(p->opaque, id, id == SYSREG_X86_TPR ? any(w, 16) : odd_value(w));
}

/* Time passes: to some deadlines one by one, then at once, as on a host that is late. */
static void let_time_pass(struct world *w)
{
    struct machine *m = w->b.m;
    u64 to = m->s.idle_ns + rnd(w) % (1u << any(w, 24));
    for (u32 n = any(w, 100); n && m->next_deadline <= machine_icount(m) + to; n--) {
        u64 due = m->next_deadline > machine_icount(m) ? m->next_deadline - machine_icount(m) : 0;
        m->s.idle_ns = MAX(m->s.idle_ns, due);
        machine_run_events(m);
    }
    m->s.idle_ns = to;
    machine_run_events(m);
}

static void take_requests(struct world *w)
{
    if (atomic_exchange(&w->b.m->request, 0) & REQ_RESET) {
        machine_reset(w->b.m);
        w->resets++;
    }
    vcpu_irq_set(w->b.m->cpus[0], VCPU_IRQ, false);
}

static void scribble(const char *cpu, u64 seed, u32 rounds)
{
    struct kernel k;
    struct world w = { .seed = seed };
    kernel_start(&k, false);
    open_world(&w, &k, cpu, &interp_engine);
    for (u32 i = 0; i < rounds; i++) {
        switch (any(&w, 20)) {
        case 0: move_bar(&w); break;
        case 1: case 2: config_access(&w); break;
        case 3: use_window(&w); break;
        case 4: start_queues(&w); break;
        case 5: system_register(&w); break;
        case 6: let_time_pass(&w); break;
        case 16: case 17: apic_access(&w); break;
        case 18: pic_and_pit(&w); break;
        case 7: case 8: case 9: case 10: memory_access(&w); break;
        default: port_access(&w); break;
        }
        take_requests(&w);
        if (i % 1000 == 0)
            put_garbage(&w);
        if (i % 64 == 0)
            check_devices(&w);
    }
    check_devices(&w);
    assert_true(w.resets > 0);
    board_close(&w.b);
}

static void test_scribble(void **state)
{
    (void)state;
    for (u64 seed = 0; seed < 4; seed++) {
        scribble("max", seed, 25000);
        scribble("486", seed, 10000);
    }
}

/* ---- programs ---- */

/* A table at 0x30000 whose gates all lead to code that ends the interrupt (SDM volume 3, 6.11). An exception with an
 * error code brings the stack out of step, which in time ends in a reset. */
static void set_up_interrupts(struct kernel *k)
{
    u32 handler = kernel_here(k) + 5;
    CODE(k, 0xe9, 26, 0, 0, 0);
    CODE(k, 0x50, 0x57, 0xb0, 0x20, 0xe6, 0x20, 0xe6, 0xa0);                     /* push eax, edi; end of interrupt */
    CODE(k, 0xbf, LE32(0xfee000b0), 0xc7, 0x07, LE32(0), 0x5f, 0x58, 0xcf, 0x90, 0x90, 0x90, 0x90); /* EOI; iret */
    CODE(k, 0xbc, LE32(0x60000));                                                /* mov esp, 0x60000 */
    CODE(k, 0xbf, LE32(0x30000), 0xb9, LE32(256));                               /* mov edi, table; mov ecx, 256 */
    CODE(k, 0xc7, 0x07, LE32(0x100000 | (handler & 0xffff)));                    /* the gate: selector 0x10 */
    CODE(k, 0xc7, 0x47, 4, LE32((handler & 0xffff0000) | 0x8e00));
    CODE(k, 0x83, 0xc7, 8, 0xe2, 0xee);                                          /* add edi, 8; loop */
    CODE(k, 0x68, LE32(0x00030000), 0x66, 0x68, 0xff, 0x07, 0x0f, 0x01, 0x1c, 0x24, 0xfb); /* lidt [esp]; sti */
}

static u32 odd_port(struct world *w)
{
    static const u16 ports[] = {
        0x20, 0x21, 0xa0, 0xa1, 0x40, 0x41, 0x42, 0x43, 0x61, 0x70, 0x71, 0xb2, 0x3f8, 0x3f9, 0x3fa, 0x3fb,
        0x60, 0x60, 0x64, 0x64, 0x378, 0x37a, 0x2f9,
        0x3fc, 0x4d0, 0x4d1, 0x600, 0x602, 0x608, 0xcf8, 0xcfc, 0xcfd, 0xafe0, 0xc000,
    };
    return any(w, 16) ? ports[any(w, COUNT(ports))] : any(w, 0x10000);
}

static u32 odd_address(struct world *w)
{
    static const u32 places[] = {
        PC_APIC, PC_APIC, PC_IOAPIC, PC_IOAPIC + 0x10, PC_PCI_MEM, 0xa0000, 0xfffffff0, GARBAGE,
    };
    return places[any(w, COUNT(places))] + any(w, 64) * 16;
}

static void put_program(struct world *w, struct kernel *k)
{
    kernel_start(k, false);
    set_up_interrupts(k);
    u32 top = k->n;
    while (k->n < KERNEL_ROOM - 64) {
        switch (any(w, 8)) {
        case 0: case 1: emit_in(k, odd_port(w), any_size(w)); break;
        case 2: emit_store(k, odd_address(w), (u32)odd_value(w)); break;
        case 3: CODE(k, 0xbf, LE32(odd_address(w)), 0x8b, 0x07); break;                 /* mov eax, [edi] */
        case 4: CODE(k, 0xbf, LE32(odd_address(w)), 0x66, 0xba, 0x20, 0, 0x6d); break;  /* insd */
        case 5:
            emit_out(k, PC_PORT_PCI, 0x80000000 | any_function(w) << 8 | (any(w, 64) << 2), 4);
            emit_out(k, PC_PORT_PCI + 4, (u32)odd_value(w), any_size(w));
            break;
        default: emit_out(k, odd_port(w), (u32)odd_value(w), any_size(w)); break;
        }
        if (!any(w, 16))
            CODE(k, 0xfb); /* sti */
        if (!any(w, 3000))
            CODE(k, 0xfb, 0xf4); /* sti; hlt */
    }
    CODE(k, 0xe9, LE32(top - (k->n + 5)));
}

static void run_program(const char *cpu, const struct engine *en, u64 seed)
{
    struct kernel k;
    struct world w = { .seed = seed };
    put_program(&w, &k);
    open_world(&w, &k, cpu, en);
    put_garbage(&w);
    for (u32 i = 0; i < 10; i++) {
        w.b.m->stop_at = machine_icount(w.b.m) + 20000;
        w.stuck = 0;
        if (machine_run(w.b.m) == END_STOP) /* asleep for good */
            machine_reset(w.b.m);
        check_devices(&w);
    }
    board_close(&w.b);
}

static void test_programs(void **state)
{
    (void)state;
    for (u64 seed = 0; seed < 12; seed++) {
        run_program(seed % 3 ? "max" : "486", &interp_engine, seed);
        if (baseline_works())
            run_program(seed % 3 ? "max" : "486", &baseline_engine, seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_scribble), cmocka_unit_test(test_programs) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
