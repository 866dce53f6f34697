/* disk_twins_test.c - the overlays of two machines over one image: compared, kept, taken back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/disk_twins.h"

static void holds(struct block *const disk[2], u64 off, const char *want)
{
    for (u32 i = 0; i < 2; i++) {
        char got[5] = "";
        struct err e;
        assert_true(disk[i]->read(disk[i], off, got, 4, &e));
        assert_string_equal(got, want);
    }
}

static void put(struct block *disk, u64 off, const char *text)
{
    struct err e;
    assert_true(disk->write(disk, off, text, 4, &e));
}

/* Overlays go back to what they were: written before the start, at a copy, or not at all. */
static void test_disk_back(void **state)
{
    char path[] = "/tmp/mynah-lockstep-XXXXXX";
    struct disk_twins t;
    struct err e;
    struct block *disk[2];
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, "file", 4) == 4 && !ftruncate(fd, 200000));
    disk_twins_init(&t);
    for (u32 i = 0; i < 2; i++) {
        struct block *image = block_open_raw(path, false, true, &e);
        assert_non_null(image);
        put(image, 65536, "load");
        assert_non_null(disk[i] = disk_twins_wrap(&t.side[i], image, &e));
    }
    disk_twins_start(&t);
    assert_true(disk_twins_same(&t) && disk_twins_keep(&t, &e));
    for (u32 round = 0; round < 2; round++) {
        put(disk[0], 0, "left");
        put(disk[round], 65536, "diff");
        put(disk[1], 131070, "span");
        assert_false(disk_twins_same(&t));
        assert_true(disk_twins_back(&t, &e));
        holds(disk, 0, "file");
        holds(disk, 65536, round ? "kept" : "load");
        holds(disk, 131070, "");
        put(disk[0], 65536, "kept");
        put(disk[1], 65536, "kept");
        assert_true(disk_twins_same(&t) && disk_twins_keep(&t, &e));
    }
    for (u32 i = 0; i < 2; i++)
        disk[i]->close(disk[i]);
    disk_twins_close(&t);
    close(fd);
    unlink(path);
}

static void test_writable_disk(void **state)
{
    char path[] = "/tmp/mynah-lockstep-XXXXXX";
    struct disk_twins t;
    struct err e;
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0 && !ftruncate(fd, 4096));
    disk_twins_init(&t);
    struct block *image = block_open_raw(path, false, false, &e);
    assert_non_null(image);
    assert_null(disk_twins_wrap(&t.side[0], image, &e));
    assert_non_null(strstr(e.msg, path));
    disk_twins_close(&t);
    close(fd);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_disk_back), cmocka_unit_test(test_writable_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
