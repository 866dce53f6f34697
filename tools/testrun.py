#!/usr/bin/env python3
"""testrun.py - build, find the tests, run them two at a time, count (./test calls this).

    testrun.py [--full] [--list] [GLOB...]

Tests come from files dropped into tests/, named by their path there without the ending:

    unit/X dev/X snapshot/X     tests/*/X_test.c, a cmocka program that the build made
    llvm/X                      the same, of the LLVM tier, when the build has it
    .../test_X .../check_X      Python scripts; status 77 skips, the last line says why
    ir/X                        tests/ir/X.ir, all by one run of mynah-irtest
    guest/X                     tests/guest/X.s, assembled and given to tests/guest/run.sh
    fuzz/a64 fuzz/ir            random programs of fixed seeds on the interpreter and the best engine
    fuzz/llvm-a64 ...           the same on the LLVM tier, which compiles all it can
    fuzz/self-test              the same with engines that are wrong on purpose: they must be found
    boot/X                      tests/boot/X.boot (tools/boottest.py)
    asan/...                    with --full: the same with the sanitizer build, scripts and most
                                boots aside

tests/known_failures.txt has lines "NAME REASON": such a test counts as skipped when it fails, and
fails when it passes. Logs are in build/testlogs. Scripts find MYNAH_BUILD, MYNAH_FULL (1 with
--full) and the guest files of boottest.py in their environment.
"""
import argparse
import concurrent.futures
import fnmatch
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

import boottest

ROOT = pathlib.Path(__file__).resolve().parent.parent
TESTS = ROOT / 'tests'
BUILD = pathlib.Path(os.environ.get('MYNAH_BUILD') or ROOT / 'build')
LOGS = BUILD / 'testlogs'
KINDS = ('unit', 'dev', 'snapshot', 'llvm')
JOBS = 2
TAIL = 25           # lines of a failed test's log that are shown
SLOW = 6            # how much longer a boot may take with sanitizers


class Test:
    """One test: run() gives (passed, failed or skipped, reason)."""

    def __init__(self, name, argv, limit=300, env=None, first=False, needs=()):
        self.name, self.argv, self.limit, self.env = name, argv, limit, env or {}
        self.first, self.needs = first, needs

    def log(self):
        return LOGS / (self.name.replace('/', '-') + '.log')

    def results(self):
        """[(name, outcome, reason)] - more than one for a test that has many files."""
        with open(self.log(), 'wb') as log:
            status = execute(self.argv, self.limit, self.env, log)
        if status == 77:
            lines = self.log().read_text(errors='replace').split('\n')
            return [(self.name, 'skipped', next((s for s in reversed(lines) if s.strip()), ''))]
        return [(self.name, 'passed' if status == 0 else 'failed', '')]


class IrTest(Test):
    """All IR files by one process. What it prints as 'FAIL FILE' failed; should it end badly
    without naming a file, each file is run alone to find the one."""

    def __init__(self, name, program, files):
        super().__init__(name, [program, *files])
        self.program, self.files = program, files

    def results(self):
        with open(self.log(), 'wb') as log:
            status = execute(self.argv, self.limit, self.env, log)
        text = self.log().read_text(errors='replace')
        named = set(re.findall(r'^FAIL +(?:\S*/)?([\w.-]+?)(?:\.ir)?(?=[\s:]|$)', text, re.M))
        bad = {f for f in self.files if f.stem in named}
        if status and not bad:
            bad = {f for f in self.files if self.fails_alone(f)} or set(self.files)
        return [(f'{self.name}/{f.stem}', 'failed' if f in bad else 'passed', '')
                for f in self.files]

    def fails_alone(self, file):
        with open(self.log(), 'ab') as log:
            return execute([self.program, file], self.limit, self.env, log) != 0


def execute(argv, limit, env, log):
    """Run to the end or the time limit; the exit status."""
    process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=log,
                               stderr=subprocess.STDOUT, cwd=ROOT, env=os.environ | env,
                               start_new_session=True)
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        process.terminate()             # boottest.py ends its machines on this
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
        log.write(f'\n--- not done after {limit} s\n'.encode())
        return -1


def binaries(build, prefix):
    for kind in KINDS:
        for source in sorted((TESTS / kind).glob('*_test.c')):
            stem = source.stem.removesuffix('_test')
            program = build / f'test-{kind}-{stem}'
            argv = ['sh', '-c', f'test -e "{build}/mynah-llvm.so" || {{ echo the build is without LLVM; exit 77; }}; '
                    f'exec "{program}"'] if kind == 'llvm' else [program]
            yield Test(f'{prefix}{kind}/{stem}', argv,
                       300 * (SLOW if prefix else 1))


