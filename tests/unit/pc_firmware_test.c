/*
 * pc_firmware_test.c - the PC from the reset vector: ROM and shadow RAM in all four states of their areas, code in
 * both of them on both engines, system management RAM, address line 20, INIT, ACPI tables by the linker's commands,
 * reset.
 */
#include "tests/unit/pc_rig.h"
#include "hw/boards/pc_acpi.h"
#include "hw/misc/fw_cfg.h"
#include "hw/pci/pci.h"

#define RAM_SIZE (8ull << 20)
#define ROM_MAX  0x40000u

struct rom {
    u8  p[ROM_MAX];
    u32 size, at;   /* `at`: offset of the next byte */
};

struct world {
    struct board       b;
    struct memory_file file;
};

/* ---- code for real mode ---- */

static void rom_start(struct rom *r, u32 size)
{
    memset(r, 0, sizeof *r);
    r->size = size;
    for (u32 i = 0; i < size; i++)
        r->p[i] = (u8)(i >> 8 ^ i * 7 ^ 0x5a);
    memcpy(r->p + size - 16, (const u8[]){ 0xea, 0, 0, 0, 0xf0 }, 5); /* jmp 0xf000:0 */
    r->at = size - 0x10000;
}
static void rom_put(struct rom *r, const u8 *p, u32 n)
{
    assert_true(r->at + n <= r->size - 16);
    memcpy(r->p + r->at, p, n);
    r->at += n;
}
#define ROM(r, ...) rom_put(r, (const u8[]){ __VA_ARGS__ }, (u32)sizeof((const u8[]){ __VA_ARGS__ }))
#define LE16(v) (u8)(v), (u8)((v) >> 8)

static void rom_out8(struct rom *r, u32 port, u32 val) { ROM(r, 0xba, LE16(port), 0xb0, (u8)val, 0xee); }
static void rom_out32(struct rom *r, u32 port, u32 val)
{
    ROM(r, 0xba, LE16(port), 0x66, 0xb8, LE32(val), 0x66, 0xef);
}
static void rom_config(struct rom *r, u32 devfn, u32 reg, u32 val)
{
    rom_out32(r, PC_PORT_PCI, 0x80000000 | devfn << 8 | (reg & 0xfc));
    rom_out8(r, PC_PORT_PCI + 4 + (reg & 3), val);
}
static void rom_pam0(struct rom *r, u32 bits) { rom_config(r, 0, 0x59, bits << 4); }
/* Off, by the power management registers. */
static void rom_off(struct rom *r)
{
    rom_out32(r, PC_PORT_PCI, 0x80000b40);
    rom_out32(r, PC_PORT_PCI + 4, PC_PORT_PM | 1);
    rom_config(r, PCI_DEVFN(1, 3), 0x80, 1);
    ROM(r, 0xba, LE16(PC_PORT_PM + 4), 0xb8, LE16(0x2000), 0xef, 0xf4, 0xeb, 0xfd);
}

/* What comes next, to rom_end(), runs when AL is val. */
static u32 rom_unless(struct rom *r, u8 val)
{
    ROM(r, 0x3c, val, 0x75, 0); /* cmp al, val; jne */
    return r->at;
}
static void rom_end(struct rom *r, u32 from)
{
    assert_true(r->at - from < 128);
    r->p[from - 1] = (u8)(r->at - from);
}

/* ---- the board ---- */

static void open_rom_on(struct world *w, const struct rom *r, const char *cpu, const struct engine *en)
{
    memset(w, 0, sizeof *w);
    file_make(&w->file);
    file_put(&w->file, r->p, r->size);
    board_open_as(&w->b, NULL, cpu, en, (struct pc_config){ .bios = w->file.path }, RAM_SIZE);
    w->b.m->stop_at = 1000000;
}
static void open_rom(struct world *w, const struct rom *r, const struct engine *en) { open_rom_on(w, r, "max", en); }
static void close_rom(struct world *w)
{
    board_close(&w->b);
    close(w->file.fd);
}

