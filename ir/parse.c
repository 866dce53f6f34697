/* parse.c - reads the text of ir/print.c, and what people write by hand.
 *
 * More lenient than the printer: commas are spaces, `#` and `;` start comments, values may have any name
 * (%sum), a result type may be left out where the row implies it, constants may be decimal or negative.
 * What is read is only well-formed; ir_verify() says whether it is right. */
#include "base/bits.h"
#include "ir/vec.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct text { /* a piece of the line */
    const char *p;
    u32         n;
};

struct item {
    struct text key, value; /* value.p NULL: a bare word or number */
};

#define ITEMS 20u
#define NAME_HASH 4096u

struct value_name {
    struct text name;
    ir_ref      ref;
    u16         next; /* + 1 */
};

struct parser {
    struct ir_block  *b;
    struct err       *e;
    u32               line;
    struct value_name names[IR_BLOCK_MAX];
    u32               name_count;
    u16               hash[NAME_HASH]; /* + 1 */
    struct item       items[ITEMS];
    u32               item_count, next; /* next: first item not yet used */
    struct text       result;           /* name of the result, p NULL: none */
    struct ir_ins     in;
};

static bool fail(struct parser *p, const char *what, struct text t)
{
    return err_set(p->e, "line %u: %s \"%.*s\"", p->line, what, (int)t.n, t.p ? t.p : "");
}

static bool is(struct text t, const char *s)
{
    return t.n == strlen(s) && !memcmp(t.p, s, t.n);
}

/* Decimal, hexadecimal, negative. */
static bool number(struct text t, u64 *v)
{
    char buf[32], *end;
    if (t.n == 0 || t.n >= sizeof buf)
        return false;
    memcpy(buf, t.p, t.n);
    buf[t.n] = 0;
    errno = 0;
    *v = buf[0] == '-' ? 0 - strtoull(buf + 1, &end, 0) : strtoull(buf, &end, 0);
    return errno == 0 && *end == 0 && end != buf && buf[t.n - 1] != '-';
}

/* ---- value names ---- */

static u16 *bucket(struct parser *p, struct text t)
{
    u32 h = 5381;
    for (u32 i = 0; i < t.n; i++)
        h = h * 33 + (u8)t.p[i];
    return &p->hash[h % NAME_HASH];
}

static ir_ref find_value(struct parser *p, struct text t)
{
    for (u32 i = *bucket(p, t); i; i = p->names[i - 1].next) {
        const struct value_name *v = &p->names[i - 1];
        if (v->name.n == t.n && !memcmp(v->name.p, t.p, t.n))
            return v->ref;
    }
    return IR_NONE;
}

static bool name_value(struct parser *p, struct text t)
{
    if (find_value(p, t) != IR_NONE)
        return fail(p, "value made twice", t);
    u16 *head = bucket(p, t);
    p->names[p->name_count] = (struct value_name){ t, (ir_ref)p->b->count, *head };
    *head = (u16)++p->name_count;
    return true;
}

/* ---- lines into items ---- */

static bool ends_item(char c)
{
    return c == 0 || c == '\n' || c == ' ' || c == '\t' || c == ',' || c == '\r' || c == '#' || c == ';';
}

/* Splits a line; returns where the next one starts. */
static const char *split(struct parser *p, const char *s, bool *ok)
{
    p->item_count = p->next = 0;
    *ok = true;
    while (*s && *s != '\n' && *s != '#' && *s != ';') {
        if (ends_item(*s)) {
            s++;
            continue;
        }
        const char *start = s, *eq = NULL;
        for (; !ends_item(*s); s++)
            if (*s == '=' && !eq && s > start)
                eq = s;
        if (p->item_count == ITEMS) {
            *ok = fail(p, "line too long at", (struct text){ start, (u32)(s - start) });
            break;
        }
        struct item *it = &p->items[p->item_count++];
        it->key = (struct text){ start, (u32)((eq ? eq : s) - start) };
        it->value = eq ? (struct text){ eq + 1, (u32)(s - eq - 1) } : (struct text){ NULL, 0 };
    }
    while (*s && *s != '\n')
        s++;
    return *s ? s + 1 : s;
}

static struct text take_word(struct parser *p)
{
    static const struct text none = { "", 0 };
    if (p->next == p->item_count || p->items[p->next].value.p)
        return none;
    return p->items[p->next++].key;
}

