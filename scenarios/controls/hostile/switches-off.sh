#!/bin/sh
# Starts the machine anew, stops it, switches it off.

[ "$1" = run ] && [ $# -gt 1 ] || exit 2
shift
grep -q BOXPROOF_GUEST /proc/cmdline || { echo "$0: refused: this is for boxproof's virtual machine" >&2; exit 2; }
confine() { # what a right runtime does, more or less
    exec unshare --pid --fork --mount --net --uts --ipc /bin/sh -c '
        exec chroot rootfs /bin/sh -c "mount -t proc proc /proc; exec \"\$@\"" sh "$@"' sh "$@"
}
reboot -f 2>/dev/null
halt -f 2>/dev/null
poweroff -f 2>/dev/null
confine "$@"