static void expect_output_on(const char *cpu, const struct rom *r, const char *text)
{
    const struct engine *engines[] = { &interp_engine, baseline_works() ? &baseline_engine : NULL };
    for (u32 i = 0; i < COUNT(engines) && engines[i]; i++) {
        struct world w;
        open_rom_on(&w, r, cpu, engines[i]);
        assert_int_equal(machine_run(w.b.m), END_POWEROFF);
        assert_string_equal(w.b.out, text);
        close_rom(&w);
    }
}
static void expect_output(const struct rom *r, const char *text) { expect_output_on("max", r, text); }

static void config(struct world *w, u32 reg, u32 val)
{
    iobus_write(&w->b.m->io, PC_PORT_PCI, 0x80000000 | (reg & 0xfc), 4);
    iobus_write(&w->b.m->io, PC_PORT_PCI + 4 + (reg & 3), val, 1);
}
static u32 peek(struct world *w, gpa at)
{
    u64 val = 0;
    assert_true(physmap_bus_read(&w->b.m->map, at, 4, &val));
    return (u32)val;
}
static void poke(struct world *w, gpa at, u32 val) { assert_true(physmap_bus_write(&w->b.m->map, at, 4, val)); }
static u32 rom_word(const struct rom *r, gpa at)
{
    u64 alias = MIN(r->size, 0x20000u);
    return at < (1 << 20) - alias ? ~0u : load_le32(r->p + r->size - ((1 << 20) - at));
}

/* ---- the tests ---- */

/* The area that each register's halves are for (82441FX, table 6), and who answers in the four states. */
static void area_states(struct world *w, const struct rom *r, gpa at, u32 reg, u32 shift)
{
    u32 rom = rom_word(r, at);
    config(w, reg, 3u << shift);
    poke(w, at, 0x11111111);
    config(w, reg, 2u << shift);    /* writes to RAM, reads from ROM or nowhere */
    assert_int_equal(peek(w, at), rom);
    poke(w, at, 0x22222222);
    assert_int_equal(peek(w, at), rom);
    config(w, reg, 1u << shift);    /* the other way round */
    assert_int_equal(peek(w, at), 0x22222222);
    poke(w, at, 0x33333333);
    assert_int_equal(peek(w, at), 0x22222222);
    config(w, reg, 0);
    poke(w, at, 0x44444444);
    assert_int_equal(peek(w, at), rom);
    config(w, reg, 3u << shift);
    assert_int_equal(peek(w, at), 0x22222222);
    config(w, reg, 0);
}

static void try_size(u32 size)
{
    struct world w;
    struct rom r;
    rom_start(&r, size);
    open_rom(&w, &r, &interp_engine);
    assert_int_equal(peek(&w, 0xfffffff0), load_le32(r.p + size - 16));
    assert_int_equal(peek(&w, (1ull << 32) - size), load_le32(r.p));
    for (u32 i = 0; i < 12; i++) {
        area_states(&w, &r, 0xc0000 + i * 0x4000, 0x5a + i / 2, i % 2 ? 4 : 0);
        area_states(&w, &r, 0xc3ffc + i * 0x4000, 0x5a + i / 2, i % 2 ? 4 : 0);
    }
    area_states(&w, &r, 0xf0000, 0x59, 4);
    area_states(&w, &r, 0xffffc, 0x59, 4);
    close_rom(&w);
}
static void test_areas(void **state)
{
    (void)state;
    try_size(0x10000);
    try_size(0x20000);
    try_size(0x40000);
}

/* A word over the edge of two areas goes to each of them. */
static void test_edges(void **state)
{
    (void)state;
    struct world w;
    struct rom r;
    rom_start(&r, 0x20000);
    open_rom(&w, &r, &interp_engine);
    config(&w, 0x5e, 0x20);         /* 0xe4000: writes to RAM; 0xe0000 and 0xe8000: ROM */
    poke(&w, 0xe3ffe, 0xaabbccdd);
    poke(&w, 0xe7ffe, 0x11223344);
    config(&w, 0x5e, 0x33);
    assert_int_equal(peek(&w, 0xe3ffc), 0);
    assert_int_equal(peek(&w, 0xe4000), 0xaabb);
    assert_int_equal(peek(&w, 0xe7ffc), 0x33440000);
    close_rom(&w);
}

