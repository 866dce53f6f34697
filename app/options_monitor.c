/* options_monitor.c - -monitor; see options.h. */
#include "app/options_kv.h"
#include <string.h>

static bool socket_flag(struct opt_monitor *m, const struct kv *kv, bool *waits, struct err *e)
{
    bool off = false;
    if (!strcmp(kv->key, "server"))
        return opt_bool("-monitor", kv->key, kv->val, &m->server, e);
    if (!strcmp(kv->key, "wait")) {
        *waits = true;
        return opt_bool("-monitor", kv->key, kv->val, &m->wait, e);
    }
    if (strcmp(kv->key, "nowait"))
        return err_set(e, "-monitor unix: unknown option '%s' (known: server, wait, nowait)", kv->key);
    *waits = true;
    bool ok = opt_bool("-monitor", kv->key, kv->val, &off, e);
    m->wait = !off;
    return ok;
}

static bool socket_arg(struct options *o, struct opt_monitor *m, const char *arg, struct err *e)
{
    struct kv kv;
    bool waits = false;
    m->wait = true;
    for (bool first = true; opt_next(&arg, &kv); first = false) {
        if (first && kv.val)
            return err_set(e, "-monitor unix: a path comes first, not '%s='", kv.key);
        if (first)
            m->socket = opt_keep(o, kv.key);
        else if (!socket_flag(m, &kv, &waits, e))
            return false;
    }
    if (!m->socket || !*m->socket)
        return err_set(e, "-monitor unix: the path is missing");
    return m->server || !waits || err_set(e, "-monitor unix:%s: wait is for a server", m->socket);
}

bool opt_monitor_arg(struct options *o, const char *arg, struct err *e)
{
    struct opt_monitor m = { 0 };
    if (!strcmp(arg, "none") || !strcmp(arg, "null"))
        return o->monitor_none = true;
    if (!strcmp(arg, "stdio")) {
        if (o->monitor_stdio)
            return err_set(e, "-monitor stdio: the terminal is taken by another -monitor stdio");
        return o->monitor_stdio = true;
    }
    if (!strncmp(arg, "file:", 5) && arg[5])
        m.file = opt_keep(o, arg + 5);
    else if (strncmp(arg, "unix:", 5))
        return err_set(e, "-monitor: '%s' is not modelled (known: stdio, none, file:NAME, unix:PATH)", arg);
    else if (!socket_arg(o, &m, arg + 5, e))
        return false;
    if (o->monitor_count == OPT_MONITORS)
        return err_set(e, "-monitor: there are at most %d on sockets and files", OPT_MONITORS);
    o->monitors[o->monitor_count++] = m;
    return true;
}
