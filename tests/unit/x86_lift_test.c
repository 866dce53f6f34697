/*
 * x86_lift_test.c - the driver of the x86 lifters, and the IR of every row: random instructions of all rows in modes
 * of all kinds give blocks that the verifier takes. What the IR does is tested elsewhere.
 */
#include "frontend/x86/lift.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define USER64   (X86_MMU_USER | 3 << 4 | X86_M_PE | X86_M_LONG | X86_M_LMA | X86_M_OSFXSR | X86_M_AVX \
                  | X86_M_OSXSAVE)
#define KERNEL64 (X86_MMU_KERNEL | X86_M_PE | X86_M_LONG | X86_M_LMA | X86_M_OSFXSR | X86_M_AVX | X86_M_OSXSAVE)
#define FLAT32   (X86_MMU_KERNEL | X86_M_PE | X86_M_CS32 | X86_M_SS32 | X86_M_OSFXSR | X86_M_AVX | X86_M_OSXSAVE)
#define PROT16   (X86_MMU_KERNEL | X86_M_PE | X86_M_CSLIM | X86_M_CSBASE | X86_M_ADDSEG | X86_M_OSFXSR)
#define REAL     (X86_MMU_KERNEL | X86_M_CSLIM | X86_M_CSBASE | X86_M_ADDSEG | 0x555ull << 12)
#define V86      (X86_MMU_USER | 3 << 4 | X86_M_PE | X86_M_VM | X86_M_CSLIM | X86_M_CSBASE | X86_M_ADDSEG \
                  | 0x555ull << 12)

static struct rig {
    struct machine    m;
    struct vcpu       v;
    struct x86_wiring w;
    struct x86_model  model;
    struct ir_block   ir;
    u64               rng;
} *rig;

static u32 draw(u32 n)
{
    rig->rng = rig->rng * 6364136223846793005ull + 1442695040888963407ull;
    return (u32)(rig->rng >> 33) % n;
}

static void lift(u64 mode, const u8 *bytes, u32 avail, u32 max)
{
    struct guest_code code = { .bytes = bytes, .avail = avail, .max_insns = max };
    struct err e;
    x86_lift_block(&rig->v, mode, &code, &rig->ir);
    if (!rig->ir.guest_len) {
        assert_int_equal(rig->ir.count, 0);
        return;
    }
    assert_true(rig->ir.guest_len <= avail);
    if (ir_verify(&rig->ir, &e))
        return;
    for (u32 k = 0; k < avail && k < 32; k++)
        fprintf(stderr, "%02x ", bytes[k]);
    ir_print(&rig->ir, stderr);
    fail_msg("mode %#llx: %s", (unsigned long long)mode, e.msg);
}

/* ---- random instructions ---- */

static u32 put_head(const struct x86_row *row, u64 mode, u8 *b)
{
    static const u8 any[] = { 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65 };
    static const u8 must[] = { [X86_PFX_66] = 0x66, [X86_PFX_F3] = 0xf3, [X86_PFX_F2] = 0xf2 };
    u32 n = 0;
    while (!draw(3))
        b[n++] = any[draw(sizeof any)];
    if (row->prefix < sizeof must && must[row->prefix] && !row->vex)
        b[n++] = must[row->prefix];
    if (mode & X86_M_LONG && !row->vex && (row->w > 0 || draw(2)))
        b[n++] = 0x40 | draw(16) | (row->w > 0 ? 8 : 0);
    return n;
}

static u32 put_vex(const struct x86_row *row, u64 mode, u8 *b)
{
    static const u8 pp[] = { [X86_PFX_66] = 1, [X86_PFX_F3] = 2, [X86_PFX_F2] = 3 };
    u32 l = row->l >= 0 ? (u32)row->l : draw(2), w = row->w >= 0 ? (u32)row->w : draw(2);
    b[0] = 0xc4;
    b[1] = row->map | (mode & X86_M_LONG ? draw(8) << 5 : 0xe0);
    b[2] = (u8)(w << 7 | (row->attr & X86_NOV ? 15 : draw(16)) << 3 | l << 2 | pp[row->prefix]);
    return 3;
}

static void make(const struct x86_row *row, u64 mode, u8 b[32])
{
    u32 n = put_head(row, mode, b);
    if (row->vex) {
        n = put_vex(row, mode, b);
    } else if (row->map) {
        b[n++] = 0x0f;
        if (row->map > 1)
            b[n++] = row->map == 2 ? 0x38 : 0x3a;
    }
    b[n++] = row->opcode | (u8)(draw(256) & ~row->opcode_mask);
    if (row->modrm)
        b[n++] = (u8)(draw(256) & ~row->modrm_mask) | row->modrm_value;
    while (n < 32)
        b[n++] = (u8)draw(256);
}

static const u64 modes[] = {
    USER64, KERNEL64, FLAT32, PROT16, REAL, V86, FLAT32 | X86_M_ADDSEG | 0x6c9ull << 12,
    FLAT32 | X86_M_ADDSEG | X86_M_CSLIM, KERNEL64 | X86_M_TF, FLAT32 | X86_M_SHADOW, REAL | X86_M_TF,
    KERNEL64 | X86_M_RF | X86_M_IBP, FLAT32 | X86_M_IBP, KERNEL64 | X86_M_WATCH, FLAT32 | X86_M_WATCH | X86_M_TF,
    USER64 | X86_M_AC | X86_M_WATCH, KERNEL64 | X86_M_FPSPECIAL, FLAT32 | X86_M_FPSPECIAL | X86_M_WATCH,
    KERNEL64 | X86_M_EM, KERNEL64 | X86_M_TS | X86_M_MP, USER64 | X86_M_UMIP | X86_M_TSD,
    KERNEL64 | X86_M_FSGSBASE | X86_M_NE, FLAT32 | X86_M_DBPEND | X86_M_SHADOW, V86 | 3ull << 46 | X86_M_TF,
    PROT16 | X86_M_SS32,
};

