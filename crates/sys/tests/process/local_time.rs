//! Times in a zone with a history, against date(1).

use crate::{Role, Test, play};
use std::io::Write;
use std::process::Command;
use supervisor_core::Wall;
use supervisor_sys::clock;

pub(crate) const TESTS: &[Test] = &[("local_times_are_those_of_date", local_times_are_those_of_date)];
pub(crate) const ROLES: &[Role] = &[("tell_times", tell_times)];

/// Around both changes of the clock in 2025, noon and midnight, a leap day, one-digit days, before the epoch,
/// far ahead.
const SECONDS: [i64; 12] = [
    0,
    1_741_503_599,
    1_741_503_600,
    1_762_063_199,
    1_762_063_200,
    1_762_066_800,
    1_709_208_000,
    1_763_716_248,
    1_764_590_400,
    1_764_547_200,
    -86_401,
    4_102_444_799,
];

fn tell_times() -> u8 {
    let mut stdout = std::io::stdout();
    for seconds in SECONDS {
        let wall = Wall { micros: seconds * 1_000_000 + 123_999 };
        let times = [
            clock::log_timestamp(wall).to_string(),
            clock::stop_time(wall),
            clock::asctime(wall),
            clock::syslog_time(wall),
            clock::http_date(wall),
        ];
        writeln!(stdout, "{}", times.join("|")).unwrap();
    }
    0
}

fn local_times_are_those_of_date() {
    for zone in ["EST5EDT,M3.2.0,M11.1.0", "UTC0", "XXX-5:45", "<-03>3"] {
        let ours = play("tell_times").env("TZ", zone).output().unwrap();
        let ours = String::from_utf8(ours.stdout).unwrap();
        for (line, seconds) in ours.lines().zip(SECONDS) {
            let local = "+%Y-%m-%d %H:%M:%S,123|%b %d %I:%M %p|%a %b %e %H:%M:%S %Y|%b %e %H:%M:%S|";
            let expected =
                [date(zone, seconds, local), date("UTC0", seconds, "+%a, %d %b %Y %H:%M:%S GMT")].concat();
            assert_eq!(line, expected, "{seconds} in {zone}");
        }
        assert_eq!(ours.lines().count(), SECONDS.len());
    }
}

fn date(zone: &str, seconds: i64, format: &str) -> String {
    let mut command = Command::new("date");
    command.args(["-d", &format!("@{seconds}"), format]).env("TZ", zone).env("LC_ALL", "C");
    let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
    text.trim_end_matches('\n').to_owned()
}
