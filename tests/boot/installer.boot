# Debian's installer to its first screen, as text over the serial line.
full
timeout 900
cmd -M virt -cpu cortex-a57 -m 1024 -nographic -nic none -kernel ${DI_KERNEL} \
    -initrd ${DI_INITRD} -append "console=ttyAMA0"
not Kernel panic|Oops|BUG:|Internal error
wait Linux version 6\.
wait Select a language|Choose language
wait English
