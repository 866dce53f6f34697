/* arm_gtimer.c - the Arm generic timer; see arm_gtimer.h for what is not modelled. Section numbers: DDI 0487. */
#include "hw/timer/arm_gtimer.h"
#include "hw/deadline.h"

enum { CTL_ENABLE = 1, CTL_IMASK = 2, CTL_ISTATUS = 4 }; /* D13.8: CNTP_CTL_EL0, CNTV_CTL_EL0 */

static struct arm_gtimer *self(struct dev *d)
{
    return CONTAINER_OF(d, struct arm_gtimer, dev);
}

static u64 count(struct arm_gtimer *t)
{
    return dev_now(&t->dev) / GTIMER_NS;
}

/* D11.2.4: the condition is unsigned, counter - CompareValue >= 0. */
static bool condition(struct arm_gtimer *t, u32 i)
{
    return t->s.ctl[i] & CTL_ENABLE && count(t) >= t->s.cval[i];
}

/* First nanosecond at which the counter has reached v, or never. */
static u64 deadline_of(u64 v)
{
    return v > (TIME_NEVER - 1) / GTIMER_NS ? TIME_NEVER : v * GTIMER_NS;
}

static void update(struct arm_gtimer *t, u32 i)
{
    bool met = condition(t, i);
    irq_set(&t->irq[i], met && !(t->s.ctl[i] & CTL_IMASK));
    bool due = !met && (t->s.ctl[i] & (CTL_ENABLE | CTL_IMASK)) == CTL_ENABLE; /* masked: the line stays low */
    deadline_arm(&t->event[i], due ? deadline_of(t->s.cval[i]) : TIME_NEVER);
}

static void phys_due(void *opaque)
{
    update(self(opaque), GTIMER_PHYS);
}
static void virt_due(void *opaque)
{
    update(self(opaque), GTIMER_VIRT);
}

static u64 port_read(void *opaque, u32 id)
{
    struct arm_gtimer *t = opaque;
    u32 i = id == SYSREG_CNTV_CTL || id == SYSREG_CNTV_CVAL || id == SYSREG_CNTV_TVAL ? GTIMER_VIRT : GTIMER_PHYS;
    switch (id) {
    case SYSREG_CNTFRQ: return GTIMER_HZ;
    case SYSREG_CNTPCT: case SYSREG_CNTVCT: return count(t);
    case SYSREG_CNTP_CTL: case SYSREG_CNTV_CTL: return t->s.ctl[i] | (condition(t, i) ? CTL_ISTATUS : 0);
    case SYSREG_CNTP_CVAL: case SYSREG_CNTV_CVAL: return t->s.cval[i];
    case SYSREG_CNTP_TVAL: case SYSREG_CNTV_TVAL: return (u32)(t->s.cval[i] - count(t));
    default: return 0;
    }
}

static void port_write(void *opaque, u32 id, u64 val)
{
    struct arm_gtimer *t = opaque;
    u32 i = id == SYSREG_CNTV_CTL || id == SYSREG_CNTV_CVAL || id == SYSREG_CNTV_TVAL ? GTIMER_VIRT : GTIMER_PHYS;
    switch (id) {
    case SYSREG_CNTP_CTL: case SYSREG_CNTV_CTL: t->s.ctl[i] = (u32)val & (CTL_ENABLE | CTL_IMASK); break;
    case SYSREG_CNTP_CVAL: case SYSREG_CNTV_CVAL: t->s.cval[i] = val; break;
    case SYSREG_CNTP_TVAL: case SYSREG_CNTV_TVAL: t->s.cval[i] = count(t) + (u64)(i64)(i32)val; break;
    default: return;
    }
    update(t, i);
}

static void gtimer_update_all(struct dev *d)
{
    for (u32 i = 0; i < GTIMER_COUNT; i++)
        update(self(d), i);
}

static void gtimer_reset(struct dev *d)
{
    self(d)->s = (struct arm_gtimer_state){ 0 };
    gtimer_update_all(d);
}

static bool gtimer_valid(const void *state, struct err *e)
{
    const struct arm_gtimer_state *s = state;
    for (u32 i = 0; i < GTIMER_COUNT; i++)
        if (s->ctl[i] & ~(u32)(CTL_ENABLE | CTL_IMASK))
            return err_set(e, "control register %u has reserved bits: %#x", i, s->ctl[i]);
    return true;
}

#define F(f) STATE(struct arm_gtimer_state, f)
static const struct state_field gtimer_fields[] = { F(cval), F(ctl) };
static const struct state_desc gtimer_desc = {
    .name = "arm_gtimer", STATE_DESC(struct arm_gtimer_state, 1, gtimer_fields), .valid = gtimer_valid,
};

const struct dev_class arm_gtimer_class = {
    .name = "arm_gtimer", .state = &gtimer_desc, .state_offset = offsetof(struct arm_gtimer, s),
    .size = sizeof(struct arm_gtimer), .reset = gtimer_reset, .resumed = gtimer_update_all,
};

void arm_gtimer_init(struct arm_gtimer *t, struct machine *m, const char *path, struct vcpu *v)
{
    static const u32 ids[] = { SYSREG_CNTFRQ, SYSREG_CNTPCT, SYSREG_CNTVCT, SYSREG_CNTP_CTL, SYSREG_CNTP_CVAL,
                               SYSREG_CNTP_TVAL, SYSREG_CNTV_CTL, SYSREG_CNTV_CVAL, SYSREG_CNTV_TVAL };
    *t = (struct arm_gtimer){ .port = { t, port_read, port_write } };
    dev_attach(&t->dev, &arm_gtimer_class, m, path);
    deadline_init(&t->event[GTIMER_PHYS], &t->dev, "timer.phys", phys_due);
    deadline_init(&t->event[GTIMER_VIRT], &t->dev, "timer.virt", virt_due);
    for (u32 i = 0; v && i < COUNT(ids); i++)
        v->ports[ids[i]] = &t->port;
}
