#!/usr/bin/env python3
"""test_decodegen.py - what the decoder generator refuses, and which row wins.

Runs the generator as a program on small inputs; needs no compiler and no disassembler.
"""
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GEN = os.path.join(ROOT, 'tools/decodegen.py')
sys.dont_write_bytecode = True  # the source tree stays clean
sys.path.insert(0, os.path.join(ROOT, 'tools'))
import decodegen  # noqa: E402

Z8 = '00000000'
Z24 = Z8 * 3


def generate(*texts):
    """(stderr, header, source) of the generator run on files of these texts."""
    with tempfile.TemporaryDirectory() as tmp:
        files = []
        for i, text in enumerate(texts):
            files.append(os.path.join(tmp, f'in{i}.decode'))
            with open(files[-1], 'w', encoding='utf-8') as f:
                f.write(text)
        h, c = os.path.join(tmp, 'o.h'), os.path.join(tmp, 'o.c')
        run = subprocess.run([sys.executable, GEN, '--prefix', 'a64', '--header', h, '--source', c]
                             + files, text=True, capture_output=True, check=False)
        if run.returncode:
            return run.stderr, None, None
        with open(h, encoding='utf-8') as f, open(c, encoding='utf-8') as g:
            return run.stderr, f.read(), g.read()


class Refused(unittest.TestCase):
    def refuse(self, why, *texts):
        err, header, _ = generate(*texts)
        self.assertIsNone(header, f'accepted: {texts}')
        self.assertIn(why, err)
        self.assertNotIn('Traceback', err)
        self.assertRegex(err, r'in\d\.decode:\d+: ')

    def test_widths(self):
        self.refuse('a is 31 bits, not 32', f'a {Z24} 0000000\n')
        self.refuse('a is 33 bits, not 32', f'a {Z24} f:9\n')
        self.refuse('a is 0 bits, not 32', 'a\n')

    def test_tokens(self):
        self.refuse('not 32', f'a {Z24} xxxxxxxx\n')
        self.refuse('not 32', f'a {Z24} f:0 {Z8}\n')
        self.refuse('cannot read "junk"', f'a {Z24} f:8 junk\n')
        self.refuse('cannot read "k"', f'a {Z24} f:8 = g k =1\n')
        self.refuse('is not a row name', f'Add {Z24} f:8\n')
        self.refuse('lifter name must follow', f'a {Z24} f:8 =\n')
        self.refuse('is not a feature', f'a {Z24} f:8 @\n')

    def test_names(self):
        self.refuse('a is a row already', f'a {Z24} {Z8}\na {Z24} 11111111\n')
        self.refuse('a is a row already', f'a {Z24} {Z8}\n', f'a {Z24} 11111111\n')
        self.refuse('is there twice', f'a {Z24} f:4 f:4\n')
        self.refuse('is a C keyword', f'a {Z24} signed:8\n')
        self.refuse('key "f" of a', f'a {Z24} f:8 = g f=1\n')

    def test_conditions(self):
        self.refuse('which is not a field', f'a {Z24} f:8 if g == 1\n')
        self.refuse('ends too early', f'a {Z24} f:8 if f ==\n')
        self.refuse('ends too early', f'a {Z24} f:8 if\n')
        self.refuse('is not closed', f'a {Z24} f:8 if (f == 1\n')
        self.refuse('after its end', f'a {Z24} f:8 if f == 1)\n')
        self.refuse('cannot read the condition', f'a {Z24} f:8 if f ? 1\n')

    def test_overlap(self):
        self.refuse('b overlaps a', f'a {Z24} f:8\nb {Z24} f:8\n')
        self.refuse('b overlaps a', f'a {Z24} 0000 f:4\n', f'b {Z24} f:4 0000\n')
        self.refuse('b overlaps a', f'a {Z24} f:8 @x\nb {Z24} f:8 @y\n')
        self.refuse('0x00000003', f'a {Z24} f:8 if f <= 3\nb {Z24} f:8 if f >= 3 && f < 4\n')

    def test_every_error_is_named(self):
        err, _, _ = generate(f'a {Z24}\nb {Z24} {Z8}\nc {Z24} f:9\n')
        self.assertIn('in0.decode:1: ', err)
        self.assertIn('in0.decode:3: ', err)


class Accepted(unittest.TestCase):
    def rows(self, *texts):
        err, header, source = generate(*texts)
        self.assertEqual(err, '')
        return header, source

    def test_disjoint_conditions(self):
        self.rows(f'a {Z24} f:8 if f < 3\nb {Z24} f:8 if f >= 3\n')
        self.rows(f'a {Z24} 0000 f:4 if f != 0\n', f'b {Z24} f:4 0000 if f != 0\n')
        self.rows(f'a {Z24} f:4 g:4 if f == g\nb {Z24} f:8 if (f >> 4) != (f & 15)\n')

    def test_refinement_is_tried_first(self):
        _, source = self.rows(f'all {Z24} f:8\none {Z24} 0001 f:4 if f == 2 @x\n')
        self.assertIn(' *   one of all\n', source)
        body = source[:source.index('a64_decode(')]
        self.assertLess(body.index('return A64_ROW_one'), body.rindex('return A64_ROW_all'))
        self.assertIn('(features >> A64_FEAT_x & 1)', body)

    def test_shared_lifter(self):
        header, source = self.rows(f'a {Z24} f:8 = both k=IR_fadd ; C1 A\n'
                                   'b 1 g:31 = both ; C2 B\n')
        self.assertIn('struct a64_both {\n    u32 f, k, g;\n};', header)
        self.assertEqual(header.count('bool a64_both('), 1)
        self.assertIn('.f = insn & 0xff, .k = IR_fadd });', source)
        self.assertIn('{ "a", "both", "C1 A", NULL,', source)

    def test_comments(self):
        header, _ = self.rows(f'# b {Z24}; x\n\na {Z24} f:8 ; C1 MOV #imm\n')
        self.assertIn('C1 MOV #imm', header)
        self.assertNotIn('A64_ROW_b', header)

    def test_no_operands(self):
        header, source = self.rows(f'a {Z24} {Z8}\n')
        self.assertIn('struct a64_a {\n    u32 none;\n};', header)
        self.assertIn('return a64_a(l, &(struct a64_a){ 0 });', source)


class Conditions(unittest.TestCase):
    """C's precedence and unsigned arithmetic."""

    def check(self, text, f, want):
        self.assertEqual(bool(decodegen.Expr(text).func({'f': f})), want, text)

    def test_precedence(self):
        self.check('!f == 1', 0, True)
        self.check('f & 1 == 1', 3, True)
        self.check('f & 2 == 2', 3, True)   # f & (2 == 2)
        self.check('f & 2 == 2', 2, False)
        self.check('f == 1 || f == 2 && f == 3', 1, True)
        self.check('f << 1 + 1 == 8', 2, True)
        self.check('0x10 == f', 16, True)

    def test_unsigned(self):
        self.check('f - 1 > 5', 0, True)
        self.check('~f == 0', 0xffffffff, True)

    def test_c_text(self):
        text = decodegen.Expr('!(f == 1) && f & 3').c(lambda n: n)
        self.assertEqual(text, '!(f == 1) && (f & 3)')


if __name__ == '__main__':
    unittest.main()
