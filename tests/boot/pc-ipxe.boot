# iPXE without a network, from its CD and by GRUB: to its prompt, and a command there.
timeout 240
program mynah-system-x86_64
cmd -m 64 -nic none -display none -monitor stdio -cdrom ${IPXE}
screen Press Ctrl-B
keys ctrl-b
screen ^iPXE>
keys e c h o spc shift-4 shift-bracket_left p l a t f o r m shift-bracket_right ret
screen ^pcbios$
send quit\n
exit 0
host mkdir -p $TMP/tree/boot/grub && cp $IPXE_LKRN $TMP/tree/boot/ipxe && echo 'linux16 /boot/ipxe; boot' > $TMP/tree/boot/grub/grub.cfg
host python3 -B $ROOT/tools/guests/mkdisk.py --grub $(dirname $GRUB_AMD64) --tree $TMP/tree --out $TMP/disk --size 16
cmd -m 64 -nic none -nographic -hda ${TMP}/disk -snapshot
wait iPXE initialising devices\.\.\.ok
wait Press Ctrl-B
send \x02
wait iPXE> 
send help\n
wait Available commands
send \x01x
exit 0
