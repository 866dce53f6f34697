/*
 * apic.c - the local APIC: acceptance and priority of interrupts, local vector table, registers; not modelled: see apic.h.
 *
 * Source: Intel SDM volume 3, chapter 11; section numbers are its own.
 */
#include "hw/intc/apic.h"
#include "base/bits.h"
#include "hw/deadline.h"

#define VERSION  ((APIC_LVTS - 1) << 16 | 0x14u)
enum { SVR_ENABLE = 0x100, SVR_ALL = 0x1ff };
enum { LVT_MASKED = 1 << 16, LVT_LEVEL = 1 << 15, LVT_REMOTE_IRR = 1 << 14, LVT_MODES = 7 << 8 };
enum { ESR_SEND_ILLEGAL = 1 << 5, ESR_RECEIVE_ILLEGAL = 1 << 6, ESR_REGISTER = 1 << 7, ESR_ALL = 0xe0 };
enum { ICR_LOGICAL = 1 << 11, ICR_ASSERT = 1 << 14, ICR_LEVEL = 1 << 15, ICR_ALL = 0xccfff };
/* Register numbers: offset / 16, or MSR number - 0x800. */
enum { R_ID = 2, R_VERSION, R_TPR = 8, R_APR, R_PPR, R_EOI, R_RRD, R_LDR, R_DFR, R_SVR, R_ISR, R_TMR = 0x18, R_IRR = 0x20,
       R_ESR = 0x28, R_ICR = 0x30, R_ICR2, R_LVT, R_COUNT = 0x38, R_CURRENT, R_DIVIDE = 0x3e, R_SELF_IPI };
/* What the guest can write in each LVT entry. */
static const u32 lvt_bits[APIC_LVTS] = { 0x700ff, 0x107ff, 0x107ff, 0x1a7ff, 0x1a7ff, 0x100ff };

static struct apic *self(struct dev *d)
{
    return CONTAINER_OF(d, struct apic, dev);
}
static bool is_on(const struct apic *a)
{
    return a->s.base & APIC_BASE_ENABLE;
}
static bool is_x2(const struct apic *a)
{
    return a->s.base & APIC_BASE_X2;
}

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
static u32 ppr(const struct apic *a)
{
    u32 isr = highest(a->s.isr) & 0xf0;
    return (a->s.tpr & 0xf0) >= isr ? a->s.tpr : isr;
}

/* The vector that the CPU would get from the APIC proper, 0: none. */
static u32 deliverable(const struct apic *a)
{
    u32 v = highest(a->s.irr);
    return is_on(a) && v >> 4 > ppr(a) >> 4 ? v : 0;
}

static u32 lvt_mode(u32 lvt)
{
    return lvt >> 8 & 7;
}

/* Does an external controller ask, through a message or LINT0? Switched off, the APIC lets LINT0 through as INTR. */
static bool wants_ext(const struct apic *a)
{
    u32 lvt = a->s.lvt[APIC_LVT_LINT0];
    bool open = !is_on(a) || (!(lvt & LVT_MASKED) && lvt_mode(lvt) == APIC_EXTINT);
    return a->s.ext || (a->s.pins & 1 && open);
}

static void update(struct apic *a)
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

static void error(struct apic *a, u32 bit)
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
        error(a, ESR_RECEIVE_ILLEGAL);
        return;
    }
    put(a->s.irr, vector, true);
    put(a->s.tmr, vector, level);
    update(a);
}

/* ---- reset ---- */

/* 11.4.7: what INIT leaves. */
static void reset_registers(struct apic *a)
{
    u32 pins = a->s.pins, id = a->s.id;
    u64 base = a->s.base;
    a->s = (struct apic_state){ .base = base, .id = id, .pins = pins, .dfr = ~0u, .svr = 0xff, .timer_at = DEADLINE_NONE };
    for (u32 i = 0; i < APIC_LVTS; i++)
        a->s.lvt[i] = LVT_MASKED;
    apic_timer_arm(a);
}

static void init(struct apic *a)
{
    reset_registers(a);
    a->s.init = a->index != 0;
    update(a);
    pulse(a, VCPU_LINE_INIT);
}

/* ---- messages ---- */

static void accept(struct apic *a, const struct apic_message *msg)
{
    switch (msg->mode) {
    case APIC_FIXED:
    case APIC_LOWEST:
        if (a->s.svr & SVR_ENABLE)
            request(a, msg->vector, msg->level);
        break;
    case APIC_NMI: pulse(a, VCPU_LINE_NMI); break;
    case APIC_INIT: init(a); break;
    case APIC_SIPI:
        if (a->s.init)
            a->s.sipi = 0x100u | msg->vector;
        break;
    case APIC_EXTINT:
        a->s.ext = 1;
        update(a);
        break;
    default: guest_error(&a->dev, "interrupt of delivery mode %u", msg->mode);
    }
}

