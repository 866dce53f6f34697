#!/bin/bash
# build.sh [-s] DIR [TARGET...] - configure DIR when needed and build it; silent when there is
# nothing to do. -s: with address and undefined-behaviour sanitizers.
# MYNAH_WERROR=1: warnings are errors (what CI uses), decided when DIR is first configured.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

options=()
[ -z "${MYNAH_WERROR-}" ] || options+=(-Dwerror=true)
if [ "${1-}" = -s ]; then
    options+=(-Db_sanitize=address,undefined -Db_lundef=false)
    shift
fi
dir=$1
shift

mkdir -p "$dir"
exec 9> "$dir/.lock"                    # two ./run at once build one after the other
flock 9

# A file added to or removed from a room changes the lists that meson made (tools/sources.py).
# So does cmocka, which ./test installs and ./run does not, and LLVM and SDL, which the program does without.
{ python3 "$root/tools/sources.py" all; pkg-config --exists cmocka && echo cmocka; pkg-config --exists sdl2 && echo sdl2
    command -v llvm-config-19; } \
    > "$dir/.sources.new" || true
if [ ! -e "$dir/build.ninja" ]; then
    echo "mynah: configuring $dir" >&2
    meson setup "${options[@]}" "$dir" "$root" > "$dir/.configure.log" ||
        { cat "$dir/.configure.log" >&2; exit 1; }
elif ! cmp -s "$dir/.sources.new" "$dir/.sources"; then
    meson setup --reconfigure "$dir" "$root" > "$dir/.configure.log" ||
        { cat "$dir/.configure.log" >&2; exit 1; }
fi
mv "$dir/.sources.new" "$dir/.sources"

# An edited meson.build makes ninja configure again: with its words in the log, too.
ninja -C "$dir" build.ninja > "$dir/.configure.log" || { cat "$dir/.configure.log" >&2; exit 1; }
if ! ninja -C "$dir" -n "$@" | grep -q 'no work to do'; then
    echo "mynah: building in $dir" >&2
    NINJA_STATUS='[%f/%t] ' ninja -C "$dir" "$@" >&2
fi
