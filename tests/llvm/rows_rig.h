/*
 * rows_rig.h - functions of one row each: built by the LLVM tier, compiled, linked, run, compared with ir_eval().
 *
 * A function takes its operands from a frame and leaves the result there. What a row leaves to the reference goes
 * through the frame, too (rows_eval). Code is written to one mapping of its memory and runs in another, as in the
 * engine.
 */
#pragma once
#include "backend/jit/llvm/compile.h"
#include "backend/jit/llvm/rows.h"
#include "backend/jit/x64/asm.h"
#include "tests/fuzz/irfuzz.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
#include <xmmintrin.h>

struct rig_frame;

enum { RIG_LOADED, RIG_CONST, RIG_SAME }; /* operands: all loaded; the last a constant; all the same value */

struct rig_fn { /* a function under test */
    struct ir_ins in;         /* operands are instructions 0 to 3 */
    u8            operand[4]; /* types */
    u8            args, way;
    bool          x86;        /* the guest's FP is x86's */
    union ir_val  konst;
    void        (*code)(struct rig_frame *);
};

struct rig_frame {
    _Alignas(64) union ir_val arg[4], out;
    union ir_val        eval_arg[4], eval_out;
    struct fp_env       env;
    const struct rig_fn *fn;
    u32                 evals;
};

#define RIG_FNS 192u /* a module */
#define RIG_CODE (8u << 20)

struct rig {
    u8                 *code;    /* writable */
    u64                 used;
    i64                 delta;
    struct llvm_linker *linker;
    u32                 features;
    struct ir_block     ir;      /* of the function being built */
    u32                 count;
    struct rig_fn       fn[RIG_FNS];
    struct rig_frame    frame;
    LLVMValueRef        frame_arg, eval_fn; /* of the function being built */
    u64                 executed, functions, code_bytes;
    u32                 failures;
    u64                 ran[IR_OP_COUNT], by_reference[IR_OP_COUNT];
};

/* False: no memory near the program. */
bool rig_init(struct rig *g);
void rig_done(struct rig *g);
/* Builds, compiles and links g->fn. */
void rig_compile(struct rig *g);
/* One execution on v in an FP environment; complains once a function (false: it went wrong). */
bool rig_run(struct rig *g, const struct rig_fn *f, const union ir_val v[4], u32 ctl);
