#!/bin/bash
# packages.sh DIR ARCH - unpack the Debian packages of ARCH that the guest's programs come from into DIR.
# Files that no workload needs (documentation, translations, headers, other compilers) stay out.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../tools/guests/common.sh"
. "$here/../tools/guests/apt.sh"

dir=$1
papt_arch "$2"
case $ARCH in
arm64) triplet=aarch64-linux-gnu ;;
amd64) triplet=x86-64-linux-gnu ;;
*) die "the benchmarks have no guest of the architecture '$ARCH'" ;;
esac
packages=(
    libc6 libgcc-s1 libstdc++6 zlib1g libcrypt1 libtinfo6 libreadline8
    xz-utils liblzma5 zstd libzstd1 liblz4-1 7zip
    python3.11-minimal libpython3.11-minimal libexpat1
    perl-base sqlite3 libsqlite3-0 dash mawk
    gcc-12 cpp-12 "binutils-$triplet" libbinutils libisl23 libmpc3 libmpfr6 libgmp10
)
# Patterns for tar, not for the shell.
set -f
unwanted=(usr/share usr/lib/gcc/*/12/{plugin,lto*,g++*,liblto*,collect2} usr/lib/*/{gconv,gprofng,bfd-plugins}
    usr/lib/*/perl-base/unicore usr/bin/*-{lto-dump-12,ld.gold,ld.bfd,dwp,gcov*,gp-*,gprof*,readelf,cpp-12}
    usr/bin/{pzstd,perl5*} usr/lib/ldscripts)
set +f

mkdir -p "$GUESTS"
exec 9> "$GUESTS/lock"                # the private apt trees are shared with fetch.sh
flock 9
tmp=$(mktemp -d "$dir.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/root" "$tmp/debs"
say "fetching $ARCH packages for the benchmarks (60 MB)"
papt_update
(cd "$tmp/debs" && retry 3 papt apt-get download "${packages[@]}") ||
    die "apt could not download the packages for the benchmarks (its words are above)"
for deb in "$tmp"/debs/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" |
        tar -x -C "$tmp/root" --no-same-owner --wildcards "${unwanted[@]/#/--exclude=./}" ||
        die "could not unpack ${deb##*/}"
    dpkg-deb -f "$deb" Package Version | sed 's/^[^:]*: //' | paste -sd ' ' >> "$tmp/root/packages"
done
rm -rf "$dir"
mv "$tmp/root" "$dir"
chmod 755 "$dir"
