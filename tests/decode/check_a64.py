#!/usr/bin/env python3
"""check_a64.py - the A64 decode tables against a disassembler.

Random words, random words of every row, and both with one fixed bit flipped: the generated C
decoder, the rows read in Python and a disassembler must agree on which words are allocated,
with all optional features and with none, and the disassembler must print a mnemonic that the
row's manual entry has.

llvm-mc knows the architecture's optional features one by one and is compared in both
directions; objdump knows all or nothing: what we accept it must accept. Differences that the
manual explains are in known_differences.txt.

    check_a64.py [--seed N] [--random N] [--per-row N]

Exit 0: agreed; 1: not; 77: skipped, no disassembler.
"""
import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True  # the source tree stays clean
sys.path.insert(0, os.path.join(ROOT, 'tools'))
import decodegen  # noqa: E402

TABLES = [os.path.join(ROOT, 'frontend/arm', f) for f in ('a64.decode', 'a64_simd.decode')]

# Feature of a row -> llvm-mc's name for it, where they are not the same.
LLVM_FEATURES = {'crc32': 'crc', 'lrcpc': 'rcpc', 'fp16': 'fullfp16', 'fhm': 'fp16fml',
                 'pmull': 'aes', 'sha1': 'sha2', 'sha512': 'sha3', 'sm3': 'sm4',
                 'jscvt': 'jsconv', 'fcma': 'complxnum', 'frintts': 'fptoint', 'uao': 'uaops'}
LLVM_BASE = {'el3'}  # SMC and DCPS3 are not in its default

# Preferred disassemblies that even llvm-mc's no-aliases mode prints -> the manual's entries.
ALIASES = {'ASR': 'ASRV SBFM', 'LSL': 'LSLV UBFM', 'LSR': 'LSRV UBFM', 'ROR': 'RORV EXTR',
           'BFC': 'BFM', 'BFI': 'BFM', 'BFXIL': 'BFM', 'SBFIZ': 'SBFM', 'SBFX': 'SBFM',
           'SXTB': 'SBFM', 'SXTH': 'SBFM', 'SXTW': 'SBFM', 'UBFIZ': 'UBFM', 'UBFX': 'UBFM',
           'UXTB': 'UBFM', 'UXTH': 'UBFM', 'MOV': 'MOVN MOVZ ORR DUP', 'AT': 'SYS', 'DC': 'SYS',
           'IC': 'SYS', 'TLBI': 'SYS', 'SSBB': 'DSB', 'PSSBB': 'DSB', 'DFB': 'DSB',
           'RPRFM': 'PRFM'}


def in_scope(word, with_simd):
    """Data processing of the SIMD&FP registers (op0 = x111) has a table of its own."""
    return with_simd or word >> 25 & 7 != 7


# -- The three opinions ------------------------------------------------------------------------

class Model:
    """The rows as Python reads them."""

    def __init__(self, rows):
        self.buckets = [[] for _ in range(16)]  # by bits 28:25
        for row in sorted(rows, key=lambda r: -r.mask.bit_count()):
            for i in range(16):
                if not (row.value ^ i << 25) & row.mask & 15 << 25:
                    self.buckets[i].append(row)

    def match(self, word, features):
        for row in self.buckets[word >> 25 & 15]:
            if (features or not row.feature) and row.matches(word):
                return row.name
        return None


HARNESS = '''
#include "frontend/arm/lift.h"
#include <stdio.h>
int main(int argc, char **argv)
{
    u32 w;
    u64 features = argc > 1 && argv[1][0] == '1' ? ~0ull : 0;
    while (scanf("%x", &w) == 1) {
        u32 row = a64_match(w, features), again;
        bool ok = a64_decode(NULL, w, features, &again);
        printf("%s\\n", row == A64_ROW_COUNT ? "-" : a64_rows[row].name);
        if (again != row || ok != (row != A64_ROW_COUNT))
            return 1;
    }
    return 0;
}
'''


def stub_lift_header(rows):
    """A lift.h without an IR: features, constants of the keys; every lifter says true."""
    names = {n for r in rows for _, v in r.keys for n in re.findall(r'\b[A-Za-z_]\w*', v)}
    feats = sorted({r.feature for r in rows if r.feature})
    lines = ['#pragma once', '#include "base/types.h"']
    lines += [f'#define A64_FEAT_{f} {i}' for i, f in enumerate(feats)]
    lines += [f'#define {n} 1' for n in sorted(names)]
    return '\n'.join(lines + ['#include "frontend/arm/a64_decode.h"']) + '\n'


