#!/bin/bash
# initrd.sh DIR [LINUX BUSYBOX] - make shell.gz (what ./run boots) and minimal.gz (prints one line, powers off)
# in DIR from the fetched guests; returns at once when they are there. LINUX and BUSYBOX are folders of
# guests (linux-arm64, busybox-arm64); those of others than arm64 make shell-LINUX.gz, minimal-LINUX.gz and
# root-LINUX.gz (goes on with the root file system on /dev/vda or root=) and ide-LINUX.gz (a shell, with IDE disks
# and CDs).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"

# Debian builds virtio and ext4 as modules. crc32c is what ext4 asks the crypto layer for by name.
modules=(virtio_mmio virtio_pci virtio_blk virtio_console virtio-rng)

dir=$1
linux=${2:-linux-arm64}
busybox=${3:-busybox-arm64}
# Kernels for clouds have these two built in.
for module in crc32c_generic:CRYPTO_CRC32C ext4:EXT4_FS; do
    ! grep -q "^CONFIG_${module#*:}=m" "$GUESTS/$linux/config" || modules+=("${module%:*}")
done
suffix=-${linux#linux-}
[ "$suffix" != -arm64 ] || suffix=

mk() { # mk NAME ARGS...
    local name=$1 init=$1
    shift
    [ "$name" != ide ] || init=shell
    python3 "$here/mkinitrd.py" --busybox "$GUESTS/$busybox/busybox" \
        --init "$here/init-$init" --out "$dir/$name$suffix.gz" "$@"
}

mk minimal
mk shell --modules "$GUESTS/$linux/modules" "${modules[@]}"
# systemd mounts the last two; the power button is a module of its own, and seen through evdev.
more=()
for module in button:ACPI_BUTTON evdev:INPUT_EVDEV; do
    ! grep -q "^CONFIG_${module#*:}=m" "$GUESTS/$linux/config" || more+=("${module%:*}")
done
[ -z "$suffix" ] || mk root --modules "$GUESTS/$linux/modules" "${modules[@]}" "${more[@]}" \
    ata_piix sd_mod autofs4 binfmt_misc
[ -z "$suffix" ] || mk ide --modules "$GUESTS/$linux/modules" "${modules[@]}" ata_piix sd_mod sr_mod isofs
