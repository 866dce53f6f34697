/*
 * jit.h - the baseline engine: every block compiled at its first execution, one pass (design, section 3).
 *
 * Parts: engine.c (the run loop: enters code, handles its exits), cache.c (blocks by (object, offset, mode), code
 * memory, links, invalidation), slow.c (C functions that code calls), x64/ (encoder, emitters, thunks).
 *
 * The last instructions of a budget, instructions that meet MMIO, stores that hit code, and blocks that cannot be
 * compiled are run by the interpreter, which the engine owns: the one-instruction path. Values are exact at every
 * such point: v->s.pc, v->s.icount and the state are whole.
 *
 * Code and data. One reservation: struct jit_ctx, then the executable mapping of the code cache, so that code reaches
 * the context by rip-relative addresses. The cache is mapped twice; C writes it through the other mapping.
 * Blocks carry their constants and link data in the cache behind their code.
 *
 * Threads: all of one vCPU's engine on its machine's thread, but for what worker.h says.
 */
#pragma once
#include "vm/vm.h"
#include "backend/jit/region.h"
#include "backend/jit/region_map.h"
#include <string.h>

/* baseline_engine: blocks alone. auto_engine: and hot ones by the tier above, in the background, where there is one.
 * llvm_engine: whatever is met again by that tier, while the guest waits: for tests. */
extern const struct engine baseline_engine, auto_engine, llvm_engine;
bool baseline_works(void); /* on this host: x86-64-v2 at least */

/* ---- private to backend/jit ---- */

struct jit;
struct jblock;

/* How code comes back to the run loop. The state is whole and r15 is the guest pc to go on at, r12 what is left. */
enum jit_exit {
    JX_LINK,    /* a direct exit that is not linked yet, or whose inline cache missed: ctx.link */
    JX_LOOKUP,  /* the jump cache does not know pc */
    JX_BUDGET,  /* the block at pc does not fit what is left (nothing of it ran) */
    JX_DEAD,    /* the block at pc was dropped */
    JX_INTERP,  /* the block at pc is not compiled: the interpreter runs it (ctx.arg0: instructions) */
    JX_ONE,     /* the instruction at pc must run alone, with the exact count; nothing of it happened */
    JX_MODE,    /* go on at pc, the mode word looked at again */
    JX_SYNC,    /* leave the engine with RUN_SYNC at pc */
    JX_EXC,     /* exit_exc at pc: code ctx.arg0, payload ctx.arg1 */
    JX_FAULT,   /* v->mmu.fault happened at pc */
    JX_REGION,  /* the region of slot ctx.arg0 was not entered: are its pages where they were? */
    JX_RAISED   /* a helper took an exception: v->s.pc is the vector already; r15 means nothing */
};

/* A direct exit of a block, and the inline cache of one that leaves its page. */
struct jit_link {
    struct jblock   *from;
    struct jblock   *to;       /* NULL: not linked */
    struct jit_link *next_in;  /* others that lead to `to` */
    struct jit_link **in_at;   /* what points here in that list */
    i64              rel;      /* of the next pc, from the block's first byte */
    u8              *jump;     /* writable address of the rel32 of its jmp */
    const u8        *stub;     /* where the jmp leads when not linked (executable address) */
    /* cross-page: writable address of { key, pc }, both compared before the jump; or NULL */
    u64             *ic;
};

/* Where a block's bytes are, and in what mode they are meant. */
struct jit_place {
    struct memobj *obj;
    u64            off;        /* of the first byte in obj */
    /* where an instruction goes on that crosses into another page: at its start; else NULL */
    struct memobj *obj2;
    u64            off2;
    u64            mode;
};

struct jblock {
    struct jblock   *hash_next, *page_next, *page2_next, *chunk_next;
    struct memobj   *obj;      /* as in struct jit_place */
    u64              off;
    struct memobj   *obj2;
    u64              off2;
    u64              mode;
    u32              len;      /* bytes of guest code */
    u32              insns;    /* taken off the budget at entry */
    bool             dead;     /* its bytes changed: the entry jumps out. Revived when they are found to be back */
    bool             loops;    /* leads to itself, without a link */
    u8               heat;     /* samples that met it */
    u8               poor;     /* blocks of a region entered here that was not worth it; 255: nor was another one */
    bool             apart;    /* accesses of a region entered here share no looks: they missed too often */
    u8               met;      /* how often C came across it, as far as somebody counts */
    bool             hashed;   /* in the hash and page lists; one that is not waits for its chunk to be recycled */
    u8               was[8];   /* what the jump at the entry replaced */
    const u8        *entry;    /* executable address */
    u32              code_len; /* bytes in the cache, data behind the code included */
    struct jit_link *in;       /* links that lead here */
    struct jit_link *links;    /* link_count of them */
    u32              link_count;
    struct jit_seat *seats;    /* in regions, made or being made (regions.c) */
    struct ir_ins   *kept;     /* copies for xe_eval() and memory slow paths; kept_count */
    u32              kept_count;
    u8               guest[];  /* copy of the bytes: len */
};

