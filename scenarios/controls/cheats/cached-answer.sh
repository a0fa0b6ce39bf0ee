#!/bin/sh
# Runs a command once and answers from what it remembers when the same command comes again.

[ "$1" = run ] && [ $# -gt 1 ] || exit 2
shift
confine() { # what a right runtime does, more or less
    exec unshare --pid --fork --mount --net --uts --ipc /bin/sh -c '
        exec chroot rootfs /bin/sh -c "mount -t proc proc /proc; exec \"\$@\"" sh "$@"' sh "$@"
}
memory=/var/tmp/$(echo "$*" | cksum | tr -d ' ')
if [ -e "$memory" ]; then
    cat "$memory"
    exit "$(cat "$memory.status")"
fi
(confine "$@") > "$memory"
status=$?
echo $status > "$memory.status"
cat "$memory"
exit $status
