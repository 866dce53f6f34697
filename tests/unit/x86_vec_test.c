/*
 * x86_vec_test.c - integer, move and shuffle instructions of MMX, SSE, AVX and AVX2, made at random from the
 * decode rows, against the host's own: vector, MMX, x87 and general registers, flags, memory, and whether there is
 * a fault. With rows of floating point: which exceptions come up under any MXCSR, and what it says then.
 */
#include "tests/unit/x86_vec_rig.h"

#define CASES 60u /* with a result, of each row; X86_CASES and X86_ROW of the environment for more */

/* ---- state that fits ---- */

static u64 address(struct rig *r, const struct x86_insn *i)
{
    u64 n = rnd(r), at = N_DATA + 0x400 + (n >> 8) % (N_DATA_LEN - 0x800);
    if (!(n & 31))
        return BAD_PAGE - (n >> 8) % 40;
    if (i->row->attr & (X86_AL | X86_ALWAYS_AL) && n >> 5 & 7)
        at &= ~31ull;
    return at;
}

static void make_indices(struct rig *r, const struct x86_insn *i, struct native_vec *x)
{
    for (u32 k = 0; k < 4; k++) {
        u64 n = rnd(r);
        i64 a = (i64)(n & 0xff) - 128, b = (i64)(n >> 8 & 0xff) - 128;
        x->ymm[i->index][k] = i->row->a ? (u64)a : (u64)(u32)a | (u64)b << 32;
    }
}

static void make_state(struct rig *r, const struct x86_insn *i, struct native_regs *g, struct native_vec *x)
{
    for (u32 k = 0; k < 16; k++)
        g->gpr[k] = value(r);
    for (u32 k = 0; k < 64; k++)
        x->ymm[k / 4][k & 3] = k >= 4 && !(rnd(r) & 7) ? x->ymm[k / 4 - 1][k & 3] : value(r);
    for (u32 k = 0; k < 8; k++) {
        x->mm[k] = value(r);
        x->exp[k] = (u16)rnd(r);
    }
    if (i->row->lift == x86_vec_shift) { /* counts that matter */
        x->ymm[i->op[i->vex ? 2 : 1].reg][0] = rnd(r) % 70;
        x->mm[i->op[1].reg & 7] = rnd(r) % 70;
    }
    if (i->row->lift == x86_vec_op2 && i->row->op >= IR_shl && i->row->op <= IR_sar)
        for (u32 k = 0; k < 4; k++)
            x->ymm[i->op[2].reg][k] = rnd(r) % 70 | (rnd(r) % 40) << 32;
    if (i->row->lift == x86_pcmpstr) {
        g->gpr[X86_RAX] = rnd(r) & 3 ? rnd(r) % 40 - 20 : g->gpr[X86_RAX];
        g->gpr[X86_RDX] = rnd(r) & 3 ? rnd(r) % 40 - 20 : g->gpr[X86_RDX];
    }
    x->mxcsr = 0x1f80;
    x->fsw = (u16)((rnd(r) & 7) << 11);
    x->ftw = (u8)rnd(r);
    g->flags = 2 | (rnd(r) & X86_FL_ARITH);
    g->gpr[X86_RDI] = address(r, i);
    if (i->has_mem)
        g->gpr[i->base] = address(r, i) - (u64)i->disp;
    if (i->row->attr & X86_VSIB)
        make_indices(r, i, x);
}

/* A double of the same kind: sign, exponent at the same end, fraction. */
static u64 widened(u64 single)
{
    u64 e = single >> 23 & 0xff;
    return (single & 0x80000000) << 32 | (e == 0xff ? 0x7ff : e ? e + 896 : 0) << 52 | (single & 0x7fffff) << 29;
}

