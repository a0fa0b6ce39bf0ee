//! The only `unsafe` of this crate: system calls that neither std nor nix offers, each wrapped so that nothing outside
//! this folder has to reason about memory. One file per caller's need.
#![allow(unsafe_code)]

pub(crate) mod machine;
