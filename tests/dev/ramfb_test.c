/* ramfb_test.c - the screen in RAM: its file of fw_cfg, formats, shapes that make no sense, state. */
#include "base/bits.h"
#include "hw/display/ramfb.h"
#include "tests/dev/rig.h"

struct fix {
    struct rig    r;
    struct fw_cfg f;
    struct ramfb  fb;
};
enum { ERROR = 1, READ = 2, SKIP = 4, SELECT = 8, WRITE = 16 };
#define DESC  (RIG_RAM + 0x100)
#define BUF   (RIG_RAM + 0x1000)
#define FRAME (RIG_RAM + 0x10000)
#define KEY   FW_CFG_FILE_FIRST
#define CODE(t) ((u32)(t)[0] | (u32)(t)[1] << 8 | (u32)(t)[2] << 16 | (u32)(t)[3] << 24)

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    struct err e;
    rig_start(&f->r);
    fw_cfg_init(&f->f, f->r.m, "fw_cfg");
    f->f.dev.cls->reset(&f->f.dev);
    assert_true(ramfb_init(&f->fb, f->r.m, "ramfb", &f->f, &e));
    f->fb.dev.cls->reset(&f->fb.dev);
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

static u32 dma(struct fix *f, u32 control, u32 len, gpa at)
{
    u8 *p = rig_mem(&f->r, DESC);
    store_le32(p, __builtin_bswap32(control));
    store_le32(p + 4, __builtin_bswap32(len));
    store_le64(p + 8, __builtin_bswap64(at));
    dev_write(&f->f.dev, 16, __builtin_bswap64(DESC), 8);
    return load_be32(p);
}

static u32 set(struct fix *f, u64 at, const char *format, u32 flags, u32 w, u32 h, u32 stride)
{
    u8 *p = rig_mem(&f->r, BUF);
    const u32 rest[] = { CODE(format), flags, w, h, stride };
    store_le64(p, __builtin_bswap64(at));
    for (u32 i = 0; i < COUNT(rest); i++)
        store_le32(p + 8 + 4 * i, __builtin_bswap32(rest[i]));
    return dma(f, KEY << 16 | SELECT | WRITE, RAMFB_BYTES, BUF);
}
static bool is_blank(struct fix *f)
{
    struct display *d = &f->fb.display;
    display_update(d);
    for (u32 i = 0; i < 640 * 480; i++)
        if (d->surface.width != 640 || d->surface.height != 480 || d->surface.px[i])
            return false;
    return true;
}
static u32 shown(struct fix *f, u32 x, u32 y)
{
    display_update(&f->fb.display);
    return display_line(&f->fb.display, y)[x];
}

static void test_file(void **state)
{
    struct fix *f = *state;
    u8 *p = rig_mem(&f->r, BUF);
    memcpy(p, "0123456789abcdefghijklmnopqrstuvwxyz", 36);
    assert_string_equal(f->f.files[0].name, "etc/ramfb");
    assert_int_equal(dma(f, KEY << 16 | SELECT | WRITE, 29, BUF), ERROR);
    assert_int_equal(dma(f, KEY << 16 | SELECT | WRITE, ~0u, BUF), ERROR);
    assert_int_equal(dma(f, KEY << 16 | SELECT | WRITE, 4, 0x100), ERROR); /* no RAM */
    assert_int_equal(dma(f, (u32)FW_CFG_ID << 16 | SELECT | WRITE, 1, BUF), ERROR);
    assert_int_equal(f->fb.s.config[0], 0);
    assert_int_equal(dma(f, KEY << 16 | SELECT | WRITE, 28, BUF), 0);
    assert_memory_equal(f->fb.s.config, "0123456789abcdefghijklmnopqr", 28);
    assert_int_equal(dma(f, WRITE, 1, BUF), ERROR); /* at its end */
    assert_int_equal(dma(f, KEY << 16 | SELECT | SKIP, 26, 0), 0);
    assert_int_equal(dma(f, WRITE, 3, BUF), ERROR);
    assert_int_equal(dma(f, WRITE, 2, BUF), 0);
    assert_memory_equal(f->fb.s.config, "0123456789abcdefghijklmnop01", 28);
    assert_int_equal(dma(f, KEY << 16 | SELECT | READ, 28, BUF), 0);
    assert_memory_equal(p, f->fb.s.config, 28);
    assert_true(is_blank(f));
}

