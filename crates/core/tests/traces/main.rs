//! Golden traces: random but reproducible histories of a supervisor, compared with what was recorded.
//!
//! A history is made from its number alone: a generator of our own draws groups with their options, then what clients, children,
//! listeners, the clock and the operating system do. All that the supervisor orders and shows in return is written down
//! as text. The text of the first [`WRITTEN_OUT`] histories lies in `golden/`, so that a difference can be read; of
//! [`DIGESTED`] more there is a digest. Refactoring must not change one byte of either. The words of the text are the
//! test's own, so that names in the code may change.
//!
//! With `KEEP_TRACES=1` the text of every history lands in `target/tmp`, to be compared with that of another commit. A wanted
//! change of behaviour records anew, `UPDATE_TRACES=1 cargo test -p supervisor-core --test traces`, and the difference of the
//! texts shows in review what has changed.
#![expect(clippy::unwrap_used, reason = "tests")]

mod clients;
mod history;
mod machine;
mod plan;
mod random;
mod text;

use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{env, fs, thread};

/// Histories whose whole text is kept.
const WRITTEN_OUT: u64 = 24;

/// Histories of which a digest is kept.
const DIGESTED: u64 = 2000;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces/golden").join(name)
}

fn is_recording() -> bool {
    env::var_os("UPDATE_TRACES").is_some()
}

/// Where the text of a history is kept for a person to read.
fn kept(number: u64) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("history-{number}.txt"))
}

/// FNV-1a with 64 bits.
fn digest(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn digests(numbers: Range<u64>) -> String {
    numbers.fold(String::new(), |mut lines, number| {
        let text = history::trace(number);
        if env::var_os("KEEP_TRACES").is_some() {
            fs::write(kept(number), &text).unwrap();
        }
        writeln!(lines, "{number} {:016x}", digest(&text)).unwrap();
        lines
    })
}

#[test]
fn histories_written_out_are_what_was_recorded() {
    for number in 0..WRITTEN_OUT {
        let path = golden(&format!("history-{number:02}.txt"));
        let text = history::trace(number);
        if is_recording() {
            fs::write(&path, &text).unwrap();
        }
        let recorded = fs::read_to_string(&path).unwrap();
        let line = recorded.lines().zip(text.lines()).position(|(old, new)| old != new);
        if let Some(line) = line {
            let shown = |text: &str| {
                text.lines().skip(line.saturating_sub(12)).take(16).collect::<Vec<_>>().join("\n")
            };
            panic!(
                "history {number} differs in line {}; recorded:\n{}\n\nnow:\n{}",
                line + 1,
                shown(&recorded),
                shown(&text)
            );
        }
        assert_eq!(recorded.len(), text.len(), "history {number} has become longer or shorter");
    }
}

#[test]
fn digests_of_histories_are_what_was_recorded() {
    let middle = WRITTEN_OUT + DIGESTED / 2;
    let digests = thread::scope(|scope| {
        let other = scope.spawn(|| digests(middle..WRITTEN_OUT + DIGESTED));
        digests(WRITTEN_OUT..middle) + &other.join().unwrap()
    });
    let path = golden("digests.txt");
    if is_recording() {
        fs::write(&path, &digests).unwrap();
    }
    let recorded = fs::read_to_string(&path).unwrap();
    let pairs = recorded.lines().zip(digests.lines());
    let different: Vec<_> = pairs.filter(|(old, new)| old != new).map(|(_, new)| new).collect();
    assert_eq!(
        different.len(),
        0,
        "the digests of these histories differ: {:?}",
        &different[..different.len().min(10)]
    );
    assert_eq!(recorded, digests);
}
