#!/usr/bin/env python3
"""test_x86gen.py - what the generator of the x86 tables refuses, and which row wins.

Runs the generator as a program on small inputs; needs no compiler and no disassembler.
"""
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GEN = os.path.join(ROOT, 'tools/x86gen.py')
sys.dont_write_bytecode = True  # the source tree stays clean
sys.path.insert(0, os.path.join(ROOT, 'tools'))
import x86gen  # noqa: E402


def generate(*texts):
    """(stderr, header, source) of the generator run on files of these texts."""
    with tempfile.TemporaryDirectory() as tmp:
        files = []
        for i, text in enumerate(texts):
            files.append(os.path.join(tmp, f'in{i}.decode'))
            with open(files[-1], 'w', encoding='utf-8') as f:
                f.write(text)
        h, c = os.path.join(tmp, 'o.h'), os.path.join(tmp, 'o.c')
        run = subprocess.run([sys.executable, '-B', GEN, '--header', h, '--source', c] + files, text=True,
                             capture_output=True, check=False)
        if run.returncode:
            return run.stderr, None, None
        with open(h, encoding='utf-8') as f, open(c, encoding='utf-8') as g:
            return run.stderr, f.read(), g.read()


def lookup(text):
    """(rows, their x86gen.Lookup)"""
    with tempfile.NamedTemporaryFile('w', suffix='.decode') as f:
        f.write(text)
        f.flush()
        rows = x86gen.parse([f.name])
        return rows, x86gen.Lookup(rows)


def candidates(text, table, opcode, modrm=None):
    rows, look = lookup(text)
    slot = look.op_slot[table][opcode]
    number = slot & x86gen.HAS_MODRM - 1
    if slot & x86gen.BY_MODRM:
        number += (modrm >> 3 & 7) | (8 if modrm >= 0xc0 else 0)
    first, count = look.slots[number]
    return [rows[n].name for n in look.candidates[first:first + count]]


class Refused(unittest.TestCase):
    def refuse(self, why, *texts):
        err, header, _ = generate(*texts)
        self.assertIsNone(header, f'accepted: {texts}')
        self.assertIn(why, err)
        self.assertNotIn('Traceback', err)
        self.assertRegex(err, r'in\d\.decode:\d+: ')

    def test_rows(self):
        self.refuse('"A" is not a row name', 'A 00 = x ; X\n')
        self.refuse('a has no "= lifter"', 'a 00 ; X\n')
        self.refuse('a lifter name must follow "="', 'a 00 = ; X\n')
        self.refuse('a has no "; MNEMONIC', 'a 00 = x\n')
        self.refuse('a is a row already (', 'a 00 = x ; X\na 01 = x ; X\n')
        self.refuse('in1.decode:1: a is a row already (', 'a 00 = x ; X\n', 'a 01 = x ; X\n')

    def test_encodings(self):
        self.refuse('a has no opcode byte', 'a 66 = x ; X\n')
        self.refuse('a has no opcode byte', 'a 0g = x ; X\n')
        self.refuse('two mandatory prefixes', 'a 66 f3 00 = x ; X\n')
        self.refuse('prefix and W belong into', 'a 66 vex.128.66.0f.wig 00 /r = x ; X\n')
        self.refuse('"vex.512.66.0f.wig" of a is not', 'a vex.512.66.0f.wig 00 /r = x ; X\n')
        self.refuse('the opcode of a has bits set where +r', 'a 51+r = x ; X\n')
        self.refuse('"/8" of a is not', 'a 00 /8 = x ; X\n')

    def test_operands(self):
        self.refuse('"Eb2" of a is not an operand', 'a 00 /r Eb2 = x ; X\n')
        self.refuse('"E" of a is not an operand', 'a 00 /r E = x ; X\n')
        self.refuse('an operand of a ModRM byte and no such byte', 'a 00 Eb = x ; X\n')
        self.refuse('two operands in ModRM.rm', 'a 00 /r Eb Mb = x ; X\n')
        self.refuse('an operand of VEX and no VEX', 'a 00 /r Gy By = x ; X\n')
        self.refuse('an operand Z and no +r', 'a 50 Zv = x ; X\n')
        self.refuse('more than four operands', 'a 00 1 1 1 1 1 = x ; X\n')
        self.refuse('a memory-only operand and a register-only ModRM', 'a 00 /0r Mb = x ; X\n')
        self.refuse('a register-only operand and a memory-only ModRM', 'a 00 /0m Rv = x ; X\n')

    def test_keys(self):
        self.refuse('key "c" of a', 'a 00 = x c=1 ; X\n')
        self.refuse('key "a" of a is there twice', 'a 00 = x a=1 a=2 ; X\n')
        self.refuse('"locked" of a is no key, attribute or feature', 'a 00 = x locked ; X\n')
        self.refuse('exclude each other', 'a 00 = x i64 o64 ; X\n')
        self.refuse('two features', 'a 00 = x @sse @avx ; X\n')

    def test_overlaps(self):
        self.refuse('b overlaps a', 'a 00 = x ; X\nb 00 = x ; X\n')
        self.refuse('b overlaps a', 'a 00 /r = x ; X\nb 00 /r = x ; X\n')
        self.refuse('b overlaps a', 'a f3 00 /r = x @sse ; X\n', 'b f3 00 /r = x @avx ; X\n')
        self.refuse('ModRM 18', 'a 66 00 /r = x ; X\nb 00 /3 = x ; X\n')  # neither says more than the other
        self.refuse('ModRM f8', 'a 00 /rr = x ; X\nb 00 /7 = x ; X\n')
        self.refuse('one of them has no ModRM byte', 'a 66 00 /r = x ; X\nb f3 00 = x ; X\n')
        self.refuse('opcode 53', 'a 50+r = x i64 ; X\nb 53 = x ; X\n')

    def test_every_fault_is_told(self):
        err, _, _ = generate('a 0g = x ; X\nb 00 = x ; X\nc 00 /8 = x ; X\n')
        self.assertRegex(err, r'in0\.decode:1: .*\n.*in0\.decode:3: ')


