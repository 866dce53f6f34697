/*
 * vectors_test.c - the recorded vectors of A64 instructions (tests/vectors/README.md), run by every engine.
 *
 * A machine with translation on, so that unaligned accesses are allowed: code in one 2 MB block, the memory window
 * in the next. Each vector gets its inputs from tests/vectors/vectors.h, runs its one to three instructions, and
 * everything is compared: general registers, SP, PC, vectors, flags, FPCR, FPSR, memory; at EL1 PSTATE, the
 * exception registers and the other stack pointer too.
 */
#include <dirent.h>
#include <stdio.h>

#include "backend/jit/jit.h"
#include "frontend/arm/a64_decode.h"
#include "tests/unit/arm_rig.h"
#include "tests/vectors/vectors.h"

#define DATA "tests/vectors"
enum { LEAST = 50, SHOWN = 3, MAX_FILE = 8 << 20 };

static const struct engine *const engines[] = { &interp_engine, &baseline_engine };

/* What QEMU does otherwise than the manual says: tests/vectors/overrides.txt. */
struct override {
    char row[32], index[8], item[16], change[40];
    u32  level;
};

struct run {
    struct rig      rig;
    struct override overrides[256];
    u32             override_count;
    u32             counts[A64_ROW_COUNT];
    u32             failed[A64_ROW_COUNT];
    u32             failed_rows;
};

/* ---- the machine ---- */

/* arm_rig.h gives a machine the interpreter. */
static void use_engine(struct rig *r, const struct engine *en)
{
    struct err e;
    r->v->engine->detach(r->v);
    r->v->engine = en;
    assert_true(en->attach(r->v, &e));
}

/* The regime of the recordings. */
static void set_regime(struct rig *r)
{
    put64(r, VEC_TABLES + 8, (VEC_TABLES + 4096) | 3);
    for (u64 at = VEC_TABLES; at < VEC_UNMAPPED; at += 2 << 20)
        put64(r, VEC_TABLES + 4096 + (at >> 21 & 511) * 8, VEC_BLOCK(at));
    r->s->vbar_el1 = VEC_VBAR;
    r->s->ttbr0_el1 = VEC_TABLES;
    r->s->tcr_el1 = VEC_TCR;
    r->s->mair_el1 = VEC_MAIR;
    r->s->cpacr_el1 = 3 << 20;
    r->s->sctlr_el1 = VEC_SCTLR;
    a64_mmu_select(r->v);
}

/* ---- state in and out ---- */

static void put_pstate(struct a64_state *s, u32 p)
{
    s->n = p >> 31;
    s->z = p >> 30 & 1;
    s->c = p >> 29 & 1;
    s->vf = p >> 28 & 1;
    s->uao = p >> 23 & 1;
    s->pan = p >> 22 & 1;
    s->ss = p >> 21 & 1;
    s->il = p >> 20 & 1;
    s->daif = p >> 6 & 15;
    s->el = p >> 2 & 1;
    s->spsel = p & 1;
}

static void put_state(struct rig *r, const struct vec_state *st)
{
    struct a64_state *s = r->s;
    memcpy(s->x, st->x, sizeof s->x);
    memcpy(s->v, st->v, sizeof s->v);
    s->sp = st->sp;
    s->sp_el0 = st->sys[VEC_SP_EL0];
    s->sp_el1 = st->sys[VEC_SP_EL1];
    s->elr_el1 = st->sys[VEC_ELR];
    s->spsr_el1 = st->sys[VEC_SPSR];
    s->esr_el1 = st->sys[VEC_ESR];
    s->far_el1 = st->sys[VEC_FAR];
    s->fpcr = st->fpcr;
    s->fp_ctl = a64_fp_ctl(st->fpcr);
    s->fp_flags = st->fpsr & FP_ARM_FLAGS;
    s->qc = st->fpsr >> 27 & 1;
    put_pstate(s, st->pstate);
    r->v->s.excl_size = 0;
    r->v->s.halted = 0;
    r->v->s.pc = VEC_CODE;
    assert_true(physmap_write(&r->m->map, VEC_WINDOW, st->mem, VEC_MEM));
}

