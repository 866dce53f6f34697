/* monitor_cpu.c - what a monitor knows of each ISA: its registers by name, and how to disassemble it. */
#include "app/monitor_cmd.h"
#include "backend/common/disasm.h"
#include "frontend/x86/cpu.h"
#include <string.h>

/* ---- registers ---- */

static bool is(const char *name, const char *text, u32 n) { return strlen(name) == n && !memcmp(name, text, n); }

static u64 x86_ip_of(struct vcpu *v) { return x86_ip(v, v->s.pc); }
static u64 x86_flags_of(struct vcpu *v) { return x86_flags(v); }
static u64 x86_cr0_of(struct vcpu *v) { return ((struct x86_state *)v->state)->cr0; }
static u64 x86_cr2_of(struct vcpu *v) { return ((struct x86_state *)v->state)->cr2; }
static u64 x86_cr3_of(struct vcpu *v) { return ((struct x86_state *)v->state)->cr3; }
static u64 x86_cr4_of(struct vcpu *v) { return ((struct x86_state *)v->state)->cr4; }
static u64 x86_efer_of(struct vcpu *v) { return ((struct x86_state *)v->state)->efer; }
static u64 pc_of(struct vcpu *v) { return v->s.pc; }

/* Those that are no field of the IR, or are not whole there. */
static const struct { const char *guest, *name; u64 (*get)(struct vcpu *v); } derived[] = {
    { "", "pc", pc_of }, { "x86", "rip", x86_ip_of }, { "x86", "eip", x86_ip_of }, { "x86", "eflags", x86_flags_of },
    { "x86", "cr0", x86_cr0_of }, { "x86", "cr2", x86_cr2_of }, { "x86", "cr3", x86_cr3_of },
    { "x86", "cr4", x86_cr4_of }, { "x86", "efer", x86_efer_of },
};

static bool has(const struct vcpu *v, u32 i)
{
    return !*derived[i].guest || !strcmp(derived[i].guest, v->guest->name);
}

static bool field(struct vcpu *v, const char *name, u32 n, u64 *val)
{
    const struct ir_layout *l = v->guest->layout;
    for (u32 i = 0; i < l->field_count; i++) {
        const struct ir_field *f = &l->fields[i];
        if (ir_bits((enum ir_type)f->type) > 64 || !is(f->name, name, n))
            continue;
        *val = 0;
        memcpy(val, (const u8 *)v->state + f->offset, ir_bytes((enum ir_type)f->type));
        return true;
    }
    return false;
}

/* eax is the low half of rax. */
static bool half(struct vcpu *v, const char *name, u32 n, u64 *val)
{
    char whole[4] = { 'r', n == 3 ? name[1] : 0, n == 3 ? name[2] : 0, 0 };
    if (n != 3 || name[0] != 'e' || strcmp(v->guest->name, "x86") || !field(v, whole, 3, val))
        return false;
    *val = (u32)*val;
    return true;
}

bool monitor_register(struct vcpu *v, const char *name, u32 n, u64 *val)
{
    for (u32 i = 0; i < COUNT(derived); i++)
        if (has(v, i) && is(derived[i].name, name, n)) {
            *val = derived[i].get(v);
            return true;
        }
    return field(v, name, n, val) || half(v, name, n, val);
}

void monitor_offer_registers(struct vcpu *v, const char *text, u32 len, struct line_choices *c)
{
    const struct ir_layout *l = v->guest->layout;
    for (u32 i = 0; i < COUNT(derived); i++)
        if (has(v, i))
            line_offer(c, derived[i].name, text, len);
    for (u32 i = 0; i < l->field_count; i++)
        if (ir_bits((enum ir_type)l->fields[i].type) <= 64 && strcmp(l->fields[i].name, "eflags"))
            line_offer(c, l->fields[i].name, text, len);
}

/* ---- disassembly ---- */

/* 16, 32 or 64 bits of an x86 code segment: 0, 1, 2. */
static u32 x86_size(const struct vcpu *v)
{
    const struct x86_state *s = v->state;
    return x86_is_long(s) ? 2 : s->seg_attr[X86_CS] & X86_AT_DB && s->cr0 & X86_CR0_PE ? 1 : 0;
}

struct disasm *monitor_disasm(struct monitor *mon, struct err *e)
{
    static const char *const triples[] = { "i386-unknown-unknown-code16", "i386", "x86_64" };
    const struct vcpu *v = monitor_cpu(mon);
    bool x86 = !strcmp(v->guest->name, "x86");
    u32 n = x86 ? x86_size(v) : 0;
    if (!mon->on->disasm[n])
        mon->on->disasm[n] = disasm_new(x86 ? triples[n] : "aarch64", x86 ? "X86" : "AArch64", e);
    return mon->on->disasm[n];
}
