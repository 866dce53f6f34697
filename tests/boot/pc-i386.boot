# Debian's two i386 kernels under the 32-bit program's name: with PAE and without.
full
timeout 480
program mynah-system-i386
cmd -m 512 -nographic -nic none -kernel ${KERNEL_PAE} -initrd ${INITRD_PAE} -append "console=ttyS0 quiet"
not Kernel panic|Oops|BUG:|WARNING:|Internal error
wait mynah:/root# 
send uname -rm; grep -c pae /proc/cpuinfo\n
wait ^6\.\S+-686-pae i686
wait ^1
send poweroff\n
exit 0
cmd -m 512 -nographic -nic none -kernel ${KERNEL_686} -initrd ${INITRD_686} -append "console=ttyS0 quiet"
not Kernel panic|Oops|BUG:|WARNING:|Internal error
wait mynah:/root# 
send uname -rm; echo $((6*7))\n
wait ^6\.\S+-686 i686
wait ^42
send poweroff\n
exit 0
