/* ps2_keys.c - scan codes of a PS/2 keyboard; see ps2_keys.h. */
#include "hw/input/ps2_keys.h"
#include <string.h>

enum { E0 = 0xe000, BREAK = 0xf0 };

static const struct { u16 set2; u8 set3; } codes[KEY_COUNT] = {
    [KEY_ESC] = { 0x76, 0x08 }, [KEY_GRAVE_ACCENT] = { 0x0e, 0x0e }, [KEY_MINUS] = { 0x4e, 0x4e },
    [KEY_1] = { 0x16, 0x16 }, [KEY_2] = { 0x1e, 0x1e }, [KEY_3] = { 0x26, 0x26 }, [KEY_4] = { 0x25, 0x25 },
    [KEY_5] = { 0x2e, 0x2e }, [KEY_6] = { 0x36, 0x36 }, [KEY_7] = { 0x3d, 0x3d }, [KEY_8] = { 0x3e, 0x3e },
    [KEY_9] = { 0x46, 0x46 }, [KEY_0] = { 0x45, 0x45 }, [KEY_EQUAL] = { 0x55, 0x55 },
    [KEY_BACKSPACE] = { 0x66, 0x66 }, [KEY_TAB] = { 0x0d, 0x0d }, [KEY_Q] = { 0x15, 0x15 }, [KEY_W] = { 0x1d, 0x1d },
    [KEY_E] = { 0x24, 0x24 }, [KEY_R] = { 0x2d, 0x2d }, [KEY_T] = { 0x2c, 0x2c }, [KEY_Y] = { 0x35, 0x35 },
    [KEY_U] = { 0x3c, 0x3c }, [KEY_I] = { 0x43, 0x43 }, [KEY_O] = { 0x44, 0x44 }, [KEY_P] = { 0x4d, 0x4d },
    [KEY_BRACKET_LEFT] = { 0x54, 0x54 }, [KEY_BRACKET_RIGHT] = { 0x5b, 0x5b }, [KEY_RET] = { 0x5a, 0x5a },
    [KEY_A] = { 0x1c, 0x1c }, [KEY_S] = { 0x1b, 0x1b }, [KEY_D] = { 0x23, 0x23 }, [KEY_F] = { 0x2b, 0x2b },
    [KEY_G] = { 0x34, 0x34 }, [KEY_H] = { 0x33, 0x33 }, [KEY_J] = { 0x3b, 0x3b }, [KEY_K] = { 0x42, 0x42 },
    [KEY_L] = { 0x4b, 0x4b }, [KEY_SEMICOLON] = { 0x4c, 0x4c }, [KEY_APOSTROPHE] = { 0x52, 0x52 },
    [KEY_BACKSLASH] = { 0x5d, 0x5c }, [KEY_Z] = { 0x1a, 0x1a }, [KEY_X] = { 0x22, 0x22 }, [KEY_C] = { 0x21, 0x21 },
    [KEY_V] = { 0x2a, 0x2a }, [KEY_B] = { 0x32, 0x32 }, [KEY_N] = { 0x31, 0x31 }, [KEY_M] = { 0x3a, 0x3a },
    [KEY_COMMA] = { 0x41, 0x41 }, [KEY_DOT] = { 0x49, 0x49 }, [KEY_SLASH] = { 0x4a, 0x4a },
    [KEY_SPC] = { 0x29, 0x29 }, [KEY_LESS] = { 0x61, 0x13 }, [KEY_CAPS_LOCK] = { 0x58, 0x14 },
    [KEY_SHIFT] = { 0x12, 0x12 }, [KEY_SHIFT_R] = { 0x59, 0x59 }, [KEY_CTRL] = { 0x14, 0x11 },
    [KEY_CTRL_R] = { E0 | 0x14, 0x58 }, [KEY_ALT] = { 0x11, 0x19 }, [KEY_ALT_R] = { E0 | 0x11, 0x39 },
    [KEY_META_L] = { E0 | 0x1f, 0x8b }, [KEY_META_R] = { E0 | 0x27, 0x8c }, [KEY_COMPOSE] = { E0 | 0x2f, 0x8d },
    [KEY_MENU] = { E0 | 0x2f, 0x8d }, [KEY_F1] = { 0x05, 0x07 }, [KEY_F2] = { 0x06, 0x0f }, [KEY_F3] = { 0x04, 0x17 },
    [KEY_F4] = { 0x0c, 0x1f }, [KEY_F5] = { 0x03, 0x27 }, [KEY_F6] = { 0x0b, 0x2f }, [KEY_F7] = { 0x83, 0x37 },
    [KEY_F8] = { 0x0a, 0x3f }, [KEY_F9] = { 0x01, 0x47 }, [KEY_F10] = { 0x09, 0x4f }, [KEY_F11] = { 0x78, 0x56 },
    [KEY_F12] = { 0x07, 0x5e }, [KEY_PRINT] = { E0 | 0x7c, 0x57 }, [KEY_SYSRQ] = { E0 | 0x7c, 0x57 },
    [KEY_SCROLL_LOCK] = { 0x7e, 0x5f }, [KEY_PAUSE] = { 0x77, 0x62 }, [KEY_INSERT] = { E0 | 0x70, 0x67 },
    [KEY_HOME] = { E0 | 0x6c, 0x6e }, [KEY_PGUP] = { E0 | 0x7d, 0x6f }, [KEY_DELETE] = { E0 | 0x71, 0x64 },
    [KEY_END] = { E0 | 0x69, 0x65 }, [KEY_PGDN] = { E0 | 0x7a, 0x6d }, [KEY_UP] = { E0 | 0x75, 0x63 },
    [KEY_LEFT] = { E0 | 0x6b, 0x61 }, [KEY_DOWN] = { E0 | 0x72, 0x60 }, [KEY_RIGHT] = { E0 | 0x74, 0x6a },
    [KEY_NUM_LOCK] = { 0x77, 0x76 }, [KEY_KP_DIVIDE] = { E0 | 0x4a, 0x4a }, [KEY_KP_MULTIPLY] = { 0x7c, 0x7e },
    [KEY_ASTERISK] = { 0x7c, 0x7e }, [KEY_KP_SUBTRACT] = { 0x7b, 0x4e }, [KEY_KP_ADD] = { 0x79, 0x7c },
    [KEY_KP_ENTER] = { E0 | 0x5a, 0x79 }, [KEY_KP_DECIMAL] = { 0x71, 0x71 }, [KEY_KP_0] = { 0x70, 0x70 },
    [KEY_KP_1] = { 0x69, 0x69 }, [KEY_KP_2] = { 0x72, 0x72 }, [KEY_KP_3] = { 0x7a, 0x7a },
    [KEY_KP_4] = { 0x6b, 0x6b }, [KEY_KP_5] = { 0x73, 0x73 }, [KEY_KP_6] = { 0x74, 0x74 },
    [KEY_KP_7] = { 0x6c, 0x6c }, [KEY_KP_8] = { 0x75, 0x75 }, [KEY_KP_9] = { 0x7d, 0x7d },
    [KEY_KP_COMMA] = { 0x6d, 0 }, [KEY_KP_EQUALS] = { 0x0f, 0 }, [KEY_RO] = { 0x51, 0 },
    [KEY_HIRAGANA] = { 0x62, 0x87 }, [KEY_HENKAN] = { 0x64, 0x86 }, [KEY_YEN] = { 0x6a, 0x5d },
    [KEY_MUHENKAN] = { 0x67, 0x85 }, [KEY_KATAKANAHIRAGANA] = { 0x13, 0x87 }, [KEY_POWER] = { E0 | 0x37, 0 },
    [KEY_SLEEP] = { E0 | 0x3f, 0 }, [KEY_WAKE] = { E0 | 0x5e, 0 }, [KEY_STOP] = { E0 | 0x28, 0x0a },
    [KEY_AUDIONEXT] = { E0 | 0x4d, 0x93 }, [KEY_AUDIOPREV] = { E0 | 0x15, 0x94 },
    [KEY_AUDIOSTOP] = { E0 | 0x3b, 0x98 }, [KEY_AUDIOPLAY] = { E0 | 0x34, 0 }, [KEY_AUDIOMUTE] = { E0 | 0x23, 0x9c },
    [KEY_VOLUMEUP] = { E0 | 0x32, 0x95 }, [KEY_VOLUMEDOWN] = { E0 | 0x21, 0x9d },
    [KEY_MEDIASELECT] = { E0 | 0x50, 0 }, [KEY_MAIL] = { E0 | 0x48, 0 }, [KEY_CALCULATOR] = { E0 | 0x2b, 0xa3 },
    [KEY_COMPUTER] = { E0 | 0x40, 0 }, [KEY_AC_HOME] = { E0 | 0x3a, 0x97 }, [KEY_AC_BACK] = { E0 | 0x38, 0 },
    [KEY_AC_FORWARD] = { E0 | 0x30, 0 }, [KEY_AC_REFRESH] = { E0 | 0x20, 0 }, [KEY_AC_BOOKMARKS] = { E0 | 0x18, 0 },
};

