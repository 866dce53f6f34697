# EDK2 to the UEFI shell, with typed commands.
full
timeout 400
cmd -M virt -cpu cortex-a57 -m 512 -nographic -nic none -bios ${EFI}
wait UEFI firmware
wait Shell> 
send ver\r
wait UEFI Interactive Shell v2
wait Shell> 
send memmap\r
wait Total Memory
wait Shell> 
send reset -s\r
exit 0
