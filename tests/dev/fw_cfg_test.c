/* fw_cfg_test.c - fw_cfg: selector and data, directory, DMA, hostile DMA. */
#include "base/bits.h"
#include "hw/misc/fw_cfg.h"
#include "tests/dev/rig.h"

struct fix {
    struct rig    r;
    struct fw_cfg f;
};
enum { ERROR = 1, READ = 2, SKIP = 4, SELECT = 8, WRITE = 16 };
#define DESC (RIG_RAM + 0x100)
#define BUF  (RIG_RAM + 0x1000)

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    struct err e;
    rig_start(&f->r);
    fw_cfg_init(&f->f, f->r.m, "fw_cfg");
    f->f.dev.cls->reset(&f->f.dev);
    if (!fw_cfg_add_u16(&f->f, FW_CFG_NB_CPUS, 4, &e) || !fw_cfg_add_file(&f->f, "etc/b", "bbbb", 4, &e)
        || !fw_cfg_add_file(&f->f, "etc/c", "cc", 2, &e) || !fw_cfg_add_file(&f->f, "etc/a", "a", 1, &e))
        return -1;
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
static void sel(struct fix *f, u16 key)
{
    dev_write(&f->f.dev, 8, __builtin_bswap16(key), 2);
}
static u64 data(struct fix *f, u32 size)
{
    return dev_read(&f->f.dev, 0, size);
}
static u32 dma(struct fix *f, u32 control, u32 len, gpa at)
{
    u8 *p = rig_mem(&f->r, DESC);
    store_le32(p, __builtin_bswap32(control));
    store_le32(p + 4, __builtin_bswap32(len));
    store_le64(p + 8, __builtin_bswap64(at));
    dev_write(&f->f.dev, 16, __builtin_bswap32((u32)(DESC >> 32)), 4);
    dev_write(&f->f.dev, 20, __builtin_bswap32((u32)DESC), 4);
    return load_be32(p);
}

static void test_data(void **state)
{
    struct fix *f = *state;
    sel(f, FW_CFG_SIGNATURE);
    assert_int_equal(data(f, 4), 0x554d4551);
    assert_int_equal(data(f, 4), 0);
    sel(f, FW_CFG_ID);
    assert_int_equal(data(f, 1), 3);
    assert_int_equal(data(f, 2), 0);
    sel(f, FW_CFG_NB_CPUS);
    assert_int_equal(data(f, 8), 4);
    sel(f, 0x4000 | FW_CFG_SIGNATURE);
    assert_int_equal(data(f, 2), 0x4551);
    assert_int_equal(data(f, 8), 0x554d);
    sel(f, 0x7777);
    assert_int_equal(data(f, 8), 0);
}

static void test_directory(void **state)
{
    struct fix *f = *state;
    u8 dir[4 + 3 * 64];
    sel(f, FW_CFG_FILE_DIR);
    for (u32 i = 0; i < sizeof dir; i++)
        dir[i] = (u8)data(f, 1);
    assert_int_equal(load_be32(dir), 3);
    for (u32 i = 0; i < 3; i++) {
        const u8 *p = dir + 4 + 64 * i;
        const char name[] = { 'e', 't', 'c', '/', (char)('a' + i), 0 };
        assert_string_equal((const char *)p + 8, name);
        assert_int_equal(load_be16(p + 4), 0x20 + i);
        assert_int_equal(load_be32(p), i == 0 ? 1 : i == 1 ? 4 : 2);
    }
    sel(f, 0x21);
    assert_int_equal(data(f, 4), 0x62626262);
}

static void test_dma(void **state)
{
    struct fix *f = *state;
    assert_true(dev_read(&f->f.dev, 16, 8) == __builtin_bswap64(0x51454d5520434647));
    assert_int_equal(dev_read(&f->f.dev, 16, 4), __builtin_bswap32(0x51454d55));
    assert_int_equal(dev_read(&f->f.dev, 20, 4), __builtin_bswap32(0x20434647));
    memset(rig_mem(&f->r, BUF), 0xee, 16);
    assert_int_equal(dma(f, 0x21u << 16 | SELECT | READ, 6, BUF), 0);
    assert_memory_equal(rig_mem(&f->r, BUF), "bbbb\0\0\xee", 7);
    assert_int_equal(dma(f, (u32)FW_CFG_SIGNATURE << 16 | SELECT | SKIP, 2, 0), 0);
    assert_int_equal(dma(f, READ, 2, BUF), 0);
    assert_memory_equal(rig_mem(&f->r, BUF), "MU", 2);
    assert_int_equal(dma(f, SKIP, 0xffffffff, BUF), 0);
    assert_int_equal(data(f, 1), 0);
    assert_true(f->r.ram->dirty[1]);
}

