"""rows.py - which instruction words the recorded vectors are made of.

Reads the decode tables; knows for every row what its vectors need: how many, what the operands
should look like, which registers must not meet (CONSTRAINED UNPREDICTABLE, DDI 0487 K1.1), where
addresses come from. The numbers of plans are those of tests/vectors/vectors.h.
"""
import pathlib
import random
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / 'tools'))
import decodegen  # noqa: E402

TABLES = [ROOT / 'frontend/arm/a64.decode', ROOT / 'frontend/arm/a64_simd.decode']
NO_RESULT = ROOT / 'tests/vectors/no_result.txt'

KINDS = I8, I16, I32, I64, F16, F32, F64, ANY = range(8)
(NONE, BASE, IMM9, IMM12, IMM7, REG, RT, TARGET, FPCR, FPSR, ERET, SPSR_RT, AT) = range(13)
EL0, EL1T, EL1H, EL0S = range(4)

CODE, WINDOW = 0x421ff000, 0x42200f00

PER_ROW = 64          # twice through all of FPCR
PER_FP_ROW = 160      # several lanes a vector
PER_FP_SCALAR = 320

# Files of vectors: (name, decode headings whose rows it has), the first that fits.
GROUPS = [('dp_imm', ('Data processing, immediate',)),
          ('branch', ('Branches, exception',)),
          ('dp_reg', ('Data processing, register',)),
          ('ldst', ('Loads and stores',)),
          ('ldst_struct', ('Advanced SIMD loads',)),
          ('crypto', ('Cryptographic',)),
          ('simd_scalar', ('Advanced SIMD scalar',)),
          ('simd_vector', ('Advanced SIMD',)),
          ('fp', ('Conversion', 'Floating-point'))]


class Case:
    """One vector before it is run."""

    def __init__(self, words, kind=ANY, mode=NONE, scale=0, align=0):
        self.words = words
        self.plan = len(words) - 1 | kind << 2 | mode << 5 | scale << 9 | align << 12


class Tables:
    def __init__(self):
        self.rows = decodegen.parse([str(t) for t in TABLES])
        self.by_name = {r.name: r for r in self.rows}
        self.buckets = [[] for _ in range(16)]
        for row in sorted(self.rows, key=lambda r: -r.mask.bit_count()):
            for i in range(16):
                if not (row.value ^ i << 25) & row.mask & 15 << 25:
                    self.buckets[i].append(row)
        self.groups = dict(zip((r.name for r in self.rows), self.read_groups()))

    def match(self, word):
        return next((r.name for r in self.buckets[word >> 25 & 15] if r.matches(word)), None)

    def read_groups(self):
        for path in TABLES:
            group, depth = None, '# ==' if path.name == 'a64.decode' else '# --'
            for line in path.read_text().split('\n'):
                if line.startswith(depth):
                    head = line.strip('#=- ')
                    group = next(g for g, heads in GROUPS if head.startswith(heads))
                elif line.partition('#')[0].strip():
                    yield group


def no_result():
    """Row -> the reason why it has no vectors."""
    lines = [ln for ln in NO_RESULT.read_text().split('\n') if ln.strip() and ln[0] != '#']
    return dict(ln.split(None, 1) for ln in lines)


# -- Words -------------------------------------------------------------------------------------

def put(row, word, **fields):
    for name, value in fields.items():
        lo, width = row.at[name]
        word = word & ~((1 << width) - 1 << lo) | (value & (1 << width) - 1) << lo
    return word


def field(row, word, name):
    return row.get(word, name) if name in row.at else None


def in_window_literal(row, word, rnd):
    """A literal inside the window, 16 bytes of it."""
    at = WINDOW + 16 + rnd.randrange(0, 512 - 48)
    return put(row, word, imm19=(at - CODE) >> 2)


def registers_meet(row, word):
    """Would the result be CONSTRAINED UNPREDICTABLE?"""
    get = {n: row.get(word, n) for n in ('rn', 'rm', 'rt', 'rt2', 'rs', 'rd') if n in row.at}
    keys = dict(row.keys)
    rn, rt, rt2, rs = (get.get(n) for n in ('rn', 'rt', 'rt2', 'rs'))
    lifter = row.lifter
    if lifter == 'ldst_imm' and keys.get('wback'):
        return rn == rt and rn != 31
    if lifter in ('ldst_pair', 'ldst_pair_fp'):
        bad = keys['load'] == '1' and rt == rt2
        return bad or (lifter == 'ldst_pair' and 'wback' in keys and rn in (rt, rt2) and rn != 31)
    if lifter in ('ldst_reg', 'ldst_reg_fp'):
        return get['rm'] == rn
    if lifter == 'ldxp':
        return rt == rt2
    if lifter in ('stxr', 'stxp'):
        return rs in (rt, rn) or (lifter == 'stxp' and rs == rt2)
    return False


