# Debian's installer with windows, from a CD through ISOLINUX: its list of languages by picture, a bar moved by keys, the next
# screen by the mouse on a button, the one behind it by keys.
full
timeout 1500
program mynah-system-x86_64
host d=$TMP/cd s=$(dirname $SYSLINUX); mkdir $d; cp $s/isolinux.bin $s/ldlinux.c32 $d; ln -s $GTK_KERNEL_AMD64 $d/linux; \
    ln -s $GTK_INITRD_AMD64 $d/initrd; printf '%s\n' 'default a' 'label a' 'kernel linux' 'append initrd=initrd vga=788' > $d/isolinux.cfg
host cd $TMP; genisoimage -f -quiet -o cd.iso -b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table cd
# One selected row on the screen $1; sets what picture.py says of it.
host printf '%s\n' 'read -r w h top end above below more < <(python3 -B $ROOT/tools/picture.py $TMP/$1.ppm)' \
    '[ "$end" ] && [ ! "$more" ] && echo $top $above $below > $TMP/$1.bar' > $TMP/see
cmd -m 1024 -display none -monitor stdio -cdrom ${TMP}/cd.iso -serial file:${TMP}/serial
picture ${TMP}/list.ppm . $TMP/see list; [ $w = 1280 ]; [ $h = 800 ]; [ $above -ge 8 ]; [ $below -ge 8 ]
keys down
picture ${TMP}/down.ppm . $TMP/see down; read -r was more < $TMP/list.bar; [ $top -ge $((was + 15)) ]; [ $top -le $((was + 40)) ]
keys up
picture ${TMP}/up.ppm . $TMP/see up; cmp $TMP/list.bar $TMP/up.bar
monitor mouse_move 600 400
monitor mouse_move 600 400
monitor mouse_move 600 400
# From the corner back to the button, whether the pointer takes slow steps as they are or halves them.
pause 2
monitor mouse_move -9 -3
monitor mouse_move -9 -3
monitor mouse_move -9 -3
monitor mouse_move -9 -3
monitor mouse_move -9 -3
monitor mouse_move -9 -3
monitor mouse_move -9 -3
monitor mouse_move -9 -3
monitor mouse_move -9 -3
monitor mouse_move -9 -3
pause 2
monitor mouse_button 1
monitor mouse_button 0
picture ${TMP}/place.ppm . $TMP/see place; ! cmp -s $TMP/list.bar $TMP/place.bar
pause 3
picture ${TMP}/place.ppm . $TMP/see place
keys up
picture ${TMP}/higher.ppm . $TMP/see higher; read -r was more < $TMP/place.bar; [ $top -lt $was ]; [ $top -ge $((was - 40)) ]
keys down ret
picture ${TMP}/board.ppm . $TMP/see board; for was in place higher; do if cmp -s $TMP/$was.bar $TMP/board.bar; then exit 1; fi; done
send quit\n
exit 0
