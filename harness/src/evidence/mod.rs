//! What the kernel says: values that carry the place they were read from.

mod process;
mod values;

pub use process::{HostProc, Namespace};
pub use values::{Capability, IdPath, Ino, MountPoint, NsPid, Signals};

use crate::result::Fact;
use std::fmt::Display;

/// A value together with the facts it rests on.
#[derive(Debug, Clone)]
pub struct Evidence<T> {
    /// What was read, in the form that a check compares.
    pub value: T,
    /// Where it was read, and what stood there.
    pub facts: Vec<Fact>,
}

impl<T> Evidence<T> {
    /// `value`, read at `source`, where `text` stood.
    pub fn read(value: T, source: impl Display, text: impl Display) -> Evidence<T> {
        let fact = Fact { kind: "kernel".into(), source: source.to_string(), value: shorten(&text.to_string()) };
        Evidence { value, facts: vec![fact] }
    }

    /// The same facts, seen as another value.
    pub fn map<U>(self, view: impl FnOnce(T) -> U) -> Evidence<U> {
        Evidence { value: view(self.value), facts: self.facts }
    }

    /// Both values, resting on both sets of facts.
    pub fn with<U>(mut self, other: Evidence<U>) -> Evidence<(T, U)> {
        self.facts.extend(other.facts);
        Evidence { value: (self.value, other.value), facts: self.facts }
    }
}

impl<T: Display> Evidence<T> {
    /// `value`, read at `source`, where just that stood.
    pub fn plain(value: T, source: impl Display) -> Evidence<T> {
        let text = value.to_string();
        Evidence::read(value, source, text)
    }
}

/// Evidence is for reading: a thousand lines of mountinfo help nobody.
fn shorten(text: &str) -> String {
    const MOST: usize = 2000;
    let text = text.trim_end();
    if text.len() <= MOST {
        return text.to_owned();
    }
    let end = (0..=MOST).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    format!("{} …", &text[..end])
}