# Bits that the manual has in parentheses and QEMU demands.
SHOULD_BE = {'cfinv': {'crm': 0}, 'ldapr': {'rs': 31}}


def random_word(tables, row, rnd):
    while True:
        word = row.value | rnd.getrandbits(32) & ~row.mask
        # Register 31 is worth more than one case in 32.
        for name in ('rn', 'rd', 'rt', 'rm', 'ra'):
            if name in row.at and row.at[name][1] == 5 and rnd.randrange(24) == 0:
                word = put(row, word, **{name: 31})
        word = put(row, word, **SHOULD_BE.get(row.name, {}))
        if row.lifter in ('ldr_lit', 'ldr_lit_fp'):
            word = in_window_literal(row, word, rnd)
        if tables.match(word) == row.name and not registers_meet(row, word):
            return word


# -- What operands should look like ------------------------------------------------------------

FP_LIFTERS = {'fp_1src', 'fp_cvt', 'fp_cmp', 'fp_ccmp', 'fp_2src', 'fp_3src', 'fp_csel',
              'fp_to_int', 'int_to_fp', 'fmov_reg', 'simd_fp_to_int', 'simd_int_to_fp', 'simd_fcmp',
              'simd_2misc_fp', 'simd_fcvtxn', 'simd_fcvtn', 'simd_fcvtl', 'simd_pairwise_fp',
              'simd_3same_fp', 'simd_fabd', 'simd_elem_fp', 'simd_elem_fma', 'simd_fma',
              'simd_across_fp'}
NO_ROUNDING = {'fmov_reg', 'fp_csel'}
INT_SOURCE = {'int_to_fp', 'simd_int_to_fp'}


def is_fp(row):
    return row.lifter in FP_LIFTERS - NO_ROUNDING


def vectors_wanted(row):
    if not is_fp(row):
        return PER_ROW
    return PER_FP_ROW if 'q' in row.at else PER_FP_SCALAR


def top_bit(imm):
    return min(imm.bit_length() - 4, 3)


def lane_size(row, word):
    """log2 of the lanes' bytes, as the row's fields have it; None: they do not."""
    if (size := field(row, word, 'size')) is not None:
        return size
    if (imm := field(row, word, 'imm')) and row.at['imm'][1] == 7:
        return top_bit(imm)
    if imm5 := field(row, word, 'imm5'):
        return (imm5 & -imm5).bit_length() - 1 & 3
    if (sz := field(row, word, 'sz')) is not None:
        return 2 + sz
    return None


def kind_of(row, word, rnd):
    keys = dict(row.keys)
    size = lane_size(row, word)
    if row.lifter == 'fp_cvt':
        return (F32, F64, None, F16)[int(keys['from'])]
    if row.lifter == 'simd_fcvtn':
        return F64 if field(row, word, 'sz') else F32
    if row.lifter == 'simd_fcvtl':
        return F32 if field(row, word, 'sz') else F16
    if row.lifter == 'simd_fcvtxn':
        return F64
    if row.lifter in INT_SOURCE:
        return size if size is not None else I64
    if row.lifter in FP_LIFTERS:
        return F64 if size == 3 else F32
    if row.lifter.startswith('simd') and size is not None:
        return size
    return rnd.choice((I8, I16, I32, I64, ANY, ANY))


# -- Loads and stores --------------------------------------------------------------------------

def access_size(row, word):
    keys = dict(row.keys)
    if 'size' in keys:
        return int(keys['size'], 0)
    return field(row, word, 'size') or 0


ALIGNED = {'stxr': 0, 'ldxr': 0, 'stlr': 0, 'ldar': 0, 'ldapr': 0, 'cas': 0, 'atomic': 0,
           'stxp': 1, 'ldxp': 1, 'casp': 1}  # lifter -> it moves so many halves more


def memory(row, word):
    """(mode, scale, align) of a row that accesses memory by Rn, else None."""
    keys, size = dict(row.keys), access_size(row, word)
    if row.lifter in ('ldst_imm', 'ldst_imm_fp'):
        if 'post' in keys:
            return BASE, 0, 0
        return (IMM12, size, 0) if 'scaled' in keys else (IMM9, 0, 0)
    if row.lifter in ('ldst_pair', 'ldst_pair_fp'):
        return (BASE, 0, 0) if 'post' in keys else (IMM7, size, 0)
    if row.lifter in ('ldst_reg', 'ldst_reg_fp'):
        return REG, size, 0
    if row.lifter in ('ldst_mult', 'ldst_single', 'ldst_replicate'):
        return BASE, 0, 0
    if row.lifter in ALIGNED:
        if row.lifter in ('casp', 'ldxp', 'stxp'):
            size = 2 + row.get(word, 'sz')
        return BASE, 0, size + ALIGNED[row.lifter]
    return None


