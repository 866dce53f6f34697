/*
 * x86_cpu_rig.h - a machine with one x86 processor and RAM at 0, for the tests of paging, registers and CPUID.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/interp/interp.h"
#include "base/bits.h"
#include "frontend/x86/cpu.h"

#define RAM_SIZE (16ull << 20)

struct rig {
    struct machine   *m;
    struct vcpu      *v;
    struct x86_state *s;
};

static u64 rig_host_ns(void)
{
    return 0;
}

static inline void rig_init(struct rig *r, const char *model)
{
    struct err e;
    *r = (struct rig){ .m = machine_new("test", &e) };
    assert_non_null(r->m);
    r->m->host_ns = rig_host_ns;
    r->m->clock = CLOCK_ICOUNT;
    r->m->map.open_bus = true;
    struct memobj *ram = physmap_new_obj(&r->m->map, "ram", RAM_SIZE, &e);
    assert_non_null(ram);
    physmap_map_obj(&r->m->map, REGION_RAM, 0, RAM_SIZE, ram, 0, NULL, NULL, "ram");
    assert_true(x86_cpu_new(r->m, x86_model_find(model), &interp_engine, &e));
    r->v = r->m->cpus[0];
    r->s = r->v->state;
}

static inline void rig_free(struct rig *r)
{
    machine_free(r->m);
}

static inline void put(struct rig *r, gpa a, u64 val, u32 size)
{
    assert_true(physmap_write(&r->m->map, a, &val, size));
}

static inline u64 peek(struct rig *r, gpa a, u32 size)
{
    u64 val = 0;
    assert_true(physmap_read(&r->m->map, a, &val, size));
    return val;
}

/* The function failed with this exception. */
static inline void expect_exc(struct rig *r, bool ok, u32 vector)
{
    assert_false(ok);
    assert_int_equal(x86_wiring_of(r->v)->exc.vector, vector);
    if (vector == X86_GP) {
        assert_true(x86_wiring_of(r->v)->exc.has_code);
        assert_int_equal(x86_wiring_of(r->v)->exc.code, 0);
    }
}
#define GP(r, call) expect_exc(r, call, X86_GP)
