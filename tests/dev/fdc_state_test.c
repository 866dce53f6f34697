/*
 * fdc_state_test.c - floppy and DMA controllers saved and loaded at any moment, mid-command too: the loaded ones go
 * on as the saved ones would have.
 */
#include "snapshot/section.h"
#include "tests/dev/fdc_rig.h"

static u64 seen; /* what the guest read, as one number */

static void see(u64 val)
{
    seen = (seen ^ val) * 0x9e3779b97f4a7c15 + 1;
}

static void start_command(struct fix *f, u64 r)
{
    static const u8 cmds[] = { 0x46, 0xe6, 0x45, 0xc5, 0x49, 0x4c, 0x4d, 0x42,
                               0x56, 0x51, 0x4a, 0x0f, 0x07, 0x08, 0x0e, 0xcf };
    u32 drive = r & 1, head = r >> 1 & 1;
    const u8 args[] = { (u8)(head << 2 | drive), f->f.s.track[drive], (u8)head, 1 + (r >> 2 & 7), 2, 9, 27, 0xff };
    wr(f, CCR, drive ? 2 : 0);
    wr(f, FIFO, cmds[r >> 8 & 15]);
    for (u32 i = 0; i < (r >> 16 & 7 ? COUNT(args) : r >> 20 & 7); i++)
        wr(f, FIFO, args[i]);
}

static void set_pio(struct fix *f, bool on)
{
    wr(f, FIFO, 0x03);
    wr(f, FIFO, 0xdf);
    wr(f, FIFO, on);
}

static void act(struct fix *f, u64 r)
{
    switch (r % 16) {
    case 0: case 1: case 2: start_command(f, r >> 8); break;
    case 3: case 4: dma(f, r & 0x100 ? DMA_READ : DMA_WRITE, 1 + (r >> 16 & 0x1fff)); break;
    case 5: case 6: case 7: case 8: rig_run(&f->r, r >> 8 & 0x1ffff); break;
    case 9: wr(f, FIFO, r >> 8); break;
    case 10: r >> 8 & 1 ? wr(f, DOR, RUN | MOTOR_A | (r >> 9 & 7 ? MOTOR_B : 0)) : set_pio(f, r >> 9 & 1); break;
    case 11: dev_write(&f->dma.dev, r >> 8 & 7 ? 4 : r >> 16 & 0x2f, r >> 24, 1); break;
    case 12: wr(f, r >> 8 & 31 ? FIFO : r >> 16 & 7, r >> 24); break;
    default: see(rd(f, r >> 8 & 1 ? MSR : FIFO)); break;
    }
    see(f->r.irq[IRQ]);
}

static void copy_state(const struct dev *from, struct dev *to)
{
    struct buf b = { 0 };
    struct err e;
    section_save(&b, from->cls->state, (const char *)from + from->cls->state_offset);
    if (!section_load(&b, to->cls->state, dev_state(to), &e))
        fail_msg("%s", e.msg);
    buf_free(&b);
}

static void resume(struct dev *d)
{
    if (d->cls->resumed)
        d->cls->resumed(d);
}

static void clone(struct fix *a, struct fix *b)
{
    b->r.m->s = a->r.m->s;
    memcpy(b->ram->host, a->ram->host, 0x100000);
    for (u32 i = 0; i < 2; i++)
        memcpy(b->disk[i].p, a->disk[i].p, a->disk[i].b.size);
    copy_state(&a->dma.dev, &b->dma.dev);
    copy_state(&a->f.dev, &b->f.dev);
    resume(&b->dma.dev);
    resume(&b->f.dev);
}

static void same(struct fix *a, struct fix *b, u64 seed)
{
    if (memcmp(&a->f.s, &b->f.s, sizeof a->f.s) || memcmp(&a->dma.s, &b->dma.s, sizeof a->dma.s))
        fail_msg("round %llu: states differ (command %#x, phase %u)", (unsigned long long)seed, a->f.s.cmd,
                 a->f.s.phase);
    assert_int_equal(a->r.irq[IRQ], b->r.irq[IRQ]);
    assert_int_equal(a->r.m->next_deadline, b->r.m->next_deadline);
}

static u64 run(struct fix *f, u64 seed, u32 n)
{
    seen = 0;
    for (u64 x = seed * 2 + 88172645463325252; n; n--)
        act(f, rig_random(&x));
    return seen;
}

static void test_goes_on(void **state)
{
    struct fix *a = *state;
    u32 phases[FDC_PHASES] = { 0 }, started = 0;
    for (u64 seed = 1; seed < 400; seed++) {
        void *other;
        start(&other);
        struct fix *b = other;
        run(a, seed, 1 + (u32)(seed * 7 % 90));
        clone(a, b);
        same(a, b, seed);
        phases[a->f.s.phase]++;
        started += a->f.s.phase == FDC_DATA && a->f.s.at; /* within a sector */
        assert_int_equal(run(a, seed + 1000, 60), run(b, seed + 1000, 60));
        same(a, b, seed);
        assert_memory_equal(a->ram->host, b->ram->host, 0x100000);
        for (u32 i = 0; i < 2; i++)
            assert_memory_equal(a->disk[i].p, b->disk[i].p, a->disk[i].b.size);
        stop(&other);
        if (seed % 8 == 0)
            power_up(a);
    }
    for (u32 i = 0; i < FDC_PHASES; i++)
        assert_true(phases[i] > 5);
    assert_true(started > 3);
    assert_true(a->disk[0].writes > 50);
}

/* One sector, saved at each of its bytes. */
static void test_each_byte(void **state)
{
    struct fix *a = *state;
    CMD(a, 0x03, 0xdf, 0x03);
    CMD(a, 0x46, 0, 0, 0, 3, 2, 18, 27, 0xff);
    wait_irq(a);
    for (u32 i = 0; i < 512; i++) {
        void *other;
        start(&other);
        clone(a, other);
        same(a, other, i);
        assert_int_equal(rd(other, FIFO), a->disk[0].p[2 * 512 + i]);
        stop(&other);
        assert_int_equal(rd(a, FIFO), a->disk[0].p[2 * 512 + i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_goes_on, start_ready, stop),
        cmocka_unit_test_setup_teardown(test_each_byte, start_ready, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
