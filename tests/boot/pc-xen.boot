# Xen by GRUB, and Debian's kernel on it as dom0, to the end; the power goes off by ACPI.
full
timeout 600
program mynah-system-x86_64
host mkdir -p $TMP/tree/boot/grub && cp $XEN $TMP/tree/boot/xen && cp $KERNEL_AMD64 $TMP/tree/boot/linux && cp $INITRD_MIN_AMD64 $TMP/tree/boot/initrd
host printf '%s\n' 'multiboot2 /boot/xen placeholder console=com1 com1=115200,8n1 dom0_mem=256M noreboot' \
    'module2 /boot/linux placeholder console=hvc0 earlyprintk=xen' 'module2 /boot/initrd' boot > $TMP/tree/boot/grub/grub.cfg
host python3 -B $ROOT/tools/guests/mkdisk.py --grub $(dirname $GRUB_AMD64) --tree $TMP/tree --out $TMP/disk --size 64
cmd -m 1024 -nographic -hda ${TMP}/disk -snapshot
not Panic on CPU|Kernel panic|Oops|BUG:|Internal error
wait Xen version 4\.17
wait ACPI: RSDP
wait ENABLING IO-APIC IRQs
wait Dom0 has maximum 1 VCPUs
wait Linux version 6\.
wait ^MYNAH-BOOT-OK Linux \S+ x86_64
wait Entering ACPI S5 state
exit 0
