/*
 * object_map.c - LLVM's stack maps (docs/StackMaps, format version 3) and the region's sites as one map in code
 * memory.
 *
 * The bytes may be damaged: nothing is believed that is used as an offset, a count or a register later.
 */
#include "backend/jit/llvm/object.h"
#include <string.h>

#define LOC_BYTES 12u
#define LIVE_OUT_BYTES 4u
#define FUNCTION_BYTES 24u

enum { MAP_REGISTER = 1, MAP_DIRECT, MAP_INDIRECT, MAP_CONSTANT, MAP_CONSTANT_INDEX };

struct map {
    const u8               *maps, *sites; /* of the file */
    u64                     maps_size, sites_size;
    const struct ir_layout *layout;
    const u8               *constants;
    u32                     constant_count, records;
    u64                     first;        /* place of the first record */
    u32                     file_locs;    /* locations of all records */
    struct err             *e;
};

struct record {
    u64 id;
    u32 offset;
    u16 locs;
    const u8 *loc;
};

static u16 le16(const u8 *p) { return (u16)(p[0] | p[1] << 8); }
static u32 le32(const u8 *p) { return le16(p) | (u32)le16(p + 2) << 16; }
static u64 le64(const u8 *p) { return le32(p) | (u64)le32(p + 4) << 32; }

static bool damaged(struct map *m) { return err_set(m->e, "the object's stack maps are damaged"); }

/* ---- the file's ---- */

static bool open_map(struct map *m)
{
    const u8 *h = m->maps;
    if (m->maps_size < 16 || h[0] != 3 || le32(h + 4) != 1)
        return damaged(m);
    m->constant_count = le32(h + 8);
    m->records = le32(h + 12);
    m->constants = h + 16 + FUNCTION_BYTES;
    m->first = 16 + FUNCTION_BYTES + 8ull * m->constant_count;
    return (m->first <= m->maps_size && m->records <= m->maps_size / 16) || damaged(m);
}

/* The record at *at, which moves on. */
static bool next_record(struct map *m, u64 *at, struct record *r)
{
    const u8 *p = m->maps + *at;
    if (m->maps_size - *at < 16)
        return damaged(m);
    *r = (struct record){ le64(p), le32(p + 8), le16(p + 14), p + 16 };
    u64 end = (*at + 16 + (u64)LOC_BYTES * r->locs + 7) & ~7ull;
    if (end > m->maps_size || m->maps_size - end < 4)
        return damaged(m);
    end = (end + 4 + (u64)LIVE_OUT_BYTES * le16(m->maps + end + 2) + 7) & ~7ull;
    *at = end;
    return end <= m->maps_size || damaged(m);
}

/* ---- sites ---- */

static const void *within(const struct map *m, u64 at, u64 bytes)
{
    return at % 4 == 0 && at <= m->sites_size && bytes <= m->sites_size - at ? m->sites + at : NULL;
}

static const struct ir_ins *row_at(const struct map *m, u64 at)
{
    const struct ir_ins *in = at % 8 == 0 ? within(m, at, sizeof *in) : NULL;
    return in && in->op < IR_OP_COUNT && in->type < IR_TYPE_COUNT && in->src < IR_TYPE_COUNT
        && in->lane < IR_TYPE_COUNT ? in : NULL;
}

static bool types_are_right(const u8 *type, u32 n)
{
    for (u32 k = 0; k < n; k++)
        if (!type[k] || type[k] >= IR_TYPE_COUNT)
            return false;
    return true;
}

static bool is_small_int(u8 t) { return t >= IR_I1 && t <= IR_I64; }

static bool node_is_right(const struct region_recipe *r, u32 n)
{
    const struct ir_ins *in = &r->node[n].ins;
    if (in->op >= IR_OP_COUNT || in->lane || !is_small_int(in->type))
        return false;
    if (in->op == IR_const)
        return true;
    for (u32 k = 0; k < 4; k++)
        if (r->node[n].arg[k] >= REGION_LEAVES + n)
            return false;
    return ir_rows[in->op].effects & IR_PURE && is_small_int(in->src);
}

