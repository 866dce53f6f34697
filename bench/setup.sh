#!/bin/bash
# setup.sh - install the Debian packages that the benchmarks need on this machine, when some are missing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../tools/guests/common.sh"

# The emulators to compare with, the compilers of the guest's programs, and the programs that also run natively.
wanted=(qemu-system-arm qemu-system-x86 gcc libc6-dev gcc-aarch64-linux-gnu libc6-dev-arm64-cross
    python3 perl-base xz-utils zstd 7zip sqlite3 dash mawk)

"$here/../tools/setup.sh" run
mapfile -t todo < <(comm -23 <(printf '%s\n' "${wanted[@]}" | sort) <(dpkg-query -W \
    -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2> /dev/null | sed -n 's/^installed //p' | sort -u))
[ ${#todo[@]} -gt 0 ] || exit 0

root=()
[ "$(id -u)" = 0 ] || root=(sudo)
install() {
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 install "${todo[@]}" > /dev/null
}
say "installing Debian packages: ${todo[*]}"
install || { "${root[@]}" apt-get -qq update && install; } ||
    die "apt-get could not install ${todo[*]} (its words are above)"
