/* options_boot.c - -boot, bootindex, -global isa-fdc.bootindexA; see options.h. */
#include "app/options_kv.h"
#include <string.h>

static bool letters(struct options *o, const char *key, const char *val, const char **out, struct err *e)
{
    bool twice = false;
    for (const char *p = val; *p; p++)
        twice |= strchr(p + 1, *p) != NULL;
    if (!*val || twice || strspn(val, "acdn") != strlen(val) || strlen(val) > 3)
        return err_set(e, "-boot: %s '%s' is not one to three of a (floppy), c (disk), d (CD), n (network)", key,
                       val);
    *out = opt_keep(o, val);
    return true;
}

/* Letters alone are the order, when they come first. */
bool opt_boot_arg(struct options *o, const char *arg, struct err *e)
{
    struct kv kv;
    for (bool first = true; opt_next(&arg, &kv); first = false) {
        bool alone = first && !kv.val, once = !strcmp(kv.key, "once"), ok;
        if (!alone && strcmp(kv.key, "order") && !once && strcmp(kv.key, "menu"))
            return err_set(e, "-boot: '%s' is not modelled (known: order, once, menu)", kv.key);
        if (!alone && !kv.val)
            return err_set(e, "-boot: '%s' needs a value", kv.key);
        if (alone)
            ok = letters(o, "order", kv.key, &o->boot_order, e);
        else if (!strcmp(kv.key, "menu"))
            ok = opt_bool("-boot", kv.key, kv.val, &o->boot_menu, e);
        else
            ok = letters(o, kv.key, kv.val, once ? &o->boot_once : &o->boot_order, e);
        if (!ok)
            return false;
    }
    return true;
}

bool opt_boot_index(const struct options *o, const char *opt, const char *name, const char *val, u32 *out,
                    struct err *e)
{
    u64 n;
    bool used = false;
    if (!opt_u64(val, &n) || n >= 1000000)
        return err_set(e, "%s %s: bootindex=%s is not a number below 1000000", opt, name, val);
    for (u32 i = 0; i < o->device_count; i++)
        used |= o->devices[i].boot == n + 1;
    for (u32 i = 0; i < OPT_FLOPPIES; i++)
        used |= o->floppy_boot[i] == n + 1;
    *out = (u32)n + 1;
    return !used || err_set(e, "%s: the bootindex %s is used twice", opt, val);
}

bool opt_global_arg(struct options *o, const char *arg, struct err *e)
{
    static const char *const keys[OPT_FLOPPIES] = { "isa-fdc.bootindexA", "isa-fdc.bootindexB" };
    struct kv kv;
    if (!opt_next(&arg, &kv) || !kv.val || *arg)
        return err_set(e, "-global: DRIVER.PROPERTY=VALUE is wanted");
    for (u32 i = 0; i < OPT_FLOPPIES; i++)
        if (!strcmp(kv.key, keys[i])) {
            o->floppy_boot[i] = 0;
            return opt_boot_index(o, "-global", "isa-fdc", kv.val, &o->floppy_boot[i], e);
        }
    return err_set(e, "-global: '%s' is not modelled (known: %s, %s)", kv.key, keys[0], keys[1]);
}
