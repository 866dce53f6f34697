/*
 * state.h - how a piece of machine state describes itself.
 *
 * A *state struct* holds what the guest can observe, as plain integers and
 * arrays of them. Its field table is the only description of it: snapshot/
 * writes, reads, prints, hashes and diffs state from the table and knows no
 * device. Wiring (pointers, handles, caches) lives outside the state struct.
 * Tables tile the struct: order members by falling size, pad explicitly.
 */
#pragma once
#include "base/err.h"

struct state_field {
    const char *name;   /* key in the stream: never renamed, never reused */
    u32         offset;
    u32         count;
    u8          size;   /* bytes per element: 1, 2, 4 or 8 */
    u8          since;  /* table version that added it; absent in older streams */
    bool        cache;  /* saved, but not part of the state hash */
};

struct state_desc {
    const char               *name;
    u32                       version;
    u32                       size; /* sizeof the state struct */
    const struct state_field *fields;
    u32                       field_count;
    bool (*valid)(const void *state, struct err *e); /* a stream is untrusted input */
};

/* Element size of member m; a pointer, float or nested struct does not compile. */
#define STATE_ELEM(m) _Generic(&(m),                     \
    bool *: 1, u8  *: 1, u8  (*)[sizeof(m)]: 1,          \
    u16 *: 2, u16 (*)[(sizeof(m) + 1) / 2]: 2,           \
    u32 *: 4, u32 (*)[(sizeof(m) + 3) / 4]: 4,           \
    u64 *: 8, u64 (*)[(sizeof(m) + 7) / 8]: 8)

#define STATE_MEMBER(T, f) (((T *)0)->f)
#define STATE_SINCE(v, T, f) {                                              \
    .name = #f, .offset = offsetof(T, f), .since = (v),                     \
    .size = STATE_ELEM(STATE_MEMBER(T, f)),                                 \
    .count = sizeof(STATE_MEMBER(T, f)) / STATE_ELEM(STATE_MEMBER(T, f)) }
#define STATE(T, f) STATE_SINCE(1, T, f)

#define STATE_DESC(T, ver, tab) \
    .version = (ver), .size = sizeof(T), .fields = (tab), .field_count = COUNT(tab)

/* True when the fields tile the struct in order: no forgotten member, no padding. */
static inline bool state_is_complete(const struct state_desc *d)
{
    u32 at = 0;
    for (u32 i = 0; i < d->field_count; at += d->fields[i].size * d->fields[i].count, i++)
        if (d->fields[i].offset != at)
            return false;
    return at == d->size;
}
