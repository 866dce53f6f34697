/*
 * apic.c - the local APIC: acceptance and priority of interrupts, messages, local sources; not modelled: see apic.h.
 *
 * Source: Intel SDM volume 3, chapter 11; section numbers are its own. Registers: apic_regs.c.
 */
#include "hw/intc/apic_internal.h"

/* ---- vectors ---- */

static bool get(const u32 v[8], u32 n)
{
    return v[n / 32] >> n % 32 & 1;
}
static void put(u32 v[8], u32 n, bool on)
{
    v[n / 32] = on ? v[n / 32] | 1u << n % 32 : v[n / 32] & ~(1u << n % 32);
}
/* 0: none, since vectors below 16 are never there. */
static u32 highest(const u32 v[8])
{
    for (u32 i = 8; i--;)
        if (v[i])
            return i * 32 + 31 - (u32)__builtin_clz(v[i]);
    return 0;
}

/* 11.8.3.1 */
u32 apic_ppr(const struct apic *a)
{
    u32 isr = highest(a->s.isr) & 0xf0;
    return (a->s.tpr & 0xf0) >= isr ? a->s.tpr : isr;
}

/* The vector that the CPU would get from the APIC proper, 0: none. */
static u32 deliverable(const struct apic *a)
{
    u32 v = highest(a->s.irr);
    return apic_is_on(a) && v >> 4 > apic_ppr(a) >> 4 ? v : 0;
}

/* Does an external controller ask, through a message or LINT0? Switched off, the APIC lets LINT0 through as INTR. */
static bool wants_ext(const struct apic *a)
{
    u32 lvt = a->s.lvt[APIC_LVT_LINT0];
    bool open = !apic_is_on(a) || (!(lvt & LVT_MASKED) && apic_mode(lvt) == APIC_EXTINT);
    return a->s.ext || (a->s.pins & 1 && open);
}

void apic_update(struct apic *a)
{
    if (a->cpu)
        vcpu_irq_set(a->cpu, VCPU_IRQ, deliverable(a) || wants_ext(a));
}

static void pulse(struct apic *a, u32 line)
{
    if (!a->cpu)
        return;
    vcpu_irq_set(a->cpu, line, true);
    vcpu_irq_set(a->cpu, line, false);
}

void apic_error(struct apic *a, u32 bit)
{
    bool is_new = !(a->s.esr_next & bit);
    a->s.esr_next |= bit;
    if (is_new)
        apic_local(a, APIC_LVT_ERROR);
}

/* 11.8.4 */
static void request(struct apic *a, u32 vector, bool level)
{
    if (vector < 16) {
        guest_error(&a->dev, "interrupt with vector %u", vector);
        apic_error(a, ESR_RECEIVE_ILLEGAL);
        return;
    }
    put(a->s.irr, vector, true);
    put(a->s.tmr, vector, level);
    apic_update(a);
}

/* ---- reset ---- */

void apic_init_state(struct apic *a)
{
    u32 pins = a->s.pins, id = a->s.id;
    u64 base = a->s.base;
    a->s = (struct apic_state){ .base = base, .id = id, .pins = pins, .dfr = ~0u, .svr = 0xff,
        .timer_at = DEADLINE_NONE };
    for (u32 i = 0; i < APIC_LVTS; i++)
        a->s.lvt[i] = LVT_MASKED;
    apic_timer_arm(a);
}

static void init(struct apic *a)
{
    apic_init_state(a);
    a->s.init = a->index != 0;
    apic_update(a);
    pulse(a, VCPU_LINE_INIT);
}

/* ---- messages ---- */

bool apic_accept(struct apic *a, const struct apic_message *msg)
{
    switch (msg->mode) {
    case APIC_FIXED:
    case APIC_LOWEST:
        if (!(a->s.svr & SVR_ENABLE))
            return false;
        request(a, msg->vector, msg->level);
        return true;
    case APIC_NMI: pulse(a, VCPU_LINE_NMI); return true;
    case APIC_INIT: init(a); return true;
    case APIC_SIPI:
        if (a->s.init)
            a->s.sipi = 0x100u | msg->vector;
        return true;
    case APIC_EXTINT:
        a->s.ext = 1;
        apic_update(a);
        return true;
    default: guest_error(&a->dev, "interrupt of delivery mode %u", msg->mode); return false;
    }
}

/* The x2APIC logical id: cluster in bits 31:16, a bit for the CPU (11.12.10.2). */
u32 apic_x2_ldr(const struct apic *a)
{
    return a->s.id >> 4 << 16 | 1u << (a->s.id & 15);
}

/* 11.6.2 */
static bool matches(const struct apic *a, const struct apic_message *msg)
{
    u32 dest = msg->dest, all = msg->wide ? ~0u : 0xff;
    if (!apic_is_on(a))
        return false;
    if (dest == all)
        return true;
    if (!msg->logical)
        return dest == a->s.id;
    if (apic_is_x2(a))
        return dest >> 16 == apic_x2_ldr(a) >> 16 && dest & apic_x2_ldr(a) & 0xffff;
    u32 ldr = a->s.ldr >> 24;
    if (a->s.dfr >> 28 == 15)
        return dest & ldr;
    return dest >> 4 == ldr >> 4 && dest & ldr & 15;
}

/* Lowest priority: the least busy, of equals the first. */
static struct apic *least_busy(struct apic_bus *bus, const struct apic_message *msg)
{
    struct apic *best = NULL;
    for (u32 i = 0; i < bus->count; i++) {
        struct apic *a = bus->apic[i];
        if (matches(a, msg) && a->s.svr & SVR_ENABLE && (!best || apic_ppr(a) < apic_ppr(best)))
            best = a;
    }
    return best;
}

