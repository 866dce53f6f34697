#!/usr/bin/env python3
"""x86gen.py - turn the x86 .decode files into C tables.

    x86gen.py --header OUT.h --source OUT.c IN.decode...

The rows' format is described at the top of frontend/x86/x86.decode. Two rows may match the same
bytes only when one refines the other: it says more about prefix, ModRM, W, L, mode or low opcode
bits, and nothing less. The more specific row is tried first, the other one where the CPU lacks the
feature of the first. Everything else that overlaps is refused.

The header has the row ids, the types of operands and the lifters' prototypes; the source has
x86_rows[] and the lookup: (map, opcode, and of groups ModRM.reg and mod = 3) to candidate rows.
"""
import argparse
import re
import sys

ATTRIBUTES = {'lock': 'LOCK', 'd64': 'D64', 'f64': 'F64', 'i64': 'I64', 'o64': 'O64', 'pm': 'PM',
              'cpl0': 'CPL0', 'str': 'STR', 'x87': 'X87', 'x87nw': 'X87_NW', 'mmx': 'MMX',
              'sse': 'SSE', 'al': 'AL', 'alw': 'ALWAYS_AL', 'fpx': 'FPX', 'vsib': 'VSIB',
              'noseg': 'NOSEGCHECK', 'nob': 'NOB'}
KEYS = ('op', 'lane', 'a', 'b')
PREFIXES = ('np', '66', 'f3', 'f2')            # bits 0 to 3 of x86_row.accept
PREFIX_ENUM = {None: 'ANY', 'np': 'NONE', '66': '66', 'f3': 'F3', 'f2': 'F2', 'nr': 'NOREP'}
PREFIX_SETS = {None: 15, 'nr': 3, **{p: 1 << n for n, p in enumerate(PREFIXES)}}
ACCEPT_W, ACCEPT_L, ACCEPT_MODE, ACCEPT_REXB = 4, 6, 8, 10  # two bits each: 0, 1
TYPES = ('none', 'b', 'w', 'd', 'q', 't', 'dq', 'qq', 'x', 'hx', 'fx', 'ex', 'v', 'z', 'y', 'm', 'p', 's', 'a')
METHODS = 'EGMRBIJAOSCDXYVWUHLPQNZ'
MODRM_METHODS = set('EGMRSCDVWUPQN') | {'ST'}
BY_RM = set('EMRWUQN') | {'ST'}                # the ModRM.rm operand, or memory
REGISTERS = ('AX', 'CX', 'DX', 'BX', 'SP', 'BP', 'SI', 'DI')
SEGMENTS = ('ES', 'CS', 'SS', 'DS', 'FS', 'GS')
FIXED = {'AL': ('b', 0), 'CL': ('b', 1), 'AX': ('w', 0), 'CX': ('w', 1), 'DX': ('w', 2),
         **{'e' + r: ('z', n) for n, r in enumerate(REGISTERS)},
         **{'r' + r: ('v', n) for n, r in enumerate(REGISTERS)}}
MAPS = (('0f', '38'), ('0f', '3a'), ('0f',))
BY_MODRM, HAS_MODRM = 0x8000, 0x4000           # in x86_op_slot, besides the slot's number


class DecodeError(Exception):
    """What is wrong with the .decode files: 'path:line: sentence' lines."""


class Row:
    def __init__(self, where, name):
        self.where, self.name = where, name
        self.map = self.opcode = 0
        self.opcode_mask = 0xff
        self.prefix = None
        self.modrm = False
        self.modrm_mask = self.modrm_value = self.modrm_not = 0
        self.vex = False
        self.l = self.w = -1
        self.operands = []      # (method, type, reg, sx, type of a memory form)
        self.lifter = ''
        self.keys = {}
        self.attrs = set()
        self.feature = None
        self.mnemonic = self.entry = ''

    def accept(self):
        """One bit for each prefix, W, L, mode and REX.B that the row goes with."""
        bits = PREFIX_SETS[self.prefix]
        bits |= (3 if self.w < 0 else 1 << self.w) << ACCEPT_W
        bits |= (3 if self.l < 0 else 1 << self.l) << ACCEPT_L
        bits |= (1 if 'i64' in self.attrs else 2 if 'o64' in self.attrs else 3) << ACCEPT_MODE
        return bits | (1 if 'nob' in self.attrs else 3) << ACCEPT_REXB

    def modrm_set(self):
        """All ModRM bytes of the row, as bits of an integer."""
        if not self.modrm:
            return 1
        return sum(1 << m for m in range(256)
                   if m & self.modrm_mask == self.modrm_value and not (self.modrm_not and m >= 0xc0))

    def table(self):
        return self.map + 3 if self.vex else self.map

    def opcodes(self):
        return [o for o in range(256) if o & self.opcode_mask == self.opcode]


