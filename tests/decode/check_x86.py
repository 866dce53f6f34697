#!/usr/bin/env python3
"""check_x86.py - the x86 decoder against binutils' objdump.

Random prefixes, opcodes (of our rows, and any) and operands in 16-, 32- and 64-bit mode: what our
decoder takes objdump must take, with the same length and a mnemonic that the row's has as its own;
what objdump takes and we do not must be listed below with a reason.

    check_x86.py [--seed N] [--count N] [--show N]

Exit 0: agreed; 1: not; 77: skipped, no objdump or no mynah-x86dec.
"""
import argparse
import collections
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, 'tools'))
import x86gen  # noqa: E402

SLOT = 32       # bytes of a sample: 15 that may be random, then NOPs that bring objdump back into step
MACHINE = {16: 'i8086', 32: 'i386', 64: 'i386:x86-64'}
PREFIX = re.compile(r'(?:(?:rex(?:\.\w+)?|data16|data32|addr16|addr32|addr64|lock|rep|repz|repnz|xacquire|xrelease|'
                    r'notrack|bnd|es|cs|ss|ds|fs|gs)(?= |$)(?:,pn|,pt)? *)*')

# objdump's name (Intel syntax) -> ours. A name stands for itself, too.
ALIASES = {
    'cwde': 'cbw', 'cdqe': 'cbw', 'cdq': 'cwd', 'cqo': 'cwd', 'jecxz': 'jcxz', 'jrcxz': 'jcxz', 'xlat': 'xlatb',
    'movabs': 'mov', 'call': 'callf', 'jmp': 'jmpf', 'icebp': 'int1', 'wbnoinvd': 'wbinvd', 'xchg': 'nop',
    'prefetchwt1': 'prefetch', 'cldemote': 'nop',
    **{n: 'nop' for n in ('bndldx', 'bndstx', 'bndmov', 'bndcl', 'bndcu', 'bndcn', 'bndmk', 'rdsspd', 'rdsspq',
                          'prefetchit0', 'prefetchit1', 'prefetchrst2')},
    'movq': 'movd', 'vmovq': 'vmovd', 'movd': 'movq', 'vmovd': 'vmovq',
}
# Our mnemonics that objdump gives a suffix, for an operand size that is not the mode's or for REX.W.
SUFFIXES = (
    (re.compile(r'(push|pop)[af]?|enter|leave|callf?|jmpf?|retf?|iret|sysret|sysexit|[ls][gi]dt|loop(n?e)?|jcc'),
     'wdlq'),
    (re.compile(r'fldenv|fnstenv|frstor|fnsave'), 'wd'),
    (re.compile(r'v?pcmpestr[im]'), 'q'),  # lengths in RAX and RDX
    (re.compile(r'fxsave|fxrstor|xsave(opt|c)?|xrstor'), ('64',)),
)
# The immediate of comparisons and of PCLMULQDQ, which objdump has as a part of the name.
PREDICATES = ('eq', 'lt', 'le', 'unord', 'neq', 'nlt', 'nle', 'ord', 'eq_uq', 'nge', 'ngt', 'false', 'neq_oq', 'ge',
              'gt', 'true', 'eq_os', 'lt_oq', 'le_oq', 'unord_s', 'neq_us', 'nlt_uq', 'nle_uq', 'ord_s', 'eq_us',
              'nge_uq', 'ngt_uq', 'false_os', 'neq_os', 'ge_oq', 'gt_oq', 'true_us')
# Of 2 and 3 bit 1 does not count; objdump takes them for indices of its own table.
HALVES = {0: 'lqlq', 1: 'hqlq', 0x10: 'lqhq', 0x11: 'hqhq', 2: 'lqhq', 3: 'hqhq'}
CONDITIONS = ('o', 'no', 'b', 'ae', 'e', 'ne', 'be', 'a', 's', 'ns', 'p', 'np', 'l', 'ge', 'le', 'g')

