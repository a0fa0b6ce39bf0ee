#!/bin/sh
# build.sh OUTDIR: puts every control into OUTDIR under the name by which the tests call it. Run again, it changes what
# has changed. Needs no network.
set -eu

[ $# -eq 1 ] || { echo "usage: $0 OUTDIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)

missing=
PATH=$PATH:/usr/sbin:/sbin
need() { # COMMAND PACKAGE
    command -v "$1" >/dev/null || missing="$missing $2"
}
need go golang-go
need cc gcc
need python3 python3
need unshare util-linux
need ip iproute2
need bwrap bubblewrap
need runc runc
need crun crun
need podman podman
[ -n "$(find /usr/lib /usr/lib64 -name libc.a -print -quit 2>/dev/null)" ] || missing="$missing libc6-dev"
if [ -n "$missing" ]; then
    echo "$0: missing, install with: apt-get install -y --no-install-recommends$missing" >&2
    exit 1
fi

# Is OUTDIR/NAME older than any of its sources, or not there?
stale() { # NAME SOURCE...
    built=$out/$1
    shift
    [ ! -e "$built" ] || [ -n "$(find "$@" -newer "$built" -print -quit)" ]
}

# Built under another name and moved, so that nobody ever runs half a file.
for name in go-workshop go-minimal; do
    stale "$name" "$here/$name" || continue
    (cd "$here/$name" && GOTOOLCHAIN=local GOFLAGS=-mod=mod GOPROXY=off CGO_ENABLED=0 \
        go build -trimpath -buildvcs=false -o "$out/.$name" .)
    mv "$out/.$name" "$out/$name"
done
if stale c-minimal "$here/c-minimal"; then
    cc -O2 -Wall -Wextra -Werror -static -o "$out/.c-minimal" "$here/c-minimal/mycontainer.c"
    mv "$out/.c-minimal" "$out/c-minimal"
fi
for name in traces-the-agent calls-the-kernel; do
    if stale "$name" "$here/hostile"; then
        cc -O2 -Wall -Wextra -Werror -static -o "$out/.$name" "$here/hostile/$name.c"
        mv "$out/.$name" "$out/$name"
    fi
done

# Those with a boxproof.toml are directories, with the program in them that is not ours.
bring() { # CONTROL [PROGRAM]
    mkdir -p "$out/$1"
    cp -p "$here/$1"/* "$out/$1/"
    [ $# -lt 2 ] || cp -p "$(command -v "$2")" "$out/$1/"
}
bring sh-minimal
bring bwrap bwrap
bring unshare-chroot unshare
bring podman podman
for name in runc crun; do
    bring "$name" "$name"
done

cp -p "$here/manual-step2.sh" "$out/manual-step2.sh"
cp -p "$here/python-minimal/mycontainer.py" "$out/python-minimal.py"
cp -p "$here"/fakes/* "$here"/cheats/* "$here"/hostile/*.sh "$out/"
# git keeps the run bits; a copy that lost them (an archive, a share) must not turn every fake into `not-executable`.
chmod 755 "$out"/*.sh "$out"/*.py
chmod 644 "$out/not-executable"
