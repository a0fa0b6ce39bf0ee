//! A TOML document with positions. What is understood of it is taken out; what is left over in the end is a mistake, and so
//! is everything that is not what it should be. All of them are found, not the first only.

use crate::near::near;
use boxproof_harness::result::Text;
use std::borrow::Cow;
use std::ops::RangeInclusive;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Something to say about a place in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// The byte at which it stands.
    pub at: usize,
    /// What there is to say.
    pub text: Text,
}

/// What is found in a file on the way.
#[derive(Debug, Default)]
pub struct Notes {
    /// With any of these the file cannot be used.
    pub mistakes: Vec<Note>,
    /// What is possible, but hardly meant.
    pub warnings: Vec<Note>,
}

impl Notes {
    /// A mistake.
    pub fn wrong(&mut self, at: usize, text: Text) {
        self.mistakes.push(Note { at, text });
    }

    /// A word that is none of those that are known here.
    pub fn unknown<'a>(&mut self, id: &str, word: &At<String>, known: impl IntoIterator<Item = &'a str>) {
        let near = near(&word.value, known).join(", ");
        self.wrong(word.at, Text::new(id).with("word", &word.value).with("near", near));
    }

    /// Something doubtful.
    pub fn doubt(&mut self, at: usize, text: Text) {
        self.warnings.push(Note { at, text });
    }
}

/// A value and the byte at which it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where.
    pub at: usize,
}

/// A table that is being read.
#[derive(Debug)]
pub struct Table<'d> {
    /// Where it begins.
    pub at: usize,
    entries: Vec<(At<String>, Spanned<DeValue<'d>>)>,
    known: Vec<&'static str>,
}

impl<'d> Table<'d> {
    /// The whole of a document, or the mistake because of which it is none.
    pub fn parse(text: &'d str) -> Result<Table<'d>, Note> {
        let document = DeTable::parse(text).map_err(|error| Note {
            at: error.span().map_or(0, |span| span.start),
            text: Text::new("course-no-toml").with("reason", error.message().trim().replace('\n', ", ")),
        })?;
        Ok(Table::of(0, document.into_inner()))
    }

    fn of(at: usize, table: DeTable<'d>) -> Table<'d> {
        let own = |key: Spanned<Cow<str>>| At { at: key.span().start, value: key.into_inner().into_owned() };
        Table { at, entries: table.into_iter().map(|(key, value)| (own(key), value)).collect(), known: Vec::new() }
    }

    fn take(&mut self, key: &'static str) -> Option<Spanned<DeValue<'d>>> {
        self.known.push(key);
        let found = self.entries.iter().position(|(known, _)| known.value == key)?;
        Some(self.entries.swap_remove(found).1)
    }

    /// What is left over was not asked for.
    pub fn finish(self, notes: &mut Notes) {
        for (key, _) in &self.entries {
            notes.unknown("course-unknown-key", key, self.known.iter().copied());
        }
    }

    fn typed<T>(
        &mut self,
        key: &'static str,
        wanted: &'static str,
        notes: &mut Notes,
        convert: impl FnOnce(DeValue<'d>) -> Option<T>,
    ) -> Option<At<T>> {
        let value = self.take(key)?;
        let at = value.span().start;
        let converted = convert(value.into_inner()).map(|value| At { value, at });
        if converted.is_none() {
            notes.wrong(at, Text::new(wanted).with("key", key));
        }
        converted
    }

    /// A text.
    pub fn text(&mut self, key: &'static str, notes: &mut Notes) -> Option<At<String>> {
        self.typed(key, "course-wants-text", notes, |value| value.as_str().map(str::to_owned))
    }

    /// One of these words.
    pub fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
        notes: &mut Notes,
    ) -> Option<At<T>> {
        let word = self.text(key, notes)?;
        let found = words.iter().find(|(known, _)| *known == word.value);
        if found.is_none() {
            let known = words.iter().map(|(known, _)| format!("\"{known}\"")).collect::<Vec<_>>().join(", ");
            notes.wrong(word.at, Text::new("course-wants-choice").with("word", &word.value).with("known", known));
        }
        found.map(|(_, value)| At { value: *value, at: word.at })
    }

    /// Yes or no.
    pub fn boolean(&mut self, key: &'static str, notes: &mut Notes) -> Option<bool> {
        self.typed(key, "course-wants-boolean", notes, |value| value.as_bool()).map(|at| at.value)
    }

    /// A whole number within `range`.
    pub fn number(&mut self, key: &'static str, range: RangeInclusive<u64>, notes: &mut Notes) -> Option<At<u64>> {
        let value = self.take(key)?;
        whole(key, value.span().start, value.get_ref(), range, notes)
    }

    /// Every key with its whole number, for a table whose keys are not ours. `a.b = 1` is the same as `"a.b" = 1`.
    pub fn numbers(self, range: RangeInclusive<u64>, notes: &mut Notes) -> Vec<(At<String>, u64)> {
        let mut numbers = Vec::new();
        for (key, value) in self.entries {
            let at = value.span().start;
            match value.into_inner() {
                DeValue::Table(inner) => {
                    let inner = Table::of(at, inner).numbers(range.clone(), notes);
                    let named = |name: At<String>| At { value: format!("{}.{}", key.value, name.value), at: name.at };
                    numbers.extend(inner.into_iter().map(|(name, number)| (named(name), number)));
                }
                value => {
                    if let Some(number) = whole(&key.value, at, &value, range.clone(), notes) {
                        numbers.push((key, number.value));
                    }
                }
            }
        }
        numbers
    }

    /// A number that need not be whole.
    pub fn decimal(&mut self, key: &'static str, range: RangeInclusive<f64>, notes: &mut Notes) -> Option<f64> {
        let parse = |value: DeValue<'d>| {
            let integer = value.as_integer().and_then(|number| number.as_str().parse().ok());
            integer.or_else(|| value.as_float()?.as_str().parse().ok())
        };
        let number = self.typed(key, "course-wants-number", notes, parse)?;
        let within = range.contains(&number.value);
        if !within {
            notes.wrong(number.at, out_of_range(key, range.start(), range.end()));
        }
        within.then_some(number.value)
    }

    /// A point in time.
    pub fn datetime(&mut self, key: &'static str, notes: &mut Notes) -> Option<At<toml::value::Datetime>> {
        self.typed(key, "course-wants-time", notes, |value| value.as_datetime().copied())
    }

    /// A list of texts; empty where there is none.
    pub fn texts(&mut self, key: &'static str, notes: &mut Notes) -> Vec<At<String>> {
        let each = |value: DeValue<'d>| {
            let DeValue::Array(items) = value else { return None };
            let one = |item: Spanned<DeValue<'d>>| {
                Some(At { at: item.span().start, value: item.get_ref().as_str()?.to_owned() })
            };
            items.into_iter().map(one).collect::<Option<Vec<_>>>()
        };
        self.typed(key, "course-wants-texts", notes, each).map(|at| at.value).unwrap_or_default()
    }

