# Debian's amd64 installer to its first screen, as text over the serial line.
full
timeout 900
program mynah-system-x86_64
cmd -m 1024 -nographic -nic none -kernel ${DI_KERNEL_AMD64} -initrd ${DI_INITRD_AMD64} -append "console=ttyS0"
not Kernel panic|Oops|BUG:|Internal error
wait Linux version 6\.
wait Select a language|Choose language
wait English
