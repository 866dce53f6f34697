/* virtio_test.c - transport, negotiation, rings and attacks on them, with the entropy device and the console. */
#include "hw/virtio/virtio_console.h"
#include "hw/virtio/virtio_rng.h"
#include "tests/dev/virtio_driver.h"

struct fix {
    struct rig            r;
    struct driver         d;
    struct virtio_rng     rng;
    struct virtio_console con;
    struct chr            chr;
    char                  out[64];
    u32                   out_n;
};

static void ones(void *opaque, void *p, u32 n)
{
    (void)opaque;
    memset(p, 0x11, n);
}
static void capture(struct chr *c, const u8 *p, u32 n)
{
    struct fix *f = c->host;
    for (u32 i = 0; i < n && f->out_n < sizeof f->out; i++)
        f->out[f->out_n++] = (char)p[i];
}

static int start_with(void **state, bool console, bool legacy)
{
    struct fix *f = calloc(1, sizeof *f);
    rig_start(&f->r);
    f->chr = (struct chr){ .write = capture, .host = f };
    virtio_rng_init(&f->rng, f->r.m, "rng", ones, NULL);
    virtio_console_init(&f->con, f->r.m, "console", &f->chr);
    drv_attach(&f->d, &f->r, console ? &f->con.v : &f->rng.v, legacy);
    *state = f;
    return 0;
}
static int start(void **state)
{
    return start_with(state, false, false);
}
static int start_console(void **state)
{
    return start_with(state, true, false);
}
static int start_legacy(void **state)
{
    return start_with(state, false, true);
}
static int stop(void **state)
{
    struct fix *f = *state;
    rig_end(&f->r);
    free(f);
    return 0;
}

/* ---- transport ---- */

static void test_identity(void **state)
{
    struct fix *f = *state;
    struct driver *d = &f->d;
    assert_int_equal(drv_rd(d, R_MAGIC), 0x74726976);
    assert_int_equal(drv_rd(d, R_VERSION), 2);
    assert_int_equal(drv_rd(d, R_DEVICE), 4);
    assert_int_equal(drv_rd(d, R_FEAT), 3u << 28);
    drv_wr(d, R_FEAT_SEL, 1);
    assert_int_equal(drv_rd(d, R_FEAT), 1);
    drv_wr(d, R_FEAT_SEL, 2);
    assert_int_equal(drv_rd(d, R_FEAT), 0);
    assert_int_equal(drv_rd(d, R_QMAX), VIRTQ_SIZE);
    drv_wr(d, R_QSEL, 1);
    assert_int_equal(drv_rd(d, R_QMAX), 0);
    assert_int_equal(drv_rd(d, 0xb0), 0xffffffff);
    d->t.v = NULL; /* an empty slot */
    assert_int_equal(drv_rd(d, R_MAGIC), 0x74726976);
    assert_int_equal(drv_rd(d, R_DEVICE), 0);
    rig_scribble(&d->t.dev, 0x200, 5000);
}

static void test_negotiation(void **state)
{
    struct fix *f = *state;
    struct driver *d = &f->d;
    drv_wr(d, R_STATUS, 3);
    drv_wr(d, R_STATUS, 0xb); /* without VERSION_1 */
    assert_int_equal(drv_rd(d, R_STATUS), 3);
    drv_wr(d, R_DRV_SEL, 1);
    drv_wr(d, R_DRV, 3); /* one that was not offered */
    drv_wr(d, R_STATUS, 0xb);
    assert_int_equal(drv_rd(d, R_STATUS), 3);
    drv_start(d, 0, 1);
    assert_int_equal(drv_rd(d, R_STATUS), 0xf);
    assert_int_equal(drv_rd(d, R_READY), 1);
    drv_wr(d, R_QNUM, 4); /* a running queue does not change */
    assert_int_equal(f->rng.s.v.num[0], Q_NUM);
    drv_wr(d, R_STATUS, 0);
    assert_int_equal(drv_rd(d, R_READY), 0);
}

