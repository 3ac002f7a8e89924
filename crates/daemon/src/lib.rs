//! supervisord: the daemon around the core.
//!
//! [`main`] reads the command line and the configuration, acquires the resources (`startup`) and runs the loop (`main_loop`)
//! until it ends, or restarts. The map of threads and the flow of a child's exit are in ARCHITECTURE.md.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod children;
mod clients;
mod configuration;
mod descriptor_limit;
mod emergency;
mod fastcgi;
#[cfg(test)]
mod fixture;
mod interfaces;
mod main_loop;
#[cfg(all(test, loom))]
mod models;
mod panics;
mod session;
mod startup;
mod sync;
mod workers;

use configuration::Source;
use session::Failure;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use supervisor_config::{Action, command_line, load, search};
use supervisor_control::EMULATED_VERSION;
use supervisor_host::SystemHost;
use supervisor_sys::errno::words;
use supervisor_sys::{fd, memory, signal};

/// Exit status of a daemon that was shut down, and of `--help`.
const SUCCESS: u8 = 0;

/// Exit status of every error before the loop runs. Once it runs, there is [`panics::EXIT_STATUS`].
const USAGE_ERROR: u8 = 2;

/// The program `supervisord`; `arguments` begins with its name.
pub fn main(arguments: &[OsString]) -> ExitCode {
    ExitCode::from(run(arguments))
}

/// The same with the exit status as a number.
fn run(arguments: &[OsString]) -> u8 {
    if let Err(error) = prepare_process() {
        return fail(&format!("Error: cannot prepare the process: {}\n", words(&error)));
    }
    let host = SystemHost::at_startup();
    let command_line = match command_line::parse(arguments, &host) {
        Ok(command_line) => command_line,
        Err(failure) => return fail(&format!("{failure}\n")),
    };
    match command_line.action {
        Action::Help => return print(&command_line::help(&command_line.argv0)),
        Action::Version => return print(format!("{EMULATED_VERSION}\n").as_bytes()),
        Action::Run => {}
    }
    if let Some(warning) = search::root_warning(command_line.configuration.as_deref(), &host) {
        say(&format!("{warning}\n"));
    }
    let config = match load(&command_line, &host) {
        Ok(config) => config,
        Err(failure) => return fail(&format!("{failure}\n")),
    };
    let argv0 = command_line.argv0.to_string_lossy().into_owned();
    match session::supervise(&Arc::new(Source { command_line, host }), config) {
        Ok(()) => SUCCESS,
        Err(Failure::Start(error)) => fail(&format!("Error: {error}\nFor help, use {argv0} -h\n")),
        Err(Failure::Broken(panic)) => {
            say(&format!("Error: internal error, {panic}\n"));
            panics::EXIT_STATUS
        }
    }
}

/// What every instance wants of its process, before anything else is done.
fn prepare_process() -> io::Result<()> {
    memory::configure_allocator();
    panics::record_places();
    fd::mark_inherited_cloexec()?;
    signal::ignore_write_signals()
}

fn print(text: &[u8]) -> u8 {
    // A reader that closes early has seen what it wanted.
    let _closed = io::stdout().write_all(text);
    SUCCESS
}

fn fail(message: &str) -> u8 {
    say(message);
    USAGE_ERROR
}

/// Writes to standard error, unless that is closed.
fn say(message: &str) {
    let _closed = io::stderr().write_all(message.as_bytes());
}
