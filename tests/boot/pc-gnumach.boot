# GNU Mach by GRUB, as a multiboot kernel: through its drivers' probes to where it wants its servers; on the screen, too.
timeout 180
program mynah-system-x86_64
host mkdir -p $TMP/tree/boot/grub && cp $GNUMACH $TMP/tree/boot/mach
host printf '%s\n' 'set timeout=-1' 'menuentry "a" { multiboot /boot/mach mach console=com0; }' \
    'menuentry "b" { multiboot /boot/mach mach; }' > $TMP/tree/boot/grub/grub.cfg
host python3 -B $ROOT/tools/guests/mkdisk.py --grub $(dirname $GRUB_AMD64) --tree $TMP/tree --out $TMP/disk --size 16
cmd -cpu qemu32 -m 256 -nographic -hda ${TMP}/disk -snapshot
wait GNU GRUB +version 2
pause 1
send \n
wait GNU Mach
wait hd0: QEMU HARDDISK, 16MB
wait hd2: QEMU DVD-ROM, ATAPI CDROM drive
wait FDC 0 is a S82078B
wait hd0s1
wait No bootstrap code loaded
send \x01x
exit 0
cmd -m 256 -display none -monitor stdio -hda ${TMP}/disk -snapshot
screen GNU GRUB +version 2
keys down ret
screen No bootstrap code loaded
send quit\n
exit 0
