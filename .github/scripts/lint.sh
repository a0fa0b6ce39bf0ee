#!/bin/bash
# Form and rules: Rust, licences and advisories, shell, and the workflows themselves.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cargo fmt --version > /dev/null 2>&1 || rustup component add rustfmt
cargo clippy --version > /dev/null 2>&1 || rustup component add clippy
cargo fmt --all --check
cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
command -v cargo-deny > /dev/null || cargo install --locked cargo-deny
cargo deny check
command -v shellcheck > /dev/null || sudo apt-get -q install -y --no-install-recommends shellcheck
git ls-files -z '*.sh' .ci/run templates/gradescope/run_autograder | xargs -0 shellcheck
if command -v ruby > /dev/null; then ruby -c vagrant/Vagrantfile; else echo "no ruby: vagrant/Vagrantfile is not parsed"; fi
