#!/usr/bin/env python3
"""picture.py FILE.ppm [FILE.ppm...] - what is selected in a list on a screen, for tests that look at pictures.

One line a picture: width, height, and for each bar (rows that are all but filled by one strong colour, 10 to 60 of
them one below the other) its first row, its last row, and how many rows of text stand above it and below it.
"""
import collections
import pathlib
import sys


def read_ppm(path):
    """(width, height, rows of RGB bytes) of a binary PPM with 255 levels."""
    data = pathlib.Path(path).read_bytes()
    magic, width, height, levels = data.split(None, 4)[:4]
    if (magic, levels) != (b'P6', b'255'):
        raise SystemExit(f'{path}: not a binary PPM')
    width, height = int(width), int(height)
    pixels = data[-3 * width * height:]
    return width, height, [pixels[3 * width * y:3 * width * (y + 1)] for y in range(height)]


def is_bar(row, width):
    """Most pixels between the sixteenths at both ends have one colour, and not a grey one."""
    pixels = [row[3 * x:3 * x + 3] for x in range(width // 16, width - width // 16)]
    colour, count = collections.Counter(pixels).most_common(1)[0]
    return count * 10 >= len(pixels) * 7 and max(colour) - min(colour) >= 48


def runs(flags):
    """[(first, last)] of the runs of true flags."""
    out, start = [], None
    for at, flag in enumerate([*flags, False]):
        if flag and start is None:
            start = at
        elif not flag and start is not None:
            out.append((start, at - 1))
            start = None
    return out


def text_rows(rows, first, last):
    """How many lines of text: runs of rows with dark pixels in the columns of a list's first word."""
    dark = [any(max(row[3 * x:3 * x + 3]) < 100 for x in range(24, 180)) for row in rows[first:last]]
    return len([1 for a, b in runs(dark) if b - a >= 5])


def main():
    for path in sys.argv[1:]:
        width, height, rows = read_ppm(path)
        words = [width, height]
        for first, last in runs([is_bar(row, width) for row in rows]):
            if 10 <= last - first < 60 and first > height // 8:
                words += [first, last, text_rows(rows, height // 8, first),
                          text_rows(rows, last + 1, height - height // 16)]
        print(*words)


main()
