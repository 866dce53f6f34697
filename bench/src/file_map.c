/* file_map.c - map a file in memory, read it through the mapping, unmap: how programs load */
#include "bench.h"

#include <sys/mman.h>
#include <unistd.h>

enum { PAGES = 64, PAGE = 4096 };

int main(int argc, char **argv)
{
    u32 count = bench_count(argc, argv);
    char name[] = "/tmp/file_map-XXXXXX";
    static u8 data[PAGES * PAGE];
    int fd = mkstemp(name);
    u64 state = 1, sum = 0;

    bench_check(fd >= 0, name);
    unlink(name);
    for (u32 i = 0; i < sizeof data; i++)
        data[i] = bench_random(&state);
    bench_check(write(fd, data, sizeof data) == sizeof data, name);
    for (u32 i = 0; i < count; i++) {
        volatile u8 *map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
        bench_check(map != MAP_FAILED, "mmap");
        for (u32 page = 0; page < PAGES; page++)
            sum += map[page * PAGE + i % PAGE];
        map[i % PAGES * PAGE]++;
        munmap((void *)map, PAGES * PAGE);
    }
    return bench_result(sum);
}
