/* monitor_input.c - commands that send keys and pointer motion, and those that look at the screen. */
#include "app/monitor_cmd.h"
#include "app/screendump.h"
#include <stdlib.h>
#include <sys/stat.h>

#define SENDKEY_HOLD_MS 100u
#define HOLD_MAX_MS     60000u
#define MOTION_MAX      32767

static bool number(const char *text, i64 least, i64 most, i64 *val)
{
    char *end;
    *val = strtoll(text, &end, 0);
    return end != text && !*end && *val >= least && *val <= most;
}

static void sendkey(struct monitor *mon, const struct monitor_args *a)
{
    i64 hold = SENDKEY_HOLD_MS;
    struct err e;
    if (!a->count)
        monitor_say(mon, "sendkey: which keys? (examples: ret, ctrl-alt-f2)\n");
    else if (a->count > 1 && !number(a->word[1], 1, HOLD_MAX_MS, &hold))
        monitor_say(mon, "sendkey: '%s' is not a time of 1 to %u ms\n", a->word[1], HOLD_MAX_MS);
    else if (!input_send(mon->on->input, a->word[0], (u32)hold, &e))
        monitor_say(mon, "sendkey: %s\n", e.msg);
}

static void complete_sendkey(struct monitor *mon, u32 n, const char *text, u32 len, struct line_choices *c)
{
    (void)mon;
    if (n)
        return;
    for (u32 i = len; i--;)
        if (text[i] == '-') {
            c->from += i + 1;
            text += i + 1;
            len -= i + 1;
            break;
        }
    c->open = true;
    for (u32 k = KEY_NONE + 1; k < KEY_COUNT; k++)
        line_offer(c, key_name(k), text, len);
}

static void mouse_move(struct monitor *mon, const struct monitor_args *a)
{
    i64 by[3] = { 0 };
    for (u32 i = 0; i < a->count; i++)
        if (!number(a->word[i], -MOTION_MAX, MOTION_MAX, &by[i])) {
            monitor_say(mon, "mouse_move: '%s' is not a number from -%d to %d\n", a->word[i], MOTION_MAX, MOTION_MAX);
            return;
        }
    if (!input_move(mon->on->input, (i32)by[0], (i32)by[1])
        || (by[2] && !input_wheel(mon->on->input, 0, -(i32)by[2])))
        monitor_say(mon, "mouse_move: the guest has not taken the input sent before\n");
}

/* Where an absolute pointer is. */
static void mouse_point(struct monitor *mon, const struct monitor_args *a)
{
    i64 at[2];
    for (u32 i = 0; i < 2; i++)
        if (!number(a->word[i], 0, INPUT_ABS_MAX, &at[i])) {
            monitor_say(mon, "mouse_point: '%s' is not a number from 0 to %d\n", a->word[i], INPUT_ABS_MAX);
            return;
        }
    if (!input_is_absolute(mon->on->input))
        monitor_say(mon, "mouse_point: the guest uses no device for absolute positions\n");
    else if (!input_point(mon->on->input, (i32)at[0], (i32)at[1]))
        monitor_say(mon, "mouse_point: the guest has not taken the input sent before\n");
}

static void mouse_button(struct monitor *mon, const struct monitor_args *a)
{
    i64 mask;
    if (!number(a->word[0], 0, BUTTON_ALL, &mask)) {
        monitor_say(mon, "mouse_button: '%s' is no sum of 1 (left), 2 (right), 4 (middle), 8 and 16, nor 0\n",
                    a->word[0]);
        return;
    }
    for (u32 b = 1; b <= BUTTON_ALL; b <<= 1)
        if (!input_button(mon->on->input, b, mask & b)) {
            monitor_say(mon, "mouse_button: the guest has not taken the input sent before\n");
            return;
        }
}

static void screendump(struct monitor *mon, const struct monitor_args *a)
{
    const struct setup *s = mon->on->setup;
    struct stat st;
    struct err e;
    if (!a->count)
        monitor_say(mon, "screendump: a file name is missing\n");
    else if (!stat(a->word[0], &st) && S_ISFIFO(st.st_mode))
        monitor_say(mon, "screendump: '%s' is a pipe, which could keep the machine waiting\n", a->word[0]);
    else if (!app_screendump(s->board->display ? s->board->display(s->m) : NULL, a->word[0], &e))
        monitor_fail(mon, &e);
}

const struct monitor_command monitor_input_commands[] = {
    { "sendkey", "", "KEYS [MS]", "press keys together for so long (100): a, shift-a, ctrl-alt-delete", 0, 2, sendkey,
      complete_sendkey },
    { "mouse_move", "", "DX DY [DZ]", "move the mouse right and down, turn its wheel", 2, 3, mouse_move, NULL },
    { "mouse_point", "", "X Y", "put an absolute pointer there, 0 to 32767 each way", 2, 2, mouse_point, NULL },
    { "mouse_button", "", "MASK", "which of the mouse's buttons are down from now on", 1, 1, mouse_button, NULL },
    { "screendump", "", "FILE", "write the screen as a PNG, or PPM by the name's end", 0, 1, screendump, NULL },
    { 0 },
};
