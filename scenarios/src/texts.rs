//! The texts of the catalogue in the reader's language. They live in `texts/*.ftl`, beside the code, in
//! [Fluent](https://projectfluent.org)'s syntax, and are part of the program.
//!
//! Ids are made from the ids in the code: `scenario-ID` (with the attributes `what`, `why`, `hand` and `man`),
//! `check-SCENARIO-CHECK`, `cause-ID` (with `why` and `hand`), `message-ID`, `flag-ID`, `step-ID`.

use boxproof_harness::result::Report;
use boxproof_harness::terms::Parameters;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use fluent_syntax::ast::Entry;
use std::collections::{BTreeMap, BTreeSet};
use unic_langid::{LanguageIdentifier, langid};

/// A language that boxproof speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Japanese.
    Japanese,
}

impl Language {
    /// Every language.
    pub const ALL: [Language; 2] = [Language::English, Language::Japanese];

    /// The word used on the command line and in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Japanese => "ja",
        }
    }

    /// The language of a locale's name such as `ja_JP.UTF-8`; English for all that is not spoken here.
    pub fn of_locale(locale: &str) -> Language {
        let language = locale.split(['_', '.', '@', '-']).next().unwrap_or_default();
        Language::ALL.into_iter().find(|known| known.code() == language).unwrap_or_default()
    }

    /// The language of this process's messages, by the rules of locale(7): the first variable that is set counts.
    pub fn of_environment() -> Language {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set);
        Language::of_locale(&locale.unwrap_or_default())
    }

    fn id(self) -> LanguageIdentifier {
        match self {
            Language::English => langid!("en"),
            Language::Japanese => langid!("ja"),
        }
    }

    fn source(self) -> &'static str {
        match self {
            Language::English => include_str!("../texts/en.ftl"),
            Language::Japanese => include_str!("../texts/ja.ftl"),
        }
    }
}

/// Values for a text's placeables.
pub type Params = BTreeMap<String, String>;

/// All texts in one language.
pub struct Texts {
    language: Language,
    bundle: FluentBundle<FluentResource>,
    ids: BTreeSet<String>,
    /// Values that hold for every text.
    values: Params,
}

impl Texts {
    /// The catalogue's texts.
    pub fn load(language: Language) -> Texts {
        let mut bundle = FluentBundle::new_concurrent(vec![language.id()]);
        // No invisible direction marks around values: the texts are read on terminals and compared by tests.
        bundle.set_use_isolating(false);
        let mut texts = Texts { language, bundle, ids: BTreeSet::new(), values: numbers(&Parameters::default()) };
        texts.add(language.source());
        texts
    }

    /// Adds further texts, such as the command line's own.
    ///
    /// The sources are part of the program and parsed by its tests; a broken line loses that one message, no more.
    pub fn add(&mut self, source: &str) {
        let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(readable, _)| readable);
        let ids = resource.entries().filter_map(|entry| match entry {
            Entry::Message(message) => Some(message.id.name.to_owned()),
            _ => None,
        });
        self.ids.extend(ids);
        self.bundle.add_resource_overriding(resource);
    }

    /// Puts these numbers into the workshop's commands, instead of its own.
    pub fn set_parameters(&mut self, parameters: &Parameters) {
        self.values = numbers(parameters);
    }

    /// Which language these are.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The ids of all texts.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().map(String::as_str)
    }

    /// The ids of the causes that there are texts for: all, as the tests make sure.
    pub fn causes(&self) -> impl Iterator<Item = &str> {
        self.ids().filter_map(|id| id.strip_prefix("cause-"))
    }

    /// The text `id`, or `id.attribute`, with `params` put in.
    pub fn find(&self, id: &str, params: &Params) -> Option<String> {
        let (id, attribute) = id.split_once('.').map_or((id, None), |(id, attribute)| (id, Some(attribute)));
        let message = self.bundle.get_message(id)?;
        let pattern = match attribute {
            Some(attribute) => message.get_attribute(attribute)?.value(),
            None => message.value()?,
        };
        let all = self.values.iter().chain(params);
        let args: FluentArgs = all.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        // A missing value shows as {$name}, which is better than no text.
        Some(self.bundle.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned())
    }

    /// The same; the id itself where there is no such text.
    pub fn text(&self, id: &str, params: &Params) -> String {
        self.find(id, params).unwrap_or_else(|| id.to_owned())
    }

    /// A text without placeables.
    pub fn plain(&self, id: &str) -> String {
        self.text(id, &Params::new())
    }

    /// Puts this language's texts into a result.
    pub fn fill(&self, report: &mut Report) {
        report.run.locale = self.language.code().to_owned();
        for check in &mut report.checks {
            check.title = self.plain(&format!("check-{}", check.id.replace('.', "-")));
            check.message.text = self.text(&format!("message-{}", check.message.id), &check.message.params);
            if let Some(hint) = &mut check.hint {
                hint.text = self.text(&format!("cause-{}", hint.id), &hint.params);
            }
        }
        for cause in &mut report.causes {
            cause.text = self.text(&format!("cause-{}", cause.id), &cause.params);
        }
        for flag in &mut report.flags {
            flag.reason = self.plain(&format!("flag-{}", flag.id));
        }
        for error in &mut report.infrastructure_errors {
            // What an agent says in its own words stays; what has an id is said in the reader's.
            let (id, param) = error.id.split_once(':').unwrap_or((&error.id, ""));
            let params = Params::from([("controller".to_owned(), param.to_owned())]);
            if let Some(text) = self.find(&format!("lack-{id}"), &params) {
                error.text = text;
            }
        }
    }
}

/// The numbers in the workshop's commands, under the names by which the texts call them.
fn numbers(parameters: &Parameters) -> Params {
    const MIB: u64 = 1 << 20;
    let pairs = [
        ("memory_limit", parameters.memory_limit.to_string()),
        ("memory_size", format!("{} MB", parameters.memory_limit / MIB)),
        ("host_address", parameters.host_address.to_string()),
        ("container_address", parameters.container_address.to_string()),
        ("prefix", parameters.prefix.to_string()),
        ("port", parameters.port.to_string()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests;
