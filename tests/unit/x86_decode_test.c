/*
 * x86_decode_test.c - the x86 decoder: prefixes, limits, modes, VEX, LOCK, operands. What the rows say is compared
 * with a disassembler by tests/decode/check_x86.py.
 */
#include "frontend/x86/cpu.h"
#include "frontend/x86/insn.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define M16   X86_M_PE
#define M32   (X86_M_PE | X86_M_CS32 | X86_M_SS32)
#define M64   (X86_M_PE | X86_M_LONG | X86_M_LMA)
#define REAL  0ull
#define V86   (X86_M_PE | X86_M_VM)

static const u64 all[2] = { ~0ull, ~0ull };

static u32 bytes_of(const char *hex, u8 *out)
{
    u32 n = 0;
    for (unsigned b; sscanf(hex, " %2x", &b) == 1; n++) {
        out[n] = (u8)b;
        hex += strspn(hex, " ") + 2;
    }
    return n;
}

static enum x86_decoded decode(u64 mode, const char *hex, struct x86_insn *i)
{
    u8 b[32];
    return x86_decode(b, bytes_of(hex, b), mode, all, i);
}

static struct x86_insn ok(u64 mode, const char *hex, const char *row)
{
    struct x86_insn i;
    u8 b[32];
    if (decode(mode, hex, &i) != X86_OK)
        fail_msg("%s is not taken", hex);
    assert_string_equal(i.row->name, row);
    assert_int_equal(i.len, bytes_of(hex, b));
    return i;
}

static void refused(u64 mode, const char *hex, enum x86_decoded why)
{
    struct x86_insn i;
    enum x86_decoded d = decode(mode, hex, &i);
    if (d != why)
        fail_msg("%s: %u, expected %u", hex, d, why);
}

static void ud(u64 mode, const char *hex) { refused(mode, hex, X86_UNDEFINED); }

/* ---- sizes ---- */

static void operand_and_address_size(void **state)
{
    (void)state;
    static const struct { u64 mode; const char *hex; u8 opsize, adsize; } cases[] = {
        { M16, "8b 07", 2, 2 }, { M16, "66 8b 07", 4, 2 }, { M16, "67 8b 07", 2, 4 }, { M16, "66 67 8b 07", 4, 4 },
        { M32, "8b 07", 4, 4 }, { M32, "66 8b 07", 2, 4 }, { M32, "67 8b 07", 4, 2 },
        { M64, "8b 07", 4, 8 }, { M64, "66 8b 07", 2, 8 }, { M64, "67 8b 07", 4, 4 }, { M64, "48 8b 07", 8, 8 },
        { M64, "66 48 8b 07", 8, 8 }, { V86, "8b 07", 2, 2 }, { REAL, "66 8b 07", 4, 2 },
    };
    for (u32 n = 0; n < COUNT(cases); n++) {
        struct x86_insn i = ok(cases[n].mode, cases[n].hex, "mov_GvEv");
        assert_int_equal(i.opsize, cases[n].opsize);
        assert_int_equal(i.adsize, cases[n].adsize);
        assert_int_equal(i.op[0].size, cases[n].opsize);
    }
}

static void sizes_of_64_bit_mode(void **state)
{
    (void)state;
    assert_int_equal(ok(M64, "50", "push_Zv").opsize, 8);
    assert_int_equal(ok(M64, "66 50", "push_Zv").opsize, 2);
    assert_int_equal(ok(M64, "48 50", "push_Zv").opsize, 8);
    assert_int_equal(ok(M64, "66 e9 11 22 33 44", "jmp_Jz").opsize, 8); /* 66 is ignored */
    assert_int_equal(ok(M64, "c3", "ret").opsize, 8);
    assert_int_equal(ok(M64, "cb", "retf").opsize, 4);
    assert_int_equal(ok(M64, "48 cf", "iret").opsize, 8);
    assert_int_equal(ok(M64, "0f 20 c0", "mov_RmCm").op[0].size, 8);
    assert_int_equal(ok(M32, "0f 20 c0", "mov_RmCm").op[0].size, 4);
    assert_int_equal(ok(M16, "0f 20 c0", "mov_RmCm").op[0].size, 4);
    assert_int_equal(ok(M64, "0f 01 10", "lgdt").op[0].size, 10);
    assert_int_equal(ok(M16, "0f 01 17", "lgdt").op[0].size, 6);
}

