//! How far the class is, on stderr, with an estimate: a moving bar on a terminal, a line per student everywhere else.

use crate::report::{mark, params};
use crate::words::line;
use boxproof_harness::result::{Report, Status};
use boxproof_scenarios::texts::Texts;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// The display of one class.
pub struct Progress<'a> {
    texts: &'a Texts,
    bar: Option<ProgressBar>,
    planned: usize,
    done: usize,
    examined: u32,
    start: Instant,
}

impl<'a> Progress<'a> {
    /// Shows that so many students are to be examined.
    pub fn new(texts: &'a Texts, planned: usize) -> Progress<'a> {
        Progress { texts, bar: bar(planned), planned, done: 0, examined: 0, start: Instant::now() }
    }

    /// One more is done; `examined` now, or known from an interrupted run.
    pub fn done(&mut self, student: &str, report: &Report, examined: bool) {
        self.done += 1;
        self.examined += u32::from(examined);
        let word = self.texts.plain(&format!("ui-word-{}", report.status.word()));
        let points = match report.status {
            Status::Error => String::new(),
            _ => format!(" {}/{}", report.score, report.max_score),
        };
        let said = format!("{} {word} {}{points}", mark(report.status), line(student));
        match &self.bar {
            Some(bar) => {
                bar.inc(1);
                bar.set_message(said);
            }
            None => anstream::eprintln!("[{}/{}] {said}{}", self.done, self.planned, self.left()),
        }
    }

    /// How long it will take still, if everybody left takes as long as those before.
    fn left(&self) -> String {
        let left = (self.planned - self.done) as u32;
        if left == 0 || self.examined == 0 {
            return String::new();
        }
        let each = self.start.elapsed() / self.examined.max(1);
        let seconds = (each * left).as_secs();
        let time = if seconds < 90 { format!("{seconds} s") } else { format!("{} min", (seconds + 30) / 60) };
        format!(" · {}", self.texts.text("class-left", &params([("time", &time)])))
    }

    /// Leaves the screen to the summary.
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
    let style = ProgressStyle::with_template("{bar:24} {pos}/{len}  {elapsed} (~{eta})  {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_secs(1));
    Some(bar)
}
