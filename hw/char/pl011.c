/*
 * pl011.c - Arm PrimeCell UART (PL011).
 *
 * Spec: PL011 TRM, DDI 0183G; section numbers below are its own. Transmission is instant and does not wait
 * for UARTEN and TXE: early consoles of kernels that no firmware started rely on a UART that just works.
 * Input waits on the host while RXE is off or the FIFO is full, so that only loopback can overrun. Not
 * modelled: DMA, IrDA, breaks, parity and framing errors, hardware flow control, modem lines outside loopback.
 */
#include "hw/char/pl011.h"
#include "hw/amba.h"
#include "hw/deadline.h"

enum { DR_OE = 1 << 11 };                                              /* 3.3.1 */
enum { FR_CTS = 1, FR_DSR = 2, FR_DCD = 4, FR_RXFE = 1 << 4, FR_RXFF = 1 << 6, FR_TXFE = 1 << 7, FR_RI = 1 << 8 };
enum { LCR_FEN = 1 << 4 };                                             /* 3.3.7 */
enum { CR_LBE = 1 << 7, CR_RXE = 1 << 9, CR_DTR = 1 << 10, CR_RTS = 1 << 11, CR_OUT1 = 1 << 12, CR_OUT2 = 1 << 13 };
enum { INT_RI = 1, INT_CTS = 2, INT_DCD = 4, INT_DSR = 8, INT_RX = 1 << 4, INT_TX = 1 << 5, INT_RT = 1 << 6,
       INT_OE = 1 << 10 };                                             /* 3.3.10 */

