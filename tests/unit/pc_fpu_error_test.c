/*
 * pc_fpu_error_test.c - the PC's wires of floating-point errors: FERR#, IRQ 13 at the 8259, port 0xF0, IGNNE#.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/interp/interp.h"
#include "base/bits.h"
#include "frontend/x86/cpu.h"
#include "hw/boards/pc.h"

#define CODE 0x100000u

struct rig {
    struct machine   *m;
    struct vcpu      *v;
    struct x86_state *s;
    char              kernel[32];
};

static u64 no_time(void) { return 0; }

static bool add_cpu(struct machine *m, void *opaque, struct err *e)
{
    return x86_cpu_new(m, x86_model_find(opaque), &interp_engine, e);
}

/* The smallest bzImage: a sector of setup, and these bytes at 1 MiB. */
static void write_kernel(struct rig *r, const u8 *code, u32 len)
{
    u8 b[1024 + 16] = { [0x1f1] = 1, [0x1f4] = 1, [0x1fe] = 0x55, [0x1ff] = 0xaa,
                        [0x206] = 2, [0x207] = 2, [0x211] = 1 };
    memcpy(b + 0x202, "HdrS", 4);
    store_le32(b + 0x214, CODE);
    memcpy(b + 1024, code, len);
    strcpy(r->kernel, "/tmp/pc_fpu_error.XXXXXX");
    int fd = mkstemp(r->kernel);
    assert_true(fd >= 0 && write(fd, b, sizeof b) == (ssize_t)sizeof b);
    close(fd);
}

static void start(struct rig *r, const u8 *code, u32 len)
{
    struct err e = { .msg = "" };
    char cpu[] = "486";
    struct pc_config c = { .add_cpu = add_cpu, .cpu_opaque = cpu, .ram_size = 16 << 20, .kernel = r->kernel,
                           .deterministic = true };
    write_kernel(r, code, len);
    r->m = machine_new("test", &e);
    assert_non_null(r->m);
    r->m->host_ns = no_time;
    r->m->clock = CLOCK_ICOUNT;
    if (!pc_build(r->m, &c, &e))
        fail_msg("%s", e.msg);
    unlink(r->kernel);
    r->v = r->m->cpus[0];
    r->s = r->v->state;
    assert_int_equal(r->v->s.pc, CODE);
}

static void out(struct rig *r, u32 port, u32 val) { iobus_write(&r->m->io, port, val, 1); }

/* Vectors 0x70 and up for the second 8259; only IRQ 13 is not masked. */
static void set_up_pics(struct rig *r)
{
    static const u8 words[][4] = { { 0x11, 0x20, 4, 1 }, { 0x11, 0x70, 2, 1 } };
    for (u32 c = 0; c < 2; c++)
        for (u32 i = 0; i < 4; i++)
            out(r, (c ? 0xa0 : 0x20) + (i > 0), words[c][i]);
    out(r, 0x21, 0xfb);
    out(r, 0xa1, 0xdf);
}

static void step(struct rig *r, u32 count)
{
    u64 end = r->v->s.icount + count;
    while (r->v->s.icount < end && !r->v->s.halted)
        interp_engine.run(r->v, end - r->v->s.icount);
}

static u32 acknowledge(struct rig *r)
{
    const struct sysreg_port *p = r->v->ports[SYSREG_X86_INTACK];
    return (u32)p->read(p->opaque, SYSREG_X86_INTACK);
}

static void test_error(void **state)
{
    (void)state;
    /* FLD1; FLDZ; FDIVP; FWAIT; FNCLEX; FLD1; FLDZ; FDIVP; FWAIT */
    static const u8 code[] = { 0xd9, 0xe8, 0xd9, 0xee, 0xde, 0xf9, 0x9b, 0xdb,
                               0xe2, 0xd9, 0xe8, 0xd9, 0xee, 0xde, 0xf9, 0x9b };
    struct rig r;
    start(&r, code, sizeof code);
    set_up_pics(&r);
    r.s->fcw = 0x37b;
    r.s->ftw = 0;
    assert_int_equal(r.s->cr0 & X86_CR0_NE, 0);
    step(&r, 4);
    assert_true(r.v->s.halted);
    assert_int_equal(r.v->s.pc, CODE + 6);
    assert_true(r.v->irq & VCPU_IRQ);
    assert_int_equal(acknowledge(&r), 0x75);
    out(&r, 0xa0, 0x20);
    out(&r, 0x20, 0x20);
    out(&r, 0xf0, 0);
    assert_false(r.v->irq & VCPU_IRQ);
    r.v->s.halted = 0; /* the handler is back */
    step(&r, 2);
    assert_int_equal(r.v->s.pc, CODE + 9);
    step(&r, 4);
    assert_true(r.v->s.halted);
    assert_int_equal(r.v->s.pc, CODE + 15);
    assert_true(r.v->irq & VCPU_IRQ);
    assert_int_equal(iobus_read(&r.m->io, 0xf0, 1), 0xff);
    machine_free(r.m);
}

/* The port without an error ignores none that comes later. */
static void test_early_write(void **state)
{
    (void)state;
    static const u8 code[] = { 0xd9, 0xe8, 0xd9, 0xee, 0xde, 0xf9, 0x9b };
    struct rig r;
    start(&r, code, sizeof code);
    set_up_pics(&r);
    r.s->fcw = 0x37b;
    r.s->ftw = 0;
    out(&r, 0xf0, 0);
    step(&r, 4);
    assert_true(r.v->s.halted);
    assert_true(r.v->irq & VCPU_IRQ);
    machine_free(r.m);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_error), cmocka_unit_test(test_early_write) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