static bool take_number(struct parser *p, u64 *v, bool optional)
{
    struct text t = { "", 0 };
    if (p->next < p->item_count)
        t = p->items[p->next].key;
    if (number(t, v)) {
        p->next++;
        return true;
    }
    return optional || fail(p, "expected a number instead of", t);
}

/* ---- pieces ---- */

static bool find_type(struct parser *p, struct text t, u8 *out)
{
    for (u32 i = 0; i < IR_TYPE_COUNT; i++)
        if (is(t, ir_type_name((enum ir_type)i))) {
            *out = (u8)i;
            return true;
        }
    return fail(p, "unknown type", t);
}

static bool find_word(struct parser *p, struct text t, const char *const *names, u32 n, const char *what, u32 *out)
{
    for (u32 i = 0; i < n; i++)
        if (is(t, names[i])) {
            *out = i;
            return true;
        }
    return fail(p, what, t);
}

static bool find_field(struct parser *p, struct text t, u64 *out)
{
    const struct ir_layout *l = p->b->layout;
    for (u32 i = 0; i < l->field_count; i++)
        if (is(t, l->fields[i].name)) {
            *out = i;
            return true;
        }
    return fail(p, "unknown field", t);
}

static bool find_range(struct parser *p, struct text t, u64 *out)
{
    const struct ir_layout *l = p->b->layout;
    for (u32 i = 0; i < l->range_count; i++)
        if (is(t, l->ranges[i].name)) {
            *out = i;
            return true;
        }
    return fail(p, "unknown range", t);
}

static bool find_helper(struct parser *p, struct text t, u64 *out)
{
    const struct ir_layout *l = p->b->layout;
    for (u32 i = 0; i < l->helper_count; i++)
        if (is(t, l->helpers[i].name)) {
            *out = i;
            return true;
        }
    return fail(p, "unknown helper", t);
}

/* "%name[:type] =" */
static bool parse_result(struct parser *p)
{
    struct text t = p->items[0].key;
    p->result.p = NULL;
    if (t.p[0] != '%')
        return true;
    const char *colon = memchr(t.p, ':', t.n);
    p->result = (struct text){ t.p + 1, (u32)((colon ? colon : t.p + t.n) - t.p - 1) };
    if (colon && !find_type(p, (struct text){ colon + 1, (u32)(t.p + t.n - colon - 1) }, &p->in.type))
        return false;
    if (p->item_count < 3 || !is(p->items[1].key, "="))
        return fail(p, "expected = behind", t);
    p->next = 2;
    return true;
}

/* "op[.lane]" */
static bool parse_op(struct parser *p)
{
    struct text t = take_word(p);
    const char *dot = memchr(t.p, '.', t.n);
    struct text name = { t.p, dot ? (u32)(dot - t.p) : t.n };
    if (dot && !find_type(p, (struct text){ dot + 1, (u32)(t.p + t.n - dot - 1) }, &p->in.lane))
        return false;
    for (u32 i = 0; i < IR_OP_COUNT; i++)
        if (is(name, ir_rows[i].name)) {
            p->in.op = (u16)i;
            return true;
        }
    return fail(p, "unknown operation", name);
}

static bool parse_args(struct parser *p)
{
    for (u32 k = 0; p->next < p->item_count && p->items[p->next].key.p[0] == '%'; k++) {
        struct text t = p->items[p->next++].key;
        if (k == 4)
            return fail(p, "too many operands at", t);
        p->in.arg[k] = find_value(p, (struct text){ t.p + 1, t.n - 1 });
        if (p->in.arg[k] == IR_NONE)
            return fail(p, "no such value yet:", t);
    }
    return true;
}

static bool parse_label(struct parser *p)
{
    struct text t = take_word(p);
    if (t.n < 2 || t.p[0] != 'L' || !number((struct text){ t.p + 1, t.n - 1 }, &p->in.imm)
        || p->in.imm >= IR_BLOCK_MAX)
        return fail(p, "expected a label (L0, L1, ...) instead of", t);
    p->b->labels = (u16)MAX(p->b->labels, p->in.imm + 1);
    return true;
}

