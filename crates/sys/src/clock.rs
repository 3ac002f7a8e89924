//! Reads the clocks, and writes the time in upstream's formats.
//!
//! Everything shown to people is local time (`TZ` or `/etc/localtime`, as the C library knows it); HTTP dates
//! are UTC. Names of days and months are English whatever the locale: upstream never leaves the C locale.

use std::cell::Cell;
use std::fmt;
use std::time::Duration;
use supervisor_core::{Moment, Wall};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MICROS_PER_SECOND: i64 = 1_000_000;

/// Both clocks, read one right after the other.
#[doc(alias = "clock_gettime")]
pub fn now() -> Moment {
    let monotonic = read(libc::CLOCK_MONOTONIC);
    let wall = read(libc::CLOCK_REALTIME);
    Moment {
        // Neither part of CLOCK_MONOTONIC is ever negative.
        monotonic: Duration::new(wall_part(monotonic.tv_sec).unsigned_abs(), nanoseconds(&monotonic)),
        wall: Wall {
            micros: wall_part(wall.tv_sec) * MICROS_PER_SECOND + i64::from(nanoseconds(&wall) / 1000),
        },
    }
}

/// A time taken apart in the local zone or in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenDown {
    /// The year, such as 2025.
    pub year: i64,
    /// The month, 1..=12.
    pub month: u8,
    /// The day of the month, 1..=31.
    pub day: u8,
    /// The hour, 0..=23.
    pub hour: u8,
    /// The minute, 0..=59.
    pub minute: u8,
    /// The second, 0..=60.
    pub second: u8,
    /// The day of the week, 0..=6, Sunday first.
    pub weekday: u8,
}

/// `wall` in the local time zone; in UTC for a year the C library cannot express.
#[doc(alias = "localtime_r")]
pub fn local_time(wall: Wall) -> BrokenDown {
    local_seconds(wall.seconds()).unwrap_or_else(|| utc_time(wall))
}

/// `wall` in UTC.
pub fn utc_time(wall: Wall) -> BrokenDown {
    const SECONDS_PER_DAY: i64 = 86_400;
    let days = wall.seconds().div_euclid(SECONDS_PER_DAY);
    let second_of_day = wall.seconds().rem_euclid(SECONDS_PER_DAY);
    let (year, month, day) = civil_date(days);
    BrokenDown {
        year,
        month,
        day,
        hour: small(second_of_day / 3600),
        minute: small(second_of_day / 60 % 60),
        second: small(second_of_day % 60),
        // 1970-01-01 was a Thursday.
        weekday: small((days + 4).rem_euclid(7)),
    }
}

/// The time at the head of a log line: `2025-11-21 04:10:48,123`, local.
///
/// Cheap enough for every line: the date and time are worked out once per second and thread, only the
/// milliseconds each time.
pub fn log_timestamp(wall: Wall) -> LogTimestamp {
    thread_local! {
        static LAST: Cell<Option<(i64, [u8; LogTimestamp::LENGTH])>> = const { Cell::new(None) };
    }
    let second = wall.seconds();
    let cached = LAST.get().filter(|(cached, _)| *cached == second);
    let (_, mut text) = cached.unwrap_or_else(|| {
        let fresh = (second, LogTimestamp::of_second(&local_time(wall)));
        LAST.set(Some(fresh));
        fresh
    });
    put_digits(&mut text[20..23], wall.subsecond_micros() / 1000);
    LogTimestamp(text)
}

/// The fixed-width text [`log_timestamp`] answers with; holds its own bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogTimestamp([u8; Self::LENGTH]);

impl LogTimestamp {
    /// Bytes of the text.
    pub const LENGTH: usize = 23;

    /// The text as bytes, all of them ASCII.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn of_second(time: &BrokenDown) -> [u8; Self::LENGTH] {
        let mut text = *b"0000-00-00 00:00:00,000";
        // Four digits, as a clock that far off is wrong anyway and the width of the column is what readers
        // rely on.
        put_digits(&mut text[0..4], u32::try_from(time.year.clamp(0, 9999)).unwrap_or_default());
        put_digits(&mut text[5..7], time.month.into());
        put_digits(&mut text[8..10], time.day.into());
        put_digits(&mut text[11..13], time.hour.into());
        put_digits(&mut text[14..16], time.minute.into());
        put_digits(&mut text[17..19], time.second.into());
        text
    }
}

impl fmt::Display for LogTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| fmt::Write::write_char(f, char::from(*byte)))
    }
}

/// When a process stopped, as its description shows it: `Nov 21 04:00 AM`, local (strftime's `%b %d %I:%M
/// %p`).
pub fn stop_time(wall: Wall) -> String {
    let time = local_time(wall);
    let half = if time.hour < 12 { "AM" } else { "PM" };
    let hour = if time.hour.is_multiple_of(12) { 12 } else { time.hour % 12 };
    format!("{} {:02} {hour:02}:{:02} {half}", month(&time), time.day, time.minute)
}

/// The time as C's asctime writes it, without its newline: `Fri Nov 21 04:10:48 2025`, local.
pub fn asctime(wall: Wall) -> String {
    let time = local_time(wall);
    let (weekday, month) = (weekday(&time), month(&time));
    format!(
        "{weekday} {month} {:2} {:02}:{:02}:{:02} {}",
        time.day, time.hour, time.minute, time.second, time.year
    )
}

/// The time as syslog(3) writes it: `Nov 21 04:10:48`, local, the day padded with a blank.
pub fn syslog_time(wall: Wall) -> String {
    let time = local_time(wall);
    format!("{} {:2} {:02}:{:02}:{:02}", month(&time), time.day, time.hour, time.minute, time.second)
}