static void test_request(void **state)
{
    struct fix *f = *state;
    struct driver *d = &f->d;
    drv_start(d, 0, 1);
    drv_desc(d, 0, 2, DATA, 5, D_WRITE | D_NEXT, 5);
    drv_desc(d, 0, 5, DATA + 0x100, 3, D_WRITE, 0);
    drv_offer(d, 0, 2);
    drv_kick(d, 0);
    assert_int_equal(drv_used(d, 0), 1);
    assert_int_equal(drv_used_id(d, 0, 0), 2);
    assert_int_equal(drv_used_len(d, 0, 0), 8);
    assert_memory_equal(rig_mem(&f->r, DATA), "\x11\x11\x11\x11\x11\0", 6);
    assert_memory_equal(rig_mem(&f->r, DATA + 0x100), "\x11\x11\x11\0", 4);
    assert_true(f->r.irq[0]);
    assert_int_equal(drv_rd(d, R_ISR), 1);
    drv_wr(d, R_ACK, 1);
    assert_false(f->r.irq[0]);
    store_le16(rig_mem(&f->r, Q_AT(0) + Q_AVAIL), 1); /* NO_INTERRUPT */
    drv_offer(d, 0, 5);
    drv_kick(d, 0);
    assert_int_equal(drv_used(d, 0), 2);
    assert_false(f->r.irq[0]);
    drv_kick(d, 7);
    assert_int_equal(drv_used(d, 0), 2);
}

static void test_before_driver_ok(void **state)
{
    struct fix *f = *state;
    struct driver *d = &f->d;
    drv_start(d, 0, 1);
    drv_wr(d, R_STATUS, 0);
    drv_wr(d, R_DRV_SEL, 1);
    drv_wr(d, R_DRV, 1);
    drv_wr(d, R_STATUS, 0xb);
    drv_queue(d, 0);
    drv_desc(d, 0, 0, DATA, 4, D_WRITE, 0);
    drv_offer(d, 0, 0);
    drv_kick(d, 0);
    assert_int_equal(drv_used(d, 0), 0);
    drv_wr(d, R_STATUS, 0xf);
    assert_int_equal(drv_used(d, 0), 1);
}

/* A queue whose size nobody wrote has the largest. */
static void test_no_size(void **state)
{
    struct fix *f = *state;
    struct driver *d = &f->d;
    drv_start(d, 0, 0);
    drv_wr(d, R_QSEL, 0);
    drv_wr(d, R_QNUM, 0); /* refused */
    drv_wr64(d, R_DESC, Q_AT(0) + Q_DESC);
    drv_wr64(d, R_AVAIL, Q_AT(0) + Q_AVAIL);
    drv_wr64(d, R_USED, Q_AT(0) + Q_USED);
    drv_wr(d, R_READY, 1);
    assert_int_equal(drv_rd(d, R_READY), 1);
    assert_int_equal(virtio_state(d->t.v)->num[0], VIRTQ_SIZE);
}

static void test_wrap_and_event_idx(void **state)
{
    struct fix *f = *state;
    struct driver *d = &f->d;
    u8 *used = rig_mem(&f->r, Q_AT(0) + Q_USED), *avail = rig_mem(&f->r, Q_AT(0) + Q_AVAIL);
    drv_start(d, VIRTIO_F_EVENT_IDX, 1);
    drv_desc(d, 0, 0, DATA, 4, D_WRITE, 0);
    for (u32 i = 0; i < 70000; i++) {
        bool wanted = i % 3 == 0;
        store_le16(avail + 4 + 2 * Q_NUM, (u16)(wanted ? i : i + 5)); /* used_event */
        drv_offer(d, 0, 0);
        drv_kick(d, 0);
        assert_int_equal(drv_used(d, 0), (u16)(i + 1));
        assert_int_equal(load_le16(used + 4 + 8 * Q_NUM), (u16)(i + 1)); /* avail_event */
        assert_int_equal(f->r.irq[0], wanted);
        drv_wr(d, R_ACK, 3);
    }
}

