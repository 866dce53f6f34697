/* code.c - a block of guest code as IR, for any engine; its logs. */
#include "backend/common/common.h"
#include <inttypes.h>
#include <string.h>

static void log_ir(struct vcpu *v, const char *what, const struct memobj *o, u64 off, u64 mode,
                   const struct ir_block *ir)
{
    fprintf(v->m->log.out, "%s: block at %s+%#" PRIx64 " mode %#" PRIx64 "\n", what, o->name, off, mode);
    ir_print(ir, v->m->log.out);
}

static void verify(const struct ir_block *ir)
{
#ifdef MYNAH_DEBUG
    struct err e;
    if (!ir_verify(ir, &e)) {
        fprintf(stderr, "ir_verify: %s\n", e.msg);
        ir_print(ir, stderr);
        CHECK(!"the lifter made bad IR");
    }
#else
    (void)ir;
#endif
}

void engine_lift(struct vcpu *v, struct memobj *o, u64 off, u64 mode, u32 max_insns, struct ir_block *out)
{
    struct guest_code code = { .bytes = o->host + off, .avail = (u32)(PAGE_SIZE - (off & (PAGE_SIZE - 1))),
                               .max_insns = max_insns };
    /* How long the block gets is not known yet: all that it may have is claimed, then what it has. */
    u64 *bits = &o->code[off >> PAGE_BITS], before = *bits;
    memobj_add_code(v->mmu.map, o, off, code.avail);
    v->guest->lift(v, mode, &code, out);
    *bits = before | engine_code_bits(off, MIN(MAX(out->guest_len, 1u), code.avail));
    if (!out->guest_len)
        return;
    if (log_on(&v->m->log, LOG_ir))
        log_ir(v, "ir", o, off, mode, out);
    verify(out);
}

#define INSN_MAX 16u /* bytes of an instruction that may be of a second page */

void engine_lift_crossing(struct vcpu *v, struct memobj *o, u64 off, struct memobj *o2, u64 off2, u64 mode,
                          struct ir_block *out)
{
    u8 bytes[2 * INSN_MAX];
    u32 first = (u32)(PAGE_SIZE - (off & (PAGE_SIZE - 1)));
    CHECK(first < INSN_MAX);
    struct guest_code code = { .bytes = bytes, .avail = first + INSN_MAX, .max_insns = 1 };
    memobj_add_code(v->mmu.map, o, off, first);
    memobj_add_code(v->mmu.map, o2, off2, INSN_MAX);
    memcpy(bytes, o->host + off, first);
    memcpy(bytes + first, o2->host + off2, INSN_MAX);
    v->guest->lift(v, mode, &code, out);
    CHECK(out->guest_len > first);
    if (log_on(&v->m->log, LOG_ir))
        log_ir(v, "ir", o, off, mode, out);
    verify(out);
}

void engine_log_op(struct vcpu *v, const struct memobj *o, u64 off, u64 mode, const struct ir_block *ir)
{
    if (log_on(&v->m->log, LOG_op))
        log_ir(v, "op", o, off, mode, ir);
}

void engine_log_exec(struct vcpu *v, const struct memobj *o, u64 off, u64 mode, u64 count)
{
    log_line(&v->m->log, LOG_exec, "%" PRIu64 " pc %#" PRIx64 " %s+%#" PRIx64 " mode %#" PRIx64, count, v->s.pc,
             o->name, off, mode);
}

u64 engine_code_bits(u64 off, u64 len)
{
    u64 first = (off & (PAGE_SIZE - 1)) / 64, last = ((off + len - 1) & (PAGE_SIZE - 1)) / 64;
    return (last == 63 ? ~0ull : (1ull << (last + 1)) - 1) & ~((1ull << first) - 1);
}
