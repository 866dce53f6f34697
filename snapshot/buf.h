/*
 * buf.h - a growing byte buffer: appended to at the end, read from `at`. Little endian.
 *
 * Nothing needs checking on the way: once memory ran out or a read went past the end, `failed` stays set,
 * appends vanish and reads give zeros. Look at it at the end.
 */
#pragma once
#include "base/bits.h"
#include <string.h>

struct buf {
    u8  *p;      /* malloc, so aligned for anything; NULL while empty */
    u64  len, cap;
    u64  at;     /* next byte to read */
    bool failed;
};

void buf_free(struct buf *b);
/* n more bytes at the end, not initialised; NULL when there is no memory for them. */
u8  *buf_extend(struct buf *b, u64 n);
void buf_put(struct buf *b, const void *p, u64 n);
void buf_put_u8(struct buf *b, u8 v);
void buf_put_u32(struct buf *b, u32 v);
void buf_put_u64(struct buf *b, u64 v);

/* The next n bytes, or NULL when there are not so many. */
const u8 *buf_take(struct buf *b, u64 n);
u8  buf_get_u8(struct buf *b);
u32 buf_get_u32(struct buf *b);
u64 buf_get_u64(struct buf *b);

/* n bytes (at least 8) are all zero. */
static inline bool bytes_are_zero(const u8 *p, u64 n)
{
    return !load_le64(p) && !memcmp(p, p + 8, n - 8);
}
