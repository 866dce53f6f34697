/*
 * i8237.h - the two cascaded 8237A DMA controllers of a PC/AT and their page registers.
 *
 * Channels 0 to 3 move bytes, 5 to 7 words of 16 bits; channel 4 carries the requests of the first four, which get
 * through only while it is unmasked and in cascade mode. The board embeds the struct, calls i8237_init, maps dev_mmio
 * over the 16 ports of the first controller and the mmio_ops below over the others, wires each device's request line
 * to i8237_dreq and names its transfer function with i8237_connect.
 *
 * A device raises its request line when it wants a transfer. The controller calls `transfer` for as long as the line
 * is up, the channel is open, and the device moves anything: from the call that raises the line, and from the
 * register write that opens the channel. A device that is not served waits; how long is its own affair.
 */
#pragma once
#include "vm/vm.h"

#define I8237_CHIPS    2u
#define I8237_CHANNELS 8u

/* What a cycle does on the bus; DMA_VERIFY: only addresses and counts move. */
enum dma_cycle { DMA_VERIFY, DMA_TO_MEMORY, DMA_TO_DEVICE };

struct dma_device {
    void *opaque;
    /* Moves up to n bytes, a multiple of the channel's width, from p to the device or from the device to p (what is
     * there stays where it gives none); returns how many. last: the count ends (TC) with byte n. */
    u32 (*transfer)(void *opaque, enum dma_cycle cycle, u8 *p, u32 n, bool last);
};

struct i8237_state {
    u16 base_addr[I8237_CHANNELS], base_count[I8237_CHANNELS];
    u16 addr[I8237_CHANNELS], count[I8237_CHANNELS];
    u8  mode[I8237_CHANNELS];     /* bits 7:2 */
    u8  page[16];                 /* by port */
    u8  dreq;                     /* request lines, by channel */
    u8  soft;                     /* requests by software */
    u8  mask;
    u8  tc;                       /* counts that ended since the status was read */
    u8  command[I8237_CHIPS];
    u8  high[I8237_CHIPS];        /* the flip-flop: the next byte is the high one */
};

struct i8237 {
    struct dev         dev;
    struct i8237_state s;
    struct dma_device  device[I8237_CHANNELS];
    bool               busy, again; /* serving: calls that come from there do not nest, but count */
};

extern const struct dev_class i8237_class;
/* 32 ports of the second controller, a register every two; 16 ports of page registers. */
extern const struct mmio_ops i8237_second_mmio, i8237_page_mmio;

void i8237_init(struct i8237 *d, struct machine *m, const char *path);
struct irq_line i8237_dreq(struct i8237 *d, u32 channel);
void i8237_connect(struct i8237 *d, u32 channel, struct dma_device device);
