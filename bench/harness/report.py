"""report.py - medians, ratios and means of what was timed, as tables and as JSON."""
import math
import os
import pathlib
import platform
import statistics
import subprocess
import time

import image
import workloads

WHO = ('native', 'qemu', 'mynah')
CLOCK_SLACK = (0.05, 0.02)      # guest's and host's clock may differ by this share plus these seconds


def geomean(values):
    values = [v for v in values if v]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def round_times(bench, who, name):
    """Seconds of each round: the median of its repeats. Rounds without a sample are None."""
    return [statistics.median(s.host for s in r) if r else None
            for r in bench.samples.get((who, name), [])]


def median(bench, who, name):
    times = [t for t in round_times(bench, who, name) if t is not None]
    return statistics.median(times) if times and (who, name) not in bench.failures else None


def aa_ratios(bench, who, name):
    """Second by first of the runs that followed each other without the other emulator between."""
    times, at, ratios = round_times(bench, who, name), 0, []
    for before, now in zip([None, *bench.order], bench.order):
        if now != who:
            continue
        if before == who and at < len(times) and times[at] and times[at - 1]:
            ratios.append(times[at] / times[at - 1])
        at += 1
    return ratios


def ratio(a, b):
    return a / b if a and b else None


def row(bench, name):
    t = {who: median(bench, who, name) for who in WHO}
    return dict(t, qemu_native=ratio(t['qemu'], t['native']),
                mynah_native=ratio(t['mynah'], t['native']), mynah_qemu=ratio(t['mynah'], t['qemu']),
                aa_qemu=geomean(aa_ratios(bench, 'qemu', name)),
                aa_mynah=geomean(aa_ratios(bench, 'mynah', name)))


COLUMNS = (('native', 'native s', '{:.3f}'), ('qemu', 'QEMU s', '{:.3f}'),
           ('mynah', 'mynah s', '{:.3f}'), ('qemu_native', 'QEMU/nat', '{:.2f}'),
           ('mynah_native', 'mynah/nat', '{:.2f}'), ('mynah_qemu', 'mynah/QEMU', '{:.3f}'),
           ('aa_qemu', 'A/A QEMU', '{:.3f}'), ('aa_mynah', 'A/A mynah', '{:.3f}'))
RATIOS = [c[0] for c in COLUMNS[3:]]


def format_row(first, values, note=''):
    cells = [form.format(values[key]) if values.get(key) else '-' for key, _, form in COLUMNS]
    return (f'{first:<18}' + ''.join(f'{c:>11}' for c in cells) + f'  {note}').rstrip()


def note_of(bench, w):
    bad = [who for who in WHO if (who, w.name) in bench.failures]
    return 'FAILED: ' + ', '.join(bad) if bad else ''


def group_means(rows):
    return {key: geomean(r[key] for r in rows) for key in RATIOS}


def print_workloads(bench):
    """The table; returns the means for JSON."""
    print('\n' + f'{"workload":<18}' + ''.join(f'{title:>11}' for _, title, _ in COLUMNS))
    means, samples = {}, {}
    for group in workloads.CLASSES:
        members = [w for w in bench.chosen if w.group == group]
        if not members:
            continue
        rows = []
        for w in members:
            rows.append(row(bench, w.name))
            print(format_row(w.name, rows[-1], note_of(bench, w)))
        means[group] = group_means(rows)
        print(format_row(f'  = {group}', means[group], f'geometric mean of {len(rows)}') + '\n')
    samples = {key: geomean(m[key] for m in means.values()) for key in RATIOS}
    print(format_row('  = all classes', samples, 'geometric mean of the classes'))
    print_headline(bench, means, samples)
    print_clocks(bench)
    return dict(classes=means, headline=samples)


def print_headline(bench, means, whole):
    missing = [c for c in workloads.CLASSES if c not in means or not means[c]['mynah_qemu']]
    if whole['mynah_qemu'] and not missing and not bench.failures:
        print(f'\nheadline: mynah takes {whole["mynah_qemu"]:.3f} of QEMU\'s time')
    else:
        why = 'something failed' if bench.failures else f'no figure for {", ".join(missing)}'
        print(f'\nheadline: none ({why})')


def print_clocks(bench):
    """A guest whose clock disagrees with ours would be a benchmark of its clock."""
    share, seconds = CLOCK_SLACK
    for (who, name), rounds in bench.samples.items():
        for s in (s for r in rounds for s in r):
            if abs(s.guest - s.host) > share * s.host + seconds:
                print(f'note: {name} ({who}) took {s.host:.3f} s by the host\'s clock, '
                      f'{s.guest:.3f} s by its own')


def workloads_json(bench):
    out = {}
    for w in bench.chosen:
        entry = {'class': w.group, 'command': w.command, 'native_command': w.native,
                 'expected': w.expected, 'figures': row(bench, w.name), 'samples': {}}
        for who in WHO:
            rounds = bench.samples.get((who, w.name), [])
            entry['samples'][who] = [[dict(vars(s)) for s in r] for r in rounds]
        entry['aa'] = {who: aa_ratios(bench, who, w.name) for who in WHO[1:]}
        out[w.name] = entry
    return out


def cpu_model():
    for line in pathlib.Path('/proc/cpuinfo').read_text().splitlines():
        if line.startswith('model name'):
            return line.partition(':')[2].strip()
    return platform.machine()


def environment(bench, both):
    git = subprocess.run(['git', '-C', str(image.ROOT), 'describe', '--always', '--dirty'],
                         capture_output=True, text=True).stdout.strip()
    return dict(
        time=time.strftime('%Y-%m-%dT%H:%M:%S%z'), host=dict(
            cpu=cpu_model(), cpus=os.cpu_count(), kernel=platform.release(),
            load=os.getloadavg()),
        emulators={e.name: dict(version=e.version(),
                                command=e.linux('KERNEL', 'IMAGE')) for e in both},
        arch=bench.arch.name, commit=git, kernel=image.kernel_version(bench.arch, bench.guest_files),
        packages=image.package_versions(bench.arch), compilers={
            k: image.version_of(c) for k, c in image.compilers(bench.arch).items()},
        pairs=bench.o.n, repeats=bench.o.repeats, kpti=not bench.o.no_kpti)


def headline(out):
    versions = ', '.join(e['version'] for e in out['emulators'].values())
    isolation = 'on' if out['kpti'] else 'off'
    return (f'{out["host"]["cpu"]}, {out["host"]["cpus"]} CPUs, load {out["host"]["load"][0]:.2f}; '
            f'{versions}\n{out["arch"]} guest, kernel {out["kernel"]}, page-table isolation {isolation}; '
            f'{out["pairs"]} pairs, {out["repeats"]} in each boot')


def print_list(chosen, arch):
    for w in chosen:
        print(f'{w.group:<10}{w.name:<16}{w.expected or "-":<19}{w.command}')
        if w.native != w.command:
            print(f'{"":<10}{"":<16}{"natively":<19}{w.native or "-"}')
    print(f'{len(chosen)} workloads for {arch}')


def note_unrecorded(bench):
    """A workload that ran without a result to compare with has not been checked: a failure, too."""
    for w in bench.chosen:
        for who in WHO:
            if w.expected is None and bench.samples.get((who, w.name)):
                bench.failures.setdefault((who, w.name), 'bench/list has no result to compare with')


def print_failures(bench):
    """The exit status."""
    if bench.failures:
        print('\nfailed:')
        for (who, name), sentence in bench.failures.items():
            print(f'  {name} ({who}): {sentence}')
    return 1 if bench.failures else 0
