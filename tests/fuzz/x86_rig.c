/*
 * x86_rig.c - the PC for random programs: exceptions leave a trace, devices see time, handlers learn where to go on.
 */
#include "tests/fuzz/x86_rig.h"
#include "frontend/x86/desc.h"
#include <stdlib.h>
#include <string.h>

/* ---- exceptions leave a trace ---- */

static struct xf_rig *rig_of(struct vcpu *v)
{
    return CONTAINER_OF(v->ports[SYSREG_X86_TPR], struct xf_rig, port);
}

static void note(struct vcpu *v, u64 what)
{
    struct xf_seen *s = &rig_of(v)->seen;
    s->trace = fuzz_mix(fuzz_hash(s->trace, v->state, sizeof(struct x86_state)), what);
    s->trace = fuzz_mix(s->trace, v->s.pc);
    s->events++;
}

/* All alike, when it was taken: a limit of CS may be found by fetch_ok() or by the block. */
static void on_fault(struct vcpu *v, const struct mmu_fault *f)
{
    u64 before = v->s.pc;
    x86_fault(v, f);
    note(v, before);
}

static void on_exception(struct vcpu *v, u32 code, u64 payload)
{
    u64 before = v->s.pc;
    x86_exception(v, code, payload);
    note(v, before);
}

static bool on_fetch(struct vcpu *v)
{
    u64 before = v->s.pc;
    bool ok = x86_fetch_ok(v);
    if (!ok)
        note(v, before);
    return ok;
}

static bool on_interrupt(struct vcpu *v)
{
    u64 before = v->s.pc;
    bool taken = x86_interrupt(v);
    if (taken)
        note(v, before);
    return taken;
}

/* ---- devices: they see every access with its time ---- */

static u64 see(struct xf_rig *g, u64 what)
{
    g->seen.io = fuzz_mix(fuzz_mix(g->seen.io, what), g->v->s.icount);
    return g->seen.io;
}

static u64 io_read(void *opaque, u64 off, u32 size) { return see(opaque, off << 8 | size) & bits_mask(8 * size); }

static void io_write(void *opaque, u64 off, u64 val, u32 size)
{
    see(opaque, off << 8 | size | 128);
    see(opaque, val);
}

/* An acknowledged interrupt is gone until the next step. IGNNE# is a pin that nobody sees one look at: an instruction
 * that is done again looks twice. */
static u64 port_read(void *opaque, u32 id)
{
    struct xf_rig *g = opaque;
    if (id == SYSREG_X86_FERR)
        return g->seen.io >> 40 & 1;
    u64 x = see(g, id << 16) >> 40;
    if (id == SYSREG_X86_INTACK)
        g->v->irq &= ~(u32)VCPU_IRQ;
    return id == SYSREG_X86_INTACK ? 0x20 + x % 16 : id == SYSREG_X86_TPR ? x % 16 : x;
}

static void port_write(void *opaque, u32 id, u64 val)
{
    see(opaque, id << 16 | 1);
    see(opaque, val);
}

/* ---- where handlers return to ---- */

struct frame {
    u64 ip;
    u32 cs;
    bool vm;
};

/* What an exception pushed, behind one more value. */
static void read_frame(struct vcpu *v, bool code, struct frame *f)
{
    const struct x86_state *s = v->state;
    u32 size = x86_is_long(s) ? 8 : s->seg_attr[X86_CS] & X86_AT_DB ? 4 : 2;
    u64 sp = s->gpr[X86_RSP], mask = size == 8 ? ~0ull : s->seg_attr[X86_SS] & X86_AT_DB ? ~0u : 0xffff;
    u64 base = size == 8 ? 0 : s->seg_base[X86_SS], at = sp + size * (1 + code), val[3] = { 0 };
    for (u32 i = 0; i < 3; i++) {
        u64 a = base + ((at + size * i) & mask);
        if (!x86_read(v, size == 8 ? a : (u32)a, size, X86_AS_SYSTEM, &val[i]))
            val[i] = 0;
    }
    *f = (struct frame){ val[0], (u32)val[1] & 0xffff, val[2] & X86_FL_VM || !(s->cr0 & X86_CR0_PE) };
}

static u64 mode_of(const struct frame *f, bool lma)
{
    u32 sel = f->cs & 0xfffc;
    if (f->vm)
        return 0;
    if (lma && (sel == XF_CS64 || sel == XF_UCS64))
        return X86_M_LONG | X86_M_PE | X86_M_LMA;
    return X86_M_PE | (sel == XF_CS16 || sel == XF_UCS16 ? 0 : X86_M_CS32);
}

