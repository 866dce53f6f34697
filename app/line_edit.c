/* line_edit.c - a line typed on a terminal; see line_edit.h. ECMA-48 sequences, as every terminal has them. */
#include "app/line_edit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CTRL(c) ((c) - '@')

static void put(struct line_edit *e, const char *text)
{
    e->put(e->opaque, text, (u32)strlen(text));
}

/* ---- characters: UTF-8, a column each ---- */

static bool is_middle(char c) { return ((u8)c & 0xc0) == 0x80; }

static u32 before(const struct line_edit *e, u32 at)
{
    at -= at > 0;
    while (at && is_middle(e->line[at]))
        at--;
    return at;
}

static u32 behind(const struct line_edit *e, u32 at)
{
    at += at < e->len;
    while (at < e->len && is_middle(e->line[at]))
        at++;
    return at;
}

static u32 width(const char *p, u32 n)
{
    u32 w = 0;
    for (u32 i = 0; i < n; i++)
        w += !is_middle(p[i]);
    return w;
}

/* ---- drawing: the part of the line around the cursor that fits ---- */

static u32 room(const struct line_edit *e)
{
    u32 all = e->columns ? e->columns(e->opaque) : 80, used = (u32)strlen(e->prompt) + 1;
    return all > used + 8 ? all - used : 8;
}

static void scroll(struct line_edit *e)
{
    u32 most = room(e);
    if (e->at < e->left)
        e->left = e->at;
    while (width(e->line + e->left, e->at - e->left) > most)
        e->left = behind(e, e->left);
}

static void draw(struct line_edit *e)
{
    char move[24];
    u32 end, n = 0, most = room(e);
    scroll(e);
    for (end = e->left; end < e->len && n < most; n++)
        end = behind(e, end);
    put(e, "\r");
    put(e, e->prompt);
    e->put(e->opaque, e->line + e->left, end - e->left);
    put(e, "\033[K");
    u32 back = width(e->line + e->at, end > e->at ? end - e->at : 0);
    snprintf(move, sizeof move, "\033[%uD", back);
    if (back)
        put(e, move);
}

/* ---- changing ---- */

static void cut(struct line_edit *e, u32 from, u32 to)
{
    memmove(e->line + from, e->line + to, e->len - to + 1);
    e->len -= to - from;
    e->at = from;
    draw(e);
}

static bool insert(struct line_edit *e, const char *p, u32 n)
{
    if (e->len + n > LINE_MAX_BYTES)
        return false;
    memmove(e->line + e->at + n, e->line + e->at, e->len - e->at + 1);
    memcpy(e->line + e->at, p, n);
    e->len += n;
    e->at += n;
    return true;
}

/* At the end of a line that fits, the character is all that changes. */
static void type(struct line_edit *e, char c)
{
    bool plain = e->at == e->len && !e->left && width(e->line, e->len) + 1 < room(e) && !((u8)c & 0x80);
    if (!insert(e, &c, 1))
        put(e, "\a");
    else if (plain)
        e->put(e->opaque, &c, 1);
    else
        draw(e);
}

static void set(struct line_edit *e, const char *text)
{
    snprintf(e->line, sizeof e->line, "%s", text);
    e->len = e->at = (u32)strlen(e->line);
    e->left = 0;
    draw(e);
}

static void go(struct line_edit *e, u32 at)
{
    e->at = at;
    draw(e);
}

static u32 word_start(const struct line_edit *e)
{
    u32 at = e->at;
    while (at && e->line[at - 1] == ' ')
        at--;
    while (at && e->line[at - 1] != ' ')
        at--;
    return at;
}

/* ---- history ---- */

void line_remember(struct line_edit *e, const char *line)
{
    if (!line[strspn(line, " ")] || (e->past_count && !strcmp(e->past[e->past_count - 1], line)))
        return;
    char *copy = strdup(line);
    if (!copy)
        return;
    if (e->past_count == LINE_HISTORY) {
        free(e->past[0]);
        memmove(e->past, e->past + 1, (LINE_HISTORY - 1) * sizeof *e->past);
        e->past_count--;
    }
    e->past[e->past_count++] = copy;
}

static void show(struct line_edit *e, u32 n)
{
    if (n > e->past_count)
        return;
    if (e->shown == e->past_count)
        memcpy(e->draft, e->line, e->len + 1);
    e->shown = n;
    set(e, n == e->past_count ? e->draft : e->past[n]);
}

/* ---- completion ---- */

void line_offer(struct line_choices *c, const char *word, const char *prefix, u32 n)
{
    u32 size = (u32)strlen(word) + 1;
    if (strncmp(word, prefix, n))
        return;
    if (c->count == LINE_CHOICES || size > sizeof c->room - c->used) {
        c->more++;
        return;
    }
    c->text[c->count++] = memcpy(c->room + c->used, word, size);
    c->used += size;
}

static u32 common(const struct line_choices *c)
{
    u32 n = (u32)strlen(c->text[0]);
    for (u32 i = 1; i < c->count; i++) {
        u32 k = 0;
        while (k < n && c->text[i][k] == c->text[0][k])
            k++;
        n = k;
    }
    return n;
}

