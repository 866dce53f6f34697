/*
 * pc_timer_test.c - the PC's timer on a host that is late now and then: a guest that counts its interrupts gets as
 * many as it should have, by the 8259 and by the I/O APIC.
 */
#include "tests/unit/pc_rig.h"
#include "hw/timer/i8254.h"

#define RAM_SIZE (8ull << 20)
#define IDT      0x50000u
#define COUNTER  0x51000u
#define STACK    0x60000u
#define VECTOR   0x20u
#define PERIOD   1193u    /* ticks */
#define LATE_MS  15u      /* each time that it happens */

/* Every look at the clock takes some time; some take long. */
static u64 now_ns, looks;
static u64 late_host(void)
{
    now_ns += ++looks % 200 ? 5000 : LATE_MS * 1000000;
    return now_ns;
}

static void set_up_8259(struct kernel *k, bool apic)
{
    static const struct { u8 port, val; } words[] = { { 0x20, 0x11 }, { 0x21, VECTOR }, { 0x21, 4 }, { 0x21, 1 } };
    for (u32 i = 0; i < COUNT(words); i++)
        emit_out(k, words[i].port, words[i].val, 1);
    emit_out(k, 0x21, apic ? 0xff : 0xfe, 1);
}

static void set_up_apics(struct kernel *k)
{
    emit_store(k, PC_APIC + 0xf0, 0x1ff);
    emit_store(k, PC_IOAPIC, 0x10 + 2 * PC_PIN_TIMER);
    emit_store(k, PC_IOAPIC + 0x10, VECTOR);
}

static void emit_handler(struct kernel *k, bool apic)
{
    CODE(k, 0xff, 0x05, LE32(COUNTER)); /* inc dword [COUNTER] */
    if (apic)
        emit_store(k, PC_APIC + 0xb0, 0);
    else
        emit_out(k, PC_PORT_PIC, 0x20, 1);
    CODE(k, 0xcf); /* iretd */
}

static void make_guest(struct kernel *k, bool apic, u32 mode)
{
    kernel_start(k, false);
    CODE(k, 0xeb, 0x3e);
    emit_handler(k, apic);
    u32 pointer = kernel_here(k);
    CODE(k, 0xff, 7, LE32(IDT));
    assert_true(k->n <= 0x40);
    k->n = 0x40;
    CODE(k, 0xbc, LE32(STACK)); /* mov esp, STACK */
    emit_store(k, IDT + 8 * VECTOR, 0x10 << 16 | ((PCB_KERNEL + 2) & 0xffff));
    emit_store(k, IDT + 8 * VECTOR + 4, ((PCB_KERNEL + 2) & 0xffff0000) | 0x8e00);
    emit_store(k, COUNTER, 0);
    CODE(k, 0x0f, 0x01, 0x1d, LE32(pointer)); /* lidt [pointer] */
    set_up_8259(k, apic);
    if (apic)
        set_up_apics(k);
    emit_out(k, PC_PORT_PIT + 3, 0x30 | mode << 1, 1);
    emit_out(k, PC_PORT_PIT, PERIOD & 0xff, 1);
    emit_out(k, PC_PORT_PIT, PERIOD >> 8, 1);
    CODE(k, 0xfb, 0xeb, 0xfe); /* sti; jmp $ */
}

static void run(const struct engine *en, bool apic, u32 mode)
{
    struct kernel k;
    struct board b;
    u32 count = 0;
    make_guest(&k, apic, mode);
    board_open_as(&b, &k, "pentium", en, (struct pc_config){ 0 }, RAM_SIZE);
    now_ns = looks = 0;
    b.m->clock = CLOCK_REALTIME;
    b.m->host_ns = late_host;
    b.m->stop_at = 60000000;
    assert_int_equal(machine_run(b.m), END_COUNT);
    u64 due = (u64)((u128)b.m->s.clock_ns * I8254_HZ / PERIOD / 1000000000);
    assert_true(physmap_read(&b.m->map, COUNTER, &count, 4));
    assert_true(due > 100);
    assert_in_range(count, due - LATE_MS - 1, due); /* the last of them may still be owed */
    board_close(&b);
}

static void test_ticks(void **state)
{
    (void)state;
    for (u32 n = 0; n < 8; n++)
        if (!(n & 4) || baseline_works())
            run(n & 4 ? &baseline_engine : &interp_engine, n & 1, n & 2 ? 3 : 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_ticks) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
