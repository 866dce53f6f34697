/* edid.h - what a monitor tells about itself (VESA E-EDID standard, release A: structure 1.3). */
#pragma once
#include "base/types.h"

#define EDID_BYTES 128u

/* A flat panel of 1280 by 800 that also takes the usual sizes from 640 by 480 to 1920 by 1080. */
void edid_make(u8 out[EDID_BYTES]);
/* The same with another preferred size at 60 Hz, each side 1 to 4095. */
void edid_make_for(u8 out[EDID_BYTES], u32 width, u32 height);
