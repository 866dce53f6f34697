#!/bin/bash
# fetch.sh GUEST... - fetch stock arm64 guests from Debian's archive, through apt alone.
#
#   linux      Debian's kernel: linux-arm64/{vmlinuz,modules/,package}
#   busybox    busybox-static:  busybox-arm64/busybox
#   installer  the netboot installer: installer-arm64/{linux,initrd.gz}
#   uboot      U-Boot for qemu_arm64: uboot-arm64/u-boot.bin
#   edk2       EDK2 for the virt board: edk2-arm64/{QEMU_EFI.fd,AAVMF_CODE.fd,AAVMF_VARS.fd}
#   --path     print the folder of guest files and leave
#
# Files live in $MYNAH_GUESTS (default: mynah/guests in the user's cache folder) and stay until
# the folder is removed. Each guest is unpacked beside its place and renamed, under one lock, so
# that what is there is whole and two of these can run at once.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
. "$here/apt.sh"

fetch_linux() {
    local version
    # The metapackage depends on the current kernel by its full name.
    version=$(papt apt-cache depends linux-image-arm64 |
        sed -n 's/.*Depends: *linux-image-\(.*-arm64\).*/\1/p' | head -n 1) || true
    [ -n "$version" ] || die "linux-image-arm64 of Debian $SUITE names no kernel"
    say "fetching Debian's arm64 kernel $version (70 MB)"
    papt_unpack "$1" "linux-image-$version" './boot/vmlinuz-*' './boot/config-*' \
        './lib/modules/*/kernel/arch/*' './lib/modules/*/kernel/crypto/*' \
        './lib/modules/*/kernel/fs/*' './lib/modules/*/kernel/lib/*' \
        './lib/modules/*/kernel/drivers/block/*' './lib/modules/*/kernel/drivers/char/*' \
        './lib/modules/*/kernel/drivers/virtio/*' './lib/modules/*/kernel/drivers/net/*' \
        './lib/modules/*/kernel/net/*' './lib/modules/*/kernel/drivers/firmware/*' \
        './lib/modules/*/kernel/drivers/input/keyboard/*'
    mv "$1"/boot/vmlinuz-* "$1/vmlinuz"
    mv "$1"/boot/config-* "$1/config"
    mv "$1/lib/modules/$version/kernel" "$1/modules"
    rm -r "$1/boot" "$1/lib"
}

fetch_busybox() {
    say "fetching busybox (1 MB)"
    papt_unpack "$1" busybox-static './bin/busybox'
    mv "$1/bin/busybox" "$1/busybox"
    rmdir "$1/bin"
}

fetch_installer() {
    local from
    say "fetching Debian's arm64 installer (60 MB)"
    papt_unpack "$1" debian-installer-12-netboot-arm64 \
        './usr/lib/debian-installer/images/*/arm64/text/debian-installer/arm64/*'
    from=$(echo "$1"/usr/lib/debian-installer/images/*/arm64/text/debian-installer/arm64)
    mv "$from/linux" "$from/initrd.gz" "$1/"
    rm -r "$1/usr"
}

fetch_uboot() {
    say "fetching U-Boot (10 MB)"
    papt_unpack "$1" u-boot-qemu './usr/lib/u-boot/qemu_arm64/*'
    mv "$1/usr/lib/u-boot/qemu_arm64/u-boot.bin" "$1/"
    rm -r "$1/usr"
}

fetch_edk2() {
    say "fetching EDK2 (10 MB)"
    papt_unpack "$1" qemu-efi-aarch64 './usr/share/AAVMF/*' './usr/share/qemu-efi-aarch64/*'
    mv "$1/usr/share/qemu-efi-aarch64/QEMU_EFI.fd" "$1"/usr/share/AAVMF/AAVMF_CODE.fd \
        "$1"/usr/share/AAVMF/AAVMF_VARS.fd "$1/"
    rm -r "$1/usr"
}

missing() { # the guests of "$@" that are not there yet
    local g
    for g in "$@"; do
        [ -e "$GUESTS/$g-arm64/package" ] || echo "$g"
    done
}

get_missing() {
    local todo g tmp
    todo=$(missing "$@")
    [ -n "$todo" ] || return 0          # fetched by another while we waited for the lock
    rm -rf "$GUESTS"/tmp.*              # of one that was ended half-way; we hold the lock
    say "reading the archive's package lists"
    papt_update
    for g in $todo; do
        tmp=$(mktemp -d "$GUESTS/tmp.XXXXXX")
        chmod 755 "$tmp"
        "fetch_$g" "$tmp"
        rm -rf "$GUESTS/$g-arm64"
        mv "$tmp" "$GUESTS/$g-arm64"
    done
}

main() {
    local g
    if [ "${1-}" = --path ]; then
        echo "$GUESTS"
        return
    fi
    for g in "$@"; do
        declare -F "fetch_$g" > /dev/null || die "unknown guest '$g' (linux busybox installer uboot edk2)"
    done
    [ -n "$(missing "$@")" ] || return 0
    mkdir -p "$GUESTS" || die "cannot make the folder $GUESTS for guest files"
    exec 9> "$GUESTS/lock"
    flock -n 9 || { say "waiting for another fetch of guests"; flock 9; }
    get_missing "$@"
}

main "$@"
