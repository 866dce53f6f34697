#!/usr/bin/env python3
"""test_window.py - a real window under Xvfb: what it shows pixel for pixel, keys and mouse to the guest, scale, grab, focus, closing;
that looking changes nothing; and what is said where there can be none.
"""
import contextlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import x11
from picture_guest import GUEST, PICTURE
from small_guests import bzimage

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get('MYNAH_BUILD') or ROOT / 'build')
MYNAH = BUILD / 'mynah'
SLOW = float(os.environ.get('MYNAH_SLOW') or 1)
LIMIT = SLOW * 20
GRAB = ' [Ctrl-Alt-G lets go of keys and mouse]'
ASKED = ' [asked to power off; closing again quits]'


class Failed(Exception):
    """Something is not as it should be."""


def until(what, look, limit=LIMIT):
    """Waits for a true value and returns it."""
    end = time.monotonic() + limit
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise Failed(f'{what}: not within {limit:.0f} s')
        time.sleep(0.02)


def expect(what, got, want):
    if got != want:
        raise Failed(f'{what}: {got!r}, not {want!r}')


class Machine:
    """mynah with a window, its monitor on pipes, its debug console in a file."""

    def __init__(self, user, folder, *options):
        self.user, self.folder, self.dumps = user, folder, 0
        self.console_file = folder / 'console'
        self.console_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [MYNAH, '-M', 'pc', '-m', '64', '-monitor', 'stdio', '-debugcon', 'file:console', *options], cwd=folder, stdin=subprocess.PIPE,
            stdout=open(folder / 'monitor', 'wb'), stderr=subprocess.STDOUT, env={**os.environ, 'DISPLAY': user.server.display})

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def console(self):
        return self.console_file.read_bytes() if self.console_file.exists() else b''

    def command(self, text):
        self.process.stdin.write(text.encode() + b'\n')
        self.process.stdin.flush()

    def screen_text(self):
        """What `info screen` answers; its end is the prompt."""
        log = self.folder / 'monitor'
        start = log.stat().st_size
        self.command('info screen')
        return until('info screen', lambda: re.search(rb'info screen\s*\n(.*)\(mynah\)', log.read_bytes()[start:], re.S))[1]

    def dump(self):
        """(width, height), RGB"""
        self.dumps += 1
        path = self.folder / f'dump{self.dumps}.ppm'
        path.unlink(missing_ok=True)
        self.command(f'screendump {path.name}')

        def whole():
            parts = path.read_bytes().split(b'\n', 3) if path.exists() else ()
            if len(parts) == 4:
                size = tuple(map(int, parts[1].split()))
                return len(parts[3]) == size[0] * size[1] * 3 and (size, parts[3])
            return None
        return until('screendump', whole)

    def titles(self):
        return self.user.windows()

    def window(self, title='mynah - pc'):
        return until(f'a window {title!r}', lambda: self.titles().get(title))

    def status(self):
        try:
            return self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            raise Failed('the machine does not end') from None


@contextlib.contextmanager
def machine(*arguments):
    m = Machine(*arguments)
    try:
        yield m
    except Failed as e:
        raise Failed(f'{e}\nmonitor: {(m.folder / "monitor").read_text()}') from e
    finally:
        m.end()


@contextlib.contextmanager
def guest(user, folder, *options):
    """The kernel above, when it waits for keys; and its window with the focus."""
    with machine(user, folder, '-kernel', 'guest', *options) as m:
        window = m.window(f'mynah - {options[options.index("-name") + 1]}' if '-name' in options else 'mynah - pc')
        until('the guest', lambda: m.console().endswith(b'k\xfa'))       # the mouse's answer
        user.point(1, 1)                                                 # beside the window
        user.focus(window)
        yield m, window


def same_picture(m, window):
    """A picture that blinks: between two dumps that are the same, the window shows the same."""
    for _ in range(40):
        before = m.dump()
        time.sleep(0.03 * SLOW)
        shown = m.user.picture(window)
        if m.dump() == before:
            if m.user.geometry(window)[2:] == before[0] and shown == before[1]:
                return before
    raise Failed(f'the window ({m.user.geometry(window)}) never shows what screendump writes ({before[0]})')


# ---- the tests ----

def shows_boot(user, folder):
    """SeaBIOS to its end, in the window; it does not know of a power button."""
    with machine(user, folder, '-display', 'sdl') as m:
        window = m.window()
        until('No bootable device', lambda: b'No bootable device' in m.screen_text())
        size, pixels = same_picture(m, window)
        expect('the size of a text screen', size, (720, 400))
        if len(set(pixels[i:i + 3] for i in range(0, len(pixels), 3))) < 2:
            raise Failed('the screen is of one colour')
        user.close(window)
        m.window('mynah - pc' + ASKED)
        time.sleep(0.3)
        expect('a machine that was asked to power off', m.process.poll(), None)
        user.close(window)
        expect('status after closing twice', m.status(), 0)


