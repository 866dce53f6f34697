/*
 * x86_int_test.c - general-purpose x86 instructions, made at random from the decode rows, against the host's own.
 *
 * Registers, memory and all arithmetic flags are compared, those that manuals leave undefined as far as the model
 * (docs/x86.md) follows the silicon.
 */
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
#include "tests/unit/x86_cases.h"
#include "tests/unit/x86_native.h"

/* ---- the guest ---- */

static struct guest guest; /* x86_guest, exceptions caught */

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
    *f = (struct mmu_fault){ .kind = FAULT_WALK, .access = acc };
    *x = (struct xlat){ .pa = va, .prot = MMU_READ | MMU_WRITE | MMU_FETCH, .page_bits = PAGE_BITS };
    return va >= ARENA && va < ARENA + ARENA_SIZE;
}

static void set_mode(struct rig *r, u32 bits)
{
    u32 code = X86_AT_P | X86_AT_S | X86_AT_CODE | X86_AT_RW | X86_AT_ACCESSED | 0x60;
    u32 data = X86_AT_P | X86_AT_S | X86_AT_RW | X86_AT_ACCESSED | X86_AT_DB | X86_AT_G | 0x60;
    r->s->cr0 = X86_CR0_PE;
    r->s->cr4 = X86_CR4_OSFXSR;
    r->s->efer = bits == 64 ? X86_EFER_LMA | X86_EFER_LME : 0;
    r->s->cpl = 3;
    for (u32 k = X86_ES; k <= X86_GS; k++) {
        r->s->seg_attr[k] = k == X86_CS ? code | (bits == 64 ? X86_AT_L : X86_AT_DB | X86_AT_G) : data;
        r->s->seg_limit[k] = ~0u;
        r->s->seg_base[k] = 0;
    }
}

static void rig_init(struct rig *r, const struct engine *en)
{
    struct err e;
    *r = (struct rig){ .m = machine_new("test", &e), .rng = 0x123456789abcdefull };
    assert_non_null(r->m);
    r->m->host_ns = host_ns;
    r->m->clock = CLOCK_ICOUNT;
    struct memobj *ram = physmap_new_obj(&r->m->map, "ram", ARENA_SIZE, &e);
    assert_non_null(ram);
    physmap_map_obj(&r->m->map, REGION_RAM, ARENA, ARENA_SIZE, ram, 0, NULL, NULL, "ram");
    assert_true(x86_cpu_new(r->m, x86_model_find("max"), en, &e));
    r->v = r->m->cpus[0];
    r->s = r->v->state;
    guest = x86_guest;
    guest.exception = caught;
    guest.fault = fault;
    guest.fetch_ok = fetch_ok;
    guest.lift = lift;
    r->v->guest = &guest;
    r->v->mmu.walk = walk;
}

/* ---- registers that fit ---- */

static bool is_bit_string(const struct x86_insn *i) { return i->row->lift == x86_bt && i->op[1].kind == X86_K_REG; }

/* Puts the memory operand into the data pages; false where that cannot be. */
static bool aim(struct rig *r, const struct x86_insn *i, struct native_regs *g)
{
    u64 at = N_DATA + 0x200 + rnd(r) % (N_DATA_LEN - 0x400), have = (u64)i->disp;
    if (i->row->lift == x86_xlat) {
        g->gpr[X86_RBX] = at;
        return i->seg < X86_FS;
    }
    if (!i->has_mem)
        return true;
    if ((i->row->lift == x86_push || i->row->lift == x86_pop) && (i->base == X86_RSP || i->index == X86_RSP))
        return false;
    if (i->base == X86_BASE_NONE || i->base == X86_BASE_IP || i->base == i->index || i->seg >= X86_FS)
        return false;
    if (is_bit_string(i)) {
        u32 o = i->op[1].reg;
        if (o == i->base || o == i->index)
            return false;
        g->gpr[o] = (rnd(r) & ~0xfffull) | (rnd(r) & 0x3ff);
        if (i->op[0].size > 2)
            g->gpr[o] = (u64)(i64)(i32)((rnd(r) & 0x7ff) - 0x400);
        else
            g->gpr[o] = (g->gpr[o] & ~0xffffull) | ((rnd(r) & 0x7ff) - 0x400) % 0x10000;
    }
    if (i->index != X86_BASE_NONE) {
        g->gpr[i->index] = rnd(r) & 0xff;
        have += g->gpr[i->index] << i->scale;
    }
    g->gpr[i->base] = at - have;
    if (i->adsize == 4)
        g->gpr[i->base] = (u32)g->gpr[i->base];
    return true;
}

