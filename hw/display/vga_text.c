/*
 * vga_text.c - text screens: characters of plane 0 with attributes of plane 1, drawn from the fonts in plane 2.
 *
 * A row of characters is drawn when a cell of it differs from the one drawn last; what blinks is in the cell.
 */
#include "hw/display/vga_internal.h"
#include <stdlib.h>
#include <string.h>

/* A cell as drawn: character, attribute, and what they do not say. */
enum { CELL_CURSOR = 1 << 16, CELL_HIDDEN = 1 << 17, CELL_NONE = 1 << 18 };
/* Frames: the cursor is there for 8 and gone for 8, blinking characters for 16 (IBM: CRTC A, attribute mode
 * control). */
enum { CURSOR_GONE = 8, BLINK_GONE = 16 };

static const u8 *cell_bytes(const struct vga *v, const struct vga_look *l, u32 ma, u32 row)
{
    return v->vram->host + 4ull * vga_address(l, ma, row);
}

/* ---- fonts ---- */

/* The maps that are chosen, from plane 2; true when they are not those drawn. */
static bool font_changed(struct vga *v)
{
    struct vga_draw *w = v->draw;
    u8 now[2][8192];
    for (u32 f = 0; f < 2; f++)
        for (u32 i = 0; i < sizeof now[f]; i++)
            now[f][i] = v->vram->host[4ull * (w->look.font[f] + i) + 2];
    if (!memcmp(now, w->font, sizeof now))
        return false;
    memcpy(w->font, now, sizeof now);
    return true;
}

/* ---- cells ---- */

static u32 cell_at(const struct vga *v, u32 ma, u32 row, u64 frame)
{
    const struct vga_look *l = &v->draw->look;
    const u8 *p = cell_bytes(v, l, ma, row);
    u32 cell = p[0] | p[1] << 8;
    if (l->blink && p[1] & 0x80 && frame & BLINK_GONE)
        cell |= CELL_HIDDEN;
    if ((ma & 0xffff) == l->cursor && l->cursor_top <= l->cursor_end && !(frame & CURSOR_GONE))
        cell |= CELL_CURSOR;
    return cell;
}

/* Fetches the cells of a row, one more for panning; true when they are not those drawn. */
static bool fetch_row(const struct vga *v, const struct vga_scan *s, u64 frame, u32 *cells)
{
    bool changed = false;
    for (u32 i = 0; i <= v->draw->look.cols; i++) {
        u32 c = cell_at(v, s->ma + i, s->row, frame);
        changed |= c != cells[i];
        cells[i] = c;
    }
    return changed;
}

static bool keep_cells(struct vga_draw *w)
{
    u64 n = (w->look.cols + 1ull) * w->look.height; /* no more rows than lines */
    free(w->cells);
    w->cells = malloc(n * sizeof *w->cells);
    for (u64 i = 0; w->cells && i < n; i++)
        w->cells[i] = CELL_NONE;
    return w->cells != NULL;
}

/* ---- drawing ---- */

static u32 glyph(const struct vga_draw *w, u32 cell, u32 row)
{
    const struct vga_look *l = &w->look;
    u32 ch = cell & 0xff, attr = cell >> 8 & 0xff, bits = w->font[attr >> 3 & 1][ch * 32 + row];
    bool solid = row == l->underline && (attr & 0x77) == 1;
    if (solid)
        bits = 0xff;
    if (cell & CELL_HIDDEN) {
        solid = false;
        bits = 0;
    }
    if (cell & CELL_CURSOR && row >= l->cursor_top && row <= l->cursor_end) {
        solid = true;
        bits = 0xff;
    }
    bool ninth = solid || (l->lines && ch >= 0xc0 && ch <= 0xdf); /* of lines, the last dot again */
    return bits << 1 | (ninth & bits);
}

static void draw_line(struct vga_draw *w, const u32 *cells, const struct vga_scan *s, u32 *out)
{
    const struct vga_look *l = &w->look;
    u32 *dot = w->line, n = l->width / l->scale;
    for (u32 i = 0; i < l->cols + !!s->pan; i++, dot += l->dots) {
        u32 bits = glyph(w, cells[i], s->row), attr = cells[i] >> 8 & 0xff;
        u32 fg = l->pal[attr & 15], bg = l->pal[attr >> 4 & (l->blink ? 7 : 15)];
        for (u32 k = 0; k < l->dots; k++)
            dot[k] = bits >> (8 - k) & 1 ? fg : bg;
    }
    for (u32 i = 0; i < n; i++)
        for (u32 k = 0; k < l->scale; k++)
            out[i * l->scale + k] = w->line[s->pan + i];
}

/* Another row of characters begins at this line. */
static bool is_new_row(const struct vga_look *l, const struct vga_scan *s, const struct vga_scan *was)
{
    return s->ma != was->ma || s->y == l->compare + 1 || (l->row_bits && s->row != was->row);
}

void vga_draw_text(struct vga *v, struct display *d, bool all, bool written)
{
    struct vga_draw *w = v->draw;
    const struct vga_look *l = &w->look;
    u64 frame = vga_raster_at(&v->s, dev_now(&v->dev)).frame & (CURSOR_GONE | BLINK_GONE);
    all |= (all || written) && font_changed(v);
    if (!all && !written && frame == w->phase)
        return;
    w->phase = frame;
    if (all && !keep_cells(w)) {
        d->stale = true;
        return;
    }
    struct vga_scan s = vga_scan_first(l), was = s;
    u32 *cells = w->cells;
    bool draws = fetch_row(v, &s, frame, cells);
    for (; s.y < l->height; was = s, vga_scan_next(l, &s)) {
        if (s.y && is_new_row(l, &s, &was))
            draws = fetch_row(v, &s, frame, cells += l->cols + 1);
        if (draws) {
            draw_line(w, cells, &s, display_line(d, s.y));
            display_changed(d, 0, s.y, l->width, 1);
        }
    }
}

/* ---- as text ---- */

bool vga_read_text(void *opaque, struct display_text *t)
{
    struct vga *v = opaque;
    struct vga_look l;
    vga_look(&v->s, &l);
    if (l.kind != LOOK_TEXT)
        return false;
    t->cols = l.cols;
    t->rows = l.height / ((l.last_row + 1) << l.twice);
    t->cells = calloc((u64)t->cols * t->rows + 1, sizeof *t->cells);
    if (!t->cells)
        return false;
    for (u32 i = 0; i < t->cols * t->rows; i++) {
        u32 ma = l.start + i / t->cols * l.pitch + i % t->cols;
        const u8 *p = cell_bytes(v, &l, ma, 0);
        t->cells[i] = (struct display_cell){ p[0], p[1] };
        if ((ma & 0xffff) == l.cursor && l.cursor_top <= l.cursor_end && t->cursor == DISPLAY_NO_CURSOR)
            t->cursor = i;
    }
    return true;
}
