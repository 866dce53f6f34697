/* irtest.c - runs the files of tests/ir: parser, verifier, printer, passes and execution. The format:
 * tests/ir/README. */
#include "tests/ir/exec_interp.h"
#include <inttypes.h>
#include <stdio.h>

#define FIELDS 128u
#define CASES 48u
#define NOTES 64u

struct note { /* init or expect of a field */
    u32          field;
    union ir_val v;
};

struct bytes {
    u64 addr;
    u32 len;
    u8  b[64];
};

struct ir_case {
    char               name[64];
    u64                pc;
    struct note        init[NOTES], want[NOTES];
    u32                init_count, want_count;
    struct bytes       mem[NOTES], want_mem[NOTES];
    u32                mem_count, want_mem_count;
    struct world_fault faults[WORLD_FAULTS];
    u32                fault_count;
    u32                repeat, runs; /* runs 0: not said */
    struct outcome     out;
    bool               has_exit, has_pc;
};

struct file {
    char             name[128];
    char             names[FIELDS][24];
    struct ir_field  fields[FIELDS];
    struct ir_range  ranges[8];
    char             range_names[8][24];
    struct ir_helper helpers[8];
    struct ir_layout layout;
    struct { u32 field, n; } sets[16];
    u32              sets_count;
    char             refuse[128];
    char            *block; /* its text */
    struct ir_case   cases[CASES];
    u32              case_count;
    struct ir_block  lifted, optimised, again;
    u8               state[4096], want[4096];
    struct world     world, want_world;
    struct err       e;
    char            *next;  /* rest of the line being parsed */
    u32              line;
};

/* ---- helpers that files may declare; a vCPU's wiring is the struct world ---- */

static struct world *world_of(struct vcpu *c)
{
    return c->wiring;
}

static u8 *state_at(struct world *w, const char *name)
{
    for (u32 i = 0; i < w->layout->field_count; i++)
        if (!strcmp(w->layout->fields[i].name, name))
            return w->state + w->layout->fields[i].offset;
    CHECK(!"a helper's field is missing in the test");
    return NULL;
}

static u64 raise_in(struct vcpu *c, u64 code)
{
    struct world *w = world_of(c);
    c->raised = w->left = true;
    w->out = (struct outcome){ .how = LEFT_RAISED, .pc = c->s.pc, .code = code };
    return 0;
}

/* A secure monitor that counts its calls in x0. */
static u64 help_smc(struct vcpu *c, u64 imm, u64 arg, u64 z)
{
    (void)z;
    u8 *x0 = state_at(world_of(c), "x0");
    store_le64(x0, load_le64(x0) + imm);
    return imm ^ arg;
}

/* Code at a line was changed. */
static u64 help_code_changed(struct vcpu *c, u64 addr, u64 y, u64 z)
{
    (void)c, (void)addr, (void)y, (void)z;
    return 0;
}

static u64 help_mix(struct vcpu *c, u64 x, u64 y, u64 z)
{
    (void)c;
    return x * 3 + y * 5 + z * 7;
}

/* Raises `code` unless it is 0. */
static u64 help_trap(struct vcpu *c, u64 code, u64 y, u64 z)
{
    (void)y, (void)z;
    return code ? raise_in(c, code) : 0;
}

/* DIV r/m64 where the quotient fits: high, low, divisor. */
static u64 help_udiv128(struct vcpu *c, u64 hi, u64 lo, u64 d)
{
    (void)c;
    return d ? (u64)(((u128)hi << 64 | lo) / d) : 0;
}

/* How many of len bytes at addr can be read without a fault. */
static u64 help_readable(struct vcpu *c, u64 addr, u64 len, u64 z)
{
    (void)z;
    u64 bad;
    return world_bad_byte(world_of(c), addr, len, (struct ir_mem){ 0 }, false, &bad) ? bad - addr : len;
}

