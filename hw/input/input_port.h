/*
 * input_port.h - where input from the world enters a machine: a queue of events that the machine's devices see one
 * after the other, with the waits between them in virtual time.
 *
 * The board embeds the struct, calls input_port_init, and names the devices that take events. From here on input is
 * state of the machine: what a snapshot finds half played, the loaded machine plays to its end.
 */
#pragma once
#include "host/input.h"
#include "vm/vm.h"

#define INPUT_PORT_EVENTS 256u
#define INPUT_PORT_SINKS 40u

struct input_port_state {
    u64 due;                        /* deadline of the wait that is being played */
    u32 head, count;
    u32 what[INPUT_PORT_EVENTS];    /* kind, down << 8, code << 16 */
    u32 x[INPUT_PORT_EVENTS], y[INPUT_PORT_EVENTS];
};

/* A device that takes input. */
struct input_sink {
    u32   takes;                    /* 1 << INPUT_KEY and so on */
    void (*event)(void *opaque, const struct input_event *ev);
    void *opaque;
    bool (*ready)(void *opaque);    /* it has a driver; NULL: always */
};

struct input_port {
    struct dev              dev;
    struct input_port_state s;
    struct input_sink       sinks[INPUT_PORT_SINKS];
    u32                     sink_count;
    struct input           *in;     /* may be NULL */
    struct event            event;
};

extern const struct dev_class input_port_class;
void input_port_init(struct input_port *p, struct machine *m, const char *path, struct input *in);
/* Of several sinks that take a kind and are ready, the one named last gets it. */
void input_port_add(struct input_port *p, struct input_sink sink);
/* A sink's readiness has changed. */
void input_port_changed(struct input_port *p);
