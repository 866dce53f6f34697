/*
 * a64_prog.c - random programs: the state they begin with, and the sequences that change how the machine works.
 */
#include "tests/fuzz/a64_gen.h"

/* ---- words ---- */

void af_word(struct af_gen *g, u32 insn)
{
    if (g->p->count < AF_WORDS)
        g->p->word[g->p->count++] = insn;
}

void af_mov(struct af_gen *g, u32 rd, u64 val)
{
    u32 n = 0;
    for (u32 hw = 0; hw < 4; hw++) {
        u32 part = val >> 16 * hw & 0xffff;
        if (part || (hw == 3 && !n))
            af_word(g, (n++ ? 0xf2800000 : 0xd2800000) | hw << 21 | part << 5 | rd);
    }
}

/* ---- addresses ---- */

static u64 frame_of(u32 page)
{
    return AF_RAM + (u64)page * PAGE_SIZE;
}

static u64 with_tag(struct af_gen *g, u64 a)
{
    return fuzz_one_in(&g->r, 10) ? a ^ (u64)(1 + fuzz_pick(&g->r, 3)) << 56 : a;
}

u64 af_pointer(struct af_gen *g)
{
    static const u16 good[AF_DATA_PAGES] = {
        [AF_RW0] = 30, [AF_RW1] = 12, [AF_RW2] = 8, [AF_ALIAS] = 5, [AF_BY_TABLE] = 5
    };
    static const u16 all[AF_DATA_PAGES] = {
        [AF_RW0] = 20, [AF_RW1] = 12, [AF_EL1] = 6, [AF_RO] = 4, [AF_EL1_RO] = 2, [AF_RW2] = 6, [AF_NONE] = 1,
        [AF_NO_AF] = 1, [AF_DEVICE] = 4, [AF_MMIO] = 3, [AF_ALIAS] = 5, [AF_BY_TABLE] = 5, [AF_NOTHING] = 1,
        [AF_TABLE] = 1, [AF_CODE_RW] = 2, [AF_EXEC] = 2,
    };
    const u16 *weights = g->tame && fuzz_pick(&g->r, 12) ? good : all;
    u64 page = fuzz_weighted(&g->r, weights, AF_DATA_PAGES), off = fuzz_pick(&g->r, PAGE_SIZE), at;
    if (fuzz_one_in(&g->r, 4))
        off = fuzz_one_in(&g->r, 2) ? PAGE_SIZE - 1 - fuzz_pick(&g->r, 40) : fuzz_pick(&g->r, 40);
    if (fuzz_pick(&g->r, 4))
        off &= ~15ull;
    at = g->mmu ? AF_DATA + page * PAGE_SIZE : page == AF_MMIO ? AF_IO : frame_of(AF_DATA_PAGE + (u32)page);
    if (g->mmu && fuzz_one_in(&g->r, 10)) /* RAM by another view */
        at = af_view((enum af_view)fuzz_pick(&g->r, AF_VIEWS)) + (AF_DATA_PAGE + page) * PAGE_SIZE;
    if (fuzz_one_in(&g->r, 40)) /* the program itself */
        at = AF_CODE(af_view(g->mmu ? (enum af_view)fuzz_pick(&g->r, AF_VIEWS) : AF_FLAT));
    if (fuzz_one_in(&g->r, 60))
        return fuzz_next(&g->r);
    return with_tag(g, at + off);
}

u64 af_label(struct af_gen *g, u32 index)
{
    enum af_view w = g->view;
    if (g->mmu && fuzz_one_in(&g->r, 6))
        w = (enum af_view)fuzz_pick(&g->r, AF_VIEWS);
    u64 a = AF_CODE(af_view(w)) + g->p->at + 4ull * index;
    if (fuzz_one_in(&g->r, 80))
        a += 1 + fuzz_pick(&g->r, 3);
    return fuzz_one_in(&g->r, 60) ? af_pointer(g) : with_tag(g, a);
}

static u64 some_label(struct af_gen *g)
{
    return af_label(g, fuzz_pick(&g->r, g->want));
}

/* ---- processor state ---- */

u64 af_pstate(struct af_gen *g)
{
    static const u8 modes[] = { 0, 0, 0, 4, 5, 5, 5 };
    u64 r = fuzz_next(&g->r), m = modes[fuzz_pick(&g->r, COUNT(modes))];
    u64 s = (r & 0xf0000000) | m | (r >> 32 & 0x3c0);
    if (fuzz_one_in(&g->r, 4))
        s |= r >> 40 & 3 << 22; /* PAN, UAO */
    if (fuzz_one_in(&g->r, 40))
        s |= 1 << 20; /* IL */
    if (fuzz_one_in(&g->r, 8))
        s |= 1 << 21; /* SS */
    return fuzz_one_in(&g->r, 60) ? r & 0xffffffff : s;
}