static bool is_string(const struct x86_insn *i) { return i->row->attr & X86_STR; }

/* SHLD and SHRD of 16 bits by more than 16: vendors differ. */
static bool vendors_agree(const struct x86_insn *i, struct native_regs *g)
{
    if (i->row->lift != x86_shiftd || i->opsize != 2)
        return true;
    g->gpr[X86_RCX] &= ~0x10ull;
    if (i->op[2].kind != X86_K_IMM)
        return i->base != X86_RCX && i->index != X86_RCX;
    return (i->imm & 31) <= 16;
}

static bool make_regs(struct rig *r, const struct x86_insn *i, struct native_regs *g)
{
    for (u32 k = 0; k < 16; k++)
        g->gpr[k] = value(r);
    if (i->row->lift == x86_idiv || i->row->lift == x86_div) /* quotients that fit, often */
        g->gpr[X86_RDX] = rnd(r) & 1 ? 0 : rnd(r) & 1 ? ~0ull : g->gpr[X86_RDX];
    if (rnd(r) & 1)
        g->gpr[X86_RCX] &= 0x3f;
    g->gpr[X86_RSP] = N_STACK + (rnd(r) & 0xff) * 8;
    if (i->row->lift == x86_leave || i->row->lift == x86_enter)
        g->gpr[X86_RBP] = g->gpr[X86_RSP] + (rnd(r) & 15) * 8;
    if (is_string(i)) {
        g->gpr[X86_RSI] = N_DATA + 0x800 + rnd(r) % 0x400;
        g->gpr[X86_RDI] = rnd(r) & 1 ? g->gpr[X86_RSI] + rnd(r) % 16 : N_DATA + 0x1000 + rnd(r) % 0x400;
        g->gpr[X86_RCX] = rnd(r) & 15;
    }
    g->flags = 2 | (rnd(r) & X86_FL_ARITH) | (rnd(r) & 7 ? 0 : X86_FL_DF);
    return vendors_agree(i, g) && aim(r, i, g);
}

/* ---- one case ---- */

static void fill(struct rig *r, u8 *data)
{
    for (u32 k = 0x1000; k < N_SAVE - ARENA; k += 8) {
        u64 v = value(r);
        memcpy(data + k, &v, 8);
    }
}

/* Helpers raise by themselves, and deliver: that shows in what they leave behind. */
#define NO_VECTOR 0xffffu
static void forget_raised(struct rig *r) { x86_wiring_of(r->v)->exc.vector = NO_VECTOR; }
static void note_raised(struct rig *r)
{
    if (vector < 0 && x86_wiring_of(r->v)->exc.vector != NO_VECTOR)
        vector = (int)x86_wiring_of(r->v)->exc.vector;
}

static void guest_run(struct rig *r, struct native_regs *g, const struct x86_insn *i)
{
    memcpy(r->s->gpr, g->gpr, sizeof g->gpr);
    x86_flags_set(r->v, (u32)g->flags, X86_FL_OWN);
    r->v->s.pc = N_CODE;
    vector = -1;
    forget_raised(r);
    for (u32 k = 0; k < 20 && r->v->s.pc == N_CODE && vector < 0; k++) {
        r->v->raised = false;
        r->v->engine->run(r->v, 2);
        if (!i->rep)
            break;
    }
    note_raised(r);
    if (vector == X86_UD && r->v->s.pc == N_CODE + i->len) /* the one behind it */
        vector = -1;
    memcpy(g->gpr, r->s->gpr, sizeof g->gpr);
    g->flags = x86_flags(r->v) & (X86_FL_OWN | 2);
}

static void show(const char *what, const struct native_regs *g)
{
    fprintf(stderr, "%s flags %03llx\n", what, (unsigned long long)g->flags);
    for (u32 k = 0; k < 16; k++)
        fprintf(stderr, "  r%-2u %016llx%s", k, (unsigned long long)g->gpr[k], k % 4 == 3 ? "\n" : "");
}

