#!/bin/bash
# initrd.sh DIR [LINUX BUSYBOX] - make shell.gz (what ./run boots) and minimal.gz (prints one line, powers off)
# in DIR from the fetched guests; returns at once when they are there. LINUX and BUSYBOX are folders of
# guests (linux-arm64, busybox-arm64); those of others than arm64 make shell-LINUX.gz, minimal-LINUX.gz.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"

# Debian builds virtio and ext4 as modules. crc32c is what ext4 asks the crypto layer for by name.
modules=(virtio_mmio virtio_pci virtio_blk virtio_console virtio-rng crc32c_generic ext4)

dir=$1
linux=${2:-linux-arm64}
busybox=${3:-busybox-arm64}
suffix=-${linux#linux-}
[ "$suffix" != -arm64 ] || suffix=

mk() { # mk NAME ARGS...
    local name=$1
    shift
    python3 "$here/mkinitrd.py" --busybox "$GUESTS/$busybox/busybox" \
        --init "$here/init-$name" --out "$dir/$name$suffix.gz" "$@"
}

mk minimal
mk shell --modules "$GUESTS/$linux/modules" "${modules[@]}"
