# The same kernel, compressed as distributions ship it, and the smallest memory it is happy with.
timeout 180
host gzip -1 < $KERNEL > $TMP/Image.gz
cmd -M virt -cpu cortex-a53 -m 256M -display none -serial stdio -monitor none -nic none \
    -kernel ${TMP}/Image.gz -initrd ${INITRD_MIN} -append "console=ttyAMA0 quiet"
not Kernel panic|Oops|BUG:|WARNING:|Internal error
wait ^MYNAH-BOOT-OK Linux \S+ aarch64
exit 0
