#!/usr/bin/env python3
"""test_docs.py - docs/architecture.md names every room, and no room that is not there; docs/devices.md is fresh."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main():
    text = (ROOT / 'docs/architecture.md').read_text()
    rooms = {p.name for p in ROOT.iterdir()
             if p.is_dir() and not p.name.startswith(('.', 'build', '__'))}
    missing = sorted(r for r in rooms if f'{r}/' not in text)
    for room in missing:
        print(f'docs/architecture.md does not name {room}/')
    first_words = re.findall(r'^(?: {4}|- `|\| `)([a-z]+)/', text, re.MULTILINE)
    ghosts = sorted(set(first_words) - rooms)
    for room in ghosts:
        print(f'docs/architecture.md names {room}/, which is not there')
    stale = subprocess.run([sys.executable, ROOT / 'tools/devdoc.py', '--check']).returncode
    return 1 if missing or ghosts or stale else 0


sys.exit(main())
