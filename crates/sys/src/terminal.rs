//! The controlling terminal: its width, its modes, and passwords.

use crate::fd;
use crate::signal::{self, MaskKept, SignalQueue, raise, release};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use supervisor_core::Signal;

/// Columns of the terminal `fd` refers to; `None` if it is none or does not know.
#[doc(alias = "TIOCGWINSZ")]
pub fn width(fd: &impl AsFd) -> Option<u16> {
    let columns = rustix::termios::tcgetwinsize(fd).ok()?.ws_col;
    (columns > 0).then_some(columns)
}

/// Asks for a password on the controlling terminal without showing what is typed; `None` without a terminal. The
/// answer lacks its newline; the end of input is `UnexpectedEof`.
///
/// The terminal is put back on every way out. A signal that would end us meanwhile does so after that; if it
/// does not end us, the error is `Interrupted`.
#[doc(alias = "getpass")]
pub fn read_password(prompt: &str) -> io::Result<Option<Vec<u8>>> {
    match OpenOptions::new().read(true).write(true).open("/dev/tty") {
        Ok(terminal) => ask_silently(&terminal, prompt).map(Some),
        Err(_) => Ok(None),
    }
}

/// What may end us while we ask.
const ENDING: [Signal; 4] = [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT];

fn ask_silently(mut terminal: &File, prompt: &str) -> io::Result<Vec<u8>> {
    let mask = MaskKept::now();
    // What was ignored when we were started stays so.
    let heard: Vec<Signal> = ENDING.into_iter().filter(|signal| !signal::is_ignored(*signal)).collect();
    let mut signals = SignalQueue::new(&heard)?;
    let silence = ModeGuard::of(terminal.as_fd(), LocalModes::ECHO, OptionalActions::Flush)?;
    terminal.write_all(prompt.as_bytes())?;
    let answer = read_line(terminal, &mut signals);
    drop(silence);
    // The newline that was typed has not been shown either.
    terminal.write_all(b"\n")?;
    release(&heard)?;
    drop(mask);
    match answer? {
        Answer::Line(line) => Ok(line),
        Answer::Signal(signal) => {
            raise(signal)?;
            Err(io::ErrorKind::Interrupted.into())
        }
    }
}

enum Answer {
    Line(Vec<u8>),
    Signal(Signal),
}

fn read_line(terminal: &File, signals: &mut SignalQueue) -> io::Result<Answer> {
    /// Longer than a terminal's line can be (4096 on Linux).
    const LONGEST: usize = 64 * 1024;
    let mut line = Vec::new();
    let mut chunk = [0; 256];
    while line.last() != Some(&b'\n') && line.len() < LONGEST {
        if let Some(signal) = signals.wait_with(terminal.as_fd())? {
            return Ok(Answer::Signal(signal));
        }
        match fd::read(terminal, &mut chunk)? {
            0 => break,
            count => line.extend_from_slice(&chunk[..count]),
        }
    }
    without_newline(line).map(Answer::Line)
}

fn without_newline(mut line: Vec<u8>) -> io::Result<Vec<u8>> {
    if line.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    Ok(line)
}

/// A terminal that hands over each key as it is typed and shows none, until this is dropped. Ctrl-C and its like stay
/// signals.
#[derive(Debug)]
pub struct KeyByKey<'terminal> {
    _guard: ModeGuard<'terminal>,
}

impl<'terminal> KeyByKey<'terminal> {
    /// What was typed ahead is not lost.
    #[doc(alias = "ICANON")]
    pub fn of(terminal: BorrowedFd<'terminal>) -> io::Result<Self> {
        let modes = LocalModes::ICANON | LocalModes::ECHO | LocalModes::IEXTEN;
        Ok(Self { _guard: ModeGuard::of(terminal, modes, OptionalActions::Drain)? })
    }
}

/// A terminal without some of its local modes, until this is dropped.
#[derive(Debug)]
struct ModeGuard<'terminal> {
    terminal: BorrowedFd<'terminal>,
    former: Termios,
    /// When a change takes effect: `Drain` after output has been shown, `Flush` also discards what was typed before.
    when: OptionalActions,
}

impl<'terminal> ModeGuard<'terminal> {
    fn of(terminal: BorrowedFd<'terminal>, without: LocalModes, when: OptionalActions) -> io::Result<Self> {
        let former = rustix::termios::tcgetattr(terminal)?;
        let mut attributes = former.clone();
        let changed = Self { terminal, former, when };
        attributes.local_modes -= without;
        if without.contains(LocalModes::ICANON) {
            attributes.special_codes[SpecialCodeIndex::VMIN] = 1;
            attributes.special_codes[SpecialCodeIndex::VTIME] = 0;
        }
        changed.set(&attributes)?;
        Ok(changed)
    }

    fn set(&self, attributes: &Termios) -> io::Result<()> {
        Ok(rustix::termios::tcsetattr(self.terminal, self.when, attributes)?)
    }
}

impl Drop for ModeGuard<'_> {
    fn drop(&mut self) {
        // A terminal that has gone away needs no modes.
        let _ = self.set(&self.former);
    }
}
