/*
 * pc_rig.h - the PC board with kernels of a few bytes: a bzImage made in memory, a machine that boots it.
 */
#pragma once
#define _GNU_SOURCE /* memfd_create */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/interp/interp.h"
#include "backend/jit/jit.h"
#include "base/bits.h"
#include "frontend/x86/cpu.h"
#include "hw/boards/pc.h"

#define KERNEL_ROOM  0x4000u
#define KERNEL_SETUP 0x400u  /* setup_sects 1 */

/* A file as the loader takes it: by path. */
struct memory_file {
    int  fd;
    char path[32];
};

static inline void file_make(struct memory_file *f)
{
    f->fd = memfd_create("kernel", MFD_CLOEXEC);
    assert_true(f->fd >= 0);
    snprintf(f->path, sizeof f->path, "/proc/self/fd/%d", f->fd);
}
static inline void file_put(struct memory_file *f, const void *p, u32 n)
{
    assert_int_equal(ftruncate(f->fd, 0), 0);
    assert_int_equal(pwrite(f->fd, p, n, 0), n);
}

/* A kernel: 32-bit code from the start of its body, 64-bit code from 0x200 on (boot.rst, 1.1 and 1.15). */
struct kernel {
    u8  p[KERNEL_SETUP + KERNEL_ROOM];
    u32 n;  /* bytes of code */
};

static inline void kernel_start(struct kernel *k, bool wide)
{
    u8 *h = k->p;
    *k = (struct kernel){ .n = wide ? 0x200 : 0 };
    h[0x1f1] = 1;
    store_le32(h + 0x1f4, KERNEL_ROOM / 16);
    store_le16(h + 0x1fe, 0xaa55);
    store_le16(h + 0x200, 0x66eb);
    memcpy(h + 0x202, "HdrS", 4);
    store_le16(h + 0x206, 0x020f);
    h[0x211] = 1;
    store_le32(h + 0x22c, 0x7fffffff);
    store_le32(h + 0x230, 0x200000);
    store_le16(h + 0x236, wide);
    store_le32(h + 0x238, 2047);
    store_le64(h + 0x258, PCB_KERNEL);
    store_le32(h + 0x260, 0x8000);
}

/* The address of what comes next. */
static inline u32 kernel_here(const struct kernel *k) { return (u32)PCB_KERNEL + k->n; }

static inline void emit(struct kernel *k, const u8 *p, u32 n)
{
    assert_true(k->n + n <= KERNEL_ROOM);
    memcpy(k->p + KERNEL_SETUP + k->n, p, n);
    k->n += n;
}
#define CODE(k, ...) emit(k, (const u8[]){ __VA_ARGS__ }, (u32)sizeof((const u8[]){ __VA_ARGS__ }))
#define LE32(v) (u8)(v), (u8)((u32)(v) >> 8), (u8)((u32)(v) >> 16), (u8)((u32)(v) >> 24)

/* Encodings that 32- and 64-bit code share. Clobbers rax, rdx. */
static inline void emit_out(struct kernel *k, u32 port, u32 val, u32 size)
{
    CODE(k, 0x66, 0xba, (u8)port, (u8)(port >> 8), 0xb8, LE32(val)); /* mov dx, port; mov eax, val */
    if (size == 2)
        CODE(k, 0x66);
    CODE(k, size == 1 ? 0xee : 0xef);
}
static inline void emit_in(struct kernel *k, u32 port, u32 size)
{
    CODE(k, 0x66, 0xba, (u8)port, (u8)(port >> 8));
    if (size == 2)
        CODE(k, 0x66);
    CODE(k, size == 1 ? 0xec : 0xed);
}
static inline void emit_store(struct kernel *k, u32 at, u32 val)
{
    CODE(k, 0xbf, LE32(at), 0xc7, 0x07, LE32(val)); /* mov edi, at; mov dword [rdi], val */
}

/* ---- the board ---- */

struct board {
    struct machine      *m;
    struct memory_file   file;
    const char          *cpu;
    const struct engine *engine;
    struct chr           chr;
    char                 out[16]; /* what COM1 sent */
    u32                  out_n;
};

static u64 rig_no_time(void) { return 0; }

static inline void board_written(struct chr *c, const u8 *p, u32 n)
{
    struct board *b = c->host;
    for (u32 i = 0; i < n && b->out_n < sizeof b->out - 1; i++)
        b->out[b->out_n++] = (char)p[i];
}

static inline bool board_add_cpu(struct machine *m, void *opaque, struct err *e)
{
    const struct board *b = opaque;
    return x86_cpu_new(m, x86_model_find(b->cpu), b->engine, e);
}

/* c: what is not the rig's, slots above all. k NULL: c.bios starts. */
static inline void board_open_as(struct board *b, const struct kernel *k, const char *cpu, const struct engine *en,
                                 struct pc_config c, u64 ram)
{
    struct err e;
    *b = (struct board){ .m = machine_new("pc", &e), .cpu = cpu, .engine = en };
    assert_non_null(b->m);
    file_make(&b->file);
    if (k)
        file_put(&b->file, k->p, sizeof k->p);
    b->chr = (struct chr){ .write = board_written, .host = b };
    u64 bits[2];
    memcpy(bits, x86_model_find(cpu)->features, sizeof bits);
    c.add_cpu = board_add_cpu;
    c.cpu_opaque = b;
    c.long_mode = bits[X86_FEAT_lm / 64] >> X86_FEAT_lm % 64 & 1;
    c.has_apic = bits[X86_FEAT_apic / 64] >> X86_FEAT_apic % 64 & 1;
    c.ram_size = ram;
    if (k)
        c.kernel = b->file.path;
    c.serial = &b->chr;
    c.deterministic = true;
    c.rtc_seconds = 1704067200;
    b->m->clock = CLOCK_ICOUNT;
    b->m->host_ns = rig_no_time;
    if (!pc_build(b->m, &c, &e))
        fail_msg("%s", e.msg);
}

static inline void board_close(struct board *b)
{
    machine_free(b->m);
    close(b->file.fd);
}
