/*
 * debug_console.c - the debug console of PC emulators (0xe9 of Bochs, isa-debugcon of QEMU): bytes written go out.
 *
 * It has no state. Not modelled: input.
 */
#include "hw/misc/debug_console.h"
#include "hw/deadline.h"
#include "hw/isa.h"

static struct debug_console *self(struct dev *d)
{
    return CONTAINER_OF(d, struct debug_console, dev);
}

static u8 byte_read(struct dev *d, u64 off)
{
    (void)off;
    return self(d)->read;
}

static void byte_write(struct dev *d, u64 off, u8 val)
{
    (void)off;
    chr_write(self(d)->chr, &val, 1);
}

static u64 debug_console_read(struct dev *d, u64 off, u32 size)
{
    return isa_read(d, off, size, byte_read);
}
static void debug_console_write(struct dev *d, u64 off, u64 val, u32 size)
{
    isa_write(d, off, val, size, byte_write);
}

const struct dev_class debug_console_class = {
    .name = "debug_console", .size = sizeof(struct debug_console), .read = debug_console_read,
    .write = debug_console_write,
};

void debug_console_init(struct debug_console *c, struct machine *m, const char *path, struct chr *chr, u8 read)
{
    *c = (struct debug_console){ .chr = chr, .read = read };
    dev_attach(&c->dev, &debug_console_class, m, path);
}
