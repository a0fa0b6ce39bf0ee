//! Every id that occurs in the code has a text in every language, with the same placeables, and no text is unused.

use super::*;
use crate::catalogue;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Attributes that every scenario and every cause has.
const SCENARIO: [&str; 4] = ["what", "why", "hand", "man"];

fn parsed(language: Language) -> FluentResource {
    FluentResource::try_new(language.source().to_owned())
        .unwrap_or_else(|(_, errors)| panic!("{}.ftl: {errors:?}", language.code()))
}

/// Every id, its attributes as `id.attribute`, each with the names of its placeables.
fn shape(resource: &FluentResource) -> BTreeMap<String, BTreeSet<String>> {
    let mut shape = BTreeMap::new();
    for entry in resource.entries() {
        let Entry::Message(message) = entry else { continue };
        let id = message.id.name;
        let placeables = |pattern: &fluent_syntax::ast::Pattern<&str>| variables(&format!("{pattern:?}"));
        shape.insert(id.to_owned(), message.value.as_ref().map(placeables).unwrap_or_default());
        for attribute in &message.attributes {
            let earlier = shape.insert(format!("{id}.{}", attribute.id.name), placeables(&attribute.value));
            assert!(earlier.is_none(), "{id}.{} is there twice", attribute.id.name);
        }
    }
    shape
}

/// Names of `VariableReference`s in a pattern's debug text: the tree has many shapes, its text only one.
fn variables(pattern: &str) -> BTreeSet<String> {
    let names = pattern.split("VariableReference { id: Identifier { name: \"").skip(1);
    names.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

fn sources() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    for directory in [root.join("src"), root.join("../harness/src")] {
        read_all(&directory, &mut text);
    }
    text
}

fn read_all(directory: &Path, into: &mut String) {
    let entries = std::fs::read_dir(directory).expect("the sources");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read_all(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && path.file_name() != Some("tests.rs".as_ref())
        {
            into.push_str(&std::fs::read_to_string(&path).expect("a source file"));
        }
    }
}

/// The string literal that is the argument number `number` of every call of `function`.
fn arguments(sources: &str, function: &str, number: usize) -> BTreeSet<String> {
    let calls = sources.match_indices(function).map(|(at, _)| &sources[at + function.len()..]);
    calls.filter_map(|rest| literal(rest, number)).collect()
}

fn literal(call: &str, number: usize) -> Option<String> {
    let (mut depth, mut argument, mut quoted, mut start) = (0, 0, false, None);
    for (at, letter) in call.char_indices() {
        match letter {
            '"' if quoted => {
                quoted = false;
                if argument == number && depth == 0 {
                    return Some(call[start? + 1..at].to_owned());
                }
            }
            '"' => (quoted, start) = (true, Some(at)),
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => return None,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => argument += 1,
            _ => {}
        }
    }
    None
}

/// Ids in the code: likely causes, and messages.
fn used() -> (BTreeSet<String>, BTreeSet<String>) {
    let sources = sources();
    let troubles = arguments(&sources, "Trouble::runtime(", 0);
    let named = arguments(&sources, "because(", 0);
    let named_if = arguments(&sources, "because_if(", 1);
    // `never_started` takes its id from a choice.
    let never_started =
        ["runtime-hangs", "runtime-floods", "command-not-started", "too-many-processes"].map(str::to_owned);
    for id in &never_started {
        assert!(sources.contains(&format!("\"{id}\"")), "{id} is no longer in the code");
    }
    let words = |id: &String| id.contains('-') && !id.contains(' ');
    let causes = troubles.iter().chain(&named).chain(&named_if).chain(&never_started).filter(|id| words(id)).cloned();
    let plain =
        ["check-passed", "check-failed", "no-controller", "no-swap", "not-offered", "harness-error", "not-reached"];
    let plain = plain.into_iter().chain(["check-lost", "not-examined"]).map(str::to_owned);
    for id in plain.clone() {
        assert!(sources.contains(&format!("\"{id}\"")), "{id} is no longer in the code");
    }
    let said = arguments(&sources, "Text::new(", 0).into_iter().filter(|id| words(id));
    let messages = troubles.iter().chain(&never_started).cloned().chain(plain).chain(said).collect();
    (causes.collect(), messages)
}

/// Every id that must have a text.
fn wanted() -> BTreeSet<String> {
    let mut wanted = BTreeSet::new();
    let (causes, messages) = used();
    for id in causes {
        wanted.insert(format!("cause-{id}.why"));
        wanted.insert(format!("cause-{id}"));
    }
    wanted.extend(messages.into_iter().map(|id| format!("message-{id}")));
    for scenario in catalogue() {
        let key = format!("scenario-{}", scenario.id);
        wanted.extend(SCENARIO.map(|attribute| format!("{key}.{attribute}")));
        wanted.insert(key);
        wanted.extend(scenario.checks.iter().map(|check| format!("check-{}-{check}", scenario.id)));
        let major = scenario.step.split('-').next().unwrap_or_default();
        wanted.extend([scenario.step, major].map(|step| format!("step-{step}")));
    }
    let sources = sources();
    let flags = arguments(&sources, "Flag::raised(", 0).into_iter().chain(arguments(&sources, ".flag(", 0));
    wanted.extend(flags.map(|id| format!("flag-{id}")));
    // A machine may lack either, whichever scenarios there are.
    wanted.extend(["lack-no-controller", "lack-no-swap"].map(str::to_owned));
    wanted
}

