#!/bin/sh
# Gives an OCI runtime its bundle, and becomes that runtime.
#
#     unshare --mount bundle.sh RUNTIME ID ROOTFS CMD [ARGS...]
#
# The bundle and the runtime's state lie in a tmpfs on /run that nobody else sees, and that goes with its last process.
# Written for busybox and for Debian's tools alike: the virtual machine has only busybox.
set -eu

[ $# -ge 4 ] || { echo "usage: $0 RUNTIME ID ROOTFS CMD [ARGS...]" >&2; exit 2; }
runtime=$1 id=$2 rootfs=$3
shift 3

tab=$(printf '\t') newline='
'
# A word as JSON has it. Pure shell: a process for each of a hundred arguments takes its time.
json() {
    rest=$1 quoted=
    while :; do
        plain=${rest%%[\\\""$tab$newline"]*}
        quoted=$quoted$plain
        [ "$plain" != "$rest" ] || break
        rest=${rest#"$plain"}
        case $rest in
            \\*) quoted=$quoted'\\' ;;
            \"*) quoted=$quoted'\"' ;;
            "$tab"*) quoted=$quoted'\t' ;;
            *) quoted=$quoted'\n' ;;
        esac
        rest=${rest#?}
    done
    printf '"%s"' "$quoted"
}

arguments=
for word; do
    arguments=$arguments${arguments:+, }$(json "$word")
done
# What docker and podman give a container's root.
capabilities='["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD", "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT"]'

mount -t tmpfs -o mode=755,size=1m tmpfs /run
mkdir /run/bundle
cat >/run/bundle/config.json <<JSON
{
  "ociVersion": "1.0.2",
  "process": {
    "user": { "uid": 0, "gid": 0 },
    "args": [$arguments],
    "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"],
    "cwd": "/",
    "capabilities": {
      "bounding": $capabilities,
      "effective": $capabilities,
      "permitted": $capabilities
    }
  },
  "root": { "path": $(json "$rootfs") },
  "hostname": "$id",
  "mounts": [
    { "destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"] },
    { "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=64k"] },
    { "destination": "/dev/pts", "type": "devpts", "source": "devpts",
      "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"] },
    { "destination": "/dev/shm", "type": "tmpfs", "source": "shm",
      "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=64m"] },
    { "destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"] }
  ],
  "linux": {
    "cgroupsPath": "/$id",
    "namespaces": [
      { "type": "pid" }, { "type": "network" }, { "type": "ipc" }, { "type": "uts" }, { "type": "mount" },
      { "type": "cgroup" }
    ],
    "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
    "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
  }
}
JSON
exec "$runtime" --root /run/state run --bundle /run/bundle "$id"
