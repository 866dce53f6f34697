/* sort.c - a quicksort of our own on numbers, and the library's with a comparison function on records */
#include "bench.h"

enum { NUMBERS = 200000, RECORDS = 40000 };

struct record {
    u32 key, place;
    u64 payload;
};

static void insertion_sort(u32 *a, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        u32 value = a[i];
        size_t j = i;

        for (; j && a[j - 1] > value; j--)
            a[j] = a[j - 1];
        a[j] = value;
    }
}

/* Hoare's partition: both sides are smaller than the whole. */
static size_t partition(u32 *a, size_t n)
{
    u32 pivot = a[(n - 1) / 2];
    size_t i = 0, j = n - 1;

    for (;; i++, j--) {
        while (a[i] < pivot)
            i++;
        while (a[j] > pivot)
            j--;
        if (i >= j)
            return j + 1;
        u32 t = a[i];
        a[i] = a[j];
        a[j] = t;
    }
}

static void quick_sort(u32 *a, size_t n)
{
    while (n > 16) {
        size_t left = partition(a, n);

        quick_sort(a, left);
        a += left;
        n -= left;
    }
    insertion_sort(a, n);
}

/* Equal keys by place: so the order is one whatever the library does. */
static int compare(const void *x, const void *y)
{
    const struct record *a = x, *b = y;

    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

int main(int argc, char **argv)
{
    static u32 numbers[NUMBERS];
    static struct record records[RECORDS];
    u64 state = 3, sum = 0;

    for (u32 round = bench_count(argc, argv); round; round--) {
        for (u32 i = 0; i < NUMBERS; i++)
            numbers[i] = bench_random(&state);
        for (u32 i = 0; i < RECORDS; i++)
            records[i] = (struct record){ numbers[i] % 10000, i, state };
        quick_sort(numbers, NUMBERS);
        qsort(records, RECORDS, sizeof *records, compare);
        sum = bench_mix_bytes(sum, numbers, sizeof numbers);
        sum = bench_mix_bytes(sum, records, sizeof records);
    }
    return bench_result(sum);
}
