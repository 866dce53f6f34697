#!/usr/bin/env python3
"""test_code_cache.py - `mynah code-cache`: whose folder it takes, what it prints, what it must never touch."""
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MYNAH = pathlib.Path(os.environ.get('MYNAH_BUILD') or ROOT / 'build') / 'mynah'
KEY = '09' + 31 * 'ab'
bad = 0


def expect(name, args, status, out=(), error='', env=None):
    global bad
    done = subprocess.run([MYNAH, 'code-cache', *map(str, args)], capture_output=True, text=True, timeout=60,
                          env=os.environ | (env or {}))
    good = done.returncode == status and all(t in done.stdout for t in out) and error in done.stderr \
        and (bool(error) == bool(done.stderr)) and done.stderr.count('\n') <= 1 and (not error or not done.stdout)
    if not good:
        bad = 1
        print(f'{name}: status {done.returncode}, {done.stdout!r}, {done.stderr!r}')


def main():
    with tempfile.TemporaryDirectory() as folder:
        top = pathlib.Path(folder)
        own = {'XDG_CACHE_HOME': folder}
        cache = top / 'mynah/code'
        for args in ((), ('list',), ('info', 'a', 'b')):
            expect('usage', args, 1, error="code-cache: usage is 'mynah code-cache info|clear [DIR]'")
        expect('absent', ('info',), 0, (str(cache), '(not there)', 'regions      0'), env=own)
        expect('clear absent', ('clear',), 0, ('0 regions removed',), env=own)
        if cache.exists():
            print('info or clear made the folder')
            return 1
        (cache / '09').mkdir(parents=True, mode=0o700)
        cache.chmod(0o700)
        (cache / '09' / KEY).write_bytes(bytes(5000))
        (cache / '09/keep.txt').write_text('mine')
        expect('one', ('info',), 0, ('regions      1', 'disk used    0.0 MiB', 'newest use   '), env=own)
        expect('named', ('info', cache), 0, ('regions      1',))
        cache.chmod(0o777)
        expect('others write', ('clear', cache), 1, error='others may write to the folder')
        cache.chmod(0o700)
        (cache / 'letter').write_text('mine')
        expect('documents', ('clear', cache), 1, error='holds other things than a code cache')
        (cache / 'letter').unlink()
        expect('not a folder', ('info', cache / '09' / KEY), 1, error='Not a directory')
        expect('clear', ('clear', cache), 0, ('1 regions removed, 0.0 MiB',))
        if (cache / '09' / KEY).exists() or not (cache / '09/keep.txt').exists():
            print('clear removed too little or too much')
            return 1
        expect('no home', ('info',), 1, error='neither XDG_CACHE_HOME nor HOME', env={'XDG_CACHE_HOME': '', 'HOME': ''})
    return bad


sys.exit(main())
