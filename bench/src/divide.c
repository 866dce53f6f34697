/* divide.c - division, remainders and wide products: greatest divisors, powers modulo a prime */
#include "bench.h"

static u64 gcd(u64 a, u64 b)
{
    while (b) {
        u64 rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Montgomery-free on purpose: MODULUS fits 32 bits, so each step is one product and one remainder. */
static u64 power(u64 base, u64 exponent, u64 modulus)
{
    u64 result = 1;

    for (; exponent; exponent >>= 1) {
        if (exponent & 1)
            result = result * base % modulus;
        base = base * base % modulus;
    }
    return result;
}

int main(int argc, char **argv)
{
    u32 count = bench_count(argc, argv);
    u64 state = 23, sum = 0;

    for (u32 i = 0; i < count; i++) {
        u64 a = bench_random(&state), b = bench_random(&state);

        sum = bench_mix(sum, gcd(a, b));
        sum = bench_mix(sum, power(a % 4294967291u, b & 0xffffff, 4294967291u));
        sum = bench_mix(sum, (int64_t)a / (int64_t)(b >> 40 | 1));
        sum = bench_mix(sum, (u64)((unsigned __int128)a * b >> 64));
    }
    return bench_result(sum);
}
