# Debian's kernel to its first process and to power-off, the shortest whole boot.
asan
timeout 180
cmd -M virt -cpu cortex-a72 -m 512 -nographic -nic none -kernel ${KERNEL} -initrd ${INITRD_MIN} \
    -append "earlycon console=ttyAMA0"
not Kernel panic|Oops|BUG:|WARNING:|Internal error
wait Booting Linux on physical CPU
wait Linux version 6\.
wait Machine model: linux,dummy-virt
wait Run /init as init process
wait ^MYNAH-BOOT-OK Linux \S+ aarch64
wait reboot: Power down
exit 0
