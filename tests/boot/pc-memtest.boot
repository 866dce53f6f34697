# memtest86+, both builds: by GRUB from a disk, on the screen; as a kernel, on the serial port. The first three tests and
# the fourth's begin without an error.
timeout 400
program mynah-system-x86_64
host mkdir -p $TMP/tree/boot/grub && cp $MEMTEST $TMP/tree/boot/x64 && cp $MEMTEST_32 $TMP/tree/boot/ia32
host printf '%s\n' 'set timeout=-1' 'menuentry "x64" { linux16 /boot/x64; }' 'menuentry "ia32" { linux16 /boot/ia32; }' \
    > $TMP/tree/boot/grub/grub.cfg
host python3 -B $ROOT/tools/guests/mkdisk.py --grub $(dirname $GRUB_AMD64) --tree $TMP/tree --out $TMP/disk --size 16
cmd -m 32 -display none -monitor stdio -hda ${TMP}/disk -snapshot
screen GNU GRUB +version 2
keys ret
screen Test #[3-9](.*\n)+.*Memory  : +32MB(.*\n)+.*Pass: +0 +Errors: 0 *$|Test #[3-9](.*\n)+.*Pass: +\d+ +Errors: 0 *$
send quit\n
exit 0
cmd -cpu qemu32 -m 32 -display none -monitor stdio -hda ${TMP}/disk -snapshot
screen GNU GRUB +version 2
keys down ret
screen Test #[3-9](.*\n)+.*Pass: +\d+ +Errors: 0 *$
send quit\n
exit 0
cmd -m 32 -nographic -kernel ${MEMTEST} -append console=ttyS0,115200
not Errors: +[1-9]
wait Memtest86\+
wait #([3-9]|10) 
wait Errors: 0
send \x01x
exit 0
cmd -m 32 -nographic -kernel ${MEMTEST_32} -append console=ttyS0,115200
not Errors: +[1-9]
wait Memtest86\+
wait #([3-9]|10) 
wait Errors: 0
send \x01x
exit 0
