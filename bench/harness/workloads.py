"""workloads.py - the list of workloads, the classes it sorts them into, and what differs by architecture."""
import dataclasses
import fnmatch
import pathlib

BENCH = pathlib.Path(__file__).resolve().parent.parent
LIST = BENCH / 'list'
FIRST = 'arm64'         # the rows of classes are its own, and all others' where they have no row
OTHERS = ('amd64',)
CLASSES = ('system', 'programs', 'integer', 'fp', 'simd', 'smc')


@dataclasses.dataclass
class Workload:
    """One line of the list. expected is None until a result has been recorded."""
    group: str
    name: str
    expected: str | None
    command: str
    native: str | None


def portable(result):
    """The part of a result that every host agrees on."""
    return result.partition(':')[0]


def parse_line(line, number):
    fields = line.split(None, 3)
    if len(fields) != 4 or fields[0] not in CLASSES:
        raise SystemExit(f'bench/list:{number}: not "CLASS NAME RESULT COMMAND": {line.strip()}')
    group, name, expected, command = fields
    command, bar, native = (s.strip() for s in command.partition('|'))
    native = native if bar else command
    return Workload(group, name, None if expected == '-' else expected, command,
                    None if native == '-' else native)


def apply_row(line, number, by_name):
    """A row "ARCH NAME RESULT [COMMAND [| NATIVE COMMAND]]" replaces what the row of the class says."""
    fields = line.split(None, 3)
    if len(fields) < 3 or fields[1] not in by_name:
        raise SystemExit(f'bench/list:{number}: not "ARCH NAME RESULT [COMMAND]" of one above: {line.strip()}')
    base = by_name[fields[1]]
    group = ' '.join([base.group, *fields[1:]])
    if len(fields) == 3:
        group += f' {base.command} | {base.native or "-"}'
    by_name[base.name] = parse_line(group, number)


def load(globs=(), arch=FIRST):
    """The workloads whose name or class matches one of GLOBS (all, when there are none), as ARCH has them."""
    by_name, own = {}, set()
    for number, line in enumerate(LIST.read_text().splitlines(), 1):
        first, name = (line.split(None, 2) + ['', ''])[:2]
        if not first or first.startswith('#'):
            continue
        if name in own if first in OTHERS else name in by_name:
            raise SystemExit(f'bench/list:{number}: {name} is there twice')
        if first not in OTHERS:
            by_name[name] = parse_line(line, number)
        elif first == arch:
            own.add(name)
            apply_row(line, number, by_name)
    found = list(by_name.values())
    if globs:
        found = [w for w in found
                 if any(fnmatch.fnmatch(s, g) for g in globs for s in (w.name, w.group))]
    return found


def record(results, arch=FIRST):
    """Write results {name: result} into the list, in place of what was expected.

    Of another architecture than the first: into its row, if there is one; else the row of the class
    stands when the result is the same there, and a row is added when it is not."""
    lines, left = [], dict(results)
    for line in LIST.read_text().splitlines(keepends=True):
        fields = line.split(None, 3)
        own = line.startswith(tuple(CLASSES)) if arch == FIRST else fields[:1] == [arch]
        if own and fields[1] in results:
            fields[2] = results[fields[1]]
            left.pop(fields[1], None)
            line = row_text(*fields)
        elif len(fields) == 4 and left.get(fields[1]) == fields[2]:
            left.pop(fields[1])
        lines.append(line)
    LIST.write_text(''.join(lines) + ''.join(row_text(arch, *item) for item in left.items()))


def row_text(group, name, result, command=''):
    return f'{group:<11} {name:<15} {result:<17} {command}'.rstrip() + '\n'
