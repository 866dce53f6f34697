/* section.c - a described state struct as self-describing bytes. */
#include "snapshot/section.h"
#include <stdlib.h>

static u64 field_bytes(const struct state_field *f)
{
    return (u64)f->size * f->count;
}

void section_save(struct buf *b, const struct state_desc *d, const void *state)
{
    buf_put_u32(b, d->version);
    buf_put_u32(b, d->field_count);
    for (u32 i = 0; i < d->field_count; i++) {
        const struct state_field *f = &d->fields[i];
        u64 n = strlen(f->name);
        CHECK(n < 256);
        buf_put_u8(b, (u8)n);
        buf_put(b, f->name, n);
        buf_put_u8(b, f->size);
        buf_put_u32(b, f->count);
        buf_put(b, (const u8 *)state + f->offset, field_bytes(f)); /* the host is little endian: base/bits.h */
    }
}

/* ---- loading ---- */

struct record {
    const u8 *name;
    u32       name_len;
    u32       size, count;
    char      text[33]; /* the name, fit to be printed */
};

static void printable(struct record *r)
{
    u32 n = MIN(r->name_len, sizeof r->text - 1);
    for (u32 i = 0; i < n; i++)
        r->text[i] = r->name[i] > ' ' && r->name[i] < 127 ? (char)r->name[i] : '?';
    r->text[n] = 0;
}

static bool get_record(struct buf *b, struct record *r)
{
    r->name_len = buf_get_u8(b);
    r->name = buf_take(b, r->name_len);
    r->size = buf_get_u8(b);
    r->count = buf_get_u32(b);
    if (!b->failed)
        printable(r);
    return !b->failed;
}

static bool has_name(const struct state_field *f, const struct record *r)
{
    return strlen(f->name) == r->name_len && !memcmp(f->name, r->name, r->name_len);
}

/* Looks at `guess` first: streams keep the table's order but where versions differ. */
static const struct state_field *find(const struct state_desc *d, const struct record *r, u32 guess)
{
    if (guess < d->field_count && has_name(&d->fields[guess], r))
        return &d->fields[guess];
    for (u32 i = 0; i < d->field_count; i++)
        if (has_name(&d->fields[i], r))
            return &d->fields[i];
    return NULL;
}

static bool load_record(struct buf *b, const struct state_desc *d, u32 nr, u8 *to, u8 *seen, struct err *e)
{
    struct record r = { 0 };
    if (!get_record(b, &r))
        return err_set(e, "%s: cut short", d->name);
    const struct state_field *f = find(d, &r, nr);
    if (!f)
        return err_set(e, "%s: unknown field '%s'", d->name, r.text);
    if (f->size != r.size || f->count != r.count)
        return err_set(e, "%s.%s: %u elements of %u bytes, but %u of %u here", d->name, f->name, r.count, r.size,
                       f->count, f->size);
    if (seen[f - d->fields]++)
        return err_set(e, "%s.%s: comes twice", d->name, f->name);
    const u8 *p = buf_take(b, field_bytes(f));
    if (!p)
        return err_set(e, "%s.%s: cut short", d->name, f->name);
    memcpy(to + f->offset, p, field_bytes(f));
    return true;
}

static bool load_records(struct buf *b, const struct state_desc *d, u8 *to, u8 *seen, struct err *e)
{
    u32 version = buf_get_u32(b), count = buf_get_u32(b);
    if (b->failed)
        return err_set(e, "%s: cut short", d->name);
    if (!version || version > d->version)
        return err_set(e, "%s: version %u is not known here, only 1 to %u", d->name, version, d->version);
    for (u32 i = 0; i < count; i++)
        if (!load_record(b, d, i, to, seen, e))
            return false;
    for (u32 i = 0; i < d->field_count; i++)
        if (!seen[i] && d->fields[i].since <= version)
            return err_set(e, "%s.%s: missing", d->name, d->fields[i].name);
    if (b->at != b->len)
        return err_set(e, "%s: %llu bytes too many", d->name, (unsigned long long)(b->len - b->at));
    return !d->valid || d->valid(to, e) || err_prefix(e, "%s", d->name);
}

bool section_load(struct buf *b, const struct state_desc *d, void *state, struct err *e)
{
    u8 *to = malloc(d->size), *seen = calloc(d->field_count ? d->field_count : 1, 1);
    bool ok = to && seen;
    if (!ok) {
        err_set(e, "%s: out of memory", d->name);
        goto out;
    }
    memcpy(to, state, d->size);
    ok = load_records(b, d, to, seen, e);
    if (ok)
        memcpy(state, to, d->size);
out:
    free(to);
    free(seen);
    return ok;
}