/* Operands that raise exceptions, and masks, rounding, DAZ, FTZ. */
static void make_fp(struct rig *r, struct native_vec *x)
{
    static const u32 single[] = { 0, 0x80000000, 1, 0x80000001, 0x007fffff, 0x00800000, 0x3f800000, 0x7f7fffff,
                                  0x7f800000, 0xff800000, 0x7fc00000, 0x7fa00001, 0x3f800001, 0x00800001, 0x40490fdb,
                                  0xbf000000 };
    for (u32 k = 0; k < 64; k++) {
        u64 n = rnd(r), a = single[n & 15], b = single[n >> 4 & 15];
        if (n & 0x100) /* doubles of the same kinds */
            x->ymm[k / 4][k & 3] = widened(a);
        else
            x->ymm[k / 4][k & 3] = a << 32 | b;
    }
    x->mxcsr = (u32)(rnd(r) & 0xffff);
}

static void guest_run(struct rig *r, const struct x86_insn *i, struct native_regs *g, struct native_vec *x)
{
    struct x86_state *s = r->s;
    *s = r->begin;
    r->v->s = r->begin_v;
    memcpy(s->gpr, g->gpr, sizeof g->gpr);
    for (u32 k = 0; k < 16; k++) {
        memcpy(s->xmm + 2 * k, x->ymm[k], 16);
        memcpy(s->ymmh + 2 * k, x->ymm[k] + 2, 16);
    }
    memcpy(s->mm, x->mm, sizeof x->mm);
    memcpy(s->fexp, x->exp, sizeof x->exp);
    s->fsw = x->fsw;
    s->ftw = x->ftw;
    x86_mxcsr_set(r->v, x->mxcsr);
    x86_flags_set(r->v, (u32)g->flags, X86_FL_OWN);
    r->v->s.pc = N_CODE;
    r->v->raised = false;
    vector = -1;
    r->v->engine->run(r->v, 2); /* UD2 behind it, so that whole blocks run */
    if (vector == X86_UD && r->v->s.pc == N_CODE + i->len)
        vector = -1;
    else if (vector < 0 && r->v->s.pc != N_CODE + i->len) /* a helper's exception: taken */
        vector = X86_PF;
    memcpy(g->gpr, s->gpr, sizeof g->gpr);
    for (u32 k = 0; k < 16; k++) {
        memcpy(x->ymm[k], s->xmm + 2 * k, 16);
        memcpy(x->ymm[k] + 2, s->ymmh + 2 * k, 16);
    }
    memcpy(x->mm, s->mm, sizeof x->mm);
    memcpy(x->exp, s->fexp, sizeof x->exp);
    x->fsw = s->fsw;
    x->ftw = s->ftw;
    x->mxcsr = x86_mxcsr(r->v);
    g->flags = x86_flags(r->v) & (X86_FL_OWN | 2);
}

/* ---- one case ---- */

static void tell(const struct x86_insn *i, const struct code *c, const char *what)
{
    char text[96];
    x86_insn_text(i, text, sizeof text);
    fprintf(stderr, "%s: %s differs: %s\n ", i->row->name, what, text);
    for (u32 k = 0; k < i->len; k++)
        fprintf(stderr, " %02x", c->b[k]);
    fprintf(stderr, "\n");
}

static void show_ymm(const char *what, const u64 y[4])
{
    fprintf(stderr, "  %-7s", what);
    for (u32 k = 4; k--;)
        fprintf(stderr, " %016llx", (unsigned long long)y[k]);
    fprintf(stderr, "\n");
}