static void test_legacy(void **state)
{
    struct fix *f = *state;
    struct driver *d = &f->d;
    assert_int_equal(drv_rd(d, R_VERSION), 1);
    drv_wr(d, R_FEAT_SEL, 1);
    assert_int_equal(drv_rd(d, R_FEAT), 0);
    drv_wr(d, R_STATUS, 3);
    drv_wr(d, R_PAGE, 4096);
    drv_wr(d, R_QSEL, 0);
    drv_wr(d, R_QNUM, 8);
    drv_wr(d, R_ALIGN, 4096);
    drv_wr(d, R_PFN, (u32)(Q_AT(0) >> 12));
    assert_int_equal(drv_rd(d, R_PFN), Q_AT(0) >> 12);
    drv_desc(d, 0, 0, DATA, 4, D_WRITE, 0);
    u8 *avail = rig_mem(&f->r, Q_AT(0) + 16 * 8);
    store_le16(avail + 2, 1);
    drv_kick(d, 0); /* before DRIVER_OK, as old drivers do */
    assert_int_equal(load_le16(rig_mem(&f->r, Q_AT(0) + 4096 + 2)), 1);
    assert_true(f->r.irq[0]);
    drv_wr(d, R_STATUS, 7);
    drv_wr(d, R_PFN, 0);
    drv_kick(d, 0);
    drv_wr(d, R_PFN, 0xffffffff);
    drv_kick(d, 0);
    assert_int_equal(f->rng.s.v.broken, 1);
    assert_int_equal(drv_rd(d, R_STATUS), 7);
    drv_wr(d, R_STATUS, 0);
    assert_int_equal(f->rng.s.v.broken, 0);
    rig_scribble(&d->t.dev, 0x110, 20000);
}

/* ---- attacks ---- */

static void expect_broken(struct driver *d, u16 head, const char *what)
{
    u16 used = drv_used(d, 0);
    drv_offer(d, 0, head);
    drv_kick(d, 0);
    if (!(drv_rd(d, R_STATUS) & VIRTIO_S_NEEDS_RESET) || drv_used(d, 0) != used)
        fail_msg("%s: status %#x", what, drv_rd(d, R_STATUS));
    assert_int_equal(drv_rd(d, R_ISR), 2);
    assert_true(d->r->irq[0]);
    drv_kick(d, 0); /* and stays so */
    drv_start(d, VIRTIO_F_INDIRECT_DESC, 1);
    assert_int_equal(drv_rd(d, R_STATUS), 0xf);
    assert_false(d->r->irq[0]);
}

