/* monitor.c - the human monitor's commands; see monitor.h. Blocks and history come later. */
#include "app/monitor.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say(struct monitor *mon, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void say(struct monitor *mon, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    terminal_print(mon->t, text);
}

static void info_registers(struct monitor *mon)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        return;
    mon->m->cpus[0]->guest->dump(mon->m->cpus[0], f);
    fclose(f);
    terminal_print(mon->t, text);
    free(text);
}

static void info(struct monitor *mon, const char *what)
{
    if (!strcmp(what, "registers"))
        info_registers(mon);
    else if (!strcmp(what, "status"))
        say(mon, "VM status: running, %llu instructions, %llu ns\n", (unsigned long long)machine_icount(mon->m),
            (unsigned long long)machine_now(mon->m));
    else
        say(mon, "info: unknown topic '%s' (known: registers, status)\n", what);
}

static void savevm(struct monitor *mon, const char *file)
{
    struct err e;
    if (!*file)
        say(mon, "savevm: a file name is missing\n");
    else if (!disks_save(mon->disks, mon->m, file, &e))
        say(mon, "%s\n", e.msg);
}

static void powerdown(struct monitor *mon, const char *arg)
{
    (void)arg;
    if (mon->power_key)
        mon->power_key(mon->m);
}
static void reset(struct monitor *mon, const char *arg)
{
    (void)arg;
    machine_request(mon->m, REQ_RESET);
}
static void quit(struct monitor *mon, const char *arg)
{
    (void)arg;
    machine_request(mon->m, REQ_QUIT);
}
static void help(struct monitor *mon, const char *arg);

static const struct { const char *name, *args, *text; void (*run)(struct monitor *, const char *); } commands[] = {
    { "help", "", "this list", help },
    { "info", "registers|status", "what the machine is doing", info },
    { "system_powerdown", "", "press the power key", powerdown },
    { "system_reset", "", "reset the machine", reset },
    { "savevm", "FILE", "write a snapshot", savevm },
    { "quit", "", "leave", quit },
};

static void help(struct monitor *mon, const char *arg)
{
    (void)arg;
    for (u32 i = 0; i < COUNT(commands); i++)
        say(mon, "%s %s -- %s\n", commands[i].name, commands[i].args, commands[i].text);
}

static void run_line(struct monitor *mon)
{
    mon->line[mon->len] = 0;
    mon->len = 0;
    char *name = mon->line + strspn(mon->line, " "), *arg = name + strcspn(name, " ");
    if (*arg)
        *arg++ = 0;
    arg += strspn(arg, " ");
    if (!*name)
        return;
    for (u32 i = 0; i < COUNT(commands); i++)
        if (!strcmp(commands[i].name, name)) {
            commands[i].run(mon, arg);
            return;
        }
    say(mon, "unknown command: '%s' (help lists those known)\n", name);
}

static u32 receive(void *opaque, const u8 *p, u32 n)
{
    struct monitor *mon = opaque;
    for (u32 i = 0; i < n; i++) {
        if (p[i] == '\r' || p[i] == '\n') {
            say(mon, "\n");
            run_line(mon);
            say(mon, "(mynah) ");
        } else if ((p[i] == 8 || p[i] == 127) && mon->len) {
            mon->len--;
            say(mon, "\b \b");
        } else if (p[i] >= 32 && mon->len + 1 < sizeof mon->line) {
            mon->line[mon->len++] = (char)p[i];
            say(mon, "%c", p[i]);
        }
    }
    return n;
}

void monitor_init(struct monitor *mon, struct machine *m, struct terminal *t)
{
    *mon = (struct monitor){ .m = m, .t = t };
    chr_set_receiver(&mon->chr, receive, mon);
}

void monitor_toggle(struct monitor *mon)
{
    bool on = terminal_focused(mon->t) != &mon->chr;
    if (!on && mon->permanent)
        return;
    terminal_focus(mon->t, on ? &mon->chr : NULL);
    say(mon, on ? "\nmynah monitor - type 'help' for more information\n(mynah) " : "\n");
}
