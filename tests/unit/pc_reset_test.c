/*
 * pc_reset_test.c - the ways in which a guest resets the PC: triple faults in every mode, ports, the register that
 * ACPI names. The board is then as a fresh one but for memory, the clock and CMOS, and the guest runs again; on both
 * engines.
 *
 * The guest counts its starts in RAM, prints a letter, turns the machine off at the third, else upsets the devices
 * and resets.
 */
#include "tests/unit/pc_rig.h"

#ifdef __SANITIZE_ADDRESS__
/* What was freed is kept back, up to 256 MB of it, to find late uses: it would count as growth. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "quarantine_size_mb=1"; }
#endif

#define RAM_SIZE (8ull << 20)
#define STARTS   0x40000u /* where the guest counts: nothing is loaded there */
#define LIMIT    100000u  /* instructions that no guest needs */

enum way { TRIPLE_REAL, TRIPLE_PROTECTED, TRIPLE_LONG, TRIPLE_FETCH, RC_HARD, RC_SOFT, PORT_92, KBC_PULSE,
           KBC_PORT, ACPI_REGISTER, WAYS };

static bool is_wide(enum way way) { return way == TRIPLE_LONG || way == TRIPLE_FETCH; }
static bool is_triple(enum way way) { return way <= TRIPLE_FETCH; }

/* ---- the guest ---- */

static void print_or_end(struct kernel *k)
{
    CODE(k, 0x83, 0x3f, 3);                 /* cmp dword [rdi], 3 */
    emit_out(k, PC_PORT_COM1, 'B', 1);
    CODE(k, 0x72, 12);                      /* jb over the next */
    emit_out(k, PC_PORT_PM + 4, 0x2000, 2); /* S5: off */
    CODE(k, 0xf4);                          /* hlt */
}

static void set_pci(struct kernel *k, u32 slot, u32 fn, u32 off, u32 val)
{
    emit_out(k, PC_PORT_PCI, 0x80000000 | slot << 11 | fn << 8 | off, 4);
    emit_out(k, PC_PORT_PCI + 4, val, 4);
}

static void upset_pci(struct kernel *k)
{
    set_pci(k, 3, 0, 0x10, 0xc001);
    set_pci(k, 3, 0, 0x14, 0xe0001000);
    set_pci(k, 3, 0, 0x20, 0xe0004000);
    set_pci(k, 3, 0, 0x04, 7);
    set_pci(k, 3, 0, 0x3c, 0x55);
    set_pci(k, 0, 0, 0x58, 0x33333333);
    set_pci(k, 1, 0, 0x60, 0x80808080);
    set_pci(k, 1, 3, 0x40, 0x1001);
    emit_out(k, 0xc012, 3, 1);          /* virtio: acknowledged, a driver */
    emit_out(k, 0xc00e, 0, 2);
    emit_out(k, 0xc008, 0x20, 4);
    emit_store(k, 0xe0004014, 1);
    emit_store(k, 0xe0001000, 0xfee00000); /* MSI-X */
    emit_out(k, PC_PORT_PCI, 0x80000008, 4);
}

static void upset_ports(struct kernel *k)
{
    static const struct { u16 port; u8 val; } writes[] = {
        { 0x20, 0x11 }, { 0x21, 0x40 }, { 0x21, 4 }, { 0x21, 1 }, { 0x21, 0x5a }, { 0xa0, 0x11 }, { 0xa1, 0x48 },
        { 0xa1, 2 },    { 0xa1, 1 },    { 0xa1, 0 },  { 0x4d0, 0xf8 }, { 0x43, 0x34 }, { 0x40, 0x10 }, { 0x40, 0 },
        { 0x43, 0xb6 }, { 0x42, 0x55 }, { 0x42, 1 },  { 0x61, 3 },     { 0x70, 0x8b }, { 0x71, 0x42 }, { 0x70, 0x0a },
        { 0x71, 0x2f }, { 0x3f9, 0xf }, { 0x3fa, 7 }, { 0x3fc, 0x1b }, { 0x3ff, 0x77 }, { 0x3fb, 0x83 }, { 0x3f8, 1 },
        { 0xb2, 0xf1 }, { 0xb3, 7 },    { 0x1003, 5 }, { 0x1002, 0x21 }, { 0x92, 2 },  { 0xcf9, 8 },  { 0x80, 0x5b },
        { 0x60, 0xf0 }, { 0x60, 1 },    { 0x64, 0xd4 }, { 0x60, 0xf4 }, { 0x64, 0x60 }, { 0x60, 0x23 },
        { 0x64, 0xd3 }, { 0x60, 7 },    { 0x378, 0x55 }, { 0x37a, 0x1d }, { 0x64, 0xd1 },
    };
    for (u32 i = 0; i < COUNT(writes); i++)
        emit_out(k, writes[i].port, writes[i].val, 1);
}

