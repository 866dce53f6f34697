/* virtio_blk_test.c - virtio block device: requests, deadlines, errors, snapshots in flight. */
#include "hw/virtio/virtio_blk.h"
#include "tests/dev/virtio_driver.h"

#define DISK_SIZE 0x40000u
enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_ZEROES = 13 };
#define STATUS (DATA + 0x8000)

struct fix {
    struct rig        r;
    struct driver     d;
    struct virtio_blk b;
    struct block      block;
    u8                disk[DISK_SIZE];
    u32               flushes;
    bool              fail;
};

static bool disk_read(struct block *b, u64 off, void *p, u64 n, struct err *e)
{
    struct fix *f = b->host;
    assert_true(off + n <= DISK_SIZE);
    memcpy(p, f->disk + off, n);
    return !f->fail || err_set(e, "unreadable");
}
static bool disk_write(struct block *b, u64 off, const void *p, u64 n, struct err *e)
{
    struct fix *f = b->host;
    assert_true(off + n <= DISK_SIZE && !b->read_only);
    memcpy(f->disk + off, p, n);
    return !f->fail || err_set(e, "disk full");
}
static bool disk_flush(struct block *b, struct err *e)
{
    struct fix *f = b->host;
    f->flushes++;
    return !f->fail || err_set(e, "no");
}

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    rig_start(&f->r);
    f->block = (struct block){ .size = DISK_SIZE, .name = "disk", .host = f, .read = disk_read, .write = disk_write,
                               .flush = disk_flush };
    for (u32 i = 0; i < DISK_SIZE; i++)
        f->disk[i] = (u8)(i >> 9);
    virtio_blk_init(&f->b, f->r.m, "disk0", &f->block, "serial-number-of-20+more");
    drv_attach(&f->d, &f->r, &f->b.v, false);
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

/* Offers a request in descriptors 3n..3n+2; the data at DATA + 0x1000 (n + 1). */
static void request(struct fix *f, u32 n, u32 type, u64 sector, u32 len, bool in)
{
    u8 *h = rig_mem(&f->r, DATA + 32 * n);
    u16 i = (u16)(3 * n);
    store_le32(h, type);
    store_le32(h + 4, 0);
    store_le64(h + 8, sector);
    rig_mem(&f->r, STATUS)[n] = 0xee;
    drv_desc(&f->d, 0, i, DATA + 32 * n, 16, D_NEXT, (u16)(len ? i + 1 : i + 2));
    drv_desc(&f->d, 0, i + 1u, DATA + 0x1000 * (n + 1), len, D_NEXT | (in ? D_WRITE : 0), (u16)(i + 2));
    drv_desc(&f->d, 0, i + 2u, STATUS + n, 1, D_WRITE, 0);
    drv_offer(&f->d, 0, i);
    drv_kick(&f->d, 0);
}
static u32 status(struct fix *f, u32 n)
{
    return rig_mem(&f->r, STATUS)[n];
}
static u32 run(struct fix *f, u32 type, u64 sector, u32 len, bool in)
{
    request(f, 0, type, sector, len, in);
    rig_run(&f->r, 10000000);
    return status(f, 0);
}

static void test_config(void **state)
{
    struct fix *f = *state;
    struct driver *d = &f->d;
    assert_int_equal(drv_rd(d, R_DEVICE), 2);
    assert_int_equal(drv_rd(d, 0x100), DISK_SIZE / 512);
    assert_int_equal(dev_read(&d->t.dev, 0x100, 8), DISK_SIZE / 512);
    assert_int_equal(drv_rd(d, 0x10c), 254);
    assert_int_equal(drv_rd(d, 0x114), 512);
    assert_int_equal(dev_read(&d->t.dev, 0x120, 1), 1);
    assert_int_equal(drv_rd(d, 0x128), 1);
    assert_int_equal(drv_rd(d, 0x134), 1);
    assert_int_equal(drv_rd(d, 0x13c), 0);
    assert_false(drv_rd(d, R_FEAT) & 1 << 5);
    f->block.read_only = true;
    assert_true(drv_rd(d, R_FEAT) & 1 << 5);
}

static void test_read_write(void **state)
{
    struct fix *f = *state;
    u8 *data = rig_mem(&f->r, DATA + 0x1000);
    drv_start(&f->d, 1 << 9, 1);
    assert_int_equal(run(f, T_IN, 7, 1024, true), 0);
    assert_int_equal(data[0], 7);
    assert_int_equal(data[1023], 8);
    assert_int_equal(drv_used_len(&f->d, 0, 0), 1025);
    memset(data, 0x77, 512);
    assert_int_equal(run(f, T_OUT, DISK_SIZE / 512 - 1, 512, false), 0);
    assert_int_equal(f->disk[DISK_SIZE - 1], 0x77);
    assert_int_equal(f->flushes, 0);
    assert_int_equal(run(f, T_FLUSH, 0, 0, false), 0);
    assert_int_equal(f->flushes, 1);
    assert_int_equal(run(f, T_GET_ID, 0, 20, true), 0);
    assert_memory_equal(data, "serial-number-of-20+", 20);
    drv_start(&f->d, 0, 1); /* without FLUSH every write is durable */
    assert_int_equal(run(f, T_OUT, 0, 512, false), 0);
    assert_int_equal(f->flushes, 2);
}

