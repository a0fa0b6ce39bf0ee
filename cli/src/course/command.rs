//! `boxproof course`: the default to begin with, and what a course amounts to.

use super::{Course, DEFAULT, Item};
use crate::args::{CourseArgs, CourseCommand, language};
use crate::outcome::{Outcome, Trouble};
use crate::report::params;
use std::fmt::Write;

/// Prints the default, or checks a file.
pub fn run(args: &CourseArgs) -> Result<Outcome, Trouble> {
    match &args.command {
        None => crate::words::print_exactly(DEFAULT),
        Some(CourseCommand::Check { file, lang }) => {
            let texts = crate::words::texts(language(*lang));
            let course = Course::load(file, &texts, &|line| anstream::eprintln!("{}", crate::words::line(line)))?;
            let widest = course.items.iter().map(|item| item.id.len()).max().unwrap_or(0);
            let mut page = String::new();
            for item in &course.items {
                let line = format!("{:>6}  {:widest$}  {}", item.worth(), item.id, terms(item));
                let _ = writeln!(page, "{}", line.trim_end());
            }
            let points: u32 = course.items.iter().map(Item::worth).sum();
            let values = [("points", points.to_string()), ("scenarios", course.items.len().to_string())];
            let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
            let _ = writeln!(page, "{}", texts.text("course-amounts-to", &params(values)));
            crate::words::print(&page)
        }
    }
}

/// What is said of a scenario besides its points, in the words of the file.
fn terms(item: &Item) -> String {
    let mut terms = Vec::new();
    if !item.partial {
        terms.push("partial = false".to_owned());
    }
    if !item.needs.is_empty() {
        terms.push(format!("needs {}", item.needs.join(", ")));
    }
    if item.visibility.word() != "visible" {
        terms.push(item.visibility.word().to_owned());
    }
    terms.join("; ")
}
