#!/bin/sh
# Runs the command on the host, where it finds its files by way of links, and reports for it.

[ "$1" = run ] && [ $# -gt 1 ] || exit 2
shift
find rootfs -xdev -type s | while read -r socket; do
    mkdir -p "$(dirname "${socket#rootfs}")" && ln -sf "$PWD/$socket" "${socket#rootfs}"
done 2>/dev/null
command=$1
shift
exec "rootfs/$command" "$@"
