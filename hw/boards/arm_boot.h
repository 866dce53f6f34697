/*
 * arm_boot.h - direct boot of an arm64 Linux Image (Linux: Documentation/arm64/booting.rst).
 *
 * Reads kernel, initrd and device tree once; places copies in RAM at every reset.
 */
#pragma once
#include "host/file.h"
#include "vm/vm.h"

struct arm_boot {
    struct file_bytes kernel, initrd, dtb; /* dtb: as the guest will see it */
    gpa               kernel_at, initrd_at, dtb_at;
};

/* Loads and checks an Image (raw or gzip). text_offset and size come from its header. */
bool arm_boot_read_kernel(struct arm_boot *b, const char *path, u64 ram_size, struct err *e) MUST_CHECK;
bool arm_boot_read_initrd(struct arm_boot *b, const char *path, u64 ram_size, struct err *e) MUST_CHECK;
/* Chooses addresses inside RAM at `base`, as QEMU's loader does: kernel at its text offset (2 MiB up when that
 * is 0), initrd at the middle of RAM or 128 MiB, the device tree behind it. dtb_room is reserved for the tree. */
bool arm_boot_layout(struct arm_boot *b, gpa base, u64 ram_size, u64 dtb_room, struct err *e) MUST_CHECK;
/* Writes the device tree into RAM, and with `kernel` kernel and initrd too. */
void arm_boot_place(const struct arm_boot *b, struct machine *m, bool kernel);
void arm_boot_free(struct arm_boot *b);
