//! `pidproxy`: runs a command and passes signals on to the process its pid file names.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

/// The program: arguments from the command line, messages on stdout.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    ExitCode::from(run(&arguments, &mut std::io::stdout()))
}

/// The program with its arguments (its own name first) and where its messages go; answers its exit code.
pub fn run(arguments: &[OsString], messages: &mut impl Write) -> u8 {
    let _ = (arguments, messages);
    1
}
