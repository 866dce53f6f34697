/* strings.c - the library's string functions on lines of text: length, compare, search, split, format, parse */
#include "bench.h"

enum { LINES = 400, LINE_SIZE = 120 };

static char lines[LINES][LINE_SIZE];

static void make_lines(u64 *state)
{
    for (u32 i = 0; i < LINES; i++) {
        u32 at = 0;
        while (at < LINE_SIZE - 24 - i % 50) {
            u64 r = bench_random(state);
            at += sprintf(lines[i] + at, "%s%c%u ", (const char *[]){ "key", "value", "", "number" }[at % 4],
                          (int)('a' + r % 26), (u32)(r >> 32) % 5000);
        }
    }
}

static u64 split(const char *line)
{
    char copy[LINE_SIZE], *rest = copy, *word;
    u64 sum = 0;

    strcpy(copy, line);
    while ((word = strsep(&rest, " "))) {
        char *digits = word + strcspn(word, "0123456789");
        sum = sum * 31 + strtoul(digits, NULL, 10) + strlen(word);
    }
    return sum;
}

static u64 look(u32 i, u32 j)
{
    const char *found = strstr(lines[i], "number");
    u64 sum = strlen(lines[i]) + (strcmp(lines[i], lines[j]) < 0);

    sum = sum * 31 + (found ? found - lines[i] : 0);
    found = memchr(lines[j], 'q', LINE_SIZE);
    return sum * 31 + (found ? found - lines[j] : 0);
}

int main(int argc, char **argv)
{
    u64 state = 29, sum = 0;
    char out[64];

    make_lines(&state);
    for (u32 round = bench_count(argc, argv); round; round--)
        for (u32 i = 0; i < LINES; i++) {
            sum = bench_mix(sum, split(lines[i]) + look(i, (i * 7 + round) % LINES));
            snprintf(out, sizeof out, "%u:%s:%08x", i, "text", (u32)sum);
            sum = bench_mix_bytes(sum, out, strlen(out));
        }
    return bench_result(sum);
}
