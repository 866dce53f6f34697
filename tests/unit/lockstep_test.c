/*
 * lockstep_test.c - two machines that agree, and engines with one fault each: the check finds it, and names the
 * instruction. The faulty engine is the interpreter, but for what it does at one instruction count.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/lockstep.h"
#include "backend/interp/interp.h"
#include "frontend/arm/cpu.h"

#define RAM 0x40000000ull
#define RAM_SIZE (2u << 20)
#define CODE RAM
#define DATA (RAM + 0x10000)
#define LOOP 8u     /* instructions of the loop */

static const u32 program[] = {
    0x91000400, /* add x0, x0, #1 */
    0xcac01c21, /* eor x1, x1, x0, ror #7 */
    0x92403404, /* and x4, x0, #0x3fff */
    0xf82478a1, /* str x1, [x5, x4, lsl #3] */
    0xf86478a7, /* ldr x7, [x5, x4, lsl #3] */
    0x8b070108, /* add x8, x8, x7 */
    0xeb06001f, /* cmp x0, x6 */
    0x54ffff21, /* b.ne the first */
    0xd2800100, /* mov x0, #8 */
    0xf2b08000, /* movk x0, #0x8400, lsl #16: PSCI SYSTEM_OFF */
    0xd4000002, /* hvc #0 */
};
static const u32 sleeps[] = { 0x91000400, 0xd503207f /* wfi */ };

/* ---- an engine with a fault ---- */

enum fault {
    F_NONE, F_REGISTER, F_MEMORY, F_UNNOTED /* past the dirty map */, F_TLB, F_PRINTS, F_POWEROFF, F_HALTS, F_DISK,
    F_FAR,  /* runs on behind its budget */
    F_ONCE, /* a register, the first time only */
    F_FRESH, /* a register, once after all code was dropped */
    F_BLOCK /* a register, when SPAN instructions run in one go */
};
#define SPAN 6u
static struct {
    enum fault           fault;
    u64                  at;    /* behind this instruction */
    u32                  times, dropped;
    struct lockstep_side *side;
    struct block         *disk;
} wrong;

static void strike(struct vcpu *v)
{
    struct a64_state *s = v->state;
    u8 byte = 0xa5;
    struct err e;
    u64 old;
    wrong.times++;
    switch (wrong.fault) {
    case F_REGISTER: case F_BLOCK: s->x[8] ^= 0x100; break;
    case F_ONCE: s->x[8] ^= wrong.times == 1; break;
    case F_FRESH: s->x[8] ^= wrong.dropped != 0; wrong.dropped = 0; break;
    case F_MEMORY: assert_true(physmap_write(&v->m->map, RAM + 0x180003, &byte, 1)); break;
    case F_UNNOTED: v->m->map.objs[0]->host[0x180003] = byte; break;
    case F_TLB: mmu_read(&v->mmu, RAM + 0x1ff000, 8, A64_MMU_EL1, 0, 0, &old); break;
    case F_PRINTS: chr_write(&wrong.side->serial, "?", 1); break;
    case F_POWEROFF: machine_request(v->m, REQ_POWEROFF); break;
    case F_HALTS: v->s.halted = 1; break;
    case F_DISK: assert_true(wrong.disk->write(wrong.disk, 140010, &byte, 1, &e)); break;
    default: break;
    }
}

static bool strikes_in(u64 from, u64 to)
{
    u64 need = wrong.fault == F_BLOCK ? SPAN : 1;
    return wrong.fault && wrong.fault != F_FAR && from + need <= wrong.at && wrong.at <= to;
}

static bool wrong_attach(struct vcpu *v, struct err *e) { return interp_engine.attach(v, e); }
static void wrong_detach(struct vcpu *v) { interp_engine.detach(v); }
static void wrong_flush(struct vcpu *v)
{
    wrong.dropped = 1;
    interp_engine.flush(v);
}
static void wrong_code_written(struct vcpu *v, struct memobj *o, u64 off, u64 len)
{
    interp_engine.code_written(v, o, off, len);
}

static enum run_exit wrong_run(struct vcpu *v, u64 budget)
{
    u64 now = v->s.icount;
    if (wrong.fault == F_FAR && now + budget == wrong.at)
        budget++;
    if (!strikes_in(now, now + budget))
        return interp_engine.run(v, budget);
    while (v->s.icount < wrong.at)
        interp_engine.run(v, wrong.at - v->s.icount);
    strike(v);
    return RUN_SYNC;
}

