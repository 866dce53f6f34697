/* bits.h - bit and alignment arithmetic. */
#pragma once
#include "base/types.h"

/* len (1..64) bits of v starting at bit lo. */
static inline u64 bits_get(u64 v, u32 lo, u32 len)
{
    return v >> lo & (~0ull >> (64 - len));
}

static inline u64 bits_mask(u32 len) /* 0..64 */
{
    return len ? ~0ull >> (64 - len) : 0;
}

static inline u64 bits_set(u64 v, u32 lo, u32 len, u64 to)
{
    u64 m = bits_mask(len) << lo;
    return (v & ~m) | (to << lo & m);
}

/* Sign-extends the low len (1..64) bits. */
static inline i64 bits_sext(u64 v, u32 len)
{
    return (i64)(v << (64 - len)) >> (64 - len);
}

static inline u64 bits_ror(u64 v, u32 n, u32 width)
{
    n %= width;
    v &= bits_mask(width);
    return n ? (v >> n | v << (width - n)) & bits_mask(width) : v;
}

static inline bool is_pow2(u64 v) { return v && !(v & (v - 1)); }
static inline u64 align_up(u64 v, u64 a) { return (v + a - 1) & ~(a - 1); }
static inline u64 align_down(u64 v, u64 a) { return v & ~(a - 1); }

static inline u16 load_le16(const void *p) { u16 v; __builtin_memcpy(&v, p, 2); return v; }
static inline u32 load_le32(const void *p) { u32 v; __builtin_memcpy(&v, p, 4); return v; }
static inline u64 load_le64(const void *p) { u64 v; __builtin_memcpy(&v, p, 8); return v; }
static inline void store_le16(void *p, u16 v) { __builtin_memcpy(p, &v, 2); }
static inline void store_le32(void *p, u32 v) { __builtin_memcpy(p, &v, 4); }
static inline void store_le64(void *p, u64 v) { __builtin_memcpy(p, &v, 8); }
static inline u16 load_be16(const void *p) { return __builtin_bswap16(load_le16(p)); }
static inline u32 load_be32(const void *p) { return __builtin_bswap32(load_le32(p)); }
static inline u64 load_be64(const void *p) { return __builtin_bswap64(load_le64(p)); }

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the host is little endian");
