#!/usr/bin/env python3
"""boottest.py - boot a guest on a terminal and talk to it, as a .boot file says.

    boottest.py [--log FILE] FILE.boot

A .boot file has one step a line; '#' starts a comment line. Steps run in order:

    timeout SECONDS     for the whole file (default 120)
    full                only for ./test --full       asan    also with the sanitizer build
    host COMMAND        run a shell command here (bash -e); it must succeed
    cmd ARGUMENTS       start mynah with these on a terminal of its own; it becomes the current one
    program NAME        the cmd steps from here on start the program under this name (no `run`)
    machine N           make the Nth started machine (from 1) the current one
    wait REGEX          until the output after the previous match has it (MULTILINE; escape
                        sequences and carriage returns are removed first). What the file has waited for before
                        (a prompt) must not be from before the last send: that one is another command's
    not REGEX           the current machine's output must never have it
    send TEXT           type it; \\n \\r \\e \\xNN stand for themselves
    pause SECONDS       let the machine run
    screen REGEX        with `-monitor stdio`: until the text screen has it (`info screen`, MULTILINE)
    keys KEY...         with `-monitor stdio`: press and release these one after the other (`sendkey`)
    picture FILE COMMAND  with `-monitor stdio`: `screendump` to FILE until the host's COMMAND succeeds
    monitor COMMAND     with `-monitor stdio`: a command to it, without an answer
    exit STATUS         wait for its end and check the status; with 0, that stderr was empty, and
                        always that the terminal has the settings it had before
    stderr REGEX        what it wrote to stderr must match
    signal NAME         send it a signal (TERM, INT, ...)

A step continues on the next line after a final backslash. ${NAME} stands for KERNEL INITRD
(interactive shell) INITRD_MIN UBOOT EFI EFI_CODE EFI_VARS DI_KERNEL DI_INITRD (guest files), TMP
(a fresh folder), TODAY (in UTC) and ROOT, in cmd and wait, TMP in send, too; in host steps they
are environment variables. KERNEL_F INITRD_F INITRD_MIN_F are those of the other kernels F: AMD64, CLOUD (cloud-amd64),
686, PAE (686-pae); INITRD_ROOT_AMD64 goes on with the root file system DISK_AMD64 (on /dev/vda, or root=),
INITRD_IDE_AMD64 (and so on) has IDE disks and CDs;
DI_..._AMD64, GTK_... is the installer with windows; GRUB_AMD64 is GRUB's core image, with boot.img beside it.
RESCUE_CD, RESCUE_FLOPPY, MEMTEST (x64; MEMTEST_32), SYSLINUX (isolinux.bin, beside what the two need), IPXE (the
CD; IPXE_LKRN), UBOOT_X64, UBOOT_X86, XEN, GNUMACH: what tools/guests/fetch.sh says.
MYNAH names the command under test (default: build/mynah run). Machines that still run at the end are
killed.
"""
import argparse
import fcntl
import os
import pathlib
import pty
import re
import select
import shlex
import shutil
import signal
import string
import subprocess
import sys
import tempfile
import termios
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
ESCAPES = re.compile(rb'\x1b(\[[0-?]*[ -/]*[@-~]|[()][0-9A-Za-z]|[=>78cDEHMNOZ])|\r')
STEPS = ('timeout', 'full', 'asan', 'host', 'program', 'cmd', 'machine', 'wait', 'not', 'send', 'pause',
         'exit', 'stderr', 'signal', 'screen', 'keys', 'picture', 'monitor')


# Kernels of PCs: the name in .boot files, the guest, the busybox for it.
PC = (('AMD64', 'linux-amd64', 'busybox-amd64'), ('CLOUD', 'linux-cloud-amd64', 'busybox-amd64'),
      ('686', 'linux-686', 'busybox-i386'), ('PAE', 'linux-686-pae', 'busybox-i386'))


class Failed(Exception):
    """A step did not come out as the file says; the text says how."""


