/*
 * irf_help.c - helpers of the made-up guest, one of each kind that ir.h has flags for.
 */
#include "tests/fuzz/irf_rig.h"
#include <string.h>

static struct irf_guest *guest_of(struct vcpu *v)
{
    return v->wiring;
}

static u8 *field_of(struct vcpu *v, enum ir_type t, u64 k)
{
    const struct irf_layout *y = guest_of(v)->y;
    return (u8 *)v->state + y->fields[y->first[t] + k % y->count[t]].offset;
}

static struct fp_env *env_of(struct vcpu *v)
{
    return (struct fp_env *)(void *)((u8 *)v->state + guest_of(v)->y->l.fp_env);
}

#define HELP(name) static u64 help_##name(struct vcpu *v, u64 a, u64 b, u64 c)
#define UNUSED (void)v, (void)a, (void)b, (void)c

HELP(mix)
{
    UNUSED;
    return a * 3 + b * 5 + (c ^ c >> 7);
}

/* Narrow results have nothing above them, and narrow operands neither. */
HELP(narrow)
{
    UNUSED;
    return (u8)fuzz_mix(a, b);
}

HELP(odd)
{
    UNUSED;
    return fuzz_mix(a, b) & 1;
}

HELP(float)
{
    UNUSED;
    return a ^ b >> 1;
}

HELP(bump)
{
    UNUSED;
    u8 *p = field_of(v, IR_I64, b);
    store_le64(p, load_le64(p) + a);
    p = field_of(v, IR_V128, b >> 8);
    store_le64(p + 8, load_le64(p + 8) ^ a);
    *field_of(v, IR_I1, b >> 16) ^= 1;
    return load_le64(field_of(v, IR_I64, a));
}

/* Without IR_H_FP a helper sees no struct fp_env, which is the last in the state. */
HELP(look)
{
    UNUSED;
    return fuzz_hash(a, v->state, guest_of(v)->y->l.fp_env);
}

static u64 raise_it(struct vcpu *v, u64 what)
{
    irf_note(guest_of(v), what, false);
    v->s.pc += 4;
    v->raised = true;
    return 0;
}

HELP(trap)
{
    UNUSED;
    return a % 4 == 0 ? raise_it(v, a) : a + 1;
}

/* Time is the count of instructions. */
HELP(now)
{
    UNUSED;
    return v->s.icount ^ fuzz_hash(a, v->state, guest_of(v)->y->l.state_size);
}

/* Looks at memory as a page-table walk does. */
HELP(peek)
{
    UNUSED;
    struct xlat x;
    struct mmu_fault f;
    u8 byte;
    if (!mmu_translate(&v->mmu, a, MMU_READ, b & 1, &x, &f) || !physmap_read(&v->m->map, x.pa, &byte, 1))
        return raise_it(v, fuzz_mix(f.va, f.info[0]));
    return fuzz_mix(byte, x.pa);
}

/* Reads or writes what may be a device or code: the block ends behind it. */
HELP(poke)
{
    UNUSED;
    u64 x = b;
    u32 size = 1u << (c & 3);
    enum mmu_result r = c & 4 ? mmu_write(&v->mmu, a, size, 0, 0, 0, &x) : mmu_read(&v->mmu, a, size, 0, 0, 0, &x);
    return r == MMU_FAULTED ? raise_it(v, fuzz_mix(v->mmu.fault.va, v->mmu.fault.kind)) : x;
}

HELP(ctl)
{
    UNUSED;
    env_of(v)->ctl = (env_of(v)->ctl & ~(u32)(FP_RM_MASK | FP_DN | FP_ARM_FZ)) | (a & 3) | (a & 12 ? 0 : FP_DN)
                     | (a & 0x70 ? 0 : FP_ARM_FZ);
    return 0;
}

HELP(flags_read)
{
    UNUSED;
    return env_of(v)->flags;
}

HELP(flags_write)
{
    UNUSED;
    env_of(v)->flags = a & FP_ARM_FLAGS;
    return 0;
}

HELP(halt)
{
    UNUSED;
    v->s.halted = 1;
    return 0;
}

HELP(space)
{
    UNUSED;
    struct irf_guest *w = guest_of(v);
    w->seen.space = a & 3;
    mmu_select(&v->mmu, a & 3);
    return 0;
}

HELP(remap)
{
    UNUSED;
    struct irf_guest *w = guest_of(v);
    w->seen.remap++;
    if (a & 1)
        mmu_flush(&v->mmu, 0, 0);
    else
        for (u64 va = 0; va < IRF_DATA + IRF_PAGES * PAGE_SIZE; va += PAGE_SIZE)
            mmu_flush_va(&v->mmu, va, 0, 0);
    for (u64 tag = 1; !(a & 1) && tag < 4; tag++) /* a flush by address ignores tags */
        mmu_flush_va(&v->mmu, tag << 56 | IRF_DATA, 0, 0);
    return w->seen.remap;
}

HELP(flip)
{
    UNUSED;
    guest_of(v)->seen.flip ^= 1;
    return 0;
}

const struct ir_helper irf_helpers[IRF_HELPERS] = {
    [IRF_H_mix] = { "mix", help_mix, IR_I64, 3, 0 },
    [IRF_H_narrow] = { "narrow", help_narrow, IR_I8, 2, 0 },
    [IRF_H_odd] = { "odd", help_odd, IR_I1, 2, 0 },
    [IRF_H_float] = { "float", help_float, IR_F64, 2, 0 },
    [IRF_H_bump] = { "bump", help_bump, IR_I64, 2, IR_H_READS | IR_H_WRITES },
    [IRF_H_look] = { "look", help_look, IR_I64, 1, IR_H_READS },
    [IRF_H_trap] = { "trap", help_trap, IR_I64, 1, IR_H_FAULT | IR_H_READS | IR_H_WRITES },
    [IRF_H_now] = { "now", help_now, IR_I64, 1, IR_H_SYNC | IR_H_READS | IR_H_FP },
    [IRF_H_peek] = { "peek", help_peek, IR_I64, 2, IR_H_FAULT | IR_H_READS | IR_H_WRITES | IR_H_MEM },
    [IRF_H_poke] = { "poke", help_poke, IR_I64, 3, IR_H_FAULT | IR_H_SYNC | IR_H_READS | IR_H_WRITES | IR_H_MEM },
    [IRF_H_ctl] = { "ctl", help_ctl, IR_VOID, 1, IR_H_READS | IR_H_WRITES | IR_H_FP },
    [IRF_H_flags_read] = { "flags_read", help_flags_read, IR_I64, 0, IR_H_READS | IR_H_FP },
    [IRF_H_flags_write] = { "flags_write", help_flags_write, IR_VOID, 1, IR_H_READS | IR_H_WRITES | IR_H_FP },
    [IRF_H_halt] = { "halt", help_halt, IR_VOID, 0, IR_H_SYNC },
    [IRF_H_space] = { "space", help_space, IR_VOID, 1, IR_H_SYNC | IR_H_READS },
    [IRF_H_remap] = { "remap", help_remap, IR_I64, 1, IR_H_SYNC | IR_H_READS },
    [IRF_H_flip] = { "flip", help_flip, IR_VOID, 0, IR_H_READS | IR_H_WRITES },
};
