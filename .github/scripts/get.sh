#!/bin/bash
# Puts boxproof into the PATH of later steps: the release of the version that the action's source is of, checked against the checksums
# that stand beside it; or, for a branch, a commit or a fork without releases, built from that source.
set -euo pipefail

source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
place=${RUNNER_TEMP:?}/boxproof-bin
mkdir -p "$place"

# get URL FILE: 1 if there is no such thing; that it could not be asked for ends everything, for no build mends that.
get() {
    local status=0
    curl -fsSL --retry 3 --connect-timeout 30 --max-time 300 -o "$2" "$1" || status=$?
    case $status in
        0) ;;
        # HTTP says that it is not there; a file is not.
        22 | 37) return 1 ;;
        *) echo "::error title=boxproof::$1 could not be downloaded (curl: $status)" && exit 1 ;;
    esac
}

download() {
    # v1 is wherever the newest v1.x.y is: what is released is called by its version. A branch is not what was released.
    [[ ${BOXPROOF_REF:-} =~ ^v[0-9]+(\.[0-9]+){0,2}$ && -n ${BOXPROOF_REPOSITORY:-} ]] || return 1
    local version name from
    version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$source/Cargo.toml" | head -n 1)
    name=boxproof-$(uname -m)-linux.tar.gz
    from=${GITHUB_SERVER_URL:-https://github.com}/$BOXPROOF_REPOSITORY/releases/download/v$version
    get "$from/$name" "$place/$name" || return 1
    get "$from/SHA256SUMS" "$place/SHA256SUMS" || return 1
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
