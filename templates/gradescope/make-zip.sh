#!/bin/bash
# The zip that Gradescope takes as an autograder.
#
#     make build && templates/gradescope/make-zip.sh autograder.zip [course.toml]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$(realpath -m "${1:?where the zip goes}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
install -m 755 "$here/setup.sh" "$here/run_autograder" "$work"
install -m 755 "$here/../../bin/boxproof" "$work/boxproof"
if [ -n "${2:-}" ]; then
    "$work/boxproof" course check "$2"
    install -m 644 "$2" "$work/course.toml"
fi
rm -f "$out"
cd "$work"
python3 -m zipfile -c "$out" ./*
echo "$out"