/* CALL ptr16:32 in protected mode, no gate: selector, offset, return offset. #GP for the null selector. */
static u64 help_far_call(struct vcpu *c, u64 sel, u64 off, u64 ret)
{
    struct world *w = world_of(c);
    u8 *sp = state_at(w, "esp"), *cs = state_at(w, "cs");
    union ir_val v = { .d = { ret, 0 } };
    struct ir_mem m = { .addr32 = 1 };
    if (!(sel & 0xfffc))
        return raise_in(c, 13);
    u32 at = load_le32(sp) - 8;
    world_put(w, at, 4, m, &v);
    v.d[0] = load_le16(cs);
    world_put(w, at + 4, 4, m, &v);
    store_le32(sp, at);
    store_le16(cs, (u16)sel);
    return off;
}

static const struct ir_helper known_helpers[] = {
    { "smc", help_smc, IR_I64, 2, IR_H_SYNC | IR_H_READS | IR_H_WRITES },
    { "code_changed", help_code_changed, IR_VOID, 1, IR_H_SYNC },
    { "mix", help_mix, IR_I64, 3, 0 },
    { "trap", help_trap, IR_VOID, 1, IR_H_FAULT },
    { "udiv128", help_udiv128, IR_I64, 3, 0 },
    { "readable", help_readable, IR_I64, 2, IR_H_READS },
    { "far_call", help_far_call, IR_I64, 3, IR_H_FAULT | IR_H_MEM | IR_H_READS | IR_H_WRITES },
};

/* ---- reading a file ---- */

static bool bad(struct file *f, const char *what, const char *word)
{
    return err_set(&f->e, "line %u: %s \"%s\"", f->line, what, word ? word : "");
}

/* Next word of the line, or NULL. */
static char *word(struct file *f)
{
    char *s = f->next;
    while (*s == ' ' || *s == '\t')
        s++;
    if (!*s || *s == '#')
        return NULL;
    char *end = s + strcspn(s, " \t");
    f->next = *end ? end + 1 : end;
    *end = 0;
    return s;
}

static bool number(struct file *f, u64 *v)
{
    char *s = word(f), *end;
    if (!s)
        return bad(f, "a number is missing", "");
    *v = *s == '-' ? (u64)strtoll(s, &end, 0) : strtoull(s, &end, 0);
    return *end ? bad(f, "not a number:", s) : true;
}

static bool find_field(struct file *f, const char *name, u32 *n)
{
    for (*n = 0; *n < f->layout.field_count; ++*n)
        if (name && !strcmp(f->names[*n], name))
            return true;
    return bad(f, "no such field:", name);
}

static bool add_field(struct file *f, enum ir_type t, const char *name)
{
    u32 n = f->layout.field_count, size = ir_bytes(t), align = MIN(size, 16u);
    if (n == FIELDS || strlen(name) >= sizeof f->names[0])
        return bad(f, "too many fields or too long a name:", name);
    strcpy(f->names[n], name);
    f->layout.state_size = (u32)align_up(f->layout.state_size, align);
    f->fields[n] = (struct ir_field){ f->names[n], (u8)t, f->layout.state_size };
    f->layout.state_size += size;
    f->layout.field_count++;
    return f->layout.state_size <= sizeof f->state || bad(f, "too much state:", name);
}

static bool parse_field(struct file *f)
{
    char *s = word(f);
    u32 t = 1;
    while (s && t < IR_TYPE_COUNT && strcmp(s, ir_type_name((enum ir_type)t)))
        t++;
    if (!s || t == IR_TYPE_COUNT)
        return bad(f, "no such type:", s);
    while ((s = word(f)))
        if (!add_field(f, (enum ir_type)t, s))
            return false;
    return true;
}

static bool parse_range(struct file *f)
{
    struct ir_range *r = &f->ranges[f->layout.range_count];
    u32 first;
    u64 count;
    char *name = word(f);
    if (!name || f->layout.range_count == COUNT(f->ranges) || strlen(name) >= sizeof f->range_names[0])
        return bad(f, "too many ranges", name);
    strcpy(f->range_names[f->layout.range_count], name);
    if (!find_field(f, word(f), &first) || !number(f, &count))
        return false;
    *r = (struct ir_range){ f->range_names[f->layout.range_count++], (u16)first, (u16)count };
    return (count && first + count <= f->layout.field_count) || bad(f, "the range is too long:", name);
}