/* The x2APIC logical id: cluster in bits 31:16, a bit for the CPU (11.12.10.2). */
static u32 x2_ldr(const struct apic *a)
{
    return a->s.id >> 4 << 16 | 1u << (a->s.id & 15);
}

/* 11.6.2 */
static bool matches(const struct apic *a, const struct apic_message *msg)
{
    u32 dest = msg->dest, all = msg->wide ? ~0u : 0xff;
    if (!is_on(a))
        return false;
    if (dest == all)
        return true;
    if (!msg->logical)
        return dest == a->s.id;
    if (is_x2(a))
        return dest >> 16 == x2_ldr(a) >> 16 && dest & x2_ldr(a) & 0xffff;
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
        if (matches(a, msg) && a->s.svr & SVR_ENABLE && (!best || ppr(a) < ppr(best)))
            best = a;
    }
    return best;
}

void apic_send(struct apic_bus *bus, const struct apic_message *msg)
{
    if (msg->mode == APIC_LOWEST) {
        struct apic *a = least_busy(bus, msg);
        if (a)
            accept(a, msg);
        return;
    }
    for (u32 i = 0; i < bus->count; i++)
        if (matches(bus->apic[i], msg))
            accept(bus->apic[i], msg);
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
static void send_ipi(struct apic *a)
{
    u32 lo = (u32)a->s.icr, shorthand = lo >> 18 & 3;
    struct apic_message msg = {
        .dest = (u32)(is_x2(a) ? a->s.icr >> 32 : a->s.icr >> 56), .wide = is_x2(a), .logical = lo & ICR_LOGICAL,
        .vector = (u8)lo, .mode = lvt_mode(lo),
    };
    if (msg.mode == APIC_INIT && lo & ICR_LEVEL && !(lo & ICR_ASSERT))
        return; /* INIT level de-assert: does nothing since the Pentium 4 */
    if (msg.vector < 16 && (msg.mode == APIC_FIXED || msg.mode == APIC_LOWEST)) {
        error(a, ESR_SEND_ILLEGAL);
        return;
    }
    if (!shorthand)
        apic_send(a->bus, &msg);
    for (u32 i = 0; shorthand && i < a->bus->count; i++) {
        bool me = a->bus->apic[i] == a;
        if (is_on(a->bus->apic[i]) && (shorthand == 2 || me == (shorthand == 1)))
            accept(a->bus->apic[i], &msg);
    }
}

/* ---- local sources ---- */

void apic_local(struct apic *a, u32 n)
{
    u32 lvt = a->s.lvt[n];
    if (lvt & LVT_MASKED || !is_on(a))
        return;
    struct apic_message msg = { .vector = (u8)lvt, .mode = APIC_FIXED };
    if (n != APIC_LVT_TIMER && n != APIC_LVT_ERROR)
        msg.mode = lvt_mode(lvt);
    accept(a, &msg);
}

static bool is_level(u32 lvt)
{
    return lvt & LVT_LEVEL && lvt_mode(lvt) == APIC_FIXED;
}

/* A level-triggered pin asks until the CPU took the interrupt, and again at its end. */
static void look_at_pin(struct apic *a, u32 pin)
{
    u32 *lvt = &a->s.lvt[APIC_LVT_LINT0 + pin];
    if (!is_level(*lvt) || *lvt & (LVT_MASKED | LVT_REMOTE_IRR) || !(a->s.pins >> pin & 1) || !is_on(a))
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
    if (lvt_mode(lvt) != APIC_EXTINT && rises && !is_level(lvt))
        apic_local(a, APIC_LVT_LINT0 + pin);
    if (pin == 1 && rises && !is_on(a))
        pulse(a, VCPU_LINE_NMI); /* the pin is NMI then */
    look_at_pin(a, pin);
    update(a);
}

struct irq_line apic_lint(struct apic *a, u32 pin)
{
    return (struct irq_line){ apic_set_lint, a, pin };
}

/* ---- acknowledge and end ---- */

static u32 acknowledge(struct apic *a)
{
    u32 v = deliverable(a);
    if (v) {
        put(a->s.irr, v, false);
        put(a->s.isr, v, true);
    } else if (wants_ext(a) && a->bus->pic_ack) {
        a->s.ext = 0;
        v = a->bus->pic_ack(a->bus->pic_opaque);
    } else {
        a->s.ext = 0;
        v = a->s.svr & 0xff;
    }
    update(a);
    return v;
}

static void end_of_interrupt(struct apic *a)
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
        look_at_pin(a, pin);
    }
    update(a);
}

