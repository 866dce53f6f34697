/*
 * virtio_gpu_test.c - virtio graphics: the screen, resources and their memory, copies by scatter lists, all formats,
 * the pointer, wrong and hostile requests, deadlines, save and load.
 */
#include "hw/display/edid.h"
#include "hw/virtio/virtio_gpu.h"
#include "snapshot/section.h"
#include "tests/dev/virtio_driver.h"

enum { C_INFO = 0x100, C_CREATE, C_UNREF, C_SCANOUT, C_FLUSH, C_TRANSFER, C_ATTACH, C_DETACH, C_EDID = 0x10a,
       C_UPDATE_CURSOR = 0x300, C_MOVE_CURSOR };
enum { OK = 0x1100, OK_INFO, OK_EDID = 0x1104, UNSPEC = 0x1200, NO_MEMORY, BAD_SCANOUT, BAD_RESOURCE,
       BAD_PARAMETER = 0x1205 };
enum { CONTROLQ, CURSORQ };
#define REQ    DATA
#define ANSWER (DATA + 0x8000)
#define PAGES  (DATA + 0x10000) /* pictures of the driver */
#define MEMORY (4u << 20)
#define XRES   320u
#define YRES   200u

struct fix {
    struct rig        r;
    struct driver     d;
    struct virtio_gpu g;
    u32               len; /* of the last answer */
};

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    struct err e;
    rig_start(&f->r);
    assert_true(virtio_gpu_init(&f->g, f->r.m, "virtio0.dev", XRES, YRES, MEMORY, &e));
    drv_attach(&f->d, &f->r, &f->g.v, false);
    drv_start(&f->d, 1 << 1, 2);
    *state = f;
    return 0;
}
static int stop(void **state)
{
    struct fix *f = *state;
    rig_end(&f->r);
    free(f);
    return 0;
}

/* ---- a driver ---- */

/* Offers a request: its type, then n words; room bytes for the answer. */
static void offer_to(struct fix *f, u32 q, u32 type, const u32 *args, u32 n, u32 room)
{
    u8 *p = rig_mem(&f->r, REQ);
    memset(p, 0, 24);
    store_le32(p, type);
    for (u32 i = 0; i < n; i++)
        store_le32(p + 24 + 4 * i, args[i]);
    memset(rig_mem(&f->r, ANSWER), 0xee, 2048);
    drv_desc(&f->d, q, 0, REQ, 24 + 4 * n, room ? D_NEXT : 0, 1);
    drv_desc(&f->d, q, 1, ANSWER, room, D_WRITE, 0);
    drv_offer(&f->d, q, 0);
    drv_kick(&f->d, q);
}
static u32 answer(struct fix *f, u32 off) { return load_le32(rig_mem(&f->r, ANSWER + off)); }

static u32 done(struct fix *f, u32 used)
{
    rig_run(&f->r, 1000000000);
    assert_int_equal(drv_used(&f->d, CONTROLQ), (u16)(used + 1));
    f->len = drv_used_len(&f->d, CONTROLQ, used);
    return answer(f, 0);
}
#define RUN(f, type, ...)                                                                                  \
    ({                                                                                                     \
        const u32 args_[] = { __VA_ARGS__ };                                                               \
        u32 used_ = drv_used(&(f)->d, CONTROLQ);                                                           \
        offer_to(f, CONTROLQ, type, args_, COUNT(args_), 2048);                                            \
        done(f, used_);                                                                                    \
    })
static void cursor(struct fix *f, u32 type, u32 x, u32 y, u32 id)
{
    const u32 args[] = { 0, x, y, 0, id, 1, 2, 0 };
    u32 used = drv_used(&f->d, CURSORQ);
    offer_to(f, CURSORQ, type, args, COUNT(args), 0);
    assert_int_equal(drv_used(&f->d, CURSORQ), (u16)(used + 1));
}