def is_exact(user, folder):
    with guest(user, folder, '-display', 'sdl') as (m, window):
        until('the guest\'s picture', lambda: user.geometry(window)[2:] == (640, 400) and user.picture(window) == PICTURE)
        if m.dump() != ((640, 400), PICTURE):
            raise Failed('screendump writes another picture')


def scaled(pixels, width, times):
    """Every pixel as a square."""
    out, step = [], width * 3
    for at in range(0, len(pixels), step):
        line = b''.join(pixels[i:i + 3] * times for i in range(at, at + step, 3))
        out.append(line * times)
    return b''.join(out)


def scales(user, folder):
    with guest(user, folder, '-display', 'sdl') as (_, window):
        def has_size(*size):
            until(f'a window of {size}', lambda: user.geometry(window)[2:] == size)
        has_size(640, 400)
        user.move(window, 0, 0)
        for key, size in (('equal', (800, 500)), ('equal', (960, 600)), ('plus', (1280, 800)), ('minus', (960, 600)), ('plus', (1280, 800))):
            user.chord('Control_L', 'Alt_L', key)
            has_size(*size)
        twice = scaled(PICTURE, 640, 2)
        until('every pixel twice', lambda: user.picture(window) == twice)
        user.chord('Control_L', 'Alt_L', 'u')
        has_size(640, 400)
        until('scale 1 again', lambda: user.picture(window) == PICTURE)
        user.resize(window, 700, 400)                 # wider than its picture: black beside it

        def beside():
            shown = user.picture(window)
            return all(shown[y * 2100:y * 2100 + 2100] == bytes(90) + PICTURE[y * 1920:y * 1920 + 1920] + bytes(90) for y in range(400))
        until('black on both sides', beside)


def takes_keys(user, folder):
    with guest(user, folder, '-display', 'sdl,grab-mod=rctrl', '-name', 'a name') as (m, window):
        seen = len(m.console())

        def sees(what, codes):
            want = b''.join(b'K' + bytes([c]) for c in codes)
            until(f'{what}: {want} to come to {m.console()[seen:]}', lambda: m.console()[seen:] == want)
            return len(m.console())
        user.chord('Shift_L', 'a')
        seen = sees('Shift-A', [0x2a, 0x1e, 0x9e, 0xaa])
        user.chord('Control_L', 'Alt_L', 'g')         # not our key here
        seen = sees('Ctrl-Alt-G', [0x1d, 0x38, 0x22, 0xa2, 0xb8, 0x9d])
        user.key('b', True)
        seen = sees('B', [0x30])
        user.focus()                                  # fingers leave where nobody sees it
        seen = sees('focus lost', [0xb0])
        user.key('b', False)
        user.focus(window)
        user.chord('c')
        seen = sees('focus again', [0x2e, 0xae])
        user.chord('Control_R', 'g')
        m.window('mynah - a name' + GRAB.replace('Ctrl-Alt-G', 'right Ctrl-G'))
        seen = sees('our key', [0xe0, 0x1d, 0xe0, 0x9d])   # the guest sees what is held, then that it is let go


