/*
 * compile.c - a module through the passes and the code generator: an ELF object in memory.
 *
 * The modules are clean already, so the middle end is short: more of it makes no difference to the code and costs
 * as much time as code generation.
 */
#include "backend/jit/llvm/compile.h"
#include "backend/jit/x64/asm.h"
#include <llvm-c/Analysis.h>
#include <llvm-c/Error.h>
#include <llvm-c/Support.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSES "function(sroa,early-cse,simplifycfg)"

void llvm_object_free(struct llvm_object *o)
{
    free(o->bytes);
    *o = (struct llvm_object){ 0 };
}

/* Loop strength reduction makes addresses of its own beside those that the guest's instructions compute anyway. What
 * registers are live behind a patch point nobody asks, and LLVM 19 crashes when MXCSR is one of them. */
static void start_llvm(void)
{
    static const char *const options[] = { "mynah", "-disable-lsr", "-enable-patchpoint-liveness=0" };
    LLVMInitializeNativeTarget();
    LLVMInitializeNativeAsmPrinter();
    LLVMParseCommandLineOptions(COUNT(options), options, NULL);
}

void llvm_start(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT; /* LLVM's options are the process's */
    pthread_once(&once, start_llvm);
}

/* LLVM's features of this CPU, then without those that the engine does not see. */
static void host_features(char *to, size_t size)
{
    static const struct {
        u32 feature;
        const char *name;
    } rows[] = {
        { XF_AVX, "avx" }, { XF_AVX2, "avx2" }, { XF_FMA, "fma" }, { XF_F16C, "f16c" }, { XF_BMI1, "bmi" },
        { XF_BMI2, "bmi2" }, { XF_LZCNT, "lzcnt" }, { XF_MOVBE, "movbe" }, { XF_AES, "aes" }, { XF_CLMUL, "pclmul" },
        { XF_SHA, "sha" }, { XF_GFNI, "gfni" },
    };
    char *all = LLVMGetHostCPUFeatures();
    u32 have = xa_host_features();
    /* nothing here needs it, and passes that look for its uses take long */
    int n = snprintf(to, size, "%s,-avx512f", all);
    for (u32 k = 0; k < COUNT(rows); k++)
        if (!(have & rows[k].feature) && n < (int)size)
            n += snprintf(to + n, size - (size_t)n, ",-%s", rows[k].name);
    CHECK(n < (int)size);
    LLVMDisposeMessage(all);
}

struct llvm_compiler {
    LLVMTargetMachineRef machine;
    LLVMTargetDataRef    layout;
    char                *triple;
};

static LLVMTargetMachineRef make_machine(struct err *e)
{
    char features[8192], *why = NULL, *triple = LLVMGetDefaultTargetTriple(), *cpu = LLVMGetHostCPUName();
    LLVMTargetMachineRef machine = NULL;
    LLVMTargetRef kind;
    host_features(features, sizeof features);
    if (LLVMGetTargetFromTriple(triple, &kind, &why))
        err_set(e, "LLVM does not know the host %s: %s", triple, why);
    else
        machine = LLVMCreateTargetMachine(kind, triple, cpu, features, LLVMCodeGenLevelLess, LLVMRelocPIC,
                                          LLVMCodeModelSmall);
    if (!machine && !why)
        err_set(e, "LLVM cannot generate code for %s (%s)", triple, cpu);
    LLVMDisposeMessage(why);
    LLVMDisposeMessage(cpu);
    LLVMDisposeMessage(triple);
    return machine;
}

/* No unwind tables: nothing unwinds through guest code. */
static void attribute_functions(LLVMModuleRef m)
{
    LLVMContextRef c = LLVMGetModuleContext(m);
    LLVMAttributeRef nounwind = LLVMCreateEnumAttribute(c, LLVMGetEnumAttributeKindForName("nounwind", 8), 0);
    LLVMAttributeRef tables = LLVMCreateStringAttribute(c, "no-jump-tables", 14, "true", 4);
    for (LLVMValueRef f = LLVMGetFirstFunction(m); f; f = LLVMGetNextFunction(f)) {
        if (LLVMIsDeclaration(f))
            continue;
        LLVMAddAttributeAtIndex(f, LLVMAttributeFunctionIndex, nounwind);
        LLVMAddAttributeAtIndex(f, LLVMAttributeFunctionIndex, tables);
    }
}