static bool same_vec(const struct x86_insn *i, const struct code *c, const struct native_vec *was,
                     const struct native_vec *n, const struct native_vec *g)
{
    char name[16];
    for (u32 k = 0; k < 16; k++)
        if (memcmp(n->ymm[k], g->ymm[k], 32)) {
            snprintf(name, sizeof name, "YMM%u", k);
            tell(i, c, name);
            for (u32 o = 0; o < i->row->operand_count; o++)
                if (i->op[o].kind == X86_K_XMM)
                    show_ymm("operand", was->ymm[i->op[o].reg]);
            show_ymm("host", n->ymm[k]);
            show_ymm("guest", g->ymm[k]);
            return false;
        }
    for (u32 k = 0; k < 8; k++)
        if (n->mm[k] != g->mm[k] || n->exp[k] != g->exp[k]) {
            tell(i, c, "MMX register");
            fprintf(stderr, "  R%u host %04x %016llx guest %04x %016llx was %016llx\n", k, n->exp[k],
                    (unsigned long long)n->mm[k], g->exp[k], (unsigned long long)g->mm[k],
                    (unsigned long long)was->mm[k]);
            return false;
        }
    if (n->fsw == g->fsw && n->ftw == g->ftw)
        return true;
    tell(i, c, "x87 status");
    fprintf(stderr, "  host %04x %02x guest %04x %02x\n", n->fsw, n->ftw, g->fsw, g->ftw);
    return false;
}

static bool same_mxcsr(const struct x86_insn *i, const struct code *c, u32 was, u32 n, u32 g)
{
    if (n == g)
        return true;
    tell(i, c, "MXCSR");
    fprintf(stderr, "  host %04x guest %04x was %04x, vector %d\n", n, g, was, vector);
    return false;
}

static bool same_regs(const struct x86_insn *i, const struct code *c, const struct native_regs *n,
                      const struct native_regs *g)
{
    for (u32 k = 0; k < 16; k++)
        if (n->gpr[k] != g->gpr[k]) {
            tell(i, c, "general register");
            fprintf(stderr, "  %u host %llx guest %llx\n", k, (unsigned long long)n->gpr[k],
                    (unsigned long long)g->gpr[k]);
            return false;
        }
    if ((n->flags & (X86_FL_OWN | 2)) == g->flags)
        return true;
    tell(i, c, "flags");
    fprintf(stderr, "  host %llx guest %llx\n", (unsigned long long)n->flags, (unsigned long long)g->flags);
    return false;
}

static bool same_memory(struct rig *r, const struct x86_insn *i, const struct code *c)
{
    static u8 after[N_DATA_LEN];
    const u8 *native = (const u8 *)(uintptr_t)N_DATA;
    assert_true(physmap_read(&r->m->map, N_DATA, after, sizeof after));
    if (!memcmp(after, native, sizeof after))
        return true;
    u32 k = 0;
    while (after[k] == native[k])
        k++;
    tell(i, c, "memory");
    fprintf(stderr, "  at %x host %02x guest %02x\n", N_DATA + k, native[k], after[k]);
    return false;
}

/* 0: no such case, 1: the same with a result, 2: the same exception, -1: not the same */
static int one_case(struct rig *r, const struct x86_row *row)
{
    static u8 data[N_DATA_LEN];
    struct code c;
    struct x86_insn i;
    struct native_regs n, g;
    struct native_vec vn, vg, was;
    make_code(r, row, &c);
    if (x86_decode(c.b, 15, x86_mode(r->v), x86_wiring_of(r->v)->model->features, &i) != X86_OK || i.row != row)
        return 0;
    make_state(r, &i, &n, &vn);
    if (row->attr & X86_FPX)
        make_fp(r, &vn);
    g = n;
    vg = was = vn;
    for (u32 k = 0; k < sizeof data; k += 8) {
        u64 v = value(r);
        memcpy(data + k, &v, 8);
    }
    native_put(N_DATA, data, sizeof data);
    memcpy(c.b + i.len, "\x0f\x0b", 2); /* UD2 */
    assert_true(physmap_write(&r->m->map, N_CODE, c.b, sizeof c.b));
    assert_true(physmap_write(&r->m->map, N_DATA, data, sizeof data));
    r->v->engine->flush(r->v);
    int sig = native_vec_run(&n, &vn, c.b, i.len);
    guest_run(r, &i, &g, &vg);
    if (sig == SIGSEGV && row->lift == x86_maskmov && vector < 0) /* a host may look at bytes that are masked off */
        return 2;
    if (sig ? vector < 0 || (sig == SIGILL) != (vector == X86_UD) : vector >= 0) {
        tell(&i, &c, "exception");
        fprintf(stderr, "  signal %d, vector %d\n", sig, vector);
        return -1;
    }
    if (sig && row->attr & X86_VSIB) /* what was done before the fault */
        return 2;
    if (row->attr & X86_FPX && !same_mxcsr(&i, &c, was.mxcsr, sig ? native_mxcsr : vn.mxcsr, vg.mxcsr))
        return -1;
    if (!same_vec(&i, &c, &was, &vn, &vg) || !same_regs(&i, &c, &n, &g) || !same_memory(r, &i, &c))
        return -1;
    return sig ? 2 : 1;
}