def load_exclusive(tables, row, word, rnd):
    """The LDXR or LDXP in front of an STXR or STXP; same base and size; writes neither the base
    nor what is stored."""
    pair = row.lifter == 'stxp'
    other = tables.by_name[('ldaxp' if pair else 'ldaxr') if rnd.randrange(2)
                           else ('ldxp' if pair else 'ldxr')]
    while True:
        first = random_word(tables, other, rnd)
        first = put(other, first, rn=row.get(word, 'rn'))
        name = 'sz' if pair else 'size'
        first = put(other, first, **{name: row.get(word, name)})
        written = {other.get(first, 'rt')} | ({other.get(first, 'rt2')} if pair else set())
        if written & {row.get(word, 'rn')} - {31} or (pair and len(written) == 1):
            continue
        return first


# -- System registers --------------------------------------------------------------------------

def sysreg(op0, op1, crn, crm, op2):
    return op0 << 19 | op1 << 16 | crn << 12 | crm << 8 | op2 << 5


NZCV = sysreg(3, 3, 4, 2, 0)
R_FPCR, R_FPSR = sysreg(3, 3, 4, 4, 0), sysreg(3, 3, 4, 4, 1)
TPIDR_EL0 = sysreg(3, 3, 13, 0, 2)
MRS, MSR = 0xd5200000, 0xd5000000


ELR_EL1, SPSR_EL1 = sysreg(3, 0, 4, 0, 1), sysreg(3, 0, 4, 0, 0)
SP_EL0, PAR_EL1 = sysreg(3, 0, 4, 1, 0), sysreg(3, 0, 7, 4, 0)
SPSEL, CURRENT_EL = sysreg(3, 0, 4, 2, 0), sysreg(3, 0, 4, 2, 2)
PAN, UAO, DAIF = sysreg(3, 0, 4, 2, 3), sysreg(3, 0, 4, 2, 4), sysreg(3, 3, 4, 2, 1)
# Registers that hold 64 bits of anything: MSR, then MRS.
PLAIN = [sysreg(3, 0, 13, 0, 4), TPIDR_EL0, sysreg(3, 3, 13, 0, 3), sysreg(3, 0, 6, 0, 0), ELR_EL1,
         SP_EL0, sysreg(3, 0, 10, 2, 0)]  # TPIDR_EL1, TPIDRRO_EL0, FAR_EL1, MAIR_EL1
PSTATE_REGS = [NZCV, DAIF, SPSEL, PAN, UAO]


def mrs_el0(rnd):
    reg = rnd.choice((NZCV, R_FPCR, R_FPSR, TPIDR_EL0))
    word = MRS | reg | rnd.randrange(32)
    if reg == TPIDR_EL0:  # not an input: set it first
        return Case([MSR | reg | rnd.randrange(32), word])
    return Case([word])


def msr_el0(rnd):
    reg = rnd.choice((NZCV, R_FPCR, R_FPSR, TPIDR_EL0))
    rt = rnd.randrange(32)
    word = MSR | reg | rt
    if reg == TPIDR_EL0:
        return Case([word, MRS | reg | rnd.randrange(32)])
    return Case([word], mode={R_FPCR: FPCR, R_FPSR: FPSR}.get(reg, NONE))


def dc_zva(rnd):
    return Case([0xd50b7420 | rnd.randrange(31)], mode=RT)


def mrs_el1(rnd):
    rt = rnd.randrange(32)
    if rnd.randrange(2):
        return Case([MRS | rnd.choice(PSTATE_REGS + [CURRENT_EL, R_FPCR, R_FPSR]) | rt])
    return msr_mrs(rnd)


def msr_mrs(rnd):
    reg = rnd.choice(PLAIN + [SPSR_EL1])
    words = [MSR | reg | rnd.randrange(31), MRS | reg | rnd.randrange(32)]
    return Case(words, mode=SPSR_RT if reg == SPSR_EL1 else NONE)


def msr_el1(rnd):
    if rnd.randrange(2):
        return msr_mrs(rnd)
    reg = rnd.choice(PSTATE_REGS + [R_FPCR, R_FPSR])
    return Case([MSR | reg | rnd.randrange(31)], mode={R_FPCR: FPCR, R_FPSR: FPSR}.get(reg, NONE))