def stub_lifters(rows):
    return ''.join(f'bool a64_{n}(struct a64_lift *l, const struct a64_{n} *in)\n'
                   '{\n    (void)l;\n    (void)in;\n    return true;\n}\n'
                   for n in decodegen.operands(rows))


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)
    return path


def build_decoder(tables, rows, tmp):
    """Path of a program that reads words and prints row names; None without a C compiler."""
    cc = shutil.which(os.environ.get('CC', 'cc')) or shutil.which('gcc') or shutil.which('clang')
    if not cc:
        return None
    arm = os.path.join(tmp, 'frontend/arm')
    write(os.path.join(arm, 'lift.h'), stub_lift_header(rows))
    main = write(os.path.join(tmp, 'main.c'), HARNESS + stub_lifters(rows))
    gen = os.path.join(tmp, 'a64_decode.c')
    subprocess.run([sys.executable, os.path.join(ROOT, 'tools/decodegen.py'), '--prefix', 'a64',
                    '--header', os.path.join(arm, 'a64_decode.h'), '--source', gen] + tables,
                   check=True)
    exe = os.path.join(tmp, 'decoder')
    subprocess.run([cc, '-std=gnu17', '-Wall', '-Wextra', '-Werror', '-I', tmp, '-I', ROOT, main,
                    gen, '-o', exe], check=True)
    return exe


def c_names(exe, words, features):
    out = subprocess.run([exe, str(int(features))], input=''.join(f'{w:x}\n' for w in words),
                         text=True, capture_output=True, check=True).stdout
    return out.split()


def find_tool(name):
    """name, or the newest name-NN on the path."""
    if path := shutil.which(name):
        return path
    return next(filter(None, (shutil.which(f'{name}-{v}') for v in range(30, 12, -1))), None)


def llvm_mnemonics(tool, words, features):
    """A mnemonic a word, None where it refuses, as it also does by UDF and by MSR of S0_*
    (what it prints for words of the system space with op0 = 0 that are nothing else)."""
    names = sorted(LLVM_BASE | {LLVM_FEATURES.get(f, f) for f in features})
    text = ''.join(' '.join(f'{b:#04x}' for b in w.to_bytes(4, 'little')) + '\n' for w in words)
    run = subprocess.run([tool, '--disassemble', '--triple=aarch64', '-M', 'no-aliases',
                          '-mattr=' + ','.join('+' + n for n in names)],
                         input=text, text=True, capture_output=True, check=False)
    if unknown := re.search(r"'(\S+)' is not a recognized feature", run.stderr):
        sys.exit(f'{tool} does not know the feature {unknown[1]}: add it to LLVM_FEATURES')
    bad = {int(n) for n in re.findall(r'^<stdin>:(\d+):\d+: warning: invalid instruction',
                                      run.stderr, re.M)}
    printed = [ln for ln in run.stdout.split('\n') if ln.strip() and ln.split()[0] != '.text']
    if len(printed) + len(bad) != len(words):
        sys.exit(f'{tool} printed {len(printed)} and refused {len(bad)} of {len(words)} words')
    printed = iter(printed)
    lines = [None if i + 1 in bad else next(printed) for i in range(len(words))]
    return [None if not ln or re.search(r'\b(S0_|udf\b)', ln, re.I) else ln.split()[0].upper()
            for ln in lines]


def mnemonic_fits(mnemonic, row):
    """LSE rows are listed without their A, L and AL forms, B.cond without the condition;
    hints have many names."""
    have = re.findall(r'[A-Z][A-Z0-9]*', row.entry.upper())
    forms = [mnemonic.partition('.')[0]] + ALIASES.get(mnemonic, '').split()
    if row.feature == 'lse':
        forms.append(re.sub(r'(?<=...)(A|L|AL)(?=[BH]?$)', '', mnemonic))
    return row.name == 'hint' or any(f in have for f in forms)


def objdump_allocated(tool, words, tmp):
    path = os.path.join(tmp, 'words.bin')
    with open(path, 'wb') as f:
        f.write(b''.join(w.to_bytes(4, 'little') for w in words))
    out = subprocess.run([tool, '-D', '-z', '-b', 'binary', '-m', 'aarch64', path], text=True,
                         capture_output=True, check=True).stdout
    lines = re.findall(r'^ *[0-9a-f]+:\t[0-9a-f]{8} \t(\S+)', out, re.M)
    if len(lines) != len(words):
        sys.exit(f'{tool} printed {len(lines)} instructions of {len(words)}')
    return [m not in ('.inst', 'udf') for m in lines]


