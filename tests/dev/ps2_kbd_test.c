/* ps2_kbd_test.c - PS/2 keyboard: codes of keys in three sets, modifiers, repeat, commands. */
#include "hw/input/ps2_kbd.h"
#include "hw/input/ps2_keys.h"
#include "tests/dev/rig.h"
#include <stdio.h>

#define MS 1000000ull

struct fix {
    struct rig     r;
    struct ps2_kbd k;
    u32            raised;
};

static void raised(void *opaque) { ((struct fix *)opaque)->raised++; }

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    rig_start(&f->r);
    ps2_kbd_init(&f->k, f->r.m, "kbd");
    f->k.wire.raise = raised;
    f->k.wire.host = f;
    f->k.dev.cls->reset(&f->k.dev);
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

/* What waits, as hexadecimal numbers. */
static const char *taken(struct fix *f)
{
    static char text[256];
    u32 n = 0;
    text[0] = 0;
    while (f->k.wire.ready(&f->k) && n < sizeof text - 4)
        n += (u32)snprintf(text + n, sizeof text - n, n ? " %02x" : "%02x", f->k.wire.take(&f->k));
    return text;
}
#define GIVES(f, want) assert_string_equal(taken(f), want)

static void wr(struct fix *f, u8 val) { f->k.wire.write(&f->k, val); }
static const char *says(struct fix *f, u8 val)
{
    wr(f, val);
    return taken(f);
}
static void press(struct fix *f, u32 key) { ps2_kbd_key(&f->k, key, true); }
static void release(struct fix *f, u32 key) { ps2_kbd_key(&f->k, key, false); }

static void use_set(struct fix *f, u8 set)
{
    assert_string_equal(says(f, 0xf0), "fa");
    assert_string_equal(says(f, set), "fa");
}

/* ---- codes ---- */

