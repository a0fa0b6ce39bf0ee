//! HTML: one page for a student, one for a class. Each is one file that needs nothing else, works without a script, on a
//! phone, in print, in the dark, and says by shape and word whatever it says by colour.
//!
//! What a program under test printed stands in it as text and never as anything else: every value goes through
//! [`escape`], and should one ever be missed, the page's own policy lets no script run but ours.

mod class;
mod drawings;
mod scenario;
mod student;
mod table;

pub use class::class_page;
pub use student::student_page;

use super::{mark, params};
use crate::words::harmless;
use boxproof_harness::result::Status;
use boxproof_scenarios::texts::Texts;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("style.css");

/// Foreign or own text as HTML, between tags or between double quotes.
fn escape(text: &str) -> String {
    harmless(text).chars().fold(String::with_capacity(text.len()), |mut html, letter| {
        match letter {
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '&' => html.push_str("&amp;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            letter => html.push(letter),
        }
        html
    })
}

/// A sentence of ours, in which `a command` stands between backquotes.
fn prose(text: &str) -> String {
    let escaped = escape(text);
    let parts: Vec<&str> = escaped.split('`').collect();
    if parts.len().is_multiple_of(2) {
        // A foreign word has brought one of its own.
        return escaped;
    }
    let part =
        |(at, part): (usize, &&str)| if at % 2 == 1 { format!("<code>{part}</code>") } else { (*part).to_owned() };
    parts.iter().enumerate().map(part).collect()
}

/// Our own texts, as HTML.
struct Words<'a>(&'a Texts);

impl Words<'_> {
    fn say(&self, id: &str) -> String {
        escape(&self.0.plain(id))
    }

    fn text<const N: usize>(&self, id: &str, values: [(&str, &str); N]) -> String {
        escape(&self.0.text(id, &params(values)))
    }
}

/// Everything around `body`.
fn document(texts: &Texts, title: &str, body: &str, script: Option<&str>) -> String {
    let policy = script.map(|script| format!(" script-src 'sha256-{}';", base64(&Sha256::digest(script))));
    let policy = policy.unwrap_or_default();
    let script = script.map(|script| format!("<script>{script}</script>\n")).unwrap_or_default();
    let (language, title) = (texts.language().code(), escape(title));
    format!(
        r#"<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline';{policy} base-uri 'none'; form-action 'none'">
<title>{title}</title>
<style>
{STYLE}</style>
</head>
<body>
{body}{script}</body>
</html>
"#
    )
}

/// A status as mark and word, in a shape of its own.
fn badge(status: Status, texts: &Texts) -> String {
    let word = escape(&texts.plain(&format!("ui-word-{}", status.word())));
    format!(r#"<span class="badge {}"><span aria-hidden="true">{}</span> {word}</span>"#, status.word(), mark(status))
}

/// A share as a bar. The numbers stand beside it.
fn gauge(value: usize, of: usize) -> String {
    format!(r#"<meter min="0" max="{of}" value="{value}" aria-hidden="true"></meter>"#)
}

/// A heading and what belongs to it; nothing where there is nothing.
fn section(id: &str, heading: &str, content: &str) -> String {
    if content.is_empty() {
        return String::new();
    }
    format!("<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{}</h2>\n{content}</section>\n", escape(heading))
}

/// RFC 4648, as a policy's hashes are written.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |three: &[u8]| {
        let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
        let letter = |at: usize| if at <= three.len() { LETTERS[(bits >> (18 - 6 * at)) as usize & 63] } else { b'=' };
        [0, 1, 2, 3].map(|at| char::from(letter(at)))
    };
    bytes.chunks(3).flat_map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_in_sentences_are_commands() {
        assert_eq!(prose("try `ls <x>` & `ps`"), "try <code>ls &lt;x&gt;</code> &amp; <code>ps</code>");
        assert_eq!(prose("one ` alone"), "one ` alone");
    }

    #[test]
    fn base64_as_in_the_rfc() {
        let examples = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (plain, encoded) in examples {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }
}
