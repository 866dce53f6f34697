/*
 * compile.h - private to backend/jit/llvm: from a module to an ELF object in memory, and from there into code memory.
 *
 * An object is position-independent and knows no address of the process: what it refers to besides itself are symbols
 * that whoever links it gives. It can be kept on disk as it is.
 */
#pragma once
#include "base/err.h"
#include "ir/ir.h"
#include <llvm-c/Core.h>

/* ---- compile.c ---- */

void llvm_start(void); /* what LLVM wants once a process; the functions below call it */

struct llvm_object {
    u8 *bytes; /* an ELF file */
    u64 size;
};
void llvm_object_free(struct llvm_object *o);

/* For this host's CPU, less the features that MYNAH_HOST takes away (x64/asm.h). One thread's at a time. */
struct llvm_compiler;
struct llvm_compiler *llvm_compiler_new(struct err *e) MUST_CHECK; /* NULL: e says why */
void llvm_compiler_free(struct llvm_compiler *k); /* NULL is fine */

/* m is changed: it gets triple and layout, its functions attributes, and the passes run. Fails when LLVM cannot
 * compile it, and in debug builds when it is not well-formed. A module's context is one thread's at a time. */
bool llvm_compile(struct llvm_compiler *k, LLVMModuleRef m, struct llvm_object *out, struct err *e) MUST_CHECK;

/* struct tier_api, describe. */
void llvm_describe(char *text, u64 size, const void **llvm);

/* ---- object.c ---- */

/* Where an object goes. Nothing is given back. */
struct llvm_arena {
    /* A piece of writable memory, aligned to 64 bytes; NULL: no room. What is not needed of it stays unused. */
    u8  *(*alloc)(void *ctx, u64 size);
    void *ctx;
    i64   delta;   /* executable address - writable address */
    u64   most;    /* bytes that an object may want */
    const struct ir_layout *layout; /* of the fields that sites name; NULL: an object with sites is refused */
};

/* What an object may refer to, within 2 GiB of the executable mapping: references are relative to that one. The
 * address is the one that code sees. Declared in the module with hidden visibility: no GOT, no PLT. */
struct llvm_symbol {
    const char *name;
    u64         address;
};

struct llvm_piece { /* an object in code memory */
    u8 *at;         /* writable address */
    u64 size;       /* code and constants */
};

struct llvm_linker;
struct llvm_linker *llvm_linker_new(struct err *e) MUST_CHECK; /* NULL: e says why */
void llvm_linker_free(struct llvm_linker *k); /* NULL is fine; linked code stays */

/* Copies and relocates o. entry[n] := writable address of function names[n]. Refuses, before anything is
 * allocated, what is no object of llvm_compile(): other relocations than PC-relative ones, writable data,
 * constructors, symbols that are not given, more than arena->most. Damaged bytes do no harm to the linker (what
 * the code in them does is another matter). Not by two threads at once. */
bool llvm_link(struct llvm_linker *k, const struct llvm_object *o, const struct llvm_arena *arena,
               const struct llvm_symbol *symbols, u32 symbol_count, const char *const *names, u32 count, u8 **entry,
               struct llvm_piece *piece, struct err *e) MUST_CHECK;
