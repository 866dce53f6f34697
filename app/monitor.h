/*
 * monitor.h - the human monitor: a line at a time, on the machine's thread.
 *
 * Known commands: help, info registers|screen|status, screendump FILE, sendkey, mouse_move, mouse_button, system_reset,
 * system_powerdown, savevm FILE, quit.
 */
#pragma once
#include "app/disks.h"
#include "app/screendump.h"
#include "host/terminal.h"

struct monitor {
    struct machine  *m;
    struct terminal *t;
    struct chr       chr;      /* takes the terminal's input while the monitor has the focus */
    char             line[512];
    u32              len;
    bool             permanent; /* -monitor stdio: there is no serial port to go back to */
    struct display  *display;   /* the screen, or NULL */
    struct disks    *disks;     /* savevm writes them along */
    struct input    *input;     /* the machine's keys and pointer */
    void           (*power_key)(struct machine *m);
};

void monitor_init(struct monitor *mon, struct machine *m, struct terminal *t);
/* Gives the terminal to the monitor or back to the serial port. */
void monitor_toggle(struct monitor *mon);