/* Codes up to 0x84; the rest stays as it is (answers and prefixes above all). */
static const u8 set1[0x85] = {
    0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29, 0x59, /* 00 */
    0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11, 0x03, 0x5b, /* 10 */
    0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14, 0x13, 0x06, 0x5d, /* 20 */
    0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5f, /* 30 */
    0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35, 0x26, 0x27, 0x19, 0x0c, 0x61, /* 40 */
    0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36, 0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76, /* 50 */
    0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c, 0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f, /* 60 */
    0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45, 0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54, /* 70 */
    0x80, 0x81, 0x82, 0x41, 0x54,
};

u8 ps2_translate(u8 code)
{
    return code < sizeof set1 ? set1[code] : code;
}

u8 ps2_set3_code(u32 key) { return codes[key].set3; }

u8 ps2_set3_type(u8 code)
{
    static const u8 make_break[] = { 0x11, 0x12, 0x14, 0x19, 0x59 };
    static const u8 make_only[] = {
        0x07, 0x08, 0x0f, 0x17, 0x1f, 0x27, 0x2f, 0x37, 0x39, 0x3f, 0x47, 0x4f, 0x56, 0x57, 0x58, 0x5e, 0x5f, 0x62,
        0x65, 0x67, 0x69, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x79, 0x7a, 0x7d,
        0x7e, 0x8b, 0x8c, 0x8d,
    };
    if (memchr(make_break, code, sizeof make_break))
        return PS2_BREAKS;
    return memchr(make_only, code, sizeof make_only) ? 0 : PS2_REPEATS;
}

