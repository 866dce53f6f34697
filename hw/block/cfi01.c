/*
 * cfi01.c - NOR flash with Intel's command set: two 16-bit chips on a 32-bit bus.
 *
 * Spec: JESD68.01 (CFI query), Intel "Common Flash Interface and Command Sets" (AP-646) with command set 0001,
 * and the StrataFlash P30 datasheet for what they leave open. Both chips go through all commands together, as
 * software on a 32-bit bus drives them: a narrower write commands both, and programs the bytes that it names. Drivers
 * that took the bank for a single 16-bit chip (U-Boot's does) depend on it. Bits only go from 1 to 0 but by erasing.
 *
 * Not modelled: programming and erasing take no time (so a suspend finds nothing to suspend), block locks are
 * accepted and not kept (blocks read as unlocked), protection registers, configuration register, bursts.
 */
#include "hw/block/cfi01.h"
#include "base/bits.h"
#include "hw/deadline.h"
#include <string.h>

enum { MODE_ARRAY, MODE_ID, MODE_QUERY, MODE_STATUS, MODE_COUNT };
enum { STEP_COMMAND, STEP_PROGRAM, STEP_ERASE, STEP_LOCK, STEP_PROTECT, STEP_COUNT_WORD, STEP_BUFFER, STEP_CONFIRM,
       STEP_END };
enum { SR_READY = 0x80, SR_ERASE_ERROR = 0x20, SR_PROGRAM_ERROR = 0x10, SR_LOCKED = 0x02 };
enum { BUS_BYTES = 4, CHIPS = 2 };
enum { CHIP_BUFFER_WORDS = CFI01_BUFFER / BUS_BYTES };
#define NO_ROW 0xffffffffu

static struct cfi01 *self(struct dev *d)
{
    return CONTAINER_OF(d, struct cfi01, dev);
}

static u64 bank_size(const struct cfi01 *c)
{
    return c->obj ? c->obj->size : 0;
}

/* ---- the bytes ---- */

static void touched(struct cfi01 *c, u64 from, u64 to)
{
    if (c->dirty_from == c->dirty_to)
        c->dirty_from = from, c->dirty_to = to;
    c->dirty_from = MIN(c->dirty_from, from);
    c->dirty_to = MAX(c->dirty_to, to);
}

/* Bits fall. False: there is no such byte. */
static bool program(struct cfi01 *c, u64 at, u8 val)
{
    if (at >= bank_size(c))
        return false;
    c->obj->host[at] &= val;
    touched(c, at, at + 1);
    return true;
}

/* After a guest write: the machine learns which bytes changed, the file gets them. */
static bool write_back(struct cfi01 *c)
{
    struct err e;
    u64 from = c->dirty_from, to = c->dirty_to;
    c->dirty_from = c->dirty_to = 0;
    if (from == to)
        return true;
    if (c->dev.m)
        memobj_written(&c->dev.m->map, c->obj, from, to - from);
    if (!c->block || c->block->read_only || from >= c->block->size)
        return true;
    if (c->block->write(c->block, from, c->obj->host + from, MIN(to, c->block->size) - from, &e))
        return true;
    if (c->dev.m)
        log_line(&c->dev.m->log, LOG_dev, "%s: %s", c->dev.path, e.msg);
    return false;
}

/* ---- tables that a chip shows ---- */

