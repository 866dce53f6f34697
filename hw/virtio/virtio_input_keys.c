/* virtio_input_keys.c - codes of keys as evdev has them. Spec: Linux, include/uapi/linux/input-event-codes.h. */
#include "hw/virtio/virtio_input.h"

/* clang-format off */
static const u8 codes[KEY_COUNT] = {
    [KEY_ESC] = 1, [KEY_1] = 2, [KEY_2] = 3, [KEY_3] = 4, [KEY_4] = 5, [KEY_5] = 6, [KEY_6] = 7, [KEY_7] = 8,
    [KEY_8] = 9, [KEY_9] = 10, [KEY_0] = 11, [KEY_MINUS] = 12, [KEY_EQUAL] = 13, [KEY_BACKSPACE] = 14, [KEY_TAB] = 15,
    [KEY_Q] = 16, [KEY_W] = 17, [KEY_E] = 18, [KEY_R] = 19, [KEY_T] = 20, [KEY_Y] = 21, [KEY_U] = 22, [KEY_I] = 23,
    [KEY_O] = 24, [KEY_P] = 25, [KEY_BRACKET_LEFT] = 26, [KEY_BRACKET_RIGHT] = 27, [KEY_RET] = 28, [KEY_CTRL] = 29,
    [KEY_A] = 30, [KEY_S] = 31, [KEY_D] = 32, [KEY_F] = 33, [KEY_G] = 34, [KEY_H] = 35, [KEY_J] = 36, [KEY_K] = 37,
    [KEY_L] = 38, [KEY_SEMICOLON] = 39, [KEY_APOSTROPHE] = 40, [KEY_GRAVE_ACCENT] = 41, [KEY_SHIFT] = 42,
    [KEY_BACKSLASH] = 43, [KEY_Z] = 44, [KEY_X] = 45, [KEY_C] = 46, [KEY_V] = 47, [KEY_B] = 48, [KEY_N] = 49,
    [KEY_M] = 50, [KEY_COMMA] = 51, [KEY_DOT] = 52, [KEY_SLASH] = 53, [KEY_SHIFT_R] = 54, [KEY_KP_MULTIPLY] = 55,
    [KEY_ASTERISK] = 55, [KEY_ALT] = 56, [KEY_SPC] = 57, [KEY_CAPS_LOCK] = 58, [KEY_F1] = 59, [KEY_F2] = 60,
    [KEY_F3] = 61, [KEY_F4] = 62, [KEY_F5] = 63, [KEY_F6] = 64, [KEY_F7] = 65, [KEY_F8] = 66, [KEY_F9] = 67,
    [KEY_F10] = 68, [KEY_NUM_LOCK] = 69, [KEY_SCROLL_LOCK] = 70, [KEY_KP_7] = 71, [KEY_KP_8] = 72, [KEY_KP_9] = 73,
    [KEY_KP_SUBTRACT] = 74, [KEY_KP_4] = 75, [KEY_KP_5] = 76, [KEY_KP_6] = 77, [KEY_KP_ADD] = 78, [KEY_KP_1] = 79,
    [KEY_KP_2] = 80, [KEY_KP_3] = 81, [KEY_KP_0] = 82, [KEY_KP_DECIMAL] = 83, [KEY_LESS] = 86, [KEY_F11] = 87,
    [KEY_F12] = 88, [KEY_RO] = 89, [KEY_HIRAGANA] = 91, [KEY_HENKAN] = 92, [KEY_KATAKANAHIRAGANA] = 93,
    [KEY_MUHENKAN] = 94, [KEY_KP_ENTER] = 96, [KEY_CTRL_R] = 97, [KEY_KP_DIVIDE] = 98, [KEY_SYSRQ] = 99,
    [KEY_PRINT] = 99, [KEY_ALT_R] = 100, [KEY_LF] = 101, [KEY_HOME] = 102, [KEY_UP] = 103, [KEY_PGUP] = 104,
    [KEY_LEFT] = 105, [KEY_RIGHT] = 106, [KEY_END] = 107, [KEY_DOWN] = 108, [KEY_PGDN] = 109, [KEY_INSERT] = 110,
    [KEY_DELETE] = 111, [KEY_AUDIOMUTE] = 113, [KEY_VOLUMEDOWN] = 114, [KEY_VOLUMEUP] = 115, [KEY_POWER] = 116,
    [KEY_KP_EQUALS] = 117, [KEY_PAUSE] = 119, [KEY_KP_COMMA] = 121, [KEY_LANG1] = 122, [KEY_LANG2] = 123,
    [KEY_YEN] = 124, [KEY_META_L] = 125, [KEY_META_R] = 126, [KEY_COMPOSE] = 127, [KEY_STOP] = 128, [KEY_AGAIN] = 129,
    [KEY_PROPS] = 130, [KEY_UNDO] = 131, [KEY_FRONT] = 132, [KEY_COPY] = 133, [KEY_OPEN] = 134, [KEY_PASTE] = 135,
    [KEY_FIND] = 136, [KEY_CUT] = 137, [KEY_HELP] = 138, [KEY_MENU] = 139, [KEY_CALCULATOR] = 140, [KEY_SLEEP] = 142,
    [KEY_WAKE] = 143, [KEY_MAIL] = 155, [KEY_AC_BOOKMARKS] = 156, [KEY_COMPUTER] = 157, [KEY_AC_BACK] = 158,
    [KEY_AC_FORWARD] = 159, [KEY_AUDIONEXT] = 163, [KEY_AUDIOPLAY] = 164, [KEY_AUDIOPREV] = 165,
    [KEY_AUDIOSTOP] = 166, [KEY_AC_HOME] = 172, [KEY_AC_REFRESH] = 173, [KEY_MEDIASELECT] = 226,
};
/* clang-format on */

u32 virtio_input_code(u32 key)
{
    return key < KEY_COUNT ? codes[key] : 0;
}
