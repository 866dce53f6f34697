/*
 * exceptions.c - exceptions and interrupts as the engine and the machine see them: faults of accesses, double and
 * triple faults, interrupts and NMI, the debug trap, fetches.
 *
 * SDM volume 3, chapter 6: table 6-5 (double fault), 6.7 (NMI), 6.8.3 (MOV SS, STI), 6.9 (priority), 17.3.1 (RF and
 * debug exceptions). A breakpoint that MOV SS holds off stays pending until an instruction has followed, whatever
 * that does.
 */
#include "frontend/x86/desc.h"

enum { MC = 18 };
enum { PEND_NMI = 1, PEND_INIT = 2 }; /* nmi_pending */

/* ---- double faults: table 6-5 ---- */

static bool is_contributory(u32 vector) { return vector == X86_DE || (vector >= X86_TS && vector <= X86_GP); }

static bool makes_double(u32 first, u32 second)
{
    if (first == X86_PF)
        return second == X86_PF || is_contributory(second);
    return is_contributory(first) && is_contributory(second);
}

static bool makes_triple(u32 first, u32 second)
{
    return first == X86_DF && (second == X86_PF || is_contributory(second));
}

static void shut_down(struct vcpu *v, const char *why)
{
    log_line(&v->m->log, LOG_guest_error, "%s at %#llx: the processor shuts down", why, (unsigned long long)v->s.pc);
    v->s.halted = 1;
    v->m->shutdown = why;
    v->m->shutdown_pc = v->s.pc;
    machine_request(v->m, REQ_RESET);
}

static void log_event(struct vcpu *v, const struct x86_event *ev)
{
    const struct x86_state *s = v->state;
    log_line(&v->m->log, LOG_int, "%s %u code %#x CPL %u CS:IP %#x:%#llx SS:SP %#x:%#llx CR2 %#llx EFLAGS %#x",
             ev->soft ? "int"
             : ev->rf ? "fault"
                      : "event",
             ev->vector, ev->has_code ? ev->code : 0, s->cpl, s->seg_sel[X86_CS],
             (unsigned long long)x86_ip(v, ev->next), s->seg_sel[X86_SS], (unsigned long long)s->gpr[X86_RSP],
             (unsigned long long)s->cr2, x86_flags(v));
}

static struct x86_event event_of(struct vcpu *v, const struct x86_exc *x)
{
    if (x->vector == X86_PF)
        x86_of(v)->cr2 = x->cr2;
    return (struct x86_event){ .vector = x->vector, .has_code = x->has_code, .code = x->code, .next = v->s.pc,
                               .rf = x->vector != X86_DF && x->vector != MC };
}

/* Every turn is a worse class than the one before, so that there are few. The first may be an interrupt, which counts
 * as benign. */
void x86_run_event(struct vcpu *v, struct x86_event ev)
{
    struct x86_state *s = v->state;
    u32 class = ev.soft || ev.external ? (u32)X86_BP : ev.vector;
    for (;;) {
        if (log_on(&v->m->log, LOG_int))
            log_event(v, &ev);
        s->shadow = 0;
        if (x86_deliver(v, &ev))
            break;
        const struct x86_exc x = x86_wiring_of(v)->exc;
        if (makes_triple(class, x.vector)) {
            shut_down(v, "triple fault");
            return;
        }
        bool twice = makes_double(class, x.vector);
        ev = event_of(v, &x);
        if (twice)
            ev = (struct x86_event){ .vector = X86_DF, .has_code = true, .next = v->s.pc };
        class = ev.vector;
    }
    if (ev.vector == X86_DB && !ev.soft && !ev.external) {
        s->dr[7] &= ~(1ull << 13); /* GD */
        s->debugctl &= ~(u64)(X86_DEBUGCTL_LBR | X86_DEBUGCTL_BTF);
    }
    if (ev.vector == X86_NMI && !ev.soft && !ev.external)
        s->nmi_blocked = 1;
}

static void take(struct vcpu *v) { x86_run_event(v, event_of(v, &x86_wiring_of(v)->exc)); }

void x86_take(struct vcpu *v)
{
    take(v);
    v->raised = true;
}

void x86_raise(struct vcpu *v, u32 vector, bool has_code, u32 code)
{
    (void)x86_fail(v, vector, has_code, code);
    x86_take(v);
}

static void fault(struct vcpu *v, u32 vector, bool has_code, u32 code)
{
    (void)x86_fail(v, vector, has_code, code);
    take(v);
}

/* ---- what the engine reports ---- */

static u64 behind(struct vcpu *v, u64 len)
{
    return x86_is_long(v->state) ? v->s.pc + len : (u32)(v->s.pc + len);
}

void x86_exception(struct vcpu *v, u32 code, u64 payload)
{
    u32 vector = code & 0xff;
    if (!(code & (X86_EXC_SOFT | X86_EXC_ICEBP | X86_EXC_NEXT))) {
        fault(v, vector, code & X86_EXC_CODE, (u32)payload);
        return;
    }
    x86_run_event(v, (struct x86_event){ .vector = vector,
                                         .soft = code & X86_EXC_SOFT,
                                         .has_code = code & X86_EXC_CODE,
                                         .code = (u32)payload,
                                         .next = behind(v, payload >> 32) });
}

/* Nothing is at this physical address. Fetches read ones there: FF /7 is undefined. */
static void bus_fault(struct vcpu *v, const struct mmu_fault *f)
{
    if (f->access == MMU_FETCH) {
        fault(v, X86_UD, false, 0);
        return;
    }
    log_line(&v->m->log, LOG_guest_error, "access to nothing at %#llx", (unsigned long long)f->va);
    if (x86_of(v)->cr4 & X86_CR4_MCE)
        fault(v, MC, false, 0);
    else
        shut_down(v, "machine check without CR4.MCE");
}

