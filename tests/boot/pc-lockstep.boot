# Two PCs on two engines (by name: the reference and the best one), from reset into the kernel.
timeout 120
program mynah-system-x86_64
cmd -m 256 -nographic -nic none -kernel ${KERNEL_CLOUD} -initrd ${INITRD_MIN_CLOUD} \
    -append "console=ttyS0 earlyprintk=ttyS0" --lockstep interp,auto --stop-at 250000000
not Kernel panic|Oops|BUG:|WARNING:|Internal error
wait Linux version
wait ^lockstep: 250000000 instructions, \d+ checkpoints, no difference$
exit 0
