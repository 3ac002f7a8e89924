//! A text of a log on its way into an answer, piece by piece, so that however long it is, little of it is in memory.
//!
//! # Theory
//!
//! The head of an answer tells its length, and how much of a text is escaped is known only when it has been read. So a long
//! text is gone through twice: for the length, and again while the client takes it, one piece read ahead of the one on its
//! way. A log that grows, is rotated or removed meanwhile gives the same bytes again; if it is emptied, the answer ends before
//! its length, which its client sees.
//!
//! All reading is done by the pool, whose threads may wait for a disk.

use super::later::UNCHARGED;
use std::io;
use supervisor_control::{Blocking, Piece, Poll, ReadAhead, Reader};
use supervisor_http::{Next, Response, Source, Status, StreamWaker};
use supervisor_log::tail::LogRange;
use supervisor_rpc::encode::{Output, TextFrame, TextPieces, close_answer, open_answer};
use supervisor_rpc::{Encoded, Fault, FaultCode, LogTail};

/// The bytes of a log in one piece: escaped, most fit into what the server sends at a time.
const PIECE: usize = 56 * 1024;

/// A value with a text of a log in it, as far as it has been written.
pub(crate) struct LogText {
    /// `None` where there is no log.
    part: Option<LogRange>,
    frame: TextFrame,
    pieces: TextPieces,
    is_open: bool,
}

/// Whether a value goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum More {
    Follows,
    Ended,
}

impl LogText {
    pub(super) fn new(part: Option<LogRange>, frame: TextFrame) -> Self {
        Self { part, frame, pieces: TextPieces::default(), is_open: false }
    }

    /// Whether it need not come in pieces.
    pub(super) fn is_short(&self) -> bool {
        self.part.as_ref().is_none_or(|part| part.len() <= UNCHARGED as u64)
    }

    /// Appends the next piece of the value.
    pub(super) fn write_next(&mut self, out: &mut Output) -> io::Result<More> {
        if !self.is_open {
            self.frame.open(out);
            self.is_open = true;
        }
        let mut piece = vec![0; PIECE];
        let count = self.part.as_mut().map_or(Ok(0), |part| part.read_on(&mut piece))?;
        if count > 0 {
            self.pieces.push(&piece[..count], out);
            return Ok(More::Follows);
        }
        self.pieces.finish(out);
        self.frame.close(out);
        Ok(More::Ended)
    }

    /// All of it at once.
    pub(super) fn encode(mut self) -> Result<Encoded, Fault> {
        let mut written = Ok(More::Follows);
        let encoded = Encoded::with(|out| {
            while matches!(written, Ok(More::Follows)) {
                written = self.write_next(out);
            }
        });
        if written.is_ok() { Ok(encoded) } else { self.unreadable() }
    }

    /// What is answered where the log cannot be read: a tail is empty then.
    pub(super) fn unreadable(&self) -> Result<Encoded, Fault> {
        match self.frame {
            TextFrame::Plain => Err(Fault::bare(FaultCode::Failed)),
            TextFrame::Tail { .. } => Ok(Encoded::new(&LogTail::default())),
        }
    }

    /// A whole answer, whose body is read as it is sent.
    pub(super) fn respond(mut self, blocking: &Blocking) -> Result<Response, Fault> {
        let response = Response::new(Status::Ok).header("Content-Type", "text/xml");
        match self.measure() {
            Ok(length) => Ok(response.pieces(length, Box::new(TextSource::new(self, blocking)))),
            Err(_) => self.unreadable().map(|encoded| response.body(encoded.into_response())),
        }
    }

    /// The length of the whole answer.
    fn measure(&mut self) -> io::Result<usize> {
        let mut out = Output::default();
        open_answer(&mut out);
        close_answer(&mut out);
        let mut length = out.len();
        let mut more = More::Follows;
        while more == More::Follows {
            out.truncate(0);
            more = self.write_next(&mut out)?;
            if out.is_given_up() {
                return Err(io::ErrorKind::OutOfMemory.into());
            }
            length += out.len();
        }
        let part = self.part.take().map(|mut part| {
            part.rewind();
            part
        });
        *self = Self::new(part, self.frame);
        Ok(length)
    }

    /// The next piece of the whole answer, and whether there is more.
    fn next_of_answer(&mut self) -> io::Result<(Vec<u8>, More)> {
        let mut out = Output::default();
        if !self.is_open {
            open_answer(&mut out);
        }
        out.expect(PIECE + PIECE / 8);
        let more = self.write_next(&mut out)?;
        if more == More::Ended {
            close_answer(&mut out);
        }
        let bytes = out.into_bytes().ok_or(io::ErrorKind::OutOfMemory)?;
        Ok((bytes, more))
    }
}

impl Reader for LogText {
    fn read(&mut self) -> io::Result<Piece> {
        // After an error the answer ends before its length.
        match self.next_of_answer()? {
            (piece, More::Follows) => Ok(Piece::Data(piece)),
            (piece, More::Ended) => Ok(Piece::Last(piece)),
        }
    }
}

/// A text on its way to a client.
struct TextSource(ReadAhead<LogText>);

impl TextSource {
    fn new(text: LogText, blocking: &Blocking) -> Self {
        let stream = ReadAhead::new(blocking);
        stream.set_reader(text);
        Self(stream)
    }
}

impl Source for TextSource {
    fn start(&mut self, waker: StreamWaker) {
        self.0.start(move || waker.wake());
    }

    fn next(&mut self, max: usize) -> Next {
        match self.0.poll(max) {
            Poll::Ready(piece) => Next::Chunk(piece),
            Poll::Pending => Next::Pending,
            Poll::End => Next::End,
        }
    }
}