static void wrong_dump(struct vcpu *v, gva pc, FILE *f)
{
    fprintf(f, "code for %#llx after %llu\n", (unsigned long long)pc, (unsigned long long)v->s.icount);
}

static const struct engine wrong_engine = {
    .name = "wrong", .attach = wrong_attach, .detach = wrong_detach, .run = wrong_run,
    .code_written = wrong_code_written, .flush = wrong_flush, .dump_code = wrong_dump,
};

/* ---- the pair ---- */

static u64 no_time(void)
{
    return 0;
}

static struct machine *new_machine(const struct engine *en, const u32 *code, u64 bytes, u64 loops)
{
    struct err e;
    struct machine *m = machine_new("test", &e);
    assert_non_null(m);
    m->host_ns = no_time;
    m->clock = CLOCK_ICOUNT;
    struct memobj *ram = physmap_new_obj(&m->map, "ram", RAM_SIZE, &e);
    assert_non_null(ram);
    physmap_map_obj(&m->map, REGION_RAM, RAM, RAM_SIZE, ram, 0, NULL, NULL, "ram");
    struct a64_wiring w = { .psci = A64_PSCI_HVC };
    assert_true(a64_cpu_new(m, a64_model_find("max"), en, &w, &e));
    struct a64_state *s = m->cpus[0]->state;
    assert_true(physmap_write(&m->map, CODE, code, bytes));
    m->cpus[0]->s.pc = CODE;
    s->x[5] = DATA;
    s->x[6] = loops;
    return m;
}

struct pair {
    struct lockstep      l;
    struct disk_twins    disks;
    enum lockstep_result result;
    char                *text;  /* the report */
    size_t               size;
    char                 shown[64];
    u32                  shown_len;
};

static void show(void *opaque, const u8 *p, u64 n)
{
    struct pair *r = opaque;
    for (u64 i = 0; i < n && r->shown_len + 1 < sizeof r->shown; i++)
        r->shown[r->shown_len++] = (char)p[i];
}

static void open_pair(struct pair *r, const u32 *code, u64 bytes, u64 loops)
{
    *r = (struct pair){ 0 };
    lockstep_init(&r->l);
    disk_twins_init(&r->disks);
    r->l.side[0].m = new_machine(&interp_engine, code, bytes, loops);
    r->l.side[1].m = new_machine(&wrong_engine, code, bytes, loops);
    r->l.side[0].name = "interp";
    r->l.side[1].name = "wrong";
    r->l.every = 1000;
    r->l.keep_every = 3;
    r->l.show = show;
    r->l.opaque = r;
    r->l.report = open_memstream(&r->text, &r->size);
    assert_non_null(r->l.report);
    wrong.times = 0;
    wrong.dropped = 1;
    wrong.side = &r->l.side[1];
}

static void run_pair(struct pair *r)
{
    struct err e;
    r->result = lockstep_run(&r->l, &e);
    if (r->result == LOCKSTEP_FAILED)
        fail_msg("%s", e.msg);
    fflush(r->l.report);
}

static void close_pair(struct pair *r)
{
    fclose(r->l.report);
    lockstep_free(&r->l);
    machine_free(r->l.side[0].m);
    machine_free(r->l.side[1].m);
    disk_twins_close(&r->disks);
    free(r->text);
}

/* 20,000 turns of the loop, with the fault that `wrong` says. */
static void run_wrong(struct pair *r, enum fault fault, u64 at)
{
    wrong.fault = fault;
    wrong.at = at;
    open_pair(r, program, sizeof program, 20000);
    run_pair(r);
}

static void says(const struct pair *r, const char *text)
{
    if (!strstr(r->text, text))
        fail_msg("'%s' is not in the report:\n%s", text, r->text);
}

/* The report names the instruction behind which the fault is, and where it lies. */
static void names(const struct pair *r, u64 count)
{
    char text[80];
    assert_int_equal(r->result, LOCKSTEP_DIFFERENT);
    snprintf(text, sizeof text, "interp and wrong differ behind instruction %llu\n", (unsigned long long)count);
    says(r, text);
    snprintf(text, sizeof text, "instruction %llu: pc %#llx\n", (unsigned long long)count,
             (unsigned long long)(CODE + 4 * ((count - 1) % LOOP)));
    says(r, text);
    snprintf(text, sizeof text, "code for %#llx after %llu\n", (unsigned long long)(CODE + 4 * ((count - 1) % LOOP)),
             (unsigned long long)count - 1);
    says(r, text);
}

/* ---- the tests ---- */

