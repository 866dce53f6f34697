"""workloads.py - the list of workloads, and the classes it sorts them into."""
import dataclasses
import fnmatch
import pathlib

BENCH = pathlib.Path(__file__).resolve().parent.parent
LIST = BENCH / 'list'
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


def load(globs=()):
    """The workloads whose name or class matches one of GLOBS (all, when there are none)."""
    found = []
    for number, line in enumerate(LIST.read_text().splitlines(), 1):
        if line.strip() and not line.startswith('#'):
            found.append(parse_line(line, number))
    names = [w.name for w in found]
    if len(set(names)) != len(names):
        raise SystemExit('bench/list: a name is there twice')
    if globs:
        found = [w for w in found
                 if any(fnmatch.fnmatch(s, g) for g in globs for s in (w.name, w.group))]
    return found


def record(results):
    """Write results {name: result} into the list, in place of what was expected."""
    lines = []
    for line in LIST.read_text().splitlines(keepends=True):
        fields = line.split(None, 3)
        if not line.startswith('#') and len(fields) == 4 and fields[1] in results:
            group, name, _, command = fields
            line = f'{group:<11} {name:<15} {results[name]:<17} {command}'
        lines.append(line)
    LIST.write_text(''.join(lines))
