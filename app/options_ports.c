/* options_ports.c - options of byte streams: serial ports, parallel port, debug console; and of the keyboard. */
#include "app/options_kv.h"
#include "host/input.h"
#include <string.h>

static bool output_arg(const char *opt, const char *arg, enum serial_kind *kind, const char **file, struct err *e)
{
    if (!strcmp(arg, "stdio"))
        *kind = SERIAL_STDIO;
    else if (!strcmp(arg, "mon:stdio"))
        *kind = SERIAL_MON_STDIO;
    else if (!strcmp(arg, "null") || !strcmp(arg, "none"))
        *kind = SERIAL_NULL;
    else if (!strncmp(arg, "file:", 5) && arg[5]) {
        *kind = SERIAL_FILE;
        *file = arg + 5;
    } else {
        return err_set(e, "%s: '%s' is not modelled (known: stdio, mon:stdio, null, none, file:NAME)", opt, arg);
    }
    return true;
}

/* The first is the first port, the second the second; there is no third. */
bool opt_serial_arg(struct options *o, const char *arg, struct err *e)
{
    bool first = !o->serial_given;
    if (o->serials == 2)
        return err_set(e, "-serial: only two serial ports are modelled");
    o->serials++;
    o->serial_given = true;
    if (first)
        return output_arg("-serial", arg, &o->serial, &o->serial_file, e);
    o->serial2_given = strcmp(arg, "none") != 0;
    return output_arg("-serial", arg, &o->serial2, &o->serial2_file, e);
}

bool opt_parallel_arg(struct options *o, const char *arg, struct err *e)
{
    if (o->parallel_given)
        return err_set(e, "-parallel: only one parallel port is modelled");
    o->parallel_given = true;
    o->no_parallel = !strcmp(arg, "none");
    if (!strcmp(arg, "mon:stdio"))
        return err_set(e, "-parallel: 'mon:stdio' is not modelled (known: stdio, null, none, file:NAME)");
    return output_arg("-parallel", arg, &o->parallel, &o->parallel_file, e);
}

bool opt_keyboard_arg(struct options *o, const char *arg, struct err *e)
{
    return keymap_find(arg, &o->keyboard, e) || err_prefix(e, "-k");
}

bool opt_debugcon_arg(struct options *o, const char *arg, struct err *e)
{
    if (o->debugcon_given)
        return err_set(e, "-debugcon: only one debug console is modelled");
    o->debugcon_given = strcmp(arg, "none") != 0;
    return output_arg("-debugcon", arg, &o->debugcon, &o->debugcon_file, e);
}

/* Whoever has the terminal before the others are looked at; NULL: nobody. */
static const char *terminal_user(const struct options *o)
{
    if (o->monitor_stdio)
        return "-monitor stdio";
    return !serial_on_terminal(o->serial) ? NULL : o->serial_given ? "-serial" : "-nographic (-serial none frees it)";
}

/* The terminal is for one. */
static bool check_terminal(const struct options *o, struct err *e)
{
    const char *user = terminal_user(o);
    const struct { const char *name; bool wants; } more[] = {
        { "-serial", serial_on_terminal(o->serial2) },
        { "-parallel", serial_on_terminal(o->parallel) },
        { "-debugcon", o->debugcon_given && serial_on_terminal(o->debugcon) },
    };
    for (u32 i = 0; i < COUNT(more); i++) {
        if (more[i].wants && user)
            return err_set(e, "%s stdio: the terminal is taken by %s", more[i].name, user);
        user = more[i].wants ? more[i].name : user;
    }
    return true;
}

bool opt_check_ports(const struct options *o, struct err *e)
{
    bool pc = !strcmp(o->machine, "pc");
    if (o->serial2_given && !pc)
        return err_set(e, "-serial: the board '%s' has one serial port", o->machine);
    if (o->parallel_given && !o->no_parallel && !pc)
        return err_set(e, "-parallel: the board '%s' has no parallel port", o->machine);
    return check_terminal(o, e);
}
