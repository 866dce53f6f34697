/*
 * a64_gen.c - one random instruction of a decode row: what is fixed, the rest random, registers and offsets chosen so
 * that programs do more than fault.
 */
#include "tests/fuzz/a64_gen.h"
#include <fnmatch.h>
#include <string.h>

/* ---- rows by class, fields by use ---- */

enum use { USE_RANDOM, USE_DATA, USE_BASE, USE_INDEX, USE_VECTOR, USE_OFFSET, USE_SMALL, USE_LABEL, USE_LITERAL,
           USE_CODE, USE_EVEN };

static bool starts(const char *s, const char *with)
{
    return !strncmp(s, with, strlen(with));
}

static bool one_of(const char *s, const char *list) /* names between blanks */
{
    size_t n = strlen(s);
    for (const char *at = strstr(list, s); at; at = strstr(at + 1, s))
        if ((at == list || at[-1] == ' ') && (at[n] == ' ' || !at[n]))
            return true;
    return false;
}

static enum af_class class_of(const struct decode_row *row)
{
    const char *l = row->lifter;
    if (one_of(l, "b b_cond cbz tbz br blr ret"))
        return AF_C_BRANCH;
    if (one_of(l, "eret drps svc hvc smc brk hlt dcps"))
        return AF_C_EXC;
    if (one_of(l, "hint clrex barrier isb sb msr_imm cfinv sys sysl msr_reg mrs"))
        return AF_C_SYSTEM;
    if (one_of(l, "stxr ldxr stxp ldxp stlr ldar ldapr cas casp atomic"))
        return AF_C_ATOMIC;
    if (one_of(l, "ldst_mult ldst_single ldst_replicate ldst_imm_fp ldst_reg_fp ldst_pair_fp ldr_lit_fp"))
        return AF_C_LDST_SIMD;
    if (starts(l, "ldst") || one_of(l, "ldr_lit prfm"))
        return AF_C_LDST;
    if (starts(l, "simd"))
        return AF_C_SIMD;
    return starts(l, "fp_") || starts(l, "fmov") || one_of(l, "int_to_fp") ? AF_C_FP : AF_C_DP;
}

static bool is_memory(enum af_class c)
{
    return c == AF_C_LDST || c == AF_C_LDST_SIMD || c == AF_C_ATOMIC;
}

static enum use register_use(const struct decode_row *row, enum af_class c, const char *f)
{
    if (!strcmp(f, "rn") && is_memory(c))
        return USE_BASE;
    if (!strcmp(f, "rm") && is_memory(c))
        return USE_INDEX;
    if (!strcmp(row->lifter, "casp"))
        return USE_EVEN;
    if (!strcmp(f, "rn") && c == AF_C_BRANCH)
        return USE_CODE;
    if (c == AF_C_SIMD || c == AF_C_FP || (c == AF_C_LDST_SIMD && f[1] == 't'))
        return USE_VECTOR; /* or general registers of like numbers */
    return USE_DATA;
}

static enum use use_of(const struct decode_row *row, enum af_class c, const struct decode_field *f)
{
    if (one_of(f->name, "rn rm rd rt rt2 rs ra") && f->width == 5)
        return register_use(row, c, f->name);
    if (one_of(f->name, "imm19 imm26 imm14"))
        return c == AF_C_BRANCH ? USE_LABEL : USE_LITERAL;
    if (is_memory(c) && one_of(f->name, "imm7 imm9"))
        return USE_OFFSET;
    if (is_memory(c) && !strcmp(f->name, "imm12"))
        return USE_SMALL;
    return !strcmp(f->name, "immhi") ? USE_SMALL : USE_RANDOM;
}

void af_rows_init(struct af_rows *rows, const char *group)
{
    *rows = (struct af_rows){ .features = a64_model_find("max")->features };
    for (u32 i = 0; i < A64_ROW_COUNT; i++) {
        const struct decode_row *row = &a64_rows[i];
        enum af_class c = class_of(row);
        CHECK(row->field_count <= AF_FIELDS);
        rows->cls[i] = (u8)c;
        rows->row[c][rows->count[c]++] = (u16)i;
        for (u32 k = 0; k < row->field_count; k++)
            rows->field[i][k] = (u8)use_of(row, c, &row->fields[k]);
        if (group && !fnmatch(group, row->name, 0))
            rows->wanted[rows->wanted_count++] = (u16)i;
    }
}

/* ---- values of fields ---- */

static u32 data_register(struct af_gen *g)
{
    static const u8 others[] = { 10, 14, 15, 18, 19, 20, 31 };
    u32 k = fuzz_pick(&g->r, 16);
    if (k < 14)
        return fuzz_pick(&g->r, k < 12 ? 6 : 10);
    return k == 14 ? others[fuzz_pick(&g->r, COUNT(others))] : fuzz_pick(&g->r, 32);
}

