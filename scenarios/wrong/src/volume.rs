//! The directories of `--volume`: bind mounts from the host's tree into the container's.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};

use crate::defects::Defect::*;
use crate::defects::defect;
use crate::failure::{Doing, Failure};
use crate::inside::Container;

/// mount(2) without a source, type or options.
const NOTHING: Option<&str> = None;

/// One directory of the host in the container.
#[derive(Clone)]
pub struct Volume {
    from: PathBuf,
    to: PathBuf,
    read_only: bool,
}

impl Volume {
    /// As a bundle asks for it.
    pub fn new(from: PathBuf, to: PathBuf, read_only: bool) -> Self {
        Self { from, to, read_only }
    }

    /// Reads `FROM:TO` or `FROM:TO:ro`.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let (paths, read_only) = match text.strip_suffix(":ro") {
            Some(paths) if !defect(MP27) => (paths, true),
            _ => (text, false),
        };
        match paths.split_once(':') {
            Some((from, to)) if !from.is_empty() && to.starts_with('/') => {
                Ok(Self { from: from.into(), to: to.into(), read_only })
            }
            _ => Err(Failure::own(format!("--volume {text}: not of the form FROM:/TO or FROM:/TO:ro"))),
        }
    }

    /// The same with the directory's own path, which exists.
    pub fn found(&self) -> Result<Self, Failure> {
        let from = fs::canonicalize(&self.from).doing(format_args!("find {}", self.from.display()))?;
        if defect(OV16) {
            // "So that the container can write there."
            let all = fs::Permissions::from_mode(0o777);
            fs::set_permissions(&from, all).doing(format_args!("chmod {}", from.display()))?;
        }
        Ok(Self { from, ..self.clone() })
    }

    /// Mounts it, while the host's tree is the working directory and the container's the root.
    pub fn mount(&self) -> Result<(), Failure> {
        let from = self.from.strip_prefix("/").unwrap_or(&self.from);
        let from = if from.as_os_str().is_empty() { Path::new(".") } else { from };
        match () {
            () if defect(OV21) => self.copy(from),
            // A path of the host, where the container's root is `/` already.
            () if defect(OV23) => self.bind(&self.from, &self.to),
            () => self.bind(from, &self.to),
        }
    }

    fn bind(&self, from: &Path, to: &Path) -> Result<(), Failure> {
        fs::create_dir_all(to).doing(format_args!("mkdir {}", to.display()))?;
        let recursive = if defect(MP26) { MsFlags::empty() } else { MsFlags::MS_REC };
        let read_only = self.read_only || defect(OV22);
        let asked = if read_only { MsFlags::MS_RDONLY } else { MsFlags::empty() };
        mount(Some(from), to, NOTHING, MsFlags::MS_BIND | recursive | asked, NOTHING).doing(format_args!(
            "bind {} on {}",
            self.from.display(),
            to.display()
        ))?;
        if read_only && !defect(MP19) {
            // The call above has ignored MS_RDONLY: only a remount of the finished bind mount heeds it.
            let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
            mount(NOTHING, to, NOTHING, flags, NOTHING).doing(format_args!("make {} read-only", to.display()))?;
        }
        Ok(())
    }

    /// From outside, where a link in the image is followed as the host reads it.
    pub fn mount_from_outside(&self, root: &Path) -> Result<(), Failure> {
        if defect(OV24) {
            return self.bind(&self.from, &self.to);
        }
        self.bind(&self.from, &beneath(root, &self.to))
    }

    fn copy(&self, from: &Path) -> Result<(), Failure> {
        fs::create_dir_all(&self.to).doing(format_args!("mkdir {}", self.to.display()))?;
        mount(Some("tmpfs"), &self.to, Some("tmpfs"), MsFlags::empty(), NOTHING).doing("mount tmpfs")?;
        for entry in fs::read_dir(from).doing(format_args!("list {}", self.from.display()))?.flatten() {
            let _ = fs::copy(entry.path(), self.to.join(entry.file_name()));
        }
        Ok(())
    }
}

fn beneath(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

// What follows is there for defects alone.

/// Mounts the volumes in the rootfs, on the host.
pub fn mount_outside(container: &Container) -> Result<(), Failure> {
    container.volumes.iter().try_for_each(|volume| volume.mount_from_outside(&container.rootfs))
}

/// Tidies up: the mount points are to go. That something is still mounted there, nobody remembers.
pub fn remove_mount_points(container: &Container) {
    for volume in &container.volumes {
        let _ = fs::remove_dir_all(beneath(&container.rootfs, &volume.to));
    }
}
