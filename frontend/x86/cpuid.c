/*
 * cpuid.c - what CPUID tells: bits made from the model's features, caches, topology, XSAVE areas, and who we are.
 *
 * Intel SDM volume 2, CPUID; AMD APM volume 3, appendix E for leaves above 0x80000000. A basic leaf beyond the
 * highest gives the highest one's data on Intel's models and zeros on AMD's. Leaf 0x40000000 names this program;
 * 0x40000010 gives the frequency of the TSC and of the APIC's timer in kHz (the layout that hypervisors agree on).
 * The caches are the same on all models: nothing here has any.
 *
 * Not modelled: performance monitoring (leaf 0xa is 0), power management but ARAT, more than one processor.
 */
#include "frontend/x86/cpu.h"
#include <string.h>

enum { EAX, EBX, ECX, EDX };

struct bit { u8 feature, reg, bit; };
#define B(f, r, n) { X86_FEAT_##f, r, n }

static const struct bit leaf1[] = {
    B(fpu, EDX, 0), B(vme, EDX, 1), B(de, EDX, 2), B(pse, EDX, 3), B(tsc, EDX, 4), B(msr, EDX, 5), B(pae, EDX, 6),
    B(mce, EDX, 7), B(cx8, EDX, 8), B(apic, EDX, 9), B(sep, EDX, 11), B(mtrr, EDX, 12), B(pge, EDX, 13),
    B(mca, EDX, 14), B(cmov, EDX, 15), B(pat, EDX, 16), B(pse36, EDX, 17), B(clflush, EDX, 19), B(mmx, EDX, 23),
    B(fxsr, EDX, 24), B(sse, EDX, 25), B(sse2, EDX, 26),
    B(sse3, ECX, 0), B(pclmulqdq, ECX, 1), B(monitor, ECX, 3), B(ssse3, ECX, 9), B(fma, ECX, 12), B(cx16, ECX, 13),
    B(pcid, ECX, 17), B(sse41, ECX, 19), B(sse42, ECX, 20), B(x2apic, ECX, 21), B(movbe, ECX, 22),
    B(popcnt, ECX, 23), B(tsc_deadline, ECX, 24), B(aes, ECX, 25), B(xsave, ECX, 26), B(avx, ECX, 28),
    B(f16c, ECX, 29), B(rdrand, ECX, 30), B(hypervisor, ECX, 31),
};
static const struct bit leaf7[] = {
    B(fsgsbase, EBX, 0), B(tsc_adjust, EBX, 1), B(bmi1, EBX, 3), B(avx2, EBX, 5), B(smep, EBX, 7), B(bmi2, EBX, 8),
    B(erms, EBX, 9), B(invpcid, EBX, 10), B(rdseed, EBX, 18), B(adx, EBX, 19), B(smap, EBX, 20),
    B(clflushopt, EBX, 23), B(clwb, EBX, 24), B(sha, EBX, 29),
    B(umip, ECX, 2), B(vaes, ECX, 9), B(vpclmulqdq, ECX, 10), B(rdpid, ECX, 22),
};
static const struct bit leaf_d1[] = { B(xsaveopt, EAX, 0), B(xsavec, EAX, 1), B(xgetbv1, EAX, 2) };
static const struct bit leaf_x1[] = {
    B(lahf, ECX, 0), B(lzcnt, ECX, 5), B(prefetchw, ECX, 8),
    B(syscall, EDX, 11), B(nx, EDX, 20), B(pdpe1gb, EDX, 26), B(rdtscp, EDX, 27), B(lm, EDX, 29),
};
#undef B

static bool is_amd(const struct vcpu *v) { return x86_wiring_of((struct vcpu *)v)->model->vendor[0] == 'A'; }