# -- Reading -----------------------------------------------------------------------------------

def read_modrm(row, tok):
    row.modrm = True
    if m := re.fullmatch(r'\{([0-9a-f]{2})\}', tok):
        row.modrm_mask, row.modrm_value = 0xff, int(m[1], 16)
        return
    m = re.fullmatch(r'/(r|[0-7])([mr]?)', tok)
    if not m:
        raise ValueError(f'"{tok}" of {row.name} is not /r, /rm, /rr, /0 to /7 (m, r) or {{xx}}')
    if m[1] != 'r':
        row.modrm_mask, row.modrm_value = 0x38, int(m[1]) << 3
    if m[2] == 'r':
        row.modrm_mask |= 0xc0
        row.modrm_value |= 0xc0
    row.modrm_not = int(m[2] == 'm')


def read_vex(row, tok):
    parts = tok.split('.')
    lengths = {'128': 0, '256': 1, 'any': -1, 'lig': -2, 'lz': 0}
    maps = {'0f': 1, '0f38': 2, '0f3a': 3}
    ws = {'w0': 0, 'w1': 1, 'wig': -1}
    if len(parts) != 5 or parts[1] not in lengths or parts[2] not in PREFIXES or parts[3] not in maps \
            or parts[4] not in ws:
        raise ValueError(f'"{tok}" of {row.name} is not vex.(128|256|any|lig|lz).(np|66|f3|f2).'
                         '(0f|0f38|0f3a).(w0|w1|wig)')
    row.vex, row.l, row.prefix = True, lengths[parts[1]], parts[2]
    row.map, row.w = maps[parts[3]], ws[parts[4]]


def read_opcode(row, toks):
    """Eats the opcode's bytes and its ModRM token; returns the rest."""
    if not row.vex:
        for n, escape in enumerate(MAPS):
            if tuple(toks[:len(escape)]) == escape and len(toks) > len(escape):
                row.map, toks = (2, 3, 1)[n], toks[len(escape):]
                break
    m = re.fullmatch(r'([0-9a-f]{2})(\+r|\+cc)?', toks[0]) if toks else None
    if not m:
        raise ValueError(f'{row.name} has no opcode byte (two lower-case hex digits) where one must be')
    row.opcode, toks = int(m[1], 16), toks[1:]
    row.opcode_mask = {None: 0xff, '+r': 0xf8, '+cc': 0xf0}[m[2]]
    if row.opcode & ~row.opcode_mask:
        raise ValueError(f'the opcode of {row.name} has bits set where {m[2]} has its number')
    if toks and toks[0][0] in '/{':
        read_modrm(row, toks[0])
        toks = toks[1:]
    return toks


def read_encoding(row, toks):
    """Eats prefixes, opcode and ModRM; returns the rest."""
    while toks and (toks[0] in PREFIX_SETS or toks[0] in ('w0', 'w1')):
        if toks[0][0] == 'w':
            row.w = int(toks[0][1])
        elif row.prefix:
            raise ValueError(f'{row.name} has two mandatory prefixes')
        else:
            row.prefix = toks[0]
        toks = toks[1:]
    if toks and toks[0].startswith('vex.'):
        if row.prefix or row.w >= 0:
            raise ValueError(f'{row.name}: prefix and W belong into "{toks[0]}"')
        read_vex(row, toks[0])
        toks = toks[1:]
    return read_opcode(row, toks)


def read_operand(row, tok):
    if tok in FIXED:
        return ('FIX', *FIXED[tok], 0, 'none')
    if tok in SEGMENTS:
        return ('FIXS', 'w', SEGMENTS.index(tok), 0, 'none')
    if tok == '1':
        return ('ONE', 'b', 0, 0, 'none')
    if tok == 'ST0':
        return ('ST', 't', 0, 1, 'none')      # sx: the fixed register
    if tok == 'STi':
        return ('ST', 't', 0, 0, 'none')
    if tok == 'Ibs':
        return ('I', 'b', 0, 1, 'none')
    if m := re.fullmatch(r'([RUN])([a-z]+)/M([a-z]+)', tok):
        method, kind, memory = {'R': 'E', 'U': 'W', 'N': 'Q'}[m[1]], m[2], m[3]
        if kind in TYPES and memory in TYPES:
            return (method, kind, 0, 0, memory)
    elif m := re.fullmatch(f'([{METHODS}])([a-z]*)', tok):
        kind = m[2] or 'none'
        if kind in TYPES and (kind != 'none' or m[1] == 'M'):
            return (m[1], kind, 0, int(m[1] == 'J'), 'none')
    raise ValueError(f'"{tok}" of {row.name} is not an operand')


