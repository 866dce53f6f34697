#!/bin/bash
# run.sh [--qemu] FILE.s - assemble a guest test, run it, say what failed; status 0 when it printed "ok".
#
# The image is an arm64 kernel, linked for where the boot protocol puts it. Lines of the test file:
#   // args: OPTIONS     more options for the machine (both programs)
#   // qemu: none WHY    the test is not for the other program
# --qemu runs the same image on qemu-system-aarch64, to compare what the test believes with it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
qemu=
[ "$1" != --qemu ] || { qemu=1; shift; }
file=$1
build=${MYNAH_BUILD:-$here/../../build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! command -v aarch64-linux-gnu-as > /dev/null; then
    echo "binutils-aarch64-linux-gnu is missing"
    exit 77
fi
aarch64-linux-gnu-as -g -I "$here" -o "$work/test.o" "$file"
aarch64-linux-gnu-ld -N -e image --no-warn-rwx-segments -Ttext=0x40200000 --defsym=image_end=_end -o "$work/test.elf" "$work/test.o"
aarch64-linux-gnu-objcopy -O binary "$work/test.elf" "$work/test.bin"

read -r -a args <<< "$(sed -nE 's,^(//|#) args: ,,p' "$file")" || true
common=(-m 64 -serial stdio -display none -kernel "$work/test.bin")
[[ " ${args[*]-} " == *" -cpu "* ]] || common+=(-cpu "max")
[[ " ${args[*]-} " == *" -M "* ]] || common+=(-M virt)
if [ -n "$qemu" ]; then
    why=$(sed -nE 's,^(//|#) qemu: none ,,p' "$file")
    [ -z "$why" ] || { echo "$why"; exit 77; }
    command=(qemu-system-aarch64 -net none -monitor none -icount shift=0,sleep=off)
else
    command=("${MYNAH_PROGRAM:-$build/mynah}" run --clock icount)
fi
status=0
timeout "${GUEST_TIMEOUT:-60}" "${command[@]}" "${common[@]}" ${args[@]+"${args[@]}"} \
    < /dev/null > "$work/out" 2> "$work/err" || status=$?

sed 's/\r//' "$work/out" | while read -r line; do
    if [[ $line =~ ^FAIL\ at\ ([0-9a-f]+)(.*) ]]; then
        where=$(aarch64-linux-gnu-addr2line -e "$work/test.elf" "0x${BASH_REMATCH[1]}")
        echo "FAIL ${where##*/}${BASH_REMATCH[2]}"
    else
        echo "$line"
    fi
done
cat "$work/err"
[ "$status" = 0 ] || echo "status $status"
[ "$status" = 0 ] && grep -qx 'ok' <(sed 's/\r//' "$work/out")
