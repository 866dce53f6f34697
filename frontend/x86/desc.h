/*
 * desc.h - descriptors and stacks as microcode uses them, shared by segment.c, control.c, gate.c, exceptions.c and
 * task.c.
 *
 * SDM volume 3, 3.4 (segments), 5.8 (privilege and gates). Functions returning bool leave the exception in
 * wiring.exc.
 */
#pragma once
#include "frontend/x86/cpu.h"

/* Types of system descriptors (table 3-2). */
enum {
    X86_TY_TSS16 = 1,
    X86_TY_LDT = 2,
    X86_TY_TSS16_BUSY = 3,
    X86_TY_CALL16 = 4,
    X86_TY_TASK = 5,
    X86_TY_INT16 = 6,
    X86_TY_TRAP16 = 7,
    X86_TY_TSS32 = 9,
    X86_TY_TSS32_BUSY = 11,
    X86_TY_CALL32 = 12,
    X86_TY_INT32 = 14,
    X86_TY_TRAP32 = 15,
    X86_TY_BUSY = 2
};

struct x86_desc {
    u64 lo, hi;  /* hi: of 16-byte system descriptors, else 0 */
    gva at;      /* linear address of its first byte */
    u64 base;
    u32 limit, attr;
};
static inline u32  x86_desc_type(const struct x86_desc *d) { return d->attr & 15; }
static inline u32  x86_desc_dpl(const struct x86_desc *d) { return x86_at_dpl(d->attr); }
static inline bool x86_desc_present(const struct x86_desc *d) { return d->attr & X86_AT_P; }
static inline bool x86_desc_is_system(const struct x86_desc *d) { return !(d->attr & X86_AT_S); }
static inline bool x86_desc_is_code(const struct x86_desc *d)
{
    return (d->attr & (X86_AT_S | X86_AT_CODE)) == (X86_AT_S | X86_AT_CODE);
}
static inline bool x86_desc_is_conforming(const struct x86_desc *d)
{
    return x86_desc_is_code(d) && d->attr & X86_AT_CE;
}
static inline bool x86_desc_is_writable(const struct x86_desc *d) /* data segment */
{
    return (d->attr & (X86_AT_S | X86_AT_CODE | X86_AT_RW)) == (X86_AT_S | X86_AT_RW);
}
static inline bool x86_sel_null(u32 sel) { return !(sel & 0xfffc); }

/* Modes. */
static inline bool x86_is_lma(const struct x86_state *s) { return s->efer & X86_EFER_LMA; }
static inline bool x86_is_v86(const struct x86_state *s) { return s->eflags & X86_FL_VM; }
static inline bool x86_is_real(const struct x86_state *s) { return !(s->cr0 & X86_CR0_PE); }
static inline u32  x86_iopl(const struct x86_state *s) { return s->eflags >> 12 & 3; }

/* From the GDT or LDT (sel not null); what cannot be read is #vector(sel & ~3), or #PF. */
bool x86_desc_get(struct vcpu *v, u32 sel, u32 vector, struct x86_desc *d);
/* From its 8 bytes. */
void x86_desc_split(struct x86_desc *d);
/* Sets the accessed bit in memory and in *d. False: #PF. */
bool x86_desc_touch(struct vcpu *v, struct x86_desc *d);
/* Writes the low byte of the access rights in memory (busy bit). */
bool x86_desc_set_type(struct vcpu *v, struct x86_desc *d, u32 type);
/* The hidden part from a descriptor. Nothing is checked. */
void x86_seg_put(struct vcpu *v, u32 seg, u32 sel, const struct x86_desc *d);
void x86_seg_put_null(struct vcpu *v, u32 seg, u32 sel);
/* CPL, and what hangs on it: the TLB knows no CPL, only modes do. */
static inline void x86_set_cpl(struct vcpu *v, u32 cpl) { x86_of(v)->cpl = (u8)cpl; }
/* [off, off + size) lies in a segment. */
bool x86_limit_ok(u32 attr, u32 limit, u64 off, u32 size);
/* Is ip a place for CS to be at: limit, or canonical in a 64-bit code segment? False: #GP(code). */
bool x86_ip_ok(struct vcpu *v, const struct x86_desc *cs, u64 ip, u32 code);
static inline bool x86_desc_is_64(const struct vcpu *v, const struct x86_desc *cs)
{
    return x86_is_lma(v->state) && cs->attr & X86_AT_L;
}
/* Goes to ip in the CS that is loaded. */
void x86_go(struct vcpu *v, u64 ip);
/* SS of a stack for privilege level dpl: checks of inner stacks (#TS) and of outer ones (#GP); #SS not present. */
bool x86_stack_desc(struct vcpu *v, u32 sel, u32 dpl, u32 vector, struct x86_desc *d);
/* ES, DS, FS, GS that CPL must not have are made null (returns to outer levels). */
void x86_drop_segs(struct vcpu *v);

