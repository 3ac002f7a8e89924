//! `pidproxy`: runs a command that leaves the foreground, and passes signals on to the process its pid file
//! names.
//!
//! It stands in for the daemon: it lives as long as the command it started, and forwards its signals to the process in the
//! pid file, which is read each time, so that it may appear late and change.
//! Nothing is polled: both the child's end and the signals to pass on are signals to us.

use crate::errno::words;
use crate::reap;
use crate::signal::{self, SignalQueue, signal_process};
use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode};
use supervisor_core::{Pid, Signal};

/// What is passed on.
const PASSED_ON: [Signal; 6] =
    [Signal::TERM, Signal::HUP, Signal::INT, Signal::USR1, Signal::USR2, Signal::QUIT];
/// Our exit status when the command cannot be executed: what a shell has for it.
const NOT_EXECUTED: u8 = 127;

/// Bytes that are read of a pid file at most.
const PID_FILE_LIMIT: usize = 100;

/// The program: arguments from the command line, messages on stdout.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    ExitCode::from(run(&arguments, &mut io::stdout()))
}

/// The program with its arguments (its own name first) and where its messages go; answers its exit code. For
/// a process with one thread, as it takes over signals.
pub fn run(arguments: &[OsString], messages: &mut impl Write) -> u8 {
    let [_, pid_file, command @ ..] = arguments else { return usage(arguments, messages) };
    let [program, rest @ ..] = command else { return usage(arguments, messages) };
    match Proxy::start(Path::new(pid_file), program, rest) {
        Ok(mut proxy) => proxy.run(messages),
        Err(error) => {
            say(messages, &[b"Can't run ", program.as_bytes(), b": ", words(&error).as_bytes()]);
            NOT_EXECUTED
        }
    }
}

struct Proxy {
    pid_file: PathBuf,
    signals: SignalQueue,
    child: Child,
}

impl Proxy {
    /// Starts the command; before, so that none is lost, the signals are taken over.
    fn start(pid_file: &Path, program: &OsStr, arguments: &[OsString]) -> io::Result<Self> {
        let mut heard = PASSED_ON.to_vec();
        heard.push(Signal::CHLD);
        let signals = SignalQueue::new(&heard)?;
        // No search along PATH: a bare name is a file in the working directory.
        let path = std::path::absolute(program)?;
        let mut command = Command::new(path);
        command.arg0(program).args(arguments);
        signal::unblock_in(&mut command, &heard);
        let child = command.spawn()?;
        Ok(Self { pid_file: pid_file.to_owned(), signals, child })
    }

    /// Passes signals on until the child ends or one of them says to end.
    fn run(&mut self, messages: &mut impl Write) -> u8 {
        loop {
            let signal = match self.signals.wait() {
                Ok(signal) => signal,
                Err(error) => {
                    say(messages, &[b"Can't wait for signals: ", words(&error).as_bytes()]);
                    return 1;
                }
            };
            let end =
                if signal == Signal::CHLD { self.child_changed() } else { self.pass_on(signal, messages) };
            if let Some(code) = end {
                return code;
            }
        }
    }

    /// Whether the child has ended, rather than been stopped or continued. Whatever its status, ours is 0.
    fn child_changed(&mut self) -> Option<u8> {
        let ended = !matches!(self.child.try_wait(), Ok(None));
        let child = Pid::new(self.child.id().cast_signed());
        // As pid 1 of a container we inherit what the daemon leaves behind.
        while let Ok(Some(_)) = reap::reap_orphan(|pid| Some(pid) == child) {}
        ended.then_some(0)
    }

    /// Sends `signal` to the process in the pid file. One that means "end" ends us too, unless there is no
    /// pid file to tell whom.
    fn pass_on(&self, signal: Signal, messages: &mut impl Write) -> Option<u8> {
        let Some(pid) = read_pid(&self.pid_file) else {
            say(messages, &[b"Can't read child pidfile ", self.pid_file.as_os_str().as_bytes(), b"!"]);
            return None;
        };
        let sent = signal_process(pid, signal);
        if let Err(error) = &sent {
            say(messages, &[format!("Can't signal child pid {pid}: {}", words(error)).as_bytes()]);
        }
        let ends_us = matches!(signal, Signal::TERM | Signal::INT | Signal::QUIT);
        ends_us.then_some(u8::from(sent.is_err()))
    }
}

/// The pid a file names; `None` for anything but one positive number in a regular file of fewer than
/// [`PID_FILE_LIMIT`] bytes. Neither a FIFO nor a device is waited for.
fn read_pid(path: &Path) -> Option<Pid> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let mut file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = Vec::with_capacity(PID_FILE_LIMIT);
    Read::by_ref(&mut file).take(PID_FILE_LIMIT as u64).read_to_end(&mut text).ok()?;
    // A number that was cut off would be another process.
    if text.len() == PID_FILE_LIMIT {
        return None;
    }
    let number = str::from_utf8(text.trim_ascii()).ok()?;
    Pid::new(number.parse().ok()?)
}

fn usage(arguments: &[OsString], messages: &mut impl Write) -> u8 {
    const BEFORE: &str = "\
pidproxy -- run command and proxy signals to it via its pidfile.

This executable runs a command and then monitors a pidfile.  When this
executable receives a signal, it sends the same signal to the pid
in the pidfile.

Usage: ";
    let name = arguments.first().map_or(&b"pidproxy"[..], |name| name.as_bytes());
    say(messages, &[BEFORE.as_bytes(), name, b" <pidfile name> <command> [<cmdarg1> ...]\n"]);
    1
}

/// Prints one message. A closed stdout is no reason to leave the daemon alone.
fn say(messages: &mut impl Write, pieces: &[&[u8]]) {
    let line = [pieces.concat().as_slice(), b"\n"].concat();
    let _ = messages.write_all(&line).and_then(|()| messages.flush());
}