/* CFI query (JESD68.01, section 3; Intel's extended table at 0x31), a byte in each word. */
static u8 query(const struct cfi01 *c, u32 word)
{
    static const u8 fixed[] = {
        [0x10] = 'Q', 'R', 'Y', [0x13] = 0x01, 0x00,          /* command set 0001 */
        [0x15] = 0x31, 0x00,                                  /* where its extended table is */
        [0x1b] = 0x17, 0x20,                                  /* Vcc 1.7 to 2.0 V */
        [0x1f] = 0x06, 0x09, 0x09, 0x00,                      /* typical times: program, buffer, erase, chip */
        [0x23] = 0x02, 0x02, 0x03, 0x00,                      /* maximum, times typical, powers of two */
        [0x28] = 0x01, 0x00,                                  /* 16 bits wide */
        [0x2a] = 0x0a, 0x00,                                  /* write buffer: 2^10 bytes of the chip */
        [0x2c] = 0x01,                                        /* one region of blocks */
        [0x31] = 'P', 'R', 'I', '1', '0',                     /* extended table 1.0, no optional features */
        [0x3f] = 0x01, 0x00,                                  /* one protection field */
        [0x44] = 0x00,
    };
    u32 blocks = (u32)(bank_size(c) / CFI01_BLOCK) - 1;
    u32 block_256 = CFI01_BLOCK / CHIPS / 256;
    switch (word) {
    case 0x27: return bank_size(c) ? (u8)__builtin_ctzll(bank_size(c) / CHIPS) : 0;
    case 0x2d: return (u8)blocks;
    case 0x2e: return (u8)(blocks >> 8);
    case 0x2f: return (u8)block_256;
    case 0x30: return (u8)(block_256 >> 8);
    default: return word < sizeof fixed ? fixed[word] : 0;
    }
}

/* Device identifier (P30, table "Device Identifier Information"); blocks are unlocked. */
static u16 identifier(u64 word)
{
    switch (word % (CFI01_BLOCK / BUS_BYTES)) {
    case 0: return 0x89; /* Intel */
    case 1: return 0x18; /* as every driver of this board has seen */
    default: return 0;
    }
}

/* What each of the chips shows at a word, but for its array. */
static u16 answer(const struct cfi01 *c, u64 word)
{
    switch (c->s.mode) {
    case MODE_ID:    return identifier(word);
    case MODE_QUERY: return query(c, (u32)(word & 0xff));
    default:         return c->s.status;
    }
}

/* ---- commands ---- */

static void set(struct cfi01 *c, u8 mode, u8 step)
{
    c->s.mode = mode;
    c->s.step = step;
}

static void fail(struct cfi01 *c, u32 bits)
{
    c->s.status |= (u8)bits;
}

/* Both error bits: the sequence of commands was wrong (AP-646, status register). */
static void sequence_error(struct cfi01 *c, u32 val)
{
    guest_error(&c->dev, "%#x does not continue the command", val);
    fail(c, SR_ERASE_ERROR | SR_PROGRAM_ERROR);
    set(c, MODE_STATUS, STEP_COMMAND);
}

static void command(struct cfi01 *c, u32 val)
{
    switch (val & 0xff) {
    case 0x00: /* idle bus of probes, and the other vendors' reset */
    case 0xf0:
    case 0xff: set(c, MODE_ARRAY, STEP_COMMAND); break;
    case 0x90: set(c, MODE_ID, STEP_COMMAND); break;
    case 0x98: set(c, MODE_QUERY, STEP_COMMAND); break;
    case 0xb0: /* suspend and resume: nothing is ever running */
    case 0xd0:
    case 0x70: set(c, MODE_STATUS, STEP_COMMAND); break;
    case 0x50: c->s.status = SR_READY; break;
    case 0x10:
    case 0x40: set(c, MODE_STATUS, STEP_PROGRAM); break;
    case 0x20: set(c, MODE_STATUS, STEP_ERASE); break;
    case 0x60: set(c, MODE_STATUS, STEP_LOCK); break;
    case 0xc0: set(c, MODE_STATUS, STEP_PROTECT); break;
    case 0xe8: set(c, MODE_STATUS, STEP_COUNT_WORD); break;
    default:
        guest_error(&c->dev, "unknown command %#x", val);
        set(c, MODE_ARRAY, STEP_COMMAND);
    }
}

