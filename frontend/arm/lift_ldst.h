/* lift_ldst.h - addresses and values shared by the load and store lifters. */
#pragma once
#include "frontend/arm/lift.h"

/* An access at base + immediate and what becomes of the base. */
struct a64_addr {
    ir_ref at;    /* of the access */
    ir_ref next;  /* the new base */
    u32    rn;
    i64    moved; /* next - base */
    bool   wback;
};
struct a64_addr a64_addr_imm(struct a64_lift *l, u32 rn, i64 imm, bool wback, bool post); /* checks SP */
void   a64_addr_done(struct a64_lift *l, const struct a64_addr *a);                       /* writes the base back */
ir_ref a64_addr_reg(struct a64_lift *l, u32 rn, u32 rm, u32 option, u32 shift);           /* checks SP */
i64    a64_imm_offset(u32 scaled, u32 imm12, u32 imm9, u32 size);

enum ir_type a64_int_type(u32 size_log2);                      /* i8 .. i128 */
ir_ref a64_store_value(struct a64_lift *l, u32 size, u32 rt);  /* Xt as an integer of 2^size bytes, up to 8 */
ir_ref a64_pair(struct a64_lift *l, u32 size, u32 r, u32 r2);  /* two registers of 2^size (4, 8) bytes as one
                                                                  integer */
struct ir_mem a64_mem_pair(const struct a64_lift *l, u32 size); /* two elements of 2^size bytes */
