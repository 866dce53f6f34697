/* options_floppy.c - -fda, -fdb and -drive if=floppy; see options.h. */
#include "app/options_kv.h"
#include <string.h>

bool opt_is_floppy(const char *arg)
{
    struct kv kv;
    bool floppy = false;
    while (opt_next(&arg, &kv))
        if (kv.val && !strcmp(kv.key, "if"))
            floppy = !strcmp(kv.val, "floppy");
    return floppy;
}

/* n: the drive, or OPT_FLOPPIES: the first that is free. */
static bool take_place(struct options *o, const char *opt, u32 n, const struct opt_drive *d, struct err *e)
{
    u32 place = n == OPT_FLOPPIES ? 0 : n;
    while (n == OPT_FLOPPIES && place < OPT_FLOPPIES && o->floppy_given[place])
        place++;
    if (place == OPT_FLOPPIES)
        return err_set(e, "%s: there are %u floppy drives", opt, OPT_FLOPPIES);
    if (o->floppy_given[place])
        return err_set(e, "%s: floppy drive %u is given twice", opt, place);
    o->floppy_given[place] = true;
    o->floppies[place] = *d;
    return true;
}

bool opt_floppy_file(struct options *o, u32 n, const char *file, struct err *e)
{
    struct opt_drive d = { .file = file };
    return take_place(o, n ? "-fdb" : "-fda", n, &d, e);
}

static bool number(const struct kv *kv, u32 *n, struct err *e)
{
    u64 val;
    if (!opt_u64(kv->val, &val) || val >= OPT_FLOPPIES)
        return err_set(e, "-drive if=floppy: %s is 0 or 1, not '%s'", kv->key, kv->val);
    *n = (u32)val;
    return true;
}

static bool option(struct options *o, const struct kv *kv, struct opt_drive *d, u32 *n, struct err *e)
{
    bool flag = !strcmp(kv->key, "readonly") || !strcmp(kv->key, "read-only") || !strcmp(kv->key, "snapshot");
    if (!kv->val && !flag)
        return err_set(e, "-drive: '%s' needs a value", kv->key);
    if (flag)
        return opt_bool("-drive", kv->key, kv->val, kv->key[0] == 's' ? &d->snapshot : &d->read_only, e);
    if (!strcmp(kv->key, "index") || !strcmp(kv->key, "unit"))
        return number(kv, n, e);
    if (!strcmp(kv->key, "file"))
        d->file = opt_keep(o, kv->val);
    else if (!strcmp(kv->key, "id"))
        d->id = opt_keep(o, kv->val);
    else if (!strcmp(kv->key, "format") && strcmp(kv->val, "raw"))
        return err_set(e, "-drive: format=%s is not modelled (known: raw)", kv->val);
    else if (!strcmp(kv->key, "media") && strcmp(kv->val, "disk"))
        return err_set(e, "-drive if=floppy: media is 'disk', not '%s'", kv->val);
    else if (strcmp(kv->key, "if") && strcmp(kv->key, "format") && strcmp(kv->key, "media") && strcmp(kv->key, "cache"))
        return err_set(e, "-drive: unknown option '%s'", kv->key);
    return true;
}

bool opt_floppy_arg(struct options *o, const char *arg, struct err *e)
{
    struct kv kv;
    struct opt_drive d = { 0 };
    u32 n = OPT_FLOPPIES;
    while (opt_next(&arg, &kv))
        if (!option(o, &kv, &d, &n, e))
            return false;
    return take_place(o, "-drive if=floppy", n, &d, e);
}

bool opt_check_floppies(const struct options *o, u32 buses, struct err *e)
{
    for (u32 i = 0; i < OPT_FLOPPIES; i++)
        if (o->floppy_given[i] && !(buses >> DEVICE_ON_ISA & 1))
            return err_set(e, "-fda, -fdb, -drive if=floppy: the board '%s' has no floppy drives", o->machine);
        else if (o->floppy_boot[i] && !(buses >> DEVICE_ON_ISA & 1))
            return err_set(e, "-global isa-fdc: the board '%s' has no floppy drives", o->machine);
    return true;
}
