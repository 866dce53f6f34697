/* line_edit_test.c - lines typed on a terminal: what keys do, what is shown, history, completion, and hostile bytes.
 * */
#include "app/line_edit.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the four above */
#include <cmocka.h>

struct fix {
    struct line_edit e;
    char             out[1 << 16]; /* since the last look */
    u32              n, columns, lines;
    char             got[4][LINE_MAX_BYTES + 1];
};

static void put(void *opaque, const char *text, u32 n)
{
    struct fix *f = opaque;
    for (u32 i = 0; i < n && f->n + 1 < sizeof f->out; i++)
        f->out[f->n++] = text[i];
    f->out[f->n] = 0;
}

static u32 columns(void *opaque) { return ((struct fix *)opaque)->columns; }

static void complete(void *opaque, const char *line, u32 n, struct line_choices *c)
{
    static const char *const words[] = { "info", "input", "help", "h\xc3\xa9", "insert" };
    (void)opaque;
    c->from = n;
    while (c->from && line[c->from - 1] != ' ')
        c->from--;
    for (u32 i = 0; i < COUNT(words); i++)
        line_offer(c, words[i], line + c->from, n - c->from);
}

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    f->columns = 80;
    f->e = (struct line_edit){ .screen = true, .prompt = "> ", .columns = columns, .put = put, .complete = complete,
                               .opaque = f };
    line_start(&f->e);
    assert_string_equal(f->out, "> ");
    f->n = 0;
    *state = f;
    return 0;
}
static int stop(void **state)
{
    struct fix *f = *state;
    line_free(&f->e);
    free(f);
    return 0;
}

static void feed(struct fix *f, const char *text, u32 n)
{
    for (u32 i = 0; i < n; i++)
        if (line_feed(&f->e, (u8)text[i])) {
            if (f->lines < COUNT(f->got))
                memcpy(f->got[f->lines], f->e.line, f->e.len + 1);
            f->lines++;
            line_remember(&f->e, f->e.line);
            line_start(&f->e);
        }
}
static void type(struct fix *f, const char *text) { feed(f, text, (u32)strlen(text)); }

/* The line that these keys make. */
static const char *line_of(struct fix *f, const char *keys)
{
    f->lines = 0;
    type(f, keys);
    type(f, "\r");
    assert_int_equal(f->lines, 1);
    return f->got[0];
}

/* What a terminal of one line shows in the end: printable text, \r, ESC [ K, ESC [ n D. */
static const char *shown(struct fix *f)
{
    static char row[4096];
    u32 at = 0, len = 0;
    for (const char *p = f->out; *p; p++) {
        u32 n = 0;
        if (*p == '\r') {
            at = 0;
        } else if (*p == '\n') {
            at = len = 0;
        } else if (*p == 27) {
            for (p += 2; *p >= '0' && *p <= '9'; p++)
                n = 10 * n + (u32)(*p - '0');
            len = *p == 'K' ? at : len;
            at -= *p == 'D' ? n : 0;
        } else if (*p != 7) {
            row[at++] = *p;
            len = MAX(len, at);
        }
    }
    row[len] = 0;
    memmove(row + at + 1, row + at, len - at + 1);
    row[at] = '|';
    return row;
}

static void test_keys(void **state)
{
    struct fix *f = *state;
    assert_string_equal(line_of(f, "abc"), "abc");
    assert_string_equal(line_of(f, "abd\x7f\bc"), "ac");
    assert_string_equal(line_of(f, "bc\001a\005d"), "abcd");                         /* ^A, ^E */
    assert_string_equal(line_of(f, "ad\002bc"), "abcd");                             /* ^B */
    assert_string_equal(line_of(f, "xabc\001\006\006\004y"), "xayc");                /* ^F, ^D */
    assert_string_equal(line_of(f, "one two three\002\002\002\002\002\027x"), "one xthree"); /* ^W */
    assert_string_equal(line_of(f, "one two\001\006\006\006\013"), "one");           /* ^K */
    assert_string_equal(line_of(f, "one two\025three"), "three");                    /* ^U */
    assert_string_equal(line_of(f, "lost\003kept"), "kept");                         /* ^C */
    assert_string_equal(line_of(f, "bd\033[D\033[D\033[Da\033[Cc\033[Fe\033OH0"), "0abcde");
    assert_string_equal(line_of(f, "xabc\033[1~\033[3~\033[4~d\033[7~0\033[8~e"), "0abcde");
    /* sequences without a meaning */
    assert_string_equal(line_of(f, "a\033[15~b\033[1;5Cc\033Od\033xe\033[?1hf"), "abcef");
    assert_string_equal(line_of(f, "\xc3\xa9\xc3\xa4\x7f\002x"), "x\xc3\xa9");       /* letters of two bytes */
}

