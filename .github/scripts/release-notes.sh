#!/bin/bash
# What CHANGELOG.md says of one version. A version that it does not know is not released.
#
#     .github/scripts/release-notes.sh v0.1.0
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

version=${1#v}
notes=$(awk -v head="## [$version]" 'index($0, head) == 1 { on = 1; next } /^## / { on = 0 } on' CHANGELOG.md)
[ -n "${notes//[[:space:]]/}" ] || { echo "release-notes.sh: CHANGELOG.md says nothing of $version" >&2; exit 1; }
grep -q "^version = \"$version\"\$" Cargo.toml || { echo "release-notes.sh: Cargo.toml is not at $version" >&2; exit 1; }
printf '%s\n' "$notes"
