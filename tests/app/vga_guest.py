"""vga_guest.py - guests that do what a list of port and memory accesses says, for mynah and for QEMU.

The guest is a loop of 179 bytes of 32-bit code (its source is in the comments of CODE) with the list behind it: three words an entry, an
operation and its two arguments. What it reads goes to the debug console; at the end it writes '.' there and halts.
"""
import struct

# Entered at its first byte, at any address, in flat 32-bit mode. esi: the list; eax, ecx: second argument; edx: first.
#   next: lodsl; mov %eax,%ebp; lodsl; mov %eax,%edx; lodsl; mov %eax,%ecx
#   then by %ebp: 1 outb  2 outw  3 outl  4 mov %cl,(%edx)  5 mov %ecx,(%edx)  6 inb to the console  7 inw to it  8 byte at (%edx) to it
#   9 fill: ecx bytes at edx from ebx = ebx * 1103515245 + 12345, bits 23:16   10 rep movsb from edx   11 mov %edx,%edi
#   12 mov %edx,%ebx   13 rep stosl of edx   14 inb for nothing; others: hlt
CODE = bytes.fromhex(
    'bc00000900fce8000000005d8db5a8000000ad89c5ad89c2ad89c14d7829742a4d742a4d742b4d742b4d742c4d742d4d742f4d74364d7439'
    '4d744e4d74584d745c4d74604d7466f4ebfdeeebc566efebc1efebbe880aebba890aebb6ece6e9ebb166ede6e988e0e6e9eba78a02e6e9eb'
    'a169db6d4ec64181c33930000089d8c1e810880242e2eaeb8989f089d6f3a489c6e97cffffff89d7e975ffffff89d3e96effffff89d0f3ab'
    'e965ffffffece95fffffff')
MISC, SEQ, GFX, CRTC, ATTR, STATUS = 0x3c2, 0x3c4, 0x3ce, 0x3d4, 0x3c0, 0x3da
LFB, REGS = 0xe0000000, 0xe1000000      # where BAR 0 and BAR 2 are put


def random_bytes(count, seed):
    out = bytearray()
    for _ in range(count):
        seed = (seed * 1103515245 + 12345) & 0xffffffff
        out.append(seed >> 16 & 0xff)
    return bytes(out)


class Script:
    """A list of accesses; methods append to it."""

    def __init__(self):
        self.words = []

    def op(self, code, a=0, b=0):
        self.words += [code, a & 0xffffffff, b & 0xffffffff]
        return self

    def outb(self, port, val):
        return self.op(1, port, val)

    def outw(self, port, val):
        return self.op(2, port, val)

    def outl(self, port, val):
        return self.op(3, port, val)

    def mem8(self, at, val):
        return self.op(4, at, val)

    def inb(self, port):
        return self.op(6, port)

    def inw(self, port):
        return self.op(7, port)

    def read8(self, at):
        return self.op(8, at)

    def fill(self, at, count, seed):
        return self.op(12, seed).op(9, at, count)

    def copy(self, to, at, count):
        return self.op(11, to).op(10, at, count)

    def fill32(self, at, val, count):
        return self.op(11, at).op(13, val, count)

    # ---- VGA ----

    def index(self, port, first, *vals):
        for i, val in enumerate(vals):
            self.outb(port, first + i).outb(port + 1, val)
        return self

    def attr(self, first, *vals):
        for i, val in enumerate(vals):
            self.drop(STATUS).outb(ATTR, first + i).outb(ATTR, val)
        return self

    def drop(self, port):
        """A read for its effects."""
        return self.op(14, port)

    def unblank(self):
        return self.drop(STATUS).outb(ATTR, 0x20)

    def vbe(self, index, val):
        return self.outw(0x1ce, index).outw(0x1cf, val)

    def image(self):
        return CODE + struct.pack(f'<{len(self.words) + 6}I', *self.words, 1, 0xe9, ord('.'), 0, 0, 0)


# ---- modes by registers ----

def pci(script, off, val):
    return script.outl(0xcf8, 0x80001000 | off).outl(0xcfc, val)


def start():
    """Memory and registers at known addresses; the DAC: entry n is (n, 63 - n, 5 n) modulo 64."""
    s = Script()
    pci(s, 0x10, LFB), pci(s, 0x18, REGS), pci(s, 4, 3)
    s.vbe(4, 0)
    s.fill32(LFB, 0, 1 << 18)
    s.outb(0x3c6, 0xff).outb(0x3c8, 0)
    for n in range(256):
        for val in (n % 64, 63 - n % 64, 5 * n % 64):
            s.outb(0x3c9, val)
    return s