def ir_tests(build, prefix):
    files = sorted((TESTS / 'ir').glob('*.ir'))
    if files and ((TESTS / 'ir/irtest.c').exists() or (build / 'mynah-irtest').exists()):
        yield IrTest(f'{prefix}ir', build / 'mynah-irtest', files)


def guest_tests(build, prefix):
    runner = TESTS / 'guest/run.sh'
    for source in sorted((TESTS / 'guest').glob('*.s')):
        argv = [runner, source] if runner.exists() else \
            ['sh', '-c', 'echo tests/guest/run.sh is not there yet; exit 77']
        yield Test(f'{prefix}guest/{source.stem}', argv, 120, {'MYNAH_BUILD': str(build)})


def fuzz_tests(build, prefix, full):
    """Some seconds of each fuzzer; with --full minutes, and fewer programs with sanitizers."""
    few = {'a64': 5000, 'ir': 2000, 'x86': 2000}
    many = {'a64': 400000, 'ir': 60000, 'x86': 60000}
    for kind in few:
        count = many[kind] // 20 if prefix else many[kind] if full else few[kind]
        yield Test(f'{prefix}fuzz/{kind}', [build / 'mynah-fuzz', kind, '--engines', 'interp,auto',
                                            '--count', str(count)], 1800 if full else 300)
        if not prefix and (build / 'mynah-llvm.so').exists():
            yield Test(f'fuzz/llvm-{kind}', [build / 'mynah-fuzz', kind, '--engines', 'interp,llvm', '--seed', '1000000',
                                             '--count', '4000' if full else '250'], 900 if full else 300)
    if not prefix:
        yield Test('fuzz/self-test', [build / 'mynah-fuzz', '--self-test'], 600)


def scripts(full, build=None, prefix=''):
    """All scripts; with another build those of tests/app only, which start the program over and over."""
    folder = TESTS / 'app' if build else TESTS
    for source in sorted((*folder.rglob('test_*.py'), *folder.rglob('check_*.py'))):
        name = source.relative_to(TESTS).with_suffix('')
        where = {'MYNAH_BUILD': str(build)} if build else {}
        yield Test(f'{prefix}{name}', [sys.executable, '-B', source], 1800 if full else 600,
                   {'MYNAH_FULL': '1' if full else '', **where}, needs=script_needs(source))


def script_needs(source):
    """A script that reads KERNEL or another of boottest.py's names wants that guest fetched."""
    text = source.read_text()
    return [n for n in boottest.guest_files(BUILD)[0] if re.search(rf'''['"]{n}['"]''', text)]


def boots(build, prefix, full):
    for source in sorted((TESTS / 'boot').glob('*.boot')):
        text = source.read_text()
        words = {line.split(' ')[0].strip() for line in text.splitlines()}
        if ('full' in words and not full) or (prefix and 'asan' not in words):
            continue
        limit = re.search(r'^timeout (\d+)', text, re.M)
        slow = SLOW if prefix else 1
        yield Test(f'{prefix}boot/{source.stem}',
                   [sys.executable, '-B', ROOT / 'tools/boottest.py', source],
                   int(limit[1] if limit else 120) * slow + 30,
                   {'MYNAH_BUILD': str(build), 'MYNAH_SLOW': str(slow)}, first=True,
                   needs=re.findall(r'\$\{?([A-Z0-9_]+)', text))


def collect(full):
    tests = [*boots(BUILD, '', full), *binaries(BUILD, ''), *ir_tests(BUILD, ''),
             *guest_tests(BUILD, ''), *fuzz_tests(BUILD, '', full), *scripts(full)]
    if full:
        asan = ROOT / (BUILD.name + '-asan')
        tests += [*boots(asan, 'asan/', full), *binaries(asan, 'asan/'), *ir_tests(asan, 'asan/'),
                  *guest_tests(asan, 'asan/'), *fuzz_tests(asan, 'asan/', full),
                  *scripts(full, asan, 'asan/')]
    # Longest first, so that one long boot does not run alone at the end.
    return sorted(tests, key=lambda t: -t.limit if t.first else 0)


