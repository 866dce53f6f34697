#!/usr/bin/env python3
"""test_style.py - C sources begin with a comment, have no line of over 118 columns (but for old ones), no tabs, no
blanks at a line's end; and the check would notice if they did not."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COLUMNS = 118
# Folders with lines from before the limit, which may stay long until they are edited.
OLD_LINES = ('app', 'host', 'hw/block', 'hw/boards', 'hw/display', 'hw/input', 'hw/pci', 'hw/virtio')

# text, what is wrong with it (None: nothing)
CASES = (
    ('/* x.c - y */\nint x;\n', None),
    ('/* x.c - y */\n' + 'x' * COLUMNS + '\n', None),
    ('/* x.c - y */\n' + 'x' * (COLUMNS + 1) + '\n', '2: 119 columns'),
    ('/* ' + '§' * (COLUMNS - 6) + ' */\n', None),
    ('/* x.c - y */\n\tint x;\n', '2: a tab'),
    ('/* x.c - y */\n\nint x; \n', '3: blanks at the end'),
    ('int x;\n', '1: no comment that says what the file is'),
    ('', '1: no comment that says what the file is'),
)


def complaints(text, columns=COLUMNS):
    if not text.startswith('/*'):
        yield '1: no comment that says what the file is'
    for n, line in enumerate(text.split('\n'), 1):
        if len(line) > columns:
            yield f'{n}: {len(line)} columns'
        if '\t' in line:
            yield f'{n}: a tab'
        if line.endswith(' '):
            yield f'{n}: blanks at the end'


def self_test(text, complaint):
    found = list(complaints(text))
    if found != ([complaint] if complaint else []):
        print(f'of {text!r} the check said {found}')
        return False
    return True


def has_old_lines(name):
    return name.startswith(tuple(folder + '/' for folder in OLD_LINES))


def sources():
    rooms = [p for p in sorted(ROOT.iterdir()) if p.is_dir() and not p.name.startswith(('.', 'build', '__'))]
    return [f for room in rooms for f in sorted(room.rglob('*.[ch]'))]


def main():
    good = all([self_test(*case) for case in CASES])
    files = sources()
    if len(files) < 100:
        print(f'only {len(files)} sources were found')
        good = False
    for path in files:
        name = str(path.relative_to(ROOT))
        for complaint in complaints(path.read_text(), sys.maxsize if has_old_lines(name) else COLUMNS):
            print(f'{name}:{complaint}')
            good = False
    return 0 if good else 1


sys.exit(main())