static const struct region_recipe *recipe_at(const struct map *m, u64 at, u8 type)
{
    const u64 head = offsetof(struct region_recipe, node);
    const struct region_recipe *r = at % 8 == 0 ? within(m, at, head) : NULL;
    if (!r || r->leaves > REGION_LEAVES || !r->nodes || r->nodes > REGION_NODES
        || !within(m, at, head + r->nodes * sizeof r->node[0]))
        return NULL;
    for (u32 k = 0; k < r->leaves; k++)
        if (!is_small_int(r->leaf_type[k]))
            return NULL;
    for (u32 n = 0; n < r->nodes; n++)
        if (!node_is_right(r, n))
            return NULL;
    return r->node[r->nodes - 1].ins.type == type ? r : NULL;
}

static bool table_is_right(const struct map *m, u64 at, u8 type)
{
    const struct region_table *t = at % 8 == 0 ? within(m, at, sizeof *t) : NULL;
    if (!t || t->count > m->sites_size / 8 || !within(m, at, sizeof *t + 8ull * t->count))
        return false;
    for (u32 k = 0; k < t->count; k++)
        if (!recipe_at(m, at + (u64)(i64)t->row[k].at, type))
            return false;
    return true;
}

/* Locations that the field takes; ~0: it cannot be. */
static u32 locs_of_field(const struct map *m, u64 at)
{
    const struct region_field *d = within(m, at, sizeof *d);
    if (!d || d->field >= m->layout->field_count)
        return ~0u;
    u8 type = m->layout->fields[d->field].type;
    u64 to = at + (u64)(i64)d->at;
    const struct region_recipe *r = d->how == REGION_RECIPE ? recipe_at(m, to, type) : NULL;
    if (d->how == REGION_VALUE)
        return region_locs_of(type);
    if (r)
        return r->leaves;
    return d->how == REGION_DYNAMIC && table_is_right(m, to, type) ? 2 + REGION_LEAVES : ~0u;
}

static bool row_is_right(const struct map *m, const struct region_site *s, u64 at)
{
    const struct ir_ins *in = s->ins ? row_at(m, at + (u64)(i64)s->ins) : NULL;
    switch ((enum region_out)s->out) {
    case REGION_OUT_mem: return in && ir_rows[in->op].effects & IR_MEM;
    case REGION_OUT_eval: return in && ir_rows[in->op].effects & (IR_PURE | IR_FP);
    case REGION_OUT_call: return s->word < m->layout->helper_count;
    case REGION_OUT_gather: case REGION_OUT_scatter:
        return REGION_SPAN_COPY(s->word) < REGION_COPIES && REGION_SPAN_LEN(s->word) - 1 < REGION_SPAN_MOST;
    default: return true;
    }
}

/* The site of a record, which has the locations that it should have. */
static const struct region_site *site_of(struct map *m, const struct record *r)
{
    const struct region_site *s = r->id % 8 == 0 ? within(m, r->id, sizeof *s) : NULL;
    if (!s || s->out >= REGION_OUTS || s->args > 4 || !types_are_right(s->arg_type, s->args)
        || s->fields > m->layout->field_count
        || !row_is_right(m, s, r->id))
        return NULL;
    u32 want = 3;
    for (u32 k = 0; k < s->args; k++)
        want += region_locs_of(s->arg_type[k]);
    for (u32 k = 0; k < s->fields; k++) {
        u32 n = locs_of_field(m, r->id + (u64)(i64)s->field_at + (u64)k * sizeof(struct region_field));
        if (n == ~0u)
            return NULL;
        want += n;
    }
    return want == r->locs ? s : NULL;
}

/* ---- size ---- */

static u64 size_of(const struct map *m)
{
    u64 n = m->sites_size + 8ull * m->file_locs + 8ull * m->constant_count + 8;
    return (n + OBJECT_ALIGN - 1) & ~(u64)(OBJECT_ALIGN - 1);
}

static bool look(struct map *m, const u8 *bytes, const struct object_facts *f, const struct ir_layout *layout,
                 struct err *e)
{
    struct record r;
    *m = (struct map){ .maps = bytes + f->maps.at, .sites = bytes + f->sites.at, .maps_size = f->maps.size,
                       .sites_size = f->sites.size, .layout = layout, .e = e };
    if (!layout || f->sites.at % 8 || f->maps.at % 8 || !open_map(m))
        return err_set(e, "the object has stack maps that nobody can use");
    u64 at = m->first;
    for (u32 n = 0; n < m->records; n++) {
        if (!next_record(m, &at, &r))
            return false;
        if (!site_of(m, &r))
            return err_set(e, "site %u of the object is damaged", n);
        m->file_locs += r.locs;
    }
    return true;
}

