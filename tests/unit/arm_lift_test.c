/*
 * arm_lift_test.c - the A64 lifters of integer, branch, and load and store instructions (DDI 0487, C4.1.93 to
 * C4.1.96).
 *
 * Recorded instructions run on the interpreter; every row's IR passes the verifier in every mode; what the recordings
 * cannot show is tested by hand: big-endian data, alignment, tags, exclusives, what a fault leaves behind.
 */
#include "frontend/arm/lift.h"
#include "tests/unit/arm_lift_vectors.h"
#include "tests/unit/arm_rig.h"
#include <string.h>

#define BASE RAM /* a page of code, then the data of the recordings */
#define TEST_PC (BASE + 0x200)
#define DATA (BASE + 0x1000)
#define DATA_SIZE 0x30000u
#define MID (DATA + DATA_SIZE / 2)

static struct ir_block block;

/* ---- recordings ---- */

struct sample {
    u64 x[31], sp, nzcv, v[64];
};

static u64 next(u64 *s)
{
    *s ^= *s >> 12;
    *s ^= *s << 25;
    *s ^= *s >> 27;
    return *s * 0x2545f4914f6cdd1d;
}

static void sample_fill(struct sample *t, u64 seed, u32 insn)
{
    u64 s = seed * 0x9e3779b97f4a7c15 | 1;
    next(&s);
    for (u32 i = 0; i < 31; i++) {
        u64 kind = next(&s), x = next(&s);
        u32 n = kind >> 8 & 63;
        t->x[i] = (kind & 3) == 0 ? x >> n : (kind & 3) == 1 ? (u64)((i64)x >> n) : x;
    }
    t->x[1] = MID + ((next(&s) & 31) << 4);
    t->x[2] = next(&s) % 256;
    t->sp = MID + 0x400 + ((next(&s) & 31) << 4);
    t->nzcv = next(&s) & 15;
    for (u32 i = 0; i < 64; i++)
        t->v[i] = next(&s);
    if ((insn & 0xfe000000) == 0xd6000000) /* branches to a register */
        t->x[1] = BASE + 0x540;
}

static void data_fill(u8 *p)
{
    u64 s = 88172645463325252;
    for (u32 i = 0; i < DATA_SIZE; i += 8) {
        s ^= s << 13;
        s ^= s >> 7;
        s ^= s << 17;
        memcpy(p + i, &s, 8);
    }
}

static u64 hash_add(u64 h, u64 v)
{
    for (u32 i = 0; i < 8; i++)
        h = (h ^ (v >> 8 * i & 0xff)) * 0x100000001b3;
    return h;
}

/* pc in the page, registers, flags, then each changed line of the data, which is put back. */
static u64 hash_after(struct rig *r, const u8 *before)
{
    const struct a64_state *s = r->s;
    u64 h = hash_add(0xcbf29ce484222325, r->v->s.pc - BASE);
    for (u32 i = 0; i < 31; i++)
        h = hash_add(h, s->x[i]);
    h = hash_add(h, s->sp);
    h = hash_add(h, (u64)(s->n << 3 | s->z << 2 | s->c << 1 | s->vf));
    for (u32 i = 0; i < 64; i++)
        h = hash_add(h, s->v[i]);
    const u8 *now = physmap_ptr(&r->m->map, DATA, DATA_SIZE);
    for (u32 at = 0; at < DATA_SIZE; at += 64) {
        if (!memcmp(now + at, before + at, 64))
            continue;
        h = hash_add(h, at);
        for (u32 i = 0; i < 64; i += 8)
            h = hash_add(h, load_le64(now + at + i));
        assert_true(physmap_write(&r->m->map, DATA + at, before + at, 64));
    }
    return h;
}

/* RAM from 1 GB mapped one to one, normal memory; EL1 with FP, unprivileged accesses as privileged ones. */
static void rig_mapped(struct rig *r)
{
    rig_init(r, "max", A64_PSCI_NONE);
    r->next_table = CODE - (1 << 20);
    mmu_on(r, 12);
    map_at(r, r->s->ttbr0_el1, 12, 1, RAM, RAM | D_BLOCK | D_AF);
    r->s->cpacr_el1 = 3 << 20;
    r->s->uao = 1;
}

