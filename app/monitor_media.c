/* monitor_media.c - drives: `info block`, eject, change. */
#include "app/media.h"
#include "app/monitor_cmd.h"
#include <string.h>

/* ---- info block ---- */

static struct block_door *doors(const struct setup *s, u32 *count)
{
    *count = 0;
    return s->board->doors ? s->board->doors(s->m, count) : NULL;
}

static const struct block_door *door_of(const struct setup *s, const char *slot)
{
    u32 count;
    char name[24];
    const struct block_door *d = doors(s, &count);
    for (u32 i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%s%u", d[i].kind ? d[i].kind : "", d[i].n);
        if (d[i].id && !strcmp(name, slot))
            return &d[i];
    }
    return NULL;
}

/* IDE disks are known by their place, as QEMU names them. */
static const char *disk_name(const struct setup *s, const char *slot)
{
    u32 n;
    return sscanf(slot, "ide%u", &n) == 1 && n < PC_IDE_DRIVES && s->pc.ide[n].id ? s->pc.ide[n].id : slot;
}

static void show_image(struct monitor *mon, const struct block *b)
{
    const char *writes = b->read_only ? "read-only" : b->overlay_get ? "snapshot: writes stay in memory" : "writable";
    monitor_say(mon, "    Image:            %llu bytes, %s\n", (unsigned long long)b->size, writes);
}

void monitor_info_block(struct monitor *mon, const struct monitor_args *a)
{
    const struct setup *s = mon->on->setup;
    (void)a;
    for (u32 i = 0; i < s->disks.count; i++) {
        const struct block *b = s->disks.slot[i].b;
        const struct block_door *d = door_of(s, s->disks.name[i]);
        monitor_say(mon, "%s%s: %s%s\n", i ? "\n" : "", d ? d->id : disk_name(s, s->disks.name[i]),
                    b ? b->name : "[not inserted]", b ? " (raw)" : "");
        monitor_say(mon, "    Attached to:      %s\n", s->disks.name[i]);
        if (b)
            show_image(mon, b);
        if (d)
            monitor_say(mon, "    Removable device: %slocked, tray %s\n", d->is_locked(d) ? "" : "not ",
                        d->is_open(d) ? "open" : "closed");
    }
    if (!s->disks.count)
        monitor_say(mon, "the machine has no drives\n");
}

/* ---- eject, change ---- */

static bool take_force(const struct monitor_args *a, u32 *at)
{
    *at = a->count && !strcmp(a->word[0], "-f");
    return *at;
}

static void eject(struct monitor *mon, const struct monitor_args *a)
{
    struct err e;
    u32 at;
    bool force = take_force(a, &at);
    if (a->count != at + 1)
        monitor_say(mon, "eject: one drive is wanted (usage: eject [-f] DRIVE)\n");
    else if (!media_eject(mon->on->setup, a->word[at], force, &e))
        monitor_say(mon, "eject: %s\n", e.msg);
}

/* What may follow the file: a format, then whether it may be written. */
static bool parse_mode(const struct monitor_args *a, u32 at, u32 *flags, struct err *e)
{
    if (at < a->count && strcmp(a->word[at], "raw"))
        return err_set(e, "the format '%s' is not modelled (known: raw)", a->word[at]);
    const char *mode = at + 1 < a->count ? a->word[at + 1] : "retain";
    if (!strcmp(mode, "read-only"))
        *flags |= MEDIA_READ_ONLY;
    else if (strcmp(mode, "retain") && strcmp(mode, "read-write"))
        return err_set(e, "'%s' is not one of retain, read-only, read-write", mode);
    return true;
}

static void change(struct monitor *mon, const struct monitor_args *a)
{
    struct err e;
    u32 at, flags = take_force(a, &at) ? MEDIA_FORCE : 0;
    if (a->count < at + 2 || a->count > at + 4)
        monitor_say(mon, "change: a drive and a file are wanted (usage: change [-f] DRIVE FILE [raw [MODE]])\n");
    else if (!parse_mode(a, at + 2, &flags, &e)
             || !media_change(mon->on->setup, a->word[at], a->word[at + 1], flags, &e))
        monitor_say(mon, "change: %s\n", e.msg);
}

static void complete(struct monitor *mon, u32 n, const char *text, u32 len, struct line_choices *c)
{
    u32 count;
    const struct block_door *d = doors(mon->on->setup, &count);
    for (u32 i = 0; i < count && n < 2; i++)
        if (d[i].id)
            line_offer(c, d[i].id, text, len);
}

const struct monitor_command monitor_media_commands[] = {
    { "eject", "", "[-f] DRIVE", "take the medium out; -f: though the guest has locked it", 0, 2, eject, complete },
    { "change", "", "[-f] DRIVE FILE [raw [retain|read-only|read-write]]", "put another one in", 0, 5, change,
      complete },
    { 0 },
};
