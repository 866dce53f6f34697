/* sha256.c - SHA-256; names as in FIPS 180-4, sections 4.1.2, 4.2.2, 5 and 6.2. */
#include "base/sha256.h"
#include <string.h>

static const u32 K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static u32 rotr(u32 v, u32 n) { return v >> n | v << (32 - n); }
static u32 Ch(u32 x, u32 y, u32 z) { return (x & y) ^ (~x & z); }
static u32 Maj(u32 x, u32 y, u32 z) { return (x & y) ^ (x & z) ^ (y & z); }
static u32 Sigma0(u32 x) { return rotr(x, 2) ^ rotr(x, 13) ^ rotr(x, 22); }
static u32 Sigma1(u32 x) { return rotr(x, 6) ^ rotr(x, 11) ^ rotr(x, 25); }
static u32 sigma0(u32 x) { return rotr(x, 7) ^ rotr(x, 18) ^ x >> 3; }
static u32 sigma1(u32 x) { return rotr(x, 17) ^ rotr(x, 19) ^ x >> 10; }

static void schedule(u32 W[64], const u8 *block)
{
    for (u32 t = 0; t < 16; t++)
        W[t] = load_be32(block + 4 * t);
    for (u32 t = 16; t < 64; t++)
        W[t] = sigma1(W[t - 2]) + W[t - 7] + sigma0(W[t - 15]) + W[t - 16];
}

static void add_block(u32 h[8], const u8 *block)
{
    u32 W[64], v[8];
    schedule(W, block);
    memcpy(v, h, sizeof v);
    for (u32 t = 0; t < 64; t++) {
        u32 T1 = v[7] + Sigma1(v[4]) + Ch(v[4], v[5], v[6]) + K[t] + W[t];
        u32 T2 = Sigma0(v[0]) + Maj(v[0], v[1], v[2]);
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += T1;
        v[0] = T1 + T2;
    }
    for (u32 i = 0; i < 8; i++)
        h[i] += v[i];
}

void sha256_start(struct sha256 *s)
{
    *s = (struct sha256){ .h = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 } };
}

void sha256_add(struct sha256 *s, const void *bytes, u64 n)
{
    const u8 *p = bytes;
    while (n) {
        u32 at = s->len % 64;
        u64 take = MIN(n, 64u - at);
        const u8 *block = take == 64 ? p : s->tail;
        if (take < 64)
            memcpy(s->tail + at, p, take);
        if (at + take == 64)
            add_block(s->h, block);
        s->len += take;
        p += take;
        n -= take;
    }
}

void sha256_end(struct sha256 *s, u8 out[SHA256_BYTES])
{
    static const u8 pad[64] = { 0x80 };
    u64 bits = __builtin_bswap64(s->len * 8);
    sha256_add(s, pad, 1 + (119 - s->len % 64) % 64);
    sha256_add(s, &bits, 8);
    for (u32 i = 0; i < 8; i++)
        store_le32(out + 4 * i, __builtin_bswap32(s->h[i]));
}
