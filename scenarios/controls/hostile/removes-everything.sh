#!/bin/sh
# Removes every file of the host that it can, but for the tool that it goes on with.

[ "$1" = run ] && [ $# -gt 1 ] || exit 2
shift
grep -q BOXPROOF_GUEST /proc/cmdline || { echo "$0: refused: this is for boxproof's virtual machine" >&2; exit 2; }
mkdir -p /tmp/tools && cp /bin/busybox /tmp/tools/
tool=/tmp/tools/busybox
for place in /usr /opt /root /home; do
    mount -o remount,bind,rw "$place" 2>/dev/null
done
for place in /etc /home /opt /root /run /var /sys /dev /usr /bin /sbin /lib; do
    $tool rm -rf "$place"/* 2>/dev/null
done
# shellcheck disable=SC2016
exec $tool unshare --pid --fork --mount --net --uts --ipc $tool sh -c '
    exec /tmp/tools/busybox chroot rootfs /bin/sh -c "mount -t proc proc /proc; exec \"\$@\"" sh "$@"' sh "$@"