static void run_at(struct rig *r, u64 pc, const u32 *words, u32 count)
{
    assert_true(physmap_write(&r->m->map, pc, words, 4ull * count));
    r->v->s.pc = pc;
    for (u64 end = r->v->s.icount + count; r->v->s.icount < end;)
        interp_engine.run(r->v, end - r->v->s.icount);
}

static void test_recorded(void **state)
{
    (void)state;
    struct rig r;
    static u8 before[DATA_SIZE];
    u32 bad = 0;
    rig_mapped(&r);
    data_fill(before);
    assert_true(physmap_write(&r.m->map, DATA, before, DATA_SIZE));
    for (u32 i = 0; i < COUNT(lift_vectors); i++) {
        const struct lift_vector *t = &lift_vectors[i];
        struct sample in;
        sample_fill(&in, t->seed, t->insn);
        memcpy(r.s->x, in.x, sizeof in.x);
        memcpy(r.s->v, in.v, sizeof in.v);
        r.s->sp = in.sp;
        r.s->n = in.nzcv >> 3 & 1;
        r.s->z = in.nzcv >> 2 & 1;
        r.s->c = in.nzcv >> 1 & 1;
        r.s->vf = in.nzcv & 1;
        run_at(&r, TEST_PC, &t->insn, 1);
        if (hash_after(&r, before) != t->hash) {
            u32 row = a64_match(t->insn, ~0ull);
            print_error("%08x (%s): wrong result\n", t->insn, row < A64_ROW_COUNT ? a64_rows[row].name : "?");
            bad++;
        }
    }
    assert_int_equal(bad, 0);
    rig_free(&r);
}

/* ---- lifting without running ---- */

static void lift_at(struct rig *r, u64 mode, u32 page_off, const u32 *words, u32 count, u32 max)
{
    static u8 page[PAGE_SIZE];
    memset(page, 0, sizeof page);
    memcpy(page + page_off, words, MIN(4 * count, PAGE_SIZE - page_off));
    struct guest_code code = { page + page_off, PAGE_SIZE - page_off, max };
    struct err e;
    a64_lift_block(r->v, mode, &code, &block);
    if (!ir_verify(&block, &e)) {
        ir_print(&block, stderr);
        fail_msg("%08x mode %#llx: %s", words[0], (unsigned long long)mode, e.msg);
    }
}
#define LIFT(r, mode, max, ...)                                                                       \
    lift_at(r, mode, 0, (const u32[]){ __VA_ARGS__ }, (u32)(sizeof((const u32[]){ __VA_ARGS__ }) / 4), max)

static u32 count_op(enum ir_op op)
{
    u32 n = 0;
    for (u32 i = 0; i < block.count; i++)
        n += block.ins[i].op == op;
    return n;
}

static const struct ir_ins *find_op(enum ir_op op)
{
    for (u32 i = 0; i < block.count; i++)
        if (block.ins[i].op == op)
            return &block.ins[i];
    fail_msg("no %s", ir_rows[op].name);
    return NULL;
}

static void expect_exc(enum a64_exc code)
{
    const struct ir_ins *last = &block.ins[block.count - 1];
    assert_int_equal(last->op, IR_exit_exc);
    assert_int_equal(last->imm, code);
}

static void test_every_row_verifies(void **state)
{
    (void)state;
    static const u64 modes[] = {
        0, A64_M_EL1 | A64_MMU_EL1 | A64_M_SPALIGN | A64_M_TBI0 | A64_M_SPSEL,
        A64_M_ALIGN | A64_M_SPALIGN | A64_M_TBI1,
        A64_M_BE | A64_M_TBI0 | A64_M_TBI1, A64_M_BE | A64_M_ALIGN | A64_M_EL1 | A64_M_UAO, A64_M_FPTRAP, A64_M_SS,
        A64_M_IL, A64_M_UCI | A64_M_DZE | A64_M_UCT | A64_M_UMA | A64_M_NTWE | A64_M_NTWI
    };
    struct rig r;
    u64 s = 1;
    rig_init(&r, "max", A64_PSCI_NONE);
    for (u32 row = 0; row < A64_ROW_COUNT; row++)
        for (u32 k = 0; k < 64; k++) {
            u32 w = a64_rows[row].value | ((u32)(next(&s) >> 16) & ~a64_rows[row].mask);
            for (u32 m = 0; m < COUNT(modes); m++)
                LIFT(&r, modes[m], 2, w, w);
        }
    rig_free(&r);
}