static u32 create(struct fix *f, u32 id, u32 format, u32 w, u32 h) { return RUN(f, C_CREATE, id, format, w, h); }
static u32 attach(struct fix *f, u32 id, u64 at, u32 len)
{
    return RUN(f, C_ATTACH, id, 1, (u32)at, (u32)(at >> 32), len, 0);
}
static u32 transfer(struct fix *f, u32 id, u32 x, u32 y, u32 w, u32 h, u64 off)
{
    return RUN(f, C_TRANSFER, x, y, w, h, (u32)off, (u32)(off >> 32), id, 0);
}
static u32 scanout(struct fix *f, u32 id, u32 x, u32 y, u32 w, u32 h) { return RUN(f, C_SCANOUT, x, y, w, h, 0, id); }
static u32 flush(struct fix *f, u32 id, u32 x, u32 y, u32 w, u32 h) { return RUN(f, C_FLUSH, x, y, w, h, id, 0); }

static u32 place(struct fix *f, u32 id)
{
    u32 n = 0;
    while (n < VIRTIO_GPU_RESOURCES && f->g.s.id[n] != id)
        n++;
    assert_true(n < VIRTIO_GPU_RESOURCES);
    return n;
}
static const u8 *pixels(struct fix *f, u32 id) { return f->g.mem->host + (u64)f->g.s.at[place(f, id)] * PAGE_SIZE; }
static u32 shown(struct fix *f, u32 x, u32 y)
{
    display_update(&f->g.display);
    return display_line(&f->g.display, y)[x];
}
static void fill_pages(struct fix *f, u32 n)
{
    u8 *p = rig_mem(&f->r, PAGES);
    for (u32 i = 0; i < n; i++)
        p[i] = (u8)(i * 7 + (i >> 8) * 13 + 1);
}
static bool memory_is_zero(struct fix *f)
{
    for (u64 i = 0; i < f->g.mem->size; i++)
        if (f->g.mem->host[i])
            return false;
    return true;
}

/* ---- tests ---- */

static void test_identity(void **state)
{
    struct fix *f = *state;
    u8 edid[EDID_BYTES], sum = 0;
    assert_int_equal(drv_rd(&f->d, R_DEVICE), 16);
    assert_int_equal(drv_rd(&f->d, R_FEAT) & 0xff, 2);
    assert_int_equal(drv_rd(&f->d, 0x100), 0);
    assert_int_equal(drv_rd(&f->d, 0x108), 1); /* screens */
    assert_int_equal(drv_rd(&f->d, 0x10c), 0);
    drv_wr(&f->d, 0x104, 1);
    assert_int_equal(RUN(f, C_INFO), OK_INFO);
    assert_int_equal(f->len, 408);
    const u32 want[] = { 0, 0, XRES, YRES, 1, 0, 0, 0, 0, 0, 0 };
    for (u32 i = 0; i < COUNT(want); i++)
        assert_int_equal(answer(f, 24 + 4 * i), want[i]);
    assert_int_equal(RUN(f, C_EDID, 0, 0), OK_EDID);
    assert_int_equal(f->len, 1056);
    assert_int_equal(answer(f, 24), 128);
    edid_make_for(edid, XRES, YRES);
    assert_memory_equal(rig_mem(&f->r, ANSWER + 32), edid, 128);
    for (u32 i = 0; i < 128; i++)
        sum += edid[i];
    assert_int_equal(sum, 0);
    assert_true(edid[56] + (edid[58] >> 4 << 8) == XRES && edid[59] + (edid[61] >> 4 << 8) == YRES);
    assert_int_equal(RUN(f, C_EDID, 1, 0), BAD_PARAMETER);
    drv_start(&f->d, 0, 2);
    assert_int_equal(RUN(f, C_EDID, 0, 0), BAD_PARAMETER); /* not negotiated */
}

/* Timings by hand: 1920 by 1080 at 60 Hz with reduced blanking is 138.5 MHz, 2080 by 1111 in all. */
static void test_edid(void **state)
{
    u8 a[EDID_BYTES], b[EDID_BYTES];
    (void)state;
    edid_make(a);
    edid_make_for(b, 1280, 800);
    assert_memory_equal(a, b, EDID_BYTES);
    edid_make_for(b, 1920, 1080);
    u32 clock = load_le16(b + 54), blank = b[60] + (b[61] & 15) * 256u;
    assert_true(clock > 13800 && clock < 13900);
    assert_true(b[57] == 160 && blank == 31 && b[63] == 32 && b[64] == (3 << 4 | 5));
    edid_make_for(b, 4095, 4095);
    assert_true(b[56] == 255 && b[58] >> 4 == 15 && b[81] > 30);
}

