/*
 * object.c - links objects by ORC: an LLJIT whose object layer (RuntimeDyld) places all sections in a piece of our
 * own memory. One object at a time; afterwards ORC forgets what it knew of it, so that nothing grows but the
 * arena.
 *
 * Code runs in another mapping than the one that it is written to. RuntimeDyld knows only the latter: symbols are
 * given to it as far away from there as they will be from the running code.
 */
#include "backend/jit/llvm/object.h"
#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/OrcEE.h>
#include <stdlib.h>
#include <string.h>

struct llvm_linker {
    LLVMOrcLLJITRef jit;
    u8             *at, *end; /* what is left of the piece for the object being linked */
};

static bool orc_failed(struct err *e, LLVMErrorRef error, const char *what)
{
    char *why = LLVMGetErrorMessage(error);
    err_set(e, "%s: %s", what, why);
    LLVMDisposeErrorMessage(why);
    return false;
}

/* ---- memory of sections: RuntimeDyld ends the process when it gets none ---- */

static void *memory_context(void *k) { return k; }
static void memory_terminating(void *k) { (void)k; }
static void memory_destroy(void *k) { (void)k; }

static LLVMBool memory_finalize(void *k, char **why)
{
    (void)k, (void)why;
    return false;
}

/* object_check() counted what sections, what lies between them and stubs come to. */
static u8 *allocate(struct llvm_linker *k, u64 size, u32 align)
{
    u64 skip = -(u64)(uintptr_t)k->at & (MAX(align, 1u) - 1);
    CHECK(skip + size <= (u64)(k->end - k->at));
    u8 *p = k->at + skip;
    k->at = p + size;
    return p;
}

static u8 *allocate_code(void *k, uintptr_t size, unsigned align, unsigned id, const char *name)
{
    (void)id, (void)name;
    return allocate(k, size, align);
}

static u8 *allocate_data(void *k, uintptr_t size, unsigned align, unsigned id, const char *name, LLVMBool read_only)
{
    (void)id, (void)name, (void)read_only;
    return allocate(k, size, align);
}

/* ---- the linker ---- */

static LLVMOrcObjectLayerRef make_layer(void *k, LLVMOrcExecutionSessionRef session, const char *triple)
{
    (void)triple;
    return LLVMOrcCreateRTDyldObjectLinkingLayerWithMCJITMemoryManagerLikeCallbacks(
        session, k, memory_context, memory_terminating, allocate_code, allocate_data, memory_finalize,
        memory_destroy);
}

/* Errors come back from the calls, too. */
static void say_nothing(void *k, LLVMErrorRef error)
{
    (void)k;
    LLVMConsumeError(error);
}

struct llvm_linker *llvm_linker_new(struct err *e)
{
    struct llvm_linker *k = calloc(1, sizeof *k);
    CHECK(k);
    llvm_start();
    LLVMOrcLLJITBuilderRef builder = LLVMOrcCreateLLJITBuilder();
    LLVMOrcLLJITBuilderSetObjectLinkingLayerCreator(builder, make_layer, k);
    LLVMErrorRef error = LLVMOrcCreateLLJIT(&k->jit, builder);
    if (error) {
        orc_failed(e, error, "LLVM's linker cannot start");
        free(k);
        return NULL;
    }
    LLVMOrcExecutionSessionSetErrorReporter(LLVMOrcLLJITGetExecutionSession(k->jit), say_nothing, NULL);
    return k;
}

void llvm_linker_free(struct llvm_linker *k)
{
    if (!k)
        return;
    LLVMErrorRef error = LLVMOrcDisposeLLJIT(k->jit);
    if (error)
        LLVMConsumeError(error);
    free(k);
}

/* Relative to the writable mapping they are where they will be relative to the executable one. */
static bool define_symbols(struct llvm_linker *k, const struct llvm_arena *arena, const struct llvm_symbol *symbols,
                           u32 count, struct err *e)
{
    if (!count)
        return true;
    LLVMOrcCSymbolMapPair *pairs = calloc(count, sizeof *pairs);
    CHECK(pairs);
    for (u32 n = 0; n < count; n++)
        pairs[n] = (LLVMOrcCSymbolMapPair){ LLVMOrcLLJITMangleAndIntern(k->jit, symbols[n].name),
                                            { symbols[n].address - (u64)arena->delta,
                                              { LLVMJITSymbolGenericFlagsExported, 0 } } };
    LLVMOrcMaterializationUnitRef unit = LLVMOrcAbsoluteSymbols(pairs, count);
    free(pairs);
    LLVMErrorRef error = LLVMOrcJITDylibDefine(LLVMOrcLLJITGetMainJITDylib(k->jit), unit);
    return !error || orc_failed(e, error, "symbols for an object");
}