static bool parse_helper(struct file *f)
{
    char *name = word(f);
    for (u32 i = 0; name && i < COUNT(known_helpers); i++)
        if (!strcmp(name, known_helpers[i].name) && f->layout.helper_count < COUNT(f->helpers)) {
            f->helpers[f->layout.helper_count++] = known_helpers[i];
            return true;
        }
    return bad(f, "no such helper:", name);
}

static bool parse_fpenv(struct file *f)
{
    f->layout.fp_env = (u32)align_up(f->layout.state_size, 4);
    return add_field(f, IR_I32, "fpctl") && add_field(f, IR_I32, "fpflags");
}

static bool parse_note(struct file *f, const char *name, struct note *list, u32 *n)
{
    struct note *o = &list[*n];
    memset(o, 0, sizeof *o);
    if (*n == NOTES || !find_field(f, name, &o->field))
        return *n == NOTES ? bad(f, "too many lines for", name) : false;
    u32 words = (ir_bytes((enum ir_type)f->fields[o->field].type) + 7) / 8;
    for (u32 i = 0; i < words; i++) {
        if (i && !*(f->next + strspn(f->next, " \t")))
            break;
        if (!number(f, &o->v.d[i]))
            return false;
    }
    ++*n;
    return true;
}

static bool parse_bytes(struct file *f, struct bytes *list, u32 *n)
{
    struct bytes *m = &list[*n];
    m->len = 0;
    if (*n == NOTES || !number(f, &m->addr))
        return *n == NOTES ? bad(f, "too many mem lines", "") : false;
    for (char *s; (s = word(f)); m->len++) {
        if (m->len == sizeof m->b || strspn(s, "0123456789abcdefABCDEF") != 2 || s[2])
            return bad(f, "not a byte, or too many:", s);
        m->b[m->len] = (u8)strtoul(s, NULL, 16);
    }
    ++*n;
    return true;
}

static bool parse_fault(struct file *f, struct ir_case *c)
{
    struct world_fault *w = &c->faults[c->fault_count];
    if (c->fault_count == WORLD_FAULTS || !number(f, &w->addr) || !number(f, &w->len) || (w->addr | w->len) & 4095)
        return bad(f, "fault ADDR LEN, whole pages", "");
    char *s = word(f);
    w->read = !s || !strcmp(s, "read");
    w->write = !s || !strcmp(s, "write");
    c->fault_count++;
    return true;
}

static bool parse_exit(struct file *f, struct ir_case *c)
{
    static const char *const names[] = { "direct", "indirect", "mode", "exc", "fault", "raised" };
    char *s = word(f);
    u32 how = 0;
    while (s && how < COUNT(names) && strcmp(s, names[how]))
        how++;
    if (!s || how == COUNT(names))
        return bad(f, "no such exit:", s);
    c->has_exit = true;
    c->out.how = (enum left)how;
    switch (how) {
    case LEFT_EXC: return number(f, &c->out.code) && number(f, &c->out.payload);
    case LEFT_RAISED: return number(f, &c->out.code);
    case LEFT_FAULT:
        if (!number(f, &c->out.addr) || !(s = word(f)))
            return bad(f, "exit fault ADDR read|write|align", "");
        c->out.write = !strcmp(s, "write");
        c->out.misaligned = !strcmp(s, "align");
        return true;
    default: c->has_pc = true; return number(f, &c->out.pc);
    }
}

static bool parse_expect(struct file *f, struct ir_case *c)
{
    char *s = word(f);
    u64 v;
    if (!s)
        return bad(f, "expect what?", "");
    if (!strcmp(s, "exit"))
        return parse_exit(f, c);
    if (!strcmp(s, "mem"))
        return parse_bytes(f, c->want_mem, &c->want_mem_count);
    if (!strcmp(s, "pc")) {
        c->has_pc = true;
        return number(f, &c->out.pc);
    }
    if (!strcmp(s, "runs")) {
        bool ok = number(f, &v);
        c->runs = ok ? (u32)v : 0;
        return ok;
    }
    return parse_note(f, s, c->want, &c->want_count);
}

