/* media.h - media that come and go while the machine runs: what a monitor's eject and change do. */
#pragma once
#include "app/setup.h"

/* The medium of the drive `id` is taken out. A tray that the guest has locked opens by force alone. */
bool media_eject(struct setup *s, const char *id, bool force, struct err *e) MUST_CHECK;
/* Another one, opened read-only, takes its place. When the file cannot be opened, nothing has changed. */
bool media_change(struct setup *s, const char *id, const char *file, bool force, struct err *e) MUST_CHECK;
