//! A part of a class, so that several machines share the work.

use boxproof_harness::result::Shard;

/// `K/N`: part K of N, counted from 1.
pub fn parse(text: &str) -> Result<Shard, String> {
    let parts = text.split_once('/').and_then(|(index, total)| Some((index.parse().ok()?, total.parse().ok()?)));
    match parts {
        Some((index, total)) if (1..=total).contains(&index) => Ok(Shard { index, total }),
        _ => Err("expected K/N with K from 1 to N, as in 2/4".to_owned()),
    }
}

/// Those who are in this part. Everybody is in exactly one, and all parts are as large as each other, or one larger.
pub fn part<T>(everybody: Vec<T>, shard: Shard) -> Vec<T> {
    let of_part = |number: usize| number % shard.total as usize == shard.index as usize - 1;
    everybody.into_iter().enumerate().filter(|(number, _)| of_part(*number)).map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_in_one_part() {
        let of = |index| part((0..10).collect(), Shard { index, total: 4 });
        let mut all: Vec<i32> = (1..=4).flat_map(of).collect();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
        assert!((1..=4).all(|index| (2..=3).contains(&of(index).len())));
        assert_eq!(part(vec![1, 2], Shard::default()), [1, 2]);
    }

    #[test]
    fn a_part_is_counted_from_one() {
        assert_eq!(parse("2/4"), Ok(Shard { index: 2, total: 4 }));
        for wrong in ["0/4", "5/4", "1", "1/", "a/b", "1/0", "-1/2"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