bool apic_send(struct apic_bus *bus, const struct apic_message *msg)
{
    bool taken = false;
    if (msg->mode == APIC_LOWEST) {
        struct apic *a = least_busy(bus, msg);
        return a && apic_accept(a, msg);
    }
    for (u32 i = 0; i < bus->count; i++)
        if (matches(bus->apic[i], msg))
            taken |= apic_accept(bus->apic[i], msg);
    return taken;
}

bool apic_msi(struct apic_bus *bus, gpa addr, u32 data)
{
    if (addr >> 20 != APIC_BASE_DEFAULT >> 20)
        return false;
    struct apic_message msg = {
        .dest = (u32)(addr >> 12 & 0xff), .logical = addr >> 2 & 1, .vector = (u8)data, .mode = data >> 8 & 7,
        .level = data >> 15 & 1,
    };
    if (!msg.level || data & ICR_ASSERT)
        apic_send(bus, &msg);
    return true;
}

/* Interprocessor interrupts (11.6.1). */
void apic_send_ipi(struct apic *a)
{
    u32 lo = (u32)a->s.icr, shorthand = lo >> 18 & 3;
    struct apic_message msg = {
        .dest = (u32)(apic_is_x2(a) ? a->s.icr >> 32 : a->s.icr >> 56), .wide = apic_is_x2(a),
        .logical = lo & ICR_LOGICAL,
        .vector = (u8)lo, .mode = apic_mode(lo),
    };
    if (msg.mode == APIC_INIT && lo & ICR_LEVEL && !(lo & ICR_ASSERT))
        return; /* INIT level de-assert: does nothing since the Pentium 4 */
    if (msg.vector < 16 && (msg.mode == APIC_FIXED || msg.mode == APIC_LOWEST)) {
        apic_error(a, ESR_SEND_ILLEGAL);
        return;
    }
    if (!shorthand)
        apic_send(a->bus, &msg);
    for (u32 i = 0; shorthand && i < a->bus->count; i++) {
        bool me = a->bus->apic[i] == a;
        if (apic_is_on(a->bus->apic[i]) && (shorthand == 2 || me == (shorthand == 1)))
            apic_accept(a->bus->apic[i], &msg);
    }
}

/* ---- local sources ---- */

void apic_local(struct apic *a, u32 n)
{
    u32 lvt = a->s.lvt[n];
    if (lvt & LVT_MASKED || !apic_is_on(a))
        return;
    struct apic_message msg = { .vector = (u8)lvt, .mode = APIC_FIXED };
    if (n != APIC_LVT_TIMER && n != APIC_LVT_ERROR)
        msg.mode = apic_mode(lvt);
    apic_accept(a, &msg);
}

/* A level-triggered pin asks until the CPU took the interrupt, and again at its end. */
void apic_look_at_pin(struct apic *a, u32 pin)
{
    u32 *lvt = &a->s.lvt[APIC_LVT_LINT0 + pin];
    if (!apic_is_level(*lvt) || *lvt & (LVT_MASKED | LVT_REMOTE_IRR) || !(a->s.pins >> pin & 1) || !apic_is_on(a))
        return;
    *lvt |= LVT_REMOTE_IRR;
    request(a, *lvt & 0xff, true);
}

void apic_set_lint(void *opaque, u32 pin, bool level)
{
    struct apic *a = opaque;
    u32 lvt = a->s.lvt[APIC_LVT_LINT0 + pin], bit = 1u << pin;
    bool rises = level && !(a->s.pins & bit);
    a->s.pins = level ? a->s.pins | bit : a->s.pins & ~bit;
    if (apic_mode(lvt) != APIC_EXTINT && rises && !apic_is_level(lvt))
        apic_local(a, APIC_LVT_LINT0 + pin);
    if (pin == 1 && rises && !apic_is_on(a))
        pulse(a, VCPU_LINE_NMI); /* the pin is NMI then */
    apic_look_at_pin(a, pin);
    apic_update(a);
}

struct irq_line apic_lint(struct apic *a, u32 pin)
{
    return (struct irq_line){ apic_set_lint, a, pin };
}

/* ---- acknowledge and end ---- */

u32 apic_acknowledge(struct apic *a)
{
    u32 v = deliverable(a);
    if (v) {
        put(a->s.irr, v, false);
        put(a->s.isr, v, true);
        if (a->bus->taken)
            a->bus->taken(a->bus->taken_opaque, v);
    } else if (wants_ext(a) && a->bus->pic_ack) {
        a->s.ext = 0;
        v = a->bus->pic_ack(a->bus->pic_opaque);
    } else {
        a->s.ext = 0;
        v = a->s.svr & 0xff;
    }
    apic_update(a);
    return v;
}

void apic_end_of_interrupt(struct apic *a)
{
    u32 v = highest(a->s.isr);
    if (!v)
        return;
    put(a->s.isr, v, false);
    if (get(a->s.tmr, v) && a->bus->eoi)
        a->bus->eoi(a->bus->eoi_opaque, v);
    for (u32 pin = 0; pin < 2; pin++) {
        u32 *lvt = &a->s.lvt[APIC_LVT_LINT0 + pin];
        if (*lvt & LVT_REMOTE_IRR && (*lvt & 0xff) == v)
            *lvt &= ~(u32)LVT_REMOTE_IRR;
        apic_look_at_pin(a, pin);
    }
    apic_update(a);
}
