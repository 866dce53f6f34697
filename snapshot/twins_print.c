/* twins_print.c - what two machines differ in, with names: fields, TLB words, memory words. */
#include "snapshot/twins_internal.h"

#define LINES_MAX 40u /* of a section or a memory */

struct list {
    FILE *f;
    u32   lines;
    bool  any;
};

static void line(struct list *l, const char *name, u64 a, u64 b)
{
    l->any = true;
    if (++l->lines <= LINES_MAX)
        fprintf(l->f, "  %-36s %#-20llx %#llx\n", name, (unsigned long long)a, (unsigned long long)b);
}

static void end_list(struct list *l)
{
    if (l->lines > LINES_MAX)
        fprintf(l->f, "  ... and %u more\n", l->lines - LINES_MAX);
    l->lines = 0;
}

static u64 element(const void *state, const struct state_field *f, u32 i)
{
    u64 v = 0;
    memcpy(&v, (const u8 *)state + f->offset + (u64)i * f->size, f->size);
    return v;
}

static void print_field(struct list *l, const struct part *a, const struct part *b, const struct state_field *f)
{
    for (u32 i = 0; i < f->count; i++) {
        char name[PART_NAME + 80], index[16] = "";
        u64 x = element(a->state, f, i), y = element(b->state, f, i);
        if (x == y)
            continue;
        if (f->count > 1)
            snprintf(index, sizeof index, "[%u]", i);
        snprintf(name, sizeof name, "%s %s%s", a->name, f->name, index);
        line(l, name, x, y);
    }
}

static u64 word_of(const struct buf *b, u64 i)
{
    return i < b->len / 8 ? load_le64(b->p + 8 * i) : 0;
}

/* Words as softmmu/tlb_state.c describes them; from the first difference on they may be shifted. */
static void print_tlb(struct list *l, const struct part *pa, const struct part *pb)
{
    struct buf a, b;
    char name[PART_NAME + 32];
    twins_tlb(pa, &a);
    twins_tlb(pb, &b);
    if (a.len != b.len) {
        snprintf(name, sizeof name, "%s words", pa->name);
        line(l, name, a.len / 8, b.len / 8);
    }
    for (u64 i = 0; i < MAX(a.len, b.len) / 8; i++)
        if (word_of(&a, i) != word_of(&b, i)) {
            snprintf(name, sizeof name, "%s word %llu", pa->name, (unsigned long long)i);
            line(l, name, word_of(&a, i), word_of(&b, i));
        }
    buf_free(&a);
    buf_free(&b);
}

static void print_part(struct list *l, const struct part *a, const struct part *b)
{
    if (a->tlb)
        print_tlb(l, a, b);
    for (u32 i = 0; a->desc && i < a->desc->field_count; i++)
        if (!twins_same_field(a, b, &a->desc->fields[i]))
            print_field(l, a, b, &a->desc->fields[i]);
    end_list(l);
}

/* Where the byte is for the guest; objects that are mapped nowhere have a name only. */
static void name_byte(const struct machine *m, const struct memobj *o, u64 off, char *name, size_t size)
{
    for (u32 i = 0; i < m->map.region_count; i++) {
        const struct region *r = &m->map.regions[i];
        if (r->obj == o && off - r->off < r->size) {
            snprintf(name, size, "%s at %#llx", o->name, (unsigned long long)(r->base + off - r->off));
            return;
        }
    }
    snprintf(name, size, "%s+%#llx", o->name, (unsigned long long)off);
}

static void print_page(struct list *l, const struct twins *t, u32 n, u64 page)
{
    const struct memobj *a = t->m[0]->map.objs[n], *b = t->m[1]->map.objs[n];
    for (u64 at = page * PAGE_SIZE; at < (page + 1) * PAGE_SIZE; at += 8) {
        u64 x = load_le64(a->host + at), y = load_le64(b->host + at);
        char name[128];
        if (x == y)
            continue;
        name_byte(t->m[0], a, at, name, sizeof name);
        line(l, name, x, y);
    }
}

static void print_memory(struct list *l, const struct twins *t, u32 n)
{
    const struct memobj *a = t->m[0]->map.objs[n], *b = t->m[1]->map.objs[n];
    for (u64 p = 0; p < twins_pages(a); p++)
        if (memcmp(a->host + p * PAGE_SIZE, b->host + p * PAGE_SIZE, PAGE_SIZE))
            print_page(l, t, n, p);
    end_list(l);
}

void twins_print(const struct twins *t, const char *const name[2], FILE *f)
{
    struct list l = { .f = f };
    fprintf(f, "  %-36s %-20s %s\n", "", name[0], name[1]);
    for (u32 i = 0; i < t->parts[0].count; i++)
        print_part(&l, &t->parts[0].p[i], &t->parts[1].p[i]);
    for (u32 n = 0; n < t->m[0]->map.obj_count; n++)
        print_memory(&l, t, n);
    if (!l.any)
        fprintf(f, "  (no difference in state, TLB or memory)\n");
}