/* ---- registers ---- */

static u32 register_read(struct apic *a, u32 n)
{
    const struct apic_state *s = &a->s;
    if (n >= R_LVT && n < R_LVT + APIC_LVTS)
        return s->lvt[n - R_LVT];
    if (n >= R_ISR && n < R_ESR)
        return (n < R_TMR ? s->isr : n < R_IRR ? s->tmr : s->irr)[n & 7];
    switch (n) {
    case R_ID: return is_x2(a) ? s->id : s->id << 24;
    case R_VERSION: return VERSION;
    case R_TPR: return s->tpr;
    case R_APR: case R_PPR: return ppr(a);
    case R_LDR: return is_x2(a) ? x2_ldr(a) : s->ldr;
    case R_DFR: return s->dfr;
    case R_SVR: return s->svr;
    case R_ESR: return s->esr;
    case R_ICR: return (u32)s->icr;
    case R_ICR2: return (u32)(s->icr >> 32);
    case R_COUNT: return s->count;
    case R_CURRENT: return apic_timer_count(a);
    case R_DIVIDE: return s->divide;
    case R_EOI: case R_RRD: return 0;
    default:
        guest_error(&a->dev, "read of register %#x: there is none", n << 4);
        error(a, ESR_REGISTER);
        return 0;
    }
}

static void write_lvt(struct apic *a, u32 n, u32 val)
{
    u32 keep = a->s.lvt[n] & LVT_REMOTE_IRR, off = a->s.svr & SVR_ENABLE ? 0 : LVT_MASKED;
    val = (val & lvt_bits[n]) | off;
    if (n == APIC_LVT_TIMER) {
        apic_timer_lvt(a, val);
        return;
    }
    bool pin = n == APIC_LVT_LINT0 || n == APIC_LVT_LINT1;
    a->s.lvt[n] = val | (pin && is_level(val) ? keep : 0);
    if (pin)
        look_at_pin(a, n - APIC_LVT_LINT0);
}

/* 11.4.7.2: switched off by software, all local entries are masked. */
static void write_svr(struct apic *a, u32 val)
{
    a->s.svr = val & SVR_ALL;
    for (u32 i = 0; !(val & SVR_ENABLE) && i < APIC_LVTS; i++)
        a->s.lvt[i] |= LVT_MASKED;
}

static void write_icr(struct apic *a, u64 val)
{
    a->s.icr = val & (ICR_ALL | ~0ull << 32);
    send_ipi(a);
}

static void register_write(struct apic *a, u32 n, u32 val)
{
    struct apic_state *s = &a->s;
    if (n >= R_LVT && n < R_LVT + APIC_LVTS) {
        write_lvt(a, n - R_LVT, val);
        n = R_LVT;
    }
    switch (n) {
    case R_ID: s->id = val >> 24; break;
    case R_TPR: s->tpr = val & 0xff; break;
    case R_EOI: end_of_interrupt(a); break;
    case R_LDR: s->ldr = val & 0xff000000; break;
    case R_DFR: s->dfr = val | 0x0fffffff; break;
    case R_SVR: write_svr(a, val); break;
    case R_ESR: s->esr = s->esr_next, s->esr_next = 0; break;
    case R_ICR: write_icr(a, (s->icr & ~0ull << 32) | val); break;
    case R_ICR2: s->icr = (u64)(val & 0xff000000) << 32 | (u32)s->icr; break;
    case R_COUNT: apic_timer_start(a, val); break;
    case R_DIVIDE: apic_timer_divide(a, val); break;
    case R_LVT: break;
    default:
        guest_error(&a->dev, "write of %#x to register %#x: there is none", val, n << 4);
        error(a, ESR_REGISTER);
    }
    update(a);
}

/* ---- the window ---- */

/* Registers are 32 bits wide and 16 bytes apart. */
static u64 apic_read(struct dev *d, u64 off, u32 size)
{
    struct apic *a = self(d);
    if (!is_on(a) || is_x2(a))
        return ~0ull;
    if ((off & 15) + size > 4 || off >= APIC_WINDOW) {
        guest_error(d, "read of %u bytes at %#llx", size, (unsigned long long)off);
        return 0;
    }
    return register_read(a, (u32)off >> 4) >> 8 * (off & 3);
}

