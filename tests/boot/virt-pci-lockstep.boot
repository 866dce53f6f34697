# Two machines on two engines with a disk, entropy and a console on the virt board's PCI bus, to the guest's power-off.
timeout 300
host truncate -s 16M $TMP/disk && mke2fs -q -t ext4 $TMP/disk && cp $TMP/disk $TMP/copy
host printf '%s\n' '#!/bin/sh' '/bin/busybox mount -t proc proc /proc' 'mount -t devtmpfs dev /dev' \
    'while read -r m; do insmod "/modules/$m"; done < /modules/order' 'mount -t ext4 /dev/vda /mnt' \
    'head -c 64 /dev/hwrng | md5sum > /mnt/entropy' 'umount /mnt' \
    'echo "DISK $(md5sum < /dev/vda) $(grep -c "MSI.*virtio" /proc/interrupts)" > /dev/hvc0' 'poweroff -f' > $TMP/init
host python3 -B $ROOT/tools/guests/mkinitrd.py --init $TMP/init --out $TMP/initrd \
    --busybox ${KERNEL%/linux-arm64/*}/busybox-arm64/busybox --modules ${KERNEL%/*}/modules \
    virtio_pci virtio_blk virtio-rng virtio_console crc32c_generic ext4
cmd -M virt -cpu cortex-a72 -m 256 -display none -serial null -nic none -kernel ${KERNEL} -initrd ${TMP}/initrd \
    -append "console=ttyAMA0 quiet" --lockstep interp,auto -drive if=none,id=d,file=${TMP}/disk,format=raw,snapshot=on \
    -device virtio-blk-pci,drive=d -device virtio-rng-pci -device virtio-serial-pci -device virtconsole
not Kernel panic|Oops|BUG:|WARNING:|Internal error
wait ^DISK [0-9a-f]{32} +- [1-9]
wait ^lockstep: \d+ instructions, \d+ checkpoints, no difference$
exit 0
host cmp $TMP/disk $TMP/copy
