# PCI interrupts without MSI, through ACPI's link devices: where firmware routed them, and moved to another interrupt,
# by the I/O APIC and by the 8259s.
timeout 120
program mynah-system-x86_64
host truncate -s 4M $TMP/disk
cmd -m 256 -nographic -nic none -kernel ${KERNEL_CLOUD} -initrd ${INITRD_CLOUD} -append "console=ttyS0 pci=nomsi" \
    -drive if=virtio,format=raw,file=${TMP}/disk -device virtio-rng-pci
not Kernel panic|Oops|BUG:|WARNING:|Internal error|Call Trace|nobody cared|ACPI (BIOS )?(Error|Warning)
wait Interrupt link LNKA configured for IRQ 10
wait Interrupt link LNKD configured for IRQ 11
wait Interrupt link LNKS configured for IRQ 9
wait LNKC: Enabled at IRQ 11
wait LNKD: Enabled at IRQ 10
wait mynah:/root# 
send md5sum < /dev/vda; head -c 64 /dev/hwrng | wc -c; grep virtio /proc/interrupts\n
wait ^64$
wait 10: +[1-9]\d* +IO-APIC +10-fasteoi +virtio1
wait 11: +[1-9]\d* +IO-APIC +11-fasteoi +virtio0
send poweroff\n
exit 0
cmd -m 256 -nographic -nic none -kernel ${KERNEL_CLOUD} -initrd ${INITRD_CLOUD} -drive if=virtio,format=raw,file=${TMP}/disk -device virtio-rng-pci \
    -append "console=ttyS0 pci=nomsi noapic acpi_irq_balance acpi_irq_isa=10,11"
not Kernel panic|Oops|BUG:|WARNING:|Internal error|Call Trace|nobody cared|ACPI (BIOS )?(Error|Warning)
wait LNKC: Enabled at IRQ 5
wait mynah:/root# 
send md5sum < /dev/vda; head -c 64 /dev/hwrng | wc -c; grep virtio /proc/interrupts\n
wait ^64$
wait 5: +[1-9]\d* +XT-PIC +virtio0
send poweroff\n
exit 0
