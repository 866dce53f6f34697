/* buf.c - a growing byte buffer. */
#include "snapshot/buf.h"
#include <stdlib.h>

void buf_free(struct buf *b)
{
    free(b->p);
    *b = (struct buf){ 0 };
}

u8 *buf_extend(struct buf *b, u64 n)
{
    if (b->failed)
        return NULL;
    if (n > b->cap - b->len) {
        u64 cap = MAX(b->cap * 2, MAX(b->len + n, 256));
        u8 *p = n <= ~0ull / 4 ? realloc(b->p, cap) : NULL;
        if (!p) {
            b->failed = true;
            return NULL;
        }
        b->p = p;
        b->cap = cap;
    }
    b->len += n;
    return b->p ? b->p + b->len - n : NULL;
}

void buf_put(struct buf *b, const void *p, u64 n)
{
    u8 *to = buf_extend(b, n);
    if (to && n)
        memcpy(to, p, n);
}

void buf_put_u8(struct buf *b, u8 v) { buf_put(b, &v, 1); }
void buf_put_u32(struct buf *b, u32 v) { buf_put(b, &v, 4); }
void buf_put_u64(struct buf *b, u64 v) { buf_put(b, &v, 8); }

const u8 *buf_take(struct buf *b, u64 n)
{
    if (b->failed || n > b->len - b->at) {
        b->failed = true;
        return NULL;
    }
    b->at += n;
    return b->p ? b->p + b->at - n : (const u8 *)"";
}

u8 buf_get_u8(struct buf *b)
{
    const u8 *p = buf_take(b, 1);
    return p ? *p : 0;
}
u32 buf_get_u32(struct buf *b)
{
    const u8 *p = buf_take(b, 4);
    return p ? load_le32(p) : 0;
}
u64 buf_get_u64(struct buf *b)
{
    const u8 *p = buf_take(b, 8);
    return p ? load_le64(p) : 0;
}