/* Features that the board, or the guest, takes away. */
static bool shown(struct vcpu *v, u32 f)
{
    const struct x86_state *s = v->state;
    const struct sysreg_port *apic = v->ports[SYSREG_X86_APIC_BASE];
    switch (f) {
    case X86_FEAT_apic: return apic && apic->read(apic->opaque, SYSREG_X86_APIC_BASE) >> 11 & 1;
    case X86_FEAT_x2apic: return v->ports[SYSREG_X86_X2APIC];
    case X86_FEAT_tsc_deadline: return v->ports[SYSREG_X86_TSC_DEADLINE];
    case X86_FEAT_nx: return !(s->misc_enable >> 34 & 1);
    case X86_FEAT_syscall: return is_amd(v) || x86_is_long(s); /* Intel has it in 64-bit mode alone */
    }
    return true;
}

static void put_bits(struct vcpu *v, const struct bit *b, u32 count, u32 out[4])
{
    for (u32 i = 0; i < count; i++)
        if (x86_has(v, b[i].feature) && shown(v, b[i].feature))
            out[b[i].reg] |= 1u << b[i].bit;
}
#define PUT_BITS(v, table, out) put_bits(v, table, COUNT(table), out)

static u32 text32(const char *s)
{
    u32 n;
    memcpy(&n, s, 4);
    return n;
}

static u32 apic_id(const struct vcpu *v) { return v->index; }

/* ---- basic leaves ---- */

static void vendor(struct vcpu *v, u32 out[4])
{
    const char *name = x86_wiring_of(v)->model->vendor;
    out[EBX] = text32(name);
    out[EDX] = text32(name + 4);
    out[ECX] = text32(name + 8);
}

static void version(struct vcpu *v, u32 out[4])
{
    out[EAX] = x86_signature(x86_wiring_of(v)->model);
    out[EBX] = apic_id(v) << 24 | 1 << 16 | (x86_has(v, X86_FEAT_clflush) ? 64 / 8 << 8 : 0);
    PUT_BITS(v, leaf1, out);
    if (x86_of(v)->cr4 & X86_CR4_OSXSAVE)
        out[ECX] |= 1 << 27;
}

/* Leaf 4: two level 1 caches of 32 KBytes, a second level of 2 MBytes, all 8-way with lines of 64 bytes. Leaf 2 has
 * the same as descriptors 2C, 30 and 7D. */
static void caches(u32 sub, u32 out[4])
{
    static const struct { u8 type, level; u16 sets; } rows[] = { { 1, 1, 64 }, { 2, 1, 64 }, { 3, 2, 4096 } };
    if (sub >= COUNT(rows))
        return;
    out[EAX] = rows[sub].type | (u32)rows[sub].level << 5 | 1 << 8; /* initializing by itself, one thread, one core */
    out[EBX] = 63 | 7u << 22;
    out[ECX] = rows[sub].sets - 1u;
}

static void topology(const struct vcpu *v, u32 sub, u32 out[4])
{
    out[ECX] = sub & 0xff;
    out[EDX] = apic_id(v);
    if (sub < 2) {
        out[EBX] = 1;
        out[ECX] |= (sub + 1) << 8; /* SMT, core */
    }
}

static u32 xsave_size(u64 components)
{
    return components & X86_XCR0_AVX ? 576 + 256 : 576;
}

static void xsave(struct vcpu *v, u32 sub, u32 out[4])
{
    const struct x86_state *s = v->state;
    bool avx = x86_has(v, X86_FEAT_avx);
    if (!x86_has(v, X86_FEAT_xsave))
        return;
    if (sub == 0) {
        out[EAX] = X86_XCR0_X87 | X86_XCR0_SSE | (avx ? X86_XCR0_AVX : 0);
        out[EBX] = xsave_size(s->xcr0);
        out[ECX] = xsave_size(out[EAX]);
    } else if (sub == 1) {
        PUT_BITS(v, leaf_d1, out);
        out[EBX] = x86_has(v, X86_FEAT_xsavec) ? xsave_size(s->xcr0) : 0;
    } else if (sub == 2 && avx) {
        out[EAX] = 256;
        out[EBX] = 576;
    }
}

