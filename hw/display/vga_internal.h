/* vga_internal.h - shared between the files of the VGA alone: register names and bits, what pictures follow from. */
#pragma once
#include "hw/display/vga.h"

/* Sequencer */
enum { SEQ_RESET, SEQ_CLOCKING, SEQ_MAP_MASK, SEQ_FONT, SEQ_MEMORY };
enum { SR1_8_DOTS = 1, SR1_HALF_CLOCK = 8, SR1_SCREEN_OFF = 0x20 };
enum { SR4_EXTENDED = 2, SR4_SEQUENTIAL = 4, SR4_CHAIN4 = 8 };
/* Graphics controller */
enum { GFX_SET, GFX_SET_ENABLE, GFX_COMPARE, GFX_FUNCTION, GFX_READ_PLANE, GFX_MODE, GFX_MISC, GFX_CARE,
       GFX_BIT_MASK };
enum { GR5_READ_1 = 8, GR5_ODD_EVEN = 0x10, GR5_CGA = 0x20, GR5_256 = 0x40 };
enum { GR6_GRAPHICS = 1, GR6_CHAIN = 2 };
/* CRT controller */
enum { CRTC_H_TOTAL = 0, CRTC_H_END = 1, CRTC_V_TOTAL = 6, CRTC_OVERFLOW = 7, CRTC_PRESET = 8, CRTC_MAX_SCAN = 9,
       CRTC_CURSOR_START = 0xa, CRTC_CURSOR_END = 0xb, CRTC_START = 0xc, CRTC_CURSOR = 0xe, CRTC_RETRACE = 0x10,
       CRTC_RETRACE_END = 0x11, CRTC_V_END = 0x12, CRTC_OFFSET = 0x13, CRTC_UNDERLINE = 0x14, CRTC_MODE = 0x17,
       CRTC_COMPARE = 0x18, CRTC_LATCH = 0x22, CRTC_FLIP_FLOP = 0x24 };
/* Attribute controller */
enum { ATTR_MODE = 0x10, ATTR_PLANES = 0x12, ATTR_PAN = 0x13, ATTR_COLOR = 0x14, ATTR_ON = 0x20 };
enum { AR10_LINES = 4, AR10_BLINK = 8, AR10_PAN_TOP = 0x20, AR10_8_BIT = 0x40, AR10_P54 = 0x80 };
enum { MISC_COLOR = 1, MISC_RAM = 2 };
/* VBE display interface */
enum { VBE_ID, VBE_XRES, VBE_YRES, VBE_BPP, VBE_ENABLE, VBE_BANK, VBE_VIRT_WIDTH, VBE_VIRT_HEIGHT, VBE_X, VBE_Y,
       VBE_MEMORY };
enum { VBE_ON = 1, VBE_CAPS = 2, VBE_8_BIT_DAC = 0x20, VBE_KEEP = 0x80 };
#define VBE_X_MAX 16000u
#define VBE_Y_MAX 12000u

static inline struct vga *vga_of(struct dev *d) { return CONTAINER_OF(d, struct vga, dev); }

/* ---- vga_mem.c ---- */
void vga_access_changed(struct vga *v); /* registers that accesses depend on, or all of them */
u64  vga_window_read(void *opaque, u64 off, u32 size);
void vga_window_write(void *opaque, u64 off, u64 val, u32 size);
void vga_window_update(struct vga *v);  /* maps what the access state wants */

/* ---- vga_regs.c: ports by their distance from 3B0 ---- */
u8   vga_port_read(struct dev *d, u64 off);
void vga_port_write(struct dev *d, u64 off, u8 val);

/* ---- vga_vbe.c ---- */
struct vga_vbe {
    u32 bpp, width, height;
    u32 virt;   /* width of the picture that the screen shows a part of */
    u32 pitch;  /* bytes from line to line, of a plane where bpp is 4 */
    u32 x, y;   /* the first pixel shown */
    u32 start;  /* its byte, likewise of a plane */
};
static inline bool vga_vbe_on(const struct vga_state *s) { return s->vbe[VBE_ENABLE] & VBE_ON; }
/* The mode that the registers make; all of it lies in memory. False: VBE is off. */
bool vga_vbe_mode(const struct vga_state *s, struct vga_vbe *m);
u16  vga_vbe_read(const struct vga *v, u32 index);
void vga_vbe_write(struct vga *v, u32 index, u16 val);

/* ---- vga_time.c ---- */
struct vga_raster { /* where the beam is */
    u64  frame;     /* since power-on */
    bool retrace;   /* vertical */
    bool shows;     /* not blanked */
};
struct vga_raster vga_raster_at(const struct vga_state *s, u64 ns);

/* ---- vga_look.c ---- */
enum vga_kind { LOOK_BLANK, LOOK_TEXT, LOOK_GRAPHICS, LOOK_LINEAR, LOOK_PLANES };
enum vga_count { COUNT_BYTES, COUNT_WORDS, COUNT_WORDS_64K, COUNT_DWORDS };

/* All that a picture depends on but memory and time; compared as bytes. */
struct vga_look {
    u32 kind;
    u32 width, height;     /* of the surface */
    u32 cols, dots, scale; /* characters (of dots each) in a line, host pixels for a dot */
    u32 start, pitch;      /* of the address counter; LOOK_LINEAR, LOOK_PLANES: bytes */
    u32 count;             /* enum vga_count */
    u32 row_bits;          /* address bits 13 and 14 that row scans replace: 1, 2 */
    /* rows of a character; lines are doubled; the last line above the split */
    u32 first_row, last_row, twice, compare;
    u32 pan, split_pan;    /* dots; below the split */
    u32 shift;             /* GR5_CGA, GR5_256 or 0 */
    u32 eight;             /* two nibbles make a pixel */
    u32 bpp, big_endian;
    u32 cursor, cursor_top, cursor_end; /* address, lines of a character; cursor_end < cursor_top: none */
    u32 underline, lines, blink;
    u32 font[2];           /* offsets in plane 2 of maps B and A */
    u32 pal[256];
};
void vga_look(const struct vga_state *s, struct vga_look *l);

/* A line of the picture as the address counter goes. */
struct vga_scan {
    u32  y, ma, row, pan;
    bool again;            /* the second of a doubled pair */
};
struct vga_scan vga_scan_first(const struct vga_look *l);
void vga_scan_next(const struct vga_look *l, struct vga_scan *s);
/* Offset in a plane that the address counter's value names in a row of a character. */
u32 vga_address(const struct vga_look *l, u32 ma, u32 row);

/* ---- vga_draw.c, vga_text.c ---- */
struct vga_draw {
    struct vga_look look;
    u64  bits[256];        /* a byte for each pixel of a plane's byte, leftmost first */
    u8   dirty[VGA_MEMORY / PAGE_SIZE];
    u8   font[2][8192];    /* as drawn */
    u32 *cells;            /* as drawn: look.cols + 1 for each row of characters, NULL: none yet */
    u64  phase;            /* of what blinks, as drawn */
    u32  line[(256 + 1) * 9];
};
extern const struct display_ops vga_display_ops;
void vga_draw_text(struct vga *v, struct display *d, bool all, bool written);
bool vga_read_text(void *opaque, struct display_text *t);