/* ---- prefixes ---- */

static void rex_counts_before_the_opcode(void **state)
{
    (void)state;
    struct x86_insn i = ok(M64, "4d 89 c1", "mov_EvGv");
    assert_int_equal(i.op[0].reg, 9);
    assert_int_equal(i.op[1].reg, 8);
    assert_int_equal(i.op[0].size, 8);
    i = ok(M64, "48 66 89 c1", "mov_EvGv"); /* not directly before it: ignored */
    assert_int_equal(i.rex, 0);
    assert_int_equal(i.opsize, 2);
    i = ok(M64, "48 41 89 c1", "mov_EvGv"); /* the last one counts */
    assert_int_equal(i.opsize, 4);
    assert_int_equal(i.op[0].reg, 9);
    ok(M32, "48", "dec_Zv");
}

static void byte_registers(void **state)
{
    (void)state;
    struct x86_insn i = ok(M64, "88 e0", "mov_EbGb"); /* mov al, ah */
    assert_true(i.op[1].high);
    assert_int_equal(i.op[1].reg, X86_RAX);
    assert_false(i.op[0].high);
    i = ok(M64, "40 88 e0", "mov_EbGb"); /* mov al, spl */
    assert_false(i.op[1].high);
    assert_int_equal(i.op[1].reg, X86_RSP);
    i = ok(M32, "b7 12", "mov_ZbIb"); /* mov bh, 12h */
    assert_true(i.op[0].high);
    assert_int_equal(i.op[0].reg, X86_RBX);
}

static void segments(void **state)
{
    (void)state;
    assert_int_equal(ok(M32, "8b 03", "mov_GvEv").seg, X86_DS);
    assert_int_equal(ok(M32, "8b 45 00", "mov_GvEv").seg, X86_SS);
    assert_int_equal(ok(M32, "8b 04 24", "mov_GvEv").seg, X86_SS);
    assert_int_equal(ok(M32, "8b 04 6b", "mov_GvEv").seg, X86_DS);              /* EBP as the index */
    assert_int_equal(ok(M32, "8b 04 6d 00 00 00 00", "mov_GvEv").seg, X86_DS); /* no base */
    assert_int_equal(ok(M16, "8b 02", "mov_GvEv").seg, X86_SS);                 /* [bp+si] */
    assert_int_equal(ok(M16, "8b 06 00 00", "mov_GvEv").seg, X86_DS);
    assert_int_equal(ok(M64, "41 8b 45 00", "mov_GvEv").seg, X86_DS); /* r13 */
    assert_int_equal(ok(M64, "2e 8b 45 00", "mov_GvEv").seg, X86_SS); /* only FS and GS count */
    assert_int_equal(ok(M64, "64 2e 8b 03", "mov_GvEv").seg, X86_FS);
    assert_int_equal(ok(M32, "64 26 8b 03", "mov_GvEv").seg, X86_ES); /* the last one counts */
    assert_int_equal(ok(M32, "65 a4", "movs_b").seg, X86_GS);
    assert_int_equal(ok(M32, "36 d7", "xlat").seg, X86_SS);
}

static void mandatory_prefixes(void **state)
{
    (void)state;
    ok(M64, "0f bc c0", "bsf");
    ok(M64, "f3 0f bc c0", "tzcnt");
    ok(M64, "f2 0f bc c0", "bsf");
    ok(M64, "f2 f3 0f bc c0", "tzcnt"); /* the last of F2 and F3 */
    ok(M64, "f3 f2 0f bc c0", "bsf");
    assert_int_equal(ok(M64, "66 f3 0f b8 c0", "popcnt").opsize, 2); /* F3 wins, 66 is the operand size */
    ud(M64, "0f b8 c0");
    ok(M64, "66 0f 38 f6 c0", "adcx");
    assert_int_equal(ok(M64, "66 0f 38 f6 c0", "adcx").op[0].size, 4);
    ok(M64, "66 f3 0f 38 f6 c0", "adox");
    ud(M64, "66 f2 0f 38 f6 c0");
    ok(M64, "66 f2 0f 38 f1 c0", "crc32_GyEv");
    ok(M64, "66 0f 38 f1 00", "movbe_MvGv");
    ud(M64, "f3 0f 38 f0 00");
    ud(M64, "66 0f 01 d0"); /* XGETBV with a prefix */
    ok(M64, "0f 01 d0", "xgetbv");
    ok(M64, "f3 90", "pause");
    ok(M64, "f3 49 90", "xchg_ZvrAX");
    ok(M64, "48 90", "nop");
}

