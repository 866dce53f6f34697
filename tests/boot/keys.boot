# The keys of the terminal: Ctrl-A H helps, Ctrl-A Ctrl-A is a Ctrl-A for the guest, Ctrl-A X ends.
timeout 120
cmd -M virt -cpu cortex-a72 -m 512 -nographic -nic none -kernel ${KERNEL} -initrd ${INITRD} \
    -append "console=ttyAMA0 quiet"
wait mynah:/root# 
send \x01h
wait (?i)C-a x
# busybox's line editor goes to the start of the line on Ctrl-A
send 42\x01\x01echo at-start\n
wait ^at-start42
send \x01x
exit 0
