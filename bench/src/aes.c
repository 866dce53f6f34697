/* aes.c - AES-128 (FIPS 197) in counter mode over a buffer, again and again
 *
 *     aes COUNT                by tables of 1 KiB, in plain C
 *     aes COUNT insns          with the instructions for it, on arm64 and amd64
 */
#include "bench.h"

#ifdef __aarch64__
#pragma GCC target("+crypto")
#include <arm_neon.h>
#elif defined BENCH_HASWELL
#pragma GCC target("aes")
#include <immintrin.h>
#endif

enum { SIZE = 16384, ROUNDS = 10 };

static u8 sbox[256], keys[ROUNDS + 1][16];
static u32 mix[4][256];     /* SubBytes and MixColumns of one byte, for each row */

static u8 twice(u8 x)
{
    return x << 1 ^ (x & 0x80 ? 0x1b : 0);
}

/* The field's elements as powers of 3: the inverse of 3^n is 3^(255-n). */
static void make_tables(void)
{
    u8 power[256], x = 1;

    for (u32 n = 0; n < 256; n++, x ^= twice(x))
        power[n] = x;
    sbox[0] = 0x63;
    for (u32 n = 0; n < 255; n++) {
        u32 b = power[(255 - n) % 255], s = b | b << 8;
        sbox[power[n]] = b ^ s >> 4 ^ s >> 5 ^ s >> 6 ^ s >> 7 ^ 0x63;
    }
    for (u32 i = 0; i < 256; i++) {
        u32 s = sbox[i], two = twice(s);
        u32 column = two | s << 8 | s << 16 | (two ^ s) << 24;
        for (u32 row = 0; row < 4; row++)
            mix[row][i] = row ? column << 8 * row | column >> (32 - 8 * row) : column;
    }
}

static void make_keys(const u8 key[16])
{
    u8 *w = keys[0], constant = 1;

    memcpy(w, key, 16);
    for (u32 i = 16; i < sizeof keys; i += 4) {
        u8 t[4];
        memcpy(t, w + i - 4, 4);
        if (i % 16 == 0) {
            u8 first = t[0];
            t[0] = sbox[t[1]] ^ constant, t[1] = sbox[t[2]], t[2] = sbox[t[3]], t[3] = sbox[first];
            constant = twice(constant);
        }
        for (u32 j = 0; j < 4; j++)
            w[i + j] = w[i - 16 + j] ^ t[j];
    }
}

static u32 row_of(u32 word, u32 row)
{
    return word >> 8 * row & 0xff;
}

static void encrypt_plain(u8 out[16], const u8 in[16])
{
    u32 s[4], t[4], key[4];

    memcpy(s, in, 16);
    memcpy(key, keys[0], 16);
    for (u32 i = 0; i < 4; i++)
        s[i] ^= key[i];
    for (u32 round = 1; round < ROUNDS; round++) {
        memcpy(key, keys[round], 16);
        for (u32 i = 0; i < 4; i++)
            t[i] = mix[0][row_of(s[i], 0)] ^ mix[1][row_of(s[(i + 1) % 4], 1)] ^ mix[2][row_of(s[(i + 2) % 4], 2)]
                   ^ mix[3][row_of(s[(i + 3) % 4], 3)] ^ key[i];
        memcpy(s, t, sizeof s);
    }
    for (u32 i = 0; i < 16; i++)
        out[i] = sbox[row_of(s[(i / 4 + i % 4) % 4], i % 4)] ^ keys[ROUNDS][i];
}

static NOINLINE void stream_plain(u8 *data, u64 counter)
{
    u8 in[16] = { 0 }, out[16];

    for (u32 at = 0; at < SIZE; at += 16, counter++) {
        memcpy(in, &counter, 8);
        encrypt_plain(out, in);
        for (u32 i = 0; i < 16; i++)
            data[at + i] ^= out[i];
    }
}

#ifdef __aarch64__
static NOINLINE void stream_insns(u8 *data, u64 counter)
{
    uint8x16_t key[ROUNDS + 1];

    for (u32 i = 0; i <= ROUNDS; i++)
        key[i] = vld1q_u8(keys[i]);
    for (u32 at = 0; at < SIZE; at += 16, counter++) {
        uint8x16_t s = vreinterpretq_u8_u64(vsetq_lane_u64(counter, vdupq_n_u64(0), 0));
        for (u32 round = 0; round < ROUNDS - 1; round++)
            s = vaesmcq_u8(vaeseq_u8(s, key[round]));
        s = veorq_u8(vaeseq_u8(s, key[ROUNDS - 1]), key[ROUNDS]);
        vst1q_u8(data + at, veorq_u8(vld1q_u8(data + at), s));
    }
}
#elif defined BENCH_HASWELL
static NOINLINE void stream_insns(u8 *data, u64 counter)
{
    __m128i key[ROUNDS + 1];

    for (u32 i = 0; i <= ROUNDS; i++)
        key[i] = _mm_loadu_si128((__m128i *)keys[i]);
    for (u32 at = 0; at < SIZE; at += 16, counter++) {
        __m128i s = _mm_xor_si128(_mm_cvtsi64_si128(counter), key[0]), *block = (__m128i *)(data + at);
        for (u32 round = 1; round < ROUNDS; round++)
            s = _mm_aesenc_si128(s, key[round]);
        s = _mm_aesenclast_si128(s, key[ROUNDS]);
        _mm_storeu_si128(block, _mm_xor_si128(_mm_loadu_si128(block), s));
    }
}
#else
#define stream_insns stream_plain
#endif

int main(int argc, char **argv)
{
    static const u8 key[16] = { 0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
                                0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c };
    static u8 data[SIZE];
    u32 count = bench_count(argc, argv);

    make_tables();
    make_keys(key);
    bench_check(keys[ROUNDS][0] == 0xd0 && keys[ROUNDS][15] == 0xa6, "key schedule");
    for (u32 i = 0; i < count; i++)
        (argc > 2 ? stream_insns : stream_plain)(data, (u64)i * SIZE);
    return bench_result(bench_mix_bytes(0, data, SIZE));
}