/* A stack, not yet the one that SS:RSP names. */
struct x86_stack {
    u64  base, sp;
    u32  limit, attr;
    bool wide;       /* 64-bit: no segment */
    u32  as;         /* enum x86_as of its accesses */
    u32  code;       /* error code of its #SS */
};
void x86_stack_now(struct vcpu *v, struct x86_stack *k);
void x86_stack_from(struct x86_stack *k, const struct x86_desc *ss, u64 sp, u32 code);
/* Is there room for `bytes` more, none of which will fault? #SS, #PF. */
bool x86_stack_room(struct vcpu *v, struct x86_stack *k, u32 bytes);
bool x86_stack_push(struct vcpu *v, struct x86_stack *k, u32 size, u64 val);
bool x86_stack_pop(struct vcpu *v, struct x86_stack *k, u32 size, u64 *val);
/* RSP, ESP or SP (the rest kept) by SS and mode as they are loaded now. */
void x86_set_sp_reg(struct vcpu *v, u64 sp);
/* n more bytes are gone from it. */
void x86_stack_skip(struct x86_stack *k, u32 n);
static inline u64 x86_cut(u64 val, u32 size) { return size == 8 ? val : val & ((1ull << 8 * size) - 1); }

/* SS:SP of a privilege level from the TSS (gate.c); ist 0, or 1 to 7 (IA-32e mode). False: #TS(TR), #PF. */
bool x86_tss_stack(struct vcpu *v, u32 dpl, u32 ist, u32 *sel, u64 *sp);

/* An exception or interrupt on its way through the IDT. */
struct x86_event {
    u32  vector;
    bool soft;     /* INT n, INT3, INTO: the gate's DPL counts, error codes have no EXT */
    bool external; /* by the interrupt controller: benign, whatever its vector */
    bool has_code;
    bool rf;       /* a fault: RF is set in the flags it pushes */
    u32  code;
    u64  next;     /* linear return address */
};
bool x86_deliver(struct vcpu *v, const struct x86_event *ev); /* gate.c. False: wiring.exc, EXT in its code */
/* Delivers, and whatever exceptions come of that, double and triple faults included (exceptions.c). */
void x86_run_event(struct vcpu *v, struct x86_event ev);
/* INT n in virtual-8086 mode (gate.c): IOPL, and redirection by CR4.VME. */
bool x86_int_v86(struct vcpu *v, u32 vector, u64 next);
/* Takes the debug trap that is due before the next instruction; false: there is none (exceptions.c). */
bool x86_take_db_trap(struct vcpu *v);

/* What helper check_sel looks for. */
enum x86_check_sel { X86_CHECK_LAR, X86_CHECK_LSL, X86_CHECK_VERR, X86_CHECK_VERW };

/* Breakpoints (debug.c): an access was made to a linear address or port; db_hits says what it met. */
void x86_watch(struct vcpu *v, u64 addr, u32 size, bool write);
void x86_watch_io(struct vcpu *v, u32 port, u32 size);
/* The instruction at v->s.pc has a breakpoint: #DB is taken. */
bool x86_break_here(struct vcpu *v);
