//! What a check expects: a predicate with the words that say so.

use std::fmt::Display;

/// An expectation of a value of type `T`. Its words are those of no language: `1`, `≠ pid:[4026531836]`, `≥ 3`.
pub struct Expect<T> {
    words: String,
    holds: Box<dyn Fn(&T) -> bool>,
}

impl<T> Expect<T> {
    /// A predicate of one's own, with its words.
    pub fn that(words: impl Into<String>, holds: impl Fn(&T) -> bool + 'static) -> Expect<T> {
        Expect { words: words.into(), holds: Box::new(holds) }
    }

    /// The words.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// Whether `value` is as expected.
    pub fn met_by(&self, value: &T) -> bool {
        (self.holds)(value)
    }
}

/// Equal to `value`.
pub fn is<T: PartialEq + Display + 'static>(value: T) -> Expect<T> {
    Expect::that(value.to_string(), move |observed| *observed == value)
}

/// Different from `value`.
pub fn is_not<T: PartialEq + Display + 'static>(value: T) -> Expect<T> {
    Expect::that(format!("≠ {value}"), move |observed| *observed != value)
}

/// `value` or more.
pub fn at_least<T: PartialOrd + Display + 'static>(value: T) -> Expect<T> {
    Expect::that(format!("≥ {value}"), move |observed| *observed >= value)
}

/// `value` or less.
pub fn at_most<T: PartialOrd + Display + 'static>(value: T) -> Expect<T> {
    Expect::that(format!("≤ {value}"), move |observed| *observed <= value)
}

/// A list, which prints its items with commas; an empty one as a dash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List(pub Vec<String>);

impl Display for List {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        if self.0.is_empty() { f.write_str("—") } else { f.write_str(&self.0.join(", ")) }
    }
}

impl<S: Into<String>> FromIterator<S> for List {
    fn from_iter<I: IntoIterator<Item = S>>(items: I) -> List {
        List(items.into_iter().map(Into::into).collect())
    }
}

/// Whether something is so; prints `yes` or `no`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Yes(pub bool);

impl Display for Yes {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(if self.0 { "yes" } else { "no" })
    }
}