def read_keys(row, toks):
    """LIFTER, then keys, attributes and feature in any order."""
    if not toks or not re.fullmatch(r'[a-z]\w*', toks[0]):
        raise ValueError(f'{row.name}: a lifter name must follow "="')
    row.lifter = toks[0]
    for tok in toks[1:]:
        if m := re.fullmatch(r'(\w+)=([^=]\S*)', tok):
            if m[1] not in KEYS or m[1] in row.keys:
                raise ValueError(f'key "{m[1]}" of {row.name} is there twice or none of {", ".join(KEYS)}')
            row.keys[m[1]] = m[2]
        elif m := re.fullmatch(r'@([a-z]\w*)', tok):
            if row.feature:
                raise ValueError(f'{row.name} has two features')
            row.feature = m[1]
        elif tok in ATTRIBUTES:
            row.attrs.add(tok)
        else:
            raise ValueError(f'"{tok}" of {row.name} is no key, attribute or feature')


def complete(row):
    """What follows from operands, and what they must have."""
    methods = [o[0] for o in row.operands]
    if len(row.operands) > 4:
        raise ValueError(f'{row.name} has more than four operands')
    by_rm = [o for o in row.operands if o[0] in BY_RM and not (o[0] == 'ST' and o[3])]
    if not row.modrm and any(o[0] in MODRM_METHODS and not (o[0] == 'ST' and o[3]) for o in row.operands):
        raise ValueError(f'{row.name} has an operand of a ModRM byte and no such byte')
    if len(by_rm) > 1:
        raise ValueError(f'{row.name} has two operands in ModRM.rm')
    if any(m in 'HBL' for m in methods) and not row.vex:
        raise ValueError(f'{row.name} has an operand of VEX and no VEX')
    if 'Z' in methods and row.opcode_mask != 0xf8:
        raise ValueError(f'{row.name} has an operand Z and no +r')
    if {'i64', 'o64'} <= row.attrs or {'d64', 'f64'} <= row.attrs:
        raise ValueError(f'{row.name} has attributes that exclude each other')
    if row.vex and 'H' not in methods and 'B' not in methods:
        row.attrs.add('nov')
    if 'C' in methods or 'D' in methods:
        row.attrs.add('modreg')
    elif any(o[0] in 'RUN' and o[4] == 'none' for o in row.operands) and row.modrm:
        if row.modrm_not:
            raise ValueError(f'{row.name} has a register-only operand and a memory-only ModRM')
        row.modrm_mask |= 0xc0
        row.modrm_value |= 0xc0
    if 'M' in methods:
        if row.modrm_mask & 0xc0:
            raise ValueError(f'{row.name} has a memory-only operand and a register-only ModRM')
        row.modrm_not = 1


def read_row(where, text, entry):
    name, *toks = text.split()
    if not re.fullmatch(r'[a-z]\w*', name):
        raise ValueError(f'"{name}" is not a row name (an identifier that begins with a lower-case letter)')
    row = Row(where, name)
    if '=' not in toks:
        raise ValueError(f'{name} has no "= lifter"')
    at = toks.index('=')
    for tok in read_encoding(row, toks[:at]):
        row.operands.append(read_operand(row, tok))
    read_keys(row, toks[at + 1:])
    complete(row)
    m = re.fullmatch(r'\s*([\w ]+?)\s*(?:\(([^()]*)\))?\s*', entry)
    if not m:
        raise ValueError(f'{name} has no "; MNEMONIC (manual page)"')
    row.mnemonic = m[1].lower() if not m[1].endswith('cc') else m[1][:-2].lower() + 'cc'
    row.entry = m[2] or m[1]
    return row


def parse(paths):
    """All rows of the files, in order. Raises DecodeError with every broken line."""
    rows, errors, seen = [], [], {}
    for path in paths:
        with open(path, encoding='utf-8') as f:
            lines = f.read().split('\n')
        for n, raw in enumerate(lines, 1):
            text, _, entry = raw.partition(';')
            text = text.partition('#')[0]
            if not text.strip():
                continue
            try:
                row = read_row(f'{path}:{n}', text, entry)
                if row.name in seen:
                    raise ValueError(f'{row.name} is a row already ({seen[row.name]})')
                seen[row.name] = row.where
                rows.append(row)
            except ValueError as e:
                errors.append(f'{path}:{n}: {e}')
    if errors:
        raise DecodeError('\n'.join(errors))
    return rows


