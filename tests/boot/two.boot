# Two machines at once do not disturb each other.
timeout 300
host for i in a b; do truncate -s 16M $TMP/$i; mke2fs -q -t ext4 $TMP/$i; done
cmd -M virt -cpu cortex-a72 -m 512 -nographic -nic none -kernel ${KERNEL} -initrd ${INITRD} \
    -append "console=ttyAMA0 quiet" \
    -drive if=none,id=d,file=${TMP}/a,format=raw -device virtio-blk-device,drive=d
not Kernel panic|Oops|BUG:|WARNING:|Internal error|I am b
cmd -M virt -cpu cortex-a72 -m 512 -nographic -nic none -kernel ${KERNEL} -initrd ${INITRD} \
    -append "console=ttyAMA0 quiet" \
    -drive if=none,id=d,file=${TMP}/b,format=raw -device virtio-blk-device,drive=d
not Kernel panic|Oops|BUG:|WARNING:|Internal error|I am a
machine 1
wait mynah:/root# 
send mount -t ext4 /dev/vda /mnt; echo I am a > /mnt/who; cat /mnt/who\n
machine 2
wait mynah:/root# 
send mount -t ext4 /dev/vda /mnt; echo I am b > /mnt/who; cat /mnt/who\n
wait ^I am b
machine 1
wait ^I am a
send poweroff\n
exit 0
machine 2
send uname -m\n
wait ^aarch64
send poweroff\n
exit 0
host cd $TMP && for i in a b; do e2fsck -fn $i; [ "$(debugfs -R 'cat who' $i)" = "I am $i" ]; done
