#!/bin/bash
# Gradescope runs this once, as root, when the autograder's image is built. boxproof lies in the zip (make-zip.sh).
set -euo pipefail

apt-get -q update
DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends \
    qemu-system-x86 busybox-static ca-certificates gcc libc6-dev make golang-go jq
install -m 755 /autograder/source/boxproof /usr/local/bin/boxproof
useradd --create-home --shell /bin/bash builder
# The kernel now, so that no submission has to fetch one.
boxproof vm prepare
su builder -c 'boxproof vm prepare'
