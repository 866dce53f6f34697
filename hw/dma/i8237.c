/*
 * i8237.c - the two DMA controllers of a PC/AT (8237A), with page registers.
 *
 * Spec: Intel 8237A data sheet ("Register description"); the PC's wiring: Intel 82371AB (PIIX4) data sheet, 4.2.1.
 * Addresses are 24 bits: the page does not count, so that transfers wrap in 64 KiB, those of words in 128 KiB. A
 * transfer takes no time of the bus; devices pace themselves. Where no memory is, the bus decides: display memory and
 * ROM take part, reads of nothing give ones. Not modelled: transfers from memory to memory (command bits 0 and 1, as
 * in PIIX chips), rotating priority, the polarity of DREQ and DACK and the timings (their command bits are kept),
 * processors that stand still while a block transfer waits for its device.
 */
#include "hw/dma/i8237.h"
#include "hw/deadline.h"
#include "hw/isa.h"
#include <string.h>

enum { R_STATUS = 8, R_REQUEST, R_MASK_ONE, R_MODE, R_FLIP_FLOP, R_CLEAR, R_MASK_NONE, R_MASK_ALL };
enum { AT_FIRST = 0, AT_SECOND = 0x10, AT_PAGE = 0x20, AT_END = 0x30 };
enum { CMD_DISABLE = 4 };
enum { MODE_TYPE = 0xc, MODE_WRITE = 4, MODE_READ = 8, MODE_AUTO = 0x10, MODE_DOWN = 0x20, MODE_KIND = 0xc0,
       MODE_BLOCK = 0x80, MODE_CASCADE = 0xc0 };
enum { CASCADE = 4, CHUNK = 512 };

static struct i8237 *self(struct dev *d)
{
    return CONTAINER_OF(d, struct i8237, dev);
}

/* ---- a channel ---- */

static u32 unit(u32 ch) { return ch < CASCADE ? 1 : 2; }
static bool is_open(const struct i8237_state *s, u32 ch) { return !(s->command[ch / 4] & CMD_DISABLE); }
static bool is_cascade(const struct i8237_state *s, u32 ch) { return (s->mode[ch] & MODE_KIND) == MODE_CASCADE; }
static bool is_masked(const struct i8237_state *s, u32 ch) { return s->mask >> ch & 1; }

/* Requests of the first chip pass channel 4 of the second one. */
static bool gets_through(const struct i8237_state *s, u32 ch)
{
    if (!is_open(s, ch) || is_cascade(s, ch))
        return false;
    return ch >= CASCADE || (is_open(s, CASCADE) && is_cascade(s, CASCADE) && !is_masked(s, CASCADE));
}
static bool wants(const struct i8237_state *s, u32 ch)
{
    bool line = s->dreq >> ch & 1 && !is_masked(s, ch);
    return line || (s->soft >> ch & 1 && (s->mode[ch] & MODE_KIND) == MODE_BLOCK);
}

static enum dma_cycle cycle_of(const struct i8237_state *s, u32 ch)
{
    u32 type = s->mode[ch] & MODE_TYPE;
    return type == MODE_WRITE ? DMA_TO_MEMORY : type == MODE_READ ? DMA_TO_DEVICE : DMA_VERIFY;
}

/* Of the unit that is next. Words: the page's bit 0 is not used (PIIX4, 4.2.1). */
static gpa address(const struct i8237_state *s, u32 ch)
{
    static const u8 page_of[I8237_CHANNELS] = { 7, 3, 1, 2, 15, 11, 9, 10 };
    u32 page = s->page[page_of[ch]];
    return unit(ch) == 1 ? page << 16 | s->addr[ch] : (page & 0xfe) << 16 | (u32)s->addr[ch] << 1;
}

/* The count has ended: again from the start, or no more (8237A, "Autoinitialize"). */
static void terminal_count(struct i8237_state *s, u32 ch)
{
    s->tc |= (u8)(1u << ch);
    s->soft &= (u8)~(1u << ch);
    if (s->mode[ch] & MODE_AUTO) {
        s->addr[ch] = s->base_addr[ch];
        s->count[ch] = s->base_count[ch];
    } else {
        s->mask |= (u8)(1u << ch);
    }
}

static void advance(struct i8237_state *s, u32 ch, u32 units)
{
    bool ends = units > s->count[ch];
    s->addr[ch] = s->mode[ch] & MODE_DOWN ? (u16)(s->addr[ch] - units) : (u16)(s->addr[ch] + units);
    s->count[ch] = (u16)(s->count[ch] - units);
    if (ends)
        terminal_count(s, ch);
}

/* Units that lie side by side from here on, upwards. */
static u32 run_length(const struct i8237_state *s, u32 ch)
{
    u32 left = MIN(s->count[ch] + 1u, CHUNK / unit(ch));
    return s->mode[ch] & MODE_DOWN ? 1 : MIN(left, 0x10000u - s->addr[ch]);
}

/* ---- memory ---- */

