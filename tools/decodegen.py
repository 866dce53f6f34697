#!/usr/bin/env python3
"""decodegen.py - turn .decode files into a C decoder.

    decodegen.py --prefix a64 --header OUT.h --source OUT.c IN.decode...

One row an encoding; 32 bits, bit 31 first:

    name  bits and field:width tokens  [= LIFTER key=val ...]  [if EXPR]  [@feature]  ; manual entry

Rows may share a lifter; its operand struct is the union of their fields and keys, and what a
row lacks is 0. `if` takes a C expression over the row's fields, `@x` needs feature bit
PREFIX_FEAT_x. Two rows may match the same word only when one refines the other (all its words
match the other's mask): then the more specific row is tried first, and the other one where its
`if` or feature says no. Everything else that overlaps is refused.

The header has the operand structs, lifter prototypes and row ids; the source has
PREFIX_match (a decision tree over the fixed bits), PREFIX_decode and the row table
(frontend/decode.h).
"""
import argparse
import re
import sys

C_KEYWORDS = set('''auto break case char const continue default do double else enum extern
float for goto if inline int long register restrict return short signed sizeof static struct
switch typedef union unsigned void volatile while bool true false'''.split())

MAX_FREE_BITS = 20  # of two rows' conditions, tried one by one


class DecodeError(Exception):
    """What is wrong with a .decode file: 'path:line: sentence' lines."""


# -- Expressions: the C subset of `if` ---------------------------------------------------------

LEVELS = [('||',), ('&&',), ('|',), ('^',), ('&',), ('==', '!='), ('<=', '>=', '<', '>'),
          ('<<', '>>'), ('+', '-')]
ARITHMETIC = {'|', '^', '&', '<<', '>>', '+', '-'}
TOKEN = re.compile(r'\s*(?:(0[xX][0-9a-fA-F]+|0[bB][01]+|\d+)|([A-Za-z_]\w*)|'
                   r'(\|\||&&|==|!=|<=|>=|<<|>>|[|^&<>+\-!~()]))')


class Expr:
    """A parsed condition: printable as C, callable from Python with a dict of fields."""

    def __init__(self, text):
        self.text = ' '.join(text.split())
        self.names = set()
        self.toks = []
        text, at = text.rstrip(), 0
        while at < len(text):
            m = TOKEN.match(text, at)
            if not m:
                raise ValueError(f'cannot read the condition at "{text[at:].strip()}"')
            self.toks.append((m[1], m[2], m[3]))
            at = m.end()
        self.at = 0
        self.tree = self.binary(0)
        if self.at != len(self.toks):
            raise ValueError('the condition has something after its end')
        self.func = eval('lambda f: ' + self.python(self.tree))  # from our own tree only

    def peek(self):
        return self.toks[self.at][2] if self.at < len(self.toks) else None

    def binary(self, level):
        if level == len(LEVELS):
            return self.unary()
        left = self.binary(level + 1)
        while self.peek() in LEVELS[level]:
            op = self.peek()
            self.at += 1
            left = (op, left, self.binary(level + 1))
        return left

    def unary(self):
        if self.at == len(self.toks):
            raise ValueError('the condition ends too early')
        num, name, op = self.toks[self.at]
        self.at += 1
        if num:
            return int(num, 0)
        if name:
            self.names.add(name)
            return name
        if op in ('!', '~', '-'):
            return (op, self.unary())
        if op != '(':
            raise ValueError(f'unexpected "{op}" in the condition')
        inner = self.binary(0)
        if self.peek() != ')':
            raise ValueError('a parenthesis of the condition is not closed')
        self.at += 1
        return inner

    def python(self, t):
        if isinstance(t, int):
            return str(t)
        if isinstance(t, str):
            return f'f[{t!r}]'
        if len(t) == 2:
            inner = self.python(t[1])
            return f'int(not {inner})' if t[0] == '!' else f'({t[0]}{inner} & 0xffffffff)'
        word = {'||': 'or', '&&': 'and'}.get(t[0], t[0])
        form = f'({self.python(t[1])} {word} {self.python(t[2])})'
        return f'({form} & 0xffffffff)' if t[0] in ARITHMETIC else f'int(bool({form}))'

    def c(self, field, t=None, outer=True):
        """C text; field(name) gives the C of a field."""
        t = self.tree if t is None else t
        if isinstance(t, int):
            return str(t) if t < 10 else f'{t:#x}'
        if isinstance(t, str):
            return field(t)
        if len(t) == 2:
            return t[0] + self.c(field, t[1], False)
        text = f'{self.c(field, t[1], False)} {t[0]} {self.c(field, t[2], False)}'
        return text if outer else f'({text})'


