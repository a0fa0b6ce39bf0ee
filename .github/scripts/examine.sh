#!/bin/bash
# The exam of one runtime on a runner: step summary, annotations, JUnit, a page, and the score as outputs.
#
# What is examined is foreign, and so is what builds it. In virtual machines neither reaches the files by which a step talks to the runner,
# and while it may print, the runner obeys nothing that is printed. With `local` it is root on the runner: nobody names those files to it, but
# it can find them, so that is for whoever examines his own.
set -euo pipefail

out=${RUNNER_TEMP:?}/boxproof
mkdir -p "$out"
rm -f "$out"/*
arguments=("${RUNTIME:-.}" --lang "${BOXPROOF_LANG:-en}")
if [ -n "${COURSE:-}" ]; then arguments+=(--course "$COURSE"); fi
for id in ${ONLY:-}; do arguments+=(--only "$id"); done

examine=(boxproof exam)
case ${BACKEND:-vm} in
    vm) ;;
    # sudo has a PATH of its own.
    local) examine=("$(command -v boxproof)" exam --backend local) && [ "$(id -u)" = 0 ] || examine=(sudo "${examine[@]}") ;;
    *) echo "::error title=boxproof::backend must be vm or local" && exit 2 ;;
esac

deaf=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$deaf"
status=0
env -u GITHUB_ENV -u GITHUB_OUTPUT -u GITHUB_PATH -u GITHUB_STATE -u GITHUB_STEP_SUMMARY -u GITHUB_TOKEN \
    -u ACTIONS_RUNTIME_TOKEN -u ACTIONS_ID_TOKEN_REQUEST_TOKEN \
    "${examine[@]}" "${arguments[@]}" --report "json=$out/result.json" || status=$?
echo "::$deaf::"

# Nothing was examined: wrong usage, or a machine that cannot. Why stands above.
if [ ! -s "$out/result.json" ]; then
    echo "::error title=boxproof::nothing could be examined: see the log of this step"
    echo "status=error" >> "$GITHUB_OUTPUT"
    [ "${FAIL_ON:-fail}" = never ] || exit "$status"
    exit 0
fi

boxproof report md -o "$out/summary.md" "$out/result.json"
boxproof report junit -o "$out/junit.xml" "$out/result.json"
boxproof report html -o "$out/page.html" "$out/result.json"
cat "$out/summary.md" >> "$GITHUB_STEP_SUMMARY"
boxproof report github "$out/result.json"
{
    jq -r '"status=\(.status)\nmax-score=\(.max_score)\nscore=\(if .status == "error" then "" else .score end)"' "$out/result.json"
    printf '%s\n' "result=$out/result.json" "junit=$out/junit.xml" "page=$out/page.html"
} >> "$GITHUB_OUTPUT"

case ${FAIL_ON:-fail} in
    never) ;;
    error) [ "$status" = 0 ] || [ "$status" = 1 ] || exit "$status" ;;
    *) exit "$status" ;;
esac