def guest_folder():
    return os.environ.get('MYNAH_GUESTS') or os.path.join(
        os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'), 'mynah/guests')


def guest_files(build):
    """The variables that name guest files, and the guest (tools/guests/fetch.sh) of each."""
    folder = guest_folder()
    guests = {
        'KERNEL': ('linux', 'linux-arm64/vmlinuz'), 'UBOOT': ('uboot', 'uboot-arm64/u-boot.bin'),
        'EFI': ('edk2', 'edk2-arm64/QEMU_EFI.fd'),
        'EFI_CODE': ('edk2', 'edk2-arm64/AAVMF_CODE.fd'),
        'EFI_VARS': ('edk2', 'edk2-arm64/AAVMF_VARS.fd'),
        'DI_KERNEL': ('installer', 'installer-arm64/linux'),
        'DI_INITRD': ('installer', 'installer-arm64/initrd.gz'),
        'DI_KERNEL_AMD64': ('installer-amd64', 'installer-amd64/linux'),
        'DI_INITRD_AMD64': ('installer-amd64', 'installer-amd64/initrd.gz'),
        'DISK_AMD64': ('rootfs-amd64', 'rootfs-amd64/disk.img'),
        'GRUB_AMD64': ('grub-amd64', 'grub-amd64/core.img'),
        'GTK_KERNEL_AMD64': ('gtk-amd64', 'gtk-amd64/linux'),
        'GTK_INITRD_AMD64': ('gtk-amd64', 'gtk-amd64/initrd.gz'),
        'RESCUE_CD': ('rescue-amd64', 'rescue-amd64/cd.iso'),
        'RESCUE_FLOPPY': ('rescue-amd64', 'rescue-amd64/floppy.img'),
        'MEMTEST': ('memtest-amd64', 'memtest-amd64/memtest86+x64.bin'),
        'MEMTEST_32': ('memtest-amd64', 'memtest-amd64/memtest86+ia32.bin'),
        'SYSLINUX': ('syslinux-amd64', 'syslinux-amd64/isolinux.bin'),
        'IPXE': ('ipxe-amd64', 'ipxe-amd64/ipxe.iso'), 'IPXE_LKRN': ('ipxe-amd64', 'ipxe-amd64/ipxe.lkrn'),
        'UBOOT_X64': ('uboot-amd64', 'uboot-amd64/u-boot-x86_64.rom'),
        'UBOOT_X86': ('uboot-amd64', 'uboot-amd64/u-boot-x86.rom'),
        'XEN': ('xen-amd64', 'xen-amd64/xen'), 'GNUMACH': ('gnumach-i386', 'gnumach-i386/gnumach'),
    } | {f'KERNEL_{name}': (linux, f'{linux}/vmlinuz') for name, linux, _ in PC}
    names = {name: f'{folder}/{path}' for name, (_, path) in guests.items()}
    names |= {'INITRD': f'{build}/guest/shell.gz', 'INITRD_MIN': f'{build}/guest/minimal.gz'}
    needs = {name: [guest] for name, (guest, _) in guests.items()}
    needs |= {'INITRD': ['linux', 'busybox'], 'INITRD_MIN': ['linux', 'busybox']}
    for name, linux, busybox in PC:
        for kind in ('shell', 'minimal', 'root', 'ide'):
            key = {'shell': 'INITRD_', 'minimal': 'INITRD_MIN_', 'root': 'INITRD_ROOT_', 'ide': 'INITRD_IDE_'}[kind] + name
            names[key] = f'{build}/guest/{kind}-{linux.removeprefix("linux-")}.gz'
            needs[key] = [linux, busybox]
    return names, needs


def initrd_parts(guests):
    """[(kernel, busybox)] of the initrds to be made from these fetched guests."""
    pairs = [('linux', 'busybox')] + [(linux, busybox) for _, linux, busybox in PC]
    return [(a if '-' in a else f'{a}-arm64', b if '-' in b else f'{b}-arm64')
            for a, b in pairs if a in guests and b in guests]


def parse(path):
    """[(line number, step, argument)]"""
    steps, held = [], ''
    for number, line in enumerate(pathlib.Path(path).read_text().splitlines(), 1):
        if held == '' and (not line.strip() or line.lstrip().startswith('#')):
            continue
        line = held + line.strip()
        if line.endswith('\\') and not line.endswith('\\\\'):
            held = line[:-1]
            continue
        held = ''
        step, _, argument = line.partition(' ')
        if step not in STEPS:
            raise Failed(f'line {number}: there is no step "{step}"')
        steps.append((number, step, argument.strip()))
    return steps


def unescape(text):
    return text.replace('\\e', '\\x1b').encode().decode('unicode_escape').encode('latin-1')


class Machine:
    """One run of the program under test, on a pseudo-terminal."""

    def __init__(self, argv, log):
        self.log, self.text, self.held, self.pos = log, '', b'', 0
        self.sent, self.waited = 0, set()           # the output's length at the last send; patterns
        self.forbidden, self.errors = [], tempfile.TemporaryFile()
        self.master, self.slave = pty.openpty()     # slave stays open: its settings are checked
        termios.tcsetwinsize(self.slave, (24, 80))
        self.settings = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(argv, stdin=self.slave, stdout=self.slave,
                                        stderr=self.errors, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def read(self, seconds):
        """Take in what arrives within SECONDS; False when nothing did."""
        if not select.select([self.master], [], [], max(seconds, 0))[0]:
            return False
        data = os.read(self.master, 65536)
        self.log.write(data)
        self.log.flush()
        data = self.held + data
        cut = data.rfind(b'\x1b', max(len(data) - 24, 0))
        if cut >= 0 and not ESCAPES.match(data, cut):   # the rest of this sequence is to come
            data, self.held = data[:cut], data[cut:]
        else:
            self.held = b''
        self.text += ESCAPES.sub(b'', data).decode('utf-8', 'replace')
        for pattern in self.forbidden:
            if re.search(pattern, self.text, re.MULTILINE):
                raise Failed(f'the output has "{pattern}"')
        return True

    def drain(self):
        while self.read(0.05):
            pass

    def wait(self, pattern, deadline):
        while True:
            found = re.search(pattern, self.text[self.pos:], re.MULTILINE)
            if found:
                self.pos += found.end()
                if pattern in self.waited and self.pos <= self.sent:
                    raise Failed('was there before the last send: wait for it before that, too')
                self.waited.add(pattern)
                return
            left = deadline - time.monotonic()
            if left <= 0:
                raise Failed(f'"{pattern}" did not appear in time')
            if not self.read(min(left, 0.5)) and self.process.poll() is not None:
                raise Failed(f'ended with status {self.process.returncode} before "{pattern}"')

    def send(self, data):
        self.read(0)
        self.sent = len(self.text)
        # A person's typing speed: UARTs of firmware have no more than a small FIFO.
        for at in range(0, len(data), 8):
            os.write(self.master, data[at:at + 8])
            self.read(0.02)

    def ask(self, command, deadline):
        """A monitor's answer to a command."""
        self.drain()
        start = len(self.text)
        self.send(command.encode() + b'\n')
        while not (found := re.search(r'\n(.*)^\(mynah\) \Z', self.text[start:], re.MULTILINE | re.DOTALL)):
            if not self.read(0.5) and (self.process.poll() is not None or time.monotonic() > deadline):
                raise Failed(f'no answer to "{command}"')
        self.pos = len(self.text)
        return found[1]

    def finish(self, status, deadline, strict):
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise Failed('did not end in time')
            self.read(0.2)
        self.drain()
        if self.process.returncode != status:
            raise Failed(f'ended with status {self.process.returncode}, not {status}')
        if termios.tcgetattr(self.slave) != self.settings:
            raise Failed('left the terminal with other settings than it had before')
        if strict and status == 0 and self.stderr():
            raise Failed('wrote to stderr: ' + self.stderr().strip())

    def stderr(self):
        self.errors.seek(0)
        return self.errors.read().decode('utf-8', 'replace')

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        errors = self.stderr()
        if errors:
            self.log.write(b'\n--- stderr:\n' + errors.encode())
        os.close(self.slave)
        os.close(self.master)


class Run:
    """The state of one .boot file."""

    def __init__(self, steps, log, tmp):
        build = os.environ.get('MYNAH_BUILD') or str(ROOT / 'build')
        self.steps, self.log, self.machines, self.current = steps, log, [], None
        self.names = guest_files(build)[0] | {
            'TMP': tmp, 'ROOT': str(ROOT), 'BUILD': build,
            'TODAY': time.strftime('%Y-%m-%d', time.gmtime())}
        # Another program (an oracle) may warn on stderr as it likes.
        self.strict = 'MYNAH' not in os.environ
        self.mynah = shlex.split(os.environ.get('MYNAH', f'{build}/mynah run'))
        self.deadline = time.monotonic() + 120

    def run(self):
        try:
            for number, step, argument in self.steps:
                try:
                    getattr(self, 'do_' + step)(argument)
                except Failed as e:
                    raise Failed(f'line {number} ({step} {argument}): {e}')
        finally:
            for machine in self.machines:
                machine.close()

    def do_timeout(self, argument):
        # A build with sanitizers is given more, by whoever starts it.
        self.deadline = time.monotonic() + float(argument) * float(
            os.environ.get('MYNAH_SLOW', '1'))

    def do_full(self, _):
        pass

    do_asan = do_full

    def do_host(self, argument):
        done = subprocess.run(['bash', '-ec', argument], env=os.environ | self.names,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=max(self.deadline - time.monotonic(), 1))
        self.log.write(f'\n--- host: {argument}\n{done.stdout}{done.stderr}'.encode())
        if done.returncode:
            raise Failed(f'status {done.returncode}: {(done.stdout + done.stderr).strip()[-400:]}')

    def do_program(self, argument):
        if self.strict:
            self.mynah = [str(pathlib.Path(self.mynah[0]).with_name(argument))]

    def do_cmd(self, argument):
        try:
            argv = self.mynah + shlex.split(string.Template(argument).substitute(self.names))
        except KeyError as e:
            raise Failed(f'there is no variable {e}')
        self.log.write(f'\n--- {shlex.join(argv)}\n'.encode())
        self.current = Machine(argv, self.log)
        self.machines.append(self.current)

    def do_machine(self, argument):
        self.current = self.machines[int(argument) - 1]

    def do_wait(self, argument):
        pattern = string.Template(argument).safe_substitute(self.names)
        self.current.wait(pattern, self.deadline)

    def do_not(self, argument):
        self.current.forbidden.append(argument)

    def do_send(self, argument):
        self.current.send(unescape(argument.replace('${TMP}', self.names['TMP'])))

    def do_pause(self, argument):
        until = time.monotonic() + float(argument)
        while (left := until - time.monotonic()) > 0:
            self.current.read(left)

    def do_screen(self, argument):
        while not re.search(argument, self.current.ask('info screen', self.deadline), re.MULTILINE):
            if time.monotonic() > self.deadline:
                raise Failed('the screen did not have it in time')
            self.current.read(0.3)

    def do_keys(self, argument):
        for key in argument.split():
            self.current.ask(f'sendkey {key}', self.deadline)

    def do_monitor(self, argument):
        answer = self.current.ask(argument, self.deadline)
        if answer.strip():
            raise Failed('the monitor says: ' + answer.strip())

    def do_picture(self, argument):
        path, _, command = argument.partition(' ')
        path = string.Template(path).substitute(self.names)
        while True:
            self.do_monitor(f'screendump {path}')
            try:
                return self.do_host(command)
            except Failed as e:
                if time.monotonic() > self.deadline:
                    raise Failed(f'the picture did not come in time: {e}') from e
            self.do_pause('1')

    def do_exit(self, argument):
        self.current.finish(int(argument), self.deadline, self.strict)

    def do_stderr(self, argument):
        if not re.search(argument, self.current.stderr(), re.MULTILINE):
            raise Failed('stderr has: ' + self.current.stderr().strip())

    def do_signal(self, argument):
        self.current.process.send_signal(signal.Signals['SIG' + argument])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument('--log', type=pathlib.Path)
    p.add_argument('file')
    o = p.parse_args()
    for name in ('SIGTERM', 'SIGHUP'):      # ended from outside: still end what was started here
        signal.signal(getattr(signal, name), lambda number, _: sys.exit(128 + number))
    tmp = tempfile.mkdtemp(prefix='mynah-boot-')
    log = open(o.log, 'wb') if o.log else sys.stderr.buffer
    try:
        Run(parse(o.file), log, tmp).run()
    except Failed as e:
        log.write(f'\n--- {o.file}: {e}\n'.encode())
        return 1
    except subprocess.TimeoutExpired:
        log.write(f'\n--- {o.file}: a host command did not end in time\n'.encode())
        return 1
    finally:
        log.flush()
        shutil.rmtree(tmp, ignore_errors=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
