/* monitor_test.c - a monitor without a peer: what a request holds back, completion, a snapshot that was loaded only
 * in part. */
#include "tests/unit/pc_rig.h"

#include "app/monitor_cmd.h"

struct fix {
    struct options    o;
    struct setup      s;
    struct input     *input;
    struct hash_state hash;
    struct monitored  on;
    struct monitor    mon;
    char              said[1 << 16];
    u32               n;
};

static void hear(struct chr *c, const u8 *p, u32 n)
{
    struct fix *f = c->host;
    for (u32 i = 0; i < n && f->n + 1 < sizeof f->said; i++)
        if (p[i] != '\r')
            f->said[f->n++] = (char)p[i];
    f->said[f->n] = 0;
}

static struct memory_file bios;

static int start(void **state)
{
    static const u8 image[65536];
    struct fix *f = calloc(1, sizeof *f);
    struct err e;
    file_make(&bios);
    file_put(&bios, image, sizeof image);
    char *args[] = { (char *)"-M", (char *)"pc", (char *)"-m", (char *)"16", (char *)"-bios", bios.path,
                     (char *)"-clock",
                     (char *)"icount" };
    options_init(&f->o, "pc", NULL);
    if (!options_parse(&f->o, 8, args, &e) || !options_finish(&f->o, &e) || !setup_open(&f->s, &f->o, &e)
        || !(f->input = input_new(NULL, NULL, &e)))
        fail_msg("%s", e.msg);
    f->s.engine = &interp_engine;
    if (!setup_build(&f->s, &e))
        fail_msg("%s", e.msg);
    f->on = (struct monitored){ .setup = &f->s, .input = f->input, .hash = &f->hash };
    monitor_init(&f->mon, &f->on, false);
    f->mon.chr.write = hear;
    f->mon.chr.host = f;
    *state = f;
    return 0;
}

static int stop(void **state)
{
    struct fix *f = *state;
    monitor_free(&f->mon);
    monitored_free(&f->on);
    setup_close(&f->s);
    input_free(f->input);
    hash_state_free(&f->hash);
    options_free(&f->o);
    close(bios.fd);
    free(f);
    return 0;
}

static const char *say(struct fix *f, const char *line)
{
    f->n = f->said[0] = 0;
    monitor_run(&f->mon, line);
    return f->said;
}

static u32 send(struct fix *f, const char *bytes) { return chr_deliver(&f->mon.chr, (const u8 *)bytes,
                                                                       (u32)strlen(bytes)); }

static void expect(struct fix *f, const char *line, const char *answer)
{
    if (strcmp(say(f, line), answer))
        fail_msg("'%s': '%s', not '%s'", line, f->said, answer);
}

/* The rest of what came waits until the machine has done what was asked. */
static void test_requests_come_first(void **state)
{
    struct fix *f = *state;
    atomic_uint *request = &f->s.m->request;
    assert_int_equal(send(f, "info version\nstop\ninfo status\n"), 18);
    assert_int_equal(atomic_load(request) & REQ_STOP, REQ_STOP);
    assert_true(f->on.paused);
    assert_int_equal(send(f, "info status\n"), 0);
    atomic_store(request, REQ_KICK);
    f->n = 0;
    assert_int_equal(send(f, "info status\nsystem_reset\ncont\n"), 25);
    assert_non_null(strstr(f->said, "VM status: paused"));
    assert_int_equal(atomic_load(request) & ~REQ_KICK, REQ_RESET);
    atomic_store(request, 0);
    assert_int_equal(send(f, "cont\nstop\nquit\n"), 10);
    atomic_store(request, 0);
    assert_int_equal(send(f, "quit\n"), 5);
    assert_int_equal(atomic_load(request), REQ_QUIT);
}

