/* virtio_gpu.c - the virtio graphics device: queues, configuration, state; not modelled: see virtio_gpu.h. */
#include "hw/deadline.h"
#include "hw/virtio/virtio_gpu_internal.h"
#include <stdio.h>
#include <string.h>

enum { CONTROLQ, CURSORQ };                     /* 5.7.2 */
enum { F_EDID = 1 << 1 };                       /* 5.7.3 */
enum { LATENCY_NS = 2000, GAP_NS = 500 };       /* of a request that finds the device idle; behind others */

static struct virtio_gpu *self(struct virtio *v)
{
    return CONTAINER_OF(v, struct virtio_gpu, v);
}

/* ---- queues ---- */

static void schedule(struct virtio_gpu *g, struct virtq_chain *c, u64 ns)
{
    g->s.deadline = DEADLINE_NONE;
    if (virtq_peek(&g->v, CONTROLQ, c))
        g->s.deadline = dev_now(&g->v.dev) + ns + gpu_cost(g, c);
    if (g->s.v.broken)
        g->s.deadline = DEADLINE_NONE;
    deadline_arm(&g->event, g->s.deadline);
}

static void due(void *opaque)
{
    struct virtio_gpu *g = opaque;
    struct virtq_chain c;
    g->s.deadline = DEADLINE_NONE;
    if (!virtq_pop(&g->v, CONTROLQ, &c))
        return;
    virtq_push(&g->v, CONTROLQ, c.head, gpu_control(g, &c));
    virtq_signal(&g->v, CONTROLQ);
    schedule(g, &c, GAP_NS);
}

static void notify(struct virtio *v, u32 q)
{
    struct virtio_gpu *g = self(v);
    struct virtq_chain c;
    if (q == CONTROLQ) {
        if (g->s.deadline == DEADLINE_NONE)
            schedule(g, &c, LATENCY_NS);
        return;
    }
    for (u32 i = 0; i < VIRTQ_SIZE && virtq_pop(v, q, &c); i++) {
        gpu_cursor(g, &c);
        virtq_push(v, q, c.head, 0);
    }
    virtq_signal(v, q);
}

/* ---- configuration (5.7.4): no events, one screen, no capability sets ---- */

static void config(struct virtio *v, u8 *out)
{
    (void)v;
    store_le32(out + 8, 1);
}

static void config_write(struct virtio *v, u32 off, u32 val, u32 size)
{
    if (off != 4) /* events_clear: there are none */
        guest_error(&v->dev, "write of %#x (%u bytes) to configuration byte %u", val, size, off);
}

/* ---- the device ---- */

static void reset_own(struct virtio *v)
{
    struct virtio_gpu *g = self(v);
    struct virtio_state core = g->s.v;
    gpu_drop_all(g);
    g->s = (struct virtio_gpu_state){ .v = core, .deadline = DEADLINE_NONE };
    g->changed = true;
    deadline_arm(&g->event, DEADLINE_NONE);
}

static const struct virtio_ops gpu_ops = {
    .device_id = 16,
    .queue_count = 2,
    .features = F_EDID,
    .config_size = 16,
    .config = config,
    .config_write = config_write,
    .notify = notify,
    .reset = reset_own,
};

static void reset(struct dev *d)
{
    struct virtio *v = CONTAINER_OF(d, struct virtio, dev);
    virtio_reset(v);
    reset_own(v);
}

static void resumed(struct dev *d)
{
    struct virtio_gpu *g = CONTAINER_OF(d, struct virtio_gpu, v.dev);
    deadline_arm(&g->event, g->s.deadline);
    g->changed = true;
    virtio_resumed(&g->v);
}

static void release(struct dev *d)
{
    display_free(&CONTAINER_OF(d, struct virtio_gpu, v.dev)->display);
}

static bool valid(const void *state, struct err *e)
{
    const struct virtio_gpu_state *s = state;
    return virtio_valid(&s->v, e) && gpu_resources_valid(s, e);
}

#define F(f) STATE(struct virtio_gpu_state, f)
static const struct state_field fields[] = {
    VIRTIO_ROWS(struct virtio_gpu_state), F(deadline), F(id), F(format), F(width), F(height), F(at), F(list),
    F(entries), F(scanout), F(x), F(y), F(w), F(h), F(cursor_on), F(cursor_x), F(cursor_y), F(cursor),
};
#undef F
static const struct state_desc desc = {
    .name = "virtio-gpu", STATE_DESC(struct virtio_gpu_state, 1, fields), .valid = valid,
};

const struct dev_class virtio_gpu_class = {
    .name = "virtio-gpu",
    .state = &desc,
    .state_offset = offsetof(struct virtio_gpu, s),
    .size = sizeof(struct virtio_gpu),
    .reset = reset,
    .resumed = resumed,
    .free = release,
};

bool virtio_gpu_init(struct virtio_gpu *g, struct machine *m, const char *path, u32 xres, u32 yres, u32 memory,
                     struct err *e)
{
    CHECK(xres && yres && xres <= VIRTIO_GPU_SIDE_MAX && yres <= VIRTIO_GPU_SIDE_MAX && memory <= VIRTIO_GPU_MEMORY);
    memset(g, 0, sizeof *g);
    g->v.ops = &gpu_ops;
    g->xres = xres;
    g->yres = yres;
    g->s.deadline = DEADLINE_NONE;
    snprintf(g->mem_name, sizeof g->mem_name, "%s.memory", path);
    dev_attach(&g->v.dev, &virtio_gpu_class, m, path);
    display_init(&g->display, &gpu_display_ops, g, path);
    deadline_init(&g->event, &g->v.dev, "graphics request", due);
    g->mem = physmap_new_obj(&m->map, g->mem_name, memory, e);
    return g->mem != NULL;
}
