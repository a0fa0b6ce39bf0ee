//! A root file system of one program: busybox under the names of its applets, laid out as alpine does it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Result, RootfsError, last_line};
use crate::apt;
use crate::program::{Program, ProgramKind};
use crate::tree::{Tree, TreeError};

/// Where distributions put it.
const PLACES: [&str; 2] = ["bin/busybox", "usr/bin/busybox"];

/// Applets that take part in booting a machine and have no place in a container.
const LEFT_OUT: [&str; 2] = ["linuxrc", "init"];

/// Directories and their modes, as in alpine. The kernel's own file systems get their mount points.
const DIRECTORIES: [(&str, u32); 32] = [
    ("bin", 0o755),
    ("dev", 0o755),
    ("etc", 0o755),
    ("home", 0o755),
    ("lib", 0o755),
    ("media", 0o755),
    ("mnt", 0o755),
    ("opt", 0o755),
    ("proc", 0o555),
    ("root", 0o700),
    ("run", 0o755),
    ("sbin", 0o755),
    ("srv", 0o755),
    ("sys", 0o555),
    ("tmp", 0o1777),
    ("usr", 0o755),
    ("usr/bin", 0o755),
    ("usr/lib", 0o755),
    ("usr/local", 0o755),
    ("usr/local/bin", 0o755),
    ("usr/local/lib", 0o755),
    ("usr/sbin", 0o755),
    ("usr/share", 0o755),
    ("var", 0o755),
    ("var/cache", 0o755),
    ("var/empty", 0o555),
    ("var/lib", 0o755),
    ("var/local", 0o755),
    ("var/log", 0o755),
    ("var/opt", 0o755),
    ("var/spool", 0o755),
    ("var/tmp", 0o1777),
];

const FILES: [(&str, &str); 8] = [
    ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n"),
    ("etc/group", "root:x:0:root\ntty:x:5:\nnogroup:x:65533:\nnobody:x:65534:\n"),
    ("etc/hostname", "localhost\n"),
    ("etc/hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost\n"),
    ("etc/resolv.conf", "# There is no name service in an exam.\n"),
    ("etc/shells", "/bin/sh\n/bin/ash\n"),
    ("etc/profile", "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"),
    ("etc/motd", ""),
];

/// A static busybox that was asked who it is.
#[derive(Clone, Debug)]
pub(super) struct Busybox {
    program: PathBuf,
    /// `1.35.0`.
    version: String,
    /// What stands in parentheses behind it: `Debian 1:1.35.0-4`.
    vendor: Option<String>,
}

impl Busybox {
    /// The machine's, if it is linked statically, else that of the package `busybox-static`.
    pub(super) fn find() -> Result<Self> {
        match in_tree(Path::new("/")) {
            Some(program) => Self::asked(program),
            None => Self::packaged(),
        }
    }

    fn packaged() -> Result<Self> {
        let tree = apt::unpacked("busybox-static").map_err(RootfsError::Apt)?;
        let missing = || RootfsError::Busybox {
            path: tree.clone(),
            detail: "the package busybox-static holds no static busybox".to_owned(),
        };
        in_tree(&tree).ok_or_else(missing).and_then(Self::asked)
    }

    fn asked(program: PathBuf) -> Result<Self> {
        let banner = ask(&program, &[])?;
        // BusyBox v1.35.0 (Debian 1:1.35.0-4+deb12u1+b1) multi-call binary.
        let line = banner.lines().next().unwrap_or_default();
        let version = line.split_whitespace().nth(1).unwrap_or_default().trim_start_matches('v').to_owned();
        let vendor =
            line.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(vendor, _)| vendor.to_owned());
        Ok(Self { program, version, vendor })
    }

    pub(super) fn description(&self) -> String {
        match &self.vendor {
            Some(vendor) => format!("busybox {} (static), {vendor}", self.version),
            None => format!("busybox {} (static)", self.version),
        }
    }

    pub(super) fn tree(&self) -> Result<Tree> {
        let applets = self.applets()?;
        self.assembled(&applets).map_err(RootfsError::Tree)
    }

    /// The paths of its applets, relative to the root. A busybox that was built without `--list-full` has all of them
    /// in one directory.
    fn applets(&self) -> Result<Vec<PathBuf>> {
        let full = ask(&self.program, &["--list-full"]);
        let applets: Vec<PathBuf> = match full {
            Ok(list) => list.lines().map(PathBuf::from).collect(),
            Err(_) => ask(&self.program, &["--list"])?.lines().map(|name| Path::new("bin").join(name)).collect(),
        };
        let kept = |path: &PathBuf| path.file_name().is_some_and(|name| LEFT_OUT.iter().all(|out| name != *out));
        Ok(applets.into_iter().filter(kept).collect())
    }

    fn assembled(&self, applets: &[PathBuf]) -> std::result::Result<Tree, TreeError> {
        let mut tree = Tree::new();
        for (path, mode) in DIRECTORIES {
            tree.directory(path, mode)?;
        }
        for (path, text) in FILES {
            tree.file(path, 0o644, text)?;
        }
        tree.file("etc/os-release", 0o644, self.os_release())?;
        tree.symlink("var/run", "/run")?;
        for applet in applets {
            tree.symlink(applet, "/bin/busybox")?;
        }
        // Last, because it is an applet of itself.
        tree.host_file("bin/busybox", 0o755, &self.program)?;
        Ok(tree)
    }

    fn os_release(&self) -> String {
        format!(
            "NAME=\"busybox\"\nID=busybox\nVERSION_ID={0}\nPRETTY_NAME=\"busybox {0}, made by boxproof\"\n",
            self.version
        )
    }
}

fn in_tree(root: &Path) -> Option<PathBuf> {
    let is_static = |path: &PathBuf| Program::inspect(path).is_ok_and(|program| program.kind == ProgramKind::StaticElf);
    PLACES.iter().map(|place| root.join(place)).find(is_static)
}

/// What it prints. Without arguments that is its banner and a list for people.
fn ask(program: &Path, arguments: &[&str]) -> Result<String> {
    let failed = |detail: String| RootfsError::Busybox { path: program.to_owned(), detail };
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| failed(format!("cannot be run: {error}")))?;
    if !output.status.success() {
        return Err(failed(format!("{}: {}", output.status, last_line(&output.stderr))));
    }
    String::from_utf8(output.stdout).map_err(|_| failed("prints something that is not text".to_owned()))
}