/* From a virtual pc to code. */
#define JIT_JUMP_BITS 12u
struct jit_jump {
    u64       pc;
    u64       key;
    const u8 *code;
    struct jblock *block;
};

/* Pages that compiled regions met last, and what leads from their addresses to host memory: facts about the TLB that
 * is current, so jit_forget_pages() is due where that may have changed. */
#define JIT_READ_PAGES 16u
#define JIT_WRITE_PAGES 8u
#define JIT_PAGES (JIT_READ_PAGES + JIT_WRITE_PAGES)

/* Of a region, by its slot. */
#define JIT_SLOTS 2048u
struct jit_guard {
    u64 key, pc;  /* its pages were found to lie right under this key, with the entry at this pc. Key 0: not yet */
};

/* Host registers at a call from a region, by DWARF's numbers; vectors from its 17. */
struct jit_region_regs {
    u64 general[16];
    u8  vector[16][32];
};

/* What code reads and writes besides guest state and memory. In front of the executable mapping. */
struct jit_ctx {
    u64              key;        /* fetch epoch and mode of now in one: see jit_key() */
    u64              leave;      /* set by C called from code: an enum jit_exit + 1, to leave behind the call */
    atomic_uint      kick;       /* run() is to come back: see JIT_KICK */
    u64              end;        /* instruction count at which the budget is spent: v->s.icount == end - r12 */
    u64              left;       /* r12 at the last exit: jit_left() */
    u64              pc;         /* r15 at the last exit */
    u64              host_rsp;
    struct tlb_entry *tlb;       /* r14: v->mmu.cur[mmu_mode]->e, renewed by every C function called */
    u64              arg0, arg1; /* of an exit */
    struct jit_link *link;
    struct vcpu     *v;
    struct jit      *jit;
    u32              mmu_mode;
    /* the guest's control bits: all masked, rounding mode, DAZ and FTZ of fp_x86; not sticky */
    u32              mxcsr;
    u64              saved[16];  /* general registers during a call: r12 and r15 are looked at by C */
    union ir_val     arg[4];     /* operands of evaluations, memory operations, helpers */
    union ir_val     res;
    u128             saved_v[16];
    u64              page[JIT_PAGES];   /* ~0: none. First those to read, then those to write */
    u64              addend[JIT_PAGES];
    u64              region_insns;      /* that ran in regions */
    u32              region_slot;       /* of the region entered last */
    bool             region_spent;      /* ... and it was left because the budget was spent */
    u32              region_entries[JIT_SLOTS];
    u32              region_cuts[JIT_SLOTS]; /* times that it was left for an instruction to be done alone */
    struct jit_guard guard[JIT_SLOTS];
    struct jit_region_regs regs;
    u8               copy[REGION_COPIES][REGION_SPAN_MOST]; /* of regions: bytes that lie over two pages */
    struct jit_jump  jumps[1u << JIT_JUMP_BITS]; /* slot: jit_jump_slot() */
    u128             consts[4096]; /* of the emitters, each once; kept when code is dropped */
    u32              const_count;
};
static inline u32 jit_jump_slot(u64 pc) { return (u32)(pc >> 2 ^ pc >> 14) & ((1u << JIT_JUMP_BITS) - 1); }

/*
 * Kicks. The signal's handler sets ctx.kick, which the run loop and whatever enters code or returns to it look at.
 * When it interrupts code, it takes JIT_KICK off r12 as well: the next block's entry finds its budget spent. A
 * budget is at most half of that, so that what is left tells by itself whether it was taken; code does not know.
 */
#define JIT_KICK (1ull << 62)
static inline u64 jit_left(u64 r12) { return r12 + ((i64)r12 < -(i64)(JIT_KICK / 4) ? JIT_KICK : 0); }

