#!/usr/bin/env python3
"""screen_is.py FILE WIDTH HEIGHT COLOUR|seq [SHARE] - whether a PPM file has this size, and the colour (rrggbb) in every pixel, or in
this share of them at least; seq: the bytes of `seq 100000 999999` as pixels of four bytes (blue, green, red, nothing)."""
import sys


def pattern(pixels):
    text = b''.join(b'%d\n' % n for n in range(100000, 1000000))[:4 * pixels]
    out = bytearray(3 * pixels)
    for colour in range(3):
        out[colour::3] = text[2 - colour::4]
    return bytes(out)


def main(path, width, height, want, share='1'):
    width, height = int(width), int(height)
    kind, size, most, got = open(path, 'rb').read().split(b'\n', 3)
    if (kind, size, most) != (b'P6', b'%d %d' % (width, height), b'255') or len(got) != 3 * width * height:
        return f'{path}: {kind} {size} {most}, {len(got)} bytes'
    if want == 'seq':
        bad = [i for i, (a, b) in enumerate(zip(got, pattern(width * height))) if a != b]
        return bad and f'{path}: {len(bad)} bytes differ, the first in pixel {bad[0] // 3 % width}, {bad[0] // 3 // width}'
    colour = bytes.fromhex(want)
    n = sum(got[i:i + 3] == colour for i in range(0, len(got), 3))
    return n < float(share) * width * height and f'{path}: {n} of {width * height} pixels are {want}'


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]) or 0)
