# A read-only disk and a snapshot=on disk: the guest sees what it should, the files stay as they were.
timeout 240
host for i in a b; do truncate -s 16M $TMP/$i; mke2fs -q -t ext4 $TMP/$i; done; \
    (cd $TMP && md5sum a b > sums)
cmd -M virt -cpu cortex-a72 -m 512 -nographic -nic none -kernel ${KERNEL} -initrd ${INITRD} \
    -append "console=ttyAMA0 quiet" \
    -drive if=none,id=a,file=${TMP}/a,format=raw,readonly=on -device virtio-blk-device,drive=a \
    -drive if=none,id=b,file=${TMP}/b,format=raw,snapshot=on -device virtio-blk-device,drive=b
not Kernel panic|Oops|BUG:|WARNING:|Internal error
wait mynah:/root# 
send cat /sys/block/vda/ro /sys/block/vdb/ro | sort | tr -d '\\n'; echo .\n
wait ^01\.
# Which disk is vda depends on the order of the kernel's probing: ask.
send for d in vda vdb; do [ $(cat /sys/block/$d/ro) = 1 ] && r=$d || w=$d; done\n
send dd if=/dev/zero of=/dev/$r bs=4096 count=1 || echo refused$((6*7))\n
wait ^refused42
send mount -t ext4 /dev/$w /mnt && echo hello > /mnt/file && umount /mnt\n
send mount -t ext4 /dev/$w /mnt && cat /mnt/file && umount /mnt\n
wait ^hello
send poweroff\n
exit 0
host cd $TMP && md5sum -c sums
