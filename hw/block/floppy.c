/*
 * floppy.c - formats of floppy disks, by the size of their images; see floppy.h.
 *
 * The drive for 40 cylinders turns at the speed that goes with the data rate: 250 kbit/s at 300 turns a minute, which
 * it has, and 300 at 360, which firmware uses that takes every drive of 5.25" for one of 1.2 MB. That one reads 40
 * cylinders with two steps from each to the next.
 */
#include "hw/block/floppy.h"

enum { RATE_500 = 1 << 0, RATE_300 = 1 << 1, RATE_250 = 1 << 2, RATE_1000 = 1 << 3 };
enum { DOUBLE_5 = 1 << FLOPPY_360K | 1 << FLOPPY_1200K, HIGH_5 = 1 << FLOPPY_1200K,
       EXTRA_3 = 1 << FLOPPY_2880K, HIGH_3 = EXTRA_3 | 1 << FLOPPY_1440K, DOUBLE_3 = HIGH_3 | 1 << FLOPPY_720K };

static const struct floppy_format formats[] = {
    { "160K",  40, 1, 8,  DOUBLE_5, RATE_250 | RATE_300, FLOPPY_360K },
    { "180K",  40, 1, 9,  DOUBLE_5, RATE_250 | RATE_300, FLOPPY_360K },
    { "320K",  40, 2, 8,  DOUBLE_5, RATE_250 | RATE_300, FLOPPY_360K },
    { "360K",  40, 2, 9,  DOUBLE_5, RATE_250 | RATE_300, FLOPPY_360K },
    { "720K",  80, 2, 9,  DOUBLE_3, RATE_250,            FLOPPY_1440K },
    { "1.2M",  80, 2, 15, HIGH_5,   RATE_500,            FLOPPY_1200K },
    { "1.44M", 80, 2, 18, HIGH_3,   RATE_500,            FLOPPY_1440K },
    { "1.6M",  80, 2, 20, HIGH_3,   RATE_500,            FLOPPY_1440K },
    { "1.68M", 80, 2, 21, HIGH_3,   RATE_500,            FLOPPY_1440K },
    { "1.72M", 82, 2, 21, HIGH_3,   RATE_500,            FLOPPY_1440K },
    { "2.88M", 80, 2, 36, EXTRA_3,  RATE_1000,           FLOPPY_2880K },
};

static const struct floppy_format *exact(u64 bytes)
{
    for (u32 i = 0; i < COUNT(formats); i++)
        if (floppy_bytes(&formats[i]) == bytes)
            return &formats[i];
    return NULL;
}

const struct floppy_format *floppy_format_of(u64 bytes)
{
    const struct floppy_format *f = exact(bytes);
    if (f || !bytes)
        return f;
    return bytes < 1440 * 1024 ? exact(1440 * 1024) : bytes < 2880 * 1024 ? exact(2880 * 1024) : NULL;
}

i32 floppy_cylinder(enum floppy_drive drive, const struct floppy_format *f, u32 track, u32 rate)
{
    bool twice = drive == FLOPPY_1200K && f->cylinders == 40;
    u32 rates = twice ? RATE_300 : f->rates, cylinder = twice ? track / 2 : track;
    if (!(f->drives >> drive & 1) || !(rates >> rate & 1) || cylinder >= f->cylinders || (twice && track & 1))
        return -1;
    return (i32)cylinder;
}
