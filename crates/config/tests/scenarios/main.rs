//! What a configuration file, its includes and a command line together amount to.
//!
//! Messages are upstream's to the byte, taken from runs of 4.3.0, unless a test says that they are ours.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod confusable;
mod foreign;
mod fuzz;
mod groups;
mod including;
mod listeners_and_fcgi;
mod names;
mod programs;
mod report;
mod reread;
mod servers;
mod supervisord;
mod variables;
mod warnings;

use std::ffi::OsString;
use supervisor_config::{CommandLine, Config, Failure, MemoryHost, Process, Severity, command_line, load};

/// The machine most tests run on.
fn host() -> MemoryHost {
    MemoryHost::new().with_variable("HOME", "/srv").with_variable("FOO", "foo")
}

/// Loads a text as `/srv/s.conf`, named `s.conf` on the command line.
fn try_load(text: &str) -> Result<Config, Failure> {
    load_on(host().with_file("/srv/s.conf", text), &["-c", "s.conf"])
}

/// Loads whatever `options` name on this machine.
#[expect(clippy::needless_pass_by_value, reason = "a test makes its machine for one load")]
fn load_on(host: MemoryHost, options: &[&str]) -> Result<Config, Failure> {
    let words = ["/usr/bin/supervisord"].iter().chain(options).map(OsString::from).collect::<Vec<_>>();
    let line: CommandLine = command_line::parse(&words, &host)?;
    load(&line, &host)
}

fn loaded(text: &str) -> Config {
    try_load(text).unwrap_or_else(|failure| panic!("{failure}"))
}

/// The first message about a text that is refused.
fn refused(text: &str) -> String {
    try_load(text).expect_err("the text should have been refused").first().message()
}

/// `[supervisord]` and one program named `x`.
fn with_program(options: &str) -> String {
    format!("[supervisord]\n[program:x]\ncommand=/bin/cat\n{options}\n")
}

/// The only process of the only program.
fn program(options: &str) -> Process {
    let config = loaded(&with_program(options));
    let [group] = &config.groups[..] else { panic!("one group expected") };
    let [process] = &group.processes[..] else { panic!("one process expected") };
    Process::clone(process)
}

/// The message about one program that is refused, without the words that name the section.
fn program_refused(options: &str) -> String {
    let message = refused(&with_program(options));
    let tail = " in section 'program:x' (file: 's.conf')";
    message.strip_suffix(tail).unwrap_or_else(|| panic!("no section named in {message}")).to_string()
}

fn messages(config: &Config, severity: Severity) -> Vec<&str> {
    let chosen = config.messages.iter().filter(|message| message.severity == severity);
    chosen.map(|message| message.text.as_str()).collect()
}

fn process_names(config: &Config) -> Vec<String> {
    let processes = config.groups.iter().flat_map(|group| &group.processes);
    processes.map(|process| format!("{}:{}", process.group, process.name)).collect()
}
