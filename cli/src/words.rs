//! What is printed: our own texts in the reader's language, and foreign ones made fit for a terminal. What a program
//! under test prints may neither move the cursor nor fill the screen.

use crate::outcome::{Outcome, Trouble};
use boxproof_scenarios::texts::{Language, Texts};
use std::io::Write;
use unicode_width::UnicodeWidthChar;

/// The catalogue's texts and the command line's own.
pub fn texts(language: Language) -> Texts {
    let mut texts = Texts::load(language);
    texts.add(match language {
        Language::English => include_str!("../texts/en.ftl"),
        Language::Japanese => include_str!("../texts/ja.ftl"),
    });
    texts
}

/// Writes what was asked for to stdout, with colours where they are wanted.
pub fn print(text: &str) -> Result<Outcome, Trouble> {
    written(anstream::stdout().lock().write_all(text.as_bytes()))
}

/// Writes it to stdout as it is, for another program to read.
pub fn print_exactly(text: &str) -> Result<Outcome, Trouble> {
    print_bytes(text.as_bytes())
}

/// The same for what was rendered.
pub fn print_bytes(bytes: &[u8]) -> Result<Outcome, Trouble> {
    let mut stdout = std::io::stdout().lock();
    written(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

fn written(result: std::io::Result<()>) -> Result<Outcome, Trouble> {
    match result {
        Ok(()) => Ok(Outcome::Passed),
        // Whoever reads has seen enough: `boxproof list | head -1`.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(Outcome::Passed),
        Err(error) => Err(Trouble::environment(format!("write to stdout: {error}"))),
    }
}

/// Longest foreign line shown, in letters.
const LONGEST: usize = 140;
/// Columns of our own prose.
const COLUMNS: usize = 96;

/// `text` without anything that a terminal or GitHub's runner obeys; lines stay lines.
pub fn harmless(text: &str) -> String {
    let safe = text.chars().fold(String::with_capacity(text.len()), |mut safe, letter| {
        match letter {
            '\n' => safe.push('\n'),
            '\t' => safe.push_str("    "),
            // A line end of Windows or of a terminal in raw mode says nothing.
            '\r' => {}
            letter if is_control(letter) => safe.extend(letter.escape_default()),
            letter => safe.push(letter),
        }
        safe
    });
    without_workflow_commands(safe)
}

/// GitHub's runner obeys `::command::` at the start of a printed line and `##[command]` anywhere in it.
fn without_workflow_commands(text: String) -> String {
    let is_command = |line: &str| line.trim_start().strip_prefix("::").is_some_and(|rest| rest.contains("::"));
    if !text.contains("##[") && !text.lines().any(is_command) {
        return text;
    }
    let safe = |line: &str| match is_command(line) {
        true => line.replacen("::", "\\::", 1),
        false => line.to_owned(),
    };
    text.split('\n').map(safe).collect::<Vec<_>>().join("\n").replace("##[", "#\\#[")
}

/// C0 and C1, DEL, and the invisible ones that change the direction of what follows.
fn is_control(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The same as one line, cut to a length that can be read.
pub fn line(text: &str) -> String {
    cut(&harmless(text).replace('\n', "\\n"))
}

/// The same as at most `most` lines, each cut; of more, the last ones, because an error message stands at the end.
pub fn lines(text: &str, most: usize) -> Vec<String> {
    let safe = harmless(text.trim_end());
    let all: Vec<&str> = safe.lines().collect();
    let dropped = all.len().saturating_sub(most);
    let omission = (dropped > 0).then(|| format!("… ({dropped})"));
    omission.into_iter().chain(all[dropped..].iter().map(|line| cut(line))).collect()
}

/// Our own prose, with foreign words in it, in lines of [`COLUMNS`].
pub fn prose(text: &str, most: usize) -> Vec<String> {
    let safe = harmless(text.trim_end());
    // A new line may begin where there was none.
    let mut lines: Vec<String> = safe.lines().flat_map(wrapped).map(without_workflow_commands).collect();
    if lines.len() > most {
        lines.truncate(most);
        lines.push("…".to_owned());
    }
    lines
}

/// Breaks at blanks, and between letters of two columns, which Japanese needs no blank for.
fn wrapped(line: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = line;
    while let Some(at) = break_in(rest) {
        lines.push(rest[..at].trim_end().to_owned());
        rest = rest[at..].trim_start();
    }
    lines.push(rest.to_owned());
    lines
}

/// Where a line that is too long ends; none if it is not too long.
fn break_in(line: &str) -> Option<usize> {
    let (mut column, mut last, mut before) = (0, None, ' ');
    for (at, letter) in line.char_indices() {
        let wide = |letter: char| letter.width() == Some(2);
        if at > 0 && before == ' ' || (wide(before) || wide(letter)) && !sticks(before, letter) {
            last = Some(at);
        }
        column += letter.width().unwrap_or(0);
        if column > COLUMNS {
            return Some(last.filter(|last| *last > 0).unwrap_or(at));
        }
        before = letter;
    }
    None
}

/// Letters that may not begin a line in Japanese, and those that may not end one.
fn sticks(before: char, letter: char) -> bool {
    "。、）」』！？：ー)]},.:;!? ".contains(letter) || "（「『([{".contains(before)
}

fn cut(line: &str) -> String {
    shortened(line, LONGEST)
}

/// At most `letters` of it.
pub fn shortened(text: &str, letters: usize) -> String {
    match text.char_indices().nth(letters) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids of the command line's own texts.
    fn own(source: &str) -> std::collections::BTreeSet<&str> {
        source.lines().filter_map(|line| line.split_once(" = ")).map(|(id, _)| id.trim()).collect()
    }

    /// The text of every source file below a directory of this package, but for this one.
    fn sources(directory: &std::path::Path) -> String {
        let entries = directory.read_dir().expect("list").map(|entry| entry.expect("list").path());
        let mut texts = String::new();
        for path in entries.filter(|path| !path.ends_with("src/words.rs")) {
            match path.is_dir() {
                true => texts += &sources(&path),
                false => texts += &std::fs::read_to_string(&path).expect("read"),
            }
        }
        texts
    }

    #[test]
    fn both_languages_have_the_same_texts_and_each_is_used() {
        let (english, japanese) = (own(include_str!("../texts/en.ftl")), own(include_str!("../texts/ja.ftl")));
        assert_eq!(english, japanese);
        let sources = sources("src".as_ref()) + &sources("../harness/src".as_ref());
        let made = [
            "class-cause-",
            "message-",
            "ui-word-",
            "ui-tier-",
            "ui-result-",
            "ui-isolation-",
            "ui-explain-",
            "ui-class-",
            "ui-drawing-",
        ];
        for id in english {
            let by_word = made.iter().any(|start| id.starts_with(start));
            assert!(by_word || sources.contains(&format!("\"{id}\"")), "nothing uses {id}");
        }
        let quoted = sources.split('"').filter(|word| word.starts_with("ui-") || word.starts_with("doctor-"));
        let texts = texts(Language::Japanese);
        for id in quoted.filter(|word| !word.contains(['{', ' ']) && !word.ends_with('-')) {
            assert!(texts.find(id, &Default::default()).is_some(), "no text for {id}");
        }
    }

    #[test]
    fn nothing_reaches_the_terminal_but_letters() {
        assert_eq!(harmless("\x1b[2J\x07é日本\u{9b}31m"), "\\u{1b}[2J\\u{7}é日本\\u{9b}31m");
        assert_eq!(harmless("a\r\nb\tc"), "a\nb    c");
        assert_eq!(harmless("\u{202e}evil"), "\\u{202e}evil");
    }

    #[test]
    fn nothing_is_a_command_to_the_runner_of_github_actions() {
        assert_eq!(
            harmless("a\n  ::add-mask::x\n::error file=a::b::c"),
            "a\n  \\::add-mask::x\n\\::error file=a::b::c"
        );
        assert_eq!(harmless("told you: ##[set-env name=A]b"), "told you: #\\#[set-env name=A]b");
        assert_eq!(harmless("::1\nstd::fs::read"), "::1\nstd::fs::read");
    }

    #[test]
    fn prose_is_wrapped_at_blanks_and_between_japanese_letters() {
        let english = prose(&"word ".repeat(40), 10);
        assert_eq!(english.len(), 3);
        assert!(english.iter().all(|line| line.ends_with("word") && line.len() <= COLUMNS), "{english:?}");
        let japanese = prose(&"名前空間、".repeat(20), 10);
        assert_eq!(japanese.len(), 3);
        assert!(japanese.iter().all(|line| !line.starts_with('、')), "{japanese:?}");
        assert_eq!(prose(&"x".repeat(200), 10).concat(), "x".repeat(200));
        assert_eq!(prose(&"word ".repeat(400), 2).len(), 3);
    }

    #[test]
    fn floods_are_cut() {
        assert_eq!(line(&"x".repeat(1000)).chars().count(), LONGEST + 1);
        assert_eq!(lines("1\n2\n3\n4\n", 2), ["… (2)", "3", "4"]);
        assert_eq!(lines("1\n2", 2), ["1", "2"]);
    }
}