static void test_picture(void **state)
{
    struct fix *f = *state;
    fill_pages(f, 40 * 30 * 4);
    assert_int_equal(shown(f, 0, 0), 0);
    assert_true(f->g.display.surface.width == XRES && f->g.display.surface.height == YRES);
    assert_int_equal(create(f, 7, 2, 40, 30), OK);
    assert_int_equal(f->len, 24);
    assert_int_equal(attach(f, 7, PAGES, 40 * 30 * 4), OK);
    assert_int_equal(scanout(f, 7, 4, 2, 32, 20), OK);
    assert_int_equal(shown(f, 5, 5), 0);
    assert_true(f->g.display.surface.width == 32 && f->g.display.surface.height == 20);
    display_take_damage(&f->g.display);
    assert_int_equal(transfer(f, 7, 0, 0, 40, 30, 0), OK);
    assert_memory_equal(pixels(f, 7), rig_mem(&f->r, PAGES), 40 * 30 * 4);
    assert_int_equal(flush(f, 7, 10, 10, 3, 2), OK);
    for (u32 y = 0; y < 20; y++)
        for (u32 x = 0; x < 32; x++)
            assert_int_equal(shown(f, x, y),
                             load_le32(rig_mem(&f->r, PAGES) + ((y + 2) * 40 + x + 4) * 4) & 0xffffff);
    display_take_damage(&f->g.display);
    assert_false(display_update(&f->g.display));
    assert_int_equal(flush(f, 7, 10, 10, 3, 2), OK);
    assert_true(display_update(&f->g.display));
    struct display_rect r = display_take_damage(&f->g.display);
    assert_true(r.x == 6 && r.y == 8 && r.w == 3 && r.h == 2);
    assert_int_equal(flush(f, 7, 0, 0, 4, 30), OK); /* beside what is shown */
    assert_false(display_update(&f->g.display));
    assert_int_equal(scanout(f, 0, 0, 0, 0, 0), OK);
    assert_int_equal(shown(f, 0, 0), 0);
    assert_true(f->g.display.surface.width == XRES);
    assert_int_equal(scanout(f, 7, 0, 0, 40, 30), OK);
    assert_int_equal(RUN(f, C_UNREF, 7, 0), OK);
    assert_int_equal(f->g.s.scanout, 0);
    shown(f, 0, 0);
    assert_true(f->g.display.surface.width == XRES);
    assert_true(memory_is_zero(f));
}

/* Red 1, green 2, blue 3, alpha 4 in the order of each name. */
static void test_formats(void **state)
{
    struct fix *f = *state;
    static const struct { u32 format; u8 bytes[4]; } all[] = {
        { 1, { 3, 2, 1, 4 } }, { 2, { 3, 2, 1, 4 } }, { 3, { 4, 1, 2, 3 } }, { 4, { 4, 1, 2, 3 } },
        { 67, { 1, 2, 3, 4 } }, { 68, { 4, 3, 2, 1 } }, { 121, { 4, 3, 2, 1 } }, { 134, { 1, 2, 3, 4 } },
    };
    for (u32 i = 0; i < COUNT(all); i++) {
        memcpy(rig_mem(&f->r, PAGES), all[i].bytes, 4);
        assert_int_equal(create(f, 1, all[i].format, 1, 1), OK);
        assert_int_equal(attach(f, 1, PAGES, 4), OK);
        assert_int_equal(transfer(f, 1, 0, 0, 1, 1, 0), OK);
        assert_int_equal(scanout(f, 1, 0, 0, 1, 1), OK);
        assert_int_equal(shown(f, 0, 0), 0x010203);
        assert_int_equal(RUN(f, C_UNREF, 1, 0), OK);
    }
    static const u32 none[] = { 0, 5, 66, 69, 120, 122, 133, 135, ~0u };
    for (u32 i = 0; i < COUNT(none); i++)
        assert_int_equal(create(f, 1, none[i], 1, 1), BAD_PARAMETER);
}

