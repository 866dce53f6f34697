/* cfi01_test.c - NOR flash: command sequences as firmware sends them, persistence, misuse. */
#include "base/bits.h"
#include "hw/block/cfi01.h"
#include "tests/dev/rig.h"

#define SIZE 0x100000u
#define BASE 0x08000000ull
#define BOTH(v) ((v) | (u32)(v) << 16)

struct fix {
    struct rig     r;
    struct cfi01   c;
    struct memobj *obj;
    struct block   b;
    u8             file[SIZE / 2];
    bool           fail;
};

static bool file_read(struct block *b, u64 off, void *p, u64 n, struct err *e)
{
    struct fix *f = b->host;
    (void)e;
    memcpy(p, f->file + off, n);
    return true;
}
static bool file_write(struct block *b, u64 off, const void *p, u64 n, struct err *e)
{
    struct fix *f = b->host;
    if (f->fail)
        return err_set(e, "disk full");
    assert_true(off + n <= b->size);
    memcpy(f->file + off, p, n);
    return true;
}

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    struct err e;
    rig_start(&f->r);
    f->obj = physmap_new_obj(&f->r.m->map, "flash0", SIZE, &e);
    f->b = (struct block){ .size = sizeof f->file, .name = "vars.fd", .host = f, .read = file_read,
                           .write = file_write };
    memset(f->file, 0xa5, sizeof f->file);
    cfi01_init(&f->c, f->r.m, "flash0", f->obj, &f->b, false);
    if (!cfi01_load(&f->c, &e))
        return -1;
    physmap_map_obj(&f->r.m->map, REGION_ROMD, BASE, SIZE, f->obj, 0, &dev_mmio, &f->c.dev, "flash0");
    f->c.dev.cls->reset(&f->c.dev);
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

static u64 rd(struct fix *f, u64 off, u32 size)
{
    u64 val = 0;
    assert_true(physmap_bus_read(&f->r.m->map, BASE + off, size, &val));
    return val;
}
static void wr(struct fix *f, u64 off, u64 val, u32 size)
{
    assert_true(physmap_bus_write(&f->r.m->map, BASE + off, size, val));
}
static void cmd(struct fix *f, u64 off, u16 c)
{
    wr(f, off, BOTH(c), 4);
}
static bool in_array(struct fix *f)
{
    return physmap_find(&f->r.m->map, BASE)->kind == REGION_ROMD;
}

static void test_query_and_id(void **state)
{
    struct fix *f = *state;
    assert_true(in_array(f));
    assert_int_equal(rd(f, 0, 4), 0xa5a5a5a5);
    assert_int_equal(rd(f, SIZE - 4, 4), 0xffffffff);
    cmd(f, 0x55 * 4, 0x98);
    assert_false(in_array(f));
    assert_int_equal(rd(f, 0x10 * 4, 4), BOTH('Q'));
    assert_int_equal(rd(f, 0x11 * 4, 4), BOTH('R'));
    assert_int_equal(rd(f, 0x12 * 4, 2), 'Y');
    assert_int_equal(rd(f, 0x12 * 4 + 2, 2), 'Y');
    assert_int_equal(rd(f, 0x13 * 4, 4), BOTH(1));
    assert_int_equal(rd(f, 0x27 * 4, 4), BOTH(19)); /* 512 KiB a chip */
    assert_int_equal(rd(f, 0x2d * 4, 1) + 1, SIZE / CFI01_BLOCK);
    assert_int_equal((rd(f, 0x2f * 4, 1) | rd(f, 0x30 * 4, 1) << 8) * 256, CFI01_BLOCK / 2);
    assert_int_equal(rd(f, 0x31 * 4, 4), BOTH('P'));
    cmd(f, 0, 0x90);
    assert_int_equal(rd(f, 0, 4), BOTH(0x89));
    assert_int_equal(rd(f, 4, 4), BOTH(0x18));
    assert_int_equal(rd(f, CFI01_BLOCK + 8, 4), 0); /* unlocked */
    cmd(f, 0, 0xff);
    assert_true(in_array(f));
}

