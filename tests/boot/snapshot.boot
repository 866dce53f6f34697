# A snapshot of a running machine on the key goes on in another process, its disk too. In the
# monitor savevm is heard to complain.
timeout 240
host truncate -s 16M $TMP/disk && mke2fs -q -t ext4 $TMP/disk && cp $TMP/disk $TMP/copy
cmd -M virt -m 256 -nographic -nic none -kernel ${KERNEL} -initrd ${INITRD} -append "console=ttyAMA0 quiet" \
    -drive if=virtio,format=raw,file=${TMP}/disk,snapshot=on --savevm ${TMP}/key
wait mynah:/root# 
send mount -t ext4 /dev/vda /mnt && head -c 100000 /dev/urandom > /mnt/random && sync && echo first$((6*7))\n
wait ^first42
wait mynah:/root# 
send echo 3 > /proc/sys/vm/drop_caches; a=kept; md5sum /mnt/random > /tmp/sum; echo second$((6*7))\n
wait ^second42
wait mynah:/root# 
send \x01s
wait ^\[snapshot written to .*/key\]
send \n
wait mynah:/root# 
send rm /mnt/random; sync; a=changed; echo third$((6*7))\n
wait ^third42
wait mynah:/root# 
send \x01c
wait \(mynah\) 
send savevm /none/such\n
wait ^snapshot '/none/such': .*No such file
wait \(mynah\) 
send \x01c
wait \n
send \n
wait mynah:/root# 
send umount /mnt; poweroff\n
exit 0
host cmp $TMP/disk $TMP/copy && mv $TMP/disk $TMP/moved
host "${BUILD-build}/mynah" snapshot check $TMP/key
# From the key: the file is there, its contents come from the disk.
cmd -M virt -m 256 -nographic -nic none -kernel ${KERNEL} -initrd ${INITRD} -append "console=ttyAMA0 quiet" \
    -drive if=virtio,format=raw,file=${TMP}/moved,snapshot=on --loadvm ${TMP}/key
send \n
wait mynah:/root# 
send echo 3 > /proc/sys/vm/drop_caches; echo $a$((6*7)); md5sum -c /tmp/sum\n
wait ^kept42
wait ^/mnt/random: OK
send umount /mnt; poweroff\n
exit 0
# Without the place for its writes the machine is refused, and so it is with another disk.
cmd -M virt -m 256 -nographic -nic none -kernel ${KERNEL} -initrd ${INITRD} -append "console=ttyAMA0 quiet" \
    -drive if=virtio,format=raw,file=${TMP}/moved --loadvm ${TMP}/key
exit 1
stderr disk image '.*/moved': the snapshot holds its writes, so it needs snapshot=on$
host mke2fs -q -t ext4 -F $TMP/copy
cmd -M virt -m 256 -nographic -nic none -kernel ${KERNEL} -initrd ${INITRD} -append "console=ttyAMA0 quiet" \
    -drive if=virtio,format=raw,file=${TMP}/copy,snapshot=on --loadvm ${TMP}/key
exit 1
stderr disk image '.*/copy' does not hold what it did when the snapshot was written$
