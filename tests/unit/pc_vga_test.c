/*
 * pc_vga_test.c - guest code that uses the VGA's window, on both engines: repeated string instructions, single and
 * wide accesses, read-modify-writes, in every access mode. Registers, memory and counts must come out alike, and as
 * they do an instruction at a time, where repetitions are not done in bulk; text moved by string instructions lies
 * where it belongs.
 */
#include "tests/unit/pc_rig.h"
#include "hw/display/vga.h"
#include "snapshot/snapshot.h"

#define RAM_SIZE (16ull << 20)
#define SCRATCH  0x300000u
#define PIECES   60u

static u64 rnd(u64 *s)
{
    u64 z = *s += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static void reg(struct kernel *k, u32 port, u32 n, u32 val) { emit_out(k, port, n | val << 8, 2); }

/* One of a few ways to reach memory: planar in all write modes, odd/even, chain 4. */
static void access_mode(struct kernel *k, u64 *s)
{
    u32 memory = (u32)(rnd(s) % 4), mode = (u32)(rnd(s) % 4);
    reg(k, 0x3c4, 2, rnd(s) & 15);
    reg(k, 0x3c4, 4, memory == 0 ? 14 : memory == 1 ? 2 : 6);
    reg(k, 0x3ce, 0, rnd(s) & 15);
    reg(k, 0x3ce, 1, rnd(s) & rnd(s) & 15);
    reg(k, 0x3ce, 3, rnd(s) % 2 ? 0 : rnd(s) & 0x1f);
    reg(k, 0x3ce, 4, rnd(s) & 3);
    reg(k, 0x3ce, 5, mode | (memory == 1 ? 0x10 : 0) | (rnd(s) % 4 ? 0 : 8));
    reg(k, 0x3ce, 6, memory == 1 ? 3 : 5);
    reg(k, 0x3ce, 8, rnd(s) % 2 ? 0xff : rnd(s) & 0xff);
}

static u32 place(u64 *s)
{
    static const u32 at[] = { 0xa0000, 0xa0ff0, 0xa1ffd, 0xa0100, SCRATCH, SCRATCH + 0xff3 };
    return at[rnd(s) % COUNT(at)] + (u32)(rnd(s) % 16);
}

/* mov esi, edi, ecx, eax; then the instruction. */
static void strings(struct kernel *k, u64 *s)
{
    static const u8 ops[][3] = {
        { 0xf3, 0xa4 }, { 0xf3, 0xa5 }, { 0xf3, 0x66, 0xa5 }, { 0xf3, 0xaa }, { 0xf3, 0xab }, { 0xf3, 0x66, 0xab },
    };
    const u8 *op = ops[rnd(s) % COUNT(ops)];
    u32 count = (u32)(rnd(s) % (rnd(s) % 4 ? 40 : 3000)), down = rnd(s) % 4 == 0;
    CODE(k, 0xbe, LE32(place(s)), 0xbf, LE32(place(s)), 0xb9, LE32(count), 0xb8, LE32((u32)rnd(s)));
    CODE(k, down ? 0xfd : 0xfc);
    emit(k, op, op[1] == 0x66 ? 3 : 2);
    CODE(k, 0xfc);
}

/* At [edi] and [esi]: loads, stores, read-modify-writes, pushes and pops, 16 bytes at once. */
static void singles(struct kernel *k, u64 *s)
{
    static const u8 code[][4] = {
        { 3, 0x8a, 0x07, 0x90 }, { 2, 0x88, 0x07 }, { 2, 0x89, 0x07 }, { 3, 0x66, 0x89, 0x07 }, { 2, 0x01, 0x07 },
        { 2, 0x20, 0x07 }, { 2, 0x87, 0x07 }, { 2, 0x86, 0x06 }, { 2, 0x8b, 0x06 }, { 2, 0xff, 0x37 },
        { 2, 0x8f, 0x07 }, { 2, 0xfe, 0x07 }, { 3, 0x0f, 0xb6, 0x07 }, { 3, 0x0f, 0x10, 0x07 },
        { 3, 0x0f, 0x11, 0x06 }, { 1, 0xa4 }, { 1, 0xab }, { 1, 0xa6 }, { 1, 0xae }, { 3, 0xf0, 0x01, 0x07 },
    };
    CODE(k, 0xbe, LE32(place(s)), 0xbf, LE32(place(s)), 0xbc, LE32(SCRATCH + 0x8000), 0xb8, LE32((u32)rnd(s)));
    for (u32 n = (u32)(rnd(s) % 12); n; n--) {
        const u8 *c = code[rnd(s) % COUNT(code)];
        emit(k, c + 1, c[0]);
    }
}

static void program(struct kernel *k, u64 seed)
{
    kernel_start(k, false);
    CODE(k, 0x0f, 0x20, 0xe0, 0x0d, LE32(0x600), 0x0f, 0x22, 0xe0); /* SSE on */
    emit_out(k, 0x3c2, 0x67, 1);
    for (u32 i = 0; i < PIECES; i++) {
        if (rnd(&seed) % 3 == 0)
            access_mode(k, &seed);
        (rnd(&seed) % 2 ? strings : singles)(k, &seed);
    }
    CODE(k, 0xeb, 0xfe); /* a processor that sleeps would not count */
}

/* The whole machine as a number after `count` instructions, run `step` at a time. */
static void run(const struct kernel *k, const struct engine *en, u64 count, u64 step, u8 hash[16])
{
    struct board b;
    struct hash_state h = { 0 };
    board_open_as(&b, k, "Haswell", en, (struct pc_config){ .vga = true }, RAM_SIZE);
    for (u64 at = MIN(step, count);; at = MIN(at + step, count)) {
        b.m->stop_at = at;
        assert_int_equal(machine_run(b.m), END_COUNT);
        if (at == count)
            break;
    }
    assert_int_equal(machine_icount(b.m), count);
    assert_null(b.m->shutdown);
    snapshot_hash(b.m, &h, hash);
    hash_state_free(&h);
    board_close(&b);
}

static void test_engines_agree(void **unused)
{
    (void)unused;
    static struct kernel k;
    for (u64 seed = 1; seed <= 12; seed++) {
        program(&k, seed);
        for (u64 count = 500; count < 50000; count = count * 5 + seed) {
            u8 a[16], b[16], c[16];
            run(&k, &interp_engine, count, count, a);
            run(&k, &baseline_engine, count, count, b);
            run(&k, &interp_engine, count, count < 20000 ? 1 : 17, c);
            if (memcmp(a, b, sizeof a) || memcmp(a, c, sizeof a))
                fail_msg("seed %llu: %s differs after %llu instructions", (unsigned long long)seed,
                         memcmp(a, c, sizeof a) ? "stepping" : "the baseline", (unsigned long long)count);
        }
    }
}

/* REP STOSD, MOVSD to the window and from it, and what lies there afterwards. */
static void test_contents(void **unused)
{
    (void)unused;
    static struct kernel k;
    struct board b;
    u8 got[8];
    kernel_start(&k, false);
    emit_out(&k, 0x3c2, 0x67, 1);
    reg(&k, 0x3c4, 2, 3);
    reg(&k, 0x3c4, 4, 2);
    reg(&k, 0x3ce, 5, 0x10);
    reg(&k, 0x3ce, 6, 0x0e);
    reg(&k, 0x3ce, 8, 0xff);
    CODE(&k, 0xfc, 0xb8, LE32(0x1f421e41), 0xb9, LE32(8192), 0xbf, LE32(0xb8000), 0xf3, 0xab); /* text all over */
    /* one cell to the left */
    CODE(&k, 0xb9, LE32(2000), 0xbe, LE32(0xb8002), 0xbf, LE32(0xb8000), 0xf3, 0xa4);
    CODE(&k, 0xb9, LE32(2000), 0xbe, LE32(0xb8000), 0xbf, LE32(SCRATCH), 0xf3, 0xa5);
    CODE(&k, 0xeb, 0xfe);
    for (u32 i = 0; i < 2; i++) {
        board_open_as(&b, &k, "Haswell", i ? &baseline_engine : &interp_engine, (struct pc_config){ .vga = true },
            RAM_SIZE);
        b.m->stop_at = 30000;
        assert_int_equal(machine_run(b.m), END_COUNT);
        assert_true(physmap_read(&b.m->map, SCRATCH, got, 8));
        assert_memory_equal(got, "B\x1f" "A\x1e" "B\x1f" "A\x1e", 8);
        assert_true(physmap_read(&b.m->map, SCRATCH + 2000, got, 8));
        assert_memory_equal(got, "A\x1e" "B\x1f" "A\x1e" "B\x1f", 8);
        const u8 *vram = NULL;
        for (u32 n = 0; n < b.m->map.obj_count; n++)
            if (!strcmp(b.m->map.objs[n]->name, "vga.memory"))
                vram = b.m->map.objs[n]->host;
        assert_non_null(vram);
        assert_memory_equal(vram, "B\x1f\0\0\0\0\0\0A\x1e\0\0", 12);
        board_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_engines_agree), cmocka_unit_test(test_contents) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
