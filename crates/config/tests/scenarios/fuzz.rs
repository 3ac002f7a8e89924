//! Arbitrary and broken texts: whatever they are, reading them ends in a configuration or a report, never in a panic.

use proptest::prelude::*;
use std::ffi::OsString;
use std::path::Path;
use supervisor_config::{CommandLine, MemoryHost, ctl, load, words};
use support::Mutator;

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

const TOKENS: &[&str] = &[
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

#[test]
fn mutated_configurations_are_read_or_refused() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    let every_option_set = supervisor_config::sample::TEXT.replace("\n;", "\n");
    Mutator::new(&seeds, TOKENS).with_seed(every_option_set).run(read);
}