def takes_mouse(user, folder):
    with guest(user, folder, '-display', 'sdl') as (m, window):
        seen = len(m.console())
        x, y, w, h = user.geometry(window)

        def bytes_seen():
            return bytes(m.console()[seen + 1::2])

        def press(number):
            user.button(number, True)
            user.button(number, False)
        user.point(x + 100, y + 100)
        user.point(x + 200, y + 200)
        press(1)                                      # this click grabs
        m.window('mynah - pc' + GRAB)
        press(3)
        until('a click of the right button alone', lambda: bytes_seen() == bytes([0x0a, 0, 0, 8, 0, 0]))
        user.move_mouse(15, -7)
        until('motion', lambda: bytes_seen()[6:] == bytes([8, 15, 7]))
        user.chord('Control_L', 'Alt_L', 'g')
        m.window('mynah - pc')
        seen = len(m.console())
        user.move_mouse(5, 5)
        user.chord('a')
        until('a key', lambda: m.console()[seen:].count(b'K') >= 2)
        expect('a mouse that was let go', b'k' in m.console()[seen:], False)
        user.point(x + w // 2, y + h // 2)
        press(1)
        m.window('mynah - pc' + GRAB)
        user.focus()
        m.window('mynah - pc')                        # grabs end with the focus


def powers_off(user, folder):
    with guest(user, folder, '-display', 'sdl,window-close=off') as (m, window):
        user.close(window)
        user.close(window)
        time.sleep(0.3)
        expect('window-close=off', (m.process.poll(), b'P' in m.console()), (None, False))
    with guest(user, folder, '-sdl') as (m, window):
        user.close(window)
        expect('status after the guest\'s power-off', m.status(), 0)
        expect('the power button', m.console()[-1:], b'P')


def by_default(user, folder):
    with guest(user, folder) as (m, _):
        expect('stderr', b'mynah:' in (m.folder / 'monitor').read_bytes(), False)
    with machine(user, folder, '-display', 'none', '-kernel', 'guest') as m:
        until('the guest', lambda: m.console().endswith(b'k\xfa'))
        expect('windows of -display none', m.titles(), {})


def run(folder, *options, display=None):
    env = {k: v for k, v in os.environ.items() if k not in ('DISPLAY', 'WAYLAND_DISPLAY', 'SDL_VIDEODRIVER')}
    return subprocess.run([MYNAH, *options], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT * 4, text=True,
                          env={**env, 'DISPLAY': display} if display else env)


def changes_nothing(user, folder):
    """The same run with and without a window."""
    for end, *more in (('60000000',), ('3000000', '-kernel', 'guest')):
        icount = ['-M', 'pc', '--clock', 'icount', '--hash-at', f'1000000,{end}', '--stop-at', end, *more]
        alone, watched = (run(folder, *icount, '-display', kind, display=user.server.display) for kind in ('none', 'sdl'))
        expect('status with and without a window', (alone.returncode, watched.returncode, watched.stderr), (0, 0, ''))
        expect('hashes', watched.stdout, alone.stdout)


def says_why(user, folder):
    cases = (
        (['-display', 'sdl'], None, '-display sdl: there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)'),
        (['-display', 'sdl'], ':9999', '-display sdl: no window: '),
        (['-display', 'sdl', '-vga', 'none'], user.server.display, '-display sdl: the machine has no screen'),
        (['-display', 'gtk'], None, "-display: 'gtk' is not modelled (known: none, sdl)"),
        (['-display', 'sdl,gl=perhaps'], None, "-display sdl: gl is 'on' or 'off', not 'perhaps'"),
        (['-display', 'sdl,grab-mod=x'], None, '-display sdl: grab-mod is lshift-lctrl-lalt or rctrl (default: lctrl-lalt), not'),
        (['-display', 'sdl,zoom=on'], None, "-display sdl: unknown option 'zoom'"),
        (['-display', 'sdl', '--lockstep', 'interp,auto'], None, '-display sdl and --lockstep do not go together'),
        (['-name', 'a,debug-threads=on'], None, "-name: unknown option 'debug-threads'"),
    )
    for options, display, want in cases:
        done = run(folder, '-M', 'pc', '-kernel', 'guest', *options, display=display)
        if done.returncode != 1 or not done.stderr.startswith('mynah: ' + want) or done.stderr.count('\n') != 1 or done.stdout:
            raise Failed(f'{options}: {done}')
    done = run(folder, '-M', 'pc', '-kernel', 'guest', '--stop-at', '1000', '-nographic', display=':9999')
    expect('a run that nobody looks at', (done.returncode, done.stderr), (0, ''))


TESTS = (shows_boot, is_exact, scales, takes_keys, takes_mouse, powers_off, by_default, changes_nothing, says_why)


def main():
    why = f'{MYNAH} is not built' if not MYNAH.exists() else 'the build has no window' if not (BUILD / 'mynah-sdl.so').exists() else \
        f'{x11.missing()} is missing' if x11.missing() else None
    if why:
        print(why)
        return 77
    os.environ['DBUS_SESSION_BUS_ADDRESS'] = 'disabled:'       # SDL looks for a session's bus, and libdbus would try to start one
    faults = []
    with tempfile.TemporaryDirectory(prefix='mynah-window-') as name:
        folder = pathlib.Path(name)
        (folder / 'guest').write_bytes(bzimage(GUEST))
        server = x11.Server(folder)
        try:
            user = x11.User(server)
            for test in TESTS:
                if len(sys.argv) == 1 or test.__name__ in sys.argv:
                    try:
                        test(user, folder)
                    except Failed as e:
                        faults.append(f'{test.__name__}: {e}')
                    user.focus()
            user.leave()
        finally:
            server.stop()
    print('\n'.join(faults) or 'the window is as it should be')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
