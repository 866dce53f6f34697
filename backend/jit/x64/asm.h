/*
 * asm.h - x86-64 instruction encoder: one function a form, shortest encoding, nothing remembered.
 *
 * Encodings: Intel SDM volume 2 (chapter 2 for prefixes, ModRM, REX and VEX; chapters 3 to 5 by mnemonic).
 *
 * Code is written at `p` (writable mapping) and runs at p + delta (executable mapping); all jump and rip-relative
 * distances are of executable addresses. When the room is spent nothing is written any more and `full` is set:
 * the caller looks at it once, at the end.
 *
 * `bits` is the operand size 8, 16, 32 or 64; 32-bit forms zero the upper half of a register. Immediates are
 * sign-extended from 32 bits to the operand size. Vector forms take the VEX encoding when the CPU has AVX
 * (three operands, upper halves of ymm zeroed) and else the legacy one, with a movaps where operands differ:
 * then the destination must not be the second source unless it is the first, too; xa_v3() swaps commuting ones.
 * Packed memory operands must be 16-byte aligned without AVX.
 */
#pragma once
#include "base/types.h"

enum xreg { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, XNONE = -1 };
/* XMM registers are plain numbers 0 to 15 in `enum xreg` typed parameters named v. */

/* Host features beyond x86-64-v2 (SSE4.2, SSSE3, POPCNT), which the engine demands. */
enum {
    XF_AVX = 1, XF_AVX2 = 2, XF_FMA = 4, XF_F16C = 8, XF_BMI1 = 16, XF_BMI2 = 32, XF_LZCNT = 64, XF_MOVBE = 128,
    XF_AES = 256, XF_CLMUL = 512, XF_SHA = 1024, XF_GFNI = 2048,
    XF_BASE = 1 << 30 /* x86-64-v2 is there: without it the engine does not start */
};
/* By CPUID and XGETBV. The environment variable MYNAH_HOST=-avx,-bmi2,... takes features away, and with avx those
 * that need it; a word that is none of -avx -avx2 -fma -f16c -bmi1 -bmi2 -lzcnt -movbe -aes -clmul -sha -gfni -base
 * changes nothing. */
u32 xa_host_features(void);

struct xasm {
    u8  *p, *end;
    i64  delta;    /* executable address - writable address */
    u32  features; /* XF_ */
    bool full;
};
static inline const u8 *xa_here(const struct xasm *a) { return a->p + a->delta; } /* executable address */

/* Memory operand: [base + index * scale + disp], or an absolute host address within 2 GiB, rip-relative. */
struct xmem {
    i8          base, index; /* enum xreg, XNONE */
    u8          scale;       /* 1, 2, 4, 8 */
    i32         disp;
    const void *abs;         /* not NULL: rip-relative to this executable-side or data address */
};
static inline struct xmem xm(enum xreg base, i32 disp) { return (struct xmem){ (i8)base, XNONE, 1, disp, 0 }; }
static inline struct xmem xmi(enum xreg base, enum xreg index, u32 scale, i32 disp)
{
    return (struct xmem){ (i8)base, (i8)index, (u8)scale, disp, 0 };
}
static inline struct xmem xm_abs(const void *p) { return (struct xmem){ XNONE, XNONE, 1, 0, p }; }

/* Conditions, as in Jcc, SETcc, CMOVcc. cc ^ 1 is the opposite. */
enum xcc { CC_O, CC_NO, CC_B, CC_AE, CC_E, CC_NE, CC_BE, CC_A, CC_S, CC_NS, CC_P, CC_NP, CC_L, CC_GE, CC_LE, CC_G };

