#!/usr/bin/env python3
"""test_vga.py - the PC's screen from outside: -vga, the monitor's screendump and `info screen`; and pictures and registers compared
with QEMU's, where that is installed."""
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib

from small_guests import bzimage
from vga_guest import (ATTR, CGA4, CGA6, CHAINED, CRTC, GFX, LFB, MISC, PALETTE, PLANAR, SEQ, STATUS, TEXT, multiboot, planes, registers,
                       start, text_screen, with_regs)

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get('MYNAH_BUILD') or ROOT / 'build')
MYNAH = BUILD / 'mynah'
QEMU = shutil.which('qemu-system-x86_64')
LIMIT = float(os.environ.get('MYNAH_SLOW') or 1) * 20


# ---- running ----

def wait_for(path, end, process):
    until = time.monotonic() + LIMIT
    while time.monotonic() < until and process.poll() is None:
        if path.exists() and path.read_bytes().endswith(end):
            return True
        time.sleep(0.02)
    return False


def size_of(path):
    return path.stat().st_size if path.exists() else 0


def run(command, folder, script, picture='out.ppm'):
    """What the guest put on the debug console, and the monitor's output; the picture is in the folder."""
    for name in ('console', picture):
        (folder / name).unlink(missing_ok=True)
    process = subprocess.Popen([*map(str, command), '-monitor', 'stdio', '-debugcon', 'file:console'], cwd=folder,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        if not wait_for(folder / 'console', b'.', process):
            return None, b'the guest does not end'
        process.stdin.write(script)
        process.stdin.flush()
        out = process.communicate(b'quit\n', timeout=LIMIT)[0]
        return (folder / 'console').read_bytes()[:-1], out
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def mynah(folder, image, *more, script=b'screendump out.ppm\n', picture='out.ppm'):
    (folder / 'mynah.bin').write_bytes(bzimage(image))
    return run([MYNAH, '-M', 'pc', '-m', 64, '-display', 'none', '-kernel', 'mynah.bin', *more], folder, script, picture)


def qemu(folder, image):
    (folder / 'qemu.bin').write_bytes(multiboot(image))
    return run([QEMU, '-M', 'pc', '-cpu', 'max', '-m', 64, '-display', 'none', '-vga', 'std', '-net', 'none', '-serial', 'none',
                '-kernel', 'qemu.bin'], folder, b'screendump out.ppm\n')


def read_ppm(path):
    if not path.exists():
        return (0, 0), b''
    kind, size, _, pixels = path.read_bytes().split(b'\n', 3)
    assert kind == b'P6'
    return tuple(map(int, size.split())), pixels


def read_png(path, lines):
    """Size and first lines of what libpng writes: RGB, every filter."""
    data, at, idat, size = path.read_bytes(), 8, b'', None
    while at < len(data):
        n, kind = struct.unpack('>I4s', data[at:at + 8])
        if kind == b'IHDR':
            size = struct.unpack('>II', data[at + 8:at + 16])
        idat += data[at + 8:at + 8 + n] if kind == b'IDAT' else b''
        at += n + 12
    raw, step, above, out = zlib.decompress(idat), size[0] * 3, bytes(size[0] * 3), b''
    for y in range(lines):
        kind, line = raw[y * (step + 1)], bytearray(raw[y * (step + 1) + 1:(y + 1) * (step + 1)])
        for x in range(step):
            a, b, c = line[x - 3] if x >= 3 else 0, above[x], above[x - 3] if x >= 3 else 0
            p = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
            line[x] = line[x] + (0, a, b, (a + b) // 2, p)[kind] & 255
        out, above = out + bytes(line), line
    return size, out


# ---- mynah alone ----

def message():
    """A text screen that says something; the cursor off."""
    s = start()
    s.outb(MISC, 0x67)
    registers(s, **TEXT).index(CRTC, 0xa, 0x20)
    s.fill32(0xb8000, 0x07200720, 1000)
    for i, ch in enumerate('VGA: ├─ ok'.encode('cp437')):
        s.mem8(0xb8000 + 160 + 2 * i, ch)
    return s.image()


def check_monitor(folder):
    _, out = mynah(folder, message(), script=b'info screen\nscreendump out.png\nscreendump out.ppm\nscreendump\nscreendump /nowhere/x\n')
    text = out.decode()
    faults = [f'monitor: {want!r} is missing in {text!r}' for want in
              ('\nVGA: ├─ ok', 'a file name is missing', "'/nowhere/x': No such file") if want not in text.replace('\r', '')]
    size, pixels = read_ppm(folder / 'out.ppm')
    if size != (720, 400) or read_png(folder / 'out.png', 48) != (size, pixels[:48 * 720 * 3]):
        faults.append(f'monitor: PNG and PPM differ, or are no text screen: {size}')
    return faults


def check_options(folder):
    """-vga none has neither ports nor memory nor screen."""
    s = start()
    s.words = []
    s.outb(0xa0000, 0).inb(0x3cc).read8(0xa0000)
    console, out = mynah(folder, s.image(), '-vga', 'none', script=b'info screen\nscreendump out.ppm\n')
    faults = [] if console == b'\xff\xff' and out.count(b'the machine has no screen') == 2 else [f'-vga none: {console} {out}']
    for args, want in ((['-vga', 'cirrus'], "'cirrus' is not modelled (known: std, none)"),
                       (['-M', 'virt', '-vga', 'std'], "the board 'virt' has no VGA")):
        done = subprocess.run([MYNAH, '-M', 'pc', '-kernel', 'mynah.bin', *args], cwd=folder, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=LIMIT)
        if done.returncode != 1 or want not in done.stderr.decode():
            faults.append(f'{args}: {done}')
    return faults


# ---- QEMU ----

def pictures():
    """Name, guest, and whether colours come from a DAC of 6 bits."""
    s = text_screen(start())
    s.index(SEQ, 2, 4, 0, 6).index(GFX, 4, 2, 0, 4).fill32(0xa0000 + 0xb0 * 32, 0, 16 * 8)    # QEMU's lines begin at B0, IBM's at C0
    yield 'text', registers(s, **with_regs(TEXT, attr_0x10=4)).index(CRTC, 0xa, 0x20), True
    s = text_screen(start())
    yield 'text, 8 dots, moved, 50 rows', registers(s, **with_regs(TEXT, attr_0x10=0, seq_1=1, crtc_9=0x47, crtc_0xa=0x20, crtc_0xc=1,
                                                                   crtc_0xd=0x31, crtc_0x13=0x2a)), True
    yield 'planar', registers(planes(start(), 0x10000, 5), **PLANAR), True
    yield 'planar, split', registers(planes(start(), 0x10000, 5), **with_regs(
        PLANAR, crtc_0xc=0x31, crtc_0x13=0x30, crtc_7=0x2e, crtc_9=0, crtc_0x18=0x99)), True
    yield 'planes shown', registers(planes(start(), 0x10000, 5), **with_regs(PLANAR, attr_0x12=5, attr_0x14=4)), True
    yield 'chained', registers(start(), **CHAINED).fill(0xa0000, 0x10000, 7), True
    yield 'unchained', registers(planes(start(), 0x10000, 5), **with_regs(CHAINED, seq_4=6, crtc_0x14=0, crtc_0x17=0xe3, crtc_0xc=0x20)), True
    yield '4 colours', registers(start(), **CGA4).fill(0xb8000, 0x4000, 3), True
    yield '2 colours', registers(start(), **CGA6).fill(0xb8000, 0x4000, 3), True
    for bpp in (8, 16, 24, 32):
        s = start().vbe(1, 640).vbe(2, 480).vbe(3, bpp).vbe(4, 0x41).vbe(6, 720).vbe(8, 8).vbe(9, 17)
        yield f'VBE, {bpp} bits', s.unblank().fill(LFB, 720 * 500 * (bpp // 8), 9), bpp == 8
    s = start().vbe(1, 800).vbe(2, 600).vbe(3, 8).vbe(4, 0x61).outb(0x3c8, 0)
    for n in range(768):
        s.outb(0x3c9, n * 5 & 255)
    yield 'VBE, a DAC of 8 bits', s.unblank().fill(LFB, 800 * 600, 11), False
    yield 'VBE, banks', start().vbe(1, 640).vbe(2, 480).vbe(3, 8).index(GFX, 8, 255).vbe(4, 1).unblank().vbe(5, 2).fill(0xa0000, 0x10000, 3), True


def data_path():
    """Write modes, read modes, latches and functions: what is read goes to the console."""
    s = registers(planes(start(), 0x400, 5), **PLANAR)
    for n in range(200):
        s.index(GFX, 0, n * 7 & 15, n * 3 & n * 5 & 15, n * 11 & 15, (n * 13 & 31) if n % 2 else 0, n & 3, (n // 3 & 3) | (n & 4) << 1, 5,
                n * 3 & 15, 255 if n % 3 else n * 37 & 255).index(SEQ, 2, 15 if n % 5 else n & 15)
        s.read8(0xa0000 + n % 64).mem8(0xa0000 + n * 5 % 64, n * 29 & 255).read8(0xa0000 + n * 5 % 64)
    s.index(GFX, 0, 0, 0, 0, 0, 0, 0, 5, 15, 255)
    for p in range(4):
        s.index(GFX, 4, p)
        for n in range(64):
            s.read8(0xa0000 + n)
    return s


def register_reads():
    s = registers(start(), **TEXT)
    for n in range(0x19):
        s.outb(CRTC, n).inb(CRTC + 1)
    s.index(CRTC, 0x11, 0x8e)
    for n in range(9):
        s.outb(CRTC, n).outb(CRTC + 1, 0xa5).inb(CRTC + 1)
    for n in range(5):
        s.outb(SEQ, n).outb(SEQ + 1, 0xff).inb(SEQ + 1).inb(SEQ)
    for n in range(9):
        s.outb(GFX, n).outb(GFX + 1, 0xff).inb(GFX + 1).inb(GFX)
    for n in range(0x15):
        s.drop(STATUS).outb(ATTR, n | 0x20).inb(ATTR + 1).drop(STATUS).inb(ATTR)
    for n in (5, 250):
        s.outb(0x3c7, n).inb(0x3c7)
        for _ in range(7):
            s.inb(0x3c9)
        s.outb(0x3c8, n).inb(0x3c7).inb(0x3c8)
    return s.inb(0x3cc)


def vbe_reads():
    s = registers(start(), **TEXT)
    for bpp, x, y in ((4, 800, 600), (8, 640, 480), (32, 1024, 768), (7, 801, 601), (32, 3000, 3000), (16, 20000, 65535), (24, 1600, 1200)):
        s.vbe(4, 0).vbe(1, x).vbe(2, y).vbe(3, bpp).vbe(4, 0x41)
        for wanted in ((), ((8, 5), (9, 7), (6, 1000)), ((8, 50000), (9, 7000)), ((4, 2),)):
            for n, val in wanted:
                s.vbe(n, val)
            for n in range(11):
                s.outw(0x1ce, n).inw(0x1cf)
            for n in (1, 7, 9, 0x12, 0x13, 0x17, 0x18):
                s.outb(CRTC, n).inb(CRTC + 1)
            for n in (5, 6):
                s.outb(GFX, n).inb(GFX + 1)
    return s


def as_ours(pixels):
    """QEMU makes 8 of the DAC's 6 bits by repeating the lowest one."""
    return pixels.translate(bytes((v >> 2) << 2 | v >> 6 for v in range(256)))


def compare(folder, name, script, six_bits=None):
    image = script.image()
    theirs, out = qemu(folder, image)
    size, pixels = read_ppm(folder / 'out.ppm')
    ours, more = mynah(folder, image)
    if ours is None or theirs is None:
        return [f'{name}: {out} {more}']
    if ours != theirs:
        at = next((i for i, pair in enumerate(zip(ours, theirs)) if pair[0] != pair[1]), min(len(ours), len(theirs)))
        return [f'{name}: read {at} of {len(theirs)} is {ours[at:at + 4].hex()}, not {theirs[at:at + 4].hex()}']
    if six_bits is None:
        return []
    wanted = as_ours(pixels) if six_bits else pixels
    our_size, got = read_ppm(folder / 'out.ppm')
    if our_size != size:
        return [f'{name}: {our_size}, not {size}']
    bad = [i // 3 for i in range(0, len(got), 3) if got[i:i + 3] != wanted[i:i + 3]] if got != wanted else []
    return [f'{name}: {len(bad)} pixels differ, the first at {bad[0] % size[0]},{bad[0] // size[0]}'] if bad else []


def main():
    if not MYNAH.exists():
        print(f'{MYNAH} is not built')
        return 77
    with tempfile.TemporaryDirectory(prefix='mynah-vga-') as name:
        folder = pathlib.Path(name)
        faults = check_monitor(folder) + check_options(folder)
        if QEMU:
            for what, script, six_bits in pictures():
                faults += compare(folder, what, script, six_bits)
            for what, script in (('data path', data_path()), ('registers', register_reads()), ('VBE registers', vbe_reads())):
                faults += compare(folder, what, script)
    print('\n'.join(faults) or 'the screen is as it should be' + ('' if QEMU else '; QEMU is not here to compare with'))
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
