/* bench.h - what the workloads share: scalars, a fixed random sequence, the result line.
 *
 * A workload does a fixed amount of work, given by its first argument, and prints its result as the last line:
 * SUM, or SUM:EXACT. SUM is the same on every host; EXACT is the same on every machine of the guest's kind only
 * (floating point whose last bits depend on fused operations, output that depends on a program's version).
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))

/* What the compiler must not fold, hoist or inline away. */
#define OPAQUE(x) __asm__ volatile("" : "+r"(x))
#define NOINLINE  __attribute__((noinline, noclone))

/* xorshift64 (Marsaglia 2003, triple 13, 7, 17): the same sequence everywhere. */
static inline u64 bench_random(u64 *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

/* A number in [0, 1) with 53 random bits. */
static inline double bench_random_unit(u64 *state)
{
    return (double)(bench_random(state) >> 11) * 0x1p-53;
}

static inline u64 bench_mix(u64 hash, u64 value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15;
    return hash ^ hash >> 29;
}

static inline u64 bench_mix_bytes(u64 hash, const void *data, size_t size)
{
    const u8 *p = data;
    u64 word;

    for (; size >= 8; p += 8, size -= 8) {
        memcpy(&word, p, 8);
        hash = bench_mix(hash, word);
    }
    for (; size; p++, size--)
        hash = bench_mix(hash, *p);
    return hash;
}

/* The workload's first argument. */
static inline u32 bench_count(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "%s: how much work is to be done is missing\n", argv[0]);
        exit(2);
    }
    return strtoul(argv[1], NULL, 10);
}

static inline u32 bench_fold(u64 hash)
{
    return hash ^ hash >> 32;
}

static inline int bench_result(u64 hash)
{
    printf("%08x\n", bench_fold(hash));
    return 0;
}

/* VALUE is printed to DIGITS significant digits, few enough for every correct order of operations. */
static inline int bench_result_fp(double value, int digits, u64 exact)
{
    printf("%.*g:%08x\n", digits, value, bench_fold(exact));
    return 0;
}

/* What must not fail, since the machine has all it needs. */
static inline void bench_check(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(1);
}

#endif