bool object_map_size(const u8 *bytes, const struct object_facts *f, const struct ir_layout *layout, u64 *size,
                     struct err *e)
{
    struct map m;
    *size = 0;
    if (!f->maps.size)
        return true;
    if (!look(&m, bytes, f, layout, e))
        return false;
    *size = size_of(&m);
    return true;
}

/* ---- placing ---- */

/* pool: place of the constants behind the map's start. */
static bool place_loc(struct map *m, const u8 *from, u8 *to, u64 at, u64 pool)
{
    u8 kind = from[0];
    u32 reg = le16(from + 4), v = le32(from + 8);
    struct region_loc l = { .reg = (u8)reg, .v = (i32)v };
    bool general = reg < 16, vector = reg > 16 && reg < 33;
    switch (kind) {
    case MAP_REGISTER: l.kind = REGION_REG; break;
    case MAP_DIRECT: l.kind = REGION_ADDR; break;
    case MAP_INDIRECT: l.kind = REGION_MEM; break;
    case MAP_CONSTANT: l.kind = REGION_CONST; break;
    case MAP_CONSTANT_INDEX:
        l.kind = REGION_POOL;
        l.v = (i32)(pool + 8ull * v - at);
        break;
    default: return damaged(m);
    }
    if ((kind == MAP_REGISTER && !general && !vector) || ((kind == MAP_DIRECT || kind == MAP_INDIRECT) && !general)
        || (kind == MAP_CONSTANT_INDEX && v >= m->constant_count))
        return damaged(m);
    memcpy(to + at, &l, sizeof l);
    return true;
}

static bool place_call(struct map *m, u8 *to, const struct record *r, u8 *fn, const u8 *end, u64 out)
{
    static const u8 nop[] = { 0x0f, 0x1f, 0x80 };
    u8 *p = fn + r->offset, *ret = p + REGION_PATCH_RET;
    if (r->offset > (u64)(end - fn) || (u64)(end - p) < REGION_PATCH)
        return damaged(m);
    i32 rel = (i32)(out - (u64)(uintptr_t)ret), to_site = (i32)(to + r->id - ret);
    *p = 0xe8;
    memcpy(p + 1, &rel, 4);
    memcpy(ret, nop, sizeof nop);
    memcpy(p + REGION_PATCH_IMM, &to_site, 4);
    return true;
}

static bool place_record(struct map *m, u8 *to, const struct record *r, u64 *at, u64 pool)
{
    struct region_site *s = (struct region_site *)(void *)(to + r->id);
    s->locs = r->locs;
    s->loc_at = (i32)(*at - r->id);
    for (u32 k = 0; k < r->locs; k++, *at += 8)
        if (!place_loc(m, r->loc + (u64)k * LOC_BYTES, to, *at, pool))
            return false;
    const struct region_loc *first = (const void *)(to + r->id + (u64)(i64)s->loc_at);
    return (first->kind == REGION_REG && first->reg < 16) || damaged(m);
}

bool object_map_place(const u8 *bytes, const struct object_facts *f, const struct ir_layout *layout, u8 *to, u8 *fn,
                      const u8 *end, u64 out, struct err *e)
{
    struct map m;
    struct record r;
    if (!look(&m, bytes, f, layout, e))
        return false;
    u64 pool = (m.sites_size + 7) & ~7ull, from = m.first, at = pool + 8ull * m.constant_count;
    if (!out)
        return err_set(e, "nothing gives what patch points call");
    memcpy(to, m.sites, m.sites_size);
    memcpy(to + pool, m.constants, 8ull * m.constant_count);
    for (u32 n = 0; n < m.records; n++)
        if (!next_record(&m, &from, &r) || !place_record(&m, to, &r, &at, pool) || !place_call(&m, to, &r, fn, end,
                                                                                               out))
            return false;
    return true;
}
