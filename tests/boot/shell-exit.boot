# Leaving the shell powers the machine off, too. GICv3, and the processor with all extensions.
timeout 240
cmd -M virt,gic-version=3 -cpu max -m 512 -nographic -nic none -kernel ${KERNEL} \
    -initrd ${INITRD} -append "console=ttyAMA0 quiet"
not Kernel panic|Oops|BUG:|WARNING:|Internal error|cannot load
wait mynah:/root# 
send cat /proc/interrupts\n
wait GICv3
wait uart-pl011
send exit\n
wait reboot: Power down
exit 0
