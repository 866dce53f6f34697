/*
 * cfi01.c - NOR flash with Intel's command set: two 16-bit chips on a 32-bit bus.
 *
 * Spec: JESD68.01 (CFI query), Intel "Common Flash Interface and Command Sets" (AP-646) with command set 0001,
 * and the StrataFlash P30 datasheet for what they leave open. Each chip has its own state: a 32-bit write gives
 * each one its half. Bits only ever go from 1 to 0 but by erasing. Reads of a byte lane see that lane.
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
enum { BUS_BYTES = 4, CHIP_BYTES = 2 };
enum { CHIP_BLOCK_WORDS = CFI01_BLOCK / BUS_BYTES };
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

static u8 *word_at(struct cfi01 *c, u32 chip, u64 word)
{
    u64 at = word * BUS_BYTES + chip * CHIP_BYTES;
    return at + CHIP_BYTES <= bank_size(c) ? c->obj->host + at : NULL;
}

static void touched(struct cfi01 *c, u64 from, u64 to)
{
    if (c->dirty_from == c->dirty_to)
        c->dirty_from = from, c->dirty_to = to;
    c->dirty_from = MIN(c->dirty_from, from);
    c->dirty_to = MAX(c->dirty_to, to);
}

static bool store(struct cfi01 *c, u32 chip, u64 word, u16 val)
{
    u8 *p = word_at(c, chip, word);
    if (!p)
        return false;
    store_le16(p, val);
    touched(c, word * BUS_BYTES, (word + 1) * BUS_BYTES);
    return true;
}

static bool program(struct cfi01 *c, u32 chip, u64 word, u16 val)
{
    const u8 *p = word_at(c, chip, word);
    return p && store(c, chip, word, load_le16(p) & val);
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
    u32 block_256 = CFI01_BLOCK / CFI01_CHIPS / 256;
    switch (word) {
    case 0x27: return bank_size(c) ? (u8)__builtin_ctzll(bank_size(c) / CFI01_CHIPS) : 0;
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
    switch (word % CHIP_BLOCK_WORDS) {
    case 0: return 0x89; /* Intel */
    case 1: return 0x18; /* as every driver of this board has seen */
    default: return 0;
    }
}

static u16 chip_read(struct cfi01 *c, u32 chip, u64 word)
{
    const u8 *p = word_at(c, chip, word);
    switch (c->s.mode[chip]) {
    case MODE_ID:     return identifier(word);
    case MODE_QUERY:  return query(c, (u32)(word & 0xff));
    case MODE_STATUS: return c->s.status[chip];
    default:          return p ? load_le16(p) : 0xffff;
    }
}

/* ---- commands ---- */

static void set(struct cfi01 *c, u32 chip, u8 mode, u8 step)
{
    c->s.mode[chip] = mode;
    c->s.step[chip] = step;
}

static void fail(struct cfi01 *c, u32 chip, u32 bits)
{
    c->s.status[chip] |= (u8)bits;
}

/* Both error bits: the sequence of commands was wrong (AP-646, status register). */
static void sequence_error(struct cfi01 *c, u32 chip, u16 val)
{
    guest_error(&c->dev, "chip %u: %#x does not continue the command", chip, val);
    fail(c, chip, SR_ERASE_ERROR | SR_PROGRAM_ERROR);
    set(c, chip, MODE_STATUS, STEP_COMMAND);
}