# -- Rows --------------------------------------------------------------------------------------

class Row:
    def __init__(self, where, name):
        self.where, self.name, self.lifter = where, name, name
        self.mask = self.value = 0
        self.fields = []      # (name, lo, width), bit 31 first
        self.keys = []        # (name, C text)
        self.cond = None      # Expr
        self.feature = None
        self.entry = ''

    def get(self, insn, name):
        lo, width = self.at[name]
        return insn >> lo & (1 << width) - 1

    def matches(self, insn):
        """The mask and the condition; features are the caller's."""
        return insn & self.mask == self.value and (
            not self.cond or bool(self.cond.func({n: self.get(insn, n) for n in self.cond.names})))

    def cond_bits(self):
        """The bits that the condition looks at."""
        bits = 0
        for n in self.cond.names if self.cond else ():
            lo, width = self.at[n]
            bits |= (1 << width) - 1 << lo
        return bits


def read_bits(row, toks):
    """Eats the bit and field tokens; returns the rest."""
    width = 0
    while toks:
        if m := re.fullmatch(r'([a-z]\w*):([1-9]\d*)', toks[0]):
            n, bits, fixed = int(m[2]), 0, 0
            row.fields.append((m[1], 32 - width - n, n))
        elif re.fullmatch(r'[01]+', toks[0]):
            n, bits = len(toks[0]), int(toks[0], 2)
            fixed = (1 << n) - 1
        else:
            break
        row.mask, row.value = row.mask << n | fixed, row.value << n | bits
        width += n
        toks = toks[1:]
    if width != 32:
        raise ValueError(f'{row.name} is {width} bits, not 32')
    names = [f[0] for f in row.fields]
    for n in names:
        if n in C_KEYWORDS or names.count(n) > 1:
            raise ValueError(f'field "{n}" of {row.name} is '
                             + ('a C keyword' if n in C_KEYWORDS else 'there twice'))
    row.at = {n: (lo, w) for n, lo, w in row.fields}
    return toks


def read_keys(row, toks):
    """Eats LIFTER key=val ...; returns the rest."""
    if not toks or not re.fullmatch(r'[a-z]\w*', toks[0]):
        raise ValueError(f'{row.name}: a lifter name must follow "="')
    row.lifter, toks = toks[0], toks[1:]
    while toks and (m := re.fullmatch(r'([a-z]\w*)=([^=]\S*)', toks[0])):
        if m[1] in C_KEYWORDS or m[1] in row.at or m[1] in dict(row.keys):
            raise ValueError(f'key "{m[1]}" of {row.name} is a C keyword, a field or there twice')
        row.keys.append((m[1], m[2]))
        toks = toks[1:]
    return toks


