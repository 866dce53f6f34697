"""arch.py - the guests' architectures: board, kernel, compiler, and where things of each are."""
import dataclasses
import platform


@dataclasses.dataclass(frozen=True)
class Arch:
    """One row. Names of guests are those of tools/guests/fetch.sh; a boot is
    (name, MiB, guest, initrd, markers, what it is): see beside.py."""
    name: str
    machine: str            # as uname(1) has it
    triplet: str            # of its compiler
    flags: tuple            # for the compiler, besides those of every guest
    qemu: str               # the emulator's name
    qemu_args: tuple        # for QEMU alone: what mynah's board is without
    board: tuple
    rng: str                # the entropy device
    console: str
    no_kpti: str            # the kernel's word against page-table isolation
    linux: str              # the guest with the kernel of the workloads
    busybox: str
    boots: tuple
    memory: tuple           # boots after which memory is looked at

    def native_is_guest(self):
        """This machine runs the guest's programs as they are."""
        return self.name != 'arm64' and platform.machine() == self.machine


INSTALLER = ('Select a language|Choose language',)
ARM64_BOOTS = (
    ('minimal', 509, 'linux-arm64', 'minimal.gz', ('^MYNAH-BOOT-OK',), 'kernel to its first process'),
    ('shell', 509, 'linux-arm64', 'shell.gz', ('mynah:/root# ',),
     'kernel to a shell, through modules and login'),
    ('installer', 1021, 'installer-arm64', None, INSTALLER, 'Debian\'s installer to its first screen'),
    ('edk2', 509, 'edk2-arm64', None, ('UEFI firmware', 'Shell> '),
     'EDK2 to its shell; the firmware waits for keys on the way (two times 5 s)'),
)
AMD64_BOOTS = (
    ('minimal', 509, 'linux-amd64', 'minimal-amd64.gz', ('^MYNAH-BOOT-OK',), 'kernel to its first process'),
    ('minimal-686', 509, 'linux-686', 'minimal-686.gz', ('^MYNAH-BOOT-OK',),
     'a kernel of 32 bits to its first process'),
    ('installer', 1021, 'installer-amd64', None, INSTALLER, 'Debian\'s installer to its first screen'),
)
AMD64_SHELL = ('shell', 509, 'linux-amd64', 'shell-amd64.gz', ('mynah:/root# ',),
               'kernel to a shell, through modules and login')

ARCHES = {a.name: a for a in (
    Arch('arm64', 'aarch64', 'aarch64-linux-gnu', (), 'qemu-system-aarch64', (),
         ('-M', 'virt', '-cpu', 'cortex-a72'), 'virtio-rng-device', 'ttyAMA0', 'kpti=off',
         'linux-arm64', 'busybox-arm64', ARM64_BOOTS, ARM64_BOOTS[1:3]),
    Arch('amd64', 'x86_64', 'x86_64-linux-gnu', ('-DBENCH_HASWELL',), 'qemu-system-x86_64', ('-vga', 'none'),
         ('-M', 'pc', '-cpu', 'Haswell'), 'virtio-rng-pci', 'ttyS0', 'nopti',
         'linux-amd64', 'busybox-amd64', AMD64_BOOTS, (AMD64_SHELL, AMD64_BOOTS[2])),
)}
