/*
 * insn.h - a decoded x86 instruction, the rows it is decoded by, and the decoder.
 *
 * tools/x86gen.py turns the *.decode files of this folder into x86_rows[], the lookup tables and the lifters'
 * prototypes (x86_decode.h, x86_decode.c); decode.c reads prefixes, ModRM, SIB, VEX and immediates by them. The
 * format of the rows is described at the top of x86.decode. The same rows give the coverage map, the
 * random-instruction fuzzer and the vectors.
 *
 * Manual: Intel SDM volume 2, chapter 2 (formats) and appendix A (operand codes: E, G, M, ...).
 */
#pragma once
#include "frontend/x86/features.h"
#include "base/types.h"

struct vcpu;
struct x86_lift;
struct x86_insn;

/* Where an operand comes from: the addressing method of appendix A.2.1. */
enum x86_method {
    X86_A_NONE,
    X86_A_E,    /* ModRM.rm: general register or memory */
    X86_A_G,    /* ModRM.reg: general register */
    X86_A_M,    /* ModRM.rm: memory only */
    X86_A_R,    /* ModRM.rm: general register only */
    X86_A_B,    /* VEX.vvvv: general register */
    X86_A_Z,    /* opcode bits 2:0: general register */
    X86_A_FIX,  /* a fixed general register: `reg` */
    X86_A_I,    /* immediate; `type` b: sign-extended to the operand size where `sx` says so */
    X86_A_ONE,  /* the constant 1 (shifts by one) */
    X86_A_J,    /* relative branch offset */
    X86_A_A,    /* far pointer in the instruction: offset in imm, selector in imm2 */
    X86_A_O,    /* memory at an absolute offset in the instruction */
    X86_A_S,    /* ModRM.reg: segment register */
    X86_A_FIXS, /* a fixed segment register: `reg` */
    X86_A_C, X86_A_D, /* ModRM.reg: control, debug register */
    X86_A_X,    /* memory at DS:rSI, segment may be overridden */
    X86_A_Y,    /* memory at ES:rDI */
    X86_A_V,    /* ModRM.reg: XMM or YMM register */
    X86_A_W,    /* ModRM.rm: XMM/YMM register or memory */
    X86_A_U,    /* ModRM.rm: XMM/YMM register only */
    X86_A_H,    /* VEX.vvvv: XMM/YMM register */
    X86_A_L,    /* imm8 bits 7:4: XMM/YMM register */
    X86_A_P,    /* ModRM.reg: MMX register */
    X86_A_Q,    /* ModRM.rm: MMX register or memory */
    X86_A_N,    /* ModRM.rm: MMX register only */
    X86_A_ST    /* ModRM.rm: x87 stack register */
};

/* What an operand is after decoding. */
enum x86_kind { X86_K_NONE, X86_K_REG, X86_K_MEM, X86_K_IMM, X86_K_SREG, X86_K_CR, X86_K_DR, X86_K_XMM, X86_K_MMX,
                X86_K_ST };

struct x86_op {
    u8 kind;   /* enum x86_kind */
    u8 reg;    /* number; of a byte register: see high */
    u8 high;   /* AH, CH, DH, BH: reg is 0 to 3 */
    u8 size;   /* bytes: 1, 2, 4, 8, 6, 10, 16, 32; 0: the lifter's business (structures) */
};

enum x86_rep { X86_REP_NONE, X86_REP_NE = 2, X86_REP_E = 3 /* REP too */ };
enum { X86_BASE_NONE = 0xff, X86_BASE_IP = 0xfe };

/* A row's attributes. */
enum {
    X86_LOCK = 1 << 0,     /* LOCK is allowed when operand 0 is memory; everywhere else it is #UD */
    X86_D64 = 1 << 1,      /* 64-bit mode: operand size 64 by default, 32 does not exist */
    X86_F64 = 1 << 2,      /* 64-bit mode: operand size is 64 whatever prefixes say */
    X86_I64 = 1 << 3,      /* #UD in 64-bit mode */
    X86_O64 = 1 << 4,      /* #UD outside 64-bit mode */
    X86_PM = 1 << 5,       /* #UD in real and virtual-8086 mode */
    X86_CPL0 = 1 << 6,     /* #GP(0) unless CPL is 0 (virtual-8086 mode too) */
    X86_STR = 1 << 7,      /* string instruction: REP prefixes count */
    X86_X87 = 1 << 8,      /* #NM if EM or TS; waits: pending #MF first */
    X86_X87_NW = 1 << 9,   /* the same without waiting (FNINIT, FNSTCW, ...) */
    X86_MMX = 1 << 10,     /* #UD if EM, #NM if TS, pending #MF; sets TOP 0 and all tags valid unless EMMS */
    X86_SSE = 1 << 11,     /* #UD if EM or not OSFXSR, #NM if TS; with VEX: #UD unless OSXSAVE and XCR0, #NM if TS,
                              and no LOCK, 66, F2, F3, REX prefix before it */
    X86_AL = 1 << 12,      /* legacy encoding: 16-byte memory operands must be aligned, #GP(0) */
    X86_ALWAYS_AL = 1 << 13, /* aligned to the operand's size in VEX encodings too (MOVAPS, MOVNTDQ...) */
    X86_FPX = 1 << 14,     /* may raise SIMD floating-point exceptions */
    X86_NOV = 1 << 15,     /* VEX: vvvv must be 1111 (filled in by the generator: no H and no B operand) */
    X86_VSIB = 1 << 16,    /* the SIB byte names a vector of indices */
    X86_NOSEGCHECK = 1 << 17, /* the memory operand is not accessed (LEA, NOP Ev, PREFETCH) */
    X86_MODREG = 1 << 18,  /* ModRM.mod is ignored: rm is a register (MOV CR, DR; filled in by the generator) */
    X86_NOB = 1 << 19      /* REX.B must be 0 (NOP, PAUSE beside XCHG r8) */
};

