# rootfs.sh - a small Debian with systemd as the root file system on a disk image (sourced by fetch.sh).
#
# Packages are unpacked, their scripts are not run (they may be for a machine that cannot run here); what those would
# have set up and a boot to a login needs is written below. No privileges: files of users other than root get their
# owner inside the image. The only user is root, the password is mynah.

ROOTFS_PACKAGES='?essential systemd-sysv udev dbus libpam-systemd kmod procps python3-minimal'

rootfs_unpack() { # TREE
    local deb
    # /usr is merged before anything is unpacked, as an installer does.
    mkdir -p "$1"/usr/{bin,sbin,lib,lib64}
    for deb in bin sbin lib lib64; do
        ln -s "usr/$deb" "$1/$deb"
    done
    papt apt-get clean
    # shellcheck disable=SC2086
    retry 3 papt apt-get -y --no-install-recommends --download-only install $ROOTFS_PACKAGES > /dev/null ||
        die "apt could not download the packages of a root file system (its words are above)"
    for deb in "$PAPT"/cache/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$deb" |
            tar -x -p -C "$1" --no-same-owner --keep-directory-symlink \
                --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' \
                --exclude='./usr/share/info/*' --exclude='./usr/lib/x86_64-linux-gnu/gconv/*' ||
            die "could not unpack $deb"
    done
    papt apt-get clean
}

# The files that installation scripts make.
rootfs_configure() { # TREE
    local etc=$1/etc kind
    cp "$1/usr/share/base-passwd/passwd.master" "$etc/passwd"
    cp "$1/usr/share/base-passwd/group.master" "$etc/group"
    sed -i 's/^root:[^:]*:/root:x:/' "$etc/passwd"
    echo 'messagebus:x:100:107::/nonexistent:/usr/sbin/nologin' >> "$etc/passwd"
    echo 'messagebus:x:107:' >> "$etc/group"
    printf '%s\n' 'root:$6$mynah$f6RJlUuwfayMwKDAvizzFbw25pFgbhbW2IufpFELYPzMh78CT3F17jrDxqaYZ8mmm1CUifb0HBlFLkjWrmHe30:19700:0:99999:7:::' > "$etc/shadow"
    chmod 640 "$etc/shadow"
    echo mynah > "$etc/hostname"
    echo '127.0.0.1 localhost mynah' > "$etc/hosts"
    echo '/dev/vda / ext4 errors=remount-ro 0 1' > "$etc/fstab"
    : > "$etc/machine-id"
    for kind in auth account session session-noninteractive password; do
        printf '%s\trequired\tpam_unix.so\n' "${kind%-*}" > "$etc/pam.d/common-$kind"
    done
    printf 'session\toptional\tpam_systemd.so\n' >> "$etc/pam.d/common-session"
    ln -sf mawk "$1/usr/bin/awk"
    ln -sf bash "$1/usr/bin/sh"
    # What systemctl preset-all enables, as far as it concerns this system.
    mkdir -p "$etc/systemd/system/getty.target.wants" "$etc/systemd/system/multi-user.target.wants"
    ln -sf /lib/systemd/system/multi-user.target "$etc/systemd/system/default.target"
    mkdir -p "$1/root" "$1/proc" "$1/sys" "$1/dev" "$1/run" "$1/tmp" "$1/mnt"
    cp "$1"/usr/share/base-files/dot.bashrc "$1/root/.bashrc"
    cp "$1"/usr/share/base-files/dot.profile "$1/root/.profile"
    cp "$1"/usr/share/base-files/profile "$etc/profile"
    printf '%s: files\n' passwd group shadow hosts services > "$etc/nsswitch.conf"
}

# ext4 from the tree; then all of it belongs to root, whoever runs this.
rootfs_image() { # TREE IMAGE
    local size
    size=$(du -sm --apparent-size "$1" | cut -f 1)
    truncate -s "$((size * 5 / 4 + 96))M" "$2"
    mke2fs -q -t ext4 -L mynah -O ^metadata_csum_seed,^orphan_file -E root_owner=0:0 -d "$1" "$2" ||
        die "mke2fs could not make the root file system"
    if [ "$(id -u)" != 0 ]; then
        (cd "$1" && find . -mindepth 1 -printf 'set_inode_field "/%P" uid 0\nset_inode_field "/%P" gid 0\n') |
            debugfs -w -f - "$2" > /dev/null 2>&1
    fi
    printf 'set_inode_field /etc/shadow gid 42\n' | debugfs -w -f - "$2" > /dev/null 2>&1
    e2fsck -fn "$2" > /dev/null 2>&1 || die "the root file system is not in order"
}

fetch_rootfs() { # DIR ARCH
    say "fetching a small Debian for $2 (60 MB)"
    rootfs_unpack "$1/tree"
    rootfs_configure "$1/tree"
    rootfs_image "$1/tree" "$1/disk.img"
    rm -rf "$1/tree"
    echo "$ROOTFS_PACKAGES" > "$1/package"
}
