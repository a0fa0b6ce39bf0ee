//! Deadlines that scale with how slow this machine is now.
//!
//! A deadline is a safety net: whatever is waited for is an event. It only has to be long enough that it never cuts off
//! a program which would have got there. How long that is depends on the machine (software emulation is 10 to 30 times
//! slower), so it is measured: how long does it take here to start a small program?

use crate::embedded;
use crate::error::{Context, Result};
use crate::sys::spawn::{Launch, Program, launch, reap};
use std::time::{Duration, Instant};

/// What starting a small static program takes on an idle desktop machine.
const REFERENCE: Duration = Duration::from_micros(700);

/// The machine's measured slowness, and how patient somebody wants to be with it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    slowness: f64,
    patience: f64,
}

impl Pace {
    /// Starts a small program a few times and takes the median.
    pub fn measure() -> Result<Pace> {
        let program = embedded::program()?;
        let mut times = Vec::new();
        for _ in 0..5 {
            let start = Instant::now();
            let started = launch(&Launch {
                program: Program::Open(program),
                argv: &[c"pace".into()],
                envp: &[],
                directory: None,
                namespaces: 0,
                cgroup: None,
                enters: None,
                descriptors: &[],
                session: false,
                user: None,
                groups: &[],
                umask: None,
            })
            .context("start a small program to measure the machine's pace")?;
            reap(&started.pidfd).context("wait for it")?;
            times.push(start.elapsed());
        }
        times.sort();
        Ok(Pace::from_slowness(times[times.len() / 2].as_secs_f64() / REFERENCE.as_secs_f64()))
    }

    /// A pace that is given, not measured. Never faster than the reference, and bounded so that a hang ends.
    pub fn from_slowness(slowness: f64) -> Pace {
        Pace { slowness: slowness.clamp(1.0, 30.0), patience: 1.0 }
    }

    /// The same where every deadline is `patience` times as long.
    pub fn with_patience(self, patience: f64) -> Pace {
        Pace { patience: patience.clamp(0.1, 100.0), ..self }
    }

    /// How many times slower than the reference this machine is.
    pub fn slowness(self) -> f64 {
        self.slowness
    }

    /// `base` on this machine. Noise weighs little on short measurements, so the square root is what scales: a machine
    /// that starts programs 16 times slower gets 4 times as long, on top of a base that is generous already.
    pub fn deadline(self, base: Duration) -> Duration {
        base.mul_f64(self.slowness.sqrt() * self.patience)
    }
}

/// Looking again and again, until a deadline, at what the kernel announces to nobody: often at first, then ever less.
#[derive(Debug)]
pub struct Watch {
    end: Instant,
    pause: Duration,
}

impl Watch {
    /// Looks until `end`.
    pub fn until(end: Instant) -> Watch {
        Watch { end, pause: Duration::from_millis(2) }
    }

    /// Looks from now on for as long as `deadline`.
    pub fn lasting(deadline: Duration) -> Watch {
        Watch::until(Instant::now() + deadline)
    }

    /// Pauses, and tells whether to look once more. The last look is at the deadline itself.
    pub fn again(&mut self) -> bool {
        const LONGEST: Duration = Duration::from_millis(100);
        let left = self.end.saturating_duration_since(Instant::now());
        std::thread::sleep(self.pause.min(left));
        self.pause = (self.pause * 3 / 2).min(LONGEST);
        !left.is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_grow_with_slowness_and_stay_bounded() {
        let base = Duration::from_secs(4);
        assert_eq!(Pace::from_slowness(0.1).deadline(base), base);
        assert_eq!(Pace::from_slowness(16.0).deadline(base), base * 4);
        assert_eq!(Pace::from_slowness(16.0).with_patience(2.5).deadline(base), base * 10);
        assert_eq!(Pace::from_slowness(1e9).deadline(base), Pace::from_slowness(30.0).deadline(base));
    }

    #[test]
    fn a_watch_ends_and_looks_seldom_in_the_end() {
        assert!(!Watch::lasting(Duration::ZERO).again());
        let mut watch = Watch::lasting(Duration::from_millis(200));
        let looks = std::iter::from_fn(|| watch.again().then_some(())).count();
        assert!((2..=13).contains(&looks), "{looks}");
    }

    #[test]
    fn this_machine_has_a_pace() {
        assert!(Pace::measure().expect("a program can be started").slowness() >= 1.0);
    }
}
