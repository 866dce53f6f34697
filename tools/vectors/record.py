#!/usr/bin/env python3
"""record.py - record vectors of all A64 instructions with QEMU, or look at recorded ones.

    record.py [--row GLOB]   records (needs qemu-user, qemu-system-arm, gcc-aarch64-linux-gnu)
    record.py --report       writes tests/vectors/report.txt from the files
    record.py --check        fails when the report is old or a row has too few vectors
    record.py --dump ROW     prints the vectors of a row

Words come from rows.py, inputs from tests/vectors/vectors.h, results from QEMU. The same command
gives the same files. With --row only the rows whose names match are recorded anew.
"""
import argparse
import collections
import fnmatch
import pathlib
import re
import signal
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import rows  # noqa: E402

DATA = rows.ROOT / 'tests/vectors'
REPORT = DATA / 'report.txt'
MAGIC, VERSION = b'MYNAHVEC', 1
LEAST = 50
TRIES = 20
CROSS = 'aarch64-linux-gnu-gcc'
Section = collections.namedtuple('Section', 'row level check vectors')  # [(plan, words, items)]


# -- Running -----------------------------------------------------------------------------------

def run(*argv, **kw):
    return subprocess.run([str(a) for a in argv], check=True, **kw)


def version_of(program):
    text = run(program, '--version', capture_output=True, text=True).stdout
    return f'{program} {re.search(r"version (.*)", text)[1]}'


def build_user(tmp):
    exe = tmp + '/oracle'
    run(CROSS, '-std=gnu17', '-O2', '-static', f'-I{rows.ROOT}', DATA / 'oracle.c', '-o', exe)
    return exe


def build_system(tmp):
    exe = tmp + '/oracle_el1'
    run(CROSS, '-std=gnu17', '-O2', '-ffreestanding', '-nostdlib', '-static', '-no-pie', '-fno-pic',
        '-mgeneral-regs-only', '-mstrict-align', '-Wl,-Ttext=0x40400000', '-Wl,--build-id=none',
        f'-I{rows.ROOT}', DATA / 'oracle_el1.c', DATA / 'oracle_el1.S', '-o', exe)
    return exe


class Job:
    """Vectors of one row at one level: cases, and their results as they come in."""

    def __init__(self, row, level, count, make):
        self.row, self.level, self.make = row, level, make
        self.again = [0] * count
        self.cases = [self.case(i) for i in range(count)]
        self.results = [None] * count
        self.hashes = [0] * count

    def case(self, index):
        rnd = rows.random_of(self.row, index, self.again[index], self.level)
        return self.make(self.row, rnd)

    def missing(self):
        return [i for i, r in enumerate(self.results) if r is None]

    def request(self):
        todo = self.missing()
        name = self.row.name.encode()
        out = [struct.pack('<B', len(name)), name, struct.pack('<BH', self.level, len(todo))]
        for i in todo:
            c = self.cases[i]
            out.append(struct.pack(f'<HH{len(c.words)}I', i, c.plan, *c.words))
        return b''.join(out)

    def take(self, stream, at):
        for i in self.missing():
            hash_, status, size = struct.unpack_from('<QBH', stream, at)
            at += 11
            if status == 0:
                self.results[i], self.hashes[i] = stream[at:at + size], hash_
            else:
                self.again[i] += 1
                self.cases[i] = self.case(i)
            at += size
        return at

    def section(self):
        check = 0
        for h in self.hashes:
            check ^= h & 0xffffffff
        return Section(self.row.name, self.level, check,
                       [(c.plan, c.words, r) for c, r in zip(self.cases, self.results)])


def run_jobs(jobs, oracle):
    """oracle(bytes) -> bytes. Words that fault are replaced."""
    for _ in range(TRIES):
        todo = [j for j in jobs if j.missing()]
        if not todo:
            return
        stream = oracle(b''.join(j.request() for j in todo))
        at = 0
        for j in todo:
            at = j.take(stream, at)
        if at != len(stream):
            sys.exit(f'the oracle wrote {len(stream)} bytes, {at} were wanted')
    sys.exit('these rows always fault: ' + ' '.join(j.row.name for j in jobs if j.missing()))


