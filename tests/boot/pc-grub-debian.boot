# A small Debian through firmware: its disk is the first one, GRUB's comes before it by its bootindex. systemd
# to a login, a reboot through all of it, power off by ACPI; then a kernel of 32 bits with PAE.
full
timeout 900
program mynah-system-x86_64
host cp --sparse=always $DISK_AMD64 $TMP/root
host mkdir -p $TMP/tree/boot/grub && cp $KERNEL_AMD64 $TMP/tree/boot/vmlinuz && cp $INITRD_ROOT_AMD64 $TMP/tree/boot/initrd
host cp $KERNEL_PAE $TMP/tree/boot/vmlinuz.pae && cp $INITRD_PAE $TMP/tree/boot/initrd.pae
host printf '%s\n' 'set timeout=2' 'menuentry "Debian" { linux /boot/vmlinuz console=ttyS0; initrd /boot/initrd; }' \
    'menuentry "PAE" { linux /boot/vmlinuz.pae console=ttyS0; initrd /boot/initrd.pae; }' > $TMP/tree/boot/grub/grub.cfg
host python3 -B $ROOT/tools/guests/mkdisk.py --grub $(dirname $GRUB_AMD64) --tree $TMP/tree --out $TMP/boot
cmd -m 512 -nographic -nic none -device virtio-rng-pci -drive if=none,id=r,file=${TMP}/root,format=raw \
    -drive if=none,id=b,file=${TMP}/boot,format=raw,readonly=on -device virtio-blk-pci,drive=r \
    -device virtio-blk-pci,drive=b,bootindex=0
not Kernel panic|Oops|BUG:|WARNING:|Internal error|I/O error|EXT4-fs error|segfault|invalid opcode|ACPI (BIOS )?(Error|Warning)
wait GNU GRUB +version 2
wait Welcome to .*Debian GNU/Linux 12
wait mynah login: 
send root\n
wait Password: 
send mynah\n
wait root@mynah:~# 
send systemctl is-system-running --wait; cat /sys/class/dmi/id/product_name /sys/class/dmi/id/bios_vendor\n
wait ^running
wait ^Standard PC \(i440FX \+ PIIX, 1996\)
wait ^SeaBIOS
send echo $(cd /sys/firmware/acpi/tables && ls)\n
wait ^APIC DSDT FACP FACS HPET
send systemctl reboot\n
wait SeaBIOS \(version 1
wait mynah login: 
send root\n
wait Password: 
send mynah\n
wait root@mynah:~# 
send sync; systemctl poweroff\n
wait reboot: Power down
exit 0
host e2fsck -fn $TMP/root
cmd -cpu qemu32 -m 512 -nographic -nic none -drive if=virtio,file=${TMP}/boot,format=raw,readonly=on
not Kernel panic|Oops|BUG:|WARNING:|Internal error|ACPI (BIOS )?(Error|Warning)
wait GNU GRUB +version 2
pause 1
send \x1b[B\n
wait Linux version 6\.
wait mynah:/root# 
send uname -m; poweroff\n
wait ^i686
exit 0
