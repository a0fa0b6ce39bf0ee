//! The harness on trial: every deliberately wrong runtime, every cheat, every fake and every right runtime against the
//! whole catalogue.
//!
//! Each is examined once, whichever tests ask for it; `--test matrix NAME` examines only what NAME needs. `make matrix` is
//! this program, told to write down what it finds: the page `docs/kill-matrix.md` and the snapshot beside this file.

mod all;
mod cheats;
#[path = "../common/mod.rs"]
mod common;
mod controls;
mod fakes;
mod mutants;
mod page;
mod rows;
