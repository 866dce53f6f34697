# The interrupt controller asked for is the one that the kernel drives.
timeout 180
cmd -M virt,gic-version=3 -cpu cortex-a57 -m 512 -nographic -nic none -kernel ${KERNEL} \
    -initrd ${INITRD_MIN} -append "console=ttyAMA0"
not Kernel panic|Oops|BUG:|WARNING:|Internal error
wait GICv3: \d+ SPIs implemented
wait GICv3: CPU0: found redistributor 0
wait ^MYNAH-BOOT-OK
exit 0