# -- Overlaps and lookup -----------------------------------------------------------------------

def common(x, y):
    """Some (accept bits, ModRM byte) that both rows match, or None."""
    bits, modrm = x.accept() & y.accept(), x.modrm_set() & y.modrm_set()
    for field, width in ((0, 4), (ACCEPT_W, 2), (ACCEPT_L, 2), (ACCEPT_MODE, 2), (ACCEPT_REXB, 2)):
        if not bits >> field & (1 << width) - 1:
            return None
    return (bits, (modrm & -modrm).bit_length() - 1) if modrm else None


def refines(b, a):
    """All that b matches, a matches, and more."""
    inside = (b.accept() & ~a.accept() == 0 and b.modrm_set() & ~a.modrm_set() == 0
              and b.opcode_mask & a.opcode_mask == a.opcode_mask)
    same = (b.accept(), b.modrm_set(), b.opcode_mask) == (a.accept(), a.modrm_set(), a.opcode_mask)
    return inside and not same


def check(rows):
    """table -> opcode -> rows, the specific ones first. Raises DecodeError for bad overlaps."""
    tables, errors = [{} for _ in range(7)], []
    for row in rows:
        for o in row.opcodes():
            tables[row.table()].setdefault(o, []).append(row)
    told = set()
    for opcodes in tables:
        for o, found in opcodes.items():
            for i, b in enumerate(found):
                for a in found[:i]:
                    if (b.name, a.name) in told:
                        continue
                    told.add((b.name, a.name))
                    if a.modrm != b.modrm:
                        errors.append(f'{b.where}: {b.name} and {a.name} ({a.where}) share opcode {o:02x}, '
                                      'and one of them has no ModRM byte')
                    elif (hit := common(a, b)) and not refines(a, b) and not refines(b, a):
                        errors.append(f'{b.where}: {b.name} overlaps {a.name} ({a.where}): opcode {o:02x}'
                                      + (f', ModRM {hit[1]:02x}' if a.modrm else ''))
            found.sort(key=lambda r: (r.accept().bit_count(), r.modrm_set().bit_count(),
                                      -r.opcode_mask))
    if errors:
        raise DecodeError('\n'.join(errors))
    return tables


def order(found):
    """Specific before general, whatever the number of bits says."""
    out = []
    for r in found:
        at = next((i for i, o in enumerate(out) if refines(r, o)), len(out))
        out.insert(at, r)
    return out


class Lookup:
    """op_slot[table][opcode] -> slot (16 of them by ModRM) -> a run of candidate row numbers."""

    def __init__(self, rows):
        self.number = {r.name: n for n, r in enumerate(rows)}
        self.op_slot = [[0] * 256 for _ in range(7)]
        self.slots, self.candidates, self.runs = [(0, 0)], [], {}
        for table, opcodes in enumerate(check(rows)):
            for o, found in sorted(opcodes.items()):
                self.op_slot[table][o] = self.opcode(order(found))

    def run(self, found):
        ids = tuple(self.number[r.name] for r in found)
        if ids not in self.runs:
            self.runs[ids] = len(self.candidates)
            self.candidates += ids
        return (self.runs[ids], len(ids))

    def opcode(self, found):
        slot, has = len(self.slots), HAS_MODRM if found[0].modrm else 0
        if not any(r.modrm_mask or r.modrm_not for r in found):
            self.slots.append(self.run(found))
            return slot | has
        for group in range(16):
            # group: mod = 3, ModRM.reg
            bytes_ = sum(1 << m for m in range(256)
                         if (m >> 6 == 3) == (group >= 8) and m >> 3 & 7 == group & 7)
            self.slots.append(self.run([r for r in found if r.modrm_set() & bytes_]))
        return slot | has | BY_MODRM


# -- C -----------------------------------------------------------------------------------------

def note(paths):
    return f'/* generated from {", ".join(paths)} by tools/x86gen.py; do not edit */'