def wanted(test, globs):
    names = [test.name] + [f'{test.name}/{f.stem}' for f in getattr(test, 'files', ())]
    return not globs or any(fnmatch.fnmatch(n, g) for n in names for g in globs)


def known_failures():
    path, known = TESTS / 'known_failures.txt', {}
    for line in path.read_text().splitlines() if path.exists() else ():
        if line.strip() and not line.startswith('#'):
            name, _, reason = line.strip().partition(' ')
            known[name] = reason.strip()
    return known


class Count:
    """What came out so far; prints a line a test."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.known, self.lock = known_failures(), threading.Lock()

    def add(self, test, results, seconds):
        with self.lock:
            for name, outcome, reason in results:
                self.one(test, name, outcome, reason, seconds)
                seconds = 0
            sys.stdout.flush()

    def one(self, test, name, outcome, reason, seconds):
        if name in self.known and outcome == 'failed':
            outcome, reason = 'skipped', 'known failure: ' + self.known[name]
        elif name in self.known and outcome == 'passed':
            outcome, reason = 'failed', 'passes, but is in tests/known_failures.txt'
        setattr(self, outcome, getattr(self, outcome) + 1)
        word = {'passed': 'ok', 'failed': 'FAIL', 'skipped': 'skip'}[outcome]
        print(f'{word} {name} ({seconds:.1f} s)' + (f': {reason}' if reason else ''))
        if outcome == 'failed' and test and test.log().exists():
            for line in test.log().read_text(errors='replace').splitlines()[-TAIL:]:
                print('    ' + line)

    def finish(self):
        skipped = f', {self.skipped} skipped' if self.skipped else ''
        print(f'{self.passed} passed, {self.failed} failed{skipped}')
        return 1 if self.failed or not self.passed else 0


def step(count, name, *argv):
    """A part of the set-up; a failure counts as one failed test."""
    start = time.monotonic()
    if subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, cwd=ROOT).returncode == 0:
        return True
    count.add(None, [(name, 'failed', '')], time.monotonic() - start)
    return False


def prepare(count, tests, full):
    """Builds and guest files; the tests that can be run."""
    if not step(count, 'build', ROOT / 'tools/build.sh', BUILD):
        return []
    asan = ROOT / (BUILD.name + '-asan')
    if full and any(t.name.startswith('asan/') for t in tests) and \
            not step(count, 'asan/build', ROOT / 'tools/build.sh', '-s', asan):
        tests = [t for t in tests if not t.name.startswith('asan/')]
    needs = boottest.guest_files(BUILD)[1]
    guests = sorted({g for t in tests for n in t.needs for g in needs.get(n, ())})
    if not guests:
        return tests
    if not step(count, 'guests', ROOT / 'tools/guests/fetch.sh', *guests):
        return [t for t in tests if not any(n in needs for n in t.needs)]
    for linux, busybox in boottest.initrd_parts(guests):
        for build in {BUILD, asan} if full else {BUILD}:
            step(count, 'initrd', ROOT / 'tools/guests/initrd.sh', build / 'guest', linux, busybox)
    return tests


def run_one(count, test):
    start = time.monotonic()
    try:
        results = test.results()
    except OSError as e:                # no such program, most likely
        test.log().write_text(f'{e}\n')
        results = [(test.name, 'failed', '')]
    count.add(test, results, time.monotonic() - start)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument('--full', action='store_true', help='long boots and sanitizers too')
    p.add_argument('--list', action='store_true', help='print the names of the tests and leave')
    p.add_argument('glob', nargs='*')
    o = p.parse_args()
    tests = [t for t in collect(o.full) if wanted(t, o.glob)]
    if o.list:
        print('\n'.join(sorted(t.name for t in tests)))
        return 0
    LOGS.mkdir(parents=True, exist_ok=True)
    count = Count()
    tests = prepare(count, tests, o.full)
    guests = boottest.guest_files(BUILD)[0]
    for name in ('DISPLAY', 'WAYLAND_DISPLAY'):     # no windows on the desktop of whoever runs this
        os.environ.pop(name, None)
    # Compiled code goes to a folder of the build's, not to the user's own.
    os.environ.update({'MYNAH_BUILD': str(BUILD), 'MYNAH_GUESTS': boottest.guest_folder(),
                       'XDG_CACHE_HOME': str(BUILD / 'cache')} | guests)
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for done in concurrent.futures.as_completed([pool.submit(run_one, count, t) for t in tests]):
            done.result()
    return count.finish()


if __name__ == '__main__':
    sys.exit(main())