/* The same machine, to the bit: by the hash, and by what it asks of the run loop. */
static void test_looking_changes_nothing(void **state)
{
    static const char *const lines[] = { "help", "info", "info registers", "info mtree", "info qtree", "info pci",
                                         "info jit",
                                         "info block", "info screen", "info cpus", "info snapshots", "x/64xb 0",
                                             "x/8xg 0xa0000",
                                         "xp/64xw 0xfee00000", "x/4i 0xf0000", "p $pc", "bogus", "sendkey nokey",
                                             "loadvm /none" };
    struct fix *f = *state;
    char before[128];
    assert_true(strlen(say(f, "info hash")) < sizeof before);
    strcpy(before, f->said);
    for (u32 i = 0; i < COUNT(lines); i++)
        say(f, lines[i]);
    assert_string_equal(say(f, "info hash"), before);
    assert_int_equal(atomic_load(&f->s.m->request), 0);
}

static bool fail_load(void *opaque, struct buf *b, struct err *e)
{
    (void)opaque, (void)b;
    return err_set(e, "the disk broke meanwhile");
}

static void test_loaded_in_part(void **state)
{
    struct fix *f = *state;
    char file[] = "/tmp/mynah-monitor-XXXXXX", line[64], save[64];
    bool (*load)(void *, struct buf *, struct err *) = f->s.disks.extra[0].load;
    assert_true(f->s.disks.count > 0); /* drives without media are known, too */
    close(mkstemp(file));
    assert_int_equal(unlink(file), 0);
    snprintf(save, sizeof save, "savevm %s", file);
    snprintf(line, sizeof line, "loadvm %s", file);
    expect(f, save, "");
    f->s.disks.extra[0].load = fail_load;
    assert_non_null(strstr(say(f, line), "the disk broke meanwhile\n"
                                         "loadvm: loaded only in part, so the machine stands still"));
    assert_true(f->on.broken && f->on.paused);
    assert_int_equal(atomic_load(&f->s.m->request), REQ_STOP);
    atomic_store(&f->s.m->request, 0);
    assert_non_null(strstr(say(f, "cont"), "cannot run"));
    assert_non_null(strstr(say(f, "system_reset"), "only in part"));
    assert_non_null(strstr(say(f, save), "nothing is saved"));
    assert_non_null(strstr(say(f, "info status"), "paused (a snapshot was loaded only in part)"));
    assert_true(f->on.paused && !atomic_load(&f->s.m->request));
    f->s.disks.extra[0].load = load;
    expect(f, line, "");
    expect(f, "cont", "");
    assert_false(f->on.broken || f->on.paused);
    unlink(file);
}

/* ---- completion, on a terminal ---- */

static const char *typed(struct fix *f, const char *keys)
{
    f->mon.edit.screen = true;
    line_drop(&f->mon.edit);
    f->n = f->said[0] = 0;
    send(f, keys);
    return f->mon.edit.line;
}

static void test_completion(void **state)
{
    struct fix *f = *state;
    assert_string_equal(typed(f, "inf\tstat\t"), "info status ");
    assert_string_equal(typed(f, "sendk\tctrl-alt-del\t"), "sendkey ctrl-alt-delete");
    assert_string_equal(typed(f, "ej\tfl\t"), "eject floppy0 ");
    assert_string_equal(typed(f, "eject -f ide\t"), "eject -f ide1-cd0 ");
    assert_string_equal(typed(f, "help screend\t"), "help screendump ");
    assert_string_equal(typed(f, "p 1+$efl\t"), "p 1+$eflags");
    assert_string_equal(typed(f, "x/4i $ri\t"), "x/4i $rip");
    assert_string_equal(typed(f, "info status x\t"), "info status x"); /* nothing to offer */
    assert_string_equal(typed(f, "bogus x\t"), "bogus x");
    typed(f, "s\t");
    assert_non_null(strstr(f->said, "stop"));
    assert_non_null(strstr(f->said, "system_powerdown"));
    typed(f, "\t");
    assert_non_null(strstr(f->said, "mouse_button"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_requests_come_first, start, stop),
        cmocka_unit_test_setup_teardown(test_looking_changes_nothing, start, stop),
        cmocka_unit_test_setup_teardown(test_loaded_in_part, start, stop),
        cmocka_unit_test_setup_teardown(test_completion, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