def read_row(where, text, entry):
    name, *toks = text.split()
    if not re.fullmatch(r'[a-z]\w*', name):
        raise ValueError(f'"{name}" is not a row name (a lower-case identifier)')
    row = Row(where, name)
    row.entry = ' '.join(entry.split())
    toks = read_bits(row, toks)
    if toks and toks[0] == '=':
        toks = read_keys(row, toks[1:])
    if toks and toks[-1].startswith('@'):
        row.feature = toks.pop()[1:]
        if not re.fullmatch(r'[a-z]\w*', row.feature):
            raise ValueError(f'"@{row.feature}" of {name} is not a feature')
    if toks and toks[0] == 'if':
        row.cond = Expr(' '.join(toks[1:]))
        for n in sorted(row.cond.names - set(row.at)):
            raise ValueError(f'the condition of {name} names "{n}", which is not a field of it')
    elif toks:
        raise ValueError(f'cannot read "{toks[0]}" in {name}')
    return row


def parse(paths):
    """All rows of the files, in order. Raises DecodeError with every broken line."""
    rows, errors, seen = [], [], {}
    for path in paths:
        with open(path, encoding='utf-8') as f:
            lines = f.read().split('\n')
        for n, raw in enumerate(lines, 1):
            where = f'{path}:{n}'
            text, _, entry = raw.partition(';')
            if '#' in text:
                text, entry = text.partition('#')[0], ''
            if not text.strip():
                continue
            try:
                row = read_row(where, text, entry)
                if row.name in seen:
                    raise ValueError(f'{row.name} is a row already ({seen[row.name]})')
                seen[row.name] = where
                rows.append(row)
            except ValueError as e:
                errors.append(f'{where}: {e}')
    if errors:
        raise DecodeError('\n'.join(errors))
    return rows


# -- Overlaps ----------------------------------------------------------------------------------

def refines(b, a):
    """Every word of b's mask matches a's mask, and not the other way round."""
    return b.mask & a.mask == a.mask and b.mask != a.mask and b.value & a.mask == a.value


def witness(a, b):
    """A word that both rows match, masks and conditions; None if there is none."""
    base = a.value | b.value
    free = (a.cond_bits() | b.cond_bits()) & ~(a.mask | b.mask)
    if free.bit_count() > MAX_FREE_BITS:
        return base  # not provable: counts as an overlap
    sub = 0
    while True:
        if a.matches(base | sub) and b.matches(base | sub):
            return base | sub
        sub = sub - free & free  # the next subset of free
        if not sub:
            return None


def check_overlaps(rows):
    """Returns the (specific, general) pairs; raises DecodeError for the other overlaps."""
    refined, errors = [], []
    for i, b in enumerate(rows):
        bm, bv = b.mask, b.value
        for a in rows[:i]:
            if (a.value ^ bv) & a.mask & bm:
                continue
            word = witness(a, b)
            if word is None:
                continue
            if refines(b, a):
                refined.append((b, a))
            elif refines(a, b):
                refined.append((a, b))
            else:
                errors.append(f'{b.where}: {b.name} overlaps {a.name} ({a.where}): {word:#010x}')
    if errors:
        raise DecodeError('\n'.join(errors))
    return refined


# -- The decision tree -------------------------------------------------------------------------
# A node is ('leaf', rows, known bits), rows in the order of trial, or
# ('switch', mask, [(value, node)]).

def best_bit(rows, known):
    """(largest side, both sides, bit) of the bit that divides the rows best, or None."""
    best = None
    for bit in (1 << i for i in range(32)):
        if known & bit:
            continue
        one = sum(1 for r in rows if not r.mask & bit or r.value & bit)
        zero = sum(1 for r in rows if not r.value & bit)
        if any(r.mask & bit for r in rows):
            best = min(best or (99999,), (max(one, zero), one + zero, bit))
    return best


def split(rows, known, mask):
    """Switch on bits that every row fixes, or on one bit, where rows may go both ways."""
    if all(r.mask & mask == mask for r in rows):
        values = sorted({r.value & mask for r in rows})
    else:
        values = [0, mask]
    return ('switch', mask, [
        (v, build([r for r in rows if not (r.value ^ v) & r.mask & mask], known | mask))
        for v in values])


