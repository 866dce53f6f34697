"""x11.py - an X server without a screen (Xvfb), what its root window shows, and a user at its keyboard and mouse (XTEST).

There is no window manager: windows get the focus when focus() gives it to them.
"""
import ctypes as c
import mmap
import os
import pathlib
import shutil
import struct
import subprocess

CURRENT_TIME, REVERT_TO_PARENT = 0, 2
CLIENT_MESSAGE = 33


def load(name):
    try:
        return c.CDLL(name)
    except OSError:
        return None


X, TEST = load('libX11.so.6'), load('libXtst.so.6')


def missing():
    """What this cannot do without."""
    return 'Xvfb' if not shutil.which('Xvfb') else 'libX11' if not X else 'libXtst' if not TEST else None


def declare():
    """Handles are pointers: the default, int, would cut them."""
    X.XOpenDisplay.restype, X.XOpenDisplay.argtypes = c.c_void_p, [c.c_char_p]
    for lib, name, kinds in (
            (X, 'XDefaultRootWindow', 'p'), (X, 'XSync', 'pi'), (X, 'XCloseDisplay', 'p'), (X, 'XMoveWindow', 'pLii'),
            (X, 'XResizeWindow', 'pLII'), (X, 'XSetInputFocus', 'pLiL'), (X, 'XStringToKeysym', 's'), (X, 'XKeysymToKeycode', 'pL'),
            (X, 'XInternAtom', 'psi'), (X, 'XFree', 'p'), (TEST, 'XTestFakeKeyEvent', 'pIiL'), (TEST, 'XTestFakeButtonEvent', 'pIiL'),
            (TEST, 'XTestFakeMotionEvent', 'piiiL'), (TEST, 'XTestFakeRelativeMotionEvent', 'piiL')):
        function = getattr(lib, name)
        function.argtypes = [{'p': c.c_void_p, 'i': c.c_int, 'I': c.c_uint, 'L': c.c_ulong, 's': c.c_char_p}[k] for k in kinds]
        function.restype = c.c_ulong if name in ('XDefaultRootWindow', 'XStringToKeysym', 'XInternAtom') else c.c_int
    X.XKeysymToKeycode.restype = c.c_ubyte
    window, pointer = c.c_ulong, c.POINTER
    X.XQueryTree.argtypes = [c.c_void_p, window, pointer(window), pointer(window), pointer(pointer(window)), pointer(c.c_uint)]
    X.XFetchName.argtypes = [c.c_void_p, window, pointer(c.c_char_p)]
    X.XGetGeometry.argtypes = [c.c_void_p, window, pointer(window), *[pointer(c.c_int)] * 2, *[pointer(c.c_uint)] * 4]
    X.XSendEvent.argtypes = [c.c_void_p, window, c.c_int, c.c_long, c.c_void_p]


class Server:
    """Xvfb with one screen of 24 bits; its frame buffer is a file in the folder."""

    def __init__(self, folder, width=1280, height=1024):
        self.file = pathlib.Path(folder) / 'Xvfb_screen0'
        ours, theirs = os.pipe()
        self.process = subprocess.Popen(
            ['Xvfb', '-displayfd', str(theirs), '-screen', '0', f'{width}x{height}x24', '-fbdir', str(folder), '-nolisten', 'tcp', '-nocursor'],
            pass_fds=[theirs], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(theirs)
        with os.fdopen(ours) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise OSError('Xvfb did not start')
        self.display = ':' + number

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def picture(self, x, y, width, height):
        """RGB bytes of a part of the root window, from the file in the format of xwd (X11/XWDFile.h)."""
        with open(self.file, 'rb') as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as m:
            head = struct.unpack('>25I', m[:100])
            size, order, bits, step, colors = head[0], head[7], head[11], head[12], head[19]
            assert bits == 32 and order == 0, 'the root window has another format'
            start = size + colors * 12
            lines = [m[start + row * step + 4 * x:start + row * step + 4 * (x + width)] for row in range(y, y + height)]
        bgrx = b''.join(lines)
        rgb = bytearray(width * height * 3)
        for i in range(3):
            rgb[i::3] = bgrx[2 - i::4]
        return bytes(rgb)


class User:
    """Somebody at the keyboard and the mouse of a server."""

    def __init__(self, server):
        declare()
        self.server = server
        self.x = X.XOpenDisplay(server.display.encode())
        self.root = X.XDefaultRootWindow(self.x)

    def leave(self):
        X.XCloseDisplay(self.x)

    def sync(self):
        X.XSync(self.x, 0)

    # ---- windows ----

    def windows(self):
        """{title: window}"""
        root, parent, count, children = c.c_ulong(), c.c_ulong(), c.c_uint(), c.POINTER(c.c_ulong)()
        X.XQueryTree(self.x, self.root, root, parent, children, count)
        found = {}
        for i in range(count.value):
            name = c.c_char_p()
            if X.XFetchName(self.x, children[i], name):
                found[name.value.decode()] = children[i]
                X.XFree(name)
        if count.value:
            X.XFree(children)
        return found

    def geometry(self, window):
        root, x, y = c.c_ulong(), c.c_int(), c.c_int()
        sizes = [c.c_uint() for _ in range(4)]
        X.XGetGeometry(self.x, window, root, x, y, *sizes)
        return x.value, y.value, sizes[0].value, sizes[1].value

    def picture(self, window):
        return self.server.picture(*self.geometry(window))

    def move(self, window, x, y):
        X.XMoveWindow(self.x, window, x, y)
        self.sync()

    def resize(self, window, width, height):
        X.XResizeWindow(self.x, window, width, height)
        self.sync()

    def focus(self, window=None):
        """None: away from all windows."""
        X.XSetInputFocus(self.x, window or 0, REVERT_TO_PARENT, CURRENT_TIME)
        self.sync()

    def close(self, window):
        """As the button in a window's frame does (ICCCM, 4.2.8.1)."""
        event = (c.c_long * 24)(CLIENT_MESSAGE, 0, 1, 0, window, X.XInternAtom(self.x, b'WM_PROTOCOLS', 0), 32,
                                X.XInternAtom(self.x, b'WM_DELETE_WINDOW', 0), CURRENT_TIME)
        X.XSendEvent(self.x, window, 0, 0, event)
        self.sync()

    # ---- keyboard and mouse ----

    def key(self, name, down):
        code = X.XKeysymToKeycode(self.x, X.XStringToKeysym(name.encode()))
        assert code, f'no key {name}'
        TEST.XTestFakeKeyEvent(self.x, code, int(down), 0)
        self.sync()

    def chord(self, *names):
        for name in names:
            self.key(name, True)
        for name in reversed(names):
            self.key(name, False)

    def point(self, x, y):
        TEST.XTestFakeMotionEvent(self.x, -1, x, y, 0)
        self.sync()

    def move_mouse(self, dx, dy):
        TEST.XTestFakeRelativeMotionEvent(self.x, dx, dy, 0)
        self.sync()

    def button(self, number, down):
        TEST.XTestFakeButtonEvent(self.x, number, int(down), 0)
        self.sync()