static void command(struct cfi01 *c, u32 chip, u16 val)
{
    switch (val & 0xff) {
    case 0x00: /* idle bus of probes, and the other vendors' reset */
    case 0xf0:
    case 0xff: set(c, chip, MODE_ARRAY, STEP_COMMAND); break;
    case 0x90: set(c, chip, MODE_ID, STEP_COMMAND); break;
    case 0x98: set(c, chip, MODE_QUERY, STEP_COMMAND); break;
    case 0xb0: /* suspend and resume: nothing is ever running */
    case 0xd0:
    case 0x70: set(c, chip, MODE_STATUS, STEP_COMMAND); break;
    case 0x50: c->s.status[chip] = SR_READY; break;
    case 0x10:
    case 0x40: set(c, chip, MODE_STATUS, STEP_PROGRAM); break;
    case 0x20: set(c, chip, MODE_STATUS, STEP_ERASE); break;
    case 0x60: set(c, chip, MODE_STATUS, STEP_LOCK); break;
    case 0xc0: set(c, chip, MODE_STATUS, STEP_PROTECT); break;
    case 0xe8: set(c, chip, MODE_STATUS, STEP_COUNT_WORD); break;
    default:
        guest_error(&c->dev, "chip %u: unknown command %#x", chip, val);
        set(c, chip, MODE_ARRAY, STEP_COMMAND);
    }
}

static void program_word(struct cfi01 *c, u32 chip, u64 word, u16 val)
{
    set(c, chip, MODE_STATUS, STEP_COMMAND);
    if (c->read_only)
        fail(c, chip, SR_PROGRAM_ERROR | SR_LOCKED);
    else if (!program(c, chip, word, val))
        fail(c, chip, SR_PROGRAM_ERROR);
}

static void erase_block(struct cfi01 *c, u32 chip, u64 word, u16 val)
{
    if ((val & 0xff) != 0xd0) {
        sequence_error(c, chip, val);
        return;
    }
    set(c, chip, MODE_STATUS, STEP_COMMAND);
    if (c->read_only) {
        fail(c, chip, SR_ERASE_ERROR | SR_LOCKED);
        return;
    }
    word = align_down(word, CHIP_BLOCK_WORDS);
    for (u32 i = 0; i < CHIP_BLOCK_WORDS; i++)
        if (!store(c, chip, word + i, 0xffff))
            fail(c, chip, SR_ERASE_ERROR);
}

static void lock_block(struct cfi01 *c, u32 chip, u16 val)
{
    switch (val & 0xff) {
    case 0x01: /* lock, lock down, unlock, configuration register */
    case 0x2f:
    case 0xd0:
    case 0x03: set(c, chip, MODE_STATUS, STEP_COMMAND); break;
    default: sequence_error(c, chip, val);
    }
}

/* ---- buffered program: 0xe8, count - 1, that many words, 0xd0 ---- */

static void buffer_count(struct cfi01 *c, u32 chip, u16 val)
{
    if (val >= CFI01_BUFFER) {
        sequence_error(c, chip, val);
        return;
    }
    c->s.at[chip] = NO_ROW;
    c->s.left[chip] = val + 1u;
    memset(c->s.buf + chip * CFI01_BUFFER, 0xff, CFI01_BUFFER * sizeof c->s.buf[0]);
    c->s.step[chip] = STEP_BUFFER;
}

/* The first word fixes the buffer-sized row that all the others must be in. */
static void buffer_word(struct cfi01 *c, u32 chip, u64 word, u16 val)
{
    u32 row = (u32)align_down(word, CFI01_BUFFER);
    if (c->s.at[chip] == NO_ROW)
        c->s.at[chip] = row;
    if (c->s.at[chip] != row) {
        sequence_error(c, chip, val);
        return;
    }
    c->s.buf[chip * CFI01_BUFFER + word % CFI01_BUFFER] &= val;
    if (!--c->s.left[chip])
        c->s.step[chip] = STEP_CONFIRM;
}

static void buffer_confirm(struct cfi01 *c, u32 chip, u16 val)
{
    const u16 *buf = c->s.buf + chip * CFI01_BUFFER;
    if ((val & 0xff) != 0xd0) {
        sequence_error(c, chip, val);
        return;
    }
    set(c, chip, MODE_STATUS, STEP_COMMAND);
    if (c->read_only) {
        fail(c, chip, SR_PROGRAM_ERROR | SR_LOCKED);
        return;
    }
    for (u32 i = 0; i < CFI01_BUFFER; i++)
        if (buf[i] != 0xffff && !program(c, chip, (u64)c->s.at[chip] + i, buf[i]))
            fail(c, chip, SR_PROGRAM_ERROR);
}

