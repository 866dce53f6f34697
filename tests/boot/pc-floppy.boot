# Debian's floppy driver on two drives: by DMA, without it, a file system, formats by drive type. Checksums agree with the
# host's before and after. (INITRD_AMD64 is not used, but has what the RAM disk made here is made of: $INITRD_AMD64.)
timeout 300
host d=$(dirname $KERNEL_AMD64); python3 -B $ROOT/tools/guests/mkinitrd.py --busybox $d/../busybox-amd64/busybox \
    --init $ROOT/tools/guests/init-shell --out $TMP/initrd.gz --modules $d/modules virtio_pci virtio_blk crc32c_generic ext4 floppy
host cd $TMP && head -c 1474560 /dev/urandom > a && head -c 2949120 /dev/urandom > b && cp a a.old
host cd $TMP && (md5sum < a && md5sum < b) | cut -c 1-32 > sums
host cd $TMP && head -c 737280 /dev/urandom > c && head -c 368640 /dev/urandom > d && (md5sum < c && md5sum < d) | cut -c 1-32 >> sums && truncate -s 4096 sums
program mynah-system-x86_64
cmd -m 512 -nographic -nic none --clock icount,pace=max -kernel ${KERNEL_AMD64} -initrd ${TMP}/initrd.gz -append "console=ttyS0 quiet" \
    -fda ${TMP}/a -drive if=floppy,file=${TMP}/b,readonly=on -drive if=none,file=${TMP}/sums,id=sums,readonly=on \
    -device virtio-blk-pci,drive=sums
not Kernel panic|Oops|BUG:|WARNING:|Internal error|I/O error|floppy: error|floppy timeout|unexpected interrupt
wait mynah:/root# 
send dmesg | grep -E 'Floppy drive|FDC 0'\n
wait Floppy drive\(s\): fd0 is 1.44M, fd1 is 2.88M AMI BIOS
wait FDC 0 is a S82078B
wait mynah:/root# 
send for i in 0 1; do md5sum /dev/fd$i | cut -c 1-32; done > sums; head -n 2 /dev/vda | cmp - sums && echo same$((6*7))\n
wait ^same42
wait mynah:/root# 
send grep -c floppy /proc/dma; dd if=/dev/zero of=/dev/fd1 count=1; echo end$((6*7))\n
wait ^1
wait dd: can't open '/dev/fd1': Read-only file system
wait ^end42
wait mynah:/root# 
send mke2fs /dev/fd0 > /dev/null && mount -t ext4 /dev/fd0 /mnt && dd if=/dev/urandom of=/mnt/random bs=1k count=900 && echo 3 > \
    /proc/sys/vm/drop_caches && md5sum /mnt/random > /mnt/sum && umount /mnt && mount -t ext4 /dev/fd0 /mnt && md5sum -c /mnt/sum\n
wait ^/mnt/random: OK
wait mynah:/root# 
send umount /mnt; rmmod floppy; insmod /modules/floppy.ko floppy=nodma && md5sum /dev/fd0 | cut -c 1-32; grep -c floppy /proc/dma\n
wait ^[0-9a-f]{32}
wait ^0
wait mynah:/root# 
send mount -t ext4 /dev/fd0 /mnt && md5sum -c /mnt/sum && echo more > /mnt/more && umount /mnt && poweroff\n
wait ^/mnt/random: OK
exit 0
host cd $TMP && ! cmp -s a a.old && e2fsck -fn a && debugfs -R "dump /random random" a && debugfs -R "cat /more" a | grep -q more
host cd $TMP && debugfs -R "cat /sum" a | sed 's,/mnt/,,' | md5sum -c
# Double density; the driver finds the format that is not the drive's own.
cmd -m 512 -nographic -nic none --clock icount,pace=max -kernel ${KERNEL_AMD64} -initrd ${TMP}/initrd.gz -append "console=ttyS0 quiet" \
    -fda ${TMP}/c -fdb ${TMP}/d -drive if=none,file=${TMP}/sums,id=sums,readonly=on -device virtio-blk-pci,drive=sums -snapshot
not Kernel panic|Oops|BUG:|WARNING:|Internal error|I/O error|floppy timeout|unexpected interrupt
wait mynah:/root# 
send for i in 0 1; do md5sum /dev/fd$i | cut -c 1-32; done > sums; tail -n +3 /dev/vda | head -n 2 | cmp - sums && echo same$((6*7))\n
wait ^same42
send dmesg | grep 'Floppy drive'\n
wait fd0 is 1.44M, fd1 is 360K PC
wait mynah:/root# 
send poweroff\n
exit 0
