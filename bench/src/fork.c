/* fork.c - make a process, and wait for its end; the parent has a few hundred pages of its own
 *
 *     fork COUNT           the child ends at once
 *     fork COUNT exec      the child runs this program anew
 */
#include "bench.h"

#include <sys/wait.h>
#include <unistd.h>

enum { PAGES = 300, PAGE = 4096 };

static void child(char **argv, u32 i, bool exec)
{
    char *again[] = { argv[0], "child", (char[]){ 'a' + i % 16, 0 }, NULL };

    if (exec)
        execv("/proc/self/exe", again);
    _exit(i % 16);
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "child"))
        return argv[2][0] - 'a';

    u32 count = bench_count(argc, argv);
    bool exec = argc > 2 && !strcmp(argv[2], "exec");
    u8 *memory = malloc(PAGES * PAGE);
    u64 sum = 0;

    memset(memory, 1, PAGES * PAGE);
    for (u32 i = 0; i < count; i++) {
        int status;
        pid_t pid = fork();

        bench_check(pid >= 0, "fork");
        if (!pid)
            child(argv, i, exec);
        bench_check(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "wait");
        memory[i % PAGES * PAGE] += WEXITSTATUS(status);
    }
    for (u32 i = 0; i < PAGES; i++)
        sum = bench_mix(sum, memory[i * PAGE]);
    return bench_result(sum);
}
