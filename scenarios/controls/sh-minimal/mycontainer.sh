#!/bin/bash
# A small right container runtime in shell, of the tools of util-linux, coreutils and iproute2.
#
#     mycontainer.sh run [--hostname NAME] [--volume FROM:TO[:ro]] [--network ADDRESS/PREFIX,GATEWAY] CMD [ARGS...]
#
# in a directory that holds rootfs/. Four stages, each of which calls this file again for the next:
#
#     run        outside: passes signals on and ends as the container ends
#     connect    in every new namespace but the PID namespace: lo, the cable to the host, the name
#     beget      still outside of the PID namespace, but its child is PID 1
#     build      PID 1: mounts, the new root, the command
#
# bash, because a plain sh has no words to close descriptor 26. No cgroup: limits are put on from the host's side, as in
# step 3 of the workshop.
set -Eeuf

die() {
    echo "mycontainer: $1" >&2
    exit 125
}

usage() {
    echo "usage: $0 run [--hostname NAME] [--volume FROM:TO[:ro]] [--network ADDRESS/PREFIX,GATEWAY] CMD [ARGS...]" >&2
    exit 2
}

# ---- run ----

# SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM
passed_on='1 2 3 10 12 15'

run() {
    hostname=$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n') volume='' network=''
    while [ $# -gt 0 ]; do
        case $1 in
            --hostname) [ $# -ge 2 ] || usage; hostname=$2; shift 2 ;;
            --volume) [ $# -ge 2 ] || usage; volume=$2; shift 2 ;;
            --network) [ $# -ge 2 ] || usage; network=$2; shift 2 ;;
            -*) usage ;;
            *) break ;;
        esac
    done
    [ $# -ge 1 ] || usage
    [ "$(id -u)" = 0 ] || die 'must be run as root'
    [ -d rootfs ] || die 'there is no directory rootfs here'
    [ ${#hostname} -le 64 ] || die "the name $hostname is longer than 64 bytes"
    export hostname volume network
    close_descriptors

    killed_for=
    # shellcheck disable=SC2064 # the number is meant as it is now
    for number in $passed_on; do trap "pass_on $number" "$number"; done
    beside setpriv --pdeathsig KILL unshare --mount --uts --ipc --net --cgroup --propagation private \
        "$0" connect $$ "$@"
    # A signal cuts wait short. The child that wait has reaped is not there any more.
    status=0
    while kill -0 "$child" 2>/dev/null; do
        status=0
        wait "$child" || status=$?
    done
    [ -z "$killed_for" ] || status=$((128 + killed_for))
    # The cable goes with the container's network, but the kernel takes its time.
    [ -z "$network" ] || ip link delete mc-$$ 2>/dev/null || :
    exit $status
}

# Everything of the caller's but the three standard streams. 255 is where bash reads this file.
close_descriptors() {
    set +f
    for descriptor in /proc/self/fd/*; do
        descriptor=${descriptor##*/}
        [ "$descriptor" -le 2 ] || [ "$descriptor" = 255 ] || eval "exec $descriptor<&-"
    done
    set -f
}

# Runs a command beside this shell, as $child. It has our stdin, which a shell keeps from it unless it is told.
beside() {
    exec 3<&0
    "$@" <&3 3<&- &
    child=$!
    exec 3<&-
}

pass_on() { # NUMBER
    pid=
    # It has no newline at its end, for which read fails.
    read -r pid _ 2>/dev/null <"/proc/$child/task/$child/children" || [ -n "$pid" ] || return 0
    if shrugs_off "$pid" "$1"; then
        killed_for=$1
        kill -9 "$pid"
    elif [[ -t 0 && $1 == [23] ]]; then
        : # Ctrl-C and Ctrl-\ reach everybody at the terminal: the command has got them as well.
    else
        kill -"$1" "$pid"
    fi 2>/dev/null
}

# The kernel keeps signals from PID 1 that it has no handler for. Would this one have ended any other process?
shrugs_off() { # PID NUMBER
    minded=0
    while read -r name mask; do
        case $name in SigBlk:|SigIgn:|SigCgt:) minded=$((minded | 0x$mask)) ;; esac
    done <"/proc/$1/status"
    [ $((minded >> ($2 - 1) & 1)) = 0 ]
}

