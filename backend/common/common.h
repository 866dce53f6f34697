/*
 * common.h - what every engine does alike: lifting a block of guest code, memory operations off the fast path, logs.
 */
#pragma once
#include "vm/vm.h"

/* Lifts the block at `off` of o in `mode`, at most max_insns instructions. Rights to write are revoked before the
 * bytes are read, and the code map names the block's bytes. Logs (-d ir); debug builds verify.
 * out->guest_len 0: the first instruction goes on in the next page, see engine_lift_crossing(). */
void engine_lift(struct vcpu *v, struct memobj *o, u64 off, u64 mode, u32 max_insns, struct ir_block *out);
/* An instruction that begins at `off` of o, at the end of its page, and goes on at the start of a page: off2 of
 * o2. */
void engine_lift_crossing(struct vcpu *v, struct memobj *o, u64 off, struct memobj *o2, u64 off2, u64 mode,
                          struct ir_block *out);
/* Offsets in a page from here on may hold instructions that go on in the next one: shortcuts within the page do not
 * lead there, since where the next page is may change. */
static inline u32 engine_page_end(const struct guest *g) { return g->min_insn > 1 ? PAGE_SIZE : PAGE_SIZE - 14; }
/* -d op: the block after the passes; -d exec: a block is entered at v->s.pc, `count` instructions started so far. */
void engine_log_op(struct vcpu *v, const struct memobj *o, u64 off, u64 mode, const struct ir_block *ir);
void engine_log_exec(struct vcpu *v, const struct memobj *o, u64 off, u64 mode, u64 count);
/* Bits of the code map's word of a page for [off, off + len), which lies in the page. len > 0. */
u64  engine_code_bits(u64 off, u64 len);

/* One memory operation of any kind: operands a to d in the row's order, the result (of the instruction's own width)
 * at out. exact: done whatever it meets, MMU_SYNC is "done, the block ends behind the instruction"; v->s.pc and
 * v->s.icount must be right. Else MMU_SYNC is "not done": it meets MMIO or hits code, and must be made exact. */
enum mmu_result engine_mem(struct vcpu *v, bool exact, const struct ir_ins *in, const void *a, const void *b,
                           const void *c, const void *d, void *out);
/* Reverses the bytes of each unit of 2^unit bytes (struct ir_mem, bswap). */
void engine_swap_units(u8 *p, u32 size, u32 unit);
