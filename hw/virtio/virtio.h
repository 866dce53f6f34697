/*
 * virtio.h - what virtio devices, queues and transports share.
 *
 * Spec: Virtual I/O Device (VIRTIO) 1.2; section numbers are its own. A *device* (struct virtio: blk, console,
 * rng, gpu, input) holds status, features and queues; a *transport* (virtio_mmio) shows them to the guest in its registers.
 * The device calls changed() whenever the interrupt status changes; the transport calls the functions below.
 *
 * State: a device's state struct begins with struct virtio_state, its field table with VIRTIO_ROWS.
 * Everything in guest memory is hostile: whatever the rings say, work is bounded by the queue size, and a
 * queue that makes no sense stops the device (DEVICE_NEEDS_RESET, 2.1.1) and is a guest error.
 *
 * Not modelled: packed rings, queue reset, shared memory regions, in-order use, notification data.
 */
#pragma once
#include "vm/vm.h"

#define VIRTIO_QUEUES 4u      /* of any device */
#define VIRTQ_SIZE    256u    /* descriptors in a queue, at most */
#define VIRTQ_SEGS    512u    /* buffers in a chain, at most (indirect tables included) */

enum { VIRTIO_S_ACKNOWLEDGE = 1, VIRTIO_S_DRIVER = 2, VIRTIO_S_DRIVER_OK = 4, VIRTIO_S_FEATURES_OK = 8,
       VIRTIO_S_NEEDS_RESET = 64, VIRTIO_S_FAILED = 128 };          /* 2.1 */
enum { VIRTIO_ISR_QUEUE = 1, VIRTIO_ISR_CONFIG = 2 };               /* 4.2.2 */
#define VIRTIO_F_ANY_LAYOUT    (1ull << 27)                         /* 6.3, legacy */
#define VIRTIO_F_INDIRECT_DESC (1ull << 28)                         /* 6 */
#define VIRTIO_F_EVENT_IDX     (1ull << 29)
#define VIRTIO_F_VERSION_1     (1ull << 32)

struct virtio_state {
    u64 features;                     /* accepted by the driver so far */
    u64 desc[VIRTIO_QUEUES], avail[VIRTIO_QUEUES], used[VIRTIO_QUEUES]; /* guest-physical addresses */
    u32 status, isr;
    u32 ready;                        /* bit per queue */
    u32 broken;                       /* 1: a queue made no sense; nothing happens until reset */
    u16 num[VIRTIO_QUEUES];           /* size, a power of two */
    u16 last_avail[VIRTIO_QUEUES];    /* next avail entry to take */
    u16 used_idx[VIRTIO_QUEUES];      /* next used entry to fill */
    u16 signalled[VIRTIO_QUEUES];     /* used_idx when an interrupt was last decided */
};
/* clang-format off */
#define VIRTIO_ROWS(T)                                                                                    \
    STATE(T, v.features), STATE(T, v.desc), STATE(T, v.avail), STATE(T, v.used), STATE(T, v.status),      \
    STATE(T, v.isr), STATE(T, v.ready), STATE(T, v.broken), STATE(T, v.num), STATE(T, v.last_avail),      \
    STATE(T, v.used_idx), STATE(T, v.signalled)
/* clang-format on */

struct virtio;

struct virtio_ops {
    u32 device_id;                    /* section 5 */
    u32 queue_count;
    u64 features;                     /* beyond those that the queues give; NULL get_features: these */
    u64 (*get_features)(struct virtio *v);
    u32 config_size;
    void (*config)(struct virtio *v, u8 *out);                       /* fills config_size bytes */
    void (*config_write)(struct virtio *v, u32 off, u32 val, u32 size); /* NULL: read-only */
    void (*notify)(struct virtio *v, u32 q);                         /* there may be buffers in q */
    void (*reset)(struct virtio *v);                                 /* the driver's or power-on; own state */
    void (*running)(struct virtio *v);                               /* DRIVER_OK came or went, perhaps; or NULL */
    u32 pci_class;                    /* 0: that of its kind (virtio_pci.c) */
};
#define VIRTIO_CONFIG_MAX 136u
#define VIRTIO_Q_CONFIG   ~0u