static bool parse_case_line(struct file *f, const char *s)
{
    struct ir_case *c = &f->cases[f->case_count - 1];
    u64 v;
    if (!strcmp(s, "init"))
        return parse_note(f, word(f), c->init, &c->init_count);
    if (!strcmp(s, "mem"))
        return parse_bytes(f, c->mem, &c->mem_count);
    if (!strcmp(s, "fault"))
        return parse_fault(f, c);
    if (!strcmp(s, "expect"))
        return parse_expect(f, c);
    if (!strcmp(s, "pc"))
        return number(f, &c->pc);
    if (!strcmp(s, "repeat")) {
        bool ok = number(f, &v);
        c->repeat = ok ? (u32)v : 1;
        return ok;
    }
    return bad(f, "unknown line", s);
}

static bool parse_case(struct file *f)
{
    char *name = word(f);
    if (f->case_count == CASES || !name)
        return bad(f, "too many cases, or no name", name);
    struct ir_case *c = &f->cases[f->case_count++];
    snprintf(c->name, sizeof c->name, "%s", name);
    c->pc = 0x1000;
    c->repeat = 1;
    return true;
}

static bool parse_sets(struct file *f)
{
    u64 n;
    if (f->sets_count == COUNT(f->sets) || !find_field(f, word(f), &f->sets[f->sets_count].field) || !number(f, &n))
        return false;
    f->sets[f->sets_count++].n = (u32)n;
    return true;
}

static bool parse_line(struct file *f)
{
    char *s = word(f);
    if (!s)
        return true;
    if (f->case_count && strcmp(s, "case"))
        return parse_case_line(f, s);
    if (!strcmp(s, "field"))
        return parse_field(f);
    if (!strcmp(s, "range"))
        return parse_range(f);
    if (!strcmp(s, "helper"))
        return parse_helper(f);
    if (!strcmp(s, "fpenv"))
        return parse_fpenv(f);
    if (!strcmp(s, "sets"))
        return parse_sets(f);
    if (!strcmp(s, "case"))
        return parse_case(f);
    if (!strcmp(s, "refuse")) {
        snprintf(f->refuse, sizeof f->refuse, "%s", f->next + strspn(f->next, " \t"));
        return true;
    }
    return bad(f, "unknown line", s);
}

/* Cuts the block out of the text; everything else is lines. */
static bool parse_file(struct file *f, char *text)
{
    bool in_block = false;
    f->layout = (struct ir_layout){ .name = "test", .fields = f->fields, .ranges = f->ranges, .helpers = f->helpers,
                                    .fp_env = ~0u };
    for (char *s = text; s && *s;) {
        char *nl = strchr(s, '\n');
        f->line++;
        if (!strncmp(s, "block", 5)) {
            f->block = s;
            in_block = true;
        }
        if (in_block) {
            in_block = strncmp(s, "end", 3) != 0;
        } else {
            if (nl)
                *nl = 0;
            f->next = s;
            if (!parse_line(f))
                return false;
        }
        s = nl ? nl + 1 : NULL;
    }
    return f->block || err_set(&f->e, "no block");
}

/* ---- checks ---- */

static char *print(const struct ir_block *b)
{
    char *text = NULL;
    size_t len;
    FILE *m = open_memstream(&text, &len);
    CHECK(m);
    ir_print(b, m);
    CHECK(fclose(m) == 0);
    return text;
}

static bool check_text(struct file *f)
{
    char *one = print(&f->lifted), *two = NULL;
    bool ok = ir_parse(&f->again, &f->layout, one, &f->e);
    if (!ok) {
        err_prefix(&f->e, "printed text");
    } else {
        two = print(&f->again);
        ok = !strcmp(one, two) || err_set(&f->e, "printed text differs after a round trip:\n%s", two);
    }
    free(one);
    free(two);
    return ok;
}