/* Scan Code Specification, and IBM's table of set 3: key, set 1 (0xe0 above), 2, 3. */
static const struct { const char *key; u16 set1, set2; u8 set3; } known[] = {
    { "esc", 0x01, 0x76, 0x08 }, { "1", 0x02, 0x16, 0x16 }, { "2", 0x03, 0x1e, 0x1e }, { "3", 0x04, 0x26, 0x26 },
    { "4", 0x05, 0x25, 0x25 }, { "5", 0x06, 0x2e, 0x2e }, { "6", 0x07, 0x36, 0x36 }, { "7", 0x08, 0x3d, 0x3d },
    { "8", 0x09, 0x3e, 0x3e }, { "9", 0x0a, 0x46, 0x46 }, { "0", 0x0b, 0x45, 0x45 }, { "minus", 0x0c, 0x4e, 0x4e },
    { "equal", 0x0d, 0x55, 0x55 }, { "backspace", 0x0e, 0x66, 0x66 }, { "tab", 0x0f, 0x0d, 0x0d },
    { "q", 0x10, 0x15, 0x15 }, { "w", 0x11, 0x1d, 0x1d }, { "e", 0x12, 0x24, 0x24 }, { "r", 0x13, 0x2d, 0x2d },
    { "t", 0x14, 0x2c, 0x2c }, { "y", 0x15, 0x35, 0x35 }, { "u", 0x16, 0x3c, 0x3c }, { "i", 0x17, 0x43, 0x43 },
    { "o", 0x18, 0x44, 0x44 }, { "p", 0x19, 0x4d, 0x4d }, { "bracket_left", 0x1a, 0x54, 0x54 },
    { "bracket_right", 0x1b, 0x5b, 0x5b }, { "ret", 0x1c, 0x5a, 0x5a }, { "ctrl", 0x1d, 0x14, 0x11 },
    { "a", 0x1e, 0x1c, 0x1c }, { "s", 0x1f, 0x1b, 0x1b }, { "d", 0x20, 0x23, 0x23 }, { "f", 0x21, 0x2b, 0x2b },
    { "g", 0x22, 0x34, 0x34 }, { "h", 0x23, 0x33, 0x33 }, { "j", 0x24, 0x3b, 0x3b }, { "k", 0x25, 0x42, 0x42 },
    { "l", 0x26, 0x4b, 0x4b }, { "semicolon", 0x27, 0x4c, 0x4c }, { "apostrophe", 0x28, 0x52, 0x52 },
    { "grave_accent", 0x29, 0x0e, 0x0e }, { "shift", 0x2a, 0x12, 0x12 }, { "backslash", 0x2b, 0x5d, 0x5c },
    { "z", 0x2c, 0x1a, 0x1a }, { "x", 0x2d, 0x22, 0x22 }, { "c", 0x2e, 0x21, 0x21 }, { "v", 0x2f, 0x2a, 0x2a },
    { "b", 0x30, 0x32, 0x32 }, { "n", 0x31, 0x31, 0x31 }, { "m", 0x32, 0x3a, 0x3a }, { "comma", 0x33, 0x41, 0x41 },
    { "dot", 0x34, 0x49, 0x49 }, { "slash", 0x35, 0x4a, 0x4a }, { "shift_r", 0x36, 0x59, 0x59 },
    { "kp_multiply", 0x37, 0x7c, 0x7e }, { "alt", 0x38, 0x11, 0x19 }, { "spc", 0x39, 0x29, 0x29 },
    { "caps_lock", 0x3a, 0x58, 0x14 }, { "f1", 0x3b, 0x05, 0x07 }, { "f2", 0x3c, 0x06, 0x0f },
    { "f3", 0x3d, 0x04, 0x17 }, { "f4", 0x3e, 0x0c, 0x1f }, { "f5", 0x3f, 0x03, 0x27 }, { "f6", 0x40, 0x0b, 0x2f },
    { "f7", 0x41, 0x83, 0x37 }, { "f8", 0x42, 0x0a, 0x3f }, { "f9", 0x43, 0x01, 0x47 }, { "f10", 0x44, 0x09, 0x4f },
    { "num_lock", 0x45, 0x77, 0x76 }, { "scroll_lock", 0x46, 0x7e, 0x5f }, { "kp_7", 0x47, 0x6c, 0x6c },
    { "kp_8", 0x48, 0x75, 0x75 }, { "kp_9", 0x49, 0x7d, 0x7d }, { "kp_subtract", 0x4a, 0x7b, 0x4e },
    { "kp_4", 0x4b, 0x6b, 0x6b }, { "kp_5", 0x4c, 0x73, 0x73 }, { "kp_6", 0x4d, 0x74, 0x74 },
    { "kp_add", 0x4e, 0x79, 0x7c }, { "kp_1", 0x4f, 0x69, 0x69 }, { "kp_2", 0x50, 0x72, 0x72 },
    { "kp_3", 0x51, 0x7a, 0x7a }, { "kp_0", 0x52, 0x70, 0x70 }, { "kp_decimal", 0x53, 0x71, 0x71 },
    { "less", 0x56, 0x61, 0x13 }, { "f11", 0x57, 0x78, 0x56 }, { "f12", 0x58, 0x07, 0x5e },
    { "kp_enter", 0xe01c, 0xe05a, 0x79 }, { "ctrl_r", 0xe01d, 0xe014, 0x58 }, { "kp_divide", 0xe035, 0xe04a, 0x4a },
    { "alt_r", 0xe038, 0xe011, 0x39 }, { "home", 0xe047, 0xe06c, 0x6e }, { "up", 0xe048, 0xe075, 0x63 },
    { "pgup", 0xe049, 0xe07d, 0x6f }, { "left", 0xe04b, 0xe06b, 0x61 }, { "right", 0xe04d, 0xe074, 0x6a },
    { "end", 0xe04f, 0xe069, 0x65 }, { "down", 0xe050, 0xe072, 0x60 }, { "pgdn", 0xe051, 0xe07a, 0x6d },
    { "insert", 0xe052, 0xe070, 0x67 }, { "delete", 0xe053, 0xe071, 0x64 }, { "meta_l", 0xe05b, 0xe01f, 0x8b },
    { "meta_r", 0xe05c, 0xe027, 0x8c }, { "compose", 0xe05d, 0xe02f, 0x8d }, { "power", 0xe05e, 0xe037, 0 },
    { "sleep", 0xe05f, 0xe03f, 0 }, { "wake", 0xe063, 0xe05e, 0 }, { "yen", 0x7d, 0x6a, 0x5d },
    { "henkan", 0x79, 0x64, 0x86 }, { "muhenkan", 0x7b, 0x67, 0x85 }, { "katakanahiragana", 0x70, 0x13, 0x87 },
    { "ro", 0x73, 0x51, 0 }, { "audiomute", 0xe020, 0xe023, 0x9c }, { "volumedown", 0xe02e, 0xe021, 0x9d },
    { "volumeup", 0xe030, 0xe032, 0x95 }, { "audionext", 0xe019, 0xe04d, 0x93 },
    { "audioprev", 0xe010, 0xe015, 0x94 }, { "audioplay", 0xe022, 0xe034, 0 }, { "audiostop", 0xe024, 0xe03b, 0x98 },
    { "ac_home", 0xe032, 0xe03a, 0x97 }, { "mail", 0xe06c, 0xe048, 0 }, { "calculator", 0xe021, 0xe02b, 0xa3 },
};