/* The offset of a linear address in the pages of code; more than their size: none. */
static u64 in_code(u64 a)
{
    u64 off = (a & (XF_STEP - 1)) - XF_CODE;
    return (a < XF_VIEWS * XF_STEP || a - XF_HIGH < XF_VIEWS * XF_STEP) && off < XF_CODE_BYTES ? off : XF_CODE_BYTES;
}

static u64 resume_at(struct xf_rig *g, bool code, bool skip)
{
    struct x86_insn i = { 0 };
    struct frame f;
    read_frame(g->v, code, &f);
    bool lma = x86_of(g->v)->efer & X86_EFER_LMA;
    u64 base = f.vm ? f.cs << 4 : xf_sel_base(f.cs), off = in_code(base + f.ip);
    if (off == XF_CODE_BYTES) {
        enum xf_view w = !f.vm && f.cs & 3 ? XF_USER : XF_FLAT;
        return xf_view(w) + XF_CODE + g->home - base;
    }
    if (!skip)
        return f.ip;
    const u8 *at = g->ram->host + XF_CODE + off;
    u32 avail = MIN(XF_CODE_BYTES - (u32)off, 15u);
    const u64 *features = x86_wiring_of(g->v)->model->features;
    enum x86_decoded d = x86_decode(at, avail, mode_of(&f, lma), features, &i);
    return f.ip + (d == X86_OK || d == X86_UNDEFINED ? i.len : 1);
}

static u64 isa_read(void *opaque, u64 port, u32 size)
{
    struct xf_rig *g = opaque;
    u64 x = see(g, port << 8 | size | 1ull << 32);
    if (port < XF_PORT || port > XF_PORT + 3 || size == 1)
        return x & bits_mask(8 * size);
    struct x86_state *s = x86_of(g->v);
    u32 flags = s->fp_flags;
    s->fp_flags = 0; /* IN is not IR_H_FP: the engine may still have some of them */
    note(g->v, port);
    s->fp_flags = flags;
    return resume_at(g, port & XF_PORT_CODE, port & XF_PORT_SKIP) & bits_mask(8 * size);
}

static void isa_write(void *opaque, u64 port, u64 val, u32 size)
{
    see(opaque, port << 8 | size | 3ull << 32);
    see(opaque, val);
}

static const struct mmio_ops io_ops = { io_read, io_write }, isa_ops = { isa_read, isa_write };

/* ---- life ---- */

static u64 no_time(void) { return 0; }

static bool build(struct xf_rig *g, const struct engine *en, struct err *e)
{
    g->m->host_ns = no_time;
    g->m->clock = CLOCK_ICOUNT;
    g->ram = physmap_new_obj(&g->m->map, "ram", XF_PAGES * PAGE_SIZE, e);
    if (!g->ram)
        return false;
    physmap_map_obj(&g->m->map, REGION_RAM, 0, g->ram->size, g->ram, 0, NULL, NULL, "ram");
    physmap_map_mmio(&g->m->map, XF_IO, 0xf00, &io_ops, g, "io");
    if (!iobus_map(&g->m->io, 0, 65536, &isa_ops, g, "ports"))
        return err_set(e, "no room for the range of ports");
    if (!x86_cpu_new(g->m, x86_model_find("max"), en, e))
        return false;
    g->v = g->m->cpus[0];
    g->port = (struct sysreg_port){ g, port_read, port_write };
    for (u32 i = 0; i < SYSREG_COUNT; i++)
        g->v->ports[i] = &g->port;
    g->guest = x86_guest;
    g->guest.fault = on_fault;
    g->guest.exception = on_exception;
    g->guest.interrupt = on_interrupt;
    g->guest.fetch_ok = on_fetch;
    g->v->guest = &g->guest;
    g->begin = g->m->s;
    memset(g->ram->dirty, 1, XF_PAGES); /* nothing is there yet */
    return true;
}

struct xf_rig *xf_rig_new(const struct engine *en, struct err *e)
{
    struct xf_rig *g = calloc(1, sizeof *g);
    CHECK(g);
    g->m = machine_new("fuzz", e);
    if (g->m && build(g, en, e))
        return g;
    machine_free(g->m);
    free(g);
    return NULL;
}

void xf_rig_free(struct xf_rig *g)
{
    if (g)
        machine_free(g->m);
    free(g);
}

