/*
 * fw_cfg.c - the firmware configuration device, memory-mapped as on Arm boards or in port space as on PCs.
 *
 * Spec: "QEMU Firmware Configuration (fw_cfg) Device" (docs/specs/fw_cfg): data at 0 (8 bytes wide), selector at
 * 8 (16 bits, big endian), DMA address at 16 (64 bits, big endian); in port space selector at 0 (16 bits, little
 * endian), data at 1 (8 bits), DMA address at 4. DMA happens at once. Some files may be written, by DMA.
 */
#include "hw/misc/fw_cfg.h"
#include "base/bits.h"
#include "hw/deadline.h"
#include <stdlib.h>
#include <string.h>

enum { DATA_AT = 0, SELECTOR_AT = 8, DMA_AT = 16, END_AT = 24 };
enum { PORT_SELECTOR_AT = 0, PORT_DATA_AT = 1, PORT_DMA_AT = 4 };
enum { DMA_ERROR = 1, DMA_READ = 2, DMA_SKIP = 4, DMA_SELECT = 8, DMA_WRITE = 16 };
enum { KEY_WRITE = 0x4000 };                     /* in the selector; without meaning today */
enum { ENTRY_BYTES = 64, DMA_BYTES = 16 };
#define DMA_SIGNATURE 0x51454d5520434647ull      /* "QEMU CFG" */
enum { ID_TRADITIONAL = 1, ID_DMA = 2 };

static struct fw_cfg *self(struct dev *d)
{
    return CONTAINER_OF(d, struct fw_cfg, dev);
}

/* ---- items, from the board ---- */

static void drop(struct fw_cfg_item *it)
{
    if (it->owned)
        free((void *)(uintptr_t)it->data);
}

static struct fw_cfg_item *find_item(struct fw_cfg *f, u32 key)
{
    for (u32 i = 0; i < f->item_count; i++)
        if (f->items[i].key == key)
            return &f->items[i];
    u32 n = key - FW_CFG_FILE_FIRST;
    return key >= FW_CFG_FILE_FIRST && n < f->file_count ? &f->files[n].item : NULL;
}

static bool put_item(struct fw_cfg *f, const struct fw_cfg_item *it, struct err *e)
{
    struct fw_cfg_item *at = find_item(f, it->key);
    if (at)
        drop(at);
    else if (f->item_count == FW_CFG_ITEMS)
        return err_set(e, "fw_cfg: more than %u items", FW_CFG_ITEMS);
    else
        at = &f->items[f->item_count++];
    *at = *it;
    return true;
}

static bool copy_bytes(struct fw_cfg_item *it, u32 key, const void *data, u32 len, struct err *e)
{
    u8 *p = malloc(len ? len : 1);
    if (!p)
        return err_set(e, "fw_cfg: out of memory for %u bytes", len);
    if (len)
        memcpy(p, data, len);
    *it = (struct fw_cfg_item){ .key = key, .len = len, .data = p, .owned = true };
    return true;
}

bool fw_cfg_add_bytes(struct fw_cfg *f, u32 key, const void *data, u32 len, struct err *e)
{
    struct fw_cfg_item it;
    if (!copy_bytes(&it, key, data, len, e))
        return false;
    if (put_item(f, &it, e))
        return true;
    drop(&it);
    return false;
}

bool fw_cfg_add_blob(struct fw_cfg *f, u32 key, const void *data, u32 len, struct err *e)
{
    return put_item(f, &(struct fw_cfg_item){ .key = key, .len = len, .data = data }, e);
}

bool fw_cfg_add_u16(struct fw_cfg *f, u32 key, u16 val, struct err *e)
{
    return fw_cfg_add_bytes(f, key, &val, sizeof val, e);
}
bool fw_cfg_add_u32(struct fw_cfg *f, u32 key, u32 val, struct err *e)
{
    return fw_cfg_add_bytes(f, key, &val, sizeof val, e);
}
bool fw_cfg_add_u64(struct fw_cfg *f, u32 key, u64 val, struct err *e)
{
    return fw_cfg_add_bytes(f, key, &val, sizeof val, e);
}
bool fw_cfg_add_string(struct fw_cfg *f, u32 key, const char *text, struct err *e)
{
    return fw_cfg_add_bytes(f, key, text, (u32)strlen(text) + 1, e);
}

