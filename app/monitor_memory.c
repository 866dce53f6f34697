/*
 * monitor_memory.c - commands that show numbers: memory by virtual and by physical address, expressions.
 *
 * Memory is RAM and ROM alone: a device's registers are not read, since that may change the device; page tables are
 * walked without their accessed bits. So nothing here changes the machine.
 */
#include "app/monitor_cmd.h"
#include "backend/common/disasm.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;

#define COUNT_MAX 16384u
#define INSN_MAX  15u

struct shape { u32 count, size; char format; }; /* size: bytes; 0: not said */

/* COUNT, a format of x d u o c i, a size of b h w g. */
static bool parse_shape(const char *text, struct shape *s, struct err *e)
{
    static const char sizes[] = "bhwg";
    const char *p = text;
    char *end;
    *s = (struct shape){ 1, 0, 'x' };
    if (isdigit((u8)*p)) {
        ull n = strtoull(p, &end, 10);
        if (!n || n > COUNT_MAX)
            return err_set(e, "'/%s': from 1 to %u can be shown", text, COUNT_MAX);
        s->count = (u32)n;
        p = end;
    }
    for (; *p; p++) {
        const char *size = strchr(sizes, *p);
        if (size)
            s->size = 1u << (size - sizes);
        else if (strchr("xduoci", *p))
            s->format = *p;
        else
            return err_set(e, "'/%s': a format is one of x d u o c i, a size one of b h w g", text);
    }
    return true;
}

/* ---- reading ---- */

/* Where a virtual address is, in whatever way the CPU could read it: its present mode first. */
static bool find(struct vcpu *v, gva va, gpa *pa)
{
    u32 now = (u32)v->guest->mode(v) & (MMU_MODES - 1);
    for (u32 i = 0; i < 2 * MMU_MODES; i++) {
        enum mmu_access acc = i < MMU_MODES ? MMU_READ : MMU_FETCH;
        struct xlat x;
        if (!mmu_look(&v->mmu, va, acc, now ^ (i % MMU_MODES), &x))
            continue;
        *pa = x.pa;
        return true;
    }
    return false;
}

/* n bytes, up to where the first one is missing; returns how many. */
static u32 fetch(struct vcpu *v, u64 at, bool physical, u8 *out, u32 n)
{
    u32 got = 0;
    while (got < n) {
        u64 a = at + got;
        gpa pa = a;
        u32 part = MIN(n - got, PAGE_SIZE - (u32)(a % PAGE_SIZE));
        if ((!physical && !find(v, a, &pa)) || !physmap_read(&v->m->map, pa, out + got, part))
            break;
        got += part;
    }
    return got;
}

static void cannot(struct monitor_page *p, u64 at)
{
    fprintf(p->f, "Cannot access memory at address %#llx\n", (ull)at);
}

/* ---- showing ---- */

static void put_char(FILE *f, u64 val)
{
    static const struct { char c, name; } named[] = { { '\n', 'n' }, { '\r', 'r' }, { '\t', 't' }, { '\'', '\'' },
                                                      { '\\', '\\' } };
    for (u32 i = 0; i < COUNT(named); i++)
        if (val == (u8)named[i].c) {
            fprintf(f, "'\\%c'", named[i].name);
            return;
        }
    fprintf(f, val >= 32 && val < 127 ? "'%c'" : "'\\x%02x'", (u32)val);
}

/* width: that of the largest value. */
static void put_value(FILE *f, char format, u64 val, u32 size)
{
    u32 bits = 8 * size, shift = 64 - bits;
    static const u8 digits[] = { 0, 3, 5, 0, 10, 0, 0, 0, 20 };
    switch (format) {
    case 'x': fprintf(f, "0x%0*llx", (int)(2 * size), (ull)val); break;
    case 'u': fprintf(f, "%*llu", (int)digits[size], (ull)val); break;
    case 'd': fprintf(f, "%*lld", (int)digits[size] + 1, (long long)(i64)(val << shift) >> shift); break;
    case 'o': fprintf(f, "%#*llo", (int)(bits + 2) / 3, (ull)val); break;
    default: put_char(f, val); break;
    }
}

