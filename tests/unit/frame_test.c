/* frame_test.c - pictures from the machine's thread to a window's, and where they lie in it. */
#include "host/frame.h"
#include "host/input.h"
#include "host/view.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the four above */
#include <cmocka.h>

/* A device whose n-th picture is all n, drawn line by line where `lines` are set. */
struct source {
    u32 width, height, n, first, lines;
};

static void draw(void *opaque, struct display *d, bool all)
{
    struct source *s = opaque;
    if (!display_resize(d, s->width, s->height))
        return;
    u32 first = all ? 0 : s->first, lines = all ? s->height : s->lines;
    for (u32 y = first; y < first + lines; y++)
        for (u32 x = 0; x < s->width; x++)
            display_line(d, y)[x] = s->n;
    display_changed(d, 0, first, s->width, lines);
}

static const struct display_ops ops = { .draw = draw };

static void same_rect(struct display_rect r, u32 x, u32 y, u32 w, u32 h)
{
    assert_true(r.x == x && r.y == y && r.w == w && r.h == h);
}

static void serve(struct frame *f, struct display *d)
{
    frame_want(f);
    frame_serve(f, d);
    assert_true(frame_wait(f, 0));
}

static void test_what_changed(void **unused)
{
    (void)unused;
    struct source s = { .width = 8, .height = 6, .n = 1 };
    struct display d;
    struct frame f;
    display_init(&d, &ops, &s, "test");
    frame_init(&f);
    frame_serve(&f, &d); /* nobody wants it */
    assert_false(frame_wait(&f, 1));
    assert_int_equal(f.surface.width, 0);
    serve(&f, &d);
    same_rect(f.changed, 0, 0, 8, 6);
    assert_memory_equal(f.surface.px, d.surface.px, 8 * 6 * 4);
    serve(&f, &d);
    assert_int_equal(f.changed.w, 0);
    s = (struct source){ 8, 6, .n = 2, .first = 2, .lines = 3 };
    display_update(&d); /* another viewer looks, and takes nothing away */
    s.lines = 0;
    serve(&f, &d);
    same_rect(f.changed, 0, 2, 8, 3);
    assert_memory_equal(f.surface.px, d.surface.px, 8 * 6 * 4);
    assert_true(f.surface.px[8 * 2] == 2 && f.surface.px[8] == 1);
    display_free(&d);
    frame_free(&f);
}

static void test_sizes(void **unused)
{
    (void)unused;
    static const u32 sizes[][2] = { { 8, 6 }, { 300, 200 }, { 6, 8 }, { 8, 6 }, { 1, 1 }, { 2000, 1 } };
    struct source s = { .n = 7, .first = 0, .lines = 1 };
    struct display d;
    struct frame f;
    display_init(&d, &ops, &s, "test");
    frame_init(&f);
    for (u32 i = 0; i < COUNT(sizes); i++) {
        s.width = sizes[i][0];
        s.height = sizes[i][1];
        serve(&f, &d);
        same_rect(f.changed, 0, 0, s.width, s.height);
        assert_int_equal(f.surface.width, s.width);
        assert_int_equal(f.surface.height, s.height);
        for (u32 y = 0; y < s.height; y++)
            assert_memory_equal(f.surface.px + (u64)y * f.surface.stride, display_line(&d, y), s.width * 4);
    }
    s.width = s.height = 1u << 16; /* is not drawn: the picture stays */
    serve(&f, &d);
    assert_int_equal(f.surface.width, 2000);
    display_free(&d);
    frame_free(&f);
}

/* ---- two threads ---- */

struct viewer { struct frame f; atomic_bool done; u32 torn, seen; };

static void *view(void *opaque)
{
    struct viewer *v = opaque;
    for (u32 last = 0; v->seen < 300;) {
        frame_want(&v->f);
        while (!frame_wait(&v->f, 100)) {}
        const struct display_surface *s = &v->f.surface;
        for (u32 i = 1; i < s->width * s->height; i++)
            v->torn += s->px[i] != s->px[0];
        v->torn += s->px[0] < last; /* the machine's pictures come in order */
        last = s->px[0];
        v->seen++;
    }
    atomic_store(&v->done, true);
    return NULL;
}

/* Every picture is whole: one number all over, whatever the size. */
static void test_threads(void **unused)
{
    (void)unused;
    struct source s = { .width = 64, .height = 32 };
    struct viewer v = { 0 };
    struct display d;
    pthread_t thread;
    display_init(&d, &ops, &s, "test");
    frame_init(&v.f);
    assert_false(pthread_create(&thread, NULL, view, &v));
    while (!atomic_load(&v.done)) {
        s.n++;
        s.width = 64 + s.n % 3 * 32;
        d.stale = true;
        frame_serve(&v.f, &d);
    }
    pthread_join(thread, NULL);
    assert_int_equal(v.torn, 0);
    display_free(&d);
    frame_free(&v.f);
}