static void from_memory(struct i8237 *d, gpa at, u8 *p, u32 n)
{
    if (!d->dev.m || machine_dma_read(d->dev.m, at, p, n))
        return;
    for (u32 i = 0; i < n; i++) {
        u64 val;
        if (physmap_bus_read(&d->dev.m->map, at + i, 1, &val))
            p[i] = (u8)val;
    }
}

static void to_memory(struct i8237 *d, gpa at, const u8 *p, u32 n)
{
    if (!d->dev.m || machine_dma_write(d->dev.m, at, p, n))
        return;
    for (u32 i = 0; i < n; i++)
        physmap_bus_write(&d->dev.m->map, at + i, 1, p[i]);
}

/* ---- serving ---- */

/* A device that did not ask lets the bus float. */
static u32 transfer(struct i8237 *d, u32 ch, u8 *p, u32 n, bool last)
{
    const struct dma_device *dev = &d->device[ch];
    if (!(d->s.dreq >> ch & 1))
        return n;
    return dev->transfer ? dev->transfer(dev->opaque, cycle_of(&d->s, ch), p, n, last) : 0;
}

/* One run of a channel; false: the device has nothing to move. */
static bool serve(struct i8237 *d, u32 ch)
{
    u8 p[CHUNK];
    u32 w = unit(ch), n = run_length(&d->s, ch);
    enum dma_cycle cycle = cycle_of(&d->s, ch);
    gpa at = address(&d->s, ch);
    memset(p, 0xff, sizeof p);
    if (cycle == DMA_TO_DEVICE)
        from_memory(d, at, p, n * w);
    u32 done = transfer(d, ch, p, n * w, n > d->s.count[ch]) / w;
    CHECK(done <= n);
    if (cycle == DMA_TO_MEMORY)
        to_memory(d, at, p, done * w);
    advance(&d->s, ch, done);
    return done;
}

/* A whole count at most, since with autoinitialization it begins again and again. */
static void serve_channel(struct i8237 *d, u32 ch)
{
    u32 left = 0x10000;
    while (left-- && wants(&d->s, ch) && gets_through(&d->s, ch) && serve(d, ch))
        ;
}

/* Serves who asks, channel 0 first, and who began to ask meanwhile. */
static void serve_all(struct i8237 *d)
{
    d->again = true;
    if (d->busy)
        return;
    d->busy = true;
    while (d->again) {
        d->again = false;
        for (u32 ch = 0; ch < I8237_CHANNELS; ch++)
            serve_channel(d, ch);
    }
    d->busy = false;
}

static void set_dreq(void *opaque, u32 ch, bool level)
{
    struct i8237 *d = opaque;
    u8 bit = (u8)(1u << ch);
    bool rose = level && !(d->s.dreq & bit);
    d->s.dreq = level ? d->s.dreq | bit : d->s.dreq & (u8)~bit;
    if (rose)
        serve_all(d);
}

struct irq_line i8237_dreq(struct i8237 *d, u32 channel)
{
    return (struct irq_line){ set_dreq, d, channel };
}

void i8237_connect(struct i8237 *d, u32 channel, struct dma_device device)
{
    d->device[channel] = device;
}

/* ---- registers of a chip ---- */

static void put_half(u16 *to, bool high, u8 val)
{
    *to = high ? (u16)((*to & 0xff) | val << 8) : (*to & 0xff00) | val;
}

static u8 read_counter(struct i8237_state *s, u32 chip, u32 reg)
{
    u32 ch = chip * 4 + reg / 2;
    u16 val = reg & 1 ? s->count[ch] : s->addr[ch];
    bool high = s->high[chip];
    s->high[chip] ^= 1;
    return high ? val >> 8 : (u8)val;
}

/* Writes go to the base and the current register alike. */
static void write_counter(struct i8237_state *s, u32 chip, u32 reg, u8 val)
{
    u32 ch = chip * 4 + reg / 2;
    put_half(reg & 1 ? &s->base_count[ch] : &s->base_addr[ch], s->high[chip], val);
    put_half(reg & 1 ? &s->count[ch] : &s->addr[ch], s->high[chip], val);
    s->high[chip] ^= 1;
}

static u8 status_read(struct i8237_state *s, u32 chip)
{
    u8 mask = (u8)(0xf << 4 * chip), asked = (u8)((s->dreq | s->soft) & mask), ended = s->tc & mask;
    s->tc &= (u8)~mask;
    return (u8)((ended >> 4 * chip) | (asked >> 4 * chip) << 4);
}

/* As the RESET pin, "Master clear"; addresses, counts, modes and pages stay. */
static void master_clear(struct i8237_state *s, u32 chip)
{
    u8 mask = (u8)(0xf << 4 * chip);
    s->command[chip] = s->high[chip] = 0;
    s->soft &= (u8)~mask;
    s->tc &= (u8)~mask;
    s->mask |= mask;
}

static void set_bit(u8 *bits, u32 chip, u8 val)
{
    u8 bit = (u8)(1u << (chip * 4 + (val & 3)));
    *bits = val & 4 ? *bits | bit : *bits & (u8)~bit;
}

