/*
 * isa_debug_exit.c - exit port for test programs, as QEMU's isa-debug-exit.
 *
 * It has no state. A status has eight bits, so that only the low seven of a value reach whoever started the
 * emulator. Not modelled: reading (zeros).
 */
#include "hw/misc/isa_debug_exit.h"
#include "hw/deadline.h"

static u64 isa_debug_exit_read(struct dev *d, u64 off, u32 size)
{
    (void)d, (void)off, (void)size;
    return 0;
}

static void isa_debug_exit_write(struct dev *d, u64 off, u64 val, u32 size)
{
    (void)off, (void)size;
    if (!d->m)
        return;
    d->m->exit_code = (u8)(val << 1 | 1);
    machine_request(d->m, REQ_QUIT);
}

const struct dev_class isa_debug_exit_class = {
    .name = "isa_debug_exit", .size = sizeof(struct isa_debug_exit), .read = isa_debug_exit_read,
    .write = isa_debug_exit_write,
};

void isa_debug_exit_init(struct isa_debug_exit *x, struct machine *m, const char *path)
{
    *x = (struct isa_debug_exit){ 0 };
    dev_attach(&x->dev, &isa_debug_exit_class, m, path);
}