/* ---- set 2 ---- */

struct bytes {
    u8 *p;
    u32 n;
};

static void put(struct bytes *b, u16 code, bool release)
{
    if (code & E0)
        b->p[b->n++] = 0xe0;
    if (release)
        b->p[b->n++] = BREAK;
    b->p[b->n++] = (u8)code;
}

/* Keys that PC keyboards of before had on the keypad alone. */
static bool is_grey(u32 key)
{
    return key >= KEY_HOME && key <= KEY_DELETE;
}

/* Old software takes a grey key for the keypad's, which Shift or Num Lock makes a digit: the keyboard hides those. */
static void hide(struct bytes *b, u32 key, u32 held, bool on)
{
    if (!is_grey(key) && (key != KEY_KP_DIVIDE || !(held & (PS2_SHIFT_L | PS2_SHIFT_R))))
        return;
    if (held & PS2_SHIFT_L)
        put(b, E0 | 0x12, on);
    if (held & PS2_SHIFT_R)
        put(b, E0 | 0x59, on);
    if (held & PS2_NUM_LOCK && !(held & (PS2_SHIFT_L | PS2_SHIFT_R)))
        put(b, E0 | 0x12, !on);
}

static void print_screen(struct bytes *b, enum ps2_stroke stroke, u32 held)
{
    bool release = stroke == PS2_BREAK, shift = !(held & (PS2_SHIFT_L | PS2_SHIFT_R | PS2_CTRL));
    if (held & PS2_ALT) {
        put(b, 0x84, release);
        return;
    }
    if (shift && stroke == PS2_MAKE)
        put(b, E0 | 0x12, false);
    put(b, E0 | 0x7c, release);
    if (shift && release)
        put(b, E0 | 0x12, true);
}

/* Make and break at once when it goes down, nothing when it comes up. */
static void pause_key(struct bytes *b, enum ps2_stroke stroke, u32 held)
{
    static const u8 alone[8] = { 0xe1, 0x14, 0x77, 0xe1, BREAK, 0x14, BREAK, 0x77 };
    if (stroke != PS2_MAKE)
        return;
    if (held & PS2_CTRL) {
        put(b, E0 | 0x7e, false);
        put(b, E0 | 0x7e, true);
        return;
    }
    memcpy(b->p, alone, sizeof alone);
    b->n = sizeof alone;
}

static u32 scan2(u32 key, enum ps2_stroke stroke, u32 held, u8 *out)
{
    struct bytes b = { out, 0 };
    bool release = stroke == PS2_BREAK;
    if (key == KEY_PRINT || key == KEY_SYSRQ) {
        print_screen(&b, stroke, held);
    } else if (key == KEY_PAUSE) {
        pause_key(&b, stroke, held);
    } else if (codes[key].set2) {
        if (stroke == PS2_MAKE)
            hide(&b, key, held, true);
        put(&b, codes[key].set2, release);
        if (release)
            hide(&b, key, held, false);
    }
    return b.n;
}

/* ---- the others ---- */

static u32 to_set1(u8 *p, u32 n)
{
    u32 to = 0;
    u8 up = 0;
    for (u32 i = 0; i < n; i++) {
        if (p[i] == BREAK) {
            up = 0x80;
            continue;
        }
        p[to++] = ps2_translate(p[i]) | up;
        up = 0;
    }
    return to;
}

static u32 scan3(u32 key, enum ps2_stroke stroke, u8 *out)
{
    struct bytes b = { out, 0 };
    if (codes[key].set3)
        put(&b, codes[key].set3, stroke == PS2_BREAK);
    return b.n;
}

u32 ps2_scan(u32 set, u32 key, enum ps2_stroke stroke, u32 held, u8 out[PS2_SEQUENCE])
{
    if (set == 3)
        return scan3(key, stroke, out);
    u8 room[PS2_SEQUENCE * 2];
    u32 n = scan2(key, stroke, held, room);
    n = set == 1 ? to_set1(room, n) : n;
    CHECK(n <= PS2_SEQUENCE);
    memcpy(out, room, n);
    return n;
}
