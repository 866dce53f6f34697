# Two PCs on two engines, from reset past the probing of an IDE disk and a CD drive, which the kernel then reads.
timeout 240
host head -c 8388608 /dev/urandom > $TMP/hda && head -c 3000001 /dev/urandom > $TMP/cd
program mynah-system-x86_64
cmd -m 256 -nographic -nic none -kernel ${KERNEL_CLOUD} -initrd ${INITRD_IDE_CLOUD} -append "console=ttyS0 quiet" \
    -hda ${TMP}/hda -snapshot -cdrom ${TMP}/cd --lockstep interp,auto --stop-at 900000000
not Kernel panic|Oops|BUG:|WARNING:|Internal error|exception Emask
wait ^lockstep: 900000000 instructions, \d+ checkpoints, no difference$
exit 0
