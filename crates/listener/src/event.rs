//! One event: its header, the tokens of its payload, and the data behind them.

use crate::{Error, Tokens};
use std::borrow::Cow;

/// An event as supervisord sent it.
///
/// The payload of most types is one line of tokens. `PROCESS_LOG`, `PROCESS_COMMUNICATION` and `REMOTE_COMMUNICATION`
/// events have data after that line, any bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    header: Header,
    tokens: Tokens,
    payload: Vec<u8>,
    /// Where the data begins.
    data: usize,
}

/// The line before a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    name: String,
    serial: u64,
    pool_serial: u64,
    /// Characters or bytes of the payload.
    pub(crate) length: usize,
    tokens: Tokens,
}

impl Header {
    pub(crate) fn parse(line: &str) -> Result<Self, Error> {
        let tokens = Tokens::parse(line);
        let missing = |field| Error::BadHeader { field, line: line.trim_end().to_owned() };
        Ok(Self {
            name: tokens.get("eventname").ok_or_else(|| missing("eventname"))?.to_owned(),
            serial: tokens.number("serial").ok_or_else(|| missing("serial"))?,
            pool_serial: tokens.number("poolserial").ok_or_else(|| missing("poolserial"))?,
            length: tokens.number("len").ok_or_else(|| missing("len"))?,
            tokens,
        })
    }
}

impl Event {
    pub(crate) fn new(header: Header, payload: Vec<u8>) -> Self {
        let end = payload.iter().position(|byte| *byte == b'\n').unwrap_or(payload.len());
        let tokens = Tokens::parse(&String::from_utf8_lossy(&payload[..end]));
        let data = payload.len().min(end + 1);
        Self { header, tokens, payload, data }
    }

    /// The type, such as `PROCESS_STATE_EXITED`.
    pub fn name(&self) -> &str {
        &self.header.name
    }

    /// The event's number, the same for all pools. An event that is sent again keeps it.
    pub fn serial(&self) -> u64 {
        self.header.serial
    }

    /// The event's number within the pool. A gap is an event that was lost because the buffer was full.
    pub fn pool_serial(&self) -> u64 {
        self.header.pool_serial
    }

    /// The pool, which is the listener's group.
    pub fn pool(&self) -> Option<&str> {
        self.header.tokens.get("pool")
    }

    /// The `identifier` of the supervisord.
    pub fn server(&self) -> Option<&str> {
        self.header.tokens.get("server")
    }

    /// All words of the header.
    pub fn header(&self) -> &Tokens {
        &self.header.tokens
    }

    /// All words of the payload's first line.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// The whole payload.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// What follows the payload's first line; empty for events that consist of tokens alone.
    pub fn data(&self) -> &[u8] {
        &self.payload[self.data..]
    }

    /// [`Event::data`] as text, undecodable bytes replaced.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.data())
    }

    /// The process it is about.
    pub fn process_name(&self) -> Option<&str> {
        self.tokens.get("processname")
    }

    /// The group it, or its process, belongs to.
    pub fn group_name(&self) -> Option<&str> {
        self.tokens.get("groupname")
    }

    /// `group:process`, the name XML-RPC methods take.
    pub fn namespec(&self) -> Option<String> {
        Some(format!("{}:{}", self.group_name()?, self.process_name()?))
    }

    /// The state a process was in before, such as `RUNNING`.
    pub fn from_state(&self) -> Option<&str> {
        self.tokens.get("from_state")
    }

    /// The process id, also of a process that has exited; 0 if there was none.
    pub fn pid(&self) -> Option<u32> {
        self.tokens.number("pid")
    }

    /// Whether an exit was one of the program's `exitcodes`.
    pub fn is_expected(&self) -> Option<bool> {
        self.tokens.get("expected").map(|expected| expected == "1")
    }

    /// How often in a row the start of a process has failed.
    pub fn tries(&self) -> Option<u64> {
        self.tokens.number("tries")
    }

    /// The time of a tick, in seconds since the epoch.
    pub fn when(&self) -> Option<i64> {
        self.tokens.number("when")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, payload: &[u8]) -> Event {
        let line = format!(
            "ver:3.0 server:supervisor serial:21 pool:listener poolserial:10 eventname:{name} len:{}\n",
            payload.len()
        );
        Event::new(Header::parse(&line).unwrap(), payload.to_vec())
    }

    #[test]
    fn an_exit_tells_who_and_how() {
        let exit = event(
            "PROCESS_STATE_EXITED",
            b"processname:cat groupname:cats from_state:RUNNING expected:0 pid:2766",
        );
        assert_eq!((exit.name(), exit.serial(), exit.pool_serial()), ("PROCESS_STATE_EXITED", 21, 10));
        assert_eq!((exit.pool(), exit.server()), (Some("listener"), Some("supervisor")));
        assert_eq!(exit.namespec().as_deref(), Some("cats:cat"));
        assert_eq!((exit.from_state(), exit.pid()), (Some("RUNNING"), Some(2766)));
        assert_eq!((exit.is_expected(), exit.tries(), exit.when()), (Some(false), None, None));
        assert_eq!(exit.data(), b"");
        assert_eq!(exit.header().get("ver"), Some("3.0"));
    }

    #[test]
    fn data_follows_the_first_line_and_may_be_any_bytes() {
        let log = event("PROCESS_LOG_STDOUT", b"processname:a groupname:b pid:1 channel:stdout\nx:y\n\xff");
        assert_eq!(log.data(), b"x:y\n\xff");
        assert_eq!(log.text(), "x:y\n\u{fffd}");
        assert_eq!(log.tokens().get("channel"), Some("stdout"));
        assert_eq!(log.tokens().get("x"), None);
        assert_eq!(event("PROCESS_GROUP_ADDED", b"groupname:a\n").group_name(), Some("a"));
        assert_eq!(event("TICK_5", b"when:1795233950").when(), Some(1_795_233_950));
        assert_eq!(event("SUPERVISOR_STATE_CHANGE_RUNNING", b"").payload(), b"");
    }

    #[test]
    fn a_header_without_a_field_names_it() {
        let error = Header::parse("ver:3.0 serial:1 poolserial:1 eventname:X len:two\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "no usable 'len' in the header 'ver:3.0 serial:1 poolserial:1 eventname:X len:two'"
        );
    }
}
