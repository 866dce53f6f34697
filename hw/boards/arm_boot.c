/* arm_boot.c - the arm64 Linux boot protocol; see arm_boot.h. The MMU-off entry state is the vCPU's reset state. */
#include "hw/boards/arm_boot.h"
#include "base/bits.h"
#include "hw/boards/kernel_kind.h"
#include <string.h>

#define MIB (1ull << 20)
#define IMAGE_MAGIC 0x644d5241u /* "ARM\x64" at offset 56 */

static bool is_gzip(const struct file_bytes *f)
{
    return f->n > 18 && f->p[0] == 0x1f && f->p[1] == 0x8b;
}

static bool check_image(const struct file_bytes *f, const char *path, u64 ram_size, struct err *e)
{
    if (f->n < 64 || load_le32(f->p + 56) != IMAGE_MAGIC) {
        const char *kind = kernel_kind(f);
        return err_set(e, "kernel '%s': not an arm64 Image%s%s", path, kind ? ", but " : "", kind ? kind : "");
    }
    u64 size = load_le64(f->p + 16);
    if (load_le64(f->p + 24) & 1)
        return err_set(e, "kernel '%s': a big-endian arm64 Image", path);
    if (size && (size > ram_size || f->n > size))
        return err_set(e, f->n > size ? "kernel '%s': longer than the %llu bytes its header states"
                                      : "kernel '%s': needs %llu bytes, more than the machine's memory",
                       path, (unsigned long long)size);
    return true;
}

/* A raw Image carries no length of its data: one cut short is recognised by the PE header's section table. */
static bool check_not_cut(const struct file_bytes *f, const char *path, struct err *e)
{
    u32 pe = load_le32(f->p + 60);
    if (pe < 64 || (u64)pe + 24 > f->n || memcmp(f->p + pe, "PE\0\0", 4))
        return pe < 64 || pe > 4096 || err_set(e, "kernel '%s': cut short inside its header", path);
    u32 count = load_le16(f->p + pe + 6);
    u64 table = (u64)pe + 24 + load_le16(f->p + pe + 20);
    for (u32 i = 0; i < count; i++) {
        u64 at = table + 40ull * i;
        if (at + 40 > f->n || (u64)load_le32(f->p + at + 16) + load_le32(f->p + at + 20) > f->n)
            return err_set(e, "kernel '%s': truncated: a section of the Image ends beyond the file's %llu bytes", path,
                           (unsigned long long)f->n);
    }
    return true;
}

bool arm_boot_read_kernel(struct arm_boot *b, const char *path, u64 ram_size, struct err *e)
{
    if (!file_read("kernel", path, ram_size, &b->kernel, e))
        return false;
    if (is_gzip(&b->kernel) && !file_gunzip("kernel", path, ram_size, &b->kernel, e))
        return false;
    return check_image(&b->kernel, path, ram_size, e) && check_not_cut(&b->kernel, path, e);
}

bool arm_boot_read_initrd(struct arm_boot *b, const char *path, u64 ram_size, struct err *e)
{
    return file_read("initrd", path, ram_size, &b->initrd, e);
}

bool arm_boot_layout(struct arm_boot *b, gpa base, u64 ram_size, u64 dtb_room, struct err *e)
{
    u64 text = load_le64(b->kernel.p + 8), size = load_le64(b->kernel.p + 16);
    if (!size) { /* before Linux 3.17 */
        text = 0x80000;
        size = b->kernel.n;
    }
    if (text < 4096)
        text += 2 * MIB;
    u64 initrd = MIN(ram_size / 2, 128 * MIB);
    if (initrd < text + size)
        initrd = align_up(text + size, 4096);
    u64 dtb = align_up(initrd + b->initrd.n, 2 * MIB);
    if (text > ram_size || size > ram_size - text || dtb > ram_size || dtb_room > ram_size - dtb)
        return err_set(e, "with initrd and device tree it needs more than the machine's %llu MiB of memory (-m)",
                       (unsigned long long)(ram_size / MIB));
    b->kernel_at = base + text;
    b->initrd_at = base + initrd;
    b->dtb_at = base + dtb;
    return true;
}

void arm_boot_place(const struct arm_boot *b, struct machine *m, bool kernel)
{
    const struct { const struct file_bytes *f; gpa at; } parts[] = {
        { &b->dtb, b->dtb_at }, { &b->kernel, b->kernel_at }, { &b->initrd, b->initrd_at },
    };
    for (u32 i = 0; i < (kernel ? COUNT(parts) : 1); i++)
        if (parts[i].f->n)
            CHECK(physmap_load(&m->map, parts[i].at, parts[i].f->p, parts[i].f->n));
}

void arm_boot_free(struct arm_boot *b)
{
    file_bytes_free(&b->kernel);
    file_bytes_free(&b->initrd);
    file_bytes_free(&b->dtb);
}
