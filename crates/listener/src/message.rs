//! Messages from a program to event listeners, sent through its own output.
//!
//! With `stdout_capture_maxbytes` (or `stderr_capture_maxbytes`) in the program's section supervisord takes what stands
//! between two tokens out of the log and sends it as a `PROCESS_COMMUNICATION_STDOUT` (or `_STDERR`) event.

use std::io::{self, Write};

/// Before a message.
pub const BEGIN: &[u8] = b"<!--XSUPERVISOR:BEGIN-->";

/// Behind a message.
pub const END: &[u8] = b"<!--XSUPERVISOR:END-->";

/// Sends a message: `send(&mut io::stdout(), b"hello")`. It must not contain [`END`], and of one longer than the
/// program's capture limit only the end arrives.
pub fn send(output: &mut impl Write, message: &[u8]) -> io::Result<()> {
    // In one piece, so that what other threads write does not get in between.
    output.write_all(&[BEGIN, message, END].concat())?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_stands_between_the_tokens() {
        let mut output = Vec::new();
        send(&mut output, b"hello").unwrap();
        assert_eq!(output, b"<!--XSUPERVISOR:BEGIN-->hello<!--XSUPERVISOR:END-->");
    }
}
