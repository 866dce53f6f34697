/* textgen.c - write COUNT bytes of something like text: words by Zipf's law, sentences, a few numbers */
#include "bench.h"

enum { WORDS = 4000, WORD_SIZE = 12 };

static char words[WORDS][WORD_SIZE];

static void make_words(u64 *state)
{
    static const char vowels[] = "aeiouaeioey", consonants[] = "bcdfghklmnprstvwtnsrldt";

    for (u32 i = 0; i < WORDS; i++) {
        u32 length = 2 + bench_random(state) % 4 + (i > 100 ? bench_random(state) % 5 : 0);
        for (u32 j = 0; j < length; j++)
            words[i][j] = (j + i) % 2 ? vowels[bench_random(state) % (sizeof vowels - 1)]
                                      : consonants[bench_random(state) % (sizeof consonants - 1)];
    }
}

/* Small ranks often: the product of three uniform numbers. */
static const char *pick_word(u64 *state)
{
    double u = bench_random_unit(state) * bench_random_unit(state) * bench_random_unit(state);

    return words[(u32)(u * WORDS)];
}

static u32 sentence(u64 *state)
{
    u32 count = 3 + bench_random(state) % 14, size = 0;

    for (u32 i = 0; i < count; i++) {
        if (bench_random(state) % 30 == 0)
            size += printf("%u ", (u32)(bench_random(state) % 10000));
        size += printf("%s%s", pick_word(state), i + 1 < count ? " " : ".");
    }
    return size + printf("%s", bench_random(state) % 5 ? " " : "\n");
}

int main(int argc, char **argv)
{
    u32 left = bench_count(argc, argv);
    u64 state = 20;

    make_words(&state);
    for (u32 written = 0; written < left;)
        written += sentence(&state);
    printf("\n");
    return 0;
}
