/*
 * region_key.c - the name of a region in the store: a hash of all that its object depends on; see maker.h.
 *
 * The IR behind the passes is all that the compiler sees of guest code and of most of the guest's state; the bytes,
 * the mode and the CPU's model went into it.
 */
#include "backend/jit/jit.h"
#include "backend/jit/maker.h"
#include <stdio.h>
#include <string.h>

bool region_key_start(struct code_key *k, const struct tier_api *api)
{
    char text[TIER_TEXT];
    const void *llvm;
    code_key_start(k);
    api->describe(text, sizeof text, &llvm);
    code_key_add(k, "compiler and host", text, strlen(text));
    return code_key_add_build(k, "program", &baseline_engine) && code_key_add_build(k, "tier", api)
           && code_key_add_build(k, "LLVM", llvm);
}

static void add_scalars(struct code_key *k, const struct jit_region *r)
{
    _Static_assert(sizeof *r == 56 + REGION_BLOCKS * sizeof r->block[0] + sizeof r->edge,
                   "a new member belongs here");
    const u64 all[] = { r->count, r->page_at, r->pages, r->apart, r->mmu_mode, (u64)r->state_bias, r->fp_x86,
                        r->fp_plain, r->features };
    code_key_add(k, "region", all, sizeof all);
    code_key_add(k, "edges", r->edge, r->edges * sizeof r->edge[0]);
}

/* Names are for people. Members one by one: there are gaps between them. */
static void add_layout(struct code_key *k, const struct ir_layout *l)
{
    code_key_add_u64(k, "state", (u64)l->state_size << 32 | l->fp_env);
    for (u32 n = 0; n < l->field_count; n++)
        code_key_add_u64(k, "field", (u64)l->fields[n].offset << 8 | l->fields[n].type);
    for (u32 n = 0; n < l->range_count; n++)
        code_key_add_u64(k, "range", (u64)l->ranges[n].first << 16 | l->ranges[n].count);
    for (u32 n = 0; n < l->helper_count; n++)
        code_key_add_u64(k, "helper",
                         (u64)l->helpers[n].flags << 16 | l->helpers[n].args << 8 | l->helpers[n].result);
}

static void add_block(struct code_key *k, const struct jit_region_block *b)
{
    _Static_assert(sizeof(struct ir_ins) == 40, "no gaps: rows are hashed as they lie in memory");
    const u64 all[] = { (u64)b->rel, b->ir->count, b->ir->labels, b->ir->insns, b->ir->guest_len };
    code_key_add(k, "block", all, sizeof all);
    code_key_add(k, "rows", b->ir->ins, b->ir->count * sizeof b->ir->ins[0]);
}

void region_key(const struct code_key *base, const struct jit_region *r, u8 key[CODE_KEY_BYTES])
{
    struct code_key k = *base;
    add_scalars(&k, r);
    add_layout(&k, r->layout);
    for (u32 n = 0; n < r->count; n++)
        add_block(&k, &r->block[n]);
    code_key_end(&k, key);
}
