//! Times as results write them (RFC 3339), and as other formats want them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970; 0 for what is no time.
pub fn milliseconds(time: &str) -> u64 {
    let since = parse(time).and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The same moment in UTC, to the second: `2026-01-01T00:00:00Z`.
pub fn utc(time: &str) -> String {
    humantime::format_rfc3339_seconds(parse(time).unwrap_or(UNIX_EPOCH)).to_string()
}

/// A time with an offset (`+09:00`) or in UTC (`Z`). git writes the former.
fn parse(time: &str) -> Option<SystemTime> {
    if time.ends_with('Z') {
        return humantime::parse_rfc3339(time).ok();
    }
    let (local, offset) = time.split_at_checked(time.len().checked_sub(6)?)?;
    let local = humantime::parse_rfc3339(&format!("{local}Z")).ok()?;
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let (hours, minutes): (u64, u64) = (hours.parse().ok()?, minutes.parse().ok()?);
    let offset_by = Duration::from_secs(hours * 3600 + minutes * 60);
    match offset.as_bytes().first()? {
        b'+' => local.checked_sub(offset_by),
        b'-' => local.checked_add(offset_by),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_the_same_in_every_offset() {
        assert_eq!(utc("2026-04-01T08:30:00+09:00"), "2026-03-31T23:30:00Z");
        assert_eq!(utc("2026-03-31T20:00:00-03:30"), "2026-03-31T23:30:00Z");
        assert_eq!(utc("2026-03-31T23:30:00Z"), "2026-03-31T23:30:00Z");
        assert_eq!(milliseconds("1970-01-01T00:00:01Z"), 1000);
    }

    #[test]
    fn what_is_no_time_is_the_epoch() {
        for nonsense in ["", "yesterday", "2026-04-01", "2026-04-01T08:30:00日本", "2026-04-01T08:30:00+xx:yy"] {
            assert_eq!(milliseconds(nonsense), 0, "{nonsense}");
        }
    }
}