/* ---- integer ---- */
enum xalu { XA_ADD, XA_OR, XA_ADC, XA_SBB, XA_AND, XA_SUB, XA_XOR, XA_CMP };
void xa_alu_rr(struct xasm *a, enum xalu op, u32 bits, enum xreg d, enum xreg s);
void xa_alu_ri(struct xasm *a, enum xalu op, u32 bits, enum xreg d, i32 imm);
void xa_alu_rm(struct xasm *a, enum xalu op, u32 bits, enum xreg d, struct xmem m);
void xa_alu_mr(struct xasm *a, enum xalu op, u32 bits, struct xmem m, enum xreg s);
void xa_alu_mi(struct xasm *a, enum xalu op, u32 bits, struct xmem m, i32 imm);
void xa_test_rr(struct xasm *a, u32 bits, enum xreg x, enum xreg y);
void xa_test_ri(struct xasm *a, u32 bits, enum xreg x, i32 imm);
void xa_test_mi(struct xasm *a, u32 bits, struct xmem m, i32 imm);
void xa_bt_ri(struct xasm *a, u32 bits, enum xreg x, u32 bit); /* CF := bit; 32, 64 */
void xa_bt_rr(struct xasm *a, u32 bits, enum xreg x, enum xreg bit); /* bit number modulo bits */
void xa_mov_rr(struct xasm *a, u32 bits, enum xreg d, enum xreg s);   /* 32, 64; nothing if 64 and d == s */
void xa_mov_ri(struct xasm *a, enum xreg d, u64 imm);                 /* whole register; flags untouched */
void xa_mov_rm(struct xasm *a, u32 bits, enum xreg d, struct xmem m); /* 8 and 16 zero-extended */
void xa_mov_mr(struct xasm *a, u32 bits, struct xmem m, enum xreg s);
void xa_mov_mi(struct xasm *a, u32 bits, struct xmem m, i32 imm);
void xa_movzx(struct xasm *a, u32 from, enum xreg d, enum xreg s);    /* 8, 16, 32 to 64 */
/* from 8, 16, 32 to 32 (upper half zeroed) or 64 */
void xa_movsx(struct xasm *a, u32 from, u32 to, enum xreg d, enum xreg s);
void xa_movsx_rm(struct xasm *a, u32 from, u32 to, enum xreg d, struct xmem m);
void xa_movbe_rm(struct xasm *a, u32 bits, enum xreg d, struct xmem m); /* XF_MOVBE; 16 leaves the upper bits */
void xa_movbe_mr(struct xasm *a, u32 bits, struct xmem m, enum xreg s);
void xa_lea(struct xasm *a, u32 bits, enum xreg d, struct xmem m);
enum xshift { XS_ROL, XS_ROR, XS_RCL, XS_RCR, XS_SHL, XS_SHR, XS_SAR = 7 };
void xa_shift_ri(struct xasm *a, enum xshift op, u32 bits, enum xreg d, u32 count);
void xa_shift_cl(struct xasm *a, enum xshift op, u32 bits, enum xreg d);
/* d := low half of s:d >> count; 32, 64 */
void xa_shrd_ri(struct xasm *a, u32 bits, enum xreg d, enum xreg s, u32 count);
void xa_shrd_cl(struct xasm *a, u32 bits, enum xreg d, enum xreg s);
void xa_shlx(struct xasm *a, u32 bits, enum xreg d, enum xreg s, enum xreg count); /* BMI2 */
void xa_shrx(struct xasm *a, u32 bits, enum xreg d, enum xreg s, enum xreg count);
void xa_sarx(struct xasm *a, u32 bits, enum xreg d, enum xreg s, enum xreg count);
void xa_rorx(struct xasm *a, u32 bits, enum xreg d, enum xreg s, u32 count);
void xa_imul_rr(struct xasm *a, u32 bits, enum xreg d, enum xreg s);
void xa_imul_rri(struct xasm *a, u32 bits, enum xreg d, enum xreg s, i32 imm);
void xa_imul_rm(struct xasm *a, u32 bits, enum xreg d, struct xmem m);
enum xgrp3 { XG_NOT = 2, XG_NEG, XG_MUL, XG_IMUL, XG_DIV, XG_IDIV }; /* MUL to IDIV on rdx:rax */
void xa_grp3(struct xasm *a, enum xgrp3 op, u32 bits, enum xreg r);
void xa_cqo(struct xasm *a, u32 bits); /* sign of (e|r)ax to (e|r)dx */
void xa_bswap(struct xasm *a, u32 bits, enum xreg r); /* 32, 64 */
enum xbit { XB_POPCNT, XB_LZCNT, XB_TZCNT, XB_BSR, XB_BSF };
void xa_bit(struct xasm *a, enum xbit op, u32 bits, enum xreg d, enum xreg s); /* 16, 32, 64 */
void xa_andn(struct xasm *a, u32 bits, enum xreg d, enum xreg inverted, enum xreg s); /* BMI1: d := ~inverted & s */
void xa_pdep(struct xasm *a, u32 bits, enum xreg d, enum xreg s, enum xreg mask);     /* BMI2 */
void xa_pext(struct xasm *a, u32 bits, enum xreg d, enum xreg s, enum xreg mask);
/* BMI2: high:low := rdx * s; no flags */
void xa_mulx(struct xasm *a, u32 bits, enum xreg high, enum xreg low, enum xreg s);
void xa_crc32c(struct xasm *a, u32 bits, enum xreg acc, enum xreg data); /* SSE4.2; data 8 to 64 */
void xa_setcc(struct xasm *a, enum xcc c, enum xreg d);                  /* low byte only */
void xa_setcc_m(struct xasm *a, enum xcc c, struct xmem m);
void xa_cmov(struct xasm *a, enum xcc c, u32 bits, enum xreg d, enum xreg s); /* 32, 64 */
void xa_cmov_m(struct xasm *a, enum xcc c, u32 bits, enum xreg d, struct xmem m);
void xa_xchg_mr(struct xasm *a, u32 bits, struct xmem m, enum xreg r); /* atomic */
void xa_lock_alu_mr(struct xasm *a, enum xalu op, u32 bits, struct xmem m, enum xreg s);
/* if (m == rax) m := s, else rax := m; ZF tells */
void xa_lock_cmpxchg(struct xasm *a, u32 bits, struct xmem m, enum xreg s);
void xa_lock_cmpxchg16b(struct xasm *a, struct xmem m); /* the same with rdx:rax, rcx:rbx; m 16-byte aligned */
void xa_lock_xadd(struct xasm *a, u32 bits, struct xmem m, enum xreg r); /* m, r := m + r, m */
void xa_mfence(struct xasm *a);
void xa_push(struct xasm *a, enum xreg r);
void xa_pop(struct xasm *a, enum xreg r);
void xa_ldmxcsr(struct xasm *a, struct xmem m);
void xa_stmxcsr(struct xasm *a, struct xmem m);