/* Registers of the processor, its APIC and the I/O APIC; p6: it has the MSRs of one. */
static void upset_cpu(struct kernel *k, bool p6)
{
    emit_store(k, PC_APIC + 0xf0, 0x1ff);
    emit_store(k, PC_APIC + 0x80, 0x20);
    emit_store(k, PC_APIC + 0x3e0, 0xb);
    emit_store(k, PC_APIC + 0x320, 0x20030);
    emit_store(k, PC_APIC + 0x380, 100000);
    emit_store(k, PC_IOAPIC, 0x14);
    emit_store(k, PC_IOAPIC + 0x10, 0x8031);
    if (p6) {
        CODE(k, 0xb9, LE32(0x1b), 0xb8, LE32(0xfee01900), 0x31, 0xd2, 0x0f, 0x30); /* WRMSR: the APIC's base */
        CODE(k, 0xb9, LE32(0x277), 0x31, 0xc0, 0x0f, 0x30);                        /* PAT */
    }
    CODE(k, 0xb8, LE32(0x12345), 0x0f, 0x23, 0xc0); /* mov dr0, rax */
    CODE(k, 0xdb, 0xe3, 0xd9, 0xe8, 0x0f, 0x31);    /* fninit; fld1; rdtsc */
}

/* lidt [the ten zeros at data]: absolute address in both modes. */
static void no_idt(struct kernel *k, u32 data)
{
    CODE(k, 0x0f, 0x01, 0x1c, 0x25, LE32(data));
}

/* Back to real mode, where the table is empty, too (SDM volume 3, 9.9.2), by 16-bit segments in our own table. */
static void triple_in_real_mode(struct kernel *k)
{
    u32 jump = kernel_here(k);
    CODE(k, 0xeb, 48);
    while (kernel_here(k) % 16)
        CODE(k, 0x90);
    u32 table = kernel_here(k);
    const u64 gdt[] = { 0, 0x00009b000000ffff | (u64)PCB_KERNEL << 16, 0x000093000000ffff };
    emit(k, (const u8 *)gdt, sizeof gdt);
    u32 pointer = kernel_here(k);
    CODE(k, sizeof gdt - 1, 0, LE32(table));
    while (kernel_here(k) < jump + 50)
        CODE(k, 0x90);
    CODE(k, 0x0f, 0x01, 0x14, 0x25, LE32(pointer));         /* lgdt */
    u32 to = k->n + 7;
    CODE(k, 0xea, LE32(to), 8, 0);                          /* jmp 8:next, which is 16 bits */
    CODE(k, 0x0f, 0x20, 0xc0, 0x24, 0xfe, 0x0f, 0x22, 0xc0); /* mov eax, cr0; and al, 0xfe; mov cr0, eax */
    to = k->n + 5 + 0x10;
    CODE(k, 0xea, (u8)to, (u8)(to >> 8), 0xff, 0xff);       /* jmp 0xffff:next */
    CODE(k, 0xcd, 0x21);                                    /* int 0x21 */
}

static u32 acpi_register(u32 *val);

static void reset_by(struct kernel *k, enum way way, u32 zeros)
{
    u32 val, port;
    switch (way) {
    case TRIPLE_REAL:
        no_idt(k, zeros);
        triple_in_real_mode(k);
        break;
    case TRIPLE_PROTECTED: case TRIPLE_LONG:
        no_idt(k, zeros);
        CODE(k, 0x0f, 0x0b); /* ud2 */
        break;
    case TRIPLE_FETCH: /* a jump to where nothing is mapped */
        no_idt(k, zeros);
        CODE(k, 0x48, 0xb8, 0, 0, 0, 0, 0, 0x10, 0, 0, 0xff, 0xe0); /* mov rax, 1 << 44; jmp rax */
        break;
    case KBC_PULSE: emit_out(k, PC_PORT_KBD_COMMAND, 0xfe, 1); break;
    case KBC_PORT: emit_out(k, PC_PORT_KBD_COMMAND, 0xd1, 1); emit_out(k, PC_PORT_KBD, 0xce, 1); break;
    case RC_HARD: emit_out(k, PC_PORT_RESET, 2, 1); emit_out(k, PC_PORT_RESET, 6, 1); break;
    case RC_SOFT: emit_out(k, PC_PORT_RESET, 0, 1); emit_out(k, PC_PORT_RESET, 4, 1); break;
    case PORT_92: emit_out(k, PC_PORT_92, 3, 1); break;
    case ACPI_REGISTER:
        port = acpi_register(&val);
        emit_out(k, port, val, 1);
        break;
    case WAYS: break;
    }
    CODE(k, 0xeb, 0xfe);
}