static void get_state(struct rig *r, struct vec_state *st)
{
    const struct a64_state *s = r->s;
    memcpy(st->x, s->x, sizeof st->x);
    memcpy(st->v, s->v, sizeof st->v);
    st->sp = s->sp;
    st->pc = r->v->s.pc;
    st->sys[VEC_SP_EL0] = s->el && s->spsel ? s->sp_el0 : s->sp;
    st->sys[VEC_SP_EL1] = s->el && s->spsel ? s->sp : s->sp_el1;
    st->sys[VEC_ELR] = s->elr_el1;
    st->sys[VEC_SPSR] = s->spsr_el1;
    st->sys[VEC_ESR] = s->esr_el1;
    st->sys[VEC_FAR] = s->far_el1;
    st->fpcr = s->fpcr;
    st->fpsr = s->fp_flags | (u32)s->qc << 27;
    st->pstate = (u32)a64_spsr_pack(r->v);
    assert_true(physmap_read(&r->m->map, VEC_WINDOW, st->mem, VEC_MEM));
}

/* ---- results in words ---- */

/* The names that record.py --dump and overrides.txt use. */
static void name_of(u32 tag, char *out, size_t n)
{
    static const char *const state[] = { "pc", "pstate", "fpsr", "fpcr", "mem" };
    static const char *const sys[VEC_SYS_COUNT] = { "sp_el0", "sp_el1", "elr", "spsr", "esr", "far" };
    if (tag == 31)
        snprintf(out, n, "sp");
    else if (tag < 64)
        snprintf(out, n, "%c%u", tag < 32 ? 'x' : 'v', tag & 31);
    else if (tag <= VEC_T_MEM)
        snprintf(out, n, "%s", state[tag - VEC_T_PC]);
    else
        snprintf(out, n, "%s", tag < VEC_T_SYS ? "" : sys[tag - VEC_T_SYS]);
}

static void print_value(const void *p, u32 n)
{
    for (u32 i = n; i--;)
        printf("%02x", ((const u8 *)p)[i]);
}

/* The inputs that the words name, and whatever differs. */
static void print_failure(const struct vec_state *in, struct vec_state *want, struct vec_state *got, u32 word)
{
    const u32 regs[] = { word & 31, word >> 5 & 31, word >> 16 & 31, word >> 10 & 31 };
    printf("    pstate %08x fpcr %08x fpsr %08x sp %016llx\n", in->pstate, in->fpcr, in->fpsr,
           (unsigned long long)in->sp);
    for (u32 i = 0; i < 4; i++) {
        printf("    in  x%u %016llx v%u ", regs[i], regs[i] < 31 ? (unsigned long long)in->x[regs[i]] : 0, regs[i]);
        print_value(&in->v[2 * regs[i]], 16);
        printf("\n");
    }
    for (u32 tag = 0; tag < VEC_T_SYS + VEC_SYS_COUNT; tag++) {
        char name[16];
        u32 n;
        void *w = vec_slot(want, tag, &n), *g = vec_slot(got, tag, &n);
        if (!w || !memcmp(w, g, n))
            continue;
        name_of(tag, name, sizeof name);
        printf("    %s want ", name);
        print_value(w, n);
        printf(" got ");
        print_value(g, n);
        printf("\n");
    }
    for (u32 i = 0; i < VEC_MEM; i++)
        if (want->mem[i] != got->mem[i])
            printf("    mem[%u] want %02x got %02x\n", i, want->mem[i], got->mem[i]);
}

/* ---- overrides ---- */

static void read_overrides(struct run *r)
{
    char line[256];
    FILE *f = fopen(DATA "/overrides.txt", "r");
    if (!f)
        return;
    while (fgets(line, sizeof line, f)) {
        struct override *o = &r->overrides[r->override_count];
        if (line[0] == '#' || line[0] == '\n')
            continue;
        assert_true(r->override_count < COUNT(r->overrides));
        assert_int_equal(sscanf(line, "%31s %u %7s %15s ^%39[0-9a-f] ;", o->row, &o->level, o->index, o->item,
                                o->change), 5);
        r->override_count++;
    }
    fclose(f);
}

