/*
 * x86_vec_native.h - vector, MMX and x87 state around one instruction on the host itself; beside x86_native.h.
 */
#pragma once
#include <ucontext.h>

#include "tests/unit/x86_native.h"

#define N_YMM_IN  (ARENA + 0x9000u)
#define N_MXCSR   (ARENA + 0x9400u)
#define N_FX_IN   (ARENA + 0x9600u)
#define N_FX_OUT  (ARENA + 0x9800u)
#define N_YMM_OUT (ARENA + 0x9a00u)

struct native_vec {
    u64 ymm[16][4];
    u64 mm[8];      /* by physical number */
    u16 exp[8];
    u32 mxcsr;
    u16 fsw;
    u8  ftw;
};
static u32 native_mxcsr; /* at the last signal */

/* Copied in front of the instruction and behind it. */
extern const u8 native_vec_load[], native_vec_loaded[], native_vec_save[], native_vec_saved[];
__asm__(".section .rodata\n"
        "native_vec_load:\n"
        "fxrstor64 0x10009600\n"
        ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
        "vmovdqu 0x10009000+32*\\n, %ymm\\n\n"
        ".endr\n"
        "native_vec_loaded:\n"
        "native_vec_save:\n"
        "fxsave64 0x10009800\n"
        ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
        "vmovdqu %ymm\\n, 0x10009a00+32*\\n\n"
        ".endr\n"
        "fninit\n"
        "ldmxcsr 0x10009400\n"
        "native_vec_saved:\n"
        ".text\n");

static void native_vec_put(const struct native_vec *x)
{
    u8 fx[512] = { 0x7f, 3, (u8)x->fsw, (u8)(x->fsw >> 8), x->ftw };
    memcpy(fx + 24, &x->mxcsr, 4);
    for (u32 n = 0; n < 8; n++) {
        u32 r = (n + (x->fsw >> 11)) & 7;
        memcpy(fx + 32 + 16 * n, &x->mm[r], 8);
        memcpy(fx + 40 + 16 * n, &x->exp[r], 2);
    }
    static const u32 mxcsr = 0x1f80;
    native_put(N_MXCSR, &mxcsr, 4); /* the host's own */
    native_put(N_FX_IN, fx, sizeof fx);
    native_put(N_YMM_IN, x->ymm, sizeof x->ymm);
}

static void native_vec_get(struct native_vec *x)
{
    const u8 *fx = (const u8 *)(uintptr_t)N_FX_OUT;
    memcpy(x->ymm, (const void *)(uintptr_t)N_YMM_OUT, sizeof x->ymm);
    memcpy(&x->fsw, fx + 2, 2);
    memcpy(&x->mxcsr, fx + 24, 4);
    x->ftw = fx[4];
    for (u32 n = 0; n < 8; n++) {
        u32 r = (n + (x->fsw >> 11)) & 7;
        memcpy(&x->mm[r], fx + 32 + 16 * n, 8);
        memcpy(&x->exp[r], fx + 40 + 16 * n, 2);
    }
}

static void native_vec_fault(int sig, siginfo_t *info, void *context)
{
    (void)info;
    native_mxcsr = ((ucontext_t *)context)->uc_mcontext.fpregs->mxcsr;
    siglongjmp(native_back, sig);
}

/* In each test, behind native_catch(). */
static void native_vec_catch(void)
{
    struct sigaction sa = { .sa_sigaction = native_vec_fault, .sa_flags = SA_ONSTACK | SA_NODEFER | SA_SIGINFO };
    sigaction(SIGFPE, &sa, NULL);
    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGILL, &sa, NULL);
}

/* Runs the 64-bit instruction: 0, or the signal it raised (then *r and *x are what they were). */
static int native_vec_run(struct native_regs *r, struct native_vec *x, const u8 *insn, u32 len)
{
    u8 code[1024];
    u32 before = (u32)(native_vec_loaded - native_vec_load), after = (u32)(native_vec_saved - native_vec_save);
    memcpy(code, native_vec_load, before);
    memcpy(code + before, insn, len);
    memcpy(code + before + len, native_vec_save, after);
    native_vec_put(x);
    int sig = native_run(r, code, before + len + after, false);
    if (!sig) {
        native_vec_get(x);
        return 0;
    }
    static const u32 mxcsr = 0x1f80;
    __asm__ volatile("fninit; vzeroupper; ldmxcsr %0" : : "m"(mxcsr));
    return sig;
}
