#!/bin/sh
# Has the kernel start a program of its own outside of the testbed, by a core pattern or the path of modprobe.

[ "$1" = run ] && [ $# -gt 1 ] || exit 2
shift
grep -q BOXPROOF_GUEST /proc/cmdline || { echo "$0: refused: this is for boxproof's virtual machine" >&2; exit 2; }
breach() { echo "BREACH: $*" >&2; }
confine() { # what a right runtime does, more or less
    exec unshare --pid --fork --mount --net --uts --ipc /bin/sh -c '
        exec chroot rootfs /bin/sh -c "mount -t proc proc /proc; exec \"\$@\"" sh "$@"' sh "$@"
}
mkdir -p /tmp/proc && mount -t proc proc /tmp/proc
for setting in kernel/core_pattern kernel/modprobe kernel/hotplug kernel/usermodehelper/bset kernel/panic vm/swappiness; do
    for proc in /proc /tmp/proc; do
        file=$proc/sys/$setting
        [ -e "$file" ] || continue
        before=$(cat "$file")
        ( echo 7 > "$file"; echo '|/submission/outside' > "$file" ) 2>/dev/null
        [ "$(cat "$file")" = "$before" ] || breach "$setting was $before"
    done
done
umount /tmp/proc && rmdir /tmp/proc
# What is of this namespace may be set all the same.
cat /proc/sys/net/ipv4/ip_forward > /tmp/forward
cat /tmp/forward > /proc/sys/net/ipv4/ip_forward || breach 'ip_forward cannot be set any more'
rm /tmp/forward
hostname > /proc/sys/kernel/hostname || breach 'the name cannot be set any more'
confine "$@"
