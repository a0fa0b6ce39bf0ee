#!/bin/bash
# Puts boxproof into the PATH of later steps: the release of the action's own tag, checked against the checksums that stand beside
# it, or, where there is none (a branch, a commit, a fork), built from the action's own source.
set -euo pipefail

source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
place=${RUNNER_TEMP:?}/boxproof-bin
mkdir -p "$place"

download() {
    local name
    name=boxproof-$(uname -m)-linux.tar.gz
    local from=${GITHUB_SERVER_URL:-https://github.com}/${BOXPROOF_REPOSITORY:-}/releases/download/${BOXPROOF_REF:-}
    [[ ${BOXPROOF_REF:-} =~ ^v[0-9] && -n ${BOXPROOF_REPOSITORY:-} ]] || return 1
    curl -fsSL --retry 3 -o "$place/$name" "$from/$name" && curl -fsSL --retry 3 -o "$place/SHA256SUMS" "$from/SHA256SUMS" || return 1
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