def user_oracle(exe, cpu):
    def go(request):
        return run('qemu-aarch64', '-cpu', cpu, exe, input=request, capture_output=True).stdout
    return go


def record_user(tables, wanted):
    jobs = [Job(r, rows.EL0, rows.vectors_wanted(r),
                lambda row, rnd: rows.case_el0(tables, row, rnd))
            for r in rows.rows_el0(tables) if wanted(r.name)]
    with tempfile.TemporaryDirectory() as tmp:
        exe = build_user(tmp)
        for cpu in ('max,sve=off,sme=off', 'cortex-a72'):
            other = cpu == 'cortex-a72'
            run_jobs([j for j in jobs
                      if (rows.OTHER_CPU.get(j.row.lifter) == 'cortex-a72') == other],
                     user_oracle(exe, cpu))
    return [j.section() for j in jobs]


def system_oracle(exe, tmp):
    def go(request):
        job, out = pathlib.Path(tmp, 'job'), pathlib.Path(tmp, 'vectors.out')
        job.write_bytes(struct.pack('<I', len(request)) + request)
        out.unlink(missing_ok=True)
        run('qemu-system-aarch64', '-M', 'virt', '-cpu', 'max', '-m', '256M', '-display', 'none',
            '-serial', 'null', '-monitor', 'none', '-net', 'none', '-semihosting', '-kernel', exe,
            '-device', f'loader,file={job},addr=0x44000000,force-raw=on', cwd=tmp, timeout=300)
        return out.read_bytes()
    return go


def record_system(tables, wanted):
    jobs = []
    for r in tables.rows:
        for level, count in rows.levels(r).items() if wanted(r.name) else ():
            jobs.append(Job(r, level, count,
                            lambda row, rnd, lv=level: rows.case_el1(tables, row, lv, rnd)))
    with tempfile.TemporaryDirectory() as tmp:
        if jobs:
            run_jobs(jobs, system_oracle(build_system(tmp), tmp))
    return [j.section() for j in jobs]


# -- Files -------------------------------------------------------------------------------------

ITEM_SIZES = {64: 8, 65: 4, 66: 4, 67: 4}


def item_size(data, at):
    tag = data[at]
    if tag == 68:
        return 4 + data[at + 3]
    return 1 + (16 if 32 <= tag < 64 else ITEM_SIZES.get(tag, 8))


def read_items(data, at):
    """[(tag, bytes)], where the next vector begins"""
    items = []
    while data[at] != 255:
        size = item_size(data, at)
        items.append((data[at], data[at + 1:at + size]))
        at += size
    return items, at + 1


def read_file(path):
    """(oracle, [Section])"""
    data = path.read_bytes()
    if data[:8] != MAGIC or struct.unpack_from('<I', data, 8)[0] != VERSION:
        sys.exit(f'{path}: not a file of vectors, or of another version: record again')
    n = struct.unpack_from('<H', data, 12)[0]
    oracle, at, sections = data[14:14 + n].decode(), 14 + n, []
    while at < len(data):
        n = data[at]
        name = data[at + 1:at + 1 + n].decode()
        level, count, check = struct.unpack_from('<BHI', data, at + 1 + n)
        at += 8 + n
        vectors = []
        for _ in range(count):
            plan = struct.unpack_from('<H', data, at)[0]
            words = struct.unpack_from(f'<{(plan & 3) + 1}I', data, at + 2)
            begin = at + 2 + 4 * len(words)
            _, at = read_items(data, begin)
            vectors.append((plan, words, data[begin:at]))
        sections.append(Section(name, level, check, vectors))
    return oracle, sections


def write_file(path, oracle, sections):
    text = oracle.encode()
    out = [MAGIC, struct.pack('<IH', VERSION, len(text)), text]
    for s in sections:
        name = s.row.encode()
        out += [struct.pack('<B', len(name)), name,
                struct.pack('<BHI', s.level, len(s.vectors), s.check)]
        for plan, words, items in s.vectors:
            out += [struct.pack(f'<H{len(words)}I', plan, *words), items]
    path.write_bytes(b''.join(out))


