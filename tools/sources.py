#!/usr/bin/env python3
"""sources.py - list the C files of the project, for meson.build.

    sources.py rooms          every .c file of every room, app/main.c and shared objects aside
    sources.py llvm           backend/jit/llvm/*.c: a shared object of its own
    sources.py sdl            host/sdl/*.c: likewise
    sources.py tests KIND     tests/KIND/*_test.c
    sources.py fuzz           tests/fuzz/*.c
    sources.py all            everything above; a change in this list wants a new configuration

Meson asks for explicit lists. Ours follow from the layout alone, and a file dropped into a room or
into tests/ shall need no second edit, so the lists are made from the folders at configuration time;
tools/build.sh configures again when they changed.
"""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROOMS = ('base', 'ir', 'softmmu', 'vm', 'frontend', 'backend', 'hw', 'host', 'snapshot', 'app')
TESTS = ('unit', 'dev', 'snapshot', 'llvm')
OBJECTS = {'llvm': ROOT / 'backend/jit/llvm', 'sdl': ROOT / 'host/sdl'}


def rooms():
    found = (p for room in ROOMS for p in sorted((ROOT / room).rglob('*.c')))
    return [p for p in found if p != ROOT / 'app/main.c' and p.parent not in OBJECTS.values()]


def shared(name):
    return sorted(OBJECTS[name].glob('*.c'))


def tests(kind):
    return sorted((ROOT / 'tests' / kind).glob('*_test.c'))


def fuzz():
    return sorted((ROOT / 'tests/fuzz').glob('*.c'))


def main(what, *args):
    if what == 'rooms':
        files = rooms()
    elif what in OBJECTS:
        files = shared(what)
    elif what == 'fuzz':
        files = fuzz()
    elif what == 'tests':
        files = tests(*args)
    else:
        extra = [p for p in (ROOT / 'app/main.c', ROOT / 'tests/ir/irtest.c') if p.exists()]
        decode = sorted((ROOT / 'frontend').rglob('*.decode'))
        files = rooms() + shared('llvm') + shared('sdl') + [p for kind in TESTS for p in tests(kind)] + fuzz() + extra + decode
    for path in files:
        print(path.relative_to(ROOT))


main(*sys.argv[1:])