static void test_bad_chains(void **state)
{
    struct fix *f = *state;
    struct driver *d = &f->d;
    gpa table = DATA + 0x4000;
    drv_start(d, VIRTIO_F_INDIRECT_DESC, 1);
    expect_broken(d, Q_NUM, "head out of range");
    expect_broken(d, 0xffff, "head far out of range");
    drv_desc(d, 0, 0, DATA, 4, D_WRITE | D_NEXT, 0);
    expect_broken(d, 0, "loop to itself");
    drv_desc(d, 0, 0, DATA, 0, D_WRITE | D_NEXT, 1);
    drv_desc(d, 0, 1, DATA, 0, D_WRITE | D_NEXT, 0);
    expect_broken(d, 0, "loop of two empty buffers");
    drv_desc(d, 0, 0, DATA, 4, D_WRITE | D_NEXT, Q_NUM);
    expect_broken(d, 0, "next out of range");
    drv_desc(d, 0, 0, DATA, 4, D_WRITE | D_NEXT, 1);
    drv_desc(d, 0, 1, DATA, 4, 0, 0);
    expect_broken(d, 0, "readable behind writable");
    drv_desc(d, 0, 0, DATA, 0xffffffff, D_WRITE | D_NEXT, 1);
    drv_desc(d, 0, 1, DATA, 1, D_WRITE, 0);
    expect_broken(d, 0, "4 GiB");
    drv_desc(d, 0, 0, 0x1000, 4, D_WRITE, 0);
    expect_broken(d, 0, "not RAM");
    drv_desc(d, 0, 0, ~0ull - 2, 8, D_WRITE, 0);
    expect_broken(d, 0, "wraps");
    drv_desc(d, 0, 0, RIG_RAM + RIG_RAM_SIZE - 2, 4, D_WRITE, 0);
    expect_broken(d, 0, "over the end of RAM");
    drv_desc(d, 0, 0, table, 24, D_INDIRECT, 0);
    expect_broken(d, 0, "indirect of a half");
    drv_desc(d, 0, 0, table, 0, D_INDIRECT, 0);
    expect_broken(d, 0, "indirect of none");
    drv_desc(d, 0, 0, table, 16, D_INDIRECT | D_NEXT, 1);
    expect_broken(d, 0, "indirect and next");
    drv_desc(d, 0, 0, 0x1000, 16, D_INDIRECT, 0);
    expect_broken(d, 0, "indirect not in RAM");
    drv_desc_at(d, table, 0, table, 16, D_INDIRECT, 0);
    drv_desc(d, 0, 0, table, 16, D_INDIRECT, 0);
    expect_broken(d, 0, "indirect in indirect");
    drv_desc_at(d, table, 0, DATA, 0, D_WRITE | D_NEXT, 0);
    drv_desc(d, 0, 0, table, 16, D_INDIRECT, 0);
    expect_broken(d, 0, "loop in indirect");
    drv_desc_at(d, table, 0, DATA, 0, D_WRITE | D_NEXT, 1);
    drv_desc(d, 0, 0, table, 16, D_INDIRECT, 0);
    expect_broken(d, 0, "end of indirect");
}

static void test_bad_rings(void **state)
{
    struct fix *f = *state;
    struct driver *d = &f->d;
    drv_start(d, VIRTIO_F_INDIRECT_DESC, 1);
    d->next[0] = Q_NUM; /* one more than fits */
    expect_broken(d, 0, "avail index");
    static const u32 where[] = { R_DESC, R_AVAIL, R_USED };
    static const u64 bad[] = { 0, ~0ull & ~15ull, RIG_RAM + RIG_RAM_SIZE, 1 };
    for (u32 i = 0; i < COUNT(where) * COUNT(bad); i++) {
        drv_wr(d, R_READY, 0);
        drv_wr64(d, where[i % 3], bad[i / 3]);
        drv_desc(d, 0, 0, DATA, 4, D_WRITE, 0);
        drv_wr(d, R_READY, 1);
        expect_broken(d, 0, "ring address");
    }
    drv_wr(d, R_STATUS, 0);
    drv_wr(d, R_QNUM, 3);
    drv_wr(d, R_QNUM, 512);
    drv_wr(d, R_QNUM, 0x10008);
    assert_int_equal(f->rng.s.v.num[0], 0);
}

static void test_indirect(void **state)
{
    struct fix *f = *state;
    struct driver *d = &f->d;
    gpa table = DATA + 0x4000;
    drv_start(d, VIRTIO_F_INDIRECT_DESC, 1);
    for (u32 i = 0; i < 20; i++) /* longer than the queue */
        drv_desc_at(d, table, i, DATA + 16 * i, 2, D_WRITE | (i < 19 ? D_NEXT : 0), (u16)(i + 1));
    drv_desc(d, 0, 0, table, 20 * 16, D_INDIRECT, 0);
    drv_offer(d, 0, 0);
    drv_kick(d, 0);
    assert_int_equal(drv_used_len(d, 0, 0), 40);
    drv_start(d, 0, 1); /* without the feature */
    drv_desc(d, 0, 0, table, 20 * 16, D_INDIRECT, 0);
    drv_offer(d, 0, 0);
    drv_kick(d, 0);
    assert_true(drv_rd(d, R_STATUS) & VIRTIO_S_NEEDS_RESET);
}

