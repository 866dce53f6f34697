/*
 * pc_slice_test.c - real time and guests that are slow: instructions that the engine leaves to the interpreter one by
 * one (here: a byte beside code is written again and again) do not keep the run loop from its clock until the budget
 * is spent.
 */
#include "tests/unit/pc_rig.h"

#define COUNT_OF_INSNS 30000u

static u64 looks; /* of the run loop at the clock */

static u64 count_looks(void) { return ++looks; }
static void nothing(void *opaque) { (void)opaque; }

static void test_clock_is_read(void **unused)
{
    (void)unused;
    static struct kernel k;
    struct board b;
    struct event far;
    kernel_start(&k, false);
    u32 byte = kernel_here(&k) + 2;
    CODE(&k, 0xeb, 0x01, 0x90);                /* over the byte, which lies beside the code that follows */
    CODE(&k, 0x86, 0x05, LE32(byte), 0xeb, 0xf8); /* xchg [byte], al; jmp back to it */
    board_open_as(&b, &k, "Haswell", &baseline_engine, (struct pc_config){ 0 }, 16ull << 20);
    b.m->clock = CLOCK_REALTIME;
    b.m->host_ns = count_looks;
    event_init(&far, b.m, "far", nothing, NULL);
    event_set(&far, 1ull << 60);
    b.m->stop_at = COUNT_OF_INSNS; /* less than a slice of real time */
    looks = 0;
    assert_int_equal(machine_run(b.m), END_COUNT);
    assert_true(looks > COUNT_OF_INSNS / 2 / 32);
    board_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_clock_is_read) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