/* Pages in any order and of any length, against a model that puts them together first. */
static void test_scatter(void **state)
{
    struct fix *f = *state;
    enum { W = 61, H = 40, PIECES = 60 };
    static u8 whole[PIECES * 300], want[W * H * 4];
    u32 args[2 + 4 * PIECES] = { 3, PIECES }, bytes = 0;
    u64 x = 5;
    fill_pages(f, PIECES * 512);
    for (u32 i = 0; i < PIECES; i++) {
        u32 len = (u32)(rig_random(&x) % 300), at = (PIECES - 1 - i) * 512 + i % 7;
        args[2 + 4 * i] = (u32)PAGES + at;
        args[4 + 4 * i] = len;
        memcpy(whole + bytes, rig_mem(&f->r, PAGES + at), len);
        bytes += len;
    }
    assert_int_equal(create(f, 3, 1, W, H), OK);
    u32 used = drv_used(&f->d, CONTROLQ);
    offer_to(f, CONTROLQ, C_ATTACH, args, COUNT(args), 24);
    assert_int_equal(done(f, used), OK);
    for (u32 i = 0; i < 300; i++) {
        u32 l = (u32)(rig_random(&x) % W), t = (u32)(rig_random(&x) % H);
        u32 w = 1 + (u32)(rig_random(&x) % (W - l)), h = 1 + (u32)(rig_random(&x) % (H - t));
        u32 off = (u32)(rig_random(&x) % (bytes + 100));
        for (u32 y = 0; y < h; y++)
            for (u32 b = 0; b < 4 * w; b++)
                if (off + y * W * 4 + b < bytes)
                    want[((t + y) * W + l) * 4 + b] = whole[off + y * W * 4 + b];
        assert_int_equal(transfer(f, 3, l, t, w, h, off), OK);
        assert_memory_equal(pixels(f, 3), want, sizeof want);
    }
    assert_int_equal(RUN(f, C_DETACH, 3, 0), OK);
    assert_int_equal(transfer(f, 3, 0, 0, 1, 1, 0), UNSPEC);
    assert_int_equal(RUN(f, C_DETACH, 3, 0), BAD_RESOURCE);
    assert_memory_equal(pixels(f, 3), want, sizeof want);
}

static void test_wrong(void **state)
{
    struct fix *f = *state;
    assert_int_equal(create(f, 0, 1, 4, 4), BAD_RESOURCE);
    assert_int_equal(create(f, 1, 1, 0, 4), BAD_PARAMETER);
    assert_int_equal(create(f, 1, 1, 4, 0), BAD_PARAMETER);
    assert_int_equal(create(f, 1, 1, 4, 4), OK);
    assert_int_equal(create(f, 1, 1, 4, 4), BAD_RESOURCE);
    assert_int_equal(RUN(f, C_UNREF, 2, 0), BAD_RESOURCE);
    assert_int_equal(RUN(f, C_UNREF, 0, 0), BAD_RESOURCE);
    assert_int_equal(scanout(f, 2, 0, 0, 1, 1), BAD_RESOURCE);
    static const u32 outside[][4] = { { 0, 0, 5, 4 }, { 0, 0, 4, 5 }, { 4, 0, 1, 1 }, { 1, 0, ~0u, 1 },
                                      { ~0u, 0, 1, 1 },
                                      { 0, ~0u, 4, 2 }, { 5, 5, 0, 0 }, { 0, 2, 1, ~0u } };
    assert_int_equal(attach(f, 1, PAGES, 64), OK);
    for (u32 i = 0; i < COUNT(outside); i++) {
        const u32 *o = outside[i];
        assert_int_equal(scanout(f, 1, o[0], o[1], o[2], o[3]), BAD_PARAMETER);
        assert_int_equal(flush(f, 1, o[0], o[1], o[2], o[3]), BAD_PARAMETER);
        assert_int_equal(transfer(f, 1, o[0], o[1], o[2], o[3], 0), BAD_PARAMETER);
    }
    assert_int_equal(scanout(f, 1, 0, 0, 0, 4), BAD_PARAMETER);
    assert_int_equal(RUN(f, C_SCANOUT, 0, 0, 4, 4, 1, 1), BAD_SCANOUT);
    assert_int_equal(transfer(f, 2, 0, 0, 1, 1, 0), BAD_RESOURCE);
    assert_int_equal(flush(f, 2, 0, 0, 1, 1), BAD_RESOURCE);
    assert_int_equal(attach(f, 1, PAGES, 64), UNSPEC); /* has one */
    assert_int_equal(attach(f, 2, PAGES, 64), BAD_RESOURCE);
    assert_int_equal(RUN(f, C_DETACH, 1, 0), OK);
    assert_int_equal(RUN(f, C_ATTACH, 1, 2, (u32)PAGES, 0, 64, 0), UNSPEC); /* two entries, one is there */
    assert_int_equal(RUN(f, C_ATTACH, 1, ~0u), UNSPEC);
    assert_int_equal(RUN(f, C_ATTACH, 1, 0x10000000, 0, 0, 0, 0), UNSPEC);
    assert_int_equal(RUN(f, C_ATTACH, 1, 0), OK);
    assert_int_equal(f->g.s.entries[place(f, 1)], 0);
    assert_int_equal(RUN(f, 0x108, 0, 0), UNSPEC); /* capability sets */
    assert_int_equal(RUN(f, 0x10c), UNSPEC);
    assert_int_equal(RUN(f, 0xffffffff), UNSPEC);
    assert_int_equal(RUN(f, C_CREATE, 5, 1, 4), UNSPEC); /* cut short */
    assert_int_equal(drv_rd(&f->d, R_STATUS), 0xf);
}

