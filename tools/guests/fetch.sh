#!/bin/bash
# fetch.sh GUEST... - fetch stock guests from Debian's archive, through apt alone.
#
#   linux      Debian's kernel: linux-arm64/{vmlinuz,modules/,package}
#   busybox    busybox-static:  busybox-arm64/busybox
#   installer  the netboot installer: installer-arm64/{linux,initrd.gz}
#   uboot      U-Boot for qemu_arm64: uboot-arm64/u-boot.bin
#   edk2       EDK2 for the virt board: edk2-arm64/{QEMU_EFI.fd,AAVMF_CODE.fd,AAVMF_VARS.fd}
#   linux-amd64, linux-cloud-amd64, linux-686, linux-686-pae, busybox-amd64, busybox-i386, installer-amd64
#              the same for PCs, in folders of these names
#   grub-amd64    GRUB for a PC's disk: grub-amd64/{boot.img,core.img}; tools/guests/mkdisk.py makes the disk
#   rescue-amd64  GRUB's rescue media: rescue-amd64/{cd.iso,floppy.img}
#   syslinux-amd64  ISOLINUX, SYSLINUX: syslinux-amd64/{isolinux.bin,memdisk,*.c32,syslinux} (the last one runs here)
#   memtest-amd64, ipxe-amd64, uboot-amd64, xen-amd64, gnumach-i386, gtk-amd64 (the installer with windows)
#                 memtest86+{x64,ia32}.bin; ipxe.{iso,lkrn}; u-boot-{x86,x86_64}.rom; xen; gnumach; {linux,initrd.gz}
#   rootfs-amd64  a small Debian with systemd on a disk: rootfs-amd64/disk.img
#   --path     print the folder of guest files and leave
#
# Files live in $MYNAH_GUESTS (default: mynah/guests in the user's cache folder) and stay until
# the folder is removed. Each guest is unpacked beside its place and renamed, under one lock, so
# that what is there is whole and two of these can run at once.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"
. "$here/apt.sh"
. "$here/rootfs.sh"

ALL='linux busybox installer uboot edk2'
ALL+=' linux-amd64 linux-cloud-amd64 linux-686 linux-686-pae busybox-amd64 busybox-i386 installer-amd64 rootfs-amd64 grub-amd64'
ALL+=' rescue-amd64 memtest-amd64 syslinux-amd64 ipxe-amd64 uboot-amd64 xen-amd64 gnumach-i386 gtk-amd64'

arch_of() { # the Debian architecture of a guest
    case $1 in
    *-amd64) echo amd64 ;;
    *-686 | *-686-pae | *-i386) echo i386 ;;
    *) echo arm64 ;;
    esac
}

folder_of() { # the folder of a guest; plain names are the arm64 ones
    case $1 in
    *-*) echo "$GUESTS/$1" ;;
    *) echo "$GUESTS/$1-arm64" ;;
    esac
}

