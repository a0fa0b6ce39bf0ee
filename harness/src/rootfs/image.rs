//! The alpine image of the workshop's first step, when podman or docker have it already.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tar::{Archive, EntryType, Header};

use super::{Result, RootfsError, last_line, typed};
use crate::tree::{Content, Kind, Node, Tree, TreeError};

/// The image's name, as the workshop writes it.
const ALPINE: &str = "alpine:latest";

/// A client that does not answer within this time has no engine behind it, or one that is ill.
const QUESTION: Duration = Duration::from_secs(5);

/// Exporting alpine takes less than a second; a slow disk may need many.
const EXPORT: Duration = Duration::from_secs(120);

/// The two clients, with the words that ask for a local image.
const CLIENTS: [(&str, &[&str]); 2] =
    [("podman", &["image", "exists", ALPINE]), ("docker", &["image", "inspect", ALPINE])];

/// An image that a client has.
#[derive(Clone, Debug)]
pub(super) struct Image {
    client: &'static str,
}

/// The first client that has the image. One that is not installed or has no engine simply has not.
pub(super) fn local() -> Option<Image> {
    let has = |(client, question): &&(&'static str, &[&str])| run(client, question, QUESTION).is_ok();
    CLIENTS.iter().find(has).map(|(client, _)| Image { client })
}

impl Image {
    pub(super) fn description(&self) -> String {
        format!("{}'s image {ALPINE}", self.client)
    }

    pub(super) fn tree(&self) -> Result<Tree> {
        let container = Container::create(self.client)?;
        let tar = run(self.client, &["export", &container.id], EXPORT)?;
        from_tar(tar.as_slice()).map_err(RootfsError::Tree)
    }
}

/// A container that is only there to be exported, and gone afterwards.
struct Container {
    client: &'static str,
    id: String,
}

impl Container {
    fn create(client: &'static str) -> Result<Self> {
        // The command is never run, but a container must have one.
        let output = run(client, &["create", "--pull=never", ALPINE, "/bin/sh"], EXPORT)?;
        Ok(Self { client, id: last_line(&output) })
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // Nobody can be told here, and a container that never ran does no harm.
        let _ = run(self.client, &["rm", &self.id], EXPORT);
    }
}

/// Runs a client and gives what it wrote to its standard output; one that takes too long is ended.
fn run(client: &str, arguments: &[&str], patience: Duration) -> Result<Vec<u8>> {
    let failed = |detail: String| RootfsError::Image { command: typed(client.as_ref(), arguments), detail };
    let mut command = Command::new(client);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = Running(command.spawn().map_err(|error| failed(error.to_string()))?);
    let output = child.output(Instant::now() + patience).map_err(|error| failed(error.to_string()))?;
    // The pipe is closed, so it is about to exit.
    match child.0.wait() {
        Ok(status) if status.success() => Ok(output),
        Ok(status) => Err(failed(status.to_string())),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// A child that does not outlive its guard.
struct Running(Child);

impl Running {
    fn output(&mut self, deadline: Instant) -> io::Result<Vec<u8>> {
        let mut output = Vec::new();
        let Some(pipe) = &mut self.0.stdout else { return Ok(output) };
        let mut chunk = vec![0; 1 << 16];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let mut waiting = [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)];
            match poll(&mut waiting, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)) {
                Ok(0) => return Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time")),
                Ok(_) => {}
                Err(nix::errno::Errno::EINTR) => continue,
                Err(errno) => return Err(errno.into()),
            }
            match pipe.read(&mut chunk)? {
                0 => return Ok(output),
                length => output.extend_from_slice(&chunk[..length]),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail when it has been waited for, which is as it should be.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The tree in a tar archive. Device nodes are left out: whoever starts a container makes its /dev.
fn from_tar(bytes: impl Read) -> std::result::Result<Tree, TreeError> {
    let unreadable = |error: io::Error| TreeError::of_archive("read tar archive", error);
    let mut tree = Tree::new();
    let mut links = Vec::new();
    for entry in Archive::new(bytes).entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        let path = entry.path().map_err(unreadable)?.into_owned();
        let target = entry.link_name().map_err(unreadable)?.map(|target| target.into_owned());
        let kind = match (entry.header().entry_type(), target) {
            (EntryType::Directory, _) => Kind::Directory,
            (EntryType::Symlink, Some(target)) => Kind::Symlink(target),
            (EntryType::Link, Some(target)) => Kind::HardLink(without_root(&target)),
            (EntryType::Fifo, _) => Kind::Fifo,
            (EntryType::Regular | EntryType::Continuous, _) => {
                let mut content = Vec::new();
                entry.read_to_end(&mut content).map_err(unreadable)?;
                Kind::File(Content::Bytes(content))
            }
            _ => continue,
        };
        if path.components().all(|part| part.as_os_str() == OsStr::new(".") || part.as_os_str() == OsStr::new("/")) {
            continue;
        }
        let node = node(kind, entry.header()).map_err(unreadable)?;
        match node.kind {
            // What it names may come later.
            Kind::HardLink(_) => links.push((path, node)),
            _ => tree.insert(path, node)?,
        }
    }
    links.into_iter().try_for_each(|(path, node)| tree.insert(path, node))?;
    Ok(tree)
}

fn node(kind: Kind, header: &Header) -> io::Result<Node> {
    let number = |number: u64| {
        u32::try_from(number).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "an owner's number is too large"))
    };
    Ok(Node { kind, mode: header.mode()? & 0o7777, uid: number(header.uid()?)?, gid: number(header.gid()?)? })
}

/// Hard links in a tar archive name a path from its root.
fn without_root(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| part.as_os_str() != OsStr::new("/") && part.as_os_str() != OsStr::new("."))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use tempfile::tempdir;

    use super::*;

    #[test]
    fn what_is_not_installed_has_no_image() {
        assert!(run("no-such-container-engine", &["image", "exists", ALPINE], QUESTION).is_err());
    }

    #[test]
    fn a_client_that_says_nothing_is_given_up_and_ended() {
        let error = run("sleep", &["1000"], Duration::from_millis(100)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "sleep 1000: no answer in time. Unpack the image yourself and give it with --rootfs DIR"
        );
    }

    #[test]
    fn a_refusal_is_an_error_with_the_status() {
        assert!(run("false", &[], QUESTION).unwrap_err().to_string().starts_with("false: exit status: 1"));
    }

    #[test]
    fn the_machines_tar_is_read() {
        let directory = tempdir().unwrap();
        let at = directory.path();
        let prepare = "mkdir -p bin tmp etc && chmod 1777 tmp && echo text > etc/file && chmod 640 etc/file \
                       && ln etc/file bin/again && ln -s ../etc/file bin/link && mkfifo tmp/pipe \
                       && tar --owner=7 --group=8 -cf all.tar ./bin ./etc ./tmp";
        let made = Command::new("sh").arg("-c").arg(prepare).current_dir(at).stderr(Stdio::null()).status().unwrap();
        assert!(made.success());
        let tree = from_tar(std::fs::File::open(at.join("all.tar")).unwrap()).unwrap();
        let paths: Vec<_> = tree.entries().map(|(path, _)| path.to_str().unwrap()).collect();
        assert_eq!(paths, ["bin", "bin/again", "bin/link", "etc", "etc/file", "tmp", "tmp/pipe"]);
        let file = tree.resolve("/bin/link").unwrap();
        assert_eq!((file.mode, file.uid, file.gid), (0o640, 7, 8));
        assert_eq!(tree.resolve("etc/file"), tree.resolve("bin/again"));
        assert_eq!(tree.get("tmp").unwrap().mode, 0o1777);
    }

    #[test]
    fn a_tar_archive_cannot_lead_outside() {
        let mut bytes = tar::Builder::new(Vec::new());
        let mut header = Header::new_gnu();
        header.set_size(1);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        let name = b"a/../../outside";
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_cksum();
        bytes.append(&header, &b"x"[..]).unwrap();
        let error = from_tar(bytes.into_inner().unwrap().as_slice()).unwrap_err();
        assert!(error.to_string().contains("could lead out of the tree"), "{error}");
    }

    #[test]
    fn a_tar_archive_that_breaks_off_is_an_error() {
        let mut bytes = tar::Builder::new(Vec::new());
        let mut header = Header::new_gnu();
        header.set_size(1000);
        header.set_mode(0o644);
        header.set_path("file").unwrap();
        header.set_cksum();
        bytes.append(&header, &[7; 1000][..]).unwrap();
        let bytes = bytes.into_inner().unwrap();
        assert!(from_tar(&bytes[..900]).is_err());
    }
}