static void store_be32(u8 *p, u32 v)
{
    store_le32(p, __builtin_bswap32(v));
}

/* The directory item: a count, then size, key, reserved, name of each file. */
static void build_dir(struct fw_cfg *f)
{
    memset(f->dir, 0, sizeof f->dir);
    store_be32(f->dir, f->file_count);
    for (u32 i = 0; i < f->file_count; i++) {
        u8 *p = f->dir + 4 + i * ENTRY_BYTES;
        f->files[i].item.key = FW_CFG_FILE_FIRST + i;
        store_be32(p, f->files[i].item.len);
        store_be32(p + 4, f->files[i].item.key << 16);
        memcpy(p + 8, f->files[i].name, FW_CFG_NAME);
    }
    for (u32 i = 0; i < f->item_count; i++)
        if (f->items[i].key == FW_CFG_FILE_DIR)
            f->items[i].len = 4 + f->file_count * ENTRY_BYTES;
}

/* A file of this name, empty; NULL: it cannot be. */
static struct fw_cfg_file *new_file(struct fw_cfg *f, const char *name, struct err *e)
{
    u32 at = 0;
    if (!*name || strlen(name) >= FW_CFG_NAME) {
        err_set(e, "fw_cfg: file name '%s' is empty or longer than %u bytes", name, FW_CFG_NAME - 1);
        return NULL;
    }
    while (at < f->file_count && strcmp(f->files[at].name, name) < 0)
        at++;
    bool taken = at < f->file_count && !strcmp(f->files[at].name, name);
    if (taken)
        err_set(e, "fw_cfg: file '%s' is there already", name);
    else if (f->file_count == FW_CFG_FILES)
        err_set(e, "fw_cfg: no place for file '%s' beside %u others", name, FW_CFG_FILES);
    if (taken || f->file_count == FW_CFG_FILES)
        return NULL;
    struct fw_cfg_file *file = &f->files[at];
    memmove(file + 1, file, (f->file_count - at) * sizeof *file);
    *file = (struct fw_cfg_file){ 0 };
    memcpy(file->name, name, strlen(name));
    f->file_count++;
    return file;
}

bool fw_cfg_add_file(struct fw_cfg *f, const char *name, const void *data, u32 len, struct err *e)
{
    struct fw_cfg_item item;
    if (!copy_bytes(&item, 0, data, len, e))
        return false;
    struct fw_cfg_file *file = new_file(f, name, e);
    if (!file) {
        drop(&item);
        return false;
    }
    file->item = item;
    build_dir(f);
    return true;
}

bool fw_cfg_add_writable(struct fw_cfg *f, const char *name, u8 *data, u32 len, void (*written)(void *opaque),
                         void *opaque, struct err *e)
{
    struct fw_cfg_file *file = new_file(f, name, e);
    if (!file)
        return false;
    file->item = (struct fw_cfg_item){ .len = len, .data = data, .writable = data, .written = written,
                                       .opaque = opaque };
    build_dir(f);
    return true;
}

/* ---- reading, by the guest ---- */

static void select_key(struct fw_cfg *f, u32 key)
{
    f->s.key = key & ~(u32)KEY_WRITE;
    f->s.offset = 0;
}

/* What is left of the selected item; at its end, or without one, nothing. */
static const u8 *rest(struct fw_cfg *f, u32 *left)
{
    const struct fw_cfg_item *it = find_item(f, f->s.key);
    *left = it && f->s.offset < it->len ? it->len - f->s.offset : 0;
    return *left ? it->data + f->s.offset : NULL;
}