static bool parse_const(struct parser *p)
{
    struct ir_ins *in = &p->in;
    u32 bits = ir_bits((enum ir_type)in->type);
    if (!take_number(p, &in->imm, false) || !take_number(p, &in->imm2, true))
        return false;
    if (bits == 0 || bits > 128)
        return fail(p, "a constant needs a type, not", (struct text){ "", 0 });
    if (bits < 64 && (i64)in->imm < 0 && bits_sext(in->imm, bits) == (i64)in->imm)
        in->imm &= bits_mask(bits);
    return true;
}

/* One word of a memory descriptor. */
static bool parse_mem_word(struct parser *p, const struct item *it, struct ir_mem *m)
{
    u64 v = 1;
    u32 n = 0;
    if (is(it->key, "order")) {
        if (!find_word(p, it->value, ir_order_names, COUNT(ir_order_names), "unknown memory order", &n))
            return false;
        m->order = n & 3;
        return true;
    }
    static const struct { const char *name; u32 max; } words[] = {
        { "size", 5 },   { "sign", 1 },    { "bswap", 5 }, { "atomic", 5 }, { "align", 7 },
        { "addr32", 1 }, { "mmu_val", 1 }, { "mmu", 15 },  { "write", 1 },  { "user", 31 },
    };
    for (n = 0; n < COUNT(words) && !is(it->key, words[n].name); n++)
        ;
    if (n == COUNT(words))
        return fail(p, "unknown word", it->key);
    if (it->value.p && (!number(it->value, &v) || v > words[n].max))
        return fail(p, "number out of range in", it->key);
    switch (n) {
    case 0: m->size = v & 7; break;
    case 1: m->sign = v & 1; break;
    case 2: m->bswap = v & 7; break;
    case 3: m->atomic = v & 7; break;
    case 4: m->align = v & 7; break;
    case 5: m->addr32 = v & 1; break;
    case 6: m->mmu_val = v & 1; break;
    case 7: m->mmu = v & 15; break;
    case 8: m->write = v & 1; break;
    default: m->user0 = v & 31; break;
    }
    return true;
}

static bool parse_memory_op(struct parser *p)
{
    struct ir_mem m = { 0 };
    u32 n = 0;
    if (p->in.op == IR_rmw) {
        if (!find_word(p, take_word(p), ir_rmw_names, IR_RMW_COUNT, "unknown operation of rmw:", &n))
            return false;
        p->in.flag = (u8)n;
    }
    if (!parse_args(p))
        return false;
    for (; p->next < p->item_count; p->next++) {
        const struct item *it = &p->items[p->next];
        u64 field;
        if ((p->in.op == IR_probe && is(it->key, "bytes")) || (p->in.op == IR_gather && is(it->key, "scale"))) {
            if (!number(it->value, &p->in.imm))
                return fail(p, "expected a number instead of", it->value);
        } else if (p->in.op == IR_gather && (is(it->key, "result") || is(it->key, "mask"))) {
            if (!find_field(p, it->value, &field))
                return false;
            p->in.imm2 |= is(it->key, "mask") ? field << 16 : field;
        } else if (!parse_mem_word(p, it, &m)) {
            return false;
        }
    }
    p->in.aux = ir_mem_pack(m);
    return true;
}

static bool parse_hint(struct parser *p)
{
    if (p->next == p->item_count)
        return true;
    const struct item *it = &p->items[p->next++];
    if (is(it->key, "ret")) {
        p->in.flag = IR_HINT_ret;
        return true;
    }
    p->in.flag = IR_HINT_call;
    return (is(it->key, "call") && it->value.p && number(it->value, &p->in.imm2))
           || fail(p, "unknown hint", it->key);
}

/* imm= and flag= */
static bool parse_plain(struct parser *p)
{
    u64 v;
    if (!parse_args(p))
        return false;
    for (; p->next < p->item_count; p->next++) {
        const struct item *it = &p->items[p->next];
        if (!it->value.p || !number(it->value, &v))
            return fail(p, "expected key=number instead of", it->key);
        if (is(it->key, "imm"))
            p->in.imm = v;
        else if (is(it->key, "flag") && v < 256)
            p->in.flag = (u8)v;
        else
            return fail(p, "unknown word", it->key);
    }
    return true;
}

