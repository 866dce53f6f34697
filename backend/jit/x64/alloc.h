/*
 * alloc.h - private to the files of the pass (plan, alloc, join, block, state, cond, mem, atomic): the emitter of one
 * block.
 *
 * Places. A *root* is something that has a place: mostly an IR value, named by its index. A value that only views
 * another's bits (truncation, zero-extension of what has zeros there, halves and pairs, lane 0 of a vector as a
 * float) has no root of its own; an i128 or v256 has two. A root is in a register, or in memory (a spill slot, or
 * `home`: a state field that holds the same bits), or in both; a constant can be made anywhere.
 *
 * State. A `set` is stored at once, unless a later one of the same field follows before anything must see it whole
 * (a skip, a label, a call, an exit): then it waits (`dirty`) in its register, and only the cold paths between
 * store it. A comparison waits as what it compares, which is held where the cold paths find it.
 *
 * Conditions. Comparisons that nobody needs as a value are not emitted where they stand: xe_cond() emits them where
 * they are used, or finds that the host's flags still hold them.
 */
#pragma once
#include "backend/jit/x64/emit.h"

#define XE_ROOTS (IR_BLOCK_MAX + 2048u) /* values, and second halves */
#define XE_FIELDS 1024u                 /* of a layout; blocks of larger ones are unfit */
#define XE_DIRTY 48u
#define XE_COLD 1024u
#define XE_LINKS 160u
#define XE_KEPT 1024u
#define XE_FRAME_CONSTS 8u /* the last slots of the frame: constants of one instruction when the table is full */
#define XE_LABELS 256u
#define XE_NEST 8u
#define XE_UNDO 512u

enum { XC_GPR, XC_XMM };

struct xroot {
    u16 last_use; /* instruction index */
    i8  reg;      /* -1: none */
    u8  cls;      /* XC_ */
    u8  zbits;    /* general registers: bits above are zero */
    u8  type;     /* of the value it was made for */
    u8  dirty;    /* fields that wait for it */
    u8  held;     /* comparisons that wait and need it */
    u8  window;   /* XW_, of the host address of a window: lives in a register or nowhere */
    i16 slot;     /* -1: none */
    i16 home;     /* field, -1: none */
    ir_ref konst; /* the `const` instruction, IR_NONE: none */
};

/* What host flags hold: those of a - b, a + b, a & b at a width. Put off like a comparison, but no flag: a ^ b. */
enum xflags { XFL_NONE, XFL_CMP, XFL_ADD, XFL_TST, XFL_XOR };
struct xcmp {
    u8     kind;  /* enum xflags */
    u8     bits;
    u8     cc;    /* enum xcc */
    ir_ref a, b;
};

struct xdirty {
    u16    field;
    u16    root;
    ir_ref cond; /* the comparison that waits instead of a root; IR_NONE: none */
};

enum xcold_kind { XK_LOAD, XK_STORE, XK_MEM /* any other memory row */, XK_EVAL, XK_BUDGET };
struct xcold {
    u8  kind;
    u8  jumps;          /* in from[] */
    u8 *from[3];        /* places of rel32 */
    u8 *back;           /* writable address to go on at */
    u32 i;              /* instruction */
    u32 site;
    i8  va, val[2], res[2];
    bool again;         /* its window was not where the access is, or it wanted more: the TLB is asked */
    u8  bits;           /* of the sum va + disp */
    i32 disp;
    u32 windows, opens; /* open here: xe_windows_open(); of them, the one that the access itself opens */
    i8  arg[4][2];      /* XK_EVAL, XK_MEM: registers of the operands */
    u16 first_dirty, dirty_count; /* in saved_dirty */
    u16 first_cond, cond_count;   /* in saved_cond */
};

struct xsaved_dirty {
    u16 field;
    i8  reg;            /* -1: constant */
    u8  cls;
    u64 imm;
};

struct xplace {         /* where a value is: in a register, a constant, in memory */
    ir_ref      v;
    i8          reg;    /* -1: not there */
    bool        konst;
    u8          bytes;  /* in memory */
    struct xmem m;
};

struct xsaved_cond {
    u16           field;
    struct xcmp   cmp;
    struct xplace a, b;
};

struct xsnap {          /* registers at a skip */
    u16 label;
    u16 undo;           /* log position */
    u8 *jump;
    u16 gpr[16], xmm[16];
};

struct xundo {
    u16 root;
    i16 slot, home;     /* root XE_NO_ROOT: slot is a comparison that was made a value */
};

struct xbase {  /* an address: disp off a value, 32 of its bits or 64 */
    ir_ref v;
    u32    bits;
    i64    disp;
};

/* Accesses off one base that share a check (window.c). */
enum { XW_NONE, XW_UP, XW_DOWN }; /* the others are above the first one, or below */
#define XE_OPEN 4u              /* bases looked at together */
#define XE_WINDOW_FIRST INT16_MIN
struct xwindow {
    struct xbase base;   /* of the first access */
    u32          len;
    u8           mmu, side;
    bool         write;
    u16          first;  /* instruction */
    u16          root;   /* of the host address; 0: no other access yet */
};

