#!/bin/bash
# growth.sh BOXPROOF CONTROLS [COUNT...]: how the time and the memory of a class in virtual machines grow with the class.
# Prints a line for each count: submissions, seconds, seconds per submission, the most memory that one QEMU had for itself
# (PSS: what several share is counted once), and the most of all of them together.
set -euo pipefail

[ $# -ge 2 ] || { echo "usage: $0 BOXPROOF CONTROLS [COUNT...]" >&2; exit 2; }
boxproof=$(realpath "$1")
controls=$(realpath "$2")
shift 2
[ $# -gt 0 ] || set -- 1 10 30 100

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cat >"$place/course.toml" <<'COURSE'
[course]
id = "growth"
seed = 7
[[part]]
tiers = ["core"]
COURSE

# Five languages, right and wrong, as they come.
sources=("$controls"/{go-workshop,go-minimal,c-minimal,python-minimal.py} "$controls"/{does-nothing,prints-everything,runs-on-host}.sh)
hand_in() { # COUNT DIRECTORY
    mkdir "$2"
    for ((number = 0; number < $1; number++)); do
        cp "${sources[number % ${#sources[@]}]}" "$2/$(printf 's%03d' "$number")"
    done
}

# Kilobytes of each QEMU that descends from a process, one a line.
machines_of() { # PID
    local child
    for child in $(pgrep -P "$1"); do
        if [ "$(cat "/proc/$child/comm" 2>/dev/null)" = qemu-system-x86 ]; then
            awk '/^Pss:/ { print $2 }' "/proc/$child/smaps_rollup" 2>/dev/null || true
        else
            machines_of "$child"
        fi
    done
}

watch_memory() { # PID FILE
    while kill -0 "$1" 2>/dev/null; do
        machines_of "$1" | awk '{ sum += $1; if ($1 > most) most = $1 } END { if (NR) print most, sum }' >>"$2"
        sleep 0.2
    done
}

printf '%11s %9s %9s %14s %14s\n' submissions seconds 'each' 'MiB, one' 'MiB, together'
for count in "$@"; do
    hand_in "$count" "$place/class$count"
    start=$EPOCHREALTIME
    "$boxproof" class "$place/class$count" --course "$place/course.toml" -o "$place/out$count" --backend vm \
        >"$place/log" 2>&1 &
    class=$!
    : >"$place/memory"
    watch_memory "$class" "$place/memory"
    wait "$class" || { tail "$place/log" >&2; exit 1; }
    end=$EPOCHREALTIME
    read -r one together < <(awk '{ if ($1 > one) one = $1; if ($2 > all) all = $2 } END { print one, all }' "$place/memory")
    awk -v n="$count" -v s="$start" -v e="$end" -v one="$one" -v all="$together" \
        'BEGIN { printf "%11d %9.1f %9.2f %14.0f %14.0f\n", n, e - s, (e - s) / n, one / 1024, all / 1024 }'
done