/* ---- control flow: targets are executable addresses ---- */
void xa_jmp(struct xasm *a, const u8 *to);              /* rel32 always: 5 bytes */
void xa_jcc(struct xasm *a, enum xcc c, const u8 *to);  /* rel32 always: 6 bytes */
void xa_call(struct xasm *a, const u8 *to);
void xa_jmp_r(struct xasm *a, enum xreg r);
void xa_jmp_m(struct xasm *a, struct xmem m);
void xa_call_r(struct xasm *a, enum xreg r);
void xa_call_m(struct xasm *a, struct xmem m);
void xa_ret(struct xasm *a);
void xa_ud2(struct xasm *a);                            /* traps: for places never reached */
void xa_align(struct xasm *a, u32 n);                   /* multi-byte NOPs up to a multiple of n (power of two) */
/* Forward jumps: returns the place (writable) to hand to xa_here_is() at the target. short: rel8. */
u8  *xa_jcc_fwd(struct xasm *a, enum xcc c, bool is_short);
u8  *xa_jmp_fwd(struct xasm *a, bool is_short);
void xa_here_is(struct xasm *a, u8 *place, bool is_short);
void xa_patch_rel32(u8 *place, i64 delta, const u8 *to); /* place: writable address of the four bytes */

/* ---- vectors ----
 * An op is packed from its prefix (0, 0x66, 0xf3, 0xf2), opcode map (1: 0f, 2: 0f38, 3: 0f3a) and opcode.
 * xa_v2() and xa_v2i() take the upper lanes of a scalar result (sqrtss, cvtss2sd, roundss, ...) from v1 and wait for
 * no earlier value of v; xa_v2m() keeps v's. COMMUTES must not be set where the order of two NaNs matters. */