static void test_agree(void **state)
{
    struct pair r;
    (void)state;
    run_wrong(&r, F_NONE, 0);
    assert_int_equal(r.result, LOCKSTEP_SAME);
    assert_int_equal(r.l.side[0].end, END_POWEROFF);
    assert_int_equal(r.l.agreed, LOOP * 20000 + 3);
    assert_int_equal(r.l.checkpoints, 161);
    assert_int_equal(r.size, 0);
    close_pair(&r);
}

static void test_stop_and_sleep(void **state)
{
    struct pair r;
    (void)state;
    wrong.fault = F_NONE;
    open_pair(&r, program, sizeof program, 20000);
    r.l.stop_at = 12345;
    run_pair(&r);
    assert_int_equal(r.result, LOCKSTEP_SAME);
    assert_int_equal(r.l.agreed, 12345);
    close_pair(&r);
    open_pair(&r, sleeps, sizeof sleeps, 0);
    run_pair(&r);
    assert_int_equal(r.result, LOCKSTEP_SAME);
    assert_int_equal(r.l.side[1].end, END_STOP);
    assert_int_equal(r.l.agreed, 2);
    close_pair(&r);
}

static void test_register(void **state)
{
    static const u64 counts[] = { 1, 2, 500, 999, 1000, 1001, 3000, 3001, 7777, 159999, 160001 };
    struct pair r;
    (void)state;
    for (u32 i = 0; i < COUNT(counts); i++) {
        run_wrong(&r, F_REGISTER, counts[i]);
        if (counts[i] <= LOOP * 20000)
            names(&r, counts[i]);
        assert_int_equal(r.result, LOCKSTEP_DIFFERENT);
        says(&r, "cpu0/state x[8] ");
        assert_int_equal(r.l.kept_at, (counts[i] - 1) / 3000 * 3000);
        close_pair(&r);
    }
}

/* What the report shows of an instruction: address, bytes, IR, both values. */
static void test_report(void **state)
{
    struct pair r;
    char *at;
    (void)state;
    run_wrong(&r, F_REGISTER, 7774); /* add x8, x8, x7 */
    names(&r, 7774);
    says(&r, "bytes at ram+0x14 0801078b\n");
    says(&r, "add");
    says(&r, "host code of wrong\n");
    assert_null(strstr(r.text, "host code of interp"));
    assert_null(strstr(r.text, "cpu0/state x[7]"));
    assert_null(strstr(r.text, "ram at"));
    at = strstr(r.text, "cpu0/state x[8] ");
    assert_non_null(at);
    u64 a = strtoull(at + 16, &at, 16), b = strtoull(at, NULL, 16);
    assert_int_equal(a ^ b, 0x100);
    close_pair(&r);
}

static void test_memory(void **state)
{
    struct pair r;
    (void)state;
    run_wrong(&r, F_MEMORY, 54321);
    names(&r, 54321);
    says(&r, "ram at 0x40180000 ");
    says(&r, "0xa5000000\n");
    close_pair(&r);
}

/* A store that the dirty map does not know: too late for the instruction, but not unseen. */
static void test_unnoted(void **state)
{
    struct pair r;
    (void)state;
    run_wrong(&r, F_UNNOTED, 54321);
    assert_int_equal(r.result, LOCKSTEP_DIFFERENT);
    says(&r, "memory differs that nobody noted as written");
    says(&r, "ram at 0x40180000 ");
    close_pair(&r);
}

/* Looked at when a copy is made and at the end only: the instruction is found all the same. */
static void test_tlb(void **state)
{
    static const u64 counts[] = { 1500, 4999, 159500 };
    struct pair r;
    (void)state;
    for (u32 i = 0; i < COUNT(counts); i++) {
        run_wrong(&r, F_TLB, counts[i]);
        names(&r, counts[i]);
        says(&r, "cpu0/tlb word ");
        close_pair(&r);
    }
}

static void test_prints(void **state)
{
    struct pair r;
    (void)state;
    run_wrong(&r, F_PRINTS, 33333);
    names(&r, 33333);
    says(&r, "interp prints \"\" at the end of 0 bytes\n");
    says(&r, "wrong prints \"?\" at the end of 1 bytes\n");
    assert_string_equal(r.shown, "");
    close_pair(&r);
}

static void test_ends(void **state)
{
    struct pair r;
    (void)state;
    run_wrong(&r, F_POWEROFF, 22222);
    names(&r, 22222);
    says(&r, "interp goes on\n");
    says(&r, "wrong powered off\n");
    close_pair(&r);
    run_wrong(&r, F_HALTS, 22222);
    names(&r, 22222);
    says(&r, "cpu0 halted ");
    close_pair(&r);
}

