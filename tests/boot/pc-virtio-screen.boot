# Screen, keyboard and tablet by virtio on a PC next to the PS/2 ones: with a driver virtio's get keys and positions, motion goes to
# the PS/2 mouse. With the VGA the VGA is what is looked at.
timeout 300
host python3 -B $ROOT/tools/guests/mkinitrd.py --init $ROOT/tools/guests/init-shell --out $TMP/initrd \
    --busybox ${KERNEL_AMD64%/linux-amd64/*}/busybox-amd64/busybox --modules ${KERNEL_AMD64%/*}/modules \
    virtio_pci virtio_input evdev virtio-gpu
program mynah-system-x86_64
cmd -m 256 -nographic -nic none -vga none -kernel ${KERNEL_AMD64} -initrd ${TMP}/initrd -append "console=ttyS0 quiet" \
    -device virtio-gpu-pci,xres=640,yres=480 -device virtio-keyboard-pci -device virtio-tablet-pci
not Kernel panic|Oops|BUG:|WARNING:|Internal error|\*ERROR\*|nobody cared|needs a reset
wait mynah:/root# 
send cat /sys/class/graphics/fb0/name; printf '\\033[?25l' > /dev/tty1\n
wait ^virtio_gpudrmfb
send seq 100000 999999 | head -c 1228800 > /tmp/p; dd if=/tmp/p of=/dev/fb0 bs=1228800; echo $((6*7))pattern\n
wait ^42pattern
pause 1
send \x01c
wait \(mynah\) 
send screendump ${TMP}/pattern.ppm\n
wait \(mynah\) 
send \x01c
send ev() { echo /dev/input/$(grep -A 5 "$1" /proc/bus/input/devices | grep -o 'event[0-9]*'); }\n
send grep -h msi /proc/interrupts | grep -c virtio; xxd -p -c 24 -l 48 $(ev 'Virtio Keyboard') | cut -c 33- | tr '\\n' ' ' | sed 's/^/keys: /'; echo\n
pause 1
send \x01c
wait \(mynah\) 
send sendkey alt_r 50\n
wait \(mynah\) 
wait keys: 0100640001000000 0{16}
send \x01c
send xxd -p -c 24 -l 96 $(ev Tablet) | cut -c 33- | tr '\\n' ' ' | sed 's/^/tablet: /'; echo\n
pause 1
send \x01c
wait \(mynah\) 
send mouse_point 1 2\n
wait \(mynah\) 
send mouse_move 9 9 1\n
wait \(mynah\) 
wait tablet: 0300000001000000 0300010002000000 0{16} 0200080001000000
send \x01c
send poweroff\n
exit 0
host python3 -B $ROOT/tests/boot/screen_is.py $TMP/pattern.ppm 640 480 seq
cmd -m 256 -nographic -nic none -kernel ${KERNEL_AMD64} -initrd ${TMP}/initrd -append "console=ttyS0 quiet" -device virtio-gpu-pci
not Kernel panic|Oops|BUG:|WARNING:|Internal error
wait mynah:/root# 
send cat /sys/class/graphics/fb*/name; printf '\\033[41m\\033[2J' > /dev/tty1\n
wait ^virtio_gpudrmfb
send \x01c
wait \(mynah\) 
send screendump ${TMP}/vga.ppm\n
wait \(mynah\) 
send quit\n
exit 0
host head -c 15 $TMP/vga.ppm | grep -q '^720 400$'
# Firmware's screen in RAM.
cmd -m 64 -nographic -nic none -nodefaults -vga none -device ramfb -serial null -monitor stdio
wait \(mynah\) 
pause 5
send screendump ${TMP}/ramfb.ppm\n
wait \(mynah\) 
send quit\n
exit 0
host head -c 16 $TMP/ramfb.ppm | grep -q '^1024 768$' && tail -c +17 $TMP/ramfb.ppm | tr -d '\0' | wc -c | awk '{ exit $1 < 10000 }'
