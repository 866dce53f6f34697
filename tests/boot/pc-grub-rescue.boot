# GRUB's rescue media from Debian's package, a CD by El Torito and a floppy disk: the menu, and a command typed on the keyboard.
timeout 180
program mynah-system-x86_64
cmd -m 64 -display none -monitor stdio -cdrom ${RESCUE_CD}
screen GNU GRUB +version 2
keys down up c
screen ^grub>
keys e c h o spc shift-4 r o o t ret
screen ^(hd|cd)\d*$
keys l s spc slash ret
screen boot/
keys h a l t ret
exit 0
cmd -m 64 -display none -monitor stdio -drive if=floppy,format=raw,readonly=on,file=${RESCUE_FLOPPY}
screen GNU GRUB +version 2
keys c
screen ^grub>
keys l s ret
screen \(fd0\)
keys e c h o spc shift-4 shift-bracket_left g r u b shift-minus p l a t f o r m shift-bracket_right ret
screen ^pc$
stderr padded with zeros to 1.44M and write-protected
