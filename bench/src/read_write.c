/* read_write.c - small reads and writes: /dev/zero, /dev/null, and a file in memory */
#include "bench.h"

#include <fcntl.h>
#include <unistd.h>

enum { SIZE = 512, FILE_SIZE = 64 * SIZE };

static void write_all(int fd, const u8 *data, off_t at)
{
    bench_check(pwrite(fd, data, SIZE, at) == SIZE, "write");
}

int main(int argc, char **argv)
{
    u32 count = bench_count(argc, argv);
    u8 data[SIZE];
    char name[] = "/tmp/read_write-XXXXXX";
    int zero = open("/dev/zero", O_RDONLY), null = open("/dev/null", O_WRONLY), file = mkstemp(name);
    u64 sum = 0;

    bench_check(zero >= 0 && null >= 0 && file >= 0, "open");
    unlink(name);
    memset(data, 1, SIZE);
    for (off_t at = 0; at < FILE_SIZE; at += SIZE)
        write_all(file, data, at);
    for (u32 i = 0; i < count; i++) {
        off_t at = (u64)i * 7 % 64 * SIZE;

        bench_check(read(zero, data, SIZE) == SIZE, "read");
        bench_check(write(null, data, SIZE) == SIZE, "write");
        bench_check(pread(file, data, SIZE, at) == SIZE, "read");
        data[i % SIZE] += i;
        write_all(file, data, at);
        sum = bench_mix(sum, data[i % SIZE]);
    }
    return bench_result(sum);
}
