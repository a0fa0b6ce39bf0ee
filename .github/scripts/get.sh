#!/bin/bash
# Puts boxproof into the PATH of later steps: the release of the version that the action's source is of, checked against the checksums
# that stand beside it; or, for a branch, a commit or a fork without releases, built from that source.
set -euo pipefail

source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
place=${RUNNER_TEMP:?}/boxproof-bin
mkdir -p "$place"

download() {
    # v1 is wherever the newest v1.x.y is: what is released is called by its version. A branch is not what was released.
    [[ ${BOXPROOF_REF:-} =~ ^v[0-9] && -n ${BOXPROOF_REPOSITORY:-} ]] || return 1
    local version name from
    version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$source/Cargo.toml" | head -n 1)
    name=boxproof-$(uname -m)-linux.tar.gz
    from=${GITHUB_SERVER_URL:-https://github.com}/$BOXPROOF_REPOSITORY/releases/download/v$version
    curl -fsSL --retry 3 -o "$place/$name" "$from/$name" || return 1
    curl -fsSL --retry 3 -o "$place/SHA256SUMS" "$from/SHA256SUMS" || return 1
    # A release that is not what its checksums say is no reason to try something else.
    (cd "$place" && grep "  $name\$" SHA256SUMS | sha256sum --check --strict) || exit 1
    tar -C "$place" -xzf "$place/$name" boxproof
}

build() {
    echo "no release for ${BOXPROOF_REF:-this source}: building boxproof"
    make -C "$source" build
    cp -L "$source/bin/boxproof" "$place/boxproof"
}

download || build
"$place/boxproof" --version
echo "$place" >> "$GITHUB_PATH"
