# A small Debian on a disk: systemd to a login, programs, power off; the file system is in order afterwards.
full
timeout 600
host cp --sparse=always $DISK_AMD64 $TMP/disk
program mynah-system-x86_64
cmd -m 512 -nographic -nic none -kernel ${KERNEL_AMD64} -initrd ${INITRD_ROOT_AMD64} -append "console=ttyS0" \
    -drive if=none,id=d,file=${TMP}/disk,format=raw -device virtio-blk-pci,drive=d -device virtio-rng-pci
not Kernel panic|Oops|BUG:|WARNING:|Internal error|I/O error|EXT4-fs error|segfault|invalid opcode
wait Welcome to .*Debian GNU/Linux 12
wait mynah login: 
send root\n
wait Password: 
send mynah\n
wait root@mynah:~# 
send systemctl is-system-running --wait; systemctl --failed --no-legend --no-pager\n
wait ^running
send perl -e 'printf "%.12f %s\\n", atan2(1, 1) * 4, 2 ** 0.5'\n
wait ^3\.141592653590 1\.4142135623731
send python3 -c 'import math, hashlib; print(math.factorial(50) % 1000003, hashlib.sha256(b"mynah").hexdigest()[:16])'\n
wait ^850717 33c1cc28e5977267
send perl -e '$x = 0; $x += sqrt($_) * sin($_) for 1 .. 300000; printf "%.6f\\n", $x'\n
wait ^528\.339425
send find / -xdev -type f | xargs md5sum > /root/sums; wc -l < /root/sums\n
wait ^\d{4}
send sync; systemctl poweroff\n
wait reboot: Power down
exit 0
host e2fsck -fn $TMP/disk
host cd $TMP && debugfs -R "dump /root/sums sums" disk && test -s sums
