//! The pipe into a child's standard input: never waited for, and bounded.
//!
//! What the pipe does not take at once is kept here until the child reads. Upstream keeps any amount; here a
//! write that would pass [`LIMIT`] is refused as a whole, so that a child that never reads costs a known amount. An
//! event for a listener is never refused for its size: there is one at most, and what made it is bounded itself.

use std::io;
use std::os::fd::OwnedFd;
use supervisor_sys::fd;

/// The most bytes kept for a child beside what its pipe holds.
pub(crate) const LIMIT: usize = 1024 * 1024;

/// The writing end of a child's standard input.
#[derive(Debug)]
pub(super) struct Stdin {
    pipe: OwnedFd,
    waiting: Vec<u8>,
    /// How much of `waiting` the pipe has taken.
    taken: usize,
}

/// Why bytes were not accepted; none of them was.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The child does not read, and [`LIMIT`] would be passed.
    Full,
    /// The child has closed its standard input.
    Closed,
}

/// What became of the bytes that waited to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// All are written.
    Written,
    /// The pipe is full; try again when it is writable.
    Waiting,
    /// The child has closed its standard input; the rest is dropped.
    Closed,
}

impl Stdin {
    /// `pipe` must be non-blocking.
    pub(super) fn new(pipe: OwnedFd) -> Self {
        Self { pipe, waiting: Vec::new(), taken: 0 }
    }

    /// The pipe, to be watched for writability.
    pub(super) fn pipe(&self) -> &OwnedFd {
        &self.pipe
    }

    /// Accepts `bytes` behind those that wait, and writes what the pipe takes.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Progress, Refusal> {
        if self.waiting.len() - self.taken + bytes.len() > LIMIT {
            return Err(Refusal::Full);
        }
        match self.push_event(bytes) {
            Progress::Closed => Err(Refusal::Closed),
            progress @ (Progress::Written | Progress::Waiting) => Ok(progress),
        }
    }

    /// Accepts an event of any size behind the bytes that wait, and writes what the pipe takes.
    pub(super) fn push_event(&mut self, event: &[u8]) -> Progress {
        self.waiting.extend_from_slice(event);
        self.flush()
    }

    /// Writes what waits, as far as the pipe takes it.
    pub(super) fn flush(&mut self) -> Progress {
        while self.taken < self.waiting.len() {
            match fd::write(&self.pipe, &self.waiting[self.taken..]) {
                Ok(count) => self.taken += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.forget_taken();
                    return Progress::Waiting;
                }
                Err(_) => {
                    self.waiting = Vec::new();
                    self.taken = 0;
                    return Progress::Closed;
                }
            }
        }
        // A burst must not keep its memory for as long as the child lives.
        self.waiting = Vec::new();
        self.taken = 0;
        Progress::Written
    }

    /// Moves the rest to the front once more than half is written, so that each byte is moved at most once
    /// on average.
    fn forget_taken(&mut self) {
        if self.taken > self.waiting.len() / 2 {
            self.waiting.drain(..self.taken);
            self.taken = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use supervisor_sys::fd::Pipe;

    fn pair() -> (Stdin, std::fs::File) {
        let pipe = Pipe::to_child().unwrap();
        (Stdin::new(pipe.ours), pipe.theirs.into())
    }

    /// PROC-76: beyond the pipe and the bound the write is refused as a whole and nothing is lost of the rest.
    #[test]
    fn a_child_that_does_not_read_costs_a_bounded_amount_and_loses_nothing_accepted() {
        let (mut stdin, mut child) = pair();
        let block: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        let mut accepted = 0;
        while let Ok(progress) = stdin.push(&block) {
            accepted += 1;
            assert!(accepted < 100, "the bound is never reached");
            assert!(accepted > 1 || progress == Progress::Waiting);
        }
        assert!(accepted >= LIMIT / block.len());
        assert_eq!(stdin.push(&block), Err(Refusal::Full));
        let reader = std::thread::spawn(move || {
            let mut all = Vec::new();
            child.read_to_end(&mut all).unwrap();
            all
        });
        while stdin.flush() == Progress::Waiting {
            std::thread::yield_now();
        }
        drop(stdin);
        let all = reader.join().unwrap();
        assert_eq!(all.len(), accepted * block.len());
        assert!(all.chunks(block.len()).all(|chunk| chunk == block));
    }

    #[test]
    fn a_closed_standard_input_is_reported() {
        let (mut stdin, child) = pair();
        drop(child);
        assert_eq!(stdin.push(b"x"), Err(Refusal::Closed));
        assert_eq!(stdin.flush(), Progress::Written);
    }
}