static void test_hostile_dma(void **state)
{
    struct fix *f = *state;
    assert_int_equal(dma(f, WRITE, 2, BUF), ERROR);
    assert_int_equal(dma(f, SELECT | READ, 4, 0), ERROR);
    assert_int_equal(dma(f, SELECT | READ, 4, ~0ull - 1), ERROR);
    assert_int_equal(dma(f, SELECT | READ, 0xffffffff, BUF), ERROR);
    assert_int_equal(dma(f, 0xffffffff, 0xffffffff, 0xffffffffffffffff), ERROR);
    assert_int_equal(dma(f, SELECT | READ, 16, DESC), 0); /* onto its own structure: answered all the same */
    dev_write(&f->f.dev, 16, 0, 8);
    dev_write(&f->f.dev, 16, ~0ull, 8);
}

static void test_ports(void **state)
{
    struct fix *f = *state;
    struct iobus *b = &f->r.m->io;
    u8 *p = rig_mem(&f->r, DESC);
    assert_true(iobus_map(b, 0x510, 12, &fw_cfg_port_mmio, &f->f.dev, "fw_cfg"));
    iobus_write(b, 0x510, FW_CFG_SIGNATURE, 2);
    for (u32 i = 0; i < 4; i++)
        assert_int_equal(iobus_read(b, 0x511, 1), "QEMU"[i]);
    assert_int_equal(iobus_read(b, 0x511, 1), 0);
    iobus_write(b, 0x510, FW_CFG_NB_CPUS, 2);
    assert_int_equal(iobus_read(b, 0x511, 1), 4);
    assert_int_equal(iobus_read(b, 0x510, 2), 0);
    iobus_write(b, 0x511, 1, 1);
    assert_int_equal(iobus_read(b, 0x514, 4), __builtin_bswap32(0x51454d55));
    assert_int_equal(iobus_read(b, 0x518, 4), __builtin_bswap32(0x20434647));
    store_le32(p, __builtin_bswap32(0x21u << 16 | SELECT | READ));
    store_le32(p + 4, __builtin_bswap32(4));
    store_le64(p + 8, __builtin_bswap64(BUF));
    iobus_write(b, 0x514, __builtin_bswap32((u32)(DESC >> 32)), 4);
    iobus_write(b, 0x518, __builtin_bswap32((u32)DESC), 4);
    assert_int_equal(load_be32(p), 0);
    assert_memory_equal(rig_mem(&f->r, BUF), "bbbb", 4);
}

static void test_add(void **state)
{
    struct fix *f = *state;
    struct err e;
    char name[80];
    assert_false(fw_cfg_add_file(&f->f, "etc/a", "", 0, &e));
    assert_false(fw_cfg_add_file(&f->f, "", "", 0, &e));
    memset(name, 'n', sizeof name);
    name[56] = 0;
    assert_false(fw_cfg_add_file(&f->f, name, "", 0, &e));
    name[55] = 0;
    assert_true(fw_cfg_add_file(&f->f, name, "", 0, &e));
    for (u32 i = f->f.file_count; i < FW_CFG_FILES; i++) {
        snprintf(name, sizeof name, "x%u", i);
        assert_true(fw_cfg_add_file(&f->f, name, name, 2, &e));
    }
    assert_false(fw_cfg_add_file(&f->f, "y", "", 0, &e));
    assert_true(fw_cfg_add_u32(&f->f, FW_CFG_NB_CPUS, 7, &e));
    sel(f, FW_CFG_NB_CPUS);
    assert_int_equal(data(f, 4), 7);
    for (u32 i = f->f.item_count; i < FW_CFG_ITEMS; i++)
        assert_true(fw_cfg_add_string(&f->f, FW_CFG_ARCH_LOCAL + i, "text", &e));
    assert_false(fw_cfg_add_u64(&f->f, FW_CFG_RAM_SIZE, 1, &e));
}

static void test_scribble(void **state)
{
    struct fix *f = *state;
    rig_check_class(&f->f.dev);
    rig_scribble(&f->f.dev, 0x20, 20000);
    f->f.dev.m = NULL; /* alone, as in a register test */
    rig_scribble(&f->f.dev, 0x40, 20000);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_data), T(test_directory), T(test_dma), T(test_hostile_dma), T(test_ports), T(test_add),
        T(test_scribble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