static u64 random_sctlr(struct af_gen *g)
{
    static const u8 bits[] = { 14, 15, 16, 18, 26, 9 }; /* what EL0 may: DZE UCT nTWI nTWE UCI UMA */
    u64 s = A64_SCTLR_ONES | (g->mmu ? 1 : 0) | (g->big_endian ? 1 << 25 : 0), r = fuzz_next(&g->r);
    for (u32 i = 0; i < COUNT(bits); i++)
        s |= (r >> i & 3 ? 1ull : 0) << bits[i];
    s |= (r >> 20 & 1) << 3 | (r >> 21 & 1) << 4; /* SA, SA0 */
    s |= r >> 22 & 3 ? A64_SCTLR_SPAN : 0;
    if (fuzz_one_in(&g->r, 6))
        s |= 2; /* A */
    if (fuzz_one_in(&g->r, 6))
        s |= 1 << 24; /* E0E */
    if (fuzz_one_in(&g->r, 12))
        s |= 1 << 19; /* WXN */
    return s;
}

static u64 random_tcr(struct af_gen *g)
{
    u64 r = fuzz_next(&g->r);
    return AF_TCR | (r & 1) << 37 | (r >> 1 & 1) << 38 | (r >> 2 & 1) << 36 | (fuzz_one_in(&g->r, 8) ? 1 << 22 : 0);
}

static u64 random_ttbr0(struct af_gen *g)
{
    u64 asid = fuzz_pick(&g->r, 4);
    return af_ttbr0(fuzz_pick(&g->r, 2), g->big_endian) | asid << 48;
}

static u64 random_fpcr(struct fuzz_rng *r)
{
    u64 v = fuzz_next(r);
    return (v & 3) << 22 | (v >> 2 & 7 ? 0 : 1 << 24) | (v >> 5 & 3 ? 0 : 1 << 25) | (v >> 7 & 7 ? 0 : 1 << 26);
}

static u64 random_vbar(struct af_gen *g)
{
    return AF_VECTORS(g->mmu && fuzz_pick(&g->r, 4) ? AF_HIGH : AF_RAM);
}

/* ---- sequences ---- */

static void msr(struct af_gen *g, u32 key, u64 val)
{
    u32 rt = AF_X_SCRATCH + fuzz_pick(&g->r, 2);
    af_mov(g, rt, val);
    af_word(g, 0xd5100000 | (key & 0x7fff) << 5 | rt);
    if (fuzz_one_in(&g->r, 3))
        af_word(g, 0xd5033fdf); /* ISB */
}

static void system_register(struct af_gen *g)
{
    u64 r = fuzz_next(&g->r);
    switch (fuzz_pick(&g->r, 20)) {
    case 0: case 1: case 2: msr(g, A64_SR_KEY(3, 0, 2, 0, 0), random_ttbr0(g)); break;
    case 3: msr(g, A64_SR_KEY(3, 0, 2, 0, 1), af_ttbr1(g->big_endian) | (r & 3) << 48); break;
    case 4: case 5: msr(g, A64_SR_KEY(3, 0, 1, 0, 0), random_sctlr(g)); break;
    case 6: msr(g, A64_SR_KEY(3, 0, 2, 0, 2), random_tcr(g)); break;
    case 7: msr(g, A64_SR_KEY(3, 0, 10, 2, 0), fuzz_one_in(&g->r, 3) ? r : AF_MAIR); break;
    case 8: msr(g, A64_SR_KEY(3, 0, 1, 0, 2), r & 1 ? 3 << 20 : r & 3 << 20); break; /* CPACR */
    case 9: msr(g, A64_SR_KEY(3, 0, 12, 0, 0), random_vbar(g)); break;
    case 10: msr(g, A64_SR_KEY(2, 0, 0, 2, 2), r & 0xb001); break; /* MDSCR: software step */
    case 11: msr(g, A64_SR_KEY(2, 0, 1, 0, 4), r & 1); break; /* OSLAR */
    case 12: msr(g, A64_SR_KEY(3, 0, 14, 1, 0), r & 0x3ff); break; /* CNTKCTL */
    case 13: case 14: msr(g, A64_SR_KEY(3, 3, 4, 4, 0), random_fpcr(&g->r)); break;
    case 15: msr(g, A64_SR_KEY(3, 3, 4, 4, 1), r & 0xffffffff); break; /* FPSR */
    case 16: msr(g, A64_SR_KEY(3, 3, 4, 2, 1), r & 0x3c0); break; /* DAIF */
    case 17: msr(g, A64_SR_KEY(3, 0, 4, 2, r & 1 ? 3 : 4), r & 3 << 22); break; /* PAN, UAO */
    case 18: msr(g, A64_SR_KEY(3, 0, 4, 1, 0), af_pointer(g)); break; /* SP_EL0 */
    default: msr(g, A64_SR_KEY(3, 0, 13, 0, 4), r); break;
    }
}

