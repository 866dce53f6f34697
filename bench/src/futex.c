/* futex.c - two threads take turns by a mutex and a condition variable */
#include "bench.h"

#include <pthread.h>

struct table {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    u32 turn, count;
    u64 value;
};

static void play(struct table *t, u32 me)
{
    for (u32 i = 0; i < t->count; i++) {
        pthread_mutex_lock(&t->lock);
        while (t->turn != me)
            pthread_cond_wait(&t->changed, &t->lock);
        t->value = bench_mix(t->value, i + me);
        t->turn = !me;
        pthread_cond_signal(&t->changed);
        pthread_mutex_unlock(&t->lock);
    }
}

static void *second(void *table)
{
    play(table, 1);
    return NULL;
}

int main(int argc, char **argv)
{
    struct table t = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, .count = bench_count(argc, argv) };
    pthread_t thread;

    bench_check(pthread_create(&thread, NULL, second, &t) == 0, "pthread_create");
    play(&t, 0);
    pthread_join(thread, NULL);
    return bench_result(t.value);
}