static u8 chip_read(struct i8237 *d, u32 chip, u32 reg)
{
    struct i8237_state *s = &d->s;
    if (reg < R_STATUS)
        return read_counter(s, chip, reg);
    if (reg == R_STATUS)
        return status_read(s, chip);
    if (reg == R_MASK_ALL) /* of later chips */
        return s->mask >> 4 * chip & 0xf;
    return 0; /* the temporary register, and holes */
}

static void chip_write(struct i8237 *d, u32 chip, u32 reg, u8 val)
{
    struct i8237_state *s = &d->s;
    u8 keep = (u8)(0xf0 >> 4 * chip);
    switch (reg) {
    case R_STATUS:    s->command[chip] = val; break;
    case R_REQUEST:   set_bit(&s->soft, chip, val); break;
    case R_MASK_ONE:  set_bit(&s->mask, chip, val); break;
    case R_MODE:      s->mode[chip * 4 + (val & 3)] = val & 0xfc; break;
    case R_FLIP_FLOP: s->high[chip] = 0; break;
    case R_CLEAR:     master_clear(s, chip); break;
    case R_MASK_NONE: s->mask &= keep; break;
    case R_MASK_ALL:  s->mask = (s->mask & keep) | (u8)((val & 0xf) << 4 * chip); break;
    default:          write_counter(s, chip, reg, val); break;
    }
    serve_all(d);
}

static u8 byte_read(struct dev *d, u64 off)
{
    if (off < AT_PAGE)
        return chip_read(self(d), off >= AT_SECOND, off & 15);
    if (off < AT_END)
        return self(d)->s.page[off - AT_PAGE];
    guest_error(d, "read at %#llx: no such register", (unsigned long long)off);
    return 0xff;
}

static void byte_write(struct dev *d, u64 off, u8 val)
{
    if (off < AT_PAGE)
        chip_write(self(d), off >= AT_SECOND, off & 15, val);
    else if (off < AT_END)
        self(d)->s.page[off - AT_PAGE] = val;
    else
        guest_error(d, "write of %#x at %#llx: no such register", val, (unsigned long long)off);
}

static u64 i8237_read(struct dev *d, u64 off, u32 size)
{
    return isa_read(d, off, size, byte_read);
}
static void i8237_write(struct dev *d, u64 off, u64 val, u32 size)
{
    isa_write(d, off, val, size, byte_write);
}

static u64 page_read(void *opaque, u64 off, u32 size)
{
    return dev_read(opaque, AT_PAGE + off, size);
}
static void page_write(void *opaque, u64 off, u64 val, u32 size)
{
    dev_write(opaque, AT_PAGE + off, val, size);
}

/* The second chip's address line 0 is the bus' line 1. */
static u64 second_read(void *opaque, u64 off, u32 size)
{
    u64 val = 0;
    for (u32 i = 0; i < size; i++)
        val |= dev_read(opaque, AT_SECOND + (off + i) / 2, 1) << 8 * i;
    return val;
}
static void second_write(void *opaque, u64 off, u64 val, u32 size)
{
    for (u32 i = 0; i < size; i++)
        dev_write(opaque, AT_SECOND + (off + i) / 2, val >> 8 * i & 0xff, 1);
}
const struct mmio_ops i8237_second_mmio = { second_read, second_write };
const struct mmio_ops i8237_page_mmio = { page_read, page_write };

/* ---- the device ---- */

/* The lines keep their levels: devices that were reset before drive theirs once. */
static void reset(struct dev *d)
{
    struct i8237_state *s = &self(d)->s;
    *s = (struct i8237_state){ .dreq = s->dreq, .mask = 0xff };
}

static bool valid(const void *state, struct err *e)
{
    const struct i8237_state *s = state;
    for (u32 ch = 0; ch < I8237_CHANNELS; ch++)
        if (s->mode[ch] & 3)
            return err_set(e, "mode %#x of channel %u out of range", s->mode[ch], ch);
    return (s->high[0] <= 1 && s->high[1] <= 1)
           || err_set(e, "flip-flops out of range: %u, %u", s->high[0], s->high[1]);
}

#define F(f) STATE(struct i8237_state, f)
static const struct state_field i8237_fields[] = {
    F(base_addr), F(base_count), F(addr), F(count), F(mode), F(page), F(dreq), F(soft), F(mask),
    F(tc), F(command), F(high),
};
static const struct state_desc i8237_desc = {
    .name = "i8237", STATE_DESC(struct i8237_state, 1, i8237_fields), .valid = valid,
};

const struct dev_class i8237_class = {
    .name = "i8237", .state = &i8237_desc, .state_offset = offsetof(struct i8237, s), .size = sizeof(struct i8237),
    .read = i8237_read, .write = i8237_write, .reset = reset,
};

void i8237_init(struct i8237 *d, struct machine *m, const char *path)
{
    *d = (struct i8237){ 0 };
    dev_attach(&d->dev, &i8237_class, m, path);
}
