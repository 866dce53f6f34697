# What firmware starts, of a disk, a floppy and a CD that say who they are: -boot order, once (until the first reset) and menu, bootindex.
timeout 120
program mynah-system-x86_64
# A boot sector: its letter to the serial port, then it waits for a key there and resets by port 0x92.
host cd $TMP; python3 -c $'import sys\nfor c in "hfc":\n  b = bytes([0xba, 0xf8, 3, 0xb0, ord(c), 0xee, 0xb0, 10, 0xee, 0xba, 0xfd, 3, 0xec, 0xa8, 1, 0x74, 0xfb, \
    0xba, 0xf8, 3, 0xec, 0xb0, 1, 0xe6, 0x92, 0xf4, 0xeb, 0xfd])\n  open(c, "wb").write(b.ljust(510, b"\\0") + b"\\x55\\xaa" + bytes(1474560 - 512))'
host cd $TMP; mkdir t; head -c 512 c > t/boot; genisoimage -quiet -o cd -b boot -c cat -no-emul-boot -boot-load-size 1 t
cmd -m 16 -display none -serial mon:stdio -hda ${TMP}/h -fda ${TMP}/f -cdrom ${TMP}/cd -snapshot -boot order=dca,once=a
wait ^f$
send x
wait ^c$
send x
wait ^c$
send \x01x
exit 0
cmd -m 16 -display none -serial mon:stdio -hda ${TMP}/h -fda ${TMP}/f -cdrom ${TMP}/cd -snapshot -boot once=d
wait ^c$
send x
wait ^h$
send \x01x
exit 0
cmd -m 16 -display none -serial mon:stdio -fda ${TMP}/f -snapshot -global isa-fdc.bootindexA=2 \
    -drive if=none,id=h,format=raw,file=${TMP}/h -device ide-hd,drive=h,bus=ide.1,bootindex=3 \
    -drive if=none,id=c,file=${TMP}/cd,media=cdrom -device ide-cd,drive=c,bus=ide.0,unit=1,bootindex=1 -boot ac
wait ^c$
send \x01x
exit 0
cmd -m 16 -display none -serial mon:stdio -fda ${TMP}/f -snapshot -global isa-fdc.bootindexA=2 \
    -drive if=none,id=h,format=raw,file=${TMP}/h -device ide-hd,drive=h,bus=ide.1,bootindex=3 \
    -drive if=none,id=c,file=${TMP}/cd,media=cdrom -device ide-cd,drive=c,bus=ide.0,unit=1 -boot c
wait ^f$
send \x01x
exit 0
cmd -m 16 -display none -monitor stdio -serial file:${TMP}/out -hda ${TMP}/h -fda ${TMP}/f -cdrom ${TMP}/cd -snapshot -boot c,menu=on
screen Press ESC for boot menu
keys esc
screen 1\. (.*\n)+.*2\. (.*\n)+.*3\. 
send quit\n
exit 0
cmd -boot once=e
exit 1
stderr -boot: once 'e' is not one to three of a
cmd -global isa-fdc.bootindexA=1 -device virtio-rng-pci -drive if=none,id=h,file=${TMP}/h -device ide-hd,drive=h,bootindex=1
exit 1
stderr -device: the bootindex 1 is used twice
cmd -global isa-fdc.iobase=1
exit 1
stderr -global: 'isa-fdc.iobase' is not modelled
