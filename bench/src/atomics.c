/* atomics.c - atomic adds, exchanges and compare-and-swaps that nobody contends for */
#include "bench.h"

struct node {
    struct node *next;
    u64 value;
};

static struct node *top;

static void push(struct node *n)
{
    struct node *was = __atomic_load_n(&top, __ATOMIC_RELAXED);

    do
        n->next = was;
    while (!__atomic_compare_exchange_n(&top, &was, n, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

static struct node *pop(void)
{
    struct node *was = __atomic_load_n(&top, __ATOMIC_ACQUIRE);

    while (was && !__atomic_compare_exchange_n(&top, &was, was->next, true, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))
        ;
    return was;
}

int main(int argc, char **argv)
{
    u32 count = bench_count(argc, argv), references = 0, bits = 0, lock = 0;
    struct node nodes[4] = { 0 };
    u64 sum = 0, total = 0;

    for (u32 i = 0; i < 4; i++)
        push(&nodes[i]);
    for (u32 i = 0; i < count; i++) {
        struct node *n = pop();

        n->value += i;
        sum += __atomic_add_fetch(&references, i, __ATOMIC_SEQ_CST);
        sum += __atomic_fetch_or(&bits, i, __ATOMIC_RELAXED);
        sum += __atomic_exchange_n(&lock, i & 1, __ATOMIC_ACQUIRE);
        __atomic_fetch_add(&total, sum, __ATOMIC_RELEASE);
        push(n);
    }
    return bench_result(bench_mix(sum ^ total, nodes[3].value));
}
