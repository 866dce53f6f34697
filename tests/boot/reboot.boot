# With -no-reboot a reset of the guest ends the program, in good order.
timeout 180
cmd -M virt -cpu cortex-a72 -m 512 -nographic -nic none -no-reboot -kernel ${KERNEL} \
    -initrd ${INITRD} -append "console=ttyAMA0 quiet"
wait mynah:/root# 
send reboot\n
wait reboot: Restarting system
exit 0
