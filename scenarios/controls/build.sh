#!/bin/sh
# build.sh OUTDIR: puts every control into OUTDIR under the name by which the tests call it. Run again, it changes what
# has changed. Needs no network.
set -eu

[ $# -eq 1 ] || { echo "usage: $0 OUTDIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)

missing=
need() { # COMMAND PACKAGE
    command -v "$1" >/dev/null || missing="$missing $2"
}
need go golang-go
need cc gcc
need python3 python3
[ -n "$(find /usr/lib /usr/lib64 -name libc.a -print -quit 2>/dev/null)" ] || missing="$missing libc6-dev"
if [ -n "$missing" ]; then
    echo "$0: missing, install with: apt-get install -y --no-install-recommends$missing" >&2
    exit 1
fi

# Is OUTDIR/NAME older than any of its sources, or not there?
stale() { # NAME SOURCE...
    name=$1
    shift
    [ ! -e "$out/$name" ] || [ -n "$(find "$@" -newer "$out/$name" -print -quit)" ]
}

# Built under another name and moved, so that nobody ever runs half a file.
if stale go-workshop "$here/go-workshop"; then
    (cd "$here/go-workshop" && GOTOOLCHAIN=local GOFLAGS=-mod=mod GOPROXY=off CGO_ENABLED=0 \
        go build -trimpath -buildvcs=false -o "$out/.go-workshop" .)
    mv "$out/.go-workshop" "$out/go-workshop"
fi
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

cp -p "$here/manual-step2.sh" "$out/manual-step2.sh"
cp -p "$here/python-minimal/mycontainer.py" "$out/python-minimal.py"
cp -p "$here"/fakes/* "$here"/cheats/* "$here"/hostile/*.sh "$out/"
# git keeps the run bits; a copy that lost them (an archive, a share) must not turn every fake into `not-executable`.
chmod 755 "$out"/*.sh "$out"/*.py
chmod 644 "$out/not-executable"
