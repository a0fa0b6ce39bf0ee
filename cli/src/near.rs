//! What somebody may have meant by a word that is not known.

/// The known words nearest to `word`, nearest first.
pub fn near<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    const SHOWN: usize = 3;
    let tolerance = (word.chars().count() / 3).max(2);
    let mut found: Vec<_> = known
        .into_iter()
        .filter_map(|candidate| {
            let distance = distance(word, candidate);
            let within = word.len() >= 3 && (candidate.contains(word) || word.contains(candidate));
            (within || distance <= tolerance).then_some((distance, candidate))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().take(SHOWN).map(|(_, candidate)| candidate).collect()
}

/// How many letters must be put in, taken out or changed to make `a` of `b` (Levenshtein), one row at a time.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for j in 0..b.len() {
            let changed = diagonal + usize::from(letter != b[j]);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_near() {
        let known = ["pid-one", "proc-isolated", "lone-loopback"];
        assert_eq!(near("pid-on", known), ["pid-one"]);
        assert_eq!(near("pidone", known), ["pid-one"]);
        assert_eq!(near("loopback", known), ["lone-loopback"]);
        assert!(near("veth", known).is_empty());
    }

    #[test]
    fn distances() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "abc"), 0);
    }
}
