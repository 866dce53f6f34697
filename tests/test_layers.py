#!/usr/bin/env python3
"""test_layers.py - the dependency arrows hold, and the check would notice if they did not."""
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CHECK = ROOT / 'tools/layercheck.py'

# file, its text, what the check must say (None: nothing)
CASES = (
    ('frontend/arm/x.c', '#include "backend/interp/interp.h"\n', 'frontend/arm must not include'),
    ('softmmu/x.c', '#include "vm/vm.h"\n', 'softmmu must not include'),
    ('hw/char/x.c', '#include "hw/boards/virt.h"\n', 'hw must not include'),
    ('base/x.c', '#include "ir/ir.h"\n', 'base must not include'),
    ('hw/boards/x.c', '#include "hw/char/pl011.h"\n', None),
    ('backend/jit/x.c', 'static int a64_reg;\n', '"a64_reg" must not occur'),
    ('backend/jit/x.c', '/* as on\n * Arm */\nint x64_reg;\n', None),
    ('elsewhere/x.c', '', 'belongs to no room'),
)


def check(root):
    done = subprocess.run([sys.executable, '-B', CHECK, root], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def self_test(name, text, complaint):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, name)
        path.parent.mkdir(parents=True)
        path.write_text(text)
        status, output = check(folder)
    good = complaint in output and status == 1 if complaint else status == 0
    if not good:
        print(f'layercheck.py on {name} with {text!r} said {output!r}')
    return good


def main():
    good = all([self_test(*case) for case in CASES])
    status, output = check(ROOT)
    print(output, end='')
    return 0 if good and status == 0 else 1


sys.exit(main())
