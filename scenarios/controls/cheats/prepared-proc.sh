#!/bin/sh
# No PID namespace: a directory that looks like the /proc of one is mounted where /proc should be.

[ "$1" = run ] && [ $# -gt 1 ] || exit 2
shift
mkdir -p /var/tmp/proc/1/ns /var/tmp/proc/self
printf '/bin/sh\0' > /var/tmp/proc/1/cmdline
printf 'Name:\tsh\nPid:\t1\nNSpid:\t1\n' | tee /var/tmp/proc/1/status > /var/tmp/proc/self/status
ln -sfn 'pid:[4026539999]' /var/tmp/proc/1/ns/pid
exec unshare --mount --net --uts --ipc /bin/sh -c 'mount --bind /var/tmp/proc rootfs/proc; exec chroot rootfs "$@"' sh "$@"
