/*
 * oracle.c - runs vectors of A64 instructions at EL0 of a Linux and writes down what they did.
 *
 * A static aarch64 program, run by qemu-aarch64 through tools/vectors/record.py (or natively). Each vector's words
 * lie at VEC_CODE, the rest of their page is BRK. A signal handler is the whole loop: it is entered by the BRK behind
 * the words (or by whatever a branch meets), takes the results out of the signal frame, puts the next vector's inputs
 * there and returns, so that no register is reserved.
 *
 * stdin, little-endian: rows of u8 length, name, u8 level (ignored), u16 count, and count times u16 index, u16 plan,
 * u32 words. stdout, for each vector: u64 hash of the inputs, u8 signal (0: it ran), u16 length, items.
 */
#define _GNU_SOURCE
#include "tests/vectors/vectors.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <ucontext.h>

enum { BRK = 0xd4200000u, CODE_WORDS = 1024, ALTSTACK = 1 << 16 };

static struct vec_state before, after;
static u32 words[VEC_WORDS], plan;
static bool started;
static u32 left;      /* vectors of the row */
static char row[256];

static bool take(void *to, size_t n)
{
    return fread(to, 1, n, stdin) == n;
}

/* Reads the next vector; false: there is none. */
static bool next_vector(u16 *index)
{
    while (!left) {
        u8 len, level;
        u16 n;
        memset(row, 0, sizeof row);
        if (!take(&len, 1) || !take(row, len) || !take(&level, 1) || !take(&n, 2))
            return false;
        left = n;
    }
    left--;
    u16 p;
    if (!take(index, 2) || !take(&p, 2) || !take(words, 4 * vec_count(p)))
        return false;
    plan = p;
    return true;
}

static struct fpsimd_context *fpsimd(ucontext_t *uc)
{
    struct _aarch64_ctx *c = (void *)uc->uc_mcontext.__reserved;
    while (c->magic && c->magic != FPSIMD_MAGIC)
        c = (void *)((char *)c + c->size);
    if (!c->magic)
        abort();
    return (void *)c;
}

static void put_state(ucontext_t *uc, const struct vec_state *st)
{
    mcontext_t *m = &uc->uc_mcontext;
    struct fpsimd_context *f = fpsimd(uc);
    memcpy(m->regs, st->x, sizeof st->x);
    m->sp = st->sp;
    m->pc = VEC_CODE;
    m->pstate = st->pstate;
    memcpy(f->vregs, st->v, sizeof st->v);
    f->fpsr = st->fpsr;
    f->fpcr = st->fpcr;
    memcpy((void *)VEC_WINDOW, st->mem, VEC_MEM);
}

static void get_state(ucontext_t *uc, struct vec_state *st)
{
    const mcontext_t *m = &uc->uc_mcontext;
    const struct fpsimd_context *f = fpsimd(uc);
    memcpy(st->x, m->regs, sizeof st->x);
    st->sp = m->sp;
    st->pc = m->pc;
    st->pstate = (u32)m->pstate & VEC_NZCV;
    memcpy(st->v, f->vregs, sizeof st->v);
    st->fpsr = f->fpsr;
    st->fpcr = f->fpcr;
    memcpy(st->mem, (void *)VEC_WINDOW, VEC_MEM);
}

/* A signal at the words themselves is a fault; one elsewhere is where they went. */
static void write_results(int sig)
{
    static u8 out[VEC_MAX_RESULT];
    u64 hash = vec_hash(VEC_HASH_INIT, &before, sizeof before);
    bool faulted = after.pc >= VEC_CODE && after.pc < VEC_CODE + 4 * vec_count(plan);
    u8 status = faulted ? (u8)sig : 0;
    u16 len = faulted ? 0 : (u16)(vec_diff(out, &before, &after) - out);
    fwrite(&hash, 8, 1, stdout);
    fwrite(&status, 1, 1, stdout);
    fwrite(&len, 2, 1, stdout);
    fwrite(out, 1, len, stdout);
}

static void handler(int sig, siginfo_t *si, void *context)
{
    ucontext_t *uc = context;
    u16 index;
    (void)si;
    if (started) {
        after = before;
        get_state(uc, &after);
        write_results(sig);
    }
    started = true;
    if (!next_vector(&index)) {
        fflush(stdout);
        _exit(0);
    }
    vec_input(&before, row, index, VEC_EL0, plan, words);
    put_state(uc, &before);
    u32 *code = (u32 *)VEC_CODE;
    for (u32 i = 0; i < VEC_WORDS; i++)
        code[i] = i < vec_count(plan) ? words[i] : BRK;
    __builtin___clear_cache((char *)code, (char *)(code + VEC_WORDS));
}

static void map_fixed(u64 at, u64 size, int prot)
{
    void *p = mmap((void *)at, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (p != (void *)at) {
        perror("mmap");
        exit(1);
    }
}

int main(void)
{
    static const int signals[] = { SIGTRAP, SIGSEGV, SIGBUS, SIGILL };
    static char altstack[ALTSTACK];
    stack_t ss = { .ss_sp = altstack, .ss_size = sizeof altstack };
    struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
    map_fixed(VEC_CODE, CODE_WORDS * 4, PROT_READ | PROT_WRITE | PROT_EXEC);
    map_fixed(VEC_WINDOW & ~0xfffull, 8192, PROT_READ | PROT_WRITE);
    for (u32 i = 0; i < CODE_WORDS; i++)
        ((u32 *)VEC_CODE)[i] = BRK;
    sigaltstack(&ss, NULL);
    for (u32 i = 0; i < COUNT(signals); i++)
        sigaction(signals[i], &sa, NULL);
    __asm__ volatile("brk #0");
    return 1;
}
