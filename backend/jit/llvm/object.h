/*
 * object.h - private to object.c and object_check.c: is this an object that may be linked?
 */
#pragma once
#include "backend/jit/llvm/compile.h"
#include "backend/jit/region_map.h"

#define OBJECT_ALIGN 64u /* of pieces of an arena: the most that a section may ask for */

/* What object_check() found. */
struct object_facts {
    u64 wants; /* bytes at most, of code and constants, with what lies between */
    /* places in the file: LLVM's stack maps, REGION_SITES_SECTION; size 0: none */
    struct { u64 at, size; } maps, sites;
};

#define OBJECT_OUT "mynah_out" /* the symbol that patch points call: REGION_SYMBOL_PREFIX and out */

/* Looks through an ELF file in memory, and makes it one that RuntimeDyld does nothing surprising with: calls
 * become plain PC-relative references, unwind tables are left out. bytes: aligned to 16. */
bool object_check(u8 *bytes, u64 size, const struct llvm_symbol *symbols, u32 symbol_count, struct object_facts *f,
                  struct err *e) MUST_CHECK;

/* ---- object_map.c: stack maps and sites as the map that code leads to (backend/jit/region_map.h) ---- */

/* Bytes that it takes, a multiple of OBJECT_ALIGN; 0 without sites. Everything in it is checked against the file's
 * end and the layout. */
bool object_map_size(const u8 *bytes, const struct object_facts *f, const struct ir_layout *layout, u64 *size,
                     struct err *e) MUST_CHECK;
/* Writes it to `to`, and the calls into the code of fn, which ends at `end`. out: where they lead, as seen from the
 * writable mapping. */
bool object_map_place(const u8 *bytes, const struct object_facts *f, const struct ir_layout *layout, u8 *to, u8 *fn,
                      const u8 *end, u64 out, struct err *e) MUST_CHECK;
