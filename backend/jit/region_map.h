/*
 * region_map.h - where C finds operands and guest fields when a region's code calls it.
 *
 * The code generator keeps guest fields wherever it likes, and nothing is stored for the sake of a call that may
 * leave. A call is a patch point of REGION_PATCH bytes: the call and a NOP whose immediate leads from the return
 * address to a struct region_site behind the code, which says where everything is. All registers but r11 and the
 * flags are kept by the call.
 *
 * All offsets are from the struct that holds them. The linker (llvm/object_map.c) checks every one of them.
 */
#pragma once
#include "ir/ir.h"

#define REGION_PATCH 12u      /* e8 rel32; 0f 1f 80 imm32 */
#define REGION_PATCH_IMM 8u   /* of the immediate, from the patch point's start */
#define REGION_PATCH_RET 5u

enum region_out {
    REGION_OUT_load,    /* args: gva; the value, up to 8 bytes, is the call's result */
    REGION_OUT_store,   /* args: gva, value */
    REGION_OUT_load_v,  /* 16 and 32 bytes: value in ctx.res */
    REGION_OUT_store_v,
    REGION_OUT_mem,     /* any other memory row: its operands; result in ctx.res; ins: the row */
    REGION_OUT_call,    /* a helper: word is its number; result is the call's; ctx.saved[12] is what is left then */
    REGION_OUT_eval,    /* a pure or FP row by the reference: operands, ctx.res, ins. Has no fields: never leaves */
    REGION_OUT_budget,  /* leaves: the block at pc does not fit, or a kick came */
    REGION_OUT_alone,   /* leaves: the instruction is to be done alone */
    /* args: gva; word is a REGION_SPAN(). Its bytes lie over two pages: they are copied together, result leads from
     * gva to the copy. Else leaves as the one above */
    REGION_OUT_gather,
    REGION_OUT_scatter, /* args: gva; word: the same. The copy goes back where it came from. Never leaves */
    REGION_OUT_exc,     /* leaves with an exception: word is its code; args: payload */
    REGION_OUTS
};

/* Copies: bytes of one, how many there are of them at a time; write: to be written, too. */
#define REGION_SPAN_MOST 1024u
#define REGION_COPIES 8u
#define REGION_SPAN(copy, len, write) ((u32)(copy) | (u32)(len) << 8 | (u32)(write) << 31)
#define REGION_SPAN_COPY(word) ((word) & 0xffu)
#define REGION_SPAN_LEN(word) ((word) >> 8 & 0xffffu)
#define REGION_SPAN_WRITE(word) ((word) >> 31)

enum region_loc_kind { REGION_REG, REGION_MEM, REGION_ADDR, REGION_CONST, REGION_POOL };

/* Registers by DWARF's numbers (System V ABI, AMD64 supplement, 3.6.2): 0 to 15 general, 17 to 32 vectors. */
struct region_loc {
    u8  kind;
    u8  reg;
    u16 pad;
    i32 v;      /* MEM: [reg + v]; ADDR: reg + v; CONST: sign-extended; POOL: offset of a u64 */
};

/* How a field's value is made of few others: rows one after the other, the last one's value is the field's. */
#define REGION_LEAVES 3u
#define REGION_NODES 6u
struct region_recipe {
    u8 leaves, nodes;
    u8 leaf_type[REGION_LEAVES]; /* integers up to 64 bits */
    u8 pad[3];
    struct {
        struct ir_ins ins;       /* pure, or a constant */
        u8            arg[8];    /* of the operands: below REGION_LEAVES a leaf, else a row before */
    } node[REGION_NODES];        /* so many as there are */
};

/* The recipes of a field by kind. */
struct region_table {
    u32 count, pad;
    struct { u32 kind; i32 at; } row[]; /* at: offset of a struct region_recipe from the table */
};

/* A field whose memory is older than its value, or may be. */
enum region_how {
    REGION_VALUE,  /* one location; an i128 or v256 has two, the low half first */
    REGION_RECIPE, /* the leaves; at: offset of the struct region_recipe */
    REGION_DYNAMIC /* kind, value, leaves (REGION_LEAVES of them); at: offset of the struct region_table */
};
enum { REGION_KIND_MEMORY, REGION_KIND_VALUE, REGION_KIND_FIRST }; /* memory is right; the value; of the table */
struct region_field {
    u16 field;
    u16 how;
    i32 at;
};

struct region_site {
    u8  out;         /* enum region_out */
    u8  args;        /* at most 4 */
    u8  arg_type[4]; /* enum ir_type */
    u16 pad;
    u32 site;        /* JIT_SITE() in the block */
    u32 word;        /* packed struct ir_mem, number of the helper, or code of the exception */
    i64 pc;          /* of the block, from the entry block's */
    u32 fields;
    i32 field_at;    /* offset of struct region_field[fields] */
    i32 ins;         /* offset of a struct ir_ins; 0: none */
    u32 locs;
    /* offset of struct region_loc[locs]: where the result goes, left, pc of the entry, args, fields */
    i32 loc_at;
    u32 pad2;
};
_Static_assert(sizeof(struct region_site) % 4 == 0 && sizeof(struct region_loc) == 8, "laid out by hand");

/* Locations that a value of the type takes. */
static inline u32 region_locs_of(u8 type)
{
    return type == IR_I128 || type == IR_F80 || type == IR_V256 ? 2 : 1;
}

#define REGION_SITES_SECTION ".mynah"   /* in the object: sites without locations, fields, rows; 8-byte aligned */
