#!/bin/sh
# Runs the command with no isolation at all: as it is called, else the file of that name in rootfs/.
[ "$1" = run ] && shift
[ $# -gt 0 ] || exit 2
[ -x "rootfs/$1" ] || exec "$@"
command=$1
shift
exec "./rootfs/$command" "$@"
