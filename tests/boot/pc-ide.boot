# IDE disks and a CD: Debian's kernel reads both by DMA and by PIO, writes a file system, and agrees with the host.
timeout 300
host mkdir $TMP/cd && head -c 5000000 /dev/urandom > $TMP/cd/random && head -c 100001 /dev/urandom > $TMP/cd/odd && \
    (cd $TMP/cd && md5sum random odd > sums)
host genisoimage -quiet -R -V MYNAH -o $TMP/cd.iso $TMP/cd
host head -c 8388608 /dev/urandom > $TMP/hda && truncate -s 64M $TMP/hdd && mke2fs -q -t ext4 $TMP/hdd
host (md5sum < $TMP/hda; md5sum < $TMP/cd.iso) > $TMP/sums
program mynah-system-x86_64
cmd -m 512 -nographic -nic none -kernel ${KERNEL_AMD64} -initrd ${INITRD_IDE_AMD64} -append "console=ttyS0 quiet" \
    -hda ${TMP}/hda -cdrom ${TMP}/cd.iso -drive file=${TMP}/hdd,format=raw,if=ide,index=3
not Kernel panic|Oops|BUG:|WARNING:|Internal error|I/O error|EXT4-fs error|exception Emask|failed command
# A command that complains has failed; the first one shall end the test.
not \b(mount|umount|cp|dd|cat|md5sum|rmmod|insmod|sh): 
wait mynah:/root# 
# Linux probes both channels at the same time: what it says comes in any order, and sda is either disk. So by drive number:
send d() { echo /dev/$(ls /sys/devices/pci*/*/ata*/host*/target*:0:$1/*/block | grep ^sd); }\n
wait mynah:/root# 
send ready() { until head -c 1 $(d 0) && head -c 1 $(d 1) && head -c 1 /dev/sr0; do sleep 1; done > /dev/null 2>&1; }\n
wait mynah:/root# 
send ready; dmesg | grep -Eo "ata[0-9][.].*(ATA-|ATAPI|LBA48).*" | sort\n
wait ^ata1.00: 16384 sectors, multi 16: LBA48
wait ^ata1.00: ATA-7: QEMU HARDDISK, 2.5\+, max UDMA/100
wait ^ata2.00: ATAPI: QEMU DVD-ROM, 2.5\+, max UDMA/100
wait ^ata2.01: 131072 sectors, multi 16: LBA48
wait ^ata2.01: ATA-7: QEMU HARDDISK, 2.5\+, max UDMA/100
wait mynah:/root# 
send cat /sys/class/ata_device/*/xfer_mode | sort -u\n
wait ^XFER_MW_DMA_2
wait mynah:/root# 
send mkdir /cd; mount -t iso9660 /dev/sr0 /cd && cd /cd && md5sum -c sums; cd\n
wait ^random: OK
wait ^odd: OK
wait mynah:/root# 
send mount -t ext4 $(d 1) /mnt && (md5sum < $(d 0); md5sum < /dev/sr0) > /mnt/raw\n
wait mynah:/root# 
send cp -r /cd /mnt && dd if=/dev/urandom of=/mnt/more bs=64k count=128 && cd /mnt\n
wait 128\+0 records out
wait mynah:/mnt# 
send md5sum more > sums; sync; cd; umount /mnt; mount -t ext4 $(d 1) /mnt; cd /mnt; md5sum -c sums; cd cd; md5sum -c sums\n
wait ^more: OK
wait ^random: OK
wait ^odd: OK
wait mynah:/mnt/cd# 
send cd; umount /cd; umount /mnt; rmmod ata_piix; rmmod libata; insmod /modules/libata.ko dma=0\n
wait mynah:/root# 
send insmod /modules/ata_piix.ko; ready; cat /sys/class/ata_device/*/xfer_mode | sort -u\n
wait ^XFER_PIO_4
wait mynah:/root# 
send mount -t ext4 $(d 1) /mnt && (md5sum < $(d 0); md5sum < /dev/sr0) > /mnt/pio && cp /mnt/more /mnt/less\n
wait mynah:/root# 
send umount /mnt; poweroff\n
exit 0
host e2fsck -fn $TMP/hdd
host cd $TMP && debugfs -R "dump /more more" hdd && debugfs -R "dump /sums moresums" hdd && \
    debugfs -R "dump /raw raw" hdd && cmp raw sums && \
    debugfs -R "dump /pio pio" hdd && cmp pio sums && debugfs -R "dump /less less" hdd && cmp more less && md5sum -c moresums
