# EDK2 on the screens of the virt board: one in RAM (ramfb), virtio's on PCI. The shell's own commands colour all of it. On virtio-mmio
# it finds the screen, too, but makes it no console.
full
timeout 400
cmd -M virt -cpu cortex-a57 -m 512 -nographic -nic none -bios ${EFI} -device ramfb -device virtio-gpu-device
wait Shell> 
send cls 4\r
wait Shell> 
pause 2
send \x01c
wait \(mynah\) 
send screendump ${TMP}/ramfb.ppm\n
wait \(mynah\) 
send \x01c
send reset -s\r
exit 0
# the first line has the prompt
host python3 -B $ROOT/tests/boot/screen_is.py $TMP/ramfb.ppm 800 600 980000 0.98
cmd -M virt -cpu cortex-a57 -m 512 -nographic -nic none -bios ${EFI} -device virtio-gpu-pci
wait Shell> 
send cls 2\r
wait Shell> 
pause 2
send \x01c
wait \(mynah\) 
send screendump ${TMP}/gpu.ppm\n
wait \(mynah\) 
send \x01c
send reset -s\r
exit 0
host python3 -B $ROOT/tests/boot/screen_is.py $TMP/gpu.ppm 1280 800 009800 0.45