fetch_linux() { # DIR FLAVOUR
    local version flavour=${2:-arm64} more=() screen=()
    screen=('./lib/modules/*/kernel/drivers/media/cec/core/*'
        './lib/modules/*/kernel/drivers/gpu/drm/'{'drm*','virtio/*','display/*'})
    # The power key of the virt board is a keyboard; kernels for clouds have none.
    # PCs have IDE and a power button.
    if [ "$flavour" = arm64 ]; then
        more=('./lib/modules/*/kernel/drivers/input/keyboard/*' './lib/modules/*/kernel/drivers/input/evdev.ko' "${screen[@]}")
    else
        more=('./lib/modules/*/kernel/drivers/ata/*' './lib/modules/*/kernel/drivers/scsi/*'
            './lib/modules/*/kernel/drivers/cdrom/*' './lib/modules/*/kernel/block/*'
            './lib/modules/*/kernel/drivers/acpi/*' './lib/modules/*/kernel/drivers/input/*')
        [ "$flavour" != amd64 ] || more+=("${screen[@]}")
    fi
    # The metapackage depends on the current kernel by its full name.
    version=$(papt apt-cache depends "linux-image-$flavour" |
        sed -n "s/.*Depends: *linux-image-\\([0-9].*-$flavour\\).*/\\1/p" | head -n 1) || true
    [ -n "$version" ] || die "linux-image-$flavour of Debian $SUITE names no kernel"
    say "fetching Debian's kernel $version (70 MB)"
    papt_unpack "$1" "linux-image-$version" './boot/vmlinuz-*' './boot/config-*' \
        './lib/modules/*/kernel/arch/*' './lib/modules/*/kernel/crypto/*' \
        './lib/modules/*/kernel/fs/*' './lib/modules/*/kernel/lib/*' \
        './lib/modules/*/kernel/drivers/block/*' './lib/modules/*/kernel/drivers/char/*' \
        './lib/modules/*/kernel/drivers/virtio/*' './lib/modules/*/kernel/drivers/net/*' \
        './lib/modules/*/kernel/net/*' './lib/modules/*/kernel/drivers/firmware/*' "${more[@]}"
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

fetch_installer() { # DIR ARCH [text|gtk]
    local from kind=${3:-text}
    say "fetching Debian's $ARCH installer (60 MB)"
    papt_unpack "$1" "debian-installer-12-netboot-$ARCH" \
        "./usr/lib/debian-installer/images/*/$ARCH/$kind/debian-installer/$ARCH/*"
    from=$(echo "$1"/usr/lib/debian-installer/images/*/"$ARCH/$kind/debian-installer/$ARCH")
    mv "$from/linux" "$from/initrd.gz" "$1/"
    rm -r "$1/usr"
}

fetch_gtk() { fetch_installer "$1" "$2" gtk; }

fetch_uboot() { # DIR ARCH
    say "fetching U-Boot (10 MB)"
    if [ "$2" = amd64 ]; then
        papt_unpack "$1" u-boot-qemu './usr/lib/u-boot/qemu-x86*'
        mv "$1/usr/lib/u-boot/qemu-x86/u-boot.rom" "$1/u-boot-x86.rom"
        mv "$1/usr/lib/u-boot/qemu-x86_64/u-boot.rom" "$1/u-boot-x86_64.rom"
        rm -r "$1/usr"
        return
    fi
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

fetch_rescue() {
    say "fetching GRUB's rescue media (10 MB)"
    papt_unpack "$1" grub-rescue-pc './usr/lib/grub-rescue/*'
    mv "$1/usr/lib/grub-rescue/grub-rescue-cdrom.iso" "$1/cd.iso"
    mv "$1/usr/lib/grub-rescue/grub-rescue-floppy.img" "$1/floppy.img"
    rm -r "$1/usr"
}

fetch_memtest() {
    say "fetching memtest86+ (1 MB)"
    papt_unpack "$1" memtest86+ './boot/*.bin'
    mv "$1"/boot/*.bin "$1/"
    rm -r "$1/boot"
}

# The installer of boot sectors runs from where it is unpacked.
fetch_syslinux() {
    say "fetching ISOLINUX and SYSLINUX (1 MB)"
    papt_unpack "$1/unpacked" isolinux './usr/lib/ISOLINUX/isolinux.bin'
    papt_unpack "$1/unpacked" syslinux './usr/bin/syslinux'
    papt_unpack "$1/unpacked" syslinux-common './usr/lib/syslinux/memdisk' './usr/lib/syslinux/modules/bios/*'
    mv "$1"/unpacked/usr/{lib/ISOLINUX/isolinux.bin,bin/syslinux,lib/syslinux/memdisk} "$1/"
    mv "$1"/unpacked/usr/lib/syslinux/modules/bios/*.c32 "$1"/unpacked/package "$1/"
    rm -r "$1/unpacked"
}

fetch_ipxe() {
    say "fetching iPXE (2 MB)"
    papt_unpack "$1" ipxe './boot/ipxe.lkrn' './usr/lib/ipxe/ipxe.iso'
    mv "$1/boot/ipxe.lkrn" "$1/usr/lib/ipxe/ipxe.iso" "$1/"
    rm -r "$1/boot" "$1/usr"
}

fetch_xen() {
    say "fetching Xen's hypervisor (6 MB)"
    papt_unpack "$1" xen-hypervisor-4.17-amd64 './boot/xen-*.gz'
    gunzip -c "$1"/boot/xen-*.gz > "$1/xen"
    rm -r "$1/boot"
}

fetch_gnumach() {
    say "fetching GNU Mach (2 MB)"
    papt_unpack "$1" gnumach-image-1.8-486 './boot/gnumach-*'
    gunzip -c "$1"/boot/gnumach-*.gz > "$1/gnumach"
    rm -r "$1/boot"
}

# The core image is made by GRUB's own program, which runs from where it is unpacked.
GRUB_MODULES='biosdisk part_msdos ext2 normal linux linux16 multiboot multiboot2 serial terminal echo test halt'
GRUB_MODULES+=' reboot ls search configfile minicmd cat'
fetch_grub() {
    local p=$1/unpacked
    say "fetching GRUB (4 MB)"
    papt_unpack "$p" grub-common './usr/bin/grub-mkimage'
    papt_unpack "$p" libdevmapper1.02.1 './lib/*'
    papt_unpack "$p" grub-pc-bin './usr/lib/grub/i386-pc/*'
    # shellcheck disable=SC2086
    LD_LIBRARY_PATH=$p/lib/x86_64-linux-gnu "$p/usr/bin/grub-mkimage" -O i386-pc -d "$p/usr/lib/grub/i386-pc" \
        -p '(hd0,msdos1)/boot/grub' -o "$1/core.img" $GRUB_MODULES || die "grub-mkimage could not make a core image"
    mv "$p/usr/lib/grub/i386-pc/boot.img" "$p/package" "$1/"
    rm -r "$p"
    echo "$GRUB_MODULES" > "$1/modules"
}

is_whole() { # is the guest there, with all that these scripts take from its package now
    local folder
    folder=$(folder_of "$1")
    [ -e "$folder/package" ] || return
    case $1 in
    linux | linux-amd64)
        [ -d "$folder/modules/drivers/gpu" ] && { [ "$1" = linux ] || [ -d "$folder/modules/drivers/ata" ]; } ;;
    linux-*) [ -d "$folder/modules/drivers/ata" ] && [ -d "$folder/modules/drivers/input" ] ;;
    grub-*) [ "$(cat "$folder/modules" 2> /dev/null)" = "$GRUB_MODULES" ] ;;
    esac
}

missing() { # the guests of "$@" that are not there yet
    local g
    for g in "$@"; do
        is_whole "$g" || echo "$g"
    done
}

get_one() {
    local tmp
    tmp=$(mktemp -d "$GUESTS/tmp.XXXXXX")
    chmod 755 "$tmp"
    "fetch_${1%%-*}" "$tmp" "$([[ $1 == *-* ]] && echo "${1#*-}" || echo arm64)"
    rm -rf "$(folder_of "$1")"
    mv "$tmp" "$(folder_of "$1")"
}

get_missing() {
    local todo g arch ready=
    todo=$(missing "$@")
    [ -n "$todo" ] || return 0          # fetched by another while we waited for the lock
    rm -rf "$GUESTS"/tmp.*              # of one that was ended half-way; we hold the lock
    for arch in arm64 amd64 i386; do
        for g in $todo; do
            [ "$(arch_of "$g")" = "$arch" ] || continue
            if [ "$ARCH $PAPT" != "$arch $ready" ]; then
                say "reading the archive's package lists"
                papt_arch "$arch"
                papt_update
                ready=$PAPT
            fi
            get_one "$g"
        done
    done
}

main() {
    local g
    if [ "${1-}" = --path ]; then
        echo "$GUESTS"
        return
    fi
    for g in "$@"; do
        [[ " ${ALL//[[:space:]]/ } " == *" $g "* ]] || die "unknown guest '$g' ($ALL)"
    done
    [ -n "$(missing "$@")" ] || return 0
    mkdir -p "$GUESTS" || die "cannot make the folder $GUESTS for guest files"
    exec 9> "$GUESTS/lock"
    flock -n 9 || { say "waiting for another fetch of guests"; flock 9; }
    get_missing "$@"
}

main "$@"
