/* pc_boot.c - direct boot of Linux on a PC; see pc_boot.h. Offsets are those of boot.rst and zero-page.rst. */
#include "hw/boards/pc_boot.h"
#include "base/bits.h"
#include "hw/boards/kernel_kind.h"
#include <string.h>

#define KIB 1024ull
#define MIB (1ull << 20)
#define KERNEL_MAX (512ull * MIB)

/* struct boot_params and its setup header (which lies at the same offsets of the kernel file). */
enum { BP_ACPI_RSDP = 0x070, BP_EXT_INITRD = 0x0c0, BP_EXT_INITRD_SIZE = 0x0c4, BP_E820_COUNT = 0x1e8,
       BP_SETUP_SECTS = 0x1f1, BP_SYSSIZE = 0x1f4, BP_BOOT_FLAG = 0x1fe, BP_JUMP = 0x200, BP_HDRS = 0x202,
       BP_VERSION = 0x206, BP_LOADER = 0x210, BP_LOADFLAGS = 0x211, BP_CODE32 = 0x214, BP_INITRD = 0x218,
       BP_INITRD_SIZE = 0x21c, BP_CMDLINE = 0x228, BP_INITRD_MAX = 0x22c, BP_ALIGNMENT = 0x230,
       BP_RELOCATABLE = 0x234, BP_XLOADFLAGS = 0x236, BP_CMDLINE_SIZE = 0x238,
       BP_SETUP_DATA = 0x250, BP_PREF_ADDRESS = 0x258, BP_INIT_SIZE = 0x260, BP_E820 = 0x2d0, BP_SIZE = 0x1000 };
enum { LOADED_HIGH = 1, KEEP_SEGMENTS = 64, XLF_KERNEL_64 = 1 };
enum { E820_RAM = 1, E820_RESERVED = 2, E820_ACPI = 3 };
#define HEADER_ROOM 0x400u /* of what the header can be in */
#define ENTRY_64 0x200u    /* of the 64-bit entry, behind the 32-bit one */
#define SETUP_RNG_SEED 9u
#define SEED_AT (PCB_PARAMS + BP_SIZE) /* a setup_data behind the parameters */
#define SEED_BYTES 32u
#define SETUP_DATA_HEADER 16u

/* ---- the kernel file ---- */

static u32 header_end(const struct file_bytes *f)
{
    return 0x202u + f->p[0x201]; /* behind the jump at 0x200 */
}

static u32 version_of(const struct pc_boot *b)
{
    return load_le16(b->kernel.p + BP_VERSION);
}

static bool check_header(const struct file_bytes *f, const char *path, struct err *e)
{
    if (f->n < BP_VERSION || memcmp(f->p + BP_HDRS, "HdrS", 4)) {
        const char *kind = kernel_kind(f);
        return err_set(e, "kernel '%s': not a bzImage%s%s", path, kind ? ", but " : "", kind ? kind : "");
    }
    if (f->n < HEADER_ROOM)
        return err_set(e, "kernel '%s': truncated: %llu bytes end inside its header", path, (unsigned long long)f->n);
    if (load_le16(f->p + BP_BOOT_FLAG) != 0xaa55)
        return err_set(e, "kernel '%s': damaged: the bzImage's boot flag is %#x instead of 0xaa55", path,
                       load_le16(f->p + BP_BOOT_FLAG));
    u32 version = load_le16(f->p + BP_VERSION);
    if (version < 0x0202)
        return err_set(e, "kernel '%s': its boot protocol %u.%02u is older than 2.02", path, version >> 8,
                       version & 255);
    return f->p[BP_LOADFLAGS] & LOADED_HIGH
           || err_set(e, "kernel '%s': a zImage, which loads below 1 MiB; only bzImages are modelled", path);
}

static bool is_64bit(const struct pc_boot *b)
{
    return version_of(b) >= 0x020c && load_le16(b->kernel.p + BP_XLOADFLAGS) & XLF_KERNEL_64;
}

/* The header says how much of what it is the header of there is, in units of 16 bytes: the
 * last may be a part of one. */
static bool check_size(struct pc_boot *b, const char *path, struct err *e)
{
    const struct file_bytes *f = &b->kernel;
    u32 sectors = f->p[BP_SETUP_SECTS] ? f->p[BP_SETUP_SECTS] : 4;
    b->setup_bytes = (sectors + 1) * 512;
    u64 least = is_64bit(b) ? ENTRY_64 + 1 : 1, units = load_le32(f->p + BP_SYSSIZE);
    u64 body = units ? (units - 1) * 16 + 1 : 0;
    body = version_of(b) >= 0x0204 ? MAX(body, least) : least; /* 16 bits before that */
    return f->n >= b->setup_bytes + body
           || err_set(e, "kernel '%s': truncated: %llu bytes, its header states %llu", path, (unsigned long long)f->n,
                      (unsigned long long)(b->setup_bytes + body));
}

