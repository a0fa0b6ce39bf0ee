//! Builds the probe and hands its bytes to the crate (`include_bytes!(env!("BOXPROOF_PROBE"))`): the harness places a
//! copy in every container it examines, so it must have it at hand wherever it runs, even as the /init of a VM.
//!
//! Cargo cannot yet depend on another package's binary on stable (artifact dependencies, rust-lang/cargo#9096), so this
//! calls cargo once more, with a target directory of its own: the outer cargo holds the lock on the usual one.

use std::env;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    let out = PathBuf::from(variable("OUT_DIR"));
    let manifest = PathBuf::from(variable("CARGO_MANIFEST_DIR")).join("probe/Cargo.toml");
    let target = variable("TARGET");
    println!("cargo::rerun-if-changed=probe/src");
    println!("cargo::rerun-if-changed=probe/Cargo.toml");

    let mut cargo = Command::new(variable("CARGO"));
    cargo.args(["build", "--release", "--locked", "--quiet", "--target", &target, "--manifest-path"]).arg(&manifest);
    cargo.arg("--target-dir").arg(out.join("probe"));
    // Small and never unwinding: it lies in rootfs directories by the hundred.
    cargo.args(["--config", "profile.release.opt-level='s'", "--config", "profile.release.panic='abort'"]);
    cargo.args(["--config", "profile.release.lto=true", "--config", "profile.release.codegen-units=1"]);
    // The caller may be `cargo clippy` or a coverage run: what they set is for this package, not for the probe.
    for name in ["RUSTC_WORKSPACE_WRAPPER", "RUSTC_WRAPPER", "CARGO_BUILD_TARGET_DIR", "CARGO_TARGET_DIR"] {
        cargo.env_remove(name);
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", "-Ctarget-feature=+crt-static\x1f-Crelocation-model=static");
    let status = cargo.status().unwrap_or_else(|error| panic!("run cargo for the probe: {error}"));
    assert!(status.success(), "the probe does not build: see above");

    let program = out.join("probe").join(&target).join("release/boxproof-probe");
    println!("cargo::rustc-env=BOXPROOF_PROBE={}", program.display());
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|error| panic!("{name} is not set: {error}"))
}