/* Flips the bits of an item. */
static void change_item(struct vec_state *st, const char *item, const char *change)
{
    for (u32 tag = 0; tag < VEC_T_SYS + VEC_SYS_COUNT; tag++) {
        char name[16];
        u32 n;
        u8 *to = vec_slot(st, tag, &n);
        name_of(tag, name, sizeof name);
        if (!to || strcmp(name, item))
            continue;
        assert_int_equal(strlen(change), 2 * n);
        for (u32 i = 0; i < n; i++) {
            const char two[] = { change[2 * (n - 1 - i)], change[2 * (n - 1 - i) + 1], 0 };
            to[i] ^= (u8)strtoul(two, NULL, 16);
        }
        return;
    }
    fail_msg("overrides.txt: no item %s", item);
}

static void apply_overrides(struct run *r, const char *row, u32 level, u32 index, struct vec_state *want)
{
    for (u32 i = 0; i < r->override_count; i++) {
        const struct override *o = &r->overrides[i];
        if (o->level == level && !strcmp(o->row, row) && (o->index[0] == '*' || strtoul(o->index, NULL, 10) == index))
            change_item(want, o->item, o->change);
    }
}

/* ---- running ---- */

static void run_words(struct rig *r, const struct vec_state *in, const u32 *words, u32 count)
{
    put_state(r, in);
    assert_true(physmap_write(&r->m->map, VEC_CODE, words, 4ull * count));
    u64 end = r->v->s.icount + count;
    while (r->v->s.icount < end && !r->v->s.halted)
        r->v->engine->run(r->v, end - r->v->s.icount);
}

static void compare(struct run *r, u32 id, u32 index, const u32 *words, u32 count, const struct vec_state *in,
                    struct vec_state *want, struct vec_state *got)
{
    if (!memcmp(want, got, sizeof *want))
        return;
    if (!r->failed[id]++)
        r->failed_rows++;
    if (r->failed[id] > SHOWN)
        return;
    printf("  %s vector %u:", a64_rows[id].name, index);
    for (u32 i = 0; i < count; i++)
        printf(" %08x", words[i]);
    printf("\n");
    print_failure(in, want, got, words[count - 1]);
}

/* Of what the machine has, only what the recording watched counts: at EL0 of a Linux what a program sees, else all,
 * but for what the BRK behind the words overwrote there. */
static void unwatched(u32 level, const struct vec_state *want, struct vec_state *got)
{
    if (level == VEC_EL0) {
        memcpy(got->sys, want->sys, sizeof got->sys);
        got->pstate &= VEC_NZCV;
    } else if (want->pc < VEC_VBAR || want->pc >= VEC_VBAR + 0x800) {
        for (u32 i = VEC_ELR; i < VEC_SYS_COUNT; i++)
            got->sys[i] = want->sys[i];
    }
}

struct cursor {
    const u8 *p, *end;
};

static void take(struct cursor *c, void *to, size_t n)
{
    assert_true((size_t)(c->end - c->p) >= n);
    memcpy(to, c->p, n);
    c->p += n;
}

static u32 row_named(const char *name)
{
    for (u32 i = 0; i < A64_ROW_COUNT; i++)
        if (!strcmp(a64_rows[i].name, name))
            return i;
    fail_msg("%s is no decode row any more: record the vectors again", name);
    return 0;
}

/* One of the words must be of the row that the vector counts for. */
static void check_row(u32 id, const u32 *words, u32 count)
{
    for (u32 i = 0; i < count; i++)
        if (a64_match(words[i], a64_model_find("max")->features) == id)
            return;
    fail_msg("%s: %08x is another row's word now; record again", a64_rows[id].name, words[0]);
}

