//! The system log as a sink: each line is a message.
//!
//! While the system log does not keep up, lines wait. Where there is none, or it refuses a line, lines are dropped, as syslog(3)
//! does: a missing system log must not block a process. The main log says so once, and once when messages arrive again.

use super::buffered_output::BufferedOutput;
use super::{ClearError, OpenSink, Outcome, RetryPolicy, RotationUnit, Sink, SinkReport, Written};
use crate::label::Label;
use crate::spec::StreamSpec;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use supervisor_core::Level;
use supervisor_sys::errno::python_text;
use supervisor_sys::syslog::Syslog;

/// The ident of all messages, of the daemon and of its children.
const IDENT: &str = "supervisord";

/// The output to the system log, for a stream that asks for it.
pub(crate) fn output(spec: &Arc<StreamSpec>) -> Option<BufferedOutput> {
    spec.syslog.then(|| {
        let sink = SyslogSink::over(Syslog::new(IDENT), format!("{} ", spec.process_name));
        BufferedOutput::new(OpenSink::other(sink), Label::Syslog(Arc::clone(spec)), RotationUnit::Write)
    })
}

/// The system log, with a prefix for each line.
#[derive(Debug)]
pub(crate) struct SyslogSink {
    connection: Syslog,
    prefix: String,
    /// The last message was dropped.
    is_refused: bool,
}

impl SyslogSink {
    /// For the main log.
    pub(crate) fn for_main_log() -> Self {
        Self::over(Syslog::new(IDENT), String::new())
    }

    fn over(connection: Syslog, prefix: String) -> Self {
        Self { connection, prefix, is_refused: false }
    }

    /// Sends one line. An error means that it should be tried again.
    fn send(&mut self, line: &[u8], report: &mut SinkReport<'_>) -> io::Result<()> {
        let message = format!("{}{}", self.prefix, String::from_utf8_lossy(line));
        match self.connection.send(message.as_bytes()) {
            Ok(()) if self.is_refused => {
                self.is_refused = false;
                report.push(Level::Info, format!("the {} are sent again", report.label));
            }
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(error),
            Err(_) if self.is_refused => {}
            Err(error) => {
                self.is_refused = true;
                let (label, why) = (report.label, python_text(&error));
                let message =
                    format!("could not send the {label}: {why}; they are dropped until it works again");
                report.push(Level::Error, message);
            }
        }
        Ok(())
    }
}

impl Sink for SyslogSink {
    /// Sends each line. Invalid UTF-8 is replaced; newlines at the end make no messages (a chunk of nothing else makes one),
    /// empty lines within do.
    fn write(&mut self, bytes: &[u8], _unit: RotationUnit, report: &mut SinkReport<'_>) -> Written {
        let end = bytes.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
        let mut count = 0;
        for line in bytes[..end].split(|byte| *byte == b'\n') {
            if let Err(error) = self.send(line, report) {
                return Written { count, outcome: Outcome::Failed(error) };
            }
            count += line.len() + 1;
        }
        Written::complete(bytes.len())
    }

    /// There is nothing to truncate.
    fn clear(&mut self) -> Result<(), ClearError> {
        Ok(())
    }

    /// Its queue empties quickly, but nothing reports when. That it is full for a moment is not worth a message.
    fn retry_policy(&self) -> RetryPolicy {
        RetryPolicy {
            first: Duration::from_millis(20),
            longest: Duration::from_secs(1),
            reports_at_once: false,
        }
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

    /// What was reported.
    fn write(sink: &mut SyslogSink, bytes: &[u8]) -> Vec<String> {
        let mut messages = Vec::new();
        let label = Label::from("messages".to_owned());
        let mut report = SinkReport { label: &label, messages: &mut messages };
        let written = sink.write(bytes, RotationUnit::Write, &mut report);
        assert!(
            matches!(written, Written { count, outcome: Outcome::Complete } if count == bytes.len()),
            "{written:?}"
        );
        messages.into_iter().map(|(_, message)| message).collect()
    }

    /// PROC-58.
    #[test]
    fn every_line_is_a_message_with_the_name_in_front() {
        let scratch = Scratch::new();
        let log = UnixDatagram::bind(scratch.path("log")).unwrap();
        let mut sink = SyslogSink::over(Syslog::at(&scratch.path("log"), IDENT), "sy ".to_owned());
        write(&mut sink, b"one\n\nbad \xff\n\n");
        let found = texts(&log);
        let messages: Vec<&str> = found.iter().map(|text| text.split_once(": ").unwrap().1).collect();
        assert_eq!(messages, ["sy one", "sy ", "sy bad \u{fffd}"]);
        assert!(found[0].starts_with("<14>") && found[0].contains(" supervisord: "), "{}", found[0]);
    }

    #[test]
    fn without_a_system_log_lines_are_dropped_and_one_message_says_so() {
        let scratch = Scratch::new();
        let mut sink = SyslogSink::over(Syslog::at(&scratch.path("log"), IDENT), String::new());
        assert!(write(&mut sink, b"one\ntwo\n")[0].starts_with("could not send the messages: "));
        assert!(write(&mut sink, b"three\n").is_empty());
        let log = UnixDatagram::bind(scratch.path("log")).unwrap();
        assert_eq!(write(&mut sink, b"four\n"), ["the messages are sent again"]);
        assert_eq!(texts(&log).len(), 1);
    }

    #[test]
    fn a_system_log_that_does_not_keep_up_is_tried_again_from_the_same_line() {
        let scratch = Scratch::new();
        let log = UnixDatagram::bind(scratch.path("log")).unwrap();
        log.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut sink = SyslogSink::over(Syslog::at(&scratch.path("log"), IDENT), String::new());
        let lines: Vec<String> = (0..5000).map(|number| format!("line {number}\n")).collect();
        let input = lines.concat().into_bytes();
        let label = Label::from(String::new());
        let (mut sent, mut refusals, mut buffer) = (0, 0, [0; 200]);
        for number in 0..5000 {
            if sent < input.len() {
                let mut report = SinkReport { label: &label, messages: &mut Vec::new() };
                let written = sink.write(&input[sent..], RotationUnit::Write, &mut report);
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
