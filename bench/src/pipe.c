/* pipe.c - two processes hand a number to and fro through two pipes */
#include "bench.h"

#include <sys/wait.h>
#include <unistd.h>

static u64 receive(int fd)
{
    u64 value;

    bench_check(read(fd, &value, sizeof value) == sizeof value, "read");
    return value;
}

static void hand_over(int fd, u64 value)
{
    bench_check(write(fd, &value, sizeof value) == sizeof value, "write");
}

static void child(int in, int out, u32 count)
{
    for (u32 i = 0; i < count; i++)
        hand_over(out, bench_mix(receive(in), i));
    _exit(0);
}

int main(int argc, char **argv)
{
    u32 count = bench_count(argc, argv);
    int down[2], up[2];
    u64 value = 1;

    bench_check(pipe(down) == 0 && pipe(up) == 0, "pipe");
    pid_t pid = fork();
    bench_check(pid >= 0, "fork");
    if (!pid)
        child(down[0], up[1], count);
    for (u32 i = 0; i < count; i++) {
        hand_over(down[1], value);
        value = receive(up[0]);
    }
    bench_check(waitpid(pid, NULL, 0) == pid, "wait");
    return bench_result(value);
}
