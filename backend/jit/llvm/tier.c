/* tier.c - the shared object's face: backend/jit/tier.h. */
#include "backend/jit/tier.h"
#include "backend/jit/llvm/compile.h"
#include "backend/jit/llvm/fn.h"
#include "backend/jit/llvm/object.h"
#include <stdlib.h>
#include <string.h>

struct tier {
    struct llvm_compiler *compiler;
    struct llvm_linker   *linker;
    struct fn             fn;
};

static void close_tier(struct tier *t)
{
    if (t) {
        llvm_compiler_free(t->compiler);
        llvm_linker_free(t->linker);
    }
    free(t);
}

static struct tier *open_tier(struct err *e)
{
    struct tier *t = calloc(1, sizeof *t);
    if (!t) {
        err_set(e, "out of memory for the LLVM tier");
        return NULL;
    }
    t->compiler = llvm_compiler_new(e);
    if (t->compiler && (t->linker = llvm_linker_new(e)))
        return t;
    close_tier(t);
    return NULL;
}

static bool compile(struct tier *t, const struct jit_region *r, u8 **bytes, u64 *size, struct err *e)
{
    LLVMContextRef c = LLVMContextCreate();
    LLVMModuleRef m = LLVMModuleCreateWithNameInContext("region", c);
    struct llvm_object o = { 0 };
    bool ok = fn_build(&t->fn, c, m, r, e);
    ok = ok && llvm_compile(t->compiler, m, &o, e);
    LLVMDisposeModule(m);
    LLVMContextDispose(c);
    if (!ok)
        return false;
    *bytes = malloc(o.size);
    CHECK(*bytes);
    memcpy(*bytes, o.bytes, o.size);
    *size = o.size;
    llvm_object_free(&o);
    return true;
}

static const char *const names[REGION_SYMBOLS] = {
    [REGION_ctx] = REGION_SYMBOL_PREFIX "ctx",
    [REGION_out] = OBJECT_OUT,
#define S(name) [REGION_##name] = REGION_SYMBOL_PREFIX #name,
    REGION_ASKS(S) REGION_EXITS(S)
#undef S
};

static bool link_object(struct tier *t, const u8 *bytes, u64 size, const struct tier_arena *a,
                        const u64 symbol[REGION_SYMBOLS],
                 u8 **fn, u64 *used, struct err *e)
{
    struct llvm_arena arena = { a->alloc, a->ctx, a->delta, a->most, a->layout };
    struct llvm_symbol s[REGION_SYMBOLS];
    struct llvm_piece piece;
    struct llvm_object o = { malloc(size), size };
    static const char *const want[] = { "region" };
    CHECK(o.bytes);
    memcpy(o.bytes, bytes, size);
    for (u32 n = 0; n < REGION_SYMBOLS; n++)
        s[n] = (struct llvm_symbol){ names[n], symbol[n] };
    bool ok = llvm_link(t->linker, &o, &arena, s, REGION_SYMBOLS, want, 1, fn, &piece, e);
    free(o.bytes);
    *used = ok ? piece.size : 0;
    return ok;
}

extern const struct tier_api mynah_tier;
const struct tier_api mynah_tier = { TIER_VERSION, open_tier, close_tier, compile, link_object, llvm_describe };