static void test_erase_program(void **state)
{
    struct fix *f = *state;
    cmd(f, CFI01_BLOCK, 0x60);
    cmd(f, CFI01_BLOCK, 0xd0);
    assert_int_equal(rd(f, 0, 4), BOTH(0x80));
    cmd(f, CFI01_BLOCK + 0x1234 * 4, 0x20);
    cmd(f, CFI01_BLOCK + 0x1234 * 4, 0xd0);
    assert_int_equal(rd(f, CFI01_BLOCK, 4), BOTH(0x80));
    cmd(f, CFI01_BLOCK, 0x40);
    wr(f, CFI01_BLOCK, 0x12345678, 4);
    assert_int_equal(rd(f, 0, 4), BOTH(0x80));
    cmd(f, CFI01_BLOCK, 0x10);
    wr(f, CFI01_BLOCK, 0xff00ff0f, 4); /* bits only fall */
    cmd(f, 0, 0xff);
    assert_int_equal(rd(f, CFI01_BLOCK, 4), 0x12005608);
    assert_int_equal(rd(f, CFI01_BLOCK + 4, 4), 0xffffffff);
    assert_int_equal(rd(f, 2 * CFI01_BLOCK - 4, 4), 0xffffffff);
    assert_int_equal(rd(f, CFI01_BLOCK - 4, 4), 0xa5a5a5a5);
    assert_int_equal(load_le32(f->file + CFI01_BLOCK), 0x12005608);
    assert_int_equal(f->file[CFI01_BLOCK + 4], 0xff);
    assert_int_equal(f->file[CFI01_BLOCK - 1], 0xa5);
    assert_true(f->obj->dirty[CFI01_BLOCK / PAGE_SIZE]);
    assert_false(f->obj->dirty[0]);
}

static void buffered(struct fix *f, u64 at, u32 words, u16 confirm)
{
    cmd(f, at, 0xe8);
    assert_int_equal(rd(f, at, 4), BOTH(0x80));
    cmd(f, at, (u16)(words - 1));
    for (u32 i = 0; i < words; i++)
        wr(f, at + 4 * i, i * 0x10001u, 4);
    cmd(f, at, confirm);
}

static void test_buffer(void **state)
{
    struct fix *f = *state;
    u64 at = 3 * CFI01_BLOCK + 2048; /* behind the file's end: erased, not written back */
    buffered(f, at, 32, 0xd0);
    assert_int_equal(rd(f, at, 4), BOTH(0x80));
    cmd(f, 0, 0xff);
    for (u32 i = 0; i < 32; i++)
        assert_int_equal(rd(f, at + 4 * i, 4), i * 0x10001u);
    assert_int_equal(rd(f, at + 128, 4), 0xffffffff);
    buffered(f, at + 0x1000, 2, 0xff); /* no confirmation */
    assert_int_equal(rd(f, 0, 4), BOTH(0xb0));
    cmd(f, 0, 0x50);
    assert_int_equal(rd(f, 0, 4), BOTH(0x80));
    buffered(f, 3 * CFI01_BLOCK, 512, 0xd0);
    assert_int_equal(rd(f, 0, 4), BOTH(0x80));
    cmd(f, 0, 0xe8);
    cmd(f, 0, 512); /* too many */
    assert_int_equal(rd(f, 0, 4), BOTH(0xb0));
    cmd(f, 0, 0x50);
    cmd(f, 0, 0xe8);
    cmd(f, 0, 3);
    wr(f, 2044, 0, 4);
    wr(f, 2048, 0, 4); /* another row */
    assert_int_equal(rd(f, 0, 4), BOTH(0xb0));
    cmd(f, 0, 0xff);
    assert_int_equal(rd(f, 2044, 4), 0xa5a5a5a5);
}

