/* monitor.c - a conversation: bytes to lines, lines to words, words to a command; see monitor.h. */
#include "app/monitor_cmd.h"
#include "backend/common/disasm.h"
#include "host/terminal.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- answers ---- */

static bool is_text(char c) { return (u8)c >= 32 && c != 127; }

void monitor_text(struct monitor *mon, const char *text)
{
    char line[512];
    u32 n = 0;
    for (; *text; text++) {
        if (*text == '\n')
            line[n++] = '\r';
        line[n++] = *text == '\n' || is_text(*text) ? *text : '?';
        if (n < sizeof line - 1)
            continue;
        chr_write(&mon->chr, line, n);
        n = 0;
    }
    chr_write(&mon->chr, line, n);
}

void monitor_say(struct monitor *mon, const char *fmt, ...)
{
    char text[2048];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    monitor_text(mon, text);
}

FILE *monitor_page_open(struct monitor *mon, struct monitor_page *p)
{
    *p = (struct monitor_page){ 0 };
    p->f = open_memstream(&p->text, &p->len);
    if (!p->f)
        monitor_say(mon, "out of memory for the answer\n");
    return p->f;
}

void monitor_page_close(struct monitor *mon, struct monitor_page *p)
{
    bool ok = !fclose(p->f);
    monitor_text(mon, ok && p->text ? p->text : "out of memory for the answer\n");
    free(p->text);
}

/* ---- tables ---- */

static void help(struct monitor *mon, const struct monitor_args *a);
static void complete_help(struct monitor *mon, u32 n, const char *text, u32 len, struct line_choices *c);

static const struct monitor_command own_commands[] = {
    { "help", "?", "[COMMAND]", "say what commands do", 0, 1, help, complete_help },
    { "info", "", "[TOPIC]", "show what there is and how it is; without a topic: list them", 0, 2, monitor_info,
      monitor_info_complete },
    { 0 },
};
static const struct monitor_command *const tables[] = {
    own_commands, monitor_run_commands, monitor_memory_commands, monitor_input_commands, monitor_media_commands,
    monitor_save_commands,
};

const struct monitor_command *monitor_next(const struct monitor_command *c)
{
    u32 t = 0;
    if (!c)
        return tables[0];
    if (c[1].name)
        return c + 1;
    for (; t < COUNT(tables); t++)
        for (const struct monitor_command *r = tables[t]; r->name; r++)
            if (r == c)
                return t + 1 < COUNT(tables) ? tables[t + 1] : NULL;
    return NULL;
}

static bool is_name(const char *name, const char *text, u32 n)
{
    return n && strlen(name) == n && !memcmp(name, text, n);
}

const struct monitor_command *monitor_find(const char *name, u32 n)
{
    const struct monitor_command *c = NULL;
    while ((c = monitor_next(c)))
        if (is_name(c->name, name, n) || is_name(c->alias, name, n))
            return c;
    return NULL;
}

/* ---- help ---- */

static void help_line(struct monitor *mon, const struct monitor_command *c)
{
    monitor_say(mon, "%s%s%s%s%s -- %s\n", c->name, *c->alias ? "|" : "", c->alias, *c->args ? " " : "", c->args,
                c->help);
}

static void help(struct monitor *mon, const struct monitor_args *a)
{
    const struct monitor_command *c = NULL;
    if (!a->count) {
        while ((c = monitor_next(c)))
            help_line(mon, c);
        return;
    }
    c = monitor_find(a->word[0], (u32)strlen(a->word[0]));
    if (!c)
        monitor_say(mon, "help: there is no command '%s'\n", a->word[0]);
    else
        help_line(mon, c);
    if (c && c->run == monitor_info)
        monitor_list_topics(mon);
}

static void offer_commands(const char *text, u32 len, struct line_choices *c)
{
    const struct monitor_command *r = NULL;
    while ((r = monitor_next(r)))
        line_offer(c, r->name, text, len);
}

static void complete_help(struct monitor *mon, u32 n, const char *text, u32 len, struct line_choices *c)
{
    (void)mon;
    if (!n)
        offer_commands(text, len, c);
}

/* ---- a line ---- */

/* The next word into *to, without its quotes; p goes behind it. False: a quote does not end. */
static bool next_word(const char **p, char **to)
{
    bool quoted = false;
    const char *s = *p;
    for (; *s && (quoted || *s != ' '); s++) {
        if (*s == '"')
            quoted = !quoted;
        else if (quoted && *s == '\\' && s[1])
            *(*to)++ = *++s;
        else
            *(*to)++ = *s;
    }
    *(*to)++ = 0;
    *p = s;
    return !quoted;
}

