/* getpid.c - the shortest system call */
#include "bench.h"

#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    u32 count = bench_count(argc, argv), same = 0;
    long first = syscall(SYS_getpid);

    for (u32 i = 0; i < count; i++)
        same += syscall(SYS_getpid) == first;
    return bench_result(bench_mix(1, same));
}
