/*
 * ps2_keys.h - scan codes of a PS/2 keyboard with 101 to 109 keys.
 *
 * Source: IBM PS/2 Hardware Interface Technical Reference, Keyboards; Microsoft Keyboard Scan Code Specification.
 */
#pragma once
#include "host/input.h"

#define PS2_SEQUENCE 8u /* bytes at most that one stroke gives */

/* How a key of scan code set 3 behaves; in the other sets all but Pause are PS2_REPEATS | PS2_BREAKS. */
enum { PS2_REPEATS = 1, PS2_BREAKS = 2 };

/* What is held, and the Num Lock light. */
enum { PS2_SHIFT_L = 1, PS2_SHIFT_R = 2, PS2_CTRL = 4, PS2_ALT = 8, PS2_NUM_LOCK = 16 };

enum ps2_stroke { PS2_MAKE, PS2_AGAIN /* make, repeated */, PS2_BREAK };

/* The bytes of a stroke in set 1, 2 or 3; 0: the keyboard has no such key, or it gives nothing. */
u32 ps2_scan(u32 set, u32 key, enum ps2_stroke stroke, u32 held, u8 out[PS2_SEQUENCE]);
/* The code that identifies a key in set 3, 0: none; its type after a reset. */
u8 ps2_set3_code(u32 key);
u8 ps2_set3_type(u8 code);
/* A code of set 2 as the controller's translation has it in set 1, but for the break prefix. */
u8 ps2_translate(u8 code);
