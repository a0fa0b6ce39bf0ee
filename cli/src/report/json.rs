//! The result itself, and JSON that is safe in a log.

use boxproof_harness::result::Report;
use serde::Serialize;
use serde_json::Value;
use std::io;

/// `boxproof/result/v1`, as text that ends in a newline.
pub fn json(report: &Report) -> io::Result<String> {
    document(report)
}

/// A JSON document, as text that ends in a newline.
pub fn document(value: &impl Serialize) -> io::Result<String> {
    Ok(format!("{}\n", harmless_in_logs(&serde_json::to_string_pretty(value)?)))
}

/// A JSON document in one line.
pub fn document_line(value: &impl Serialize) -> io::Result<String> {
    Ok(format!("{}\n", harmless_in_logs(&serde_json::to_string(value)?)))
}

/// A value as part of another document.
pub fn inline(value: &Value) -> String {
    harmless_in_logs(&value.to_string())
}

/// GitHub's runner obeys `##[command]` wherever it stands in a line. In JSON it can only stand in a string, where `#` has
/// a second spelling.
fn harmless_in_logs(json: &str) -> String {
    json.replace("##[", "#\\u0023[")
}
