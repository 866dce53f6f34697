/*
 * picture.h - surfaces as picture files.
 *
 * PNG (8 bits a channel, no alpha), or PPM (P6) where the name ends in ".ppm". A file that could not be written
 * whole is removed (a device stays). Sentences name the file and the fault.
 */
#pragma once
#include "host/display.h"

bool picture_write(const char *path, const struct display_surface *s, struct err *e) MUST_CHECK;