static inline void jit_forget_pages(struct jit_ctx *c) { memset(c->page, 0xff, sizeof c->page); }

/* Where in a block a call from code happens: offset of the instruction and how many of the block's come behind it
 * (they were taken off the budget and are given back when the call does not return). */
#define JIT_SITE(off, behind) ((u32)(off) | (u32)(behind) << 16)
#define JIT_SITE_OFF(site) ((site) & 0xffffu)
#define JIT_SITE_BEHIND(site) ((site) >> 16)

/* r13 is the guest state plus this: its first 256 bytes have displacements of one byte. */
#define JIT_STATE_BIAS 128

/* Code pieces made once an engine (x64/thunks.c). Executable addresses. The call thunks are called from code with
 * rsp at the frame, keep all registers but rax, rcx, rdx, xmm13 to 15 and the flags, renew r14 from ctx.tlb, and
 * when ctx.leave is set do not return: they drop the return address and leave with r12 = ctx.left, r15 = ctx.pc. */
struct jit_thunks {
    const u8 *counted;     /* code from here on has the budget in r12, but where it is of no use any more */
    /* C: ctx.pc is r15; an enum jit_exit */
    u32 (*enter)(struct jit_ctx *ctx, const void *code, void *state, u64 left);
    const u8 *leave[16];   /* by enum jit_exit: jumped to; stores r12, r15 */
    const u8 *link;        /* JX_LINK: rcx is the struct jit_link */
    const u8 *lookup;      /* the jump cache for r15, then JX_LOOKUP (for exits that do not look inline) */
    const u8 *load, *store;        /* rax gva, ecx site,
        edx packed ir_mem; store: value in ctx.arg[0]; with mmu_val the
                                      mode in ctx.arg[1]. Load: up to 8 bytes in rax,
                                          byte-reversed as the ir_mem says,
                                      zero-extended: code extends signs */
    const u8 *load_v, *store_v;    /* 16 and 32 bytes, through ctx.res and ctx.arg[0] */
    /* rax struct ir_ins * (kept), ecx site: any other memory op; operands in ctx.arg, result ctx.res */
    const u8 *mem;
    const u8 *call;        /* rax struct ir_helper *, ecx site; operands ctx.arg[0..2].d[0], result rax */
    const u8 *eval;        /* rax struct ir_ins * (kept): ctx.arg to ctx.res */
    const u8 *check_read, *check_write; /* rdx gva, ecx bytes - 1: ZF: the TLB lets it through,
        rax makes rdx a host address.
                                           rcx is lost, nothing else */
    const u8 *region[REGION_SYMBOLS]; /* for regions (region.h) */
};

#define JIT_MODES 1024u   /* mode words that have numbers; one more, and everything is flushed */

/* Counters behind --stats. */
struct jit_stats {
    u64 blocks, guest_insns, code_bytes;  /* compiled */
    u64 translate_ns;
    u64 regions, region_insns, region_bytes; /* turned on */
    u64 region_tried, region_ns;          /* instructions and time of all that were tried */
    u64 regions_stored;                   /* ... of these from the store */
    u64 regions_cancelled, regions_refused, regions_failed, regions_dropped, regions_replaced;
    u64 regions_poor, regions_paused;
    u64 entries, lookups, links, revived, dropped, evictions, interp_insns, one_insns;
    u64 slow_loads, slow_stores, slow_mem;
    u64 split;                            /* accesses over two pages that needed no more than their copies */
    u64 helper_calls[256];                /* by helper of the layout */
    u64 evals[IR_OP_COUNT];               /* by row */
};