/* ---- the bus ---- */

static void chip_write(struct cfi01 *c, u32 chip, u64 word, u16 val)
{
    switch (c->s.step[chip]) {
    case STEP_PROGRAM:    program_word(c, chip, word, val); break;
    case STEP_ERASE:      erase_block(c, chip, word, val); break;
    case STEP_LOCK:       lock_block(c, chip, val); break;
    case STEP_COUNT_WORD: buffer_count(c, chip, val); break;
    case STEP_BUFFER:     buffer_word(c, chip, word, val); break;
    case STEP_CONFIRM:    buffer_confirm(c, chip, val); break;
    case STEP_PROTECT: /* there are no protection registers to program */
        fail(c, chip, SR_PROGRAM_ERROR);
        set(c, chip, MODE_STATUS, STEP_COMMAND);
        break;
    default: command(c, chip, val);
    }
}

/* Reads go straight to memory while all chips show their array. */
static void switch_region(struct cfi01 *c)
{
    bool array = c->s.mode[0] == MODE_ARRAY && c->s.mode[1] == MODE_ARRAY;
    struct physmap *p = c->dev.m ? &c->dev.m->map : NULL;
    for (u32 i = 0; p && i < p->region_count; i++)
        if (p->regions[i].opaque == &c->dev && p->regions[i].obj == c->obj)
            physmap_set_romd(p, &p->regions[i], array);
}

static u64 cfi01_read(struct dev *d, u64 off, u32 size)
{
    u64 val = 0;
    for (u32 i = 0; i < size; i++) {
        u64 at = off + i;
        u16 w = chip_read(self(d), at / CHIP_BYTES % CFI01_CHIPS, at / BUS_BYTES);
        val |= (u64)(at & 1 ? w >> 8 : w & 0xff) << 8 * i;
    }
    return val;
}

/* A lane that the access leaves out floats high: it programs nothing. */
static void cfi01_write(struct dev *d, u64 off, u64 val, u32 size)
{
    struct cfi01 *c = self(d);
    for (u64 at = off & ~1ull; at < off + size; at += CHIP_BYTES) {
        u32 lo = at >= off ? (u32)(val >> 8 * (at - off)) & 0xff : 0xff;
        u32 hi = at + 1 < off + size ? (u32)(val >> 8 * (at + 1 - off)) & 0xff : 0xff;
        chip_write(c, at / CHIP_BYTES % CFI01_CHIPS, at / BUS_BYTES, (u16)(lo | hi << 8));
    }
    if (!write_back(c))
        for (u32 i = 0; i < CFI01_CHIPS; i++)
            fail(c, i, SR_PROGRAM_ERROR | SR_ERASE_ERROR);
    switch_region(c);
}

/* ---- the device ---- */

static void reset(struct dev *d)
{
    struct cfi01 *c = self(d);
    memset(&c->s, 0, sizeof c->s);
    for (u32 i = 0; i < CFI01_CHIPS; i++)
        c->s.status[i] = SR_READY;
    switch_region(c);
}

static void resumed(struct dev *d)
{
    switch_region(self(d));
}

static bool valid(const void *state, struct err *e)
{
    const struct cfi01_state *s = state;
    for (u32 i = 0; i < CFI01_CHIPS; i++) {
        bool buffering = s->step[i] == STEP_BUFFER;
        if (s->mode[i] >= MODE_COUNT || s->step[i] >= STEP_END || s->left[i] > CFI01_BUFFER
            || (buffering && !s->left[i]) || (s->step[i] && s->mode[i] != MODE_STATUS))
            return err_set(e, "flash chip %u: mode %u, step %u, %u words left", i, s->mode[i], s->step[i],
                           s->left[i]);
    }
    return true;
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
