/*
 * xstate.h - how the helpers of FXSAVE and XSAVE are told what to do: their second argument.
 */
#pragma once
#include "frontend/x86/cpu.h"

enum { X86_XS_W = 1,        /* REX.W: 64-bit instruction and operand pointers */
       X86_XS_LONG = 2,     /* 64-bit mode: sixteen registers */
       X86_XS_STACK = 4,    /* through SS: #SS(0) for a non-canonical address */
       X86_XS_OPT = 8,      /* XSAVEOPT, XSAVEC: components in their initial state are not written */
       X86_XS_COMPACT = 16, /* XSAVEC */
       X86_XS_SEG = 8       /* shift: the segment, outside 64-bit mode */ };
#define X86_MXCSR_MASK 0xffffu
u64 x86_xinuse(const struct vcpu *v); /* XCR0 bits of the components that are not in their initial state */
