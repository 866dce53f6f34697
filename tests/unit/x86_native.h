/*
 * x86_native.h - one user instruction on the host itself: the oracle of the x86 frontend's tests.
 *
 * The arena lies at the same addresses in the host's memory and in the guest's. Instructions run from its first page
 * in 64-bit mode, or in a 32-bit code segment of the kernel's.
 */
#pragma once
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "base/types.h"

#define ARENA      0x10000000u
#define ARENA_SIZE 0x10000u
#define N_CODE     ARENA
#define N_DATA     (ARENA + 0x1000u) /* two pages */
#define N_DATA_LEN 0x2000u
#define N_STACK    (ARENA + 0x4000u) /* the page below it and this one */
#define N_SAVE     0x10008000u       /* as the assembler below has it */

struct native_regs {
    u64 gpr[16];
    u64 flags;
};
struct native_save {
    struct native_regs r;
    u64 entry;     /* 0x88 */
    u64 host_rsp;  /* 0x90 */
    u32 far32[2];  /* 0x98: offset and selector of a 32-bit entry */
};
_Static_assert(offsetof(struct native_save, far32) == 0x98, "the assembler below");

void native_enter(void);
void native_leave(void);
__asm__(".text\n"
        "native_enter:\n"
        "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
        "mov %rsp, 0x10008090\n"
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
        "cld\n"
        "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
        "ret\n");

#define NATIVE (*(struct native_save *)(uintptr_t)N_SAVE)
static sigjmp_buf native_back;

static void native_fault(int sig)
{
    siglongjmp(native_back, sig);
}

/* False: the host does not give the addresses. */
static bool native_init(void)
{
    void *p = mmap((void *)(uintptr_t)ARENA, ARENA_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    return p == (void *)(uintptr_t)ARENA;
}

/* In each test: the test library has handlers of its own. */
static void native_catch(void)
{
    static u8 stack[65536];
    static const int sigs[] = { SIGFPE, SIGSEGV, SIGILL, SIGBUS, SIGTRAP };
    stack_t ss = { .ss_sp = stack, .ss_size = sizeof stack };
    struct sigaction sa = { .sa_handler = native_fault, .sa_flags = SA_ONSTACK | SA_NODEFER };
    sigaltstack(&ss, NULL);
    for (u32 k = 0; k < sizeof sigs / sizeof sigs[0]; k++)
        sigaction(sigs[k], &sa, NULL);
}

static void native_put(u32 at, const void *p, u32 n)
{
    memcpy((void *)(uintptr_t)at, p, n);
}

static void native_put_far_back(u32 at, bool bits32)
{
    static const u8 jmp64[] = { 0xff, 0x25, 0, 0, 0, 0 };
    u64 leave = (u64)(uintptr_t)native_leave;
    u32 stub = N_CODE + 0x800;
    if (bits32) {
        u8 jmp[7] = { 0xea, (u8)stub, (u8)(stub >> 8), (u8)(stub >> 16), (u8)(stub >> 24), 0x33, 0 };
        native_put(at, jmp, 7);
        at = stub;
    }
    native_put(at, jmp64, 6);
    native_put(at + 6, &leave, 8);
}

/* Runs the instruction: 0, or the signal it raised (r is then what it was). */
static int __attribute__((noinline)) native_run(struct native_regs *r, const u8 *code, u32 len, bool bits32)
{
    NATIVE.r = *r;
    NATIVE.entry = N_CODE;
    if (bits32) { /* jmp far [far32] at the stub's neighbour */
        static const u8 jmp_far[] = { 0xff, 0x2c, 0x25, 0x98, 0x80, 0x00, 0x10 };
        native_put(N_CODE + 0x840, jmp_far, sizeof jmp_far);
        NATIVE.entry = N_CODE + 0x840;
        NATIVE.far32[0] = N_CODE;
        NATIVE.far32[1] = 0x23;
    }
    __asm__ volatile("mov %0, %%ds; mov %0, %%es" : : "r"(0x2b)); /* no matter to 64-bit mode */
    native_put(N_CODE, code, len);
    native_put_far_back(N_CODE + len, bits32);
    volatile int sig = 0;
    sig = sigsetjmp(native_back, 1);
    if (sig)
        return sig;
    native_enter();
    *r = NATIVE.r;
    return 0;
}
