//! The system log as a target: every line a message.
//!
//! Where the system log does not keep up, lines wait; where there is none, or it refuses one, lines are
//! dropped, as syslog(3) does: a process must not stand still for want of a system log. That is told once,
//! and once when messages arrive again.

use super::{Outcome, SinkEvent, Written};
use std::io;
use supervisor_sys::syslog::Syslog;

/// How messages of the daemon and of its children are signed.
const IDENT: &str = "supervisord";

/// The system log, with what stands in front of every line.
#[derive(Debug)]
pub(crate) struct SyslogSink {
    connection: Syslog,
    prefix: String,
    /// The last message was dropped.
    is_refused: bool,
}

impl SyslogSink {
    /// For the output of a process: `<name> <line>`.
    pub(crate) fn for_process(name: &str) -> Self {
        Self::over(Syslog::new(IDENT), format!("{name} "))
    }

    /// For the main log.
    pub(crate) fn for_main_log() -> Self {
        Self::over(Syslog::new(IDENT), String::new())
    }

    fn over(connection: Syslog, prefix: String) -> Self {
        Self { connection, prefix, is_refused: false }
    }

    /// Sends each line; invalid UTF-8 is replaced, newlines at the end make no messages (a chunk of nothing
    /// else makes one), empty lines within do.
    pub(crate) fn write(&mut self, bytes: &[u8], events: &mut Vec<SinkEvent>) -> Written {
        let end = bytes.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
        let mut count = 0;
        for line in bytes[..end].split(|byte| *byte == b'\n') {
            if let Err(error) = self.send(line, events) {
                return Written { count, outcome: Outcome::Failed(error) };
            }
            count += line.len() + 1;
        }
        Written { count: bytes.len(), outcome: Outcome::Complete }
    }

    /// An error means that the line should be tried again.
    fn send(&mut self, line: &[u8], events: &mut Vec<SinkEvent>) -> io::Result<()> {
        let message = format!("{}{}", self.prefix, String::from_utf8_lossy(line));
        match self.connection.send(message.as_bytes()) {
            Ok(()) if self.is_refused => {
                self.is_refused = false;
                events.push(SinkEvent::Accepted);
            }
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(error),
            Err(_) if self.is_refused => {}
            Err(error) => {
                self.is_refused = true;
                events.push(SinkEvent::Refused(error));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use std::os::unix::net::UnixDatagram;
    use std::time::Duration;

    fn texts(log: &UnixDatagram) -> Vec<String> {
        log.set_nonblocking(true).unwrap();
        let mut buffer = [0; 1000];
        let received =
            std::iter::from_fn(|| log.recv(&mut buffer).ok().map(|count| buffer[..count].to_vec()));
        received.map(|bytes| String::from_utf8(bytes).unwrap()).collect()
    }

    fn write(target: &mut SyslogSink, bytes: &[u8]) -> Vec<SinkEvent> {
        let mut events = Vec::new();
        let written = target.write(bytes, &mut events);
        assert!(
            matches!(written, Written { count, outcome: Outcome::Complete } if count == bytes.len()),
            "{written:?}"
        );
        events
    }

    /// PROC-58.
    #[test]
    fn every_line_is_a_message_with_the_name_in_front() {
        let scratch = Scratch::new();
        let log = UnixDatagram::bind(scratch.path("log")).unwrap();
        let mut target = SyslogSink::over(Syslog::at(&scratch.path("log"), IDENT), "sy ".to_owned());
        write(&mut target, b"one\n\nbad \xff\n\n");
        let found = texts(&log);
        let messages: Vec<&str> = found.iter().map(|text| text.split_once(": ").unwrap().1).collect();
        assert_eq!(messages, ["sy one", "sy ", "sy bad \u{fffd}"]);
        assert!(found[0].starts_with("<14>") && found[0].contains(" supervisord: "), "{}", found[0]);
    }

    #[test]
    fn without_a_system_log_lines_are_dropped_and_that_is_told_once() {
        let scratch = Scratch::new();
        let mut target = SyslogSink::over(Syslog::at(&scratch.path("log"), IDENT), String::new());
        assert!(matches!(write(&mut target, b"one\ntwo\n")[..], [SinkEvent::Refused(_)]));
        assert!(write(&mut target, b"three\n").is_empty());
        let log = UnixDatagram::bind(scratch.path("log")).unwrap();
        assert!(matches!(write(&mut target, b"four\n")[..], [SinkEvent::Accepted]));
        assert_eq!(texts(&log).len(), 1);
    }

    #[test]
    fn a_system_log_that_does_not_keep_up_is_tried_again_from_the_same_line() {
        let scratch = Scratch::new();
        let log = UnixDatagram::bind(scratch.path("log")).unwrap();
        log.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut target = SyslogSink::over(Syslog::at(&scratch.path("log"), IDENT), String::new());
        let lines: Vec<String> = (0..5000).map(|number| format!("line {number}\n")).collect();
        let input = lines.concat().into_bytes();
        let (mut sent, mut refusals, mut buffer) = (0, 0, [0; 200]);
        for number in 0..5000 {
            if sent < input.len() {
                let written = target.write(&input[sent..], &mut Vec::new());
                sent += written.count;
                refusals += usize::from(matches!(written.outcome, Outcome::Failed(_)));
            }
            let count = log.recv(&mut buffer).unwrap();
            assert!(buffer[..count].ends_with(format!(": line {number}").as_bytes()));
        }
        assert_eq!(sent, input.len());
        assert!(refusals > 0);
    }
}
