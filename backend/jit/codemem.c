/* codemem.c - memory for code: one file mapped twice, writable here, executable behind the context. */
#define _GNU_SOURCE
#include "backend/jit/cache.h"
#include "base/bits.h"
#include <sys/mman.h>
#include <unistd.h>

static u64 head_size(void) { return align_up(sizeof(struct jit_ctx), PAGE_SIZE); }

static bool map_all(struct jit *j, int fd, u64 size)
{
    u8 *at = mmap(NULL, head_size() + size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        return false;
    j->ctx = (struct jit_ctx *)(void *)at;
    j->size = size;
    if (mmap(at, head_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        return false;
    u8 *run = mmap(at + head_size(), size, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd, 0);
    if (run == MAP_FAILED)
        return false;
    u8 *write = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (write == MAP_FAILED)
        return false;
    j->base = write;
    j->delta = run - write;
    return true;
}

bool jit_mem_new(struct jit *j, u64 size, struct err *e)
{
    size = align_up(size, PAGE_SIZE);
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
        munmap(j->ctx, head_size() + j->size);
    if (j->base)
        munmap(j->base, j->size);
    j->ctx = NULL;
    j->base = NULL;
}