static void test_formats(void **state)
{
    struct fix *f = *state;
    static const struct { char format[5]; u8 bytes[4]; u32 px; } all[] = {
        { "XR24", { 3, 2, 1, 9 }, 0x010203 }, { "AR24", { 3, 2, 1, 9 }, 0x010203 },
        { "XB24", { 1, 2, 3, 9 }, 0x010203 },
        { "AB24", { 1, 2, 3, 9 }, 0x010203 }, { "RG24", { 3, 2, 1, 9 }, 0x010203 },
        { "RG16", { 0x10, 0x84, 0, 0 }, 0x848284 },
    };
    for (u32 i = 0; i < COUNT(all); i++) {
        memcpy(rig_mem(&f->r, FRAME), all[i].bytes, 4);
        assert_int_equal(set(f, FRAME, all[i].format, 0, 1, 1, 0), 0);
        assert_int_equal(shown(f, 0, 0), all[i].px);
        assert_true(f->fb.display.surface.width == 1 && f->fb.display.surface.height == 1);
    }
    set(f, FRAME, "YUYV", 0, 1, 1, 0);
    assert_true(is_blank(f));
}

static void test_picture(void **state)
{
    struct fix *f = *state;
    struct display *d = &f->fb.display;
    u8 *p = rig_mem(&f->r, FRAME);
    assert_true(is_blank(f));
    display_take_damage(d);
    assert_false(display_update(d));
    for (u32 i = 0; i < 40 * 30; i++)
        store_le32(p + 4 * i, 0xff000000 | i * 77);
    set(f, FRAME, "XR24", 0, 36, 30, 160); /* lines of 40 pixels */
    for (u32 i = 0; i < 36 * 30; i++)
        assert_int_equal(shown(f, i % 36, i / 36), (i / 36 * 40 + i % 36) * 77);
    display_take_damage(d);
    assert_false(display_update(d));
    store_le32(p + 4 * (40 * 7 + 3), 5); /* without a word to anybody */
    store_le32(p + 4 * (40 * 9 + 38), 5); /* beside the picture */
    assert_true(display_update(d));
    assert_int_equal(display_line(d, 7)[3], 5);
    struct display_rect r = display_take_damage(d);
    assert_true(r.x == 0 && r.y == 7 && r.w == 36 && r.h == 1);
    set(f, RIG_RAM + RIG_RAM_SIZE - 160 * 3, "XR24", 0, 40, 30, 0); /* three lines are RAM */
    memset(rig_mem(&f->r, RIG_RAM + RIG_RAM_SIZE - 160 * 3), 0x11, 160 * 3);
    assert_int_equal(shown(f, 39, 2), 0x111111);
    assert_int_equal(shown(f, 0, 3), 0);
    set(f, ~0ull - 100, "XR24", 0, 40, 30, 0);
    assert_int_equal(shown(f, 0, 29), 0);
}

static void test_nonsense(void **state)
{
    struct fix *f = *state;
    static const u32 bad[][4] = { /* flags, width, height, stride */
        { 1, 4, 4, 0 }, { 0, 0, 4, 0 }, { 0, 4, 0, 0 }, { 0, 16385, 4, 0 }, { 0, 4, 16385, 0 }, { 0, ~0u, ~0u, 0 },
        { 0, 16384, 16384, 0 }, { 0, 4, 4, 15 }, { 0, 1 << 30, 1, 4 },
    };
    for (u32 i = 0; i < COUNT(bad); i++) {
        set(f, FRAME, "XR24", 0, 4, 4, 0);
        assert_false(is_blank(f));
        assert_int_equal(set(f, FRAME, "XR24", bad[i][0], bad[i][1], bad[i][2], bad[i][3]), 0);
        assert_true(is_blank(f));
    }
    set(f, FRAME, "XR24", 0, 4, 4, ~0u); /* lines far apart, most are nowhere */
    assert_false(is_blank(f));
}

static void test_state(void **state)
{
    struct fix *f = *state;
    memset(rig_mem(&f->r, FRAME), 0x22, 64);
    set(f, FRAME, "XR24", 0, 4, 4, 0);
    struct ramfb_state saved = f->fb.s;
    rig_check_class(&f->fb.dev); /* resets */
    assert_true(is_blank(f));
    f->fb.s = saved;
    f->fb.dev.cls->resumed(&f->fb.dev);
    assert_int_equal(shown(f, 3, 3), 0x222222);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = { T(test_file), T(test_formats), T(test_picture), T(test_nonsense),
                                        T(test_state) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
