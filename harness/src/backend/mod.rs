//! Where testbeds live.

pub mod vm;
