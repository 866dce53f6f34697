/* keymap.c - names of keys, and which keys give which characters; see input.h. */
#include "host/input.h"
#include <string.h>

static const char *const names[KEY_COUNT] = {
#define KEY(id, name) [KEY_##id] = name,
#include "host/keys.def"
};

const char *key_name(u32 key)
{
    return key < KEY_COUNT ? names[key] : NULL;
}

u32 key_find(const char *name, u32 len)
{
    for (u32 i = KEY_NONE + 1; i < KEY_COUNT; i++)
        if (strlen(names[i]) == len && !memcmp(names[i], name, len))
            return i;
    return KEY_NONE;
}

/* What keys give alone and with shift. */
struct row {
    u8   key;
    char plain, shifted;
};
static const struct row us[] = {
    { KEY_1, '1', '!' }, { KEY_2, '2', '@' }, { KEY_3, '3', '#' }, { KEY_4, '4', '$' }, { KEY_5, '5', '%' },
    { KEY_6, '6', '^' }, { KEY_7, '7', '&' }, { KEY_8, '8', '*' }, { KEY_9, '9', '(' }, { KEY_0, '0', ')' },
    { KEY_MINUS, '-', '_' }, { KEY_EQUAL, '=', '+' }, { KEY_BACKSPACE, '\b', 0 }, { KEY_TAB, '\t', 0 },
    { KEY_Q, 'q', 'Q' }, { KEY_W, 'w', 'W' }, { KEY_E, 'e', 'E' }, { KEY_R, 'r', 'R' }, { KEY_T, 't', 'T' },
    { KEY_Y, 'y', 'Y' }, { KEY_U, 'u', 'U' }, { KEY_I, 'i', 'I' }, { KEY_O, 'o', 'O' }, { KEY_P, 'p', 'P' },
    { KEY_BRACKET_LEFT, '[', '{' }, { KEY_BRACKET_RIGHT, ']', '}' }, { KEY_RET, '\n', 0 }, { KEY_RET, '\r', 0 },
    { KEY_A, 'a', 'A' }, { KEY_S, 's', 'S' }, { KEY_D, 'd', 'D' }, { KEY_F, 'f', 'F' }, { KEY_G, 'g', 'G' },
    { KEY_H, 'h', 'H' }, { KEY_J, 'j', 'J' }, { KEY_K, 'k', 'K' }, { KEY_L, 'l', 'L' },
    { KEY_SEMICOLON, ';', ':' }, { KEY_APOSTROPHE, '\'', '"' }, { KEY_GRAVE_ACCENT, '`', '~' },
    { KEY_BACKSLASH, '\\', '|' }, { KEY_Z, 'z', 'Z' }, { KEY_X, 'x', 'X' }, { KEY_C, 'c', 'C' }, { KEY_V, 'v', 'V' },
    { KEY_B, 'b', 'B' }, { KEY_N, 'n', 'N' }, { KEY_M, 'm', 'M' }, { KEY_COMMA, ',', '<' }, { KEY_DOT, '.', '>' },
    { KEY_SLASH, '/', '?' }, { KEY_SPC, ' ', 0 }, { KEY_ESC, 27, 0 }, { KEY_DELETE, 127, 0 },
};

static const struct layout {
    const char       *name;
    const struct row *rows;
    u32               count;
} layouts[] = { { "en-us", us, COUNT(us) } };

bool keymap_find(const char *name, u32 *layout, struct err *e)
{
    for (u32 i = 0; i < COUNT(layouts); i++)
        if (!strcmp(layouts[i].name, name)) {
            *layout = i;
            return true;
        }
    return err_set(e, "the keyboard layout '%s' is not known (known: en-us)", name);
}

u32 keymap_key(u32 layout, char ch, bool *shift)
{
    const struct layout *l = &layouts[layout];
    *shift = false;
    for (u32 i = 0; ch && i < l->count; i++)
        if (l->rows[i].plain == ch || l->rows[i].shifted == ch) {
            *shift = l->rows[i].plain != ch;
            return l->rows[i].key;
        }
    return KEY_NONE;
}
