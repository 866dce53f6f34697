#!/usr/bin/env python3
"""test_monitor_tty.py - the monitor on a terminal: Ctrl-A C between the serial port and the monitor, exactly where it was typed; editing,
history, completion, lines wider than the screen; what the terminal is left like."""
import fcntl
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

from small_guests import bzimage

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get('MYNAH_BUILD') or ROOT / 'build')
MYNAH = BUILD / 'mynah'
LIMIT = float(os.environ.get('MYNAH_SLOW') or 1) * 20

# Sends what the serial port received back, in brackets: [x]
ECHO = bzimage(bytes.fromhex('66bafd03 ec a801 74fb 66baf803 ec 88c3 b05b ee 88d8 ee b05d ee ebe5'))
DEAF = bzimage(b'\xeb\xfe')


class Screen:
    """What a terminal of one line shows: enough of ECMA-48 for a line editor."""

    def __init__(self):
        self.rows, self.at = [[]], 0

    def take(self, text):
        for part in re.findall(r'\x1b\[[0-9;?]*[A-Za-z]|[^\x1b]', text):
            row = self.rows[-1]
            if part == '\n':
                self.rows.append([])
            elif part == '\r':
                self.at = 0
            elif part[0] == '\x1b':
                self.at -= int(part[2:-1] or 1) if part[-1] == 'D' else 0
                if part[-1] == 'K':
                    del row[self.at:]
            elif part != '\a':
                row[self.at:self.at + 1] = [part]
                self.at += 1

    def row(self):
        return ''.join(self.rows[-1])


