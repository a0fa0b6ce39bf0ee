#!/bin/bash
# Makes a machine of Debian or Ubuntu ready for boxproof: a virtual machine of Vagrant's or Lima's, GitHub's runner, any other. May be
# run again and again: what is there already stays as it is, and then nothing is fetched.
#
#     sudo vagrant/provision.sh [--tests] [--disposable] [--no-rust] [--user NAME] [--source DIR]
#
#     --tests        also what the tests of boxproof need, not only its exam
#     --disposable   this machine is there to be thrown away: exams run on it as root (BOXPROOF_BACKEND=local), and it gets swap
#     --no-rust      without Rust: programs are brought, not built here
#     --user NAME    who builds; default: whoever calls sudo
#     --source DIR   boxproof's source; default: where this file lies
set -euo pipefail

marker=/var/lib/boxproof/provisioned

main() {
    local tests=no disposable=no rust=yes user=${SUDO_USER:-root} source
    source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
    while (($#)); do
        case $1 in
            --tests) tests=yes ;;
            --disposable) disposable=yes ;;
            --no-rust) rust=no ;;
            --user) user=${2:?--user NAME} && shift ;;
            --source) source=${2:?--source DIR} && shift ;;
            *) fail "unknown option $1" ;;
        esac
        shift
    done
    [ "$(id -u)" = 0 ] || fail "needs root: sudo $0"
    command -v apt-get > /dev/null || fail "this is neither Debian nor Ubuntu: there is no apt-get"
    home=$(getent passwd "$user" | cut -d: -f6) || true
    [ -n "$home" ] || fail "there is no user $user"

    # Whoever looks at the marker must not take half of the work for all of it.
    rm -f "$marker"
    packages ca-certificates curl gcc libc6-dev make sudo
    if [ $rust = yes ]; then
        rust "$user" "$(wanted_rust "$source")"
        tools "$source" "$([ $tests = yes ] && echo tools-for-tests || echo tools-for-exams)" "$disposable"
    else
        packages busybox-static
    fi
    if [ $disposable = yes ]; then
        swap
        environment
    fi
    mkdir -p "${marker%/*}"
    date -u +%FT%TZ > "$marker"
    echo "provision.sh: ready"
}

fail() {
    echo "provision.sh: $*" >&2
    exit 1
}

# Installs those packages that are missing.
packages() {
    local missing=() package
    for package; do
        dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return
    echo "provision.sh: installing ${missing[*]}"
    apt "${missing[@]}" || { apt-get -q update && apt "${missing[@]}"; }
}

apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$@"
}

# As the user, with his cargo.
as_user() {
    local user=$1
    shift
    sudo -H -u "$user" env "PATH=$home/.cargo/bin:$PATH" "$@"
}

# The oldest Rust that builds it.
wanted_rust() {
    sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$1/Cargo.toml"
}

# Rust for a user, unless he has one that is new enough.
rust() {
    local user=$1 wanted=$2 has
    has=$(as_user "$user" cargo --version 2> /dev/null | cut -d' ' -f2) || has=
    if [ -n "$has" ] && [ "$(printf '%s\n' "$wanted" "$has" | sort -V | head -n 1)" = "$wanted" ]; then return; fi
    echo "provision.sh: installing Rust for $user (has ${has:-none}, wanted $wanted)"
    # The distribution's rustup is signed by the distribution; bookworm has none.
    if apt-cache show rustup > /dev/null 2>&1; then
        packages rustup
        as_user "$user" rustup toolchain install stable --profile minimal
        as_user "$user" rustup default stable
    else
        curl --proto '=https' --tlsv1.2 -fsS --retry 3 https://sh.rustup.rs | as_user "$user" sh -s -- -y --profile minimal --no-modify-path
        as_user "$user" rustup update stable
        as_user "$user" rustup default stable
    fi
}

# What boxproof's own Makefile asks for. In a disposable machine no other virtual machine is needed.
tools() {
    local source=$1 goal=$2 disposable=$3
    HOME=$home PATH="$home/.cargo/bin:$PATH" BOXPROOF_BACKEND=$([ "$disposable" = yes ] && echo local) make -s -C "$source" "$goal"
}

# A scenario asks whether a container's limit holds for swap, too.
swap() {
    [ "$(wc -l < /proc/swaps)" -gt 1 ] && return
    # Under its name only when it is one: whoever is killed on the way begins anew.
    local new=/swapfile.new
    [ -e /swapfile ] || { fallocate -l 256M $new && chmod 600 $new && mkswap -q $new && mv $new /swapfile; }
    grep -q '^/swapfile ' /etc/fstab || echo '/swapfile none swap sw 0 0' >> /etc/fstab
    swapon /swapfile
}

# `cargo test` and `make exam` are all it takes then: as root where they must be, with a target directory that is no synced folder.
environment() {
    local machine
    machine=$(uname -m | tr '[:lower:]' '[:upper:]')
    cat > /etc/profile.d/boxproof.sh << PROFILE
# Written by boxproof's provision.sh: this machine is there to be thrown away.
export BOXPROOF_BACKEND=local
export CARGO_TARGET_DIR="\$HOME/boxproof-target"
export PATH="\$HOME/.cargo/bin:\$PATH"
[ "\$(id -u)" = 0 ] || export CARGO_TARGET_${machine}_UNKNOWN_LINUX_GNU_RUNNER="sudo -E -H env PATH=\$PATH"
PROFILE
}

main "$@"
