#!/bin/bash
# setup.sh run|test - install the Debian packages that ./run or ./test needs, when some are missing.
# Uses sudo where the user is not root. Says what it installs; silent when there is nothing to do.
set -euo pipefail

run=(gcc libc6-dev meson ninja-build pkg-config python3 zlib1g-dev libzstd-dev libjansson-dev libfdt-dev libpng-dev libsdl2-dev llvm-19-dev seabios)
test=(libcmocka-dev binutils-aarch64-linux-gnu e2fsprogs genisoimage mtools xvfb libxtst6)

case ${1-} in
    run)  wanted=("${run[@]}") ;;
    test) wanted=("${run[@]}" "${test[@]}") ;;
    *)    sed -n '2,3p' "$0" >&2; exit 2 ;;
esac

say() { echo "mynah: $*" >&2; }
die() { say "$*"; exit 1; }

missing() { # those of "$@" that dpkg does not have installed; any architecture's will do
    local have
    have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2> /dev/null |
        sed -n 's/^installed //p') || true
    comm -23 <(printf '%s\n' "$@" | sort) <(sort -u <<< "$have")
}

command -v dpkg-query > /dev/null ||
    die "this needs Debian 12 or a system with apt; elsewhere install: ${wanted[*]}"
mapfile -t todo < <(missing "${wanted[@]}")
[ ${#todo[@]} -gt 0 ] || exit 0

root=()
if [ "$(id -u)" != 0 ]; then
    command -v sudo > /dev/null ||
        die "packages are missing and there is no sudo; as root: apt-get install ${todo[*]}"
    root=(sudo)
fi

apt() {
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 \
        -o Acquire::Retries=3 "$@"
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
say "installing Debian packages: ${todo[*]}"
for try in 1 2 3; do
    # The first try goes with the lists that are there; update only when they do not do.
    [ "$try" = 1 ] || { say "updating the package lists"; apt update || sleep 3; } >> "$log" 2>&1
    if apt -y --no-install-recommends install "${todo[@]}" >> "$log" 2>&1; then
        exit 0
    fi
done
tail -n 15 "$log" >&2
die "apt-get could not install ${todo[*]} (its words are above)"
