/* display_test.c - surfaces, damage, code page 437, picture files. */
#include "base/bits.h"
#include "host/picture.h"
#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka wants the four above */
#include <cmocka.h>

/* A device that shows a pattern and counts what it is asked for. */
struct source {
    u32 width, height, all, calls;
    struct display_rect changed;
};

static void draw(void *opaque, struct display *d, bool all)
{
    struct source *s = opaque;
    s->calls++;
    s->all += all;
    if (!display_resize(d, s->width, s->height))
        return;
    for (u32 y = 0; y < d->surface.height; y++)
        for (u32 x = 0; x < d->surface.width; x++)
            display_line(d, y)[x] = (x * 0x10307 + y * 0x2050b) & 0xffffff;
    display_changed(d, s->changed.x, s->changed.y, s->changed.w, s->changed.h);
}

static const struct display_ops ops = { .draw = draw };

static void same_rect(struct display_rect r, u32 x, u32 y, u32 w, u32 h)
{
    assert_true(r.x == x && r.y == y && r.w == w && r.h == h);
}

static void test_damage(void **unused)
{
    (void)unused;
    struct source s = { .width = 100, .height = 50 };
    struct display d;
    display_init(&d, &ops, &s, "test");
    assert_true(display_update(&d));
    assert_int_equal(s.all, 1);
    same_rect(display_take_damage(&d), 0, 0, 100, 50);
    assert_false(display_update(&d));
    assert_int_equal(s.all, 1);
    s.changed = (struct display_rect){ 10, 20, 5, 6 };
    assert_true(display_update(&d));
    s.changed = (struct display_rect){ 90, 3, 10, 1 };
    assert_true(display_update(&d));
    same_rect(display_take_damage(&d), 10, 3, 90, 23);
    s.changed = (struct display_rect){ 5, 5, 0, 9 };
    assert_false(display_update(&d));
    d.stale = true;
    display_update(&d);
    assert_int_equal(s.all, 2);
    display_free(&d);
}

static void test_sizes(void **unused)
{
    (void)unused;
    struct display d;
    display_init(&d, &ops, NULL, "test");
    assert_false(display_resize(&d, 0, 5));
    assert_false(display_resize(&d, 5, 0));
    assert_false(display_resize(&d, 0x10000, 0x10000));
    assert_false(display_resize(&d, ~0u, ~0u));
    assert_int_equal(d.surface.width, 0);
    for (u32 i = 1; i < 3000; i = i * 3 + 1) {
        assert_true(display_resize(&d, i, 3001 - i));
        same_rect(display_take_damage(&d), 0, 0, i, 3001 - i);
        for (u32 y = 0; y < d.surface.height; y++)
            for (u32 x = 0; x < i; x++) {
                assert_int_equal(display_line(&d, y)[x], 0);
                display_line(&d, y)[x] = ~0u;
            }
        assert_true(display_resize(&d, i, 3001 - i)); /* no news */
        assert_int_equal(display_line(&d, 0)[0], ~0u);
        same_rect(display_take_damage(&d), 0, 0, 0, 0);
    }
    assert_false(display_resize(&d, 0x10000, 0x10000));
    assert_int_equal(d.surface.width, 1093);
    display_free(&d);
}

static void test_no_text(void **unused)
{
    (void)unused;
    struct display d;
    struct display_text t;
    display_init(&d, &ops, NULL, "test");
    assert_false(display_read_text(&d, &t));
    assert_null(t.cells);
    display_text_free(&t);
    display_free(&d);
}

/* All 256 codes: different characters but for the blanks; some that everybody knows. */
static void test_code_page(void **unused)
{
    (void)unused;
    static const struct { u8 ch; u32 c; } some[] = {
        { 'A', 'A' }, { '~', '~' }, { 0x80, 0xc7 }, { 0x81, 0xfc }, { 0xe1, 0xdf }, { 0xb3, 0x2502 },
        { 0xc4, 0x2500 }, { 0xda, 0x250c }, { 0xdb, 0x2588 }, { 0xb0, 0x2591 }, { 0xcd, 0x2550 }, { 0xfe, 0x25a0 },
        { 1, 0x263a }, { 0x7f, 0x2302 }, { 0xf1, 0xb1 }, { 0, ' ' }, { 0xff, ' ' }, { 0x10, 0x25ba },
        { 0x1f, 0x25bc }, { 0x9b, 0xa2 }, { 0xfd, 0xb2 },
    };
    for (u32 i = 0; i < COUNT(some); i++)
        assert_int_equal(display_cp437(some[i].ch), some[i].c);
    for (u32 i = 0; i < 256; i++)
        for (u32 k = 0; k < i; k++)
            if (display_cp437((u8)i) == display_cp437((u8)k) && display_cp437((u8)i) != ' ')
                fail_msg("codes %u and %u are one character", i, k);
}

