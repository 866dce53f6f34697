/* setup_floppy.c - the floppy drives of a PC as the options describe them; see setup.h. */
#include "app/run.h"
#include "app/setup.h"

static void note_padding(const struct setup *s, const struct block *b, const struct floppy_format *f)
{
    struct err note;
    if (b->size == floppy_bytes(f) || s->wrap) /* two machines of the same options: nobody is told */
        return;
    err_set(&note, "floppy image '%s': %llu bytes are no format's, padded with zeros to %s and write-protected", b->name,
            (unsigned long long)b->size, f->name);
    app_error(&note);
}

static bool put_disk(struct setup *s, struct pc_floppies *f, u32 n, struct err *e)
{
    const struct opt_drive *d = &s->o->floppies[n];
    if (!(f->disk[n] = setup_open_drive(s, d, "floppy", n, e)))
        return false;
    const struct floppy_format *format = floppy_format_of(f->disk[n]->size);
    if (!format)
        return err_set(e, "floppy image '%s': %llu bytes are more than 2.88M (2949120 bytes)", d->file,
                       (unsigned long long)f->disk[n]->size);
    f->drive[n] = format->native;
    note_padding(s, f->disk[n], format);
    return true;
}

/* One can come: snapshots know of the drive. */
static bool no_disk(struct setup *s, u32 n)
{
    disks_add(&s->disks, "floppy", n, NULL);
    return true;
}

/* Without a disk, the drive that reads most. Drive A is there unless -nodefaults says otherwise. */
bool setup_floppies(struct setup *s, struct pc_floppies *f, struct err *e)
{
    const struct options *o = s->o;
    for (u32 n = 0; n < OPT_FLOPPIES; n++) {
        if (o->floppy_given[n] || (!n && !o->no_defaults))
            f->drive[n] = FLOPPY_2880K;
        f->id[n] = f->drive[n] ? o->floppies[n].id ? o->floppies[n].id : n ? "floppy1" : "floppy0" : NULL;
        if (o->floppies[n].file ? !put_disk(s, f, n, e) : f->drive[n] && !no_disk(s, n))
            return false;
    }
    return true;
}
