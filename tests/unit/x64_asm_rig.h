/*
 * x64_asm_rig.h - runs emitted code: between rig_begin() and rig_run() a test emits instructions, which see the
 * registers of rig->in and whose results are in rig->out. The code is mapped twice, to be written and to be run.
 *
 * All general registers but rsp (which is the host stack), all xmm registers, the sixteen conditions of the flags
 * afterwards, and memory. The flags beforehand: CF is in.carry, ZF and PF are set, SF and OF clear.
 */
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create */
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/jit/x64/asm.h"
#include "base/bits.h"

#define ROOM_SIZE (1u << 20)

struct machine {
    _Alignas(16) u64 v[16][2];
    u64 r[16], mem[8];
    u8 cc[16];
    u64 carry;
};

struct rig {
    struct machine in, out;
    struct xasm a;
    u8 *write, *run, *entry;
};

static inline enum xreg X(u32 n) { return (enum xreg)n; }

static u64 rig_random_state = 1;
static u64 rig_random(void)
{
    rig_random_state ^= rig_random_state << 13;
    rig_random_state ^= rig_random_state >> 7;
    rig_random_state ^= rig_random_state << 17;
    return rig_random_state * 0x2545f4914f6cdd1dull;
}

/* A general register, neither rsp nor the one given. */
static inline enum xreg rig_pick(i32 other)
{
    u32 r;
    do
        r = rig_random() % 16;
    while (r == RSP || (i32)r == other);
    return X(r);
}

/* Often a value at an edge. */
static u64 rig_value(void)
{
    static const u64 edge[] = { 0,          1,          ~0ull,      0x7f,       0x80, 0x7fff, 0x8000,
                                0x7fffffff, 0x80000000, 1ull << 63, ~0ull >> 1 };
    u64 v = rig_random();
    return v & 3 ? rig_random() : edge[v / 4 % COUNT(edge)];
}

static int rig_setup(void **state)
{
    struct rig *g = aligned_alloc(16, sizeof *g);
    memset(g, 0, sizeof *g);
    int fd = memfd_create("code", 0);
    if (fd < 0 || ftruncate(fd, ROOM_SIZE))
        return -1;
    g->write = mmap(NULL, ROOM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    g->run = mmap(NULL, ROOM_SIZE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    close(fd);
    g->a.p = g->write;
    g->a.features = xa_host_features();
    *state = g;
    return g->write == MAP_FAILED || g->run == MAP_FAILED ? -1 : 0;
}

static int rig_teardown(void **state)
{
    struct rig *g = *state;
    munmap(g->write, ROOM_SIZE);
    munmap(g->run, ROOM_SIZE);
    free(g);
    return 0;
}

static struct xmem rig_field(enum xreg base, size_t offset) { return xm(base, (i32)offset); }

/* New code, with new random contents of everything in g->in. */
static struct xasm *rig_begin(struct rig *g)
{
    static const enum xreg saved[] = { RBX, RBP, R12, R13, R14, R15, RDI, RDI };
    struct xasm *a = &g->a;
    if (a->p - g->write > ROOM_SIZE - 4096)
        a->p = g->write;
    a->end = g->write + ROOM_SIZE;
    a->delta = g->run - g->write;
    xa_align(a, 64);
    g->entry = a->p + a->delta;
    for (u32 i = 0; i < COUNT(saved); i++)
        xa_push(a, saved[i]);
    for (u32 i = 0; i < 16; i++)
        xa_vload(a, 16, X(i), rig_field(RDI, offsetof(struct machine, v[i])));
    xa_mov_rm(a, 64, RAX, rig_field(RDI, offsetof(struct machine, carry)));
    xa_shift_ri(a, XS_SHR, 64, RAX, 1);
    for (u32 i = 0; i < 16; i++)
        if (i != RSP && i != RDI)
            xa_mov_rm(a, 64, X(i), rig_field(RDI, offsetof(struct machine, r[i])));
    xa_mov_rm(a, 64, RDI, rig_field(RDI, offsetof(struct machine, r[RDI])));
    for (u32 i = 0; i < sizeof g->in.v / 8; i++)
        (&g->in.v[0][0])[i] = rig_value();
    for (u32 i = 0; i < 16; i++)
        g->in.r[i] = rig_value();
    for (u32 i = 0; i < COUNT(g->in.mem); i++)
        g->in.mem[i] = rig_value();
    g->in.carry = rig_random() & 1;
    return a;
}

/* Runs the code once more, on g->in as it is now. Its memory operands are in g->out. */
static void rig_again(struct rig *g)
{
    union {
        u8 *code;
        void (*call)(struct machine *);
    } entry = { g->entry };
    g->out = g->in;
    entry.call(&g->out);
}

static void rig_run(struct rig *g)
{
    static const enum xreg saved[] = { R15, R14, R13, R12, RBP, RBX };
    struct xasm *a = &g->a;
    xa_xchg_mr(a, 64, xm(RSP, 0), RAX);
    for (u32 c = 0; c < 16; c++)
        xa_setcc_m(a, (enum xcc)c, rig_field(RAX, offsetof(struct machine, cc[c])));
    for (u32 i = 1; i < 16; i++)
        if (i != RSP)
            xa_mov_mr(a, 64, rig_field(RAX, offsetof(struct machine, r[i])), X(i));
    for (u32 i = 0; i < 16; i++)
        xa_vstore(a, 16, rig_field(RAX, offsetof(struct machine, v[i])), X(i));
    xa_pop(a, RCX);
    xa_mov_mr(a, 64, rig_field(RAX, offsetof(struct machine, r[RAX])), RCX);
    xa_pop(a, RCX);
    for (u32 i = 0; i < COUNT(saved); i++)
        xa_pop(a, saved[i]);
    xa_ret(a);
    assert_false(a->full);
    rig_again(g);
}

/* Registers other than those of the masks (bit n: register n) are as before. */
static void rig_same_but(const struct rig *g, u32 regs, u32 vectors)
{
    for (u32 i = 0; i < 16; i++)
        if (i != RSP && !(regs >> i & 1))
            assert_int_equal(g->out.r[i], g->in.r[i]);
    for (u32 i = 0; i < 16; i++)
        if (!(vectors >> i & 1))
            assert_memory_equal(g->out.v[i], g->in.v[i], 16);
}
