/* jit_region_key_test.c - regions in the store: whatever an object depends on is in its key, and what is found there
 * is used. */
#define _GNU_SOURCE
#include "tests/unit/jit_worker_rig.h"
#include "backend/jit/maker.h"
#include <dirent.h>
#include <fcntl.h>

#define ARENA 65536u

static const struct ir_field fields[] = { { "a", IR_I64, 0 }, { "b", IR_I32, 8 } };
static const struct ir_range ranges[] = { { "r", 0, 1 } };
static const struct ir_helper helpers[] = { { "h", NULL, IR_I64, 1, IR_H_MEM } };

struct rig {
    struct machine    m;
    struct vcpu       v;
    struct guest      guest;
    struct jit        j;
    struct ir_layout  layout;
    struct ir_field   fields[COUNT(fields)];
    struct ir_range   ranges[COUNT(ranges)];
    struct ir_helper  helpers[COUNT(helpers)];
    struct jit_region region;
    struct ir_block   blocks[2];
    char              dir[64];
    struct jit_ctx    ctx;
    _Alignas(64) u8   arena[ARENA];
};

static int set_up(void **state)
{
    struct rig *r = aligned_alloc(64, sizeof *r);
    assert_non_null(r);
    memset(r, 0, sizeof *r);
    fake_reset();
    r->v.m = &r->m;
    r->v.guest = &r->guest;
    r->j.v = &r->v;
    r->j.ctx = &r->ctx;
    r->j.base = r->arena;
    r->j.mapped = ARENA;
    for (u32 n = 0; n < REGION_SYMBOLS; n++)
        r->j.t.region[n] = r->arena;
    memcpy(r->fields, fields, sizeof fields);
    memcpy(r->ranges, ranges, sizeof ranges);
    memcpy(r->helpers, helpers, sizeof helpers);
    r->layout = (struct ir_layout){ "test", r->fields, r->ranges, r->helpers, COUNT(fields), COUNT(ranges),
                                    COUNT(helpers), 16, ~0u };
    r->region = (struct jit_region){ .layout = &r->layout, .count = 2, .page_at = 64, .edges = 1,
                                     .edge[0] = { 0, 1, false } };
    for (u32 n = 0; n < 2; n++) {
        ir_begin(&r->blocks[n], &r->layout);
        ir_insn(&r->blocks[n], 0, 4);
        ir_set(&r->blocks[n], 0, ir_get(&r->blocks[n], 0));
        ir_exit_direct(&r->blocks[n], 4, IR_HINT_none, 0);
        r->region.block[n] = (struct jit_region_block){ 4 * (i64)n, &r->blocks[n] };
    }
    *state = r;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

/* ---- keys ---- */

struct key {
    u8 b[CODE_KEY_BYTES];
};

static struct key key_of(const struct rig *r)
{
    struct code_key base;
    struct key k;
    assert_true(region_key_start(&base, &fake_tier));
    region_key(&base, &r->region, k.b);
    return k;
}

/* Each bit of [p, p + n) makes another key, and only while it is changed. */
static void matters(const struct rig *r, void *p, size_t n)
{
    struct key was = key_of(r), now;
    for (size_t bit = 0; bit < 8 * n; bit++) {
        ((u8 *)p)[bit / 8] ^= (u8)(1 << bit % 8);
        now = key_of(r);
        assert_memory_not_equal(&was, &now, sizeof was);
        ((u8 *)p)[bit / 8] ^= (u8)(1 << bit % 8);
    }
    now = key_of(r);
    assert_memory_equal(&was, &now, sizeof was);
}
#define MATTERS(r, lvalue) matters(r, &(lvalue), sizeof(lvalue))

static void depends_on_region(void **state)
{
    struct rig *r = *state;
    struct jit_region *g = &r->region;
    MATTERS(r, g->page_at);
    MATTERS(r, g->mmu_mode);
    MATTERS(r, g->state_bias);
    MATTERS(r, g->features);
    MATTERS(r, g->block[0].rel);
    MATTERS(r, g->block[1].rel);
    MATTERS(r, g->edge[0].from);
    MATTERS(r, g->edge[0].to);
    struct key was = key_of(r), now;
    for (u32 n = 0; n < 7; n++) {
        g->fp_x86 = n == 0;
        g->fp_plain = n == 1;
        g->pages = n == 2;
        g->apart = n == 3;
        g->edge[0].rare = n == 4;
        g->edges = n == 5 ? 2 : 1;
        g->count = n == 6 ? 1 : 2;
        now = key_of(r);
        assert_memory_not_equal(&was, &now, sizeof was);
    }
}

static void depends_on_rows(void **state)
{
    struct rig *r = *state;
    for (u32 n = 0; n < 2; n++) {
        MATTERS(r, r->blocks[n].labels);
        MATTERS(r, r->blocks[n].insns);
        MATTERS(r, r->blocks[n].guest_len);
        for (u32 i = 0; i < r->blocks[n].count; i++)
            MATTERS(r, r->blocks[n].ins[i]);
    }
    struct key was = key_of(r);
    r->blocks[1].count--;
    struct key now = key_of(r);
    assert_memory_not_equal(&was, &now, sizeof was);
}

static void depends_on_layout(void **state)
{
    struct rig *r = *state;
    MATTERS(r, r->layout.state_size);
    MATTERS(r, r->layout.fp_env);
    for (u32 n = 0; n < COUNT(fields); n++) {
        MATTERS(r, r->fields[n].type);
        MATTERS(r, r->fields[n].offset);
    }
    MATTERS(r, r->ranges[0].first);
    MATTERS(r, r->ranges[0].count);
    MATTERS(r, r->helpers[0].result);
    MATTERS(r, r->helpers[0].args);
    MATTERS(r, r->helpers[0].flags);
}

/* What lies in memory behind the last member of a row is nobody's: the same code, lifted again, has the same name. */
static void same_again(void **state)
{
    struct rig *r = *state;
    struct key was = key_of(r);
    for (u32 n = 0; n < 2; n++) {
        memset(&r->blocks[n], 0xa5, sizeof r->blocks[n]);
        ir_begin(&r->blocks[n], &r->layout);
        ir_insn(&r->blocks[n], 0, 4);
        ir_set(&r->blocks[n], 0, ir_get(&r->blocks[n], 0));
        ir_exit_direct(&r->blocks[n], 4, IR_HINT_none, 0);
    }
    struct key now = key_of(r);
    assert_memory_equal(&was, &now, sizeof was);
}

static void describe_other(char *text, u64 size, const void **llvm)
{
    fake_describe(text, size, llvm);
    text[0]++;
}

static void describe_nothing(char *text, u64 size, const void **llvm)
{
    fake_describe(text, size, llvm);
    *llvm = NULL;
}

static void depends_on_tier(void **state)
{
    struct rig *r = *state;
    struct tier_api other = fake_tier; /* on the stack: of no build */
    struct code_key base;
    static struct tier_api changed;
    changed = fake_tier;
    changed.describe = describe_other;
    struct key was = key_of(r), now;
    assert_true(region_key_start(&base, &changed));
    region_key(&base, &r->region, now.b);
    assert_memory_not_equal(&was, &now, sizeof was);
    assert_false(region_key_start(&base, &other));
    changed.describe = describe_nothing;
    assert_false(region_key_start(&base, &changed));
}

/* ---- the worker and the store ---- */

static void open_store(struct rig *r)
{
    struct err e;
    if (!r->dir[0]) {
        strcpy(r->dir, "/tmp/mynah-regions-XXXXXX");
        assert_non_null(mkdtemp(r->dir));
    }
    r->m.code_store = code_store_open(r->dir, CODE_STORE_DEFAULT_BYTES, &e);
    assert_non_null(r->m.code_store);
}

static void remove_store(struct rig *r)
{
    char cmd[80];
    snprintf(cmd, sizeof cmd, "rm -rf '%s'", r->dir);
    assert_int_equal(system(cmd), 0);
}

/* By a process of its own, as it were. */
static void make(struct rig *r, bool from_store, u32 compiles)
{
    u32 before = fake.compiles, links = fake.links;
    struct worker_job *job = worker_job_new();
    open_store(r);
    struct worker *w = worker_new(&r->j, &(struct worker_setup){ true, fake_load });
    job->region = r->region;
    for (u32 n = 0; n < 2; n++) {
        job->region.block[n].ir = malloc(sizeof(struct ir_block));
        memcpy(job->region.block[n].ir, &r->blocks[n], sizeof(struct ir_block));
    }
    assert_true(worker_post(w, job));
    assert_ptr_equal(worker_take(w), job);
    assert_int_equal(job->result, WORKER_MADE);
    assert_int_equal(job->from_store, from_store);
    assert_int_equal(fake.compiles - before, compiles);
    assert_int_equal(fake.links - links, 1);
    worker_job_free(job);
    worker_free(w);
    code_store_close(r->m.code_store);
}

static void path_of(const struct rig *r, char *path, size_t size)
{
    struct key k = key_of(r);
    int n = snprintf(path, size, "%s/%02x/", r->dir, k.b[0] % 64);
    for (u32 i = 0; i < CODE_KEY_BYTES; i++)
        n += snprintf(path + n, size - (size_t)n, "%02x", k.b[i]);
}

static void found_again(void **state)
{
    struct rig *r = *state;
    make(r, false, 1);
    make(r, true, 0);
    make(r, true, 0);
    r->region.page_at += 4;
    make(r, false, 1);
    r->region.page_at -= 4;
    make(r, true, 0);
    remove_store(r);
}

static void damaged(void **state)
{
    struct rig *r = *state;
    char path[200];
    u8 c;
    make(r, false, 1);
    path_of(r, path, sizeof path);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &c, 1, 66), 1);
    c ^= 4;
    assert_int_equal(pwrite(fd, &c, 1, 66), 1);
    close(fd);
    make(r, false, 1);
    make(r, true, 0);
    assert_int_equal(truncate(path, 70), 0);
    make(r, false, 1);
    make(r, true, 0);
    remove_store(r);
}

/* Whole, of this key, and yet no object. */
static void no_object(void **state)
{
    struct rig *r = *state;
    struct key k = key_of(r);
    open_store(r);
    code_store_put(r->m.code_store, k.b, "not an object", 13);
    code_store_close(r->m.code_store);
    make(r, false, 1);
    remove_store(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(depends_on_region), T(depends_on_rows), T(depends_on_layout), T(same_again), T(depends_on_tier),
        T(found_again), T(damaged), T(no_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
