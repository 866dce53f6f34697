/*
 * guard.c - an engine that crashes or hangs is a difference like others: signals lead back to the fuzzer. But what
 * crashes on a thread of the engine's own ends the process: there is no way back from there.
 */
#include "tests/fuzz/fuzz.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

#define LIMIT_US 1500000

static sigjmp_buf *volatile escape; /* signal handlers have no other way to find it */
static pthread_t guarded;           /* the thread that it is for */

static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGVTALRM };

static void on_signal(int number)
{
    if (escape && pthread_equal(pthread_self(), guarded))
        siglongjmp(*escape, number);
    signal(number, SIG_DFL);
    raise(number);
}

static void set_limit(u32 us)
{
    struct itimerval t = { .it_value = { .tv_usec = us } };
    setitimer(ITIMER_VIRTUAL, &t, NULL);
}

/* On a stack of its own: the engine's may be what is wrong. */
static void install(void)
{
    static char stack[65536];
    stack_t alternate = { .ss_sp = stack, .ss_size = sizeof stack };
    struct sigaction a = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };
    sigaltstack(&alternate, NULL);
    for (u32 i = 0; i < COUNT(signals); i++)
        sigaction(signals[i], &a, NULL);
}

bool fuzz_guarded(void (*fn)(void *), void *opaque, struct err *e)
{
    static bool installed;
    sigjmp_buf here;
    if (!installed)
        install();
    installed = true;
    int number = sigsetjmp(here, 1);
    if (!number) {
        guarded = pthread_self();
        escape = &here;
        set_limit(LIMIT_US);
        fn(opaque);
    }
    escape = NULL;
    set_limit(0);
    if (!number)
        return true;
    return number == SIGVTALRM ? err_set(e, "an engine does not come back")
                               : err_set(e, "an engine crashes: %s", strsignal(number));
}