/* Flags that the manuals leave undefined and where the model (docs/x86.md) is not what every host does. */
static u64 flags_ignored(const struct x86_insn *i)
{
    enum { SZP = X86_FL_SF | X86_FL_ZF | X86_FL_PF };
    static const struct { x86_lifter *lift; u32 flags; } t[] = {
        { x86_mul, SZP | X86_FL_AF }, { x86_imul1, SZP | X86_FL_AF }, { x86_imul2, SZP | X86_FL_AF },
        { x86_div, X86_FL_ARITH }, { x86_idiv, X86_FL_ARITH },
        { x86_shift, X86_FL_AF }, { x86_shiftd, X86_FL_AF | X86_FL_OF }, { x86_bsf, X86_FL_ARITH & ~X86_FL_ZF },
        { x86_bsr, X86_FL_ARITH & ~X86_FL_ZF }, { x86_tzcnt, X86_FL_ARITH & ~(X86_FL_ZF | X86_FL_CF) },
        { x86_lzcnt, X86_FL_ARITH & ~(X86_FL_ZF | X86_FL_CF) }, { x86_andn, X86_FL_AF | X86_FL_PF },
        { x86_bls, X86_FL_AF | X86_FL_PF }, { x86_bzhi, X86_FL_AF | X86_FL_PF },
        { x86_bextr, X86_FL_AF | X86_FL_PF | X86_FL_SF },
        { x86_daa, X86_FL_OF }, { x86_das, X86_FL_OF }, { x86_aaa, X86_FL_OF | SZP },
        { x86_aas, X86_FL_OF | SZP }, { x86_aam, X86_FL_OF | X86_FL_CF | X86_FL_AF },
        { x86_aad, X86_FL_OF | X86_FL_CF | X86_FL_AF },
    };
    for (u32 k = 0; k < COUNT(t); k++)
        if (i->row->lift == t[k].lift)
            return t[k].flags;
    return 0;
}

static bool compare(const struct x86_insn *i, const struct code *c, const struct native_regs *before,
                    const struct native_regs *n, const struct native_regs *g, int sig)
{
    bool trap = sig != 0, same = trap == (vector >= 0);
    u64 keep = ~flags_ignored(i);
    for (u32 k = 0; k < 16 && same; k++)
        same = n->gpr[k] == g->gpr[k];
    same &= (n->flags & (X86_FL_OWN | 2) & keep) == (g->flags & keep);
    if (same)
        return true;
    char text[96];
    x86_insn_text(i, text, sizeof text);
    fprintf(stderr, "%s: %s (signal %d, vector %d)\n ", i->row->name, text, sig, vector);
    for (u32 k = 0; k < i->len; k++)
        fprintf(stderr, " %02x", c->b[k]);
    fprintf(stderr, "\n");
    show("before", before);
    show("host", n);
    show("guest", g);
    return false;
}

static bool one_case(struct rig *r, const struct x86_row *row, bool is64)
{
    static u8 data[ARENA_SIZE], after[ARENA_SIZE];
    struct code c;
    struct x86_insn i;
    struct native_regs before, native, guest_regs;
    make_code(r, row, &c, is64);
    set_mode(r, is64 ? 64 : 32);
    u64 mode = x86_mode(r->v);
    if (x86_decode(c.b, 15, mode, x86_wiring_of(r->v)->model->features, &i) != X86_OK || i.row != row)
        return true;
    if (i.row->attr & X86_I64 ? is64 : 0)
        return true;
    if (!make_regs(r, &i, &before))
        return true;
    if (!is64)
        for (u32 k = 0; k < 16; k++)
            before.gpr[k] = k < 8 ? (u32)before.gpr[k] : 0;
    fill(r, data);
    memcpy(data, c.b, i.len);
    memcpy(data + i.len, "\x0f\x0b", 2); /* UD2 */
    native = guest_regs = before;
    native_put(ARENA, data, N_SAVE - ARENA);
    int sig = native_run(&native, c.b, i.len, !is64);
    assert_true(physmap_write(&r->m->map, ARENA, data, N_SAVE - ARENA));
    guest_run(r, &guest_regs, &i);
    if (!compare(&i, &c, &before, &native, &guest_regs, sig))
        return false;
    if (sig) /* the host may have written part */
        return true;
    assert_true(physmap_read(&r->m->map, N_DATA, after, N_SAVE - N_DATA));
    if (memcmp(after, (void *)(uintptr_t)N_DATA, N_SAVE - N_DATA)) {
        u32 k = 0;
        while (after[k] == ((u8 *)(uintptr_t)N_DATA)[k])
            k++;
        fprintf(stderr, "%s: memory differs at %x: host %02x guest %02x, was %02x\n", row->name, N_DATA + k,
                ((u8 *)(uintptr_t)N_DATA)[k], after[k], data[0x1000 + k]);
        compare(&i, &c, &before, &native, &(struct native_regs){ { 0 }, 0 }, sig);
        return false;
    }
    return true;
}

