/* page_faults.c - first touch of anonymous memory: map, write one word a page, unmap */
#include "bench.h"

#include <sys/mman.h>

enum { PAGES = 1024, PAGE = 4096 };

int main(int argc, char **argv)
{
    u32 count = bench_count(argc, argv);
    u64 sum = 0;

    for (u32 i = 0; i < count; i++) {
        u8 *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        bench_check(memory != MAP_FAILED, "mmap");
        bench_check(madvise(memory, PAGES * PAGE, MADV_NOHUGEPAGE) == 0, "madvise");
        for (u32 page = 0; page < PAGES; page++)
            memory[page * PAGE + i % PAGE] = page + i;
        for (u32 page = 0; page < PAGES; page += 64)
            sum = bench_mix(sum, memory[page * PAGE + i % PAGE]);
        munmap(memory, PAGES * PAGE);
    }
    return bench_result(sum);
}
