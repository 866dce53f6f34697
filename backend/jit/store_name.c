/* store_name.c - names within the folder of a code cache; see store_impl.h. */
#include "backend/jit/store_impl.h"
#include <stdio.h>
#include <string.h>

static const char digits[] = "0123456789abcdef";

static void hex(char *to, const u8 *bytes, u32 n)
{
    for (u32 i = 0; i < n; i++) {
        *to++ = digits[bytes[i] >> 4];
        *to++ = digits[bytes[i] & 15];
    }
    *to = 0;
}

/* Lower-case digits only: a key has one name. */
static bool unhex(const char *text, u8 *bytes, u32 n)
{
    if (strlen(text) != 2 * n)
        return false;
    for (u32 i = 0; i < 2 * n; i++) {
        const char *d = strchr(digits, text[i]);
        if (!d)
            return false;
        bytes[i / 2] = (u8)((i & 1 ? bytes[i / 2] << 4 : 0) | (d - digits));
    }
    return true;
}

struct store_name store_shard_name(u32 shard)
{
    struct store_name n;
    hex(n.s, &(u8){ (u8)shard }, 1);
    return n;
}

struct store_name store_blob_name(const u8 *key)
{
    struct store_name n = store_shard_name(store_shard_of(key));
    n.s[2] = '/';
    hex(n.s + 3, key, CODE_KEY_BYTES);
    return n;
}

struct store_name store_tmp_name(struct code_store *s, const char *folder)
{
    struct store_name n;
    snprintf(n.s, sizeof n.s, "%s%s" STORE_TMP "%016llx-%llu", folder, *folder ? "/" : "",
             (unsigned long long)s->nonce, (unsigned long long)s->made++);
    return n;
}

bool store_is_blob(const char *name, u8 key[CODE_KEY_BYTES]) { return unhex(name, key, CODE_KEY_BYTES); }

bool store_is_shard(const char *name)
{
    u8 shard;
    return unhex(name, &shard, 1) && shard < STORE_SHARDS;
}

bool store_is_tmp(const char *name) { return !strncmp(name, STORE_TMP, strlen(STORE_TMP)); }
