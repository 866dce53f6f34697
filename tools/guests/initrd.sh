#!/bin/bash
# initrd.sh DIR - make shell.gz (what ./run boots) and minimal.gz (prints one line, powers off)
# in DIR from the fetched guests; returns at once when they are there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/common.sh"

# Debian builds virtio and ext4 as modules. crc32c is what ext4 asks the crypto layer for by name.
modules=(virtio_mmio virtio_pci virtio_blk virtio_console virtio-rng crc32c_generic ext4)

mk() { # mk NAME ARGS...
    local name=$1
    shift
    python3 "$here/mkinitrd.py" --busybox "$GUESTS/busybox-arm64/busybox" \
        --init "$here/init-$name" --out "$dir/$name.gz" "$@"
}

dir=$1
mk minimal
mk shell --modules "$GUESTS/linux-arm64/modules" "${modules[@]}"
