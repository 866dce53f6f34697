# U-Boot as the PC's firmware: the 64-bit build and the 32-bit one to the prompt, which sees the PCI devices.
timeout 120
program mynah-system-x86_64
cmd -m 512 -nographic -nic none -bios ${UBOOT_X64}
wait Jumping to 64-bit U-Boot
wait ^DRAM: +512 MiB
wait Model: QEMU x86 \(I440FX\)
wait stop autoboot
send \n
wait ^=> 
send pci\n
wait 00\.01\.01 +0x8086 +0x7010
send \x01x
exit 0
cmd -m 512 -nographic -nic none -vga none -bios ${UBOOT_X86}
wait ^DRAM: +512 MiB
wait Model: QEMU x86 \(I440FX\)
wait stop autoboot
send \n
wait ^=> 
send bdinfo\n
wait dram\[0\]|DRAM bank|-> start
send \x01x
exit 0
