//! Arbitrary and broken texts: whatever they are, reading them ends in a configuration or a report, never in a panic.
//!
//! A mutator with a fixed seed works over the texts of `fuzz/seeds`. It runs 2000 rounds, or as many as fit into
//! `CONFIG_FUZZ_SECONDS`.

use proptest::prelude::*;
use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};
use supervisor_config::{CommandLine, MemoryHost, ctl, load, words};

/// Reads `text` in every way there is.
fn read(text: &[u8]) {
    let host = MemoryHost::new()
        .with_variable("FOO", "foo%(here)s")
        .with_variable("HOME", "/srv")
        .with_file("/srv/s.conf", text)
        .with_file("/srv/d/i.conf", text);
    let line = CommandLine { configuration: Some("s.conf".into()), ..CommandLine::new("supervisord") };
    match load(&line, &host) {
        Ok(config) => {
            assert_eq!(
                supervisor_config::diff(&config.groups, &config.groups),
                supervisor_config::Diff::default()
            );
            for process in config.groups.iter().flat_map(|group| &group.processes) {
                let _ = words::split(&process.command);
            }
        }
        Err(failure) => assert!(failure.to_string().starts_with("Error: ")),
    }
    let client = ctl::parse(&["supervisorctl".into(), "-c".into(), "s.conf".into()], &host).unwrap();
    let _ = ctl::load(&client, &host);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        read(&bytes);
        read(&[b"[supervisord]\n[program:x]\ncommand=", &bytes[..]].concat());
    }

    #[test]
    fn any_command_line_is_read_or_refused(words in proptest::collection::vec("-{0,2}[a-z?=/ ]{0,6}", 0..5)) {
        let words: Vec<OsString> = std::iter::once("supervisord".into()).chain(words.into_iter().map(OsString::from)).collect();
        let _ = supervisor_config::command_line::parse(&words, &MemoryHost::new());
        let _ = ctl::parse(&words, &MemoryHost::new());
    }
}

/// A small generator of numbers (xorshift), so that a failure can be repeated from its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }
}

const TOKENS: [&str; 26] = [
    "%(here)s",
    "%(ENV_FOO)s",
    "%(process_num)02d",
    "%",
    "%%",
    "%(",
    ")",
    "[",
    "]",
    "=",
    ":",
    ";",
    " #",
    "\n",
    "\r\n",
    "\t ",
    "\"",
    "\\",
    ",",
    "numprocs=99999999999",
    "-1",
    "é",
    "\u{feff}",
    "[include]\nfiles=d/*\n",
    "[DEFAULT]\n",
    "0",
];

fn mutate(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut text = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(6) {
        let at = random.below(text.len() + 1);
        match random.below(5) {
            0 => text.truncate(at),
            1 => text.splice(at..at, TOKENS[random.below(TOKENS.len())].bytes()).for_each(drop),
            2 if at < text.len() => text[at] = u8::try_from(random.below(256)).unwrap(),
            3 => {
                let end = (at + random.below(40)).min(text.len());
                text.drain(at..end);
            }
            _ => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len());
                let to = (from + random.below(200)).min(other.len());
                text.splice(at..at, other[from..to].iter().copied()).for_each(drop);
            }
        }
    }
    text
}

#[test]
fn mutated_configurations_are_read_or_refused() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    let seeds: Vec<Vec<u8>> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .chain([supervisor_config::sample::TEXT.replace("\n;", "\n").into_bytes()])
        .collect();
    assert!(seeds.len() > 3, "the seed corpus is missing");
    let seconds = std::env::var("CONFIG_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut random = Random(0x5eed_cafe_f00d_d00d);
    let mut rounds = 0;
    while end.map_or(rounds < 2000, |end| Instant::now() < end) {
        read(&mutate(&seeds, &mut random));
        rounds += 1;
    }
}
