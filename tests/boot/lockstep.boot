# Two machines on two engines (by name: the reference and the best one), from reset into the kernel.
timeout 120
cmd -M virt -cpu cortex-a72 -m 256 -nographic -nic none -kernel ${KERNEL} -initrd ${INITRD_MIN} \
    -append "console=ttyAMA0 earlycon" --lockstep interp,auto --stop-at 150000000
not Kernel panic|Oops|BUG:|WARNING:|Internal error
wait Booting Linux on physical CPU
wait ^lockstep: 150000000 instructions, 1500 checkpoints, no difference
exit 0
