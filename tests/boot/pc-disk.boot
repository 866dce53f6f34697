# A raw ext4 disk on virtio-blk-pci, mounted read-write, written, and in order for the host afterwards. It interrupts by
# MSI-X.
timeout 240
host truncate -s 64M $TMP/disk && mke2fs -q -t ext4 -L mynah $TMP/disk
program mynah-system-x86_64
cmd -m 512 -nographic -nic none -kernel ${KERNEL_CLOUD} -initrd ${INITRD_CLOUD} -append "console=ttyS0 quiet" \
    -drive if=none,id=d,file=${TMP}/disk,format=raw -device virtio-blk-pci,drive=d
not Kernel panic|Oops|BUG:|WARNING:|Internal error|I/O error|EXT4-fs error
wait mynah:/root# 
send mount -t ext4 /dev/vda /mnt && echo mounted$((6*7))\n
wait ^mounted42
send dd if=/dev/urandom of=/mnt/random bs=64k count=128 && sync\n
wait 128\+0 records out
wait mynah:/root# 
send cd /mnt; md5sum random > sums; mkdir -p a/b; cp /bin/busybox a/b; md5sum a/b/busybox >> sums; cd\n
wait mynah:/root# 
send umount /mnt; mount -t ext4 /dev/vda /mnt; cd /mnt; md5sum -c sums\n
wait ^random: OK
wait ^a/b/busybox: OK
send cd; grep virtio0 /proc/interrupts\n
wait ^ *\d+: +\d+ +PCI-MSI.*virtio0-config
wait ^ *\d+: +[1-9]\d* +PCI-MSI.*virtio0-req\.0
send poweroff\n
exit 0
host e2fsck -fn $TMP/disk
host cd $TMP && debugfs -R "rdump / ." disk && md5sum -c sums
