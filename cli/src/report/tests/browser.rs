//! The pages in a real browser: Chromium or Chrome, without a window and without network.

use super::hostile::hostile;
use super::pages::class;
use super::readers::read_by;
use super::*;
use std::fs;

/// What a script finds when it uses the page as a teacher would: it clicks, chooses, types, and looks at the rows.
const DRIVER: &str = include_str!("driver.html");

/// What a browser may be called: on Debian, on GitHub's runner, elsewhere.
const BROWSERS: [&str; 3] = ["chromium", "google-chrome", "chromium-browser"];

fn browser() -> &'static str {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = |name: &&str| std::env::split_paths(&path).any(|directory| directory.join(name).is_file());
    BROWSERS.into_iter().find(there).unwrap_or_else(|| {
        panic!("none of {BROWSERS:?} is installed. Where there is none, leave this test out: -- --skip in_a_browser")
    })
}

/// Loads the driver beside `page`, and returns what it found.
fn drive(page: &str) -> serde_json::Value {
    let place = tempfile::tempdir().expect("a directory");
    fs::write(place.path().join("class.html"), page).expect("write");
    fs::write(place.path().join("driver.html"), DRIVER).expect("write");
    let profile = format!("--user-data-dir={}", place.path().join("profile").display());
    let url = format!("file://{}", place.path().join("driver.html").display());
    let arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--allow-file-access-from-files",
        &profile,
        "--dump-dom",
        &url,
    ];
    let dom = read_by(browser(), &arguments, "");
    let found = dom.split_once("<pre id=\"found\">").and_then(|(_, rest)| rest.split_once("</pre>"));
    let (found, _) = found.unwrap_or_else(|| panic!("no findings in {dom}"));
    serde_json::from_str(&found.replace("&amp;", "&"))
        .unwrap_or_else(|error| panic!("{error}: the page's script did not run?\n{dom}"))
}

#[test]
fn a_class_is_filtered_and_sorted_in_a_browser() {
    let texts = crate::words::texts(Language::English);
    let found = drive(&html::class_page(&class(), &texts));
    assert_eq!(found["controls"], true, "the script is allowed by the page's own policy");
    let students = |name: &str| {
        let names = found[name].as_array().expect("students").iter().filter_map(|name| name.as_str());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(students("first"), "chen aoki diallo bianchi", "as they were given");
    assert_eq!(students("byStudent"), "aoki bianchi chen diallo");
    assert_eq!(students("byPoints"), "bianchi aoki chen diallo", "who has no points comes before who has one");
    assert_eq!(students("byPointsDown"), "aoki chen diallo bianchi");
    assert_eq!(found["sorted"], "descending");
    assert_eq!(students("withI"), "aoki bianchi diallo");
    assert_eq!(students("late"), "diallo");
    assert_eq!(found["count"], "1 of 4 shown");
    assert_eq!(students("error"), "bianchi");
    assert_eq!(students("failing"), "bianchi chen diallo", "of the first scenario, which only aoki does not fail");
}

#[test]
fn a_hostile_class_runs_nothing_in_a_browser() {
    let texts = crate::words::texts(Language::Japanese);
    let entries: Vec<Entry> = class()
        .into_iter()
        .map(|entry| Entry {
            student: format!("{}<img src=x onerror=owned()>", entry.student),
            report: hostile(&entry.report),
            ..entry
        })
        .collect();
    let found = drive(&html::class_page(&entries, &texts));
    assert_eq!(found["first"].as_array().map(Vec::len), Some(4));
    assert_eq!((&found["foreign"], &found["scripts"], &found["owned"]), (&0.into(), &1.into(), &false.into()));
}
