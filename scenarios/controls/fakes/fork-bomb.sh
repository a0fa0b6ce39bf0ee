#!/bin/sh
# Forks without end. It belongs into a testbed, so it looks for one first: a cgroup with a pids limit, on itself or on any
# cgroup above it. Where limits cannot be seen, BOXPROOF_FORK_BOMB=testbed says that somebody knows what he is doing.

limited() {
    path=$(sed -n 's/^0:://p' /proc/self/cgroup)
    while :; do
        limit=$(cat "/sys/fs/cgroup$path/pids.max" 2>/dev/null || echo max)
        [ "$limit" = max ] || return 0
        case $path in
        '' | /) return 1 ;;
        esac
        path=${path%/*}
    done
}

if [ "$BOXPROOF_FORK_BOMB" != testbed ] && ! limited; then
    echo "$0: refused: a fork bomb is for a testbed, and no cgroup of this process limits its pids" >&2
    exit 2
fi
trap '' HUP INT QUIT TERM
while :; do
    "$0" "$@" &
done
