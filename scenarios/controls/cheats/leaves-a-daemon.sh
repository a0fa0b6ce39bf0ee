#!/bin/sh
# Isolates the command, and leaves a process of its own behind, out of sight of whoever waits for it.

[ "$1" = run ] && [ $# -gt 1 ] || exit 2
shift
confine() { # what a right runtime does, more or less
    exec unshare --pid --fork --mount --net --uts --ipc /bin/sh -c '
        exec chroot rootfs /bin/sh -c "mount -t proc proc /proc; exec \"\$@\"" sh "$@"' sh "$@"
}
setsid sleep 86400 < /dev/null > /dev/null 2>&1 &
confine "$@"