# -- Differences -------------------------------------------------------------------------------

def read_known(path):
    """[(row, tool, who)] of rows in the decoder's format, entry `TOOL WHO: reason`."""
    known = []
    for row in decodegen.parse([path]):
        m = re.match(r'(llvm-mc|objdump|any) (ours|theirs): .', row.entry)
        if not m:
            sys.exit(f'{row.where}: the text is not "TOOL ours|theirs: reason"')
        known.append((row, m[1], m[2]))
    return known


def is_known(known, word, tool, who):
    return any(w == who and t in (tool, 'any') and row.matches(word) for row, t, w in known)


def compare(tool, words, names, allocated, both_ways, known):
    """Prints what is not known, a few words a row; returns their number."""
    seen = {}
    for word, name, theirs in zip(words, names, allocated):
        if (name != '-') == theirs or (theirs and not both_ways):
            continue
        who = 'theirs' if theirs else 'ours'
        if not is_known(known, word, tool, who):
            seen.setdefault((name, word >> 21 if theirs else 0), []).append(word)
    for (name, _), bad in sorted(seen.items())[:40]:
        what = f'we accept as {name}' if name != '-' else 'we refuse'
        print(f'# {tool} disagrees on {len(bad)} words that {what}: '
              + ' '.join(f'{w:08x}' for w in bad[:4]))
    return sum(len(b) for b in seen.values())


# -- Words -------------------------------------------------------------------------------------

def make_words(rows, rng, count, per_row, with_simd):
    words = [rng.getrandbits(32) for _ in range(count)]
    for row in rows:
        mine = [row.value | rng.getrandbits(32) & ~row.mask for _ in range(per_row)]
        words += mine
        fixed = [i for i in range(32) if row.mask >> i & 1]
        words += [rng.choice(mine) ^ 1 << i for i in fixed for _ in range(3)]
    return [w for w in dict.fromkeys(words) if in_scope(w, with_simd)]


def check_decoder(exe, words, names, features):
    bad = 0
    for w, n, c in zip(words, names, c_names(exe, words, features)):
        if n != c:
            print(f'# {w:08x}: the rows say {n}, the generated decoder {c}')
            bad += 1
    return bad


def check_llvm(tool, rows, words, names, features, known):
    on = {r.feature for r in rows if r.feature} if features else set()
    got = llvm_mnemonics(tool, words, on)
    bad = compare('llvm-mc', words, names, [m is not None for m in got], True, known)
    by_name = {r.name: r for r in rows}
    wrong = {}
    for w, n, m in zip(words, names, got):
        if n != '-' and m and not mnemonic_fits(m, by_name[n]):
            wrong.setdefault((n, m), w)
    for (n, m), w in sorted(wrong.items()):
        print(f'# {w:08x}: {n} is "{by_name[n].entry}", llvm-mc says {m}')
    return bad + len(wrong)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--seed', type=int, default=1)
    ap.add_argument('--random', type=int, default=30000)
    ap.add_argument('--per-row', type=int, default=60)
    a = ap.parse_args()
    tables = [t for t in TABLES if os.path.exists(t)]
    rows = decodegen.parse(tables)
    words = make_words(rows, random.Random(a.seed), a.random, a.per_row, len(tables) > 1)
    model, bad = Model(rows), 0
    known = read_known(os.path.join(HERE, 'known_differences.txt'))
    llvm, objdump = find_tool('llvm-mc'), shutil.which('aarch64-linux-gnu-objdump')
    with tempfile.TemporaryDirectory() as tmp:
        exe = build_decoder(tables, rows, tmp)
        for features in (True, False):
            names = [model.match(w, features) or '-' for w in words]
            if exe:
                bad += check_decoder(exe, words, names, features)
            if llvm:
                bad += check_llvm(llvm, rows, words, names, features, known)
            if objdump and features:
                got = objdump_allocated(objdump, words, tmp)
                bad += compare('objdump', words, names, got, False, known)
    if not llvm and not objdump and not bad:
        print('skip: neither llvm-mc nor aarch64-linux-gnu-objdump is installed')
        sys.exit(77)
    by = [n for n, t in (('the C decoder', exe), ('llvm-mc', llvm), ('objdump', objdump)) if t]
    print(f'{"not ok" if bad else "ok"}: {len(rows)} rows, {len(words)} words against '
          f'{" and ".join(by)}, {bad} differences')
    sys.exit(bad > 0)


if __name__ == '__main__':
    main()
