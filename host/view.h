/*
 * view.h - where a picture lies in a window: scaled, its shape kept, in the middle.
 *
 * Sizes and places in pixels; 0 sizes count as 1.
 */
#pragma once
#include "base/types.h"

struct view {
    u32 width, height;   /* of the picture */
    u32 x, y, w, h;      /* where it lies in the window */
};

/* The largest place of that shape in the window. One of the picture's size shows it as it is. */
struct view view_fit(u32 width, u32 height, u32 window_w, u32 window_h);
/* Pixels of the picture are whole squares of the window's. */
bool view_is_whole(const struct view *v);
/* The window that shows a picture at so many percent; where a side is more than most allows, smaller in its shape. */
void view_window(u32 width, u32 height, u32 percent, u32 most_w, u32 most_h, u32 *window_w, u32 *window_h);
/* A point of the window as an absolute position (0 to INPUT_ABS_MAX, host/input.h): that of the middle of the
 * picture's pixel there. False: it is beside the picture; *ax, *ay are those of the nearest pixel. */
bool view_point(const struct view *v, i32 x, i32 y, i32 *ax, i32 *ay);
/* The next larger (up) or smaller step of the scale, from any percentage. */
u32 view_zoom(u32 percent, bool up);
