//! What happens meanwhile, on stderr: a moving bar on a terminal, plain lines everywhere else.

use crate::report::{duration, mark};
use crate::words::line;
use boxproof_harness::event::Event;
use boxproof_scenarios::texts::Texts;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

/// The display of one exam.
pub struct Progress<'a> {
    texts: &'a Texts,
    bar: Option<ProgressBar>,
    planned: usize,
    done: usize,
    running: Vec<String>,
}

impl<'a> Progress<'a> {
    /// Shows that `planned` scenarios are to come.
    pub fn new(texts: &'a Texts, planned: usize) -> Progress<'a> {
        Progress { texts, bar: bar(planned), planned, done: 0, running: Vec::new() }
    }

    /// A line for whoever waits.
    pub fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(line(text)),
            None => anstream::eprintln!("{}", line(text)),
        }
    }

    /// Shows what an event changes.
    pub fn hear(&mut self, event: &Event) {
        match event {
            Event::Scenario { id } => {
                self.running.push(id.clone());
                self.show_running();
            }
            Event::Verdict { id, status, duration_ms, .. } => {
                self.done += 1;
                self.running.retain(|running| running != id);
                let word = self.texts.plain(&format!("ui-word-{}", status.word()));
                let (done, planned) = (self.done, self.planned);
                match &self.bar {
                    Some(bar) => bar.inc(1),
                    None => anstream::eprintln!(
                        "[{done}/{planned}] {} {word} {} ({})",
                        mark(*status),
                        line(id),
                        duration(*duration_ms)
                    ),
                }
                self.show_running();
            }
            Event::Trouble { text, .. } => self.say(text),
            _ => {}
        }
    }

    fn show_running(&self) {
        if let Some(bar) = &self.bar {
            bar.set_message(line(&self.running.join(", ")));
        }
    }

    /// Leaves the screen to the report.
    pub fn finish(self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(planned: usize) -> Option<ProgressBar> {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    if dumb || !std::io::stderr().is_terminal() {
        return None;
    }
    let bar = ProgressBar::with_draw_target(Some(planned as u64), ProgressDrawTarget::stderr());
    let style =
        ProgressStyle::with_template("{bar:24} {pos}/{len}  {msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style);
    Some(bar)
}
