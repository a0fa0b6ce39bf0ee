//! The catalogue, the code and the command line agree.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn runtime(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wrong-runtime")).args(arguments).output().expect("start wrong-runtime")
}

fn lines(output: &Output) -> Vec<String> {
    String::from_utf8(output.stdout.clone()).expect("UTF-8").lines().map(str::to_owned).collect()
}

fn ids() -> Vec<String> {
    let word = |line: &String| line.split(' ').next().unwrap_or_default().to_owned();
    lines(&runtime(&["--list"])).iter().map(word).collect()
}

#[test]
fn ids_are_unique_and_well_formed() {
    let ids = ids();
    assert!(ids.len() >= 40, "{} defects", ids.len());
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "an id occurs twice");
    for id in &ids {
        let (letters, digits) = id.split_at(2);
        assert!(
            ["RF", "UT", "PI", "MP", "NN", "VE", "BR", "CG", "OV", "CA", "OC", "RT"].contains(&letters),
            "{id}: no such group"
        );
        assert!(digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit()), "{id}: not two digits");
    }
}

/// A row without an `if` would be a runtime that is right under a wrong name. (The other way round does not compile.)
#[test]
fn every_defect_is_in_the_code() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut words = BTreeSet::new();
    for file in fs::read_dir(sources).expect("read src").map(|entry| entry.expect("read src").path()) {
        if file.file_name().is_some_and(|name| name != "defects.rs") {
            let code = fs::read_to_string(&file).expect("read a source file");
            let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            words.extend(code.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_owned));
        }
    }
    for id in ids() {
        assert!(words.contains(&id), "{id} is in the table and nowhere else");
    }
}

/// Which defects misbehave here is asked in `misbehaviour.rs`; limits need a machine with cgroup v2's controllers.
#[test]
fn every_defect_is_tried() {
    let tried = include_str!("misbehaviour.rs");
    let needs_controllers = ["CG15", "CG17", "CG19", "CG21", "CG29", "CG33", "CG35", "CG36", "CG38"];
    for id in ids() {
        assert!(
            tried.contains(&format!("\"{id}\"")) || needs_controllers.contains(&id.as_str()),
            "{id} is never tried"
        );
    }
}

#[test]
fn the_list_is_json_too() {
    let rows: Vec<serde_json::Value> = lines(&runtime(&["--list", "--json"]))
        .iter()
        .map(|line| serde_json::from_str(line).expect("every line is a JSON object"))
        .collect();
    let ids: Vec<String> = ids();
    assert_eq!(rows.len(), ids.len());
    for (row, id) in rows.iter().zip(ids) {
        assert_eq!(row["id"], id.as_str());
        assert_eq!(row["group"], id[..2]);
        let description = row["description"].as_str().expect("a description");
        assert!(description.contains("host:") && description.contains("inside:"), "{id}: {description}");
    }
}

#[test]
fn an_unknown_defect_is_refused() {
    let output = runtime(&["--defect", "XX99", "run", "true"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("XX99"));
}
