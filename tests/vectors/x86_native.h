/*
 * x86_native.h - one user instruction on the host itself: the oracle of the x86 frontend's tests.
 *
 * Code and data lie at the same low addresses on the host and in the guest. An instruction runs in 64-bit mode, in
 * the kernel's 32-bit code segment or in a 16-bit one of the LDT; what follows it, and all that it may branch to, is
 * INT3. So every run ends with a signal, whose context has all registers; exceptions are told apart by their vector.
 */
#pragma once
#include <asm/ldt.h>
#include <cpuid.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "frontend/x86/cpu.h"

#define XV_BASE   0x10000000u
#define XV_CODE   (XV_BASE + 0x1000u)  /* one page of INT3 ... */
#define XV_INSN   (XV_CODE + 0x800u)   /* ... with the instruction here */
#define XV_DATA   (XV_BASE + 0x8000u)  /* two pages; none before and none behind them */
#define XV_LEN    0x2000u
#define XV_AREA   (XV_BASE + 0x20000u) /* the host's: image for XRSTOR */
#define XV_BLOCK  (XV_BASE + 0x21000u) /* struct native_block, as the assembler below has it */
#define XV_FS     0x1000u              /* bases in 64-bit mode */
#define XV_GS     0x2000u
#define XV_SELECTOR_CODE64 0x33u       /* the kernel's */
#define XV_SELECTOR_CODE32 0x23u
#define XV_SELECTOR_DATA   0x2bu
#define XV_SELECTOR_BASED  0x07u       /* of the LDT: data from XV_BASE on */
#define XV_SELECTOR_CODE16 0x0fu
#define XV_SELECTOR_STACK16 0x17u

/* Registers of user code. st[] by stack order, ftw by register: bit n: Rn is not empty. */
struct xv_regs {
    u64 gpr[16];
    u64 ip, flags;       /* ip: in the code segment */
    u64 fs, gs;          /* bases; 64-bit mode and a host with FSGSBASE, else 0 */
    u8  vec[16][32];
    u8  st[8][10];
    u32 mxcsr;
    u16 fcw, fsw;
    u8  ftw;
    i32 vector;          /* -1: no exception */
    u64 code, cr2;       /* error code or 0; address of a page fault or 0 */
};

struct xv_segments {
    u32  bits;           /* of the code segment: 16, 32, 64 */
    bool based;          /* ES, SS, DS begin at XV_BASE */
};

struct native_block {
    u64 gpr[16];
    u64 flags;           /* 0x80 */
    u64 entry;           /* 0x88 */
    u64 host_rsp;        /* 0x90 */
    u32 far_ptr[2];      /* 0x98 */
    u64 host_fs;         /* 0xa0 */
    u64 data, stack;     /* 0xa8, 0xb0: selectors */
    u64 has_fsgsbase;    /* 0xb8 */
    u64 active, fs, gs;
    u64 gregs[NGREG];
    u8  xsave[832];
};
#define NATIVE (*(struct native_block *)(uintptr_t)XV_BLOCK)

void native_enter(void);
void native_far(void);
void native_leave(void) __attribute__((noreturn));
__asm__(".text\n"
        "native_enter:\n"
        "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
        "mov %rsp, 0x10021090\n"
        "mov $7, %eax; xor %edx, %edx; xrstor64 0x10020000\n"
        "mov 0x100210a8, %ecx; mov 0x100210b0, %edx\n"
        "mov %ecx, %ds; mov %ecx, %es; mov %edx, %ss\n"
        "cmpl $0, 0x100210b8; je 1f\n"
        "rdfsbase %rax; mov %rax, 0x100210a0\n"
        "mov $0x1000, %eax; wrfsbase %rax; mov $0x2000, %eax; wrgsbase %rax\n"
        "1: pushq 0x10021080; popfq\n"
        "mov 0x10021000, %rax; mov 0x10021008, %rcx; mov 0x10021010, %rdx; mov 0x10021018, %rbx\n"
        "mov 0x10021020, %rsp; mov 0x10021028, %rbp; mov 0x10021030, %rsi; mov 0x10021038, %rdi\n"
        "mov 0x10021040, %r8; mov 0x10021048, %r9; mov 0x10021050, %r10; mov 0x10021058, %r11\n"
        "mov 0x10021060, %r12; mov 0x10021068, %r13; mov 0x10021070, %r14; mov 0x10021078, %r15\n"
        "jmp *0x10021088\n"
        "native_far:\n"
        ".byte 0xff, 0x2c, 0x25; .long 0x10021098\n" /* jmp far [far_ptr] */
        "native_leave:\n"
        "mov 0x10021090, %rsp\n"
        "cld\n"
        "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
        "ret\n");