/* Answers go where there is room for them, fences come back. */
static void test_answers(void **state)
{
    struct fix *f = *state;
    u8 *p = rig_mem(&f->r, REQ);
    offer_to(f, CONTROLQ, C_INFO, NULL, 0, 30);
    assert_int_equal(done(f, 0), OK_INFO);
    assert_int_equal(f->len, 30);
    assert_int_equal(rig_mem(&f->r, ANSWER)[30], 0xee);
    offer_to(f, CONTROLQ, C_INFO, NULL, 0, 0);
    done(f, 1);
    assert_int_equal(f->len, 0);
    offer_to(f, CONTROLQ, C_UNREF, (const u32[]){ 9, 0 }, 2, 24);
    store_le32(p + 4, 1);
    store_le64(p + 8, 0x1122334455667788);
    store_le32(p + 16, 0xabcd);
    p[20] = 5;
    assert_int_equal(done(f, 2), BAD_RESOURCE);
    assert_int_equal(answer(f, 4), 1);
    assert_true(load_le64(rig_mem(&f->r, ANSWER + 8)) == 0x1122334455667788 && answer(f, 16) == 0xabcd);
    assert_int_equal(rig_mem(&f->r, ANSWER)[20], 5);
    offer_to(f, CONTROLQ, C_UNREF, (const u32[]){ 9, 0 }, 2, 24);
    store_le64(p + 8, 0x1122334455667788);
    done(f, 3);
    assert_true(!answer(f, 4) && !answer(f, 8));
    drv_desc(&f->d, CONTROLQ, 0, REQ, 10, D_NEXT, 1); /* not even a header */
    drv_offer(&f->d, CONTROLQ, 0);
    drv_kick(&f->d, CONTROLQ);
    assert_int_equal(done(f, 4), UNSPEC);
}

static void test_memory(void **state)
{
    struct fix *f = *state;
    assert_int_equal(create(f, 1, 1, ~0u, ~0u), NO_MEMORY);
    assert_int_equal(create(f, 1, 1, 1 << 30, 4), NO_MEMORY); /* 2^34 bytes, 0 of 32 bits */
    assert_int_equal(create(f, 1, 1, 1024, 1025), NO_MEMORY);
    assert_int_equal(create(f, 1, 1, 1024, 1024), OK);
    assert_int_equal(create(f, 2, 1, 1, 1), NO_MEMORY);
    assert_int_equal(attach(f, 1, PAGES, 16), NO_MEMORY);
    assert_int_equal(RUN(f, C_UNREF, 1, 0), OK);
    for (u32 i = 1; i <= 4; i++)
        assert_int_equal(create(f, i, 1, 512, 256), OK); /* half a MiB each */
    assert_int_equal(RUN(f, C_UNREF, 2, 0), OK);
    assert_int_equal(create(f, 5, 1, 512, 512), OK);
    assert_int_equal(create(f, 6, 1, 512, 512), OK);
    assert_int_equal(create(f, 7, 1, 512, 512), NO_MEMORY); /* half of it is free, in between */
    assert_int_equal(create(f, 7, 1, 512, 256), OK);
    assert_int_equal(f->g.s.at[place(f, 7)], 128);
    drv_wr(&f->d, R_STATUS, 0);
    drv_start(&f->d, 0, 2);
    u32 n = 0;
    while (create(f, 1 + n, 1, 1, 1) == OK)
        n++;
    assert_int_equal(n, VIRTIO_GPU_RESOURCES);
    assert_int_equal(answer(f, 0), NO_MEMORY);
    drv_wr(&f->d, R_STATUS, 0);
    for (u32 i = 0; i < VIRTIO_GPU_RESOURCES; i++)
        assert_int_equal(f->g.s.id[i], 0);
    assert_true(memory_is_zero(f));
}

