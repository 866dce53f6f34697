/*
 * virtio_input.h - virtio input devices: a keyboard, a mouse, a tablet.
 *
 * What they say of themselves is what QEMU's devices of these names say. Events that the driver has no buffers for
 * wait in a queue of the device; a report that does not fit is left out as a whole, but never the release of what is
 * down.
 *
 * Not modelled: serial numbers, several pointers or seats, force feedback, the effect of keyboard lights.
 */
#pragma once
#include "hw/input/input_port.h"
#include "hw/virtio/virtio.h"

#define VIRTIO_INPUT_QUEUE 256u
#define VIRTIO_INPUT_CODES 768u  /* of keys and buttons */

enum virtio_input_kind { VIRTIO_KEYBOARD, VIRTIO_MOUSE, VIRTIO_TABLET, VIRTIO_INPUT_KINDS };

struct virtio_input_state {
    struct virtio_state v;
    u64 queue[VIRTIO_INPUT_QUEUE];      /* type, code << 16, value << 32 */
    u32 head, count;
    u32 leds;                           /* a bit for each that is on (LED_NUML: 0, LED_CAPSL, LED_SCROLLL) */
    u8  select, subsel;
    u8  pad[2];
    u8  down[VIRTIO_INPUT_CODES / 8];   /* a bit for each code, as reported */
};

struct virtio_input {
    struct virtio             v;
    struct virtio_input_state s;
    enum virtio_input_kind    kind;
    struct input_port        *port;     /* or NULL */
};

extern const struct dev_class virtio_keyboard_class, virtio_mouse_class, virtio_tablet_class;
/* port: from where events come, borrowed; or NULL. */
void virtio_input_init(struct virtio_input *d, struct machine *m, const char *path, enum virtio_input_kind kind,
                       struct input_port *port);
/* An event of the kinds that the device takes. */
void virtio_input_event(struct virtio_input *d, const struct input_event *ev);

/* virtio_input_keys.c: Linux' code of a key; 0: it has none. */
u32 virtio_input_code(u32 key);
