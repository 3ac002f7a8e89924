//! `echo_supervisord_conf`: prints a sample configuration.
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    match io::stdout().write_all(supervisor_config::sample::TEXT.as_bytes()) {
        // A reader that closed the pipe has seen what it wanted.
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