# What objdump takes and this CPU does not have.
OTHER_EXTENSIONS = re.compile(
    # virtual machines, enclaves, transactions, shadow stacks, protection keys, other vendors, later additions
    r'vm(?:call|launch|resume|xoff|xon|clear|ptrld|ptrst|read|write|func|run|load|save|mcall|gexit)$|invept|invvpid|'
    r'skinit|stgi|clgi|invlpga|invlpgb|tlbsync|psmash|pvalidate|rmp|encl|xbegin|xend|xabort|xtest|getsec|'
    r'incssp|rstorssp|saveprevssp|setssbsy|clrssbsy|wrss|wruss|rdpkru|wrpkru|rdpru|clzero|mcommit|monitorx|mwaitx|'
    r'umonitor|umwait|tpause|ptwrite|pconfig|movdir|enqcmd|serialize|xsusldtrk|xresldtrk|hreset|uiret|testui|clui|'
    r'stui|senduipi|wrmsrns|rdmsrlist|wrmsrlist|xsaves|xrstors|seam|tdcall|lkgs|eret[us]|xsha|xcrypt|xstore|montmul|'
    r'ccs_|mont|getsec|lwpval|lwpins|llwpcb|slwpcb|bndc|urdmsr|uwrmsr|loadiwkey|aesenc\w*kl|aesdec\w*kl|'
    r'encodekey|cmp\w+xadd|aadd|aand|aor|axor|jmpabs|'
    # SSE4a, XOP, FMA4, TBM, 3DNow!
    r'extrq|insertq|movntss|movntsd|femms|pf\w+|pi2f\w+|pavgusb|pmulhrw|pswapd|vfm\w+p[sd]4|blc\w+|bls(?:ic|fill)|'
    r't1mskc|tzmsk|vp(?:cmov|perm$|rot|sha|shl[bwdq]$|com|macs?|madcs)\w*|'
    r'vph(?:add|sub)u?(?:b[wdq]|w[dq]|dq)$|vfrcz\w+|vpermil2\w+|'
    r'vfn?m(?:add|sub)\w*(?<!\d)p[sd]$|vfn?m(?:add|sub)(?:ss|sd)$|'
    # SHA512, SM3, SM4, AVX-VNNI and the like, AMX, GFNI, mask registers
    r'vsha512|vsm[34]|vpdp|vbcstn|vcvtne|vpmadd52|tile|tdp|ldtilecfg|sttilecfg|tcmm|gf2p8|vgf2p8|'
    r'vmread|vmwrite|vmxon|k(?:and|andn|or|xor|xnor|not|mov|add|shift|test|ortest|unpck)\w*$')
# Rows that we take and objdump does not, and why we do.
OBJDUMP_REFUSES = {
    'salc': 'is not in the manual, but in every processor',
    'lfence': 'ModRM.rm is ignored', 'mfence': 'ModRM.rm is ignored', 'sfence': 'ModRM.rm is ignored',
    'nop_0f1a': 'MPX is not there', 'nop_0f1b': 'MPX is not there', 'wbinvd': '66 is ignored',
    'bsf': 'F2 is ignored', 'bsr': 'F2 is ignored',
    # Encodings of the 8087 that are in no manual of Intel's; AMD's and Intel's processors execute them as these.
    **{n: 'DC, DE, D9, DD and DF have more encodings of it than the manual'
       for n in ('fcom_alias', 'fcomp_alias', 'fcomp_alias2', 'fxch_alias4', 'fxch_alias7', 'fstp_alias1',
                 'fstp_alias8', 'fstp_alias9')},
}
# Rows whose registers objdump prints with another size; their numbers must be the same.
OTHER_SIZES = (
    # the operand size, which does not matter: the upper half is ignored or becomes 0
    re.compile(r'mov_SwEw|movsxd|(rd|wr)[fg]sbase|v?p?movmsk(b|ps|pd)(_mm|_256)?'),
    # VEX.L, which is ignored: the registers are XMM
    re.compile(r'vmovs[sd]_UxVx'),
)
# 66 and REX are ignored beside F2 and F3: the register is of MMX; objdump names one of 16 XMM.
MMX_AS_XMM = re.compile(r'movdq2q|movq2dq')
# XMM0 is an operand, the rows do not name it.
IMPLICIT_XMM0 = re.compile(r'p?blendv(b|ps|pd)|sha256rnds2')
# Names that differ, (row, objdump's): its view is another one.
OTHER_NAMES = {
    ('xchg_ZvrAX', 'pause'),  # F3 and REX.B: processors exchange
}
# Why we refuse what objdump takes: reason, test of (bits, bytes before the opcode, objdump's text).
WE_REFUSE = (
    ('LOCK is for some instructions that write memory', lambda bits, head, text: 0xf0 in head),
    ('66, F2, F3, LOCK and REX before VEX are #UD',
     lambda bits, head, text: set(head) & {0x66, 0xf2, 0xf3} or bits == 64 and head[-1:] and head[-1] >> 4 == 4),
    ('a register that is not there', lambda bits, head, text: re.match(
        r'mov +(?:.*,)?(?:\?|cr[1567]\b|cr9|cr1\d|db?r(?:[89]|1\d)|tr\d)', text)),
    ('is of 64-bit mode', lambda bits, head, text: bits < 64 and re.match(r'swapgs|(?:rd|wr)[fg]sbase', text)),
)


