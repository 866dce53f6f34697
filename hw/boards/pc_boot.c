/* pc_boot.c - direct boot of Linux on a PC; see pc_boot.h. Offsets are those of boot.rst and zero-page.rst. */
#include "hw/boards/pc_boot.h"
#include "base/bits.h"
#include <string.h>

#define KIB 1024ull
#define MIB (1ull << 20)
#define KERNEL_MAX (512ull * MIB)

/* struct boot_params and its setup header (which lies at the same offsets of the kernel file). */
enum { BP_ACPI_RSDP = 0x070, BP_EXT_INITRD = 0x0c0, BP_EXT_INITRD_SIZE = 0x0c4, BP_E820_COUNT = 0x1e8, BP_SETUP_SECTS = 0x1f1,
       BP_BOOT_FLAG = 0x1fe, BP_JUMP = 0x200, BP_HDRS = 0x202, BP_VERSION = 0x206, BP_LOADER = 0x210, BP_LOADFLAGS = 0x211, BP_CODE32 = 0x214,
       BP_INITRD = 0x218, BP_INITRD_SIZE = 0x21c, BP_CMDLINE = 0x228, BP_INITRD_MAX = 0x22c, BP_XLOADFLAGS = 0x236, BP_CMDLINE_SIZE = 0x238,
       BP_SETUP_DATA = 0x250, BP_INIT_SIZE = 0x260, BP_E820 = 0x2d0, BP_SIZE = 0x1000 };
enum { LOADED_HIGH = 1, KEEP_SEGMENTS = 64, XLF_KERNEL_64 = 1 };
enum { E820_RAM = 1, E820_RESERVED = 2, E820_ACPI = 3 };
#define SETUP_RNG_SEED 9u
#define SEED_AT (PCB_PARAMS + BP_SIZE) /* a setup_data behind the parameters */
#define SEED_BYTES 32u
#define SETUP_DATA_HEADER 16u

/* ---- the kernel file ---- */

static u32 header_end(const struct file_bytes *f)
{
    return 0x202u + f->p[0x201]; /* behind the jump at 0x200 */
}

static const char *other_kind(const struct file_bytes *f)
{
    if (f->n >= 60 && load_le32(f->p + 56) == 0x644d5241)
        return "an arm64 Image";
    if (f->n >= 4 && !memcmp(f->p, "\x7f" "ELF", 4))
        return "an ELF file";
    if (f->n >= 2 && f->p[0] == 0x1f && f->p[1] == 0x8b)
        return "a gzip file";
    return NULL;
}

static bool check_kernel(struct pc_boot *b, const char *path, struct err *e)
{
    const struct file_bytes *f = &b->kernel;
    if (f->n < 0x400 || memcmp(f->p + BP_HDRS, "HdrS", 4) || load_le16(f->p + BP_BOOT_FLAG) != 0xaa55) {
        const char *kind = other_kind(f);
        return err_set(e, "kernel '%s': not a bzImage%s%s", path, kind ? ", but " : "", kind ? kind : "");
    }
    u32 version = load_le16(f->p + BP_VERSION);
    if (version < 0x0202 || !(f->p[BP_LOADFLAGS] & LOADED_HIGH))
        return err_set(e, "kernel '%s': boot protocol %u.%02u is older than 2.02, or the kernel loads low (zImage)", path, version >> 8,
                       version & 255);
    u32 sectors = f->p[BP_SETUP_SECTS] ? f->p[BP_SETUP_SECTS] : 4;
    b->setup_bytes = (sectors + 1) * 512;
    u64 body = (u64)load_le32(f->p + 0x1f4) * 16; /* syssize */
    if (b->setup_bytes >= f->n || (version >= 0x0204 && f->n - b->setup_bytes < body))
        return err_set(e, "kernel '%s': truncated: %llu bytes, its header states %llu", path, (unsigned long long)f->n,
                       (unsigned long long)(b->setup_bytes + body));
    return true;
}

bool pc_boot_read_kernel(struct pc_boot *b, const char *path, struct err *e)
{
    return file_read("kernel", path, KERNEL_MAX, &b->kernel, e) && check_kernel(b, path, e);
}

bool pc_boot_read_initrd(struct pc_boot *b, const char *path, struct err *e)
{
    return file_read("initrd", path, PC_INITRD_MAX, &b->initrd, e);
}

/* ---- layout ---- */

bool pc_boot_layout(struct pc_boot *b, u64 ram_size, u64 low_size, bool long_mode, struct err *e)
{
    const u8 *h = b->kernel.p;
    u32 version = load_le16(h + BP_VERSION);
    u64 need = b->kernel.n - b->setup_bytes, max = version >= 0x0203 ? load_le32(h + BP_INITRD_MAX) + 1ull : 0x38000000ull;
    b->ram_size = ram_size;
    b->low_size = low_size;
    b->long_entry = long_mode && version >= 0x020c && load_le16(h + BP_XLOADFLAGS) & XLF_KERNEL_64;
    if (version >= 0x020a)
        need = MAX(need, (u64)load_le32(h + BP_INIT_SIZE));
    u64 top = MIN(low_size, max);
    b->initrd_at = b->initrd.n < top ? align_down(top - b->initrd.n, 4096) : 0;
    if (PCB_KERNEL + need > low_size || (b->initrd.n && b->initrd_at < PCB_KERNEL + need))
        return err_set(e, "with its initial RAM disk it needs more than the machine's %llu MiB of memory (-m)",
                       (unsigned long long)(ram_size / MIB));
    u32 limit = version >= 0x0206 ? load_le32(h + BP_CMDLINE_SIZE) : 255;
    if (b->append && strlen(b->append) > MIN(limit, PCB_CMDLINE_MAX - 1))
        return err_set(e, "-append: the command line has %zu characters, the kernel takes %u", strlen(b->append),
                       MIN(limit, PCB_CMDLINE_MAX - 1));
    return true;
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
    if (load_le16(b->kernel.p + BP_VERSION) >= 0x0209)
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
    return (struct guest_entry){ .pc = PCB_KERNEL + (b->long_entry ? 0x200 : 0), .arg = PCB_PARAMS, .bits = b->long_entry ? 64 : 32,
                                 .table = PCB_TABLES, .gdt = PCB_GDT };
}

void pc_boot_free(struct pc_boot *b)
{
    file_bytes_free(&b->kernel);
    file_bytes_free(&b->initrd);
    file_bytes_free(&b->acpi);
}
