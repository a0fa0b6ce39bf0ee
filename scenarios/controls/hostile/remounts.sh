#!/bin/sh
# Makes the machine's own directories writable and writes into them. It is root, and they are its own virtual machine's.

[ "$1" = run ] && [ $# -gt 1 ] || exit 2
shift
grep -q BOXPROOF_GUEST /proc/cmdline || { echo "$0: refused: this is for boxproof's virtual machine" >&2; exit 2; }
confine() { # what a right runtime does, more or less
    exec unshare --pid --fork --mount --net --uts --ipc /bin/sh -c '
        exec chroot rootfs /bin/sh -c "mount -t proc proc /proc; exec \"\$@\"" sh "$@"' sh "$@"
}
for place in /usr /home /opt /root; do
    mount -o remount,bind,rw "$place" 2>/dev/null
    mount -o remount,rw "$place" 2>/dev/null
    ( echo gone > "$place/gone" ) 2>/dev/null
done
( echo gone > /usr/bin/boxproof ) 2>/dev/null
rm -f /usr/bin/boxproof 2>/dev/null
confine "$@"
