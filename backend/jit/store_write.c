/*
 * store_write.c - a new file in the folder of a code cache: whole under its name, or not there.
 *
 * Written under a name of its own, then renamed. Nothing is synced: after a power cut a file may be short or zeros,
 * which its checksum tells. O_TMPFILE would leave nothing behind a killed writer, but needs /proc and not every file
 * system has it, so .new- files would have to be looked for all the same.
 */
#include "backend/jit/store_impl.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool write_all(const struct code_store_ops *ops, int fd, const void *bytes, size_t n)
{
    const u8 *p = bytes;
    while (n) {
        ssize_t did = ops->write(fd, p, n);
        if (did < 0 && errno == EINTR)
            continue;
        if (!did)
            errno = ENOSPC;
        if (did <= 0)
            return false;
        p += did;
        n -= (size_t)did;
    }
    return true;
}

bool store_write(struct code_store *s, const char *folder, const char *path, const void *head, size_t head_n,
                 const void *bytes, size_t n)
{
    struct store_name tmp = store_tmp_name(s, folder);
    int fd = s->ops->openat(s->dir, tmp.s, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool ok = write_all(s->ops, fd, head, head_n) && write_all(s->ops, fd, bytes, n);
    int why = errno;
    if (s->ops->close(fd) && ok) { /* quotas of network file systems are told here */
        ok = false;
        why = errno;
    }
    if (ok && s->ops->renameat(s->dir, tmp.s, s->dir, path)) {
        ok = false;
        why = errno;
    }
    if (!ok)
        s->ops->unlinkat(s->dir, tmp.s, 0);
    errno = why;
    return ok;
}

/* Cache Directory Tagging Specification (bford.info/cachedir): backups leave such folders out. */
static const char tag[] =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# The code cache of mynah: 'mynah code-cache info' says what is in it. It can be removed at any time.\n";

void store_write_tag(struct code_store *s)
{
    struct stat st;
    if (s->ops->fstatat(s->dir, STORE_TAG, &st, AT_SYMLINK_NOFOLLOW) || st.st_size != sizeof tag - 1)
        (void)!store_write(s, "", STORE_TAG, tag, sizeof tag - 1, NULL, 0);
}
