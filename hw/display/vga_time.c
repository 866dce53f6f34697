/* vga_time.c - where the beam is, by virtual time. Spec: see vga.h, CRT controller registers 0 to 7, 10, 11, 12. */
#include "hw/display/vga_internal.h"

/* A frame in clocks: characters in a line, lines in a frame, how many of them are shown, where vertical retrace
 * is. */
struct frame {
    u64 clock;                  /* dots a second */
    u32 dots;                   /* of a character */
    u32 chars, lines, shown_chars, shown_lines, retrace, retrace_lines;
};

static u32 bit(u8 reg, u32 from, u32 to) { return (reg >> from & 1u) << to; }

static struct frame vga_frame(const struct vga_state *s)
{
    static const u32 clocks[4] = { 25175000, 28322000, 25175000, 25175000 };
    const u8 *c = s->crtc;
    u8 over = c[CRTC_OVERFLOW];
    struct frame f = {
        .clock = clocks[s->misc >> 2 & 3] >> !!(s->seq[SEQ_CLOCKING] & SR1_HALF_CLOCK),
        .dots = s->seq[SEQ_CLOCKING] & SR1_8_DOTS ? 8 : 9,
        .chars = c[CRTC_H_TOTAL] + 5u, .lines = (c[CRTC_V_TOTAL] | bit(over, 0, 8) | bit(over, 5, 9)) + 2,
        .shown_chars = c[CRTC_H_END] + 1u, .shown_lines = (c[CRTC_V_END] | bit(over, 1, 8) | bit(over, 6, 9)) + 1,
        .retrace = c[CRTC_RETRACE] | bit(over, 2, 8) | bit(over, 7, 9),
    };
    u32 end = c[CRTC_RETRACE_END] & 15;
    f.retrace_lines = ((end - f.retrace - 1) & 15) + 1;
    if (c[CRTC_MODE] & 4) { /* vertical counts are of two lines */
        f.lines *= 2;
        f.shown_lines *= 2;
        f.retrace *= 2;
        f.retrace_lines *= 2;
    }
    return f;
}

/* VBE registers do not say: 60 frames a second, an eighth of each line and a sixteenth of the lines blank. */
static struct frame vbe_frame(const struct vga_vbe *m)
{
    u32 chars = (m->width + 7) / 8, blank = MAX(m->height / 16, 4);
    struct frame f = { .dots = 8, .chars = chars + chars / 8 + 1, .lines = m->height + blank, .shown_chars = chars,
                       .shown_lines = m->height, .retrace = m->height + 1, .retrace_lines = 2 };
    f.clock = 60ull * f.chars * f.dots * f.lines;
    return f;
}

struct vga_raster vga_raster_at(const struct vga_state *s, u64 ns)
{
    struct vga_vbe m;
    struct frame f = vga_vbe_mode(s, &m) ? vbe_frame(&m) : vga_frame(s);
    u64 chars = (u64)((u128)ns * f.clock / 1000000000u) / f.dots, all = (u64)f.chars * f.lines;
    u32 at = (u32)(chars % all), line = at / f.chars;
    return (struct vga_raster){ .frame = chars / all, .retrace = line - f.retrace < f.retrace_lines,
                                .shows = line < f.shown_lines && at % f.chars < f.shown_chars };
}
