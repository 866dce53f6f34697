/*
 * lockstep_report.c - tells of the first instruction behind which two machines differ: where it is, its bytes and IR,
 * what each engine made of it.
 */
#include "app/lockstep.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- what comes next ---- */

/* An engine that runs nothing: the run loop has delivered events and interrupts, and this is the next instruction. */
struct peek {
    const struct engine *real;
    void                *data;  /* the real engine's */
    bool                 seen;  /* else: none is run */
};

static enum run_exit peek_run(struct vcpu *v, u64 budget)
{
    (void)budget;
    ((struct peek *)v->engine_data)->seen = true;
    machine_request(v->m, REQ_STOP);
    return RUN_SYNC;
}

static struct peek *unhide(struct vcpu *v)
{
    struct peek *p = v->engine_data;
    v->engine_data = p->data;
    return p;
}

static void peek_code_written(struct vcpu *v, struct memobj *o, u64 off, u64 len)
{
    struct peek *p = unhide(v);
    p->real->code_written(v, o, off, len);
    v->engine_data = p;
}

static void peek_flush(struct vcpu *v)
{
    struct peek *p = unhide(v);
    p->real->flush(v);
    v->engine_data = p;
}

static const struct engine peek_engine = {
    .name = "peek", .run = peek_run, .code_written = peek_code_written, .flush = peek_flush,
};

/* Brings the machine to the start of its next instruction. False: there is none. */
static bool to_next(struct machine *m)
{
    struct vcpu *v = m->cpus[m->cur];
    struct peek p = { .real = v->engine, .data = v->engine_data };
    v->engine = &peek_engine;
    v->engine_data = &p;
    m->stop_at = ~0ull;
    (void)machine_run(m);
    v->engine = p.real;
    v->engine_data = p.data;
    return p.seen;
}

/* ---- the instructions ---- */

static bool fetch(struct vcpu *v, struct memobj **o, u64 *off)
{
    return mmu_fetch(&v->mmu, v->s.pc, (u32)v->guest->mode(v) & 15, o, off) == MMU_OK;
}

static void print_bytes(const u8 *p, u64 n, u32 group, FILE *f)
{
    for (u64 i = 0; i < n; i++)
        fprintf(f, "%s%02x", i % group ? "" : " ", p[i]);
    fprintf(f, "\n");
}

/* Up to `span` instructions from the vCPU's pc on, as a frontend sees them: where, bytes, IR. */
static void print_block(struct vcpu *v, u64 span, FILE *f)
{
    struct memobj *o;
    u64 off, mode = v->guest->mode(v);
    struct ir_block *b = malloc(sizeof *b);
    if (b && fetch(v, &o, &off)) {
        struct guest_code code = { .bytes = o->host + off, .avail = PAGE_SIZE - (u32)(off % PAGE_SIZE),
                                   .max_insns = (u32)MIN(span, 64) };
        v->guest->lift(v, mode, &code, b);
        fprintf(f, "bytes at %s+%#llx", o->name, (unsigned long long)off);
        print_bytes(code.bytes, MIN(b->guest_len, code.avail), v->guest->min_insn, f);
        fprintf(f, "IR in mode %#llx\n", (unsigned long long)mode);
        ir_print(b, f);
    } else if (b) {
        fprintf(f, "its fetch faults\n");
    }
    free(b);
}

/* Where both go on behind `at`; machines are left there. The second one is named only where it is not the same. */
static void print_next(struct lockstep *l, u64 at, u64 span)
{
    struct vcpu *v[2];
    bool runs[2];
    FILE *f = l->report;
    for (u32 i = 0; i < 2; i++) {
        struct machine *m = l->side[i].m;
        runs[i] = to_next(m);
        v[i] = m->cpus[m->cur];
    }
    bool alike = runs[0] == runs[1] && v[0]->s.pc == v[1]->s.pc;
    for (u32 i = 0; i < (alike ? 1 : 2); i++) {
        fprintf(f, "instruction %llu", (unsigned long long)at + 1);
        if (!alike)
            fprintf(f, " of %s", l->side[i].name);
        fprintf(f, ": pc %#llx%s\n", (unsigned long long)v[i]->s.pc, runs[i] ? "" : ", nothing runs any more");
        v[i]->guest->dump(v[i], f);
        if (runs[i])
            print_block(v[i], span, f);
    }
}

/* ---- what differs ---- */

static const char *end_text(enum machine_end end)
{
    switch (end) {
    case END_POWEROFF: return "powered off";
    case END_RESET: return "was reset";
    case END_STOP: return "waits for input";
    default: return "goes on";
    }
}