/* ---- every row in every kind of mode: what is lifted obeys the verifier, before and after the passes ---- */

static void lift_in_mode(struct rig *r, const struct x86_row *row, u64 mode, u32 page_off)
{
    static struct ir_block b;
    struct code c;
    struct x86_insn i;
    struct err e;
    make_code(r, row, &c, mode & X86_M_LONG);
    if (x86_decode(c.b, 15, mode, x86_wiring_of(r->v)->model->features, &i) != X86_OK || i.row != row)
        return;
    struct guest_code code = { .bytes = c.b, .avail = PAGE_SIZE - page_off, .max_insns = 1 };
    x86_lift_block(r->v, mode, &code, &b);
    bool ok = ir_verify(&b, &e);
    if (!ok) {
        ir_print(&b, stderr);
        fail_msg("%s in mode %llx: %s", row->name, (unsigned long long)mode, e.msg);
    }
    ir_passes(&b);
    if (!ir_verify(&b, &e)) {
        ir_print(&b, stderr);
        fail_msg("%s in mode %llx, after the passes: %s", row->name, (unsigned long long)mode, e.msg);
    }
}

static u64 random_mode(struct rig *r)
{
    static const u64 flags[] = { X86_M_TF, X86_M_SHADOW, X86_M_RF, X86_M_WATCH, X86_M_AC };
    u64 mode = X86_MMU_USER | 3 << 4 | X86_M_PE | X86_M_OSFXSR, n = rnd(r);
    for (u32 k = 0; k < COUNT(flags); k++)
        if (!(n >> k & 7))
            mode |= flags[k];
    if (n & 1 << 20)
        return mode | X86_M_LONG | X86_M_LMA;
    for (u32 k = X86_ES; k <= X86_GS; k++)
        mode |= (rnd(r) & 3) << (12 + 2 * k);
    n = rnd(r);
    return mode | (n & 1 ? X86_M_CS32 : 0) | (n & 2 ? X86_M_SS32 : 0) | (n & 4 ? X86_M_ADDSEG : 0)
           | (n & 8 ? X86_M_CSBASE : 0) | (n & 16 ? X86_M_CSLIM : 0);
}

static x86_lifter *const tested[] = {
    x86_alu, x86_test, x86_inc, x86_dec, x86_neg, x86_not, x86_mul, x86_imul1, x86_imul2, x86_mulx, x86_div,
    x86_idiv, x86_cbw, x86_cwd, x86_adx, x86_shift, x86_shiftd, x86_shiftx, x86_mov, x86_movzx, x86_movsx,
    x86_movbe, x86_cmov, x86_setcc, x86_lea, x86_xchg, x86_xadd, x86_xlat, x86_salc, x86_bswap, x86_cmpxchg,
    x86_cmpxchg8b, x86_cmpxchg16b, x86_push, x86_pop, x86_pusha, x86_popa, x86_enter, x86_leave, x86_movs,
    x86_stos, x86_lods, x86_scas, x86_cmps, x86_bt, x86_bsf, x86_bsr, x86_tzcnt, x86_lzcnt, x86_popcnt, x86_crc32,
    x86_andn, x86_bls, x86_bextr, x86_bzhi, x86_pext, x86_pdep, x86_daa, x86_das, x86_aaa, x86_aas, x86_aam,
    x86_aad, x86_lahf, x86_sahf, x86_flag, x86_nop, x86_fence,
};
static x86_lifter *const lifted_only[] = {
    x86_jcc, x86_jmp_rel, x86_jmp_ind, x86_call_rel, x86_call_ind, x86_ret, x86_loop, x86_jcxz, x86_bound,
    x86_rdrand, x86_clflush,
};

