//! What belongs to a program that lies in a directory with other things.

use std::path::{Component, Path};

use crate::tree::{Kind, Node, Tree, TreeError};

/// Directories beside a program that are not part of it.
const NOT_THE_PROGRAM: [&str; 4] = ["rootfs", "target", ".git", "node_modules"];

/// The directory without what is surely not part of `program`, which may itself lie there: target/release/mycontainer.
///
/// Whoever made the directory is not trusted. What is in it is taken, never what a link in it leads to outside.
pub fn belongings(directory: &Path, program: &str) -> Result<Tree, TreeError> {
    let all = Tree::read(directory)?;
    let mut tree = Tree::new();
    for (path, node) in all.entries().filter(|(path, _)| belongs(path)) {
        tree.insert(path, by_itself(node, &all).clone())?;
    }
    // Before it is built it is not there yet.
    if tree.get(program).is_none()
        && let Some(Node { kind: Kind::File(content), .. }) = all.resolve(program)
    {
        tree.insert(program, Node::file(0o755, content.clone()))?;
    }
    Ok(tree)
}

fn belongs(path: &Path) -> bool {
    let first = path.components().find(|component| matches!(component, Component::Normal(_)));
    let first = first.map(|component| component.as_os_str().to_string_lossy().into_owned()).unwrap_or_default();
    !NOT_THE_PROGRAM.contains(&first.as_str()) && !first.ends_with(".tar")
}

/// A further name of a file whose first name is left out (`ln target/release/x bin/x`) is that file.
fn by_itself<'a>(node: &'a Node, all: &'a Tree) -> &'a Node {
    match &node.kind {
        Kind::HardLink(first) if !belongs(first) => all.get(first).unwrap_or(node),
        _ => node,
    }
}
