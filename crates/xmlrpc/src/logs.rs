//! Reading logs: the supervisor tells the path, and a thread that may block reads the file.

use super::log_text::LogText;
use super::supervisor::Planned;
use super::{CallResult, Completion, Context, Plan, wire_fault};
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

/// A missing log is no fault: it has no bytes.
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
    Plan::deferred(move |context, completion| locate(context, log, completion, work))
}

/// Looks a log up and runs `work` on its path, on a thread that may block.
fn locate(
    context: &Context,
    log: LogName,
    completion: Completion,
    work: impl FnOnce(Option<PathBuf>) -> Result<LogText, Fault> + Send + 'static,
) {
    let blocking = context.blocking.clone();
    context.control.inspect(move |view| match view.check_running().and_then(|()| view.log(&log)) {
        // If it is rejected, `completion` is dropped with it, and the client gets status 500.
        Ok(location) => blocking.run(move || {
            completion.send(match work(location.path) {
                Ok(text) if text.is_short() => CallResult::Ready(text.encode().map(Into::into)),
                Ok(text) => CallResult::Text(text),
                Err(fault) => CallResult::Ready(Err(fault)),
            });
        }),
        Err(fault) => completion.send_fault(wire_fault(&fault)),
    });
}
