# Without it the machine starts again from the beginning, with the same kernel.
timeout 240
cmd -M virt -cpu cortex-a72 -m 512 -nographic -nic none -kernel ${KERNEL} -initrd ${INITRD} \
    -append "console=ttyAMA0 quiet"
wait mynah:/root# 
send reboot\n
wait reboot: Restarting system
wait mynah:/root# 
send poweroff\n
exit 0
