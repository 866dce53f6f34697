/* hash.c - the hash of bytes; its definition is in docs/snapshot.md. */
#include "base/hash.h"
#include <string.h>

/* The fractional digits of pi in base 16: numbers with nothing up their sleeve. */
static const u64 key[8] = {
    0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89,
    0x452821e638d01377, 0xbe5466cf34e90c6c, 0xc0ac29b7c97c50dd, 0x3f84d5b5b5470917,
};

static u64 fold(u64 a, u64 b)
{
    u128 p = (u128)a * b;
    return (u64)p ^ (u64)(p >> 64);
}

static u64 rotl(u64 v, u32 n)
{
    return v << n | v >> (64 - n);
}

/* Words a, b go into their own lane through the product and into its neighbour by addition: a product with
 * zero forgets its other factor, and one lane alone has 64 bits only. */
static u64 step(u64 lane, u64 k, u64 a, u64 b, u64 next_a, u64 next_b)
{
    return fold(a ^ k, b ^ lane) + rotl(lane, 29) + (next_a ^ rotl(next_b, 17));
}

static void add_blocks(struct hash_stream *s, const u8 *p, u64 n)
{
    u64 l0 = s->lane[0], l1 = s->lane[1], l2 = s->lane[2], l3 = s->lane[3];
    for (; n >= 64; n -= 64, p += 64) {
        u64 w[8];
        memcpy(w, p, 64);
        l0 = step(l0, key[0], w[0], w[1], w[2], w[3]);
        l1 = step(l1, key[1], w[2], w[3], w[4], w[5]);
        l2 = step(l2, key[2], w[4], w[5], w[6], w[7]);
        l3 = step(l3, key[3], w[6], w[7], w[0], w[1]);
    }
    s->lane[0] = l0;
    s->lane[1] = l1;
    s->lane[2] = l2;
    s->lane[3] = l3;
}

void hash_start(struct hash_stream *s, u64 seed)
{
    *s = (struct hash_stream){ 0 };
    for (u32 i = 0; i < 4; i++)
        s->lane[i] = key[i + 4] ^ fold(seed ^ key[i], key[3 - i]) ^ seed;
}

void hash_add(struct hash_stream *s, const void *from, u64 n)
{
    const u8 *p = from;
    u64 held = s->len % 64;
    if (!n)
        return;
    s->len += n;
    if (held) {
        u64 take = MIN(64 - held, n);
        memcpy(s->tail + held, p, take);
        if (held + take < 64)
            return;
        add_blocks(s, s->tail, 64);
        p += take;
        n -= take;
    }
    add_blocks(s, p, n);
    memcpy(s->tail, p + (n & ~63ull), n % 64);
}

static u64 finish(u64 v)
{
    v = (v ^ v >> 32) * (key[0] | 1);
    v = (v ^ v >> 29) * (key[1] | 1);
    return v ^ v >> 32;
}

struct hash128 hash_end(struct hash_stream *s)
{
    u64 len = s->len, held = len % 64;
    if (held) {
        memset(s->tail + held, 0, 64 - held);
        add_blocks(s, s->tail, 64);
    }
    const u64 *l = s->lane;
    u64 lo = fold(l[0] ^ key[4], l[1] ^ key[5]) + rotl(l[2], 23) + (l[3] ^ len);
    u64 hi = fold(l[2] ^ key[6], l[3] ^ key[7]) + rotl(l[0], 23) + (l[1] ^ rotl(len, 32));
    return (struct hash128){ finish(lo), finish(hi ^ fold(lo ^ key[2], key[3])) };
}

struct hash128 hash_bytes(u64 seed, const void *p, u64 n)
{
    struct hash_stream s;
    hash_start(&s, seed);
    hash_add(&s, p, n);
    return hash_end(&s);
}