static void expect(char *out, u32 size, const char *prefix, u16 code, u8 bits)
{
    snprintf(out, size, code ? "%s%s%02x" : "", code >> 8 ? "e0 " : "", prefix, (code & 0xff) | bits);
}

static void check_key(struct fix *f, u32 set, u32 key, u16 code, bool types)
{
    char make[20], up[20];
    expect(make, sizeof make, "", code, 0);
    expect(up, sizeof up, set == 1 ? "" : "f0 ", code, set == 1 ? 0x80 : 0);
    press(f, key);
    GIVES(f, make);
    release(f, key);
    GIVES(f, types ? up : "");
}

static void test_codes(void **state)
{
    struct fix *f = *state;
    for (u32 set = 1; set <= 3; set++) {
        use_set(f, (u8)set);
        if (set == 3)
            assert_string_equal(says(f, 0xfa), "fa"); /* all keys with release codes */
        for (u32 i = 0; i < COUNT(known); i++) {
            u32 key = key_find(known[i].key, (u32)strlen(known[i].key));
            assert_int_not_equal(key, KEY_NONE);
            check_key(f, set, key, set == 1 ? known[i].set1 : set == 2 ? known[i].set2 : known[i].set3, true);
        }
    }
}

static void test_modifiers(void **state)
{
    struct fix *f = *state;
    press(f, KEY_PRINT);
    GIVES(f, "e0 12 e0 7c");
    release(f, KEY_PRINT);
    GIVES(f, "e0 f0 7c e0 f0 12");
    press(f, KEY_PAUSE);
    GIVES(f, "e1 14 77 e1 f0 14 f0 77");
    release(f, KEY_PAUSE);
    GIVES(f, "");
    press(f, KEY_CTRL);
    press(f, KEY_PAUSE);
    GIVES(f, "14 e0 7e e0 f0 7e");
    press(f, KEY_PRINT);
    release(f, KEY_PRINT);
    GIVES(f, "e0 7c e0 f0 7c");
    release(f, KEY_CTRL);
    press(f, KEY_ALT);
    press(f, KEY_SYSRQ);
    release(f, KEY_SYSRQ);
    release(f, KEY_ALT);
    GIVES(f, "f0 14 11 84 f0 84 f0 11");
    use_set(f, 1);
    press(f, KEY_ALT);
    press(f, KEY_SYSRQ);
    release(f, KEY_SYSRQ);
    release(f, KEY_ALT);
    GIVES(f, "38 54 d4 b8");
}

/* Grey keys under Shift and Num Lock. */
static void test_grey_keys(void **state)
{
    struct fix *f = *state;
    press(f, KEY_SHIFT);
    GIVES(f, "12");
    press(f, KEY_LEFT);
    release(f, KEY_LEFT);
    GIVES(f, "e0 f0 12 e0 6b e0 f0 6b e0 12");
    press(f, KEY_SHIFT_R);
    GIVES(f, "59");
    press(f, KEY_INSERT);
    GIVES(f, "e0 f0 12 e0 f0 59 e0 70");
    release(f, KEY_INSERT);
    GIVES(f, "e0 f0 70 e0 12 e0 59");
    release(f, KEY_SHIFT);
    press(f, KEY_KP_DIVIDE);
    release(f, KEY_KP_DIVIDE);
    release(f, KEY_SHIFT_R);
    GIVES(f, "f0 12 e0 f0 59 e0 4a e0 f0 4a e0 59 f0 59");
    says(f, 0xed);
    says(f, 2);
    press(f, KEY_HOME);
    release(f, KEY_HOME);
    GIVES(f, "e0 12 e0 6c e0 f0 6c e0 f0 12");
    press(f, KEY_KP_7);
    release(f, KEY_KP_7);
    press(f, KEY_KP_DIVIDE);
    GIVES(f, "6c f0 6c e0 4a");
}

