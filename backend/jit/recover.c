/*
 * recover.c - calls from a region's code (region_map.h): operands and guest fields out of host registers and the
 * stack.
 *
 * Fields are written to the state before anything is called that may look at it, else only when the region is left;
 * the code goes on with its own values.
 */
#include "backend/jit/recover.h"
#include <string.h>

#define R12 12u /* in ctx.saved */
#define R15 15u

struct out {
    struct jit_ctx            *c;
    const struct region_site *s;
    const struct region_loc  *at; /* the next one */
};

static const void *off(const void *base, i32 offset) { return (const u8 *)base + offset; }

/* ---- locations ---- */

static void take(struct out *o, void *to, u32 bytes)
{
    const struct region_loc *l = o->at++;
    const struct jit_region_regs *r = &o->c->regs;
    u64 x = 0;
    const void *from = &x;
    switch ((enum region_loc_kind)l->kind) {
    case REGION_REG:   from = l->reg < 16 ? (const void *)&r->general[l->reg] : r->vector[l->reg - 17]; break;
    case REGION_MEM:   from = (const void *)(uintptr_t)(r->general[l->reg] + (u64)(i64)l->v); break;
    case REGION_ADDR:  x = r->general[l->reg] + (u64)(i64)l->v; break;
    case REGION_CONST: x = (u64)(i64)l->v; break;
    case REGION_POOL:  from = off(l, l->v); break;
    }
    memcpy(to, from, bytes);
}

static u64 take_u64(struct out *o)
{
    u64 x;
    take(o, &x, sizeof x);
    return x;
}

/* Bits above the type's are anything in a location. */
static void take_value(struct out *o, u8 type, union ir_val *v)
{
    u32 parts = region_locs_of(type), bytes = ir_bytes((enum ir_type)type) / parts;
    memset(v, 0, sizeof *v);
    for (u32 k = 0; k < parts; k++)
        take(o, v->b + k * bytes, bytes);
    if (type == IR_I1)
        v->b[0] &= 1;
}

/* ---- fields ---- */

/* The leaves are in val[]. */
static void cook(struct out *o, const struct region_recipe *r, union ir_val val[REGION_LEAVES + REGION_NODES],
                 union ir_val *x)
{
    for (u32 n = 0; n < r->nodes; n++) {
        const struct ir_ins *in = &r->node[n].ins;
        const u8 *a = r->node[n].arg;
        const union ir_val *const arg[4] = { &val[a[0]], &val[a[1]], &val[a[2]], &val[a[3]] };
        union ir_val *to = &val[REGION_LEAVES + n];
        memset(to, 0, sizeof *to);
        if (in->op == IR_const)
            to->d[0] = in->imm;
        else
            ir_eval(in, arg, o->c->jit->env, to);
    }
    *x = val[REGION_LEAVES + r->nodes - 1u];
}

static void take_recipe(struct out *o, const struct region_recipe *r, union ir_val *x)
{
    union ir_val val[REGION_LEAVES + REGION_NODES];
    for (u32 k = 0; k < r->leaves; k++)
        take_value(o, r->leaf_type[k], &val[k]);
    cook(o, r, val, x);
}

static const struct region_recipe *of_kind(const struct region_table *t, u32 kind)
{
    for (u32 k = 0; k < t->count; k++)
        if (t->row[k].kind == kind)
            return off(t, t->row[k].at);
    CHECK(!"a field of a kind that does not exist");
    return NULL;
}

/* False: memory is right. */
static bool take_dynamic(struct out *o, const struct region_table *t, u8 type, union ir_val *x)
{
    const struct region_loc *end = o->at + 2 + REGION_LEAVES;
    u64 kind = take_u64(o);
    if (kind == REGION_KIND_VALUE) {
        take_value(o, type, x);
    } else if (kind != REGION_KIND_MEMORY) {
        o->at++;
        take_recipe(o, of_kind(t, (u32)kind), x);
    }
    o->at = end;
    return kind != REGION_KIND_MEMORY;
}

static void put_field(struct out *o, const struct region_field *d)
{
    const struct vcpu *v = o->c->v;
    const struct ir_field *f = &v->guest->layout->fields[d->field];
    union ir_val x;
    if (d->how == REGION_VALUE)
        take_value(o, f->type, &x);
    else if (d->how == REGION_RECIPE)
        take_recipe(o, off(d, d->at), &x);
    else if (!take_dynamic(o, off(d, d->at), f->type, &x))
        return;
    memcpy((u8 *)v->state + f->offset, &x, ir_bytes((enum ir_type)f->type));
}

static void put_fields(struct out *o)
{
    const struct region_field *d = off(o->s, o->s->field_at);
    for (u32 k = 0; k < o->s->fields; k++)
        put_field(o, &d[k]);
}

/* ---- the calls ---- */

