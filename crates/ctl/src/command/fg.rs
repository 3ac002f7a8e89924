//! `fg`: a process's output on the screen and the user's lines on its input.

use super::{Command, Flow};
use crate::completion::Completes;
use crate::exit::Exit;
use crate::failure::{Failure, Fatal};
use crate::follow::{BANNER, Followed, StreamState, wait_failure};
use crate::session::Session;
use std::os::fd::AsFd;
use supervisor_core::ProcessState;
use supervisor_rpc::FaultCode;
use supervisor_rpc::client::follow::process_log_path;
use supervisor_rpc::client::{Channel, ClientError};

pub(super) const COMMAND: Command = Command {
    name: "fg",
    help: &["fg <process>\tConnect to a process in foreground mode", "\t\tCtrl-C to exit"],
    completes: Completes::Processes,
    run,
};

const CLOSING_LINE: &str = "Exiting foreground";

fn run(session: &mut Session, argument: &str) -> Result<Flow, Failure> {
    if !session.is_up()? {
        return Ok(Flow::Continue);
    }
    let mut names = argument.split_whitespace();
    let Some(name) = names.next() else {
        return session.misuse(&COMMAND, Exit::Generic, "ERROR: no process name supplied");
    };
    if names.next().is_some() {
        session.print_failure(Exit::Generic, "ERROR: too many process names supplied")?;
    } else if can_be_attached(session, name)? {
        session.print(BANNER)?;
        match attach(session, name) {
            Ok(()) | Err(Failure::Fatal(Fatal::Interrupted)) => session.print(CLOSING_LINE)?,
            Err(failure) => return Err(failure),
        }
    }
    Ok(Flow::Continue)
}

/// Whether the process runs; prints why not.
fn can_be_attached(session: &mut Session, name: &str) -> Result<bool, Failure> {
    match is_running(session, name) {
        Ok(true) => return Ok(true),
        Ok(false) => session.print_failure(Exit::Generic, "ERROR: process not running")?,
        Err(Failure::Client(ClientError::Fault(fault))) => match fault.known() {
            Some(FaultCode::BadName) => {
                session.print_failure(Exit::Generic, "ERROR: bad process name supplied")?;
            }
            _ => session.print(format!("ERROR: {fault}"))?,
        },
        Err(failure) => return Err(failure),
    }
    Ok(false)
}

fn is_running(session: &mut Session, name: &str) -> Result<bool, Failure> {
    let info = session.client()?.process_info(name)?;
    Ok(info.state == i64::from(ProcessState::Running.code()))
}

/// Moves output and lines until the user, the process or the server ends it; the streams end with it.
fn attach(session: &mut Session, name: &str) -> Result<(), Failure> {
    let mut logs = open_logs(session, name)?;
    // A program whose logs cannot be followed takes lines all the same.
    let mut has_one_ended = false;
    loop {
        session.console.flush().map_err(Fatal::Output)?;
        // What was typed ahead is sent before anything is waited for.
        if let Some(line) = session.input.complete_line() {
            if !send(session, name, &line)? {
                return Ok(());
            }
            continue;
        }
        if session.input.take_end() || (has_one_ended && logs.is_empty()) {
            return Ok(());
        }
        let fds: Vec<_> =
            std::iter::once(session.input.as_fd()).chain(logs.iter().map(|log| log.stream.as_fd())).collect();
        let ready = session.interrupts.wait(&fds).map_err(wait_failure)?;
        if ready.contains(&0) {
            session.input.fill().map_err(wait_failure)?;
        }
        has_one_ended |= show_ready(session, &mut logs, &ready)?;
    }
}

/// The logs that can be followed; faults of others are printed.
fn open_logs(session: &mut Session, name: &str) -> Result<Vec<Followed>, Failure> {
    let mut logs = Vec::new();
    for channel in [Channel::Stdout, Channel::Stderr] {
        let shown = format!("/logtail/{name}/{}", channel.name());
        logs.extend(session.open_log(&process_log_path(name, channel), &shown)?);
    }
    Ok(logs)
}

/// Shows what has come in the logs that are ready (place 0 is the input) and drops those that are over. Whether the
/// server has ended one of them.
fn show_ready(session: &mut Session, logs: &mut Vec<Followed>, ready: &[usize]) -> Result<bool, Failure> {
    let mut has_one_ended = false;
    // From behind, so that removing one leaves the places before it as they were.
    for place in ready.iter().rev().filter(|place| **place > 0) {
        let state = session.show_more(&mut logs[place - 1])?;
        has_one_ended |= state == StreamState::Ended;
        if state != StreamState::Open {
            logs.remove(place - 1);
        }
    }
    Ok(has_one_ended)
}

/// Sends one line; false if the process is gone.
fn send(session: &mut Session, name: &str, line: &str) -> Result<bool, Failure> {
    match session.client()?.send_process_stdin(name, &format!("{line}\n")) {
        Ok(()) if is_running(session, name)? => return Ok(true),
        Ok(()) => session.print("Process got killed")?,
        Err(ClientError::Fault(fault)) if fault.known() == Some(FaultCode::NotRunning) => {
            session.print("Process got killed")?;
        }
        Err(ClientError::Fault(fault)) => session.print(format!("ERROR: {fault}"))?,
        Err(error) => return Err(error.into()),
    }
    Ok(false)
}
