/*
 * models.c - the processors that -cpu names.
 *
 * Families, levels and feature sets are those of the machines' own manuals and of what wrappers expect under these
 * names; a feature that is not modelled is never claimed (cpuid.c makes the bits from `features`). `max` is all that
 * is modelled.
 */
#include "frontend/x86/cpu.h"
#include <string.h>

/* Two words of features; F() gives word 0 or 1 of a list. */
#define LO(f) (X86_FEAT_##f < 64 ? 1ull << (X86_FEAT_##f & 63) : 0)
#define HI(f) (X86_FEAT_##f < 64 ? 0 : 1ull << (X86_FEAT_##f & 63))

#define LIST_PENTIUM(B) (B(i486) | B(i586) | B(cpuid) | B(fpu) | B(vme) | B(de) | B(pse) | B(tsc) | B(msr) | B(mce) \
                         | B(cx8) | B(apic) | B(mmx))
#define LIST_P6(B) (B(i486) | B(i586) | B(i686) | B(cpuid) | B(fpu) | B(de) | B(pse) | B(tsc) | B(msr) | B(pae) \
                    | B(mce) | B(cx8) | B(apic) | B(sep) | B(pge) | B(cmov) | B(pat) | B(mmx) | B(fxsr) | B(sse) \
                    | B(sse2) | B(sse3) | B(hypervisor))
#define LIST_K8(B) (LIST_P6(B) | B(mtrr) | B(mca) | B(pse36) | B(clflush) | B(cx16) | B(lahf) | B(syscall) | B(nx) \
                    | B(lm))
#define LIST_NEHALEM(B) (LIST_K8(B) | B(vme) | B(ssse3) | B(sse41) | B(sse42) | B(popcnt))
#define LIST_HASWELL(B) (LIST_NEHALEM(B) | B(pclmulqdq) | B(fma) | B(pcid) | B(x2apic) | B(movbe) | B(tsc_deadline) \
                         | B(aes) | B(xsave) | B(avx) | B(f16c) | B(rdrand) | B(fsgsbase) | B(bmi1) | B(avx2) \
                         | B(smep) | B(bmi2) | B(erms) | B(invpcid) | B(xsaveopt) | B(arat) | B(lzcnt) | B(rdtscp))
#define LIST_MAX(B) (LIST_HASWELL(B) | B(monitor) | B(rdseed) | B(adx) | B(smap) | B(clflushopt) | B(clwb) | B(sha) \
                     | B(umip) | B(rdpid) | B(xsavec) | B(xgetbv1) | B(prefetchw) | B(pdpe1gb) | B(invtsc) | B(vaes) \
                     | B(vpclmulqdq) | B(tsc_adjust))
#define BOTH(list) { list(LO), list(HI) }

_Static_assert(X86_FEAT_COUNT <= 128, "x86_model.features");

#define INTEL "GenuineIntel"
#define AMD "AuthenticAMD"

const struct x86_model x86_models[] = {
    { .name = "486", .features = { LO(i486) | LO(fpu), HI(i486) | HI(fpu) }, .vendor = INTEL, .brand = "",
      .family = 4, .model = 8, .stepping = 0, .pa_bits = 32 },
    { .name = "pentium", .features = BOTH(LIST_PENTIUM), .vendor = INTEL, .brand = "",
      .family = 5, .model = 4, .stepping = 3, .level = 1, .pa_bits = 32 },
    { .name = "qemu32", .features = BOTH(LIST_P6), .vendor = INTEL, .brand = "32-bit Virtual CPU",
      .family = 6, .model = 6, .stepping = 3, .level = 4, .xlevel = 0x80000004, .pa_bits = 36 },
    { .name = "qemu64", .features = BOTH(LIST_K8), .vendor = AMD, .brand = "64-bit Virtual CPU",
      .family = 15, .model = 107, .stepping = 1, .level = 13, .xlevel = 0x8000000a, .pa_bits = 40 },
    { .name = "Nehalem", .features = BOTH(LIST_NEHALEM), .vendor = INTEL,
      .brand = "Intel Core i7 9xx (Nehalem Class Core i7)",
      .family = 6, .model = 26, .stepping = 3, .level = 11, .xlevel = 0x80000008, .pa_bits = 40 },
    { .name = "Haswell", .features = BOTH(LIST_HASWELL), .vendor = INTEL,
      .brand = "Intel Core Processor (Haswell, no TSX)",
      .family = 6, .model = 60, .stepping = 1, .level = 13, .xlevel = 0x80000008, .pa_bits = 40 },
    { .name = "max", .features = BOTH(LIST_MAX), .vendor = AMD, .brand = "mynah CPU with everything",
      .family = 6, .model = 6, .stepping = 3, .level = 0x16, .xlevel = 0x80000008, .pa_bits = 40 },
    { .name = NULL },
};

const struct x86_model *x86_model_find(const char *name)
{
    for (const struct x86_model *m = x86_models; m->name; m++)
        if (!strcmp(m->name, name))
            return m;
    return NULL;
}
