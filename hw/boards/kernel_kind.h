/* kernel_kind.h - what a file that is not the kernel a board wants may be, for a better sentence. */
#pragma once
#include "host/file.h"

/* By its magic number: "an ELF file"; NULL: unknown. */
const char *kernel_kind(const struct file_bytes *f);
