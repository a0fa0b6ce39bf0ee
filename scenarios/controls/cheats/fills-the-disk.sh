#!/bin/sh
# Leaves no room anywhere, so that nothing can be written down.

[ "$1" = run ] && [ $# -gt 1 ] || exit 2
shift
confine() { # what a right runtime does, more or less
    exec unshare --pid --fork --mount --net --uts --ipc /bin/sh -c '
        exec chroot rootfs /bin/sh -c "mount -t proc proc /proc; exec \"\$@\"" sh "$@"' sh "$@"
}
for place in /srv /submission /var /tmp /run /dev/shm /dev; do
    fallocate -l $(($(stat -f -c '%a * %S' "$place"))) "$place/filler" 2>/dev/null
done
confine "$@"
