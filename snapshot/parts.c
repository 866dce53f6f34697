/* parts.c - what a machine consists of, as sections in the order of the file. */
#include "snapshot/format.h"
#include <stdlib.h>

static struct part *next(struct parts *ps)
{
    return &ps->p[ps->count++];
}

static void add_state(struct parts *ps, const struct state_desc *d, void *state, const char *fmt, u32 n)
{
    struct part *p = next(ps);
    p->desc = d;
    p->state = state;
    snprintf(p->name, sizeof p->name, "%s", fmt);
    char *digit = strchr(p->name, '#'); /* stands for the vCPU's number */
    if (digit)
        snprintf(digit, sizeof p->name - (size_t)(digit - p->name), "%u%s", n, strchr(fmt, '#') + 1);
}

static void add_cpu(struct parts *ps, struct vcpu *v)
{
    add_state(ps, &vcpu_state_desc, &v->s, "cpu#", v->index);
    add_state(ps, v->guest->desc, v->state, "cpu#/state", v->index);
    add_state(ps, NULL, NULL, "cpu#/tlb", v->index);
    ps->p[ps->count - 1].tlb = v;
}

static bool add_dev(struct parts *ps, struct dev *d, struct err *e)
{
    struct part *p = next(ps);
    p->cls = d->cls->name;
    p->desc = d->cls->state;
    p->state = dev_state(d);
    if (snprintf(p->name, sizeof p->name, "dev/%s", d->path) < (int)sizeof p->name)
        return true;
    return err_set(e, "the name of device '%s' is too long", d->path);
}

bool parts_list(struct parts *ps, struct machine *m, const struct snapshot_extra *x, u32 count, struct err *e)
{
    *ps = (struct parts){ 0 };
    ps->p = calloc(1 + 3 * (size_t)m->cpu_count + m->dev_count + count, sizeof *ps->p);
    if (!ps->p)
        return err_set(e, "out of memory");
    add_state(ps, &machine_state_desc, &m->s, "machine", 0);
    for (u32 i = 0; i < m->cpu_count; i++)
        add_cpu(ps, m->cpus[i]);
    for (u32 i = 0; i < m->dev_count; i++)
        if (m->devs[i]->cls->state && !add_dev(ps, m->devs[i], e))
            return false;
    for (u32 i = 0; i < count; i++) {
        struct part *p = next(ps);
        p->extra = &x[i];
        snprintf(p->name, sizeof p->name, "extra/%s", x[i].name);
    }
    return true;
}

void parts_free(struct parts *ps)
{
    free(ps->p);
    *ps = (struct parts){ 0 };
}

const char *part_model(const struct vcpu *v)
{
    return v->model ? v->model : "";
}
