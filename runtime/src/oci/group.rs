//! The group of a container that lives on without this program: its name is said in config.json.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Component, Path, PathBuf};

use crate::cgroup::{Controllers, Setting, apply, children, controllers, mount_point};
use crate::error::{Context, Error, Result};

/// A group that stays when this program ends: its name is known to others.
pub struct Named {
    pub path: PathBuf,
    directory: File,
}

impl Named {
    /// Makes it, and the groups above it. `None`: there is no place for a group, and no limit that would need one. What has
    /// been made is removed again if the rest fails.
    pub fn create(name: &Path, limits: &[Setting]) -> Result<Option<Named>> {
        let parts = parts(name)?;
        let root = match mount_point() {
            Err(_) if limits.is_empty() => return Ok(None),
            root => root?,
        };
        let mut made = Vec::new();
        let group = Named::make(root, &parts, limits, &mut made);
        if !matches!(group, Ok(Some(_))) {
            made.iter().rev().for_each(|path| drop(fs::remove_dir(path)));
        }
        group
    }

    fn make(mut path: PathBuf, parts: &[&OsStr], limits: &[Setting], made: &mut Vec<PathBuf>) -> Result<Option<Named>> {
        let wanted = controllers(limits);
        for part in parts {
            // What is switched on here stays on: the group outlives this program.
            std::mem::forget(Controllers::enable(&path, &wanted)?);
            path.push(part);
            match fs::create_dir(&path) {
                Ok(()) => made.push(path.clone()),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                // Who is not root need not have a place of his own.
                Err(error) if limits.is_empty() && is_forbidden(&error) => return Ok(None),
                Err(error) => return Err(error).doing_with(|| format!("create {}", path.display())),
            }
        }
        let directory = File::open(&path).doing_with(|| format!("open {}", path.display()))?;
        let events = fs::read_to_string(path.join("cgroup.events")).unwrap_or_default();
        if events.contains("populated 1") {
            return Err(Error::new(format!("there are processes in {} already", path.display())));
        }
        apply(&path, limits)?;
        Ok(Some(Named { path, directory }))
    }

    /// For CLONE_INTO_CGROUP.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }
}

/// The names that a path is made of. It must lead to a group below the root: whoever ends or removes the container ends and
/// removes all that is in its group.
fn parts(path: &Path) -> Result<Vec<&OsStr>> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => parts.push(part),
            Component::RootDir | Component::CurDir => {}
            _ => return Err(Error::new(format!("cgroupsPath {} leads out of its place", path.display()))),
        }
    }
    if parts.is_empty() {
        return Err(Error::new(format!("cgroupsPath {} is the root of all groups: name one below it", path.display())));
    }
    Ok(parts)
}

fn is_forbidden(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// The processes in a group and in those below it.
pub fn processes(path: &Path) -> Result<Vec<i32>> {
    let file = path.join("cgroup.procs");
    let text = fs::read_to_string(&file).doing_with(|| format!("read {}", file.display()))?;
    let mut list: Vec<i32> = text.lines().filter_map(|line| line.parse().ok()).collect();
    for child in children(path)? {
        list.extend(processes(&child)?);
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_lie_below_the_root() {
        assert_eq!(parts(Path::new("/a/./b")).unwrap(), ["a", "b"]);
        for path in ["", "/", ".", "/./", "..", "/a/../.."] {
            assert!(parts(Path::new(path)).is_err(), "{path}");
        }
    }
}
