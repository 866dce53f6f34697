/* file.c - whole files from the host, plain and gzip. */
#include "host/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static bool read_all(const char *what, const char *path, int fd, u64 size, struct file_bytes *out, struct err *e)
{
    out->p = malloc(size);
    if (!out->p)
        return err_set(e, "%s '%s': out of memory for %llu bytes", what, path, (unsigned long long)size);
    while (out->n < size) {
        ssize_t got = read(fd, out->p + out->n, size - out->n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(e, "%s '%s': %s", what, path, strerror(errno));
        if (!got)
            return err_set(e, "%s '%s': the file shrank while it was read", what, path);
        out->n += (u64)got;
    }
    return true;
}

bool file_read(const char *what, const char *path, u64 max, struct file_bytes *out, struct err *e)
{
    struct stat st;
    bool ok = false;
    *out = (struct file_bytes){ 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_set(e, "%s '%s': %s", what, path, strerror(errno));
    if (fstat(fd, &st))
        err_set(e, "%s '%s': %s", what, path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        err_set(e, "%s '%s': not a regular file", what, path);
    else if (!st.st_size)
        err_set(e, "%s '%s': the file is empty", what, path);
    else if ((u64)st.st_size > max)
        err_set(e, "%s '%s': %llu bytes, but at most %llu fit", what, path, (unsigned long long)st.st_size,
                (unsigned long long)max);
    else
        ok = read_all(what, path, fd, (u64)st.st_size, out, e);
    close(fd);
    if (!ok)
        file_bytes_free(out);
    return ok;
}

void file_bytes_free(struct file_bytes *f)
{
    free(f->p);
    *f = (struct file_bytes){ 0 };
}

/* One inflate call into what room there is; grows the room by doubling. */
static bool inflate_step(z_stream *z, struct file_bytes *out, u64 *room, u64 max, int *status)
{
    if (out->n == *room) {
        u64 want = MIN(*room ? *room * 2 : 1u << 20, max);
        u8 *p = want > *room ? realloc(out->p, want) : NULL;
        if (!p)
            return false;
        out->p = p;
        *room = want;
    }
    u64 chunk = MIN(*room - out->n, 1u << 30);
    z->next_out = out->p + out->n;
    z->avail_out = (uInt)chunk;
    *status = inflate(z, Z_NO_FLUSH);
    out->n += chunk - z->avail_out;
    return true;
}

bool file_gunzip(const char *what, const char *path, u64 max, struct file_bytes *f, struct err *e)
{
    z_stream z = { .next_in = f->p, .avail_in = (uInt)f->n };
    struct file_bytes out = { 0 };
    u64 room = 0;
    int status = f->n <= ~(uInt)0 ? inflateInit2(&z, 16 + MAX_WBITS) : Z_DATA_ERROR;
    if (status != Z_OK)
        return err_set(e, "%s '%s': cannot start decompression", what, path);
    while (status == Z_OK)
        if (!inflate_step(&z, &out, &room, max, &status))
            break;
    inflateEnd(&z);
    if (status != Z_STREAM_END) {
        file_bytes_free(&out);
        return err_set(e, status == Z_OK ? "%s '%s': larger than %llu bytes once decompressed"
                                         : "%s '%s': the gzip data is damaged or cut short (limit %llu bytes)",
                       what, path, (unsigned long long)max);
    }
    file_bytes_free(f);
    *f = out;
    return true;
}