/* Random rings, random registers: nothing to see but that it comes back. */
static void test_random_rings(void **state)
{
    struct fix *f = *state;
    struct driver *d = &f->d;
    u64 x = 42;
    for (u32 i = 0; i < 3000; i++) {
        drv_start(d, VIRTIO_F_INDIRECT_DESC | (i & 1 ? VIRTIO_F_EVENT_IDX : 0), d->t.v->ops->queue_count);
        for (u32 k = 0; k < 0x200; k += 2) {
            u64 v = rig_random(&x);
            store_le16(rig_mem(&f->r, Q_AT(0) + k), (u16)(v >> 60 ? v & 7 : v));
        }
        for (u32 k = 0; k < Q_NUM; k++)
            if (rig_random(&x) & 1)
                drv_desc(d, 0, k, DATA + rig_random(&x) % 0x1000, rig_random(&x) & 0xff,
                         (u16)(rig_random(&x) & 7), (u16)(rig_random(&x) % (Q_NUM + 1)));
        for (u32 k = 0; k < 4; k++)
            drv_offer(d, 0, (u16)(rig_random(&x) % (Q_NUM + 1)));
        drv_kick(d, 0);
        chr_deliver(&f->chr, (const u8 *)"hello", 5);
        dev_write(&d->t.dev, rig_random(&x) % 0x110 & ~3u, rig_random(&x), 4);
        drv_kick(d, 0);
    }
}

/* ---- console ---- */

static void test_console(void **state)
{
    struct fix *f = *state;
    struct driver *d = &f->d;
    assert_int_equal(chr_deliver(&f->chr, (const u8 *)"x", 1), 0);
    drv_start(d, 0, 2);
    assert_int_equal(drv_rd(d, 0x104), 1); /* max_nr_ports */
    memcpy(rig_mem(&f->r, DATA), "hello, world", 12);
    drv_desc(d, 1, 0, DATA, 7, D_NEXT, 1);
    drv_desc(d, 1, 1, DATA + 7, 5, 0, 0);
    drv_offer(d, 1, 0);
    drv_kick(d, 1);
    assert_int_equal(f->out_n, 12);
    assert_memory_equal(f->out, "hello, world", 12);
    assert_int_equal(drv_used(d, 1), 1);
    assert_int_equal(chr_deliver(&f->chr, (const u8 *)"x", 1), 0); /* no buffers yet */
    drv_desc(d, 0, 0, DATA, 3, D_WRITE, 0);
    drv_desc(d, 0, 1, DATA + 3, 3, D_WRITE, 0);
    drv_offer(d, 0, 0);
    drv_offer(d, 0, 1);
    drv_kick(d, 0);
    assert_int_equal(chr_deliver(&f->chr, (const u8 *)"typed text", 10), 6);
    assert_memory_equal(rig_mem(&f->r, DATA), "typed ", 6);
    assert_int_equal(drv_used_len(d, 0, 1), 3);
    drv_wr(d, 0x108, '!'); /* emergency write */
    assert_int_equal(f->out[12], '!');
}

static void test_states(void **state)
{
    struct fix *f = *state;
    rig_check_class(&f->d.t.dev);
    rig_check_class(&f->rng.v.dev);
    rig_check_class(&f->con.v.dev);
    rig_scribble(&f->d.t.dev, 0x200, 20000);
}

int main(void)
{
#define T(f, s) cmocka_unit_test_setup_teardown(f, s, stop)
    const struct CMUnitTest tests[] = {
        T(test_identity, start), T(test_negotiation, start), T(test_request, start), T(test_before_driver_ok, start),
        T(test_no_size, start), T(test_wrap_and_event_idx, start), T(test_legacy, start_legacy), T(test_bad_chains,
                                                                                                   start),
        T(test_bad_rings, start), T(test_indirect, start), T(test_random_rings, start),
        T(test_random_rings, start_console), T(test_console, start_console), T(test_states, start),
        T(test_states, start_console), T(test_states, start_legacy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
