//! Dates as headers and the access log show them; always UTC.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// The epoch was a Thursday.
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// A point in time taken apart; times before the epoch count as the epoch.
struct Civil {
    year: u64,
    month: &'static str,
    day: u64,
    weekday: &'static str,
    hour: u64,
    minute: u64,
    second: u64,
}

impl Civil {
    fn of(time: SystemTime) -> Self {
        let seconds = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        let (days, second_of_day) = (seconds / 86_400, seconds % 86_400);
        // Counting years from March puts the leap day last; 719 468 days lie between 0000-03-01 and the epoch.
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = (month_from_march + 2) % 12;
        Self {
            year: era * 400 + year_of_era + u64::from(month < 2),
            month: MONTHS[month as usize % 12],
            day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
            weekday: WEEKDAYS[(days % 7) as usize],
            hour: second_of_day / 3600,
            minute: second_of_day / 60 % 60,
            second: second_of_day % 60,
        }
    }
}

/// `Sat, 21 Nov 2026 05:53:15 GMT`, as the `Date` and `Last-Modified` headers have it.
pub fn http_date(time: SystemTime) -> String {
    let Civil { year, month, day, weekday, hour, minute, second } = Civil::of(time);
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// The time an `http_date` names; `None` for any other form.
pub fn parse_http_date(text: &str) -> Option<SystemTime> {
    let mut words = text.split_once(", ")?.1.split(' ');
    let day: u64 = words.next()?.parse().ok()?;
    let month_name = words.next()?;
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month_name))? as u64;
    let year: u64 = words.next()?.parse().ok().filter(|year| (1970..=9999).contains(year))?;
    let mut clock = words.next()?.split(':');
    let mut field = |limit: u64| clock.next()?.parse::<u64>().ok().filter(|&value| value < limit);
    let (hour, minute, second) = (field(24)?, field(60)?, field(61)?);
    if words.next()? != "GMT" || !(1..=31).contains(&day) {
        return None;
    }
    let (march_year, month_from_march) = if month < 2 { (year - 1, month + 10) } else { (year, month - 2) };
    let leap_days = march_year / 4 - march_year / 100 + march_year / 400;
    let days = 365 * march_year + leap_days + (153 * month_from_march + 2) / 5 + day - 1;
    let days = days.checked_sub(719_468)?;
    Some(UNIX_EPOCH + Duration::from_secs(days * 86_400 + hour * 3600 + minute * 60 + second))
}

/// `21/Nov/2026:05:53:15 +0000`, as access logs have it.
pub(crate) fn log_date(time: SystemTime) -> String {
    let Civil { year, month, day, hour, minute, second, .. } = Civil::of(time);
    format!("{day:02}/{month}/{year:04}:{hour:02}:{minute:02}:{second:02} +0000")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn known_dates_are_written_as_the_standard_has_them() {
        assert_eq!(http_date(at(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(http_date(at(784_111_777)), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(at(951_827_696)), "Tue, 29 Feb 2000 12:34:56 GMT");
        assert_eq!(http_date(at(4_107_542_399)), "Sun, 28 Feb 2100 23:59:59 GMT");
        assert_eq!(log_date(at(1_795_240_395)), "21/Nov/2026:05:53:15 +0000");
    }

    #[test]
    fn every_written_date_is_read_back() {
        let odd_step = 86_400 * 13 + 4321;
        for seconds in
            (0..250_000_000_000_u64).step_by(odd_step * 97).chain((0..5_000_000_000).step_by(odd_step))
        {
            assert_eq!(parse_http_date(&http_date(at(seconds))), Some(at(seconds)));
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
