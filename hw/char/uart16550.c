/*
 * uart16550.c - the serial port of a PC (16550A, with FIFOs).
 *
 * Spec: National PC16550D data sheet; section numbers below are its own. Characters are sent the moment they are
 * written, so the transmitter is always empty and each write raises its interrupt anew; the divisor only times the
 * receive timeout. Input waits on the host while the FIFO is full, so that only loopback can overrun. The other
 * side holds CTS, DSR and DCD. Not modelled: transmission time, DMA modes, breaks, parity and framing errors, word
 * lengths (eight bits pass), hardware flow control.
 */
#include "hw/char/uart16550.h"
#include "hw/deadline.h"
#include "hw/isa.h"

enum { R_DATA, R_IER, R_IIR, R_LCR, R_MCR, R_LSR, R_MSR, R_SCR, R_END };
enum { IER_RX = 1, IER_TX = 2, IER_LINE = 4, IER_MODEM = 8 };                         /* 8.7 */
enum { IIR_NONE = 1, IIR_MODEM = 0, IIR_TX = 2, IIR_RX = 4, IIR_LINE = 6, IIR_TIMEOUT = 12,
       IIR_FIFO = 0xc0 };                                                             /* 8.6 */
enum { FCR_ENABLE = 1, FCR_RX_RESET = 2, FCR_KEPT = 0xc9 };                           /* 8.5 */
enum { LCR_STOP = 4, LCR_PARITY = 8, LCR_DLAB = 0x80 };                               /* 8.1 */
enum { MCR_DTR = 1, MCR_RTS = 2, MCR_OUT1 = 4, MCR_OUT2 = 8, MCR_LOOP = 0x10 };       /* 8.8 */
enum { LSR_DR = 1, LSR_OE = 2, LSR_THRE = 0x20, LSR_TEMT = 0x40 };                    /* 8.4 */
enum { MSR_TERI = 4, MSR_CTS = 0x10, MSR_DSR = 0x20, MSR_RI = 0x40, MSR_DCD = 0x80, MSR_LEVELS = 0xf0 }; /* 8.9 */
#define CLOCK_HZ 1843200u

static struct uart16550 *self(struct dev *d)
{
    return CONTAINER_OF(d, struct uart16550, dev);
}

/* ---- interrupts ---- */

static bool has_fifo(const struct uart16550_state *s)
{
    return s->fcr & FCR_ENABLE;
}
static u32 rx_depth(const struct uart16550_state *s)
{
    return has_fifo(s) ? UART16550_FIFO : 1;
}
static u32 rx_trigger(const struct uart16550_state *s)
{
    static const u8 level[4] = { 1, 4, 8, 14 };
    return has_fifo(s) ? level[s->fcr >> 6] : 1;
}

/* What is reported first, in order of priority. */
static u8 cause(const struct uart16550_state *s)
{
    if (s->ier & IER_LINE && s->lsr & LSR_OE)
        return IIR_LINE;
    if (s->ier & IER_RX && s->rx_count >= rx_trigger(s))
        return IIR_RX;
    if (s->ier & IER_RX && s->late)
        return IIR_TIMEOUT;
    if (s->ier & IER_TX && s->thre)
        return IIR_TX;
    return s->ier & IER_MODEM && s->msr & ~MSR_LEVELS ? IIR_MODEM : IIR_NONE;
}