typedef bool x86_lifter(struct x86_lift *l, const struct x86_insn *i);

struct x86_operand_desc {
    u8 method;  /* enum x86_method */
    u8 type;    /* letter code of appendix A.2.2, enum x86_type in x86_decode.h's own numbering; lifters look at
                   x86_op.size */
    u8 reg;     /* of X86_A_FIX, X86_A_FIXS */
    u8 sx;      /* immediates: sign-extended; X86_A_ST: always ST(0) */
    u8 mem;     /* type of the memory form where it differs (Rd/Mb), else X86_T_none */
};

struct x86_row {
    const char *name;      /* unique: add_EbGb */
    const char *mnemonic;  /* of the manual, lower case: for logs and the vectors' assembler checks */
    const char *entry;     /* the manual's page */
    x86_lifter *lift;
    u32         attr;      /* X86_LOCK ... */
    i16         feature;   /* enum x86_feat, -1: always */
    /* Keys given in the row, for the lifter. */
    u16         op;        /* mostly an enum ir_op, or one of the lifter's own enums (lift.h) */
    u16         lane;      /* enum ir_type of vector lanes */
    i16         a, b;      /* whatever the lifter's comment says */
    /* Encoding. */
    u8          map;       /* 0: one byte, 1: 0F, 2: 0F38, 3: 0F3A */
    u8          opcode, opcode_mask; /* mask ff, f8 (+r), f0 (+cc) */
    u8          prefix;    /* enum x86_pfx: mandatory prefix */
    u8          modrm;     /* there is a ModRM byte */
    u8          modrm_mask, modrm_value;
    u8          modrm_not; /* 1: mod must not be 3 */
    u8          vex;       /* VEX encoding */
    i8          l, w;      /* VEX.L, VEX.W; -1: ignored (l -2: and the vector length is 16). w of legacy rows: REX.W
                              demanded 0 or 1, -1: ignored */
    u16         accept;    /* X86_ACCEPT_: prefix, W, L, mode and REX.B as a set */
    struct x86_operand_desc operand[4];
    u8          operand_count;
};
enum x86_pfx { X86_PFX_ANY /* 66, F2, F3 have other meanings or none */, X86_PFX_NONE, X86_PFX_66, X86_PFX_F3,
               X86_PFX_F2, X86_PFX_NOREP /* not F2, F3; 66 is the operand size */ };

struct x86_insn {
    const struct x86_row *row;
    u8  len;          /* bytes */
    u8  opsize;       /* bytes: 2, 4, 8 */
    u8  adsize;       /* bytes: 2, 4, 8 */
    u8  opcode;       /* its last opcode byte: low bits are a register or a condition */
    u8  rep;          /* enum x86_rep; of rows without a mandatory prefix */
    u8  lock;
    u8  rex;          /* the REX byte or 0 */
    u8  vex;          /* VEX-encoded: results clear the register's upper part */
    u8  vl;           /* vector length in bytes: 16 or 32 */
    u8  w;            /* REX.W or VEX.W as it stands: sizes of general registers are in op[] */
    u8  modrm, mod, reg, rm; /* reg and rm with REX or VEX bits */
    u8  seg;          /* enum x86_seg of the memory operand, override applied; without has_mem: override or DS
                         (strings, XLAT) */
    u8  base;         /* general register, X86_BASE_NONE, X86_BASE_IP */
    u8  index;        /* general (VSIB: vector) register, X86_BASE_NONE */
    u8  scale;        /* log2 */
    u8  has_mem;      /* memory named by ModRM or X86_A_O; not that of X86_A_X, X86_A_Y */
    u8  vvvv;
    i64 disp;         /* sign-extended; of X86_A_O: the offset */
    u64 imm, imm2;    /* sign-extended where the row says so; imm2: second immediate (ENTER), selector of X86_A_A */
    struct x86_op op[4];
};

enum x86_decoded {
    X86_OK,
    X86_MORE,      /* the bytes given do not hold the whole instruction */
    X86_TOO_LONG,  /* more than 15 bytes: #GP(0) */
    X86_UNDEFINED  /* #UD: unknown opcode, or LOCK, prefix, mode or feature wrong */
};

/* Decodes one instruction of at most `avail` bytes in mode word `mode` (enum X86_M_ bits of cpu.h) for a CPU with
 * these features. Privilege (X86_CPL0), EM, TS and OSFXSR are the driver's business: they are exceptions of other
 * kinds. *out is whole with X86_OK; with X86_UNDEFINED its len is at least 1. */
enum x86_decoded x86_decode(const u8 *bytes, u32 avail, u64 mode, const u64 features[2], struct x86_insn *out);
/* The instruction as text, AT&T or Intel order does not matter: for -d in_asm. */
void x86_insn_text(const struct x86_insn *i, char *buf, u32 size);

#include "frontend/x86/x86_decode.h" /* X86_ROW_name, x86_rows[], lookup tables, lifters' prototypes */
