# Boots of PCs on two engines (by name: the reference and the best one), compared all the way: a whole one that
# writes to a disk, sleeps and draws random numbers, ...
full
timeout 1200
program mynah-system-x86_64
host truncate -s 16M $TMP/disk && mke2fs -q -t ext4 $TMP/disk && cp $TMP/disk $TMP/copy
host printf '%s\n' '#!/bin/sh' '/bin/busybox mount -t proc proc /proc' 'mount -t devtmpfs dev /dev' \
    'while read -r m; do insmod "/modules/$m"; done < /modules/order' 'mount -t ext4 /dev/vda /mnt' \
    'head -c 300000 /dev/urandom > /mnt/random' 'head -c 64 /dev/hwrng | md5sum > /mnt/entropy' 'sync' 'sleep 0.2' \
    'date +%s.%N > /mnt/date' 'umount /mnt' 'echo "DISK $(md5sum < /dev/vda)"' 'poweroff -f' > $TMP/init
host python3 -B $ROOT/tools/guests/mkinitrd.py --init $TMP/init --out $TMP/initrd \
    --busybox ${KERNEL_CLOUD%/linux-cloud-amd64/*}/busybox-amd64/busybox --modules ${KERNEL_CLOUD%/*}/modules \
    virtio_pci virtio_blk virtio-rng
cmd -cpu max -m 512 -nographic -nic none -kernel ${KERNEL_CLOUD} -initrd ${TMP}/initrd \
    -append "console=ttyS0 quiet" --lockstep interp,auto \
    -drive if=virtio,format=raw,file=${TMP}/disk,snapshot=on -device virtio-rng-pci
not Kernel panic|Oops|BUG:|WARNING:|Internal error
wait ^DISK [0-9a-f]{32}
wait ^lockstep: \d+ instructions, \d+ checkpoints, no difference$
exit 0
host cmp $TMP/disk $TMP/copy
# ... and one of 32 bits with another model, looked at every few instructions.
cmd -cpu qemu32 -m 512 -nographic -nic none -kernel ${KERNEL_PAE} -initrd ${INITRD_MIN_PAE} \
    -append "console=ttyS0 quiet" --lockstep interp,auto --lockstep-every 1777 --stop-at 1200000000
not Kernel panic|Oops|BUG:|WARNING:|Internal error
wait ^lockstep: \d+ instructions, \d+ checkpoints, no difference$
exit 0
