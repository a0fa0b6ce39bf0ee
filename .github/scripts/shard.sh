#!/bin/bash
# One part of a class, or all parts put together. What is handed on is an archive: an artifact takes no file whose name has a `"` or a `:`
# in it, and a student's may.
#
#     .github/scripts/shard.sh examine ROSTER COURSE K/N OUT      makes OUT and OUT.tar
#     .github/scripts/shard.sh merge OUT PART.tar...              makes OUT and OUT.tar.gz
set -euo pipefail

case ${1:-} in
    examine)
        roster=$2 course=$3 shard=$4 out=$5
        arguments=("$roster" --shard "$shard" --out "$out")
        if [ -n "$course" ]; then arguments+=(--course "$course"); fi
        # 3: somebody could not be examined. The others were, and class.json says who.
        boxproof class "${arguments[@]}" || [ $? = 3 ]
        tar -C "$out" -cf "$out.tar" .
        ;;
    merge)
        out=$2
        shift 2
        parts=$(mktemp -d)
        trap 'rm -rf "$parts"' EXIT
        for part in "$@"; do
            place=$(mktemp -d "$parts/XXXXXX")
            tar -C "$place" -xf "$part"
        done
        status=0
        boxproof merge "$parts"/* --out "$out" || status=$?
        if [ -d "$out" ]; then tar -czf "$out.tar.gz" "$out"; fi
        if [ -s "$out/class.md" ]; then cat "$out/class.md" >> "${GITHUB_STEP_SUMMARY:-/dev/stdout}"; fi
        [ $status = 0 ] || [ $status = 3 ] || exit $status
        ;;
    *)
        echo "shard.sh: examine or merge" >&2
        exit 2
        ;;
esac
