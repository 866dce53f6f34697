/*
 * cache.h - private to backend/jit: blocks and their code.
 *
 * Ownership: the cache owns blocks, links and copies. A struct jblock or jit_link is good until the next call that
 * may compile (it may drop the oldest code): jit.stats.evictions tells.
 */
#pragma once
#include "backend/jit/jit.h"

#define JIT_CACHE_SIZE (64ull << 20)
#define JIT_CACHE_MIN (1ull << 20)
#define JIT_ARENA_SIZE (64ull << 20) /* of regions, behind the cache */
#define JIT_CHUNKS 16u
#define JIT_LARGE_PAGE (2ull << 20) /* the host's, asked for where much memory is touched */
#define JIT_BLOCK_INSNS 64u
#define JIT_DEAD_VERSIONS 4u /* of one key that may be revived */

/* codemem.c: the reservation of struct jit_ctx and the two mappings of `size` bytes. */
bool jit_mem_new(struct jit *j, u64 size, struct err *e) MUST_CHECK;
void jit_mem_free(struct jit *j);

/* The memory, the thunks and an empty cache. size: of code, in bytes. */
bool jit_cache_new(struct jit *j, u64 size, struct err *e) MUST_CHECK;
void jit_cache_free(struct jit *j);
/* Memory for what belongs to the block that is being compiled: 16-byte aligned, not cleared; goes with its chunk.
 * Never fails. */
void *jit_cache_alloc(struct jit *j, size_t n);
/* The live block of a place: revived or compiled when there is none. NULL: the instruction there goes on in another
 * page, which the place does not name. */
struct jblock *jit_cache_get(struct jit *j, const struct jit_place *at);
/* The block if it is there and alive, else NULL. */
struct jblock *jit_cache_find(struct jit *j, const struct memobj *o, u64 off, u64 mode);
/* A live block that has the byte at off, or NULL. */
struct jblock *jit_cache_covering(struct jit *j, const struct memobj *o, u64 off, u64 mode);
/* Aims l at `to`; a link with an inline cache holds for (key, pc). */
void jit_cache_link(struct jit *j, struct jit_link *l, struct jblock *to, u64 pc);
/* struct engine, code_written: for this engine's own blocks. */
void jit_cache_drop(struct jit *j, struct memobj *o, u64 off, u64 len);
void jit_cache_flush(struct jit *j); /* not while code runs */
/* log.c: host code for people (now, or for -d out_asm), counters for --stats */
void jit_print_code(struct jit *j, const struct jblock *b, FILE *f);
void jit_log_code(struct jit *j, const struct jblock *b);
void jit_log_region(struct jit *j, const struct jblock *entry, const u8 *code, u64 size); /* made, at its entry */
void jit_print_stats(struct vcpu *v, FILE *f);
