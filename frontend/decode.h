/*
 * decode.h - what a generated decoder says of its encodings, for every ISA.
 *
 * tools/decodegen.py writes one `const struct decode_row PREFIX_rows[PREFIX_ROW_COUNT]` per
 * ISA, indexed by the row id that PREFIX_match() and PREFIX_decode() return. Coverage, the
 * random-instruction fuzzer and the test vectors read it; the decoder itself does not.
 *
 * A random instruction of a row is value | (random & ~mask), kept only when
 * PREFIX_match() returns that row: `cond`, the feature and more specific rows can refuse it.
 */
#pragma once
#include "base/types.h"

struct decode_field {
    const char *name;  /* as in the .decode file */
    u8          lo;    /* lowest bit             */
    u8          width; /* bits, 1..32            */
};

struct decode_row {
    const char                *name;
    const char                *lifter;  /* the function is PREFIX_<lifter>               */
    const char                *entry;   /* the manual's section and title                */
    const char                *cond;    /* the row's `if`, C over field names; NULL: none */
    const struct decode_field *fields;
    u32                        field_count;
    u32                        mask;    /* bits that are fixed                           */
    u32                        value;   /* what they are; value & ~mask is 0             */
    i32                        feature; /* bit number in the feature set, -1: always     */
};
