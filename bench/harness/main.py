#!/usr/bin/env python3
"""Time guest programs natively, under QEMU and under mynah, in turn.

GLOBs choose workloads by name or class. Without --boots, --sleep, --memory or --all the workloads
are timed. The exit status is 1 when a result differs or something fails.
"""
import argparse
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time

import arch as arches
import beside
import console
import image
import report
import workloads

ROOT = image.ROOT
BOOT_LIMIT = 120        # seconds from an emulator's start to the first workload


class Emulator:
    """How to start one: both get the same board, devices and kernel command line."""

    def __init__(self, name, arch, program, extra, o):
        self.name, self.arch, self.program, self.extra = name, arch, program, extra
        self.memory, self.kpti = o.memory_size, not o.no_kpti
        if name == 'mynah' and '--code-cache' not in extra:
            self.extra = ['--code-cache', 'off', *extra] # code of the run before would be a head start

    def argv(self, *more, memory=None):
        return [*self.program, *self.arch.board, '-m', str(memory or self.memory),
                '-display', 'none', '-monitor', 'none', '-serial', 'stdio', '-nic', 'none',
                '-no-reboot', *self.extra, *more]

    def linux(self, kernel, initrd, words='', **options):
        append = ' '.join(filter(None, [f'console={self.arch.console}', 'quiet', 'panic=-1', words,
                                        '' if self.kpti else self.arch.no_kpti]))
        return self.argv('-kernel', str(kernel), '-initrd', str(initrd), '-append', append,
                         '-device', self.arch.rng, **options)

    def version(self):
        out = subprocess.run([*self.program[:1], '--version'], capture_output=True, text=True)
        return (out.stdout.splitlines() or ['unknown'])[0]


class Bench:
    """What is timed of one architecture, and what came out."""

    def __init__(self, o, arch, chosen, guest_files, tmp):
        self.o, self.arch, self.chosen, self.guest_files, self.tmp = o, arch, chosen, guest_files, tmp
        self.samples = {}       # (who, name) -> [[Sample of each repeat] of each round]
        self.failures = {}      # (who, name) -> sentence
        self.order = []         # who ran, round by round
        self.log = open(named(o.log, o, arch) or os.devnull, 'wb', buffering=0)

    def session(self, names, start):
        s = console.Session(names, self.o.timeout, BOOT_LIMIT)
        start(s, names)
        return s

    def jobs(self, names, native):
        by_name = {w.name: w for w in self.chosen}
        return [f'{n} {self.o.repeats} {by_name[n].native if native else by_name[n].command}'
                for n in names]

    def start_native(self, session, names):
        jobs = self.tmp / 'jobs'
        jobs.write_text('\n'.join(self.jobs(names, True)) + '\n')
        env = {'PATH': '/usr/bin:/bin', 'LC_ALL': 'C', 'HOME': str(self.tmp)}
        cpu = min(os.sched_getaffinity(0))      # the guests have one CPU, too
        session.run(['bin/runner', str(jobs)], self.log, cwd=image.native_folder(self.arch), env=env,
                    preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))

    def start_emulator(self, emulator, session, names):
        initrd = self.tmp / 'initrd'
        image.with_jobs(self.arch, initrd, self.jobs(names, False))
        argv = emulator.linux(self.guest_files / self.arch.linux / 'vmlinuz', initrd)
        self.log.write(f'\n--- {shlex.join(argv)}\n'.encode())
        session.run(argv, self.log)

    def pass_over(self, who, names, start):
        """Run NAMES once. After one that hangs or ends the machine, go on with those behind it."""
        names = [n for n in names if (who, n) not in self.failures]
        for n in names:
            self.samples.setdefault((who, n), []).append([])
        while names:
            session = self.session(names, start)
            for n in names:
                self.samples[who, n][-1] += session.samples[n]
            if not session.failures:
                return
            bad, sentence = next(iter(session.failures.items()))
            if bad not in names:        # no workload was under way: none would come further
                bad = next((n for n in names if not session.samples[n]), names[-1])
                for n in names[names.index(bad):]:
                    self.fail(who, n, f'between workloads: {sentence}')
                return
            self.fail(who, bad, sentence)
            names = names[names.index(bad) + 1:]

    def fail(self, who, name, sentence):
        self.failures.setdefault((who, name), sentence)
        image.say(f'{name} ({who}): {sentence}')

    def native_names(self):
        return [w.name for w in self.chosen if w.native and self.wants('native')]

    def wants(self, who):
        return who in self.o.only

    def round(self, number, emulators):
        if self.native_names():
            self.pass_over('native', self.native_names(), self.start_native)
        names = [w.name for w in self.chosen]
        # Every second round the other way round, so that a drift of the machine helps neither, and
        # each emulator runs twice in a row now and then: those are the A/A pairs.
        for e in emulators if number % 2 == 0 else emulators[::-1]:
            self.progress(f'round {number + 1} of {self.o.n}: {e.name}')
            self.order.append(e.name)
            self.pass_over(e.name, names, lambda s, n: self.start_emulator(e, s, n))

    def progress(self, text):
        if self.o.verbose or self.o.n * len(self.chosen) > 10:
            image.say(f'{time.strftime("%H:%M:%S")} {text}')

    def check(self):
        """Every result against the list, and the emulators against each other."""
        for w in self.chosen:
            reference = w.expected
            for who in ('qemu', 'mynah', 'native'):
                for sample in (s for r in self.samples.get((who, w.name), []) for s in r):
                    if who == 'native' and sample.status == 127:
                        self.samples.pop((who, w.name), None)   # the program is not installed here
                        break
                    self.check_sample(who, w.name, sample, reference)
                    if reference is None and who != 'native':
                        reference = sample.result

    def check_sample(self, who, name, sample, reference):
        if sample.status:
            return self.fail(who, name, f'ended with status {sample.status}: {sample.result}')
        same = workloads.portable if who == 'native' else str
        if reference is not None and same(sample.result) != same(reference):
            self.fail(who, name, f'the result is {sample.result}, not {reference}')