static void rep(void **state)
{
    (void)state;
    assert_int_equal(ok(M32, "f3 a4", "movs_b").rep, X86_REP_E);
    assert_int_equal(ok(M32, "f2 a6", "cmps_b").rep, X86_REP_NE);
    assert_int_equal(ok(M32, "f2 f3 a6", "cmps_b").rep, X86_REP_E);
    assert_int_equal(ok(M32, "f3 c3", "ret").rep, X86_REP_NONE);
}

static void lock(void **state)
{
    (void)state;
    assert_true(ok(M64, "f0 01 00", "add_EvGv").lock);
    ud(M64, "f0 01 c0");          /* register */
    ud(M64, "f0 03 00");          /* memory is the source */
    ud(M64, "f0 39 00");          /* CMP */
    ud(M64, "f0 89 00");          /* MOV */
    ud(M64, "f0 0f a3 00");       /* BT */
    ok(M64, "f0 0f ab 00", "bts_EvGv");
    ok(M64, "f0 0f c7 08", "cmpxchg8b");
    ok(M64, "f0 48 0f c7 08", "cmpxchg16b");
    ok(M64, "f0 86 00", "xchg_EbGb");
    ud(M64, "f0 90");
    ud(M64, "f0 d1 20");          /* SHL */
    ok(M64, "f0 f6 18", "neg_Eb");
    ud(M64, "f0 f6 20");          /* MUL */
}

/* ---- length ---- */

static void fifteen_bytes(void **state)
{
    (void)state;
    ok(M32, "66 66 66 66 66 66 66 66 66 66 66 66 66 66 90", "nop");
    refused(M32, "66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90", X86_TOO_LONG);
    refused(M32, "66 66 66 66 66 66 66 66 66 66 66 66 66 66 01 00", X86_TOO_LONG);
    refused(M32, "2e 2e 2e 2e 2e 2e 81 84 24 11 22 33 44 11 22 33 44", X86_TOO_LONG);
    ok(M32, "2e 2e 2e 2e 81 84 24 11 22 33 44 11 22 33 44", "add_EvIz");
}

/* Every shorter piece of an instruction asks for more, and nothing beyond it is read. */
static void more(void **state)
{
    (void)state;
    static const char *const list[] = {
        "66 f0 48 81 84 24 11 22 33 44 11 22 33 44", "0f 38 f0 00", "c4 e2 78 f7 04 25 11 22 33 44",
        "48 b8 11 22 33 44 55 66 77 88", "c8 11 22 33", "48 a1 11 22 33 44 55 66 77 88", "0f ba 20 11",
        "c4 e3 7b f0 c0 11",
    };
    for (u32 n = 0; n < COUNT(list); n++) {
        u8 b[32];
        struct x86_insn i;
        u32 len = bytes_of(list[n], b);
        for (u32 k = 0; k < len; k++) {
            u8 *copy = malloc(k ? k : 1); /* under ASan a read beyond it is an error */
            assert_non_null(copy);
            memcpy(copy, b, k);
            assert_int_equal(x86_decode(copy, k, M64, all, &i), X86_MORE);
            free(copy);
        }
        assert_int_equal(x86_decode(b, len, M64, all, &i), X86_OK);
        assert_int_equal(i.len, len);
    }
}

/* With X86_UNDEFINED, len covers what was looked at: an engine that was told X86_MORE gets a longer one. */
static void undefined_length(void **state)
{
    (void)state;
    static const char *const list[] = { "66 c4 e2", "f0 01 c0", "0f 38 ff", "c4 e4 78 f7 c0", "0f 0f 00 0c",
                                        "8e ff" };
    for (u32 n = 0; n < COUNT(list); n++) {
        u8 b[32];
        struct x86_insn i;
        u32 len = bytes_of(list[n], b), first = 0;
        while (x86_decode(b, first, M64, all, &i) == X86_MORE)
            first++;
        assert_int_equal(x86_decode(b, len, M64, all, &i), X86_UNDEFINED);
        assert_int_equal(i.len, first);
    }
}

