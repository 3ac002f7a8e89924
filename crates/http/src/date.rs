//! Dates as HTTP and the access log have them; always UTC.

use supervisor_core::Wall;
use supervisor_sys::clock::{self, BrokenDown};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The time that a date such as `Sat, 21 Nov 2026 05:53:15 GMT` names, in seconds since the epoch; `None` for any
/// other form, and for years outside 1970..=9999.
pub fn parse_http_date(text: &str) -> Option<i64> {
    let mut words = text.split_once(", ")?.1.split(' ');
    let day = bounded(words.next()?, 1..=31)?;
    let month_name = words.next()?;
    let month = i64::try_from(MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month_name))?).ok()?;
    let year = bounded(words.next()?, 1970..=9999)?;
    let mut clock = words.next()?.split(':');
    let hour = bounded(clock.next()?, 0..=23)?;
    let minute = bounded(clock.next()?, 0..=59)?;
    let second = bounded(clock.next()?, 0..=60)?;
    if words.next()? != "GMT" {
        return None;
    }
    Some(days_since_epoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

fn bounded(digits: &str, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
    digits.parse().ok().filter(|value| range.contains(value))
}

/// Days from the epoch to a day of the Gregorian calendar; `month` counts from 0.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    // Counting years from March puts the leap day last; 719 468 days lie between 0000-03-01 and the epoch.
    let (year, month) = if month < 2 { (year - 1, month + 10) } else { (year, month - 2) };
    let leap_days = year / 4 - year / 100 + year / 400;
    365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// `21/Nov/2026:05:53:15 +0000`, as access logs have it.
pub(crate) fn log_date(wall: Wall) -> String {
    let BrokenDown { year, month, day, hour, minute, second, .. } = clock::utc_time(wall);
    let month = MONTHS.get(usize::from(month).wrapping_sub(1)).copied().unwrap_or_default();
    format!("{day:02}/{month}/{year:04}:{hour:02}:{minute:02}:{second:02} +0000")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Wall {
        Wall { micros: seconds * 1_000_000 }
    }

    #[test]
    fn access_log_dates_are_written_as_upstream_writes_them() {
        assert_eq!(log_date(at(1_795_240_395)), "21/Nov/2026:05:53:15 +0000");
    }

    #[test]
    fn every_written_date_is_read_back() {
        let odd_step = 86_400 * 13 + 4321;
        for seconds in (0..250_000_000_000).step_by(odd_step * 97).chain((0..5_000_000_000).step_by(odd_step))
        {
            assert_eq!(parse_http_date(&clock::http_date(at(seconds))), Some(seconds));
        }
    }

    #[test]
    fn other_texts_are_no_dates() {
        for text in [
            "",
            "now",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 25:00:00 GMT",
        ] {
            assert_eq!(parse_http_date(text), None, "{text}");
        }
    }
}