#define NOP 0xd503201fu
#define UDF 0u
#define RET 0xd65f03c0u
#define LDR_SP 0xf94003e0u     /* ldr x0, [sp] */
#define ADD_SP(n) (0x910003ffu | (n) << 10)

static void test_driver(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "max", A64_PSCI_NONE);
    LIFT(&r, 0, 3, NOP, NOP, NOP, NOP, NOP); /* the limit */
    assert_int_equal(block.insns, 3);
    assert_int_equal(block.guest_len, 12);
    assert_int_equal(find_op(IR_exit_direct)->imm, 12);
    lift_at(&r, 0, PAGE_SIZE - 8, (const u32[]){ NOP, NOP }, 2, 64); /* the page */
    assert_int_equal(block.insns, 2);
    assert_int_equal(find_op(IR_exit_direct)->imm, 8);
    LIFT(&r, 0, 64, NOP, RET, NOP); /* a branch */
    assert_int_equal(block.insns, 2);
    assert_int_equal(find_op(IR_exit_indirect)->flag, IR_HINT_ret);
    LIFT(&r, 0, 64, NOP, UDF); /* unallocated */
    assert_int_equal(block.insns, 2);
    expect_exc(A64_EXC_UNDEF);
    LIFT(&r, A64_M_SS, 64, NOP, NOP);
    assert_int_equal(block.insns, 1);
    LIFT(&r, A64_M_IL, 64, NOP, NOP);
    assert_int_equal(block.insns, 1);
    expect_exc(A64_EXC_ILLEGAL);
    LIFT(&r, A64_M_FPTRAP, 64, NOP, 0x3dc00020u); /* ldr q0, [x1] */
    expect_exc(A64_EXC_FPTRAP);
    assert_int_equal(count_op(IR_load), 0);
    LIFT(&r, 0, 64, 0x94000004u); /* bl . + 16 */
    assert_int_equal(find_op(IR_exit_direct)->imm, 16);
    assert_int_equal(find_op(IR_exit_direct)->flag, IR_HINT_call);
    assert_int_equal(find_op(IR_exit_direct)->imm2, 4);
    rig_free(&r);
}

static void test_sp_checked_once(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "max", A64_PSCI_NONE);
    LIFT(&r, 0, 64, LDR_SP, RET);
    assert_int_equal(count_op(IR_skip), 0);
    LIFT(&r, A64_M_SPALIGN, 64, LDR_SP, LDR_SP, ADD_SP(16), LDR_SP, 0xa9bf7bfdu /* stp x29, x30, [sp, -16]! */,
         LDR_SP, RET);
    assert_int_equal(count_op(IR_skip), 1);
    LIFT(&r, A64_M_SPALIGN, 64, LDR_SP, ADD_SP(8), LDR_SP, RET);
    assert_int_equal(count_op(IR_skip), 2);
    LIFT(&r, A64_M_SPALIGN, 64, LDR_SP, 0x9100003fu /* mov sp, x1 */, LDR_SP, RET);
    assert_int_equal(count_op(IR_skip), 2);
    LIFT(&r, A64_M_SPALIGN, 64, LDR_SP, 0xf84087e0u /* ldr x0, [sp], 8 */, LDR_SP, RET);
    assert_int_equal(count_op(IR_skip), 2);
    LIFT(&r, A64_M_SPALIGN, 64, 0xf98003e0u /* prfm [sp] */, RET);
    assert_int_equal(count_op(IR_skip), 0);
    rig_free(&r);
}