/* ---- modes ---- */

static void modes(void **state)
{
    (void)state;
    static const char *const legacy[] = { "06", "27", "37", "60", "61", "62 00", "82 c0 01", "9a 11 22 33 44 55 66",
                                          "c4 00 00 00", "c5 00 00 00", "ce", "d4 0a", "d6" };
    for (u32 n = 0; n < COUNT(legacy); n++) {
        struct x86_insn i;
        ud(M64, legacy[n]);
        assert_int_equal(decode(M32, legacy[n], &i), X86_OK);
    }
    ok(M32, "63 c0", "arpl");
    ok(M64, "63 c0", "movsxd");
    ud(REAL, "63 c0");
    ud(V86, "0f 00 c0");
    ok(M16, "0f 00 c0", "sldt");
    ud(M32, "0f 01 f8");
    ok(M64, "0f 01 f8", "swapgs");
    ok(M32, "9e", "sahf");
    ok(M64, "9e", "sahf64");
}

static void features(void **state)
{
    (void)state;
    u64 f[2] = { ~0ull, ~0ull };
    struct x86_insn i;
    f[X86_FEAT_bmi1 / 64] &= ~(1ull << X86_FEAT_bmi1 % 64);
    assert_int_equal(x86_decode((const u8 *)"\xf3\x0f\xbc\xc0", 4, M64, f, &i), X86_OK);
    assert_string_equal(i.row->name, "bsf"); /* TZCNT without BMI1 */
    f[X86_FEAT_cmov / 64] &= ~(1ull << X86_FEAT_cmov % 64);
    assert_int_equal(x86_decode((const u8 *)"\x0f\x40\xc0", 3, M64, f, &i), X86_UNDEFINED);
}

/* What the manual's CPUID column asks for, and what the bytes are without it. */
static void rows_without_their_feature(void **state)
{
    (void)state;
    static const struct { u8 feature; const char *hex, *row, *without; } cases[] = {
#define C(f, hex, row, without) { X86_FEAT_##f, hex, row, without }
        C(aes, "66 0f 38 dc c1", "aesenc", NULL), C(aes, "c4 e2 71 dc c2", "vaesenc", NULL),
        C(aes, "c4 e2 71 dd c2", "vaesenclast", NULL), C(aes, "c4 e2 71 de c2", "vaesdec", NULL),
        C(aes, "c4 e2 71 df c2", "vaesdeclast", NULL), C(aes, "c4 e2 79 db c2", "vaesimc", NULL),
        C(aes, "c4 e3 79 df c2 01", "vaeskeygenassist", NULL), C(vaes, "c4 e2 75 dc c2", "vaesenc_256", NULL),
        C(pclmulqdq, "66 0f 3a 44 c1 00", "pclmulqdq", NULL), C(pclmulqdq, "c4 e3 71 44 c2 00", "vpclmulqdq", NULL),
        C(vpclmulqdq, "c4 e3 75 44 c2 00", "vpclmulqdq_256", NULL),
        C(bmi1, "c4 e2 60 f2 c1", "andn", NULL), C(bmi2, "c4 e2 62 f5 c1", "pext", NULL),
        C(f16c, "c4 e2 79 13 c1", "vcvtph2ps", NULL), C(fma, "c4 e2 71 98 c2", "vfmadd132ps", NULL),
        C(avx2, "c4 e2 7d 58 c1", "vpbroadcastd", NULL), C(sha, "0f 38 c8 c1", "sha1nexte", NULL),
        C(movbe, "0f 38 f0 01", "movbe_GvMv", NULL), C(sse42, "f2 0f 38 f0 c1", "crc32_GyEb", NULL),
        C(adx, "66 0f 38 f6 c1", "adcx", NULL), C(adx, "f3 0f 38 f6 c1", "adox", NULL),
        C(popcnt, "f3 0f b8 c1", "popcnt", NULL), C(lzcnt, "f3 0f bd c1", "lzcnt", "bsr"),
        C(bmi1, "f3 0f bc c1", "tzcnt", "bsf"), C(xsaveopt, "0f ae 31", "xsaveopt", NULL),
        C(xsavec, "0f c7 21", "xsavec", NULL), C(rdtscp, "0f 01 f9", "rdtscp", NULL),
        C(cx16, "48 0f c7 09", "cmpxchg16b", NULL), C(cx8, "0f c7 09", "cmpxchg8b", NULL),
        C(rdrand, "0f c7 f0", "rdrand", NULL), C(rdseed, "0f c7 f8", "rdseed", NULL),
        C(rdpid, "f3 0f c7 f8", "rdpid", NULL), C(lahf, "9f", "lahf64", NULL), C(syscall, "0f 05", "syscall", NULL),
        C(fsgsbase, "f3 0f ae c0", "rdfsbase", NULL), C(smap, "0f 01 ca", "clac", NULL),
        C(invpcid, "66 0f 38 82 01", "invpcid", NULL), C(clwb, "66 0f ae 31", "clwb", NULL),
        C(sse, "0f 18 09", "prefetcht0", "nop_0f18"), C(sse3, "df 09", "fisttp_i16", NULL),
#undef C
    };
    for (u32 n = 0; n < COUNT(cases); n++) {
        u64 f[2] = { ~0ull, ~0ull };
        struct x86_insn i;
        u8 b[32];
        u32 len = bytes_of(cases[n].hex, b);
        ok(M64, cases[n].hex, cases[n].row);
        f[cases[n].feature / 64] &= ~(1ull << cases[n].feature % 64);
        bool taken = x86_decode(b, len, M64, f, &i) == X86_OK;
        if (taken != (cases[n].without != NULL))
            fail_msg("%s without its feature: %s", cases[n].hex, taken ? i.row->name : "refused");
        if (taken)
            assert_string_equal(i.row->name, cases[n].without);
    }
}

