/* files.h - a temporary folder for tests, and whole files. */
#pragma once
#include "tests/snapshot/rig.h"
#include <sys/stat.h>
#include <unistd.h>

static char folder[64]; /* a temporary directory of this program */
static const char *file_name(const char *name)
{
    static char path[2][128];
    static u32 turn;
    turn ^= 1;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static void file_get(const char *path, struct buf *b)
{
    struct stat st;
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fstat(fileno(f), &st), 0);
    u8 *to = buf_extend(b, (u64)st.st_size);
    assert_int_equal(fread(to, 1, b->len, f), b->len);
    fclose(f);
}

static void file_put(const char *path, const void *p, u64 n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    fclose(f);
}

static int make_folder(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.40s/mynah-XXXXXX", tmp ? tmp : "/tmp");
    return mkdtemp(folder) ? 0 : 1;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(file_name("a"));
    unlink(file_name("b"));
    return rmdir(folder); /* fails when something was left behind */
}
