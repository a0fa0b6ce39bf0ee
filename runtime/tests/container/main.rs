//! The built `mycontainer`, run as a user runs it: as root, with a rootfs made of busybox, in surroundings that reveal
//! mistakes. Whatever can be is judged from the host's side, by what /proc says about the container's first process.
//!
//! Root is needed: `sudo -E cargo test -p mycontainer`. As anybody else only the refusals are tried, and every other
//! test says on stderr that it was not.

mod bed;
mod bridge;
mod isolation;
mod layers;
mod lifetime;
mod limits;
mod network;
mod oci;
mod privileges;
mod process;
mod refusals;
mod rootfs;
