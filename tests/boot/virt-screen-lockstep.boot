# Two machines on two engines with screen, keyboard, mouse and tablet by virtio, and a screen in RAM that nobody uses, to the guest's
# power-off.
timeout 300
host printf '%s\n' '#!/bin/sh' '/bin/busybox mount -t proc proc /proc' 'mount -t devtmpfs dev /dev' 'mount -t sysfs sysfs /sys' \
    'while read -r m; do insmod "/modules/$m"; done < /modules/order' \
    'seq 100000 | head -c 400000 > /dev/fb0; sleep 0.2; cat /dev/urandom | head -c 300000 > /dev/fb0; sleep 0.2' \
    'for l in /sys/class/leds/*capslock*; do echo 1 > $l/brightness; done' \
    'echo "SCREEN $(cat /sys/class/graphics/fb0/virtual_size) $(ls /dev/input | grep -c event) $(md5sum < /dev/fb0)" > /dev/ttyAMA0' \
    'poweroff -f' > $TMP/init
host python3 -B $ROOT/tools/guests/mkinitrd.py --init $TMP/init --out $TMP/initrd \
    --busybox ${KERNEL%/linux-arm64/*}/busybox-arm64/busybox --modules ${KERNEL%/*}/modules \
    virtio_pci virtio_mmio virtio_input evdev virtio-gpu
cmd -M virt -cpu cortex-a72 -m 256 -display none -serial stdio -nic none -kernel ${KERNEL} -initrd ${TMP}/initrd \
    -append "console=ttyAMA0 quiet" --lockstep interp,auto -device ramfb -device virtio-gpu-pci,xres=640,yres=480 \
    -device virtio-keyboard-device -device virtio-tablet-pci -device virtio-mouse-pci -device virtio-gpu-device,xres=320,yres=240
not Kernel panic|Oops|BUG:|WARNING:|Internal error
wait ^SCREEN (640,480|320,240) 3 [0-9a-f]{32}
wait ^lockstep: \d+ instructions, \d+ checkpoints, no difference$
exit 0