static void test_deadlines(void **state)
{
    struct fix *f = *state;
    drv_start(&f->d, 1 << 9, 1);
    request(f, 0, T_IN, 0, 4096 - 1, true);
    request(f, 1, T_IN, 0, 512, true);
    rig_run(&f->r, 20000 + 2048 - 1);
    assert_int_equal(drv_used(&f->d, 0), 0);
    assert_false(f->r.irq[0]);
    rig_run(&f->r, 1);
    assert_int_equal(drv_used(&f->d, 0), 1);
    assert_int_equal(status(f, 0), 1); /* 4095 bytes are no sectors */
    assert_true(f->r.irq[0]);
    assert_int_equal(status(f, 1), 0xee);
    event_set(&f->b.event, TIME_NEVER); /* saved and loaded here */
    f->b.v.dev.cls->resumed(&f->b.v.dev);
    rig_run(&f->r, 2256);
    assert_int_equal(status(f, 1), 0);
    assert_true(f->b.s.deadline == TIME_NEVER);
    request(f, 0, T_IN, 0, 512, true);
    drv_wr(&f->d, R_STATUS, 0); /* a reset takes it back */
    rig_run(&f->r, 1000000);
    assert_int_equal(status(f, 0), 0xee);
}

static void test_errors(void **state)
{
    struct fix *f = *state;
    drv_start(&f->d, 1 << 9, 1);
    assert_int_equal(run(f, T_IN, DISK_SIZE / 512, 512, true), 1);
    assert_int_equal(run(f, T_IN, DISK_SIZE / 512 - 1, 1024, true), 1);
    assert_int_equal(run(f, T_OUT, ~0ull, 512, false), 1);
    assert_int_equal(run(f, T_OUT, ~0ull / 512 + 1, 512, false), 1);
    assert_int_equal(run(f, 99, 0, 0, false), 2);
    f->fail = true;
    assert_int_equal(run(f, T_IN, 0, 512, true), 1);
    assert_int_equal(run(f, T_FLUSH, 0, 0, true), 1);
    f->fail = false;
    f->block.read_only = true;
    assert_int_equal(run(f, T_OUT, 0, 512, false), 1);
    assert_int_equal(run(f, T_IN, 0, 512, true), 0);
    drv_desc(&f->d, 0, 0, DATA, 15, D_NEXT, 2); /* no whole header */
    drv_offer(&f->d, 0, 0);
    drv_kick(&f->d, 0);
    assert_true(drv_rd(&f->d, R_STATUS) & VIRTIO_S_NEEDS_RESET);
}

static u32 range(struct fix *f, u32 type, u64 sector, u32 count, u32 flags)
{
    u8 *p = rig_mem(&f->r, DATA + 0x1000);
    store_le64(p, sector);
    store_le32(p + 8, count);
    store_le32(p + 12, flags);
    return run(f, type, 0, 16, false);
}

static void test_ranges(void **state)
{
    struct fix *f = *state;
    drv_start(&f->d, 1 << 9, 1);
    assert_int_equal(range(f, T_ZEROES, 2, 300, 1), 0);
    assert_int_equal(f->disk[1024], 0);
    assert_int_equal(f->disk[302 * 512 - 1], 0);
    assert_int_equal(f->disk[302 * 512], 302 & 0xff);
    assert_int_equal(f->disk[1023], 1);
    assert_int_equal(range(f, T_ZEROES, 2, 300, 2), 2);
    assert_int_equal(range(f, T_ZEROES, 2, 0xffffffff, 0), 1);
    assert_int_equal(range(f, T_ZEROES, ~0ull, 2, 0), 1);
    assert_int_equal(range(f, T_DISCARD, 400, 2, 0), 0);
    assert_int_equal(f->disk[400 * 512], 400 & 0xff);
    assert_int_equal(range(f, T_DISCARD, 400, 2, 1), 2);
    f->block.read_only = true;
    assert_int_equal(range(f, T_ZEROES, 2, 1, 0), 1);
}

/* Requests of random kinds over random memory, changed while they wait. */
static void test_random(void **state)
{
    struct fix *f = *state;
    u64 x = 7;
    for (u32 i = 0; i < 3000; i++) {
        drv_start(&f->d, 1 << 9 | VIRTIO_F_INDIRECT_DESC, 1);
        request(f, 0, (u32)rig_random(&x) % 16, rig_random(&x) % 600, (u32)rig_random(&x) % 3000, rig_random(&x) & 1);
        request(f, 1, (u32)rig_random(&x) % 2, rig_random(&x) >> rig_random(&x) % 64, 512 * (rig_random(&x) & 7),
                i & 1);
        rig_run(&f->r, rig_random(&x) % 30000);
        *rig_mem(&f->r, Q_AT(0) + rig_random(&x) % 96) = (u8)rig_random(&x);
        rig_run(&f->r, 10000000000); /* lengths of 4 GiB take their time */
        assert_true(f->b.s.deadline == TIME_NEVER);
    }
    rig_check_class(&f->b.v.dev);
    f->b.block = NULL; /* an empty drive */
    drv_start(&f->d, 0, 1);
    assert_int_equal(run(f, T_OUT, 0, 512, false), 1);
    assert_int_equal(run(f, T_IN, 0, 0, true), 0);
    assert_int_equal(range(f, T_ZEROES, 0, 1, 0), 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_config), T(test_read_write), T(test_deadlines), T(test_errors), T(test_ranges), T(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
