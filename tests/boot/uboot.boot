# Debian's U-Boot for this board, to its prompt, with typed commands.
timeout 120
asan
cmd -M virt -cpu cortex-a57 -m 512 -nographic -nic none -bios ${UBOOT}
wait ^U-Boot 20\d\d\.\d\d
wait DRAM: +512 MiB
wait Hit any key to stop autoboot
send \n
wait ^=> 
send version\n
wait ^U-Boot 20\d\d
wait aarch64-linux-gnu-gcc
wait ^=> 
send printenv board_name arch\n
wait ^arch=arm
wait ^=> 
send printenv fdt_addr\n
wait ^fdt_addr=0x40000000
send fdt addr 40000000; fdt print /chosen\n
wait chosen \{
wait stdout-path
send md.l 40000000 4\n
wait ^40000000: edfe0dd0
wait ^=> 
send date\n
wait ^=> 
send crc32 40000000 100\n
wait ==> [0-9a-f]{8}
wait ^=> 
send virtio info\n
wait ^=> 
send poweroff\n
exit 0
