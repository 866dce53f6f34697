/* segv.c - writes to protected pages, each let through by a signal handler: how collectors watch memory */
#include "bench.h"

#include <signal.h>
#include <sys/mman.h>

enum { PAGES = 64, PAGE = 4096 };

static u8 *memory;
static volatile u64 faults;

static void handler(int number, siginfo_t *info, void *context)
{
    u8 *page = (u8 *)((uintptr_t)info->si_addr & -(uintptr_t)PAGE);

    (void)number;
    (void)context;
    faults = bench_mix(faults, page - memory);
    bench_check(mprotect(page, PAGE, PROT_READ | PROT_WRITE) == 0, "mprotect");
}

int main(int argc, char **argv)
{
    u32 count = bench_count(argc, argv);
    struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

    bench_check(sigaction(SIGSEGV, &action, NULL) == 0, "sigaction");
    memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bench_check(memory != MAP_FAILED, "mmap");
    memset(memory, 0, PAGES * PAGE);
    for (u32 i = 0; i < count; i++) {
        bench_check(mprotect(memory, PAGES * PAGE, PROT_READ) == 0, "mprotect");
        for (u32 page = i % 2; page < PAGES; page += 2)
            ((volatile u8 *)memory)[page * PAGE]++;
    }
    return bench_result(bench_mix(faults, memory[0]));
}
