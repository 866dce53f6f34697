"""beside.py - figures beside the workloads: cold boots, how exact sleeping is, memory beyond the guest's."""
import pathlib
import re
import statistics
import subprocess
import sys
import time

import console
import image
import report

sys.path.insert(0, str(image.ROOT / 'tools'))
import boottest  # noqa: E402

BOOT_TIMEOUT = 600
# The sizes of guest memory in arch.py are odd: no other mapping of an emulator has such a size by chance.


def guest_files(boots):
    """Fetch kernels, and make the initial file systems of those that have none of their own."""
    for _, _, guest, initrd, _, _ in boots:
        image.guests(guest)
        if initrd:
            busybox = f'busybox-{"i386" if guest.endswith("686") else guest.split("-")[-1]}'
            image.guests(busybox)
            subprocess.run([image.ROOT / 'tools/guests/initrd.sh', image.CACHE / 'initrd', guest, busybox],
                           check=True)


def boot_command(bench, emulator, boot):
    _, memory, guest, initrd, _, _ = boot
    folder = bench.guest_files / guest
    if initrd:
        return emulator.linux(folder / 'vmlinuz', image.CACHE / 'initrd' / initrd, memory=memory)
    if guest.startswith('installer'):
        return emulator.argv('-kernel', f'{folder}/linux', '-initrd', f'{folder}/initrd.gz',
                             '-append', f'console={bench.arch.console}', memory=memory)
    return emulator.argv('-bios', f'{folder}/QEMU_EFI.fd', memory=memory)


def boot_once(bench, emulator, boot, look=lambda machine: None):
    """Seconds from the process' start to each marker, and what LOOK says of it then."""
    name, _, _, _, markers, _ = boot
    began = time.monotonic()
    machine = boottest.Machine(boot_command(bench, emulator, boot), bench.log)
    times = []
    try:
        for marker in markers:
            machine.wait(marker, began + BOOT_TIMEOUT)
            times.append(time.monotonic() - began)
        return times, look(machine)
    except boottest.Failed as e:
        bench.fail(emulator.name, f'boot of {name}', str(e))
        return None, None
    finally:
        machine.close()


def turns(bench, both):
    """The emulators in turn, every second round the other way round."""
    for number in range(bench.o.n):
        for e in both if number % 2 == 0 else both[::-1]:
            yield e


def adjacent(order, times):
    """Second by first of one emulator's times that followed each other."""
    found, last = {}, (None, None)
    for who, t in zip(order, times):
        if who == last[0] and t and last[1]:
            found.setdefault(who, []).append(t / last[1])
        last = (who, t)
    return found


def boots(bench, both):
    guest_files(bench.arch.boots)
    out = {}
    print(f'\n{"cold boot":<12}{"QEMU s":>10}{"mynah s":>10}{"mynah/QEMU":>12}{"A/A QEMU":>10}'
          f'{"A/A mynah":>11}   from the start of the process')
    for boot in bench.arch.boots:
        order, times = [], []
        for e in turns(bench, both):
            found, _ = boot_once(bench, e, boot)
            order.append(e.name)
            times.append(found[-1] if found else None)
        out[boot[0]] = boot_figures(boot, order, times)
    return out


def boot_figures(boot, order, times):
    of = {who: [t for o, t in zip(order, times) if o == who and t] for who in ('qemu', 'mynah')}
    median = {who: statistics.median(t) if t else None for who, t in of.items()}
    ratio = report.ratio(median['mynah'], median['qemu'])
    aa = {who: report.geomean(r) for who, r in adjacent(order, times).items()}
    cells = (median['qemu'], median['mynah'], ratio, aa.get('qemu'), aa.get('mynah'))
    text = ''.join(f'{c:{w}.3f}' if c else f'{"-":>{w}}' for c, w in zip(cells, (10, 10, 12, 10, 11)))
    print(f'{boot[0]:<12}{text}   {boot[5]}', flush=True)
    return dict(what=boot[5], order=order, seconds=times, median=median, ratio=ratio, aa=aa)


# ---- sleep ----

SLEEPS = ((1000, 200), (10000, 50), (100000, 10), (1000000, 2))      # microseconds, times


def sleep_jobs():
    """Starting the program takes its time, too: it is measured without sleeping, and taken off."""
    yield 'start', 3, 'bin/sleeper 0 0'
    for us, count in SLEEPS:
        yield f'{us / 1000:g}ms', 1, f'bin/sleeper {us} {count}'