/* A field that a block which leads to itself keeps in a register from round to round (loop.c). */
#define XE_KEEPS 16u       /* looked at */
#define XE_KEPT_FIELDS 4u  /* kept */
struct xkeep {
    u16    field;
    ir_ref get, set; /* the first, the last; IR_NONE */
    bool   bad;
    i8     reg;      /* at the loop's entry */
};

struct xcheck {         /* the inline TLB check as code, which does not depend on its place */
    u8 len, jumps, jump[2]; /* jump: where the rel32 are */
    u8 code[76];
};

struct xe {
    struct xasm            a;
    const struct ir_block *ir;
    struct jit            *j;
    struct jblock         *b;
    u32                    i;         /* instruction being emitted */
    u32                    insn_off;  /* of the guest instruction */
    u32                    behind;    /* instructions of the block behind it */
    bool                   synced;    /* an IR_H_SYNC helper ran: leave behind this instruction */
    bool                   unreachable; /* behind an exit, before a label */
    bool                   unfit;
    /* by value */
    u16                    root[IR_BLOCK_MAX], root2[IR_BLOCK_MAX];
    u16                    last[IR_BLOCK_MAX];     /* use as the block says it */
    u16                    uses[IR_BLOCK_MAX];     /* that need the value itself */
    u8                     reads[IR_BLOCK_MAX];    /* as the block says it, up to 2 */
    bool                   put_off[IR_BLOCK_MAX];  /* comparison emitted where used */
    struct xcmp            cmp[IR_BLOCK_MAX];      /* of those put off */
    bool                   again[IR_BLOCK_MAX];    /* set: another follows, it may wait */
    bool                   whole[IR_BLOCK_MAX];    /* needed as a value, not just as an address */
    u16                    window[IR_BLOCK_MAX];   /* root of the window of an access, or 0xffff */
    i16                    window_at[IR_BLOCK_MAX]; /* distance to its first access, or XE_WINDOW_FIRST */
    bool                   window_write[IR_BLOCK_MAX]; /* a first access whose window is written through */
    struct xwindow         open[XE_OPEN];          /* while the plan looks */
    u32                    open_count, open_turn;
    struct xkeep           keep[XE_KEEPS];
    u32                    keep_count, self_exit;  /* the exit that leads back */
    const u8              *loop;                   /* executable address of the loop's entry */
    u16                    conds[IR_BLOCK_MAX];    /* values of i1 and sums of bits, in order */
    u32                    cond_count;
    u16                    order[IR_BLOCK_MAX];    /* what is emitted, last one first */
    u32                    order_count;
    u32                    insns;                  /* guest instructions */
    /* roots */
    u32                    root_count;
    struct xroot           r[XE_ROOTS];
    /* registers: the root inside, or 0xffff */
    u16                    gpr[16], xmm[16];
    u16                    gpr_pinned, xmm_pinned;
    u32                    turn;                    /* of eviction */
    u16                    home_of[XE_FIELDS];     /* root whose bits the field in memory holds, or 0xffff */
    u32                    seen[XE_FIELDS];
    u32                    seen_stamp;
    struct xdirty          dirty[XE_DIRTY];
    u32                    dirty_count;
    u16                    free_slots[XE_SLOTS];
    u32                    slot_top;               /* slots 0 to top - 1 are or were in use */
    u16                    slot_root[XE_SLOTS];
    struct xcmp            flags;
    struct xsnap           snap[XE_NEST];
    u32                    snap_count;
    struct xundo           undo[XE_UNDO];
    u32                    undo_count;
    struct xcold           cold[XE_COLD];
    u32                    cold_count, cold_open;   /* first that waits for its way back */
    struct xsaved_dirty    saved_dirty[4096];
    u32                    saved_dirty_count;
    struct xsaved_cond     saved_cond[4096];
    u32                    saved_cond_count;
    struct jit_link        links[XE_LINKS];
    u32                    link_count;
    u8                    *link_stub_at[XE_LINKS];
    struct { u8 *at; u32 ins; } kept[XE_KEPT];      /* imm64 to be filled in */
    u32                    kept_count;
    struct { u8 *at; u32 link; bool jcc; } ic_miss[2 * XE_LINKS];
    u32                    ic_miss_count;
    struct { u8 *at; u32 link; u32 word; } ic_at[2 * XE_LINKS];
    u32                    ic_count;
    u16                    const_hash[8192];        /* of ctx.consts, number + 1; never full */
    struct xcheck          checks[16][6][4];        /* by address register, log2 of bytes, access; len 0: not made
                                                       yet */
    u32                    const_turn;              /* of the frame's places for those that have none there */
};

#define XE_NO_ROOT 0xffffu

