# The interrupt controller asked for is the one that the kernel drives.
timeout 180
cmd -M virt,gic-version=2 -cpu cortex-a57 -m 512 -nographic -nic none -kernel ${KERNEL} \
    -initrd ${INITRD_MIN} -append "console=ttyAMA0"
not Kernel panic|Oops|BUG:|WARNING:|Internal error|GICv3
wait Root IRQ handler: gic_handle_irq
wait arch_timer: cp15 timer\(s\) running at 62\.50MHz \(virt\)
wait ^MYNAH-BOOT-OK
exit 0
