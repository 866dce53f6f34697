/*
 * apic_regs.c - the local APIC's registers: window, x2APIC and other ports; the device; not modelled: see apic.h.
 *
 * Source: Intel SDM volume 3, chapter 11; section numbers are its own.
 */
#include "hw/intc/apic_internal.h"

#define VERSION  ((APIC_LVTS - 1) << 16 | 0x14u)
/* Register numbers: offset / 16, or MSR number - 0x800. */
enum { R_ID = 2, R_VERSION, R_TPR = 8, R_APR, R_PPR, R_EOI, R_RRD, R_LDR, R_DFR, R_SVR, R_ISR, R_TMR = 0x18,
       R_IRR = 0x20, R_ESR = 0x28, R_ICR = 0x30, R_ICR2, R_LVT, R_COUNT = 0x38, R_CURRENT, R_DIVIDE = 0x3e,
       R_SELF_IPI };
/* What the guest can write in each LVT entry. */
static const u32 lvt_bits[APIC_LVTS] = { 0x700ff, 0x107ff, 0x107ff, 0x1a7ff, 0x1a7ff, 0x100ff };

static struct apic *self(struct dev *d)
{
    return CONTAINER_OF(d, struct apic, dev);
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
    case R_ID: return apic_is_x2(a) ? s->id : s->id << 24;
    case R_VERSION: return VERSION;
    case R_TPR: return s->tpr;
    case R_APR: case R_PPR: return apic_ppr(a);
    case R_LDR: return apic_is_x2(a) ? apic_x2_ldr(a) : s->ldr;
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
        apic_error(a, ESR_REGISTER);
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
    a->s.lvt[n] = val | (pin && apic_is_level(val) ? keep : 0);
    if (pin)
        apic_look_at_pin(a, n - APIC_LVT_LINT0);
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
    apic_send_ipi(a);
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
    case R_EOI: apic_end_of_interrupt(a); break;
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
        apic_error(a, ESR_REGISTER);
    }
    apic_update(a);
}

/* ---- the window ---- */

/* Registers are 32 bits wide and 16 bytes apart. */
static u64 apic_read(struct dev *d, u64 off, u32 size)
{
    struct apic *a = self(d);
    if (!apic_is_on(a) || apic_is_x2(a))
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
    if (!apic_is_on(a) || apic_is_x2(a))
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
    gpa at = apic_is_on(a) && !apic_is_x2(a) ? a->s.base & PAGE_MASK : 0;
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
    if (!apic_is_x2(a) || !apic_x2_msr(msr, false))
        return 0;
    return msr == 0x800 + R_ICR ? a->s.icr : register_read(a, msr - 0x800);
}

static void x2_write(struct apic *a, u32 msr, u64 val)
{
    struct apic_message me = { .vector = (u8)val, .mode = APIC_FIXED };
    if (!apic_is_x2(a) || !apic_x2_msr(msr, true))
        return;
    if (msr == 0x800 + R_ICR)
        write_icr(a, val);
    else if (msr == 0x800 + R_SELF_IPI && me.vector < 16)
        apic_error(a, ESR_SEND_ILLEGAL);
    else if (msr == 0x800 + R_SELF_IPI)
        apic_accept(a, &me);
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
        apic_init_state(a);
    move_window(a);
    apic_update(a);
}

static u64 port_read(void *opaque, u32 id)
{
    struct apic *a = opaque;
    switch (id) {
    case SYSREG_X86_INTACK: return apic_acknowledge(a);
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
        apic_update(a);
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
    apic_init_state(a);
    a->s.init = a->index != 0;
    if (!a->index)
        a->s.lvt[APIC_LVT_LINT0] = APIC_EXTINT << 8;
    if (a->bus)
        move_window(a);
    apic_update(a);
}

static void apic_resumed(struct dev *d)
{
    apic_timer_arm(self(d));
    move_window(self(d));
    apic_update(self(d));
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
    if (s->icr & ~(ICR_ALL | ~0ull << 32) || s->id > 0xff || s->tpr > 0xff || s->ldr & 0xffffff
        || ~s->dfr & 0x0fffffff || s->svr & ~(u32)SVR_ALL || (s->esr | s->esr_next) & ~(u32)ESR_ALL
        || s->divide & ~0xbu)
        return err_set(e, "registers out of range: icr %#llx, id %#x, tpr %#x, ldr %#x, dfr %#x, svr %#x",
                       (unsigned long long)s->icr, s->id, s->tpr, s->ldr, s->dfr, s->svr);
    return (s->pins <= 3 && s->ext <= 1 && s->init <= 1 && s->sipi <= 0x1ff)
           || err_set(e, "pins %#x, external %u, init %u or start-up %#x out of range", s->pins, s->ext, s->init,
               s->sipi);
}

#define F(f) STATE(struct apic_state, f)
static const struct state_field apic_fields[] = {
    F(base), F(deadline), F(timer_at), F(icr), F(irr), F(isr), F(tmr), F(lvt), F(id), F(tpr), F(ldr), F(dfr),
    F(svr), F(esr), F(esr_next), F(count), F(divide), F(pins), F(ext), F(init), F(sipi), F(pad),
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