static bool check_sets(struct file *f)
{
    for (u32 k = 0; k < f->sets_count; k++) {
        u32 n = 0;
        for (u32 i = 0; i < f->optimised.count; i++)
            n += f->optimised.ins[i].op == IR_set && f->optimised.ins[i].imm == f->sets[k].field;
        if (n != f->sets[k].n)
            return err_set(&f->e, "%u sets of %s after the passes, not %u", n, f->names[f->sets[k].field],
                           f->sets[k].n);
    }
    return true;
}

static void put_notes(struct file *f, const struct note *list, u32 n, u8 *state)
{
    for (u32 i = 0; i < n; i++)
        memcpy(state + f->fields[list[i].field].offset, &list[i].v,
               ir_bytes((enum ir_type)f->fields[list[i].field].type));
}

static void put_bytes(const struct bytes *list, u32 n, struct world *w)
{
    for (u32 i = 0; i < n; i++)
        for (u32 k = 0; k < list[i].len; k++)
            *world_byte(w, list[i].addr + k) = list[i].b[k];
}

static void set_up(struct file *f, const struct ir_case *c, struct world *w, u8 *state)
{
    memset(state, 0, sizeof f->state);
    w->layout = &f->layout;
    w->state = state;
    w->pc = c->pc;
    w->page_count = 0;
    w->excl_size = 0;
    w->fault_count = c->fault_count;
    memcpy(w->faults, c->faults, sizeof w->faults);
    put_notes(f, c->init, c->init_count, state);
    put_bytes(c->mem, c->mem_count, w);
}

static bool same_state(struct file *f)
{
    for (u32 i = 0; i < f->layout.field_count; i++) {
        union ir_val got = { .q = { 0, 0 } }, want = got;
        u32 at = f->fields[i].offset, n = ir_bytes((enum ir_type)f->fields[i].type);
        memcpy(&got, f->state + at, n);
        memcpy(&want, f->want + at, n);
        if (memcmp(&got, &want, sizeof got))
            return err_set(&f->e, "%s is %" PRIx64 " %" PRIx64 " (low first), not %" PRIx64 " %" PRIx64, f->names[i],
                           got.d[0], got.d[1], want.d[0], want.d[1]);
    }
    return true;
}

static bool same_memory(struct file *f, struct world *a, struct world *b)
{
    for (u32 i = 0; i < a->page_count; i++)
        for (u32 k = 0; k < 4096; k++) {
            u64 addr = a->pages[i].base + k;
            u8 x = *world_byte(&f->world, addr), y = *world_byte(&f->want_world, addr);
            if (x != y)
                return err_set(&f->e, "byte at 0x%" PRIx64 " is %02x, not %02x", addr, x, y);
        }
    (void)b;
    return true;
}

static bool same_exit(struct file *f, const struct ir_case *c)
{
    static const char *const names[] = { "direct", "indirect", "mode", "exc", "fault", "raised" };
    const struct outcome *o = &f->world.out, *w = &c->out;
    u64 pc = c->has_pc ? w->pc : 0x1000;
    if (!c->has_exit)
        return err_set(&f->e, "the case expects no exit");
    if (o->how != w->how)
        return err_set(&f->e, "exit is %s (pc 0x%" PRIx64 ", addr 0x%" PRIx64 "), not %s", names[o->how], o->pc,
                       o->addr, names[w->how]);
    if (o->pc != pc)
        return err_set(&f->e, "pc is 0x%" PRIx64 ", not 0x%" PRIx64, o->pc, pc);
    if (o->code != w->code || o->payload != w->payload)
        return err_set(&f->e, "exception is %" PRIu64 " 0x%" PRIx64, o->code, o->payload);
    if (o->addr != w->addr || (o->write != w->write && !w->misaligned) || o->misaligned != w->misaligned)
        return err_set(&f->e, "fault is at 0x%" PRIx64 "%s%s", o->addr, o->write ? ", write" : ", read",
                       o->misaligned ? ", alignment" : "");
    return true;
}