    /// A table in it; an empty one where there is none.
    pub fn table(&mut self, key: &'static str, notes: &mut Notes) -> Table<'d> {
        let inner = |value| match value {
            DeValue::Table(table) => Some(table),
            _ => None,
        };
        match self.typed(key, "course-wants-table", notes, inner) {
            Some(found) => Table::of(found.at, found.value),
            None => Table { at: self.at, entries: Vec::new(), known: Vec::new() },
        }
    }

    /// All `[[key]]`.
    pub fn tables(&mut self, key: &'static str, notes: &mut Notes) -> Vec<Table<'d>> {
        let each = |value| {
            let DeValue::Array(items) = value else { return None };
            let one = |item: Spanned<DeValue<'d>>| match (item.span().start, item.into_inner()) {
                (at, DeValue::Table(table)) => Some(Table::of(at, table)),
                _ => None,
            };
            items.into_iter().map(one).collect::<Option<Vec<_>>>()
        };
        self.typed(key, "course-wants-tables", notes, each).map(|at| at.value).unwrap_or_default()
    }
}

fn whole(key: &str, at: usize, value: &DeValue<'_>, range: RangeInclusive<u64>, notes: &mut Notes) -> Option<At<u64>> {
    let number = value.as_integer().and_then(|number| number.as_str().parse::<i128>().ok());
    let Some(number) = number else {
        notes.wrong(at, Text::new("course-wants-whole").with("key", key));
        return None;
    };
    let within = u64::try_from(number).ok().filter(|number| range.contains(number));
    if within.is_none() {
        notes.wrong(at, out_of_range(key, range.start(), range.end()));
    }
    within.map(|value| At { value, at })
}

fn out_of_range(key: &str, least: impl ToString, most: impl ToString) -> Text {
    Text::new("course-out-of-range").with("key", key).with("least", least).with("most", most)
}