/* AC and the FS base are the instruction's still: no unaligned access and no thread-local variable before they are
 * put right. */
__attribute__((no_stack_protector, no_sanitize("address", "undefined")))
static void native_caught(int sig, siginfo_t *info, void *context)
{
    const ucontext_t *uc = context;
    (void)info;
    __asm__ volatile("lea -128(%%rsp), %%rsp; pushfq; andl $~0x40000, (%%rsp); popfq; lea 128(%%rsp), %%rsp"
                     ::: "memory");
    if (NATIVE.has_fsgsbase && NATIVE.active)
        __asm__ volatile("rdfsbase %0; rdgsbase %1; wrfsbase %2"
                         : "=&r"(NATIVE.fs), "=&r"(NATIVE.gs) : "r"(NATIVE.host_fs));
    if (!NATIVE.active) {
        signal(sig, SIG_DFL);
        return;
    }
    NATIVE.active = 0;
    memcpy(NATIVE.gregs, uc->uc_mcontext.gregs, sizeof NATIVE.gregs);
    memcpy(NATIVE.xsave, uc->uc_mcontext.fpregs, sizeof NATIVE.xsave);
    native_leave();
}

/* ---- what the host has ---- */

static inline bool native_cpuid(u32 leaf, u32 sub, u32 reg, u32 bit)
{
    u32 r[4];
    return __get_cpuid_count(leaf, sub, &r[0], &r[1], &r[2], &r[3]) && r[reg] >> bit & 1;
}

struct native_feature { u8 feature, reg, bit; u32 leaf; /* 0x10000: subleaf 1 */ };
static const struct native_feature native_features[] = {
    { X86_FEAT_fpu, 3, 0, 1 }, { X86_FEAT_tsc, 3, 4, 1 }, { X86_FEAT_msr, 3, 5, 1 }, { X86_FEAT_cx8, 3, 8, 1 },
    { X86_FEAT_sep, 3, 11, 1 }, { X86_FEAT_cmov, 3, 15, 1 }, { X86_FEAT_clflush, 3, 19, 1 },
    { X86_FEAT_mmx, 3, 23, 1 }, { X86_FEAT_fxsr, 3, 24, 1 }, { X86_FEAT_sse, 3, 25, 1 },
    { X86_FEAT_sse2, 3, 26, 1 }, { X86_FEAT_sse3, 2, 0, 1 }, { X86_FEAT_pclmulqdq, 2, 1, 1 },
    { X86_FEAT_monitor, 2, 3, 1 }, { X86_FEAT_ssse3, 2, 9, 1 }, { X86_FEAT_fma, 2, 12, 1 },
    { X86_FEAT_cx16, 2, 13, 1 }, { X86_FEAT_sse41, 2, 19, 1 }, { X86_FEAT_sse42, 2, 20, 1 },
    { X86_FEAT_movbe, 2, 22, 1 }, { X86_FEAT_popcnt, 2, 23, 1 }, { X86_FEAT_aes, 2, 25, 1 },
    { X86_FEAT_xsave, 2, 27, 1 }, { X86_FEAT_avx, 2, 28, 1 }, { X86_FEAT_f16c, 2, 29, 1 },
    { X86_FEAT_rdrand, 2, 30, 1 }, { X86_FEAT_fsgsbase, 1, 0, 7 }, { X86_FEAT_bmi1, 1, 3, 7 },
    { X86_FEAT_avx2, 1, 5, 7 }, { X86_FEAT_bmi2, 1, 8, 7 }, { X86_FEAT_invpcid, 1, 10, 7 },
    { X86_FEAT_rdseed, 1, 18, 7 }, { X86_FEAT_adx, 1, 19, 7 }, { X86_FEAT_smap, 1, 20, 7 },
    { X86_FEAT_clflushopt, 1, 23, 7 }, { X86_FEAT_clwb, 1, 24, 7 }, { X86_FEAT_sha, 1, 29, 7 },
    { X86_FEAT_vaes, 2, 9, 7 }, { X86_FEAT_vpclmulqdq, 2, 10, 7 }, { X86_FEAT_rdpid, 2, 22, 7 },
    { X86_FEAT_xsaveopt, 0, 0, 0x1000d }, { X86_FEAT_xsavec, 0, 1, 0x1000d }, { X86_FEAT_xgetbv1, 0, 2, 0x1000d },
    { X86_FEAT_lahf, 2, 0, 0x80000001 }, { X86_FEAT_lzcnt, 2, 5, 0x80000001 },
    { X86_FEAT_prefetchw, 2, 8, 0x80000001 }, { X86_FEAT_syscall, 3, 11, 0x80000001 },
    { X86_FEAT_rdtscp, 3, 27, 0x80000001 }, { X86_FEAT_lm, 3, 29, 0x80000001 },
};

