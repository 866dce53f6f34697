/*
 * asm_host.c - what the CPU offers: CPUID and XGETBV (Intel SDM volume 2A, CPUID; volume 1, 14.3 for AVX).
 * Nothing, not even XF_BASE, on a host of another kind.
 */
#ifdef __x86_64__
#include <cpuid.h>
#endif
#include <stdlib.h>
#include <string.h>

#include "backend/jit/x64/asm.h"

#define NEED_AVX (XF_AVX | XF_AVX2 | XF_FMA | XF_F16C)

#ifdef __x86_64__
struct bits {
    u32 mask, feature;
};

/* SSE3, SSSE3, CMPXCHG16B, SSE4.1, SSE4.2, POPCNT; LAHF is of leaf 0x80000001. */
#define V2_LEAF1 (1u << 0 | 1u << 9 | 1u << 13 | 1u << 19 | 1u << 20 | 1u << 23)
#define LAHF     1u
#define OSXSAVE  (1u << 27)

static const struct bits leaf1_ecx[] = {
    { 1u << 28, XF_AVX }, { 1u << 12, XF_FMA }, { 1u << 29, XF_F16C },
    { 1u << 22, XF_MOVBE }, { 1u << 25, XF_AES }, { 1u << 1, XF_CLMUL }, { V2_LEAF1, XF_BASE },
};
static const struct bits leaf7_ebx[] = {
    { 1u << 5, XF_AVX2 }, { 1u << 3, XF_BMI1 }, { 1u << 8, XF_BMI2 }, { 1u << 29, XF_SHA },
};
static const struct bits leaf7_ecx[] = { { 1u << 8, XF_GFNI } };
static const struct bits extended_ecx[] = { { 1u << 5, XF_LZCNT } };

static u32 pick(const struct bits *rows, u32 n, u32 reg)
{
    u32 features = 0;
    for (u32 i = 0; i < n; i++)
        features |= (reg & rows[i].mask) == rows[i].mask ? rows[i].feature : 0;
    return features;
}

/* XCR0: the system saves xmm and ymm registers. */
static bool saves_ymm(void)
{
    u32 low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & 6) == 6;
}

static u32 cpu_features(void)
{
    u32 eax, ebx, ecx, edx, features;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx))
        return 0;
    features = pick(leaf1_ecx, COUNT(leaf1_ecx), ecx);
    bool ymm = ecx & OSXSAVE && saves_ymm();
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx))
        features |= pick(leaf7_ebx, COUNT(leaf7_ebx), ebx) | pick(leaf7_ecx, COUNT(leaf7_ecx), ecx);
    ecx = 0;
    if (__get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx))
        features |= pick(extended_ecx, COUNT(extended_ecx), ecx);
    if (!(ecx & LAHF))
        features &= ~(u32)XF_BASE;
    return ymm && features & XF_AVX ? features : features & ~(u32)NEED_AVX;
}

#else
static u32 cpu_features(void) { return 0; }
#endif

/* The features that a word of MYNAH_HOST, n characters, takes away: its own and those that need it. */
static u32 named(const char *word, size_t n)
{
    static const struct {
        const char *name;
        u32 features;
    } rows[] = {
        { "-avx", NEED_AVX }, { "-avx2", XF_AVX2 }, { "-fma", XF_FMA }, { "-f16c", XF_F16C }, { "-bmi1", XF_BMI1 },
        { "-bmi2", XF_BMI2 }, { "-lzcnt", XF_LZCNT }, { "-movbe", XF_MOVBE }, { "-aes", XF_AES },
        { "-clmul", XF_CLMUL }, { "-sha", XF_SHA }, { "-gfni", XF_GFNI }, { "-base", XF_BASE },
    };
    for (u32 i = 0; i < COUNT(rows); i++)
        if (strlen(rows[i].name) == n && !memcmp(rows[i].name, word, n))
            return rows[i].features;
    return 0;
}

u32 xa_host_features(void)
{
    u32 features = cpu_features();
    const char *list = getenv("MYNAH_HOST");
    while (list && *list) {
        size_t n = strcspn(list, ",");
        features &= ~named(list, n);
        list += n + (list[n] == ',');
    }
    return features;
}
