/* view.c - where a picture lies in a window; see view.h. */
#include "host/view.h"
#include "host/input.h"

struct view view_fit(u32 width, u32 height, u32 window_w, u32 window_h)
{
    u64 w = MAX(width, 1u), h = MAX(height, 1u), ww = MAX(window_w, 1u), wh = MAX(window_h, 1u);
    bool wide = ww * h <= wh * w;
    u64 to_w = wide ? ww : MAX(wh * w / h, 1ull), to_h = wide ? MAX(ww * h / w, 1ull) : wh;
    return (struct view){ (u32)w, (u32)h, (u32)(ww - to_w) / 2, (u32)(wh - to_h) / 2, (u32)to_w, (u32)to_h };
}

bool view_is_whole(const struct view *v)
{
    return v->w % v->width == 0 && v->h % v->height == 0 && v->w / v->width == v->h / v->height;
}

static u32 scaled(u32 n, u32 percent)
{
    u64 s = (u64)MAX(n, 1u) * percent / 100;
    return s < 1 ? 1 : s > ~0u ? ~0u : (u32)s;
}

void view_window(u32 width, u32 height, u32 percent, u32 most_w, u32 most_h, u32 *window_w, u32 *window_h)
{
    *window_w = scaled(width, percent);
    *window_h = scaled(height, percent);
    if (*window_w <= most_w && *window_h <= most_h)
        return;
    struct view v = view_fit(width, height, most_w, most_h);
    *window_w = v.w;
    *window_h = v.h;
}

/* A place on one axis: the picture's pixel under it, as the middle of its share of the range. */
static bool axis(i32 at, u32 start, u32 len, u32 pixels, i32 *out)
{
    i64 off = (i64)at - start, last = (i64)len - 1;
    i64 in = off < 0 ? 0 : MIN(off, last);
    u64 pixel = (u64)in * pixels / len;
    *out = (i32)((2 * pixel + 1) * (INPUT_ABS_MAX + 1u) / 2 / pixels);
    return off == in;
}

bool view_point(const struct view *v, i32 x, i32 y, i32 *ax, i32 *ay)
{
    bool in_x = axis(x, v->x, v->w, v->width, ax), in_y = axis(y, v->y, v->h, v->height, ay);
    return in_x && in_y;
}

u32 view_zoom(u32 percent, bool up)
{
    static const u32 steps[] = { 25, 50, 75, 100, 125, 150, 200, 250, 300, 400, 500, 600, 800 };
    u32 i = 0;
    if (up) {
        while (i < COUNT(steps) - 1 && steps[i] <= percent)
            i++;
    } else {
        i = COUNT(steps) - 1;
        while (i && steps[i] >= percent)
            i--;
    }
    return steps[i];
}