static void program_bytes(struct cfi01 *c, u64 off, u64 val, u32 size)
{
    set(c, MODE_STATUS, STEP_COMMAND);
    if (c->read_only) {
        fail(c, SR_PROGRAM_ERROR | SR_LOCKED);
        return;
    }
    for (u32 i = 0; i < size; i++)
        if (!program(c, off + i, (u8)(val >> 8 * i)))
            fail(c, SR_PROGRAM_ERROR);
}

static void erase_block(struct cfi01 *c, u64 off, u32 val)
{
    if ((val & 0xff) != 0xd0) {
        sequence_error(c, val);
        return;
    }
    set(c, MODE_STATUS, STEP_COMMAND);
    off = align_down(off, CFI01_BLOCK);
    if (c->read_only) {
        fail(c, SR_ERASE_ERROR | SR_LOCKED);
    } else if (off >= bank_size(c)) {
        fail(c, SR_ERASE_ERROR);
    } else {
        memset(c->obj->host + off, 0xff, CFI01_BLOCK);
        touched(c, off, off + CFI01_BLOCK);
    }
}

static void lock_block(struct cfi01 *c, u32 val)
{
    switch (val & 0xff) {
    case 0x01: /* lock, lock down, unlock, configuration register */
    case 0x2f:
    case 0xd0:
    case 0x03: set(c, MODE_STATUS, STEP_COMMAND); break;
    default: sequence_error(c, val);
    }
}

/* ---- buffered program: 0xe8, count - 1, that many accesses, 0xd0 ---- */

static void buffer_count(struct cfi01 *c, u32 val)
{
    if (val >= CHIP_BUFFER_WORDS) {
        sequence_error(c, val);
        return;
    }
    c->s.at = NO_ROW;
    c->s.left = val + 1;
    memset(c->s.buf, 0xff, sizeof c->s.buf);
    c->s.step = STEP_BUFFER;
}

/* The first word fixes the buffer-sized row that all the others must be in. */
static void buffer_bytes(struct cfi01 *c, u64 off, u64 val, u32 size)
{
    u64 row = align_down(off, CFI01_BUFFER);
    if (row >= bank_size(c) || (c->s.at != NO_ROW && c->s.at != row) || off - row + size > CFI01_BUFFER) {
        sequence_error(c, (u32)val);
        return;
    }
    c->s.at = (u32)row;
    for (u32 i = 0; i < size; i++)
        c->s.buf[off - row + i] &= (u8)(val >> 8 * i);
    if (!--c->s.left)
        c->s.step = STEP_CONFIRM;
}

static void buffer_confirm(struct cfi01 *c, u32 val)
{
    if ((val & 0xff) != 0xd0) {
        sequence_error(c, val);
        return;
    }
    set(c, MODE_STATUS, STEP_COMMAND);
    if (c->read_only) {
        fail(c, SR_PROGRAM_ERROR | SR_LOCKED);
        return;
    }
    for (u32 i = 0; i < CFI01_BUFFER; i++)
        if (c->s.buf[i] != 0xff && !program(c, (u64)c->s.at + i, c->s.buf[i]))
            fail(c, SR_PROGRAM_ERROR);
}

/* ---- the bus ---- */

/* An access of up to the bus' width; commands and counts come in the lowest lane, 16 bits wide. */
static void bus_write(struct cfi01 *c, u64 off, u64 val, u32 size)
{
    u32 word = (u32)val & 0xffff;
    switch (c->s.step) {
    case STEP_PROGRAM:    program_bytes(c, off, val, size); break;
    case STEP_ERASE:      erase_block(c, off, word); break;
    case STEP_LOCK:       lock_block(c, word); break;
    case STEP_COUNT_WORD: buffer_count(c, word); break;
    case STEP_BUFFER:     buffer_bytes(c, off, val, size); break;
    case STEP_CONFIRM:    buffer_confirm(c, word); break;
    case STEP_PROTECT: /* there are no protection registers to program */
        fail(c, SR_PROGRAM_ERROR);
        set(c, MODE_STATUS, STEP_COMMAND);
        break;
    default: command(c, word);
    }
}