#define XV(pp, map, op) ((u32)(pp) << 16 | (map) << 8 | (op))
#define XV_W (1u << 24)       /* VEX.W; the legacy form, if there is one, has no REX.W */
#define XV_COMMUTES (1u << 25)
#define XV_VEX (1u << 26)     /* has no legacy form */
#define XV_L (1u << 31)       /* VEX.L: 256 bits; VEX only */
void xa_v3(struct xasm *a, u32 op, enum xreg v, enum xreg v1, enum xreg v2);      /* v := v1 op v2 */
void xa_v3m(struct xasm *a, u32 op, enum xreg v, enum xreg v1, struct xmem m);
void xa_v3i(struct xasm *a, u32 op, enum xreg v, enum xreg v1, enum xreg v2, u8 imm);
void xa_v3mi(struct xasm *a, u32 op, enum xreg v, enum xreg v1, struct xmem m, u8 imm);
void xa_v2(struct xasm *a, u32 op, enum xreg v, enum xreg v1);                    /* v := op(v1): one source */
void xa_v2m(struct xasm *a, u32 op, enum xreg v, struct xmem m);
/* pshufd, roundss with v1 as both, ... */
void xa_v2i(struct xasm *a, u32 op, enum xreg v, enum xreg v1, u8 imm);
/* 0f 71 to 73 /ext: psllw, ... */
void xa_vshift_i(struct xasm *a, u32 op, u32 ext, enum xreg v, enum xreg v1, u8 imm);
/* VEX only, v3 in the top half of an immediate byte: vblendvps, ... */
void xa_v4(struct xasm *a, u32 op, enum xreg v, enum xreg v1, enum xreg v2, enum xreg v3);
/* Top bits of mask lanes of 1 (pblendvb), 4 or 8 bytes choose; legacy: uses xmm0 as mask and spares it by moves
 * through xmm15; v, v_false, v_true, v_mask are not xmm0 or 15 then. */
void xa_blendv(struct xasm *a, u32 bytes_or_lanes, enum xreg v, enum xreg v_false, enum xreg v_true,
               enum xreg v_mask);
void xa_vmov(struct xasm *a, enum xreg v, enum xreg v1);                          /* movaps; nothing if equal */
void xa_vzero(struct xasm *a, enum xreg v);
void xa_vzeroupper(struct xasm *a); /* nothing without AVX */
/* 2 (into a zeroed register), 4, 8, 16 (unaligned), 32 with AVX: zeros above */
void xa_vload(struct xasm *a, u32 bytes, enum xreg v, struct xmem m);
void xa_vstore(struct xasm *a, u32 bytes, struct xmem m, enum xreg v);            /* 2, 4, 8, 16, 32 */
void xa_vfrom(struct xasm *a, u32 bits, enum xreg v, enum xreg r);                /* movd, movq: zeros above */
void xa_vto(struct xasm *a, u32 bits, enum xreg r, enum xreg v);                  /* 32, 64 */
/* cvtsi2ss/sd; v is zeroed first */
void xa_cvt_from_int(struct xasm *a, u32 fbits, u32 ibits, enum xreg v, enum xreg r);
/* cvt(t)ss/sd2si */
void xa_cvt_to_int(struct xasm *a, bool truncate, u32 fbits, u32 ibits, enum xreg r, enum xreg v);