static void exception_return(struct af_gen *g)
{
    msr(g, A64_SR_KEY(3, 0, 4, 0, 1), some_label(g));
    msr(g, A64_SR_KEY(3, 0, 4, 0, 0), af_pstate(g));
    af_word(g, 0xd69f03e0);
}

/* TLBI by address takes the page number, and the ASID on top. */
static void flush_tlb_of(struct af_gen *g, u64 va)
{
    static const u16 ops[] = { 0x8700, 0x8720, 0x8740, 0x8760, 0x87a0, 0x87e0, 0x8320 }; /* CRn CRm op2 << 5 */
    af_mov(g, AF_X_SCRATCH, (va >> 12 & bits_mask(44)) | (u64)fuzz_pick(&g->r, 4) << 48);
    af_word(g, 0xd5080000 | ops[fuzz_pick(&g->r, COUNT(ops))] | AF_X_SCRATCH);
    if (fuzz_one_in(&g->r, 2))
        af_word(g, 0xd5033f9f); /* DSB */
}

/* Of the low 8 << size bits of the second scratch register, to where the first points. */
static void store(struct af_gen *g, u32 size)
{
    af_word(g, size << 30 | 0x39000000 | AF_X_SCRATCH << 5 | (AF_X_SCRATCH + 1));
}

/* Another page for data; with TLB maintenance or, as the TLB is part of the machine, without. */
static void change_table(struct af_gen *g)
{
    u32 slot = fuzz_pick(&g->r, AF_DATA_PAGES), like = fuzz_pick(&g->r, AF_DATA_PAGES);
    u64 desc = af_data_desc((enum af_page)like, fuzz_pick(&g->r, 2));
    if (fuzz_one_in(&g->r, 4))
        desc ^= 1ull << fuzz_pick(&g->r, 64);
    af_mov(g, AF_X_SCRATCH, AF_DATA + AF_TABLE * PAGE_SIZE + 8 * slot);
    af_mov(g, AF_X_SCRATCH + 1, g->big_endian ? __builtin_bswap64(desc) : desc);
    store(g, 3);
    if (fuzz_pick(&g->r, 4))
        flush_tlb_of(g, AF_DATA + slot * PAGE_SIZE);
}

static void flush_tlb(struct af_gen *g)
{
    u64 data = AF_DATA + fuzz_pick(&g->r, AF_DATA_PAGES) * PAGE_SIZE;
    flush_tlb_of(g, fuzz_one_in(&g->r, 4) ? some_label(g) : data);
}

/* A store into the program: with maintenance as the architecture wants it, or without. */
static void change_code(struct af_gen *g)
{
    u32 index = fuzz_one_in(&g->r, 2) ? g->p->count + 3 + fuzz_pick(&g->r, 12) : fuzz_pick(&g->r, g->want);
    u32 insn = af_any_insn(g, index), size = fuzz_pick(&g->r, 4);
    enum af_view view = g->el0 ? AF_VIEW_EL0 : g->mmu ? AF_VIEW_EL1 : AF_FLAT;
    u64 at = AF_CODE(af_view(view)) + g->p->at + 4ull * index;
    if (g->mmu && fuzz_one_in(&g->r, 3))
        at = AF_DATA + AF_CODE_RW * PAGE_SIZE + ((g->p->at + 4 * index) & (PAGE_SIZE - 1));
    af_mov(g, AF_X_SCRATCH, at);
    af_mov(g, AF_X_SCRATCH + 1, fuzz_pick(&g->r, 3) ? insn : insn ^ 1u << fuzz_pick(&g->r, 32));
    store(g, size);
    if (fuzz_one_in(&g->r, 2)) {
        af_word(g, 0xd50b7b20 | AF_X_SCRATCH); /* DC CVAU */
        af_word(g, fuzz_one_in(&g->r, 3) ? 0xd508751f : 0xd50b7520 | AF_X_SCRATCH); /* IC IALLU, IVAU */
        af_word(g, 0xd5033fdf);
    }
}