/* Revision 1 of part 0x011 by Arm (0x41): a 16-byte FIFO (3.3.14 to 3.3.21). */
static const u8 pl011_id[8] = { 0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

static struct pl011 *self(struct dev *d)
{
    return CONTAINER_OF(d, struct pl011, dev);
}

static void update_irq(struct dev *d)
{
    irq_set(&self(d)->irq, self(d)->s.ris & self(d)->s.imsc);
}

/* ---- receiving ---- */

static u32 rx_depth(const struct pl011_state *s)
{
    return s->lcr_h & LCR_FEN ? PL011_FIFO : 1;
}

static u32 rx_trigger(const struct pl011_state *s)
{
    static const u8 level[8] = { 2, 4, 8, 12, 14, 14, 14, 14 }; /* 3.3.9; the last three are reserved */
    return s->lcr_h & LCR_FEN ? level[s->ifls >> 3 & 7] : 1;
}

static void set_timeout(struct pl011 *u, u64 deadline)
{
    u->s.timeout = deadline;
    deadline_arm(&u->event, deadline);
}

/* 32 bit periods from now (2.8.1): a bit is 16 cycles of UARTCLK divided by IBRD + FBRD / 64. */
static void start_timeout(struct pl011 *u)
{
    u64 divisor = u->s.ibrd * 64ull + u->s.fbrd;
    u64 hz = u->clock_hz ? u->clock_hz : 24000000;
    set_timeout(u, dev_now(&u->dev) + 32 * 16 * MAX(divisor, 64) * 1000000000 / (64 * hz));
}

static void push_rx(struct pl011 *u, u16 ch)
{
    struct pl011_state *s = &u->s;
    if (s->rx_count >= rx_depth(s)) { /* the FIFO keeps its contents, the new character is lost (3.3.2) */
        s->rx[(s->rx_head + s->rx_count - 1) % PL011_FIFO] |= DR_OE;
        s->rsr |= DR_OE >> 8;
        s->ris |= INT_OE;
        return;
    }
    s->rx[(s->rx_head + s->rx_count++) % PL011_FIFO] = ch;
    if (s->rx_count >= rx_trigger(s))
        s->ris |= INT_RX;
    start_timeout(u);
}

static u32 receive(void *opaque, const u8 *p, u32 n)
{
    struct pl011 *u = opaque;
    if (!(u->s.cr & CR_RXE) || u->s.cr & CR_LBE)
        return 0;
    u32 taken = 0;
    while (taken < n && u->s.rx_count < rx_depth(&u->s))
        push_rx(u, p[taken++]);
    update_irq(&u->dev);
    return taken;
}

static void timed_out(void *opaque)
{
    struct pl011 *u = opaque;
    u->s.timeout = DEADLINE_NONE;
    if (u->s.rx_count)
        u->s.ris |= INT_RT;
    update_irq(&u->dev);
}

static u32 dr_read(struct dev *d)
{
    struct pl011 *u = self(d);
    struct pl011_state *s = &u->s;
    if (!s->rx_count)
        return 0;
    u16 ch = s->rx[s->rx_head];
    s->rx_head = (s->rx_head + 1) % PL011_FIFO;
    s->rx_count--;
    s->rsr = (s->rsr & DR_OE >> 8) | ch >> 8;
    if (s->rx_count < rx_trigger(s))
        s->ris &= ~(u32)INT_RX;
    if (s->rx_count) {
        start_timeout(u);
    } else {
        s->ris &= ~(u32)INT_RT;
        set_timeout(u, DEADLINE_NONE);
    }
    update_irq(d);
    return ch;
}

/* ---- sending ---- */

static void dr_write(struct dev *d, u32 val)
{
    struct pl011 *u = self(d);
    u8 byte = (u8)val;
    chr_write(u->chr, &byte, 1);
    if (u->s.cr & CR_LBE)
        push_rx(u, byte);
    u->s.ris |= INT_TX; /* the FIFO passed its trigger level on the way to empty (2.8.1) */
    update_irq(d);
}

/* ---- flags and control ---- */

/* Modem inputs: fed by the outputs in loopback (3.3.8, LBE), else inactive. */
static u32 modem(u32 cr)
{
    if (!(cr & CR_LBE))
        return 0;
    return (cr & CR_RTS ? FR_CTS : 0) | (cr & CR_DTR ? FR_DSR : 0) | (cr & CR_OUT1 ? FR_DCD : 0)
           | (cr & CR_OUT2 ? FR_RI : 0);
}

static u32 fr_read(struct dev *d)
{
    const struct pl011_state *s = &self(d)->s;
    return modem(s->cr) | FR_TXFE | (s->rx_count ? 0 : FR_RXFE) | (s->rx_count >= rx_depth(s) ? FR_RXFF : 0);
}

static u32 cr_read(struct dev *d)
{
    return self(d)->s.cr;
}
static void cr_write(struct dev *d, u32 val)
{
    struct pl011_state *s = &self(d)->s;
    u32 changed = modem(s->cr);
    s->cr = val & 0xff87;
    changed ^= modem(s->cr);
    s->ris |= (changed & FR_RI ? INT_RI : 0) | (changed & FR_CTS ? INT_CTS : 0) | (changed & FR_DCD ? INT_DCD : 0)
              | (changed & FR_DSR ? INT_DSR : 0);
    update_irq(d);
}

static u32 lcr_read(struct dev *d)
{
    return self(d)->s.lcr_h;
}
static void lcr_write(struct dev *d, u32 val)
{
    struct pl011_state *s = &self(d)->s;
    u32 changed = s->lcr_h ^ val;
    s->lcr_h = val & 0xff;
    if (changed & LCR_FEN) { /* characters do not survive the change between FIFO and holding register */
        s->rx_count = s->rx_head = 0;
        s->ris &= ~(u32)(INT_RX | INT_RT);
        set_timeout(self(d), DEADLINE_NONE);
    }
    update_irq(d);
}

static void ecr_write(struct dev *d, u32 val)
{
    (void)val; /* any value clears (3.3.2) */
    self(d)->s.rsr = 0;
}
static void imsc_write(struct dev *d, u32 val)
{
    (void)val;
    update_irq(d);
}
static u32 mis_read(struct dev *d)
{
    return self(d)->s.ris & self(d)->s.imsc;
}
static void icr_write(struct dev *d, u32 val)
{
    self(d)->s.ris &= ~val;
    update_irq(d);
}

#define AT(f) offsetof(struct pl011_state, f)
/* clang-format off */
static const struct reg pl011_regs[] = {
    /* offset storage    writable name         on read      on write             */
    { 0x000, REG_NONE,   0xff,    "UARTDR",    dr_read,     dr_write   }, /* 3.3.1  */
    { 0x004, AT(rsr),    0,       "UARTRSR",   NULL,        ecr_write  }, /* 3.3.2  */
    { 0x018, REG_NONE,   0,       "UARTFR",    fr_read,     NULL       }, /* 3.3.3  */
    { 0x020, AT(ilpr),   0xff,    "UARTILPR",  NULL,        NULL       }, /* 3.3.4  */
    { 0x024, AT(ibrd),   0xffff,  "UARTIBRD",  NULL,        NULL       }, /* 3.3.5  */
    { 0x028, AT(fbrd),   0x3f,    "UARTFBRD",  NULL,        NULL       }, /* 3.3.6  */
    { 0x02c, REG_NONE,   0xff,    "UARTLCR_H", lcr_read,    lcr_write  }, /* 3.3.7  */
    { 0x030, REG_NONE,   0xff87,  "UARTCR",    cr_read,     cr_write   }, /* 3.3.8  */
    { 0x034, AT(ifls),   0x3f,    "UARTIFLS",  NULL,        NULL       }, /* 3.3.9  */
    { 0x038, AT(imsc),   0x7ff,   "UARTIMSC",  NULL,        imsc_write }, /* 3.3.10 */
    { 0x03c, AT(ris),    0,       "UARTRIS",   NULL,        NULL       }, /* 3.3.11 */
    { 0x040, REG_NONE,   0,       "UARTMIS",   mis_read,    NULL       }, /* 3.3.12 */
    { 0x044, REG_NONE,   0x7ff,   "UARTICR",   NULL,        icr_write  }, /* 3.3.13 */
    { 0x048, AT(dmacr),  0x7,     "UARTDMACR", NULL,        NULL       }, /* 3.3.14 */
};
/* clang-format on */

static u64 other_read(struct dev *d, u64 off, u32 size)
{
    if (amba_id_has(off))
        return amba_id_read(pl011_id, off);
    guest_error(d, "read of %u bytes at %#llx: no such register", size, (unsigned long long)off);
    return 0;
}

static void resumed(struct dev *d)
{
    deadline_arm(&self(d)->event, self(d)->s.timeout);
    update_irq(d);
}

static void reset(struct dev *d)
{
    self(d)->s = (struct pl011_state){ .timeout = DEADLINE_NONE, .cr = 0x300, .ifls = 0x12 }; /* 3.2 */
    resumed(d);
}

static bool valid(const void *state, struct err *e)
{
    const struct pl011_state *s = state;
    return (s->rx_head < PL011_FIFO && s->rx_count <= PL011_FIFO)
           || err_set(e, "receive FIFO out of range: head %u, count %u", s->rx_head, s->rx_count);
}

#define F(f) STATE(struct pl011_state, f)
static const struct state_field pl011_fields[] = {
    F(timeout), F(rsr), F(ilpr), F(ibrd), F(fbrd), F(lcr_h), F(cr), F(ifls), F(imsc), F(ris), F(dmacr),
    F(rx_head), F(rx_count), F(rx),
};

static const struct state_desc pl011_desc = {
    .name = "pl011",
    STATE_DESC(struct pl011_state, 1, pl011_fields),
    .valid = valid,
};

const struct dev_class pl011_class = {
    .name = "pl011",
    .state = &pl011_desc,
    .state_offset = offsetof(struct pl011, s),
    .size = sizeof(struct pl011),
    .regs = pl011_regs,
    .reg_count = COUNT(pl011_regs),
    .read = other_read,
    .reset = reset,
    .resumed = resumed,
};

void pl011_init(struct pl011 *u, struct machine *m, const char *path, struct chr *chr, u32 clock_hz)
{
    *u = (struct pl011){ .chr = chr, .clock_hz = clock_hz };
    dev_attach(&u->dev, &pl011_class, m, path);
    deadline_init(&u->event, &u->dev, "uart receive timeout", timed_out);
    chr_set_receiver(chr, receive, u);
}
