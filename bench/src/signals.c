/* signals.c - send oneself a signal and handle it */
#include "bench.h"

#include <signal.h>
#include <unistd.h>

static volatile u64 handled;

static void handler(int number)
{
    handled += number;
}

int main(int argc, char **argv)
{
    u32 count = bench_count(argc, argv);
    struct sigaction action = { .sa_handler = handler };
    pid_t self = getpid();

    bench_check(sigaction(SIGUSR1, &action, NULL) == 0, "sigaction");
    for (u32 i = 0; i < count; i++)
        bench_check(kill(self, SIGUSR1) == 0, "kill");
    return bench_result(bench_mix(1, handled));
}
