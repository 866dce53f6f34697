# What a new user types first, on the machine that ./run boots.
timeout 240
cmd -M virt -cpu cortex-a72 -m 512 -nographic -nic none -kernel ${KERNEL} -initrd ${INITRD} \
    -append "console=ttyAMA0 quiet"
not Kernel panic|Oops|BUG:|WARNING:|Internal error|cannot load
wait mynah:/root# 
send uname -m\n
wait ^aarch64$
send cat /proc/cpuinfo\n
wait ^Features\t: fp asimd
wait ^CPU part\t: 0xd08$
wait mynah:/root# 
send grep MemTotal /proc/meminfo\n
wait ^MemTotal: +4\d{5} kB
send dd if=/dev/zero of=/tmp/zeros bs=1024 count=4096\n
wait 4096\+0 records out
send md5sum /tmp/zeros\n
wait ^b5cfa9d6c8febd618f91ac2843d50a1c  /tmp/zeros
send gzip -c /bin/busybox | gunzip | cmp - /bin/busybox && echo same$((6*7))\n
wait ^same42
send date -u +%Y-%m-%d\n
wait ^${TODAY}
send time sleep 1\n
wait ^real\s+0m [1-3]\.\d+s
send awk 'BEGIN { printf "%.6f\\n", 355 / 113 }'\n
wait ^3\.141593
send ls /proc/device-tree/chosen\n
wait kaslr-seed
# Job control: the terminal belongs to the shell's foreground job.
send sleep 1000\n
pause 1
send \x03
wait \^C
send echo $?\n
wait ^130
send head -c 16 /dev/urandom | wc -c\n
wait ^16
send poweroff\n
wait reboot: Power down
exit 0
