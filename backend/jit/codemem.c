/*
 * codemem.c - memory for code: one file mapped twice, writable here, executable behind the context.
 *
 * Large pages where the host has them: faults by 4 KiB were a sixth of the time that translation takes.
 */
#define _GNU_SOURCE
#include "backend/jit/cache.h"
#include "base/bits.h"
#include <sys/mman.h>
#include <unistd.h>

static u64 head_size(void) { return align_up(sizeof(struct jit_ctx), PAGE_SIZE); }

/* size bytes at a multiple of JIT_LARGE_PAGE behind `head` bytes, nothing there yet; NULL: not to be had. */
static u8 *reserve(u64 head, u64 size)
{
    u64 all = head + size + JIT_LARGE_PAGE;
    u8 *at = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        return NULL;
    u8 *p = (u8 *)align_up((u64)(uintptr_t)at + head, JIT_LARGE_PAGE);
    if (p - head > at)
        munmap(at, (u64)(p - head - at));
    if (at + all > p + size)
        munmap(p + size, (u64)(at + all - (p + size)));
    return p;
}

static bool map_code(u8 *at, u64 size, int prot, int fd)
{
    if (mmap(at, size, prot, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
        return false;
    (void)madvise(at, size, MADV_HUGEPAGE); /* or not: it is only slower */
    return true;
}

static bool map_all(struct jit *j, int fd, u64 size)
{
    u8 *run = reserve(head_size(), size), *write = reserve(0, size);
    j->mapped = size;
    j->base = write;
    if (run)
        j->ctx = (struct jit_ctx *)(void *)(run - head_size());
    if (!run || !write)
        return false;
    if (mmap(j->ctx, head_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
             0) == MAP_FAILED)
        return false;
    j->delta = run - write;
    return map_code(run, size, PROT_READ | PROT_EXEC, fd) && map_code(write, size, PROT_READ | PROT_WRITE, fd);
}

bool jit_mem_new(struct jit *j, u64 size, struct err *e)
{
    j->size = size = align_up(size, PAGE_SIZE);
    size += JIT_ARENA_SIZE;
    int fd = memfd_create("mynah-code", MFD_CLOEXEC);
    bool ok = fd >= 0 && !ftruncate(fd, (off_t)size) && map_all(j, fd, size);
    if (fd >= 0)
        close(fd);
    if (ok)
        return true;
    jit_mem_free(j);
    return err_set(e, "cannot map %llu MiB of memory for compiled code", (unsigned long long)(size >> 20));
}

void jit_mem_free(struct jit *j)
{
    if (j->ctx)
        munmap(j->ctx, head_size() + j->mapped);
    if (j->base)
        munmap(j->base, j->mapped);
    j->ctx = NULL;
    j->base = NULL;
}