static bool is_tested(const struct x86_row *row)
{
    for (u32 k = 0; k < COUNT(tested); k++)
        if (row->lift == tested[k])
            return true;
    return false;
}

static void against_host(bool is64, const struct engine *en)
{
    struct rig r;
    u32 wrong = 0, cases = 60;
    rig_init(&r, en);
    native_catch();
    for (u32 k = 0; k < X86_ROW_COUNT; k++) {
        bool ok = true;
        for (u32 n = 0; is_tested(&x86_rows[k]) && n < cases && ok; n++)
            ok = one_case(&r, &x86_rows[k], is64);
        wrong += !ok;
    }
    machine_free(r.m);
    assert_int_equal(wrong, 0);
}

/* ---- 16 bits: wraps and limits; canonical targets ---- */

static void real_mode(struct rig *r)
{
    set_mode(r, 32);
    r->s->cr0 = 0;
    r->s->cpl = 0;
    for (u32 k = X86_ES; k <= X86_GS; k++) {
        r->s->seg_attr[k] = X86_AT_P | X86_AT_S | X86_AT_RW | X86_AT_ACCESSED;
        r->s->seg_limit[k] = 0xffff;
        r->s->seg_base[k] = ARENA;
    }
    memset(r->s->gpr, 0, sizeof r->s->gpr);
}

/* One instruction at offset ip of the arena; the vector, or -1. */
static int step(struct rig *r, u32 ip, const char *bytes, u32 len)
{
    for (u32 k = 0; k < len; k++)
        assert_true(physmap_write(&r->m->map, ARENA + ((ip + k) & 0xffff), bytes + k, 1));
    r->v->s.pc = ARENA + ip;
    r->v->raised = false;
    vector = -1;
    forget_raised(r);
    r->v->engine->run(r->v, 1);
    note_raised(r);
    return vector;
}
#define STEP(r, ip, bytes) step(r, ip, bytes, sizeof(bytes) - 1)

static u16 word_at(struct rig *r, u32 off)
{
    u16 v;
    assert_true(physmap_read(&r->m->map, ARENA + off, &v, 2));
    return v;
}

static void test_real_branches(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, &interp_engine);
    real_mode(&r);
    assert_int_equal(STEP(&r, 0xfff0, "\xeb\x20"), -1);           /* JMP +20h: over the top */
    assert_int_equal(r.v->s.pc, ARENA + 0x12);
    assert_int_equal(STEP(&r, 0x100, "\xe9\xfd\xfe"), -1);        /* JMP -103h */
    assert_int_equal(r.v->s.pc, ARENA);
    assert_int_equal(STEP(&r, 0x10, "\xe9\x00\xff"), -1);         /* below 0 */
    assert_int_equal(r.v->s.pc, ARENA + 0xff13);
    assert_int_equal(STEP(&r, 0x200, "\xe8\x10\x00"), -1);        /* CALL with SP 0 */
    assert_int_equal(r.v->s.pc, ARENA + 0x213);
    assert_int_equal(r.s->gpr[X86_RSP], 0xfffe);
    assert_int_equal(word_at(&r, 0xfffe), 0x203);
    r.s->gpr[X86_RSP] |= 0xabcd0000;
    assert_int_equal(STEP(&r, 0x300, "\xc2\x04\x00"), -1);        /* RET 4 keeps the rest of ESP */
    assert_int_equal(r.v->s.pc, ARENA + 0x203);
    assert_int_equal(r.s->gpr[X86_RSP], 0xabcd0004);
    r.s->seg_limit[X86_CS] = 0xfff;
    assert_int_equal(STEP(&r, 0x400, "\xe9\xfd\x0f"), X86_GP);    /* to 1400h */
    assert_int_equal(STEP(&r, 0x400, "\xe8\xfd\x0f"), X86_GP);
    assert_int_equal(r.s->gpr[X86_RSP], 0xabcd0004);
    assert_int_equal(STEP(&r, 0x400, "\x75\x10"), -1);            /* JNZ, ZF clear */
    assert_int_equal(r.v->s.pc, ARENA + 0x412);
    r.s->gpr[X86_RCX] = 0x10001;
    assert_int_equal(STEP(&r, 0x400, "\xe2\x10"), -1);            /* LOOP by CX: 1 to 0 */
    assert_int_equal(r.v->s.pc, ARENA + 0x402);
    assert_int_equal(r.s->gpr[X86_RCX], 0x10000);
    machine_free(r.m);
}

