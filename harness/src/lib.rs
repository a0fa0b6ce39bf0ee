//! What a scenario is written with, and where it runs.
#![warn(missing_docs)]

pub mod apt;
pub mod backend;
pub mod manifest;
pub mod netlink;
pub mod program;
pub mod rootfs;
mod sys;
pub mod tree;