static struct ir_mem mem_of(struct rig *r, u64 mode, u32 insn, enum ir_op op)
{
    LIFT(r, mode, 1, insn);
    return ir_mem_unpack(find_op(op)->aux);
}

static void test_access_rules(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "max", A64_PSCI_NONE);
    u64 el1 = A64_M_EL1 | A64_MMU_EL1;
    const u32 ldtr = 0xf8400820u, ldr = 0xf9400020u, ldp = 0xa9400820u, ldar = 0xc8dffc20u, ldxp = 0xc87f0820u;
    assert_int_equal(mem_of(&r, el1, ldr, IR_load).mmu, A64_MMU_EL1);
    assert_int_equal(mem_of(&r, el1, ldtr, IR_load).mmu, A64_MMU_EL0);
    assert_int_equal(mem_of(&r, el1 | A64_M_UAO, ldtr, IR_load).mmu, A64_MMU_EL1);
    assert_int_equal(mem_of(&r, A64_M_EL1 | A64_MMU_EL1_PAN, ldr, IR_load).mmu, A64_MMU_EL1_PAN);
    assert_int_equal(mem_of(&r, 0, ldtr, IR_load).mmu, A64_MMU_EL0);
    assert_int_equal(mem_of(&r, 0, ldr, IR_load).align, 0);
    assert_int_equal(mem_of(&r, A64_M_ALIGN, ldr, IR_load).align, 3);
    assert_int_equal(mem_of(&r, A64_M_ALIGN, ldp, IR_load).align, 3);
    assert_int_equal(mem_of(&r, A64_M_ALIGN, ldp, IR_load).size, 4);
    assert_int_equal(mem_of(&r, 0, ldar, IR_load).align, 3);
    assert_int_equal(mem_of(&r, 0, ldar, IR_load).order, IR_SEQ);
    assert_int_equal(mem_of(&r, 0, ldxp, IR_ldex).align, 4);
    assert_int_equal(mem_of(&r, A64_M_BE, ldxp, IR_ldex).bswap, 3);
    assert_int_equal(mem_of(&r, A64_M_BE, 0x3dc00020u /* ldr q0 */, IR_load).bswap, 4);
    assert_int_equal(mem_of(&r, A64_M_BE, 0x4c407420u /* ld1 {v0.8h} */, IR_load).bswap, 1);
    rig_free(&r);
}

/* ---- running by hand ---- */

#define WORDS(...) (const u32[]){ __VA_ARGS__ }
#define RUN_HERE(r, ...) run_at(r, CODE, WORDS(__VA_ARGS__), (u32)(sizeof(WORDS(__VA_ARGS__)) / 4))

static u64 peek64(struct rig *r, gpa a)
{
    u64 v = 0;
    assert_true(physmap_read(&r->m->map, a, &v, 8));
    return v;
}

static void test_page_address(void **state)
{
    (void)state;
    struct rig r;
    rig_mapped(&r);
    for (u32 off = 0; off < PAGE_SIZE; off += 0x554) {
        run_at(&r, CODE + off, WORDS(NOP, 0xb0000000u /* adrp x0, . + 4 KB */, 0x10000041u /* adr x1, . + 8 */), 3);
        u64 pc = CODE + off;
        assert_int_equal(r.s->x[0], ((pc + 4) & PAGE_MASK) + 4096);
        assert_int_equal(r.s->x[1], pc + 16);
    }
    rig_free(&r);
}

