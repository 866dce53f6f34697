/*
 * x86_fp_test.c - SSE, AVX and x87 floating point, made at random from the decode rows, against the host's own.
 *
 * All registers, memory, MXCSR, FSW, tags and EFLAGS are compared, with every exception masked. Estimates and
 * transcendental functions are this model's own: within their bounds of the host's. What the host lacks is skipped.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/x86_native_fp.h"

#include <cmocka.h>

#include "backend/interp/interp.h"
#include "frontend/x86/lift.h"

static struct guest guest; /* x86_guest, exceptions caught */
static int vector;         /* of the exception, or -1 */

struct rig {
    struct machine   *m;
    struct vcpu      *v;
    struct x86_state *s;
    u64               rng;
};

static u64 host_ns(void) { return 0; }
static bool fetch_ok(struct vcpu *v) { return v != NULL; }

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

static void set_mode(struct rig *r)
{
    u32 data = X86_AT_P | X86_AT_S | X86_AT_RW | X86_AT_ACCESSED | 0x60;
    r->s->cr0 = X86_CR0_PE | X86_CR0_NE;
    r->s->cr4 = X86_CR4_OSFXSR | X86_CR4_OSXSAVE | X86_CR4_OSXMMEXCPT;
    r->s->xcr0 = X86_XCR0_X87 | X86_XCR0_SSE | X86_XCR0_AVX;
    r->s->efer = X86_EFER_LMA | X86_EFER_LME;
    r->s->cpl = 3;
    for (u32 k = X86_ES; k <= X86_GS; k++) {
        r->s->seg_attr[k] = k == X86_CS ? data | X86_AT_CODE | X86_AT_L : data;
        r->s->seg_limit[k] = ~0u;
        r->s->seg_base[k] = 0;
    }
}

static void rig_init(struct rig *r)
{
    struct err e;
    *r = (struct rig){ .m = machine_new("test", &e), .rng = 0x123456789abcdefull };
    assert_non_null(r->m);
    r->m->host_ns = host_ns;
    r->m->clock = CLOCK_ICOUNT;
    struct memobj *ram = physmap_new_obj(&r->m->map, "ram", ARENA_SIZE, &e);
    assert_non_null(ram);
    physmap_map_obj(&r->m->map, REGION_RAM, ARENA, ARENA_SIZE, ram, 0, NULL, NULL, "ram");
    assert_true(x86_cpu_new(r->m, x86_model_find("max"), &interp_engine, &e));
    r->v = r->m->cpus[0];
    r->s = r->v->state;
    guest = x86_guest;
    guest.exception = caught, guest.fault = fault, guest.fetch_ok = fetch_ok, guest.lift = lift;
    r->v->guest = &guest;
    r->v->mmu.walk = walk;
}

/* ---- values ---- */

static u64 rnd(struct rig *r)
{
    r->rng ^= r->rng << 13;
    r->rng ^= r->rng >> 7;
    return r->rng ^= r->rng << 17;
}

/* Edges, short ones and others. */
static u64 fraction(struct rig *r, u32 bits)
{
    u64 n = rnd(r), f = n & 1 ? rnd(r) : n & 2 ? ~0ull : n & 4 ? 1ull << (bits - 1) : 0;
    f = n & 8 ? f >> (n >> 8) % bits : n & 16 ? f & ~0ull << (n >> 8) % bits : f;
    return f & ((1ull << bits) - 1);
}

static u32 exponent(struct rig *r, u32 bits)
{
    u32 max = (1u << bits) - 1, bias = max / 2, k = (u32)rnd(r);
    switch (k & 7) {
    case 0: return 0;
    case 1: return max;
    case 2: return k >> 8 & max;
    case 3: return 1 + (k >> 8) % 3;
    case 4: return max - 1 - (k >> 8) % 3;
    default: return bias - 8 + (k >> 8) % 80 % (bias);
    }
}