def samples(rows, rng, count):
    """Bytes that are likely to be instructions."""
    escapes = {0: '', 1: '0f', 2: '0f38', 3: '0f3a'}
    pool = (0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x66, 0x66, 0x67, 0x67, 0xf0, 0xf2, 0xf3, 0xf2, 0xf3)
    for _ in range(count):
        row = rng.choice(rows) if rng.random() < 0.9 else None
        head = bytes(rng.choice(pool) for _ in range(rng.choice((0, 0, 0, 0, 1, 1, 1, 2, 3))))
        if row and row.vex and rng.random() < 0.9:
            yield head_vex(row, rng, head if rng.random() < 0.3 else b''), row
            continue
        if row and row.prefix in ('66', 'f3', 'f2') and rng.random() < 0.8:
            head += bytes.fromhex(row.prefix)
        if rng.random() < 0.3:
            head += bytes([0x40 | rng.randrange(16)])
        if row:
            low = rng.randrange(256) & ~row.opcode_mask
            head += bytes.fromhex(escapes[row.map]) + bytes([row.opcode | low & 0xff])
        else:
            head += bytes.fromhex(rng.choice(('', '0f', '0f38', '0f3a'))) + rng.randbytes(1)
        yield tail(head, row, rng), row


def head_vex(row, rng, head):
    rxb, w = rng.choice((0xe0, rng.randrange(8) << 5)), row.w if row.w >= 0 else rng.randrange(2)
    l = row.l if row.l >= 0 else rng.randrange(2)
    vvvv = 15 if 'nov' in row.attrs else rng.randrange(16)
    last = w << 7 | vvvv << 3 | l << 2 | ('np', '66', 'f3', 'f2').index(row.prefix)
    if row.map == 1 and rng.random() < 0.4 and not w:
        head += bytes([0xc5, rng.choice((0x80, 0)) | last & 0x7f])
    else:
        head += bytes([0xc4, rxb | row.map, last])
    return tail(head + bytes([row.opcode]), row, rng)


def tail(head, row, rng):
    modrm = rng.randrange(256)
    if rng.random() < 0.4:
        modrm |= 0xc0
    if row and row.modrm and rng.random() < 0.95:
        modrm = modrm & ~row.modrm_mask | row.modrm_value
    return (head + bytes([modrm]) + rng.randbytes(15))[:15]


# -- The two opinions --------------------------------------------------------------------------

def ours(program, bits, found):
    text = ''.join(f'{bits} {s.hex()}{"90" * (SLOT - 15)}\n' for s in found)
    out = subprocess.run([program], input=text, capture_output=True, text=True, check=True).stdout.split('\n')
    for line in out[:len(found)]:
        words = line.split()
        yield int(words[0]), (words[1] if len(words) > 2 else None), line


