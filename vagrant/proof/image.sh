#!/bin/bash
# Makes a Debian disk image as a distribution's cloud image is made: one ext4 partition, GRUB, cloud-init, nobody who could log
# in. What `make-box.sh` is given where no image can be downloaded.
#
#     vagrant/proof/image.sh OUT.raw [PACKAGE...]
#
# Root, because other users cannot make files of root's. No loop device: the file system is filled while it is made, and GRUB
# stands where its boot sector looks by default, right behind it.
set -euo pipefail

out=${1:?where the image goes}
shift
suite=${SUITE:-bookworm} size_mib=${SIZE_MIB:-3072} first=2048

packages=(
    linux-image-cloud-amd64 systemd systemd-sysv systemd-resolved dbus udev kmod zstd # boots
    cloud-init openssh-server sudo iproute2 rsync             # can be reached
    "$@"
)

work=$(mktemp -d "${TMPDIR:-/tmp}/boxproof-image.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
root=$work/root

mmdebstrap --mode=root --variant=apt --include="${packages[*]}" --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' "$suite" "$root" > "$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; exit 1; }

echo 'LABEL=root / ext4 defaults 0 1' > "$root/etc/fstab"
echo debian > "$root/etc/hostname"
echo '127.0.0.1 localhost debian' > "$root/etc/hosts"
: > "$root/etc/machine-id"
echo 'datasource_list: [NoCloud, None]' > "$root/etc/cloud/cloud.cfg.d/90-datasource.cfg"
rm -f "$root"/etc/ssh/ssh_host_*
chroot "$root" systemctl enable systemd-networkd ssh >> "$work/log" 2>&1
mkdir -p "$root/boot/grub"
cat > "$root/boot/grub/grub.cfg" <<'GRUB'
set timeout=0
menuentry Debian {
    linux /vmlinuz root=LABEL=root ro console=ttyS0 net.ifnames=0
    initrd /initrd.img
}
GRUB

truncate -s "${size_mib}M" "$out"
printf 'label: dos\nstart=%d, type=83, bootable\n' "$first" | sfdisk --quiet "$out"
mkfs.ext4 -q -L root -d "$root" -E "offset=$((first * 512))" "$out" "$((size_mib - first / 2048))M"

modules=/usr/lib/grub/i386-pc
grub-mkimage -O i386-pc -o "$work/core.img" -p '(hd0,msdos1)/boot/grub' biosdisk part_msdos ext2 normal linux
dd if=$modules/boot.img of="$out" bs=440 count=1 conv=notrunc status=none
dd if="$work/core.img" of="$out" bs=512 seek=1 conv=notrunc status=none