struct virtio {                       /* first member of every virtio device */
    struct dev               dev;
    const struct virtio_ops *ops;
    void                   (*changed)(void *transport); /* isr or status changed */
    void                   (*vector)(void *transport, u32 q); /* a used buffer of queue q, or VIRTIO_Q_CONFIG: a change of
                                                         configuration, is worth an interrupt; NULL: isr tells */
    void                    *transport;
};

static inline struct virtio_state *virtio_state(struct virtio *v) { return dev_state(&v->dev); }
static inline bool virtio_has(struct virtio *v, u64 feature) { return virtio_state(v)->features & feature; }

/* ---- virtio.c: for transports ---- */
u64  virtio_features(struct virtio *v, bool legacy); /* offered */
/* Driver writes the status register (2.1); 0 resets. */
void virtio_set_status(struct virtio *v, u32 val, bool legacy);
u32  virtio_config_read(struct virtio *v, u32 off, u32 size);
void virtio_config_write(struct virtio *v, u32 off, u32 val, u32 size);
void virtio_notify(struct virtio *v, u32 q, bool legacy);
/* Starts or stops a queue whose size and addresses are set. */
void virtio_set_ready(struct virtio *v, u32 q, bool on);
/* What transports show in registers of their own, each for itself: 32 bits of the features that are offered, or accepted;
 * a queue that exists; one that is stopped too (a running one: guest error); its size; a half (at 0 or 32) of one of
 * its addresses in desc, avail or used; the legacy layout of a queue, one block at `at` (0: stops it; 2.7.2). */
u32  virtio_offered(struct virtio *v, u32 sel, bool legacy);
void virtio_accept(struct virtio *v, u32 sel, u32 val, bool legacy);
bool virtio_has_queue(struct virtio *v, u32 q);
bool virtio_is_stopped(struct virtio *v, u32 q);
void virtio_set_num(struct virtio *v, u32 q, u32 num);
void virtio_set_addr(struct virtio *v, u64 *addrs, u32 q, u32 at, u32 val);
void virtio_set_block(struct virtio *v, u32 q, u64 at, u64 align);
/* ---- for devices ---- */
void virtio_reset(struct virtio *v);   /* for dev_class.reset */
void virtio_resumed(struct virtio *v);
bool virtio_valid(const struct virtio_state *s, struct err *e);
void virtio_raise_queue(struct virtio *v, u32 q);
/* A queue makes no sense: guest error, and the device stops. */
void virtio_break(struct virtio *v, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ---- virtqueue.c ---- */

struct virtq_seg {
    gpa addr;
    u32 len;
};
/* A chain: what the device reads (out), then what it writes (in). */
struct virtq_chain {
    u16              head;
    u32              out_count, in_count;
    u32              out_len, in_len; /* bytes; a chain never has more than 4 GiB - 1 of both */
    struct virtq_seg seg[VIRTQ_SEGS]; /* out, then in */
};
/* The next chain without taking it; false: none, or the queue is broken. */
bool virtq_peek(struct virtio *v, u32 q, struct virtq_chain *c);
/* The same, and takes it. */
bool virtq_pop(struct virtio *v, u32 q, struct virtq_chain *c);
/* Gives a chain back with `written` bytes in its in part. */
void virtq_push(struct virtio *v, u32 q, u16 head, u32 written);
/* After one or more pushes: interrupts if the driver wants it (2.7.7, 2.7.10). */
void virtq_signal(struct virtio *v, u32 q);
/* Bytes of a chain's out part, or into its in part, from byte `off` on. Returns how many there were (less at
 * the end); memory that is not RAM breaks the device and gives 0. */
u32 virtq_read(struct virtio *v, const struct virtq_chain *c, u32 off, void *buf, u32 n);
u32 virtq_write(struct virtio *v, const struct virtq_chain *c, u32 off, const void *buf, u32 n);
