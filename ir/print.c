/* print.c - a block as text that ir/parse.c reads back.
 *
 * One instruction a line:  %5:i64 = load.lane %3, %4 word key=value
 *  - %N names the value made by instruction N, with its type; operands follow the operation;
 *  - fields, ranges and helpers appear by name, a struct ir_mem as words (size=, in log2 as everywhere);
 *  - constants are hexadecimal, 128-bit ones low half first. */
#include "ir/vec.h"
#include <inttypes.h>

const char *const ir_rmw_names[IR_RMW_COUNT] = { "add",  "and",  "andn", "or",   "xor", "smax",
                                                 "smin", "umax", "umin", "swap", "sub" };
const char *const ir_order_names[4] = { "plain", "acquire", "release", "seq" };
const char *const ir_barrier_names[4] = { "full", "load", "store", "fetch" };

static void print_args(const struct ir_ins *in, FILE *f)
{
    for (u32 k = 0; k < 4 && in->arg[k] != IR_NONE; k++)
        fprintf(f, "%s%%%u", k ? ", " : " ", in->arg[k]);
}

static void word(FILE *f, const char *name, u64 v)
{
    if (v)
        fprintf(f, " %s=%" PRIu64, name, v);
}

static void flag(FILE *f, const char *name, u64 v)
{
    if (v)
        fprintf(f, " %s", name);
}

static void print_mem(u32 aux, FILE *f)
{
    struct ir_mem m = ir_mem_unpack(aux);
    fprintf(f, " size=%u", m.size);
    flag(f, "sign", m.sign);
    word(f, "bswap", m.bswap);
    if (m.order)
        fprintf(f, " order=%s", ir_order_names[m.order]);
    word(f, "atomic", m.atomic);
    word(f, "align", m.align);
    flag(f, "addr32", m.addr32);
    flag(f, "mmu_val", m.mmu_val);
    word(f, "mmu", m.mmu);
    flag(f, "write", m.write);
    word(f, "user", m.user0);
}

static void print_hint(const struct ir_ins *in, FILE *f)
{
    if (in->flag == IR_HINT_call)
        fprintf(f, " call=%" PRId64, (i64)in->imm2);
    flag(f, "ret", in->flag == IR_HINT_ret);
}

static const char *field_name(const struct ir_layout *l, u64 n)
{
    return n < l->field_count ? l->fields[n].name : "?";
}

static const char *range_name(const struct ir_layout *l, u64 n)
{
    return n < l->range_count ? l->ranges[n].name : "?";
}

static void print_const(const struct ir_ins *in, FILE *f)
{
    fprintf(f, " 0x%" PRIx64, in->imm);
    if (ir_bytes((enum ir_type)in->type) > 8)
        fprintf(f, " 0x%" PRIx64, in->imm2);
}

/* Rows whose imm and flag are plain numbers. */
static void print_plain(const struct ir_ins *in, FILE *f)
{
    print_args(in, f);
    word(f, "imm", in->imm);
    word(f, "flag", in->flag);
}

static void print_memory_op(const struct ir_block *b, const struct ir_ins *in, FILE *f)
{
    if (in->op == IR_rmw)
        fprintf(f, " %s", in->flag < IR_RMW_COUNT ? ir_rmw_names[in->flag] : "?");
    print_args(in, f);
    print_mem(in->aux, f);
    if (in->op == IR_probe)
        fprintf(f, " bytes=%" PRIu64, in->imm);
    if (in->op == IR_gather)
        fprintf(f, " scale=%" PRIu64 " result=%s mask=%s", in->imm, field_name(b->layout, in->imm2 & 0xffff),
                field_name(b->layout, in->imm2 >> 16));
}

static void print_rest(const struct ir_block *b, const struct ir_ins *in, FILE *f)
{
    const struct ir_layout *l = b->layout;
    switch (in->op) {
    case IR_insn: fprintf(f, " %" PRIu64 " %u", in->imm, in->aux); break;
    case IR_label: fprintf(f, " L%" PRIu64, in->imm); break;
    case IR_skip: print_args(in, f); fprintf(f, ", L%" PRIu64, in->imm); break;
    case IR_const: print_const(in, f); break;
    case IR_pc: fprintf(f, " %" PRId64, (i64)in->imm); break;
    case IR_get: case IR_set: fprintf(f, " %s", field_name(l, in->imm)); print_args(in, f); break;
    case IR_getx: case IR_setx: fprintf(f, " %s", range_name(l, in->imm)); print_args(in, f); break;
    case IR_call:
        fprintf(f, " %s", in->imm < l->helper_count ? l->helpers[in->imm].name : "?");
        print_args(in, f);
        break;
    case IR_barrier: fprintf(f, " %s", ir_barrier_names[in->flag & 3]); break;
    case IR_exit_direct: fprintf(f, " %" PRId64, (i64)in->imm); print_hint(in, f); break;
    case IR_exit_indirect: print_args(in, f); print_hint(in, f); break;
    case IR_exit_mode: case IR_clrex: print_args(in, f); break;
    case IR_exit_exc: fprintf(f, " %" PRIu64, in->imm); print_args(in, f); break;
    default:
        if (ir_rows[in->op].effects & IR_MEM)
            print_memory_op(b, in, f);
        else
            print_plain(in, f);
    }
}

static void print_ins(const struct ir_block *b, u32 i, FILE *f)
{
    const struct ir_ins *in = &b->ins[i];
    if (in->op >= IR_OP_COUNT) {
        fprintf(f, "?\n");
        return;
    }
    fprintf(f, "%s", in->op == IR_insn ? "" : in->op == IR_label ? "  " : "    ");
    if (in->type != IR_VOID)
        fprintf(f, "%%%u:%s = ", i, ir_type_name((enum ir_type)in->type));
    fprintf(f, "%s", ir_rows[in->op].name);
    if (in->lane != IR_VOID)
        fprintf(f, ".%s", ir_type_name((enum ir_type)in->lane));
    print_rest(b, in, f);
    fprintf(f, "\n");
}

void ir_print(const struct ir_block *b, FILE *f)
{
    fprintf(f, "block %s\n", b->layout->name);
    for (u32 i = 0; i < b->count; i++)
        print_ins(b, i, f);
    fprintf(f, "end\n");
}
