#!/bin/sh
# podman keeps what it knows below /run: here in a tmpfs that nobody else sees, and that goes with its last process.
#
#     unshare --mount podman.sh PODMAN ID ROOTFS CMD [ARGS...]
set -eu
[ $# -ge 4 ] || { echo "usage: $0 PODMAN ID ROOTFS CMD [ARGS...]" >&2; exit 2; }
podman=$1 id=$2 rootfs=$3
shift 3
mount -t tmpfs -o mode=755,size=16m tmpfs /run
mount -t tmpfs -o mode=755,size=16m tmpfs /var
mkdir /var/tmp
exec "$podman" --root /run/root --runroot /run/runroot --tmpdir /run/tmp --storage-driver vfs --cgroup-manager cgroupfs \
    --events-backend none --runtime runc run --interactive --rm --quiet --name "$id" --network none --pids-limit 0 \
    --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 --rootfs "$rootfs" "$@"
