/*
 * i440fx.h - the host bridge of QEMU's pc board (Intel 82441FX, 8086:1237) and its PCI bus.
 *
 * The board embeds the struct, calls i440fx_init, sets the callbacks, and maps i440fx_ports at I/O ports 0xcf8 to
 * 0xcff with opaque &dev; then plugs functions into `bus`. Slot 1 is the PIIX3's (piix.h), whose routes decide where
 * INTx goes. Accesses to 0xcf8 that are not 32 bits wide are not the bridge's: of those, the byte at 0xcf9 goes to
 * `reset_port`.
 *
 * Not modelled: system management mode (SMRAM opens for all or for nobody; D_CLS is storage), DRAM geometry and
 * timing, parity and ECC, the ISA hole.
 */
#pragma once
#include "hw/pci/pci.h"

#define I440FX_AREAS 16u
enum { I440FX_READ_RAM = 1, I440FX_WRITE_RAM = 2 };

struct i440fx_state {
    struct pci_state pci;
    u32 address;                 /* CONFADD */
    u32 pad;
};

struct i440fx {
    struct dev             dev;
    struct i440fx_state    s;
    struct pci_dev         pci;
    struct pci_bus         bus;
    struct dev            *reset_port; /* its register 0 is the byte at 0xcf9; NULL: nothing is there */
    /* Where the programmable areas (PAM0..6) of 0xc0000..0xfffff go, by 16 KiB: I440FX_READ_RAM and _WRITE_RAM, else
     * to the ROM behind, or nowhere. Called when one may have changed, at reset and after loading too; NULL: nothing
     * happens. */
    void                 (*areas)(void *opaque, const u8 bits[I440FX_AREAS]);
    /* The 128 KiB at 0xa0000 are RAM for everybody (SMRAM: D_OPEN and G_SMRAME), or not. Called likewise. */
    void                 (*smram)(void *opaque, bool open);
    void                  *opaque;
};

extern const struct dev_class i440fx_class;
extern const struct mmio_ops i440fx_ports; /* opaque: &dev; 8 bytes from 0xcf8 */
void i440fx_init(struct i440fx *f, struct machine *m, const char *path);
