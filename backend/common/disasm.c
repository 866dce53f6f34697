/*
 * disasm.c - machine code as text, by LLVM's disassembler (llvm-c/Disassembler.h), which is loaded at the first use.
 *
 * The few functions of its C interface are declared here, so that LLVM's headers are no build dependency.
 */
#include "backend/common/disasm.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIBRARY "libLLVM.so.19.1"

typedef void *create_fn(const char *triple, const char *cpu, const char *features, void *info, int tag, void *op_info,
                        void *symbols);
typedef size_t one_fn(void *d, u8 *bytes, u64 len, u64 pc, char *out, size_t out_len);
typedef void dispose_fn(void *d);
typedef int options_fn(void *d, u64 options);
typedef void init_fn(void);

struct disasm {
    void       *lib;
    void       *d;
    one_fn     *one;
    dispose_fn *dispose;
};

/* A function pointer and an object pointer are of one size on every host we have (POSIX, dlsym). */
static bool find(void *lib, const char *name, void *fn)
{
    void *p = dlsym(lib, name);
    memcpy(fn, &p, sizeof p);
    return p;
}

static bool init_backend(void *lib, const char *backend)
{
    static const char *const parts[] = { "TargetInfo", "TargetMC", "Disassembler" };
    for (u32 i = 0; i < COUNT(parts); i++) {
        char name[64];
        init_fn *fn;
        snprintf(name, sizeof name, "LLVMInitialize%s%s", backend, parts[i]);
        if (!find(lib, name, &fn))
            return false;
        fn();
    }
    return true;
}

static bool open_library(struct disasm *s, const char *triple, const char *backend)
{
    create_fn *create;
    options_fn *options;
    if (!init_backend(s->lib, backend) || !find(s->lib, "LLVMCreateDisasmCPUFeatures", &create)
        || !find(s->lib, "LLVMDisasmInstruction", &s->one) || !find(s->lib, "LLVMDisasmDispose", &s->dispose)
        || !find(s->lib, "LLVMSetDisasmOptions", &options))
        return false;
    s->d = create(triple, "", "", NULL, 0, NULL, NULL);
    if (s->d)
        options(s->d, 2 | 4); /* immediates in hexadecimal; the printer's other variant: Intel syntax on x86 */
    return s->d;
}

struct disasm *disasm_new(const char *triple, const char *backend, struct err *e)
{
    struct disasm *s = calloc(1, sizeof *s);
    if (!s) {
        err_set(e, "out of memory for a disassembler");
        return NULL;
    }
    s->lib = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (s->lib && open_library(s, triple, backend))
        return s;
    err_set(e, s->lib ? "%s has no disassembler for %s" : "%s, which disassembles, is not installed", LIBRARY,
            backend);
    disasm_free(s);
    return NULL;
}

void disasm_free(struct disasm *s)
{
    if (!s)
        return;
    if (s->d)
        s->dispose(s->d);
    if (s->lib)
        dlclose(s->lib);
    free(s);
}

u32 disasm_one(struct disasm *s, const u8 *bytes, u32 len, u64 pc, char *out, u32 out_len)
{
    u8 copy[16] = { 0 };
    memcpy(copy, bytes, MIN(len, sizeof copy));
    size_t n = s->one(s->d, copy, MIN(len, sizeof copy), pc, out, out_len);
    if (!n)
        snprintf(out, out_len, "(bad)");
    return (u32)n;
}

void disasm_print(struct disasm *s, const u8 *bytes, u32 len, u64 pc, u32 step, const char *prefix, FILE *f)
{
    for (u32 at = 0; at < len;) {
        char text[160];
        u32 n = disasm_one(s, bytes + at, len - at, pc + at, text, sizeof text);
        u32 used = n ? n : MIN(step, len - at);
        fprintf(f, "%s%#llx: ", prefix, (unsigned long long)(pc + at));
        for (u32 i = 0; i < used; i++)
            fprintf(f, "%02x", bytes[at + i]);
        fprintf(f, "%s\n", text);
        at += used;
    }
}
