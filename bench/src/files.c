/* files.c - make files in memory, write, rename, look up and remove them */
#include "bench.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES = 32 };

static void make(u32 i)
{
    char name[32], data[300];

    snprintf(name, sizeof name, "new%u", i);
    memset(data, i, sizeof data);
    int fd = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0644);
    bench_check(fd >= 0, name);
    bench_check(write(fd, data, 100 + i) == 100 + i, name);
    close(fd);
}

static u64 look(u32 i, u64 sum)
{
    char from[32], to[32];
    struct stat s;

    snprintf(from, sizeof from, "new%u", i);
    snprintf(to, sizeof to, "sub/old%u", i);
    bench_check(rename(from, to) == 0, from);
    bench_check(stat(from, &s) != 0, "a file that was renamed");
    bench_check(stat(to, &s) == 0, to);
    bench_check(unlink(to) == 0, to);
    return bench_mix(sum, s.st_size);
}

int main(int argc, char **argv)
{
    u32 count = bench_count(argc, argv);
    char folder[] = "/tmp/files-XXXXXX";
    u64 sum = 0;

    bench_check(mkdtemp(folder) && chdir(folder) == 0 && mkdir("sub", 0755) == 0, folder);
    for (u32 round = 0; round < count; round++) {
        for (u32 i = 0; i < FILES; i++)
            make(i);
        for (u32 i = 0; i < FILES; i++)
            sum = look(i, sum);
    }
    bench_check(rmdir("sub") == 0 && rmdir(folder) == 0, folder);
    return bench_result(sum);
}
