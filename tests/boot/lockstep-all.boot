# Whole boots to their end on two engines (by name: the reference and the best one), compared all the way: one that
# writes to a disk, sleeps and draws random numbers, ...
full
timeout 900
host truncate -s 16M $TMP/disk && mke2fs -q -t ext4 $TMP/disk && cp $TMP/disk $TMP/copy
host printf '%s\n' '#!/bin/sh' '/bin/busybox mount -t proc proc /proc' 'mount -t devtmpfs dev /dev' \
    'while read -r m; do insmod "/modules/$m"; done < /modules/order' 'mount -t ext4 /dev/vda /mnt' \
    'head -c 300000 /dev/urandom > /mnt/random' 'head -c 64 /dev/hwrng | md5sum > /mnt/entropy' 'sync' 'sleep 0.2' \
    'date +%s.%N > /mnt/date' 'umount /mnt' 'echo "DISK $(md5sum < /dev/vda)"' 'poweroff -f' > $TMP/init
host python3 -B $ROOT/tools/guests/mkinitrd.py --init $TMP/init --out $TMP/initrd \
    --busybox ${KERNEL%/linux-arm64/*}/busybox-arm64/busybox --modules ${KERNEL%/*}/modules \
    virtio_mmio virtio_blk virtio-rng crc32c_generic ext4
cmd -M virt -cpu cortex-a72 -m 512 -nographic -nic none -kernel ${KERNEL} -initrd ${TMP}/initrd \
    -append "console=ttyAMA0 quiet" --lockstep interp,auto \
    -drive if=virtio,format=raw,file=${TMP}/disk,snapshot=on -device virtio-rng-device
not Kernel panic|Oops|BUG:|WARNING:|Internal error
wait ^DISK [0-9a-f]{32}
wait ^lockstep: \d+ instructions, \d+ checkpoints, no difference$
exit 0
host cmp $TMP/disk $TMP/copy
# ... and one with the other interrupt controller and CPU, looked at every few instructions.
cmd -M virt,gic-version=3 -cpu max -m 512 -nographic -nic none -kernel ${KERNEL} -initrd ${INITRD_MIN} \
    -append "console=ttyAMA0 quiet" --lockstep interp,auto --lockstep-every 1777
not Kernel panic|Oops|BUG:|WARNING:|Internal error
wait ^MYNAH-BOOT-OK
wait ^lockstep: \d+ instructions, \d+ checkpoints, no difference$
exit 0