bool pc_boot_read_kernel(struct pc_boot *b, const char *path, u64 max, struct err *e)
{
    return file_read("kernel", path, MIN(max, KERNEL_MAX), &b->kernel, e) && check_header(&b->kernel, path, e)
           && check_size(b, path, e);
}

bool pc_boot_read_initrd(struct pc_boot *b, const char *path, u64 max, struct err *e)
{
    return file_read("initrd", path, MIN(max, PC_INITRD_MAX), &b->initrd, e);
}

/* ---- layout ---- */

/* Where the memory ends that the kernel needs before it looks at the map: it moves itself up to the address it
 * prefers, or to its alignment (boot.rst, init_size). */
static u64 kernel_end(const struct pc_boot *b)
{
    const u8 *h = b->kernel.p;
    u64 loaded = PCB_KERNEL + b->kernel.n - b->setup_bytes, at = PCB_KERNEL, align = load_le32(h + BP_ALIGNMENT);
    if (version_of(b) < 0x020a)
        return loaded;
    if (h[BP_RELOCATABLE] && is_pow2(align))
        at = align_up(at, align);
    at = MAX(at, load_le64(h + BP_PREF_ADDRESS));
    u64 size = load_le32(h + BP_INIT_SIZE);
    return at > ~0ull - size ? ~0ull : MAX(loaded, at + size);
}

static u64 in_mib(u64 bytes)
{
    return bytes / MIB + !!(bytes % MIB);
}

static bool place_initrd(struct pc_boot *b, u64 end, struct err *e)
{
    u64 max = version_of(b) >= 0x0203 ? load_le32(b->kernel.p + BP_INITRD_MAX) + 1ull : 0x38000000ull;
    u64 top = align_down(MIN(b->low_size, max), 4096), room = top > end ? top - end : 0;
    u64 size = align_up(b->initrd.n, 4096);
    b->initrd_at = size <= room ? top - size : 0;
    if (!b->initrd.n || size <= room)
        return true;
    if (max < b->low_size)
        return err_set(e, "the initial RAM disk of %llu KiB does not fit between the kernel's end at %#llx and %#llx, "
                       "below which the kernel takes one", (unsigned long long)(size / KIB), (unsigned long long)end,
                       (unsigned long long)max);
    return err_set(e, "with its initial RAM disk it needs %llu MiB, the machine has %llu MiB of memory below 4 GiB "
                   "(-m)", (unsigned long long)in_mib(end + size), (unsigned long long)(b->low_size / MIB));
}

static bool check_append(const struct pc_boot *b, struct err *e)
{
    u32 limit = version_of(b) >= 0x0206 ? load_le32(b->kernel.p + BP_CMDLINE_SIZE) : 255;
    limit = MIN(limit, PCB_CMDLINE_MAX - 1);
    return !b->append || strlen(b->append) <= limit
           || err_set(e, "-append: the command line has %zu characters, the kernel takes %u", strlen(b->append),
                      limit);
}

bool pc_boot_layout(struct pc_boot *b, u64 ram_size, u64 low_size, bool long_mode, struct err *e)
{
    u64 end = kernel_end(b);
    b->ram_size = ram_size;
    b->low_size = low_size;
    b->long_entry = long_mode && is_64bit(b);
    /* Its real-mode part, which is not run, would say so; the 32-bit entry halts without a word. */
    if (is_64bit(b) && !long_mode)
        return err_set(e, "a 64-bit kernel, but the processor has no 64-bit mode (-cpu)");
    if (end > low_size)
        return err_set(e, "it needs %llu MiB, the machine has %llu MiB of memory below 4 GiB (-m)",
                       (unsigned long long)in_mib(end), (unsigned long long)(low_size / MIB));
    return place_initrd(b, end, e) && check_append(b, e);
}

/* ---- memory ---- */

static void put(struct machine *m, gpa at, const void *p, u64 n)
{
    if (n)
        CHECK(physmap_load(&m->map, at, p, n));
}

static void add_e820(u8 *params, u64 from, u64 to, u32 type)
{
    u8 *entry = params + BP_E820 + 20 * params[BP_E820_COUNT]++;
    store_le64(entry, from);
    store_le64(entry + 8, to - from);
    store_le32(entry + 16, type);
}

