//! `supervisord`: runs and controls a set of programs.
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    supervisor_daemon::main(&arguments)
}
