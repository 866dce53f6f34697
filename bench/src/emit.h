/* emit.h - write machine code: a handful of instructions, in arm64's encoding (Arm ARM, C6) and in amd64's
 *
 * A function made here takes an accumulator, an operand and a count, and returns the accumulator.
 */
#ifndef EMIT_H
#define EMIT_H

#include "bench.h"

#include <sys/mman.h>

typedef u64 emit_function(u64 accumulator, u64 operand, u64 count);

struct emit {
    u8 *at;
};

enum emit_op { EMIT_ADD_CONSTANT, EMIT_XOR, EMIT_MUL, EMIT_ROTATE, EMIT_SUB, EMIT_NOT, EMIT_OPS };

static inline void emit_bytes(struct emit *e, const void *bytes, size_t size)
{
    memcpy(e->at, bytes, size);
    e->at += size;
}

static inline void emit_word(struct emit *e, u32 word)
{
    emit_bytes(e, &word, 4);
}

static inline u8 *emit_memory(size_t size)
{
    u8 *memory = mmap(NULL, size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    bench_check(memory != MAP_FAILED, "memory for code");
    return memory;
}

/* On arm64: DC CVAU and IC IVAU for each line, and barriers; on amd64: nothing. */
static inline void emit_publish(u8 *from, u8 *to)
{
    __builtin___clear_cache((char *)from, (char *)to);
}

#if defined __aarch64__

static inline void emit_start(struct emit *e)
{
    (void)e;
}

static inline void emit_op(struct emit *e, enum emit_op op, u32 constant)
{
    switch (op) {
    case EMIT_ADD_CONSTANT: emit_word(e, 0x91000000 | (constant & 0xfff) << 10); break; /* add x0, x0, #constant */
    case EMIT_XOR: emit_word(e, 0xca010000); break;                                     /* eor x0, x0, x1 */
    case EMIT_MUL: emit_word(e, 0x9b017c00); break;                                     /* mul x0, x0, x1 */
    case EMIT_ROTATE: emit_word(e, 0x93c00000 | (constant & 63) << 10); break;          /* ror x0, x0, #constant */
    case EMIT_SUB: emit_word(e, 0xcb010000); break;                                     /* sub x0, x0, x1 */
    default: emit_word(e, 0xaa2003e0); break;                                           /* mvn x0, x0 */
    }
}

static inline void emit_loop(struct emit *e, const u8 *top)
{
    emit_word(e, 0xf1000442);                                                           /* subs x2, x2, #1 */
    emit_word(e, 0x54000001 | ((u32)((top - e->at) / 4) & 0x7ffff) << 5);               /* b.ne top */
}

static inline void emit_return(struct emit *e)
{
    emit_word(e, 0xd65f03c0);                                                           /* ret */
}

/* A new constant for the EMIT_ADD_CONSTANT at AT. */
static inline void emit_patch(u8 *at, u32 constant)
{
    *(volatile u32 *)at = 0x91000000 | (constant & 0xfff) << 10;
    emit_publish(at, at + 4);
}

#elif defined __x86_64__

static inline void emit_start(struct emit *e)
{
    emit_bytes(e, "\x48\x89\xf8", 3);                                                   /* mov rax, rdi */
}

static inline void emit_op(struct emit *e, enum emit_op op, u32 constant)
{
    u8 rotate[] = { 0x48, 0xc1, 0xc8, constant & 63 };

    switch (op) {
    case EMIT_ADD_CONSTANT: emit_bytes(e, "\x48\x05", 2); emit_word(e, constant & 0xfff); break;
    case EMIT_XOR: emit_bytes(e, "\x48\x31\xf0", 3); break;                             /* xor rax, rsi */
    case EMIT_MUL: emit_bytes(e, "\x48\x0f\xaf\xc6", 4); break;                         /* imul rax, rsi */
    case EMIT_ROTATE: emit_bytes(e, rotate, 4); break;                                  /* ror rax, constant */
    case EMIT_SUB: emit_bytes(e, "\x48\x29\xf0", 3); break;                             /* sub rax, rsi */
    default: emit_bytes(e, "\x48\xf7\xd0", 3); break;                                   /* not rax */
    }
}

static inline void emit_loop(struct emit *e, const u8 *top)
{
    emit_bytes(e, "\x48\xff\xca\x0f\x85", 5);                                           /* dec rdx; jnz top */
    emit_word(e, (u32)(top - (e->at + 4)));
}

static inline void emit_return(struct emit *e)
{
    emit_bytes(e, "\xc3", 1);
}

static inline void emit_patch(u8 *at, u32 constant)
{
    constant &= 0xfff;
    memcpy(at + 2, &constant, 4);
}

#else
#error "emit.h knows arm64 and amd64"
#endif

#endif
