//! The result itself.

use boxproof_harness::result::Report;
use std::io;

/// `boxproof/result/v1`, as text that ends in a newline.
pub fn json(report: &Report) -> io::Result<String> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    Ok(text)
}