def build(rows, known=0):
    if len(rows) <= 1:
        return ('leaf', rows, known)
    common, differ = 0xffffffff & ~known, 0
    for r in rows:
        common &= r.mask
        differ |= r.value ^ rows[0].value
    differ &= common
    if differ:
        return split(rows, known, differ)
    best = best_bit(rows, known)
    if not best or len(rows) <= 2 or best[0] == len(rows) <= 4:
        return ('leaf', sorted(rows, key=lambda r: -r.mask.bit_count()), known)
    return split(rows, known, best[2])


# -- C -----------------------------------------------------------------------------------------

class Writer:
    def __init__(self, prefix, paths, include):
        self.p, self.P, self.paths, self.include = prefix, prefix.upper(), paths, include
        self.out = []

    def line(self, depth, text):
        self.out.append('    ' * depth + text if text else '')

    def block(self, text):
        self.out += text.split('\n')

    def text(self):
        return '\n'.join(self.out) + '\n'

    def note(self):
        self.line(0, f'/* generated from {", ".join(self.paths)} by tools/decodegen.py; '
                     'do not edit */')

    def feature(self, row):
        return f'{self.P}_FEAT_{row.feature}' if row.feature else '-1'


def extract(row, name):
    lo, width = row.at[name]
    if width == 32:
        return 'insn'
    return f'insn >> {lo} & {(1 << width) - 1:#x}' if lo else f'insn & {(1 << width) - 1:#x}'


def operands(rows):
    """Lifter -> (members in order, its rows)."""
    lifters = {}
    for r in rows:
        members, users = lifters.setdefault(r.lifter, ({}, []))
        members.update(dict.fromkeys([f[0] for f in r.fields] + [k for k, _ in r.keys]))
        users.append(r)
    return lifters


def write_header(w, rows):
    w.note()
    w.block(f'''#pragma once
#include "base/types.h"
#include "frontend/decode.h"

struct {w.p}_lift;

enum {w.p}_row {{''')
    for r in rows:
        w.line(1, f'{w.P}_ROW_{r.name}, /* {r.entry} */')
    w.block(f'''    {w.P}_ROW_COUNT
}};

extern const struct decode_row {w.p}_rows[{w.P}_ROW_COUNT];

/* The row of an instruction word, or {w.P}_ROW_COUNT if it is unallocated.
 * features: bit {w.P}_FEAT_x is set when the CPU has x. */
u32 {w.p}_match(u32 insn, u64 features);

/* Matches and lifts one instruction; false: unallocated (the lifter may say so, too).
 * *row: as {w.p}_match. */
bool {w.p}_decode(struct {w.p}_lift *l, u32 insn, u64 features, u32 *row);''')
    for lifter, (members, users) in operands(rows).items():
        w.line(0, '')
        w.line(0, f'/* {", ".join(r.name for r in users)} */')
        w.line(0, f'struct {w.p}_{lifter} {{')
        w.line(1, f'u32 {", ".join(members) or "none"};')
        w.line(0, '};')
        w.line(0, f'bool {w.p}_{lifter}(struct {w.p}_lift *l, const struct {w.p}_{lifter} *in);')


def leaf_test(w, row, known):
    """The C condition under which the row matches at a leaf."""
    tests, left = [], row.mask & ~known
    if left:
        tests.append(f'(insn & {left:#010x}) == {row.value & left:#010x}')
    if row.feature:
        tests.append(f'(features >> {w.feature(row)} & 1)')
    if row.cond:
        tests.append('(' + row.cond.c(lambda n: f'({extract(row, n)})') + ')')
    return ' && '.join(tests)


