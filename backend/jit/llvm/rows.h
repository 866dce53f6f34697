/*
 * rows.h - the functions of rows: llvm_row_<name>() of scalars and of whole-vector rows, llvm_vrow_<name>() of OP
 * rows on vectors (with lanes or without). bitcast and select do not care: one function. XOP rows: const alone.
 */
#pragma once
#include "backend/jit/llvm/build.h"

#define OP(name, ...)                                  \
    LLVMValueRef llvm_row_##name(struct lb *l, u32 i); \
    LLVMValueRef llvm_vrow_##name(struct lb *l, u32 i);
#define VOP(name, ...) LLVMValueRef llvm_row_##name(struct lb *l, u32 i);
#define XOP(...)
#include "ir/ops.def"
LLVMValueRef llvm_row_const(struct lb *l, u32 i);
