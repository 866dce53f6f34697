/*
 * options_kv.h - private to options*.c: comma lists of keys and values, numbers, texts that live as long as the options.
 */
#pragma once
#include "app/options.h"

#define OPT_TEXT_MAX 4608u /* bytes of a value: a whole path and the options next to it */

struct kv { char text[OPT_TEXT_MAX + 1]; const char *key, *val; };
/* Next "key=value" or "key" (val NULL) of a comma list; a doubled comma is a literal one. Returns false at the end. */
bool opt_next(const char **at, struct kv *kv);
bool opt_u64(const char *text, u64 *out);
/* on, off, yes, no, true, false; NULL is on. */
bool opt_bool(const char *opt, const char *key, const char *val, bool *out, struct err *e) MUST_CHECK;
/* A copy that the options own: opt_next's texts are overwritten. */
const char *opt_keep(struct options *o, const char *text);

/* options_floppy.c */
bool opt_is_floppy(const char *drive);  /* what -drive has says if=floppy */
bool opt_floppy_arg(struct options *o, const char *arg, struct err *e);
bool opt_floppy_file(struct options *o, u32 n, const char *file, struct err *e); /* -fda, -fdb */
bool opt_check_floppies(const struct options *o, u32 buses, struct err *e) MUST_CHECK;

/* options_boot.c: parsers of rows; a bootindex that is not in use yet (out: it + 1), opt and name for sentences */
bool opt_boot_arg(struct options *o, const char *arg, struct err *e);
bool opt_global_arg(struct options *o, const char *arg, struct err *e);
bool opt_boot_index(const struct options *o, const char *opt, const char *name, const char *val, u32 *out,
                    struct err *e) MUST_CHECK;

/* options_ports.c: parsers of rows */
bool opt_serial_arg(struct options *o, const char *arg, struct err *e);
bool opt_parallel_arg(struct options *o, const char *arg, struct err *e);
bool opt_debugcon_arg(struct options *o, const char *arg, struct err *e);
bool opt_keyboard_arg(struct options *o, const char *arg, struct err *e);
bool opt_check_ports(const struct options *o, struct err *e) MUST_CHECK; /* a board that has them, one terminal */

/* options_display.c: parsers of rows */
bool opt_display_arg(struct options *o, const char *arg, struct err *e);
bool opt_name_arg(struct options *o, const char *arg, struct err *e);

/* options_monitor.c: parser of a row */
bool opt_monitor_arg(struct options *o, const char *arg, struct err *e);

/* options_disk.c: parsers of rows */
bool opt_drive_arg(struct options *o, const char *arg, struct err *e);
bool opt_ide_arg(struct options *o, const char *file, int index, bool cdrom, struct err *e); /* -hda and so on */
bool opt_device_arg(struct options *o, const char *arg, struct err *e);
bool opt_check_drives(struct options *o, u32 ide_drives, struct err *e) MUST_CHECK; /* places of a board that has so many */
bool opt_check_devices(const struct options *o, u32 buses, struct err *e) MUST_CHECK; /* a board that has these */
