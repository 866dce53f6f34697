# Screen, keys and pointer of the virt board by virtio: what Linux writes to the framebuffer is on the picture, pixel by pixel; the
# console's colours; keys and positions come to evdev; a snapshot keeps the picture. Then the same by the other transport.
timeout 300
host python3 -B $ROOT/tools/guests/mkinitrd.py --init $ROOT/tools/guests/init-shell --out $TMP/initrd \
    --busybox ${KERNEL%/linux-arm64/*}/busybox-arm64/busybox --modules ${KERNEL%/*}/modules \
    virtio_mmio virtio_pci virtio_input evdev virtio-gpu
cmd -M virt -cpu cortex-a72 -m 256 -nographic -nic none -kernel ${KERNEL} -initrd ${TMP}/initrd --savevm ${TMP}/key \
    -append "console=ttyAMA0 quiet" -device virtio-gpu-pci,xres=1024,yres=768 -device virtio-keyboard-device -device virtio-tablet-pci
not Kernel panic|Oops|BUG:|WARNING:|Internal error|\*ERROR\*|nobody cared|needs a reset
wait mynah:/root# 
send cd /sys/class/graphics/fb0; cat name virtual_size bits_per_pixel; cat /sys/class/drm/card0-Virtual-1/edid | wc -c; cd\n
wait ^virtio_gpudrmfb
wait ^1024,768
wait ^32
wait ^128
wait mynah:/root# 
# the console, red all over; then a pattern over it, by one write: Linux 6.1 forgets to flush ends of lines between several
send echo 0 > /sys/class/graphics/fbcon/cursor_blink; printf '\\033[41m\\033[2J\\033[?25l' > /dev/tty1; echo $((6*7))red\n
wait ^42red
pause 1
send \x01c
wait \(mynah\) 
send screendump ${TMP}/red.ppm\n
wait \(mynah\) 
send \x01c
send seq 100000 999999 | head -c 3145728 > /tmp/p; dd if=/tmp/p of=/dev/fb0 bs=3145728; echo $((6*7))pattern\n
wait ^42pattern
pause 1
send \x01c
wait \(mynah\) 
send screendump ${TMP}/pattern.ppm\n
wait \(mynah\) 
send \x01c
# the third and the second word of evdev's records: codes and types, values
send ev() { echo /dev/input/$(grep -A 5 "$1" /proc/bus/input/devices | grep -o 'event[0-9]*'); }\n
send xxd -p -c 24 -l 192 $(ev Keyboard) | cut -c 33- | tr '\\n' ' ' | sed 's/^/keys: /'; echo\n
pause 1
send \x01c
wait \(mynah\) 
send sendkey shift-a\n
wait \(mynah\) 
send \x01c
wait keys: 01002a0001000000 0{16} 01001e0001000000 0{16} 01001e0000000000 0{16} 01002a0000000000 0{16}
send xxd -p -c 24 -l 168 $(ev Tablet) | cut -c 33- | tr '\\n' ' ' | sed 's/^/tablet: /'; echo\n
pause 1
send \x01c
wait \(mynah\) 
send mouse_point 16383 32767\n
wait \(mynah\) 
send mouse_button 1\n
wait \(mynah\) 
send mouse_button 0\n
wait \(mynah\) 
wait tablet: 03000000ff3f0000 03000100ff7f0000 0{16} 0100100101000000 0{16} 0100100100000000 0{16}
send mouse_point 32768 0\n
wait mouse_point: '32768' is not a number from 0 to 32767
wait \(mynah\) 
send \x01c
send \x01s
wait ^\[snapshot written to .*/key\]
send poweroff\n
exit 0
host python3 -B $ROOT/tests/boot/screen_is.py $TMP/red.ppm 1024 768 aa0000 && python3 -B $ROOT/tests/boot/screen_is.py $TMP/pattern.ppm 1024 768 seq
# From the snapshot: the picture, and keys.
cmd -M virt -cpu cortex-a72 -m 256 -nographic -nic none -kernel ${KERNEL} -initrd ${TMP}/initrd --loadvm ${TMP}/key \
    -append "console=ttyAMA0 quiet" -device virtio-gpu-pci,xres=1024,yres=768 -device virtio-keyboard-device -device virtio-tablet-pci
not Kernel panic|Oops|BUG:|WARNING:|Internal error|\*ERROR\*|nobody cared|needs a reset
send \n
wait mynah:/root# 
send \x01c
wait \(mynah\) 
send screendump ${TMP}/loaded.ppm\n
wait \(mynah\) 
send \x01c
send xxd -p -c 24 -l 48 $(ev Keyboard) | cut -c 33- | tr '\\n' ' ' | sed 's/^/keys: /'; echo\n
pause 1
send \x01c
wait \(mynah\) 
send sendkey kp_enter\n
wait \(mynah\) 
send \x01c
wait keys: 0100600001000000 0{16}
send seq 200000 | head -c 480000 > /tmp/p; dd if=/tmp/p of=/dev/fb0 bs=480000; echo $((6*7))more\n
wait ^42more
send poweroff\n
exit 0
host cmp $TMP/pattern.ppm $TMP/loaded.ppm
# The other transport of each, a mouse, and the usual size.
cmd -M virt,gic-version=3 -cpu cortex-a72 -m 256 -nographic -nic none -kernel ${KERNEL} -initrd ${TMP}/initrd \
    -append "console=ttyAMA0 quiet" -device virtio-gpu-device -device virtio-keyboard-pci -device virtio-mouse-device
not Kernel panic|Oops|BUG:|WARNING:|Internal error|\*ERROR\*|nobody cared|needs a reset
wait mynah:/root# 
send printf '\\033[?25l' > /dev/tty1; seq 100000 999999 | head -c 4096000 > /tmp/p; dd if=/tmp/p of=/dev/fb0 bs=4096000; echo $((6*7))pattern\n
wait ^42pattern
pause 1
send \x01c
wait \(mynah\) 
send screendump ${TMP}/usual.ppm\n
wait \(mynah\) 
send \x01c
send ev() { echo /dev/input/$(grep -A 5 "$1" /proc/bus/input/devices | grep -o 'event[0-9]*'); }\n
send xxd -p -c 24 -l 120 $(ev Mouse) | cut -c 33- | tr '\\n' ' ' | sed 's/^/mouse: /'; echo\n
pause 1
send \x01c
wait \(mynah\) 
send mouse_point 1 1\n
wait the guest uses no device for absolute positions
wait \(mynah\) 
send mouse_move 5 -3 2\n
wait \(mynah\) 
send \x01c
wait mouse: 0200000005000000 02000100fdffffff 0{16} 0200080002000000 0{16}
send poweroff\n
exit 0
host python3 -B $ROOT/tests/boot/screen_is.py $TMP/usual.ppm 1280 800 seq
