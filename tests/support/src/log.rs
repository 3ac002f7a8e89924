//! Lines of the main log, taken apart.

use std::fmt;
use std::time::Duration;

/// One line of the main log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// `2026-01-31 23:59:59,123`.
    pub time: String,
    /// `INFO`, `WARN`, ...
    pub level: String,
    /// The rest of the line.
    pub text: String,
}

impl LogLine {
    /// Takes a line apart, or answers `None` if it is not of the form `date time,ms LEVL text`.
    pub fn parse(line: &str) -> Option<Self> {
        let (time, rest) = line.split_at_checked(23)?;
        let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
        if shape != "9999-99-99 99:99:99,999" {
            return None;
        }
        let (level, text) = rest.strip_prefix(' ')?.split_once(' ')?;
        ["CRIT", "ERRO", "WARN", "INFO", "DEBG", "TRAC", "BLAT"].contains(&level).then(|| Self {
            time: time.to_owned(),
            level: level.to_owned(),
            text: text.to_owned(),
        })
    }

    /// The time of day the line was written.
    fn time_of_day(&self) -> Duration {
        let number =
            |range: std::ops::Range<usize>| -> u64 { self.time[range].parse().expect("digits, as parsed") };
        Duration::from_millis(
            ((number(11..13) * 60 + number(14..16)) * 60 + number(17..19)) * 1000 + number(20..23),
        )
    }

    /// The time from this line to a later one, less than a day after.
    pub fn until(&self, later: &Self) -> Duration {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        let (start, end) = (self.time_of_day(), later.time_of_day());
        end.checked_sub(start).unwrap_or_else(|| (end + DAY).saturating_sub(start))
    }
}

impl fmt::Display for LogLine {
    /// `LEVL text` with process ids replaced by `<pid>`, so that two runs can be compared.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.level, without_pids(&self.text))
    }
}

/// Replaces the number after `pid ` and a number alone in parentheses by `<pid>`.
fn without_pids(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let digits = rest[start..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - start);
        let (before, number) = (&rest[..start], &rest[start..start + digits]);
        let after = &rest[start + digits..];
        out.push_str(before);
        let is_pid =
            before.ends_with("pid ") || (before.ends_with('(') && after.starts_with(')') && number.len() > 1);
        out.push_str(if is_pid { "<pid>" } else { number });
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart_and_loses_its_pids() {
        let line = LogLine::parse("2026-11-21 04:10:48,007 WARN killing 'x' (4711) with SIGKILL").unwrap();
        assert_eq!(line.to_string(), "WARN killing 'x' (<pid>) with SIGKILL");
        assert_eq!(without_pids("spawned: 'x2' with pid 17"), "spawned: 'x2' with pid <pid>");
        assert_eq!(
            without_pids("exited: x (exit status 3; not expected)"),
            "exited: x (exit status 3; not expected)"
        );
        let earlier = LogLine::parse("2026-11-20 23:59:59,990 INFO x").unwrap();
        let later = LogLine::parse("2026-11-21 00:00:01,000 INFO x").unwrap();
        assert_eq!(earlier.until(&later), Duration::from_millis(1010));
        assert_eq!(LogLine::parse("Traceback (most recent call last):"), None);
    }
}