/* A guest that puts its APIC where areas come and go gets nothing there, and nothing breaks. */
static void test_apic_below(void **state)
{
    (void)state;
    static const u64 places[] = { 0xa0000, 0xbf000, 0xc0000, 0xe4000, 0xff000, 0xfed00000, 0xffff0000, 0xfffff000 };
    struct world w;
    struct rom r;
    rom_start(&r, 0x10000);
    open_rom(&w, &r, &interp_engine);
    const struct sysreg_port *base = w.b.m->cpus[0]->ports[SYSREG_X86_APIC_BASE];
    for (u32 i = 0; i < COUNT(places); i++) {
        base->write(base->opaque, SYSREG_X86_APIC_BASE, places[i] | 0x900);
        for (u32 bits = 0; bits < 4; bits++)
            for (u32 reg = 0x59; reg < 0x60; reg++)
                config(&w, reg, bits << 4 | (bits ^ i));
        config(&w, 0x72, 0x4a);
        config(&w, 0x72, 0x0a);
    }
    machine_reset(w.b.m);
    assert_int_equal(peek(&w, PC_APIC + 0x30) & 0xff, 0x14);
    close_rom(&w);
}

/* Random registers and accesses against a model of bytes. */
struct model {
    u8 ram[0x60000];        /* from 0xa0000 on */
    u8 bits[16];
    bool smram;
};

static void model_registers(struct world *w, struct model *m, u64 r)
{
    u32 reg = 0x59 + r % 7, val = (u32)(r >> 8 & 0xff), i = 2 * (reg - 0x5a);
    if (r >> 16 & 3) {
        config(w, reg, val);
        if (reg == 0x59)
            memset(m->bits + 12, (int)(val >> 4 & 3), 4);
        else
            m->bits[i] = val & 3, m->bits[i + 1] = (u8)(val >> 4 & 3);
    } else {
        m->smram = r >> 18 & 1;
        config(w, 0x72, m->smram ? 0x4a : 0x0a);
    }
}

static u8 model_read(const struct model *m, const struct rom *r, u32 at)
{
    if (at < 0xc0000)
        return m->smram ? m->ram[at - 0xa0000] : 0xff;
    if (m->bits[(at - 0xc0000) / 0x4000] & 1)
        return m->ram[at - 0xa0000];
    return at < 0x100000 - MIN(r->size, 0x20000u) ? 0xff : r->p[r->size - (0x100000 - at)];
}
static void model_write(struct model *m, u32 at, u8 val)
{
    if (at < 0xc0000 ? m->smram : m->bits[(at - 0xc0000) / 0x4000] & 2)
        m->ram[at - 0xa0000] = val;
}