/* Types of set 3: IBM's table of defaults, and commands that change them. */
static void test_types(void **state)
{
    struct fix *f = *state;
    use_set(f, 3);
    check_key(f, 3, KEY_A, 0x1c, false);
    check_key(f, 3, KEY_SHIFT, 0x12, true);
    check_key(f, 3, KEY_F1, 0x07, false);
    press(f, KEY_F1);
    GIVES(f, "07");
    rig_run(&f->r, 2000 * MS);
    GIVES(f, ""); /* make only: no repeat */
    press(f, KEY_A);
    rig_run(&f->r, 501 * MS);
    GIVES(f, "1c");
    release(f, KEY_A);
    release(f, KEY_F1);
    assert_string_equal(says(f, 0xfc), "fa");
    assert_string_equal(says(f, 0x1c), "fa");
    assert_string_equal(says(f, 0x07), "fa");
    assert_string_equal(says(f, 0xf4), "fa");
    check_key(f, 3, KEY_A, 0x1c, true);
    check_key(f, 3, KEY_F1, 0x07, true);
    check_key(f, 3, KEY_B, 0x32, false);
    assert_string_equal(says(f, 0xf8), "fa");
    check_key(f, 3, KEY_B, 0x32, true);
    press(f, KEY_B);
    rig_run(&f->r, 2000 * MS);
    GIVES(f, "32");
    assert_string_equal(says(f, 0xf6), "fa"); /* defaults: set 2 */
    release(f, KEY_B);
    GIVES(f, "f0 32");
}

/* ---- repeat ---- */

static u32 repeats(struct fix *f, u64 ns)
{
    u32 n = 0;
    for (u64 t = 0; t < ns; t += MS) {
        rig_run(&f->r, MS);
        n += *taken(f) != 0;
    }
    return n;
}

static void test_repeat(void **state)
{
    struct fix *f = *state;
    press(f, KEY_A);
    GIVES(f, "1c");
    rig_run(&f->r, 499 * MS);
    GIVES(f, "");
    rig_run(&f->r, 2 * MS);
    GIVES(f, "1c");
    u32 n = repeats(f, 1000 * MS); /* 10.9 a second */
    assert_in_range(n, 10, 11);
    press(f, KEY_A); /* the host's own repeat is none */
    GIVES(f, "");
    press(f, KEY_B);
    GIVES(f, "32");
    rig_run(&f->r, 510 * MS);
    GIVES(f, "32");
    release(f, KEY_A); /* not the one that repeats */
    GIVES(f, "f0 1c");
    assert_in_range(repeats(f, 1000 * MS), 10, 11);
    release(f, KEY_B);
    GIVES(f, "f0 32");
    assert_int_equal(repeats(f, 1000 * MS), 0);
    says(f, 0xf3);
    assert_string_equal(says(f, 0x00), "fa"); /* 250 ms, 30 a second */
    press(f, KEY_C);
    GIVES(f, "21");
    rig_run(&f->r, 249 * MS);
    GIVES(f, "");
    assert_in_range(repeats(f, 1002 * MS), 30, 31);
    says(f, 0xf3);
    says(f, 0x7f); /* a second, 2 a second */
    release(f, KEY_C);
    press(f, KEY_C);
    GIVES(f, "f0 21 21");
    rig_run(&f->r, 999 * MS);
    GIVES(f, "");
    assert_in_range(repeats(f, 2001 * MS), 4, 5);
}

/* Untaken codes are not added to. */
static void test_repeat_waits(void **state)
{
    struct fix *f = *state;
    press(f, KEY_A);
    rig_run(&f->r, 10000 * MS);
    GIVES(f, "1c");
    rig_run(&f->r, 100 * MS);
    GIVES(f, "1c");
    assert_string_equal(says(f, 0xf5), "fa");
    rig_run(&f->r, 10000 * MS);
    GIVES(f, "");
}

/* ---- the queue ---- */

static void test_overrun(void **state)
{
    struct fix *f = *state;
    for (u32 key = KEY_Q; key <= KEY_P; key++) /* ten makes */
        press(f, key);
    release(f, KEY_Q);
    release(f, KEY_W); /* 14 */
    press(f, KEY_UP); /* 16 */
    press(f, KEY_A); /* no room */
    press(f, KEY_S);
    release(f, KEY_E);
    GIVES(f, "15 1d 24 2d 2c 35 3c 43 44 4d f0 15 f0 1d e0 75 00");
    press(f, KEY_D);
    GIVES(f, "23");
    use_set(f, 1);
    for (u32 key = KEY_1; key <= KEY_0; key++)
        press(f, key);
    for (u32 key = KEY_1; key <= KEY_0; key++)
        release(f, key);
    GIVES(f, "02 03 04 05 06 07 08 09 0a 0b 82 83 84 85 86 87 ff");
}

