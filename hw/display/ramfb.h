/*
 * ramfb.h - a screen in the guest's RAM, which it describes by writing the fw_cfg file etc/ramfb.
 *
 * 28 bytes, big endian: address (64 bits), DRM's code of the pixel format, flags (none are known), width, height,
 * bytes from one line to the next (0: those of a line). What makes no sense shows nothing: 640 by 480, black.
 *
 * Spec: none but QEMU's device of the name and the drivers of EDK2 and SeaBIOS; formats: Linux,
 * include/uapi/drm/drm_fourcc.h.
 *
 * Not modelled: other formats than XR24, AR24, XB24, AB24, RG24 and RG16.
 */
#pragma once
#include "host/display.h"
#include "hw/misc/fw_cfg.h"

#define RAMFB_BYTES 28u
#define RAMFB_SIDE_MAX 16384u

struct ramfb_state {
    u8 config[RAMFB_BYTES]; /* the file */
};

struct ramfb {
    struct dev         dev;
    struct ramfb_state s;
    struct display     display;
    bool               changed; /* the picture has another shape, all of it is to be drawn */
    u8                 line[RAMFB_SIDE_MAX * 4];
};

extern const struct dev_class ramfb_class;
/* f: where the file goes. */
bool ramfb_init(struct ramfb *r, struct machine *m, const char *path, struct fw_cfg *f, struct err *e) MUST_CHECK;
