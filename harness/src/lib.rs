//! What a scenario is written with, and where it runs.
//!
//! Reading order: [`scenario`] (what a scenario is and the [`scenario::Exam`] it is written with), [`testbed`] (the little
//! host around it), [`container`] (the probe, held), [`evidence`] (what the kernel says), [`agent`] (from order to events),
//! [`backend`] (where agents run), [`result`] (what comes out).

pub mod agent;
pub mod apt;
pub mod backend;
mod builder;
pub mod capture;
pub mod conductor;
pub mod container;
mod embedded;
pub mod error;
pub mod event;
pub mod evidence;
pub mod expect;
mod libraries;
pub mod manifest;
pub mod netlink;
mod nftables;
pub mod oci;
pub mod pace;
pub mod plan;
pub mod policy;
pub mod program;
pub mod result;
pub mod rootfs;
pub mod run;
pub mod scenario;
pub mod seed;
mod sys;
pub mod terminal;
pub mod terms;
pub mod testbed;
pub mod tree;
