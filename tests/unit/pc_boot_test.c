/*
 * pc_boot_test.c - the loader of bzImages on files with wrong bytes: it loads or says in one sentence why not, and
 * what it loads lies in the machine's memory.
 */
#include "tests/unit/pc_rig.h"
#include "hw/boards/pc_acpi.h"

#define MIB (1ull << 20)
#define ROUNDS 6000u

static const u64 sizes[] = { 2 * MIB, 3 * MIB, 16 * MIB, 64 * MIB };

struct world {
    struct machine    *m[COUNT(sizes)];
    struct memory_file kernel, initrd;
    u64                seed;
    u32                loaded, refused, long_entries, with_initrd;
};

static u64 rnd(struct world *w)
{
    u64 z = w->seed += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static void open_world(struct world *w)
{
    struct err e;
    *w = (struct world){ .seed = 1 };
    file_make(&w->kernel);
    file_make(&w->initrd);
    for (u32 i = 0; i < COUNT(sizes); i++) {
        w->m[i] = machine_new("pc", &e);
        assert_non_null(w->m[i]);
        struct memobj *ram = physmap_new_obj(&w->m[i]->map, "ram", sizes[i], &e);
        assert_non_null(ram);
        physmap_map_obj(&w->m[i]->map, REGION_RAM, 0, sizes[i], ram, 0, NULL, NULL, "ram");
    }
}

static void close_world(struct world *w)
{
    for (u32 i = 0; i < COUNT(sizes); i++)
        machine_free(w->m[i]);
    close(w->kernel.fd);
    close(w->initrd.fd);
}

/* ---- what has to hold ---- */

static void expect_sentence(const struct err *e)
{
    size_t n = strlen(e->msg);
    assert_in_range(n, 16, sizeof e->msg - 2);
    assert_null(strchr(e->msg, '\n'));
    assert_int_not_equal(e->msg[n - 1], '.');
    assert_int_not_equal(e->msg[n - 1], ' ');
}

static u64 peek(struct machine *m, gpa at, u32 size)
{
    u64 val = 0;
    assert_true(physmap_read(&m->map, at, &val, size));
    return val;
}

static void expect_loaded(struct world *w, const struct pc_boot *b, u32 n)
{
    u64 entries = peek(w->m[n], PCB_PARAMS + 0x1e8, 1), loaded = b->kernel.n - b->setup_bytes;
    assert_int_equal(entries, 5 - (b->ram_size == b->low_size));
    assert_true(PCB_KERNEL + loaded <= sizes[n]);
    assert_int_equal(peek(w->m[n], PCB_PARAMS + 0x214, 4), PCB_KERNEL);
    assert_int_equal(peek(w->m[n], PCB_PARAMS + 0x228, 4), PCB_CMDLINE);
    assert_int_equal(peek(w->m[n], PCB_PARAMS + 0x21c, 4), b->initrd.n);
    if (b->initrd.n)
        assert_true(b->initrd_at >= PCB_KERNEL + loaded && b->initrd_at + b->initrd.n <= sizes[n]);
    struct guest_entry entry = pc_boot_entry(b);
    assert_true(entry.pc < PCB_KERNEL + loaded);
    w->loaded++;
    w->long_entries += b->long_entry;
    w->with_initrd += b->initrd.n != 0;
}

static void try_load(struct world *w, const void *file, u32 size)
{
    struct pc_boot b = { .append = rnd(w) % 2 ? "console=ttyS0 quiet" : NULL };
    struct err e = { "" };
    u32 n = (u32)(rnd(w) % COUNT(sizes));
    bool wide = rnd(w) % 4, disk = rnd(w) % 2;
    file_put(&w->kernel, file, size);
    struct pc_acpi acpi;
    pc_acpi_make(&acpi, &(struct pc_config){ .has_apic = true }, PC_PCI_MEM);
    pc_acpi_place(&acpi, PCB_ACPI, &b.acpi);
    pc_acpi_free(&acpi);
    if (pc_boot_read_kernel(&b, w->kernel.path, sizes[n], &e)
        && (!disk || pc_boot_read_initrd(&b, w->initrd.path, sizes[n], &e))
        && pc_boot_layout(&b, sizes[n], sizes[n], wide, &e)) {
        pc_boot_place(&b, w->m[n]);
        expect_loaded(w, &b, n);
    } else {
        expect_sentence(&e);
        w->refused++;
    }
    pc_boot_free(&b);
}

/* ---- damage ---- */

static u32 odd_byte(struct world *w)
{
    static const u8 odd[] = { 0, 1, 0x7f, 0x80, 0xff, 0xfe };
    return rnd(w) % 2 ? odd[rnd(w) % sizeof odd] : (u8)rnd(w);
}

/* Fields of the header (boot.rst, 1.3): offset, bytes. */
static const struct { u16 at, n; } fields[] = {
    { 0x1f1, 1 }, { 0x1f2, 2 }, { 0x1f4, 4 }, { 0x1fe, 2 }, { 0x200, 2 }, { 0x202, 4 }, { 0x206, 2 }, { 0x210, 1 },
    { 0x211, 1 }, { 0x214, 4 }, { 0x218, 4 }, { 0x21c, 4 }, { 0x228, 4 }, { 0x22c, 4 }, { 0x230, 4 }, { 0x234, 1 },
    { 0x235, 1 }, { 0x236, 2 }, { 0x238, 4 }, { 0x248, 4 }, { 0x24c, 4 }, { 0x250, 8 }, { 0x258, 8 }, { 0x260, 4 },
};

static void spoil(struct world *w, u8 *p)
{
    u32 f = (u32)(rnd(w) % COUNT(fields)), at = fields[f].at, n = fields[f].n;
    switch (rnd(w) % 4) {
    case 0: p[0x1e0 + rnd(w) % 0xa0] ^= (u8)(1u << rnd(w) % 8); break;
    case 1: p[rnd(w) % KERNEL_SETUP] = (u8)odd_byte(w); break;
    case 2: memset(p + at, (int)odd_byte(w), n); break;
    default: { /* powers of two, and one less */
        u64 val = (1ull << rnd(w) % 64) - rnd(w) % 2;
        memcpy(p + at, &val, n);
    }
    }
}

static void test_mutations(void **state)
{
    (void)state;
    static u8 copy[KERNEL_SETUP + KERNEL_ROOM];
    static const u8 disk[5000];
    struct kernel k;
    struct world w;
    open_world(&w);
    file_put(&w.initrd, disk, sizeof disk);
    for (u32 i = 0; i < ROUNDS; i++) {
        u32 size = rnd(&w) % 8 ? sizeof copy : (u32)(rnd(&w) % sizeof copy) + 1;
        kernel_start(&k, rnd(&w) % 2);
        memcpy(copy, k.p, sizeof copy);
        for (u64 n = rnd(&w) % 5; n; n--)
            spoil(&w, copy);
        try_load(&w, copy, size);
    }
    /* Both ways are trodden. */
    assert_true(w.loaded > ROUNDS / 5 && w.refused > ROUNDS / 5);
    assert_true(w.long_entries > ROUNDS / 20 && w.with_initrd > ROUNDS / 20);
    close_world(&w);
}

/* Every length: what is missing is said. */
static void test_lengths(void **state)
{
    (void)state;
    struct kernel k;
    struct world w;
    open_world(&w);
    kernel_start(&k, true);
    for (u32 n = 1; n < sizeof k.p; n += n < 0x700 ? 1 : 97) {
        struct pc_boot b = { 0 };
        struct err e = { "" };
        file_put(&w.kernel, k.p, n);
        assert_false(pc_boot_read_kernel(&b, w.kernel.path, 64 * MIB, &e));
        expect_sentence(&e);
        assert_non_null(strstr(e.msg, n < 0x206 ? "not a bzImage" : "truncated"));
        pc_boot_free(&b);
    }
    /* the header counts units of 16 bytes, and memtest86+ ends in a part of one */
    for (u32 less = 1; less <= 16; less++) {
        struct pc_boot b = { 0 };
        struct err e = { "" };
        file_put(&w.kernel, k.p, (u32)sizeof k.p - less);
        assert_int_equal(pc_boot_read_kernel(&b, w.kernel.path, 64 * MIB, &e), less < 16);
        pc_boot_free(&b);
    }
    close_world(&w);
}

/* ---- limits of the layout ---- */

struct limits {
    u64         pref;
    u32         init_size, align;
    bool        relocatable;
    u64         ram;
    u32         initrd, initrd_max;
    const char *say; /* NULL: it fits */
};

static bool layout(const struct limits *l, struct err *e)
{
    struct kernel k;
    kernel_start(&k, true);
    store_le64(k.p + 0x258, l->pref);
    store_le32(k.p + 0x260, l->init_size);
    store_le32(k.p + 0x230, l->align);
    k.p[0x234] = l->relocatable;
    store_le32(k.p + 0x22c, l->initrd_max);
    struct pc_boot b = { .kernel = { k.p, sizeof k.p }, .initrd = { .n = l->initrd }, .setup_bytes = KERNEL_SETUP };
    return pc_boot_layout(&b, l->ram, l->ram, true, e);
}

static void test_limits(void **state)
{
    (void)state;
    static const struct limits cases[] = {
        { 16 * MIB, 32 * MIB, 2 * MIB, true, 48 * MIB, 0, ~0u, NULL },
        { 16 * MIB, 32 * MIB + 1, 2 * MIB, true, 48 * MIB, 0, ~0u, "needs 49 MiB" },
        { 16 * MIB, 32 * MIB, 2 * MIB, true, 48 * MIB, 1, ~0u, "RAM disk" },
        { 16 * MIB, 32 * MIB, 2 * MIB, true, 49 * MIB, MIB, ~0u, NULL },
        { 16 * MIB, 32 * MIB, 2 * MIB, true, 49 * MIB, MIB + 1, ~0u, "needs 50 MiB" },
        { 16 * MIB, 32 * MIB, 2 * MIB, true, 64 * MIB, MIB, 49 * MIB - 1, NULL },
        { 16 * MIB, 32 * MIB, 2 * MIB, true, 64 * MIB, MIB, 49 * MIB - 2, "takes one" },
        { 16 * MIB, 32 * MIB, 2 * MIB, true, 64 * MIB, 1, 0, "takes one" },
        { 16 * MIB, 32 * MIB, 1u << 31, true, 64 * MIB, 0, ~0u, "needs 2080 MiB" },
        { 16 * MIB, 32 * MIB, 1u << 31, false, 64 * MIB, 0, ~0u, NULL },
        { 16 * MIB, 32 * MIB, 0, true, 64 * MIB, 0, ~0u, NULL },
        { 16 * MIB, 32 * MIB, 3, true, 64 * MIB, 0, ~0u, NULL },
        { ~0ull, 32 * MIB, 0, true, 64 * MIB, 0, ~0u, "needs" },
        { ~0ull, 0, 0, true, 64 * MIB, 0, ~0u, "needs" },
        { 1ull << 63, ~0u, 0, false, 64 * MIB, 0, ~0u, "needs" },
        { 0, 0, 0, true, 2 * MIB, 0, ~0u, NULL },
        { 0, ~0u, 0, true, 3072 * MIB, 0, ~0u, "needs" },
    };
    for (u32 i = 0; i < COUNT(cases); i++) {
        struct err e = { "" };
        bool ok = layout(&cases[i], &e);
        if (ok == !!cases[i].say || (!ok && !strstr(e.msg, cases[i].say)))
            fail_msg("case %u: %s", i, ok ? "fits" : e.msg);
        if (!ok)
            expect_sentence(&e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mutations), cmocka_unit_test(test_lengths), cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