static void apic_write(struct dev *d, u64 off, u64 val, u32 size)
{
    struct apic *a = self(d);
    if (!is_on(a) || is_x2(a))
        return;
    if (off & 15 || size < 4 || off >= APIC_WINDOW)
        guest_error(d, "write of %u bytes at %#llx", size, (unsigned long long)off);
    else
        register_write(a, (u32)off >> 4, (u32)val);
}

static struct dev *current(struct apic_bus *bus)
{
    u32 cpu = bus->m->cur;
    return &bus->apic[cpu < bus->count ? cpu : 0]->dev;
}
static u64 window_read(void *opaque, u64 off, u32 size)
{
    return dev_read(current(opaque), off, size);
}
static void window_write(void *opaque, u64 off, u64 val, u32 size)
{
    dev_write(current(opaque), off, val, size);
}
static const struct mmio_ops window_ops = { window_read, window_write };

/* The window of all CPUs is where the boot CPU's base says. */
static void move_window(struct apic *a)
{
    struct apic_bus *bus = a->bus;
    gpa at = is_on(a) && !is_x2(a) ? a->s.base & PAGE_MASK : 0;
    if (a->index || !bus->m || at == bus->at)
        return;
    if (bus->at)
        physmap_unmap(&bus->m->map, bus->at);
    bus->at = at && physmap_is_free(&bus->m->map, at, APIC_WINDOW) ? at : 0;
    if (bus->at)
        physmap_map_mmio(&bus->m->map, at, APIC_WINDOW, &window_ops, bus, "apic");
    else if (at)
        guest_error(&a->dev, "base %#llx: something else is there", (unsigned long long)at);
}

/* ---- ports ---- */

bool apic_x2_msr(u32 n, bool write)
{
    u32 r = n - 0x800;
    if (r > R_SELF_IPI)
        return false;
    if (r >= R_LVT && r < R_LVT + APIC_LVTS)
        return true;
    switch (r) {
    case R_TPR: case R_SVR: case R_ESR: case R_ICR: case R_COUNT: case R_DIVIDE: return true;
    case R_EOI: case R_SELF_IPI: return write;
    case R_ID: case R_VERSION: case R_PPR: case R_LDR: case R_CURRENT: return !write;
    default: return !write && r >= R_ISR && r < R_ESR;
    }
}

static u64 x2_read(struct apic *a, u32 msr)
{
    if (!is_x2(a) || !apic_x2_msr(msr, false))
        return 0;
    return msr == 0x800 + R_ICR ? a->s.icr : register_read(a, msr - 0x800);
}

static void x2_write(struct apic *a, u32 msr, u64 val)
{
    struct apic_message me = { .vector = (u8)val, .mode = APIC_FIXED };
    if (!is_x2(a) || !apic_x2_msr(msr, true))
        return;
    if (msr == 0x800 + R_ICR)
        write_icr(a, val);
    else if (msr == 0x800 + R_SELF_IPI && me.vector < 16)
        error(a, ESR_SEND_ILLEGAL);
    else if (msr == 0x800 + R_SELF_IPI)
        accept(a, &me);
    else
        register_write(a, msr - 0x800, (u32)val);
}

/* 11.4.3, 11.12.1: off to xAPIC, xAPIC to x2APIC, all to off; coming back from off finds the state of reset. */
static void write_base(struct apic *a, u64 val)
{
    u64 modes = APIC_BASE_ENABLE | APIC_BASE_X2, from = a->s.base & modes, to = val & modes;
    bool legal = from == to || !to || (from ? from == APIC_BASE_ENABLE && to == modes : to == APIC_BASE_ENABLE);
    if (!legal) {
        guest_error(&a->dev, "base %#llx: no such change of mode", (unsigned long long)val);
        return;
    }
    a->s.base = (val & PAGE_MASK & bits_mask(52)) | to | (a->s.base & APIC_BASE_BSP);
    if (from && !to)
        reset_registers(a);
    move_window(a);
    update(a);
}

static u64 port_read(void *opaque, u32 id)
{
    struct apic *a = opaque;
    switch (id) {
    case SYSREG_X86_INTACK: return acknowledge(a);
    case SYSREG_X86_TPR: return a->s.tpr >> 4;
    case SYSREG_X86_APIC_BASE: return a->s.base;
    case SYSREG_X86_TSC_DEADLINE: return a->s.deadline;
    default: return x2_read(a, id);
    }
}

