# EDK2 finds a disk on the virt board's PCI bus.
full
timeout 400
host truncate -s 4M $TMP/disk
cmd -M virt -cpu cortex-a57 -m 512 -nographic -nic none -bios ${EFI} \
    -drive if=none,id=d,file=${TMP}/disk,format=raw -device virtio-blk-pci,drive=d
wait Shell> 
send map -r\r
wait PciRoot\(0x0\)/Pci\(0x1,0x0\)
wait Shell> 
send reset -s\r
exit 0

