//! Everything that is drawn by lot comes from one printed seed, so that `--seed` repeats a run exactly.

/// A source of random values for one scenario.
///
/// It depends on the run's seed and the scenario's id only, not on what ran before it or beside it.
#[derive(Debug, Clone)]
pub struct Lot(fastrand::Rng);

impl Lot {
    /// The source for `name` in the run with `seed`.
    pub fn new(seed: u64, name: &str) -> Lot {
        // FNV-1a: any mixing of the name will do, as long as it is the same everywhere.
        let mixed = name.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Lot(fastrand::Rng::with_seed(mixed))
    }

    /// A lower-case word of `length` letters, never one that means something to a tool.
    pub fn word(&mut self, length: usize) -> String {
        const LETTERS: &[u8] = b"bcdfghjkmnpqrtvwxz";
        (0..length).map(|_| char::from(LETTERS[self.0.usize(..LETTERS.len())])).collect()
    }

    /// A name that could be that of a command: letters that can be spoken, of no telling length.
    pub fn name(&mut self) -> String {
        const FIRST: [&str; 14] = ["b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st"];
        const SECOND: [&str; 5] = ["a", "e", "i", "o", "u"];
        const LAST: [&str; 6] = ["", "d", "k", "n", "r", "t"];
        let syllables: String =
            (0..self.0.usize(2..4)).map(|_| self.choose(&FIRST).to_owned() + self.choose(&SECOND)).collect();
        syllables + self.choose(&LAST)
    }

    /// A number of `range`.
    pub fn number(&mut self, range: std::ops::Range<u32>) -> u32 {
        self.0.u32(range)
    }

    /// An exit status that no runtime gives by itself: not 0, 1, 2, not 125 and above.
    pub fn exit_status(&mut self) -> i32 {
        self.0.i32(20..120)
    }

    /// A TCP port that no service is known for and no kernel hands out by itself.
    pub fn port(&mut self) -> u16 {
        self.0.u16(20_000..30_000)
    }

    /// One of `choices`.
    pub fn choose<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.0.usize(..choices.len())]
    }

    /// `length` bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.0.u8(..)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_name_draw_the_same() {
        assert_eq!(Lot::new(7, "pid-one").word(8), Lot::new(7, "pid-one").word(8));
        assert_ne!(Lot::new(7, "pid-one").word(8), Lot::new(8, "pid-one").word(8));
        assert_ne!(Lot::new(7, "pid-one").word(8), Lot::new(7, "exit-status").word(8));
    }

    #[test]
    fn a_name_has_nothing_to_be_recognised_by() {
        let mut lot = Lot::new(1, "x");
        let names: std::collections::BTreeSet<String> = (0..1000).map(|_| lot.name()).collect();
        assert!(names.len() > 900, "{} different names", names.len());
        assert!(names.iter().all(|name| (4..=10).contains(&name.len())), "{names:?}");
        assert!((4..=8).all(|length| names.iter().any(|name| name.len() == length)), "{names:?}");
    }

    #[test]
    fn an_exit_status_is_never_a_default() {
        let mut lot = Lot::new(1, "x");
        assert!((0..1000).all(|_| (20..120).contains(&lot.exit_status())));
    }
}