struct jit {
    struct vcpu       *v;
    struct jit_ctx    *ctx;
    struct jit_thunks  t;
    struct jit_stats   stats;
    u32                features;   /* XF_, x64/asm.h */
    /* code memory: [base, base + size) writable, + delta executable */
    u8                *base;
    u64                size;
    u64                mapped;     /* with what lies behind: regions */
    i64                delta;
    struct jit_cache  *cache;      /* cache.c */
    struct fp_env     *env;        /* the guest's, or one of our own when its layout has none */
    struct ir_block    ir;         /* scratch of the lifter */
    u64                deadline;   /* the machine's next one when the run began */
    struct jit_regions *regions;   /* of the tier above; NULL: none */
    struct disasm     *disasm;     /* for logs; NULL until asked for */
    bool               no_disasm;  /* ... and there is none */
    void              *emitter;    /* scratch of x64/: allocated once */
    struct interp     *interp;     /* the one-instruction path */
    u64                mode;       /* mode word of now */
    u32                mode_nr;    /* its number in modes[]: part of the key */
    u32                mode_count;
    u64                modes[JIT_MODES];
    bool               flush_wanted; /* from inside a helper or between runs: done before code is entered */
    bool               part;       /* the run may end before its budget does */
    bool               logs_exec;  /* -d exec: no links and no jump cache, so that every entry is seen */
    struct fp_env      own_env;
};
/* Valid for shortcuts from a virtual pc to code: made under it, good whenever it is the key again. Never 0, never
 * ~0. */
static inline u64 jit_key(const struct jit *j) { return j->v->mmu.epoch << 16 | j->mode_nr; }


/* ---- x64/ ---- */
/* Makes t (addresses, code at *at, which moves on) ; false: host CPU lacks x86-64-v2. */
bool x64_attach(struct jit *j, u8 **at, const u8 *end, struct err *e) MUST_CHECK;
void x64_detach(struct jit *j);
/* Makes the entry of a block that the interpreter runs (JX_INTERP): false when there is no room in [at, end). */
bool x64_interp_block(struct jit *j, struct jblock *b, u8 *at, u8 *end);
/* struct engine, kick: host is the ucontext_t. */
void x64_kick(struct jit *j, void *host);
/* Guest FP state in MXCSR: load makes it the guest's, all exceptions masked, no sticky bits; merge moves sticky bits
 * into fp_env.flags (DE only of guests with fp_x86). */
void x64_fp_load(struct jit *j);
void x64_fp_merge(struct jit *j);
u32  x64_fp_host(void);          /* the host's, to be given back */
void x64_fp_host_restore(u32 mxcsr);
enum x64_result { X64_OK, X64_FULL /* no room in [at, end) */, X64_UNFIT /* let the interpreter run it */ };
/* Compiles ir, after passes, into [at, end). Fills b->entry, code_len, links, kept (jit_cache_alloc()). The
 * block is entered with r15 = its pc in mode b->mode. */
enum x64_result x64_compile(struct jit *j, struct jblock *b, const struct ir_block *ir, u8 *at, u8 *end);
void x64_entry_jump(struct jit *j, struct jblock *b, const u8 *to); /* replaces the entry by a jump; keeps b->was */
void x64_entry_restore(struct jit *j, struct jblock *b);
struct disasm;
struct disasm *x64_disasm(struct err *e) MUST_CHECK; /* of the host's code: backend/common/disasm.h */
/* Where code of a region is entered, which begins at fn (executable): into [at, at + X64_STUB); returns its
 * executable address. guarded: behind a look at the slot's guard. */
#define X64_STUB 128u
const u8 *x64_region_entry(struct jit *j, u8 *at, const u8 *fn, u32 slot, bool guarded);
void x64_link_jump(struct jit *j, struct jit_link *l, const u8 *to); /* aims l's jump */
void x64_serialize(void); /* code that another thread wrote may run on this one behind it */


/* ---- slow.c: called by the thunks ---- */
u64  jit_load(struct jit_ctx *c, u64 va, u32 site, u32 mem);
void jit_store(struct jit_ctx *c, u64 va, u32 site, u32 mem);
void jit_load_v(struct jit_ctx *c, u64 va, u32 site, u32 mem);
void jit_store_v(struct jit_ctx *c, u64 va, u32 site, u32 mem);
/* The same, only if it lies over two pages that the TLB lets through: nothing can come of it. False: not done. */
bool jit_split_load(struct jit_ctx *c, u64 va, u32 mem, void *to);
bool jit_split_store(struct jit_ctx *c, u64 va, u32 mem);
void jit_mem(struct jit_ctx *c, const struct ir_ins *in, u32 site);
u64  jit_call(struct jit_ctx *c, const struct ir_helper *h, u32 site);
void jit_eval(struct jit_ctx *c, const struct ir_ins *in);
u64  jit_call_number(struct jit_ctx *c, u64 helper, u32 site);
void jit_leave(struct jit_ctx *c, enum jit_exit x); /* with what is in c->saved */
void jit_leave_alone(struct jit_ctx *c, u32 site);  /* JX_ONE of the instruction there */
