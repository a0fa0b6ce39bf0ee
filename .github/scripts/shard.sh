#!/bin/bash
# One part of a class, or all parts put together.
#
#     .github/scripts/shard.sh examine ROSTER COURSE K/N OUT
#     .github/scripts/shard.sh merge OUT PART...
set -euo pipefail

case ${1:-} in
    examine)
        roster=$2 course=$3 shard=$4 out=$5
        arguments=("$roster" --shard "$shard" --out "$out")
        if [ -n "$course" ]; then arguments+=(--course "$course"); fi
        # 3: somebody could not be examined. The others were, and class.json says who.
        boxproof class "${arguments[@]}" || [ $? = 3 ]
        ;;
    merge)
        out=$2
        shift 2
        status=0
        boxproof merge "$@" --out "$out" || status=$?
        if [ -s "$out/class.md" ]; then cat "$out/class.md" >> "${GITHUB_STEP_SUMMARY:-/dev/stdout}"; fi
        [ $status = 0 ] || [ $status = 3 ] || exit $status
        ;;
    *)
        echo "shard.sh: examine or merge" >&2
        exit 2
        ;;
esac
