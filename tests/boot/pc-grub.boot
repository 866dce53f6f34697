# From the reset vector to a shell: SeaBIOS, its virtio driver, GRUB from the disk's boot sector with keys
# typed, Linux with the tables that firmware placed; a reboot goes the same way, GRUB turns the power off,
# too.
timeout 240
program mynah-system-x86_64
host mkdir -p $TMP/tree/boot/grub && cp $KERNEL_CLOUD $TMP/tree/boot/vmlinuz && cp $INITRD_CLOUD $TMP/tree/boot/initrd
host printf '%s\n' 'set timeout=-1' 'menuentry "The system" { linux /boot/vmlinuz console=ttyS0; initrd /boot/initrd; }' \
    'menuentry "Power off" { halt; }' > $TMP/tree/boot/grub/grub.cfg
host python3 -B $ROOT/tools/guests/mkdisk.py --grub $(dirname $GRUB_AMD64) --tree $TMP/tree --out $TMP/disk --size 48
cmd -m 256 -nographic -nic none -drive if=virtio,format=raw,file=${TMP}/disk -device virtio-rng-pci
not Kernel panic|Oops|BUG:|WARNING:|Internal error|Call Trace|I/O error|ACPI (BIOS )?(Error|Warning)|firmware bug
wait SeaBIOS \(version 1
wait Booting from Hard Disk
wait GNU GRUB +version 2
pause 1
send \n
wait Linux version 6\.
wait BIOS-e820: \[mem 0x00000000000f0000-0x00000000000fffff\] reserved
wait SMBIOS 2\.8 present
wait DMI: mynah Standard PC \(i440FX \+ PIIX, 1996\), BIOS 1\.
wait ACPI: RSDP 0x00000000000F\w{4}
wait ACPI: HPET 0x000000000F
wait ACPI: HPET id: 0x8086a201 base: 0xfed00000
wait ACPI: Using IOAPIC for interrupt routing
wait hpet0: 3 comparators, 64-bit 100\.000000 MHz counter
wait mynah:/root# 
send grep -c virtio0 /proc/interrupts; head -c 1048576 /dev/vda | tail -c +512 | cmp - /dev/zero 2>&1 | head -n 1\n
wait ^[1-9]
wait - /dev/zero differ
send reboot\n
wait reboot: Restarting system
wait SeaBIOS \(version 1
wait GNU GRUB +version 2
pause 1
send \n
wait mynah:/root# 
send poweroff\n
exit 0
cmd -m 64 -nographic -nic none -drive if=virtio,format=raw,file=${TMP}/disk,readonly=on
wait GNU GRUB +version 2
pause 1
send \x1b[B\n
exit 0