/* Sixteen bytes of floats; width 32, 64 or 80. */
static void fill(struct rig *r, u8 *to, u32 width)
{
    u64 v[2] = { 0, 0 };
    for (u32 k = 0; width == 32 && k < 4; k++)
        v[k / 2] |= (fraction(r, 23) | (u64)exponent(r, 8) << 23 | (rnd(r) & 1) << 31) << k % 2 * 32;
    for (u32 k = 0; width == 64 && k < 2; k++)
        v[k] = fraction(r, 52) | (u64)exponent(r, 11) << 52 | rnd(r) << 63;
    if (width == 80) {
        v[1] = exponent(r, 15) | (rnd(r) & 1) << 15;
        v[0] = fraction(r, 63) | (v[1] & 0x7fff && rnd(r) & 31 ? 1ull << 63 : 0);
    }
    memcpy(to, v, 16);
}

/* ---- encodings from rows ---- */

struct code {
    u8  b[32];
    u32 n;
};

static void put(struct code *c, u64 v) { c->b[c->n++] = (u8)v; }

static void put_prefixes(struct rig *r, const struct x86_row *row, struct code *c)
{
    static const u8 pp[] = { 0, 0, 1, 2, 3 }, legacy[] = { 0, 0, 0x66, 0xf3, 0xf2 };
    u64 n = rnd(r), l = row->l == 0 ? 0 : row->l == 1 ? 4 : n >> 8 & 4;
    if (row->vex) {
        put(c, 0xc4);
        put(c, (n & 0xe0) | row->map);
        put(c, (row->w < 0 ? n >> 16 & 0x80 : (u64)row->w << 7) | (row->attr & X86_NOV ? 0x78 : n >> 24 & 0x78) | l
                   | pp[row->prefix]);
        return;
    }
    if (legacy[row->prefix])
        put(c, legacy[row->prefix]);
    if (n >> 12 & 1)
        put(c, 0x40 | (n >> 16 & 7) | (n >> 20 & 8));
    if (row->map)
        put(c, 0x0f);
    if (row->map > 1)
        put(c, row->map == 2 ? 0x38 : 0x3a);
}

static void make_code(struct rig *r, const struct x86_row *row, struct code *c)
{
    u64 n = rnd(r);
    u8 modrm = (u8)((row->modrm_value & row->modrm_mask) | ((n >> 8 & 0xff) & ~row->modrm_mask));
    if (!(row->modrm_mask & 0xc0)) /* a register, or a base with a displacement */
        modrm = (u8)((modrm & 0x3f) | (row->modrm_not ? 0x40 : n & 1 ? 0xc0 : n & 2 ? 0x40 : 0x80));
    c->n = 0;
    put_prefixes(r, row, c);
    put(c, row->opcode | (n >> 16 & 0xff & ~row->opcode_mask));
    if (row->modrm)
        put(c, modrm);
    while (c->n < 24)
        put(c, rnd(r));
}

/* Puts the memory operand, aligned mostly, into the data pages; false where that cannot be. */
static bool aim(struct rig *r, const struct x86_insn *i, u64 gpr[16])
{
    u64 at = N_DATA + 0x200 + rnd(r) % (N_DATA_LEN - 0x400), have = (u64)i->disp;
    if (!i->has_mem)
        return true;
    if (i->base == X86_BASE_NONE || i->base == X86_BASE_IP || i->base == i->index || i->seg >= X86_FS)
        return false;
    if (rnd(r) & 7 || i->row->feature == X86_FEAT_sha) /* which AMD's processors do not check */
        at &= ~31ull;
    if (i->index != X86_BASE_NONE) {
        gpr[i->index] = rnd(r) & 0xff;
        have += gpr[i->index] << i->scale;
    }
    gpr[i->base] = at - have;
    return true;
}

/* ---- the state, as XSAVE has it ---- */

static void to_guest(struct rig *r, const u8 *x)
{
    struct x86_state *s = r->s;
    u32 mxcsr;
    memcpy(s->xmm, x + 160, 256);
    memcpy(s->ymmh, x + 576, 256);
    memcpy(&mxcsr, x + 24, 4);
    x86_mxcsr_set(r->v, mxcsr);
    memcpy(&s->fcw, x, 2);
    memcpy(&s->fsw, x + 2, 2);
    s->ftw = x[4];
    s->fop = s->fcs = s->fds = 0;
    s->fip = s->fdp = 0;
    for (u32 k = 0; k < 8; k++) {
        memcpy(&s->mm[x87_phys(s, k)], x + 32 + 16 * k, 8);
        memcpy(&s->fexp[x87_phys(s, k)], x + 40 + 16 * k, 2);
    }
}