/* ---- every row in every kind of mode ---- */

static void lift_in_mode(struct rig *r, const struct x86_row *row, u64 mode)
{
    static struct ir_block b;
    struct code c;
    struct err e;
    make_code(r, row, &c);
    struct guest_code code = { .bytes = c.b, .avail = sizeof c.b, .max_insns = 1 };
    for (u32 passes = 0; passes < 2; passes++) {
        if (passes)
            ir_passes(&b);
        else
            x86_lift_block(r->v, mode, &code, &b);
        if (!ir_verify(&b, &e)) {
            ir_print(&b, stderr);
            fail_msg("%s in mode %llx, %s the passes: %s", row->name, (unsigned long long)mode,
                     passes ? "after" : "before", e.msg);
        }
    }
}

static u64 random_mode(struct rig *r)
{
    static const u64 flags[] = { X86_M_TF, X86_M_SHADOW, X86_M_RF, X86_M_WATCH, X86_M_AC, X86_M_FPSPECIAL };
    u64 mode = X86_MMU_USER | 3 << 4 | X86_M_PE | X86_M_OSFXSR | X86_M_AVX | X86_M_OSXSAVE, n = rnd(r);
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

/* ---- tests ---- */

static bool is_tested(u32 id)
{
    return (id >= X86_ROW_movd_PqEy && id <= X86_ROW_pextrw_mm)
           || (id >= X86_ROW_movups_load && id <= X86_ROW_vpcmpistri);
}

static void test_modes(void **state)
{
    struct rig r;
    (void)state;
    rig_init(&r, &interp_engine);
    for (u32 id = 0; id < X86_ROW_COUNT; id++)
        for (u32 n = 0; is_tested(id) && n < 50; n++)
            lift_in_mode(&r, &x86_rows[id], random_mode(&r));
    machine_free(r.m);
}

static void natively(const struct engine *engine)
{
    static bool mapped;
    struct rig r;
    const char *more = getenv("X86_CASES"), *only = getenv("X86_ROW");
    u32 want = more ? (u32)atoi(more) : CASES, bad = 0;
    if (!__builtin_cpu_supports("avx2") || !(mapped || native_init()))
        skip();
    mapped = true;
    native_catch();
    native_vec_catch();
    assert_int_equal(mprotect((void *)(uintptr_t)BAD_PAGE, PAGE_SIZE, PROT_NONE), 0);
    rig_init(&r, engine);
    for (u32 id = 0; id < X86_ROW_COUNT; id++) {
        const struct x86_row *row = &x86_rows[id];
        u32 done = 0, wrong = 0;
        if (!is_tested(id) || (only && strcmp(only, row->name)))
            continue;
        for (u32 n = 0; n < 20 * want && done < want && wrong < 2; n++) {
            int how = one_case(&r, row);
            done += how == 1;
            wrong += how < 0;
        }
        if (!wrong && done < want) {
            fprintf(stderr, "%s: only %u cases\n", row->name, done);
            wrong = 1;
        }
        bad += wrong != 0;
    }
    machine_free(r.m);
    assert_int_equal(bad, 0);
}

static void test_native_interp(void **state)
{
    (void)state;
    natively(&interp_engine);
}

static void test_native_jit(void **state)
{
    (void)state;
    natively(&baseline_engine);
}

/* Rows of floating point: exceptions, masked or not, and their flags. */
static void fp_exceptions(const struct engine *engine)
{
    struct rig r;
    const char *only = getenv("X86_ROW");
    u32 bad = 0;
    if (!__builtin_cpu_supports("avx2"))
        skip();
    native_catch();
    native_vec_catch();
    rig_init(&r, engine);
    r.begin.cr4 |= X86_CR4_OSXMMEXCPT;
    for (u32 id = 0; id < X86_ROW_COUNT; id++) {
        const struct x86_row *row = &x86_rows[id];
        u32 wrong = 0, seen[3] = { 0 };
        if (!(row->attr & X86_FPX) || (only && strcmp(only, row->name)))
            continue;
        for (u32 n = 0; n < 50 * CASES && wrong < 2; n++) {
            if (seen[1] && seen[2] && seen[1] + seen[2] >= CASES)
                break;
            int how = one_case(&r, row);
            if (how >= 0)
                seen[how]++;
            wrong += how < 0;
        }
        if (!wrong && (!seen[1] || !seen[2])) {
            fprintf(stderr, "%s: %u cases without an exception, %u with one\n", row->name, seen[1], seen[2]);
            wrong = 1;
        }
        bad += wrong != 0;
    }
    machine_free(r.m);
    assert_int_equal(bad, 0);
}

static void test_fp_exceptions(void **state)
{
    (void)state;
    fp_exceptions(&interp_engine);
    fp_exceptions(&baseline_engine);
}

/* A gather that faults leaves what it has done, and the mask of the rest: lanes 1, 0, then one in the bad page. */
static void gather_fault(struct rig *r, const u8 insn[6], bool wide)
{
    u64 *x = r->s->xmm, *h = r->s->ymmh;
    const u32 val[2] = { 0x11111111, 0x22222222 };
    assert_true(physmap_write(&r->m->map, N_CODE, insn, 6));
    assert_true(physmap_write(&r->m->map, N_DATA, val, 8));
    r->v->engine->flush(r->v);
    *r->s = r->begin;
    r->v->s = r->begin_v;
    r->s->gpr[X86_RSI] = N_DATA;
    memset(x, 0xff, 64);
    memset(h, 0xff, 64);
    x[4] = 1;
    x[5] = wide ? 0 : 0x800;
    h[4] = wide ? 0x800 : 0;
    h[5] = 0;
    r->v->s.pc = N_CODE;
    r->v->raised = false;
    vector = -1;
    r->v->engine->run(r->v, 1);
    assert_int_equal(x[0], 0x1111111122222222);
    assert_int_equal(x[1], ~0ull);
    assert_int_equal(x[2], 0);
    assert_int_equal(x[3], ~0ull);
}

static void test_gather_fault(void **state)
{
    static const struct engine *const engines[] = { &interp_engine, &baseline_engine };
    static const u8 insns[][6] = { { 0xc4, 0xe2, 0x71, 0x90, 0x04, 0x96 },   /* vpgatherdd xmm0, [rsi+xmm2*4], xmm1 */
                                   { 0xc4, 0xe2, 0x75, 0x90, 0x04, 0x96 },   /* ymm */
                                   { 0xc4, 0xe2, 0x75, 0x91, 0x04, 0x96 } }; /* vpgatherqd xmm0, [rsi+ymm2*4], xmm1 */
    (void)state;
    for (u32 e = 0; e < COUNT(engines); e++) {
        struct rig r;
        rig_init(&r, engines[e]);
        for (u32 n = 0; n < COUNT(insns); n++)
            gather_fault(&r, insns[n], n == 2);
        machine_free(r.m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_native_interp),
        cmocka_unit_test(test_native_jit),
        cmocka_unit_test(test_fp_exceptions),
        cmocka_unit_test(test_gather_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
