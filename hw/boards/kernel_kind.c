/* kernel_kind.c - see kernel_kind.h. */
#include "hw/boards/kernel_kind.h"
#include <string.h>

const char *kernel_kind(const struct file_bytes *f)
{
    /* The last one that matches: the later ones say more. */
    static const struct { const char *bytes; u32 at, n; const char *text; } kinds[] = {
        { "\x1f\x8b", 0, 2, "a gzip file" },
        { "\x7f" "ELF", 0, 4, "an ELF file" },
        { "MZ", 0, 2, "an EFI or DOS executable for another architecture" },
        { "zimg", 4, 4, "a compressed EFI image (zboot)" },
        { "RSC\x05", 56, 4, "a RISC-V Image" },
        { "ARM\x64", 56, 4, "an arm64 Image" },
        { "\x18\x28\x6f\x01", 36, 4, "a 32-bit Arm zImage" },
        { "HdrS", 0x202, 4, "an x86 bzImage" },
        { "\x27\x05\x19\x56", 0, 4, "a U-Boot uImage" },
        { "\xd0\x0d\xfe\xed", 0, 4, "a device tree or FIT image" },
    };
    for (u32 i = COUNT(kinds); i--;)
        if (f->n >= kinds[i].at + kinds[i].n && !memcmp(f->p + kinds[i].at, kinds[i].bytes, kinds[i].n))
            return kinds[i].text;
    return NULL;
}