static u64 next_random(u64 *x)
{
    u64 z = *x += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static void random_access(struct world *w, struct model *m, const struct rom *rom, u64 r)
{
    u32 size = 1u << (r >> 4 & 3), edge = (u32)(r >> 8) % 24 * 0x4000 - (u32)(r >> 32 & 7);
    u32 at = 0xa0000 + (r >> 6 & 1 ? edge : (u32)(r >> 32)) % (0x60000 - 8);
    u64 val = r * 0x2545f4914f6cdd1d, want = 0;
    if (r & 8) {
        assert_true(physmap_bus_write(&w->b.m->map, at, size, val));
        for (u32 i = 0; i < size; i++)
            model_write(m, at + i, (u8)(val >> 8 * i));
        return;
    }
    assert_true(physmap_bus_read(&w->b.m->map, at, size, &val));
    for (u32 i = 0; i < size; i++)
        want |= (u64)model_read(m, rom, at + i) << 8 * i;
    if (val != want)
        fail_msg("%u bytes at %#x: %#llx, not %#llx", size, at, (unsigned long long)val, (unsigned long long)want);
}

static void test_random(void **state)
{
    (void)state;
    static const u32 sizes[] = { 0x10000, 0x20000, 0x30000 };
    for (u64 seed = 0; seed < 9; seed++) {
        struct model *m = calloc(1, sizeof *m);
        struct world w;
        struct rom r;
        u64 x = seed;
        rom_start(&r, sizes[seed % COUNT(sizes)]);
        open_rom(&w, &r, &interp_engine);
        for (u32 i = 0; i < 30000; i++) {
            u64 v = next_random(&x);
            if (i % 16 == 0)
                model_registers(&w, m, v);
            random_access(&w, m, &r, next_random(&x));
        }
        close_rom(&w);
        free(m);
    }
}

/* One routine in ROM and another one in the RAM behind, at one address, called under each of the states. */
static void test_code(void **state)
{
    (void)state;
    enum { ROUTINE = 0x8000, LETTER = ROUTINE + 4 };
    struct rom r;
    rom_start(&r, 0x20000);
    const u8 call[] = { 0xe8 };
#define CALL() do { rom_put(&r, call, 1); u32 to = ROUTINE - ((r.at - 0x10000) + 2); ROM(&r, LE16(to)); } while (0)
    ROM(&r, 0xb8, LE16(0x4000), 0x8e, 0xd0, 0xbc, LE16(0x1000));      /* ss = 0x4000, sp = 0x1000 */
    ROM(&r, 0xb8, LE16(0xf000), 0x8e, 0xd8, 0x8e, 0xc0, 0xfc);              /* ds = es = 0xf000; cld */
    CALL();                                                                 /* R */
    rom_pam0(&r, 2);
    ROM(&r, 0x31, 0xf6, 0x31, 0xff, 0xb9, LE16(0x8000), 0xf3, 0xa5);        /* the copy: rep movsw */
    ROM(&r, 0xc6, 0x06, LE16(LETTER), 'S');                                 /* mov byte [LETTER], 'S' */
    CALL();                                                                 /* R */
    rom_pam0(&r, 3);
    CALL();                                                                 /* S */
    rom_pam0(&r, 1);
    ROM(&r, 0xc6, 0x06, LE16(LETTER), 'X');
    CALL();                                                                 /* S */
    rom_pam0(&r, 0);
    CALL();                                                                 /* R */
    rom_pam0(&r, 3);
    CALL();                                                                 /* S */
    ROM(&r, 0xc6, 0x06, LE16(LETTER), 'T');
    CALL();                                                                 /* T */
    rom_pam0(&r, 0);
    CALL();                                                                 /* R */
    rom_off(&r);
    r.at = 0x10000 + ROUTINE;
    rom_out8(&r, PC_PORT_COM1, 'R');
    ROM(&r, 0xc3);
    assert_int_equal(r.p[0x10000 + LETTER], 'R');
    expect_output(&r, "RRSSRSTR");
}

static void test_smram(void **state)
{
    (void)state;
    struct world w;
    struct rom r;
    rom_start(&r, 0x10000);
    open_rom(&w, &r, &interp_engine);
    poke(&w, 0xa0000, 1);
    assert_int_equal(peek(&w, 0xa0000), ~0u);
    config(&w, 0x72, 0x4a);
    poke(&w, 0xa0000, 0x1234);
    poke(&w, 0xbfffc, 0x5678);
    assert_int_equal(peek(&w, 0xa0000), 0x1234);
    config(&w, 0x72, 0x0a);
    assert_int_equal(peek(&w, 0xa0000), ~0u);
    config(&w, 0x72, 0x4a);
    assert_int_equal(peek(&w, 0xbfffc), 0x5678);
    config(&w, 0x72, 0x1a);         /* locked */
    config(&w, 0x72, 0x4a);
    assert_int_equal(peek(&w, 0xbfffc), ~0u);
    machine_reset(w.b.m);
    config(&w, 0x72, 0x4a);
    assert_int_equal(peek(&w, 0xa0000), 0x1234);
    close_rom(&w);
}

static void vga_set(struct world *w, u32 port, u32 index, u32 val)
{
    iobus_write(&w->b.m->io, port, index | val << 8, 2);
}

/* The VGA's window goes while system management RAM is there and is back afterwards, as what it became meanwhile:
 * planes (sequencer 4 is 6) or bytes in a row (14), from 0xa0000 or 0xb8000. */
static void test_smram_and_vga(void **state)
{
    (void)state;
    struct world w;
    struct rom r;
    u32 ram[2] = { 0 };
    rom_start(&r, 0x10000);
    memset(&w, 0, sizeof w);
    file_make(&w.file);
    file_put(&w.file, r.p, r.size);
    struct pc_config with_vga = { .bios = w.file.path, .vga = true };
    board_open_as(&w.b, NULL, "max", &interp_engine, with_vga, RAM_SIZE);
    iobus_write(&w.b.m->io, 0x3c2, 0x67, 1);
    vga_set(&w, 0x3c4, 2, 0xf);
    vga_set(&w, 0x3ce, 8, 0xff);
    for (u32 i = 0; i < 16; i++) {
        gpa at = i & 4 ? 0xb8000 : 0xa0000;
        u32 screen = 0x01010101 * (i + 1), then = i & 2 ? 14 : 6;
        vga_set(&w, 0x3c4, 4, i & 1 ? 14 : 6);
        vga_set(&w, 0x3ce, 6, i & 4 ? 0xd : 5);
        poke(&w, at, screen);
        config(&w, 0x72, 0x4a);
        assert_int_equal(peek(&w, at), ram[i >> 2 & 1]);
        poke(&w, at, ram[i >> 2 & 1] = 0x1000 + i);
        vga_set(&w, 0x3c4, 4, then);
        config(&w, 0x72, 0x0a);
        vga_set(&w, 0x3c4, 4, i & 1 ? 14 : 6);
        assert_int_equal(peek(&w, at), screen);
        vga_set(&w, 0x3c4, 4, then);
        vga_set(&w, 0x3c4, 4, i & 1 ? 14 : 6);
        assert_int_equal(peek(&w, at), screen);
    }
    config(&w, 0x72, 0x4a);
    machine_reset(w.b.m);
    assert_int_not_equal(peek(&w, 0xa0000), ram[0]);
    close_rom(&w);
}

/* The line is open at the reset vector, and follows port 0x92: 1 MiB is 0 without it. */
static void test_a20(void **state)
{
    (void)state;
    struct rom r;
    rom_start(&r, 0x10000);
    ROM(&r, 0x31, 0xc0, 0x8e, 0xd8, 0x48, 0x8e, 0xc0);                      /* ds = 0, es = 0xffff */
    ROM(&r, 0xc6, 0x06, LE16(0x500), 'A', 0x26, 0xc6, 0x06, LE16(0x510), 'B'); /* [0x500] = 'A', [0x100500] = 'B' */
#define SHOW() ROM(&r, 0xba, LE16(PC_PORT_COM1), 0x26, 0xa0, LE16(0x510), 0xee) /* mov al, [0x100500]; out */
    SHOW();
    rom_out8(&r, PC_PORT_92, 0);
    SHOW();
    rom_out8(&r, PC_PORT_92, 2);
    SHOW();
    rom_off(&r);
    expect_output(&r, "BAB");
}

/* INIT comes back to the vector with RAM, shadow RAM and devices as they were; a hard reset to the ROM. */
static void test_init(void **state)
{
    (void)state;
    struct rom r;
    rom_start(&r, 0x10000);
    ROM(&r, 0x31, 0xc0, 0x8e, 0xd8, 0xff, 0x06, LE16(0x500));               /* ds = 0; inc word [0x500] */
    ROM(&r, 0xa0, LE16(0x500), 0x04, '0', 0xba, LE16(PC_PORT_COM1), 0xee);  /* prints how often */
    u32 skip = rom_unless(&r, '1');                                         /* once: 0xcf9, soft */
    rom_out8(&r, PC_PORT_RESET, 0);
    ROM(&r, 0xb0, 4, 0xee, 0xf4);
    rom_end(&r, skip);
    skip = rom_unless(&r, '2');         /* twice: port 0x92, with the SMRAM lock set */
    rom_config(&r, 0, 0x72, 0x1a);
    rom_out8(&r, PC_PORT_92, 3);
    ROM(&r, 0xf4);
    rom_end(&r, skip);
    skip = rom_unless(&r, '3');
    rom_out32(&r, PC_PORT_PCI, 0x80000070);
    ROM(&r, 0xba, LE16(PC_PORT_PCI + 6), 0xec, 0x04, 'A' - 0x1a, 0xba, LE16(PC_PORT_COM1), 0xee); /* 'A': locked */
    rom_out8(&r, PC_PORT_RESET, 2);
    ROM(&r, 0xb0, 6, 0xee, 0xf4);
    rom_end(&r, skip);
    rom_out32(&r, PC_PORT_PCI, 0x80000070);
    ROM(&r, 0xba, LE16(PC_PORT_PCI + 6), 0xec, 0x04, 'B' - 0x02, 0xba, LE16(PC_PORT_COM1), 0xee); /* 'B': as new */
    rom_off(&r);
    expect_output(&r, "123A4B");
}

/* Whether the ID flag can be set, by which firmware finds out about CPUID. */
static void test_id_flag(void **state)
{
    (void)state;
    struct rom r;
    rom_start(&r, 0x10000);
    ROM(&r, 0x31, 0xc0, 0x8e, 0xd0, 0xbc, LE16(0x1000));                    /* ss = 0, sp = 0x1000 */
    ROM(&r, 0x66, 0x9c, 0x66, 0x58, 0x66, 0x35, LE32(0x200000));            /* pushfd; pop eax; xor eax, ID */
    ROM(&r, 0x66, 0x50, 0x66, 0x9d, 0x66, 0x9c, 0x66, 0x58);                /* push eax; popfd; pushfd; pop eax */
    ROM(&r, 0x66, 0xc1, 0xe8, 21, 0x24, 1, 0x04, '0', 0xba, LE16(PC_PORT_COM1), 0xee);
    rom_off(&r);
    expect_output_on("486", &r, "0");
    expect_output_on("pentium", &r, "1");
}

/* ---- what firmware is told ---- */

static u8 cmos(struct world *w, u32 reg)
{
    iobus_write(&w->b.m->io, PC_PORT_RTC, reg, 1);
    return (u8)iobus_read(&w->b.m->io, PC_PORT_RTC + 1, 1);
}

static void test_boot_order(void **state)
{
    (void)state;
    static const struct { const char *order; u8 first, third; } cases[] = {
        { NULL, 0x12, 0x30 }, { "a", 0x01, 0 }, { "dn", 0x43, 0 }, { "nca", 0x24, 0x10 },
    };
    for (u32 i = 0; i < COUNT(cases); i++) {
        struct world w;
        struct rom r;
        rom_start(&r, 0x10000);
        file_make(&w.file);
        file_put(&w.file, r.p, r.size);
        board_open_as(&w.b, NULL, "max", &interp_engine,
                      (struct pc_config){ .bios = w.file.path, .boot_order = cases[i].order }, RAM_SIZE);
        assert_int_equal(cmos(&w, 0x3d), cases[i].first);
        assert_int_equal(cmos(&w, 0x38), cases[i].third);
        close_rom(&w);
    }
}

static void cfg_select(struct world *w, u32 key) { iobus_write(&w->b.m->io, PC_PORT_FW_CFG, key, 2); }
static void cfg_read(struct world *w, void *p, u32 n)
{
    for (u32 i = 0; i < n; i++)
        ((u8 *)p)[i] = (u8)iobus_read(&w->b.m->io, PC_PORT_FW_CFG + 1, 1);
}

/* Size of a file, which is selected. */
static u32 cfg_file(struct world *w, const char *name)
{
    u8 count[4], entry[64];
    cfg_select(w, FW_CFG_FILE_DIR);
    cfg_read(w, count, 4);
    for (u32 i = 0; i < load_be32(count); i++) {
        cfg_read(w, entry, sizeof entry);
        if (strcmp((const char *)entry + 8, name))
            continue;
        cfg_select(w, (u32)entry[4] << 8 | entry[5]);
        return load_be32(entry);
    }
    return 0;
}

static void open_described(struct world *w, const struct rom *r, u64 ram)
{
    struct pc_config c = { .bios = w->file.path, .nographic = true, .slot_count = 3,
                           .slots = { { .kind = SLOT_BLK, .boot = 8 }, { .kind = SLOT_RNG },
                                      { .kind = SLOT_BLK, .boot = 2 } } };
    file_make(&w->file);
    file_put(&w->file, r->p, r->size);
    board_open_as(&w->b, NULL, "max", &interp_engine, c, ram);
}

static void test_fw_cfg(void **state)
{
    (void)state;
    struct world w;
    struct rom r;
    u8 map[64] = { 0 }, bytes[256] = { 0 };
    u16 cpus = 0;
    rom_start(&r, 0x10000);
    open_described(&w, &r, 5ull << 30);
    cfg_read(&w, bytes, 4);
    assert_memory_equal(bytes, "QEMU", 4);
    cfg_select(&w, FW_CFG_NB_CPUS);
    cfg_read(&w, &cpus, 2);
    assert_int_equal(cpus, 1);
    assert_int_equal(cfg_file(&w, "etc/e820"), 40);
    cfg_read(&w, map, 40);
    assert_true(load_le64(map) == 0 && load_le64(map + 8) == 3ull << 30 && load_le32(map + 16) == 1);
    assert_true(load_le64(map + 20) == PC_HIGH && load_le64(map + 28) == 2ull << 30 && load_le32(map + 36) == 1);
    u32 n = cfg_file(&w, "bootorder");
    cfg_read(&w, bytes, n);
    assert_string_equal((char *)bytes, "/pci@i0cf8/scsi@5/disk@0,0\n/pci@i0cf8/scsi@3/disk@0,0");
    assert_int_equal(cfg_file(&w, "etc/sercon-port"), 8);
    assert_int_equal(cfg_file(&w, "etc/acpi/rsdp"), PC_ACPI_RSDP);
    assert_int_equal(cfg_file(&w, "etc/table-loader") % PC_LOADER_COMMAND, 0);
    close_rom(&w);
}

/* Structures one behind the other, as many and as long as the entry point says, the largest as large, the end at the
 * end. */
static void test_smbios(void **state)
{
    (void)state;
    struct world w;
    struct rom r;
    u8 entry[31], t[1024], *p = t;
    u32 count = 0, largest = 0;
    rom_start(&r, 0x10000);
    open_described(&w, &r, 5ull << 30);
    assert_int_equal(cfg_file(&w, "etc/smbios/smbios-anchor"), sizeof entry);
    cfg_read(&w, entry, sizeof entry);
    u32 n = cfg_file(&w, "etc/smbios/smbios-tables"), last = 0;
    assert_true(n && n <= sizeof t && n == load_le16(entry + 22));
    cfg_read(&w, t, n);
    while (p < t + n) {
        u8 *end = p + p[1];
        while (end + 1 < t + n && (end[0] || end[1]))
            end++;
        count++;
        last = *p;
        largest = MAX(largest, (u32)(end + 2 - p));
        if (*p == 17)
            assert_int_equal(load_le16(p + 12), 5 << 10); /* MiB */
        p = end + 2;
    }
    assert_true(p == t + n && last == 127);
    assert_int_equal(count, load_le16(entry + 28));
    assert_int_equal(largest, load_le16(entry + 8));
    close_rom(&w);
}

/* ---- ACPI tables: placed by the board, and as the commands would have firmware do it ---- */

static u8 sum(const u8 *p, u32 n)
{
    u8 s = 0;
    for (u32 i = 0; i < n; i++)
        s = (u8)(s + p[i]);
    return s;
}

/* RSDP, RSDT and what that lists, at `base` of memory that begins at p. want: signatures one after the other. */
static void check_tables(const u8 *p, u32 n, u32 base, u32 rsdp, const char *want)
{
    u32 root = load_le32(p + rsdp + 16) - base, count = (u32)strlen(want) / 4;
    assert_memory_equal(p + rsdp, "RSD PTR ", 8);
    assert_int_equal(sum(p + rsdp, PC_ACPI_RSDP), 0);
    assert_memory_equal(p + root, "RSDT", 4);
    assert_int_equal(load_le32(p + root + 4), 36 + 4 * count);
    assert_int_equal(sum(p + root, 36 + 4 * count), 0);
    for (u32 i = 0; i < count; i++) {
        u32 at = load_le32(p + root + 36 + 4 * i) - base;
        assert_true(at + 36 < n && at + load_le32(p + at + 4) <= n);
        assert_memory_equal(p + at, want + 4 * i, 4);
        assert_int_equal(sum(p + at, load_le32(p + at + 4)), 0);
        if (i)
            continue;
        u32 facs = load_le32(p + at + 36) - base, dsdt = load_le32(p + at + 40) - base;
        assert_memory_equal(p + facs, "FACS", 4);
        assert_int_equal((base + facs) % 64, 0);
        assert_memory_equal(p + dsdt, "DSDT", 4);
        assert_int_equal(sum(p + dsdt, load_le32(p + dsdt + 4)), 0);
    }
}

struct blob {
    const char *name;
    u32         at, align;
};

static u32 find_blob(const struct blob *b, const u8 *name)
{
    assert_true(!strcmp((const char *)name, b[0].name) || !strcmp((const char *)name, b[1].name));
    return !strcmp((const char *)name, b[1].name);
}

static void link_tables(const struct pc_acpi *a, u8 *mem, u32 base, struct blob blobs[2])
{
    u32 n;
    u8 *commands = pc_acpi_loader(a, &n);
    assert_int_equal(n % PC_LOADER_COMMAND, 0);
    for (u8 *c = commands; c < commands + n; c += PC_LOADER_COMMAND) {
        struct blob *b = &blobs[find_blob(blobs, c + 4)];
        u32 at, size;
        switch (load_le32(c)) {
        case 1:
            b->align = load_le32(c + 60);
            assert_int_equal((base + b->at) % b->align, 0);
            break;
        case 2:
            assert_int_equal(c[120], 4);
            at = b->at + load_le32(c + 116);
            store_le32(mem + at, load_le32(mem + at) + base + blobs[find_blob(blobs, c + 60)].at);
            break;
        case 3:
            at = b->at + load_le32(c + 64);
            size = load_le32(c + 68);
            mem[b->at + load_le32(c + 60)] = (u8)(mem[b->at + load_le32(c + 60)] - sum(mem + at, size));
            break;
        default: fail_msg("command %u", load_le32(c));
        }
    }
    assert_true(blobs[0].align && blobs[1].align);
    free(commands);
}

static void test_acpi(void **state)
{
    (void)state;
    for (u32 apic = 0; apic < 2; apic++) {
        const char *want = apic ? "FACPAPICHPET" : "FACPHPET";
        struct pc_acpi a;
        struct file_bytes placed;
        struct blob blobs[2] = { { .name = "etc/acpi/rsdp", .at = 16 }, { .name = "etc/acpi/tables", .at = 64 } };
        pc_acpi_make(&a, &(struct pc_config){ .has_apic = apic }, PC_PCI_MEM);
        pc_acpi_place(&a, PCB_ACPI, &placed);
        check_tables(placed.p, (u32)placed.n, (u32)PCB_ACPI, 0, want);
        u8 *mem = calloc(1, 64 + a.n);
        memcpy(mem + 64, a.p, a.n);
        pc_acpi_root(&a, mem + 16);
        link_tables(&a, mem, 0x7fe0000, blobs);
        check_tables(mem, 64 + a.n, 0x7fe0000, 16, want);
        free(mem);
        file_bytes_free(&placed);
        pc_acpi_free(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_areas), cmocka_unit_test(test_edges), cmocka_unit_test(test_apic_below),
        cmocka_unit_test(test_random), cmocka_unit_test(test_code),
        cmocka_unit_test(test_smram), cmocka_unit_test(test_smram_and_vga),
        cmocka_unit_test(test_a20), cmocka_unit_test(test_init),
        cmocka_unit_test(test_id_flag),
        cmocka_unit_test(test_acpi),
        cmocka_unit_test(test_boot_order), cmocka_unit_test(test_fw_cfg), cmocka_unit_test(test_smbios),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