static void test_shown(void **state)
{
    struct fix *f = *state;
    f->columns = 20; /* room for 17 */
    type(f, "\rhello\002\002X");
    assert_string_equal(shown(f), "> helX|lo");
    type(f, "\025\013");
    for (u32 i = 0; i < 30; i++)
        type(f, (const char[]){ (char)('a' + i % 26), 0 });
    assert_string_equal(shown(f), "> nopqrstuvwxyzabcd|");
    type(f, "\001");
    assert_string_equal(shown(f), "> |abcdefghijklmnopq");
    type(f, "\005\002");
    assert_string_equal(shown(f), "> nopqrstuvwxyzabc|d");
}

static void test_history(void **state)
{
    struct fix *f = *state;
    line_of(f, "one");
    line_of(f, "two");
    line_of(f, "two");
    line_of(f, "  ");
    assert_int_equal(f->e.past_count, 2);
    assert_string_equal(line_of(f, "dra\020\020\020\016\016ft"), "draft");
    assert_string_equal(line_of(f, "\033[A\033[A\033[A\033[A!"), "one!"); /* draft, two, one, and no further */
}

static void test_history_ends(void **state)
{
    struct fix *f = *state;
    char text[16];
    for (u32 i = 0; i < 3 * LINE_HISTORY; i++) {
        snprintf(text, sizeof text, "line %u", i);
        line_of(f, text);
    }
    assert_int_equal(f->e.past_count, LINE_HISTORY);
    for (u32 i = 0; i < 3 * LINE_HISTORY; i++)
        type(f, "\020");
    snprintf(text, sizeof text, "line %u", 2 * LINE_HISTORY);
    assert_string_equal(line_of(f, ""), text);
}

static void test_completion(void **state)
{
    struct fix *f = *state;
    assert_string_equal(line_of(f, "he\tme"), "help me");
    assert_string_equal(line_of(f, "x inf\t"), "x info ");
    assert_string_equal(line_of(f, "i\tse\t"), "insert ");
    assert_string_equal(line_of(f, "info\t\tx"), "info x");
    assert_string_equal(line_of(f, "zzz\t"), "zzz");
    assert_string_equal(line_of(f, "pX\002\002\002h\t\t\006"), "hpX"); /* inside of a line: a choice of several */
    f->n = 0;
    type(f, "in\t");
    assert_non_null(strstr(f->out, "\r\ninfo    input   insert  \r\n"));
    assert_string_equal(shown(f), "> in|");
}

static void test_choices_are_bounded(void **state)
{
    struct line_choices *c = calloc(1, sizeof *c);
    char word[200];
    (void)state;
    memset(word, 'w', sizeof word);
    word[sizeof word - 1] = 0;
    for (u32 i = 0; i < 2000; i++)
        line_offer(c, i % 2 ? word : "w", "w", 1);
    assert_int_equal(c->count + c->more, 2000);
    assert_true(c->more && c->used <= sizeof c->room && c->count <= LINE_CHOICES);
    free(c);
}

static void test_lines_of_a_pipe(void **state)
{
    struct fix *f = *state;
    char *text = malloc(5000);
    f->e.screen = false;
    f->n = f->out[0] = 0;
    feed(f, "a\tb\0\033[Ac\x7f\xff\r\nnext\n\nlast\r", 24);
    assert_int_equal(f->lines, 4);
    assert_string_equal(f->got[0], "a b[Ac\xff");
    assert_string_equal(f->got[1], "next");
    assert_string_equal(f->got[2], "");
    assert_string_equal(f->got[3], "last");
    assert_string_equal(f->out, "> > > > "); /* prompts, and no echo */
    memset(text, 'x', 5000);
    feed(f, text, 5000);
    assert_true(f->e.too_long);
    assert_int_equal(f->e.len, LINE_MAX_BYTES);
    free(text);
}

static void test_random_bytes(void **state)
{
    struct fix *f = *state;
    u64 seed = 1;
    for (u32 i = 0; i < 300000; i++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        static const char often[] = "\033[ABCDHF~3\t\x7f\001\005\013\027\020\016\r";
        u8 byte = seed >> 60 < 9 ? (u8)often[(seed >> 40) % (sizeof often - 1)] : (u8)(seed >> 33);
        f->n = 0;
        feed(f, (const char *)&byte, 1);
        assert_true(f->e.at <= f->e.len && f->e.len <= LINE_MAX_BYTES && f->e.left <= f->e.at);
        assert_int_equal(strlen(f->e.line), f->e.len - (memchr(f->e.line, 0, f->e.len) ? 1 : 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_keys, start, stop),
        cmocka_unit_test_setup_teardown(test_shown, start, stop),
        cmocka_unit_test_setup_teardown(test_history, start, stop),
        cmocka_unit_test_setup_teardown(test_history_ends, start, stop),
        cmocka_unit_test_setup_teardown(test_completion, start, stop),
        cmocka_unit_test(test_choices_are_bounded),
        cmocka_unit_test_setup_teardown(test_lines_of_a_pipe, start, stop),
        cmocka_unit_test_setup_teardown(test_random_bytes, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
