# Models of processors, the smallest memory and memory above 4 GiB, the deterministic clock.
full
timeout 480
program mynah-system-x86_64
cmd -cpu qemu64 -m 256 -nographic -nic none -kernel ${KERNEL_CLOUD} -initrd ${INITRD_MIN_CLOUD} \
    -append "console=ttyS0"
not Kernel panic|Oops|BUG:|WARNING:|Internal error|Call Trace
wait ^MYNAH-BOOT-OK Linux \S+ x86_64
exit 0
cmd -cpu Nehalem -m 5G -nographic -nic none -kernel ${KERNEL_CLOUD} -initrd ${INITRD_MIN_CLOUD} \
    -append "console=ttyS0" --clock icount,pace=max
not Kernel panic|Oops|BUG:|WARNING:|Internal error|Call Trace
wait Memory: \d+K/52424\d\dK available
wait ^MYNAH-BOOT-OK Linux \S+ x86_64
exit 0
cmd -cpu max -m 512 -nographic -nic none -kernel ${KERNEL_CLOUD} -initrd ${INITRD_CLOUD} \
    -append "console=ttyS0 quiet" --clock icount,pace=max
not Kernel panic|Oops|BUG:|WARNING:|Internal error|Call Trace
wait mynah:/root# 
send time sleep 1\n
wait ^real\s+0m 1\.0\ds
send poweroff\n
exit 0
cmd -cpu qemu32 -m 512 -nographic -nic none -kernel ${KERNEL_PAE} -initrd ${INITRD_MIN_PAE} -append "console=ttyS0"
not Kernel panic|Oops|BUG:|Internal error|Call Trace
wait ^MYNAH-BOOT-OK Linux \S+ i686
exit 0