/* ---- VEX ---- */

static void vex(void **state)
{
    (void)state;
    struct x86_insn i = ok(M64, "c4 42 28 f2 c3", "andn"); /* andn r8d, r10d, r11d */
    assert_int_equal(i.op[0].reg, 8);
    assert_int_equal(i.op[1].reg, 10);
    assert_int_equal(i.op[2].reg, 11);
    assert_int_equal(i.op[0].size, 4);
    assert_int_equal(ok(M64, "c4 e2 e8 f2 c3", "andn").op[0].size, 8);
    i = ok(M32, "c4 e2 a8 f2 c3", "andn"); /* W and the top bit of vvvv are ignored */
    assert_int_equal(i.op[0].size, 4);
    assert_int_equal(i.op[1].reg, 2);
    ud(M64, "c4 e2 2c f2 c3");     /* L is 1 */
    ud(M64, "66 c4 e2 28 f2 c3");
    ud(M64, "f3 c4 e2 28 f2 c3");
    ud(M64, "f0 c4 e2 28 f2 c3");
    ud(M64, "48 c4 e2 28 f2 c3");
    ok(M64, "67 c4 e2 28 f2 03", "andn");
    ok(M64, "c4 e3 7b f0 c0 01", "rorx");
    ud(M64, "c4 e3 73 f0 c0 01");  /* vvvv is not 1111 */
    ud(M64, "c4 e0 28 f2 c3");     /* map 0 */
    ud(REAL, "c4 e2 28 f2 c3");
    ud(V86, "c4 e2 28 f2 c3");
    ok(M32, "c4 02", "les");
    ok(REAL, "c5 02", "lds");
}

/* ---- operands ---- */

static void sib_and_rip(void **state)
{
    (void)state;
    struct x86_insn i = ok(M64, "43 8b 44 b5 f0", "mov_GvEv"); /* [r13+r14*4-16] */
    assert_int_equal(i.base, 13);
    assert_int_equal(i.index, 14);
    assert_int_equal(i.scale, 2);
    assert_int_equal(i.disp, -16);
    i = ok(M64, "42 8b 04 24", "mov_GvEv"); /* r12 can be an index */
    assert_int_equal(i.index, 12);
    i = ok(M64, "8b 04 25 00 00 00 80", "mov_GvEv");
    assert_int_equal(i.base, X86_BASE_NONE);
    assert_int_equal(i.index, X86_BASE_NONE);
    assert_int_equal(i.disp, -0x80000000ll);
    assert_int_equal(ok(M64, "8b 05 00 00 00 00", "mov_GvEv").base, X86_BASE_IP);
    assert_int_equal(ok(M64, "41 8b 05 00 00 00 00", "mov_GvEv").base, X86_BASE_IP); /* REX.B does not matter */
    assert_int_equal(ok(M32, "8b 05 00 00 00 00", "mov_GvEv").base, X86_BASE_NONE);
    i = ok(M16, "8b 41 80", "mov_GvEv"); /* [bx+di-128] */
    assert_int_equal(i.base, X86_RBX);
    assert_int_equal(i.index, X86_RDI);
    assert_int_equal(i.disp, -128);
}