/// The time for HTTP headers (RFC 9110's IMF-fixdate): `Fri, 21 Nov 2025 04:10:48 GMT`.
pub fn http_date(wall: Wall) -> String {
    let time = utc_time(wall);
    let (weekday, month) = (weekday(&time), month(&time));
    format!(
        "{weekday}, {:02} {month} {:04} {:02}:{:02}:{:02} GMT",
        time.day, time.year, time.hour, time.minute, time.second
    )
}

fn read(clock: libc::clockid_t) -> libc::timespec {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for one timespec. Both clocks exist on every Unix, so the call cannot
    // fail.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    time
}

#[allow(clippy::useless_conversion, reason = "time_t has 32 bits on some targets")]
fn wall_part(seconds: libc::time_t) -> i64 {
    seconds.into()
}

/// The nanoseconds of a time the kernel gave: always below a second.
fn nanoseconds(time: &libc::timespec) -> u32 {
    u32::try_from(time.tv_nsec).unwrap_or_default()
}

fn local_seconds(seconds: i64) -> Option<BrokenDown> {
    #[allow(clippy::useless_conversion, reason = "time_t has 32 bits on some targets")]
    let seconds = libc::time_t::try_from(seconds).ok()?;
    // SAFETY: tm is a plain record of integers (and one pointer that may be null), valid when all zero.
    let mut tm: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are valid for the call; localtime_r writes `tm` and takes the C library's own
    // lock for the zone.
    let answered = unsafe { libc::localtime_r(&raw const seconds, &raw mut tm) };
    if answered.is_null() {
        return None;
    }
    Some(BrokenDown {
        year: i64::from(tm.tm_year) + 1900,
        month: small(i64::from(tm.tm_mon) + 1),
        day: small(tm.tm_mday.into()),
        hour: small(tm.tm_hour.into()),
        minute: small(tm.tm_min.into()),
        second: small(tm.tm_sec.into()),
        weekday: small(tm.tm_wday.into()),
    })
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar extended both ways.
fn civil_date(days: i64) -> (i64, u8, u8) {
    // Years are counted from March, so that the leap day is the last of its year, and in eras of 400 years
    // (146 097 days), each alike. 719 468 days lie between 0000-03-01 and 1970-01-01.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Months from March have 31 30 31 30 31, 31 30 31 30 31, 31 days, which this line reproduces.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, small(month), small(day))
}

/// A part of a broken-down time: all are below 256.
fn small(part: i64) -> u8 {
    u8::try_from(part).unwrap_or_default()
}

fn month(time: &BrokenDown) -> &'static str {
    MONTHS.get(usize::from(time.month).wrapping_sub(1)).copied().unwrap_or("???")
}

fn weekday(time: &BrokenDown) -> &'static str {
    WEEKDAYS.get(usize::from(time.weekday)).copied().unwrap_or("???")
}

/// Writes the last digits of `number`, as many as fit, with leading zeros.
fn put_digits(field: &mut [u8], mut number: u32) {
    for digit in field.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_go_forward_and_agree_with_the_standard_library() {
        let (first, second) = (now(), now());
        assert!(second.monotonic >= first.monotonic);
        let standard = std::time::UNIX_EPOCH.elapsed().unwrap();
        let apart = i128::from(second.wall.micros) - i128::try_from(standard.as_micros()).unwrap();
        assert!(apart.abs() < 5_000_000, "{apart} microseconds");
    }

    #[test]
    fn log_timestamp_has_the_format_and_truncates_to_milliseconds() {
        let text = log_timestamp(Wall { micros: 1_763_698_248_123_999 }).to_string();
        assert_eq!(text.len(), LogTimestamp::LENGTH);
        assert!(text.ends_with(":48,123"), "{text}");
    }

    #[test]
    fn log_timestamp_is_right_after_a_jump_in_either_direction() {
        for seconds in [100, 101, 100, 1_000_000, 100, -1] {
            let wall = Wall { micros: seconds * MICROS_PER_SECOND };
            assert_eq!(
                log_timestamp(wall).as_bytes()[..19],
                LogTimestamp::of_second(&local_time(wall))[..19]
            );
        }
        assert!(log_timestamp(Wall { micros: -1 }).to_string().ends_with(":59,999"));
    }

    #[test]
    fn every_day_of_four_centuries_follows_the_one_before() {
        let mut previous = utc_time(Wall { micros: -1 });
        assert_eq!((previous.year, previous.month, previous.day, previous.weekday), (1969, 12, 31, 3));
        for day in 0..146_097 {
            let time = utc_time(Wall { micros: day * 86_400 * MICROS_PER_SECOND });
            let leap = previous.year % 4 == 0 && (previous.year % 100 != 0 || previous.year % 400 == 0);
            let last = match previous.month {
                2 => 28 + u8::from(leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            let expected = match (previous.month, previous.day == last) {
                (_, false) => (previous.year, previous.month, previous.day + 1),
                (12, true) => (previous.year + 1, 1, 1),
                (month, true) => (previous.year, month + 1, 1),
            };
            assert_eq!((time.year, time.month, time.day), expected);
            assert_eq!(time.weekday, (previous.weekday + 1) % 7);
            previous = time;
        }
    }

    #[test]
    fn http_date_is_the_one_of_the_standard() {
        assert_eq!(http_date(Wall { micros: 784_111_777_000_000 }), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn time_no_calendar_knows_does_not_panic() {
        for micros in [i64::MIN, i64::MAX] {
            let wall = Wall { micros };
            assert!(!asctime(wall).is_empty());
            assert_eq!(log_timestamp(wall).as_bytes().len(), LogTimestamp::LENGTH);
            assert!(!http_date(wall).is_empty());
        }
    }
}