static void from_guest(struct rig *r, u8 *x)
{
    struct x86_state *s = r->s;
    u32 mxcsr = x86_mxcsr(r->v);
    memcpy(x + 160, s->xmm, 256);
    memcpy(x + 576, s->ymmh, 256);
    memcpy(x + 24, &mxcsr, 4);
    memcpy(x, &s->fcw, 2);
    memcpy(x + 2, &s->fsw, 2);
    x[4] = s->ftw;
    for (u32 k = 0; k < 8; k++) {
        memcpy(x + 32 + 16 * k, &s->mm[x87_phys(s, k)], 8);
        memcpy(x + 40 + 16 * k, &s->fexp[x87_phys(s, k)], 2);
    }
}

static void make_state(struct rig *r, u8 *x, u32 width)
{
    u32 mxcsr = 0x1f80 | ((u32)rnd(r) & (rnd(r) & 3 ? 0x603f : 0xe07f));
    u16 fcw = 0x37f ^ (u16)(rnd(r) & 1 ? rnd(r) & 0xf00 : 0), fsw = (u16)rnd(r) & 0x7f7f;
    memset(x, 0, X_SIZE);
    for (u32 k = 0; k < 16; k++) {
        fill(r, x + 160 + 16 * k, width == 80 ? 32 : width);
        fill(r, x + 576 + 16 * k, width == 80 ? 32 : width);
    }
    for (u32 k = 0; k < 8; k++)
        fill(r, x + 32 + 16 * k, 80);
    memcpy(x, &fcw, 2);
    memcpy(x + 2, &fsw, 2);
    memcpy(x + 24, &mxcsr, 4);
    x[4] = (u8)(rnd(r) & 3 ? rnd(r) | rnd(r) | rnd(r) : rnd(r));
    x[512] = 7;
}

/* ---- comparison ---- */

static bool is_math(const struct x86_row *row)
{
    return row->lift == x86_x87_reg && row->op >= X87_2XM1 && row->op <= X87_SINCOS;
}

static bool is_estimate(const struct x86_row *row) { return row->lift == x86_fp_est || row->lift == x86_fp_est_s; }

/* f80 values of one sign at most `by` units in the last place apart. */
static bool is_near(const u8 *a, const u8 *b, u32 by)
{
    u128 v[2] = { 0, 0 };
    memcpy(&v[0], a, 10);
    memcpy(&v[1], b, 10);
    if (v[0] >> 79 != v[1] >> 79)
        return false;
    for (u32 k = 0; k < 2; k++)
        v[k] = (v[k] >> 64 & 0x7fff) << 63 | (u64)(v[k] << 1) >> 1;
    return (v[0] > v[1] ? v[0] - v[1] : v[1] - v[0]) <= by;
}

static bool same_estimates(const u8 *a, const u8 *b)
{
    for (u32 k = 0; k < 256; k += 4) {
        u32 x, y;
        memcpy(&x, a + k, 4);
        memcpy(&y, b + k, 4);
        bool tiny = ((x | y) & 0x7fffffff) < 0x00803000; /* at the least normal number: flushed or not */
        if (!tiny && (x > y ? x - y : y - x) > 3u << 12) /* both are within 1.5 * 2^-12 */
            return false;
    }
    return true;
}

static const char *difference(const struct x86_row *row, const u8 *host, const u8 *mine)
{
    u16 cc = is_math(row) ? X87_C1 : 0, a, b;
    memcpy(&a, host + 2, 2);
    memcpy(&b, mine + 2, 2);
    if (is_estimate(row) ? !same_estimates(host + 160, mine + 160) || !same_estimates(host + 576, mine + 576)
                         : memcmp(host + 160, mine + 160, 256) || memcmp(host + 576, mine + 576, 256))
        return "vector registers differ";
    if (memcmp(host + 24, mine + 24, 4))
        return "MXCSR differs";
    if (memcmp(host, mine, 2) || (a ^ b) & ~cc || host[4] != mine[4])
        return "FCW, FSW or tags differ";
    for (u32 k = 0; k < 8; k++)
        if (!is_near(host + 32 + 16 * k, mine + 32 + 16 * k, is_math(row)))
            return "x87 registers differ";
    return NULL;
}

