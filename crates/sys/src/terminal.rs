//! The terminal of the person at the prompt.

use std::io;
use std::os::fd::AsFd;

/// Columns of the terminal `fd` refers to; `None` if it is none or does not know.
#[doc(alias = "TIOCGWINSZ")]
pub fn width(fd: &impl AsFd) -> Option<u16> {
    let _ = fd;
    None
}

/// Asks for a password on the controlling terminal without showing what is typed; without a terminal, prompts on stderr and reads a
/// line from stdin. The answer lacks its newline; the end of input is `UnexpectedEof`. The terminal is put back on every way out, signals included.
#[doc(alias = "getpass")]
pub fn read_password(prompt: &str) -> io::Result<Vec<u8>> {
    let _ = prompt;
    Err(io::ErrorKind::Unsupported.into())
}
