# Boots of both ISAs, by the reference and with hot loops as regions of the LLVM tier: no difference.
full
timeout 900
cmd -M virt -cpu cortex-a72 -m 512 -nographic -nic none -kernel ${KERNEL} -initrd ${INITRD_MIN} \
    -append "console=ttyAMA0 quiet" --lockstep interp,llvm --lockstep-every 200000 --stop-at 500000000
not Kernel panic|Oops|BUG:|WARNING:|Internal error
wait ^lockstep: \d+ instructions, \d+ checkpoints, no difference$
exit 0
cmd -M pc -cpu max -m 512 -nographic -nic none -kernel ${KERNEL_CLOUD} -initrd ${INITRD_MIN_CLOUD} \
    -append "console=ttyS0 quiet" --lockstep interp,llvm --lockstep-every 200000 --stop-at 500000000
not Kernel panic|Oops|BUG:|WARNING:|Internal error
wait ^lockstep: \d+ instructions, \d+ checkpoints, no difference$
exit 0
