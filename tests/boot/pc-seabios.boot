# Debian's SeaBIOS, found without an option, from the reset vector to the end of its search; its 128 KiB
# sister by name, with the serial port as its screen.
timeout 60
asan
program mynah-system-x86_64
cmd -m 128 -display none -debugcon mon:stdio
wait ^SeaBIOS \(version \S+\)
wait ^Running on QEMU \(i440fx\)
wait ^Found QEMU fw_cfg
wait ^qemu/e820: addr 0x0000000000000000 len 0x0000000008000000 \[RAM\]
wait ^PCI: init bdf=00:01\.3 id=8086:7113
wait ^Using pmtimer, ioport 0x608
wait ^Found 1 cpu\(s\) max supported 1 cpu\(s\)
wait ^table\(50434146\)=\w+ \(via rsdt\)
wait ^ACPI: parse DSDT
wait ^No bootable device\.$
send \x01x
exit 0
cmd -cpu 486 -m 2 -display none -debugcon mon:stdio -bios bios.bin
wait ^No bootable device\.$
send \x01x
exit 0
cmd -cpu qemu32 -m 3584 -nographic -bios bios.bin --clock icount -rtc base=${TODAY} -boot order=dc,menu=on
wait SeaBIOS \(version \S+\)
wait Press ESC for boot menu
wait Booting from Hard Disk
wait No bootable device\.
send \x01x
exit 0