static void basic(struct vcpu *v, u32 leaf, u32 sub, u32 out[4])
{
    switch (leaf) {
    case 0: vendor(v, out); break;
    case 1: version(v, out); break;
    case 2:
        out[EAX] = 1;
        out[EDX] = 0x002c307d;
        break;
    case 4:
        if (!is_amd(v))
            caches(sub, out);
        break;
    case 5:
        if (x86_has(v, X86_FEAT_monitor)) {
            out[EAX] = out[EBX] = 64;
            out[ECX] = 3; /* interrupts end MWAIT even while they are masked */
        }
        break;
    case 6: out[EAX] = x86_has(v, X86_FEAT_arat) ? 4 : 0; break;
    case 7:
        if (!sub)
            PUT_BITS(v, leaf7, out);
        break;
    case 0xb: topology(v, sub, out); break;
    case 0xd: xsave(v, sub, out); break;
    case 0x15:
        out[EAX] = out[EBX] = 1;
        out[ECX] = (u32)X86_TSC_HZ;
        break;
    case 0x16:
        out[EAX] = out[EBX] = (u32)(X86_TSC_HZ / 1000000);
        out[ECX] = 100;
        break;
    }
}

/* ---- extended and hypervisor leaves ---- */

static void brand(struct vcpu *v, u32 n, u32 out[4])
{
    char text[48] = { 0 };
    const char *from = x86_wiring_of(v)->model->brand;
    memcpy(text, from, MIN(strlen(from), sizeof text - 1));
    memcpy(out, text + 16 * n, 16);
}

static void extended(struct vcpu *v, u32 leaf, u32 out[4])
{
    const struct x86_model *m = x86_wiring_of(v)->model;
    switch (leaf & 0xff) {
    case 0:
        out[EAX] = m->xlevel;
        if (is_amd(v))
            vendor(v, out);
        break;
    case 1:
        PUT_BITS(v, leaf_x1, out);
        if (is_amd(v)) { /* repeats most of leaf 1 */
            u32 one[4] = { 0 };
            PUT_BITS(v, leaf1, one);
            out[EAX] = x86_signature(m);
            out[EDX] |= one[EDX] & 0x0183f3ff;
        }
        break;
    case 2: case 3: case 4: brand(v, (leaf & 0xff) - 2, out); break;
    case 5:
        if (is_amd(v))
            out[ECX] = out[EDX] = 32u << 24 | 8 << 16 | 1 << 8 | 64; /* level 1: KBytes, ways, lines a tag, line */
        break;
    case 6: out[ECX] = 2048u << 16 | 6 << 12 | (is_amd(v) ? 1 << 8 : 0) | 64; break; /* 6 stands for 8 ways */
    case 7: out[EDX] = x86_has(v, X86_FEAT_invtsc) ? 1 << 8 : 0; break;
    case 8: out[EAX] = m->pa_bits | (x86_has(v, X86_FEAT_lm) ? 48u : 32u) << 8; break;
    }
}

static void hypervisor(u32 leaf, u32 out[4])
{
    static const char name[] = "MynahMachine";
    switch (leaf) {
    case 0x40000000:
        out[EAX] = 0x40000010;
        out[EBX] = text32(name);
        out[ECX] = text32(name + 4);
        out[EDX] = text32(name + 8);
        break;
    case 0x40000010: out[EAX] = out[EBX] = (u32)(X86_TSC_HZ / 1000); break;
    }
}

/* IA32_MISC_ENABLE bit 22 hides leaves from systems that know few. */
static u32 highest(struct vcpu *v)
{
    u32 level = x86_wiring_of(v)->model->level;
    return x86_of(v)->misc_enable >> 22 & 1 ? MIN(level, 2u) : level;
}

void x86_cpuid(struct vcpu *v, u32 leaf, u32 sub, u32 out[4])
{
    const struct x86_model *m = x86_wiring_of(v)->model;
    u32 top = highest(v);
    memset(out, 0, 16);
    if (leaf >> 31 && leaf <= m->xlevel) {
        extended(v, leaf, out);
        return;
    }
    if (leaf >> 28 == 4 && x86_has(v, X86_FEAT_hypervisor)) {
        hypervisor(leaf, out);
        return;
    }
    if (leaf > top && is_amd(v))
        return;
    leaf = MIN(leaf, top);
    basic(v, leaf, sub, out);
    if (!leaf)
        out[EAX] = top;
}
