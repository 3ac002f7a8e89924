//! Reports every program that exits unexpectedly, with the end of its standard error.
//!
//! ```ini
//! [eventlistener:crash_report]
//! command=/path/to/crash_report
//! events=PROCESS_STATE_EXITED
//! stderr_logfile=/var/log/crashes.log
//! ```
#![expect(clippy::print_stderr, reason = "standard output belongs to the protocol")]

use std::error::Error;
use std::process::ExitCode;
use supervisor_listener::client::{Channel, Client, ClientError};
use supervisor_listener::{Event, Listener, Verdict, supervisord};

/// How much of a program's standard error is shown.
const TAIL: i64 = 2000;

fn main() -> ExitCode {
    match listen() {
        Ok(()) => ExitCode::SUCCESS,
        // A main that returned the error would show it as programmers see it.
        Err(error) => {
            eprintln!("crash_report: {error}");
            ExitCode::FAILURE
        }
    }
}

fn listen() -> Result<(), Box<dyn Error>> {
    let mut client = supervisord()?;
    Listener::stdio().run(|event| report(event, &mut client))?;
    Ok(())
}

fn report(event: &Event, client: &mut Client) -> Verdict {
    let (Some(false), Some(name)) = (event.is_expected(), event.namespec()) else { return Verdict::Ok };
    eprintln!("{name} (pid {}) exited unexpectedly", event.pid().unwrap_or(0));
    match client.tail_process_log(&name, Channel::Stderr, 0, TAIL) {
        Ok(tail) => eprintln!("{}", String::from_utf8_lossy(&tail.data)),
        // It may have no such log, or be gone from the configuration by now.
        Err(ClientError::Fault(fault)) => eprintln!("no standard error to show: {}", fault.text),
        // supervisord does not answer: the event is to come again.
        Err(error) => {
            eprintln!("{error}");
            return Verdict::Fail;
        }
    }
    Verdict::Ok
}
