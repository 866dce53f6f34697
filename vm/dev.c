/*
 * dev.c - register access to devices, and what all of them need: time and guest-error lines.
 *
 * A class may have a table and functions: an offset without a row goes to the functions. Not modelled:
 * bus errors for holes (reads give 0, writes vanish, both are guest errors).
 */
#include "vm/dev.h"
#include "softmmu/softmmu.h"
#include "vm/vm.h"
#include <stdarg.h>
#include <stdio.h>

static const struct reg *find_reg(const struct dev_class *c, u64 off)
{
    for (u32 i = 0; i < c->reg_count; i++)
        if (c->regs[i].offset == (off & ~3ull))
            return &c->regs[i];
    return NULL;
}

static u32 *reg_storage(struct dev *d, const struct reg *r)
{
    return r->at == REG_NONE ? NULL : (u32 *)(void *)((char *)dev_state(d) + r->at);
}

static u32 reg_read(struct dev *d, const struct reg *r)
{
    u32 *at = reg_storage(d, r);
    return r->read ? r->read(d) : at ? *at : 0;
}

static void reg_write(struct dev *d, const struct reg *r, u32 val)
{
    u32 *at = reg_storage(d, r);
    if (at)
        *at = (*at & ~r->writable) | (val & r->writable);
    if (r->write)
        r->write(d, val);
    else if (!r->writable)
        guest_error(d, "write of %#x to read-only %s", val, r->name);
}

static void trace(struct dev *d, const char *what, const char *name, u64 off, u64 val, u32 size)
{
    if (d->m && log_on(&d->m->log, LOG_dev))
        log_line(&d->m->log, LOG_dev, "%s: %s %s+%#llx %#llx (%u)", d->path, what, name, (unsigned long long)off,
                 (unsigned long long)val, size);
}

/* One access that touches one word of the table at most. */
static u64 read_word(struct dev *d, u64 off, u32 size)
{
    const struct reg *r = find_reg(d->cls, off);
    u64 val = 0;
    if (r)
        val = reg_read(d, r) >> 8 * (off & 3);
    else if (d->cls->read)
        val = d->cls->read(d, off, size);
    else
        guest_error(d, "read of %u bytes at %#llx: no such register", size, (unsigned long long)off);
    val &= ~0ull >> (64 - 8 * size);
    trace(d, "read", r ? r->name : "", off, val, size);
    return val;
}

static void write_word(struct dev *d, u64 off, u64 val, u32 size)
{
    const struct reg *r = find_reg(d->cls, off);
    val &= ~0ull >> (64 - 8 * size);
    trace(d, "write", r ? r->name : "", off, val, size);
    if (r)
        reg_write(d, r, (u32)val << 8 * (off & 3));
    else if (d->cls->write)
        d->cls->write(d, off, val, size);
    else
        guest_error(d, "write of %#llx (%u bytes) at %#llx: no such register", (unsigned long long)val, size,
                    (unsigned long long)off);
}

static bool is_pair(const struct dev_class *c, u64 off, u32 size)
{
    return size == 8 && (find_reg(c, off) || find_reg(c, off + 4));
}

u64 dev_read(struct dev *d, u64 off, u32 size)
{
    if (!is_pair(d->cls, off, size))
        return read_word(d, off, size);
    u64 lo = read_word(d, off, 4);
    return lo | read_word(d, off + 4, 4) << 32;
}

void dev_write(struct dev *d, u64 off, u64 val, u32 size)
{
    if (!is_pair(d->cls, off, size)) {
        write_word(d, off, val, size);
        return;
    }
    write_word(d, off, val, 4);
    write_word(d, off + 4, val >> 32, 4);
}

static u64 mmio_read(void *opaque, u64 off, u32 size)
{
    return dev_read(opaque, off, size);
}
static void mmio_write(void *opaque, u64 off, u64 val, u32 size)
{
    dev_write(opaque, off, val, size);
}
const struct mmio_ops dev_mmio = { mmio_read, mmio_write };

void guest_error(const struct dev *d, const char *fmt, ...)
{
    if (!d->m)
        return;
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log_line(&d->m->log, LOG_guest_error, "%s: %s", d->path ? d->path : d->cls->name, text);
}

u64 dev_now(const struct dev *d)
{
    return d->m ? machine_now(d->m) : 0;
}