static void test_limits(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, &interp_engine);
    real_mode(&r);
    r.s->gpr[X86_RBX] = 0xffff;
    assert_int_equal(STEP(&r, 0x100, "\x8b\x07"), X86_GP);        /* MOV AX, [BX]: a word at FFFFh */
    assert_int_equal(STEP(&r, 0x100, "\x8a\x07"), -1);
    assert_int_equal(STEP(&r, 0x100, "\x36\x8b\x07"), X86_SS_FAULT);
    r.s->seg_limit[X86_DS] = 0x7fff;
    r.s->gpr[X86_RBX] = 0x7ffe;
    assert_int_equal(STEP(&r, 0x100, "\x01\x07"), -1);            /* ADD [BX], AX */
    r.s->gpr[X86_RBX] = 0x7fff;
    assert_int_equal(STEP(&r, 0x100, "\x01\x07"), X86_GP);
    r.s->gpr[X86_RSP] = 1;
    assert_int_equal(STEP(&r, 0x100, "\x50"), X86_SS_FAULT);      /* PUSH AX: the word at FFFFh */
    assert_int_equal(r.s->gpr[X86_RSP], 1);
    set_mode(&r, 32);
    r.s->seg_attr[X86_DS] &= ~(u32)X86_AT_RW;                     /* read-only */
    r.s->gpr[X86_RBX] = N_DATA;
    assert_int_equal(STEP(&r, 0x100, "\x8b\x03"), -1);
    assert_int_equal(STEP(&r, 0x100, "\x89\x03"), X86_GP);
    assert_int_equal(STEP(&r, 0x100, "\xff\x03"), X86_GP);        /* INC [EBX] */
    machine_free(r.m);
}

static void test_canonical(void **state)
{
    (void)state;
    struct rig r;
    u64 bad = 1ull << 47;
    rig_init(&r, &interp_engine);
    set_mode(&r, 64);
    r.s->gpr[X86_RSP] = N_STACK;
    assert_true(physmap_write(&r.m->map, N_STACK, &bad, 8));
    assert_int_equal(STEP(&r, 0x100, "\xc3"), X86_GP);            /* RET */
    assert_int_equal(r.s->gpr[X86_RSP], N_STACK);
    r.s->gpr[X86_RAX] = bad;
    assert_int_equal(STEP(&r, 0x100, "\xff\xe0"), X86_GP);        /* JMP RAX */
    assert_int_equal(STEP(&r, 0x100, "\xff\xd0"), X86_GP);        /* CALL RAX */
    assert_int_equal(r.s->gpr[X86_RSP], N_STACK);
    r.s->gpr[X86_RAX] = ~0ull << 47;
    assert_int_equal(STEP(&r, 0x100, "\xff\xd0"), -1);
    assert_true(r.v->s.pc == ~0ull << 47);
    assert_int_equal(r.s->gpr[X86_RSP], N_STACK - 8);
    machine_free(r.m);
}

static bool is_ours(const struct x86_row *row)
{
    for (u32 k = 0; k < COUNT(lifted_only); k++)
        if (row->lift == lifted_only[k])
            return true;
    return is_tested(row);
}

static void test_verify(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, &interp_engine);
    for (u32 k = 0; k < X86_ROW_COUNT; k++)
        for (u32 n = 0; is_ours(&x86_rows[k]) && n < 300; n++)
            lift_in_mode(&r, &x86_rows[k], random_mode(&r), rnd(&r) & 0xff0);
    machine_free(r.m);
}

static void test_64(void **state)
{
    (void)state;
    against_host(true, &interp_engine);
}

static void test_32(void **state)
{
    (void)state;
    against_host(false, &interp_engine);
}

static void test_64_baseline(void **state)
{
    (void)state;
    against_host(true, &baseline_engine);
}

static void test_32_baseline(void **state)
{
    (void)state;
    against_host(false, &baseline_engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verify), cmocka_unit_test(test_real_branches), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_canonical), cmocka_unit_test(test_64), cmocka_unit_test(test_32),
        cmocka_unit_test(test_64_baseline), cmocka_unit_test(test_32_baseline),
    };
    return native_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
