/* lift_arith.h - sums and differences that set the flags, shared by the data-processing lifters. */
#pragma once
#include "frontend/arm/lift.h"

/* ADDS, SUBS: Rd (31: none) := n + m or n - m, and NZCV of it (AddWithCarry). m_zero: m is known to be 0. */
void a64_adds(struct a64_lift *l, u32 rd, ir_ref n, ir_ref m);
void a64_subs(struct a64_lift *l, u32 rd, ir_ref n, ir_ref m, bool m_zero);

/* The flags of n + m or n - m, without setting them. */
struct a64_flags {
    ir_ref n, z, c, v;
};
struct a64_flags a64_flags_of(struct a64_lift *l, bool sub, ir_ref n, ir_ref m);
