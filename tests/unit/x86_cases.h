/*
 * x86_cases.h - random x86 instructions made from the decode rows, and random numbers for their operands.
 */
#pragma once
#include "frontend/x86/cpu.h"
#include "frontend/x86/insn.h"

struct rig {
    struct machine   *m;
    struct vcpu      *v;
    struct x86_state *s;
    u64               rng;
};
static u64 rnd(struct rig *r)
{
    r->rng ^= r->rng << 13;
    r->rng ^= r->rng >> 7;
    return r->rng ^= r->rng << 17;
}

/* Numbers at the edges as often as others. */
static u64 value(struct rig *r)
{
    static const u64 edge[] = { 0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
                                0x7fffffffffffffff, 0x8000000000000000, ~0ull, 2, 3 };
    u64 v = rnd(r), n = rnd(r);
    return n & 1 ? v >> (n >> 8 & 63) : n & 2 ? edge[n >> 8 & 15] + (n >> 16 & 3) - 1 : v;
}

/* ---- encodings from rows ---- */

struct code {
    u8  b[32];
    u32 n;
};

static void put(struct code *c, u64 v) { c->b[c->n++] = (u8)v; }

static void put_prefixes(struct rig *r, const struct x86_row *row, struct code *c, bool mem, bool is64)
{
    u64 n = rnd(r);
    if (row->attr & X86_LOCK && mem && !(n & 3))
        put(c, 0xf0);
    if (row->attr & X86_STR && n & 4)
        put(c, n & 8 ? 0xf2 : 0xf3);
    if (row->prefix == X86_PFX_66 || (row->prefix != X86_PFX_NONE && !(n >> 4 & 3)))
        put(c, 0x66);
    if (!(n >> 6 & 15) && is64)
        put(c, 0x67);
    if (row->prefix == X86_PFX_F3 || row->prefix == X86_PFX_F2)
        put(c, row->prefix == X86_PFX_F3 ? 0xf3 : 0xf2);
    if (is64 && (n >> 12 & 1 || row->w == 1))
        put(c, 0x40 | (n >> 16 & 7) | (row->w == 1 || (row->w && n >> 20 & 1) ? 8 : 0));
}

static void put_vex(struct rig *r, const struct x86_row *row, struct code *c)
{
    static const u8 pp[] = { 0, 0, 1, 2, 3 };
    u64 n = rnd(r);
    put(c, 0xc4);
    put(c, (n & 0xe0) | row->map);
    put(c, (row->w < 0 ? n >> 8 & 0x80 : (u64)row->w << 7) | (n >> 16 & 0x78) | pp[row->prefix]);
}

static void make_code(struct rig *r, const struct x86_row *row, struct code *c, bool is64)
{
    u64 n = rnd(r);
    u8 modrm = (u8)((row->modrm_value & row->modrm_mask) | ((n >> 8 & 0xff) & ~row->modrm_mask));
    if (!(row->modrm_mask & 0xc0)) { /* registers half the time, else a base and a displacement */
        modrm = (u8)((modrm & 0x3f) | (row->modrm_not ? 0x40 : n & 1 ? 0xc0 : n & 2 ? 0x40 : 0x80));
    }
    c->n = 0;
    if (row->vex) {
        put_vex(r, row, c);
    } else {
        put_prefixes(r, row, c, modrm < 0xc0, is64);
        if (row->map)
            put(c, 0x0f);
        if (row->map > 1)
            put(c, row->map == 2 ? 0x38 : 0x3a);
    }
    put(c, (row->opcode & row->opcode_mask) | ((n >> 16) & 0xff & ~row->opcode_mask));
    if (row->modrm)
        put(c, modrm);
    while (c->n < 24)
        put(c, c->n & 1 ? value(r) : rnd(r));
}
