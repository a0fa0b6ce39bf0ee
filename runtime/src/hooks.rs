//! Hooks: programs that config.json wants run at points of a container's life, with its state on their stdin.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Seek, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::memfd::{MFdFlags, memfd_create};

use crate::error::{Context, Result};
use crate::sys;

/// Hooks by the point at which they run.
#[derive(Debug, Default)]
pub struct Hooks {
    /// In the runtime's namespaces, before `pivot_root`. The deprecated `prestart` hooks come first.
    pub create_runtime: Vec<Hook>,
    /// In the container's namespaces, before `pivot_root`.
    pub create_container: Vec<Hook>,
    /// In the container, just before its command.
    pub start_container: Vec<Hook>,
    /// In the runtime's namespaces, once the command runs.
    pub poststart: Vec<Hook>,
    /// In the runtime's namespaces, once the container is deleted.
    pub poststop: Vec<Hook>,
    /// What they read: the container's state. The number of its first process is put in by whoever knows it.
    pub state: State,
}

/// The state as hooks get it.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub id: String,
    pub bundle: PathBuf,
    pub annotations: serde_json::Value,
    /// As those see it who run the hook.
    pub pid: i32,
}

/// One program.
#[derive(Clone, Debug, Default)]
pub struct Hook {
    pub path: PathBuf,
    /// With the name that it is called by.
    pub args: Vec<OsString>,
    pub env: Vec<(OsString, OsString)>,
    pub timeout: Option<Duration>,
}

impl State {
    /// As `runtime state` prints it.
    pub fn to_json(&self, status: &str) -> String {
        let mut state = serde_json::json!({
            "ociVersion": crate::oci::VERSION,
            "id": self.id,
            "status": status,
            "bundle": self.bundle,
            "annotations": self.annotations,
        });
        if self.pid != 0 {
            state["pid"] = self.pid.into();
        }
        state.to_string()
    }
}

/// Runs hooks in their order; the first that fails ends the matter.
pub fn run(hooks: &[Hook], state: &str) -> Result<()> {
    hooks.iter().try_for_each(|hook| hook.run(state).doing_with(|| format!("run the hook {}", hook.path.display())))
}

/// Runs hooks whose failure must not stop what has already happened; it is reported and no more.
pub fn run_regardless(hooks: &[Hook], state: &str) {
    for hook in hooks {
        if let Err(error) = hook.run(state).doing_with(|| format!("run the hook {}", hook.path.display())) {
            error.print();
        }
    }
}

impl Hook {
    fn run(&self, state: &str) -> std::io::Result<()> {
        let mut command = Command::new(&self.path);
        if let Some((name, rest)) = self.args.split_first() {
            command.arg0(name).args(rest);
        }
        // A file and no pipe: a hook that does not read its state keeps nobody waiting, and nobody dies of SIGPIPE.
        let mut stdin = File::from(memfd_create("state", MFdFlags::MFD_CLOEXEC)?);
        stdin.write_all(state.as_bytes())?;
        stdin.rewind()?;
        let mut child = command.env_clear().envs(self.env.iter().cloned()).stdin(stdin).spawn()?;
        match self.timeout {
            Some(timeout) if !ends_within(&child, timeout)? => {
                child.kill()?;
                child.wait()?;
                Err(Errno::ETIMEDOUT.into())
            }
            _ => match child.wait()? {
                status if status.success() => Ok(()),
                status => Err(std::io::Error::other(status.to_string())),
            },
        }
    }
}

fn ends_within(child: &Child, timeout: Duration) -> nix::Result<bool> {
    let pidfd = sys::open_process(nix::unistd::Pid::from_raw(child.id() as i32))?;
    let milliseconds = PollTimeout::try_from(timeout).unwrap_or(PollTimeout::MAX);
    Ok(poll(&mut [PollFd::new(std::os::fd::AsFd::as_fd(&pidfd), PollFlags::POLLIN)], milliseconds)? == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str, timeout: Duration) -> std::io::Result<()> {
        let args = ["sh", "-c", script].map(OsString::from).to_vec();
        let hook = Hook { path: "/bin/sh".into(), args, env: Vec::new(), timeout: Some(timeout) };
        hook.run(&"x".repeat(1 << 20))
    }

    #[test]
    fn a_state_may_be_larger_than_a_pipe() {
        run("test $(/usr/bin/wc -c) = 1048576", Duration::from_secs(60)).unwrap();
        // Nobody waits for it to be read.
        let error = run("exec /bin/sleep 1000", Duration::from_millis(10)).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ETIMEDOUT));
    }
}
