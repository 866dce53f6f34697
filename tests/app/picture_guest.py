"""picture_guest.py - a kernel that shows a known picture, tells what its keyboard and mouse send, and powers off when asked to."""

# A kernel in 32-bit mode. It shows a picture: VBE registers 4, 1, 2, 3, 4 = off, 640, 400, 32, on and linear; the attribute controller
# shows; the VGA's BAR 0 at e0000000, where pixel n becomes n * 0x030507. Keyboard and mouse: command byte 0x40, the second port on,
# the mouse's reports on, the keyboard on; then '.' to the debug console, and for each byte from the controller 'K' or 'k' (mouse) and
# the byte. When the power button was pressed (PM1a status, bit 8), 'P', and sleep state S5.
GUEST = bytes.fromhex(
    'bc00000900e8000000005e81c6b5000000b90a00000066ad89c266ad66efe2f6b903000000bada030000ecbaba030000ecbac0030000b020eebaf80c0000b81010'
    '0080efbafc0c0000b8000000e0efbaf80c0000b804100080efbafc0c0000b803000000efbf000000e0b900e8030031c0ab0507050300e2f8b906000000ac0fb6d0'
    'aceee2f8b02ee6e9e464a801741288c4e46086c42420044be6e988e0e6e9ebe8ba0006000066edf6c40174dcb050e6e9ba04060000b80020000066eff4'
    'ce010400cf010000ce010100cf018002ce010200cf019001ce010300cf012000ce010400cf014100' '6460604064a864d460f464ae')
PICTURE = b''.join((n * 0x030507 & 0xffffff).to_bytes(3, 'big') for n in range(640 * 400))