static void print_output(const struct lockstep_side *s, FILE *f)
{
    fprintf(f, "  %s prints \"", s->name);
    for (u64 i = s->out.len > 64 ? s->out.len - 64 : 0; i < s->out.len; i++)
        if (isprint(s->out.p[i]))
            putc(s->out.p[i], f);
        else
            fprintf(f, "\\x%02x", s->out.p[i]);
    fprintf(f, "\" at the end of %llu bytes\n", (unsigned long long)s->out.len);
}

void lockstep_print_differences(const struct lockstep *l, FILE *f)
{
    const char *const name[2] = { l->side[0].name, l->side[1].name };
    const struct buf *a = &l->side[0].out, *b = &l->side[1].out;
    fprintf(f, "differences\n");
    twins_print(l->twins, name, f);
    if (l->disks)
        disk_twins_print(l->disks, f);
    for (u32 i = 0; i < 2 && l->side[0].end != l->side[1].end; i++)
        fprintf(f, "  %s %s\n", l->side[i].name, end_text(l->side[i].end));
    for (u32 i = 0; i < 2 && (a->len != b->len || (a->len && memcmp(a->p, b->p, a->len))); i++)
        print_output(&l->side[i], f);
}

/* ---- the report ---- */

#define TRACE_MAX 64u

/* Where the first machine goes from here, without IR. */
static void print_step(struct lockstep *l, u64 at)
{
    struct machine *m = l->side[0].m;
    struct vcpu *v = m->cpus[m->cur];
    struct memobj *o;
    u64 off;
    if (!to_next(m))
        return;
    fprintf(l->report, "instruction %llu: pc %#llx", (unsigned long long)at + 1, (unsigned long long)v->s.pc);
    u32 n = v->guest->min_insn;
    if (fetch(v, &o, &off))
        print_bytes(o->host + off, MIN(n, PAGE_SIZE - off % PAGE_SIZE), n, l->report);
    else
        fprintf(l->report, ", its fetch faults\n");
}

/* The other instructions of a span, or the last of them. */
static bool print_way(struct lockstep *l, u64 count, u64 span, struct err *e)
{
    for (u64 at = count - MIN(span - 1, TRACE_MAX); at < count; at++) {
        if (!lockstep_back(l, e))
            return false;
        (void)lockstep_go(l, l->kept_at, at);
        print_step(l, at);
    }
    return true;
}

/* The instructions in one go, with the logs that the user asked for. */
static bool run_span(struct lockstep *l, u64 start, u64 count, struct err *e)
{
    if (!lockstep_back(l, e))
        return false;
    (void)lockstep_go(l, l->kept_at, start);
    fflush(l->report);
    for (u32 i = 0; i < 2; i++)
        l->side[i].m->log.mask = l->log_mask;
    (void)lockstep_go(l, start, count);
    for (u32 i = 0; i < 2; i++)
        l->side[i].m->log.mask = 0;
    lockstep_print_differences(l, l->report);
    return true;
}

static bool print_host_code(struct lockstep *l, u64 start, struct err *e)
{
    if (!l->side[0].m->cpus[0]->engine->dump_code && !l->side[1].m->cpus[0]->engine->dump_code)
        return true;
    l->cold = false; /* the code of the run before is to be seen */
    if (!lockstep_back(l, e))
        return false;
    (void)lockstep_go(l, l->kept_at, start);
    for (u32 i = 0; i < 2; i++) {
        struct machine *m = l->side[i].m;
        struct vcpu *v = m->cpus[m->cur];
        if (!v->engine->dump_code || !to_next(m))
            continue;
        fprintf(l->report, "host code of %s\n", l->side[i].name);
        v->engine->dump_code(v, v->s.pc, l->report);
    }
    return true;
}

bool lockstep_report(struct lockstep *l, u64 count, u64 span, struct err *e)
{
    u64 start = count - span;
    fprintf(l->report, "lockstep: %s and %s differ behind instruction %llu", l->side[0].name, l->side[1].name,
            (unsigned long long)count);
    if (span > 1)
        fprintf(l->report, ", when the %llu up to it run in one go", (unsigned long long)span);
    fprintf(l->report, "\n");
    if (!lockstep_back(l, e))
        return false;
    (void)lockstep_go(l, l->kept_at, start);
    print_next(l, start, span);
    bool ok = print_way(l, count, span, e) && run_span(l, start, count, e) && print_host_code(l, start, e);
    fflush(l->report);
    return ok;
}