/* The bit of fetches is there only when something makes them differ. */
static u32 pf_code(const struct x86_state *s, const struct mmu_fault *f)
{
    bool tells = s->cr4 & X86_CR4_SMEP || (s->efer & X86_EFER_NXE && s->cr4 & X86_CR4_PAE);
    u32 code = (u32)f->info[0] & ~16u;
    return f->access == MMU_FETCH && tells ? code | 16 : code;
}

void x86_fault(struct vcpu *v, const struct mmu_fault *f)
{
    struct ir_mem m = ir_mem_unpack(f->mem);
    if (f->kind == FAULT_BUS) {
        bus_fault(v, f);
    } else if (f->kind == FAULT_ALIGN) {
        fault(v, m.user0 & X86_MEM_ALIGN_GP ? X86_GP : X86_AC_FAULT, true, 0);
    } else if (f->info[0] & X86_WALK_NONCANONICAL) {
        fault(v, f->access != MMU_FETCH && m.user0 & X86_MEM_SS ? X86_SS_FAULT : X86_GP, true, 0);
    } else {
        x86_wiring_of(v)->exc =
            (struct x86_exc){ .vector = X86_PF, .has_code = true, .code = pf_code(v->state, f), .cr2 = f->va };
        take(v);
    }
}

/* ---- the debug trap; fetches ---- */

bool x86_take_db_trap(struct vcpu *v)
{
    struct x86_state *s = v->state;
    if (!s->db_hits || s->shadow & X86_SHADOW_SS)
        return false;
    s->dr[6] |= s->db_hits;
    s->db_hits = 0;
    x86_run_event(v, (struct x86_event){ .vector = X86_DB, .next = v->s.pc });
    return true;
}

bool x86_fetch_ok(struct vcpu *v)
{
    const struct x86_state *s = v->state;
    if (UNLIKELY(s->db_hits) && x86_take_db_trap(v))
        return false;
    if (x86_is_long(s)) {
        if (LIKELY(x86_canonical(v->s.pc)))
            return true;
    } else if (UNLIKELY(v->s.pc >> 32)) {
        v->s.pc = (u32)v->s.pc;
        return false;
    } else if (LIKELY(x86_ip(v, v->s.pc) <= s->seg_limit[X86_CS])) {
        return true;
    }
    fault(v, X86_GP, true, 0);
    return false;
}

/* ---- interrupts ---- */

static u32 acknowledge(struct vcpu *v)
{
    const struct sysreg_port *p = v->ports[SYSREG_X86_INTACK];
    return p ? (u32)p->read(p->opaque, SYSREG_X86_INTACK) & 0xff : 0xff;
}

static void deliver_interrupt(struct vcpu *v, u32 vector, bool external)
{
    v->s.halted = 0;
    x86_run_event(v, (struct x86_event){ .vector = vector, .external = external, .next = v->s.pc });
}

static bool nmi_due(const struct x86_state *s) { return s->nmi_pending & PEND_NMI && !s->nmi_blocked; }
static bool init_due(const struct x86_state *s) { return s->nmi_pending & PEND_INIT; }

void x86_pins(struct vcpu *v)
{
    const struct x86_state *s = v->state;
    v->irq = (v->irq & ~(u32)VCPU_FIQ) | (init_due(s) || nmi_due(s) ? VCPU_FIQ : 0);
}

static bool irq_due(const struct vcpu *v)
{
    const struct x86_state *s = v->state;
    return v->irq & VCPU_IRQ && s->eflags & X86_FL_IF;
}

/* What comes of the debug trap of the instruction before is first, and may then hold interrupts off. */
bool x86_interrupt(struct vcpu *v)
{
    struct x86_state *s = v->state;
    if (init_due(s)) {
        x86_init(v);
        x86_pins(v);
        return true;
    }
    if (s->shadow || !(nmi_due(s) || irq_due(v)))
        return false;
    bool trapped = x86_take_db_trap(v);
    bool nmi = nmi_due(s);
    if (nmi) {
        s->nmi_pending &= ~PEND_NMI;
        deliver_interrupt(v, X86_NMI, false);
        x86_pins(v);
    }
    /* One on top of the other while gates leave IF set: when the next look would be is no business of the guest's.
     * Each acknowledge takes a vector out of what is due, so more than there are vectors come from a line that is
     * stuck. */
    u32 taken = 0;
    for (; irq_due(v) && taken < 256; taken++)
        deliver_interrupt(v, acknowledge(v), true);
    return taken || nmi || trapped;
}

bool x86_wakes(struct vcpu *v)
{
    const struct x86_state *s = v->state;
    return init_due(s) || nmi_due(s) || irq_due(v);
}

/* NMI and INIT are taken where interrupts are sampled: between instructions. */
void x86_line(struct vcpu *v, u32 line, bool level)
{
    struct x86_state *s = v->state;
    if (line == VCPU_LINE_A20M && s->a20_off != level) {
        s->a20_off = level;
        mmu_flush(&v->mmu, 0, 0); /* the walk applies the pin */
    } else if (level && line == VCPU_LINE_NMI) {
        s->nmi_pending |= PEND_NMI;
    } else if (level && line == VCPU_LINE_INIT) {
        s->nmi_pending |= PEND_INIT;
    }
    x86_pins(v);
}