# ---- connect ----

# The host's namespaces are those of the process that runs `run`.
connect() { # RUNTIME CMD ARGS...
    trap 'exit 125' ERR
    runtime=$1
    shift
    ip link set lo up
    if [ -n "$network" ]; then
        address=${network%,*} gateway=${network#*,} end=mc-$runtime
        ip link add eth0 type veth peer name "$end" netns "$runtime"
        nsenter --target "$runtime" --net ip address add "$gateway/${address#*/}" dev "$end"
        nsenter --target "$runtime" --net ip link set "$end" up
        ip address add "$address" dev eth0
        ip link set eth0 up
        ip route add default via "$gateway"
    fi
    echo "$hostname" >/proc/sys/kernel/hostname
    exec unshare --pid "$0" beget "$@"
}

# ---- beget ----

beget() { # CMD ARGS...
    beside setpriv --pdeathsig KILL "$0" build "$@"
    status=0
    wait "$child" || status=$?
    exit $status
}

# ---- build ----

build() { # CMD ARGS...
    trap 'exit 125' ERR
    umask 0
    # Carried along with everything that is mounted below it.
    mount --rbind rootfs rootfs
    cd rootfs
    mount_at proc -t proc -o nosuid,nodev,noexec proc
    mount_at sys -t sysfs -o nosuid,nodev,noexec,ro sysfs
    make_dev
    mask_proc
    [ -z "$volume" ] || mount_volume "${volume%%:*}" "${volume#*:}"
    # Over the host's root, of which nothing can be reached from the new one. This shell is still on the old one, which
    # is where the last programs come from; pivot_root would take them away.
    mount --move . /
    umask 022
    exec env -i --default-signal PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
        chroot . "$@"
}

# A link in the image must not lead a mount out of it: each step of the way is looked at.
directory() { # PATH, relative
    way=.
    oldifs=$IFS IFS=/
    for name in $1; do
        way=$way/$name
        [ "$name" != .. ] || die "$1: .. leads nowhere"
        [ ! -L "$way" ] || die "$way in rootfs is a link, nothing is mounted there"
        [ -d "$way" ] || mkdir -m 755 "$way"
    done
    IFS=$oldifs
}

mount_at() { # PATH MOUNT-ARGUMENTS...
    at=$1
    shift
    directory "$at"
    mount "$@" "./$at"
}

make_dev() {
    mount_at dev -t tmpfs -o nosuid,noexec,mode=755,size=64k tmpfs
    for node in 'null 1 3' 'zero 1 5' 'full 1 7' 'random 1 8' 'urandom 1 9' 'tty 5 0'; do
        # shellcheck disable=SC2086 # two words
        mknod -m 666 "dev/${node%% *}" c ${node#* }
    done
    mount_at dev/pts -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5 devpts
    mount_at dev/shm -t tmpfs -o nosuid,nodev,noexec,mode=1777,size=64m tmpfs
    ln -s pts/ptmx dev/ptmx
    ln -s /proc/self/fd dev/fd
    ln -s fd/0 dev/stdin
    ln -s fd/1 dev/stdout
    ln -s fd/2 dev/stderr
}

# What of /proc reaches through to the whole machine: some of it read-only, some of it not at all.
mask_proc() {
    for name in bus fs irq sys sysrq-trigger; do
        [ -e proc/$name ] || continue
        mount --bind proc/$name proc/$name
        mount -o remount,bind,ro,nosuid,nodev,noexec proc/$name
    done
    for name in kcore keys timer_list; do
        [ ! -e proc/$name ] || mount --bind dev/null proc/$name
    done
}

mount_volume() { # FROM TO[:ro]
    to=${2%:ro}
    mount_at "${to#/}" --rbind "$1"
    [ "$to" = "$2" ] || mount -o remount,bind,ro "./${to#/}"
}

[ $# -ge 1 ] || usage
verb=$1
shift
case $verb in
    run) run "$@" ;;
    connect | beget) [ -n "${hostname+set}" ] || usage; $verb "$@" ;;
    build) [ $$ = 1 ] || usage; build "$@" ;;
    *) usage ;;
esac