def objdump(bits, found):
    """(length, text) of the instruction at the start of each sample; text None: bad."""
    with tempfile.NamedTemporaryFile() as f:
        f.write(b''.join(s + b'\x90' * (SLOT - 15) for s in found))
        f.flush()
        out = subprocess.run(['objdump', '-D', '-z', '-b', 'binary', '-m', MACHINE[bits], '-M', 'intel,intel64',
                              '--insn-width=16', f.name], capture_output=True, text=True, check=True).stdout
    at = {}
    for line in out.split('\n'):
        if m := re.match(r'\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*\t?(.*)', line):
            at[int(m[1], 16)] = (len(m[2].split()), m[3].strip())
    for n in range(len(found)):
        yield one(at, n * SLOT)


def one(at, pos):
    """Prefixes that objdump prints alone (two REX) belong to what follows, but it forgets them: no opinion."""
    length, text = at.get(pos, (0, '(bad)'))
    if '(bad)' in text or '.byte' in text or not length:
        return 0, None
    rest = text[PREFIX.match(text).end():]
    return (length, rest) if rest and not rest.startswith('#') else (0, '')


# -- Judgement ---------------------------------------------------------------------------------

def immediate(our):
    return int(our.rpartition(' ')[2], 0)


def named_by_immediate(mnemonic, our):
    """objdump's name, or None."""
    if m := re.fullmatch(r'(v?)(cmp)([ps][sd])', mnemonic):
        if immediate(our) < (32 if m[1] else 8):
            return m[1] + m[2] + PREDICATES[immediate(our)] + m[3]
    elif re.fullmatch('v?pclmulqdq', mnemonic) and immediate(our) in HALVES:
        return mnemonic.replace('qdq', HALVES[immediate(our)] + 'dq')
    return None


def names(row, our, text):
    """Is objdump's mnemonic one of the row's?"""
    word = re.split(r'[ ,(]', text)[0]      # "fneni(8087 only)"
    if name := named_by_immediate(row.mnemonic, our):
        return word == name
    mine = {row.mnemonic}
    if row.mnemonic.endswith('cc'):
        mine = {row.mnemonic[:-2] + c for c in CONDITIONS}
    for mnemonics, suffixes in SUFFIXES:
        if mnemonics.fullmatch(row.mnemonic):
            mine |= {m + s for m in mine for s in suffixes}
    return word in mine or ALIASES.get(word) in mine


REGISTER = re.compile(r'\b(?:r(?:\d+[bwd]?|[abcd]x|[sb]p|[sd]i|ip)|eip|e?(?:[abcd]x|[sb]p|[sd]i)|[abcd][lh]|'
                      r'[sb]pl|[sd]il|[xy]?mm\d+|[cd]r\d+|st\d)\b')
NUMBER = re.compile(r'-?0x[0-9a-f]+')
SEGMENT = re.compile(r'\b([c-g]s):\[')


def operands(text):
    """Registers in order, numbers as sets, the segment of a memory operand; of either side's text."""
    text = text.partition('#')[0].partition('<')[0].partition(' ')[2]
    text = re.sub(r'\bst\((\d)\)', r'st\1', re.sub(r'\bdb(\d)', r'dr\1', text))
    return REGISTER.findall(text), [int(n, 16) for n in NUMBER.findall(text)], SEGMENT.findall(text)


def whole(reg):
    """The register of which this one is a part."""
    if m := re.fullmatch(r'(?:[xy]?mm|r)(\d+)[bwd]?', reg):
        return ('v' if 'm' in reg else 'r') + m[1]
    return re.sub(r'^[er](?=..$)', '', reg)


def same_operands(row, our, their):
    """Numbers: at the size that objdump prints them with. Branches are printed as addresses: lengths tell."""
    if not row.operands or any(o[0] in ('J', 'ONE') for o in row.operands) or row.lifter == 'nop':
        return True
    regs, numbers, segs = operands(our)
    regs2, numbers2, segs2 = operands(their)
    if IMPLICIT_XMM0.fullmatch(row.mnemonic):
        regs.append('xmm0')
    if MMX_AS_XMM.fullmatch(row.name):
        regs2 = [f'mm{int(r2[3:]) & 7}' if r[:2] == 'mm' and r2[:3] == 'xmm' else r2 for r, r2 in zip(regs, regs2)]
    if any(rows.fullmatch(row.name) for rows in OTHER_SIZES):
        regs, regs2 = [whole(r) for r in regs], [whole(r) for r in regs2]
    if regs != regs2:
        return False
    known = {n & m for n in numbers for m in (0xff, 0xffff, 0xffffffff, ~0 & (1 << 64) - 1)}
    if any(n & (1 << 64) - 1 not in known for n in numbers2 if n):
        return False
    return not segs2 or not segs or segs2[0] in segs


