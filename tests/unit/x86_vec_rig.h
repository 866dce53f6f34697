/*
 * x86_vec_rig.h - a 64-bit guest in the host's address range, and random encodings from decode rows of vector
 * instructions; beside x86_vec_native.h.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "backend/interp/interp.h"
#include "backend/jit/jit.h"
#include "base/bits.h"
#include "frontend/x86/cpu.h"
#include "frontend/x86/insn.h"
#include "frontend/x86/lift.h"
#include "tests/unit/x86_vec_native.h"

#define BAD_PAGE (ARENA + 0x3000u) /* behind the data pages: no access */

/* ---- the guest ---- */

static struct guest guest; /* x86_guest, exceptions caught */

struct rig {
    struct machine   *m;
    struct vcpu      *v;
    struct x86_state *s, begin;
    struct vcpu_state begin_v;
    u64               rng;
};
static int vector; /* of the exception, or -1 */

static u64 host_ns(void) { return 0; }

static void caught(struct vcpu *v, u32 code, u64 payload)
{
    (void)v, (void)payload;
    vector = code & 0xff;
}

static void fault(struct vcpu *v, const struct mmu_fault *f)
{
    (void)v;
    vector = f->kind == FAULT_ALIGN ? X86_GP : X86_PF;
}

static bool fetch_ok(struct vcpu *v)
{
    (void)v;
    return true;
}

/* Lifted blocks obey the verifier. */
static void lift(struct vcpu *v, u64 mode, const struct guest_code *code, struct ir_block *out)
{
    struct err e;
    x86_lift_block(v, mode, code, out);
    if (!ir_verify(out, &e)) {
        ir_print(out, stderr);
        fail_msg("%s", e.msg);
    }
}

static bool walk(void *opaque, gva va, enum mmu_access acc, u32 mode, struct xlat *x, struct mmu_fault *f)
{
    (void)opaque, (void)mode;
    *f = (struct mmu_fault){ .kind = FAULT_WALK, .access = acc, .va = va };
    *x = (struct xlat){ .pa = va, .prot = MMU_READ | MMU_WRITE | MMU_FETCH, .page_bits = PAGE_BITS };
    return va >= ARENA && va < ARENA + ARENA_SIZE && (va & ~0xfffull) != BAD_PAGE;
}

static void rig_init(struct rig *r, const struct engine *engine)
{
    struct err e;
    *r = (struct rig){ .m = machine_new("test", &e), .rng = 0x123456789abcdefull };
    assert_non_null(r->m);
    r->m->host_ns = host_ns;
    r->m->clock = CLOCK_ICOUNT;
    struct memobj *ram = physmap_new_obj(&r->m->map, "ram", ARENA_SIZE, &e);
    assert_non_null(ram);
    physmap_map_obj(&r->m->map, REGION_RAM, ARENA, ARENA_SIZE, ram, 0, NULL, NULL, "ram");
    assert_true(x86_cpu_new(r->m, x86_model_find("max"), engine, &e));
    r->v = r->m->cpus[0];
    r->s = r->v->state;
    guest = x86_guest;
    guest.exception = caught;
    guest.fault = fault;
    guest.fetch_ok = fetch_ok;
    guest.lift = lift;
    r->v->guest = &guest;
    r->v->mmu.walk = walk;
    r->s->cr0 = X86_CR0_PE | X86_CR0_NE;
    r->s->cr4 = X86_CR4_OSFXSR | X86_CR4_OSXSAVE;
    r->s->xcr0 = 7;
    r->s->efer = X86_EFER_LMA | X86_EFER_LME;
    r->s->cpl = 3;
    for (u32 k = X86_ES; k <= X86_GS; k++) {
        r->s->seg_attr[k] = X86_AT_P | X86_AT_S | X86_AT_RW | X86_AT_ACCESSED | X86_AT_DB | X86_AT_G | 0x60;
        r->s->seg_limit[k] = ~0u;
        r->s->seg_base[k] = 0;
    }
    r->s->seg_attr[X86_CS] = X86_AT_P | X86_AT_S | X86_AT_CODE | X86_AT_RW | X86_AT_ACCESSED | X86_AT_L | 0x60;
    r->begin = *r->s;
    r->begin_v = r->v->s;
}