static void immediates(void **state)
{
    (void)state;
    assert_true(ok(M64, "48 81 c0 00 00 00 80", "add_EvIz").imm == 0xffffffff80000000ull);
    assert_true(ok(M64, "48 83 c0 80", "add_EvIbs").imm == 0xffffffffffffff80ull);
    assert_true(ok(M64, "80 c0 80", "add_EbIb").imm == 0x80);
    assert_true(ok(M64, "48 b8 88 77 66 55 44 33 22 f1", "mov_ZvIv").imm == 0xf122334455667788ull);
    assert_true(ok(M32, "66 e8 00 80", "call_Jz").imm == 0xffffffffffff8000ull);
    struct x86_insn i = ok(M64, "c8 00 80 1f", "enter");
    assert_int_equal(i.imm, 0x8000);
    assert_int_equal(i.imm2, 0x1f);
    i = ok(M16, "66 ea 44 33 22 f1 66 55", "jmp_Ap");
    assert_int_equal(i.imm, 0xf1223344);
    assert_int_equal(i.imm2, 0x5566);
    i = ok(M64, "a0 88 77 66 55 44 33 22 f1", "mov_ALOb");
    assert_true((u64)i.disp == 0xf122334455667788ull && i.has_mem);
    i = ok(M64, "67 a0 44 33 22 f1", "mov_ALOb");
    assert_true(i.disp == 0xf1223344);
    assert_int_equal(ok(M32, "d1 e0", "shl_Ev1").imm, 1);
}

static void special_registers(void **state)
{
    (void)state;
    assert_int_equal(ok(M64, "44 0f 20 c0", "mov_RmCm").op[1].reg, 8);
    ud(M64, "0f 20 c8");     /* CR1 */
    ud(M64, "44 0f 20 d0");  /* CR10 */
    ud(M64, "44 0f 21 c0");  /* DR8 */
    ok(M64, "0f 20 00", "mov_RmCm"); /* mod is ignored */
    ok(M64, "0f 22 1c", "mov_CmRm"); /* no SIB */
    ud(M32, "8c f0");
    assert_int_equal(ok(M64, "44 8c d8", "mov_EvSw").op[1].reg, X86_DS); /* REX.R is ignored */
    assert_int_equal(ok(M64, "8c 18", "mov_EvSw").op[0].size, 2);
    assert_int_equal(ok(M64, "48 8c d8", "mov_EvSw").op[0].size, 8);
}

static void text(void **state)
{
    (void)state;
    char buf[64], small[8];
    struct x86_insn i = ok(M64, "f0 48 01 44 8b f0", "add_EvGv");
    x86_insn_text(&i, buf, sizeof buf);
    assert_string_equal(buf, "lock add ds:[rbx+rcx*4-0x10], rax");
    x86_insn_text(&i, small, sizeof small);
    assert_string_equal(small, "lock ad");
    i = ok(M64, "0f 84 10 00 00 00", "jcc_Jz");
    x86_insn_text(&i, buf, sizeof buf);
    assert_string_equal(buf, "je +16");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operand_and_address_size), cmocka_unit_test(sizes_of_64_bit_mode),
        cmocka_unit_test(rex_counts_before_the_opcode), cmocka_unit_test(byte_registers), cmocka_unit_test(segments),
        cmocka_unit_test(mandatory_prefixes), cmocka_unit_test(rep), cmocka_unit_test(lock),
        cmocka_unit_test(fifteen_bytes), cmocka_unit_test(more), cmocka_unit_test(undefined_length),
        cmocka_unit_test(modes), cmocka_unit_test(features), cmocka_unit_test(rows_without_their_feature),
        cmocka_unit_test(vex), cmocka_unit_test(sib_and_rip),
        cmocka_unit_test(immediates), cmocka_unit_test(special_registers), cmocka_unit_test(text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
