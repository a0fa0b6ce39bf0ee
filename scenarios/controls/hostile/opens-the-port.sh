#!/bin/sh
# Opens the port to the host, to write verdicts of its own, by every name and number that it may have.

[ "$1" = run ] && [ $# -gt 1 ] || exit 2
shift
grep -q BOXPROOF_GUEST /proc/cmdline || { echo "$0: refused: this is for boxproof's virtual machine" >&2; exit 2; }
breach() { echo "BREACH: $*" >&2; }
confine() { # what a right runtime does, more or less
    exec unshare --pid --fork --mount --net --uts --ipc /bin/sh -c '
        exec chroot rootfs /bin/sh -c "mount -t proc proc /proc; exec \"\$@\"" sh "$@"' sh "$@"
}
mkdir -p /tmp/devices && mount -t devtmpfs devtmpfs /tmp/devices
major=$(sed -n 's/ virtio-portsdev$//p' /proc/devices)
for minor in 0 1 2 3; do
    mknod "/tmp/port$minor" c "${major:-0}" "$minor" 2>/dev/null
done
for port in /tmp/port? /tmp/devices/vport* /tmp/devices/hvc* /tmp/devices/ttyS0 /tmp/devices/console; do
    [ -e "$port" ] && ( echo '{"event":"end","checks":0}' > "$port" ) 2>/dev/null && breach "wrote to $port"
done
umount /tmp/devices && rm -rf /tmp/devices /tmp/port?
confine "$@"
