#!/bin/sh
# Has the kernel start a program of its own outside of the testbed, by the release agent of a cgroup v1 hierarchy.

[ "$1" = run ] && [ $# -gt 1 ] || exit 2
shift
grep -q BOXPROOF_GUEST /proc/cmdline || { echo "$0: refused: this is for boxproof's virtual machine" >&2; exit 2; }
breach() { echo "BREACH: $*" >&2; }
confine() { # what a right runtime does, more or less
    exec unshare --pid --fork --mount --net --uts --ipc /bin/sh -c '
        exec chroot rootfs /bin/sh -c "mount -t proc proc /proc; exec \"\$@\"" sh "$@"' sh "$@"
}
mkdir -p /tmp/v1
for options in none,name=hostile memory pids cpuset rdma; do
    mount -t cgroup -o "$options" cgroup /tmp/v1 2>/dev/null || continue
    breach "a cgroup v1 hierarchy of $options"
    umount /tmp/v1
done
rmdir /tmp/v1
confine "$@"
