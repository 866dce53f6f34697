# A PC by its program's name: Debian's amd64 kernel to a shell; what the board promises; the power button's way off.
# In instruction time: in the host's, Linux misses timer ticks on a busy machine and finds its timer elsewhere.
timeout 240
program mynah-system-x86_64
cmd -m 512 -nographic -nic none --clock icount,pace=host -rtc base=${TODAY} -kernel ${KERNEL_AMD64} \
    -initrd ${INITRD_AMD64} -append "console=ttyS0" -device virtio-rng-pci
not Kernel panic|Oops|BUG:|WARNING:|Internal error|Call Trace|hpet.*(lost|fail|unreliable)|APIC error|spurious
wait ACPI: HPET id: 0x8086a201 base: 0xfed00000
wait ACPI: Core revision
wait clocksource: tsc-early: mask
wait ACPI: Using IOAPIC for interrupt routing
wait hpet0: 3 comparators, 64-bit 100\.000000 MHz counter
wait rtc_cmos 00:0\d: setting system clock to ${TODAY}
wait clocksource: Switched to clocksource (tsc|acpi_pm)
wait mynah:/root# 
send uname -m; cat /sys/bus/pci/devices/*/vendor | sort | uniq -c\n
wait ^x86_64
wait ^ +1 0x1234
wait ^ +1 0x1af4
wait ^ +4 0x8086
send cat /proc/ioports\n
wait 0cf8-0cff : PCI conf1
send cat /proc/interrupts\n
wait IO-APIC +2-edge +timer
wait IO-APIC +4-edge +ttyS0
wait IO-APIC +8-edge +rtc0
wait IO-APIC +9-fasteoi +acpi
wait PCI-MSI \d+-edge +virtio0-config
wait PCI-MSI \d+-edge +virtio0-input
send dd if=/dev/hwrng bs=64 count=16 2>&1 >/dev/null | head -n 1\n
wait ^16\+0 records in
send cat /sys/class/rtc/rtc0/date\n
wait ^${TODAY}
send poweroff\n
exit 0