/* Returns where it begins to reset. */
static u32 make_guest(struct kernel *k, enum way way, bool upset, bool p6)
{
    kernel_start(k, is_wide(way));
    u32 jump = k->n + 5;
    CODE(k, 0xe9, 16, 0, 0, 0);
    while (k->n < jump + 16)
        CODE(k, 0);
    CODE(k, 0xbf, LE32(STARTS), 0xff, 0x07); /* mov edi, STARTS; inc dword [rdi] */
    if (upset) {
        print_or_end(k);
        upset_pci(k);
        upset_ports(k);
        upset_cpu(k, p6);
    }
    u32 from = kernel_here(k);
    reset_by(k, way, (u32)PCB_KERNEL + jump);
    return from;
}

/* ---- the machine ---- */

static void open_board(struct board *b, const struct kernel *k, const char *cpu, const struct engine *en)
{
    const struct pc_config c = { .slots = { { .kind = SLOT_RNG }, { .kind = SLOT_CONSOLE } }, .slot_count = 2,
                                 .vga = true };
    board_open_as(b, k, cpu, en, c, RAM_SIZE);
}

static u64 peek(struct board *b, gpa at, u32 size)
{
    u64 val = 0;
    assert_true(physmap_read(&b->m->map, at, &val, size));
    return val;
}

/* RESET_REG and RESET_VALUE as an operating system finds them (ACPI 6.4, 5.2.5 to 5.2.9). */
static u32 acpi_register(u32 *val)
{
    struct kernel k;
    struct board b;
    make_guest(&k, TRIPLE_PROTECTED, false, false);
    open_board(&b, &k, "max", &interp_engine);
    u32 root = (u32)peek(&b, PCB_ACPI + 16, 4), fadt = (u32)peek(&b, root + 36, 4);
    assert_int_equal(peek(&b, fadt, 4), 0x50434146); /* "FACP" */
    assert_true(peek(&b, fadt + 112, 4) >> 10 & 1);  /* RESET_REG_SUP */
    assert_int_equal(peek(&b, fadt + 116, 1), 1);    /* system I/O */
    u32 port = (u32)peek(&b, fadt + 120, 8);
    *val = (u32)peek(&b, fadt + 128, 1);
    board_close(&b);
    return port;
}

/* ---- as fresh ---- */

/* What outlives a reset: the clock and what runs from its battery; the ACPI timer goes on. */
static bool outlives(const char *cls, const char *field)
{
    return (!strcmp(cls, "mc146818") && (!strcmp(field, "seen") || !strcmp(field, "bytes")))
           || (!strcmp(cls, "acpi_pm") && !strcmp(field, "seen"));
}

static u32 compare_state(const char *path, const char *name, const struct state_desc *d, const void *a, const void *b)
{
    u32 bad = 0;
    for (u32 i = 0; i < d->field_count; i++) {
        const struct state_field *f = &d->fields[i];
        if (!memcmp((const u8 *)a + f->offset, (const u8 *)b + f->offset, (size_t)f->size * f->count)
            || outlives(name, f->name))
            continue;
        print_error("%s: %s is not as after power-on\n", path, f->name);
        bad++;
    }
    return bad;
}

static u32 compare_range(struct board *a, struct board *b, gpa from, gpa to)
{
    static u8 x[1 << 20], y[1 << 20];
    assert_true(to - from <= sizeof x);
    assert_true(physmap_read(&a->m->map, from, x, to - from) && physmap_read(&b->m->map, from, y, to - from));
    if (!memcmp(x, y, to - from))
        return 0;
    print_error("memory from %#llx to %#llx is not as loaded\n", (unsigned long long)from, (unsigned long long)to);
    return 1;
}

