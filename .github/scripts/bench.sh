#!/bin/bash
# The benchmarks, as a table that a run's page shows. No judgement: runners differ by the day.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
summary=${GITHUB_STEP_SUMMARY:-/dev/stdout}

make bench 2>&1 | tee "${RUNNER_TEMP:-/tmp}/bench.log"
{
    echo '## Benchmarks'
    echo '```'
    # Colours and what cargo says of its own work are for the log.
    sed -e 's/\x1b\[[0-9;]*m//g' -e '/^ *\(Compiling\|Finished\|Running\|Blocking\|Updating\|Download\)/d' "${RUNNER_TEMP:-/tmp}/bench.log" | tail -n 100
    echo '```'
} >> "$summary"
