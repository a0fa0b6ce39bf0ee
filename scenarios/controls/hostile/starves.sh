#!/bin/sh
# Leaves no processor to anybody: real-time tasks that never rest.

[ "$1" = run ] && [ $# -gt 1 ] || exit 2
shift
grep -q BOXPROOF_GUEST /proc/cmdline || { echo "$0: refused: this is for boxproof's virtual machine" >&2; exit 2; }
confine() { # what a right runtime does, more or less
    exec unshare --pid --fork --mount --net --uts --ipc /bin/sh -c '
        exec chroot rootfs /bin/sh -c "mount -t proc proc /proc; exec \"\$@\"" sh "$@"' sh "$@"
}
for _ in 1 2 3 4 5 6 7 8; do
    ( while :; do :; done ) < /dev/null > /dev/null 2>&1 &
    chrt -f -p 99 $! > /dev/null 2>&1
    renice -n -20 -p $! > /dev/null 2>&1
done
confine "$@"
