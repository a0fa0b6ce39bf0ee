//! The layers of `--image`, put together by OverlayFS: lower ones that are only read, and one of the container's own.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::mount::{MsFlags, mount};
use nix::unistd::chdir;

use crate::defects::Defect::*;
use crate::defects::defect;
use crate::failure::{Doing, Failure};

/// mount(2) without a source, type or options.
const NOTHING: Option<&str> = None;

/// Stacks the layers, the lowest first, in this mount namespace alone, and gives the directory that shows them all.
///
/// What the container writes lies in a tmpfs that goes with the namespace. It is mounted on the lowest layer, which is
/// open by then: so no directory has to be made on the host, and none removed.
pub fn stack(layers: &[PathBuf], name: &str) -> Result<PathBuf, Failure> {
    let open = |path: &PathBuf| fs::File::open(path).doing(format_args!("open {}", path.display()));
    let opened = layers.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    // What is named by its path must not be covered.
    let scratch = if defect(OV11) || defect(OV12) { Path::new("/run") } else { layers[0].as_path() };
    mount(Some("tmpfs"), scratch, Some("tmpfs"), MsFlags::empty(), Some("mode=755,size=64m"))
        .doing(format_args!("mount tmpfs on {}", scratch.display()))?;
    chdir(scratch).doing(format_args!("chdir {}", scratch.display()))?;
    let merged = scratch.join("merged");
    make(&merged)?;
    if defect(OV07) {
        copy_all(&opened, &merged)?;
        mount(Some(&merged), &merged, NOTHING, MsFlags::MS_BIND, NOTHING).doing("bind the copy on itself")?;
        return Ok(merged);
    }
    let mut lower = Vec::new();
    for (number, (path, file)) in layers.iter().zip(&opened).enumerate() {
        lower.push(match () {
            () if defect(OV11) => path.display().to_string(),
            () if defect(OV12) => escaped(path),
            () => short_name(number, file)?,
        });
    }
    // The kernel wants the highest first.
    if !defect(OV06) {
        lower.reverse();
    }
    let (upper, work) = own_directories(layers, name)?;
    if defect(OV01) {
        lower.remove(0);
    }
    let options = format!("lowerdir={},upperdir={},workdir={}", lower.join(":"), upper.display(), work.display());
    mount(Some("overlay"), &merged, Some("overlay"), MsFlags::empty(), Some(options.as_str()))
        .doing(format_args!("mount an overlay of {} layers", layers.len()))?;
    Ok(merged)
}

fn make(directory: &Path) -> Result<(), Failure> {
    fs::create_dir_all(directory).doing(format_args!("mkdir {}", directory.display()))
}

/// Where the container's own files lie, and where the kernel prepares them.
fn own_directories(layers: &[PathBuf], name: &str) -> Result<(PathBuf, PathBuf), Failure> {
    let (upper, work): (PathBuf, PathBuf) = match () {
        // "The highest layer is the one that is written to."
        () if defect(OV01) => {
            let highest = layers.last().cloned().unwrap_or_default();
            let beside = highest.with_file_name("work");
            (highest, beside)
        }
        () if defect(OV03) => ("upper".into(), "upper/work".into()),
        () if defect(OV04) => ("/run/wrong-runtime/upper".into(), "/run/wrong-runtime/work".into()),
        () if defect(OV25) => {
            let kept = Path::new("/run/wrong-runtime").join(name);
            (kept.join("upper"), kept.join("work"))
        }
        () => ("upper".into(), "work".into()),
    };
    make(&upper)?;
    make(&work)?;
    Ok((upper, work))
}

/// A colon or a comma in a path would end it, and mount(2) takes one page of options: so each layer gets a short name.
fn short_name(number: usize, layer: &fs::File) -> Result<String, Failure> {
    let name = number.to_string();
    symlink(format!("/proc/self/fd/{}", layer.as_raw_fd()), &name).doing(format_args!("symlink {name}"))?;
    Ok(name)
}

// What follows is there for defects alone.

/// With a backslash before what would end it.
fn escaped(path: &Path) -> String {
    path.display().to_string().replace('\\', "\\\\").replace(':', "\\:").replace(',', "\\,")
}

/// One layer over the other, as cp(1) does it. What a whiteout is it does not know.
fn copy_all(layers: &[fs::File], to: &Path) -> Result<(), Failure> {
    for layer in layers {
        // Entered by its descriptor: the lowest is covered by now.
        let mut copy = Command::new("cp");
        copy.args(["-a", "."]).arg(to).current_dir(format!("/proc/self/fd/{}", layer.as_raw_fd()));
        let status = copy.status().doing("run cp")?;
        if !status.success() {
            return Err(Failure::own(format!("cp failed: {status}")));
        }
    }
    Ok(())
}
