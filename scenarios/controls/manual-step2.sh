#!/bin/sh
# Workshop step 2 as a learner types it, put into one file: unshare, chroot, mount proc, the command.
# Written in what busybox's unshare, chroot and mount understand as well as util-linux's.
#
#     manual-step2.sh run CMD [ARGS...]        in a directory that holds rootfs/

if [ "$1" != run ] || [ $# -lt 2 ]; then
    echo "usage: $0 run CMD [ARGS...]" >&2
    exit 2
fi
shift

# The last shell replaces itself by the command, which so becomes the PID 1 that the shell was.
exec unshare --pid --fork --mount --net /bin/sh -c '
    exec chroot rootfs /bin/sh -c "
        mkdir -p /proc
        mount -t proc proc /proc
        exec \"\$@\"
    " sh "$@"
' sh "$@"
