/* media_test.c - eject and change of a PC's CD, as a monitor does them, and what snapshots say of the drive. */
#include "tests/unit/pc_rig.h"

#include "app/media.h"

struct fix {
    struct options o;
    struct setup   s;
};

static void make_file(const char *path, u32 size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (u32 i = 0; i < size; i++)
        fputc((int)(i * 7 + size) & 255, file);
    fclose(file);
}

static char folder[] = "/tmp/mynah-media-XXXXXX";
static char one[64], two[64], snap[64];
static struct memory_file kernel_file;

void machine_run_events(struct machine *m);

static void open_machine(struct fix *f, const char *cd)
{
    char *args[] = { (char *)"-M", (char *)"pc", (char *)"-m", (char *)"32", (char *)"--clock", (char *)"icount",
                     (char *)"-kernel", kernel_file.path, (char *)"-cdrom", (char *)cd };
    struct err e;
    options_init(&f->o, "pc", NULL);
    if (!options_parse(&f->o, cd ? 10 : 8, args, &e) || !options_finish(&f->o, &e) || !setup_open(&f->s, &f->o, &e))
        fail_msg("%s", e.msg);
    f->s.engine = &interp_engine;
    if (!setup_build(&f->s, &e))
        fail_msg("%s", e.msg);
}
static void close_machine(struct fix *f)
{
    setup_close(&f->s);
    options_free(&f->o);
}

static struct block_door *cd_door(struct fix *f)
{
    u32 count;
    struct block_door *d = f->s.board->doors(f->s.m, &count);
    assert_int_equal(count, 6);
    assert_null(d[0].id);
    assert_string_equal(d[2].id, "ide1-cd0");
    return &d[2];
}

static void test_change(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    struct err e;
    (void)state;
    open_machine(f, one);
    struct block_door *d = cd_door(f);
    assert_int_equal(d->medium(d)->size, 4096);
    assert_false(media_change(&f->s, "ide1-cd0", "/nonexistent", false, &e));
    assert_non_null(strstr(e.msg, "/nonexistent"));
    assert_int_equal(d->medium(d)->size, 4096);
    assert_false(media_eject(&f->s, "ide0-hd0", true, &e));
    assert_non_null(strstr(e.msg, "ide0-hd0"));
    assert_true(media_change(&f->s, "ide1-cd0", two, false, &e));
    assert_int_equal(d->medium(d)->size, 6000);
    assert_false(d->is_open(d));
    assert_true(media_eject(&f->s, "ide1-cd0", false, &e));
    assert_null(d->medium(d));
    assert_true(d->is_open(d));
    assert_true(media_eject(&f->s, "ide1-cd0", false, &e)); /* once more is nothing */
    assert_true(media_change(&f->s, "ide1-cd0", one, false, &e));
    assert_false(d->is_open(d));
    close_machine(f);
    free(f);
}

/* The packet that locks the tray, and the drive's answer to a packet of any kind. */
static void send_packet(struct fix *f, const u8 p[12])
{
    struct iobus *io = &f->s.m->io;
    iobus_write(io, 0x176, 0xa0, 1);
    iobus_write(io, 0x177, 0xa0, 1);
    f->s.m->s.idle_ns += 1000000;
    machine_run_events(f->s.m);
    for (u32 i = 0; i < 12; i += 2)
        iobus_write(io, 0x170, load_le16(p + i), 2);
    f->s.m->s.idle_ns += 1000000;
    machine_run_events(f->s.m);
}

static void test_locked(void **state)
{
    static const u8 prevent[12] = { 0x1e, 0, 0, 0, 1 };
    struct fix *f = calloc(1, sizeof *f);
    struct err e;
    (void)state;
    open_machine(f, one);
    send_packet(f, prevent);
    assert_true(cd_door(f)->is_locked(cd_door(f)));
    assert_false(media_eject(&f->s, "ide1-cd0", false, &e));
    assert_non_null(strstr(e.msg, "locked"));
    assert_false(media_change(&f->s, "ide1-cd0", two, false, &e));
    assert_int_equal(cd_door(f)->medium(cd_door(f))->size, 4096);
    assert_true(media_change(&f->s, "ide1-cd0", two, true, &e));
    assert_int_equal(cd_door(f)->medium(cd_door(f))->size, 6000);
    close_machine(f);
    free(f);
}

/* A snapshot asks for the medium that was in the drive then, or for none. */
static void test_snapshots(void **state)
{
    struct fix *f = calloc(1, sizeof *f), *g = calloc(1, sizeof *g);
    static const struct { bool full; const char *cd, *say; } rows[] = {
        { true, two, NULL }, { true, one, "bytes" }, { true, NULL, "has no medium" },
        { false, NULL, NULL }, { false, one, "has a medium" },
    };
    struct err e;
    (void)state;
    for (u32 i = 0; i < COUNT(rows); i++) {
        open_machine(f, one);
        assert_true(rows[i].full ? media_change(&f->s, "ide1-cd0", two, false, &e)
                                 : media_eject(&f->s, "ide1-cd0", false, &e));
        assert_true(disks_save(&f->s.disks, f->s.m, snap, &e));
        close_machine(f);
        open_machine(g, rows[i].cd);
        bool ok = disks_load(&g->s.disks, g->s.m, snap, &e);
        assert_int_equal(ok, !rows[i].say);
        if (!ok && !strstr(e.msg, rows[i].say))
            fail_msg("row %u: %s", i, e.msg);
        if (ok)
            assert_int_equal(cd_door(g)->is_open(cd_door(g)), !rows[i].full);
        close_machine(g);
    }
    free(f);
    free(g);
}

/* Disk types, geometry and translation in CMOS memory. */
static void test_cmos(void **state)
{
    static struct options o;
    static struct setup s;
    struct err e;
    char *args[] = { (char *)"-M", (char *)"pc", (char *)"--clock", (char *)"icount", (char *)"-kernel",
                     kernel_file.path, (char *)"-hdb", one, (char *)"-snapshot" };
    static const struct { u8 at, val; } want[] = { { 0x12, 0x0f }, { 0x19, 0 }, { 0x1a, 47 }, { 0x24, 2 },
                                                   { 0x26, 16 }, { 0x2c, 63 }, { 0x39, 0 } };
    (void)state;
    options_init(&o, "pc", NULL);
    if (!options_parse(&o, COUNT(args), args, &e) || !options_finish(&o, &e) || !setup_open(&s, &o, &e))
        fail_msg("%s", e.msg);
    s.engine = &interp_engine;
    if (!setup_build(&s, &e))
        fail_msg("%s", e.msg);
    for (u32 i = 0; i < COUNT(want); i++) {
        iobus_write(&s.m->io, 0x70, want[i].at, 1);
        assert_int_equal(iobus_read(&s.m->io, 0x71, 1), want[i].val);
    }
    setup_close(&s);
    options_free(&o);
}

static int make(void **state)
{
    static struct kernel k;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(one, sizeof one, "%s/one", folder);
    snprintf(two, sizeof two, "%s/two", folder);
    snprintf(snap, sizeof snap, "%s/snap", folder);
    make_file(one, 4096);
    make_file(two, 6000);
    kernel_start(&k, false);
    file_make(&kernel_file);
    file_put(&kernel_file, k.p, sizeof k.p);
    return 0;
}
static int unmake(void **state)
{
    (void)state;
    unlink(one);
    unlink(two);
    unlink(snap);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_change), cmocka_unit_test(test_locked), cmocka_unit_test(test_snapshots),
        cmocka_unit_test(test_cmos),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
