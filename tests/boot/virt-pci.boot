# The virt board's PCI bus: a disk and entropy there, another disk on virtio-mmio. The disk is written; a snapshot on
# the key goes on in another process. Interrupts are messages (GICv2m), with a GICv3 pins.
timeout 300
host truncate -s 64M $TMP/disk && mke2fs -q -t ext4 -L mynah $TMP/disk && truncate -s 1M $TMP/other
cmd -M virt -cpu cortex-a72 -m 256 -nographic -nic none -kernel ${KERNEL} -initrd ${INITRD} \
    -append "console=ttyAMA0 quiet" --savevm ${TMP}/key -drive if=virtio,format=raw,file=${TMP}/other \
    -drive if=none,id=d,file=${TMP}/disk,format=raw -device virtio-blk-pci,drive=d,serial=onpci -device virtio-rng-pci
not Kernel panic|Oops|BUG:|WARNING:|Internal error|I/O error|EXT4-fs error|nobody cared
wait mynah:/root# 
send cd /sys/bus/pci/devices; for i in *; do echo $i $(cat $i/vendor $i/device); done; cd; for i in /sys/block/vd*; do readlink $i; done\n
wait ^0000:00:00\.0 0x1b36 0x0008
wait ^0000:00:01\.0 0x1af4 0x1001
wait ^0000:00:02\.0 0x1af4 0x1005
wait a003e00\.virtio_mmio/.*/block/vd
wait pci0000:00/0000:00:01\.0/.*/block/vd
wait mynah:/root# 
send d=/dev/$(cd /sys/block; grep -l onpci vd*/serial | cut -d/ -f1); mount -t ext4 $d /mnt && echo mounted$((6*7))\n
wait ^mounted42
send dd if=/dev/urandom of=/mnt/random bs=64k count=128 && sync\n
wait 128\+0 records out
wait mynah:/root# 
send cd /mnt; md5sum random > sums; mkdir -p a/b; cp /bin/busybox a/b; md5sum a/b/busybox >> sums; cd\n
wait mynah:/root# 
send umount /mnt; mount -t ext4 $d /mnt; cd /mnt; md5sum -c sums\n
wait ^random: OK
wait ^a/b/busybox: OK
send cd; dd if=/dev/hwrng bs=64 count=16 2>&1 >/dev/null | head -n 1; grep virtio /proc/interrupts\n
wait ^16\+0 records in
wait ^ *\d+: +[1-9]\d* +MSI.* Edge +virtio\d-req\.0
wait mynah:/root# 
send umount /mnt; a=kept; echo 3 > /proc/sys/vm/drop_caches\n
wait mynah:/root# 
send \x01s
wait ^\[snapshot written to .*/key\]
send \n
wait mynah:/root# 
send poweroff\n
exit 0
host e2fsck -fn $TMP/disk
host cd $TMP && debugfs -R "rdump / ." disk && md5sum -c sums
# From the key: the disk is read through interrupts that the loaded machine still has.
cmd -M virt -cpu cortex-a72 -m 256 -nographic -nic none -kernel ${KERNEL} -initrd ${INITRD} \
    -append "console=ttyAMA0 quiet" --loadvm ${TMP}/key -drive if=virtio,format=raw,file=${TMP}/other \
    -drive if=none,id=d,file=${TMP}/disk,format=raw -device virtio-blk-pci,drive=d,serial=onpci -device virtio-rng-pci
not Kernel panic|Oops|BUG:|WARNING:|Internal error|I/O error|EXT4-fs error|nobody cared
send \n
wait mynah:/root# 
send mount -t ext4 $d /mnt; cd /mnt; md5sum -c sums; cd; umount /mnt; echo $a$((6*7))\n
wait ^random: OK
wait ^a/b/busybox: OK
wait ^kept42
send dd if=/dev/hwrng bs=64 count=16 2>&1 >/dev/null | head -n 1\n
wait ^16\+0 records in
send poweroff\n
exit 0
# Pins.
cmd -M virt,gic-version=3 -cpu cortex-a72 -m 256 -nographic -nic none -kernel ${KERNEL} -initrd ${INITRD} \
    -append "console=ttyAMA0 quiet" -drive if=none,id=d,file=${TMP}/disk,format=raw -device virtio-blk-pci,drive=d
not Kernel panic|Oops|BUG:|WARNING:|Internal error|I/O error|EXT4-fs error|nobody cared
wait mynah:/root# 
send mount -t ext4 /dev/vda /mnt; cd /mnt; md5sum -c sums; cd; umount /mnt; grep virtio /proc/interrupts\n
wait ^random: OK
wait ^ *\d+: +[1-9]\d* +GICv3.* Level +virtio0
send poweroff\n
exit 0
# With the disk on virtio-mmio instead it is another machine.
cmd -M virt -cpu cortex-a72 -m 256 -nographic -nic none -kernel ${KERNEL} -initrd ${INITRD} \
    -append "console=ttyAMA0 quiet" --loadvm ${TMP}/key -drive if=virtio,format=raw,file=${TMP}/other \
    -drive if=virtio,file=${TMP}/disk,format=raw -device virtio-rng-pci
exit 1
stderr snapshot '.*/key'
