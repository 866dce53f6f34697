/* monitor_run.c - commands that stop, start, reset and end the machine. */
#include "app/monitor_cmd.h"

/* The request is seen before the next instruction (vm/machine.c): what follows on the line's heels finds it done. */
static void stop(struct monitor *mon, const struct monitor_args *a)
{
    (void)a;
    if (!mon->on->paused)
        machine_request(monitor_machine(mon), REQ_STOP);
    mon->on->paused = true;
}

static void cont(struct monitor *mon, const struct monitor_args *a)
{
    (void)a;
    if (mon->on->broken)
        monitor_say(mon, "cont: a snapshot was loaded only in part, so the machine cannot run: loadvm another one\n");
    else
        mon->on->paused = false;
}

static void reset(struct monitor *mon, const struct monitor_args *a)
{
    (void)a;
    if (mon->on->broken)
        monitor_say(mon, "system_reset: a snapshot was loaded only in part: loadvm another one\n");
    else
        machine_request(monitor_machine(mon), REQ_RESET);
}

static void powerdown(struct monitor *mon, const struct monitor_args *a)
{
    const struct app_board *b = mon->on->setup->board;
    (void)a;
    if (b->power_key)
        b->power_key(monitor_machine(mon));
    else
        monitor_say(mon, "system_powerdown: the board '%s' has no power key\n", b->name);
}

static void nmi(struct monitor *mon, const struct monitor_args *a)
{
    const struct app_board *b = mon->on->setup->board;
    (void)a;
    if (b->nmi)
        b->nmi(monitor_machine(mon));
    else
        monitor_say(mon, "nmi: the board '%s' has no non-maskable interrupt\n", b->name);
}

static void quit(struct monitor *mon, const struct monitor_args *a)
{
    (void)a;
    machine_request(monitor_machine(mon), REQ_QUIT);
}

const struct monitor_command monitor_run_commands[] = {
    { "stop", "s", "", "let the machine stand still", 0, 0, stop, NULL },
    { "cont", "c", "", "let it go on", 0, 0, cont, NULL },
    { "system_reset", "", "", "reset the machine", 0, 0, reset, NULL },
    { "system_powerdown", "", "", "press the power key: the guest is asked to shut down", 0, 0, powerdown, NULL },
    { "nmi", "", "", "pulse the processor's non-maskable interrupt", 0, 0, nmi, NULL },
    { "quit", "q", "", "end mynah, whatever the guest is at", 0, 0, quit, NULL },
    { 0 },
};