static void show_values(struct vcpu *v, struct monitor_page *p, u64 at, bool physical, const struct shape *s)
{
    u32 size = s->size ? s->size : s->format == 'c' ? 1 : 4, across = size == 1 ? 8 : 16 / size;
    for (u32 i = 0; i < s->count; i++, at += size) {
        u64 val = 0;
        if (i % across == 0)
            fprintf(p->f, "%s%016llx:", i ? "\n" : "", (ull)at);
        if (fetch(v, at, physical, (u8 *)&val, size) < size) {
            fprintf(p->f, "\n");
            cannot(p, at);
            return;
        }
        putc(' ', p->f);
        put_value(p->f, s->format, val, size);
    }
    fprintf(p->f, "\n");
}

static void show_code(struct monitor *mon, struct monitor_page *p, u64 at, bool physical, u32 count)
{
    struct vcpu *v = monitor_cpu(mon);
    u32 step = v->guest->min_insn;
    struct err e;
    struct disasm *d = monitor_disasm(mon, &e);
    if (!d)
        fprintf(p->f, "%s\n", e.msg);
    for (u32 i = 0; d && i < count; i++) {
        u8 bytes[INSN_MAX];
        char text[160];
        u32 n = fetch(v, at, physical, bytes, step == 1 ? INSN_MAX : step);
        if (n < step) {
            cannot(p, at);
            return;
        }
        u32 len = disasm_one(d, bytes, n, at, text, sizeof text), used = len ? len : step;
        fprintf(p->f, "0x%08llx:  ", (ull)at);
        for (u32 k = 0; k < (step == 1 ? 11 : step) || k < used; k++)
            fprintf(p->f, k < used ? "%02x " : "   ", k < used ? bytes[k] : 0);
        for (char *c = text; *c; c++)
            *c = *c == '\t' ? ' ' : *c;
        fprintf(p->f, " %s\n", text + strspn(text, " "));
        at += used;
    }
}

static void examine(struct monitor *mon, const struct monitor_args *a, const char *name, bool physical)
{
    struct monitor_page p;
    struct shape s;
    struct err e;
    u64 at;
    if (!parse_shape(a->format, &s, &e) || !monitor_eval(monitor_cpu(mon), a->rest, &at, &e)) {
        monitor_say(mon, "%s: %s\n", name, e.msg);
        return;
    }
    if (!monitor_page_open(mon, &p))
        return;
    if (s.format == 'i')
        show_code(mon, &p, at, physical, s.count);
    else
        show_values(monitor_cpu(mon), &p, at, physical, &s);
    monitor_page_close(mon, &p);
}

static void examine_virtual(struct monitor *mon, const struct monitor_args *a) { examine(mon, a, "x", false); }
static void examine_physical(struct monitor *mon, const struct monitor_args *a) { examine(mon, a, "xp", true); }

static void print(struct monitor *mon, const struct monitor_args *a)
{
    struct monitor_page p;
    struct shape s;
    struct err e;
    u64 val;
    bool ok = parse_shape(*a->format ? a->format : "d", &s, &e);
    if (ok && (s.format == 'i' || s.count != 1 || s.size))
        ok = err_set(&e, "'/%s': a format is one of x d u o c", a->format);
    if (!ok || !monitor_eval(monitor_cpu(mon), a->rest, &val, &e)) {
        monitor_say(mon, "print: %s\n", e.msg);
        return;
    }
    if (!monitor_page_open(mon, &p))
        return;
    switch (s.format) {
    case 'x': fprintf(p.f, "%#llx", (ull)val); break;
    case 'u': fprintf(p.f, "%llu", (ull)val); break;
    case 'd': fprintf(p.f, "%lld", (long long)val); break;
    case 'o': fprintf(p.f, "%#llo", (ull)val); break;
    default: put_char(p.f, val & 0xff); break;
    }
    putc('\n', p.f);
    monitor_page_close(mon, &p);
}

static void complete(struct monitor *mon, u32 n, const char *text, u32 len, struct line_choices *c)
{
    (void)n;
    for (u32 i = len; i--;)
        if (text[i] == '$') {
            c->from += i + 1;
            c->open = true;
            monitor_offer_registers(monitor_cpu(mon), text + i + 1, len - i - 1, c);
            return;
        }
}

const struct monitor_command monitor_memory_commands[] = {
    { "x", "", "[/FORMAT] ADDRESS", "show memory at a virtual address; FORMAT: how many, x d u o c i, b h w g", 0,
      MONITOR_LINE, examine_virtual, complete },
    { "xp", "", "[/FORMAT] ADDRESS", "the same at a physical address", 0, MONITOR_LINE, examine_physical, complete },
    { "print", "p", "[/FORMAT] NUMBER", "work out a number; $NAME is a register", 0, MONITOR_LINE, print, complete },
    { 0 },
};