class Machine:
    def __init__(self, folder, *args, columns=80):
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen([MYNAH, '-M', 'pc', '-m', '32', '-nic', 'none', *args], cwd=folder, stdin=self.slave, stdout=self.slave,
                                        stderr=subprocess.PIPE, start_new_session=True)
        self.text, self.seen, self.screen = '', 0, Screen()
        until = time.monotonic() + LIMIT
        while termios.tcgetattr(self.slave)[3] & termios.ICANON and time.monotonic() < until and self.process.poll() is None:
            time.sleep(0.01)

    def read(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            data = os.read(self.master, 65536).decode(errors='replace')
            self.text += data.replace('\r', '')
            self.screen.take(data)

    def wait(self, pattern):
        """Until the text behind the last match has it."""
        until = time.monotonic() + LIMIT
        while not (found := re.search(pattern, self.text[self.seen:], re.M)):
            if time.monotonic() > until or (self.process.poll() is not None and not select.select([self.master], [], [], 0)[0]):
                raise AssertionError(f'{pattern!r} does not come: {self.text[self.seen:]!r}')
            self.read(0.1)
        self.seen += found.end()
        return found

    def send(self, text):
        os.write(self.master, text if isinstance(text, bytes) else text.encode())

    def say(self, line, pattern):
        self.send(line + '\r')
        self.wait(pattern)
        self.wait(r'\(mynah\) $')

    def end(self, keys):
        if keys:
            self.send(keys)
        err = self.process.communicate(timeout=LIMIT)[1].decode()
        after = termios.tcgetattr(self.slave)
        self.stop()
        if (self.process.returncode, err) != (0, '') or after != self.before:
            raise AssertionError(f'status {self.process.returncode}, {err!r}, terminal as before: {after == self.before}')

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
        for fd in (self.master, self.slave):
            try:
                os.close(fd)
            except OSError:
                pass


def check_switching(start):
    m = start('-nographic', '-kernel', 'echo')
    m.send('ab')
    m.wait(r'\[a\]\[b\]')
    m.send('\x01c')
    m.wait(r'monitor - type .help. for more information\n\(mynah\) ')
    m.say('info status', r'VM status: running')
    m.send('\x01c')
    m.send('c')
    m.wait(r'\[\s*c\s*\]')
    # in one go: each byte belongs to where it was typed
    m.send('d\x01cinfo version\r\x01ce\x01cinfo status\r')
    m.wait(r'VM status')
    m.send('\x01cf')
    m.wait(r'\[\s*f\s*\]')
    got = re.findall(r'\[([^][]*)\]', m.text)           # between its brackets there may be something of the monitor's
    if len(got) != 6 or any(c not in g for c, g in zip('abcdef', got)) or 'mynah version' not in m.text:
        raise AssertionError(f'the guest got {got!r}')
    m.send('\x01\x01')                                  # Ctrl-A itself
    m.wait('\\[\x01\\]')
    m.send('\x01cq')
    m.wait('q')
    m.end('\r')


def check_paused(start):
    """What the serial port would get waits, as the machine does."""
    m = start('-nographic', '-kernel', 'echo')
    m.send('\x01c')
    m.wait(r'\(mynah\) ')
    m.say('stop', 'stop')
    m.send('\x01cxy\x01c')
    m.say('info status', r'paused')
    if '[x]' in m.text:
        raise AssertionError('a machine that is stopped got input')
    m.send('cont\r')
    m.wait(r'\[[^][]*x[^][]*\]\[y\]')
    m.end('\x01x')


def check_hung_guest(start):
    """A guest that takes no input: the monitor still answers, and what was typed for the guest is not its."""
    m = start('-nographic', '-kernel', 'deaf')
    m.send('z' * 2000 + '\x01c')
    m.wait(r'\(mynah\) ')
    m.say('info cpus', r'^\* CPU #0')
    if 'unknown command' in m.text:
        raise AssertionError('the monitor got what was typed for the guest')
    m.end('quit\r')


def check_editing(start):
    m = start('-display', 'none', '-serial', 'null', '-monitor', 'stdio', '-kernel', 'deaf')
    m.wait(r'\(mynah\) ')
    m.say('inof\x02\x02\x1b[C\x7f\x06f\x1b[H\x06\x06\x1b[3~\x1b[F ver\t', r'mynah version|unknown command')
    m.say('\x15info version', r'^mynah version')
    m.say('\x10', r'^mynah version')                    # the line before
    m.say('junk\x1b[A\x1b[A\x1b[B\x0b', r'^mynah version')
    m.say('info history', r"^0: '")
    m.send('sys\t')
    m.wait(r'system_')
    m.send('\t')
    m.wait(r'system_powerdown +system_reset|system_reset +system_powerdown')
    m.wait(r'\(mynah\) system_')
    m.say('\x15sendkey al\t-ct\t-x zz', r"'zz' is not a time")
    m.say('\x15p $e\x7fri\t+0*(2', r"'\)' is missing")
    m.say('info reg\t', r'^RAX=')
    m.send('\x01\x02\x04\x05\x06\x0b\x0c\x15\x17\x1b[9999;9999Z\x1bOq\xff\xfe\x1b')
    m.say('\x15', r'')
    m.say('info version', r'^mynah version')
    m.end('quit\r')


def check_wide(start):
    m = start('-nographic', '-kernel', 'deaf', columns=40)
    m.send('\x01c')
    m.wait(r'\(mynah\) ')
    line = ''.join(chr(97 + i % 26) for i in range(100))
    m.send(line)
    until = time.monotonic() + LIMIT
    while m.screen.row() != '(mynah) ' + line[-31:] and time.monotonic() < until:
        m.read(0.1)
    row = m.screen.row()
    if row != '(mynah) ' + line[-31:]:
        raise AssertionError(f'a wide line: {row!r}')
    m.send('\x01\x01')                                  # to the line's start: Ctrl-A is typed twice here
    while m.screen.row() != '(mynah) ' + line[:31] and time.monotonic() < until:
        m.read(0.1)
    row = m.screen.row()
    if row != '(mynah) ' + line[:31]:
        raise AssertionError(f'its start: {row!r}')
    m.send('\x03')
    m.wait(r'\(mynah\) $')
    m.send('x' * 5000)                                  # more than a line has
    m.say('', r"unknown command: 'x{200}'")
    m.end('quit\r')


def check_signal(start):
    m = start('-nographic', '-kernel', 'deaf')
    m.send('\x01cstop\r')
    m.wait(r'stop\n\(mynah\) ')
    os.kill(m.process.pid, signal.SIGTERM)
    if m.process.wait(LIMIT) != 128 + 15 or termios.tcgetattr(m.slave) != m.before:
        raise AssertionError(f'status {m.process.returncode}, or the terminal is not as before')
    m.stop()


def check_none(start):
    """-monitor none: there is none to switch to."""
    m = start('-nographic', '-monitor', 'none', '-kernel', 'echo')
    m.send('a\x01cb')
    m.wait(r'\[a\]\[b\]')
    m.end('\x01x')


def main():
    if not MYNAH.exists():
        print(f'{MYNAH} is not built')
        return 77
    faults = []
    with tempfile.TemporaryDirectory(prefix='mynah-monitor-') as name:
        folder = pathlib.Path(name)
        (folder / 'echo').write_bytes(ECHO)
        (folder / 'deaf').write_bytes(DEAF)
        for check in (check_switching, check_paused, check_hung_guest, check_editing, check_wide, check_signal, check_none):
            if sys.argv[1:] and check.__name__ not in sys.argv[1:]:
                continue
            machines = []

            def start(*args, **more):
                machines.append(Machine(folder, *args, **more))
                return machines[-1]
            try:
                check(start)
            except (AssertionError, OSError, subprocess.TimeoutExpired) as e:
                faults.append(f'{check.__name__}: {e}')
            for m in machines:
                m.stop()
    print('\n'.join(faults) or 'the monitor does on a terminal what it should')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
