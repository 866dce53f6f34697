/*
 * virtio_gpu.h - virtio graphics device with one screen, 2D.
 *
 * The driver makes resources (pictures) on the device, gives them pages of its memory, copies from these to them, and
 * shows one on the screen. Resources and the lists of their pages live in a memory object of the device, which bounds
 * them: what has variable size is memory like RAM, to snapshots and the state hash too.
 *
 * The screen shows a resource as it is now; flushes only say what a viewer should look at again. The pointer's
 * picture lies over it, its upper left corner where the driver put it, colours multiplied by alpha.
 *
 * Spec: VIRTIO 1.2, 5.7. Requests of the control queue are carried out one by one, in order, each at a virtual
 * deadline that depends on its kind and size only, and taken from the ring then; those of the cursor queue at once.
 *
 * Not modelled: 3D, blobs, UUIDs, contexts, several screens, changes of the screen's size after power-on (so no
 * events), pointers of other sizes than 64 by 64.
 */
#pragma once
#include "host/display.h"
#include "hw/virtio/virtio.h"

#define VIRTIO_GPU_RESOURCES  512u
#define VIRTIO_GPU_ENTRIES    16384u        /* of a resource's list of pages */
#define VIRTIO_GPU_MEMORY     (256u << 20)
#define VIRTIO_GPU_CURSOR     64u           /* pixels each way */
#define VIRTIO_GPU_SIDE_MAX   4095u         /* of the screen */

struct virtio_gpu_state {
    struct virtio_state v;
    u64 deadline;                           /* at which the oldest request is carried out, or DEADLINE_NONE: idle */
    u32 id[VIRTIO_GPU_RESOURCES];           /* of a resource; 0: the place is free */
    u32 format[VIRTIO_GPU_RESOURCES];
    u32 width[VIRTIO_GPU_RESOURCES], height[VIRTIO_GPU_RESOURCES];
    u32 at[VIRTIO_GPU_RESOURCES];           /* page of the device's memory where the pixels are */
    u32 list[VIRTIO_GPU_RESOURCES];         /* ... and the list of the driver's pages, ... */
    u32 entries[VIRTIO_GPU_RESOURCES];      /* ... which has so many entries; 0: there is none */
    u32 scanout;                            /* id of the resource that is shown, 0: none */
    u32 x, y, w, h;                         /* what of it */
    u32 cursor_on, cursor_x, cursor_y;      /* signed */
    u32 cursor[VIRTIO_GPU_CURSOR * VIRTIO_GPU_CURSOR]; /* 0xaarrggbb */
};

struct virtio_gpu {
    struct virtio           v;
    struct virtio_gpu_state s;
    struct event            event;
    struct memobj          *mem;
    char                    mem_name[40];
    u32                     xres, yres;     /* what the screen likes best */
    struct display          display;
    struct display_rect     dirty;          /* of the screen, not drawn yet */
    bool                    changed;        /* all of it is */
};

extern const struct dev_class virtio_gpu_class;
/* The screen's size, each side 1 to VIRTIO_GPU_SIDE_MAX. memory: bytes for resources, whole pages, at most
 * VIRTIO_GPU_MEMORY. */
bool virtio_gpu_init(struct virtio_gpu *g, struct machine *m, const char *path, u32 xres, u32 yres, u32 memory,
                     struct err *e) MUST_CHECK;
