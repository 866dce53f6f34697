# A plain -serial stdio has no escape keys: Ctrl-C ends the emulator, as on QEMU, and the terminal is restored.
timeout 60
cmd -M virt -cpu cortex-a72 -m 512 -display none -serial stdio -nic none -bios ${UBOOT}
wait stop autoboot
send \x03
exit 130
