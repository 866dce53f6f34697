/* file.h - whole files from the host. */
#pragma once
#include "base/err.h"

struct file_bytes {
    u8 *p;    /* malloc; free with file_bytes_free */
    u64 n;
};

/* Reads a regular file of at most `max` bytes. Errors name the file and the fault; what names the role
 * ("kernel", "initrd") in the sentence. An empty file is an error. */
bool file_read(const char *what, const char *path, u64 max, struct file_bytes *out, struct err *e) MUST_CHECK;
void file_bytes_free(struct file_bytes *f);
/* Inflates a gzip stream to at most `max` bytes; the input is replaced. */
bool file_gunzip(const char *what, const char *path, u64 max, struct file_bytes *f, struct err *e) MUST_CHECK;