/* Reads go straight to memory while the chips show their array. */
static void switch_region(struct cfi01 *c)
{
    struct physmap *p = c->dev.m ? &c->dev.m->map : NULL;
    for (u32 i = 0; p && i < p->region_count; i++)
        if (p->regions[i].opaque == &c->dev && p->regions[i].obj == c->obj)
            physmap_set_romd(p, &p->regions[i], c->s.mode == MODE_ARRAY);
}

static u64 cfi01_read(struct dev *d, u64 off, u32 size)
{
    struct cfi01 *c = self(d);
    u64 val = 0;
    for (u32 i = 0; i < size; i++) {
        u64 at = off + i;
        u8 byte = c->s.mode != MODE_ARRAY ? (u8)(answer(c, at / BUS_BYTES) >> 8 * (at & 1))
                  : at < bank_size(c)     ? c->obj->host[at]
                                          : 0xff;
        val |= (u64)byte << 8 * i;
    }
    return val;
}

static void cfi01_write(struct dev *d, u64 off, u64 val, u32 size)
{
    struct cfi01 *c = self(d);
    bus_write(c, off, val, MIN(size, BUS_BYTES));
    if (size > BUS_BYTES)
        bus_write(c, off + BUS_BYTES, val >> 32, BUS_BYTES);
    if (!write_back(c))
        fail(c, SR_PROGRAM_ERROR | SR_ERASE_ERROR);
    switch_region(c);
}

/* ---- the device ---- */

static void reset(struct dev *d)
{
    self(d)->s = (struct cfi01_state){ .mode = MODE_ARRAY, .step = STEP_COMMAND, .status = SR_READY };
    switch_region(self(d));
}

static void resumed(struct dev *d)
{
    switch_region(self(d));
}

static bool valid(const void *state, struct err *e)
{
    const struct cfi01_state *s = state;
    bool row = s->at == NO_ROW || s->at % CFI01_BUFFER == 0;
    return (s->mode < MODE_COUNT && s->step < STEP_END && s->left <= CHIP_BUFFER_WORDS && row
            && (s->step != STEP_BUFFER || s->left) && (!s->step || s->mode == MODE_STATUS))
           || err_set(e, "flash: mode %u, step %u, %u words left, row %#x", s->mode, s->step, s->left, s->at);
}

#define F(f) STATE(struct cfi01_state, f)
static const struct state_field cfi01_fields[] = {
    F(at), F(left), F(buf), F(mode), F(step), F(status), F(pad),
};
static const struct state_desc cfi01_desc = {
    .name = "cfi01",
    STATE_DESC(struct cfi01_state, 1, cfi01_fields),
    .valid = valid,
};

const struct dev_class cfi01_class = {
    .name = "cfi01",
    .state = &cfi01_desc,
    .state_offset = offsetof(struct cfi01, s),
    .size = sizeof(struct cfi01),
    .read = cfi01_read,
    .write = cfi01_write,
    .reset = reset,
    .resumed = resumed,
};

void cfi01_init(struct cfi01 *c, struct machine *m, const char *path, struct memobj *obj, struct block *block,
                bool read_only)
{
    CHECK(!obj || (is_pow2(obj->size) && obj->size >= CFI01_BLOCK));
    memset(c, 0, sizeof *c);
    c->obj = obj;
    c->block = block;
    c->read_only = read_only || (block && block->read_only);
    dev_attach(&c->dev, &cfi01_class, m, path);
}

bool cfi01_load(struct cfi01 *c, struct err *e)
{
    if (!c->block)
        return true;
    if (c->block->size > bank_size(c))
        return err_set(e, "%s: %llu bytes do not fit a flash bank of %llu", c->block->name,
                       (unsigned long long)c->block->size, (unsigned long long)bank_size(c));
    memset(c->obj->host + c->block->size, 0xff, bank_size(c) - c->block->size);
    return c->block->read(c->block, 0, c->obj->host, c->block->size, e);
}