/* ---- a program ---- */

/* Jumps over 126 bytes, to the program from either side. */
static void put_code(struct xf_rig *g, const struct xf_prog *p)
{
    u8 *code = g->ram->host + XF_CODE;
    u32 end = p->at + p->start[p->count - 1]; /* the last instruction leads to the first one */
    memobj_written(&g->m->map, g->ram, XF_CODE, XF_CODE_BYTES);
    for (u32 i = 0; i + 2 <= XF_CODE_BYTES; i += 2) {
        code[i] = 0xeb;
        code[i + 1] = i < p->at ? (u8)MIN(126u, p->at - i - 2) : (u8)-(i32)MIN(128u, i + 2 - end);
    }
    memcpy(code + p->at, p->byte, p->start[p->count]);
}

static bool has_error_code(u32 vector) { return (vector >= 10 && vector <= 14) || vector == 8 || vector == 17; }
static bool is_trap(u32 vector) { return vector >= 20 || (vector >= 1 && vector <= 4); }

/* Type 15 does not mask interrupts. Vectors of programs have all kinds of gates. */
static void put_gates(struct xf_rig *g, const struct xf_prog *p)
{
    bool wide = p->s.efer & X86_EFER_LMA;
    u8 *to = g->ram->host + (wide ? XF_IDT64 : XF_IDT32);
    memobj_written(&g->m->map, g->ram, wide ? XF_IDT64 : XF_IDT32, wide ? 16 * XF_GATES : 8 * XF_GATES);
    for (u32 n = 0; n < XF_GATES; n++) {
        u32 slot = (wide ? XF_HANDLER_64 : XF_HANDLER_32) + (is_trap(n) ? 0 : XF_PORT_SKIP)
                   + (has_error_code(n) ? XF_PORT_CODE : 0);
        u64 off = p->gate[n] ? XF_CODE + p->at + p->gate[n] : XF_HANDLERS + slot * XF_HANDLER_BYTES;
        u32 dpl = n == 3 || n == 4 || (n >= 32 && n % 4) ? 3 : 0;
        xf_put_gate(to, n, wide, wide ? XF_CS64 : XF_CS32, off, n % 2 ? 14 : 15, dpl, wide ? p->ist[n] : 0);
    }
    if (!wide && !p->gate[X86_DF])
        xf_put_gate(to, X86_DF, false, XF_SEL_TSS_DF, 0, 5, 0, 0);
}

static void put_real_gates(struct xf_rig *g, const struct xf_prog *p)
{
    memobj_written(&g->m->map, g->ram, 0, 4 * XF_GATES);
    for (u32 n = 0; n < XF_GATES; n++)
        store_le32(g->ram->host + 4 * n,
                   p->gate[n] ? XF_CODE + p->at + p->gate[n] : XF_REAL + (is_trap(n) ? 0u : 16u));
}

static void put_busy(struct xf_rig *g, const struct xf_prog *p)
{
    u32 sel = p->s.seg_sel[X86_TR];
    memobj_written(&g->m->map, g->ram, XF_GDT, PAGE_SIZE);
    memobj_written(&g->m->map, g->ram, XF_TSS_DF, 4);
    g->ram->host[XF_GDT + sel + 5] |= X86_TY_BUSY;
    store_le32(g->ram->host + XF_TSS_DF + 0x1c, (u32)p->s.cr3);
}

void xf_rig_load(struct xf_rig *g, const struct xf_prog *p, const u8 *image)
{
    if (p->seed % 128 == 0)
        g->v->engine->flush(g->v);
    fuzz_restore(g->v, g->ram, image);
    put_code(g, p);
    put_gates(g, p);
    put_real_gates(g, p);
    put_busy(g, p);
    *x86_of(g->v) = p->s;
    g->v->s = (struct vcpu_state){ .pc = p->pc };
    g->m->s = g->begin;
    g->v->irq = 0;
    g->v->raised = false;
    g->v->bulk = 0;
    g->seen = (struct xf_seen){ 0 };
    g->home = p->at;
    atomic_store(&g->m->request, 0);
    g->v->guest->resumed(g->v);
}

u32 xf_fetch(const struct xf_rig *g, gva pc, u8 bytes[16])
{
    u64 off = in_code(pc), n = MIN(XF_CODE_BYTES - off, 15ull);
    if (n)
        memcpy(bytes, g->ram->host + XF_CODE + off, n);
    return (u32)n;
}
