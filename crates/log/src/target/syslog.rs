//! The system log as a target: every line a message.

use super::{Outcome, Written};
use std::fmt;
use std::io;
use supervisor_sys::syslog::Syslog;

/// How messages of the daemon and of its children are signed.
const IDENT: &str = "supervisord";

/// The system log, with what stands in front of every line.
pub(crate) struct SyslogTarget {
    connection: Syslog,
    prefix: String,
}

impl SyslogTarget {
    /// For the output of a process: `<name> <line>`.
    pub(crate) fn for_process(name: &str) -> Self {
        Self { connection: Syslog::new(IDENT), prefix: format!("{name} ") }
    }

    /// For the main log.
    pub(crate) fn for_main_log() -> Self {
        Self { connection: Syslog::new(IDENT), prefix: String::new() }
    }

    /// Sends each line; invalid UTF-8 is replaced, newlines at the end make no messages, empty lines within do.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Written {
        let text_length = bytes.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
        if text_length == 0 && !bytes.is_empty() {
            return self.written(0, bytes.len(), &bytes[..0]);
        }
        let mut count = 0;
        for line in bytes[..text_length].split(|byte| *byte == b'\n') {
            match self.written(count, count + line.len() + 1, line) {
                Written { count: sent, outcome: Outcome::Complete } => count = sent,
                stopped => return stopped,
            }
        }
        Written { count: bytes.len(), outcome: Outcome::Complete }
    }

    fn written(&mut self, before: usize, after: usize, line: &[u8]) -> Written {
        let message = format!("{}{}", self.prefix, String::from_utf8_lossy(line));
        match self.connection.send(message.as_bytes()) {
            Ok(()) => Written { count: after, outcome: Outcome::Complete },
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Written { count: before, outcome: Outcome::Failed(error) }
            }
            // No system log on this machine: a process must not stand still for that.
            Err(error) => Written { count: after, outcome: Outcome::Unreadable(error) },
        }
    }
}

impl fmt::Debug for SyslogTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyslogTarget").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