def head_of(bits, sample):
    """The bytes that are prefixes."""
    n = 0
    while n < 15 and (sample[n] in (0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3)
                      or bits == 64 and sample[n] >> 4 == 4):
        n += 1
    return sample[:n]


def objdump_refuses(name, line, length, head):
    """May objdump say "bad"?"""
    if '_alias' in name and length != len(head) + 2:
        return False
    if 'gather' in name:  # registers that coincide: #UD, of the lifter
        vectors = [whole(r) for r in operands(line.split(' ', 2)[2])[0] if 'mm' in r]
        return len(vectors) == 3 > len(set(vectors))
    return name in OBJDUMP_REFUSES


def judge(rows, bits, sample, our, their):
    """None, or a kind of difference."""
    length, name, line = our
    their_length, text = their
    head = head_of(bits, sample)
    if text == '':
        return None
    if name == 'fwait' and (head or sample[1] & 0xf8 == 0xd8):  # objdump reads on: FINIT is 9B DB E3
        return None if length == len(head) + 1 else 'length of fwait'
    if name is None:
        known = text is None or OTHER_EXTENSIONS.match(text.split()[0])
        evex = sample[len(head)] == 0x62 and (bits == 64 or sample[len(head) + 1] >= 0xc0)  # AVX-512 is not there
        if known or evex or any(test(bits, head, text) for _, test in WE_REFUSE):
            return None
        return 'refused: ' + text.split()[0]
    if text is None:
        return None if objdump_refuses(name, line, length, head) else 'taken: ' + name
    if length != their_length:
        return f'length {length} not {their_length}: {name}'
    if (name, text.split()[0]) in OTHER_NAMES:
        return None
    text_of_ours = line.split(' ', 2)[2].removeprefix('lock ').removeprefix('repne ').removeprefix('rep ')
    if names(rows[name], text_of_ours, text):
        return None if same_operands(rows[name], text_of_ours, text) else 'operands of ' + name
    return f'name of {name}: {text.split()[0]}'


def run(args, program):
    paths = sorted(os.path.join(ROOT, 'frontend/x86', f) for f in os.listdir(os.path.join(ROOT, 'frontend/x86'))
                   if f.endswith('.decode'))
    rows = x86gen.parse(paths)
    by_name, rng = {r.name: r for r in rows}, random.Random(args.seed)
    kinds = collections.defaultdict(list)
    taken = 0
    for bits in MACHINE:
        found = [s for s, _ in samples(rows, rng, args.count)]
        for s, our, their in zip(found, ours(program, bits, found), objdump(bits, found)):
            taken += our[1] is not None
            kind = judge(by_name, bits, s, our, their)
            if kind:
                kinds[kind].append(f'{bits} {s.hex()}  we: {our[2]}  objdump: {their[0]} {their[1]}')
    for kind, list_ in sorted(kinds.items(), key=lambda k: -len(k[1])):
        print(f'{len(list_)}: {kind}')
        for text in list_[:args.show]:
            print('    ' + text)
    print(f'{3 * args.count} samples, {taken} instructions, {sum(map(len, kinds.values()))} differences')
    return 1 if kinds or not taken else 0


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    args.add_argument('--seed', type=int, default=1)
    args.add_argument('--count', type=int, default=20000)
    args.add_argument('--show', type=int, default=2)
    args.add_argument('--program', default=os.path.join(os.environ.get('MYNAH_BUILD', os.path.join(ROOT, 'build')),
                                                        'mynah-x86dec'))
    args = args.parse_args()
    if not shutil.which('objdump') or not os.path.exists(args.program):
        print('no objdump or no ' + args.program)
        return 77
    return run(args, args.program)


if __name__ == '__main__':
    sys.exit(main())
