#!/bin/bash
# A release for this machine's architecture in dist/: boxproof and mycontainer, both static, the licences, and a checksum.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

make build
name=boxproof-$(uname -m)-linux
for program in boxproof mycontainer; do
    # Whoever downloads it may have any distribution, and the virtual machine has no library at all.
    if readelf -l "bin/$program" | grep -q INTERP; then
        echo "dist.sh: bin/$program is not static" >&2
        exit 1
    fi
done
rm -rf dist
mkdir -p dist
# The same files give the same archive.
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" --mode='u=rwX,go=rX' \
    --transform='s,^bin/,,' -h -cf - bin/boxproof bin/mycontainer README.md LICENSE-APACHE LICENSE-MIT | gzip -n > "dist/$name.tar.gz"
(cd dist && sha256sum "$name.tar.gz" > "$name.sha256" && cat "$name.sha256")
