"""console.py - start a program and time the lines that bench/src/runner.c writes around each workload."""
import dataclasses
import os
import select
import signal
import subprocess
import time


@dataclasses.dataclass
class Sample:
    """One run of one workload: what it printed, its exit status, and two clocks' seconds."""
    result: str
    status: int
    host: float
    guest: float


class Lines:
    """Complete lines of a byte stream, each with the times at which its first and last byte came."""

    def __init__(self, fd, log):
        self.fd, self.log = fd, log
        self.held, self.first = b'', 0.0

    def read(self, seconds):
        """[(line, first, last)] of what arrives within SECONDS; None at the end of the stream."""
        if not select.select([self.fd], [], [], max(seconds, 0))[0]:
            return []
        data = os.read(self.fd, 65536)
        now = time.monotonic()
        if not data:
            return None
        self.log.write(data)
        found = []
        for piece in data.splitlines(keepends=True):
            if not self.held:
                self.first = now
            self.held += piece
            if piece.endswith(b'\n'):
                found.append((self.held.decode('utf-8', 'replace').strip(), self.first, now))
                self.held = b''
        return found


class Session:
    """One start of an emulator (or of the runner itself): from its first job until it ends.

    samples has a list of Sample for each name; failures a sentence for each name that went wrong.
    """

    def __init__(self, names, limit, boot_limit):
        self.names, self.limit, self.boot_limit = names, limit, boot_limit
        self.samples = {name: [] for name in names}
        self.failures, self.current, self.began, self.done = {}, None, 0.0, False

    def line(self, text, first, last):
        # Kernel messages may share the console, but never a line with ours.
        at = text.find('@@ ')
        words = text[at:].split(' ', 5) if at >= 0 else []
        if words[1:2] == ['begin'] and len(words) == 3:
            self.current, self.began = words[2], last
        elif words[1:2] == ['end'] and len(words) >= 5 and words[2] == self.current:
            result = words[5].strip() if len(words) == 6 else ''
            self.samples[self.current].append(
                Sample(result, int(words[3]), first - self.began, int(words[4]) * 1e-9))
            self.current = None
        elif words[1:2] == ['done']:
            self.done = True
        if 'Kernel panic' in text or 'Internal error' in text:
            self.fail(f'the guest says: {text}')

    def fail(self, sentence):
        self.failures[self.current or '(boot)'] = sentence
        self.done = True

    def run(self, argv, log, **options):
        """True when the list was worked through; else failures has the one that stopped it."""
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, start_new_session=True, **options)
        try:
            self.follow(process, Lines(process.stdout.fileno(), log))
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            process.stdout.close()
        return not self.failures

    def follow(self, process, lines):
        since = time.monotonic()
        while not self.done:
            limit = self.limit if self.current else self.boot_limit
            arrived = lines.read(min(since + limit - time.monotonic(), 1))
            if arrived is None:
                return self.fail(f'the program ended with status {process.wait()} before this did')
            for text, first, last in arrived:
                if '@@ ' in text:
                    since = last
                self.line(text, first, last)
            if not self.done and time.monotonic() - since > limit:
                self.fail(f'no end after {limit:g} s')
