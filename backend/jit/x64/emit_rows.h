/* emit_rows.h - the table of emitters: one function a row of ir/ops.def, in the file of its kind:
 * int.c (integer arithmetic, logic, shifts, bits, width), cond.c (comparison, flags, select, skip), mem.c, block.c
 * (state, exits), fp.c and fp_cvt.c, vec_int.c, vec_shift.c, vec_move.c, vec_fp.c, crypto.c. A row that is both
 * scalar and lanewise is entered by the scalar file's function only when its lane is IR_VOID: the table's function
 * looks at ins->lane and calls x64_vemit_<row>(), which every OP row with vector kinds has in a vec_ file. */
#pragma once
#include "backend/jit/x64/emit.h"

#define OP(name, ...) void x64_emit_##name(struct xe *x, u32 i); void x64_vemit_##name(struct xe *x, u32 i);
#define VOP(name, ...) void x64_emit_##name(struct xe *x, u32 i);
#define XOP(name, ...) void x64_emit_##name(struct xe *x, u32 i);
#include "ir/ops.def"
