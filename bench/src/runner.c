/* runner.c - run workloads one after the other, with a line on the console just before and just after each.
 *
 *     runner FILE      FILE has lines "NAME REPEATS ARGV0 ARGV1 ..."
 *
 * prints
 *
 *     @@ begin NAME
 *     @@ end NAME STATUS NANOSECONDS RESULT
 *     @@ done
 *
 * RESULT is the last line of the workload's output. NANOSECONDS is this machine's own clock, for comparison; the
 * benchmark's figure is the time between the arrival of the two lines at whoever reads them.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { MAX_ARGS = 64, MAX_RESULT = 200 };

/* The line must have left before the work starts: a slow console must not run beside it. */
static void say(const char *line)
{
    size_t size = strlen(line);

    while (size) {
        ssize_t n = write(STDOUT_FILENO, line, size);
        bench_check(n > 0, "console");
        line += n;
        size -= n;
    }
    if (isatty(STDOUT_FILENO))
        tcdrain(STDOUT_FILENO);
}

static u64 now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static pid_t start(char **argv, int out)
{
    pid_t pid = fork();

    bench_check(pid >= 0, "fork");
    if (pid)
        return pid;
    int null = open("/dev/null", O_RDONLY);
    dup2(null, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execvp(argv[0], argv);
    perror(argv[0]);
    _exit(127);
}

/* Keep the end of the output; a result line is short. */
static void collect(int in, char *tail, size_t room)
{
    char buffer[4096];
    size_t held = 0;
    ssize_t n;

    while ((n = read(in, buffer, sizeof buffer)) > 0) {
        size_t take = (size_t)n < room - 1 ? (size_t)n : room - 1;
        size_t keep = held + take < room ? held : room - 1 - take;

        memmove(tail, tail + held - keep, keep);
        memcpy(tail + keep, buffer + n - take, take);
        held = keep + take;
    }
    tail[held] = 0;
}

static const char *last_line(char *text)
{
    size_t size = strlen(text);

    while (size && text[size - 1] == '\n')
        text[--size] = 0;
    char *newline = strrchr(text, '\n');
    return newline ? newline + 1 : text;
}

static void run_once(const char *name, char **argv)
{
    char line[MAX_RESULT + 128], tail[MAX_RESULT];
    int ends[2], status;

    snprintf(line, sizeof line, "@@ begin %s\n", name);
    bench_check(pipe2(ends, O_CLOEXEC) == 0, "pipe");
    say(line);
    u64 before = now_ns();
    pid_t pid = start(argv, ends[1]);
    close(ends[1]);
    collect(ends[0], tail, sizeof tail);
    bench_check(waitpid(pid, &status, 0) == pid, "wait");
    u64 after = now_ns();
    close(ends[0]);
    status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    snprintf(line, sizeof line, "@@ end %s %d %llu %s\n", name, status, (unsigned long long)(after - before),
             last_line(tail));
    say(line);
}

static void run_line(char *line)
{
    char *argv[MAX_ARGS + 1], *name = strtok(line, " \n"), *repeats = strtok(NULL, " \n");
    int argc = 0;

    if (!name || !repeats)
        return;
    while (argc < MAX_ARGS && (argv[argc] = strtok(NULL, " \n")))
        argc++;
    argv[argc] = NULL;
    for (int i = 0; i < atoi(repeats); i++)
        run_once(name, argv);
}

/* Read whole at first: a child must not move our place in the file. */
int main(int argc, char **argv)
{
    static char text[65536];
    FILE *file = argc > 1 ? fopen(argv[1], "re") : NULL;
    char *rest = text;

    bench_check(file, "list of work");
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    for (char *line; (line = strsep(&rest, "\n"));)
        run_line(line);
    say("@@ done\n");
    return 0;
}