/* Pages that are no RAM, or were not there all of the time. */
static void test_hostile_pages(void **state)
{
    struct fix *f = *state;
    assert_int_equal(create(f, 1, 1, 64, 64), OK);
    assert_int_equal(attach(f, 1, 0x1000, 64 * 64 * 4), OK);
    assert_int_equal(transfer(f, 1, 0, 0, 64, 64, 0), UNSPEC);
    assert_int_equal(RUN(f, C_DETACH, 1, 0), OK);
    assert_int_equal(attach(f, 1, RIG_RAM + RIG_RAM_SIZE - 100, 64 * 64 * 4), OK); /* runs out of RAM */
    assert_int_equal(transfer(f, 1, 0, 0, 64, 64, 0), UNSPEC);
    assert_int_equal(transfer(f, 1, 0, 0, 25, 1, 0), OK);
    assert_int_equal(transfer(f, 1, 0, 0, 1, 1, ~0ull), OK); /* nothing is there */
    assert_int_equal(transfer(f, 1, 0, 0, 64, 64, 1ull << 46), OK);
    assert_int_equal(RUN(f, C_DETACH, 1, 0), OK);
    assert_int_equal(attach(f, 1, ~0ull - 8, ~0u), OK);
    assert_int_equal(transfer(f, 1, 0, 0, 64, 64, 0), UNSPEC);
    assert_int_equal(transfer(f, 1, 0, 0, 64, 64, 0xfffffff0), UNSPEC);
    assert_int_equal(drv_rd(&f->d, R_STATUS), 0xf);
    drv_desc(&f->d, CONTROLQ, 0, 0x1000, 24, 0, 0); /* the request itself is no RAM: the queue makes no sense */
    drv_offer(&f->d, CONTROLQ, 0);
    drv_kick(&f->d, CONTROLQ);
    rig_run(&f->r, 1000000);
    assert_int_equal(drv_rd(&f->d, R_STATUS), 0xf | VIRTIO_S_NEEDS_RESET);
    assert_true(f->g.s.deadline == TIME_NEVER);
}

/* ---- the pointer ---- */

static void make_pointer(struct fix *f, u32 id, u32 px)
{
    for (u32 i = 0; i < 64 * 64; i++)
        store_le32(rig_mem(&f->r, PAGES) + 4 * i, px);
    assert_int_equal(create(f, id, 1, 64, 64), OK);
    assert_int_equal(attach(f, id, PAGES, 64 * 64 * 4), OK);
    assert_int_equal(transfer(f, id, 0, 0, 64, 64, 0), OK);
}

