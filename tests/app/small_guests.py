"""small_guests.py - kernels of a few instructions for the tests of options: no guest files are needed."""
import struct


def arm64_image(*code):
    """A Linux Image: its header jumps over itself (Linux: Documentation/arch/arm64/booting.rst)."""
    body = struct.pack('<II', 0x14000010, 0) + struct.pack('<QQQ', 0, 64 + 4 * len(code), 0)
    return body + bytes(24) + struct.pack('<II', 0x644d5241, 0) + struct.pack(f'<{len(code)}I', *code)


def bzimage(code):
    """A kernel of boot protocol 2.02, entered at its first byte in 32-bit mode (Linux: Documentation/arch/x86/boot.rst)."""
    setup = bytearray(1024)
    setup[0x1f1] = 1                        # setup sectors
    setup[0x1fe:0x200] = b'\x55\xaa'
    setup[0x200:0x208] = b'\xeb\x2aHdrS\x02\x02'
    setup[0x211] = 1                        # loads high
    return bytes(setup) + code


# ---- x86 ----

def out8(port, value):
    return b'\xb0' + bytes([value]) + b'\x66\xba' + struct.pack('<H', port) + b'\xee'      # mov al,value; mov dx,port; out dx,al


def copy8(source, to):
    """From one port to another."""
    return b'\x66\xba' + struct.pack('<H', source) + b'\xec\x66\xba' + struct.pack('<H', to) + b'\xee'


def debug_exit(value):
    """With -device isa-debug-exit: status 2 * value + 1."""
    return out8(0x501, value) + b'\xf4\xeb\xfd'                                            # hlt; jmp to it
