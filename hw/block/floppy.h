/*
 * floppy.h - floppy disks and drives: which formats there are, and which drive reads which.
 *
 * All are MFM with sectors of 512 bytes, numbered from 1; images have them in the order of cylinder, head, sector.
 */
#pragma once
#include "base/types.h"

#define FLOPPY_SECTOR    512u
#define FLOPPY_CYLINDERS 84u /* that any drive reaches */
#define FLOPPY_SECTORS   36u /* of a track, at most */

/* Drives, as CMOS memory numbers them. */
enum floppy_drive { FLOPPY_NONE, FLOPPY_360K, FLOPPY_1200K, FLOPPY_720K, FLOPPY_1440K, FLOPPY_2880K, FLOPPY_DRIVES };

struct floppy_format {
    const char *name;                   /* "1.44M" */
    u8          cylinders, heads, sectors;
    u8          drives;                 /* that read it: 1 << FLOPPY_ */
    u8          rates;                  /* 1 << the code of the data rate in CCR: 500, 300, 250, 1000 kbit/s */
    u8          native;                 /* the drive for an image of it */
};

static inline u32 floppy_bytes(const struct floppy_format *f)
{
    return (u32)f->cylinders * f->heads * f->sectors * FLOPPY_SECTOR;
}
/* The format of an image of that size. One between the formats is the beginning of a disk of 1.44 MB, or of 2.88 MB if
 * that is too small; NULL: larger than that, or empty. */
const struct floppy_format *floppy_format_of(u64 bytes);
/* The cylinder that a drive's head is on at a track of the drive, when it can read the format at that data rate (its
 * code); else -1. */
i32 floppy_cylinder(enum floppy_drive drive, const struct floppy_format *f, u32 track, u32 rate);