static u32 base_register(struct af_gen *g)
{
    u32 k = fuzz_pick(&g->r, 32);
    return k < 4 ? 31 : k < 31 ? AF_X_POINTER + fuzz_pick(&g->r, 8) : fuzz_pick(&g->r, 32);
}

static u32 code_register(struct af_gen *g)
{
    static const u8 regs[] = { 16, 17, 28, 29, 30, 30 };
    return fuzz_pick(&g->r, 24) ? regs[fuzz_pick(&g->r, COUNT(regs))] : fuzz_pick(&g->r, 32);
}

/* Words from here to an instruction of the program: mostly forward, so that programs end. */
static u32 label_offset(struct af_gen *g, u32 at)
{
    u32 n = MAX(g->want, at + 2);
    if (fuzz_one_in(&g->r, 4))
        return fuzz_pick(&g->r, n) - at;
    return 1 + fuzz_pick(&g->r, MIN(n - at, 12u));
}

static u32 index_register(struct af_gen *g)
{
    if (fuzz_pick(&g->r, 10))
        return AF_X_INDEX + fuzz_pick(&g->r, 2);
    return fuzz_one_in(&g->r, 2) ? 31 : fuzz_pick(&g->r, 32);
}

/* `was`: the random bits that stand there. */
static u32 field_value(struct af_gen *g, enum use use, u32 at, u32 was)
{
    switch (use) {
    case USE_DATA: return data_register(g);
    case USE_BASE: return base_register(g);
    case USE_INDEX: return index_register(g);
    case USE_VECTOR: return fuzz_pick(&g->r, 8) ? fuzz_pick(&g->r, 8) : was;
    case USE_EVEN: return data_register(g) & 30;
    case USE_CODE: return code_register(g);
    case USE_LABEL: return label_offset(g, at);
    case USE_LITERAL: return fuzz_pick(&g->r, 8) ? label_offset(g, at) : was & 0xff;
    case USE_OFFSET: return fuzz_one_in(&g->r, 3) ? was : (u32)(i32)(i8)was / 8;
    case USE_SMALL: return fuzz_pick(&g->r, 6) ? was & 31 : was;
    default: return was;
    }
}

u32 af_insn(struct af_gen *g, u32 row, u32 at)
{
    const struct decode_row *d = &a64_rows[row];
    for (u32 tries = 0; tries < 100; tries++) {
        u32 w = d->value | ((u32)fuzz_next(&g->r) & ~d->mask);
        for (u32 k = 0; k < d->field_count; k++) {
            const struct decode_field *f = &d->fields[k];
            u32 v = field_value(g, (enum use)g->rows->field[row][k], at, (u32)bits_get(w, f->lo, f->width));
            w = (u32)bits_set(w, f->lo, f->width, v);
        }
        if (a64_match(w, g->rows->features) == row)
            return w;
    }
    return 0xd503201f; /* NOP: the conditions of the row are hard to meet */
}

/* System registers and instructions that exist: random ones hardly do. */
static u32 system_insn(struct af_gen *g, u32 row, u32 at)
{
    u32 w = af_insn(g, row, at);
    const struct a64_sysreg *r = &a64_sysregs[fuzz_pick(&g->r, a64_sysreg_count)];
    bool mrs = row == A64_ROW_mrs;
    if ((!mrs && row != A64_ROW_msr_reg) || fuzz_one_in(&g->r, 12))
        return w;
    /* Translation and the like are for sequences, and vectors stay where they are. */
    u32 rate = r->effect == A64_EFF_SYNC && r->kind == A64_KIND_FIELD ? 60 : 4;
    if ((r->effect && fuzz_pick(&g->r, rate)) || r->key == A64_SR_KEY(3, 0, 12, 0, 0))
        mrs = true;
    return (mrs ? 0xd5300000 : 0xd5100000) | (r->key & 0x7fff) << 5 | (w & 31);
}

u32 af_any_insn(struct af_gen *g, u32 at)
{
    u32 row;
    if (g->rows->wanted_count && fuzz_pick(&g->r, 5)) {
        row = g->rows->wanted[fuzz_pick(&g->r, g->rows->wanted_count)];
    } else {
        u32 c = fuzz_weighted(&g->r, g->weight, AF_C_COUNT);
        row = g->rows->row[c][fuzz_pick(&g->r, g->rows->count[c])];
    }
    return g->rows->cls[row] == AF_C_SYSTEM ? system_insn(g, row, at) : af_insn(g, row, at);
}
