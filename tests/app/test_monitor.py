#!/usr/bin/env python3
"""test_monitor.py - the human monitor: every command on a socket and on pipes, what is wrong with a line, peers that leave, flood or do
not read, snapshots and media; runs under icount that stay the same run; and formats compared with QEMU's, where that is installed."""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from small_guests import arm64_image, bzimage

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get('MYNAH_BUILD') or ROOT / 'build')
MYNAH = BUILD / 'mynah'
QEMU = shutil.which('qemu-system-x86_64')
LIMIT = float(os.environ.get('MYNAH_SLOW') or 1) * 30
PROMPT = b'(mynah) '

# rcx counts for ever at 0x100000; a page table of nothing but what paging off needs
COUNT = bzimage(b'\x31\xc9\x41\xeb\xfd')                  # xor ecx,ecx; inc ecx; jmp to it
PC = ['-M', 'pc', '-m', '32', '-display', 'none', '-serial', 'null', '-kernel', 'count']
VIRT = ['-M', 'virt', '-m', '64', '-display', 'none', '-serial', 'null', '-kernel', 'arm']
BIOS = ['-M', 'pc', '-m', '32', '-display', 'none', '-serial', 'null', '--clock', 'icount']


class Faults(list):
    def want(self, what, text, *patterns):
        for p in patterns:
            if not re.search(p, text, re.M):
                self.append(f'{what}: {p!r} is not in {text!r}')

    def equal(self, what, a, b):
        if a != b:
            self.append(f'{what}: {a!r} is not {b!r}')