static void expect_fresh(struct board *b, struct board *fresh)
{
    u32 bad = 0;
    struct machine *m = b->m, *f = fresh->m;
    assert_int_equal(m->dev_count, f->dev_count);
    for (u32 i = 0; i < m->dev_count; i++) {
        const struct dev_class *c = m->devs[i]->cls;
        if (c->state)
            bad += compare_state(m->devs[i]->path, c->name, c->state, dev_state(m->devs[i]), dev_state(f->devs[i]));
    }
    struct vcpu *v = m->cpus[0], *w = f->cpus[0];
    bad += compare_state("processor", "x86", v->guest->desc, v->state, w->state);
    bad += v->s.pc != w->s.pc || v->s.halted || v->irq != w->irq;
    bad += compare_range(b, fresh, PCB_GDT, PCB_GDT + 32);
    bad += compare_range(b, fresh, PCB_PARAMS, PCB_PARAMS + 4096); /* not the seed behind it */
    bad += compare_range(b, fresh, PCB_ACPI, PCB_KERNEL);
    bad += compare_range(b, fresh, PCB_KERNEL, PCB_KERNEL + KERNEL_ROOM);
    assert_int_equal(m->map.region_count, f->map.region_count);
    for (u32 i = 0; i < m->map.region_count; i++)
        bad += m->map.regions[i].base != f->map.regions[i].base || m->map.regions[i].size != f->map.regions[i].size;
    assert_int_equal(m->io.count, f->io.count);
    assert_int_equal(bad, 0);
    assert_null(m->shutdown);
}

/* ---- the tests ---- */

static u64 run_to_reset(const struct kernel *k, u32 from, enum way way, const char *cpu, const struct engine *en)
{
    struct board b;
    open_board(&b, k, cpu, en);
    b.m->no_reboot = true;
    b.m->stop_at = LIMIT;
    if (machine_run(b.m) != END_RESET)
        fail_msg("way %u on %s, %s: no reset", way, cpu, en->name);
    assert_int_equal(!!b.m->shutdown, is_triple(way));
    assert_true(!b.m->shutdown || b.m->shutdown_pc >= from); /* nothing before that went wrong */
    assert_string_equal(b.out, "B");
    u64 count = machine_icount(b.m);
    board_close(&b);
    return count;
}

static void try_way(enum way way, const char *cpu, const struct engine *en)
{
    struct kernel k;
    struct board b, fresh;
    u32 from = make_guest(&k, way, true, strcmp(cpu, "pentium") != 0);
    u64 count = run_to_reset(&k, from, way, cpu, en);
    open_board(&b, &k, cpu, en);
    open_board(&fresh, &k, cpu, en);
    b.m->stop_at = count;
    assert_int_equal(machine_run(b.m), END_COUNT);
    expect_fresh(&b, &fresh);
    b.m->stop_at = LIMIT;
    assert_int_equal(machine_run(b.m), END_POWEROFF);
    assert_string_equal(b.out, "BBB");
    board_close(&b);
    board_close(&fresh);
}

static void try_engine(const struct engine *en)
{
    for (enum way way = 0; way < WAYS; way++) {
        try_way(way, "max", en);
        if (!is_wide(way))
            try_way(way, "pentium", en);
    }
}

static void test_interp(void **state)
{
    (void)state;
    try_engine(&interp_engine);
}
static void test_baseline(void **state)
{
    (void)state;
    if (!baseline_works())
        skip();
    try_engine(&baseline_engine);
}

static long resident(void)
{
    long all, pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%ld %ld", &all, &pages), 2);
    fclose(f);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* A guest that only resets: instructions are counted all the same, and nothing is left behind. */
static void reset_for_ever(enum way way, const struct engine *en)
{
    struct kernel k;
    struct board b;
    make_guest(&k, way, false, false);
    open_board(&b, &k, "max", en);
    b.m->stop_at = 500;
    assert_int_equal(machine_run(b.m), END_COUNT);
    long before = resident();
    b.m->stop_at = 15000;
    assert_int_equal(machine_run(b.m), END_COUNT);
    assert_in_range(peek(&b, STARTS, 4), 1500, 5000);
    if (resident() - before > 4096) /* KiB */
        fail_msg("way %u, %s: grown by %ld KiB", way, en->name, resident() - before);
    board_close(&b);
}
static void test_for_ever(void **state)
{
    (void)state;
    static const enum way ways[] = { TRIPLE_PROTECTED, TRIPLE_LONG, TRIPLE_FETCH, RC_HARD };
    for (u32 i = 0; i < COUNT(ways); i++) {
        reset_for_ever(ways[i], &interp_engine);
        if (baseline_works())
            reset_for_ever(ways[i], &baseline_engine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interp), cmocka_unit_test(test_baseline),
        cmocka_unit_test(test_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