static void memory_map(const struct pc_boot *b, u8 *params)
{
    add_e820(params, 0, 639 * KIB, E820_RAM);
    add_e820(params, 639 * KIB, 640 * KIB, E820_RESERVED);
    add_e820(params, PCB_ACPI, MIB, E820_RESERVED);
    add_e820(params, MIB, b->low_size, E820_RAM);
    if (b->ram_size > b->low_size)
        add_e820(params, 1ull << 32, (1ull << 32) + b->ram_size - b->low_size, E820_RAM);
}

/* A seed for the guest's random numbers, from the machine's generator: the same in each deterministic run. */
static void put_seed(struct machine *m, u8 *params)
{
    u8 data[SETUP_DATA_HEADER + SEED_BYTES] = { 0 };
    store_le32(data + 8, SETUP_RNG_SEED);
    store_le32(data + 12, SEED_BYTES);
    for (u32 i = 0; i < SEED_BYTES; i += 8)
        store_le64(data + SETUP_DATA_HEADER + i, machine_random(m));
    put(m, SEED_AT, data, sizeof data);
    store_le64(params + BP_SETUP_DATA, SEED_AT);
}

static void put_params(const struct pc_boot *b, struct machine *m)
{
    u8 params[BP_SIZE] = { 0 };
    u32 end = MIN(header_end(&b->kernel), BP_E820);
    const char *append = b->append ? b->append : "";
    memcpy(params + BP_SETUP_SECTS, b->kernel.p + BP_SETUP_SECTS, end - BP_SETUP_SECTS);
    params[BP_LOADER] = 0xff; /* a loader without a number of its own */
    params[BP_LOADFLAGS] &= (u8)~KEEP_SEGMENTS;
    store_le32(params + BP_CODE32, (u32)PCB_KERNEL);
    store_le32(params + BP_CMDLINE, (u32)PCB_CMDLINE);
    store_le32(params + BP_INITRD, b->initrd.n ? (u32)b->initrd_at : 0);
    store_le32(params + BP_INITRD_SIZE, (u32)b->initrd.n);
    store_le64(params + BP_ACPI_RSDP, b->acpi.n ? PCB_ACPI : 0);
    memory_map(b, params);
    if (version_of(b) >= 0x0209)
        put_seed(m, params);
    put(m, PCB_PARAMS, params, sizeof params);
    put(m, PCB_CMDLINE, append, strlen(append) + 1);
}

/* Flat segments where the protocol wants them: code 0x10, data 0x18, by the mode of entry. */
static void put_gdt(struct machine *m, bool long_entry)
{
    const u64 gdt[4] = { 0, 0, long_entry ? 0x00af9b000000ffff : 0x00cf9b000000ffff, 0x00cf93000000ffff };
    put(m, PCB_GDT, gdt, sizeof gdt);
}

/* The first 4 GiB mapped as they are, by pages of 2 MiB. */
static void put_page_tables(struct machine *m)
{
    u64 page[512] = { PCB_TABLES + 4096 + 3 };
    put(m, PCB_TABLES, page, sizeof page);
    memset(page, 0, sizeof page);
    for (u32 i = 0; i < 4; i++)
        page[i] = PCB_TABLES + (2 + i) * 4096ull + 3;
    put(m, PCB_TABLES + 4096, page, sizeof page);
    for (u64 n = 0; n < 4; n++) {
        for (u64 i = 0; i < 512; i++)
            page[i] = (n * 512 + i) << 21 | 0x83; /* present, writable, large */
        put(m, PCB_TABLES + (2 + n) * 4096, page, sizeof page);
    }
}

void pc_boot_place(const struct pc_boot *b, struct machine *m)
{
    put(m, PCB_KERNEL, b->kernel.p + b->setup_bytes, b->kernel.n - b->setup_bytes);
    put(m, b->initrd_at, b->initrd.p, b->initrd.n);
    put(m, PCB_ACPI, b->acpi.p, b->acpi.n);
    put_params(b, m);
    put_gdt(m, b->long_entry);
    if (b->long_entry)
        put_page_tables(m);
}

struct guest_entry pc_boot_entry(const struct pc_boot *b)
{
    return (struct guest_entry){ .pc = PCB_KERNEL + (b->long_entry ? ENTRY_64 : 0), .arg = PCB_PARAMS,
                                 .bits = b->long_entry ? 64 : 32, .table = PCB_TABLES, .gdt = PCB_GDT };
}

void pc_boot_free(struct pc_boot *b)
{
    file_bytes_free(&b->kernel);
    file_bytes_free(&b->initrd);
    file_bytes_free(&b->acpi);
}
