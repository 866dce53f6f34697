/*
 * psci.c - the Power State Coordination Interface 1.0 (DEN 0022D) behind HVC or SMC, by the SMC Calling
 * Convention (DEN 0028): function in W0, arguments in X1 to X3, result in X0.
 *
 * Not modelled: SYSTEM_SUSPEND, CPU_FREEZE, power-down states (CPU_SUSPEND is a WFI), migration, statistics.
 */
#include "frontend/arm/cpu.h"

enum {
    PSCI_SUCCESS = 0, PSCI_NOT_SUPPORTED = -1, PSCI_INVALID_PARAMETERS = -2, PSCI_ALREADY_ON = -4,
    PSCI_INVALID_ADDRESS = -9
};
/* Function numbers; bit 30 of the identifier selects the 64-bit form of those that have two. */
enum {
    VERSION = 0, CPU_SUSPEND = 1, CPU_OFF = 2, CPU_ON = 3, AFFINITY_INFO = 4, MIGRATE_INFO_TYPE = 6, SYSTEM_OFF = 8,
    SYSTEM_RESET = 9, FEATURES = 10
};
#define SMC64 0x40000000u
#define AFFINITY 0xff00ffffffull

static struct vcpu *by_affinity(struct machine *m, u64 affinity)
{
    for (u32 i = 0; i < m->cpu_count; i++)
        if (m->cpus[i]->guest == &a64_guest && !((a64_mpidr(m->cpus[i]) ^ affinity) & AFFINITY))
            return m->cpus[i];
    return NULL;
}

static i64 cpu_on(struct vcpu *v, u64 affinity, u64 entry, u64 context)
{
    struct vcpu *t = by_affinity(v->m, affinity);
    if (!t)
        return PSCI_INVALID_PARAMETERS;
    if (!t->s.stopped)
        return PSCI_ALREADY_ON;
    if (entry & 3)
        return PSCI_INVALID_ADDRESS;
    a64_reset(t);
    t->s.pc = entry;
    a64_of(t)->x[0] = context;
    t->s.halted = t->s.stopped = 0;
    return PSCI_SUCCESS;
}

static i64 affinity_info(struct vcpu *v, u64 affinity, u64 level)
{
    struct vcpu *t = by_affinity(v->m, affinity);
    return !t || level ? PSCI_INVALID_PARAMETERS : t->s.stopped; /* 0 on, 1 off */
}

/* In the 32-bit forms the upper halves of arguments are ignored. */
static bool known(u32 id)
{
    static const u16 both = 1 << CPU_SUSPEND | 1 << CPU_ON | 1 << AFFINITY_INFO;
    static const u16 only32 = 1 << VERSION | 1 << CPU_OFF | 1 << MIGRATE_INFO_TYPE | 1 << SYSTEM_OFF
                              | 1 << SYSTEM_RESET | 1 << FEATURES;
    u32 n = id & ~SMC64 & 0xffff;
    return (id & ~SMC64) == (0x84000000u | n) && n < 16 && ((id & SMC64 ? both : both | only32) >> n & 1);
}

static i64 call(struct vcpu *v, u32 id, const u64 a[3])
{
    switch (id & 15) {
    case VERSION:
        return 0x10000;
    case CPU_SUSPEND:
        v->s.halted = 1;
        return PSCI_SUCCESS;
    case CPU_OFF:
        v->s.stopped = 1;
        return PSCI_SUCCESS;
    case CPU_ON:
        return cpu_on(v, a[0], a[1], a[2]);
    case AFFINITY_INFO:
        return affinity_info(v, a[0], a[1]);
    case MIGRATE_INFO_TYPE:
        return 2; /* no trusted system that would have to migrate */
    case SYSTEM_OFF:
        machine_request(v->m, REQ_POWEROFF);
        return PSCI_SUCCESS;
    case SYSTEM_RESET:
        machine_request(v->m, REQ_RESET);
        return PSCI_SUCCESS;
    case FEATURES:
        return known((u32)a[0]) ? 0 : PSCI_NOT_SUPPORTED;
    }
    return PSCI_NOT_SUPPORTED;
}

bool a64_psci(struct vcpu *v)
{
    struct a64_state *s = v->state;
    if (!s->el)
        return false;
    u32 id = (u32)s->x[0];
    u64 mask = id & SMC64 ? ~0ull : 0xffffffff, a[3] = { s->x[1] & mask, s->x[2] & mask, s->x[3] & mask };
    if (!known(id))
        log_line(&v->m->log, LOG_unimp, "firmware call %#x", id);
    s->x[0] = (u64)(known(id) ? call(v, id, a) : PSCI_NOT_SUPPORTED);
    return true;
}
