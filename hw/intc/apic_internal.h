/* apic_internal.h - shared between the files of the local APIC alone. */
#pragma once
#include "base/bits.h"
#include "hw/deadline.h"
#include "hw/intc/apic.h"

enum { SVR_ENABLE = 0x100, SVR_ALL = 0x1ff };
enum { LVT_MASKED = 1 << 16, LVT_LEVEL = 1 << 15, LVT_REMOTE_IRR = 1 << 14 };
enum { ESR_SEND_ILLEGAL = 1 << 5, ESR_RECEIVE_ILLEGAL = 1 << 6, ESR_REGISTER = 1 << 7, ESR_ALL = 0xe0 };
enum { ICR_LOGICAL = 1 << 11, ICR_ASSERT = 1 << 14, ICR_LEVEL = 1 << 15, ICR_ALL = 0xccfff };

static inline bool apic_is_on(const struct apic *a) { return a->s.base & APIC_BASE_ENABLE; }
static inline bool apic_is_x2(const struct apic *a) { return a->s.base & APIC_BASE_X2; }
static inline u32  apic_mode(u32 lvt) { return lvt >> 8 & 7; } /* delivery mode, of the ICR too */
static inline bool apic_is_level(u32 lvt) { return lvt & LVT_LEVEL && apic_mode(lvt) == APIC_FIXED; }

/* apic.c */
void apic_update(struct apic *a);                /* drives VCPU_IRQ */
u32  apic_ppr(const struct apic *a);
u32  apic_x2_ldr(const struct apic *a);
void apic_error(struct apic *a, u32 bit);        /* of the error status register */
void apic_init_state(struct apic *a);            /* what INIT leaves (11.4.7); base, id and pins stay */
/* False: it is lost, since the APIC is switched off by software. */
bool apic_accept(struct apic *a, const struct apic_message *msg);
void apic_send_ipi(struct apic *a);              /* as the ICR says */
void apic_local(struct apic *a, u32 lvt);        /* a local source fires */
void apic_look_at_pin(struct apic *a, u32 pin);  /* LINT0, LINT1: it may ask by its level */
u32  apic_acknowledge(struct apic *a);
void apic_end_of_interrupt(struct apic *a);

/* apic_timer.c */
void apic_timer_fired(void *opaque);             /* struct dev */
void apic_timer_arm(struct apic *a);             /* the event, from the state */
u32  apic_timer_count(const struct apic *a);     /* the current count register */
void apic_timer_start(struct apic *a, u32 count);
void apic_timer_divide(struct apic *a, u32 val);
void apic_timer_lvt(struct apic *a, u32 val);    /* the LVT entry changes to val: it may change the mode */
void apic_deadline_write(struct apic *a, u64 val);
