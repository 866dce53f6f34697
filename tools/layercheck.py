#!/usr/bin/env python3
"""layercheck.py - hold the code against the arrows of layers.txt.

    layercheck.py [ROOT]

Fails when a file includes a room that layers.txt does not allow it, when a C file belongs to no
room, or when a forbidden word (a guest's name in a backend) stands in code.
"""
import pathlib
import re
import sys

SKIP = {'build', 'build-asan', '.git'}
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*', re.DOTALL)


def read_rules(path):
    """({room: rooms it may include}, [(pattern, rooms)])"""
    rules, forbidden = {}, []
    for line in path.read_text().splitlines():
        line = line.split('#')[0].strip()
        if line.startswith('forbid:'):
            pattern, _, rooms = line[len('forbid:'):].partition(' in:')
            forbidden.append((re.compile(rf'\b{pattern.strip()}\b', re.IGNORECASE), rooms.split()))
        elif line:
            room, _, allowed = line.partition(':')
            rules[room.strip()] = allowed.split()
    return rules, forbidden


def room_of(path, rules):
    return max((r for r in rules if path.startswith(r + '/')), key=len, default=None)


def within(room, rooms):
    return any(room == r or room.startswith(r + '/') for r in rooms)


def check_includes(path, text, rules):
    home = room_of(path, rules)
    if home is None:
        yield f'{path}: belongs to no room of tools/layers.txt'
        return
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        there = found and room_of(found[1], rules)
        if there and there not in (home, 'base') and not {'*', there} & set(rules[home]):
            yield f'{path}:{number}: {home} must not include {found[1]}'
        elif found and not there and '/' in found[1] and '..' in found[1]:
            yield f'{path}:{number}: include from the root, not {found[1]}'


def check_words(path, text, rules, forbidden):
    home = room_of(path, rules) or ''
    # Comments become as many newlines as they had, so that line numbers stay.
    code = COMMENT.sub(lambda m: '\n' * m[0].count('\n'), text)
    for pattern, rooms in forbidden:
        excepted = [r[1:] for r in rooms if r.startswith('-')]
        if within(home, rooms) and not within(home, excepted):
            for number, line in enumerate(code.splitlines(), 1):
                if found := pattern.search(line):
                    yield f'{path}:{number}: "{found[0]}" must not occur in {home}'


def main(root='.'):
    root = pathlib.Path(root)
    rules, forbidden = read_rules(pathlib.Path(__file__).with_name('layers.txt'))
    complaints = []
    for ext in ('*.c', '*.h', '*.def'):
        for file in sorted(root.rglob(ext)):
            path = file.relative_to(root).as_posix()
            top = path.split('/')[0]
            if top in SKIP or top.startswith('build') or top in ('tools', 'bench', 'roms'):
                continue
            text = file.read_text()
            complaints += check_includes(path, text, rules)
            complaints += check_words(path, text, rules, forbidden)
    print('\n'.join(complaints), end='\n' if complaints else '')
    return 1 if complaints else 0


sys.exit(main(*sys.argv[1:]))
