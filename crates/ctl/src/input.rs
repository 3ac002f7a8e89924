//! Lines of standard input, read so that Ctrl-C and other descriptors can be waited for meanwhile.

use crate::interrupt::Interrupts;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Bytes a line may have; a longer one is handed out in pieces.
const LONGEST_LINE: usize = 1024 * 1024;

/// Standard input.
pub(crate) struct Input {
    source: OwnedFd,
    /// Bytes that were read and not yet handed out.
    pending: Vec<u8>,
    has_ended: bool,
}

impl Input {
    pub(crate) fn new(source: OwnedFd) -> Self {
        Self { source, pending: Vec::new(), has_ended: false }
    }

    /// The next line without its end; `None` at the end of the input. Text that is not UTF-8 is read lossily.
    pub(crate) fn line(&mut self, interrupts: &Interrupts) -> io::Result<Option<String>> {
        loop {
            if let Some(line) = self.complete_line() {
                return Ok(Some(line));
            }
            if self.take_end() {
                return Ok(None);
            }
            interrupts.wait(&[self.source.as_fd()])?;
            self.fill()?;
        }
    }

    /// A line that can be handed out without waiting; at the end of the input also one without line end.
    pub(crate) fn complete_line(&mut self) -> Option<String> {
        let end = self.pending.iter().position(|byte| *byte == b'\n');
        let (length, taken) = match end {
            Some(end) => (end, end + 1),
            None if self.pending.len() >= LONGEST_LINE || (self.has_ended && !self.pending.is_empty()) => {
                (self.pending.len(), self.pending.len())
            }
            None => return None,
        };
        let line = String::from_utf8_lossy(&self.pending[..length]).into_owned();
        self.pending.drain(..taken);
        Some(line)
    }

    /// Whether the end was reached and everything before it was taken. True once: a terminal goes on after Ctrl-D, and any
    /// other input is found at its end again.
    pub(crate) fn take_end(&mut self) -> bool {
        self.pending.is_empty() && std::mem::take(&mut self.has_ended)
    }

    /// Reads once; waits only if nothing is there.
    pub(crate) fn fill(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        match supervisor_sys::fd::read(&self.source, &mut buffer)? {
            0 => self.has_ended = true,
            count => self.pending.extend_from_slice(&buffer[..count]),
        }
        Ok(())
    }
}

impl AsFd for Input {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn lines_are_handed_out_one_by_one_the_last_without_its_end_too() {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"one\n\ntwo").unwrap();
        drop(writer);
        let interrupts = Interrupts::none().unwrap();
        let mut input = Input::new(reader.into());
        let mut lines = Vec::new();
        while let Some(line) = input.line(&interrupts).unwrap() {
            lines.push(line);
        }
        assert_eq!(lines, ["one", "", "two"]);
        assert_eq!(input.line(&interrupts).unwrap(), None);
    }
}
