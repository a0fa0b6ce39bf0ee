//! Points in time as people write them down: RFC 3339, with the distance from UTC.

use std::time::{SystemTime, UNIX_EPOCH};
use toml::value::{Datetime, Offset};

/// A second of history. Ordered by when it was, whatever the clock on the wall said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl Moment {
    /// `2026-11-30T23:59:59+09:00`; none if it is no such thing, or does not say how far from UTC.
    pub fn parse(text: &str) -> Option<Moment> {
        Moment::of(&text.trim().parse().ok()?)
    }

    /// The same from what TOML has read.
    pub fn of(datetime: &Datetime) -> Option<Moment> {
        let (date, time, offset) = (datetime.date?, datetime.time?, datetime.offset?);
        let minutes = match offset {
            Offset::Z => 0,
            Offset::Custom { minutes } => i64::from(minutes),
        };
        let days = days_since_1970(i64::from(date.year), i64::from(date.month), i64::from(date.day));
        let seconds = i64::from(time.hour) * 3600 + i64::from(time.minute) * 60 + i64::from(time.second.unwrap_or(0));
        Some(Moment(days * 86_400 + seconds - minutes * 60))
    }

    /// This one.
    pub fn now() -> Moment {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Moment(since.map_or(0, |since| since.as_secs() as i64))
    }
}

/// Days from 1 January 1970 to this day of the Gregorian calendar. Years are counted from March, so that the leap day is
/// their last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_those_of_date() {
        // date -u -d ... +%s
        assert_eq!(Moment::parse("1970-01-01T00:00:00Z"), Some(Moment(0)));
        assert_eq!(Moment::parse("2000-02-29T12:00:00Z"), Some(Moment(951_825_600)));
        assert_eq!(Moment::parse("2026-11-30T23:59:59+09:00"), Some(Moment(1_796_050_799)));
        assert_eq!(Moment::parse("2026-11-30 14:59:59Z"), Some(Moment(1_796_050_799)));
        assert_eq!(Moment::parse("1969-12-31T23:59:59Z"), Some(Moment(-1)));
    }

    #[test]
    fn without_a_distance_from_utc_it_is_no_moment() {
        assert_eq!(Moment::parse("2026-11-30T23:59:59"), None);
        assert_eq!(Moment::parse("2026-11-30"), None);
        assert_eq!(Moment::parse("yesterday"), None);
    }
}