def parse_arguments():
    p = argparse.ArgumentParser(prog='bench/run', description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('globs', nargs='*', metavar='GLOB')
    p.add_argument('--arch', choices=[*arches.ARCHES, 'all'], default='arm64',
                   help='the guest\'s architecture (default arm64), or all, one after the other')
    p.add_argument('-n', type=int, default=5, help='pairs of QEMU and mynah (default 5)')
    p.add_argument('-r', '--repeats', type=int, default=1, metavar='N',
                   help='times each workload runs in one boot; its median counts (default 1)')
    p.add_argument('--quick', action='store_true', help='one pair')
    p.add_argument('--no-kpti', action='store_true',
                   help='guest kernel without page-table isolation')
    p.add_argument('--boots', action='store_true', help='time cold boots')
    p.add_argument('--sleep', action='store_true', help='how exact sleeping is')
    p.add_argument('--memory', action='store_true', help='memory beyond guest RAM after a boot')
    p.add_argument('--all', action='store_true', help='workloads and all of these')
    p.add_argument('--list', action='store_true', help='print the workloads and leave')
    p.add_argument('--json', type=pathlib.Path, metavar='FILE',
                   help='where all samples go (default build/bench/TIME.json); with --arch all FILE-ARCH')
    p.add_argument('--log', type=pathlib.Path, metavar='FILE', help='keep the consoles\' output')
    p.add_argument('--mynah', metavar='PROGRAM', help='test this instead of building build/mynah')
    p.add_argument('--mynah-args', default='', metavar='ARGS', help='more options for mynah')
    p.add_argument('--qemu', metavar='PROGRAM', help='compare with this instead of qemu-system-ARCH')
    p.add_argument('--only', default='native,qemu,mynah', metavar='WHO[,WHO]',
                   help='leave the others out (native, qemu, mynah)')
    p.add_argument('-m', dest='memory_size', type=int, default=2048, metavar='MIB')
    p.add_argument('--timeout', type=float, default=120, metavar='SECONDS',
                   help='for one workload (default 120)')
    p.add_argument('--record', action='store_true',
                   help='write the results into bench/list when QEMU and the native program agree')
    p.add_argument('-v', '--verbose', action='store_true')
    o = p.parse_args()
    o.only = o.only.split(',')
    if o.quick:
        o.n = 1
    if o.qemu and o.arch == 'all':
        p.error('--qemu is of one architecture')
    if o.n < 1 or o.repeats < 1:
        p.error('-n and -r are at least 1')
    return o


def mynah_program(o):
    program = ['build/mynah', 'run']
    if o.mynah:
        program = shlex.split(o.mynah)
        if os.path.basename(program[0]) == 'mynah' and 'run' not in program[1:]:
            program.append('run')
    elif 'mynah' in o.only:
        subprocess.run([ROOT / 'tools/build.sh', ROOT / 'build', 'mynah'], check=True)
        program[0] = str(ROOT / 'build/mynah')
    return program


def emulators(o, arch, program):
    both = [Emulator('qemu', arch, [o.qemu or arch.qemu, '-accel', 'tcg'], arch.qemu_args, o),
            Emulator('mynah', arch, program, shlex.split(o.mynah_args), o)]
    return [e for e in both if e.name in o.only]


def record(bench):
    agreed = {}
    for w in bench.chosen:
        found = {s.result for r in bench.samples.get(('qemu', w.name), []) for s in r}
        failed = [k for k in bench.failures if k[1] == w.name]
        native = {workloads.portable(s.result)
                  for r in bench.samples.get(('native', w.name), []) for s in r}
        if len(found) == 1 and not failed and native <= {workloads.portable(*found)}:
            agreed[w.name] = found.pop()
        else:
            image.say(f'{w.name}: not recorded: QEMU {sorted(found)}, native {sorted(native)}')
    workloads.record(agreed, bench.arch.name)


def run_workloads(bench, both, out):
    for number in range(bench.o.n):
        bench.round(number, both)
    bench.check()
    if bench.o.record:
        record(bench)
    out['workloads'] = report.workloads_json(bench)
    out['summary'] = report.print_workloads(bench)


def named(path, o, arch):
    """PATH, with the architecture in it when there are several."""
    return path.with_stem(f'{path.stem}-{arch.name}') if path and o.arch == 'all' else path


def run_sections(bench, both, out):
    sections = {'boots': beside.boots, 'sleep': beside.sleeps, 'memory': beside.memory}
    wanted = [s for s in sections if bench.o.all or getattr(bench.o, s)]
    if bench.o.all or not wanted:
        run_workloads(bench, both, out)
    for section in wanted:
        out[section] = sections[section](bench, both)


def run_arch(o, arch, program):
    """Everything that is wanted of one architecture; returns the exit status."""
    chosen = workloads.load(o.globs, arch.name)
    if not chosen:
        raise SystemExit(f'bench: no workload matches {" ".join(o.globs)}')
    guest_files = image.prepare(arch)
    both = emulators(o, arch, program)
    with tempfile.TemporaryDirectory(prefix='mynah-bench-') as tmp:
        bench = Bench(o, arch, chosen, guest_files, pathlib.Path(tmp))
        out = report.environment(bench, both)
        print(report.headline(out))
        run_sections(bench, both, out)
        if not o.record:
            report.note_unrecorded(bench)
        out['order'] = bench.order
        out['failures'] = [dict(who=w, name=n, sentence=s)
                           for (w, n), s in bench.failures.items()]
    path = named(o.json or ROOT / 'build/bench' / time.strftime('%Y%m%d-%H%M%S.json'), o, arch)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(out, indent=1) + '\n')
    print(f'\nall samples: {path}')
    return report.print_failures(bench)


def main():
    o = parse_arguments()
    chosen = [a for a in arches.ARCHES.values() if o.arch in ('all', a.name)]
    if o.list:
        for arch in chosen:
            report.print_list(workloads.load(o.globs, arch.name), arch.name)
        return 0
    held = image.lock()     # noqa: F841 (released at the end of the process)
    program = mynah_program(o)
    status = 0
    for number, arch in enumerate(chosen):
        print('\n' * (number > 0), end='')
        status |= run_arch(o, arch, program)
    return status


if __name__ == '__main__':
    sys.exit(main())
