#!/bin/bash
# What boxproof's virtual machine needs on a runner, and KVM for its user. Idempotent.
set -euo pipefail

case $(uname -m) in
    aarch64) qemu="qemu-system-arm" ;;
    *) qemu="qemu-system-x86" ;;
esac
missing=()
for package in $qemu busybox-static jq; do
    dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} != 0 ]; then
    sudo apt-get -q update
    sudo apt-get -q install -y --no-install-recommends "${missing[@]}"
fi
# After the installation: QEMU's package makes udev look at its devices again, which undoes a chmod. Runners for arm have no KVM.
if [ -e /dev/kvm ] && ! { [ -r /dev/kvm ] && [ -w /dev/kvm ]; }; then
    echo 'KERNEL=="kvm", GROUP="kvm", MODE="0666", OPTIONS+="static_node=kvm"' | sudo tee /etc/udev/rules.d/99-kvm4all.rules > /dev/null
    sudo udevadm control --reload-rules && sudo udevadm trigger --name-match=kvm && sudo udevadm settle
fi
if [ -r /dev/kvm ] && [ -w /dev/kvm ]; then echo "KVM: for this user"; else echo "KVM: none, so software emulation"; fi