static void every_row_is_good_ir(void **state)
{
    (void)state;
    u8 b[32];
    for (u32 r = 0; r < X86_ROW_COUNT; r++)
        for (u32 n = 0; n < 8 * COUNT(modes); n++) {
            make(&x86_rows[r], modes[n % COUNT(modes)], b);
            lift(modes[n % COUNT(modes)], b, sizeof b, 1);
        }
}

static void random_blocks(void **state)
{
    (void)state;
    u8 b[PAGE_SIZE];
    for (u32 k = 0; k < 2000; k++) {
        u64 mode = modes[draw(COUNT(modes))];
        u32 at = 0, avail = 1 + draw(draw(4) ? 300 : 20);
        for (u8 one[32]; at + 32 < sizeof b && at < avail; at += 1 + draw(12)) {
            make(&x86_rows[draw(X86_ROW_COUNT)], mode, one);
            memcpy(b + at, one, 32);
        }
        lift(mode, b, avail, 1 + draw(40));
    }
}

/* ---- the driver ---- */

static const struct ir_ins *last(void) { return &rig->ir.ins[rig->ir.count - 1]; }

static bool calls(u32 helper)
{
    for (u32 k = 0; k < rig->ir.count; k++)
        if (rig->ir.ins[k].op == IR_call && rig->ir.ins[k].imm == helper)
            return true;
    return false;
}

static void ends_before_what_crosses(void **state)
{
    (void)state;
    static const u8 b[] = { 0x90, 0x01, 0xc8, 0x48, 0x81, 0xc0, 0, 0 };
    lift(KERNEL64, b, sizeof b, 100);
    assert_int_equal(rig->ir.guest_len, 3);
    assert_int_equal(rig->ir.insns, 2);
    assert_int_equal(last()->op, IR_exit_direct);
    assert_int_equal(last()->imm, 3);
    lift(KERNEL64, b + 3, 5, 100);
    assert_int_equal(rig->ir.guest_len, 0);
    assert_int_equal(rig->ir.count, 0);
}

static void ends_at_the_limit(void **state)
{
    (void)state;
    static const u8 b[] = { 0x90, 0x90, 0x90, 0x90 };
    lift(KERNEL64, b, sizeof b, 2);
    assert_int_equal(rig->ir.guest_len, 2);
    lift(KERNEL64, b, sizeof b, 100);
    assert_int_equal(rig->ir.guest_len, 4);
    assert_int_equal(rig->ir.insns, 4);
    lift(KERNEL64 | X86_M_TF, b, sizeof b, 100);
    assert_int_equal(rig->ir.insns, 1);
    assert_true(calls(X86_H_step_done));
    assert_int_equal(last()->op, IR_exit_mode);
}

static void expect_exc(u64 mode, const char *bytes, u32 len, u32 code)
{
    lift(mode, (const u8 *)bytes, len, 1);
    assert_int_equal(last()->op, IR_exit_exc);
    assert_int_equal(last()->imm, code);
    assert_int_equal(rig->ir.insns, 1);
}

static void attributes(void **state)
{
    (void)state;
    u32 gp = X86_GP | X86_EXC_CODE;
    expect_exc(USER64, "\xf4", 1, gp);          /* HLT */
    expect_exc(V86, "\x0f\x06", 2, gp);         /* CLTS */
    expect_exc(V86, "\x0f\x00\xd0", 3, X86_UD); /* LLDT: the mode comes first */
    expect_exc(KERNEL64, "\x0f\x0b", 2, X86_UD);
    expect_exc(KERNEL64, "\xf0\x90", 2, X86_UD);
    expect_exc(KERNEL64, "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66", 15, gp);
}

static void debug_modes(void **state)
{
    (void)state;
    static const u8 b[] = { 0x90, 0x90 };
    lift(KERNEL64 | X86_M_IBP, b, 2, 100);
    assert_true(calls(X86_H_ibp_check));
    assert_int_equal(rig->ir.insns, 2);
    lift(KERNEL64 | X86_M_IBP | X86_M_RF, b, 2, 100);
    assert_false(calls(X86_H_ibp_check));
    assert_int_equal(rig->ir.insns, 1);
    lift(KERNEL64 | X86_M_SHADOW, b, 2, 100);
    assert_true(calls(X86_H_sample));
    lift(KERNEL64 | X86_M_DBPEND, b, 2, 100);
    assert_true(calls(X86_H_db_pending));
    assert_int_equal(rig->ir.insns, 1);
    lift(KERNEL64 | X86_M_WATCH, (const u8 *)"\x8b\x03\x90", 3, 100);
    assert_true(calls(X86_H_watch));
    assert_int_equal(rig->ir.insns, 2);
    lift(KERNEL64, (const u8 *)"\x8b\x03\x90", 3, 100);
    assert_false(calls(X86_H_watch));
}

static int setup(void **state)
{
    (void)state;
    rig = calloc(1, sizeof *rig);
    if (!rig)
        return 1;
    memset(rig->model.features, 0xff, sizeof rig->model.features);
    rig->w.model = &rig->model;
    rig->v.m = &rig->m;
    rig->v.wiring = &rig->w;
    rig->v.guest = &x86_guest;
    rig->rng = 1;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(rig);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_before_what_crosses), cmocka_unit_test(ends_at_the_limit), cmocka_unit_test(attributes),
        cmocka_unit_test(debug_modes), cmocka_unit_test(every_row_is_good_ir), cmocka_unit_test(random_blocks),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