/* buf: room for a whole line. */
static bool split(struct monitor_args *a, char *buf, u32 max, struct err *e)
{
    const char *p = a->rest;
    for (;;) {
        p += strspn(p, " ");
        if (!*p)
            return true;
        if (a->count == max)
            return err_set(e, "'%s' is too much", p);
        a->word[a->count++] = buf;
        if (!next_word(&p, &buf))
            return err_set(e, "a quote does not end");
    }
}

static void call(struct monitor *mon, const struct monitor_command *c, struct monitor_args *a)
{
    char buf[LINE_MAX_BYTES + 1 + MONITOR_WORDS];
    struct err e;
    if (c->max != MONITOR_LINE && !split(a, buf, c->max, &e))
        monitor_say(mon, "%s: %s (usage: %s %s)\n", c->name, e.msg, c->name, c->args);
    else if (a->count < c->min)
        monitor_say(mon, "%s: something is missing (usage: %s %s)\n", c->name, c->name, c->args);
    else
        c->run(mon, a);
}

/* The format behind a slash, with or without a blank before it. */
static bool take_format(struct monitor_args *a, char *format, u32 size)
{
    u32 n = *a->rest == '/' ? (u32)strcspn(a->rest + 1, " ") : 0;
    if (n >= size)
        return false;
    snprintf(format, size, "%.*s", (int)n, a->rest + (n > 0));
    a->rest += *a->rest == '/' ? n + 1 : 0;
    a->rest += strspn(a->rest, " ");
    return true;
}

void monitor_run(struct monitor *mon, const char *line)
{
    char format[32] = "";
    const char *name = line + strspn(line, " ");
    u32 n = (u32)strcspn(name, " /");
    struct monitor_args a = { .rest = name + n + strspn(name + n, " "), .format = format };
    const struct monitor_command *c = monitor_find(name, n);
    bool glued = name[n] == '/', takes = c && c->max == MONITOR_LINE;
    if (!*name)
        return;
    if (c && (takes || !glued) && (!takes || take_format(&a, format, sizeof format)))
        call(mon, c, &a);
    else
        monitor_say(mon, "unknown command: '%.*s' (help lists those known)\n", (int)MIN(strcspn(name, " "), 200u),
                    name);
}

/* ---- completion ---- */

static void complete(void *opaque, const char *line, u32 n, struct line_choices *c)
{
    struct monitor *mon = opaque;
    u32 at = 0, word = 0, start = 0;
    const struct monitor_command *cmd = NULL;
    for (;; word++) {
        while (at < n && line[at] == ' ')
            at++;
        start = at;
        while (at < n && line[at] != ' ')
            at++;
        if (at == n)
            break;
        if (!word && !(cmd = monitor_find(line + start, (u32)strcspn(line + start, " /"))))
            return;
    }
    c->from = start;
    if (!word)
        offer_commands(line + start, n - start, c);
    else if (cmd->complete)
        cmd->complete(mon, word - 1, line + start, n - start, c);
}

/* ---- bytes ---- */

/* What a command asked of the machine comes first, then the next command. */
static bool waits(struct monitor *mon)
{
    return atomic_load(&monitor_machine(mon)->request) & ~(u32)REQ_KICK;
}

static void do_line(struct monitor *mon)
{
    struct line_edit *e = &mon->edit;
    if (!e->screen)
        monitor_say(mon, "%s\n", e->line);
    if (e->too_long) {
        monitor_say(mon, "a line has %u bytes at most: nothing was done\n", LINE_MAX_BYTES);
    } else {
        char line[sizeof e->line];
        memcpy(line, e->line, e->len + 1);
        if (e->screen)
            line_remember(e, line);
        monitor_run(mon, line);
    }
    line_start(e);
}

u32 monitor_receive(void *opaque, const u8 *p, u32 n)
{
    struct monitor *mon = opaque;
    for (u32 i = 0; i < n; i++) {
        if (waits(mon))
            return i;
        if (line_feed(&mon->edit, p[i]))
            do_line(mon);
    }
    return n;
}

static void put(void *opaque, const char *text, u32 n)
{
    chr_write(&((struct monitor *)opaque)->chr, text, n);
}

static u32 columns(void *opaque)
{
    (void)opaque;
    return terminal_columns();
}

void monitor_greet(struct monitor *mon)
{
    monitor_say(mon, "mynah " MYNAH_VERSION " monitor - type 'help' for more information\n");
    line_start(&mon->edit);
}

void monitor_init(struct monitor *mon, struct monitored *on, bool screen)
{
    *mon = (struct monitor){ .on = on };
    mon->edit = (struct line_edit){ .screen = screen, .prompt = "(mynah) ", .columns = columns, .put = put,
                                    .complete = complete, .opaque = mon };
    chr_set_receiver(&mon->chr, monitor_receive, mon);
}

void monitor_free(struct monitor *mon)
{
    line_free(&mon->edit);
}

void monitored_free(struct monitored *on)
{
    for (u32 i = 0; i < COUNT(on->disasm); i++)
        disasm_free(on->disasm[i]);
}
