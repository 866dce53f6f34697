/*
 * fw_cfg.h - the firmware configuration device: named blobs that the board hands to firmware and kernels.
 *
 * The board embeds the struct, calls fw_cfg_init, then adds items before the machine starts; maps dev_mmio over 24
 * bytes, or fw_cfg_port_mmio over 12 ports. Items are wiring: the board makes the same ones again when a snapshot
 * is loaded. Numbers are little endian, sizes in the directory and the DMA structure big endian.
 */
#pragma once
#include "vm/vm.h"

enum fw_cfg_key {
    FW_CFG_SIGNATURE = 0x00, FW_CFG_ID = 0x01, FW_CFG_UUID = 0x02, FW_CFG_RAM_SIZE = 0x03, FW_CFG_NOGRAPHIC = 0x04,
    FW_CFG_NB_CPUS = 0x05, FW_CFG_MACHINE_ID = 0x06, FW_CFG_KERNEL_ADDR = 0x07, FW_CFG_KERNEL_SIZE = 0x08,
    FW_CFG_KERNEL_CMDLINE = 0x09, FW_CFG_INITRD_ADDR = 0x0a, FW_CFG_INITRD_SIZE = 0x0b, FW_CFG_BOOT_DEVICE = 0x0c,
    FW_CFG_NUMA = 0x0d, FW_CFG_BOOT_MENU = 0x0e, FW_CFG_MAX_CPUS = 0x0f, FW_CFG_KERNEL_ENTRY = 0x10,
    FW_CFG_KERNEL_DATA = 0x11, FW_CFG_INITRD_DATA = 0x12, FW_CFG_CMDLINE_ADDR = 0x13, FW_CFG_CMDLINE_SIZE = 0x14,
    FW_CFG_CMDLINE_DATA = 0x15, FW_CFG_SETUP_ADDR = 0x16, FW_CFG_SETUP_SIZE = 0x17, FW_CFG_SETUP_DATA = 0x18,
    FW_CFG_FILE_DIR = 0x19, FW_CFG_FILE_FIRST = 0x20, FW_CFG_ARCH_LOCAL = 0x8000
};

#define FW_CFG_ITEMS 48u     /* with a key of their own */
#define FW_CFG_FILES 64u
#define FW_CFG_NAME  56u     /* with its NUL */

struct fw_cfg_state {
    u64 dma_addr;            /* high half as written, low half while the transfer runs */
    u32 key;                 /* selected */
    u32 offset;              /* of the next byte in the item */
};

struct fw_cfg_item {
    u32       key;
    u32       len;
    const u8 *data;
    bool      owned;         /* freed with the device */
    u8       *writable;      /* the same bytes, when the guest may write them */
    void    (*written)(void *opaque);
    void     *opaque;
};
struct fw_cfg_file {
    char               name[FW_CFG_NAME];
    struct fw_cfg_item item;
};

struct fw_cfg {
    struct dev          dev;
    struct fw_cfg_state s;
    struct fw_cfg_item  items[FW_CFG_ITEMS];
    u32                 item_count;
    struct fw_cfg_file  files[FW_CFG_FILES]; /* by name; file i has key FW_CFG_FILE_FIRST + i */
    u32                 file_count;
    u8                  dir[4 + FW_CFG_FILES * 64];
};

extern const struct dev_class fw_cfg_class;
extern const struct mmio_ops fw_cfg_port_mmio; /* opaque: the struct dev */
void fw_cfg_init(struct fw_cfg *f, struct machine *m, const char *path);
/* Items under a key (replacing one that is there). add_bytes and add_file copy; add_blob borrows for the life of
 * the device (kernels, initrds). Fail when memory or places run out. */
bool fw_cfg_add_bytes(struct fw_cfg *f, u32 key, const void *data, u32 len, struct err *e) MUST_CHECK;
bool fw_cfg_add_blob(struct fw_cfg *f, u32 key, const void *data, u32 len, struct err *e) MUST_CHECK;
bool fw_cfg_add_u16(struct fw_cfg *f, u32 key, u16 val, struct err *e) MUST_CHECK;
bool fw_cfg_add_u32(struct fw_cfg *f, u32 key, u32 val, struct err *e) MUST_CHECK;
bool fw_cfg_add_u64(struct fw_cfg *f, u32 key, u64 val, struct err *e) MUST_CHECK;
bool fw_cfg_add_string(struct fw_cfg *f, u32 key, const char *text, struct err *e) MUST_CHECK; /* with its NUL */
/* A file of the directory. Also fails for a name that is too long, empty, or taken. */
bool fw_cfg_add_file(struct fw_cfg *f, const char *name, const void *data, u32 len, struct err *e) MUST_CHECK;
/* A file that the guest may write, by DMA. data: state of another device, borrowed; written() follows each write. */
bool fw_cfg_add_writable(struct fw_cfg *f, const char *name, u8 *data, u32 len, void (*written)(void *opaque),
                         void *opaque, struct err *e) MUST_CHECK;
