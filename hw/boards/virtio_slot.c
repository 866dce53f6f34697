/* virtio_slot.c - virtio devices of every board; see virtio_slot.h. */
#include "hw/boards/virtio_slot.h"
#include <sys/random.h>

static void host_random(void *opaque, void *p, u32 n)
{
    (void)opaque;
    for (u32 at = 0; at < n;) {
        ssize_t got = getrandom((u8 *)p + at, n - at, 0);
        at += got > 0 ? (u32)got : 0;
    }
}

void virtio_env_offer(struct virtio_env *env, struct display *d, u32 order)
{
    if (env->screen && env->order <= order)
        return;
    env->screen = d;
    env->order = order;
}

static struct virtio *init_gpu(struct virtio_gpu *g, struct machine *m, const char *path, const struct virtio_slot *s,
                               struct virtio_env *env, struct err *e)
{
    if (!virtio_gpu_init(g, m, path, s->xres ? s->xres : 1280, s->yres ? s->yres : 800,
                         s->memory ? s->memory : VIRTIO_GPU_MEMORY, e))
        return NULL;
    virtio_env_offer(env, &g->display, s->order);
    return &g->v;
}

bool virtio_slots_have_input(const struct virtio_slot *s, u32 count)
{
    for (u32 i = 0; i < count; i++)
        if (s[i].kind >= SLOT_KEYBOARD)
            return true;
    return false;
}

struct virtio *virtio_slot_init(union virtio_any *u, struct machine *m, const char *path, const struct virtio_slot *s,
                                struct virtio_env *env, struct err *e)
{
    switch (s->kind) {
    case SLOT_BLK:
        virtio_blk_init(&u->blk, m, path, s->block, s->serial);
        return &u->blk.v;
    case SLOT_CONSOLE:
        virtio_console_init(&u->console, m, path, s->chr);
        return &u->console.v;
    case SLOT_GPU:
        return init_gpu(&u->gpu, m, path, s, env, e);
    case SLOT_KEYBOARD:
    case SLOT_MOUSE:
    case SLOT_TABLET:
        virtio_input_init(&u->input, m, path, (enum virtio_input_kind)(s->kind - SLOT_KEYBOARD), env->input);
        return &u->input.v;
    default:
        virtio_rng_init(&u->rng, m, path, env->deterministic ? NULL : host_random, NULL);
        return &u->rng.v;
    }
}

void virtio_slots_close(struct virtio_slot *s, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        if (s[i].block)
            s[i].block->close(s[i].block);
        s[i].block = NULL;
    }
}