/* Moves on by n bytes; past the end one stays at the end. */
static void skip(struct fw_cfg *f, u32 n)
{
    u32 left;
    rest(f, &left);
    f->s.offset += MIN(n, left);
}

/* Bytes in order of address, whatever the width; zeros past the end. */
static u64 data_read(struct fw_cfg *f, u32 size)
{
    u64 val = 0;
    u32 left;
    const u8 *p = rest(f, &left);
    u32 n = MIN(left, size);
    if (n)
        memcpy(&val, p, n);
    skip(f, n);
    return val;
}

/* ---- DMA ---- */

/* Item bytes, then zeros, into len bytes of guest memory. */
static bool dma_copy(struct fw_cfg *f, gpa at, u32 len)
{
    static const u8 zeros[4096];
    u32 left;
    const u8 *p = rest(f, &left);
    u32 n = MIN(left, len);
    if (n && !machine_dma_write(f->dev.m, at, p, n))
        return false;
    skip(f, n);
    for (at += n, len -= n; len; at += n, len -= n) {
        n = MIN(len, sizeof zeros);
        if (!machine_dma_write(f->dev.m, at, zeros, n))
            return false;
    }
    return true;
}

/* Guest memory into an item, none of it beyond the item's end. */
static bool dma_fill(struct fw_cfg *f, gpa at, u32 len)
{
    const struct fw_cfg_item *it = find_item(f, f->s.key);
    u32 left;
    rest(f, &left);
    if (!it || !it->writable || len > left) {
        guest_error(&f->dev, "DMA write of %u bytes to item %#x, which takes %u", len, f->s.key,
                    it && it->writable ? left : 0);
        return false;
    }
    if (len && !machine_dma_read(f->dev.m, at, it->writable + f->s.offset, len))
        return false;
    skip(f, len);
    it->written(it->opaque);
    return true;
}

static bool dma_run(struct fw_cfg *f, u32 control, u32 len, gpa at)
{
    if (control & DMA_SELECT)
        select_key(f, control >> 16);
    if (control & DMA_READ)
        return dma_copy(f, at, len);
    if (control & DMA_WRITE)
        return dma_fill(f, at, len);
    if (control & DMA_SKIP)
        skip(f, len);
    return true;
}

/* The structure: control, length, address; control is answered with 0 or DMA_ERROR. */
static void dma_start(struct fw_cfg *f)
{
    u8 b[DMA_BYTES];
    gpa at = f->s.dma_addr;
    f->s.dma_addr = 0;
    if (!f->dev.m)
        return;
    if (!machine_dma_read(f->dev.m, at, b, sizeof b)) {
        guest_error(&f->dev, "DMA structure at %#llx is not in RAM", (unsigned long long)at);
        return;
    }
    bool done = dma_run(f, load_be32(b), load_be32(b + 4), load_be64(b + 8));
    if (!done)
        guest_error(&f->dev, "DMA of %#x bytes at %#llx, control %#x, failed", load_be32(b + 4),
                    (unsigned long long)load_be64(b + 8), load_be32(b));
    store_be32(b, done ? 0 : DMA_ERROR);
    if (!machine_dma_write(f->dev.m, at, b, 4))
        guest_error(&f->dev, "DMA structure at %#llx is read-only", (unsigned long long)at);
}

/* Big endian: the half at the lower address is the high one; writing the low half starts. */
static void dma_reg_write(struct fw_cfg *f, u64 off, u64 val, u32 size)
{
    if (size == 8 && off == DMA_AT) {
        f->s.dma_addr = __builtin_bswap64(val);
        dma_start(f);
    } else if (size == 4 && off == DMA_AT) {
        f->s.dma_addr = (u64)__builtin_bswap32((u32)val) << 32;
    } else if (size == 4 && off == DMA_AT + 4) {
        f->s.dma_addr = (f->s.dma_addr & ~0xffffffffull) | __builtin_bswap32((u32)val);
        dma_start(f);
    } else {
        guest_error(&f->dev, "write of %u bytes to the DMA address at %llu", size, (unsigned long long)off);
    }
}

