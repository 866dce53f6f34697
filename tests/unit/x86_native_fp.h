/*
 * x86_native_fp.h - one floating-point instruction on the host itself, in 64-bit mode: x86_native.h with the state
 * that XSAVE knows. The instruction runs from the arena's first page; the image at N_X goes in and comes back.
 */
#pragma once
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "base/types.h"

#define ARENA      0x10000000u
#define ARENA_SIZE 0x10000u
#define N_CODE     ARENA
#define N_DATA     (ARENA + 0x1000u)
#define N_DATA_LEN 0x2000u
#define N_X        0x10009000u /* as the assembler below has it */
#define X_SIZE     832u

/* At 0x10008000. */
struct native_save {
    u64 gpr[16], flags, entry, host_rsp;
    u32 mxcsr;
};
#define NATIVE (*(struct native_save *)(uintptr_t)0x10008000u)
#define NATIVE_X ((u8 *)(uintptr_t)N_X)

void native_enter(void);
void native_leave(void);
__asm__(".text\n"
        "native_enter:\n"
        "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
        "mov %rsp, 0x10008090\n"
        "mov $7, %eax; xor %edx, %edx; xrstor64 0x10009000\n"
        "pushq 0x10008080; popfq\n"
        "mov 0x10008008, %rcx; mov 0x10008010, %rdx; mov 0x10008018, %rbx\n"
        "mov 0x10008028, %rbp; mov 0x10008030, %rsi; mov 0x10008038, %rdi\n"
        "mov 0x10008040, %r8; mov 0x10008048, %r9; mov 0x10008050, %r10; mov 0x10008058, %r11\n"
        "mov 0x10008060, %r12; mov 0x10008068, %r13; mov 0x10008070, %r14; mov 0x10008078, %r15\n"
        "mov 0x10008000, %rax\n"
        "mov 0x10008020, %rsp\n"
        "jmp *0x10008088\n"
        "native_leave:\n"
        "mov %rax, 0x10008000; mov %rcx, 0x10008008; mov %rdx, 0x10008010; mov %rbx, 0x10008018\n"
        "mov %rsp, 0x10008020; mov %rbp, 0x10008028; mov %rsi, 0x10008030; mov %rdi, 0x10008038\n"
        "mov %r8, 0x10008040; mov %r9, 0x10008048; mov %r10, 0x10008050; mov %r11, 0x10008058\n"
        "mov %r12, 0x10008060; mov %r13, 0x10008068; mov %r14, 0x10008070; mov %r15, 0x10008078\n"
        "mov 0x10008090, %rsp\n"
        "pushfq; popq 0x10008080\n"
        "mov $7, %eax; xor %edx, %edx; xsave64 0x10009000\n"
        "fninit; movl $0x1f80, 0x10008098; ldmxcsr 0x10008098; vzeroupper\n"
        "cld\n"
        "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
        "ret\n");

static sigjmp_buf native_back;

static void native_fault(int sig, siginfo_t *info, void *context)
{
    (void)info;
    memcpy(NATIVE_X, ((ucontext_t *)context)->uc_mcontext.fpregs, X_SIZE);
    siglongjmp(native_back, sig);
}

/* False: the host does not give the addresses, or has no AVX. */
static bool native_init(void)
{
    void *p = mmap((void *)(uintptr_t)ARENA, ARENA_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    return p == (void *)(uintptr_t)ARENA && __builtin_cpu_supports("avx");
}

/* In each test: the test library has handlers of its own. */
static void native_catch(void)
{
    static u8 stack[65536];
    static const int sigs[] = { SIGFPE, SIGSEGV, SIGILL, SIGBUS, SIGTRAP };
    stack_t ss = { .ss_sp = stack, .ss_size = sizeof stack };
    struct sigaction sa = { .sa_sigaction = native_fault, .sa_flags = SA_ONSTACK | SA_NODEFER | SA_SIGINFO };
    sigaltstack(&ss, NULL);
    for (u32 k = 0; k < sizeof sigs / sizeof sigs[0]; k++)
        sigaction(sigs[k], &sa, NULL);
}

/* NATIVE and NATIVE_X hold the registers before and after: 0, or the signal that the instruction raised. */
static int native_run(const u8 *code, u32 len)
{
    static const u8 jmp64[] = { 0xff, 0x25, 0, 0, 0, 0 };
    u64 leave = (u64)(uintptr_t)native_leave;
    u8 *at = (u8 *)(uintptr_t)N_CODE;
    NATIVE.entry = N_CODE;
    memcpy(at, code, len);
    memcpy(at + len, jmp64, 6);
    memcpy(at + len + 6, &leave, 8);
    int sig = sigsetjmp(native_back, 1);
    if (!sig)
        native_enter();
    return sig;
}