def sleep_once(bench, who, emulator):
    jobs = [f'{name} {repeats} {command}' for name, repeats, command in sleep_jobs()]
    session = console.Session([j.split()[0] for j in jobs], 60, 120)
    if emulator:
        initrd = bench.tmp / 'initrd'
        image.with_jobs(bench.arch, initrd, jobs)
        session.run(emulator.linux(bench.guest_files / bench.arch.linux / 'vmlinuz', initrd), bench.log)
    else:
        (bench.tmp / 'jobs').write_text('\n'.join(jobs) + '\n')
        session.run(['bin/runner', str(bench.tmp / 'jobs')], bench.log, cwd=image.native_folder(bench.arch))
    for name, sentence in session.failures.items():
        bench.fail(who, f'sleep {name}', sentence)
    return None if session.failures else session.samples


def sleeps(bench, both):
    out = {}
    print(f'\n{"sleep":<10}{"by":<8}{"median":>9}{"99 %":>9}{"most":>9}{"by host":>9}{"clock":>10}   '
          'us too long by the sleeper\'s clock; mean by the host\'s; host seconds per its own')
    runs = {w: sleep_once(bench, w, e) for w, e in
            [('native', None)] * bench.wants('native') + [(e.name, e) for e in both]}
    for us, count in SLEEPS:
        for who, samples in runs.items():
            if samples:
                row = sleep_row(samples, us, count)
                out.setdefault(f'{us / 1000:g}ms', {})[who] = row
                print(f'{us / 1000:g} ms'.ljust(10) + f'{who:<8}{row["median_us"]:9.1f}{row["p99_us"]:9.1f}'
                      f'{row["max_us"]:9.1f}{row["host_us"]:9.1f}{row["host_per_guest_second"]:10.5f}')
    return out


def sleep_row(samples, us, count):
    start = samples['start'][-1]
    s = samples[f'{us / 1000:g}ms'][0]
    median, p99, most = map(float, s.result.split())
    return dict(count=count, median_us=median, p99_us=p99, max_us=most,
                host_us=((s.host - start.host) * 1e6 - us * count) / count,
                host_per_guest_second=s.host / s.guest)


# ---- memory ----

def mappings(pid):
    """(size, resident, proportional, name) in KiB of each mapping. Source: proc(5), smaps."""
    found = []
    for line in pathlib.Path(f'/proc/{pid}/smaps').read_text().splitlines():
        head = re.match(r'([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \S+ *(.*)', line)
        if head:
            size = (int(head[2], 16) - int(head[1], 16)) // 1024
            found.append(dict(size=size, name=head[3], Rss=0, Pss=0))
        field = re.match(r'(Rss|Pss): +(\d+) kB', line)
        if field:
            found[-1][field[1]] = int(field[2])
    return found


def memory_of(pid, guest_mib):
    """MiB: all that is resident, the part that is guest memory, and the rest; and the peak."""
    every = mappings(pid)
    guest = [m for m in every if m['size'] == guest_mib * 1024]
    if not guest:
        return None
    status = pathlib.Path(f'/proc/{pid}/status').read_text()
    rss, ram = sum(m['Rss'] for m in every), sum(m['Rss'] for m in guest)
    pss = sum(m['Pss'] for m in every) - sum(m['Pss'] for m in guest)
    return dict(rss=rss / 1024, guest=ram / 1024, beyond=(rss - ram) / 1024, beyond_pss=pss / 1024,
                peak=int(re.search(r'VmHWM:\s+(\d+)', status)[1]) / 1024,
                largest=sorted(([round(m['Rss'] / 1024, 1), m['name']] for m in every
                                if m not in guest), reverse=True)[:8])


def memory(bench, both):
    guest_files(bench.arch.memory)
    out = {}
    print(f'\n{"memory":<12}{"by":<8}{"resident":>10}{"guest":>9}{"beyond":>9}{"beyond,Pss":>12}{"peak":>9}   '
          'MiB, after a boot')
    for boot in bench.arch.memory:
        for e in both:
            _, m = boot_once(bench, e, boot, lambda machine: memory_of(machine.process.pid, boot[1]))
            out.setdefault(boot[0], {})[e.name] = m
            if m:
                print(f'{boot[0]:<12}{e.name:<8}{m["rss"]:10.1f}{m["guest"]:9.1f}{m["beyond"]:9.1f}'
                      f'{m["beyond_pss"]:12.1f}{m["peak"]:9.1f}', flush=True)
            else:
                print(f'{boot[0]:<12}{e.name:<8}  guest memory could not be told from the rest')
    return out