#[test]
fn both_languages_say_the_same_things() {
    let [english, japanese] = Language::ALL.map(|language| shape(&parsed(language)));
    let missing: Vec<_> = english.keys().filter(|id| !japanese.contains_key(*id)).collect();
    assert!(missing.is_empty(), "not in ja.ftl: {missing:#?}");
    let extra: Vec<_> = japanese.keys().filter(|id| !english.contains_key(*id)).collect();
    assert!(extra.is_empty(), "not in en.ftl: {extra:#?}");
    for (id, placeables) in &english {
        assert_eq!(placeables, &japanese[id], "placeables of {id}");
    }
}

#[test]
fn every_id_in_the_code_has_a_text_and_every_text_is_used() {
    let there: BTreeSet<String> = shape(&parsed(Language::English)).into_keys().collect();
    let wanted = wanted();
    let missing: Vec<_> = wanted.difference(&there).collect();
    assert!(missing.is_empty(), "no text for {missing:#?}");
    // How to see a cause by hand is said where the scenario's own instructions do not show it.
    let optional = |id: &String| {
        id.starts_with("cause-") && id.ends_with(".hand") && wanted.contains(id.trim_end_matches(".hand"))
    };
    let unused: Vec<_> = there.difference(&wanted).filter(|id| !optional(id)).collect();
    assert!(unused.is_empty(), "texts that nothing uses: {unused:#?}");
}

#[test]
fn japanese_is_japanese() {
    let texts = Texts::load(Language::Japanese);
    let english = Texts::load(Language::English);
    for id in texts.ids() {
        let text = texts.plain(id);
        assert!(!text.is_ascii(), "{id} is not translated: {text}");
        assert_ne!(Some(text), english.find(id, &Params::new()), "{id} is not translated");
    }
}

#[test]
fn commands_by_hand_are_the_same_in_both_languages() {
    // Comments behind # are prose.
    let commands = |texts: &Texts, id: &str| -> Vec<String> {
        let hand = texts.find(&format!("{id}.hand"), &Params::new()).unwrap_or_default();
        hand.lines().map(|line| line.split("  #").next().unwrap_or_default().trim_end().to_owned()).collect()
    };
    let [english, japanese] = Language::ALL.map(Texts::load);
    for id in english.ids() {
        assert_eq!(commands(&english, id), commands(&japanese, id), "{id}.hand");
    }
}

#[test]
fn placeables_are_filled_and_nothing_invisible_is_added() {
    let texts = Texts::load(Language::English);
    let params = Params::from([("controller".to_owned(), "memory".to_owned())]);
    let text = texts.text("message-no-controller", &params);
    assert!(text.contains("no memory controller"), "{text}");
    assert!(!text.contains('\u{2068}'), "{text:?}");
    assert!(texts.plain("scenario-pid-one.hand").starts_with("sudo ./mycontainer run /bin/sleep 31337 &\nP=$(pgrep"));
    assert_eq!(texts.plain("no-such-text"), "no-such-text");
}

#[test]
fn the_locale_names_the_language() {
    assert_eq!(Language::of_locale("ja_JP.UTF-8"), Language::Japanese);
    assert_eq!(Language::of_locale("ja"), Language::Japanese);
    for locale in ["", "C", "POSIX", "en_GB.UTF-8", "jam_JM", "de_DE"] {
        assert_eq!(Language::of_locale(locale), Language::English, "{locale}");
    }
}

#[test]
fn the_workshops_numbers_are_the_courses() {
    let mut texts = Texts::load(Language::English);
    assert!(texts.plain("scenario-memory-oom-kill").starts_with("At 50 MB "));
    assert!(texts.plain("scenario-veth-netcat.hand").contains("echo hello | nc 10.0.0.2 8080"));
    let container_address = std::net::Ipv4Addr::new(192, 168, 77, 9);
    texts.set_parameters(&Parameters { memory_limit: 64 << 20, container_address, port: 7000, ..Default::default() });
    assert!(texts.plain("scenario-memory-oom-kill").starts_with("At 64 MB "));
    assert!(texts.plain("scenario-memory-oom-kill.hand").contains("echo 67108864 | sudo tee"));
    assert!(texts.plain("scenario-veth-netcat.hand").contains("echo hello | nc 192.168.77.9 7000"));
}
