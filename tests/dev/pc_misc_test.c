/* pc_misc_test.c - small ports of a PC: system control port A, reset control, debug console, debug exit. */
#include "hw/misc/debug_console.h"
#include "hw/misc/fpu_error.h"
#include "hw/misc/isa_debug_exit.h"
#include "hw/misc/pc_reset.h"
#include "hw/misc/port92.h"
#include "tests/dev/rig.h"

enum { A20, INIT, FPU };

struct fix {
    struct rig            r;
    struct port92         p92;
    struct fpu_error      fpu;
    struct pc_reset       rc;
    struct debug_console  con;
    struct isa_debug_exit exit;
    struct chr            chr;
    char                  out[8];
    u32                   out_n, inits;
};

static void capture(struct chr *c, const u8 *p, u32 n)
{
    struct fix *f = c->host;
    for (u32 i = 0; i < n && f->out_n < sizeof f->out; i++)
        f->out[f->out_n++] = (char)p[i];
}

static void on_init(void *opaque, u32 n, bool level)
{
    struct fix *f = opaque;
    f->inits += level && !f->r.irq[n];
    f->r.irq[n] = level;
}

static int start(void **state)
{
    struct fix *f = calloc(1, sizeof *f);
    rig_start(&f->r);
    f->chr = (struct chr){ .write = capture, .host = f };
    port92_init(&f->p92, f->r.m, "port92");
    pc_reset_init(&f->rc, f->r.m, "reset");
    debug_console_init(&f->con, f->r.m, "debugcon", &f->chr, 0xe9);
    isa_debug_exit_init(&f->exit, f->r.m, "debug-exit");
    fpu_error_init(&f->fpu, f->r.m, "fpu-error");
    f->fpu.irq = rig_line(&f->r, FPU);
    f->p92.a20 = rig_line(&f->r, A20);
    f->p92.init = f->rc.init = (struct irq_line){ on_init, f, INIT };
    f->p92.dev.cls->reset(&f->p92.dev);
    f->rc.dev.cls->reset(&f->rc.dev);
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
static u32 requests(struct fix *f)
{
    return atomic_exchange(&f->r.m->request, 0);
}

static void test_port92(void **state)
{
    struct fix *f = *state;
    struct dev *d = &f->p92.dev;
    dev_write(d, 0, 0xfe, 1);
    assert_true(f->r.irq[A20]);
    assert_int_equal(dev_read(d, 0, 1), 0xfe);
    dev_write(d, 0, 0, 1);
    assert_false(f->r.irq[A20]);
    dev_write(d, 0, 3, 1);
    assert_true(f->r.irq[A20]);
    assert_int_equal(f->inits, 1);
    assert_false(f->r.irq[INIT]);
    dev_write(d, 0, 1, 1); /* no rise */
    assert_int_equal(f->inits, 1);
    dev_write(d, 0, 2, 1);
    dev_write(d, 0, 3, 1);
    assert_int_equal(f->inits, 2);
    assert_int_equal(requests(f), 0);
    f->r.irq[A20] = false;
    d->cls->resumed(d);
    assert_true(f->r.irq[A20]);
    d->cls->reset(d);
    assert_false(f->r.irq[A20]);
    assert_int_equal(dev_read(d, 0, 1), 0);
    f->p92.init = (struct irq_line){ 0 };
    dev_write(d, 0, 1, 1);
    assert_int_equal(requests(f), REQ_RESET);
    rig_check_class(d);
    rig_scribble(d, 1, 1000);
}

static void set_ferr(struct fix *f, bool active)
{
    f->fpu.pins.write(f->fpu.pins.opaque, SYSREG_X86_FERR, active);
}
static u64 ignne(struct fix *f) { return f->fpu.pins.read(f->fpu.pins.opaque, SYSREG_X86_FERR); }

/* The interrupt outlasts FERR#, IGNNE# does not. */
static void test_fpu_error(void **state)
{
    struct fix *f = *state;
    struct dev *d = &f->fpu.dev;
    f->fpu.dev.cls->reset(d);
    set_ferr(f, true);
    assert_true(f->r.irq[FPU]);
    assert_int_equal(ignne(f), 0);
    set_ferr(f, false);
    assert_true(f->r.irq[FPU]);
    dev_write(d, 0, 0, 1);
    assert_false(f->r.irq[FPU]);
    assert_int_equal(ignne(f), 0);
    set_ferr(f, true);
    dev_write(d, 0, 0, 1);
    assert_false(f->r.irq[FPU]);
    assert_int_equal(ignne(f), 1);
    set_ferr(f, true); /* no edge */
    assert_false(f->r.irq[FPU]);
    set_ferr(f, false);
    assert_int_equal(ignne(f), 0);
    set_ferr(f, true);
    assert_true(f->r.irq[FPU]);
    d->cls->reset(d);
    assert_false(f->r.irq[FPU]);
}

static void test_reset_control(void **state)
{
    struct fix *f = *state;
    struct dev *d = &f->rc.dev;
    dev_write(d, 0, 0xfb, 1);
    assert_int_equal(dev_read(d, 0, 1), 0xa);
    assert_int_equal(requests(f), 0);
    dev_write(d, 0, 6, 1);
    assert_int_equal(requests(f), REQ_RESET);
    assert_int_equal(dev_read(d, 0, 1), 2);
    assert_int_equal(f->inits, 0);
    dev_write(d, 0, 4, 1);
    assert_int_equal(f->inits, 1);
    assert_int_equal(requests(f), 0);
    d->cls->reset(d);
    assert_int_equal(dev_read(d, 0, 1), 0);
    rig_check_class(d);
    rig_scribble(d, 1, 1000);
}

static void test_debug_console(void **state)
{
    struct fix *f = *state;
    assert_int_equal(dev_read(&f->con.dev, 0, 1), 0xe9);
    dev_write(&f->con.dev, 0, 'o', 1);
    dev_write(&f->con.dev, 0, 'k', 1);
    assert_int_equal(f->out_n, 2);
    assert_memory_equal(f->out, "ok", 2);
    f->con.chr = NULL;
    dev_write(&f->con.dev, 0, 'k', 1);
    assert_int_equal(f->out_n, 2);
}

static void test_debug_exit(void **state)
{
    struct fix *f = *state;
    assert_int_equal(dev_read(&f->exit.dev, 0, 4), 0);
    assert_int_equal(requests(f), 0);
    assert_int_equal(f->r.m->exit_code, 0);
    dev_write(&f->exit.dev, 0, 0x10, 4);
    assert_int_equal(requests(f), REQ_QUIT);
    assert_int_equal(f->r.m->exit_code, 0x21);
    dev_write(&f->exit.dev, 0, 0, 1);
    assert_int_equal(f->r.m->exit_code, 1);
    f->exit.dev.m = NULL; /* alone, as in a register test */
    dev_write(&f->exit.dev, 0, 5, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_port92), T(test_fpu_error), T(test_reset_control), T(test_debug_console), T(test_debug_exit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
