//! One container, fully described. Two doors lead here, the command line (`cli.rs`) and config.json (`oci/config.rs`);
//! what follows (`run.rs`, `init.rs`) does not know through which of them a description came.

use std::ffi::OsString;
use std::path::PathBuf;

use nix::mount::MsFlags;
use nix::sys::resource::Resource;
use seccompiler::BpfProgram;

use crate::caps::Sets;
use crate::cgroup::Setting;
use crate::dev::Device;
use crate::hooks::Hooks;
use crate::mounts::{Cover, Mount};
use crate::namespaces::Namespaces;
use crate::overlay::Image;
use crate::user::User;

/// What the steps of `run.rs` and `init.rs` consume.
#[derive(Debug, Default)]
pub struct Container {
    pub root: Root,
    pub namespaces: Namespaces,
    pub hostname: Option<String>,
    pub domainname: Option<String>,
    /// In the order in which they are mounted.
    pub mounts: Vec<Mount>,
    /// Device nodes, beside the links that belong to every /dev. `None` leaves /dev as the mounts made it.
    pub devices: Option<Vec<Device>>,
    /// Files with contents of the container's own, if the image has such files.
    pub covers: Vec<Cover>,
    /// Paths that may be looked at and not written.
    pub read_only: Vec<PathBuf>,
    /// Paths that may not even be looked at.
    pub masked: Vec<PathBuf>,
    /// Files below /proc/sys and what is written there.
    pub sysctls: Vec<(String, String)>,
    pub limits: Vec<Setting>,
    pub hooks: Hooks,
    pub process: Process,
}

/// What becomes `/`.
#[derive(Debug)]
pub struct Root {
    pub image: Image,
    pub read_only: bool,
    /// How mounts of the host travel into the container and back; private unless config.json asks otherwise.
    pub propagation: MsFlags,
}

impl Default for Root {
    fn default() -> Root {
        Root { image: Image::default(), read_only: false, propagation: MsFlags::empty() }
    }
}

/// What runs: the first process of a container, or another one that joins it (`exec`).
#[derive(Debug, Default)]
pub struct Process {
    /// The command and its arguments, never empty.
    pub args: Vec<OsString>,
    pub env: Vec<OsString>,
    pub cwd: PathBuf,
    /// A missing `cwd` is created, as other OCI runtimes do.
    pub create_cwd: bool,
    pub user: User,
    /// `None` keeps what the runtime has.
    pub capabilities: Option<Sets>,
    pub no_new_privileges: bool,
    /// Filters, in the order in which they are installed.
    pub seccomp: Vec<BpfProgram>,
    pub rlimits: Vec<(Resource, u64, u64)>,
    pub oom_score_adj: Option<i32>,
    /// A terminal of its own, handed out over the console socket, with this size if it is given (rows, columns).
    pub terminal: bool,
    pub console_size: Option<(u16, u16)>,
    /// The command goes on using the keys of its caller's session.
    pub keep_keyring: bool,
    /// Descriptors beside 0, 1 and 2 that the command inherits.
    pub preserved: u32,
}
