# U-Boot from pflash reads a kernel off a virtio disk and starts it; the disk's file system too.
full
timeout 240
host truncate -s 128M $TMP/disk && mkdir $TMP/root && cp $KERNEL $TMP/root/Image && \
    cp $INITRD_MIN $TMP/root/initrd && mke2fs -q -t ext4 -d $TMP/root $TMP/disk && \
    cp $UBOOT $TMP/flash && truncate -s 64M $TMP/flash
cmd -M virt -cpu cortex-a57 -m 512 -nographic -nic none \
    -drive if=pflash,file=${TMP}/flash,format=raw,readonly=on \
    -drive if=none,id=d,file=${TMP}/disk,format=raw,readonly=on -device virtio-blk-device,drive=d
not Kernel panic|Oops|BUG:|WARNING:|Internal error
wait Hit any key to stop autoboot
send \n
wait ^=> 
send virtio scan; ls virtio 0\n
wait Image
wait ^=> 
send load virtio 0 ${kernel_addr_r} Image\n
wait bytes read
wait ^=> 
send load virtio 0 ${ramdisk_addr_r} initrd\n
wait bytes read
wait ^=> 
send setenv bootargs console=ttyAMA0\n
wait ^=> 
send booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdt_addr}\n
wait Starting kernel
wait Linux version
wait ^MYNAH-BOOT-OK
exit 0