static u64 call_out(struct out *o)
{
    struct jit_ctx *c = o->c;
    const struct region_site *s = o->s;
    const struct ir_ins *in = s->ins ? off(s, s->ins) : NULL;
    u64 x = c->arg[0].d[0];
    switch ((enum region_out)s->out) {
    case REGION_OUT_load: return jit_load(c, x, s->site, s->word);
    case REGION_OUT_load_v: jit_load_v(c, x, s->site, s->word); break;
    case REGION_OUT_store: case REGION_OUT_store_v:
        c->arg[0] = c->arg[1];
        jit_store(c, x, s->site, s->word);
        break;
    case REGION_OUT_mem: jit_mem(c, in, s->site); break;
    case REGION_OUT_call: return jit_call_number(c, s->word, s->site);
    case REGION_OUT_eval: jit_eval(c, in); break;
    case REGION_OUT_budget:
        c->region_spent = true;
        jit_leave(c, JX_BUDGET);
        break;
    case REGION_OUT_alone: case REGION_OUT_gather:
        c->region_cuts[c->region_slot]++;
        jit_leave_alone(c, s->site);
        break;
    case REGION_OUT_exc:
        c->arg0 = s->word;
        c->arg1 = x;
        c->saved[R12] += JIT_SITE_BEHIND(s->site);
        c->saved[R15] += JIT_SITE_OFF(s->site);
        jit_leave(c, JX_EXC);
        break;
    case REGION_OUT_scatter: case REGION_OUTS: break;
    }
    return 0;
}

/* ---- bytes over two pages ---- */

static bool gather(struct jit_ctx *c, u64 va, u32 span, u64 *addend)
{
    u8 *copy = c->copy[REGION_SPAN_COPY(span)];
    u32 len = REGION_SPAN_LEN(span), low = PAGE_SIZE - (u32)(va & ~PAGE_MASK);
    const struct mmu *u = &c->v->mmu;
    bool may_write = !REGION_SPAN_WRITE(span)
                     || (mmu_fast_write(u, c->mmu_mode, va, 1) && mmu_fast_write(u, c->mmu_mode, va + low, 1));
    *addend = (u64)(uintptr_t)copy - va;
    return low < len && may_write && mmu_peek_read(u, c->mmu_mode, va, len, copy);
}

static void scatter(struct jit_ctx *c, u64 va, u32 span)
{
    CHECK(mmu_peek_write(&c->v->mmu, c->mmu_mode, va, REGION_SPAN_LEN(span), c->copy[REGION_SPAN_COPY(span)]));
    c->jit->stats.split++;
}

/* What needs no guest state, since nothing comes of it but its result. */
static bool is_done_plainly(struct jit_ctx *c, const struct region_site *s, u64 *x)
{
    u64 va = c->arg[0].d[0];
    union ir_val first = c->arg[0];
    bool done = true;
    switch ((enum region_out)s->out) {
    case REGION_OUT_load: *x = 0; return jit_split_load(c, va, s->word, x);
    case REGION_OUT_load_v: return jit_split_load(c, va, s->word, c->res.b);
    case REGION_OUT_store: case REGION_OUT_store_v:
        c->arg[0] = c->arg[1];
        done = jit_split_store(c, va, s->word);
        c->arg[0] = first;
        return done;
    case REGION_OUT_gather: return gather(c, va, s->word, x);
    case REGION_OUT_scatter: scatter(c, va, s->word); return true;
    default: return false;
    }
}

/* Memory and the TLB are all that the call looks at: fields are for who gets the guest when it leaves. */
static bool sees_no_fields(enum region_out out)
{
    return out == REGION_OUT_load || out == REGION_OUT_load_v || out == REGION_OUT_store || out == REGION_OUT_store_v
           || out == REGION_OUT_mem || out == REGION_OUT_eval;
}

static u64 do_call(struct out *o)
{
    bool first = sees_no_fields((enum region_out)o->s->out);
    if (!first)
        put_fields(o);
    u64 x = call_out(o);
    if (first && o->c->leave)
        put_fields(o);
    return x;
}

void jit_region_out(struct jit_ctx *c, const u8 *ret)
{
    i32 to_site;
    memcpy(&to_site, ret + REGION_PATCH_IMM - REGION_PATCH_RET, sizeof to_site);
    const struct region_site *s = (const struct region_site *)(const void *)(ret + to_site);
    struct out o = { c, s, off(s, s->loc_at) };
    const struct region_loc *result = o.at++;
    u64 left = c->saved[R12] = take_u64(&o), x = 0;
    c->saved[R15] = take_u64(&o) + (u64)s->pc;
    for (u32 k = 0; k < s->args; k++)
        take_value(&o, s->arg_type[k], &c->arg[k]);
    if (!is_done_plainly(c, s, &x))
        x = do_call(&o);
    c->regs.general[result->reg] = x;
    if (c->leave)
        c->region_insns -= c->left - (jit_left(left) - left); /* as it came in */
}