static void list(struct line_edit *e, const struct line_choices *c)
{
    u32 wide = 0, columns = e->columns ? e->columns(e->opaque) : 80;
    char cell[80];
    for (u32 i = 0; i < c->count; i++)
        wide = MAX(wide, MIN((u32)strlen(c->text[i]), (u32)sizeof cell - 3) + 2);
    u32 across = MAX(columns / wide, 1u);
    for (u32 i = 0; i < c->count; i++) {
        snprintf(cell, sizeof cell, "%s%-*.*s", i % across ? "" : "\r\n", (int)wide, (int)wide, c->text[i]);
        put(e, cell);
    }
    put(e, c->more ? "\r\n... and more\r\n" : "\r\n");
}

/* Takes as much as all choices have; the only one gets a blank behind it. */
static void take(struct line_edit *e, const struct line_choices *c)
{
    u32 have = e->at - c->from, n = common(c);
    bool whole = c->count == 1 && !c->more;
    if (n == have && !whole)
        list(e, c);
    else if (insert(e, c->text[0] + have, n - have) && whole && !c->open && e->at == e->len)
        insert(e, " ", 1);
}

static void complete(struct line_edit *e)
{
    struct line_choices *c = e->complete ? calloc(1, sizeof *c) : NULL;
    if (!c)
        return;
    c->from = e->at;
    e->complete(e->opaque, e->line, e->at, c);
    if (c->count && c->from <= e->at)
        take(e, c);
    else
        put(e, "\a");
    free(c);
    draw(e);
}

/* ---- keys ---- */

static void key(struct line_edit *e, u8 byte)
{
    switch (byte) {
    case CTRL('A'): go(e, 0); break;
    case CTRL('E'): go(e, e->len); break;
    case CTRL('B'): go(e, before(e, e->at)); break;
    case CTRL('F'): go(e, behind(e, e->at)); break;
    case CTRL('D'): cut(e, e->at, behind(e, e->at)); break;
    case CTRL('H'): case 127: cut(e, before(e, e->at), e->at); break;
    case CTRL('K'): cut(e, e->at, e->len); break;
    case CTRL('U'): cut(e, 0, e->at); break;
    case CTRL('W'): cut(e, word_start(e), e->at); break;
    case CTRL('P'): show(e, e->shown - 1); break;
    case CTRL('N'): show(e, e->shown + 1); break;
    case CTRL('L'): put(e, "\033[H\033[2J"); draw(e); break;
    case CTRL('I'): complete(e); break;
    case CTRL('C'): put(e, "\r\n"); line_start(e); break;
    default:
        if (byte >= 32)
            type(e, (char)byte);
    }
}

/* What ESC begins: CSI or SS3, parameters, a final byte. */
static void escape(struct line_edit *e, char c)
{
    static const struct { const char *seq; u8 key; } keys[] = {
        { "[A", CTRL('P') }, { "[B", CTRL('N') }, { "[C", CTRL('F') }, { "[D", CTRL('B') }, { "[H", CTRL('A') },
        { "[F", CTRL('E') }, { "OA", CTRL('P') }, { "OB", CTRL('N') }, { "OC", CTRL('F') }, { "OD", CTRL('B') },
        { "OH", CTRL('A') }, { "OF", CTRL('E') }, { "[1~", CTRL('A') }, { "[7~", CTRL('A') }, { "[4~", CTRL('E') },
        { "[8~", CTRL('E') }, { "[3~", CTRL('D') },
    };
    if (e->esc_len < sizeof e->esc - 1)
        e->esc[e->esc_len++] = c;
    e->esc[e->esc_len] = 0;
    bool csi = e->esc[1] == '[', ss3 = e->esc[1] == 'O';
    if (e->esc_len < 3 ? csi || ss3 : csi && (c < '@' || c > '~') && e->esc_len < sizeof e->esc - 1)
        return;
    e->esc_len = 0;
    for (u32 i = 0; i < COUNT(keys); i++)
        if (!strcmp(keys[i].seq, e->esc + 1))
            key(e, keys[i].key);
}

/* ---- bytes ---- */

/* Without anybody who sees an echo: printable bytes, blanks for tabs. */
static void collect(struct line_edit *e, u8 byte)
{
    if (byte == '\t')
        byte = ' ';
    if (byte < 32 || byte == 127)
        return;
    if (e->len == LINE_MAX_BYTES) {
        e->too_long = true;
        return;
    }
    e->line[e->len++] = (char)byte;
    e->line[e->len] = 0;
}

bool line_feed(struct line_edit *e, u8 byte)
{
    u8 last = e->last;
    e->last = byte;
    if (byte == '\n' && last == '\r')
        return false;
    if (byte == '\r' || byte == '\n') {
        e->esc_len = 0;
        if (e->screen)
            put(e, "\r\n");
        return true;
    }
    if (!e->screen)
        collect(e, byte);
    else if (e->esc_len)
        escape(e, (char)byte);
    else if (byte == 27)
        e->esc[e->esc_len++] = 27;
    else
        key(e, byte);
    return false;
}

void line_drop(struct line_edit *e)
{
    e->len = e->at = e->left = e->esc_len = 0;
    e->line[0] = 0;
    e->too_long = false;
    e->shown = e->past_count;
}

void line_start(struct line_edit *e)
{
    line_drop(e);
    put(e, e->prompt);
}

void line_free(struct line_edit *e)
{
    while (e->past_count)
        free(e->past[--e->past_count]);
}