static void port_write(void *opaque, u32 id, u64 val)
{
    struct apic *a = opaque;
    switch (id) {
    case SYSREG_X86_INTACK: break;
    case SYSREG_X86_TPR:
        a->s.tpr = (u32)(val & 15) << 4;
        update(a);
        break;
    case SYSREG_X86_APIC_BASE: write_base(a, val); break;
    case SYSREG_X86_TSC_DEADLINE: apic_deadline_write(a, val); break;
    default: x2_write(a, id, val);
    }
}

/* ---- device ---- */

static void apic_reset(struct dev *d)
{
    struct apic *a = self(d);
    a->s.base = APIC_BASE_DEFAULT | APIC_BASE_ENABLE | (a->index ? 0 : APIC_BASE_BSP);
    a->s.id = a->index;
    reset_registers(a);
    a->s.init = a->index != 0;
    if (!a->index)
        a->s.lvt[APIC_LVT_LINT0] = APIC_EXTINT << 8;
    if (a->bus)
        move_window(a);
    update(a);
}

static void apic_resumed(struct dev *d)
{
    apic_timer_arm(self(d));
    move_window(self(d));
    update(self(d));
}

static bool apic_valid(const void *state, struct err *e)
{
    const struct apic_state *s = state;
    u64 base = s->base & ~(bits_mask(52) & PAGE_MASK);
    if (base & ~0xd00ull || (base & 0xc00) == APIC_BASE_X2)
        return err_set(e, "base %#llx out of range", (unsigned long long)s->base);
    if ((s->irr[0] | s->isr[0] | s->tmr[0]) & 0xffff)
        return err_set(e, "vectors below 16 are requested or in service");
    for (u32 i = 0; i < APIC_LVTS; i++)
        if (s->lvt[i] & ~(lvt_bits[i] | LVT_REMOTE_IRR))
            return err_set(e, "local vector %u out of range: %#x", i, s->lvt[i]);
    if (s->icr & ~(ICR_ALL | ~0ull << 32) || s->id > 0xff || s->tpr > 0xff || s->ldr & 0xffffff || ~s->dfr & 0x0fffffff
        || s->svr & ~(u32)SVR_ALL || (s->esr | s->esr_next) & ~(u32)ESR_ALL || s->divide & ~0xbu)
        return err_set(e, "registers out of range: icr %#llx, id %#x, tpr %#x, ldr %#x, dfr %#x, svr %#x, errors %#x, %#x",
                       (unsigned long long)s->icr, s->id, s->tpr, s->ldr, s->dfr, s->svr, s->esr, s->esr_next);
    return (s->pins <= 3 && s->ext <= 1 && s->init <= 1 && s->sipi <= 0x1ff)
           || err_set(e, "pins %#x, external %u, init %u or start-up %#x out of range", s->pins, s->ext, s->init, s->sipi);
}

#define F(f) STATE(struct apic_state, f)
static const struct state_field apic_fields[] = {
    F(base), F(deadline), F(timer_at), F(icr), F(irr), F(isr), F(tmr), F(lvt), F(id), F(tpr), F(ldr), F(dfr), F(svr), F(esr),
    F(esr_next), F(count), F(divide), F(pins), F(ext), F(init), F(sipi), F(pad),
};
static const struct state_desc apic_desc = {
    .name = "apic", STATE_DESC(struct apic_state, 1, apic_fields), .valid = apic_valid,
};

const struct dev_class apic_class = {
    .name = "apic", .state = &apic_desc, .state_offset = offsetof(struct apic, s), .size = sizeof(struct apic),
    .read = apic_read, .write = apic_write, .reset = apic_reset, .resumed = apic_resumed,
};

static void offer_ports(struct apic *a)
{
    static const u32 ids[] = { SYSREG_X86_INTACK, SYSREG_X86_TPR, SYSREG_X86_APIC_BASE, SYSREG_X86_X2APIC,
                               SYSREG_X86_TSC_DEADLINE };
    a->port = (struct sysreg_port){ a, port_read, port_write };
    for (u32 i = 0; a->cpu && i < COUNT(ids); i++)
        a->cpu->ports[ids[i]] = &a->port;
}

void apic_init(struct apic *a, struct apic_bus *bus, struct machine *m, const char *path, u32 index)
{
    CHECK(index == bus->count && index < APIC_CPUS && (!m || index < m->cpu_count));
    *a = (struct apic){ .bus = bus, .index = index, .cpu = m ? m->cpus[index] : NULL };
    bus->m = m;
    bus->apic[bus->count++] = a;
    dev_attach(&a->dev, &apic_class, m, path);
    deadline_init(&a->timer, &a->dev, "apic timer", apic_timer_fired);
    offer_ports(a);
    apic_reset(&a->dev);
}
