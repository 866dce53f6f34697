/* log.c - what the engine tells people: host code of blocks as text, counters. */
#include "backend/common/disasm.h"
#include "backend/jit/cache.h"
#include <inttypes.h>
#include <stdlib.h>

/* ---- host code ---- */

static struct disasm *disassembler(struct jit *j, FILE *f)
{
    struct err e;
    if (!j->disasm && !j->no_disasm && !(j->disasm = x64_disasm(&e))) {
        j->no_disasm = true;
        fprintf(f, "host code as bytes: %s\n", e.msg);
    }
    return j->disasm;
}

static void print_bytes(const struct jblock *b, FILE *f)
{
    for (u32 i = 0; i < b->code_len; i++)
        fprintf(f, "%s%02x", i % 32 ? " " : i ? "\n    " : "    ", b->entry[i]);
    fputc('\n', f);
}

void jit_print_code(struct jit *j, const struct jblock *b, FILE *f)
{
    struct disasm *s = disassembler(j, f);
    fprintf(f, "host code of %s+%#" PRIx64 " mode %#" PRIx64 ", %u instructions, %u bytes\n", b->obj->name, b->off,
            b->mode, b->insns, b->code_len);
    if (s)
        disasm_print(s, b->entry, b->code_len, (u64)(uintptr_t)b->entry, 1, "    ", f);
    else
        print_bytes(b, f);
}

void jit_log_region(struct jit *j, const struct jblock *entry, const u8 *code, u64 size)
{
    FILE *f = j->v->m->log.out;
    if (!log_on(&j->v->m->log, LOG_out_asm))
        return;
    struct disasm *s = disassembler(j, f);
    fprintf(f, "host code of the region at %s+%#" PRIx64 ", %" PRIu64 " bytes\n", entry->obj->name, entry->off, size);
    if (s)
        disasm_print(s, code, size, (u64)(uintptr_t)code, 1, "    ", f);
}

void jit_log_code(struct jit *j, const struct jblock *b)
{
    if (log_on(&j->v->m->log, LOG_out_asm))
        jit_print_code(j, b, j->v->m->log.out);
}

/* ---- counters ---- */

struct line {
    const char *name;
    u64         count;
};

static int by_count(const void *a, const void *b)
{
    u64 x = ((const struct line *)a)->count, y = ((const struct line *)b)->count;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* The most frequent of them, per million guest instructions. */
static void print_rates(const char *what, struct line *l, u32 n, u64 insns, FILE *f)
{
    u64 all = 0;
    for (u32 i = 0; i < n; i++)
        all += l[i].count;
    qsort(l, n, sizeof *l, by_count);
    double scale = insns ? 1e6 / (double)insns : 0;
    fprintf(f, "%-17s %.1f per million instructions\n", what, (double)all * scale);
    for (u32 i = 0; i < MIN(n, 12u) && l[i].count; i++)
        fprintf(f, "  %-15s %.1f\n", l[i].name, (double)l[i].count * scale);
}

static void print_regions(const struct jit *j, FILE *f)
{
    const struct jit_stats *s = &j->stats;
    u64 insns = j->v->s.icount;
    double us = (double)s->region_ns / 1e3;
    double share = insns ? 100.0 * (double)j->ctx->region_insns / (double)insns : 0;
    fprintf(f, "regions           %" PRIu64 ", %" PRIu64 " instructions, %" PRIu64 " bytes; from the store %" PRIu64
               ", replaced %" PRIu64 ", dropped %" PRIu64 "\n", s->regions, s->region_insns, s->region_bytes,
            s->regions_stored, s->regions_replaced, s->regions_dropped);
    fprintf(f, "in regions        %.1f %% of all instructions\n", share);
    fprintf(f, "                  poor %" PRIu64 ", paused %" PRIu64 "\n", s->regions_poor, s->regions_paused);
    fprintf(f, "not made          cancelled %" PRIu64 ", refused %" PRIu64 ", failed %" PRIu64 "\n",
            s->regions_cancelled,
            s->regions_refused, s->regions_failed);
    fprintf(f, "making regions    %.1f ms, %.1f us an instruction\n", us / 1e3, s->region_tried
            ? us / (double)s->region_tried : 0);
}

void jit_print_stats(struct vcpu *v, FILE *f)
{
    const struct jit *j = v->engine_data;
    const struct jit_stats *s = &j->stats;
    const struct ir_layout *l = v->guest->layout;
    struct line calls[COUNT(s->helper_calls)], evals[IR_OP_COUNT];
    u32 n = MIN((u32)l->helper_count, (u32)COUNT(calls));
    double ms = (double)s->translate_ns / 1e6;
    fprintf(f, "blocks compiled   %" PRIu64 ", %" PRIu64 " instructions, %" PRIu64 " bytes\n", s->blocks,
            s->guest_insns,
            s->code_bytes);
    fprintf(f, "translation       %.1f ms, %.2f million instructions/s\n", ms, ms > 0
            ? (double)s->guest_insns / ms / 1e3 : 0);
    if (j->regions)
        print_regions(j, f);
    fprintf(f, "blocks dropped    %" PRIu64 ", revived %" PRIu64 ", evictions %" PRIu64 "\n", s->dropped, s->revived,
            s->evictions);
    fprintf(f, "code entered      %" PRIu64 ", looked up %" PRIu64 ", linked %" PRIu64 "\n", s->entries, s->lookups,
            s->links);
    fprintf(f, "slow loads        %" PRIu64 ", stores %" PRIu64 ", others %" PRIu64 ", over two pages %" PRIu64 "\n",
            s->slow_loads, s->slow_stores, s->slow_mem, s->split);
    fprintf(f, "interpreted       %" PRIu64 ", alone %" PRIu64 "\n", s->interp_insns, s->one_insns);
    for (u32 i = 0; i < n; i++)
        calls[i] = (struct line){ l->helpers[i].name, s->helper_calls[i] };
    for (u32 i = 0; i < IR_OP_COUNT; i++)
        evals[i] = (struct line){ ir_rows[i].name, s->evals[i] };
    print_rates("helper calls", calls, n, v->s.icount, f);
    print_rates("by reference", evals, IR_OP_COUNT, v->s.icount, f);
}