class Machine:
    """mynah with a monitor on a socket, and one conversation with it."""

    def __init__(self, folder, args, monitor='unix:mon,server,nowait', **more):
        self.folder, self.path = folder, str(folder / 'mon')
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.process = subprocess.Popen([MYNAH, *args, '-monitor', monitor], cwd=folder, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
        self.sock = self.dial()
        self.greeting = self.answer()

    def dial(self):
        until = time.monotonic() + LIMIT
        while True:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            sock.settimeout(LIMIT)
            try:
                sock.connect(self.path)
                return sock
            except OSError:
                sock.close()
                if self.process.poll() is not None or time.monotonic() > until:
                    raise AssertionError(f'no monitor: {self.process.communicate()}') from None
                time.sleep(0.02)

    def answer(self, prompts=1):
        """The text up to the next prompt, or so many."""
        data = b''
        while not data.endswith(PROMPT) or data.count(PROMPT) < prompts:
            more = self.sock.recv(65536)
            if not more:
                break
            data += more
        return data.decode(errors='replace').replace('\r', '').removesuffix(PROMPT.decode())

    def say(self, line):
        self.sock.sendall(line if isinstance(line, bytes) else line.encode() + b'\n')
        return self.answer().partition('\n')[2]

    def count(self):
        return int(re.search(r'(\d+) instructions', self.say('info status'))[1])

    def run(self):
        """Lets it go on, and waits until it did."""
        self.say('stop')
        was = self.count()
        self.say('cont')
        while self.count() == was:
            time.sleep(0.001)

    def hash(self):
        return self.say('info hash')

    def end(self, line='quit'):
        """Status, what was on the standard error."""
        if line:
            self.sock.sendall(line.encode() + b'\n')
        try:
            err = self.process.communicate(timeout=LIMIT)[1].decode()
        finally:
            self.stop()
        return self.process.returncode, err

    def stop(self):
        self.sock.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


# ---- every command ----

# Line, patterns of the answer; {} of numbers that grow. In order: they act on each other.
LOOKS = (
    ('help', r'^help\|\? \[COMMAND\] -- ', r'^info \[TOPIC\]', r'^stop\|s -- ', r'^delvm FILE'),
    ('?', r'^quit\|q'), ('help x', r'\A\(?x \[/FORMAT\] ADDRESS -- .*\n\Z'), ('help info', r'^info status -- '),
    ('info', r'^info block\|blocks -- ', r'^info version'), ('info version', r'^mynah version \d'),
    ('info status', r'\AVM status: running, \d+ instructions, \d+ ns\n\Z'), ('info cpus', r'^\* CPU #0: x86 Haswell, pc=0x10000'),
    ('info registers', r'^CPU#0$', r'^RAX=[0-9a-f]{16} RCX=', r'^CR0=', r'^CS =0010 '),
    ('info mtree', r'^address-space: memory$', r'^  0000000000000000-000000000009ffff \(prio 0, ram\): ram.base @ram\+0$',
     r'^address-space: I/O$', r'^  0000000000000378-000000000000037a \(prio \d+, i/o\): lpt1$'),
    ('info qtree', r'^bus: main-system-bus\n  type System$', r'^  dev: uart16550, id "com1"\n    ports 0x3f8/0x8$',
     r'^  bus: pci.0\n    type PCI$', r'^      addr 00:01.1, class 010180, pci id 8086:7010 '),
    ('info pci', r'^  Bus  0, device   2, function 0:\n    vga', r'bar 2: mem '), ('info jit', r'^engine +\w+\ninstructions +\d'),
    ('info hash', r'\Ahash \d+ [0-9a-f]{32}\n\Z'), ('info history', r'\A\Z'),
    ('info block', r'^floppy0: \[not inserted\]$', r'^ide1-cd0: \[not inserted\]\n    Attached to:      ide2\n    Removable device: not locked, '
     r'tray closed$'),
    ('info snapshots', r'no snapshots'), ('info screen', r'.'),
    ('x/3xb 0x100000', r'\A0000000000100000: 0x31 0xc9 0x41\n\Z'), ('xp/2xh 0x100000', r'\A0000000000100000: 0xc931 0xeb41\n\Z'),
    ('x /1uw 0x100000', r': 3946957105\n'), ('x/dw 0x100000', r': +-348010191\n'), ('x/2c 0x100000', r": '1' '\\xc9'\n"),
    ('x/og 0x100000', r':  *0[0-7]{14,22}\n'), ('x 0x100000', r': 0xeb41c931\n'), ('x/9xb 0x100000', r'^0000000000100008: 0x'),
    ('x/2xg 0xffffffff0', r'\A0000000ffffffff0:\nCannot access memory at address 0xffffffff0\n\Z'),
    ('xp/xw 0xfee00000', r'Cannot access memory at address 0xfee00000'), ('xp/xb 0xfffffffffffffff8', r'Cannot access'),
    ('x/xw $pc', r'\A0000000000100002: 0x|\A0000000000100003: 0x'),
    ('print 1+2*3', r'\A7\n\Z'), ('p/x 0x10+1', r'\A0x11\n'), ('p/c 65', r"\A'A'\n"), ('p/o 8', r'\A010\n'), ('p -1', r'\A-1\n'),
    ('p/u -1', r'\A18446744073709551615\n'), ('p $eip', r'\A104857[89]\n'),
)
WRONG = (
    ('bogus', r"unknown command: 'bogus'"), ('info bogus', r"unknown topic 'bogus'"), ('help bogus', r"no command 'bogus'"),
    ('help a b', r"'b' is too much"), ('info a b c', r"'c' is too much"), ('stop/x', r"unknown command: 'stop/x'"), ('/', r"unknown command: '/'"),
    ('x', r'x: a number is missing'), ('x/', r'x: a number is missing'), ('x/4q 0', r'a format is one of'), ('x/0x 0', r'from 1 to'),
    ('x/99999 0', r'from 1 to 16384'), ('x/99999999999999999999 0', r'from 1 to'), ('x/xw 0x', r'not a number'), ('xp zz', r"not 'zz'"),
    ('x/' + 'x' * 100 + ' 0', 'unknown command'), ('p', r'print: a number is missing'), ('p/i 0', r'a format is one of'), ('p 1/0', r'by zero'),
    ('p $bogus', r"no register '\$bogus'"), ('p ' + '(' * 900, r'more than 32 deep'), ('sendkey', r'which keys'),
    ('sendkey nokey', r"no key 'nokey'"), ('sendkey a x', r"'x' is not a time"), ('sendkey a 0', r"'0' is not a time"),
    ('sendkey a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-p-q', r'at most 16'), ('sendkey a 1 2', r"'2' is too much"), ('mouse_move 1', r'something is missing'),
    ('mouse_move a b', r"'a' is not a number"), ('mouse_move 1 99999999999', r'is not a number'), ('mouse_button', r'something is missing'),
    ('mouse_button 32', r"'32' is no sum"), ('screendump', r'a file name is missing'), ('screendump /none/x', r"'/none/x': No such file"),
    ('screendump pipe', r"'pipe' is a pipe"), ('eject', r'something is missing|one drive'), ('eject -f', r'one drive is wanted'), ('eject ide0-hd0', r'no drive of this name'),
    ('eject a b', r'one drive'), ('change floppy0', r'a drive and a file'), ('change floppy0 missing', r"'missing': No such file"),
    ('change bogus fd', r'no drive of this name'), ('change floppy0 big', r'no disk of the drive'), ('change floppy0 pipe', r'neither'),
    ('change floppy0 fd qcow2', r"'qcow2' is not modelled"), ('change floppy0 fd raw maybe', r"'maybe' is not one of"),
    ('savevm /none/x', r"snapshot '/none/x': "), ('savevm fd', r"'fd' is there, and is no snapshot"), ('loadvm', r'something is missing'),
    ('loadvm missing', r"snapshot 'missing': No such file"), ('loadvm fd', r"snapshot 'fd'"), ('delvm missing', r'No such file'),
    ('delvm fd', r"'fd' is no snapshot"), ('screendump "a', r'a quote does not end'), ('quit now', r"'now' is too much"), ('"', 'unknown command'),
)


def check_commands(folder, faults):
    m = Machine(folder, PC)
    faults.want('greeting', m.greeting, r"^mynah \S+ monitor - type 'help' for more information$")
    for line, *patterns in LOOKS + WRONG:
        text = m.say(line)
        faults.want(line[:60], text, *patterns)
        if (line, *patterns) in WRONG and text.count('\n') != 1:
            faults.append(f'{line[:60]}: not one line: {text!r}')
    for line in ('', '   ', '  info   status  ', 'sendkey a', 'sendkey ctrl-alt-delete 200', 'mouse_move 5 -3', 'mouse_move 0 0 1', 'mouse_button 1',
                 'mouse_button 0', 'screendump "with blank.png"', 'screendump out.ppm'):
        text = m.say(line)
        if text and 'status' not in line and 'no screen' not in text:
            faults.append(f'{line}: {text!r}')
    faults.equal('pictures', (folder / 'with blank.png').read_bytes()[:4] + (folder / 'out.ppm').read_bytes()[:2], b'\x89PNGP6')
    faults.equal('quit', m.end(), (0, ''))


def check_disassembly(folder, faults):
    for args, text in ((PC, r'\A0x00100000:  31 c9 +xor ecx, ecx\n0x00100002:  41 +inc ecx\n0x00100003:  eb fd +jmp '),
                       (VIRT, r'\A0x40200040:  00 04 00 91 +add x0, x0, #(0x)?1\n0x40200044:  ff ff ff 17 +b ')):
        m = Machine(folder, args)
        said = m.say('xp/3i 0x100000' if args is PC else 'x/2i 0x40200040')
        if 'is not installed' not in said:
            faults.want('disassembly', said, text)
        faults.equal('quit', m.end(), (0, ''))


# ---- stop, cont, reset, power ----

def check_running(folder, faults):
    m = Machine(folder, PC)
    m.say('stop')
    faults.want('stop', m.say('info status'), r'VM status: paused')
    a, b = m.say('info registers'), (time.sleep(0.1), m.say('info registers'))[1]
    faults.equal('paused', a, b)
    x = m.say('info status')
    time.sleep(0.05)
    faults.equal('time stands still', x, m.say('info status'))
    m.say('stop')
    m.say('cont')
    faults.want('cont', m.say('info status'), 'running')
    count = m.count()
    time.sleep(0.05)
    if m.count() <= count:
        faults.append('cont: it does not run')
    # one write: each command finds what the one before did
    m.sock.sendall(b'stop\ninfo status\nsystem_reset\ninfo registers\ninfo status\nc\ninfo status\ns\n')
    text = m.answer(8).replace(PROMPT.decode(), '')
    faults.want('in a row', text, r'stop\ninfo status\nVM status: paused', r'system_reset\ninfo registers\nCPU#0\nRAX=0+ RCX=0{16} ',
                r'IP =0000000000100000 ', r'paused, \d+ instructions.*\nc\ninfo status\nVM status: running')
    m.say('nmi')
    faults.want('nmi', m.say('cont') + m.say('info status'), 'running')
    faults.equal('quit', m.end(), (0, ''))
    m = Machine(folder, VIRT)
    faults.want('nmi', m.say('nmi'), "board 'virt' has no non-maskable")
    faults.want('virt', m.say('info registers') + m.say('info mtree') + m.say('info block') + m.say('info screen'), r'^X00=', r'uart0$',
                'no drives', 'no screen')
    m.say('system_powerdown')
    faults.equal('quit', m.end('q'), (0, ''))
    m = Machine(folder, [*PC, '-no-reboot'])
    m.say('stop')
    faults.equal('reset that ends it, paused', m.end('system_reset'), (0, ''))
    m = Machine(folder, [*PC, '-S'])
    faults.want('-S', m.say('info status'), r'paused, 0 instructions, 0 ns')
    m.say('c')
    faults.want('-S', m.say('info status'), 'running')
    m.process.terminate()
    faults.equal('signal', m.end(None), (128 + 15, ''))
    m = Machine(folder, [*PC, '-S'])
    m.process.terminate()
    faults.equal('signal while paused', m.end(None), (128 + 15, ''))


# ---- icount: the same run ----

READS = ('info registers', 'x/4xw 0xf0000', 'xp/64xb 0xfff00', 'x/8i 0xfe05b', 'info mtree', 'info qtree', 'info pci', 'info jit', 'info status', 'info hash',
         'info screen', 'info block', 'info cpus', 'screendump out.ppm', 'p $eip', 'bogus', 'help', 'stop', 'info registers', 'cont', 'x/xg $rsp')


def check_same_run(folder, faults):
    """Firmware with timers, disks and a screen, looked at all the time: the same hashes."""
    args = [*BIOS, '--hash-at', '2000000,30000000,90000000', '--stop-at', '90000000']
    plain = subprocess.run([MYNAH, *args], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT)
    faults.equal('hashes', (plain.stdout.count(b'hash '), plain.returncode), (3, 0))
    for engine in ('auto', 'interp') if not os.environ.get('MYNAH_SLOW') else ('auto',):
        m, rounds = Machine(folder, [*args, '-S', '--engine', engine]), 0
        try:
            m.say('info hash')
            m.say('cont')
            while m.process.poll() is None:
                for line in READS:
                    m.say(line)
                rounds += 1
        except OSError:
            pass
        try:
            out = m.process.communicate(timeout=LIMIT)
        finally:
            m.stop()
        if out[0] != plain.stdout or out[1] or rounds < 2:
            faults.append(f'{engine}, looked at {rounds} times: {out}, not {plain.stdout}')


def check_snapshots(folder, faults):
    """savevm and loadvm in the middle: the moment comes back, and the run goes on as it would have."""
    args = [*BIOS, '-cdrom', 'cd', '-fda', 'fd', '--hash-at', '30000000', '--stop-at', '30000000']
    plain = subprocess.run([MYNAH, *args], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=2 * LIMIT)
    m = Machine(folder, [*args, '-S'])
    m.run()
    m.say('stop')
    moment = m.say('info registers') + m.hash() + m.say('info block')
    faults.equal('savevm', m.say('savevm one.snap'), '')
    m.run()
    faults.want('savevm running', m.say('savevm'), r"saved as 'vm-\d{14}'")
    m.say('stop')
    later = m.hash()
    if later in moment:
        faults.append('the machine did not run between')
    faults.want('info snapshots', m.say('info snapshots'), r'^NAME +BYTES +DATE$', r'^one\.snap +\d+  20', r'^vm-\d{14} ')
    faults.equal('loadvm', m.say('loadvm one.snap'), '')
    faults.equal('the moment', m.say('info registers') + m.hash() + m.say('info block'), moment)
    m.say('change ide1-cd0 "a disc"')                   # another disc: refused, and nothing has changed
    was = m.hash()
    faults.want('loadvm, another disc', m.say('loadvm one.snap'), r"\Asnapshot 'one.snap': section 'extra/ide2': disk image 'a disc' has \d+ bytes, "
                                                                  r'the one of the snapshot \d+\n\Z')
    faults.equal('loadvm refused', m.hash(), was)
    m.say('change ide1-cd0 cd')
    faults.equal('loadvm again', m.say('loadvm one.snap'), '')
    faults.equal('the moment again', m.hash() in moment, True)
    (folder / 'cut.snap').write_bytes((folder / 'one.snap').read_bytes()[:-100])
    faults.want('loadvm, damaged', m.say('loadvm cut.snap'), r"\Asnapshot 'cut.snap': .*\n\Z")
    faults.equal('damaged', m.hash() in moment, True)
    faults.equal('delvm', m.say('delvm one.snap'), '')
    faults.want('delvm', m.say('loadvm one.snap'), 'No such file')
    m.say('cont')
    try:
        out = m.process.communicate(timeout=2 * LIMIT)
    finally:
        m.stop()
    faults.equal('the run behind loadvm', (out[0], out[1]), (plain.stdout, b''))


def check_media(folder, faults):
    m = Machine(folder, [*PC, '-cdrom', 'cd', '-fda', 'fd'])
    faults.want('info block', m.say('info block'), r'^floppy0: fd \(raw\)\n.*\n    Image:            1474560 bytes, writable$', r'^ide1-cd0: cd \(raw\)$',
                r'2048 bytes, read-only')
    for line in ('eject ide1-cd0', 'eject floppy0', 'eject -f ide1-cd0'):
        faults.equal(line, m.say(line), '')
    faults.want('ejected', m.say('info block'), r'^floppy0: \[not inserted\]$', r'^ide1-cd0: \[not inserted\]\n.*\n.*tray open$')
    for line in ('change floppy0 fd2', 'change -f ide1-cd0 cd', 'change ide1-cd0 "a disc" raw read-only'):
        faults.equal(line, m.say(line), '')
    faults.want('changed', m.say('info blocks'), r'^floppy0: fd2 \(raw\)$', r'^ide1-cd0: a disc \(raw\)\n.*\n.*\n.*tray closed$')
    faults.equal('read-only', m.say('change floppy0 fd raw read-only') + m.say('change floppy0 fd2 raw read-write'), '')
    faults.equal('quit', m.end(), (0, ''))


# ---- peers ----

def check_hostile(folder, faults):
    m = Machine(folder, PC)
    text = m.say(b'y' * 3000 + b'\n')
    faults.want('a long line', text, r'a line has 1023 bytes at most: nothing was done')
    faults.want('junk', m.say(bytes(range(1, 10)) + bytes(range(14, 256)) + b'\0\0info\n'), r'^unknown command')
    faults.want('controls', m.say(b'inf\0o st\x7fat\x1bus\r\n'), 'VM status')
    m.sock.sendall(b'info sta')                        # half a line, and away
    m.sock.close()
    m.sock = m.dial()
    faults.want('the next', m.answer(), 'type .help')
    faults.want('the next', m.say('tus'), r"unknown command: 'tus'")
    m.sock.sendall(b'stop\ninfo status\n')             # says all and leaves: it is done
    m.sock.shutdown(socket.SHUT_WR)
    data = b''
    while more := m.sock.recv(4096):
        data += more
    faults.want('half closed', data.decode(), 'VM status: paused')
    m.sock.close()
    m.sock = m.dial()
    m.answer()
    faults.want('the next finds it', m.say('info status'), 'paused')
    m.say('cont')
    m.sock.sendall(b'stop\n')
    m.sock.close()                                     # without waiting for anything
    m.sock = m.dial()
    m.answer()
    faults.want('done though it left', m.say('info status'), 'paused')
    m.say('cont')
    count = m.count()
    m.sock.setblocking(False)
    until = time.monotonic() + LIMIT / 3
    sent = 0
    while sent < 200000 and time.monotonic() < until:  # asks and asks, and never reads
        try:
            sent += m.sock.send(b'help\ninfo mtree\n' * 100)
        except BlockingIOError:
            time.sleep(0.01)
    other = m.sock
    m.sock = m.dial()                                  # has to wait for the first one's end
    other.close()
    m.answer()
    for _ in range(100):
        now = m.count()
        if now > count + 1000000:
            break
        time.sleep(0.1)
    else:
        faults.append(f'a peer that does not read holds the machine: {count} to {now}')
    faults.equal('quit', m.end(), (0, ''))
    if os.path.exists(m.path):
        faults.append('the socket is still there')


def check_doors(folder, faults):
    """A file, several monitors, a server that waits, a client; what is refused."""
    m = Machine(folder, [*PC, '-monitor', 'file:said', '-monitor', 'unix:two,server=on,wait=off', '-S'])
    second = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    second.connect(str(folder / 'two'))
    first, m.sock = m.sock, second
    second.settimeout(LIMIT)
    m.answer()
    m.say('cont')
    m.sock = first
    faults.want('two monitors', m.say('info status'), 'running')
    second.close()
    faults.equal('quit', m.end(), (0, ''))
    faults.want('file', (folder / 'said').read_text(), r'monitor - type', r'\(mynah\) ')
    m = Machine(folder, PC, 'unix:mon,server')
    faults.equal('wait', m.end(), (0, 'mynah: waiting for a connection on unix:mon\n'))
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(folder / 'theirs'))
    server.listen(1)
    process = subprocess.Popen([MYNAH, *PC, '-monitor', 'unix:theirs'], cwd=folder, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    server.settimeout(LIMIT)
    peer = server.accept()[0]
    peer.sendall(b'quit\n')
    faults.equal('client', (process.communicate(timeout=LIMIT)[1], process.returncode), (b'', 0))
    peer.close()
    server.close()
    bad = (('unix:', 'path is missing'), ('unix:,server', 'path is missing'), ('unix:none', 'No such file'), ('unix:fd,server', 'no socket'),
           ('unix:a,bogus', "'bogus'"), ('unix:a,server=maybe', 'maybe'), ('unix:a,wait=off', 'for a server'), ('unix:a,nowait', 'for a server'),
           ('unix:' + 'p' * 200 + ',server,nowait', '107 bytes'), ('unix:/none/x,server,nowait', 'No such file'), ('file:', 'not modelled'),
           ('file:/none/x', 'No such file'), ('tcp::1', 'not modelled'), ('unix:server=on', 'a path comes first'), ('unix:theirs', 'refused'))
    for arg, say in bad:
        done = subprocess.run([MYNAH, *PC, '-monitor', arg], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT)
        text = done.stderr.decode()
        if done.returncode != 1 or say not in text or '-monitor' not in text or text.count('\n') != 1:
            faults.append(f'-monitor {arg[:30]}: {done}')
    for args, say in ((['-S'], '-S'), (['-S', '-monitor', 'none'], '-S'), (['-monitor', 'stdio', '-monitor', 'stdio'], 'terminal'),
                      (['-monitor', 'file:f'] * 5, 'at most 4'), (['--lockstep', 'interp,interp', '-S'], '--lockstep'),
                      (['--lockstep', 'interp,interp', '-monitor', 'file:f'], '--lockstep')):
        done = subprocess.run([MYNAH, *PC, *args], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT)
        if done.returncode != 1 or say not in done.stderr.decode() or done.stderr.count(b'\n') != 1:
            faults.append(f'{args}: {done}')


def check_pipes(folder, faults):
    """-monitor stdio without a terminal: lines, echoed whole; what follows quit is not done."""
    done = subprocess.run([MYNAH, *PC, '-monitor', 'stdio'], cwd=folder, input=b'info status\nstop\nquit\nsavevm after\n', capture_output=True,
                          timeout=LIMIT)
    text = done.stdout.decode().replace('\r', '')
    faults.want('stdio', text, r'^\(mynah\) info status\nVM status: running, .*\n\(mynah\) stop\n\(mynah\) quit\n')
    faults.equal('stdio', (done.returncode, done.stderr, (folder / 'after').exists()), (0, b'', False))
    # nobody reads what it says: it runs, and ends when it shall
    process = subprocess.Popen([MYNAH, *PC, '-monitor', 'stdio'], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(b'help\ninfo mtree\ninfo qtree\n' * 1000 + b'savevm through\n')
    process.stdin.flush()
    until = time.monotonic() + LIMIT
    while not (folder / 'through').exists() and time.monotonic() < until:
        time.sleep(0.05)
    faults.equal('output that nobody reads', (folder / 'through').exists(), True)
    process.stdin.write(b'quit\n')
    process.stdin.close()
    faults.equal('... and then quit', process.wait(LIMIT), 0)
    process.stdout.close()
    process.stderr.close()


# ---- QEMU ----

# QEMU 7.2 shows what is negative as unsigned (/d)
SHAPES = [f'{n}{f}{s}' for n, s in ((20, 'b'), (9, 'h'), (7, 'w'), (5, 'g')) for f in 'xuo']


def answers(text):
    """The dumps among a transcript: lines that begin with an address and a colon."""
    return [line for line in re.sub(rb'\x1b\[[0-9]*[A-Z]', b'', text).decode(errors='replace').replace('\r', '').split('\n')
            if re.match(r'[0-9a-f]{16}: ', line)]


def check_qemu(folder, faults):
    """Dumps of the firmware, digit by digit; who is on the PCI bus."""
    lines = [f'xp/{s} {0xfffe0000 + 0x123 * i:#x}' for i, s in enumerate(SHAPES)]
    script = ('\n'.join(lines) + '\nquit\n').encode()
    out = []
    for command in ([QEMU, '-S', '-display', 'none', '-nic', 'none', '-serial', 'none'], [MYNAH, '-M', 'pc', '-S', '-display', 'none']):
        done = subprocess.run([*command, '-monitor', 'stdio'], cwd=folder, input=script, capture_output=True, timeout=LIMIT)
        out.append(answers(done.stdout))
    faults.equal('dumps', out[1], out[0])
    if len(out[0]) < len(SHAPES):
        faults.append(f'QEMU shows too little: {out[0]}')
    ids = []
    for command in ([QEMU, '-display', 'none', '-nic', 'none', '-serial', 'none'], [MYNAH, '-M', 'pc', '-display', 'none']):
        process = subprocess.Popen([*command, '-monitor', 'stdio'], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        time.sleep(1)
        text = process.communicate(b'info qtree\nquit\n', timeout=LIMIT)[0].decode(errors='replace')
        ids.append(sorted(re.findall(r'addr (00:[0-9a-f.]+).*pci id ([0-9a-f:]+)', text)))
    faults.equal('PCI functions', ids[1], ids[0])


def main():
    if not MYNAH.exists():
        print(f'{MYNAH} is not built')
        return 77
    faults = Faults()
    with tempfile.TemporaryDirectory(prefix='mynah-monitor-') as name:
        folder = pathlib.Path(name)
        for file, data in (('count', COUNT), ('arm', arm64_image(0x91000400, 0x17ffffff)), ('fd', bytes(1440 << 10)),
                           ('fd2', b'2' * (1440 << 10)), ('big', bytes(5 << 20)), ('cd', b'c' * 2048), ('a disc', b'd' * 4096)):
            (folder / file).write_bytes(data)
        os.mkfifo(folder / 'pipe')
        checks = [check_commands, check_disassembly, check_running, check_same_run, check_snapshots, check_media, check_hostile, check_doors,
                  check_pipes]
        for check in checks + [check_qemu] * bool(QEMU):
            if sys.argv[1:] and check.__name__ not in sys.argv[1:]:
                continue
            try:
                check(folder, faults)
            except (AssertionError, OSError, subprocess.TimeoutExpired, TypeError) as e:
                faults.append(f'{check.__name__}: {e!r}')
    print('\n'.join(faults) or 'the monitor does what it should' + ('' if QEMU else '; QEMU is not here to compare with'))
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