/* ---- places ---- */

static void fits(u32 w, u32 h, u32 window_w, u32 window_h, struct display_rect want, bool whole)
{
    struct view v = view_fit(w, h, window_w, window_h);
    same_rect(want, v.x, v.y, v.w, v.h);
    assert_int_equal(view_is_whole(&v), whole);
}

static void test_fit(void **unused)
{
    (void)unused;
    fits(720, 400, 720, 400, (struct display_rect){ 0, 0, 720, 400 }, true);
    fits(720, 400, 1440, 800, (struct display_rect){ 0, 0, 1440, 800 }, true);
    fits(640, 480, 1280, 1000, (struct display_rect){ 0, 20, 1280, 960 }, true);
    fits(640, 400, 700, 400, (struct display_rect){ 30, 0, 640, 400 }, true);
    fits(640, 400, 960, 700, (struct display_rect){ 0, 50, 960, 600 }, false);
    fits(640, 400, 320, 200, (struct display_rect){ 0, 0, 320, 200 }, false);
    fits(100000, 1, 64, 48, (struct display_rect){ 0, 23, 64, 1 }, false);
    fits(1, 100000, 64, 48, (struct display_rect){ 31, 0, 1, 48 }, false);
    fits(0, 0, 0, 0, (struct display_rect){ 0, 0, 1, 1 }, true);
    fits(~0u, ~0u, ~0u, 1, (struct display_rect){ 0x7fffffff, 0, 1, 1 }, false);
}

static void test_window_size(void **unused)
{
    (void)unused;
    u32 w, h;
    view_window(640, 400, 100, 1280, 1024, &w, &h);
    assert_true(w == 640 && h == 400);
    view_window(640, 400, 150, 1280, 1024, &w, &h);
    assert_true(w == 960 && h == 600);
    view_window(640, 400, 400, 1280, 1024, &w, &h);
    assert_true(w == 1280 && h == 800);
    view_window(16000, 12000, 100, 1280, 1024, &w, &h);
    assert_true(w == 1280 && h == 960);
    view_window(1, 1u << 26, 800, 1280, 1024, &w, &h);
    assert_true(w == 1 && h == 1024);
    view_window(0, 0, 25, 1280, 1024, &w, &h);
    assert_true(w == 1 && h == 1);
}

static void test_zoom(void **unused)
{
    (void)unused;
    assert_int_equal(view_zoom(100, true), 125);
    assert_int_equal(view_zoom(100, false), 75);
    assert_int_equal(view_zoom(110, true), 125);
    assert_int_equal(view_zoom(110, false), 100);
    assert_int_equal(view_zoom(800, true), 800);
    assert_int_equal(view_zoom(25, false), 25);
    assert_int_equal(view_zoom(0, true), 25);
    assert_int_equal(view_zoom(~0u, false), 800);
}

/* A guest that maps the range onto its pixels, in either of the usual ways, finds the pixel that was pointed at. */
static void test_points(void **unused)
{
    (void)unused;
    static const u32 sizes[] = { 1, 2, 3, 64, 640, 720, 1366, 1920, 4096 };
    for (u32 i = 0; i < COUNT(sizes); i++) {
        u32 n = sizes[i];
        struct view v = view_fit(n, n, 2 * n + 10, 2 * n);
        for (u32 p = 0; p < n; p++) {
            i32 x, y;
            assert_true(view_point(&v, (i32)(5 + 2 * p), (i32)(2 * p + 1), &x, &y));
            assert_int_equal((u64)x * n / (INPUT_ABS_MAX + 1), p);
            assert_int_equal(((u64)y * (n - 1) * 2 + INPUT_ABS_MAX) / (2 * INPUT_ABS_MAX), p);
        }
    }
}

static void test_points_beside(void **unused)
{
    (void)unused;
    struct view v = view_fit(640, 400, 700, 400);
    i32 x, y;
    assert_false(view_point(&v, 29, 0, &x, &y));
    assert_int_equal(x * 640 / (INPUT_ABS_MAX + 1), 0);
    assert_true(view_point(&v, 30, 0, &x, &y));
    assert_true(view_point(&v, 669, 399, &x, &y));
    assert_false(view_point(&v, 670, 399, &x, &y));
    assert_int_equal(x * 640 / (INPUT_ABS_MAX + 1), 639);
    assert_false(view_point(&v, INT32_MIN, INT32_MAX, &x, &y));
    assert_true(x >= 0 && y <= INPUT_ABS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_changed), cmocka_unit_test(test_sizes), cmocka_unit_test(test_threads),
        cmocka_unit_test(test_fit), cmocka_unit_test(test_window_size), cmocka_unit_test(test_zoom),
        cmocka_unit_test(test_points), cmocka_unit_test(test_points_beside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