static void test_exclusives(void **state)
{
    (void)state;
    const u32 ldxr = 0xc85f7c20u, stxr = 0xc8027c23u /* w2, x3, [x1] */, ldxp = 0xc87f1420u /* x0, x5, [x1] */;
    const u32 stxp = 0xc8221823u /* w2, x3, x6, [x1] */, clrex = 0xd5033f5fu;
    struct rig r;
    rig_mapped(&r);
    put64(&r, MID, 0x1122334455667788);
    r.s->x[1] = MID;
    r.s->x[3] = 99;
    r.s->x[6] = 77;
    RUN_HERE(&r, ldxr, stxr);
    assert_int_equal(r.s->x[0], 0x1122334455667788);
    assert_int_equal(r.s->x[2], 0);
    assert_int_equal(peek64(&r, MID), 99);
    r.s->x[3] = 98;
    RUN_HERE(&r, stxr); /* the monitor is open now */
    assert_int_equal(r.s->x[2], 1);
    assert_int_equal(peek64(&r, MID), 99);
    RUN_HERE(&r, ldxr, clrex, stxr);
    assert_int_equal(r.s->x[2], 1);
    RUN_HERE(&r, ldxp, stxp);
    assert_int_equal(r.s->x[2], 0);
    assert_int_equal(peek64(&r, MID), 98);
    assert_int_equal(peek64(&r, MID + 8), 77);
    r.s->x[1] = MID + 8; /* a pair must be aligned to 16 bytes */
    r.s->x[0] = 5;
    RUN_HERE(&r, ldxp);
    assert_int_equal(r.s->x[0], 5);
    assert_int_equal(r.s->esr_el1, 0x25ull << 26 | 1 << 25 | 0x21);
    assert_int_equal(r.s->far_el1, MID + 8);
    rig_free(&r);
}

static void test_big_endian(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, "max", A64_PSCI_NONE); /* translation off: EE is the byte order of walks, too */
    r.s->cpacr_el1 = 3 << 20;
    r.s->sctlr_el1 |= 1 << 25;
    put64(&r, MID, 0x0706050403020100); /* bytes 0, 1, 2 ... 15 */
    put64(&r, MID + 8, 0x0f0e0d0c0b0a0908);
    r.s->x[1] = MID;
    RUN_HERE(&r, 0xf9400020u /* ldr x0, [x1] */, 0xb9400022u /* ldr w2, [x1] */, 0x79c00023u /* ldrsh w3, [x1] */);
    assert_int_equal(r.s->x[0], 0x0001020304050607);
    assert_int_equal(r.s->x[2], 0x00010203);
    assert_int_equal(r.s->x[3], 0x0001);
    RUN_HERE(&r, 0xa9400820u /* ldp x0, x2, [x1] */, 0x29401023u /* ldp w3, w4, [x1] */);
    assert_int_equal(r.s->x[0], 0x0001020304050607);
    assert_int_equal(r.s->x[2], 0x08090a0b0c0d0e0f);
    assert_int_equal(r.s->x[3], 0x00010203);
    assert_int_equal(r.s->x[4], 0x04050607);
    RUN_HERE(&r, 0x3dc00020u /* ldr q0, [x1] */, 0x4c407421u /* ld1 {v1.8h}, [x1] */,
             0x0c408822u /* ld2 {v2.2s, v3.2s}, [x1] */);
    assert_int_equal(r.s->v[0], 0x08090a0b0c0d0e0f);
    assert_int_equal(r.s->v[1], 0x0001020304050607);
    assert_int_equal(r.s->v[2], 0x0607040502030001);
    assert_int_equal(r.s->v[3], 0x0e0f0c0d0a0b0809);
    assert_int_equal(r.s->v[4], 0x08090a0b00010203);
    assert_int_equal(r.s->v[6], 0x0c0d0e0f04050607);
    RUN_HERE(&r, 0xa9010820u /* stp x0, x2, [x1, 16] */, 0x3d800820u /* str q0, [x1, 32] */);
    assert_int_equal(peek64(&r, MID + 16), 0x0706050403020100);
    assert_int_equal(peek64(&r, MID + 24), 0x0f0e0d0c0b0a0908);
    assert_int_equal(peek64(&r, MID + 32), 0x0706050403020100);
    assert_int_equal(peek64(&r, MID + 40), 0x0f0e0d0c0b0a0908);
    r.s->x[5] = 1;
    RUN_HERE(&r, 0xf8250024u /* ldadd x5, x4, [x1] */);
    assert_int_equal(r.s->x[4], 0x0001020304050607);
    assert_int_equal(peek64(&r, MID), 0x0806050403020100);
    rig_free(&r);
}

