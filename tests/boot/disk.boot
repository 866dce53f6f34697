# A raw ext4 disk, mounted read-write, written, and in order for the host afterwards.
timeout 240
host truncate -s 64M $TMP/disk && mke2fs -q -t ext4 -L mynah $TMP/disk
cmd -M virt -cpu cortex-a72 -m 512 -nographic -nic none -kernel ${KERNEL} -initrd ${INITRD} \
    -append "console=ttyAMA0 quiet" \
    -drive if=none,id=d,file=${TMP}/disk,format=raw -device virtio-blk-device,drive=d
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
send cd; poweroff\n
exit 0
host e2fsck -fn $TMP/disk
host cd $TMP && debugfs -R "rdump / ." disk && md5sum -c sums && cmp a/b/busybox \
    ${KERNEL%/linux-arm64/*}/busybox-arm64/busybox
