//! What belongs to a program that lies in a directory with other things.

use std::path::{Component, Path};

use crate::tree::{Tree, TreeError};

/// Directories beside a program that are not part of it.
const NOT_THE_PROGRAM: [&str; 4] = ["rootfs", "target", ".git", "node_modules"];

/// The directory without what is surely not part of `program`, which may itself lie there: target/release/mycontainer.
pub fn belongings(directory: &Path, program: &str) -> Result<Tree, TreeError> {
    let mut tree = Tree::new();
    for (path, node) in Tree::read(directory)?.entries() {
        let first = path.components().find(|component| matches!(component, Component::Normal(_)));
        let first = first.map(|component| component.as_os_str().to_string_lossy().into_owned()).unwrap_or_default();
        if !NOT_THE_PROGRAM.contains(&first.as_str()) && !first.ends_with(".tar") {
            tree.insert(path, node.clone())?;
        }
    }
    // Before it is built it is not there yet.
    let host = directory.join(program);
    if tree.get(program).is_none() && host.is_file() {
        tree.host_file(program, 0o755, host)?;
    }
    Ok(tree)
}
