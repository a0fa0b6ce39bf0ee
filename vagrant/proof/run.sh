#!/bin/bash
# The real thing once, and nothing of it left: Vagrant, libvirt and QEMU (software emulation) with a box that make-box.sh makes of a
# Debian image that image.sh makes. `make vagrant-proof`; root; ten minutes and more, and not part of CI.
#
# All of it runs in mount, network and process namespaces of its own: libvirt's state, bridges and rules are gone with them, and
# whatever still runs at the end is killed. The image and the box are kept in WORK, as they take minutes.
#
#     vagrant/proof/run.sh WORK BOXPROOF MYCONTAINER TESTS
#
# PARTS names the parts of inside.sh to run (up killed gone); default: all. TESTS is a test program of cargo's, with boxproof beside its directory: compiling under software emulation is hopeless.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mkdir -p "${1:?where to work}" && cd "$1" && pwd) boxproof=$(realpath "$2") runtime=$(realpath "$3") tests=$(realpath "$4")
[ "$(id -u)" = 0 ] || { echo "run.sh: needs root" >&2; exit 1; }

if [ ! -e "$work/debian.box" ]; then
    # What provision.sh wants is in the image: the network of this machine leads nowhere.
    "$here/image.sh" "$work/debian.raw" ca-certificates curl gcc libc6-dev make busybox-static
    sum=$(sha256sum "$work/debian.raw" | cut -d' ' -f1)
    "$here/../make-box.sh" --image "$work/debian.raw" --sha256 "$sum" --size 8 "$work/debian.part"
    mv "$work/debian.part" "$work/debian.box"
    rm "$work/debian.raw"
fi
rm -rf "$work/state"
mkdir "$work/state"
trap 'rm -rf --one-file-system "$work/state"' EXIT
unshare --mount --net --pid --fork --kill-child --mount-proc -- "$here/inside.sh" "$work" "$boxproof" "$runtime" "$tests"
