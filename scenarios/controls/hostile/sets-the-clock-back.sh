#!/bin/sh
# Sets the clock back, so that a late submission was in time.

[ "$1" = run ] && [ $# -gt 1 ] || exit 2
shift
grep -q BOXPROOF_GUEST /proc/cmdline || { echo "$0: refused: this is for boxproof's virtual machine" >&2; exit 2; }
breach() { echo "BREACH: $*" >&2; }
confine() { # what a right runtime does, more or less
    exec unshare --pid --fork --mount --net --uts --ipc /bin/sh -c '
        exec chroot rootfs /bin/sh -c "mount -t proc proc /proc; exec \"\$@\"" sh "$@"' sh "$@"
}
date -s '2001-01-01 00:00:00' > /dev/null 2>&1
[ "$(date +%Y)" != 2001 ] || breach 'it is 2001'
confine "$@"