typedef bool engine_fn(const struct ir_block *b, struct world *w, struct err *e);

static bool run_case(struct file *f, const struct ir_case *c, const struct ir_block *b, engine_fn *engine)
{
    u32 runs = 0;
    set_up(f, c, &f->world, f->state);
    set_up(f, c, &f->want_world, f->want);
    put_notes(f, c->want, c->want_count, f->want);
    put_bytes(c->want_mem, c->want_mem_count, &f->want_world);
    do {
        if (!engine(b, &f->world, &f->e))
            return false;
        runs++;
    } while (runs < c->repeat && f->world.out.how == LEFT_DIRECT && f->world.out.pc == c->pc);
    if (c->runs && runs != c->runs)
        return err_set(&f->e, "ran %u times, not %u", runs, c->runs);
    return same_exit(f, c) && same_state(f) && same_memory(f, &f->world, &f->want_world)
           && same_memory(f, &f->want_world, &f->world);
}

/* Every case by every engine, as lifted and after the passes. */
static bool run_cases(struct file *f)
{
    static const struct { const char *name; engine_fn *run; } engines[] = {
        { "tree walker", run_block }, { "interpreter", run_block_interp }, { "baseline", run_block_baseline },
    };
    for (u32 i = 0; i < f->case_count; i++)
        for (u32 k = 0; k < COUNT(engines); k++) {
            if (!run_case(f, &f->cases[i], &f->lifted, engines[k].run))
                return err_prefix(&f->e, "case %s, %s", f->cases[i].name, engines[k].name);
            if (!run_case(f, &f->cases[i], &f->optimised, engines[k].run))
                return err_prefix(&f->e, "case %s, %s, after passes", f->cases[i].name, engines[k].name);
        }
    return f->case_count || err_set(&f->e, "no case");
}

static bool check_refused(struct file *f)
{
    bool ok = ir_parse(&f->lifted, &f->layout, f->block, &f->e) && ir_verify(&f->lifted, &f->e);
    if (ok)
        return err_set(&f->e, "accepted, but should be refused: %s", f->refuse);
    return strstr(f->e.msg, f->refuse) ? true : err_prefix(&f->e, "refused for another reason than \"%s\"",
                                                           f->refuse);
}

static bool check_file(struct file *f, char *text)
{
    if (!parse_file(f, text))
        return false;
    if (f->refuse[0])
        return check_refused(f);
    if (!ir_parse(&f->lifted, &f->layout, f->block, &f->e))
        return err_prefix(&f->e, "block");
    if (!ir_verify(&f->lifted, &f->e) || !check_text(f))
        return false;
    f->optimised = f->lifted;
    ir_passes(&f->optimised);
    if (!ir_verify(&f->optimised, &f->e))
        return err_prefix(&f->e, "after passes");
    return check_sets(f) && run_cases(f);
}

static char *read_text(const char *path)
{
    FILE *in = fopen(path, "r");
    char *text = in ? calloc(1, 1 << 20) : NULL;
    if (text)
        text[fread(text, 1, (1 << 20) - 1, in)] = 0;
    if (in)
        fclose(in);
    return text;
}

static bool test(const char *path)
{
    struct file *f = calloc(1, sizeof *f);
    char *text = read_text(path);
    CHECK(f);
    const char *slash = strrchr(path, '/');
    snprintf(f->name, sizeof f->name, "%s", slash ? slash + 1 : path);
    f->name[strcspn(f->name, ".")] = 0;
    bool ok = text ? check_file(f, text) : err_set(&f->e, "cannot read %s", path);
    if (ok)
        printf("ok %s\n", f->name);
    else
        printf("FAIL %s: %s\n", f->name, f->e.msg);
    free(text);
    free(f);
    return ok;
}

int main(int argc, char **argv)
{
    bool ok = argc > 1;
    for (int i = 1; i < argc; i++)
        ok &= test(argv[i]);
    return ok ? 0 : 1;
}