static void cache_operation(struct af_gen *g)
{
    static const u32 ops[] = { /* DC, IC, AT */
        0xd50b7420, 0xd50b7a20, 0xd50b7b20, 0xd50b7e20, 0xd50b7520, 0xd5087620, 0xd5087800,
        0xd5087820, 0xd5087840, 0xd5087860, 0xd5087900, 0xd5087920, 0xd508751f, 0xd508711f,
    };
    u32 op = ops[fuzz_pick(&g->r, COUNT(ops))];
    af_word(g, op | (AF_X_POINTER + fuzz_pick(&g->r, 8)));
    if (fuzz_one_in(&g->r, 3))
        af_word(g, 0xd5387400 | fuzz_pick(&g->r, 8)); /* MRS PAR_EL1 */
}

/* A load-exclusive and its store, perhaps with something between. */
static void exclusive(struct af_gen *g)
{
    u32 base = AF_X_POINTER + fuzz_pick(&g->r, 8), size = fuzz_pick(&g->r, 4);
    bool pair = size > 1 && fuzz_one_in(&g->r, 3);
    u32 word = size << 30 | 0x08007c00 | base << 5;
    if (pair) /* LDXP, STXP */
        word = (size << 30 | 0x08200000 | base << 5 | 3 << 10);
    af_word(g, word | 0x00400000 | (pair ? 0 : 0x001f0000) | 2);
    for (u32 n = fuzz_pick(&g->r, 3); n; n--)
        af_word(g, af_any_insn(g, g->p->count));
    af_word(g, word | 4 << 16 | 5);
}

static void indirect_branch(struct af_gen *g)
{
    static const u32 how[] = { 0xd61f0000, 0xd63f0000, 0xd65f0000 }; /* BR, BLR, RET */
    u32 rn = AF_X_LABEL + fuzz_pick(&g->r, 2);
    u32 index = fuzz_pick(&g->r, 3) ? g->p->count + 2 + fuzz_pick(&g->r, 12) : fuzz_pick(&g->r, g->want);
    af_mov(g, rn, af_label(g, index));
    af_word(g, how[fuzz_pick(&g->r, 3)] | rn << 5);
}

/* Counts down and back: code that runs more than once. */
static void loop(struct af_gen *g)
{
    u32 top, counter = AF_X_SCRATCH;
    af_mov(g, counter, 2 + fuzz_pick(&g->r, 12));
    top = g->p->count;
    for (u32 n = 1 + fuzz_pick(&g->r, 12); n; n--)
        af_word(g, af_any_insn(g, g->p->count));
    af_word(g, 0xd1000400 | counter << 5 | counter); /* SUB counter, counter, #1 */
    af_word(g, 0xb5000000 | ((top - g->p->count) & 0x7ffff) << 5 | counter); /* CBNZ */
}

static void new_pointer(struct af_gen *g)
{
    u64 to = af_pointer(g);
    af_mov(g, AF_X_POINTER + fuzz_pick(&g->r, 8), to);
}

void af_sequence(struct af_gen *g)
{
    static const u16 el1[] = { 16, 6, 5, 6, 10, 8, 10, 12, 12, 16 };
    static const u16 el0[] = { 2, 1, 1, 1, 10, 6, 10, 12, 12, 16 };
    switch (fuzz_weighted(&g->r, g->el0 ? el0 : el1, COUNT(el1))) {
    case 0: system_register(g); break;
    case 1: exception_return(g); break;
    case 2: flush_tlb(g); break;
    case 3: change_table(g); break;
    case 4: change_code(g); break;
    case 5: cache_operation(g); break;
    case 6: exclusive(g); break;
    case 7: indirect_branch(g); break;
    case 8: loop(g); break;
    default: new_pointer(g);
    }
}

/* ---- the beginning ---- */

static void random_registers(struct af_gen *g, struct a64_state *s)
{
    for (u32 i = 0; i < 31; i++)
        s->x[i] = fuzz_int(&g->r, 64);
    for (u32 i = 0; i < 32; i++)
        fuzz_vector(&g->r, s->v + 2 * i);
    for (u32 i = 0; i < 8; i++)
        s->x[AF_X_POINTER + i] = af_pointer(g);
    s->x[AF_X_INDEX] = fuzz_pick(&g->r, 64);
    s->x[AF_X_INDEX + 1] = (u64)(i64)(i8)fuzz_next(&g->r);
    s->x[16] = some_label(g);
    s->x[17] = some_label(g);
    for (u32 i = 28; i < 31; i++)
        s->x[i] = some_label(g);
    s->sp = af_pointer(g);
    if (fuzz_pick(&g->r, 12))
        s->sp &= ~15ull;
    s->sp_el0 = s->sp_el1 = af_pointer(g) & ~15ull;
    s->n = fuzz_one_in(&g->r, 2);
    s->z = fuzz_one_in(&g->r, 2);
    s->c = fuzz_one_in(&g->r, 2);
    s->vf = fuzz_one_in(&g->r, 2);
    s->fpcr = (u32)random_fpcr(&g->r);
    s->fp_ctl = a64_fp_ctl(s->fpcr);
    s->fp_flags = fuzz_one_in(&g->r, 3) ? fuzz_next(&g->r) & FP_ARM_FLAGS : 0;
    s->qc = fuzz_one_in(&g->r, 8);
}

