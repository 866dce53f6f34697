/*
 * pci.h - a conventional PCI bus (PCI Local Bus 3.0) and what its functions share: configuration space, base address
 * registers, INTx, MSI and MSI-X.
 *
 * A function is a device whose state struct begins with struct pci_state (field table: PCI_ROWS) and that embeds a
 * struct pci_dev. In its init it calls pci_init, then pci_bar, pci_cap, pci_msi, pci_msix, and writes to config[]
 * and writable[] what else it has; then it is plugged in. In its class' reset it calls pci_reset, in resumed
 * pci_resumed. The host bridge owns the struct pci_bus; the board fills in its lines and callbacks, and says where
 * each function goes.
 *
 * Mapping: a BAR whose address something fixed (RAM, ROM, a port) or a BAR of a lower function already has is not
 * decoded, until one of them moves; neither is one at address 0 or outside the bus' windows. What is mapped follows
 * from the registers alone, not from the order in which they were written.
 *
 * Not modelled: bridges and other buses, hot plug, power states, error reporting, the master enable bit for other
 * accesses than messages (functions that may not master reach memory all the same), extended configuration space
 * (reads as absent), cacheable and write-combined memory.
 */
#pragma once
#include "vm/vm.h"

#define PCI_CONFIG     256u
#define PCI_BARS       7u        /* the last is the expansion ROM */
#define PCI_ROM        6u
#define PCI_MSIX_MAX   32u
#define PCI_FUNCTIONS  48u       /* on a bus */
#define PCI_DEVFN(slot, fn) ((slot) << 3 | (fn))

/* Configuration registers (6.1) and bits */
enum { PCI_VENDOR = 0, PCI_DEVICE = 2, PCI_COMMAND = 4, PCI_STATUS = 6, PCI_REVISION = 8, PCI_CLASS = 9,
       PCI_CACHE_LINE = 0xc, PCI_HEADER_TYPE = 0xe, PCI_BAR0 = 0x10, PCI_SUBVENDOR = 0x2c, PCI_SUBDEVICE = 0x2e, PCI_ROM_BASE = 0x30,
       PCI_CAPS = 0x34, PCI_INT_LINE = 0x3c, PCI_INT_PIN = 0x3d };
enum { PCI_CMD_IO = 1, PCI_CMD_MEM = 2, PCI_CMD_MASTER = 4, PCI_CMD_NO_INTX = 1 << 10 };
enum { PCI_STATUS_INTX = 1 << 3, PCI_STATUS_CAPS = 1 << 4 };
enum { PCI_CAP_MSI = 5, PCI_CAP_VENDOR = 9, PCI_CAP_MSIX = 0x11 };
/* Flags of a BAR, as in its low bits; 0: 32-bit memory. */
enum { PCI_BAR_IO = 1, PCI_BAR_MEM64 = 4, PCI_BAR_PREFETCH = 8 };

struct pci_state {
    u64 msix_pending;             /* bit per vector */
    u32 msix[PCI_MSIX_MAX * 4];   /* the table: address, its high half, data, control */
    u32 intx;                     /* 1: the function asserts its pin */
    u32 pad;
    u8  config[PCI_CONFIG];
};
/* clang-format off */
#define PCI_ROWS(T)                                                                              \
    STATE(T, pci.msix_pending), STATE(T, pci.msix), STATE(T, pci.intx), STATE(T, pci.pad),       \
    STATE(T, pci.config)
/* clang-format on */
bool pci_valid(const struct pci_state *s, struct err *e);

#define PCI_NOWHERE (~0ull)

struct pci_bar {
    u64                    size;  /* bytes, a power of two; 0: there is none */
    u32                    flags;
    gpa                    want;  /* where the registers put it, PCI_NOWHERE: nowhere */
    gpa                    at;    /* where it is mapped */
    bool                   mapped;
    const struct mmio_ops *ops;
    void                  *opaque;
    struct memobj         *obj;   /* memory instead of ops, or NULL */
    enum region_kind       kind;  /* of obj */
    const char            *name;
};

