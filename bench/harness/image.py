"""image.py - build what the workloads need, for guests and for this machine, once for each state of the inputs.

The folder (mynah/bench in the user's cache, or $MYNAH_BENCH) has afterwards

    native/     bin/ scripts/ data/ for this machine
    ARCH/       for each architecture of guests that has been asked for:
        packages/   its Debian packages, unpacked
        guest/      what becomes /bench in the guest: bin/ scripts/ data/
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
# What Debian calls otherwise than the command that everybody types; and as, by the compiler's triplet.
LINKS = {'usr/bin/gcc': 'gcc-12', 'usr/bin/awk': 'mawk', 'usr/bin/python3': 'python3.11', 'bin/sh': 'dash'}
HEADERS = ('stdbool.h', 'stdint.h', 'stdio.h', 'stdlib.h', 'string.h', 'math.h')
TOOLS = ('md5sum', 'cat', 'cut', 'rm', 'mkdir', 'tr', 'expr', 'seq', 'wc', 'sort', 'mktemp', 'head')


def say(text):
    print(f'mynah: {text}', file=sys.stderr, flush=True)


def compilers(arch):
    return {'guest': f'{arch.triplet}-gcc', 'native': 'gcc'}


def native_folder(arch):
    """Where the native programs run: where guest and host are alike, those of the guest."""
    return CACHE / arch.name / 'guest' if arch.native_is_guest() else CACHE / 'native'


def guests(*folders):
    """The folder of guest files, with these in it (Debian's kernel, busybox...)."""
    script = ROOT / 'tools/guests/fetch.sh'
    subprocess.run([script, *(f.removesuffix('-arm64') for f in folders)], check=True)
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


def compile_one(compiler, flags, source, out):
    done = subprocess.run([compiler, *FLAGS, *flags, '-o', out / source.stem, source, '-lm'],
                          capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f'bench: {compiler} refuses {source.name}:\n{done.stderr}')


def fill(folder, compiler, flags=()):
    """bin/, scripts/ and an empty data/."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / 'bin').mkdir(parents=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda s: compile_one(compiler, flags, s, folder / 'bin'),
                      sorted((BENCH / 'src').glob('*.c'))))
    shutil.copytree(BENCH / 'scripts', folder / 'scripts')
    (folder / 'data').mkdir()


def make_data(native):
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


def archive_of(arch, guest_files):
    archive = mkinitrd.Cpio()
    have = {'dev', 'proc', 'sys', 'tmp', 'root', 'busybox', 'bench'}
    for name in sorted(have):
        archive.add(name, stat.S_IFDIR | 0o755)
    archive.add('dev/console', stat.S_IFCHR | 0o600, device=(5, 1))
    archive.add('dev/null', stat.S_IFCHR | 0o666, device=(1, 3))
    archive.add('init', stat.S_IFREG | 0o755, (BENCH / 'guest/init').read_bytes())
    add_tree(archive, CACHE / arch.name / 'packages', '')
    add_tree(archive, CACHE / arch.name / 'guest', 'bench/')
    archive.add('bin/busybox', stat.S_IFREG | 0o755, (guest_files / arch.busybox / 'busybox').read_bytes())
    for name, to in (LINKS | {'usr/bin/as': f'{arch.triplet}-as'}).items():
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


def is_new(stamp, state):
    return not stamp.exists() or stamp.read_text() != state


def prepare_native(inputs):
    state = digest(inputs, version_of('gcc'))
    stamp = CACHE / 'native.stamp'
    if is_new(stamp, state):
        fill(CACHE / 'native', 'gcc')
        make_data(CACHE / 'native')
        stamp.write_text(state)


def prepare_packages(arch, folder):
    """Returns what identifies them."""
    state = digest([BENCH / 'packages.sh'])
    stamp = folder / 'packages.stamp'
    if is_new(stamp, state):
        subprocess.run([BENCH / 'packages.sh', folder / 'packages', arch.name], check=True)
        stamp.write_text(state)
    return state


def prepare(arch):
    """Build what is missing or out of date. Returns the folder of guest files."""
    folder, compiler = CACHE / arch.name, compilers(arch)['guest']
    folder.mkdir(parents=True, exist_ok=True)
    guest_files = guests(arch.linux, arch.busybox)
    packages = prepare_packages(arch, folder)
    inputs = [p for d in ('src', 'scripts', 'guest') for p in (BENCH / d).iterdir()]
    inputs.append(pathlib.Path(__file__))
    prepare_native(inputs)
    state = digest(inputs, packages, version_of(compiler), *arch.flags,
                   (guest_files / arch.busybox / 'package').read_text())
    stamp = folder / 'image.stamp'
    if is_new(stamp, state):
        say(f'building the image of the benchmarks for {arch.name}')
        fill(folder / 'guest', compiler, arch.flags)
        shutil.copytree(CACHE / 'native/data', folder / 'guest/data', dirs_exist_ok=True)
        replace(folder / 'image.cpio', archive_of(arch, guest_files))
        stamp.write_text(state)
    return guest_files


def with_jobs(arch, path, lines):
    """Write the image with its list of jobs to PATH. The kernel unpacks archives one after the other."""
    jobs = mkinitrd.Cpio()
    jobs.add('jobs', stat.S_IFREG | 0o644, ''.join(f'{s}\n' for s in lines).encode())
    shutil.copyfile(CACHE / arch.name / 'image.cpio', path)
    with open(path, 'ab') as out:
        out.write(bytes(-out.tell() % 512) + jobs.finish())


def package_versions(arch):
    return dict(line.split(None, 1)
                for line in (CACHE / arch.name / 'packages/packages').read_text().splitlines())


def kernel_version(arch, guest_files):
    text = (guest_files / arch.linux / 'package').read_text().strip()
    return re.sub(r'_[^_]*\.deb$', '', text).replace('%3a', ':')
