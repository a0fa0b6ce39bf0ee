//! How a submission becomes a program. Today on this machine, as the user who asks; whoever builds elsewhere (inside the
//! virtual machine, say) does it here.

use crate::bounded;
use crate::outcome::Trouble;
use boxproof_harness::manifest::Manifest;
use boxproof_harness::result::Build;
use std::io::ErrorKind;
use std::process::Command;
use std::time::Duration;

/// Builds the program as its author says, as the user who asks, for no longer than `limit`.
///
/// Root builds nothing for an exam in a virtual machine: that backend promises that nothing foreign runs as root here.
pub fn build(
    manifest: &Manifest,
    words: &[String],
    disposable: bool,
    limit: Duration,
) -> Result<Option<Build>, Trouble> {
    let typed = words.join(" ");
    if disposable && nix::unistd::geteuid().is_root() {
        return match manifest.program.exists() {
            true => Ok(None),
            // Our rule, not a fault of whoever wrote the program.
            false => Err(Trouble::environment(format!(
                "{}: it is not built yet, and boxproof builds nothing as root. Build it first: {typed}",
                manifest.program.display()
            ))),
        };
    }
    let (program, arguments) = words.split_first().ok_or_else(|| Trouble::usage("the build command is empty"))?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(&manifest.directory);
    let ended = bounded::run(command, limit).map_err(|error| {
        let why = format!("build with `{typed}`: {error}");
        // A compiler that is not installed here is no fault of whoever wrote the program.
        if error.kind() == ErrorKind::NotFound { Trouble::environment(why) } else { Trouble::usage(why) }
    })?;
    let how = match ended.status {
        Some(status) if status.success() => {
            let duration_ms = ended.took.as_millis() as u64;
            return Ok(Some(Build { command: typed, status: "pass".into(), duration_ms, log: ended.output }));
        }
        Some(status) => format!("ended with {status}"),
        None => format!("was still running after {} s", limit.as_secs()),
    };
    Err(Trouble::usage(format!("`{typed}` {how}:\n{}", ended.output.trim_end())))
}