/* A stroke of several bytes goes in whole or not at all. */
static void test_whole_strokes(void **state)
{
    struct fix *f = *state;
    for (u32 key = KEY_Q; key <= KEY_P; key++)
        press(f, key);
    press(f, KEY_PAUSE);
    press(f, KEY_A);
    GIVES(f, "15 1d 24 2d 2c 35 3c 43 44 4d 00 1c");
}

/* ---- commands ---- */

static void test_commands(void **state)
{
    struct fix *f = *state;
    assert_string_equal(says(f, 0xee), "ee");
    assert_string_equal(says(f, 0xf2), "fa ab 83");
    assert_string_equal(says(f, 0xef), "fe");
    assert_string_equal(says(f, 0xf1), "fe");
    assert_string_equal(says(f, 0x12), "fe");
    assert_string_equal(says(f, 0xed), "fa");
    assert_string_equal(says(f, 0x05), "fa");
    assert_int_equal(f->k.s.leds, 5);
    assert_string_equal(says(f, 0xed), "fa");
    assert_string_equal(says(f, 0xee), "ee"); /* a command instead of the parameter */
    assert_string_equal(says(f, 0x02), "fe");
    assert_int_equal(f->k.s.leds, 5);
    for (u8 set = 1; set <= 3; set++) {
        use_set(f, set);
        static const char *const want[] = { "fa 01", "fa 02", "fa 03" };
        says(f, 0xf0);
        assert_string_equal(says(f, 0), want[set - 1]);
    }
    says(f, 0xf0);
    assert_string_equal(says(f, 4), "fe");
    assert_string_equal(says(f, 0xf2), "fa ab 83");
    assert_string_equal(says(f, 0xfe), "83"); /* again */
    assert_string_equal(says(f, 0xfe), "83");
}

static void test_enable(void **state)
{
    struct fix *f = *state;
    assert_string_equal(says(f, 0xf5), "fa");
    press(f, KEY_A);
    GIVES(f, "");
    assert_string_equal(says(f, 0xf4), "fa");
    release(f, KEY_A);
    GIVES(f, "f0 1c");
    press(f, KEY_A);
    wr(f, 0xee); /* answers come before keys */
    GIVES(f, "ee 1c");
    release(f, KEY_A);
    wr(f, 0xf4); /* empties the queue */
    GIVES(f, "fa");
    wr(f, 0xf2);
    wr(f, 0xee); /* a command ends the answer to the one before */
    GIVES(f, "ee");
}

static void test_reset(void **state)
{
    struct fix *f = *state;
    use_set(f, 1);
    says(f, 0xed);
    says(f, 7);
    press(f, KEY_X);
    assert_string_equal(says(f, 0xff), "fa");
    release(f, KEY_X);
    press(f, KEY_Y);
    GIVES(f, ""); /* testing itself */
    rig_run(&f->r, 19 * MS);
    GIVES(f, "");
    rig_run(&f->r, 2 * MS);
    GIVES(f, "aa");
    release(f, KEY_Y);
    GIVES(f, "f0 35");
    assert_int_equal(f->k.s.leds, 0);
    wr(f, 0xff); /* nobody takes the answer */
    rig_run(&f->r, 30 * MS);
    GIVES(f, "fa aa");
    wr(f, 0xff);
    wr(f, 0xf4); /* cuts the test short */
    rig_run(&f->r, 100 * MS);
    GIVES(f, "fa");
}

static void test_class(void **state)
{
    struct fix *f = *state;
    u64 x = 5;
    struct err e;
    rig_check_class(&f->k.dev);
    for (u32 i = 0; i < 200000; i++) {
        u64 r = rig_random(&x);
        switch (r >> 8 & 7) {
        case 0: case 1: f->k.wire.write(&f->k, (u8)(r >> 12 & 3 ? 0xed + (r >> 16) % 19 : r >> 16)); break;
        case 2: rig_run(&f->r, (r >> 16) % (30 * MS)); break;
        case 3: f->k.wire.take(&f->k); break;
        default: ps2_kbd_key(&f->k, (u32)(r >> 16) % (KEY_COUNT + 4), r >> 40 & 1); break;
        }
        if (!f->k.dev.cls->state->valid(&f->k.s, &e))
            fail_msg("%s", e.msg);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_codes), T(test_modifiers), T(test_grey_keys), T(test_types), T(test_repeat), T(test_repeat_waits),
        T(test_overrun), T(test_whole_strokes), T(test_commands), T(test_enable), T(test_reset), T(test_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