static bool run_passes(LLVMModuleRef m, LLVMTargetMachineRef machine, struct err *e)
{
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    LLVMErrorRef error = LLVMRunPasses(m, PASSES, machine, options);
    LLVMDisposePassBuilderOptions(options);
    if (!error)
        return true;
    char *why = LLVMGetErrorMessage(error);
    err_set(e, "LLVM's passes failed: %s", why);
    LLVMDisposeErrorMessage(why);
    return false;
}

static bool emit(LLVMModuleRef m, LLVMTargetMachineRef machine, struct llvm_object *out, struct err *e)
{
    char *why = NULL;
    LLVMMemoryBufferRef buffer = NULL;
    if (LLVMTargetMachineEmitToMemoryBuffer(machine, m, LLVMObjectFile, &why, &buffer)) {
        err_set(e, "LLVM cannot generate code: %s", why ? why : "no reason given");
        LLVMDisposeMessage(why);
        return false;
    }
    out->size = LLVMGetBufferSize(buffer);
    out->bytes = malloc(out->size);
    CHECK(out->bytes);
    memcpy(out->bytes, LLVMGetBufferStart(buffer), out->size);
    LLVMDisposeMemoryBuffer(buffer);
    return true;
}

static bool well_formed(LLVMModuleRef m, struct err *e)
{
#ifdef MYNAH_DEBUG
    char *why = NULL;
    bool bad = LLVMVerifyModule(m, LLVMReturnStatusAction, &why);
    if (bad)
        err_set(e, "the module is not well-formed: %s", why);
    LLVMDisposeMessage(why);
    return !bad;
#else
    (void)m, (void)e;
    return true;
#endif
}

struct complaint { /* of the code generator, which would end the process without somebody to tell */
    bool       failed;
    struct err e;
};

static void take_complaint(LLVMDiagnosticInfoRef info, void *ctx)
{
    struct complaint *c = ctx;
    if (LLVMGetDiagInfoSeverity(info) != LLVMDSError || c->failed)
        return;
    char *why = LLVMGetDiagInfoDescription(info);
    c->failed = true;
    err_set(&c->e, "LLVM cannot generate code: %s", why);
    LLVMDisposeMessage(why);
}

/* Passes and code generation; what LLVM only tells its context is an error, too. */
static bool generate(LLVMModuleRef m, LLVMTargetMachineRef machine, struct llvm_object *out, struct err *e)
{
    struct complaint c = { 0 };
    LLVMContextRef context = LLVMGetModuleContext(m);
    LLVMDiagnosticHandler before = LLVMContextGetDiagnosticHandler(context);
    void *before_ctx = LLVMContextGetDiagnosticContext(context);
    LLVMContextSetDiagnosticHandler(context, take_complaint, &c);
    bool good = run_passes(m, machine, e) && emit(m, machine, out, e);
    LLVMContextSetDiagnosticHandler(context, before, before_ctx);
    if (good && c.failed) {
        llvm_object_free(out);
        *e = c.e;
    }
    return good && !c.failed;
}

struct llvm_compiler *llvm_compiler_new(struct err *e)
{
    llvm_start();
    LLVMTargetMachineRef machine = make_machine(e);
    if (!machine)
        return NULL;
    struct llvm_compiler *k = calloc(1, sizeof *k);
    CHECK(k);
    *k = (struct llvm_compiler){ machine, LLVMCreateTargetDataLayout(machine), LLVMGetTargetMachineTriple(machine) };
    return k;
}

void llvm_compiler_free(struct llvm_compiler *k)
{
    if (!k)
        return;
    LLVMDisposeTargetData(k->layout);
    LLVMDisposeMessage(k->triple);
    LLVMDisposeTargetMachine(k->machine);
    free(k);
}

bool llvm_compile(struct llvm_compiler *k, LLVMModuleRef m, struct llvm_object *out, struct err *e)
{
    *out = (struct llvm_object){ 0 };
    if (!well_formed(m, e))
        return false;
    LLVMSetTarget(m, k->triple);
    LLVMSetModuleDataLayout(m, k->layout);
    attribute_functions(m);
    return generate(m, k->machine, out, e);
}

void llvm_describe(char *text, u64 size, const void **llvm)
{
    char features[8192], *cpu = LLVMGetHostCPUName();
    unsigned v[3];
    LLVMGetVersion(&v[0], &v[1], &v[2]);
    host_features(features, sizeof features);
    int n = snprintf(text, size, "LLVM %u.%u.%u, %s, %s", v[0], v[1], v[2], cpu, features);
    CHECK(n > 0 && (u64)n < size);
    LLVMDisposeMessage(cpu);
    *llvm = (const void *)(uintptr_t)LLVMGetVersion;
}