/* ---- the device ---- */

static u64 fw_cfg_read(struct dev *d, u64 off, u32 size)
{
    if (off < SELECTOR_AT)
        return data_read(self(d), size);
    if (off >= DMA_AT && off < END_AT)
        return __builtin_bswap64(DMA_SIGNATURE) >> 8 * (off - DMA_AT);
    guest_error(d, "read of %u bytes at %#llx", size, (unsigned long long)off);
    return 0;
}

static void fw_cfg_write(struct dev *d, u64 off, u64 val, u32 size)
{
    if (off == SELECTOR_AT && size == 2)
        select_key(self(d), __builtin_bswap16((u16)val));
    else if (off >= DMA_AT && off < END_AT)
        dma_reg_write(self(d), off, val, size);
    else
        guest_error(d, "write of %#llx (%u bytes) at %#llx", (unsigned long long)val, size, (unsigned long long)off);
}

/* Port space: the selector's high byte and the data share a port. */
static u64 port_read(void *opaque, u64 off, u32 size)
{
    struct dev *d = opaque;
    if (off >= PORT_DMA_AT)
        return dev_read(d, off - PORT_DMA_AT + DMA_AT, size);
    if (off == PORT_DATA_AT && size == 1)
        return dev_read(d, DATA_AT, 1);
    guest_error(d, "read of %u bytes at port %llu", size, (unsigned long long)off);
    return 0;
}

static void port_write(void *opaque, u64 off, u64 val, u32 size)
{
    struct dev *d = opaque;
    if (off >= PORT_DMA_AT)
        dev_write(d, off - PORT_DMA_AT + DMA_AT, val, size);
    else if (off == PORT_SELECTOR_AT && size == 2)
        dev_write(d, SELECTOR_AT, __builtin_bswap16((u16)val), 2);
    else
        guest_error(d, "write of %#llx (%u bytes) at port %llu", (unsigned long long)val, size,
                    (unsigned long long)off);
}
const struct mmio_ops fw_cfg_port_mmio = { port_read, port_write };

static void reset(struct dev *d)
{
    self(d)->s = (struct fw_cfg_state){ .key = FW_CFG_SIGNATURE };
}

static void release(struct dev *d)
{
    struct fw_cfg *f = self(d);
    for (u32 i = 0; i < f->item_count; i++)
        drop(&f->items[i]);
    for (u32 i = 0; i < f->file_count; i++)
        drop(&f->files[i].item);
    f->item_count = f->file_count = 0;
}

#define F(f) STATE(struct fw_cfg_state, f)
static const struct state_field fw_cfg_fields[] = { F(dma_addr), F(key), F(offset) };
static const struct state_desc fw_cfg_desc = {
    .name = "fw_cfg",
    STATE_DESC(struct fw_cfg_state, 1, fw_cfg_fields), /* any value is good: items bound each use */
};

const struct dev_class fw_cfg_class = {
    .name = "fw_cfg",
    .state = &fw_cfg_desc,
    .state_offset = offsetof(struct fw_cfg, s),
    .size = sizeof(struct fw_cfg),
    .read = fw_cfg_read,
    .write = fw_cfg_write,
    .reset = reset,
    .free = release,
};

void fw_cfg_init(struct fw_cfg *f, struct machine *m, const char *path)
{
    static const u8 id[4] = { ID_TRADITIONAL | ID_DMA };
    memset(f, 0, sizeof *f);
    dev_attach(&f->dev, &fw_cfg_class, m, path);
    f->items[0] = (struct fw_cfg_item){ .key = FW_CFG_SIGNATURE, .len = 4, .data = (const u8 *)"QEMU" };
    f->items[1] = (struct fw_cfg_item){ .key = FW_CFG_ID, .len = 4, .data = id };
    f->items[2] = (struct fw_cfg_item){ .key = FW_CFG_FILE_DIR, .len = 4, .data = f->dir };
    f->item_count = 3;
    build_dir(f);
}
