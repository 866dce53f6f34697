/* debug_console.h - a port that firmware and tests write text to. The board maps dev_mmio over one port. */
#pragma once
#include "host/chr.h"
#include "vm/vm.h"

struct debug_console {
    struct dev  dev;
    struct chr *chr;  /* may be NULL; borrowed */
    u8          read; /* what the port reads: 0xe9 tells that it is there */
};

extern const struct dev_class debug_console_class;
void debug_console_init(struct debug_console *c, struct machine *m, const char *path, struct chr *chr, u8 read);
