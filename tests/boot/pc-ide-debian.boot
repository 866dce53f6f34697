# Debian on IDE disks through firmware and GRUB: amd64 with systemd to a login, off by ACPI when the power button is pressed; 686-pae.
full
timeout 900
program mynah-system-x86_64
host cp --sparse=always $DISK_AMD64 $TMP/root
host mkdir -p $TMP/tree/boot/grub && cp $KERNEL_AMD64 $TMP/tree/boot/vmlinuz && cp $INITRD_ROOT_AMD64 $TMP/tree/boot/initrd
host cp $KERNEL_PAE $TMP/tree/boot/vmlinuz.pae && cp $INITRD_IDE_PAE $TMP/tree/boot/initrd.pae
host printf '%s\n' 'set timeout=2' 'menuentry "Debian" { linux /boot/vmlinuz console=ttyS0 root=LABEL=mynah; initrd /boot/initrd; }' \
    'menuentry "PAE" { linux /boot/vmlinuz.pae console=ttyS0; initrd /boot/initrd.pae; }' > $TMP/tree/boot/grub/grub.cfg
host python3 -B $ROOT/tools/guests/mkdisk.py --grub $(dirname $GRUB_AMD64) --tree $TMP/tree --out $TMP/boot
cmd -m 512 -nographic -nic none -hda ${TMP}/boot -hdb ${TMP}/root
not Kernel panic|Oops|BUG:|WARNING:|Internal error|I/O error|EXT4-fs error|segfault|invalid opcode|exception Emask|ACPI (BIOS )?(Error|Warning)
wait Booting from Hard Disk
wait GNU GRUB +version 2
wait Welcome to .*Debian GNU/Linux 12
wait mynah login: 
send root\n
wait Password: 
send mynah\n
wait root@mynah:~# 
send findmnt -no SOURCE /; systemctl is-system-running --wait\n
wait ^/dev/sd[ab]
wait ^running
send \x01c
wait \(mynah\) 
send system_powerdown\n
wait \(mynah\) 
send \x01c
wait reboot: Power down
exit 0
host e2fsck -fn $TMP/root
cmd -cpu qemu32 -m 512 -nographic -nic none -hda ${TMP}/boot -hdb ${TMP}/root -snapshot
not Kernel panic|Oops|BUG:|WARNING:|Internal error|exception Emask|ACPI (BIOS )?(Error|Warning)
wait GNU GRUB +version 2
pause 1
send \x1b[B\n
wait Linux version 6\.
wait mynah:/root# 
send uname -m; until mount -t ext4 LABEL=mynah /mnt; do sleep 1; done; cat /mnt/etc/hostname; poweroff\n
wait ^i686
wait ^mynah$
exit 0