static void test_pointer(void **state)
{
    struct fix *f = *state;
    memset(rig_mem(&f->r, PAGES), 0x64, 200 * 100 * 4);
    assert_int_equal(create(f, 1, 2, 200, 100), OK);
    assert_int_equal(attach(f, 1, PAGES, 200 * 100 * 4), OK);
    assert_int_equal(transfer(f, 1, 0, 0, 200, 100, 0), OK);
    assert_int_equal(scanout(f, 1, 0, 0, 200, 100), OK);
    make_pointer(f, 2, 0x80204000);
    cursor(f, C_UPDATE_CURSOR, 10, -60u, 2);
    const u32 mixed = 0x527232; /* 0x64 * 127 / 255, and the pointer's */
    assert_int_equal(shown(f, 9, 0), 0x646464);
    assert_int_equal(shown(f, 10, 0), mixed);
    assert_int_equal(shown(f, 73, 3), mixed);
    assert_int_equal(shown(f, 74, 3), 0x646464);
    assert_int_equal(shown(f, 10, 4), 0x646464);
    assert_int_equal(RUN(f, C_UNREF, 2, 0), OK); /* the picture stays */
    cursor(f, C_MOVE_CURSOR, 190, 90, 0);
    assert_int_equal(shown(f, 10, 0), 0x646464);
    assert_int_equal(shown(f, 199, 99), mixed);
    cursor(f, C_MOVE_CURSOR, ~0u >> 1, 1u << 31, 0); /* far away */
    assert_int_equal(shown(f, 199, 99), 0x646464);
    cursor(f, C_MOVE_CURSOR, 0, 0, 0);
    assert_int_equal(shown(f, 0, 0), mixed);
    assert_int_equal(flush(f, 1, 0, 0, 10, 10), OK); /* what is drawn again is drawn under it */
    assert_int_equal(shown(f, 0, 0), mixed);
    cursor(f, C_UPDATE_CURSOR, 0, 0, 1); /* not 64 by 64 */
    assert_int_equal(shown(f, 0, 0), 0x646464);
    make_pointer(f, 2, 0xffffffff);
    cursor(f, C_UPDATE_CURSOR, 0, 0, 2);
    assert_int_equal(shown(f, 0, 0), 0xffffff);
    cursor(f, C_UPDATE_CURSOR, 0, 0, 0);
    assert_int_equal(shown(f, 0, 0), 0x646464);
    cursor(f, 0x302, 0, 0, 2);
    offer_to(f, CURSORQ, C_UPDATE_CURSOR, (const u32[]){ 0, 0, 0, 0, 2 }, 5, 0); /* cut short */
    offer_to(f, CURSORQ, C_UPDATE_CURSOR, (const u32[]){ 1, 0, 0, 0, 2, 0, 0, 0 }, 8, 0); /* another screen */
    assert_int_equal(shown(f, 0, 0), 0x646464);
}

/* ---- time, save and load ---- */

static void test_deadlines(void **state)
{
    struct fix *f = *state;
    assert_int_equal(create(f, 1, 1, 100, 40), OK);
    assert_int_equal(attach(f, 1, PAGES, 16000), OK);
    const u32 args[] = { 0, 0, 100, 40, 0, 0, 1, 0 };
    fill_pages(f, 16000);
    u16 used = drv_used(&f->d, CONTROLQ);
    offer_to(f, CONTROLQ, C_TRANSFER, args, COUNT(args), 24);
    rig_run(&f->r, 2000 + 1000 - 1);
    assert_int_equal(drv_used(&f->d, CONTROLQ), used);
    assert_int_equal(pixels(f, 1)[0], 0);
    event_set(&f->g.event, TIME_NEVER); /* saved and loaded here */
    f->g.v.dev.cls->resumed(&f->g.v.dev);
    rig_run(&f->r, 1);
    assert_int_equal(drv_used(&f->d, CONTROLQ), used + 1);
    assert_memory_equal(pixels(f, 1), rig_mem(&f->r, PAGES), 16000);
    assert_true(f->r.irq[0]);
    assert_true(f->g.s.deadline == TIME_NEVER);
    offer_to(f, CONTROLQ, C_TRANSFER, args, COUNT(args), 24);
    drv_wr(&f->d, R_STATUS, 0); /* a reset takes it back */
    rig_run(&f->r, 1000000);
    assert_int_equal(answer(f, 0), 0xeeeeeeee);
}

/* State and memory in another device, which goes on and shows the same. */
static void test_load(void **state)
{
    struct fix *f = *state, *other = NULL;
    struct buf b = { 0 };
    struct err e;
    fill_pages(f, 200 * 100 * 4);
    assert_int_equal(create(f, 9, 134, 200, 100), OK);
    assert_int_equal(attach(f, 9, PAGES, 200 * 100 * 4), OK);
    assert_int_equal(transfer(f, 9, 0, 0, 200, 100, 0), OK);
    assert_int_equal(scanout(f, 9, 10, 10, 150, 80), OK);
    start((void **)&other);
    section_save(&b, f->g.v.dev.cls->state, &f->g.s);
    assert_true(section_load(&b, other->g.v.dev.cls->state, &other->g.s, &e));
    memcpy(other->g.mem->host, f->g.mem->host, MEMORY);
    memcpy(rig_mem(&other->r, RIG_RAM), rig_mem(&f->r, RIG_RAM), RIG_RAM_SIZE);
    memcpy(other->d.next, f->d.next, sizeof f->d.next);
    other->g.v.dev.cls->resumed(&other->g.v.dev);
    shown(f, 0, 0);
    shown(other, 0, 0);
    assert_true(other->g.display.surface.width == 150);
    assert_memory_equal(f->g.display.surface.px, other->g.display.surface.px, 150 * 80 * 4);
    memset(rig_mem(&other->r, PAGES), 0x11, 200 * 100 * 4);
    assert_int_equal(transfer(other, 9, 0, 0, 200, 100, 0), OK);
    assert_int_equal(shown(other, 149, 79), 0x111111);
    buf_free(&b);
    stop((void **)&other);
}

