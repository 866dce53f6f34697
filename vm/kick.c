/*
 * kick.c - requests that a running machine sees at once: a signal to its thread.
 *
 * SIGURG: ignored by default, so that one from elsewhere or one that comes late does no harm; pending at most once,
 * however many kicks come; debuggers let it pass. It is sent to one thread: others notice nothing. SA_RESTART: what
 * the machine's thread reads and writes goes on. No SA_ONSTACK: compiled code keeps rsp as C does, and an alternate
 * stack may be too small for a frame with all vector registers.
 */
#define _GNU_SOURCE
#include "vm/vm.h"
#include <errno.h>
#include <signal.h>
#include <unistd.h>

/* What this thread runs: a signal handler has no other way to know. */
static _Thread_local struct vcpu *volatile current;

static void on_kick(int number, siginfo_t *info, void *host)
{
    struct vcpu *v = current;
    (void)number, (void)info;
    if (v && v->engine->kick)
        v->engine->kick(v, host);
}

void machine_catch_kicks(void)
{
    struct sigaction sa = { .sa_sigaction = on_kick, .sa_flags = SA_SIGINFO | SA_RESTART };
    sigemptyset(&sa.sa_mask);
    CHECK(!sigaction(SIGURG, &sa, NULL));
}

void machine_bind(struct machine *m)
{
    current = m->cpus[m->cur];
    atomic_store(&m->thread, gettid());
}

void machine_unbind(struct machine *m)
{
    atomic_store(&m->thread, 0);
    current = NULL;
}

/* The request is there before the signal, and the thread's id before the machine looks for requests: whoever comes
 * second sees the other. A signal to a thread that is gone goes nowhere. */
void machine_request(struct machine *m, u32 req)
{
    int was = errno;
    atomic_fetch_or(&m->request, req);
    int thread = atomic_load(&m->thread);
    if (thread)
        tgkill(getpid(), thread, SIGURG);
    errno = was;
}

void machine_kick(struct machine *m)
{
    machine_request(m, REQ_KICK);
}