static inline bool native_has(i32 feature)
{
    for (u32 k = 0; k < COUNT(native_features); k++) {
        const struct native_feature *f = &native_features[k];
        if (f->feature == feature)
            return native_cpuid(f->leaf & ~0x10000u, f->leaf >> 16 & 1, f->reg, f->bit);
    }
    return feature < 0 || feature == X86_FEAT_i486 || feature == X86_FEAT_i586 || feature == X86_FEAT_i686
           || feature == X86_FEAT_cpuid;
}

/* FSGSBASE instructions for user code: told by the kernel. */
static inline bool native_has_fsgsbase(void)
{
    u64 auxv[2];
    FILE *f = fopen("/proc/self/auxv", "rb");
    bool found = false;
    while (f && !found && fread(auxv, sizeof auxv, 1, f) == 1)
        found = auxv[0] == 26 /* AT_HWCAP2 */ && auxv[1] & 2;
    if (f)
        fclose(f);
    return found;
}

/* ---- memory, segments, signals ---- */

static inline bool native_ldt(u32 entry, bool code, bool big)
{
    struct user_desc d = { .entry_number = entry, .base_addr = XV_BASE, .limit = big ? 0xfffff : 0xffff,
                           .seg_32bit = big, .limit_in_pages = big, .contents = code ? 2 : 0, .useable = 1 };
    return !syscall(SYS_modify_ldt, 1, &d, sizeof d);
}

/* Segments of the LDT; false: the kernel refuses. */
static inline bool native_init_ldt(void)
{
    return native_ldt(0, false, true) && native_ldt(1, true, false) && native_ldt(2, false, false);
}