static void test_utf8(void **unused)
{
    (void)unused;
    struct display_cell c[8] = { { 'a', 7 }, { 0x81, 7 }, { 0xdb, 7 }, { ' ', 7 }, { 0, 7 }, { 0xff, 7 }, { ' ', 7 },
        { '.', 7 } };
    struct display_text t = { .cols = 4, .rows = 2, .cells = c };
    char *s = display_text_utf8(&t);
    assert_string_equal(s, "aü█\n   .\n");
    free(s);
    t.rows = 0;
    s = display_text_utf8(&t);
    assert_string_equal(s, "");
    free(s);
}

/* ---- files ---- */

static void temporary(char *path, const char *end)
{
    sprintf(path, "/tmp/mynah-display-%d%s", (int)getpid(), end);
}

static void test_png(void **unused)
{
    (void)unused;
    struct source s = { .width = 67, .height = 31 };
    struct display d;
    struct err e;
    char path[80];
    png_image image = { .version = PNG_IMAGE_VERSION };
    temporary(path, ".png");
    display_init(&d, &ops, &s, "test");
    display_update(&d);
    assert_true(picture_write(path, &d.surface, &e));
    assert_true(png_image_begin_read_from_file(&image, path));
    assert_int_equal(image.format & (PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA), PNG_FORMAT_FLAG_COLOR);
    image.format = PNG_FORMAT_RGB;
    assert_true(image.width == 67 && image.height == 31);
    u8 *b = malloc(PNG_IMAGE_SIZE(image));
    assert_true(png_image_finish_read(&image, NULL, b, 0, NULL));
    for (u32 i = 0; i < 67 * 31; i++)
        assert_int_equal(b[3 * i] << 16 | b[3 * i + 1] << 8 | b[3 * i + 2], d.surface.px[i]);
    free(b);
    unlink(path);
    display_free(&d);
}

static void test_ppm(void **unused)
{
    (void)unused;
    u32 px[6] = { 0x112233, 0x445566, 0xdead, 0x778899, 0xaabbcc, 0xbeef };
    struct display_surface s = { px, 2, 2, 3 };
    struct err e;
    char path[80], b[64];
    temporary(path, ".ppm");
    assert_true(picture_write(path, &s, &e));
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fread(b, 1, sizeof b, f), 23);
    assert_memory_equal(b, "P6\n2 2\n255\n\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc", 23);
    fclose(f);
    unlink(path);
}

static void refused(const char *path, const struct display_surface *s, const char *why)
{
    struct err e = { "" };
    assert_false(picture_write(path, s, &e));
    if (!strstr(e.msg, path) || !strstr(e.msg, why))
        fail_msg("'%s'", e.msg);
}

static void test_refused(void **unused)
{
    (void)unused;
    static u32 px[512 * 512];
    struct display_surface s = { px, 512, 512, 512 }, none = { 0 };
    u64 seed = 1;
    for (u32 i = 0; i < COUNT(px); i++)
        px[i] = (u32)((seed = seed * 6364136223846793005 + 1442695040888963407) >> 40); /* does not compress */
    refused("/nowhere/at/all.png", &s, "No such file");
    refused("/nowhere/at/all.ppm", &s, "No such file");
    refused("/dev", &s, "directory");
    refused("/dev/full", &s, "rror");
    assert_int_equal(access("/dev/full", F_OK), 0);
    refused("picture.png", &none, "shows nothing");
    assert_int_not_equal(access("picture.png", F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_damage), cmocka_unit_test(test_sizes), cmocka_unit_test(test_no_text),
        cmocka_unit_test(test_code_page), cmocka_unit_test(test_utf8), cmocka_unit_test(test_png),
        cmocka_unit_test(test_ppm), cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
