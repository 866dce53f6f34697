/*
 * disasm.h - machine code as text, guest's or host's, for logs. Loads libLLVM at the first use.
 */
#pragma once
#include "base/err.h"
#include <stdio.h>

struct disasm;
/* For LLVM's target triple ("x86_64") and the name its functions have for that backend ("X86"). NULL, with the
 * reason, when the library or its part for it is missing. */
struct disasm *disasm_new(const char *triple, const char *backend, struct err *e) MUST_CHECK;
void disasm_free(struct disasm *s); /* NULL is fine */
/* One instruction at bytes, of at most len; its text, ending in 0. Returns its length, 0 when there is none. */
u32 disasm_one(struct disasm *s, const u8 *bytes, u32 len, u64 pc, char *out, u32 out_len);
/* All of them, a line each. step: bytes to go on by after what is none. */
void disasm_print(struct disasm *s, const u8 *bytes, u32 len, u64 pc, u32 step, const char *prefix, FILE *f);