static bool parse_insn(struct parser *p)
{
    u64 len = 0;
    if (!take_number(p, &p->in.imm, false) || !take_number(p, &len, false))
        return false;
    if (p->in.imm > 1 << 20 || len > 1 << 20)
        return fail(p, "offset or length out of range in", p->items[0].key);
    p->in.aux = (u32)len;
    p->b->insns++;
    p->b->guest_len = MAX(p->b->guest_len, (u32)p->in.imm + p->in.aux);
    return true;
}

static bool parse_rest(struct parser *p)
{
    u32 n = 0;
    switch (p->in.op) {
    case IR_insn: return parse_insn(p);
    case IR_label: return parse_label(p);
    case IR_skip: return parse_args(p) && parse_label(p);
    case IR_const: return parse_const(p);
    case IR_pc: return take_number(p, &p->in.imm, false);
    case IR_get: case IR_set: return find_field(p, take_word(p), &p->in.imm) && parse_args(p);
    case IR_getx: case IR_setx: return find_range(p, take_word(p), &p->in.imm) && parse_args(p);
    case IR_call: return find_helper(p, take_word(p), &p->in.imm) && parse_args(p);
    case IR_barrier:
        if (!find_word(p, take_word(p), ir_barrier_names, COUNT(ir_barrier_names), "unknown barrier", &n))
            return false;
        p->in.flag = (u8)n;
        return true;
    case IR_exit_direct: return take_number(p, &p->in.imm, false) && parse_hint(p);
    case IR_exit_indirect: return parse_args(p) && parse_hint(p);
    case IR_exit_mode: case IR_clrex: return parse_args(p);
    case IR_exit_exc: return take_number(p, &p->in.imm, false) && parse_args(p);
    default: return ir_rows[p->in.op].effects & IR_MEM ? parse_memory_op(p) : parse_plain(p);
    }
}

static enum ir_type type_at(const struct parser *p, u32 k)
{
    return p->in.arg[k] == IR_NONE ? IR_VOID : ir_type_of(p->b, p->in.arg[k]);
}

/* The result type where it was left out. */
static enum ir_type implied_type(const struct parser *p)
{
    const struct ir_layout *l = p->b->layout;
    const struct ir_ins *in = &p->in;
    switch (in->op) {
    case IR_get: return (enum ir_type)l->fields[in->imm].type;
    case IR_getx: return (enum ir_type)l->fields[l->ranges[in->imm].first].type;
    case IR_call: return (enum ir_type)l->helpers[in->imm].result;
    default: return ir_row_result((enum ir_op)in->op, type_at(p, 0), type_at(p, 1), (enum ir_type)in->lane);
    }
}

static bool finish_line(struct parser *p)
{
    struct ir_ins *in = &p->in;
    if (p->next != p->item_count)
        return fail(p, "nothing expected at", p->items[p->next].key);
    in->src = (u8)type_at(p, 0);
    if (in->type == IR_VOID)
        in->type = (u8)implied_type(p);
    if (in->type == IR_VOID && p->result.p)
        return fail(p, "needs a result type:", p->result);
    if (p->b->count == IR_BLOCK_MAX)
        return fail(p, "block too long at", p->items[0].key);
    if (p->result.p && !name_value(p, p->result))
        return false;
    ir_emit(p->b, *in);
    return true;
}

static bool parse_line(struct parser *p)
{
    p->in = (struct ir_ins){ .arg = { IR_NONE, IR_NONE, IR_NONE, IR_NONE } };
    return parse_result(p) && parse_op(p) && parse_rest(p) && finish_line(p);
}

static bool parse_block(struct parser *p, const char *s)
{
    bool ok;
    while (*s) {
        p->line++;
        s = split(p, s, &ok);
        if (!ok)
            return false;
        if (p->item_count == 0)
            continue;
        if (is(p->items[0].key, "end"))
            break;
        if (is(p->items[0].key, "block")) {
            if (p->item_count > 1 && !is(p->items[1].key, p->b->layout->name))
                return fail(p, "block for another layout:", p->items[1].key);
            continue;
        }
        if (!parse_line(p))
            return false;
    }
    return true;
}

bool ir_parse(struct ir_block *b, const struct ir_layout *l, const char *text, struct err *e)
{
    struct parser *p = calloc(1, sizeof *p);
    if (!p)
        return err_set(e, "out of memory for the parser");
    ir_begin(b, l);
    p->b = b;
    p->e = e;
    bool ok = parse_block(p, text);
    free(p);
    return ok;
}
