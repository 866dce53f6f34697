"""image.py - build what the workloads need, for the guest and for this machine, once for each state of the inputs.

The folder (mynah/bench in the user's cache, or $MYNAH_BENCH) has afterwards

    packages/   arm64 Debian packages, unpacked
    guest/      what becomes /bench in the guest: bin/ scripts/ data/
    native/     the same for this machine
    image.cpio  the guest's initial file system, without a list of jobs
"""
import concurrent.futures
import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys

from workloads import BENCH

ROOT = BENCH.parent
sys.path.insert(0, str(ROOT / 'tools/guests'))
import mkinitrd  # noqa: E402

CACHE = pathlib.Path(os.environ.get('MYNAH_BENCH') or pathlib.Path(
    os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache') / 'mynah/bench')
FLAGS = ['-std=gnu17', '-O2', '-Wall', '-Wextra', '-static', '-pthread']
COMPILERS = {'guest': 'aarch64-linux-gnu-gcc', 'native': 'gcc'}
# What Debian calls otherwise than the command that everybody types.
LINKS = {'usr/bin/as': 'aarch64-linux-gnu-as', 'usr/bin/gcc': 'gcc-12', 'usr/bin/awk': 'mawk',
         'usr/bin/python3': 'python3.11', 'bin/sh': 'dash'}
HEADERS = ('stdbool.h', 'stdint.h', 'stdio.h', 'stdlib.h', 'string.h', 'math.h')
TOOLS = ('md5sum', 'cat', 'cut', 'rm', 'mkdir', 'tr', 'expr', 'seq', 'wc', 'sort', 'mktemp', 'head')


def say(text):
    print(f'mynah: {text}', file=sys.stderr, flush=True)


def guests():
    """The folder of guest files, with Debian's kernel and busybox in it."""
    script = ROOT / 'tools/guests/fetch.sh'
    subprocess.run([script, 'linux', 'busybox'], check=True)
    return pathlib.Path(subprocess.run([script, '--path'], check=True, capture_output=True,
                                       text=True).stdout.strip())


def digest(paths, *more):
    h = hashlib.sha256('\0'.join(more).encode())
    for path in sorted(paths):
        h.update(f'{path.name}\0'.encode() + path.read_bytes() + b'\0')
    return h.hexdigest()[:16]


def version_of(command):
    return subprocess.run([command, '--version'], check=True, capture_output=True,
                          text=True).stdout.splitlines()[0]


def compile_one(compiler, source, out):
    done = subprocess.run([compiler, *FLAGS, '-o', out / source.stem, source, '-lm'],
                          capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f'bench: {compiler} refuses {source.name}:\n{done.stderr}')


def fill(folder, compiler):
    """bin/, scripts/ and data/ (data/ is made by this machine's generator, later)."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / 'bin').mkdir(parents=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda s: compile_one(compiler, s, folder / 'bin'),
                      sorted((BENCH / 'src').glob('*.c'))))
    shutil.copytree(BENCH / 'scripts', folder / 'scripts')
    (folder / 'data').mkdir()


def make_data():
    native, guest = CACHE / 'native', CACHE / 'guest'
    with open(native / 'data/text', 'wb') as out:
        subprocess.run([native / 'bin/textgen', '1500000'], stdout=out, check=True)
    with open(native / 'data/text.xz', 'wb') as out:
        subprocess.run(['xz', '-6', '-T1', '-c', native / 'data/text'], stdout=out, check=True)
    # What gcc compiles in the guest: workloads, with headers that declare just enough.
    (native / 'data/include').mkdir()
    for name in HEADERS:
        shutil.copy(BENCH / 'guest/libc.h', native / 'data/include' / name)
    for name in ('bench.h', 'sort.c', 'interp.c', 'fft.c'):
        shutil.copy(BENCH / 'src' / name, native / 'data')
    shutil.copytree(native / 'data', guest / 'data', dirs_exist_ok=True)


def add_tree(archive, folder, prefix):
    """What is below FOLDER, at PREFIX; owners and times do not matter to any workload."""
    for path in sorted(folder.rglob('*')):
        name = prefix + str(path.relative_to(folder))
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            archive.add(name, stat.S_IFLNK | 0o777, os.readlink(path).encode())
        elif stat.S_ISDIR(mode):
            archive.add(name, stat.S_IFDIR | 0o755)
        else:
            archive.add(name, stat.S_IFREG | stat.S_IMODE(mode) | 0o444, path.read_bytes())


def archive_of(guest_files):
    archive = mkinitrd.Cpio()
    have = {'dev', 'proc', 'sys', 'tmp', 'root', 'busybox', 'bench'}
    for name in sorted(have):
        archive.add(name, stat.S_IFDIR | 0o755)
    archive.add('dev/console', stat.S_IFCHR | 0o600, device=(5, 1))
    archive.add('dev/null', stat.S_IFCHR | 0o666, device=(1, 3))
    archive.add('init', stat.S_IFREG | 0o755, (BENCH / 'guest/init').read_bytes())
    add_tree(archive, CACHE / 'packages', '')
    add_tree(archive, CACHE / 'guest', 'bench/')
    archive.add('bin/busybox', stat.S_IFREG | 0o755,
                (guest_files / 'busybox-arm64/busybox').read_bytes())
    for name, to in LINKS.items():
        archive.add(name, stat.S_IFLNK | 0o777, to.encode())
    for name in TOOLS:
        archive.add(f'busybox/{name}', stat.S_IFLNK | 0o777, b'/bin/busybox')
    return archive.finish()


def replace(path, data):
    temp = path.with_name(f'{path.name}.{os.getpid()}')
    temp.write_bytes(data)
    temp.rename(path)


def lock():
    """Held until the process ends: runs at once would time each other, and build in one folder."""
    CACHE.mkdir(parents=True, exist_ok=True)
    held = open(CACHE / 'lock', 'w')
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say('waiting for another run of the benchmarks')
        fcntl.flock(held, fcntl.LOCK_EX)
    return held


def prepare():
    """Build what is missing or out of date. Returns the folder of guest files."""
    guest_files = guests()
    packages = digest([BENCH / 'packages.sh'])
    stamp = CACHE / 'packages.stamp'
    if not stamp.exists() or stamp.read_text() != packages:
        subprocess.run([BENCH / 'packages.sh', CACHE / 'packages'], check=True)
        stamp.write_text(packages)
    inputs = [p for d in ('src', 'scripts', 'guest') for p in (BENCH / d).iterdir()]
    state = digest([*inputs, pathlib.Path(__file__)], packages, *map(version_of, COMPILERS.values()),
                   (guest_files / 'busybox-arm64/package').read_text())
    stamp = CACHE / 'image.stamp'
    if not stamp.exists() or stamp.read_text() != state:
        say('building the image of the benchmarks')
        for kind, compiler in COMPILERS.items():
            fill(CACHE / kind, compiler)
        make_data()
        replace(CACHE / 'image.cpio', archive_of(guest_files))
        stamp.write_text(state)
    return guest_files


def with_jobs(path, lines):
    """Write the image with its list of jobs to PATH. The kernel unpacks archives one after the other."""
    jobs = mkinitrd.Cpio()
    jobs.add('jobs', stat.S_IFREG | 0o644, ''.join(f'{s}\n' for s in lines).encode())
    shutil.copyfile(CACHE / 'image.cpio', path)
    with open(path, 'ab') as out:
        out.write(bytes(-out.tell() % 512) + jobs.finish())


def package_versions():
    return dict(line.split(None, 1)
                for line in (CACHE / 'packages/packages').read_text().splitlines())


def kernel_version(guest_files):
    text = (guest_files / 'linux-arm64/package').read_text().strip()
    return re.sub(r'_arm64\.deb$', '', text).replace('%3a', ':')