/* log2 of what is not above 0, by FYL2XP1: undefined. */
static bool is_undefined(const struct x86_row *row, const u8 *x)
{
    return is_math(row) && row->op == X87_YL2XP1 && x[41] & 0x80 && ((x[41] & 0x7f) << 8 | x[40]) >= 0x3ffe;
}

static const char *compare(struct rig *r, const struct x86_insn *i, int sig, const u8 *mine)
{
    static u8 after[N_DATA_LEN];
    if ((sig != 0) != (vector >= 0))
        return "one of them raises an exception";
    const char *why = difference(i->row, NATIVE_X, mine);
    if (why || sig)
        return why;
    if (memcmp(NATIVE.gpr, r->s->gpr, sizeof NATIVE.gpr) || (NATIVE.flags ^ x86_flags(r->v)) & X86_FL_ARITH)
        return "general registers or flags differ";
    assert_true(physmap_read(&r->m->map, N_DATA, after, N_DATA_LEN));
    return memcmp(after, (void *)(uintptr_t)N_DATA, N_DATA_LEN) ? "memory differs" : NULL;
}

/* ---- one case ---- */

static bool one_case(struct rig *r, const struct x86_row *row)
{
    static u8 data[N_DATA_LEN], x[X_SIZE], mine[X_SIZE];
    struct code c;
    struct x86_insn i;
    u64 gpr[16];
    make_code(r, row, &c);
    set_mode(r);
    if (x86_decode(c.b, 15, x86_mode(r->v), x86_wiring_of(r->v)->model->features, &i) != X86_OK || i.row != row)
        return true;
    for (u32 k = 0; k < 16; k++)
        gpr[k] = rnd(r) >> (rnd(r) & 63);
    gpr[X86_RSP] = N_DATA + 0x1000;
    if (!aim(r, &i, gpr))
        return true;
    u32 width = row->attr & (X86_X87 | X86_X87_NW) ? 80 : rnd(r) & 1 ? 64 : 32;
    for (u32 k = 0; k < N_DATA_LEN; k += 16)
        fill(r, data + k, width == 80 && rnd(r) & 1 ? (rnd(r) & 1 ? 32 : 64) : width);
    make_state(r, x, width);
    memcpy(NATIVE_X, x, X_SIZE);
    memcpy((void *)(uintptr_t)N_DATA, data, N_DATA_LEN);
    memcpy(NATIVE.gpr, gpr, sizeof gpr);
    NATIVE.flags = X86_FL_ONE | (rnd(r) & X86_FL_ARITH);
    x86_flags_set(r->v, (u32)NATIVE.flags, X86_FL_OWN);
    int sig = native_run(c.b, i.len);
    if (sig == SIGILL || is_undefined(row, x))
        return true;
    memcpy(r->s->gpr, gpr, sizeof gpr);
    to_guest(r, x);
    assert_true(physmap_write(&r->m->map, N_CODE, c.b, i.len) && physmap_write(&r->m->map, N_DATA, data, N_DATA_LEN));
    r->v->s.pc = N_CODE;
    r->v->raised = false;
    vector = -1;
    interp_engine.run(r->v, 1);
    memcpy(mine, NATIVE_X, X_SIZE);
    from_guest(r, mine);
    const char *why = compare(r, &i, sig, mine);
    char text[96];
    if (why) {
        x86_insn_text(&i, text, sizeof text);
        fprintf(stderr, "%s: %s: %s (signal %d, vector %d)\n", row->name, text, why, sig, vector);
    }
    return !why;
}

static void against_host(u32 first, u32 last, u32 cases)
{
    struct rig r;
    u32 wrong = 0;
    rig_init(&r);
    native_catch();
    for (u32 k = first; k <= last; k++)
        for (u32 n = 0; n < cases && !wrong; n++)
            wrong += !one_case(&r, &x86_rows[k]);
    machine_free(r.m);
    assert_int_equal(wrong, 0);
}

static void test_sse(void **state)
{
    (void)state;
    against_host(X86_ROW_addps, X86_ROW_sha1rnds4, 200);
}

static void test_x87(void **state)
{
    (void)state;
    against_host(X86_ROW_fadd_f32, X86_ROW_fcos, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_sse), cmocka_unit_test(test_x87) };
    return native_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
