//! Reading logs: the supervisor knows where a log is, and a thread that may block reads it.

use super::supervisor::Planned;
use super::text::LogText;
use super::{Context, Done, Outcome, Plan, wire_fault};
use std::path::{Path, PathBuf};
use supervisor_control::LogName;
use supervisor_core::Channel;
use supervisor_log::tail::{self, ReadError};
use supervisor_rpc::encode::TextFrame;
use supervisor_rpc::method::Arguments;
use supervisor_rpc::{Fault, FaultCode};

/// Offset and length, as the client wrote them.
#[derive(Clone, Copy)]
struct Window {
    offset: i64,
    length: i64,
}

pub(super) fn read_log(arguments: &Arguments) -> Planned {
    Ok(read(LogName::Main, Window::of(arguments, 0)?))
}

pub(super) fn read_process_stdout_log(arguments: &Arguments) -> Planned {
    Ok(read(process_log(arguments, Channel::Stdout)?, Window::of(arguments, 1)?))
}

pub(super) fn read_process_stderr_log(arguments: &Arguments) -> Planned {
    Ok(read(process_log(arguments, Channel::Stderr)?, Window::of(arguments, 1)?))
}

pub(super) fn tail_process_stdout_log(arguments: &Arguments) -> Planned {
    Ok(tail(process_log(arguments, Channel::Stdout)?, Window::of(arguments, 1)?))
}

pub(super) fn tail_process_stderr_log(arguments: &Arguments) -> Planned {
    Ok(tail(process_log(arguments, Channel::Stderr)?, Window::of(arguments, 1)?))
}

impl Window {
    fn of(arguments: &Arguments, first: usize) -> Result<Self, Fault> {
        Ok(Self { offset: arguments.int(first)?, length: arguments.int(first + 1)? })
    }
}

fn process_log(arguments: &Arguments, channel: Channel) -> Result<LogName, Fault> {
    Ok(LogName::Process { name: arguments.text(0)?.to_owned(), channel })
}

fn read(log: LogName, window: Window) -> Plan {
    on_disk(log, move |path| match path {
        Some(path) => {
            let part = tail::open_range(&path, window.offset, window.length);
            Ok(LogText::new(Some(part.map_err(|error| fault(&path, &error))?), TextFrame::Plain))
        }
        None => Err(Fault::bare(FaultCode::NoFile)),
    })
}

/// Never faults for want of a log: what is not there has no bytes.
fn tail(log: LogName, window: Window) -> Plan {
    on_disk(log, move |path| {
        let found = path.map(|path| tail::tail(&path, window.offset, window.length)).unwrap_or_default();
        let offset = i64::try_from(found.offset).unwrap_or(i64::MAX);
        Ok(LogText::new(found.part, TextFrame::Tail { offset, overflow: found.overflow }))
    })
}

fn fault(path: &Path, error: &ReadError) -> Fault {
    match error {
        ReadError::NoFile => Fault::with_detail(FaultCode::NoFile, path.display()),
        ReadError::BadArguments => Fault::bare(FaultCode::BadArguments),
        ReadError::Failed(_) => Fault::bare(FaultCode::Failed),
    }
}

fn on_disk(
    log: LogName,
    work: impl FnOnce(Option<PathBuf>) -> Result<LogText, Fault> + Send + 'static,
) -> Plan {
    Plan::later(move |context, done| locate(context, log, done, work))
}

/// Finds a log and has `work` done with it where it may take its time.
fn locate(
    context: &Context,
    log: LogName,
    done: Done,
    work: impl FnOnce(Option<PathBuf>) -> Result<LogText, Fault> + Send + 'static,
) {
    let blocking = context.blocking.clone();
    context.control.inspect(move |view| match view.check_running().and_then(|()| view.log(&log)) {
        // If it is rejected, `done` is dropped with it, and the client gets status 500.
        Ok(location) => blocking.run(move || {
            done.send(match work(location.path) {
                Ok(text) if text.is_short() => Outcome::Ready(text.encode().map(Into::into)),
                Ok(text) => Outcome::Text(text),
                Err(fault) => Outcome::Ready(Err(fault)),
            });
        }),
        Err(fault) => done.send_fault(wire_fault(&fault)),
    });
}
