//! `supervisorctl`: controls a running supervisord.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    ExitCode::from(supervisor_ctl::main(&arguments))
}