def write_header(rows, paths):
    out = [note(paths), '#pragma once', '', 'enum x86_row_id {']
    out += [f'    X86_ROW_{r.name}, /* {r.entry} */' for r in rows]
    out += ['    X86_ROW_COUNT', '};', '', 'enum x86_type {']
    out += [f'    X86_T_{t},' for t in TYPES]
    out += ['    X86_T_COUNT', '};', '',
            '/* Bits of x86_row.accept. */',
            f'enum {{ X86_ACCEPT_PFX = 0, X86_ACCEPT_W = {ACCEPT_W}, X86_ACCEPT_L = {ACCEPT_L}, '
            f'X86_ACCEPT_MODE = {ACCEPT_MODE}, X86_ACCEPT_REXB = {ACCEPT_REXB} }};',
            f'enum {{ X86_SLOT_BY_MODRM = {BY_MODRM:#x}, X86_SLOT_HAS_MODRM = {HAS_MODRM:#x}, '
            f'X86_SLOT_NUMBER = {HAS_MODRM - 1:#x} }};',
            'struct x86_slot { u16 first, count; /* candidates */ };', '',
            'extern const struct x86_row x86_rows[X86_ROW_COUNT];',
            '/* By map (one byte, 0F, 0F38, 0F3A; VEX: 0F, 0F38, 0F3A) and opcode: the number of a slot, 0: no row;',
            ' * BY_MODRM: of 16 slots, for ModRM.reg and, the second eight, mod = 3. */',
            'extern const u16 x86_op_slot[7][256];',
            'extern const struct x86_slot x86_slots[];',
            'extern const u16 x86_candidates[]; /* row ids, the specific ones first */', '']
    lifters = {}
    for r in rows:
        lifters.setdefault(r.lifter, []).append(r)
    out += [f'bool x86_{name}(struct x86_lift *l, const struct x86_insn *i);' for name in sorted(lifters)]
    return '\n'.join(out) + '\n'


def c_attr(row):
    names = dict(ATTRIBUTES, nov='NOV', modreg='MODREG')
    return ' | '.join('X86_' + names[a] for a in sorted(row.attrs)) or '0'


def c_row(r):
    keys = ''.join(f', .{k} = {v}' for k, v in r.keys.items())
    operands = ', '.join('{ X86_A_%s, X86_T_%s, %d, %d, X86_T_%s }' % (o[0], o[1], o[2], o[3], o[4])
                         for o in r.operands)
    feature = f'X86_FEAT_{r.feature}' if r.feature else '-1'
    text = [f'    [X86_ROW_{r.name}] = {{ "{r.name}", "{r.mnemonic}", "{r.entry}", x86_{r.lifter}, '
            f'{c_attr(r)}, {feature}{keys},',
            f'        .map = {r.map}, .opcode = {r.opcode:#04x}, .opcode_mask = {r.opcode_mask:#x}, '
            f'.prefix = X86_PFX_{PREFIX_ENUM[r.prefix]}, '
            f'.accept = {r.accept():#x}, .modrm = {int(r.modrm)}, '
            f'.modrm_mask = {r.modrm_mask:#x}, .modrm_value = {r.modrm_value:#x}, .modrm_not = {r.modrm_not},',
            f'        .vex = {int(r.vex)}, .l = {r.l}, .w = {r.w}, .operand_count = {len(r.operands)}'
            + (f', .operand = {{ {operands} }} }},' if operands else ' },')]
    return text


def numbers(values, width=16):
    return ['    ' + ' '.join(f'{v},' for v in values[i:i + width]) for i in range(0, len(values), width)]


def write_source(rows, paths, include):
    look = Lookup(rows)
    out = [note(paths), '#include "frontend/x86/lift.h"', f'#include "{include}"', '',
           'const struct x86_row x86_rows[X86_ROW_COUNT] = {']
    for r in rows:
        out += c_row(r)
    out += ['};', '', 'const u16 x86_op_slot[7][256] = {']
    for table in look.op_slot:
        out += ['    {', *numbers(table), '    },']
    out += ['};', '', 'const struct x86_slot x86_slots[] = {',
            *numbers([f'{{ {a}, {b} }}' for a, b in look.slots], 8), '};', '',
            'const u16 x86_candidates[] = {', *numbers(look.candidates or [0]), '};']
    return '\n'.join(out) + '\n'


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    args.add_argument('--header', required=True)
    args.add_argument('--source', required=True)
    args.add_argument('inputs', nargs='+')
    args = args.parse_args()
    names = [re.sub(r'^(\.\./)+', '', p) for p in args.inputs]
    try:
        rows = parse(args.inputs)
        source = write_source(rows, names, 'frontend/x86/' + args.header.rpartition('/')[2])
    except (DecodeError, OSError) as e:
        sys.exit(str(e))
    for path, text in ((args.header, write_header(rows, names)), (args.source, source)):
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)


if __name__ == '__main__':
    main()