/* One vector; returns the hash of its inputs. */
static u32 run_vector(struct run *r, struct cursor *c, u32 id, u32 level, u32 index)
{
    static struct vec_state in, want, got;
    u16 plan;
    u32 words[VEC_WORDS];
    take(c, &plan, 2);
    assert_in_range(vec_count(plan), 1, VEC_WORDS);
    take(c, words, 4 * vec_count(plan));
    check_row(id, words, vec_count(plan));
    vec_input(&in, a64_rows[id].name, index, level, plan, words);
    want = in;
    c->p = vec_apply(&want, c->p, c->end);
    assert_non_null(c->p);
    apply_overrides(r, a64_rows[id].name, level, index, &want);
    run_words(&r->rig, &in, words, vec_count(plan));
    got = in;
    get_state(&r->rig, &got);
    unwatched(level, &want, &got);
    compare(r, id, index, words, vec_count(plan), &in, &want, &got);
    return (u32)vec_hash(VEC_HASH_INIT, &in, sizeof in);
}

static void run_section(struct run *r, struct cursor *c)
{
    char name[256] = "";
    u8 len, level;
    u16 count;
    u32 check, hash = 0;
    take(c, &len, 1);
    take(c, name, len);
    take(c, &level, 1);
    take(c, &count, 2);
    take(c, &check, 4);
    u32 id = row_named(name);
    for (u32 i = 0; i < count; i++)
        hash ^= run_vector(r, c, id, level, i);
    if (hash != check)
        fail_msg("%s: these are not the inputs it was recorded with; record again", name);
    r->counts[id] += count;
}

static void run_file(struct run *r, const char *path)
{
    static u8 data[MAX_FILE];
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    struct cursor c = { data, data + fread(data, 1, sizeof data, f) };
    fclose(f);
    char magic[9] = "";
    u32 version;
    u16 len;
    take(&c, magic, 8);
    take(&c, &version, 4);
    take(&c, &len, 2);
    assert_string_equal(magic, "MYNAHVEC");
    assert_int_equal(version, VEC_VERSION);
    assert_true(c.end - c.p >= len);
    c.p += len; /* the oracle's name */
    while (c.p < c.end)
        run_section(r, &c);
}

/* ---- completeness ---- */

static bool has_no_result(const char *row)
{
    char line[256], name[64];
    bool found = false;
    FILE *f = fopen(DATA "/no_result.txt", "r");
    assert_non_null(f);
    while (!found && fgets(line, sizeof line, f))
        found = sscanf(line, "%63s", name) == 1 && !strcmp(name, row);
    fclose(f);
    return found;
}

static u32 count_missing(const struct run *r)
{
    u32 missing = 0;
    for (u32 i = 0; i < A64_ROW_COUNT; i++)
        if (r->counts[i] < LEAST && !has_no_result(a64_rows[i].name)) {
            printf("  %s has %u vectors\n", a64_rows[i].name, r->counts[i]);
            missing++;
        }
    return missing;
}

static void run_all(const struct engine *en)
{
    static struct run r;
    struct dirent *d;
    DIR *dir = opendir(DATA);
    if (!dir)
        fail_msg("no %s here: run this from the top of the source tree", DATA);
    r = (struct run){ 0 };
    rig_init(&r.rig, "max", A64_PSCI_HVC);
    use_engine(&r.rig, en);
    set_regime(&r.rig);
    read_overrides(&r);
    while ((d = readdir(dir))) {
        char path[300];
        snprintf(path, sizeof path, DATA "/%s", d->d_name);
        if (strlen(path) > 4 && !strcmp(path + strlen(path) - 4, ".bin"))
            run_file(&r, path);
    }
    closedir(dir);
    for (u32 i = 0; i < A64_ROW_COUNT; i++)
        if (r.failed[i])
            printf("  %s: %u of %u vectors differ\n", a64_rows[i].name, r.failed[i], r.counts[i]);
    u32 missing = count_missing(&r);
    rig_free(&r.rig);
    assert_int_equal(r.failed_rows, 0);
    assert_int_equal(missing, 0);
}

static void test_vectors(void **state)
{
    (void)state;
    for (u32 i = 0; i < COUNT(engines); i++)
        run_all(engines[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_vectors) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