static u64 rnd(struct rig *r)
{
    r->rng ^= r->rng << 13;
    r->rng ^= r->rng >> 7;
    return r->rng ^= r->rng << 17;
}

/* Numbers at the edges as often as others, in lanes of all widths. */
static u64 value(struct rig *r)
{
    static const u64 edge[] = { 0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
                                0x7fffffffffffffff, 0x8000000000000000, ~0ull, 0x8000800080008000,
                                0x8080808080808080 };
    u64 v = rnd(r), n = rnd(r), w = edge[n >> 8 & 15];
    switch (n & 7) {
    case 0: return w;
    case 1: return w << 32 | edge[n >> 12 & 15];
    case 2: return (w & 0xffff) << 48 | (edge[n >> 12 & 15] & 0xffff) << 32 | (v & 0xffffffff);
    case 3: return v & 0x0101010301010301; /* strings: few letters, ends */
    case 4: return v >> (n >> 8 & 63);
    default: return v;
    }
}

/* ---- encodings from rows ---- */

struct code {
    u8  b[24];
    u32 n;
};

static void put(struct code *c, u64 v) { c->b[c->n++] = (u8)v; }

static void put_legacy(struct rig *r, const struct x86_row *row, struct code *c)
{
    static const u8 prefix[] = { [X86_PFX_66] = 0x66, [X86_PFX_F3] = 0xf3, [X86_PFX_F2] = 0xf2 };
    u64 n = rnd(r);
    if (row->prefix >= X86_PFX_66)
        put(c, prefix[row->prefix]);
    if (n & 3 || row->w == 1)
        put(c, 0x40 | (n >> 8 & 7) | (row->w == 1 || (row->w < 0 && n >> 16 & 1) ? 8 : 0));
    put(c, 0x0f);
    if (row->map > 1)
        put(c, row->map == 2 ? 0x38 : 0x3a);
}

static void put_vex(struct rig *r, const struct x86_row *row, struct code *c)
{
    static const u8 pp[] = { [X86_PFX_66] = 1, [X86_PFX_F3] = 2, [X86_PFX_F2] = 3 };
    u64 n = rnd(r), vvvv = row->attr & X86_NOV ? 15 : n >> 16 & 15;
    put(c, 0xc4);
    put(c, (n & 0xe0) | row->map);
    put(c, (row->w < 0 ? n >> 8 & 0x80 : (u64)row->w << 7) | vvvv << 3 | (row->l < 0 ? n >> 20 & 4 : (u64)row->l << 2)
               | pp[row->prefix]);
}

/* Memory: a base register and a byte, or a vector index besides. */
static void make_code(struct rig *r, const struct x86_row *row, struct code *c)
{
    static const u8 bases[] = { 3, 6, 7 };
    u64 n = rnd(r);
    u8 modrm = (u8)((row->modrm_value & row->modrm_mask) | ((n >> 8 & 0xff) & ~row->modrm_mask));
    bool mem = row->modrm_not || (!(row->modrm_mask & 0xc0) && n & 1);
    c->n = 0;
    if (row->vex)
        put_vex(r, row, c);
    else
        put_legacy(r, row, c);
    put(c, row->opcode);
    if (row->modrm && mem)
        put(c, 0x40 | (modrm & 0x38) | (row->attr & X86_VSIB ? 4 : bases[n >> 16 & 0xff % 3]));
    else if (row->modrm)
        put(c, 0xc0 | modrm);
    if (mem && row->attr & X86_VSIB)
        put(c, (n >> 24 & 0xf8) | bases[n >> 16 & 0xff % 3]);
    while (c->n < sizeof c->b)
        put(c, rnd(r));
}