class Taken(unittest.TestCase):
    def test_apart(self):
        for text in ('a np 00 = x ; X\nb 66 00 = x ; X\nc f3 00 = x ; X\nd f2 00 = x ; X\n',
                     'a 00 /r = x i64 ; X\nb 00 /r = x o64 ; X\n', 'a w0 00 /1 = x ; X\nb w1 00 /1 = x ; X\n',
                     'a vex.128.np.0f.wig 00 /r = x ; X\nb vex.256.np.0f.wig 00 /r = x ; X\nc 0f 00 /r = x ; X\n'):
            err, header, _ = generate(text)
            self.assertIsNotNone(header, err)

    def test_specific_first(self):
        text = 'a 00 /r = x ; X\nb f3 00 /r = x ; X\nc f3 00 /7 = x ; X\nd f3 00 {f8} = x ; X\n'
        self.assertEqual(candidates(text, 0, 0, 0xf8), ['d', 'c', 'b', 'a'])
        self.assertEqual(candidates(text, 0, 0, 0x38), ['c', 'b', 'a'])
        self.assertEqual(candidates(text, 0, 0, 0xc0), ['b', 'a'])
        self.assertEqual(candidates('a 50+r Zv = x ; X\nb 53 = x ; X\n', 0, 0x53), ['b', 'a'])
        self.assertEqual(candidates('a 50+r Zv = x ; X\nb 53 = x ; X\n', 0, 0x52), ['a'])

    def test_tables(self):
        self.assertEqual(candidates('a 0f 38 f0 /r = x ; X\n', 2, 0xf0), ['a'])
        self.assertEqual(candidates('a vex.lz.f2.0f3a.wig f0 /r Gy Ey Ib = x ; X\n', 6, 0xf0), ['a'])
        self.assertEqual(candidates('a 66 0f 66 /r = x ; X\n', 1, 0x66), ['a'])

    def test_register_only_operands(self):
        text = 'a 00 /1 Rv = x ; X\nb 00 /1 Mv = x ; X\n'
        self.assertEqual(candidates(text, 0, 0, 0xc8), ['a'])
        self.assertEqual(candidates(text, 0, 0, 0x08), ['b'])
        self.assertEqual(candidates('a 00 /r Cm Rm = x ; X\n', 0, 0, 0x08), ['a'])  # mod is ignored

    def test_output(self):
        _, header, source = generate('a 80 /0 Eb Ib = alu op=IR_add lock @cmov ; ADD (ADD page)\n')
        self.assertIn('bool x86_alu(struct x86_lift *l, const struct x86_insn *i);', header)
        self.assertIn('X86_ROW_a, /* ADD page */', header)
        self.assertRegex(source, r'"a", "add", "ADD page", x86_alu, X86_LOCK, X86_FEAT_cmov, \.op = IR_add,')


if __name__ == '__main__':
    unittest.main()
