/*
 * object.h - private to object.c and object_check.c: is this an object that may be linked?
 */
#pragma once
#include "backend/jit/llvm/compile.h"

#define OBJECT_ALIGN 64u /* of pieces of an arena: the most that a section may ask for */

/* What object_check() found. */
struct object_facts {
    u64 wants; /* bytes at most, of code and constants, with what lies between */
};

/* Looks through an ELF file in memory, and makes it one that RuntimeDyld does nothing surprising with: calls
 * become plain PC-relative references, unwind tables are left out. bytes: aligned to 16. */
bool object_check(u8 *bytes, u64 size, const struct llvm_symbol *symbols, u32 symbol_count, struct object_facts *f,
                  struct err *e) MUST_CHECK;
