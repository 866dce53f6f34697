# The virtio console and entropy source, and what the board's device tree promises.
timeout 240
cmd -M virt -cpu cortex-a72 -m 512 -display none -monitor none -nic none -serial stdio \
    -kernel ${KERNEL} -initrd ${INITRD} -append "console=ttyAMA0 quiet" -device virtio-rng-device
not Kernel panic|Oops|BUG:|WARNING:|Internal error
wait mynah:/root# 
send cat /sys/class/misc/hw_random/rng_current\n
wait ^virtio_rng\.0
send dd if=/dev/hwrng bs=64 count=16 2>&1 >/dev/null | head -n 1\n
wait ^16\+0 records in
send cat /proc/iomem\n
wait 09000000-09000fff : pl011@9000000
wait 09010000-09010fff : pl031@9010000
wait 09030000-09030fff : pl061@9030000
wait 40000000-[0-9a-f]+ : System RAM
send cat /proc/device-tree/compatible; echo .\n
wait ^linux,dummy-virt\0?\.
send cat /sys/class/rtc/rtc0/date\n
wait ^${TODAY}
send poweroff\n
exit 0