def undefined_at_el0(word):
    """An access to a register of EL1, or to DAIF, which SCTLR_EL1.UMA traps."""
    def make(rnd):
        return Case([word | rnd.choice(PLAIN[:1] + PLAIN[3:] + [SPSR_EL1, DAIF, SPSEL, PAN])
                     | rnd.randrange(32)])
    return make


def sys_el1(rnd):
    """AT S1E1R, S1E1W, S1E0R, S1E0W, then PAR_EL1 but its NS, which is UNKNOWN; DC ZVA."""
    if rnd.randrange(3) == 0:
        return dc_zva(rnd)
    at = 0xd5087800 | rnd.randrange(4) << 5
    x = rnd.randrange(31)
    mask = 0x9276f800 | x << 5 | x  # AND Xx, Xx, #~0x200
    return Case([at | rnd.randrange(31), MRS | PAR_EL1 | x, mask], mode=AT)


def eret_el1(rnd):
    a, b = rnd.sample(range(31), 2)
    return Case([MSR | ELR_EL1 | a, MSR | SPSR_EL1 | b, 0xd69f03e0], mode=ERET)


SPECIAL = {'mrs': mrs_el0, 'msr_reg': msr_el0, 'sys': dc_zva}

# QEMU's `max` zeroes 512 bytes in user mode; ours, as every Cortex-A, 64.
OTHER_CPU = {'sys': 'cortex-a72', 'mrs': 'max', 'msr_reg': 'max'}


# -- Cases -------------------------------------------------------------------------------------

def case_el0(tables, row, rnd):
    if row.lifter in SPECIAL:
        return SPECIAL[row.lifter](rnd)
    word = random_word(tables, row, rnd)
    kind = kind_of(row, word, rnd)
    if mem := memory(row, word):
        mode, scale, align = mem
        words = [word]
        if row.lifter in ('stxr', 'stxp') and rnd.randrange(4):
            words.insert(0, load_exclusive(tables, row, word, rnd))
        return Case(words, kind, mode, scale, align)
    if row.lifter in ('br', 'blr', 'ret'):
        return Case([word], kind, TARGET)
    if row.lifter in ('b', 'b_cond', 'cbz', 'tbz'):
        imm = next(n for n in row.at if n.startswith('imm'))
        if not row.get(word, imm):  # would go round for ever
            word = put(row, word, **{imm: 2})
    return Case([word], kind)


# Vectors of the whole machine: row -> {level: how many}.
EXCEPTIONS = {EL0S: 24, EL1T: 20, EL1H: 20}
EL1_ONLY = {**dict.fromkeys(('svc', 'hvc', 'smc', 'brk', 'hlt', 'dcps1', 'dcps2', 'dcps3', 'drps',
                             'msr_spsel', 'msr_daifset', 'msr_daifclr', 'msr_uao', 'msr_pan',
                             'sysl'), EXCEPTIONS),
            'eret': {EL0S: 8, EL1T: 32, EL1H: 64}}
EL1_TOO = {'mrs': {EL0S: 32, EL1H: 64}, 'msr_reg': {EL0S: 32, EL1H: 64}, 'sys': {EL1H: 64}}
EL1_SPECIAL = {'mrs': mrs_el1, 'msr_reg': msr_el1, 'sys': sys_el1, 'eret': eret_el1}
EL0S_SPECIAL = {'mrs': undefined_at_el0(MRS), 'msr_reg': undefined_at_el0(MSR)}
# Immediates that the oracle itself uses.
TAKEN = {'hlt': 0xf000, 'brk': 0x5a5a}


def levels(row):
    """{level: vectors} of the whole machine."""
    if row.name.endswith('_unpriv'):
        return {EL1H: 48}
    return EL1_ONLY.get(row.name) or EL1_TOO.get(row.name) or {}


def case_el1(tables, row, level, rnd):
    special = (EL0S_SPECIAL if level == EL0S else EL1_SPECIAL).get(row.lifter)
    if special:
        return special(rnd)
    word = random_word(tables, row, rnd)
    if field(row, word, 'imm16') == TAKEN.get(row.name, -1):
        word ^= 1 << 5
    if row.name == 'hvc' and level != EL0S:
        word = put(row, word, imm16=0)  # the firmware's calls
    mem = memory(row, word)
    return Case([word], kind_of(row, word, rnd), *mem) if mem else Case([word])


def rows_el0(tables):
    without = no_result()
    return [r for r in tables.rows if r.name not in without and r.name not in EL1_ONLY]


def random_of(row, index, again, level):
    return random.Random(f'{row.name} {index} {again} {level}')
