/*
 * options.h - the command line in QEMU's dialect, as data. Parsing has no effect on the world.
 *
 * Anything not known is refused by name. Strings point into argv or are owned by the struct.
 */
#pragma once
#include "base/err.h"

#define OPT_DRIVES 16
#define OPT_DEVICES 32
#define OPT_HASHES 64
#define OPT_FLOPPIES 2u
#define OPT_PATH 4096

enum drive_if { DRIVE_NONE, DRIVE_VIRTIO, DRIVE_PFLASH, DRIVE_IDE,
               DRIVE_DEFAULT /* the board's, until options_finish() */ };
struct opt_drive {
    enum drive_if iface;
    const char   *file, *id;   /* file: NULL: a CD drive without a medium */
    bool          read_only, snapshot, cdrom;
    int           index, bus, unit; /* of IDE drives; -1: not given */
    bool          used;        /* by a -device */
};

enum device_kind { DEVICE_DEBUG_EXIT, DEVICE_BLK, DEVICE_CONSOLE, DEVICE_SERIAL_BUS /* virtio-serial-device: carries a virtconsole */, DEVICE_RNG,
                   DEVICE_IDE_DISK, DEVICE_IDE_CD, DEVICE_GPU, DEVICE_KEYBOARD, DEVICE_MOUSE, DEVICE_TABLET, DEVICE_RAMFB };
enum device_bus { DEVICE_ANYWHERE, DEVICE_ON_MMIO, DEVICE_ON_PCI, DEVICE_ON_ISA, DEVICE_ON_IDE };
struct opt_device {
    enum device_kind kind;
    enum device_bus  bus;      /* that it needs */
    const char      *name;     /* as -device has it */
    const char      *drive, *id, *serial, *chardev;
    int              ide_bus, ide_unit; /* -1: not given */
    u32              boot;     /* bootindex + 1; 0: none */
    u32              xres, yres; /* of a screen; 0: not given */
};

enum display_kind { DISPLAY_AUTO, DISPLAY_NONE, DISPLAY_SDL }; /* AUTO: a window when there is a desktop for it */
enum display_grab { GRAB_CTRL_ALT, GRAB_SHIFT_CTRL_ALT, GRAB_RIGHT_CTRL };
struct opt_display {
    enum display_kind kind;
    enum display_grab grab;
    bool              gl, full_screen, show_cursor, stays; /* stays: window-close=off */
};

enum serial_kind { SERIAL_STDIO, SERIAL_MON_STDIO, SERIAL_NULL, SERIAL_FILE };
static inline bool serial_on_terminal(enum serial_kind k)
{
    return k == SERIAL_STDIO || k == SERIAL_MON_STDIO;
}

enum { OPT_MONITORS = 4 };
struct opt_monitor {           /* -monitor, but stdio */
    const char *file;          /* where its output goes, or NULL: */
    const char *socket;        /* the path of a Unix socket */
    bool        server, wait;
};

struct options {
    const char *machine;       /* a board's name */
    u32         gic_version;   /* 2, 3 */
    const char *cpu;           /* model name; the default one when none is given */
    const char *default_cpu;   /* that of the name we were called by, or NULL: the board's */
    u64         ram_size;      /* bytes */
    const char *kernel, *initrd, *append, *dtb, *bios;
    const char *boot_order;    /* as -boot has it, or NULL */
    const char *boot_once;     /* ... until the first reset, or NULL */
    bool        boot_menu;
    struct opt_drive  drives[OPT_DRIVES];
    u32               drive_count;
    struct opt_drive  floppies[OPT_FLOPPIES]; /* file NULL: no disk in it */
    bool              floppy_given[OPT_FLOPPIES];
    u32               floppy_boot[OPT_FLOPPIES]; /* bootindex + 1; 0: none */
    struct opt_device devices[OPT_DEVICES];
    u32               device_count;
    enum serial_kind  serial;
    const char       *serial_file;
    enum serial_kind  serial2;       /* -serial again */
    const char       *serial2_file;
    bool              serial2_given; /* there is a second serial port */
    enum serial_kind  parallel;      /* the default: there is one, and bytes vanish */
    const char       *parallel_file;
    bool              parallel_given, no_parallel;
    u32               keyboard;      /* -k: layout, as keymap_find() has it */
    enum serial_kind  debugcon;      /* when given */
    const char       *debugcon_file;
    bool              debugcon_given; /* there is a debug console */
    u32               serials;       /* -serial was given so often */
    struct opt_monitor monitors[OPT_MONITORS];
    u32               monitor_count;
    bool              monitor_none;  /* -monitor none */
    bool              paused;        /* -S */
    bool              serial_given, nographic, monitor_stdio, no_reboot, snapshot_all, no_defaults;
    bool              vga_given, no_vga; /* -vga std, -vga none */
    struct opt_display display;
    const char       *name;          /* -name, or NULL */
    bool              clock_given, icount, pace_host;
    u64               seed;
    u64               rtc_base;      /* seconds since 1970; ~0: the host's clock, or fixed under icount */
    bool              rtc_localtime; /* ... the local one */
    bool              rtc_rt;        /* asked to follow the host's time */
    u32               log_mask;
    const char       *log_file;
    const char       *engine;        /* "auto"; a name that engine_find() knows */
    bool              engine_given;
    const char       *code_cache;    /* a folder, "off", or NULL: the user's own */
    const char       *lockstep[2];   /* --lockstep: such names, or NULL */
    u64               lockstep_every; /* instructions between comparisons */
    u64               hashes[OPT_HASHES]; /* --hash-at, rising */
    u32               hash_count;
    u64               stop_at;       /* --stop-at, ~0: none */
    const char       *load;          /* snapshot to start from */
    const char       *save;          /* snapshot to write when stop_at is reached, or on the key */
    const char       *picture;       /* `mynah screenshot`: of the screen at stop_at, or as loaded; or NULL */
    bool              stats;
    bool              help, version, listed; /* listed: a `?` listing was printed */
    struct opt_text  *texts;         /* owned */
};

/* machine: the default board. cpu: the default model, or NULL: that of the board. */
void options_init(struct options *o, const char *machine, const char *cpu);
/* argv[0] is the first option, not the program. On false, e names the option and the fault. */
bool options_parse(struct options *o, int argc, char **argv, struct err *e) MUST_CHECK;
/* When all is parsed: defaults of the board, options that exclude each other. */
bool options_finish(struct options *o, struct err *e) MUST_CHECK;
void options_help(void);
void options_free(struct options *o); /* parsed or not */