#define XV_MOVAPS     XV(0, 1, 0x28)
#define XV_MOVQ       XV(0xf3, 1, 0x7e) /* xa_v2: low half, zeros above */
#define XV_MOVSS      XV(0xf3, 1, 0x10) /* xa_v3: lowest lane of v2, the others of v1 */
#define XV_MOVSD      XV(0xf2, 1, 0x10)
#define XV_MOVHLPS    XV(0, 1, 0x12)    /* xa_v3: v := high half of v2, high half of v1 (low half first) */
#define XV_MOVLHPS    XV(0, 1, 0x16)    /* xa_v3: v := low half of v1, low half of v2 */
#define XV_MOVDDUP    XV(0xf2, 1, 0x12) /* xa_v2 */
/* integer */
#define XV_PADDB      (XV(0x66, 1, 0xfc) | XV_COMMUTES)
#define XV_PADDW      (XV(0x66, 1, 0xfd) | XV_COMMUTES)
#define XV_PADDD      (XV(0x66, 1, 0xfe) | XV_COMMUTES)
#define XV_PADDQ      (XV(0x66, 1, 0xd4) | XV_COMMUTES)
#define XV_PSUBB      XV(0x66, 1, 0xf8)
#define XV_PSUBW      XV(0x66, 1, 0xf9)
#define XV_PSUBD      XV(0x66, 1, 0xfa)
#define XV_PSUBQ      XV(0x66, 1, 0xfb)
#define XV_PAND       (XV(0x66, 1, 0xdb) | XV_COMMUTES)
#define XV_PANDN      XV(0x66, 1, 0xdf) /* v := ~v1 & v2 */
#define XV_POR        (XV(0x66, 1, 0xeb) | XV_COMMUTES)
#define XV_PXOR       (XV(0x66, 1, 0xef) | XV_COMMUTES)
#define XV_PCMPEQB    (XV(0x66, 1, 0x74) | XV_COMMUTES)
#define XV_PCMPEQW    (XV(0x66, 1, 0x75) | XV_COMMUTES)
#define XV_PCMPEQD    (XV(0x66, 1, 0x76) | XV_COMMUTES)
#define XV_PCMPEQQ    (XV(0x66, 2, 0x29) | XV_COMMUTES)
#define XV_PCMPGTB    XV(0x66, 1, 0x64)
#define XV_PCMPGTW    XV(0x66, 1, 0x65)
#define XV_PCMPGTD    XV(0x66, 1, 0x66)
#define XV_PCMPGTQ    XV(0x66, 2, 0x37)
#define XV_PMULLW     (XV(0x66, 1, 0xd5) | XV_COMMUTES)
#define XV_PMULLD     (XV(0x66, 2, 0x40) | XV_COMMUTES)
#define XV_PMULUDQ    (XV(0x66, 1, 0xf4) | XV_COMMUTES)
#define XV_PMULDQ     (XV(0x66, 2, 0x28) | XV_COMMUTES)
#define XV_PMULHW     (XV(0x66, 1, 0xe5) | XV_COMMUTES)
#define XV_PMULHUW    (XV(0x66, 1, 0xe4) | XV_COMMUTES)
#define XV_PMADDWD    (XV(0x66, 1, 0xf5) | XV_COMMUTES)
#define XV_PMADDUBSW  XV(0x66, 2, 0x04)
#define XV_PSHUFB     XV(0x66, 2, 0x00)
#define XV_PALIGNR    XV(0x66, 3, 0x0f)  /* xa_v3i: v := bytes imm.. of v1:v2 (v2 low) */
#define XV_PSHUFD     XV(0x66, 1, 0x70)  /* xa_v2i */
#define XV_PSHUFHW    XV(0xf3, 1, 0x70)
#define XV_PSHUFLW    XV(0xf2, 1, 0x70)
#define XV_PUNPCKLBW  XV(0x66, 1, 0x60)
#define XV_PUNPCKLWD  XV(0x66, 1, 0x61)
#define XV_PUNPCKLDQ  XV(0x66, 1, 0x62)
#define XV_PUNPCKLQDQ XV(0x66, 1, 0x6c)
#define XV_PUNPCKHBW  XV(0x66, 1, 0x68)
#define XV_PUNPCKHWD  XV(0x66, 1, 0x69)
#define XV_PUNPCKHDQ  XV(0x66, 1, 0x6a)
#define XV_PUNPCKHQDQ XV(0x66, 1, 0x6d)
#define XV_PACKSSWB   XV(0x66, 1, 0x63)
#define XV_PACKSSDW   XV(0x66, 1, 0x6b)
#define XV_PACKUSWB   XV(0x66, 1, 0x67)
#define XV_PACKUSDW   XV(0x66, 2, 0x2b)
#define XV_PADDUSB    (XV(0x66, 1, 0xdc) | XV_COMMUTES)
#define XV_PADDUSW    (XV(0x66, 1, 0xdd) | XV_COMMUTES)
#define XV_PADDSB     (XV(0x66, 1, 0xec) | XV_COMMUTES)
#define XV_PADDSW     (XV(0x66, 1, 0xed) | XV_COMMUTES)
#define XV_PSUBUSB    XV(0x66, 1, 0xd8)
#define XV_PSUBUSW    XV(0x66, 1, 0xd9)
#define XV_PSUBSB     XV(0x66, 1, 0xe8)
#define XV_PSUBSW     XV(0x66, 1, 0xe9)
#define XV_PAVGB      (XV(0x66, 1, 0xe0) | XV_COMMUTES)
#define XV_PAVGW      (XV(0x66, 1, 0xe3) | XV_COMMUTES)
#define XV_PMINUB     (XV(0x66, 1, 0xda) | XV_COMMUTES)
#define XV_PMAXUB     (XV(0x66, 1, 0xde) | XV_COMMUTES)
#define XV_PMINSW     (XV(0x66, 1, 0xea) | XV_COMMUTES)
#define XV_PMAXSW     (XV(0x66, 1, 0xee) | XV_COMMUTES)
#define XV_PMINSB     (XV(0x66, 2, 0x38) | XV_COMMUTES)
#define XV_PMINSD     (XV(0x66, 2, 0x39) | XV_COMMUTES)
#define XV_PMINUW     (XV(0x66, 2, 0x3a) | XV_COMMUTES)
#define XV_PMINUD     (XV(0x66, 2, 0x3b) | XV_COMMUTES)
#define XV_PMAXSB     (XV(0x66, 2, 0x3c) | XV_COMMUTES)
#define XV_PMAXSD     (XV(0x66, 2, 0x3d) | XV_COMMUTES)
#define XV_PMAXUW     (XV(0x66, 2, 0x3e) | XV_COMMUTES)
#define XV_PMAXUD     (XV(0x66, 2, 0x3f) | XV_COMMUTES)
#define XV_PABSB      XV(0x66, 2, 0x1c) /* xa_v2 */
#define XV_PABSW      XV(0x66, 2, 0x1d)
#define XV_PABSD      XV(0x66, 2, 0x1e)
#define XV_PMOVSXBW   XV(0x66, 2, 0x20) /* xa_v2 */
#define XV_PMOVSXWD   XV(0x66, 2, 0x23)
#define XV_PMOVSXDQ   XV(0x66, 2, 0x25)
#define XV_PMOVZXBW   XV(0x66, 2, 0x30)
#define XV_PMOVZXWD   XV(0x66, 2, 0x33)
#define XV_PMOVZXDQ   XV(0x66, 2, 0x35)
#define XV_PSLLW      XV(0x66, 1, 0xf1) /* count: low 64 bits of v2, all lanes alike */
#define XV_PSLLD      XV(0x66, 1, 0xf2)
#define XV_PSLLQ      XV(0x66, 1, 0xf3)
#define XV_PSRLW      XV(0x66, 1, 0xd1)
#define XV_PSRLD      XV(0x66, 1, 0xd2)
#define XV_PSRLQ      XV(0x66, 1, 0xd3)
#define XV_PSRAW      XV(0x66, 1, 0xe1)
#define XV_PSRAD      XV(0x66, 1, 0xe2)
#define XV_SHIFT_W    XV(0x66, 1, 0x71) /* xa_vshift_i: ext 2 srl, 4 sra, 6 sll */
#define XV_SHIFT_D    XV(0x66, 1, 0x72)
#define XV_SHIFT_Q    XV(0x66, 1, 0x73) /* also ext 3 psrldq, 7 pslldq (bytes) */
#define XV_VPSLLVD    (XV(0x66, 2, 0x47) | XV_VEX) /* AVX2: by lane */
#define XV_VPSLLVQ    (XV(0x66, 2, 0x47) | XV_VEX | XV_W)
#define XV_VPSRLVD    (XV(0x66, 2, 0x45) | XV_VEX)
#define XV_VPSRLVQ    (XV(0x66, 2, 0x45) | XV_VEX | XV_W)
#define XV_VPSRAVD    (XV(0x66, 2, 0x46) | XV_VEX)
#define XV_VPBROADCASTB (XV(0x66, 2, 0x78) | XV_VEX) /* AVX2, xa_v2 */
#define XV_VPBROADCASTW (XV(0x66, 2, 0x79) | XV_VEX)
#define XV_VPBROADCASTD (XV(0x66, 2, 0x58) | XV_VEX)
#define XV_VPBROADCASTQ (XV(0x66, 2, 0x59) | XV_VEX)
#define XV_PHADDD     XV(0x66, 2, 0x02)
#define XV_PTEST      XV(0x66, 2, 0x17) /* xa_v2 as compare: flags */
#define XV_PSADBW     (XV(0x66, 1, 0xf6) | XV_COMMUTES)
#define XV_PBLENDW    XV(0x66, 3, 0x0e)
#define XV_PCLMULQDQ  XV(0x66, 3, 0x44)
#define XV_AESENC     XV(0x66, 2, 0xdc)
#define XV_AESENCLAST XV(0x66, 2, 0xdd)
#define XV_AESDEC     XV(0x66, 2, 0xde)
#define XV_AESDECLAST XV(0x66, 2, 0xdf)
#define XV_AESIMC     XV(0x66, 2, 0xdb) /* xa_v2 */
#define XV_GF2P8MULB  XV(0x66, 2, 0xcf)
#define XV_GF2P8AFFINEQB (XV(0x66, 3, 0xce) | XV_W)
void xa_pextr(struct xasm *a, u32 lane_bits, enum xreg r, enum xreg v, u32 lane);  /* 8 to 64: zero-extended */
void xa_pinsr(struct xasm *a, u32 lane_bits, enum xreg v, enum xreg v1, enum xreg r, u32 lane);
void xa_pmovmskb(struct xasm *a, enum xreg r, enum xreg v);
void xa_movmsk(struct xasm *a, u32 lane_bits, enum xreg r, enum xreg v);           /* 32: movmskps, 64: movmskpd */
/* SHA extensions: legacy encodings only; v is source and destination */
void xa_sha(struct xasm *a, u32 op /* third opcode byte after 0f 38 */, enum xreg v, enum xreg v2);
void xa_sha1rnds4(struct xasm *a, enum xreg v, enum xreg v2, u8 imm);
/* floating point: fp 32 or 64, packed or scalar: prefix chosen by xv_fp() */
enum xfp { XFP_ADD = 0x58, XFP_MUL = 0x59, XFP_SUB = 0x5c, XFP_MIN = 0x5d, XFP_DIV = 0x5e, XFP_MAX = 0x5f,
           XFP_SQRT = 0x51, XFP_CMP = 0xc2 /* with imm */ };