struct pci_dev {
    struct dev        *dev;
    struct pci_state  *s;
    struct pci_bus    *bus;
    u32                devfn;
    struct pci_bar     bar[PCI_BARS];
    u8                 config[PCI_CONFIG];   /* power-on values */
    u8                 writable[PCI_CONFIG]; /* bits the guest can change */
    u32                cap_next;             /* free room for capabilities */
    u32                msi, msix;            /* offsets of the capabilities, 0: absent */
    u32                msi_count, msix_count;
    void             (*reading)(struct pci_dev *p, u32 off, u32 size); /* may refresh s->config; NULL: plain */
    void             (*written)(struct pci_dev *p, u32 off, u32 size); /* s->config changed there; NULL: plain */
};

struct pci_window {
    gpa base;
    u64 size;
};

struct pci_bus {
    struct machine   *m;
    struct pci_dev   *fn[PCI_FUNCTIONS];  /* by devfn */
    u32               count;
    struct irq_line   intx[4];
    u32               swizzle;            /* line of pin A in slot 0 */
    struct pci_window mem[2];             /* memory that the bridge passes on; sizes 0: all */
    bool              port_0;             /* the first port may be a BAR's: firmware of boards without ISA starts there */
    /* A message; false: nobody takes it. NULL: the board takes none. Goes to interrupt controllers alone: what a
     * guest chose must not come back to the functions of the bus. */
    bool            (*msi)(void *opaque, gpa addr, u32 data);
    void             *msi_opaque;
};

struct pci_id {
    u16 vendor, device, subvendor, subdevice;
    u32 class;                            /* base class, subclass, interface: 24 bits */
    u8  revision;
};

/* ---- building ---- */
void pci_init(struct pci_dev *p, struct dev *d, struct pci_state *s, const struct pci_id *id);
void pci_plug(struct pci_bus *bus, struct pci_dev *p, u32 slot, u32 fn);
/* n: 0..5, or PCI_ROM; a 64-bit one takes n + 1 too. */
void pci_bar(struct pci_dev *p, u32 n, u32 flags, u64 size, const struct mmio_ops *ops, void *opaque,
    const char *name);
void pci_bar_obj(struct pci_dev *p, u32 n, u32 flags, u64 size, struct memobj *o, enum region_kind kind,
    const char *name);
/* Room for a capability of so many bytes, header included; its offset. Latest first in the list. */
u32  pci_cap(struct pci_dev *p, u8 id, u32 size);
void pci_put16(struct pci_dev *p, u32 off, u16 val, u16 writable);
void pci_put32(struct pci_dev *p, u32 off, u32 val, u32 writable);

/* ---- living ---- */
void pci_reset(struct pci_dev *p);
void pci_resumed(struct pci_dev *p);
/* The function's own pin. */
void pci_set_intx(struct pci_dev *p, bool level);
static inline u16 pci_command(const struct pci_dev *p)
{
    return (u16)(p->s->config[PCI_COMMAND] | p->s->config[PCI_COMMAND + 1] << 8);
}

/* Configuration accesses of size 1, 2, 4 at off, any that stay in a 32-bit word; devfn 0..255. */
u32  pci_config_read(struct pci_bus *bus, u32 devfn, u32 off, u32 size);
void pci_config_write(struct pci_bus *bus, u32 devfn, u32 off, u32 val, u32 size);

/* ---- pci_msi.c ---- */
/* MSI with count (1..32, a power of two) vectors, 64-bit addresses, masks. */
void pci_msi(struct pci_dev *p, u32 count);
/* MSI-X: table at offset 0 and pending bits at PCI_MSIX_PBA of a 32-bit memory BAR of its own. */
void pci_msix(struct pci_dev *p, u32 bar, u32 count, const char *name);
#define PCI_MSIX_PBA 0x800u
#define PCI_MSIX_BAR 0x1000u
bool pci_msi_on(const struct pci_dev *p);
bool pci_msix_on(const struct pci_dev *p);
/* Sends the message of a vector, or keeps it while that is masked. With both off: nothing. */
void pci_notify(struct pci_dev *p, u32 vector);
/* Configuration was written: messages that are no longer masked go. */
void pci_msi_look(struct pci_dev *p);
