/*
 * insn_text.c - a decoded x86 instruction as text, operands in the manual's order: for logs.
 */
#include "frontend/x86/insn.h"
#include "frontend/x86/cpu.h"
#include "ir/ir.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct text {
    char *buf;
    u32   size, len;
};

PRINTF_LIKE(2, 3) static void put(struct text *t, const char *f, ...)
{
    va_list ap;
    va_start(ap, f);
    int n = vsnprintf(t->buf + t->len, t->size - t->len, f, ap);
    va_end(ap);
    if (n > 0)
        t->len = MIN(t->len + (u32)n, t->size - 1);
}

static void put_gpr(struct text *t, u32 reg, u32 size, bool high)
{
    static const char names[8][3] = { "ax", "cx", "dx", "bx", "sp", "bp", "si", "di" };
    if (high)
        put(t, "%ch", names[reg][0]);
    else if (reg > 7)
        put(t, "r%u%s", reg, size == 1 ? "b" : size == 2 ? "w" : size == 4 ? "d" : "");
    else if (size == 1)
        put(t, reg < 4 ? "%.1sl" : "%sl", names[reg]);
    else
        put(t, "%s%s", size == 2 ? "" : size == 4 ? "e" : "r", names[reg]);
}

static const char seg_names[6][3] = { "es", "cs", "ss", "ds", "fs", "gs" };

static bool put_base(struct text *t, const struct x86_insn *i)
{
    if (i->base == X86_BASE_IP)
        put(t, i->adsize == 8 ? "rip" : "eip");
    else if (i->base != X86_BASE_NONE)
        put_gpr(t, i->base, i->adsize, false);
    return i->base != X86_BASE_NONE;
}

static void put_index(struct text *t, const struct x86_insn *i)
{
    bool half = i->row->lane == IR_I64 && !i->row->a; /* doubleword indices of quadwords */
    if (i->row->attr & X86_VSIB)
        put(t, "%s%u", i->vl == 32 && !half ? "ymm" : "xmm", i->index);
    else
        put_gpr(t, i->index, i->adsize, false);
    put(t, "*%u", 1u << i->scale);
}

static void put_address(struct text *t, const struct x86_insn *i, bool absolute)
{
    bool some = put_base(t, i);
    if (i->index != X86_BASE_NONE) {
        put(t, some ? "+" : "");
        put_index(t, i);
        some = true;
    }
    if (!some || absolute)
        put(t, "%#llx", (unsigned long long)i->disp);
    else if (i->disp)
        put(t, "%c%#llx", i->disp < 0 ? '-' : '+', (unsigned long long)(i->disp < 0 ? -i->disp : i->disp));
}

static void put_mem(struct text *t, const struct x86_insn *i, u32 method)
{
    put(t, "%s:[", seg_names[method == X86_A_Y ? X86_ES : i->seg]);
    if (method == X86_A_X || method == X86_A_Y)
        put_gpr(t, method == X86_A_X ? X86_RSI : X86_RDI, i->adsize, false);
    else
        put_address(t, i, method == X86_A_O);
    put(t, "]");
}

static void put_op(struct text *t, const struct x86_insn *i, u32 n)
{
    const struct x86_op *o = &i->op[n];
    u32 method = i->row->operand[n].method;
    switch (o->kind) {
    case X86_K_REG:  put_gpr(t, o->reg, o->size, o->high); break;
    case X86_K_MEM:  put_mem(t, i, method); break;
    case X86_K_SREG: put(t, "%s", seg_names[o->reg]); break;
    case X86_K_CR:   put(t, "cr%u", o->reg); break;
    case X86_K_DR:   put(t, "dr%u", o->reg); break;
    case X86_K_XMM:  put(t, "%s%u", i->vl == 32 && o->size == 32 ? "ymm" : "xmm", o->reg); break;
    case X86_K_MMX:  put(t, "mm%u", o->reg); break;
    case X86_K_ST:   put(t, "st%u", o->reg); break;
    case X86_K_IMM:
        if (method == X86_A_A)
            put(t, "%#llx:", (unsigned long long)i->imm2);
        if (method == X86_A_J)
            put(t, "%+lld", (long long)i->imm);
        else
            put(t, "%#llx", (unsigned long long)(n && i->op[n - 1].kind == X86_K_IMM ? i->imm2 : i->imm));
        break;
    default: break;
    }
}

static void put_mnemonic(struct text *t, const struct x86_insn *i)
{
    static const char cc[16][3] = { "o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le",
                                    "g" };
    const char *m = i->row->mnemonic;
    u32 len = (u32)strlen(m);
    if (i->lock)
        put(t, "lock ");
    if (i->rep)
        put(t, i->rep == X86_REP_E ? "rep " : "repne ");
    if (i->row->opcode_mask == 0xf0)
        put(t, "%.*s%s", (int)len - 2, m, cc[i->opcode & 15]);
    else
        put(t, "%s", m);
}

void x86_insn_text(const struct x86_insn *i, char *buf, u32 size)
{
    struct text t = { .buf = buf, .size = size };
    put_mnemonic(&t, i);
    for (u32 n = 0; n < i->row->operand_count; n++) {
        put(&t, n ? ", " : " ");
        put_op(&t, i, n);
    }
}