/* In loopback the OUT2 pin is off. */
static void update_irq(struct uart16550 *u)
{
    bool open = !u->out2_gates || (u->s.mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2;
    irq_set(&u->irq, open && cause(&u->s) != IIR_NONE);
}

/* ---- receiving ---- */

static void set_timeout(struct uart16550 *u, u64 deadline)
{
    u->s.timeout = deadline;
    deadline_arm(&u->event, deadline);
}

/* Four characters from now (8.11): start, data, parity and stop bits of 16 clocks by the divisor. */
static void restart_timeout(struct uart16550 *u)
{
    const struct uart16550_state *s = &u->s;
    u64 bits = 1 + 5 + (s->lcr & 3) + !!(s->lcr & LCR_PARITY) + 1 + !!(s->lcr & LCR_STOP);
    u->s.late = 0;
    if (!has_fifo(s) || !s->rx_count)
        set_timeout(u, DEADLINE_NONE);
    else
        set_timeout(u, dev_now(&u->dev) + 4 * bits * 16 * MAX(s->divisor, 1) * 1000000000ull / CLOCK_HZ);
}

static void timed_out(void *opaque)
{
    struct uart16550 *u = self(opaque);
    u->s.timeout = DEADLINE_NONE;
    u->s.late = u->s.rx_count > 0;
    update_irq(u);
}

static void drop_rx(struct uart16550 *u)
{
    u->s.rx_head = u->s.rx_count = 0;
    restart_timeout(u);
}

/* A full FIFO keeps what it has; without FIFOs the newest character stays (8.4). */
static void push_rx(struct uart16550 *u, u8 ch)
{
    struct uart16550_state *s = &u->s;
    if (s->rx_count >= rx_depth(s)) {
        s->lsr |= LSR_OE;
        if (!has_fifo(s))
            s->rx[s->rx_head] = ch;
        return;
    }
    s->rx[(s->rx_head + s->rx_count++) % UART16550_FIFO] = ch;
    restart_timeout(u);
}

static u32 receive(void *opaque, const u8 *p, u32 n)
{
    struct uart16550 *u = opaque;
    u32 taken = 0;
    if (u->s.mcr & MCR_LOOP)
        return 0;
    while (taken < n && u->s.rx_count < rx_depth(&u->s))
        push_rx(u, p[taken++]);
    update_irq(u);
    return taken;
}

static u8 rbr_read(struct uart16550 *u)
{
    struct uart16550_state *s = &u->s;
    u8 ch = s->rx[s->rx_head];
    if (!s->rx_count)
        return has_fifo(s) ? 0 : ch;
    if (has_fifo(s))
        s->rx_head = (s->rx_head + 1) % UART16550_FIFO;
    s->rx_count--;
    restart_timeout(u);
    update_irq(u);
    return ch;
}

/* ---- sending ---- */

static void thr_write(struct uart16550 *u, u8 val)
{
    u->s.thre = 0;
    update_irq(u);
    if (u->s.mcr & MCR_LOOP)
        push_rx(u, val);
    else
        chr_write(u->chr, &val, 1);
    u->s.thre = 1; /* an edge, where the interrupt was high before */
    update_irq(u);
}

/* ---- modem lines ---- */

static u8 modem_inputs(const struct uart16550_state *s)
{
    if (!(s->mcr & MCR_LOOP))
        return MSR_CTS | MSR_DSR | MSR_DCD;
    return (s->mcr & MCR_RTS ? MSR_CTS : 0) | (s->mcr & MCR_DTR ? MSR_DSR : 0) | (s->mcr & MCR_OUT1 ? MSR_RI : 0)
           | (s->mcr & MCR_OUT2 ? MSR_DCD : 0);
}

static void mcr_write(struct uart16550 *u, u8 val)
{
    struct uart16550_state *s = &u->s;
    u8 old = s->msr & MSR_LEVELS;
    s->mcr = val & 0x1f;
    u8 now = modem_inputs(s), changed = old ^ now;
    u8 deltas = changed >> 4 & (u8)~MSR_TERI;
    if (old & ~now & MSR_RI) /* only the end of ringing is told */
        deltas |= MSR_TERI;
    s->msr = now | (s->msr & (u8)~MSR_LEVELS) | deltas;
    update_irq(u);
}

/* ---- registers ---- */

static u8 lsr_read(struct uart16550 *u)
{
    u8 val = u->s.lsr | (u->s.rx_count ? LSR_DR : 0) | LSR_THRE | LSR_TEMT;
    u->s.lsr = 0;
    update_irq(u);
    return val;
}

static u8 msr_read(struct uart16550 *u)
{
    u8 val = u->s.msr;
    u->s.msr &= MSR_LEVELS;
    update_irq(u);
    return val;
}

/* Reading takes the report of an empty transmitter back, if it is what is read (8.6). */
static u8 iir_read(struct uart16550 *u)
{
    u8 val = cause(&u->s);
    if (val == IIR_TX)
        u->s.thre = 0;
    update_irq(u);
    return val | (has_fifo(&u->s) ? IIR_FIFO : 0);
}

/* Turning its interrupt on reports an empty transmitter again. */
static void ier_write(struct uart16550 *u, u8 val)
{
    if (val & ~u->s.ier & IER_TX)
        u->s.thre = 1;
    u->s.ier = val & 0xf;
    update_irq(u);
}

/* Other bits count only together with bit 0; changing that one empties the FIFOs (8.5). */
static void fcr_write(struct uart16550 *u, u8 val)
{
    bool changed = (val ^ u->s.fcr) & FCR_ENABLE;
    u->s.fcr = val & FCR_ENABLE ? val & FCR_KEPT : 0;
    if (changed || (val & FCR_ENABLE && val & FCR_RX_RESET))
        drop_rx(u);
    update_irq(u);
}

static u8 byte_read(struct dev *d, u64 off)
{
    struct uart16550 *u = self(d);
    bool dlab = u->s.lcr & LCR_DLAB;
    switch (off) {
    case R_DATA: return dlab ? (u8)u->s.divisor : rbr_read(u);
    case R_IER: return dlab ? u->s.divisor >> 8 : u->s.ier;
    case R_IIR: return iir_read(u);
    case R_LCR: return u->s.lcr;
    case R_MCR: return u->s.mcr;
    case R_LSR: return lsr_read(u);
    case R_MSR: return msr_read(u);
    case R_SCR: return u->s.scr;
    default: break;
    }
    guest_error(d, "read at %#llx: no such register", (unsigned long long)off);
    return 0;
}

static void byte_write(struct dev *d, u64 off, u8 val)
{
    struct uart16550 *u = self(d);
    bool dlab = u->s.lcr & LCR_DLAB;
    if (off == R_DATA && dlab)
        u->s.divisor = (u->s.divisor & 0xff00) | val;
    else if (off == R_IER && dlab)
        u->s.divisor = (u16)((u->s.divisor & 0xff) | val << 8);
    else if (off == R_DATA)
        thr_write(u, val);
    else if (off == R_IER)
        ier_write(u, val);
    else if (off == R_IIR)
        fcr_write(u, val);
    else if (off == R_LCR)
        u->s.lcr = val;
    else if (off == R_MCR)
        mcr_write(u, val);
    else if (off == R_SCR)
        u->s.scr = val;
    else
        guest_error(d, "write of %#x at %#llx: %s register", val, (unsigned long long)off,
                    off < R_END ? "read-only" : "no such");
}

static u64 uart16550_read(struct dev *d, u64 off, u32 size)
{
    return isa_read(d, off, size, byte_read);
}
static void uart16550_write(struct dev *d, u64 off, u64 val, u32 size)
{
    isa_write(d, off, val, size, byte_write);
}

/* ---- the device ---- */

static void resumed(struct dev *d)
{
    deadline_arm(&self(d)->event, self(d)->s.timeout);
    update_irq(self(d));
}

static void reset(struct dev *d)
{
    struct uart16550_state *s = &self(d)->s;
    *s = (struct uart16550_state){ .timeout = DEADLINE_NONE, .divisor = 12 };
    s->msr = modem_inputs(s);
    resumed(d);
}

static bool valid(const void *state, struct err *e)
{
    const struct uart16550_state *s = state;
    if (s->rx_head >= UART16550_FIFO || s->rx_count > UART16550_FIFO)
        return err_set(e, "receive FIFO out of range: %u characters from %u", s->rx_count, s->rx_head);
    return (s->ier < 0x10 && s->mcr < 0x20 && !(s->fcr & ~FCR_KEPT) && !(s->lsr & ~LSR_OE) && s->thre <= 1
            && s->late <= (s->rx_count > 0))
           || err_set(e, "registers out of range: IER %#x, MCR %#x, FCR %#x, LSR %#x", s->ier, s->mcr, s->fcr,
                      s->lsr);
}

#define F(f) STATE(struct uart16550_state, f)
static const struct state_field uart16550_fields[] = {
    F(timeout), F(divisor), F(ier), F(fcr), F(lcr), F(mcr), F(msr), F(scr), F(lsr), F(thre), F(late), F(rx_head),
    F(rx_count), F(rx), F(pad),
};
static const struct state_desc uart16550_desc = {
    .name = "uart16550", STATE_DESC(struct uart16550_state, 1, uart16550_fields), .valid = valid,
};

const struct dev_class uart16550_class = {
    .name = "uart16550", .state = &uart16550_desc, .state_offset = offsetof(struct uart16550, s),
    .size = sizeof(struct uart16550), .read = uart16550_read, .write = uart16550_write, .reset = reset,
    .resumed = resumed,
};

void uart16550_init(struct uart16550 *u, struct machine *m, const char *path, struct chr *chr, bool out2_gates)
{
    *u = (struct uart16550){ .chr = chr, .out2_gates = out2_gates };
    dev_attach(&u->dev, &uart16550_class, m, path);
    deadline_init(&u->event, &u->dev, "uart16550.timeout", timed_out);
    chr_set_receiver(chr, receive, u);
}
