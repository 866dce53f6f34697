/* monitor.c - the human monitor's commands; see monitor.h. Blocks and history come later. */
#include "app/monitor.h"
#include "host/input.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SENDKEY_HOLD_MS 100u

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

static void info_screen(struct monitor *mon)
{
    struct err e;
    char *text = app_screen_text(mon->display, &e);
    if (text)
        terminal_print(mon->t, text);
    else
        say(mon, "%s\n", e.msg);
    free(text);
}

static void info(struct monitor *mon, const char *what)
{
    if (!strcmp(what, "registers"))
        info_registers(mon);
    else if (!strcmp(what, "screen"))
        info_screen(mon);
    else if (!strcmp(what, "status"))
        say(mon, "VM status: running, %llu instructions, %llu ns\n", (unsigned long long)machine_icount(mon->m),
            (unsigned long long)machine_now(mon->m));
    else
        say(mon, "info: unknown topic '%s' (known: registers, screen, status)\n", what);
}

/* ---- input ---- */

/* sendkey KEYS [HOLD_MS] */
static void sendkey(struct monitor *mon, const char *arg)
{
    struct err e;
    char keys[sizeof mon->line];
    u32 len = (u32)strcspn(arg, " "), hold = arg[len] ? (u32)strtoul(arg + len, NULL, 10) : SENDKEY_HOLD_MS;
    snprintf(keys, sizeof keys, "%.*s", (int)len, arg);
    if (!len)
        say(mon, "sendkey: which keys? (examples: ret, ctrl-alt-f2)\n");
    else if (!input_send(mon->input, keys, hold, &e))
        say(mon, "sendkey: %s\n", e.msg);
}

/* mouse_move DX DY [DZ] */
static void mouse_move(struct monitor *mon, const char *arg)
{
    int dx, dy, dz = 0, n = sscanf(arg, "%d %d %d", &dx, &dy, &dz);
    if (n < 2)
        say(mon, "mouse_move: how far, to the right and down?\n");
    else if (!input_move(mon->input, dx, dy) || (dz && !input_wheel(mon->input, 0, -dz)))
        say(mon, "mouse_move: the guest has not taken the input sent before\n");
}

/* mouse_button MASK: which are down from now on */
static void mouse_button(struct monitor *mon, const char *arg)
{
    char *end;
    u32 mask = (u32)strtoul(arg, &end, 0);
    bool ok = end != arg && mask <= BUTTON_ALL;
    if (!ok)
        say(mon, "mouse_button: the sum of 1 (left), 2 (right), 4 (middle), 8 and 16 is wanted; 0: none is down\n");
    for (u32 b = 1; ok && b <= BUTTON_ALL; b <<= 1)
        if (!input_button(mon->input, b, mask & b))
            say(mon, "mouse_button: the guest has not taken the input sent before\n");
}

static void savevm(struct monitor *mon, const char *file)
{
    struct err e;
    if (!*file)
        say(mon, "savevm: a file name is missing\n");
    else if (!disks_save(mon->disks, mon->m, file, &e))
        say(mon, "%s\n", e.msg);
}

static void screendump(struct monitor *mon, const char *file)
{
    struct err e;
    if (!*file)
        say(mon, "screendump: a file name is missing\n");
    else if (!app_screendump(mon->display, file, &e))
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
    { "info", "registers|screen|status", "what the machine is doing", info },
    { "mouse_button", "MASK", "press and release the mouse's buttons", mouse_button },
    { "mouse_move", "DX DY [DZ]", "move the mouse, turn its wheel", mouse_move },
    { "screendump", "FILE", "the screen as a picture (PNG, or PPM by the name's end)", screendump },
    { "sendkey", "KEYS [MS]", "press keys together: a, shift-a, ctrl-alt-delete", sendkey },
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
