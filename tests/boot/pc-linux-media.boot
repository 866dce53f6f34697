# ISOLINUX from a CD and SYSLINUX from a FAT disk: the menu and keys in it, GRUB's floppy by MEMDISK, Linux.
timeout 300
program mynah-system-x86_64
host d=$TMP/cd s=$(dirname $SYSLINUX); mkdir $d; cp $s/isolinux.bin $s/{ldlinux,libcom32,libutil,menu}.c32 $s/memdisk $d; \
    cp $RESCUE_FLOPPY $d/floppy.img; cp $KERNEL_686 $d/linux; cp $INITRD_MIN_686 $d/initrd; \
    printf '%s\n' 'default menu.c32' 'prompt 0' 'menu title Three ways' 'label lin' 'menu label Linux' 'kernel linux' \
        'append initrd=initrd console=ttyS0 quiet' 'label fd' 'menu label GRUB in memory' 'kernel memdisk' \
        'append initrd=floppy.img' > $d/isolinux.cfg
host cd $TMP; genisoimage -quiet -o cd.iso -b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table cd
host cd $TMP; truncate -s 24M disk; mformat -i disk -h 16 -s 63 -t 48 ::; mv cd/isolinux.cfg cd/syslinux.cfg; \
    mcopy -i disk cd/* ::; $(dirname $SYSLINUX)/syslinux --install disk
cmd -m 128 -display none -monitor stdio -cdrom ${TMP}/cd.iso -serial file:${TMP}/serial
screen Three ways[\s│├─┤]+Linux +│\s+│ GRUB in memory
keys down ret
screen GNU GRUB +version 2
send system_reset\n
screen Three ways
keys ret
exit 0
host grep -q ^MYNAH-BOOT-OK $TMP/serial
cmd -m 128 -display none -monitor stdio -hda ${TMP}/disk -snapshot -serial file:${TMP}/serial
screen Three ways[\s│├─┤]+Linux +│\s+│ GRUB in memory
keys down ret
screen GNU GRUB +version 2
send system_reset\n
screen Three ways
keys ret
exit 0
host grep -q ^MYNAH-BOOT-OK $TMP/serial
