# The deterministic clock, as fast as the host goes.
timeout 240
cmd -M virt -cpu cortex-a72 -m 512 -nographic -nic none --clock icount,pace=max \
    -kernel ${KERNEL} -initrd ${INITRD} -append "console=ttyAMA0 quiet"
not Kernel panic|Oops|BUG:|WARNING:|Internal error
wait mynah:/root# 
send time sleep 1\n
wait ^real\s+0m 1\.0\ds
send poweroff\n
exit 0
