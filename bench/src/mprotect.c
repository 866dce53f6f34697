/* mprotect.c - change a page's protection to read-only and back, reading and writing in between */
#include "bench.h"

#include <sys/mman.h>

enum { PAGES = 16, PAGE = 4096 };

int main(int argc, char **argv)
{
    u32 count = bench_count(argc, argv);
    u8 *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    u64 sum = 0;

    bench_check(memory != MAP_FAILED, "mmap");
    memset(memory, 1, PAGES * PAGE);
    for (u32 i = 0; i < count; i++) {
        u8 *page = memory + i * 5 % PAGES * PAGE;

        bench_check(mprotect(page, PAGE, PROT_READ) == 0, "mprotect");
        sum += *(volatile u8 *)page;
        bench_check(mprotect(page, PAGE, PROT_READ | PROT_WRITE) == 0, "mprotect");
        *(volatile u8 *)page += i;
    }
    return bench_result(bench_mix(sum, memory[0]));
}