static void random_system(struct af_gen *g, struct a64_state *s)
{
    u64 r = fuzz_next(&g->r);
    s->el = !g->el0;
    s->spsel = s->el && r & 3;
    s->daif = (u8)(r >> 2 & 3 ? 15 : r >> 4 & 15);
    s->pan = s->el && !g->tame && r >> 8 & 1;
    s->uao = s->el && !(r >> 11 & 7);
    s->sctlr_el1 = random_sctlr(g);
    s->tcr_el1 = random_tcr(g);
    s->ttbr0_el1 = random_ttbr0(g);
    s->ttbr1_el1 = af_ttbr1(g->big_endian) | (u64)fuzz_pick(&g->r, 4) << 48;
    s->mair_el1 = AF_MAIR;
    s->vbar_el1 = random_vbar(g);
    s->cpacr_el1 = fuzz_one_in(&g->r, 12) ? r & 3 << 20 : 3 << 20;
    s->cntkctl_el1 = r >> 30 & 0x3ff;
    s->oslsr = r >> 40 & 7 ? 8 : 10;
    s->elr_el1 = some_label(g);
    s->spsr_el1 = af_pstate(g);
    if (fuzz_one_in(&g->r, 20)) { /* stepped from the start */
        s->mdscr_el1 = A64_MDSCR_SS | (r >> 50 & 1 ? A64_MDSCR_KDE : 0);
        s->ss = r >> 51 & 1;
        s->oslsr = 8;
        s->daif &= 7;
    }
}

static void choose_weights(struct af_gen *g)
{
    static const u16 mixed[AF_C_COUNT] = { 30, 8, 2, 4, 16, 10, 6, 12, 22 };
    u32 one = fuzz_pick(&g->r, 2 * AF_C_COUNT); /* half of the programs have a favourite */
    for (u32 c = 0; c < AF_C_COUNT; c++)
        g->weight[c] = mixed[c];
    if (one < AF_C_COUNT)
        g->weight[one] = (u16)(g->weight[one] + 60);
    if (one == AF_C_EXC)
        g->weight[one] = 12;
}

static const u16 view_weights[2][AF_VIEWS] = { { 3, 6, 0, 1, 2 }, { 4, 0, 6, 0, 0 } };

void af_generate(struct af_prog *p, const struct af_rows *rows, u64 seed)
{
    struct af_gen g = { .r = fuzz_seeded(seed, 1), .rows = rows, .p = p };
    *p = (struct af_prog){ .seed = seed };
    g.want = fuzz_one_in(&g.r, 3) ? 100 + fuzz_pick(&g.r, 100) : 8 + fuzz_pick(&g.r, 60);
    g.mmu = fuzz_pick(&g.r, 12);
    g.tame = fuzz_pick(&g.r, 4);
    g.big_endian = fuzz_one_in(&g.r, 12);
    g.el0 = g.mmu && fuzz_one_in(&g.r, 3);
    g.view = g.mmu ? (enum af_view)fuzz_weighted(&g.r, view_weights[g.el0], AF_VIEWS) : AF_FLAT;
    p->at = fuzz_one_in(&g.r, 2) ? 0 : 64;
    if (fuzz_one_in(&g.r, 3)) /* across the pages */
        p->at = PAGE_SIZE - 4 * fuzz_pick(&g.r, g.want);
    choose_weights(&g);
    u32 rate = 4 + fuzz_pick(&g.r, 30); /* of sequences */
    while (p->count + 1 < g.want)
        if (!g.rows->wanted_count && fuzz_one_in(&g.r, rate))
            af_sequence(&g);
        else
            af_word(&g, af_any_insn(&g, p->count));
    af_word(&g, 0x14000000 | (-(p->count) & 0x3ffffff)); /* B to the start */
    random_registers(&g, &p->s);
    random_system(&g, &p->s);
    p->pc = AF_CODE(af_view(g.view)) + p->at;
    u32 insns = g.want / 2 + fuzz_pick(&g.r, fuzz_one_in(&g.r, 10) ? 2000 : 2 * g.want);
    fuzz_random_plan(&g.r, &p->plan, insns);
}
