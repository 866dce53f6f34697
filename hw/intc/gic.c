/* gic.c - interrupt lines, bitmap registers and word accesses of the Arm interrupt controllers; see gic.h. */
#include "hw/intc/gic.h"

#define SGIS 0xffffu

void gic_input(struct gic_lines *l, u32 line, bool level)
{
    u32 bit = 1u << line % 32, slot = line / 32;
    if (level && !(l->level[slot] & bit) && l->edge[slot] & bit)
        l->pending[slot] |= bit;
    l->level[slot] = level ? l->level[slot] | bit : l->level[slot] & ~bit;
}

u32 gic_candidates(const struct gic_lines *l, u32 slot, u32 groups)
{
    u32 c = gic_pending(l, slot) & l->enabled[slot] & ~l->active[slot];
    u32 group = l->group[slot];
    return c & ((groups & 1 ? ~group : 0) | (groups & 2 ? group : 0));
}

void gic_best_of(const struct gic_lines *l, u32 slot, u32 candidates, u32 first_intid, struct gic_best *best)
{
    for (; candidates; candidates &= candidates - 1) {
        u32 n = (u32)__builtin_ctz(candidates), prio = l->prio[slot * 32 + n];
        if (prio < best->prio)
            *best = (struct gic_best){ first_intid + n, prio };
    }
}

void gic_lines_reset(struct gic_lines *l)
{
    for (u32 i = 0; i < GIC_SLOTS; i++)
        l->group[i] = l->enabled[i] = l->pending[i] = l->active[i] = l->edge[i] = 0;
    __builtin_memset(l->prio, 0, sizeof l->prio);
}

bool gic_lines_valid(const struct gic_lines *l, struct err *e)
{
    for (u32 i = 0; i < GIC_MAX_CPUS; i++)
        if ((l->edge[i] | l->level[i]) & SGIS)
            return err_set(e, "SGIs of CPU %u have an input or a trigger", i);
    return true;
}

u32 gic_map_read(const struct gic_lines *l, u32 slot, enum gic_map r)
{
    switch (r) {
    case GIC_GROUP: return l->group[slot];
    case GIC_SET_ENABLE: case GIC_CLEAR_ENABLE: return l->enabled[slot];
    case GIC_SET_PENDING: case GIC_CLEAR_PENDING: return gic_pending(l, slot);
    case GIC_SET_ACTIVE: case GIC_CLEAR_ACTIVE: return l->active[slot];
    }
    return 0;
}

void gic_map_write(struct gic_lines *l, u32 slot, enum gic_map r, u32 val, u32 mask)
{
    val &= mask;
    switch (r) {
    case GIC_GROUP: l->group[slot] = (l->group[slot] & ~mask) | val; break;
    case GIC_SET_ENABLE: l->enabled[slot] |= val; break;
    case GIC_CLEAR_ENABLE: l->enabled[slot] &= ~val; break;
    case GIC_SET_PENDING: l->pending[slot] |= val; break;
    case GIC_CLEAR_PENDING: l->pending[slot] &= ~val; break;
    case GIC_SET_ACTIVE: l->active[slot] |= val; break;
    case GIC_CLEAR_ACTIVE: l->active[slot] &= ~val; break;
    }
}

u32 gic_prio_read(const struct gic_lines *l, u32 line)
{
    u32 v;
    __builtin_memcpy(&v, &l->prio[line], 4);
    return v;
}

void gic_prio_write(struct gic_lines *l, u32 line, u32 val, u32 lanes)
{
    u32 v = (gic_prio_read(l, line) & ~lanes) | (val & lanes);
    __builtin_memcpy(&l->prio[line], &v, 4);
}

static bool are_sgis(u32 slot, u32 half)
{
    return slot < GIC_MAX_CPUS && half == 0;
}

u32 gic_cfg_read(const struct gic_lines *l, u32 slot, u32 half)
{
    u32 v = are_sgis(slot, half) ? 0xaaaaaaaa : 0;
    for (u32 i = 0; i < 16; i++)
        v |= (l->edge[slot] >> (half * 16 + i) & 1) << (2 * i + 1);
    return v;
}

void gic_cfg_write(struct gic_lines *l, u32 slot, u32 half, u32 val, u32 lanes)
{
    for (u32 i = 0; i < 16 && !are_sgis(slot, half); i++)
        if (lanes >> (2 * i + 1) & 1)
            gic_bit_set(l->edge, slot * 32 + half * 16 + i, val >> (2 * i + 1) & 1);
}

u64 gic_frame_read(const struct gic_frame *f, u64 off, u32 size)
{
    u64 val = 0;
    for (u32 done = 0; done < size;) {
        u32 at = (u32)(off + done), shift = at % 4, n = MIN(4 - shift, size - done);
        u64 word = f->read(f->opaque, at & ~3u) >> 8 * shift;
        val |= (word & (~0ull >> (64 - 8 * n))) << 8 * done;
        done += n;
    }
    return val;
}

void gic_frame_write(const struct gic_frame *f, u64 off, u64 val, u32 size)
{
    for (u32 done = 0; done < size;) {
        u32 at = (u32)(off + done), shift = at % 4, n = MIN(4 - shift, size - done);
        u32 lanes = (u32)(~0ull >> (64 - 8 * n)) << 8 * shift;
        f->write(f->opaque, at & ~3u, (u32)(val >> 8 * done) << 8 * shift & lanes, lanes);
        done += n;
    }
}