def data_files():
    return sorted(DATA.glob('*.bin'))


def save(tables, oracle, sections, group_of):
    """Replaces sections of the files, adds new ones; rows in the order of the decode tables."""
    order = {r.name: i for i, r in enumerate(tables.rows)}
    files = collections.defaultdict(dict)
    for s in sections:
        files[group_of(s.row)][s.row, s.level] = s
    for group, new in files.items():
        path = DATA / f'{group}.bin'
        old = {(s.row, s.level): s for s in read_file(path)[1]} if path.exists() else {}
        merged = {k: s for k, s in (old | new).items() if k[0] in order}
        write_file(path, oracle, sorted(merged.values(), key=lambda s: (order[s.row], s.level)))


# -- The report --------------------------------------------------------------------------------

def counts():
    """({row: {file: vectors}}, {file: oracle})"""
    found, oracles = collections.defaultdict(dict), {}
    for path in data_files():
        oracles[path.name], sections = read_file(path)
        for s in sections:
            n = found[s.row].get(path.name, 0)
            found[s.row][path.name] = n + len(s.vectors)
    return found, oracles


def report(tables):
    """(text, is it whole)"""
    found, oracles = counts()
    without = rows.no_result()
    lines = ['# Recorded vectors by decode row; written by tools/vectors/record.py --report.', '#']
    lines += [f'# {f}: {o}' for f, o in sorted(oracles.items())] + ['']
    bad = []
    for r in tables.rows:
        have = found.get(r.name, {})
        if r.name in without:
            lines.append(f'{r.name:20} no result: {without[r.name]}')
            continue
        if sum(have.values()) < LEAST:
            bad.append(r.name)
        where = ' '.join(f'{f}:{n}' for f, n in sorted(have.items()))
        lines.append(f'{r.name:20} {sum(have.values()):4} {where}')
    total = sum(sum(h.values()) for h in found.values())
    lines += ['', f'rows {len(tables.rows)}, without a result {len(without)}, vectors {total}',
              f'rows with less than {LEAST} vectors: {" ".join(bad) or "none"}']
    return '\n'.join(lines) + '\n', not bad


def check(tables):
    text, whole = report(tables)
    if not whole:
        print(text.split('\n')[-2])
    if not REPORT.exists() or REPORT.read_text() != text:
        print(f'{REPORT.name} is old: run tools/vectors/record.py --report')
        whole = False
    return 0 if whole else 1


def tag_name(tag):
    if tag < 64:
        return 'sp' if tag == 31 else f'x{tag}' if tag < 32 else f'v{tag - 32}'
    return {64: 'pc', 65: 'pstate', 66: 'fpsr', 67: 'fpcr', 68: 'mem', 80: 'sp_el0', 81: 'sp_el1',
            82: 'elr', 83: 'spsr', 84: 'esr', 85: 'far'}[tag]


def dump(name):
    for path in data_files():
        for s in read_file(path)[1]:
            if s.row != name:
                continue
            print(f'{path.name} {s.row} level {s.level}')
            for i, (plan, words, items) in enumerate(s.vectors):
                text = ' '.join(f'{tag_name(t)}={v[::-1].hex()}' if t != 68 else
                                f'mem[{v[0] | v[1] << 8}]={v[3:].hex()}'
                                for t, v in read_items(items, 0)[0])
                print(f'{i:3} plan {plan:04x}', ' '.join(f'{w:08x}' for w in words), text)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument('--row', default='*')
    p.add_argument('--report', action='store_true')
    p.add_argument('--check', action='store_true')
    p.add_argument('--dump', metavar='ROW')
    o = p.parse_args()
    if o.dump:
        return dump(o.dump)
    tables = rows.Tables()
    if o.check:
        return check(tables)
    if not o.report:
        def wanted(name):
            return fnmatch.fnmatchcase(name, o.row)
        save(tables, version_of('qemu-aarch64'), record_user(tables, wanted), tables.groups.get)
        save(tables, version_of('qemu-system-aarch64'), record_system(tables, wanted),
             lambda row: 'system')
    REPORT.write_text(report(tables)[0])
    return 0


if __name__ == '__main__':
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main())