static void test_runs_far(void **state)
{
    struct pair r;
    (void)state;
    run_wrong(&r, F_FAR, 5000); /* where the budget ends: a checkpoint */
    assert_int_equal(r.result, LOCKSTEP_DIFFERENT);
    says(&r, "differ behind instruction 5000\n");
    says(&r, "cpu0 icount ");
    close_pair(&r);
}

/* A fault of a block shows only when so much of it runs in one go. */
static void test_block(void **state)
{
    struct pair r;
    (void)state;
    run_wrong(&r, F_BLOCK, 44444);
    assert_int_equal(r.result, LOCKSTEP_DIFFERENT);
    says(&r, "differ behind instruction 44444, when the 6 up to it run in one go\n");
    says(&r, "instruction 44439: pc 0x40000018\n");
    says(&r, "instruction 44441: pc 0x40000000 00040091\n");
    says(&r, "instruction 44444: pc 0x4000000c a17824f8\n");
    says(&r, "code for 0x40000018 after 44438\n");
    says(&r, "cpu0/state x[8] ");
    close_pair(&r);
}

static void test_once(void **state)
{
    struct pair r;
    (void)state;
    run_wrong(&r, F_ONCE, 4321);
    assert_int_equal(r.result, LOCKSTEP_DIFFERENT);
    says(&r, "differ between instructions 4000 and 5000");
    says(&r, "depends on more than the machine's state");
    says(&r, "cpu0/state x[8] ");
    close_pair(&r);
}

/* What code that is there already hides comes again without it. */
static void test_fresh(void **state)
{
    struct pair r;
    (void)state;
    run_wrong(&r, F_FRESH, 4321);
    names(&r, 4321);
    says(&r, "cpu0/state x[8] ");
    close_pair(&r);
}

/* Both overlays of one image, one with a byte more. */
static void test_disk(void **state)
{
    char path[] = "/tmp/mynah-lockstep-XXXXXX", text[128];
    struct pair r;
    struct err e;
    struct block *disk[2];
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0 && !ftruncate(fd, 200000));
    wrong.fault = F_DISK;
    wrong.at = 8888;
    open_pair(&r, program, sizeof program, 20000);
    for (u32 i = 0; i < 2; i++) {
        struct block *image = block_open_raw(path, false, true, &e);
        assert_non_null(image);
        assert_non_null(disk[i] = disk_twins_wrap(&r.disks.side[i], image, &e));
        assert_true(image->write(image, 140000, "both", 4, &e)); /* as from a snapshot */
    }
    wrong.disk = disk[1];
    r.l.disks = &r.disks;
    run_pair(&r);
    names(&r, 8888);
    snprintf(text, sizeof text, "disk image '%s': the 65536 bytes from 0x20000 on differ", path);
    says(&r, text);
    assert_null(strstr(r.text, "0x10000 on"));
    for (u32 i = 0; i < 2; i++) {
        char got[4];
        assert_true(disk[i]->read(disk[i], 140000, got, 4, &e));
        assert_memory_equal(got, "both", 4);
    }
    close_pair(&r);
    for (u32 i = 0; i < 2; i++)
        disk[i]->close(disk[i]);
    close(fd);
    unlink(path);
}

/* Machines that are not alike to begin with are no pair. */
static void test_unlike(void **state)
{
    struct pair r;
    struct err e;
    (void)state;
    wrong.fault = F_NONE;
    open_pair(&r, program, sizeof program, 10);
    ((struct a64_state *)r.l.side[1].m->cpus[0]->state)->x[20] = 1;
    assert_int_equal(lockstep_run(&r.l, &e), LOCKSTEP_FAILED);
    assert_non_null(strstr(e.msg, "before the first instruction"));
    close_pair(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agree), cmocka_unit_test(test_stop_and_sleep), cmocka_unit_test(test_register),
        cmocka_unit_test(test_report), cmocka_unit_test(test_memory), cmocka_unit_test(test_unnoted),
        cmocka_unit_test(test_tlb), cmocka_unit_test(test_prints), cmocka_unit_test(test_ends),
        cmocka_unit_test(test_runs_far), cmocka_unit_test(test_block), cmocka_unit_test(test_once),
        cmocka_unit_test(test_fresh), cmocka_unit_test(test_disk), cmocka_unit_test(test_unlike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
