/* disks_test.c - disk images in snapshots: overlays come back, files that changed are refused. */
#include "app/disks.h"
#include "tests/snapshot/files.h"

#define IMAGE_SIZE (5 * BLOCK_CLUSTER + 1000)
#define HEAD 26u  /* bytes of the section before its clusters */
#define RECORD 9u /* bytes before each */
static const struct rig_shape icount = { .clock = CLOCK_ICOUNT };

struct disk_rig {
    struct rig    r;
    struct block *b;
    struct disks  disks;
};

static void disk_open(struct disk_rig *d, const char *image, bool read_only, bool overlay)
{
    *d = (struct disk_rig){ 0 };
    rig_open(&d->r, icount);
    d->b = block_open_raw(image, read_only, overlay, &d->r.e);
    if (!d->b)
        fail_msg("%s", d->r.e.msg);
    disks_add(&d->disks, "virtio", 0, d->b);
}

static void disk_close(struct disk_rig *d)
{
    d->b->close(d->b);
    rig_close(&d->r);
}

static void save(struct disk_rig *d)
{
    if (!disks_save(&d->disks, d->r.m, file_name("b"), &d->r.e))
        fail_msg("%s", d->r.e.msg);
}

static void load(struct disk_rig *d)
{
    if (!disks_load(&d->disks, d->r.m, file_name("b"), &d->r.e))
        fail_msg("%s", d->r.e.msg);
}

static void refuse(struct disk_rig *d, const char *part)
{
    assert_false(disks_load(&d->disks, d->r.m, file_name("b"), &d->r.e));
    if (!strstr(d->r.e.msg, part))
        fail_msg("'%s' does not say '%s'", d->r.e.msg, part);
}

/* Image "a" of the folder, from a seed. */
static u8 image[IMAGE_SIZE];
static void make_image(u64 seed, u64 size)
{
    fill_random(&seed, image, sizeof image);
    file_put(file_name("a"), image, size);
}

static void expect_contents(struct block *b, const u8 *want)
{
    static u8 got[IMAGE_SIZE];
    struct err e;
    assert_true(b->read(b, 0, got, b->size, &e));
    assert_memory_equal(got, want, b->size);
}

static void test_overlay(void **state)
{
    (void)state;
    struct disk_rig a, b;
    struct err e;
    static u8 want[IMAGE_SIZE];
    static const u8 zeros[BLOCK_CLUSTER];
    make_image(1, IMAGE_SIZE);
    memcpy(want, image, sizeof want);
    disk_open(&a, file_name("a"), false, true);
    disk_open(&b, file_name("a"), false, true);
    static const struct { u64 off, n; } writes[] = { { 5, 11 }, { BLOCK_CLUSTER * 2 - 7, 14 },
                                                     { IMAGE_SIZE - 3, 3 } };
    for (u32 i = 0; i < COUNT(writes); i++) {
        memset(want + writes[i].off, 0x77 + (int)i, writes[i].n);
        assert_true(a.b->write(a.b, writes[i].off, want + writes[i].off, writes[i].n, &e));
    }
    memset(want + 4 * BLOCK_CLUSTER, 0, BLOCK_CLUSTER); /* a cluster of zeros that hides the file */
    assert_true(a.b->write(a.b, 4 * BLOCK_CLUSTER, zeros, BLOCK_CLUSTER, &e));
    rig_randomize(&a.r, 12);
    save(&a);
    assert_true(b.b->write(b.b, 3 * BLOCK_CLUSTER, "forget this", 11, &e));
    load(&b);
    expect_contents(b.b, want);
    assert_true(same_hash(rig_hash(&a.r), rig_hash(&b.r)));
    save(&b); /* and is as good as the first */
    load(&a);
    expect_contents(a.b, want);
    disk_close(&a);
    disk_close(&b);
    struct buf file = { 0 };
    file_get(file_name("a"), &file);
    assert_memory_equal(file.p, image, IMAGE_SIZE); /* the file is as it was */
    buf_free(&file);
}

/* Loading into a machine that keeps its writes in memory is fine, the other way round is not. */
static void test_kinds(void **state)
{
    (void)state;
    struct disk_rig plain, over;
    make_image(2, IMAGE_SIZE);
    disk_open(&plain, file_name("a"), false, false);
    save(&plain);
    load(&plain);
    disk_close(&plain);
    disk_open(&over, file_name("a"), false, true);
    load(&over);
    save(&over);
    disk_close(&over);
    disk_open(&plain, file_name("a"), false, false);
    refuse(&plain, "needs snapshot=on");
    disk_close(&plain);
    disk_open(&plain, file_name("a"), true, false);
    refuse(&plain, "is read-only, the one of the snapshot was not");
    save(&plain);
    load(&plain);
    disk_close(&plain);
}

static void test_identity(void **state)
{
    (void)state;
    struct disk_rig d;
    make_image(3, IMAGE_SIZE);
    disk_open(&d, file_name("a"), false, true);
    save(&d);
    disk_close(&d);
    static const u64 places[] = { 0, 1024, IMAGE_SIZE / 2, IMAGE_SIZE - 1 };
    for (u32 i = 0; i < COUNT(places); i++) {
        image[places[i]] ^= 1;
        file_put(file_name("a"), image, IMAGE_SIZE);
        image[places[i]] ^= 1;
        disk_open(&d, file_name("a"), false, true);
        refuse(&d, "does not hold what it did");
        disk_close(&d);
    }
    file_put(file_name("a"), image, IMAGE_SIZE - 1);
    disk_open(&d, file_name("a"), false, true);
    refuse(&d, "the one of the snapshot");
    disk_close(&d);
    file_put(file_name("a"), image, IMAGE_SIZE); /* a copy under whatever name is the same disk */
    disk_open(&d, file_name("a"), false, true);
    load(&d);
    disk_close(&d);
}

/* The checksum is good, the section is not: any change is refused or harmless. */
static void test_forged(void **state)
{
    (void)state;
    struct disk_rig d;
    struct err e;
    struct buf good = { 0 };
    u64 seed = 4;
    u32 accepted = 0;
    make_image(4, IMAGE_SIZE);
    disk_open(&d, file_name("a"), false, true);
    assert_true(d.b->write(d.b, 70000, "x", 1, &e) && d.b->write(d.b, 0, "y", 1, &e));
    const struct snapshot_extra *x = &d.disks.extra[0];
    assert_true(x->save(x->opaque, &good, &e));
    for (u64 cut = 0; cut < good.len; cut += cut < 60 ? 1 : 4999) {
        struct buf b = { .p = good.p, .len = cut };
        assert_false(x->load(x->opaque, &b, &e));
    }
    for (u32 i = 0; i < 4000; i++) {
        struct buf b = { .p = good.p, .len = good.len };
        u64 at = i < 2000 ? next_random(&seed) % (HEAD + RECORD)
                          : HEAD + RECORD + BLOCK_CLUSTER + next_random(&seed) % RECORD;
        u8 was = good.p[at];
        good.p[at] = i % 2 ? (u8)next_random(&seed) : was ^ (u8)(1u << next_random(&seed) % 8);
        accepted += x->load(x->opaque, &b, &e);
        good.p[at] = was;
    }
    assert_in_range(accepted, 1, 1000); /* another cluster number, or no change */
    struct buf b = { .p = good.p, .len = good.len };
    assert_true(x->load(x->opaque, &b, &e));
    buf_free(&good);
    disk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overlay), cmocka_unit_test(test_kinds), cmocka_unit_test(test_identity),
        cmocka_unit_test(test_forged),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
