/* pc_vga.h - the VGA of the PC board: its slot, its legacy addresses, its BIOS from a file. */
#pragma once
#include "hw/display/vga.h"

#define PC_VGA_SLOT 2u

/* bios: path of the video BIOS, or NULL: the card has none. */
bool pc_vga_add(struct vga *v, struct machine *m, struct pci_bus *bus, const char *bios, struct err *e) MUST_CHECK;
