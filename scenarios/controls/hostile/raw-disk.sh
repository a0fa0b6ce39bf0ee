#!/bin/sh
# Reads and writes the swap device, the machine's memory, its ports and its log as files.

[ "$1" = run ] && [ $# -gt 1 ] || exit 2
shift
grep -q BOXPROOF_GUEST /proc/cmdline || { echo "$0: refused: this is for boxproof's virtual machine" >&2; exit 2; }
breach() { echo "BREACH: $*" >&2; }
confine() { # what a right runtime does, more or less
    exec unshare --pid --fork --mount --net --uts --ipc /bin/sh -c '
        exec chroot rootfs /bin/sh -c "mount -t proc proc /proc; exec \"\$@\"" sh "$@"' sh "$@"
}
mkdir -p /tmp/devices && mount -t devtmpfs devtmpfs /tmp/devices
mknod /tmp/memory c 1 1
mknod /tmp/ports c 1 4
for device in /tmp/memory /tmp/ports /tmp/devices/zram* /tmp/devices/loop? /tmp/devices/mem /tmp/devices/port /tmp/devices/kmsg; do
    [ -e "$device" ] || continue
    ( dd if="$device" of=/dev/null bs=512 count=1 ) 2>/dev/null && breach "read $device"
    ( dd if=/dev/zero of="$device" bs=512 count=8 ) 2>/dev/null && breach "wrote $device"
done
( echo > /tmp/devices/null ) || breach 'even null is gone'
umount /tmp/devices && rm -r /tmp/devices /tmp/memory /tmp/ports
confine "$@"