def write_node(w, node, depth):
    if node[0] == 'leaf':
        for r in node[1]:
            test = leaf_test(w, r, node[2])
            if test:
                w.line(depth, f'if ({test})')
            w.line(depth + bool(test), f'return {w.P}_ROW_{r.name};')
            if not test:
                return
        w.line(depth, f'return {w.P}_ROW_COUNT;')
        return
    _, mask, cases = node
    lo = (mask & -mask).bit_length() - 1
    shift = f'insn >> {lo}' if lo else 'insn'
    w.line(depth, f'switch ({shift} & {mask >> lo:#x}) {{')
    for value, sub in cases:
        w.line(depth, f'case {value >> lo:#x}:')
        write_node(w, sub, depth + 1)
    w.line(depth, '}')
    w.line(depth, f'return {w.P}_ROW_COUNT;')


def write_decode(w, rows):
    w.line(0, f'bool {w.p}_decode(struct {w.p}_lift *l, u32 insn, u64 features, u32 *row)')
    w.line(0, '{')
    w.line(1, f'*row = {w.p}_match(insn, features);')
    w.line(1, 'switch (*row) {')
    for r in rows:
        init = [f'.{n} = {extract(r, n)}' for n, _, _ in r.fields]
        init += [f'.{k} = {v}' for k, v in r.keys]
        w.line(1, f'case {w.P}_ROW_{r.name}:')
        w.line(2, f'return {w.p}_{r.lifter}(l, &(struct {w.p}_{r.lifter}){{ '
                  f'{", ".join(init) or "0"} }});')
    w.line(1, '}')
    w.line(1, 'return false;')
    w.line(0, '}')


def quote(s):
    return '"' + s.replace('\\', '\\\\').replace('"', '\\"') + '"'


def write_table(w, rows):
    w.line(0, f'const struct decode_row {w.p}_rows[{w.P}_ROW_COUNT] = {{')
    for r in rows:
        cond = quote(r.cond.text) if r.cond else 'NULL'
        fields = ', '.join(f'{{ "{n}", {lo}, {width} }}' for n, lo, width in r.fields)
        w.line(1, f'{{ {quote(r.name)}, {quote(r.lifter)}, {quote(r.entry)}, {cond},')
        w.line(1, f'  (const struct decode_field[]){{ {fields} }},' if fields else '  NULL,')
        w.line(1, f'  {len(r.fields)}, {r.mask:#010x}, {r.value:#010x}, {w.feature(r)} }},')
    w.line(0, '};')


def write_source(w, rows, refined):
    w.note()
    w.line(0, f'#include "{w.include}"')
    w.line(0, '')
    if refined:
        w.line(0, '/* Rows that refine a more general one and are tried before it:')
        for b, a in refined:
            w.line(0, f' *   {b.name} of {a.name}')
        w.line(0, ' */')
        w.line(0, '')
    w.line(0, f'u32 {w.p}_match(u32 insn, u64 features)')
    w.line(0, '{')
    w.line(1, '(void)features;')
    write_node(w, build(rows), 1)
    w.line(0, '}')
    w.line(0, '')
    write_decode(w, rows)
    w.line(0, '')
    write_table(w, rows)


def main():
    ap = argparse.ArgumentParser(description='turn .decode files into a C decoder')
    ap.add_argument('--prefix', required=True, help='of the C names, lower case: a64')
    ap.add_argument('--header', required=True)
    ap.add_argument('--source', required=True)
    ap.add_argument('--include', help='what the source includes (default frontend/arm/lift.h)',
                    default='frontend/arm/lift.h')
    ap.add_argument('files', nargs='+', metavar='IN.decode')
    a = ap.parse_args()
    try:
        rows = parse(a.files)
        refined = check_overlaps(rows)
    except (DecodeError, OSError) as e:
        sys.exit(str(e))
    header = Writer(a.prefix, a.files, a.include)
    source = Writer(a.prefix, a.files, a.include)
    write_header(header, rows)
    write_source(source, rows, refined)
    for path, w in ((a.header, header), (a.source, source)):
        with open(path, 'w', encoding='utf-8') as f:
            f.write(w.text())


if __name__ == '__main__':
    main()