/* As U-Boot does, which takes the bank for one 16-bit chip. */
static void test_narrow(void **state)
{
    struct fix *f = *state;
    u64 at = CFI01_BLOCK;
    wr(f, 0x154, 0x98, 2);
    assert_int_equal(rd(f, 0x40, 2), 'Q');
    assert_int_equal(rd(f, 0x40, 1), 'Q');
    assert_int_equal(rd(f, 0x41, 1), 0);
    wr(f, 0, 0xff, 2);
    wr(f, at, 0x20, 2);
    wr(f, at, 0xd0, 2);
    assert_int_equal(rd(f, at, 2), 0x80);
    wr(f, at, 0xe8, 2);
    wr(f, at, 511, 2);
    for (u32 i = 0; i < 512; i++)
        wr(f, at + 2 * i, i, 2);
    wr(f, at, 0xd0, 2);
    wr(f, at + 1024 + 1, 0x40, 1);
    wr(f, at + 1024 + 1, 0x5a, 1);
    wr(f, at, 0xff, 2);
    for (u32 i = 0; i < 512; i++)
        assert_int_equal(rd(f, at + 2 * i, 2), i);
    assert_int_equal(rd(f, at + 1024, 4), 0xffff5aff);
    cmd(f, 0, 0x40);
    wr(f, at + 1024 + 8, 0x1122334455667788, 8); /* data, then a command: 0x88 */
    assert_true(in_array(f) || rd(f, 0, 4));
}

static void test_failures(void **state)
{
    struct fix *f = *state;
    cmd(f, 0, 0x20);
    cmd(f, 0, 0x70); /* not a confirmation */
    assert_int_equal(rd(f, 0, 4), BOTH(0xb0));
    cmd(f, 0, 0x50);
    f->fail = true;
    cmd(f, 0, 0x40);
    wr(f, 0, 0, 4);
    assert_int_equal(rd(f, 0, 4), BOTH(0xb0));
    f->fail = false;
    cmd(f, 0, 0x50);
    f->c.read_only = true;
    cmd(f, 8, 0x40);
    wr(f, 8, 0, 4);
    assert_int_equal(rd(f, 0, 4), BOTH(0x92));
    cmd(f, 0, 0x20);
    cmd(f, 0, 0xd0);
    assert_int_equal(rd(f, 0, 4), BOTH(0xb2));
    cmd(f, 0, 0xff);
    assert_int_equal(rd(f, 8, 4), 0xa5a5a5a5);
    f->b.size = SIZE * 2;
    struct err e;
    assert_false(cfi01_load(&f->c, &e));
}

static void test_scribble(void **state)
{
    struct fix *f = *state;
    u64 x = 5;
    static const u8 common[] = { 0xff, 0x90, 0x98, 0x70, 0x50, 0x40, 0x20, 0xd0, 0xe8, 0x60, 0x01, 0xc0, 0x00, 0xb0 };
    rig_check_class(&f->c.dev);
    for (u32 i = 0; i < 100000; i++) {
        u64 r = rig_random(&x);
        u64 v = r & 1 ? BOTH(common[(r >> 8) % sizeof common]) : rig_random(&x) >> (r >> 16) % 64;
        u64 off = (r >> 32) % SIZE & ~7ull;
        u32 size = 1u << (r >> 1) % 4;
        if (r >> 60)
            wr(f, off, (r & 1 && v == BOTH(0x20)) ? BOTH(0x70) : v, size); /* erasing is slow */
        else
            rd(f, off, size);
        struct err e;
        assert_true(f->c.dev.cls->state->valid(&f->c.s, &e));
        assert_int_equal(in_array(f), f->c.s.mode == 0);
    }
    rig_scribble(&f->c.dev, SIZE * 2, 5000);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_query_and_id), T(test_erase_program), T(test_buffer), T(test_narrow), T(test_failures),
        T(test_scribble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
