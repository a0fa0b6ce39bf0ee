#!/bin/bash
# The reference runtime in the micro-VM, by KVM or by software emulation and by nothing else, and not as root.
#
#     .github/scripts/vm-exam.sh kvm|tcg
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

case ${1:-} in kvm | tcg) ;; *) echo "vm-exam.sh: kvm or tcg" >&2; exit 2 ;; esac
make build
export BOXPROOF_ACCEL=$1
bin/boxproof doctor
bin/boxproof exam bin/mycontainer --json > "${RUNNER_TEMP:-/tmp}/result.json"
jq -e --arg accel "$1" '.status == "pass" and .environment.limits.accelerator == $accel' "${RUNNER_TEMP:-/tmp}/result.json" > /dev/null
bin/boxproof report md "${RUNNER_TEMP:-/tmp}/result.json" >> "${GITHUB_STEP_SUMMARY:-/dev/stdout}"