static bool in_reach(const struct llvm_arena *arena, const u8 *at, u64 size, const struct llvm_symbol *symbols,
                     u32 count, struct err *e)
{
    const i64 reach = 0x7fff0000; /* instructions refer to a little behind themselves */
    for (u32 n = 0; n < count; n++) {
        i64 from = (i64)(symbols[n].address - (u64)arena->delta - (u64)(uintptr_t)at);
        if (from > reach || from - (i64)size < -reach)
            return err_set(e, "%s is out of the reach of the code", symbols[n].name);
    }
    return true;
}

static bool look_up(struct llvm_linker *k, const char *const *names, u32 count, u8 **entry, const u8 *from,
                    struct err *e)
{
    for (u32 n = 0; n < count; n++) {
        LLVMOrcExecutorAddress at = 0;
        LLVMErrorRef error = LLVMOrcLLJITLookup(k->jit, &at, names[n]);
        if (error)
            return orc_failed(e, error, "the object cannot be linked");
        entry[n] = (u8 *)(uintptr_t)at;
        if (entry[n] < from || entry[n] >= k->at)
            return err_set(e, "%s is no function of the object", names[n]);
    }
    return true;
}

static bool link_checked(struct llvm_linker *k, u8 *bytes, u64 size, const struct llvm_arena *arena,
                         const struct llvm_symbol *symbols, u32 symbol_count, struct err *e)
{
    LLVMOrcJITDylibRef lib = LLVMOrcLLJITGetMainJITDylib(k->jit);
    if (!define_symbols(k, arena, symbols, symbol_count, e))
        return false;
    LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRange((const char *)bytes, size, "region", false);
    LLVMErrorRef error = LLVMOrcLLJITAddObjectFile(k->jit, lib, buffer);
    return !error || orc_failed(e, error, "the object cannot be linked");
}

static bool forget(struct llvm_linker *k, struct err *e)
{
    LLVMErrorRef error = LLVMOrcJITDylibClear(LLVMOrcLLJITGetMainJITDylib(k->jit));
    return !error || orc_failed(e, error, "LLVM's linker cannot forget an object");
}

/* Where patch points call, as seen from the writable mapping; 0: nowhere. */
static u64 out_of(const struct llvm_arena *arena, const struct llvm_symbol *symbols, u32 count)
{
    for (u32 n = 0; n < count; n++)
        if (!strcmp(symbols[n].name, OBJECT_OUT))
            return symbols[n].address - (u64)arena->delta;
    return 0;
}

bool llvm_link(struct llvm_linker *k, const struct llvm_object *o, const struct llvm_arena *arena,
               const struct llvm_symbol *symbols, u32 symbol_count, const char *const *names, u32 count, u8 **entry,
               struct llvm_piece *piece, struct err *e)
{
    struct object_facts f;
    bool good = false;
    u64 map = 0;
    u8 *bytes = malloc(o->size + 1); /* a copy: it is made ready */
    CHECK(bytes);
    memcpy(bytes, o->bytes, o->size);
    if (!object_check(bytes, o->size, symbols, symbol_count, &f, e))
        goto out;
    if (!object_map_size(bytes, &f, arena->layout, &map, e))
        goto out;
    f.wants += map;
    if (f.wants > arena->most) {
        err_set(e, "the object wants %llu bytes of code memory, %llu are allowed", (unsigned long long)f.wants,
                (unsigned long long)arena->most);
        goto out;
    }
    *piece = (struct llvm_piece){ .at = arena->alloc(arena->ctx, f.wants), .size = f.wants };
    if (!piece->at) {
        err_set(e, "no code memory for %llu bytes", (unsigned long long)f.wants);
        goto out;
    }
    k->at = piece->at + map;
    k->end = k->at + f.wants;
    good = in_reach(arena, piece->at, f.wants, symbols, symbol_count, e)
           && link_checked(k, bytes, o->size, arena, symbols, symbol_count, e)
           && look_up(k, names, count, entry, piece->at + map, e)
           && (!map || object_map_place(bytes, &f, arena->layout, piece->at, entry[0], k->at, out_of(arena, symbols,
                                                                                                     symbol_count),
                                                                                                         e));
    piece->size = (u64)(k->at - piece->at);
    struct err later;
    if (!forget(k, good ? e : &later))
        good = false;
out:
    free(bytes);
    return good;
}
