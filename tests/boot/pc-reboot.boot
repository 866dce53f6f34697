# A PC starts again from the beginning, with the same kernel; with -no-reboot the reset ends the program.
timeout 180
program mynah-system-x86_64
cmd -m 512 -nographic -nic none -kernel ${KERNEL_CLOUD} -initrd ${INITRD_CLOUD} \
    -append "console=ttyS0 quiet"
wait mynah:/root# 
send reboot\n
wait reboot: Restarting system
wait mynah:/root# 
send poweroff\n
exit 0
cmd -m 512 -nographic -nic none -no-reboot -kernel ${KERNEL_CLOUD} -initrd ${INITRD_CLOUD} \
    -append "console=ttyS0 quiet"
wait mynah:/root# 
send reboot\n
wait reboot: Restarting system
exit 0
