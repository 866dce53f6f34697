/*
 * input_port.c - where input from the world enters a machine; see input_port.h.
 *
 * No guest sees it. A reset of the machine leaves it alone: fingers stay on keys.
 */
#include "hw/input/input_port.h"
#include "hw/deadline.h"

static struct input_port *self(struct dev *d)
{
    return CONTAINER_OF(d, struct input_port, dev);
}

static const struct input_sink *find_sink(const struct input_port *p, u32 kind)
{
    for (const struct input_sink *s = p->sinks + p->sink_count; s-- > p->sinks;)
        if (s->takes >> kind & 1 && (!s->ready || s->ready(s->opaque)))
            return s;
    return NULL;
}

static void hand_over(struct input_port *p, const struct input_event *ev)
{
    const struct input_sink *s = find_sink(p, ev->kind);
    if (s)
        s->event(s->opaque, ev);
}

static struct input_event unpack(const struct input_port_state *s)
{
    u32 what = s->what[s->head];
    return (struct input_event){ (u8)what, what >> 8 & 1, (u16)(what >> 16), (i32)s->x[s->head], (i32)s->y[s->head] };
}

/* Events up to the next wait. */
static void play(struct input_port *p)
{
    struct input_port_state *s = &p->s;
    while (s->count && s->due == DEADLINE_NONE) {
        struct input_event ev = unpack(s);
        s->head = (s->head + 1) % INPUT_PORT_EVENTS;
        s->count--;
        if (ev.kind == INPUT_WAIT)
            s->due = dev_now(&p->dev) + (u64)MAX(ev.x, 0) * 1000;
        else
            hand_over(p, &ev);
    }
    deadline_arm(&p->event, s->due);
}

static void waited(void *opaque)
{
    self(opaque)->s.due = DEADLINE_NONE;
    play(self(opaque));
}

static u32 receive(void *opaque, const struct input_event *ev, u32 n)
{
    struct input_port *p = opaque;
    struct input_port_state *s = &p->s;
    u32 taken = 0;
    for (; taken < n && s->count < INPUT_PORT_EVENTS; taken++, ev++) {
        u32 at = (s->head + s->count++) % INPUT_PORT_EVENTS;
        s->what[at] = ev->kind | (u32)ev->down << 8 | (u32)ev->code << 16;
        s->x[at] = (u32)ev->x;
        s->y[at] = (u32)ev->y;
    }
    play(p);
    return taken;
}

void input_port_add(struct input_port *p, struct input_sink sink)
{
    CHECK(p->sink_count < INPUT_PORT_SINKS);
    p->sinks[p->sink_count++] = sink;
    input_port_changed(p);
}

void input_port_changed(struct input_port *p)
{
    input_set_absolute(p->in, find_sink(p, INPUT_ABS));
}

/* ---- the device ---- */

static void reset(struct dev *d)
{
    deadline_arm(&self(d)->event, self(d)->s.due);
}

static bool valid(const void *state, struct err *e)
{
    const struct input_port_state *s = state;
    if (s->head >= INPUT_PORT_EVENTS || s->count > INPUT_PORT_EVENTS)
        return err_set(e, "queue out of range: %u events from %u", s->count, s->head);
    for (u32 i = 0; i < s->count; i++) {
        u32 what = s->what[(s->head + i) % INPUT_PORT_EVENTS];
        if ((what & 0xff) >= INPUT_KINDS || (what >> 8 & 0xff) > 1)
            return err_set(e, "event %#x out of range", what);
    }
    return true;
}

#define F(f) STATE(struct input_port_state, f)
static const struct state_field fields[] = { F(due), F(head), F(count), F(what), F(x), F(y) };
static const struct state_desc desc = {
    .name = "input_port", STATE_DESC(struct input_port_state, 1, fields), .valid = valid,
};

const struct dev_class input_port_class = {
    .name = "input_port", .state = &desc, .state_offset = offsetof(struct input_port, s),
    .size = sizeof(struct input_port), .reset = reset, .resumed = reset,
};

void input_port_init(struct input_port *p, struct machine *m, const char *path, struct input *in)
{
    *p = (struct input_port){ .s.due = DEADLINE_NONE, .in = in };
    dev_attach(&p->dev, &input_port_class, m, path);
    deadline_init(&p->event, &p->dev, "input_port", waited);
    input_set_receiver(in, receive, p);
}
