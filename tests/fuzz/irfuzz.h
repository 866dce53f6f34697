/*
 * irfuzz.h - random IR run by two engines: a machine of a made-up ISA whose instructions are random IR.
 *
 * A program is a set of *fragments*, each the IR of one made-up instruction. A word of guest memory names one (modulo
 * their number), so that code pages are data like others: stores into them change the program, jumps may lead
 * anywhere, blocks begin at any word and end where a fragment says. What a fault, an exception or an interrupt does
 * is the guest's: it folds the whole state into a trace and goes on elsewhere, so that state which is not precise
 * shows.
 */
#pragma once
#include "ir/vec.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/values.h"
#include "vm/vm.h"

/* ---- layout of the state (irf_layout.c) ---- */

#define IRF_FIELDS 128u
#define IRF_STATE 2560u
enum { IRF_RANGE_i64, IRF_RANGE_i32, IRF_RANGE_v128, IRF_RANGE_f80, IRF_RANGES };
enum irf_help {
    IRF_H_mix, IRF_H_narrow, IRF_H_odd, IRF_H_float, IRF_H_bump, IRF_H_look, IRF_H_trap, IRF_H_now, IRF_H_peek,
    IRF_H_poke, IRF_H_ctl, IRF_H_flags_read, IRF_H_flags_write, IRF_H_halt, IRF_H_space, IRF_H_remap, IRF_H_flip,
    IRF_HELPERS
};
struct irf_layout {
    struct ir_layout l;
    struct ir_field  fields[IRF_FIELDS];
    struct ir_range  ranges[IRF_RANGES];
    char             names[IRF_FIELDS][12];
    u16              first[IR_TYPE_COUNT], count[IR_TYPE_COUNT]; /* fields of a type */
};
void irf_layout_init(struct irf_layout *y);
/* Values that the fields' types can hold, into `state`; fp_env of `ctl`. */
void irf_random_state(const struct irf_layout *y, struct fuzz_rng *r, u8 *state, u32 ctl);

/* ---- forms: every row with every type that the verifier takes (irf_forms.c) ---- */

struct irf_form {
    u16 op;
    u8  type, src, lane;
    u8  operand[4]; /* types; IR_VOID: none */
};
#define IRF_FORMS 4096u
struct irf_forms {
    u32             count, pure; /* the pure ones come first */
    u16             first[IR_OP_COUNT], of_op[IR_OP_COUNT];
    struct irf_form form[IRF_FORMS];
};
void irf_forms_init(struct irf_forms *f, const struct irf_layout *y);
/* Immediate and flag for an instruction of a row. */
void irf_random_imm(struct fuzz_rng *r, struct ir_ins *in);

/* ---- programs (irf_gen.c) ---- */

#define IRF_OPS 240u
#define IRF_FRAGS 32u
struct irf_frag {
    u32           count;
    u16           labels;
    bool          ends;         /* the last one is an exit */
    u16           form[IRF_OPS]; /* + 1; 0: not of a form */
    struct ir_ins ins[IRF_OPS]; /* operands count from 1: the insn is 0 */
};
struct irf_prog {
    u64             seed;
    u32             frag_count;
    struct irf_frag frag[IRF_FRAGS];
    _Alignas(64) u8 state[IRF_STATE];
    u64             pc;
    struct fuzz_plan plan;
};
/* arm_fp: no FP environments of x86. */
void irf_generate(struct irf_prog *p, const struct irf_layout *y, const struct irf_forms *f, struct ir_block *scratch,
                  u64 seed, bool arm_fp);

/* ---- memory of the made-up guest, as the generator aims at it ---- */

#define IRF_CODE  0x10000ull  /* two pages, writable */
#define IRF_CODE2 0x18000ull  /* the same again */
#define IRF_CODE_PAGES 2u
#define IRF_DATA  0x20000ull  /* by page: enum irf_page */
enum irf_page { IRF_P_RW0, IRF_P_RW1, IRF_P_RO, IRF_P_NONE, IRF_P_RW2, IRF_P_IO, IRF_P_ALIAS, IRF_P_CODE, IRF_P_BUS,
                IRF_P_DEVICE, IRF_P_SPACE, IRF_PAGES };
#define IRF_TOP  0xfffff000ull /* writable: 32-bit addresses wrap from here to 0 */
#define IRF_IO_GPA 0x100000ull
