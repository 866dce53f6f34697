/* chase.c - follow pointers through 2 MiB in an order that no prefetcher knows, one page after another */
#include "bench.h"

enum { NODES = 1 << 15 };

struct node {
    struct node *next;
    u64 value, pad[6];
};

int main(int argc, char **argv)
{
    struct node *nodes = aligned_alloc(64, NODES * sizeof *nodes);
    u32 *order = malloc(NODES * sizeof *order);
    u64 state = 13, sum = 0;

    bench_check(nodes && order, "memory");
    for (u32 i = 0; i < NODES; i++)
        order[i] = i;
    for (u32 i = NODES - 1; i; i--) {
        u32 j = bench_random(&state) % (i + 1), t = order[i];
        order[i] = order[j];
        order[j] = t;
    }
    for (u32 i = 0; i < NODES; i++)
        nodes[order[i]] = (struct node){ &nodes[order[(i + 1) % NODES]], i, { 0 } };
    struct node *n = nodes;
    for (u64 step = (u64)bench_count(argc, argv) * 1000; step; step--) {
        sum += n->value;
        n = n->next;
    }
    return bench_result(bench_mix(sum, n->value));
}