/* NULL, or why the host cannot be asked. */
static inline const char *native_init(void)
{
    static const u32 pages[][2] = { { XV_CODE, 0x1000 }, { XV_DATA, XV_LEN }, { XV_AREA, 0x2000 } };
    if (!native_has(X86_FEAT_avx) || !native_has(X86_FEAT_xsave))
        return "the host has no AVX";
    void *all = mmap((void *)(uintptr_t)XV_BASE, 0x80000, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (all != (void *)(uintptr_t)XV_BASE)
        return "the host does not give the low addresses";
    for (u32 k = 0; k < COUNT(pages); k++)
        if (mprotect((void *)(uintptr_t)pages[k][0], pages[k][1], PROT_READ | PROT_WRITE | (k ? 0 : PROT_EXEC)))
            return "the host does not give code that can be written";
    memset((void *)(uintptr_t)XV_CODE, 0xcc, PAGE_SIZE);
    NATIVE.has_fsgsbase = native_has_fsgsbase();
    return NULL;
}

/* In each test: the test library has handlers of its own. */
static inline void native_catch(void)
{
    static u8 stack[65536];
    static const int sigs[] = { SIGFPE, SIGSEGV, SIGILL, SIGBUS, SIGTRAP };
    stack_t ss = { .ss_sp = stack, .ss_size = sizeof stack };
    struct sigaction sa = { .sa_sigaction = native_caught, .sa_flags = SA_ONSTACK | SA_NODEFER | SA_SIGINFO };
    sigaltstack(&ss, NULL);
    for (u32 k = 0; k < COUNT(sigs); k++)
        sigaction(sigs[k], &sa, NULL);
}

/* ---- registers to and from the images of XSAVE ---- */

static inline void native_load_fp(const struct xv_regs *r)
{
    u8 *a = (u8 *)(uintptr_t)XV_AREA;
    u64 components = 7;
    memset(a, 0, 832);
    memcpy(a, &r->fcw, 2);
    memcpy(a + 2, &r->fsw, 2);
    a[4] = r->ftw;
    memcpy(a + 24, &r->mxcsr, 4);
    memcpy(a + 512, &components, 8);
    for (u32 k = 0; k < 8; k++)
        memcpy(a + 32 + 16 * k, r->st[k], 10);
    for (u32 k = 0; k < 16; k++) {
        memcpy(a + 160 + 16 * k, r->vec[k], 16);
        memcpy(a + 576 + 16 * k, r->vec[k] + 16, 16);
    }
}

static inline void native_store_fp(struct xv_regs *r, const u8 *a)
{
    bool avx = a[512] & 4;
    memcpy(&r->fcw, a, 2);
    memcpy(&r->fsw, a + 2, 2);
    r->ftw = a[4];
    memcpy(&r->mxcsr, a + 24, 4);
    for (u32 k = 0; k < 8; k++)
        memcpy(r->st[k], a + 32 + 16 * k, 10);
    for (u32 k = 0; k < 16; k++) {
        memcpy(r->vec[k], a + 160 + 16 * k, 16);
        memset(r->vec[k] + 16, 0, 16);
        if (avx)
            memcpy(r->vec[k] + 16, a + 576 + 16 * k, 16);
    }
}

/* ---- one run ---- */

/* What ended the instruction: INT3 behind it or where it went to, a fetch there that failed, or an exception. */
static inline void xv_classify(struct xv_regs *r, u32 vector, u64 start, u32 len, u64 code, u64 cr2, bool own_bp)
{
    bool pad = vector == X86_BP && !(own_bp && r->ip == start + len);
    bool fetch = vector == X86_PF && r->ip != start;
    r->vector = pad || fetch ? -1 : (i32)vector;
    r->ip -= pad;
    r->code = r->vector == X86_PF || (vector >= X86_DF && vector <= X86_GP) || vector == X86_AC_FAULT ? code : 0;
    r->cr2 = r->vector == X86_PF ? cr2 : 0;
    if (fetch)
        r->code = 0;
    if (r->cr2 >> 47) /* of the kernel's half: Linux says "present" to all of it */
        r->code &= ~1ull;
}

/* code: the whole instruction; own_bp: it is a breakpoint itself. */
static inline void native_run(struct xv_regs *r, const struct xv_segments *seg, const u8 *code, u32 len, bool own_bp)
{
    static const u8 order[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                  REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15 };
    u8 *at = (u8 *)(uintptr_t)XV_INSN;
    u64 start = XV_INSN - (seg->bits == 16 ? XV_BASE : 0);
    memcpy(at, code, len);
    memcpy(NATIVE.gpr, r->gpr, sizeof r->gpr);
    NATIVE.flags = r->flags;
    NATIVE.entry = seg->bits == 64 ? XV_INSN : (u64)(uintptr_t)native_far;
    NATIVE.far_ptr[0] = (u32)start;
    NATIVE.far_ptr[1] = seg->bits == 16 ? XV_SELECTOR_CODE16 : XV_SELECTOR_CODE32;
    NATIVE.data = seg->based ? XV_SELECTOR_BASED : XV_SELECTOR_DATA;
    NATIVE.stack = seg->bits == 16 ? XV_SELECTOR_STACK16 : NATIVE.data;
    native_load_fp(r);
    NATIVE.active = 1;
    native_enter();
    for (u32 k = 0; k < 16; k++)
        r->gpr[k] = NATIVE.gregs[order[k]];
    r->ip = NATIVE.gregs[REG_RIP];
    r->flags = NATIVE.gregs[REG_EFL];
    r->fs = NATIVE.has_fsgsbase && seg->bits == 64 ? NATIVE.fs : 0;
    r->gs = NATIVE.has_fsgsbase && seg->bits == 64 ? NATIVE.gs : 0;
    native_store_fp(r, NATIVE.xsave);
    xv_classify(r, (u32)NATIVE.gregs[REG_TRAPNO], start, len, NATIVE.gregs[REG_ERR], NATIVE.gregs[REG_CR2], own_bp);
    memset(at, 0xcc, len);
}