static inline u32 xv_fp(enum xfp op, u32 fbits, bool packed)
{
    return XV(packed ? (fbits == 64 ? 0x66 : 0) : (fbits == 64 ? 0xf2 : 0xf3), 1, op);
}
#define XV_ANDPS  (XV(0, 1, 0x54) | XV_COMMUTES)
#define XV_ANDNPS XV(0, 1, 0x55)
#define XV_ORPS   (XV(0, 1, 0x56) | XV_COMMUTES)
#define XV_XORPS  (XV(0, 1, 0x57) | XV_COMMUTES)
#define XV_UCOMISS XV(0, 1, 0x2e)    /* xa_v2, xa_v2m as compares: flags */
#define XV_UCOMISD XV(0x66, 1, 0x2e)
#define XV_COMISS XV(0, 1, 0x2f)
#define XV_COMISD XV(0x66, 1, 0x2f)
#define XV_CVTSS2SD XV(0xf3, 1, 0x5a) /* xa_v3: upper part from v1 */
#define XV_CVTSD2SS XV(0xf2, 1, 0x5a)
#define XV_CVTPS2PD XV(0, 1, 0x5a)    /* xa_v2 */
#define XV_CVTPD2PS XV(0x66, 1, 0x5a)
#define XV_CVTDQ2PS XV(0, 1, 0x5b)
#define XV_CVTPS2DQ XV(0x66, 1, 0x5b)
#define XV_CVTTPS2DQ XV(0xf3, 1, 0x5b)
#define XV_CVTDQ2PD XV(0xf3, 1, 0xe6)
#define XV_CVTPD2DQ XV(0xf2, 1, 0xe6)
#define XV_CVTTPD2DQ XV(0x66, 1, 0xe6)
#define XV_ROUNDPS XV(0x66, 3, 0x08)  /* xa_v2i */
#define XV_ROUNDPD XV(0x66, 3, 0x09)
#define XV_ROUNDSS XV(0x66, 3, 0x0a)  /* xa_v3i */
#define XV_ROUNDSD XV(0x66, 3, 0x0b)
#define XV_SHUFPS XV(0, 1, 0xc6)      /* xa_v3i */
#define XV_SHUFPD XV(0x66, 1, 0xc6)
#define XV_INSERTPS XV(0x66, 3, 0x21)
#define XV_VCVTPH2PS (XV(0x66, 2, 0x13) | XV_VEX) /* F16C, xa_v2 */
void xa_cvt_to_half(struct xasm *a, enum xreg v, enum xreg v1, u8 rounding); /* F16C: vcvtps2ph; 4: as in MXCSR */
/* FMA3 by 231 forms: v := v1 * v2 + v (v is an operand); MSUB subtracts v, NM... negates the product */
enum xfma { XFMA_MADD = 0xb8, XFMA_MSUB = 0xba, XFMA_NMADD = 0xbc, XFMA_NMSUB = 0xbe };
static inline u32 xv_fma(enum xfma op, u32 fbits, bool packed)
{
    return XV(0x66, 2, packed ? op : op + 1) | XV_VEX | (fbits == 64 ? XV_W : 0);
}
static inline u32 xv_fma231(u32 fbits, bool packed) { return xv_fma(XFMA_MADD, fbits, packed); }