def registers(s, misc, seq, crtc, gfx, attr):
    """As tables of video BIOSes have them: 5, 25, 9 and 21 registers from 0 on."""
    s.outb(MISC, misc)
    s.index(SEQ, 0, 1, *seq[1:]).index(SEQ, 0, 3)
    s.index(CRTC, 0x11, 0).index(CRTC, 0, *crtc)
    s.index(GFX, 0, *gfx).attr(0, *attr)
    return s.unblank()


PALETTE = [0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f]
TEXT = dict(misc=0x67, seq=[3, 0, 3, 0, 2], gfx=[0, 0, 0, 0, 0, 0x10, 0x0e, 0, 0xff], attr=PALETTE + [0x0c, 0, 0x0f, 8, 0],
            crtc=[0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0, 0x4f, 0x0d, 0x0e, 0, 0, 0, 0, 0x9c, 0x8e, 0x8f, 0x28, 0x1f,
                  0x96, 0xb9, 0xa3, 0xff])
PLANAR = dict(misc=0xe3, seq=[3, 1, 15, 0, 6], gfx=[0, 0, 0, 0, 0, 0, 5, 15, 0xff], attr=PALETTE + [1, 0, 15, 0, 0],
              crtc=[0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0b, 0x3e, 0, 0x40, 0, 0, 0, 0, 0, 0, 0xea, 0x8c, 0xdf, 0x28, 0, 0xe7, 4,
                    0xe3, 0xff])
CHAINED = dict(misc=0x63, seq=[3, 1, 15, 0, 14], gfx=[0, 0, 0, 0, 0, 0x40, 5, 15, 0xff], attr=list(range(16)) + [0x41, 0, 15, 0, 0],
               crtc=[0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0, 0x41, 0, 0, 0, 0, 0, 0, 0x9c, 0x8e, 0x8f, 0x28, 0x40, 0x96,
                     0xb9, 0xa3, 0xff])
CGA4 = dict(misc=0x63, seq=[3, 9, 3, 0, 2], gfx=[0, 0, 0, 0, 0, 0x30, 15, 0, 0xff],
            attr=[0, 0x13, 0x15, 0x17, 2, 4, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 1, 0, 3, 0, 0],
            crtc=[0x2d, 0x27, 0x28, 0x90, 0x2b, 0x80, 0xbf, 0x1f, 0, 0xc1, 0, 0, 0, 0, 0, 0, 0x9c, 0x8e, 0x8f, 0x14, 0, 0x96, 0xb9,
                  0xa2, 0xff])
CGA6 = dict(misc=0x63, seq=[3, 1, 1, 0, 6], gfx=[0, 0, 0, 0, 0, 0, 13, 0, 0xff], attr=[0] + [0x17] * 15 + [1, 0, 1, 0, 0],
            crtc=[0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0, 0xc1, 0, 0, 0, 0, 0, 0, 0x9c, 0x8e, 0x8f, 0x28, 0, 0x96, 0xb9,
                  0xc2, 0xff])


def with_regs(table, **change):
    """A table with some registers changed: crtc_0x13=80 and so on."""
    out = {k: list(v) if isinstance(v, list) else v for k, v in table.items()}
    for name, val in change.items():
        kind, _, n = name.partition('_')
        if n:
            out[kind][int(n, 0)] = val
        else:
            out[kind] = val
    return out


def planes(s, count, seed):
    """Fills all four planes through the window at a0000, by map mask."""
    s.index(SEQ, 2, 15, 0, 6).index(GFX, 0, 0, 0, 0, 0, 0, 0, 5, 15, 0xff).outb(MISC, 0x63)
    for p in range(4):
        s.outb(SEQ, 2).outb(SEQ + 1, 1 << p).fill(0xa0000, count, seed + p)
    return s


def text_screen(s, seed=1):
    """A font of random bytes in plane 2, characters and attributes through b8000."""
    s.outb(MISC, 0x67).index(SEQ, 2, 4, 0, 6).index(GFX, 0, 0, 0, 0, 0, 2, 0, 4, 15, 0xff)
    s.fill(0xa0000, 0x4000, seed)
    s.index(SEQ, 2, 3, 0, 2).index(GFX, 4, 0, 0x10, 0x0e)
    return s.fill(0xb8000, 80 * 60 * 2, seed + 1)


# ---- for QEMU ----

def multiboot(image):
    """A file that QEMU's -kernel loads at 1 MiB and enters in 32-bit mode (Multiboot Specification 0.6.96, 3.1: addresses in the
    header)."""
    base, flags, magic = 0x100000, 0x10000, 0x1badb002
    header = struct.pack('<8I', magic, flags, -(magic + flags) & 0xffffffff, base + 16, base, 0, 0, base)
    return (b'\xe9' + struct.pack('<i', 0x40 - 5)).ljust(16, b'\x90') + header.ljust(0x30, b'\x90') + image