static u64 branch_to(struct rig *r, u64 tbi, u64 target)
{
    r->s->tcr_el1 = (r->s->tcr_el1 & ~(3ull << 37)) | tbi << 37;
    r->s->x[1] = target;
    r->s->x[30] = 0;
    RUN_HERE(r, 0xd63f0020u); /* blr x1 */
    assert_int_equal(r->s->x[30], CODE + 4);
    return r->v->s.pc;
}

static void test_branch_tags(void **state)
{
    (void)state;
    const u64 low = 0xab00000040001000, high = 0xcdff000040001000; /* bit 55: 0, 1 */
    struct rig r;
    rig_mapped(&r);
    assert_int_equal(branch_to(&r, 0, low), low);
    assert_int_equal(branch_to(&r, 0, high), high);
    assert_int_equal(branch_to(&r, 1, low), 0x40001000);
    assert_int_equal(branch_to(&r, 1, high), high);
    assert_int_equal(branch_to(&r, 2, low), low);
    assert_int_equal(branch_to(&r, 2, high), 0xffff000040001000);
    assert_int_equal(branch_to(&r, 3, low), 0x40001000);
    assert_int_equal(branch_to(&r, 3, high), 0xffff000040001000);
    r.s->x[30] = MID;
    RUN_HERE(&r, 0xd63f03c0u); /* blr x30 */
    assert_int_equal(r.v->s.pc, MID);
    assert_int_equal(r.s->x[30], CODE + 4);
    rig_free(&r);
}

static void test_sp_fault(void **state)
{
    (void)state;
    struct rig r;
    rig_mapped(&r);
    r.s->sctlr_el1 |= 1 << 3;
    r.s->sp = MID + 8;
    RUN_HERE(&r, LDR_SP);
    assert_int_equal(r.s->esr_el1 >> 26, 0x26);
    assert_int_equal(r.s->elr_el1, CODE);
    rig_free(&r);
}

/* Ends of RAM: stores over it store nothing, loads load nothing, the base stays. */
static void test_half_faulting(void **state)
{
    (void)state;
    static const u32 stores[] = {
        0xa9800822u /* stp x2, x2, [x1, 0]! */,       0xad800420u /* stp q0, q1, [x1, 0]! */,
        0x6d800420u /* stp d0, d1, [x1, 0]! */,       0x4c9f2020u /* st1 {v0.16b - v3.16b}, [x1], 64 */,
        0x4c9f0020u /* st4 {v0.16b ...}, [x1], 64 */, 0x4c9f4c20u /* st3 {v0.2d ...}, [x1], 48 */,
        0x4dbf8020u /* st2 {v0.s, v1.s}[2], [x1], 8 */
    };
    struct rig r;
    rig_mapped(&r);
    const u64 end = RAM + RAM_SIZE;
    r.s->x[2] = ~0ull;
    memset(r.s->v, 0xff, sizeof r.s->v);
    for (u32 i = 0; i < COUNT(stores); i++) {
        u64 back = i == 6 ? 4 : 8;
        r.s->x[1] = end - back;
        put64(&r, end - 8, 0);
        RUN_HERE(&r, stores[i]);
        assert_int_equal(r.s->esr_el1 >> 26, 0x25);
        assert_int_equal(r.s->elr_el1, CODE);
        assert_int_equal(r.s->x[1], end - back);
        assert_int_equal(peek64(&r, end - 8), 0);
    }
    r.s->x[1] = end - 8;
    RUN_HERE(&r, 0xa9c01422u /* ldp x2, x5, [x1, 0]! */);
    assert_int_equal(r.s->esr_el1 >> 26, 0x25);
    assert_int_equal(r.s->x[2], ~0ull);
    assert_int_equal(r.s->far_el1, end);
    rig_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded),         cmocka_unit_test(test_every_row_verifies),
        cmocka_unit_test(test_driver),           cmocka_unit_test(test_sp_checked_once),
        cmocka_unit_test(test_access_rules),     cmocka_unit_test(test_page_address),
        cmocka_unit_test(test_exclusives),       cmocka_unit_test(test_big_endian),
        cmocka_unit_test(test_branch_tags),      cmocka_unit_test(test_sp_fault),
        cmocka_unit_test(test_half_faulting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