static inline struct xroot *xe_root(struct xe *x, ir_ref r) { return &x->r[x->root[r]]; }
static inline struct xmem xe_ctx(const struct xe *x, size_t off) { return xm_abs((const u8 *)x->j->ctx + off); }
#define XE_CTX(x, member) xe_ctx(x, offsetof(struct jit_ctx, member))
static inline struct xmem xe_arg(const struct xe *x, u32 k, u32 off)
{
    return xe_ctx(x, offsetof(struct jit_ctx, arg) + k * sizeof(union ir_val) + off);
}
static inline struct xmem xe_field(const struct xe *x, u32 field)
{
    return xm(R13, (i32)x->ir->layout->fields[field].offset - JIT_STATE_BIAS);
}
static inline u32 xe_site(const struct xe *x) { return JIT_SITE(x->insn_off, x->behind); }

/* alloc.c */
void      xe_begin(struct xe *x);
void      xe_end_ins(struct xe *x);                    /* unpins */
enum xreg xe_root_use(struct xe *x, u16 root);         /* in a register, pinned */
enum xreg xe_root_def(struct xe *x, u16 root);         /* a register for it, pinned */
bool      xe_root_live(const struct xe *x, u16 root);  /* needed at or behind the current instruction */
bool      xe_root_mem(struct xe *x, u16 root, struct xmem *m); /* where in memory it is */
void      xe_root_load(struct xe *x, u16 root, enum xreg to); /* into a register of any kind, no bookkeeping */
void      xe_root_away(struct xe *x, u16 root);        /* out of its register, kept in memory if needed */
void      xe_store_slot(struct xe *x, u16 root);       /* from its register to a new slot */
void      xe_forget_home(struct xe *x, u32 field);     /* the field's memory is about to change: save who lives
                                                          there */
void      xe_log_made(struct xe *x, ir_ref r);
void      xe_set_home(struct xe *x, u16 root, u32 field);
void      xe_forget_all_homes(struct xe *x);
void      xe_load_const(struct xe *x, ir_ref c, u8 cls, enum xreg to);

/* wait.c */
void      xe_wait(struct xe *x, u32 field, u16 root);    /* instead of xe_store_field() now */
bool      xe_wait_cond(struct xe *x, u32 field, ir_ref v); /* a comparison put off; false: it cannot wait */
void      xe_store_cond(struct xe *x, u32 field, ir_ref v); /* now; host flags change */
void      xe_flush(struct xe *x);                        /* stores all that waits; host flags change */
void      xe_flush_field(struct xe *x, u32 field);
void      xe_flush_root(struct xe *x, u16 root);         /* the fields that wait for it; host flags stay */
void      xe_drop_dirty(struct xe *x, u32 field);        /* it is overwritten */
void      xe_stored(struct xe *x, u32 field, u16 root);  /* the field holds it now */
void      xe_store_field(struct xe *x, u32 field, u16 root);
void      xe_save_dirty(struct xe *x, struct xcold *c);  /* for a cold path that begins here ... */
void      xe_cold_dirty(struct xe *x, const struct xcold *c); /* ... which stores it */

/* join.c */
void      xe_skip_snapshot(struct xe *x, u16 label, u8 *jump);
void      xe_label_restore(struct xe *x, u16 label);

/* cond.c */
bool      xe_classify(const struct xe *x, ir_ref r, struct xcmp *c);
void      xe_materialise(struct xe *x, ir_ref r);      /* a comparison put off becomes a value */
enum xcc  xe_compare(struct xe *x, const struct xcmp *c); /* host flags hold it */

/* block.c */
struct xcold *xe_new_cold(struct xe *x, enum xcold_kind k, u8 *from); /* with what waits now; rejoin: set back */
/* Row i by the reference (XK_EVAL, XK_MEM), in cold code: operands, and the result if it is needed, are in their
 * registers already (constants need none). The caller sets back. */
struct xcold *xe_cold_row(struct xe *x, u32 i, enum xcold_kind k, u8 *from);
void      xe_put_operands(struct xe *x, u32 i);          /* of instruction i, to ctx.arg[] */
void      xe_take_result(struct xe *x, u32 i);           /* from ctx.res */
void      xe_keep(struct xe *x, u32 i);                /* mov rax, copy of instruction i */
void      xe_give_back(struct xe *x);                  /* before leaving in the middle: what did not run */
void      xe_cold_mem(struct xe *x, const struct xcold *c); /* mem.c */
void      xe_cold_again(struct xe *x, const struct xcold *c); /* ... before what waits is stored */
/* loop.c: in front of the block's entry proper; and the jump back by exit i, false: it is not that one. */
void      xe_loop_entry(struct xe *x);
bool      xe_loop_back(struct xe *x, u32 i);
/* window.c: those open behind the current instruction, by register (16 and on: downwards); and shut, in cold code. */
u32       xe_windows_open(const struct xe *x);
void      xe_windows_shut(struct xe *x, u32 open);
