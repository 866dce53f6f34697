/* media.h - media that come and go while the machine runs: what a monitor's eject and change do. */
#pragma once
#include "app/setup.h"

enum { MEDIA_FORCE = 1, MEDIA_READ_ONLY = 2 };

/* The medium of the drive `id` is taken out. A tray that the guest has locked opens by force alone. */
bool media_eject(struct setup *s, const char *id, bool force, struct err *e) MUST_CHECK;
/* Another one takes its place: MEDIA_ flags; a CD is read-only anyway. When the file cannot be opened, or is no
 * medium of the drive, nothing has changed. */
bool media_change(struct setup *s, const char *id, const char *file, u32 flags, struct err *e) MUST_CHECK;
