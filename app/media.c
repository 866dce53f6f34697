/* media.c - eject and change; see media.h. */
#include "app/media.h"
#include <string.h>

static struct block_door *find(struct setup *s, const char *id, struct err *e)
{
    u32 count = 0;
    struct block_door *doors = s->board->doors ? s->board->doors(s->m, &count) : NULL;
    for (u32 i = 0; i < count; i++)
        if (doors[i].id && !strcmp(doors[i].id, id))
            return &doors[i];
    err_set(e, "'%s': there is no drive of this name whose medium could change", id);
    return NULL;
}

static bool open_door(struct block_door *d, bool force, struct err *e)
{
    return d->open(d, force)
           || err_set(e, "'%s' is locked by the guest, which was asked to open it; force would do", d->id);
}

static void swap(struct setup *s, struct block_door *d, struct block *b)
{
    struct block *was = d->change(d, b);
    disks_set(&s->disks, d->kind, d->n, b);
    if (was)
        was->close(was);
}

/* The door stays open, as QEMU's does. */
bool media_eject(struct setup *s, const char *id, bool force, struct err *e)
{
    struct block_door *d = find(s, id, e);
    if (!d || !open_door(d, force, e))
        return false;
    swap(s, d, NULL);
    return d->open(d, true);
}

static struct block *open_medium(const struct setup *s, const struct block_door *d, const char *file, u32 flags,
                                 struct err *e)
{
    bool read_only = d->read_only || flags & MEDIA_READ_ONLY;
    struct block *b = block_open_raw(file, read_only, !d->read_only && s->o->snapshot_all, e);
    if (!b || !d->takes || d->takes(d, b, e))
        return b;
    b->close(b);
    return NULL;
}

bool media_change(struct setup *s, const char *id, const char *file, u32 flags, struct err *e)
{
    struct block_door *d = find(s, id, e);
    struct block *b = d ? open_medium(s, d, file, flags, e) : NULL;
    if (!b)
        return false;
    if (!open_door(d, flags & MEDIA_FORCE, e)) {
        b->close(b);
        return false;
    }
    swap(s, d, b);
    return true;
}