static void refused(struct fix *f, u32 *field, u32 val)
{
    u32 was = *field;
    struct err e;
    *field = val;
    assert_false(f->g.v.dev.cls->state->valid(&f->g.s, &e));
    *field = was;
    assert_true(f->g.v.dev.cls->state->valid(&f->g.s, &e));
}

static void test_valid(void **state)
{
    struct fix *f = *state;
    struct virtio_gpu_state *s = &f->g.s;
    assert_int_equal(create(f, 1, 1, 100, 100), OK);
    assert_int_equal(create(f, 2, 1, 100, 100), OK);
    assert_int_equal(attach(f, 2, PAGES, 100), OK);
    assert_int_equal(scanout(f, 2, 0, 0, 100, 100), OK);
    refused(f, &s->id[1], 1);
    refused(f, &s->format[0], 5);
    refused(f, &s->width[0], 0);
    refused(f, &s->width[1], 99);       /* the screen shows more */
    refused(f, &s->width[0], 1 << 30);
    refused(f, &s->height[0], ~0u);
    refused(f, &s->at[1], s->at[0]);
    refused(f, &s->at[1], VIRTIO_GPU_MEMORY / PAGE_SIZE - 1);
    refused(f, &s->at[1], ~0u);
    refused(f, &s->list[1], s->at[1]);
    refused(f, &s->list[1], 65536);
    refused(f, &s->entries[1], VIRTIO_GPU_ENTRIES + 1);
    refused(f, &s->scanout, 3);
    refused(f, &s->x, 1);
    refused(f, &s->h, 0);
    s->at[1] = MEMORY / PAGE_SIZE; /* good for a device with more memory: not there */
    assert_int_equal(transfer(f, 2, 0, 0, 1, 1, 0), BAD_RESOURCE);
    assert_int_equal(RUN(f, C_UNREF, 2, 0), BAD_RESOURCE);
    shown(f, 0, 0);
    assert_true(f->g.display.surface.width == XRES);
}

/* A driver that means no good: requests of all kinds with arguments at and beyond the edges. */
static void test_scribble(void **state)
{
    struct fix *f = *state;
    struct err e;
    u64 x = 42;
    for (u32 i = 0; i < 6000; i++) {
        u32 args[12], n = (u32)(rig_random(&x) % 13), q = rig_random(&x) % 8 == 0;
        for (u32 k = 0; k < 12; k++) {
            u64 r = rig_random(&x), kind = rig_random(&x) % 8;
            args[k] = kind < 5 ? (u32)(r % 5) : kind == 5 ? 64 : kind == 6 ? (u32)(PAGES + r % 0x10000)
                                                                           : (u32)(r >> r % 32);
        }
        u32 type = q ? C_UPDATE_CURSOR + (u32)(rig_random(&x) % 2) : C_INFO + (u32)(rig_random(&x) % 12);
        offer_to(f, q, type, args, n, rig_random(&x) % 4 ? 64 : 0);
        if (rig_random(&x) % 4)
            rig_run(&f->r, 10000);
        if (rig_random(&x) % 16 == 0)
            display_update(&f->g.display);
        if (f->g.s.v.broken || rig_random(&x) % 500 == 0)
            drv_start(&f->d, 2, 2);
        if (!f->g.v.dev.cls->state->valid(&f->g.s, &e))
            fail_msg("after %u requests: %s", i, e.msg);
    }
    rig_scribble(&f->d.t.dev, 0x200, 20000);
    rig_check_class(&f->g.v.dev);
    assert_true(memory_is_zero(f));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_identity), T(test_edid), T(test_picture), T(test_formats), T(test_scatter), T(test_wrong),
        T(test_answers), T(test_memory), T(test_hostile_pages), T(test_pointer), T(test_deadlines), T(test_load),
            T(test_valid),
        T(test_scribble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
