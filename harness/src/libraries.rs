//! What a program needs beside it, laid into a machine that is thrown away afterwards.

use crate::error::{Context, Result};
use crate::tree::Tree;
use std::fs;
use std::path::Path;

/// Puts the files of `archive` below `root`, where it has nothing yet: what the machine brings itself (its `/bin/sh`)
/// stays, and `/lib64` may well be a link to `usr/lib`, as on every merged system.
///
/// A [`Tree`] never goes through a link that it finds, so the files are unpacked apart and then moved.
pub(crate) fn lay(archive: &[u8], root: &Path) -> Result<()> {
    let place = root.join("run");
    let apart = tempfile::tempdir_in(&place).context(format!("make a directory in {}", place.display()))?;
    Tree::unpack(archive, apart.path()).context("unpack the program's libraries")?;
    merge(apart.path(), root)
}

fn merge(from: &Path, to: &Path) -> Result<()> {
    let entries = fs::read_dir(from).context(format!("list {}", from.display()))?;
    for entry in entries {
        let entry = entry.context(format!("list {}", from.display()))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().context(format!("stat {}", source.display()))?;
        if kind.is_dir() {
            if !target.is_dir() {
                fs::create_dir(&target).context(format!("mkdir {}", target.display()))?;
            }
            merge(&source, &target)?;
        } else if target.symlink_metadata().is_err() {
            put(&source, &target, kind.is_symlink()).context(format!("put {} in its place", target.display()))?;
        }
    }
    Ok(())
}

/// By copy: `/run` and the target may be different file systems.
fn put(source: &Path, target: &Path, link: bool) -> std::io::Result<()> {
    match link {
        true => std::os::unix::fs::symlink(fs::read_link(source)?, target),
        false => fs::copy(source, target).map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_and_nothing_is_replaced() {
        let root = tempfile::tempdir().expect("a root");
        let at = |path: &str| root.path().join(path);
        fs::create_dir_all(at("usr/lib")).expect("usr/lib");
        fs::create_dir_all(at("usr/bin")).expect("usr/bin");
        fs::create_dir_all(at("run")).expect("run");
        std::os::unix::fs::symlink("usr/lib", at("lib64")).expect("lib64");
        std::os::unix::fs::symlink("usr/bin", at("bin")).expect("bin");
        fs::write(at("usr/bin/sh"), "the machine's own").expect("sh");

        let mut tree = Tree::new();
        tree.file("lib64/ld-linux.so.2", 0o755, "loader").expect("a file");
        tree.file("bin/sh", 0o755, "another").expect("a file");
        tree.file("opt/lib/libx.so", 0o755, "library").expect("a file");
        tree.symlink("opt/lib/libx.so.1", "libx.so").expect("a link");
        let mut archive = Vec::new();
        tree.archive(&mut archive).expect("an archive");
        lay(&archive, root.path()).expect("laid");

        let text = |path: &str| fs::read_to_string(at(path)).expect("readable");
        assert_eq!(text("usr/lib/ld-linux.so.2"), "loader");
        assert_eq!(text("bin/sh"), "the machine's own");
        assert_eq!(text("opt/lib/libx.so.1"), "library");
        assert_eq!(fs::read_dir(at("run")).expect("run").count(), 0, "nothing is left in /run");
    }
}
