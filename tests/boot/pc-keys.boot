# A PC's keyboard: the kernel finds the controller and both of its ports; keys typed in the monitor come to the console, repeated
# by the keyboard while they are held; SysRq; the second serial port and the parallel port.
timeout 240
program mynah-system-x86_64
cmd -m 256 -nographic -nic none --clock icount,pace=host -serial mon:stdio -serial file:${TMP}/com2 -parallel file:${TMP}/lpt1 \
    -kernel ${KERNEL_AMD64} -initrd ${INITRD_AMD64} -append "console=ttyS0"
not Kernel panic|Oops|BUG:|WARNING:|Internal error|Call Trace|i8042: (No|Can't|Failed)|atkbd serio0: (Unknown|Spurious|Use)
wait i8042: PNP: PS/2 Controller \[PNP0303:KBD,PNP0f13:MOU\] at 0x60,0x64 irq 1,12
wait serio: i8042 KBD port at 0x60,0x64 irq 1
wait serio: i8042 AUX port at 0x60,0x64 irq 12
wait input: AT Translated Set 2 keyboard as
wait mynah:/root# 
send cat /sys/bus/serio/devices/serio1/description; cat /proc/tty/driver/serial\n
wait ^i8042 AUX port
wait ^1: uart:16550A port:000002F8 irq:3
# keys that come while nobody has the console open are nobody's
send echo second > /dev/ttyS1; { echo open once; head -n 1; } < /dev/tty1\n
wait ^open once
send \x01c
wait \(mynah\) 
send sendkey shift-h\n
wait \(mynah\) 
send sendkey e\n
wait \(mynah\) 
send sendkey y\n
wait \(mynah\) 
send sendkey minus\n
wait \(mynah\) 
send sendkey kp_divide\n
wait \(mynah\) 
send sendkey left 300\n
wait \(mynah\) 
send sendkey nokey\n
wait sendkey: 'nokey': there is no key 'nokey'
wait \(mynah\) 
send sendkey ret\n
wait \(mynah\) 
wait ^ ?Hey-/$
wait mynah:/root# 
send \x01c
wait \n
send { echo open twice; head -n 1 | wc -c | sed 's/^/held: /'; } < /dev/tty1\n
wait ^open twice
send \x01c
wait \(mynah\) 
send sendkey x 1500\n
wait \(mynah\) 
send sendkey ret\n
wait \(mynah\) 
# Linux asks for a quarter of a second until the key repeats and 30 times a second from there on; the line's end counts, too
wait ^ ?held: (39|40|41)$
wait mynah:/root# 
send \x01c
wait \n
send dmesg -n 8\n
wait mynah:/root# 
send \x01c
wait \(mynah\) 
send sendkey alt-sysrq-s\n
wait \(mynah\) 
wait sysrq: Emergency Sync
wait Emergency Sync complete\n
send \x01c
wait \n
send poweroff\n
exit 0
host grep -q ^second $TMP/com2
