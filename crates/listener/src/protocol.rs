//! The listener's side of the protocol.

use crate::event::Header;
use crate::length;
use crate::{Error, Event, Length};
use std::io::{self, BufRead, Read, StdinLock, StdoutLock, Write};

/// The longest header line accepted.
const HEADER_LIMIT: u64 = 64 * 1024;

/// The default limit of a payload.
const DEFAULT_LIMIT: usize = 64 * 1024 * 1024;

/// A listener's result for an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It has dealt with the event.
    Ok,
    /// It could not: the event is to be sent again later.
    Fail,
    /// A result in its own words, for a supervisord with a `result_handler` of its own. The standard one takes all but
    /// `OK` for a failure.
    Other(Vec<u8>),
}

impl Verdict {
    fn body(&self) -> &[u8] {
        match self {
            Self::Ok => b"OK",
            Self::Fail => b"FAIL",
            Self::Other(body) => body,
        }
    }
}

/// Where a listener is in the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// It may ask for an event.
    Ask,
    /// It owes a result.
    Answer,
}

/// A connection to supervisord: events come in, results go out.
#[derive(Debug)]
pub struct Listener<R, W> {
    input: R,
    output: W,
    limit: usize,
    length: Length,
    turn: Turn,
}

impl Listener<StdinLock<'static>, StdoutLock<'static>> {
    /// On standard input and output, where supervisord is. Both stay locked, so that nothing else of the program can
    /// write in between. Lengths are what [`Length::from_environment`] says.
    pub fn stdio() -> Self {
        Self::new(io::stdin().lock(), io::stdout().lock()).with_length(Length::from_environment())
    }
}

impl<R: BufRead, W: Write> Listener<R, W> {
    /// On any pair of streams, for tests. Lengths are in characters.
    pub fn new(input: R, output: W) -> Self {
        Self { input, output, limit: DEFAULT_LIMIT, length: Length::Characters, turn: Turn::Ask }
    }

    /// Takes the lengths of events for those of this unit.
    #[must_use]
    pub fn with_length(mut self, length: Length) -> Self {
        self.length = length;
        self
    }

    /// What the lengths of events are taken to count.
    pub fn length(&self) -> Length {
        self.length
    }

    /// Accepts events of this many bytes and no larger ones; 64 MiB unless said otherwise.
    #[must_use]
    pub fn with_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Asks for events and hands each to `judge`, until supervisord closes the input.
    pub fn run(&mut self, mut judge: impl FnMut(&Event) -> Verdict) -> Result<(), Error> {
        while let Some(event) = self.wait()? {
            let verdict = judge(&event);
            self.answer(&verdict)?;
        }
        Ok(())
    }

    /// Says `READY` and waits for an event; `None` at the end of the input. Each event has to be answered before the
    /// next is waited for.
    pub fn wait(&mut self) -> Result<Option<Event>, Error> {
        if self.turn == Turn::Answer {
            return Err(Error::OutOfTurn("the last event has not been answered"));
        }
        self.output.write_all(b"READY\n")?;
        self.output.flush()?;
        let event = self.read_event()?;
        if event.is_some() {
            self.turn = Turn::Answer;
        }
        Ok(event)
    }

    /// Gives the result for the event last waited for.
    pub fn answer(&mut self, verdict: &Verdict) -> Result<(), Error> {
        if self.turn == Turn::Ask {
            return Err(Error::OutOfTurn("there is no event to answer"));
        }
        let body = verdict.body();
        self.output.write_all(&[format!("RESULT {}\n", body.len()).as_bytes(), body].concat())?;
        self.output.flush()?;
        self.turn = Turn::Ask;
        Ok(())
    }

    fn read_event(&mut self) -> Result<Option<Event>, Error> {
        let mut line = Vec::new();
        (&mut self.input).take(HEADER_LIMIT).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        if line.last() != Some(&b'\n') {
            return Err(Error::Truncated);
        }
        let header = Header::parse(&String::from_utf8_lossy(&line))?;
        let payload = length::read(&mut self.input, self.length, header.length, self.limit)?;
        Ok(Some(Event::new(header, payload)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "ver:3.0 server:s serial:0 pool:p poolserial:0 eventname:REMOTE_COMMUNICATION";

    /// Runs a listener over this input; returns what it said.
    fn said(input: &str, judge: impl FnMut(&Event) -> Verdict) -> (String, Result<(), Error>) {
        let mut output = Vec::new();
        let outcome = Listener::new(input.as_bytes(), &mut output).with_limit(100).run(judge);
        (String::from_utf8(output).unwrap(), outcome)
    }

    #[test]
    fn events_are_read_and_answered_in_turn() {
        let input = format!("{HEAD} len:8\ntype:a\nb{HEAD} len:9\ntype:é\n\nc");
        let mut data = Vec::new();
        let mut verdicts = vec![Verdict::Other(b"hm".to_vec()), Verdict::Fail];
        let (said, outcome) = said(&input, |event| {
            data.push(event.text().into_owned());
            verdicts.pop().unwrap()
        });
        outcome.unwrap();
        assert_eq!(data, ["b", "\nc"]);
        assert_eq!(said, "READY\nRESULT 4\nFAILREADY\nRESULT 2\nhmREADY\n");
    }

    #[test]
    fn input_that_ends_early_or_makes_no_sense_is_an_error() {
        for (input, expected) in [
            (format!("{HEAD} len:8\ntype:"), "the input ended in the middle of an event"),
            (HEAD.to_owned(), "the input ended in the middle of an event"),
            ("hello\n".to_owned(), "no usable 'eventname' in the header 'hello'"),
            (format!("{HEAD} len:101\n"), "an event of 101 bytes was announced, more than the limit of 100"),
        ] {
            let (said, outcome) = said(&input, |_| Verdict::Ok);
            assert_eq!((said.as_str(), outcome.unwrap_err().to_string().as_str()), ("READY\n", expected));
        }
    }

    #[test]
    fn every_event_is_answered_once() {
        let input = format!("{HEAD} len:6\ntype:a");
        let mut listener = Listener::new(input.as_bytes(), Vec::new());
        assert!(matches!(listener.answer(&Verdict::Ok), Err(Error::OutOfTurn(_))));
        assert!(listener.wait().unwrap().is_some());
        assert!(matches!(listener.wait(), Err(Error::OutOfTurn(_))));
        listener.answer(&Verdict::Ok).unwrap();
        assert_eq!(listener.wait().unwrap(), None);
        assert_eq!(listener.output, b"READY\nRESULT 2\nOKREADY\n");
    }
}
